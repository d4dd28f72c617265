//! Places images are read from.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_model::{ImageName, ImageRef, Platform};

use crate::archive::{self, Contents};
use crate::daemon::Daemon;
use crate::registry::Repository;
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

    /// The registry name the blobs come from, where it is one: a push to another repository of
    /// that registry need not send them.
    fn origin(&self) -> Option<&ImageName> {
        None
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
    /// Engine socket, such as `unix:///var/run/docker.sock`; the default places where `None`.
    pub docker_host: Option<String>,
    /// PEM files of further certificate authorities.
    pub extra_ca: Vec<PathBuf>,
    /// Refuse the network.
    pub offline: bool,
    /// How long a registry may say nothing before it is given up; 30 s where `None`. It is asked
    /// once more, not oftener.
    pub silence: Option<Duration>,
}

/// Reads a name as people write it: `oci:DIR[:TAG|@DIGEST]`, `docker-archive:FILE[:NAME]`,
/// `docker:NAME`, `registry:NAME`, `docker://NAME`; without a prefix a path that exists (layout
/// folder, layout tar or docker archive by content), else the daemon, else the registry.
///
/// # Errors
/// The text names nothing; the message says what was tried.
pub fn resolve(text: &str, access: &Access) -> Result<ImageRef, ImageError> {
    if let Some(place) = prefixed(text)? {
        return Ok(place);
    }
    if let Some(place) = existing_path(text)? {
        return Ok(place);
    }
    let pathlike = text.starts_with(['/', '.', '~']) || text.ends_with(".tar");
    if pathlike {
        return Err(ImageError::NotFound(format!(
            "`{}`: there is no such file or folder",
            text.escape_debug()
        )));
    }
    let name = ImageName::parse(text).map_err(|error| {
        ImageError::Usage(format!(
            "{error}; nor is there a file or folder of that name"
        ))
    })?;
    let daemon = match Daemon::connect(access).and_then(|daemon| daemon.has(text)) {
        Ok(true) => return Ok(ImageRef::Daemon(text.to_owned())),
        Ok(false) => "the Docker engine does not have it".to_owned(),
        Err(error) => format!("no Docker engine could be asked ({error})"),
    };
    if access.offline {
        return Err(ImageError::NotFound(format!(
            "`{}`: there is no file or folder of that name, {daemon}, and registries are not asked \
             while offline",
            text.escape_debug()
        )));
    }
    Ok(ImageRef::Registry(name))
}

/// Reads the name of a place to write to: prefixed as for [`resolve`], else a registry name.
/// Nothing needs to be there yet.
///
/// # Errors
/// The text names no place.
pub fn destination(text: &str) -> Result<ImageRef, ImageError> {
    if let Some(place) = prefixed(text)? {
        return Ok(place);
    }
    ImageName::parse(text).map(ImageRef::Registry).map_err(|error| {
        ImageError::Usage(format!(
            "{error}; write to a folder with `oci:DIR`, to a file with `docker-archive:FILE`, to a \
             Docker engine with `docker:NAME`"
        ))
    })
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
                return archive::open_layout(path, reference.as_deref(), platform);
            }
            Layout::open(path)?.image(reference.as_deref(), platform)
        }
        ImageRef::Archive { path, reference } => {
            archive::open(Path::new(path), reference.as_deref(), platform)
        }
        ImageRef::Daemon(name) => Daemon::connect(access)?.open(name, platform),
        ImageRef::Registry(name) => Repository::connect(name, access)?.open(platform),
    }
}

