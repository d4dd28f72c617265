//! What Rust programs say of the crates they were built from: the list that `cargo auditable` puts
//! in, and what the compiler leaves of its own and of the crates' paths.

use std::collections::BTreeSet;
use std::io;

use memchr::memmem;
use plimsoll_model::{Evidence, PackageKind, Requirement};
use serde::Deserialize;

use super::elf::Section;
use super::view::View;
use crate::archive::inflate::deflated;
use crate::catalogue::{Proven, requirements};

/// The list unpacked, at most; that of a program of a thousand crates has 100 KiB.
const MAX_LIST: usize = 8 << 20;
/// Crates that are listed of one program.
const MAX_CRATES: usize = 20_000;
/// Crates that those need, each as often as it is needed.
const MAX_NEEDS: usize = 100_000;
/// The longest name or version.
const MAX_WORD: usize = 200;

/// The list of `cargo auditable` (its format, version 0).
#[derive(Deserialize)]
struct List {
    packages: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    version: String,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    root: bool,
    #[serde(default)]
    dependencies: Vec<usize>,
}

/// Reads the dependency list of a program, if it has one.
///
/// # Errors
/// It has one that is damaged or not at hand.
pub(super) fn audited(
    view: View<'_>,
    sections: &[Section<'_>],
) -> Result<Option<Vec<Proven>>, &'static str> {
    let Some(section) = sections.iter().find(|one| one.name == b".dep-v0") else {
        return Ok(None);
    };
    let packed = view
        .get(section.offset, section.size)
        .ok_or("its list of crates lies in a part of the file that was not kept")?;
    let list = deflated(packed, true, MAX_LIST)?;
    let list: List = serde_json::from_reader(io::Cursor::new(list))
        .map_err(|_| "its list of crates is no JSON of the known form")?;
    Ok(Some(crates(list)))
}

fn crates(list: List) -> Vec<Proven> {
    let direct: BTreeSet<usize> = list
        .packages
        .iter()
        .filter(|own| own.root)
        .flat_map(|own| own.dependencies.iter().copied())
        .collect();
    let mut left = MAX_NEEDS;
    let needs: Vec<Vec<Requirement>> = list
        .packages
        .iter()
        .take(MAX_CRATES)
        .map(|own| {
            let needs = needs(own, &list.packages, left);
            left -= needs.len();
            needs
        })
        .collect();
    let needs = needs.into_iter().chain(std::iter::repeat(Vec::new()));
    list.packages
        .into_iter()
        .zip(needs)
        .enumerate()
        // What only ran while it was built is not in it.
        .filter(|(_, (own, _))| own.kind.as_deref() != Some("build"))
        .filter(|(_, (own, _))| is_word(&own.name) && is_word(&own.version))
        .take(MAX_CRATES)
        .map(|(index, (own, requires))| Proven {
            direct: (!own.root && !direct.is_empty()).then(|| direct.contains(&index)),
            requires,
            ..proven(own.name, own.version, Evidence::BuildInfo)
        })
        .collect()
}

/// What a crate needs, some at most. Its own words are not in the list: nearly all of them take what is
/// compatible with what was built in by Cargo's rules, and nothing else. What is the project's own can
/// change its words.
fn needs(own: &Listed, packages: &[Listed], most: usize) -> Vec<Requirement> {
    if own.root || own.source.as_deref() == Some("local") {
        return Vec::new();
    }
    let needed = own.dependencies.iter().take(most);
    let needed = needed.filter_map(|at| packages.get(*at));
    let words = needed.filter(|one| is_word(&one.name) && is_word(&one.version));
    requirements(words.map(|one| Requirement {
        name: one.name.clone(),
        versions: format!("^{}", one.version),
        condition: None,
    }))
}

fn proven(name: String, version: String, evidence: Evidence) -> Proven {
    Proven {
        kind: PackageKind::Cargo,
        namespace: None,
        name,
        version,
        qualifiers: Vec::new(),
        license: None,
        evidence,
        direct: None,
        requires: Vec::new(),
        inner: None,
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_WORD
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte))
}

/// Whether the compiler left its own name: the comment that it writes since Rust 1.73.
pub(super) fn is_commented(view: View<'_>, sections: &[Section<'_>]) -> bool {
    sections
        .iter()
        .find(|section| section.name == b".comment")
        .is_some_and(|section| {
            let comment = view.up_to(section.offset, section.size.min(4_096));
            memmem::find(comment, b"rustc version ").is_some()
        })
}

/// Whether read-only data holds the path of a source of Rust's own library, as messages of panics
/// name it: `/rustc/`, 40 digits, `/library/`; with Debian's compiler `/usr/src/rustc-`, its
/// version, `/library/`.
pub(super) fn panics(bytes: &[u8]) -> bool {
    const DEBIAN: &[u8] = b"/usr/src/rustc-";
    let is_debian = memmem::find_iter(bytes, DEBIAN).any(|at| {
        bytes
            .get(at + DEBIAN.len()..)
            .and_then(|rest| Some((part(rest)?, rest)))
            .is_some_and(|(version, rest)| {
                version.first().is_some_and(u8::is_ascii_digit)
                    && rest
                        .get(version.len()..)
                        .is_some_and(|path| path.starts_with(b"/library/"))
            })
    });
    is_debian
        || memmem::find_iter(bytes, b"/rustc/").any(|at| {
            bytes.get(at + 7..).is_some_and(|rest| {
                rest.get(..40)
                    .is_some_and(|hash| hash.iter().all(u8::is_ascii_hexdigit))
                    && rest.get(40..).is_some_and(|path| {
                        path.starts_with(b"/library/") || path.starts_with(b"/src/")
                    })
            })
        })
}

