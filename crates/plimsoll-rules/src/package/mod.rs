//! Rules on package managers: what they install, how, and what they leave behind, one file each.

mod append;
pub(crate) mod call;
mod grammar;
pub(crate) mod site;

use crate::declare::rules;

rules! {
    apt_lists_left_behind::AptListsLeftBehind,
    compiler_in_runtime_stage::CompilerInRuntimeStage,
    interactive_install::InteractiveInstall,
    package_cache_left_behind::PackageCacheLeftBehind,
    recommended_packages::RecommendedPackages,
    unpinned_package::UnpinnedPackage,
}
