//! Rules for one language, framework or system, one file each.

use crate::declare::rules;

mod powershell;

rules! {
    all_gpu_capabilities::AllGpuCapabilities,
    cuda_devel_shipped::CudaDevelShipped,
    fixed_gpu_devices::FixedGpuDevices,
    gpu_query_in_build::GpuQueryInBuild,
    gpu_runtime_in_image::GpuRuntimeInImage,
    jemalloc_not_loaded::JemallocNotLoaded,
    parallel_bootsnap::ParallelBootsnap,
    powershell_errors_ignored::PowershellErrorsIgnored,
    powershell_progress_bar::PowershellProgressBar,
    removed_bundler_flag::RemovedBundlerFlag,
    wheel_missing_on_musl::WheelMissingOnMusl,
    xdebug_in_image::XdebugInImage,
}
