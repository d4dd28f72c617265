//! Where the dynamic loader looks for libraries besides the folders it knows itself: `ld.so.conf` and
//! the cache made of it (`ldconfig(8)`), and the path file of musl's loader.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Candidate, Document, folder};

/// Folders that are kept of one file.
const MAX_FOLDERS: usize = 10_000;

/// What a file adds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Folders {
    /// Absolute paths, in order.
    pub(crate) folders: Vec<String>,
    /// Whether it includes files that are not read.
    pub(crate) includes_others: bool,
}

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    let Some(rest) = candidate.path.strip_prefix("etc/ld") else {
        return false;
    };
    rest == ".so.conf"
        || rest == ".so.cache"
        || (rest.starts_with(".so.conf.d/") && rest.ends_with(".conf"))
        || (rest.starts_with("-musl-") && rest.ends_with(".path"))
}

pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Document, String> {
    Ok(Document::LoaderFolders(if path.ends_with(".cache") {
        cache(bytes)
    } else {
        list(&String::from_utf8_lossy(bytes))
    }))
}

/// Lines of `ld.so.conf`, or of musl's path file, whose parts are parted by colons.
fn list(text: &str) -> Folders {
    let mut found = Folders::default();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(patterns) = line
            .strip_prefix("include")
            .filter(|rest| rest.starts_with(char::is_whitespace))
        {
            found.includes_others |= patterns.split_whitespace().any(|pattern| {
                let pattern = pattern.strip_prefix("/etc/").unwrap_or(pattern);
                pattern != "ld.so.conf.d/*.conf"
            });
            continue;
        }
        let parts = line
            .split(|c: char| c.is_whitespace() || matches!(c, ':' | ','))
            // A folder may be followed by the kind of its libraries: `/usr/lib=libc5`.
            .map(|part| part.split('=').next().unwrap_or_default())
            .filter(|part| part.starts_with('/'));
        let room = MAX_FOLDERS.saturating_sub(found.folders.len());
        found.folders.extend(parts.take(room).map(str::to_owned));
    }
    found
}

/// The folders of the libraries that a cache lists: its paths end in a zero, whatever its version.
fn cache(bytes: &[u8]) -> Folders {
    let mut folders: BTreeSet<&str> = BTreeSet::new();
    for text in bytes.split(|byte| *byte == 0) {
        if text.first() == Some(&b'/')
            && let Ok(path) = std::str::from_utf8(text)
            && folders.len() < MAX_FOLDERS
        {
            folders.insert(folder(path));
        }
    }
    Folders {
        folders: folders.into_iter().map(str::to_owned).collect(),
        includes_others: false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(path: &str, bytes: &[u8]) -> Folders {
        assert!(claims(&Candidate::named(path)));
        match read(path, bytes) {
            Ok(Document::LoaderFolders(folders)) => folders,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn folders_of_each_form() {
        let found = told(
            "etc/ld.so.conf",
            b"# libc\ninclude /etc/ld.so.conf.d/*.conf\n/opt/a/lib  /opt/b=libc6\n\thwcap 1 x\nrelative\n",
        );
        assert_eq!(found.folders, ["/opt/a/lib", "/opt/b"]);
        assert!(!found.includes_others);
        assert!(told("etc/ld.so.conf.d/x.conf", b"include /opt/x.conf\n").includes_others);
        let found = told("etc/ld-musl-x86_64.path", b"/lib:/usr/lib\n/opt/lib\n");
        assert_eq!(found.folders, ["/lib", "/usr/lib", "/opt/lib"]);
        let found = told(
            "etc/ld.so.cache",
            b"glibc-ld.so.cache1.1\x02\0\0\0libz.so.1\0/opt/z/libz.so.1\0/opt/z/liby.so\0/lib/x.so\0",
        );
        assert_eq!(found.folders, ["/lib", "/opt/z"]);
        for path in [
            "etc/ld.so.conf.d/x.txt",
            "etc/ld.so.preload",
            "x/etc/ld.so.conf",
        ] {
            assert!(!claims(&Candidate::named(path)), "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for path in ["etc/ld.so.conf", "etc/ld.so.cache"] {
                for folder in told(path, &bytes).folders {
                    prop_assert!(folder.is_empty() || folder.starts_with('/'));
                }
            }
        }
    }
}
