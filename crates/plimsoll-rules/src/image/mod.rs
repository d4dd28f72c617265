//! Rules on built images, one file each.

mod origin;

use crate::declare::rules;

rules! {
    compiler_in_image::CompilerInImage,
    floating_image_tag::FloatingImageTag,
    image_runs_as_root::ImageRunsAsRoot,
    image_too_large::ImageTooLarge,
    image_without_healthcheck::ImageWithoutHealthcheck,
    missing_ignore_file::MissingIgnoreFile,
    missing_image_labels::MissingImageLabels,
    package_cache_in_image::PackageCacheInImage,
    secret_in_image::SecretInImage,
    setid_file_in_image::SetidFileInImage,
    version_control_in_image::VersionControlInImage,
}
