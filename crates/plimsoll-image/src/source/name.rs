//! Names of places as people write them.

use std::path::{Path, PathBuf};

use plimsoll_model::{Called, ImageName, ImageRef};

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
    const WAYS: &str = "write to a folder with `oci:DIR`, to a file with `docker-archive:FILE`, to a \
                        Docker engine with `docker:NAME`, to a registry with `registry:NAME`";
    if is_path(text) || Path::new(text).exists() {
        return Err(ImageError::Usage(format!(
            "`{}`: is a path, and does not say what is to be written there: {WAYS}",
            text.escape_debug()
        )));
    }
    ImageName::parse(text)
        .map(ImageRef::Registry)
        .map_err(|error| ImageError::Usage(format!("{error}; {WAYS}")))
}

/// What stands behind the prefix of a name in a registry; `None` where it has none. In
/// `registry:5000/app` it has none: that is a host, as services are called, and its port.
pub fn behind_registry_prefix(text: &str) -> Option<&str> {
    const PREFIXES: [&str; 3] = ["docker://", "docker-image://", "registry:"];
    let mut behind = PREFIXES.iter().map(|prefix| text.strip_prefix(prefix));
    behind
        .find_map(|rest| rest)
        .filter(|rest| text.starts_with("docker") || !begins_with_port(rest))
}

/// Whether what stands behind a colon is a port and what is to be had there.
pub fn begins_with_port(text: &str) -> bool {
    let port = text.split_once('/').map(|(port, _)| port);
    port.is_some_and(|port| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
    })
}

/// How the names of archives end.
const ARCHIVES: [&str; 5] = [".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst"];