fn prefixed(text: &str) -> Result<Option<ImageRef>, ImageError> {
    let registry = |name: &str| {
        ImageName::parse(name)
            .map(|name| Some(ImageRef::Registry(name)))
            .map_err(|error| ImageError::Usage(error.to_string()))
    };
    let named = |rest: &str| {
        if rest.is_empty() {
            let problem = format!(
                "`{}`: a name is missing behind the prefix",
                text.escape_debug()
            );
            return Err(ImageError::Usage(problem));
        }
        Ok(rest.to_owned())
    };
    for prefix in ["oci-layout://", "oci-archive:", "oci:"] {
        if let Some(rest) = text.strip_prefix(prefix) {
            let (path, reference) = split_path(&named(rest)?);
            return Ok(Some(ImageRef::Layout { path, reference }));
        }
    }
    for prefix in ["docker-archive://", "docker-archive:"] {
        if let Some(rest) = text.strip_prefix(prefix) {
            // `FILE:repository:tag`: the file ends at the first colon.
            let rest = named(rest)?;
            let (path, reference) = match rest.split_once(':') {
                Some((path, reference)) if !Path::new(&rest).exists() => {
                    (path.to_owned(), Some(reference.to_owned()))
                }
                _ => (rest, None),
            };
            return Ok(Some(ImageRef::Archive { path, reference }));
        }
    }
    for prefix in ["docker://", "docker-image://", "registry:"] {
        if let Some(rest) = text.strip_prefix(prefix) {
            return registry(rest);
        }
    }
    for prefix in ["docker-daemon://", "docker-daemon:", "docker:"] {
        if let Some(rest) = text.strip_prefix(prefix) {
            return Ok(Some(ImageRef::Daemon(named(rest)?)));
        }
    }
    Ok(None)
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

/// `DIR[:TAG|@DIGEST]`; a folder of the whole name wins.
fn split_path(text: &str) -> (String, Option<String>) {
    if let Some((path, digest)) = text.rsplit_once('@')
        && digest.starts_with("sha256:")
    {
        return (path.to_owned(), Some(digest.to_owned()));
    }
    match text.rsplit_once(':') {
        Some((path, tag))
            if !path.is_empty()
                && !tag.is_empty()
                && !tag.contains('/')
                && !Path::new(text).exists() =>
        {
            (path.to_owned(), Some(tag.to_owned()))
        }
        _ => (text.to_owned(), None),
    }
}

fn existing_path(text: &str) -> Result<Option<ImageRef>, ImageError> {
    let (path, reference) = split_path(text);
    let found = Path::new(&path);
    if found.is_dir() {
        if found.join("oci-layout").is_file() {
            return Ok(Some(ImageRef::Layout { path, reference }));
        }
        // `app:1` may mean the image although a folder `app` is here; `./app` cannot.
        if text.starts_with(['/', '.']) {
            return Layout::open(found).map(|_| None);
        }
        return Ok(None);
    }
    if !found.is_file() {
        return Ok(None);
    }
    match archive::contents(found)? {
        Contents::Layout => Ok(Some(ImageRef::Layout { path, reference })),
        Contents::Docker => Ok(Some(ImageRef::Archive { path, reference })),
        Contents::Other => Err(ImageError::Usage(format!(
            "{path}: is neither an OCI layout nor a docker archive: it holds no `oci-layout` and no \
             `manifest.json`"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_name_the_place() {
        let show = |text: &str| destination(text).map(|place| place.to_string());
        let digest = format!("sha256:{}", "a".repeat(64));
        for (written, read) in [
            ("oci:dir", "oci:dir".to_owned()),
            ("oci:/a/b:v1", "oci:/a/b:v1".to_owned()),
            ("oci:/a:b/c", "oci:/a:b/c".to_owned()),
            (&format!("oci:d@{digest}"), format!("oci:d@{digest}")),
            ("oci-layout://d:t", "oci:d:t".to_owned()),
            (
                "docker-archive:f.tar:a/b:1",
                "docker-archive:f.tar:a/b:1".to_owned(),
            ),
            ("docker:app:1", "docker:app:1".to_owned()),
            (
                "docker://debian",
                "registry:docker.io/library/debian".to_owned(),
            ),
            (
                "localhost:5000/a:1",
                "registry:localhost:5000/a:1".to_owned(),
            ),
        ] {
            assert_eq!(show(written).unwrap(), read);
        }
        for bad in ["oci:", "docker:", "registry:A", "UPPER", ""] {
            assert!(
                matches!(destination(bad), Err(ImageError::Usage(_))),
                "{bad}"
            );
        }
    }
}
