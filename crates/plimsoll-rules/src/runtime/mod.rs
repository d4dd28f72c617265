//! Rules on how the container starts, stops and tells how it is, one file each.

mod listener;
mod start;

pub(crate) mod signal;

use crate::declare::rules;

pub(crate) use system_directory_taken::system_folder;

rules! {
    admin_port_exposed::AdminPortExposed,
    crlf_script::CrlfScript,
    debug_mode_on::DebugModeOn,
    healthcheck_tool_missing::HealthcheckToolMissing,
    loopback_listener::LoopbackListener,
    missing_healthcheck::MissingHealthcheck,
    port_mismatch::PortMismatch,
    privileged_port::PrivilegedPort,
    script_without_exec::ScriptWithoutExec,
    shell_form_entrypoint::ShellFormEntrypoint,
    stop_signal_of_program::StopSignalOfProgram,
    stop_signal_spelling::StopSignalSpelling,
    system_directory_taken::SystemDirectoryTaken,
    ungraceful_stop_signal::UngracefulStopSignal,
    unsandboxed_step::UnsandboxedStep,
}
