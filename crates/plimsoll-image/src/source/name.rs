//! Names of places as people write them.

use std::path::Path;

use plimsoll_model::{ImageName, ImageRef};

use crate::{ImageError, folder};

/// Reads the name of a place to write to: prefixed as for [`resolve`](crate::resolve), else a
/// registry name. Nothing needs to be there yet.
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

/// Places that other tools read and we do not, and how to get an image out of them.
const ELSEWHERE: [(&str, &str); 7] = [
    (
        "containers-storage:",
        "`podman:NAME` asks Podman, `podman save NAME | plimsoll inspect -` does without its socket",
    ),
    (
        "containerd:",
        "`ctr images export - NAME | plimsoll inspect -` hands it over",
    ),
    (
        "nerdctl:",
        "`nerdctl save NAME | plimsoll inspect -` hands it over",
    ),
    (
        "singularity:",
        "such a file holds no image with layers: unpack it and name it with `rootfs:DIR`",
    ),
    ("ostree:", "check it out and name it with `rootfs:DIR`"),
    (
        "tarball:",
        "a docker archive is `docker-archive:FILE`, a layout `oci-archive:FILE`, a root file system `rootfs:FILE`",
    ),
    ("remote:", "a registry is `registry:NAME`"),
];

/// A name with a prefix; `None` where it has none that is known.
pub(super) fn prefixed(text: &str) -> Result<Option<ImageRef>, ImageError> {
    if text == "-" {
        return Ok(Some(ImageRef::Stdin { reference: None }));
    }
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
    let behind = |prefixes: &[&str]| {
        let found = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix));
        found.map(named).transpose()
    };
    if let Some(rest) = behind(&["stdin:"])? {
        return Ok(Some(ImageRef::Stdin {
            reference: Some(rest),
        }));
    }
    if let Some(rest) = behind(&["oci-layout://", "oci-archive:", "oci-dir:", "oci:"])? {
        let (path, reference) = split_path(&rest);
        return Ok(Some(ImageRef::Layout { path, reference }));
    }
    if let Some(rest) = behind(&["docker-archive://", "docker-archive:"])? {
        let (path, reference) = split_archive(&rest);
        return Ok(Some(ImageRef::Archive { path, reference }));
    }
    if let Some(rest) = behind(&["docker://", "docker-image://", "registry:"])? {
        return registry(&rest);
    }
    if let Some(rest) = behind(&["docker-daemon://", "docker-daemon:", "docker:"])? {
        return Ok(Some(ImageRef::Daemon(rest)));
    }
    if let Some(rest) = behind(&["podman:"])? {
        return Ok(Some(ImageRef::Podman(rest)));
    }
    if let Some(rest) = behind(&["rootfs:"])? {
        return Ok(Some(ImageRef::RootFs(rest)));
    }
    if let Some(rest) = behind(&["dir:"])? {
        // Skopeo's folder of blobs and Syft's folder of files go by the same prefix.
        return Ok(Some(if folder::is_one(Path::new(&rest)) {
            ImageRef::Folder(rest)
        } else {
            ImageRef::RootFs(rest)
        }));
    }
    let elsewhere = ELSEWHERE
        .iter()
        .find(|(prefix, _)| text.starts_with(prefix));
    match elsewhere {
        Some((prefix, instead)) if !Path::new(text).exists() => Err(ImageError::Usage(format!(
            "`{}`: `{prefix}` is not read here: {instead}",
            text.escape_debug()
        ))),
        _ => Ok(None),
    }
}

/// `FILE[:repository:tag]`: the file ends at the first colon, unless the whole is one.
pub(super) fn split_archive(text: &str) -> (String, Option<String>) {
    match text.split_once(':') {
        Some((path, reference)) if !Path::new(text).exists() && !reference.is_empty() => {
            (path.to_owned(), Some(reference.to_owned()))
        }
        _ => (text.to_owned(), None),
    }
}

/// `DIR[:TAG|@DIGEST]`; a folder of the whole name wins.
pub(super) fn split_path(text: &str) -> (String, Option<String>) {
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
            ("podman:app:1", "podman:app:1".to_owned()),
            ("oci-dir:d:t", "oci:d:t".to_owned()),
            ("oci-archive:f.tar", "oci:f.tar".to_owned()),
            ("rootfs:/", "rootfs:/".to_owned()),
            ("dir:d", "rootfs:d".to_owned()),
            ("-", "-".to_owned()),
            ("stdin:app:1", "stdin:app:1".to_owned()),
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
        for bad in [
            "oci:",
            "docker:",
            "podman:",
            "rootfs:",
            "registry:A",
            "containerd:a",
            "containers-storage:a",
            "UPPER",
            "",
        ] {
            assert!(
                matches!(destination(bad), Err(ImageError::Usage(_))),
                "{bad}"
            );
        }
    }
}