/// The crates whose sources messages of panics name, as a registry keeps them:
/// `registry/src/REGISTRY/NAME-VERSION/`, or as Debian does, whose packages build with nothing
/// else: `/usr/share/cargo/registry/NAME-VERSION/`. Those without such a message are not among them.
#[derive(Debug, Default)]
pub(super) struct Named(BTreeSet<(String, String)>);

impl Named {
    /// Adds what these bytes name.
    pub(super) fn look(&mut self, bytes: &[u8]) {
        const REGISTRY: &[u8] = b"/registry/src/";
        for at in memmem::find_iter(bytes, REGISTRY) {
            if self.0.len() >= MAX_CRATES {
                return;
            }
            let rest = bytes.get(at + REGISTRY.len()..).unwrap_or_default();
            let Some(registry) = part(rest) else {
                continue;
            };
            // What was not the public registry is not a crate of that name.
            let public = registry.starts_with(b"index.crates.io-")
                || registry.starts_with(b"github.com-1ecc6299db9ec823")
                || registry.starts_with(b"static.crates.io-");
            let folder = public
                .then(|| rest.get(registry.len() + 1..))
                .flatten()
                .and_then(part)
                .and_then(|folder| std::str::from_utf8(folder).ok());
            if let Some((name, version)) = folder.and_then(name_and_version) {
                self.0.insert((name.to_owned(), version.to_owned()));
            }
        }
        const DEBIAN: &[u8] = b"/usr/share/cargo/registry/";
        for at in memmem::find_iter(bytes, DEBIAN) {
            let folder = bytes
                .get(at + DEBIAN.len()..)
                .and_then(part)
                .and_then(|folder| std::str::from_utf8(folder).ok());
            if let Some((name, version)) = folder.and_then(name_and_version)
                && self.0.len() < MAX_CRATES
            {
                self.0.insert((name.to_owned(), version.to_owned()));
            }
        }
    }

    pub(super) fn packages(self) -> Vec<Proven> {
        self.0
            .into_iter()
            .map(|(name, version)| proven(name, version, Evidence::VersionString))
            .collect()
    }
}

/// The first part of a path.
fn part(path: &[u8]) -> Option<&[u8]> {
    let near = path.get(..MAX_WORD).unwrap_or(path);
    near.get(..memchr::memchr(b'/', near)?)
}

/// Splits `windows-sys-0.48.0` where the version begins.
fn name_and_version(folder: &str) -> Option<(&str, &str)> {
    if !is_word(folder) {
        return None;
    }
    folder.match_indices('-').find_map(|(at, _)| {
        let (name, version) = (folder.get(..at)?, folder.get(at + 1..)?);
        let numbers = version.split(['-', '+']).next().unwrap_or_default();
        let is_version = numbers.split('.').count() == 3
            && numbers
                .split('.')
                .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
        (is_version && !name.is_empty()).then_some((name, version))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_crates() {
        for (folder, split) in [
            ("regex-1.5.4", Some(("regex", "1.5.4"))),
            ("windows-sys-0.48.0", Some(("windows-sys", "0.48.0"))),
            (
                "wasi-0.11.0+wasi-snapshot-preview1",
                Some(("wasi", "0.11.0+wasi-snapshot-preview1")),
            ),
            ("a-1.0.0-rc.1", Some(("a", "1.0.0-rc.1"))),
            ("base64-0.21", None),
            ("-1.0.0", None),
        ] {
            assert_eq!(name_and_version(folder), split, "{folder}");
        }
        let mut named = Named::default();
        named.look(
            b"x/home/u/.cargo/registry/src/index.crates.io-6f17d22bba15001f/memchr-2.5.0/src/a.rs\
              /root/.cargo/registry/src/github.com-1ecc6299db9ec823/memchr-2.5.0/src/b.rs\
              /registry/src/example.com-00/private-1.0.0/src/c.rs/registry/src/index.crates.io-",
        );
        let packages = named.packages();
        assert_eq!(packages.len(), 1);
        assert_eq!(packages[0].name, "memchr");
    }

    #[test]
    fn crates_need_what_they_were_built_with() {
        let list = r#"{"packages":[
            {"name":"app","version":"1.0.0","source":"local","root":true,"dependencies":[1,2]},
            {"name":"chrono","version":"0.4.19","source":"crates.io","dependencies":[3,9]},
            {"name":"core","version":"1.0.0","source":"local","dependencies":[3]},
            {"name":"time","version":"0.1.44","source":"crates.io"}]}"#;
        let told: Vec<String> = crates(serde_json::from_str(list).expect("a list"))
            .iter()
            .flat_map(|one| {
                let needs = one.requires.iter();
                needs.map(|need| format!("{}: {} {}", one.name, need.name, need.versions))
            })
            .collect();
        assert_eq!(told, ["chrono: time ^0.1.44"]);
    }

    #[test]
    fn the_compilers_own_paths() {
        let path = format!("at /rustc/{}/library/core/src/str.rs", "0a".repeat(20));
        assert!(panics(path.as_bytes()));
        assert!(!panics(b"/rustc/0a/library/core/src/str.rs"));
        assert!(!panics(b"see /rustc/"));
        assert!(panics(
            b"x/usr/src/rustc-1.63.0/library/alloc/src/string.rs"
        ));
        assert!(!panics(b"x/usr/src/rustc-1.63.0/src/x.rs /usr/src/rustc-"));
        let mut named = Named::default();
        named.look(b"x/usr/share/cargo/registry/thread_local-1.1.4/src/lib.rsfailed/usr/share/cargo/registry/a");
        let packages = named.packages();
        assert_eq!(packages.len(), 1);
        assert_eq!(
            (packages[0].name.as_str(), packages[0].version.as_str()),
            ("thread_local", "1.1.4")
        );
    }
}
