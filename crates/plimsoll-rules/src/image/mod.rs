//! Rules on built images, one file each.

mod history;
mod origin;
mod startup;

use crate::declare::rules;

rules! {
    add_in_image_history::AddInImageHistory,
    certificates_missing_in_image::CertificatesMissingInImage,
    compiler_in_image::CompilerInImage,
    duplicate_account::DuplicateAccount,
    empty_password_account::EmptyPasswordAccount,
    entrypoint_missing_in_image::EntrypointMissingInImage,
    entrypoint_missing_interpreter::EntrypointMissingInterpreter,
    entrypoint_missing_library::EntrypointMissingLibrary,
    entrypoint_not_executable::EntrypointNotExecutable,
    entrypoint_wrong_architecture::EntrypointWrongArchitecture,
    floating_image_tag::FloatingImageTag,
    healthcheck_program_missing_in_image::HealthcheckProgramMissingInImage,
    image_runs_as_root::ImageRunsAsRoot,
    image_too_large::ImageTooLarge,
    image_without_healthcheck::ImageWithoutHealthcheck,
    loader_variable_in_image::LoaderVariableInImage,
    login_server_in_image::LoginServerInImage,
    missing_ignore_file::MissingIgnoreFile,
    missing_image_labels::MissingImageLabels,
    package_cache_in_image::PackageCacheInImage,
    package_manager_in_runtime_image::PackageManagerInRuntimeImage,
    privileged_port_without_root::PrivilegedPortWithoutRoot,
    secret_in_image::SecretInImage,
    setid_file_in_image::SetidFileInImage,
    shell_in_runtime_image::ShellInRuntimeImage,
    startup_file_unreadable_for_user::StartupFileUnreadableForUser,
    sudo_in_image_history::SudoInImageHistory,
    system_volume_in_image::SystemVolumeInImage,
    timezone_data_missing_in_image::TimezoneDataMissingInImage,
    upgrade_in_image_history::UpgradeInImageHistory,
    user_missing_in_image::UserMissingInImage,
    version_control_in_image::VersionControlInImage,
    workdir_is_a_file_in_image::WorkdirIsAFileInImage,
    world_readable_private_key::WorldReadablePrivateKey,
    world_writable_path_in_image::WorldWritablePathInImage,
}

#[cfg(test)]
mod tests {
    use crate::registry;
    use crate::rule::Depth;
    use crate::testing::judges;

    /// It has no configuration that a rule could find anything missing in.
    #[test]
    fn no_rule_speaks_of_an_empty_root_file_system() {
        let rules = registry::all().iter().map(|rule| rule.meta());
        for meta in rules.filter(|meta| meta.depth == Depth::Image) {
            judges(meta.name, &[("nothing", "root-file-system: yes\n", 0)]);
        }
    }
}
