//! Rules on built images, one file each.

mod compiler_in_image;
mod floating_image_tag;
mod image_runs_as_root;
mod image_too_large;
mod image_without_healthcheck;
mod missing_ignore_file;
mod missing_image_labels;
mod origin;
mod package_cache_in_image;
mod secret_in_image;
mod setid_file_in_image;
mod version_control_in_image;

pub(crate) use compiler_in_image::CompilerInImage;
pub(crate) use floating_image_tag::FloatingImageTag;
pub(crate) use image_runs_as_root::ImageRunsAsRoot;
pub(crate) use image_too_large::ImageTooLarge;
pub(crate) use image_without_healthcheck::ImageWithoutHealthcheck;
pub(crate) use missing_ignore_file::MissingIgnoreFile;
pub(crate) use missing_image_labels::MissingImageLabels;
pub(crate) use package_cache_in_image::PackageCacheInImage;
pub(crate) use secret_in_image::SecretInImage;
pub(crate) use setid_file_in_image::SetidFileInImage;
pub(crate) use version_control_in_image::VersionControlInImage;
