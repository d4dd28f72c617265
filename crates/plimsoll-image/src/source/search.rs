//! Finds the place that a name without a prefix means.

use std::path::Path;

use plimsoll_model::{ImageName, ImageRef};

use super::name::{called, is_path, prefixed, split_archive, split_path};
use super::{Access, open};
use crate::archive::{Contents, TarIndex};
use crate::daemon::Daemon;
use crate::{Image, ImageError, Layout, folder, rootfs};

/// Reads a name as people write it:
///
/// | written | read |
/// |---|---|
/// | `docker:NAME`, `docker-daemon:NAME` | a Docker engine's store, by name or id; where it listens say `DOCKER_HOST`, else docker's context, else custom |
/// | `podman:NAME` | Podman's store; where it listens says `CONTAINER_HOST`, else the user's socket, then root's |
/// | `registry:NAME`, `docker://NAME` | a registry |
/// | `docker-archive:FILE[:NAME]` | what `docker save` or `podman save` writes, plain or compressed; `@0` is its first image, an id or its beginning will do |
/// | `oci:DIR[:TAG]`, `oci-dir:`, `oci-archive:FILE`, `oci:DIR@DIGEST` | an OCI layout, folder or tar, plain or compressed |
/// | `rootfs:DIR`, `rootfs:FILE`, `rootfs:-` | a root file system without an image around it: a folder, or a tar as `docker export` writes it, also on standard input |
/// | `dir:DIR` | a folder of blobs as skopeo writes it, else a root file system |
/// | `-`, `stdin:NAME` | an archive on standard input, Docker's or a packed layout, plain or compressed |
///
/// Without a prefix, in this order: a file or folder of that name (which of these it is, its content
/// says), Docker's engine, Podman, the registry.
///
/// # Errors
/// The text names nothing; the message says what was tried.
pub fn resolve(text: &str, access: &Access) -> Result<ImageRef, ImageError> {
    search(text, access, &[]).map(|found| found.place)
}

/// [`resolve`]s a name and [`open`]s what it means. Where that is not there, the message says
/// everything that was tried, in its order. Where `access` names a platform, an image of another one
/// will not do: the search goes on where an engine has the name for another one only.
///
/// # Errors
/// See [`ImageError`].
pub fn find(text: &str, access: &Access) -> Result<Image, ImageError> {
    let mut passed = Vec::new();
    loop {
        let Found { place, tried } = search(text, access, &passed)?;
        let is_engine = matches!(place, ImageRef::Daemon(_) | ImageRef::Podman(_));
        let may_go_on = access.platform.is_some() && is_engine && prefixed(text)?.is_none();
        match open_for(&place, access) {
            Err(ImageError::NotFound(why)) if may_go_on => passed.push(Passed { place, why }),
            Ok(image) => {
                let called = called(text, &place);
                return Ok(Image { called, ..image });
            }
            Err(error) if tried.is_empty() => return Err(error),
            Err(error) => {
                return Err(match error {
                    ImageError::NotFound(why) => ImageError::NotFound(told(text, &tried, &why)),
                    ImageError::Denied(why) => ImageError::Denied(told(text, &tried, &why)),
                    ImageError::Unavailable(why) => {
                        ImageError::Unavailable(told(text, &tried, &why))
                    }
                    other => other,
                });
            }
        }
    }
}

/// Opens an image for the platform that is asked for.
fn open_for(place: &ImageRef, access: &Access) -> Result<Image, ImageError> {
    let image = open(place, access)?;
    if let Some(platform) = &access.platform {
        image.require_platform(platform)?;
    }
    Ok(image)
}

/// An engine that has the name, but not for the platform that is asked for.
struct Passed {
    place: ImageRef,
    why: String,
}

/// A place, and what was asked in vain before.
struct Found {
    place: ImageRef,
    tried: Vec<String>,
}

impl From<ImageRef> for Found {
    fn from(place: ImageRef) -> Self {
        Self {
            place,
            tried: Vec::new(),
        }
    }
}

