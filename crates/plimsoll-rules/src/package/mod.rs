//! Rules on package managers: what they install, how, and what they leave behind, one file each.

mod append;
pub(crate) mod call;
mod grammar;
mod hadolint;
mod manager;
pub(crate) mod site;

use crate::declare::rules;

rules! {
    apt_instead_of_apt_get::AptInsteadOfAptGet,
    apt_lists_left_behind::AptListsLeftBehind,
    compiler_in_runtime_stage::CompilerInRuntimeStage,
    interactive_install::InteractiveInstall,
    language_cache_left_behind::LanguageCacheLeftBehind,
    moving_package_archive::MovingPackageArchive,
    package_cache_left_behind::PackageCacheLeftBehind,
    recommended_packages::RecommendedPackages,
    unpinned_language_package::UnpinnedLanguagePackage,
    unpinned_package::UnpinnedPackage,
    unsorted_packages::UnsortedPackages,
    update_without_install::UpdateWithoutInstall,
    whole_system_upgrade::WholeSystemUpgrade,
}
