//! Places images are read from.

mod name;
mod search;

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use plimsoll_model::{Digest, ImageName, ImageRef, Platform, Skipped};

pub use self::name::destination;
pub use self::search::{find, resolve};
use crate::archive::{self, TarIndex};
use crate::blob::BlobContent;
use crate::daemon::Daemon;
use crate::registry::Repository;
use crate::{Descriptor, DocumentStore, Image, ImageError, Layout, folder, rootfs};

/// Something that hands out blobs.
pub trait BlobSource: Send + Sync {
    /// Opens a blob, to be verified while it is read.
    ///
    /// # Errors
    /// The blob is not there or cannot be had.
    fn blob(&self, descriptor: &Descriptor) -> Result<BlobContent, ImageError>;

    /// A name for people.
    fn describe(&self) -> String;

    /// The registry name the blobs come from, where it is one: a push to another repository of
    /// that registry need not send them.
    fn origin(&self) -> Option<&ImageName> {
        None
    }

    /// Whether a layer's bytes are made while it is read, so that its digest could not be known
    /// before. It is then a name for the state of what is read, and nothing is verified against it.
    fn is_made_up(&self) -> bool {
        false
    }

    /// Whether blobs are files of this machine: whoever reads one waits for nobody.
    fn is_at_hand(&self) -> bool {
        false
    }

    /// Whether somebody wrote a configuration for the image. A root file system has none.
    fn has_configuration(&self) -> bool {
        true
    }

    /// Manifests that are attached to `subject`, as far as they are listed; `None` where the place
    /// has no list of them. Nothing says who attached them.
    ///
    /// # Errors
    /// The list cannot be had, or is none.
    fn referrers(&self, subject: &Digest) -> Result<Option<Vec<Descriptor>>, ImageError> {
        let _ = subject;
        Ok(None)
    }

    /// What the image's name stands for where the blobs come from: an index of several platforms,
    /// or the image itself.
    ///
    /// # Errors
    /// It cannot be asked.
    fn root(&self) -> Result<Option<Digest>, ImageError> {
        Ok(None)
    }

    /// What was passed over while blobs were read, sorted: files that could not be read, other file
    /// systems.
    fn passed_over(&self) -> Vec<Skipped> {
        Vec::new()
    }
}

/// How sources are reached. The binary fills it in from flags, configuration and environment.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Wanted platform of an index; the host's where `None`.
    pub platform: Option<Platform>,
    /// Registries that may be spoken to in clear text (`host:port`); loopback always may.
    pub insecure_registries: Vec<String>,
    /// Folder of the docker configuration (`config.json`); `~/.docker` where `None`.
    pub docker_config: Option<PathBuf>,
    /// Docker's socket (`DOCKER_HOST`), such as `unix:///var/run/docker.sock`; that of the context
    /// where `None`, else the default places.
    pub docker_host: Option<String>,
    /// Docker's context (`DOCKER_CONTEXT`); the one that the configuration names where `None`.
    pub docker_context: Option<String>,
    /// Podman's socket (`CONTAINER_HOST`); the user's own, then root's where `None`.
    pub podman_host: Option<String>,
    /// Folder of the user's sockets (`XDG_RUNTIME_DIR`).
    pub runtime_folder: Option<PathBuf>,
    /// Folder on disk for files without a name, which hold what can be read only once: standard
    /// input, an engine's answer and compressed archives, where they are not small. The system's
    /// where `None`.
    pub scratch_folder: Option<PathBuf>,
    /// Where the documents of images in engines are kept from run to run.
    pub documents: Option<Arc<dyn DocumentStore>>,
    /// PEM files of further certificate authorities.
    pub extra_ca: Vec<PathBuf>,
    /// Refuse the network.
    pub offline: bool,
    /// How long a registry may say nothing before it is given up; 30 s where `None`. It is asked
    /// once more, not oftener.
    pub silence: Option<Duration>,
}

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

/// Standard input.
pub(crate) struct Stdin {
    pub(crate) file: File,
    /// Whether it is a file that can be read in any order, and nothing of it was read yet.
    pub(crate) is_whole: bool,
}

impl Stdin {
    /// # Errors
    /// A person sits there.
    fn take() -> Result<Self, ImageError> {
        let stdin = io::stdin();
        if stdin.is_terminal() {
            return Err(ImageError::Usage(
                "-: standard input is a terminal: an archive is read from there, as in `docker \
                 save IMAGE | plimsoll inspect -`"
                    .to_owned(),
            ));
        }
        let failed = |error: io::Error| ImageError::from_read("-", error);
        let file = File::from(stdin.as_fd().try_clone_to_owned().map_err(failed)?);
        let is_whole = file.metadata().is_ok_and(|metadata| metadata.is_file())
            && rustix::fs::tell(&file).is_ok_and(|position| position == 0);
        Ok(Self { file, is_whole })
    }
}

/// Opens a file of a layout or an archive. Those come from strangers: a pipe in place of a file
/// would keep its reader waiting for ever.
pub(crate) fn open_file(path: &Path) -> io::Result<File> {
    let file = File::options()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "is not a regular file",
        ))
    }
}
