//! Places images are read from.

mod name;
mod search;

use std::path::Path;

use plimsoll_model::ImageRef;

pub(crate) use self::name::file_stem;
pub use self::name::{begins_with_port, behind_registry_prefix, destination, path_of};
pub use self::search::{find, resolve};
use crate::archive::{self, TarIndex};
use crate::daemon::Daemon;
use crate::input::Stdin;
use crate::registry::Repository;
use crate::{Access, Image, ImageError, Layout, folder, rootfs};

/// Opens an image: manifest and configuration are fetched and verified.
///
/// # Errors
/// See [`ImageError`].
pub fn open(place: &ImageRef, access: &Access) -> Result<Image, ImageError> {
    let platform = access.platform.as_ref();
    match place {
        ImageRef::Layout { path, reference } => {
            let path = Path::new(path);
            if path.is_file() {
                return archive::open_layout(path, reference.as_deref(), access);
            }
            Layout::open(path)?.image(reference.as_deref(), platform)
        }
        ImageRef::Archive { path, reference } => {
            archive::open(Path::new(path), reference.as_deref(), access)
        }
        ImageRef::Daemon(name) => Daemon::connect(access)?.open(name, access),
        ImageRef::Podman(name) => open_podman(name, access),
        ImageRef::Registry(name) => Repository::connect(name, access)?.open(platform),
        ImageRef::Folder(path) => folder::open(Path::new(path), access),
        ImageRef::RootFs(path) if path == "-" => rootfs::open_stdin(Stdin::take()?, access),
        ImageRef::RootFs(path) => rootfs::open(Path::new(path)),
        ImageRef::Stdin { reference } => open_stdin(reference.as_deref(), access),
    }
}

/// The first Podman that has it.
fn open_podman(name: &str, access: &Access) -> Result<Image, ImageError> {
    let podmen = Daemon::podmen(access)?;
    let mut without = Vec::new();
    for daemon in &podmen {
        if daemon.has(name)? {
            return daemon.open(name, access);
        }
        without.push(daemon.describe());
    }
    Err(ImageError::NotFound(format!(
        "podman:{name}: {} has no such image",
        without.join(" nor ")
    )))
}

fn open_stdin(reference: Option<&str>, access: &Access) -> Result<Image, ImageError> {
    let Stdin { file, is_whole } = Stdin::take()?;
    let tar = if is_whole {
        TarIndex::of_file(file, "-", access)?
    } else {
        TarIndex::of_stream(file, "-", access)?
    };
    archive::open_either("-", tar, reference, access)
}
