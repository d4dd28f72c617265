//! Places images are read from.

use std::io::Read;
use std::path::Path;

use plimsoll_model::{ImageRef, Platform};

use crate::{Descriptor, Image, ImageError, Layout};

/// Something that hands out blobs.
pub trait BlobSource: Send + Sync {
    /// Opens a blob. The reader fails at its end when length or digest do not match, and never
    /// yields more bytes than the descriptor says.
    ///
    /// # Errors
    /// The blob is not there or cannot be had.
    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError>;

    /// A name for people.
    fn describe(&self) -> String;
}

/// How sources are reached. The binary fills it in from flags, configuration and environment.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Wanted platform of an index; the host's where `None`.
    pub platform: Option<Platform>,
    /// Registries that may be spoken to in clear text (`host:port`); loopback always may.
    pub insecure_registries: Vec<String>,
    /// Folder of the docker configuration (`config.json`); `~/.docker` where `None`.
    pub docker_config: Option<std::path::PathBuf>,
    /// Engine socket, such as `unix:///var/run/docker.sock`; the default places where `None`.
    pub docker_host: Option<String>,
    /// PEM files of further certificate authorities.
    pub extra_ca: Vec<std::path::PathBuf>,
    /// Refuse the network.
    pub offline: bool,
}

/// Reads a name as people write it: `oci:DIR[:TAG|@DIGEST]`, `docker-archive:FILE[:NAME]`,
/// `docker:NAME`, `registry:NAME`, `docker://NAME`; without a prefix a path that exists (layout
/// folder, layout tar or docker archive by content), else the daemon, else the registry.
///
/// # Errors
/// The text names nothing; the message says what was tried.
pub fn resolve(text: &str, access: &Access) -> Result<ImageRef, ImageError> {
    let _ = (text, access);
    todo!("owner: image")
}

/// Opens an image: manifest and configuration are fetched and verified.
///
/// # Errors
/// See [`ImageError`].
pub fn open(place: &ImageRef, access: &Access) -> Result<Image, ImageError> {
    match place {
        ImageRef::Layout { path, reference } => {
            Layout::open(Path::new(path))?.image(reference.as_deref(), access.platform.as_ref())
        }
        _ => todo!("owner: image"),
    }
}