fn told(text: &str, tried: &[String], last: &str) -> String {
    let mut steps: Vec<&str> = tried.iter().map(String::as_str).collect();
    steps.push(last);
    let steps: Vec<String> = (1..)
        .zip(steps)
        .map(|(number, step)| format!("({number}) {step}"))
        .collect();
    format!(
        "`{}` is nowhere to be found; tried in this order: {}",
        text.escape_debug(),
        steps.join("; ")
    )
}

/// Looks everywhere but where it was `passed`.
fn search(text: &str, access: &Access, passed: &[Passed]) -> Result<Found, ImageError> {
    if let Some(place) = prefixed(text)? {
        return Ok(place.into());
    }
    let without = |place: &ImageRef| {
        let passed = passed.iter().find(|passed| passed.place == *place)?;
        Some(passed.why.clone())
    };
    let mut tried = Vec::new();
    if let Some(place) = existing_path(text, &mut tried)? {
        return Ok(place.into());
    }
    if is_path(text) {
        return Err(ImageError::NotFound(format!(
            "`{}`: there is no such file or folder",
            text.escape_debug()
        )));
    }
    let name = ImageName::parse(text);
    let id = text.strip_prefix("sha256:").unwrap_or(text);
    let is_id = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let (Err(error), false) = (&name, is_id) {
        return Err(ImageError::Usage(format!(
            "{error}; nor is there a file or folder of that name"
        )));
    }
    let docker = ImageRef::Daemon(text.to_owned());
    match (without(&docker), Daemon::connect(access)) {
        (Some(why), _) => tried.push(why),
        (None, Err(error)) => tried.push(error.to_string()),
        (None, Ok(daemon)) => match daemon.has(text) {
            Ok(true) => return Ok(docker.into()),
            Ok(false) => tried.push(format!("{} does not have it", daemon.describe())),
            Err(error) => tried.push(error.to_string()),
        },
    }
    let podman = ImageRef::Podman(text.to_owned());
    match (without(&podman), Daemon::podmen(access)) {
        (Some(why), _) => tried.push(why),
        (None, Err(error)) => tried.push(error.to_string()),
        (None, Ok(podmen)) => {
            for daemon in podmen {
                match daemon.has(text) {
                    Ok(true) => return Ok(podman.into()),
                    Ok(false) => tried.push(format!("{} does not have it", daemon.describe())),
                    Err(error) => tried.push(error.to_string()),
                }
            }
        }
    }
    match name {
        Err(_) => {
            let why = "registries do not know images by their id";
            Err(ImageError::NotFound(told(text, &tried, why)))
        }
        Ok(_) if access.offline => {
            let why = "registries are not asked while offline";
            Err(ImageError::NotFound(told(text, &tried, why)))
        }
        Ok(name) => Ok(Found {
            place: ImageRef::Registry(name),
            tried,
        }),
    }
}

