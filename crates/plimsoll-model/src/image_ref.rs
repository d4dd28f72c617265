//! Names of images and the places they lie in.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use crate::Digest;

/// A normalised registry name: `registry/repository[:tag][@digest]` (the grammar of
/// distribution/reference; `debian` is `docker.io/library/debian:latest`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageName {
    /// Host and port, `docker.io` where none was given.
    pub registry: String,
    /// Path, with `library/` put in where Docker Hub means it.
    pub repository: String,
    /// The tag as written; `None` where none was.
    pub tag: Option<String>,
    /// The digest as written.
    pub digest: Option<Digest>,
}

/// A text that is not an image name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageNameError {
    text: String,
    reason: &'static str,
}

impl fmt::Display for ImageNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not an image name: {}",
            self.text.escape_debug(),
            self.reason
        )
    }
}

impl std::error::Error for ImageNameError {}

impl ImageName {
    /// Reads a name as people write it.
    ///
    /// # Errors
    /// An empty, upper-case or otherwise ill-formed part; the message says which.
    pub fn parse(text: &str) -> Result<Self, ImageNameError> {
        let fail = |reason| ImageNameError {
            text: Self::told(text).chars().take(200).collect(),
            reason,
        };
        if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(fail("64 hexadecimal digits are the id of an image"));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (
                rest,
                Some(Digest::parse(digest).map_err(|_| {
                    fail(match Self::told(text) {
                        Cow::Borrowed(_) => {
                            "the part behind `@` is not `sha256:` and 64 hexadecimal digits"
                        }
                        Cow::Owned(_) => {
                            "it holds no user and no password: log in to the registry with \
                             `docker login`, and name the image alone"
                        }
                    })
                })?),
            ),
            None => (text, None),
        };
        let (path, tag) = match rest.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
            _ => (rest, None),
        };
        if tag.is_some_and(|tag| !Self::is_tag(tag)) {
            return Err(fail(
                "the tag may hold letters, digits, `_`, `.` and `-`, at most 128",
            ));
        }
        let (registry, repository) = match path.split_once('/') {
            Some((host, repository))
                if host.contains(['.', ':'])
                    || host == "localhost"
                    || host.bytes().any(|b| b.is_ascii_uppercase()) =>
            {
                let valid = !host.is_empty()
                    && host.bytes().all(|b| {
                        b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']')
                    });
                if !valid {
                    return Err(fail("the registry is not a host name"));
                }
                (host, repository)
            }
            _ => ("docker.io", path),
        };
        let registry = if registry == "index.docker.io" {
            "docker.io"
        } else {
            registry
        };
        // Letters and digits, and between them `.`, `_`, `__` or dashes.
        let component = |part: &str| {
            let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
            let mut words = part
                .as_bytes()
                .chunk_by(|a, b| alphanumeric(*a) == alphanumeric(*b));
            let is_separator =
                |run: &[u8]| matches!(run, b"." | b"_" | b"__") || run.iter().all(|b| *b == b'-');
            part.bytes().next().is_some_and(alphanumeric)
                && part.bytes().last().is_some_and(alphanumeric)
                && words.all(|run| alphanumeric(run[0]) || is_separator(run))
        };
        if repository.is_empty() {
            return Err(fail("the name is empty"));
        }
        if repository.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(fail("a repository is written in lower case"));
        }
        if repository.len() > 255 || !repository.split('/').all(component) {
            return Err(fail(
                "a repository holds lower-case letters, digits, `.`, `_`, `-` and `/`",
            ));
        }
        let repository = if registry == "docker.io" && !repository.contains('/') {
            format!("library/{repository}")
        } else {
            repository.to_owned()
        };
        Ok(Self {
            registry: registry.to_owned(),
            repository,
            tag: tag.map(str::to_owned),
            digest,
        })
    }

    /// A text that is meant as a name or a tag, as it may be repeated: without what may be a user and a
    /// password. Names have none, and people write them all the same.
    pub fn told(text: &str) -> Cow<'_, str> {
        let digest_at = text
            .rfind("@sha256:")
            .filter(|at| !text[at + 1..].contains(['@', '/']));
        let (name, digest) = text.split_at(digest_at.unwrap_or(text.len()));
        match name.rsplit_once('@') {
            // A token may be the user alone; no name has capital letters.
            Some((login, host))
                if login.contains(|c: char| c == ':' || c.is_ascii_uppercase())
                    || host.contains('/')
                    || may_be_host(host) =>
            {
                format!("[hidden]@{host}{digest}").into()
            }
            _ => text.into(),
        }
    }

    /// Whether `text` is a tag and nothing more.
    pub fn is_tag(text: &str) -> bool {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        text.len() <= 128
            && text.bytes().next().is_some_and(word)
            && text.bytes().all(|b| word(b) || b == b'.' || b == b'-')
    }

    /// What to ask a registry for: the digest, else the tag, else `latest`.
    pub fn reference(&self) -> &str {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.as_str(),
            (None, Some(tag)) => tag,
            (None, None) => "latest",
        }
    }
}