/// Whether a name without a prefix can only be that of a file or folder.
pub(super) fn is_path(text: &str) -> bool {
    text.starts_with(['/', '.', '~'])
        || text.ends_with('/')
        || ARCHIVES.iter().any(|ending| text.ends_with(ending))
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
    let layouts = [
        "oci-layout://",
        "oci-layout:",
        "oci-archive:",
        "oci-dir:",
        "oci:",
    ];
    let archives = ["docker-archive://", "docker-archive:"];
    if let Some(rest) = behind(&[&layouts[..], &archives].concat())?
        && let Some(reference) = of_stdin(&rest)
    {
        return Ok(Some(ImageRef::Stdin { reference }));
    }
    if let Some(rest) = behind(&layouts)? {
        let (path, reference) = split_path(&rest);
        return Ok(Some(ImageRef::Layout { path, reference }));
    }
    if let Some(rest) = behind(&archives)? {
        let (path, reference) = split_archive(&rest);
        return Ok(Some(ImageRef::Archive { path, reference }));
    }
    if let Some(rest) = behind_registry_prefix(text) {
        return registry(&named(rest)?);
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
        // Skopeo's folder of blobs and Syft's folder of files go by the same prefix; a layout is an
        // image, whatever it is called.
        let path = Path::new(&rest);
        return Ok(Some(if folder::is_one(path) {
            ImageRef::Folder(rest)
        } else if path.join("oci-layout").is_file() {
            let reference = None;
            ImageRef::Layout {
                path: rest,
                reference,
            }
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

/// The file or folder that a name means, where it means one that is there. Nobody else is asked.
pub fn path_of(text: &str) -> Option<PathBuf> {
    let path = match prefixed(text).ok()? {
        Some(ImageRef::Layout { path, .. } | ImageRef::Archive { path, .. }) => path,
        Some(ImageRef::Folder(path) | ImageRef::RootFs(path)) => path,
        Some(_) => return None,
        None => match split_path(text) {
            (path, _) if Path::new(&path).exists() => path,
            _ => split_archive(text).0,
        },
    };
    Some(PathBuf::from(path)).filter(|path| path.exists())
}

/// What the image at `place` is called that was asked for by `text`: `ghcr.io/acme/app:1.2` of
/// `registry:ghcr.io/acme/app:1.2`, `img:1` of `oci:./img:1`, `acme/app:1` of
/// `docker-archive:x.tar:acme/app:1`.
pub(super) fn called(text: &str, place: &ImageRef) -> Called {
    let file = |path: &str, reference: Option<&str>| {
        let stem = file_stem(path);
        // A digest or a place among several is no name.
        match reference.filter(|name| !name.starts_with("sha256:") && !name.starts_with('@')) {
            Some(name) if name.contains(['/', ':']) => name.to_owned(),
            Some(tag) => format!("{stem}:{tag}"),
            None => stem.to_owned(),
        }
    };
    let (text, name) = match place {
        ImageRef::Registry(name) => {
            let typed = behind_registry_prefix(text).unwrap_or(text);
            (typed.to_owned(), Some(name.clone()))
        }
        ImageRef::Daemon(name) | ImageRef::Podman(name) => {
            (name.clone(), ImageName::parse(name).ok())
        }
        ImageRef::Stdin { reference } => (reference.clone().unwrap_or_default(), None),
        ImageRef::Layout { path, reference } | ImageRef::Archive { path, reference } => {
            (file(path, reference.as_deref()), None)
        }
        ImageRef::Folder(path) | ImageRef::RootFs(path) => (file(path, None), None),
    };
    Called {
        text,
        names: name.into_iter().collect(),
        is_made_up: false,
    }
}

/// The last part of a path, without what says that it is an archive.
pub(crate) fn file_stem(path: &str) -> &str {
    let parts = path.rsplit(['/', '\\']);
    let mut parts = parts.filter(|part| !matches!(*part, "" | "." | ".."));
    let last = parts.next().unwrap_or_default();
    let ending = ARCHIVES.iter().find_map(|ending| last.strip_suffix(ending));
    ending.unwrap_or(last)
}

/// The name behind `-[:NAME|@DIGEST]`, an archive on standard input that tells by itself of which kind it
/// is; `None` where this is a file.
fn of_stdin(text: &str) -> Option<Option<String>> {
    let rest = text.strip_prefix('-')?;
    match rest.split_at_checked(1) {
        None => Some(None),
        Some((":", name)) if !name.is_empty() => Some(Some(name.to_owned())),
        Some(("@", digest)) if digest.starts_with("sha256:") => Some(Some(digest.to_owned())),
        Some(_) => None,
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

/// `DIR[:TAG|:NAME|@DIGEST]`; a folder or file of the whole name wins, then the longest that is
/// there. Names such as containerd writes hold colons of their own.
pub(super) fn split_path(text: &str) -> (String, Option<String>) {
    if let Some((path, digest)) = text.rsplit_once('@')
        && digest.starts_with("sha256:")
    {
        // A digest says more than a name before it.
        let path = match split_name(path) {
            Some((folder, _)) if Path::new(folder).exists() => folder,
            _ => path,
        };
        return (path.to_owned(), Some(digest.to_owned()));
    }
    match split_name(text) {
        Some((path, name)) => (path.to_owned(), Some(name.to_owned())),
        None => (text.to_owned(), None),
    }
}

/// `DIR:TAG`, or `DIR:NAME` where that folder is there.
fn split_name(text: &str) -> Option<(&str, &str)> {
    if Path::new(text).exists() {
        return None;
    }
    let parts = || {
        text.rmatch_indices(':')
            .map(|(at, _)| (&text[..at], &text[at + 1..]))
            .filter(|(path, name)| !path.is_empty() && !name.is_empty())
    };
    parts()
        .find(|(path, _)| Path::new(path).exists())
        .or_else(|| parts().next().filter(|(_, name)| !name.contains('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_called_without_its_place() {
        let archive = |path: &str, reference: Option<&str>| ImageRef::Archive {
            path: path.to_owned(),
            reference: reference.map(str::to_owned),
        };
        let registry = |name: &str| ImageRef::Registry(ImageName::parse(name).unwrap());
        let prefixed = |text: &str| prefixed(text).unwrap().unwrap();
        let digest = format!("oci:img@sha256:{}", "a".repeat(64));
        let written = [
            ("registry:ghcr.io/acme/app:1.2", "ghcr.io/acme/app:1.2"),
            ("docker:app:1", "app:1"),
            ("docker:registry:2", "registry:2"),
            ("oci:img", "img"),
            ("oci:./img:1", "img:1"),
            ("oci:/tmp/img/", "img"),
            ("oci:.", ""),
            ("docker-archive:a/x.tar", "x"),
            ("docker-archive:a/x.tar:my/app:1.2", "my/app:1.2"),
            ("docker-archive:a/x.tar:@0", "x"),
            ("rootfs:a/r", "r"),
            ("-", ""),
            (&digest, "img"),
        ];
        let found = [
            ("ghcr.io/acme/app:1.2", registry("ghcr.io/acme/app:1.2")),
            ("acme/app:3", registry("acme/app:3")),
            ("acme/app:3", ImageRef::Podman("acme/app:3".to_owned())),
        ];
        let found = found.map(|(text, place)| (text, place, text));
        let files = [("./x.tar.gz", archive("./x.tar.gz", None), "x")];
        let written = written.map(|(text, name)| (text, prefixed(text), name));
        for (text, place, name) in written.into_iter().chain(found).chain(files) {
            let called = called(text, &place);
            assert_eq!(called.text, name, "{text}");
            // Files and folders have no name that statements may be about.
            let is_named = matches!(
                place,
                ImageRef::Registry(_) | ImageRef::Daemon(_) | ImageRef::Podman(_)
            );
            assert_eq!(called.names.len(), usize::from(is_named), "{text}");
        }
    }

    #[test]
    fn a_name_behind_a_folder_may_hold_colons() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().display().to_string();
        for name in ["layout", "both", "both:1", "a:b"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let digest = format!("sha256:{}", "a".repeat(64));
        for (text, path, reference) in [
            ("layout:v1", "layout", Some("v1")),
            (
                "layout:docker.io/library/foo:1.2",
                "layout",
                Some("docker.io/library/foo:1.2"),
            ),
            ("layout:foo:1.2", "layout", Some("foo:1.2")),
            (
                "layout:localhost:5000/foo:1.2",
                "layout",
                Some("localhost:5000/foo:1.2"),
            ),
            ("layout", "layout", None),
            ("both:1", "both:1", None),
            ("both:1:2", "both:1", Some("2")),
            ("both:2", "both", Some("2")),
            ("a:b/c", "a:b/c", None),
            ("new:v1", "new", Some("v1")),
            ("new:b/c", "new:b/c", None),
            ("new:", "new:", None),
            (&format!("layout@{digest}"), "layout", Some(&digest)),
            (&format!("layout:foo:1@{digest}"), "layout", Some(&digest)),
            (&format!("new@{digest}"), "new", Some(&digest)),
        ] {
            let (found, name) = split_path(&format!("{root}/{text}"));
            assert_eq!(found, format!("{root}/{path}"), "{text}");
            assert_eq!(name.as_deref(), reference, "{text}");
        }
    }

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
            ("oci-layout:d:t", "oci:d:t".to_owned()),
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
            ("docker-archive:-", "-".to_owned()),
            ("docker-archive:-:a/b:1", "stdin:a/b:1".to_owned()),
            ("docker-archive:-:@0", "stdin:@0".to_owned()),
            (
                "oci-archive:-:docker.io/a/b:1",
                "stdin:docker.io/a/b:1".to_owned(),
            ),
            (&format!("oci:-@{digest}"), format!("stdin:{digest}")),
            ("docker-archive:./-", "docker-archive:./-".to_owned()),
            ("oci:-d:t", "oci:-d:t".to_owned()),
            (
                "docker://debian",
                "registry:docker.io/library/debian".to_owned(),
            ),
            (
                "localhost:5000/a:1",
                "registry:localhost:5000/a:1".to_owned(),
            ),
            // A host and its port, as Compose calls services.
            (
                "registry:5000/team/app:1",
                "registry:registry:5000/team/app:1".to_owned(),
            ),
            (
                "registry:registry:5000/app",
                "registry:registry:5000/app".to_owned(),
            ),
            (
                "registry:5000",
                "registry:docker.io/library/5000".to_owned(),
            ),
            (
                "registry:99999/app",
                "registry:docker.io/99999/app".to_owned(),
            ),
            (
                "docker://5000/app",
                "registry:docker.io/5000/app".to_owned(),
            ),
            // A bare word is Docker Hub's, as docker has it.
            ("app:1", "registry:docker.io/library/app:1".to_owned()),
            (
                "registry:a.tar",
                "registry:docker.io/library/a.tar".to_owned(),
            ),
        ] {
            assert_eq!(show(written).unwrap(), read);
        }
        for bad in [
            "oci:",
            "oci-layout:",
            "registry:",
            "docker://",
            "docker:",
            "podman:",
            "rootfs:",
            "registry:A",
            "containerd:a",
            "containers-storage:a",
            "UPPER",
            "",
            "./out",
            "/tmp/out",
            "../app:1",
            "~/app",
            "out.tar",
            "out.tar.gz",
            "out/",
            "src",
        ] {
            assert!(
                matches!(destination(bad), Err(ImageError::Usage(_))),
                "{bad}"
            );
        }
    }
}