/// What lies under that name, where something does. A folder that holds no image is none where the
/// name may be an image's, too: `app:1` may mean the image although a folder `app` is here, `./app`
/// cannot.
fn existing_path(text: &str, tried: &mut Vec<String>) -> Result<Option<ImageRef>, ImageError> {
    let (path, reference) = match split_path(text) {
        // `localhost:5000/app:1` is a registry's, whatever folder is here.
        (path, _) if text.contains('/') && !path.contains('/') => (text.to_owned(), None),
        parts => parts,
    };
    let found = Path::new(&path);
    if found.is_dir() {
        if found.join("oci-layout").is_file() {
            return Ok(Some(ImageRef::Layout { path, reference }));
        }
        if folder::is_one(found) {
            return Ok(Some(ImageRef::Folder(path)));
        }
        let meant = text.starts_with(['/', '.']) || text.ends_with('/');
        if rootfs::is_one(found) || meant && rootfs::looks_like_one(found) {
            return Ok(Some(ImageRef::RootFs(path)));
        }
        if meant {
            Layout::open(found).map_err(|error| match error {
                ImageError::NotFound(why) => ImageError::NotFound(format!(
                    "{why}; to look into the folder as a root file system say `rootfs:{path}`"
                )),
                other => other,
            })?;
        }
        tried.push(format!(
            "the folder `{}` holds no image (as a root file system it is `rootfs:{}`)",
            path.escape_debug(),
            path.escape_debug()
        ));
        return Ok(None);
    }
    let (path, reference) = if found.is_file() {
        (path, reference)
    } else {
        split_archive(text)
    };
    let found = Path::new(&path);
    if found.exists() && !found.is_file() {
        return Err(ImageError::Usage(format!(
            "`{}` is neither a file nor a folder; `-` reads an archive from standard input",
            path.escape_debug()
        )));
    }
    if !found.is_file() {
        tried.push("there is no file or folder of that name".to_owned());
        return Ok(None);
    }
    // What is compressed is read once, when it is opened.
    let peeked = TarIndex::peek(found).map_err(|error| match error {
        ImageError::Invalid { place, problem } => ImageError::Usage(format!(
            "{place}: is neither a docker archive nor an OCI layout: {problem}"
        )),
        other => other,
    })?;
    let tar = match peeked {
        Some(tar) => tar,
        None => return Ok(Some(ImageRef::Archive { path, reference })),
    };
    match tar.contents() {
        Contents::Layout => Ok(Some(ImageRef::Layout { path, reference })),
        Contents::Docker => Ok(Some(ImageRef::Archive { path, reference })),
        Contents::Other => Err(ImageError::Usage(format!(
            "{path}: is neither a docker archive nor an OCI layout: {}",
            tar.what_else(&path)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn nowhere() -> Access {
        Access {
            docker_host: Some("unix:///nonexistent/docker.sock".to_owned()),
            podman_host: Some("unix:///nonexistent/podman.sock".to_owned()),
            offline: true,
            ..Access::default()
        }
    }

    #[test]
    fn what_is_nowhere_is_told_with_all_that_was_tried() {
        let error = find("no-such-image:1", &nowhere()).unwrap_err().to_string();
        let mut rest = error.as_str();
        for words in [
            "(1) there is no file or folder",
            "(2) no Docker engine: there is no socket /nonexistent/docker.sock",
            "(3) no Podman: there is no socket /nonexistent/podman.sock",
            "(4) registries are not asked while offline",
        ] {
            let Some((_, behind)) = rest.split_once(words) else {
                panic!("{words}: {error}");
            };
            rest = behind;
        }
        let id = "a".repeat(64);
        let error = find(&id, &nowhere()).unwrap_err().to_string();
        assert!(error.contains("by their id"), "{error}");
        for missing in ["./x", "x.tar.gz", "/no/such/", "~/x"] {
            let error = find(missing, &nowhere()).unwrap_err().to_string();
            assert!(error.contains("no such file or folder"), "{error}");
        }
    }

    #[test]
    fn a_folder_is_what_it_looks_like() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let shown = |path: &Path| {
            resolve(&path.display().to_string(), &nowhere()).map(|place| place.to_string())
        };
        fs::create_dir_all(at("root/etc")).unwrap();
        fs::write(at("root/etc/os-release"), "").unwrap();
        fs::create_dir_all(at("project")).unwrap();
        fs::create_dir_all(at("blobs")).unwrap();
        fs::write(at("blobs/version"), "Directory Transport Version: 1.1\n").unwrap();
        assert_eq!(
            shown(&at("root")).unwrap(),
            format!("rootfs:{}", at("root").display())
        );
        assert_eq!(
            shown(&at("blobs")).unwrap(),
            format!("dir:{}", at("blobs").display())
        );
        let error = shown(&at("project")).unwrap_err().to_string();
        assert!(error.contains("rootfs:"), "{error}");
    }
}