/// Whether this is more likely a host, and a port, than a tag that was written behind `@`: no tag has a
/// colon.
fn may_be_host(text: &str) -> bool {
    if let Some((_, port)) = text.rsplit_once(':') {
        return port.bytes().all(|byte| byte.is_ascii_digit());
    }
    let host = text.trim_end_matches('.');
    let ends_in_letters = |(_, last): (&str, &str)| {
        last.len() > 1 && last.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    host == "localhost"
        || host.parse::<IpAddr>().is_ok()
        || host.rsplit_once('.').is_some_and(ends_in_letters)
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// What an image is called, without the place it lies in. Whoever knows how it was asked for, or where
/// it goes, says so once: from the text alone `registry:2` may be a name with its tag, or a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Called {
    /// `app:1.2`, with the registry where one was named: the one that is meant without any would be a
    /// guess. Empty where nothing names it.
    pub text: String,
    /// What it goes by in a registry or an engine, the name of `text` first. A file or folder gives none.
    pub names: Vec<ImageName>,
    /// Whether the names were made up after a file or a project: what others say of an image of such a name
    /// is not about this one.
    pub is_made_up: bool,
}

impl Called {
    /// The text without the tag.
    pub fn untagged(&self) -> &str {
        let tag = self.names.first().and_then(|name| name.tag.as_deref());
        tag.and_then(|tag| self.text.strip_suffix(tag)?.strip_suffix(':'))
            .unwrap_or(&self.text)
    }
}

/// A place an image lies in or goes to, as people prefix it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageRef {
    /// `registry:NAME` (also `docker://NAME`).
    Registry(ImageName),
    /// `docker:NAME`: the image store of a Docker engine; the name as written, or an image id.
    Daemon(String),
    /// `oci:DIR[:TAG]` or `oci:DIR@DIGEST`: an OCI layout, folder or tar.
    Layout {
        /// The folder or tar file.
        path: String,
        /// `org.opencontainers.image.ref.name` of the wanted image, or its digest.
        reference: Option<String>,
    },
    /// `docker-archive:FILE[:NAME]`: what `docker save` writes.
    Archive {
        /// The file.
        path: String,
        /// The wanted `RepoTags` entry.
        reference: Option<String>,
    },
    /// `podman:NAME`: the image store of Podman; the name as written, or an image id.
    Podman(String),
    /// `dir:DIR`: a manifest and its blobs as files, as `skopeo copy … dir:DIR` writes.
    Folder(String),
    /// `rootfs:DIR` or `rootfs:FILE`: a root file system without any image around it, as a folder
    /// or as a tar (`docker export`); `rootfs:-` is such a tar on standard input.
    RootFs(String),
    /// `-` or `stdin:NAME`: an archive, Docker's or a packed OCI layout, on standard input.
    Stdin {
        /// Name of the wanted image among several.
        reference: Option<String>,
    },
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (prefix, path, reference) = match self {
            Self::Registry(name) => return write!(f, "registry:{name}"),
            Self::Daemon(name) => return write!(f, "docker:{name}"),
            Self::Layout { path, reference } => ("oci", path, reference),
            Self::Archive { path, reference } => ("docker-archive", path, reference),
            Self::Podman(name) => return write!(f, "podman:{name}"),
            Self::Folder(path) => return write!(f, "dir:{path}"),
            Self::RootFs(path) => return write!(f, "rootfs:{path}"),
            Self::Stdin { reference: None } => return f.write_str("-"),
            Self::Stdin {
                reference: Some(name),
            } => return write!(f, "stdin:{name}"),
        };
        write!(f, "{prefix}:{path}")?;
        match reference {
            Some(digest) if digest.starts_with("sha256:") => write!(f, "@{digest}"),
            Some(reference) => write!(f, ":{reference}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_normalise_as_docker_does() {
        for (written, full) in [
            ("debian", "docker.io/library/debian"),
            ("debian:12", "docker.io/library/debian:12"),
            ("localhost:5000/a/b:1", "localhost:5000/a/b:1"),
            ("ghcr.io/a/b", "ghcr.io/a/b"),
            ("index.docker.io/a/b", "docker.io/a/b"),
            ("a/b__c", "docker.io/a/b__c"),
            ("a/b---c.d_e", "docker.io/a/b---c.d_e"),
        ] {
            assert_eq!(ImageName::parse(written).unwrap().to_string(), full);
        }
        for bad in [
            "",
            "A",
            "a:",
            "a@sha256:12",
            "a//b",
            "a/-b",
            "a..b",
            "a___b",
            "a.-b",
            "-x",
            "a b",
            "h.x/",
        ] {
            assert!(ImageName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_in_a_name_is_not_repeated() {
        for (bad, told) in [
            ("bob:PASS@localhost:1/x", "`[hidden]@localhost:1/x`"),
            ("https://bob:P@SS@localhost:1/x", "`[hidden]@localhost:1/x`"),
            ("https://bob:P/SS@localhost/x", "`[hidden]@localhost/x`"),
            (
                "bob:PASS@localhost:1/x@sha256:12",
                "`[hidden]@localhost:1/x@sha256:12`",
            ),
            ("TOKEN@ghcr.io/a/b", "`[hidden]@ghcr.io/a/b`"),
            ("TOKEN@ghcr.io", "`[hidden]@ghcr.io`"),
            ("TOKEN@localhost:5000", "`[hidden]@localhost:5000`"),
            ("TOKEN@127.0.0.1:5000", "`[hidden]@127.0.0.1:5000`"),
            ("token@[::1]:5000", "`[hidden]@[::1]:5000`"),
            ("token@registry:5000", "`[hidden]@registry:5000`"),
            ("token@registry.local.", "`[hidden]@registry.local.`"),
            ("tOKEN@myhost", "`[hidden]@myhost`"),
            ("bob:P@sha256:SS@h.x/x", "`[hidden]@h.x/x`"),
            ("app:1@sha256:of-mine", "`app:1@sha256:of-mine`"),
            ("app@1.2.3", "`app@1.2.3`"),
            ("app:1@sha256:12", "`app:1@sha256:12`"),
            ("app@12", "`app@12`"),
        ] {
            let error = ImageName::parse(bad).unwrap_err().to_string();
            assert!(error.starts_with(told), "{error}");
            assert_eq!(error.contains("docker login"), told.contains("hidden"));
        }
        assert_eq!(ImageName::told("bob:PASS@x"), "[hidden]@x");
    }
}
