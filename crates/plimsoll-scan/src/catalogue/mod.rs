//! Readers of the files that say what an image holds. A cataloguer claims paths, gets their
//! bytes, and gives a [`Document`]; which of them count is decided once all layers are known.

pub(crate) mod alpm;
pub(crate) mod apk;
mod beam;
pub(crate) mod binary;
mod bitnami;
mod bundle;
pub(crate) mod cached;
pub(crate) mod chisel;
mod composer;
mod conda;
mod cpp;
mod cran;
mod dart;
pub(crate) mod distribution;
pub(crate) mod dotnet;
pub(crate) mod dpkg;
mod gem;
mod haskell;
pub(crate) mod java;
mod json;
mod julia;
pub(crate) mod loader;
mod lua;
pub(crate) mod npm;
mod opam;
pub(crate) mod passwd;
mod pear;
mod perl;
pub(crate) mod pnp;
pub(crate) mod python;
pub(crate) mod rpm;
pub(crate) mod runtime;
pub(crate) mod system;
pub(crate) mod unread;
mod wordpress;

use plimsoll_model::{Account, Distribution, Evidence, Group, PackageKind, Requirement};
use serde::{Deserialize, Serialize};

/// What a claimed file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Document {
    OsRelease(Distribution),
    /// Users, and for each whether its password field is empty.
    Users(Vec<Account>),
    Groups(Vec<Group>),
    /// Where the loader looks for libraries.
    LoaderFolders(loader::Folders),
    /// Users without a password.
    NoPassword(Vec<String>),
    /// What a package manager of the distribution lists.
    System(system::Database),
    /// Packages that apt installed because others need them: names and architectures, sorted.
    AptAutomatic(Vec<(String, String)>),
    /// Names of packages somebody asked apk for.
    Requested(Vec<String>),
    /// The files of a package of pacman.
    AlpmFiles(system::FileList),
    /// The paths a Debian package owns, one a line, as dpkg keeps them.
    DpkgList(Box<str>),
    /// The md5 sums of files of a Debian package, as dpkg keeps them.
    DpkgSums(Box<str>),
    DpkgCopyright(Vec<String>),
    Python(python::Distribution),
    PythonRecord(python::Record),
    /// Who installed a Python distribution.
    PythonInstaller(Box<str>),
    /// Where a Python distribution came from that no index gave: qualifiers of its package URL.
    PythonOrigin(Vec<(String, String)>),
    Npm(npm::Manifest),
    NpmProject(npm::Project),
    YarnZipped(Vec<pnp::Zipped>),
    /// Packages that the file proves by itself.
    Packages(Vec<Proven>),
    DotNet(dotnet::Dependencies),
    /// JavaScript with packages built in that it does not name.
    Bundle,
    /// A program or library.
    Binary(binary::Binary),
    Java(java::Archive),
}

/// How many times larger small parts are in memory than packed: an absent text takes one byte
/// packed, and twenty-four here.
const SPREAD: usize = 8;

impl Document {
    /// The bytes that it takes in memory, roughly.
    pub(crate) fn weight(&self) -> usize {
        let long = match self {
            Self::System(database) => return database.weight(),
            Self::DpkgList(text) | Self::DpkgSums(text) => return text.len(),
            Self::AlpmFiles(list) => return list.length(),
            Self::PythonRecord(record) => size_of_val(&*record.code),
            Self::Binary(binary) => binary
                .linked
                .as_ref()
                .map_or(0, |linked| linked.names.len()),
            _ => 0,
        };
        let packed = postcard::experimental::serialized_size(self).unwrap_or(usize::MAX);
        SPREAD
            .saturating_mul(packed.saturating_sub(long))
            .saturating_add(long)
    }
}

/// Packages that one package says it needs and that are kept; longer words are nobody's.
const MAX_REQUIREMENTS: usize = 500;
const LONGEST_REQUIREMENT: usize = 300;

/// What a package says it needs, as far as it is kept: what asks for versions. Addresses, which may have
/// a password in them, and names of branches do not.
fn requirements(all: impl Iterator<Item = Requirement>) -> Vec<Requirement> {
    const BEGINNINGS: &str = "=<>~^!*(vVxX";
    let is_range = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_digit() || BEGINNINGS.contains(c))
            && !text.contains([':', '/', '@'])
    };
    all.filter(|one| {
        let condition = one.condition.as_ref().map_or(0, String::len);
        let length = one.name.len() + one.versions.len() + condition;
        is_range(&one.versions) && length <= LONGEST_REQUIREMENT
    })
    .take(MAX_REQUIREMENTS)
    .collect()
}

/// A package that one file proves by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proven {
    pub(crate) kind: PackageKind,
    /// The namespace of its package URL, where that has one: a Maven group, an npm scope.
    pub(crate) namespace: Option<String>,
    /// The name behind the namespace, as its ecosystem writes it.
    pub(crate) name: String,
    pub(crate) version: String,
    /// Further qualifiers of the package URL.
    pub(crate) qualifiers: Vec<(String, String)>,
    /// Licence as stated.
    pub(crate) license: Option<String>,
    pub(crate) evidence: Evidence,
    pub(crate) direct: Option<bool>,
    /// What it says it needs.
    pub(crate) requires: Vec<Requirement>,
    /// Where in the file it was found, if the file is an archive: shown behind a `!`.
    pub(crate) inner: Option<String>,
}

impl Proven {
    /// A package of which nothing more is known than this; name and version must be [`word`]s.
    fn new(
        kind: PackageKind,
        name: Option<&str>,
        version: Option<&str>,
        evidence: Evidence,
    ) -> Result<Self, String> {
        Ok(Self {
            kind,
            namespace: None,
            name: word("name", name)?,
            version: word("version", version)?,
            qualifiers: Vec::new(),
            license: None,
            evidence,
            direct: None,
            requires: Vec::new(),
            inner: None,
        })
    }
}

/// A file that a cataloguer may want.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<'a> {
    /// Path without a leading slash.
    pub(crate) path: &'a str,
    /// The last part of it.
    pub(crate) name: &'a str,
    /// Bytes of content.
    pub(crate) size: u64,
    /// Permission bits.
    pub(crate) mode: u32,
    /// How it begins: what lies together in memory, at least 64 bytes where the file has as many.
    /// Empty where the content is not to be had, as behind a hard link.
    pub(crate) head: &'a [u8],
}

impl<'a> Candidate<'a> {
    pub(crate) fn new(path: &'a str, size: u64, mode: u32, head: &'a [u8]) -> Self {
        Self {
            path,
            name: base_name(path),
            size,
            mode,
            head,
        }
    }

    #[cfg(test)]
    pub(crate) fn named(path: &'a str) -> Self {
        Self::new(path, 0, 0o644, b"")
    }
}

/// One reader.
pub(crate) struct Cataloguer {
    /// Whether it wants the file. Asked for every file of an image: it looks at the name first.
    pub(crate) claims: fn(&Candidate<'_>) -> bool,
    /// Reads a file, given its path and its bytes; an error says what is wrong with it.
    pub(crate) read: fn(&str, &[u8]) -> Result<Document, String>,
    /// Whether packages of the distribution go missing where the file cannot be read.
    pub(crate) essential: bool,
    /// Bytes of the largest file it reads; a larger one is reported as not looked at.
    pub(crate) limit: u64,
    /// Bytes of the largest file that is read while others are: what is made of a longer one may
    /// take many times its length in memory.
    pub(crate) alone: u64,
    /// Begins to look at a file too large to be put together in memory as it streams by, whatever
    /// its size; without one it is read whole, up to the limit.
    pub(crate) watch: Option<BeginWatch>,
}

/// Begins to look at a file as it streams by.
pub(crate) type BeginWatch = fn(&Candidate<'_>) -> Box<dyn Watch>;

/// Looks at one file piece by piece.
pub(crate) trait Watch {
    /// Takes the next bytes of the file. Where pieces are parted changes nothing.
    fn feed(&mut self, bytes: &[u8]);

    /// Says what the file says, once all of it was fed.
    ///
    /// # Errors
    /// What is wrong with it.
    fn finish(self: Box<Self>) -> Result<Document, String>;
}

/// What a text file of a package manager may be long: several times the longest there are.
const TEXT: u64 = 16 << 20;

/// What archives may be long, and lists of all packages of a distribution or of a large project.
const LONG: u64 = 64 << 20;

const fn reader(
    claims: fn(&Candidate<'_>) -> bool,
    read: fn(&str, &[u8]) -> Result<Document, String>,
) -> Cataloguer {
    Cataloguer {
        claims,
        read,
        essential: false,
        limit: TEXT,
        alone: 4 << 20,
        watch: None,
    }
}

const fn essential(
    claims: fn(&Candidate<'_>) -> bool,
    read: fn(&str, &[u8]) -> Result<Document, String>,
) -> Cataloguer {
    Cataloguer {
        essential: true,
        ..reader(claims, read)
    }
}

/// Every reader; the first that claims a file gets it.
pub(crate) static CATALOGUERS: &[Cataloguer] = &[
    essential(distribution::claims_first, distribution::read),
    reader(distribution::claims, distribution::read),
    reader(passwd::claims, passwd::read),
    reader(passwd::claims_groups, passwd::read_groups),
    reader(passwd::claims_shadow, passwd::read_shadow),
    reader(loader::claims, loader::read),
    Cataloguer {
        limit: LONG,
        ..essential(dpkg::claims_database, dpkg::read_database)
    },
    essential(chisel::claims, chisel::read),
    reader(dpkg::claims_extended_states, dpkg::read_extended_states),
    Cataloguer {
        limit: LONG,
        ..essential(apk::claims_database, apk::read_database)
    },
    reader(apk::claims_world, apk::read_world),
    Cataloguer {
        limit: rpm::LIMIT,
        alone: 32 << 20,
        ..essential(rpm::claims, rpm::read)
    },
    essential(rpm::claims_log, rpm::read_log),
    essential(alpm::claims_description, alpm::read_description),
    reader(alpm::claims_files, alpm::read_files),
    reader(dpkg::claims_list, dpkg::read_list),
    reader(dpkg::claims_sums, dpkg::read_sums),
    reader(dpkg::claims_copyright, dpkg::read_copyright),
    reader(python::claims_metadata, python::read_metadata),
    reader(python::claims_record, python::read_record),
    reader(python::claims_installer, python::read_installer),
    reader(python::claims_origin, python::read_origin),
    reader(python::claims_vendored, python::read_vendored),
    reader(npm::claims, npm::read),
    reader(runtime::claims_java, runtime::read_java),
    reader(runtime::claims_toolchain, runtime::read_toolchain),
    reader(runtime::claims_script, runtime::read_script),
    Cataloguer {
        limit: java::LIMIT,
        alone: 32 << 20,
        ..reader(java::claims, java::read)
    },
    Cataloguer {
        alone: 32 << 20,
        watch: Some(binary::watch),
        ..reader(binary::claims, binary::read)
    },
    reader(npm::claims_project, npm::read_project),
    reader(npm::claims_stored, npm::read_stored),
    reader(conda::claims, conda::read),
    reader(gem::claims, gem::read),
    reader(composer::claims, composer::read),
    reader(dotnet::claims, dotnet::read),
    reader(cran::claims, cran::read),
    Cataloguer {
        limit: LONG,
        ..reader(python::claims_archive, python::read_archive)
    },
    Cataloguer {
        limit: LONG,
        ..reader(pnp::claims, pnp::read)
    },
    reader(pear::claims, pear::read),
    reader(wordpress::claims, wordpress::read),
    reader(bitnami::claims, bitnami::read),
    reader(beam::claims, beam::read),
    reader(haskell::claims, haskell::read),
    reader(lua::claims, lua::read),
    reader(opam::claims, opam::read),
    reader(perl::claims, perl::read),
    reader(julia::claims, julia::read),
    reader(dart::claims, dart::read),
    reader(cpp::claims_vcpkg, cpp::read_vcpkg),
    reader(cpp::claims_conan, cpp::read_conan),
    reader(cpp::claims_conan_cache, cpp::read_conan_cache),
    // Any long program: after those who know one by its name.
    Cataloguer {
        watch: Some(bundle::watch),
        ..reader(bundle::claims, bundle::read)
    },
];

/// Who wants a file.
pub(crate) fn claimant(candidate: &Candidate<'_>) -> Option<&'static Cataloguer> {
    CATALOGUERS
        .iter()
        .find(|cataloguer| (cataloguer.claims)(candidate))
}

/// Who may want a file of this name, whatever it holds: a hard link does not say.
pub(crate) fn claimant_by_name(path: &str, mode: u32) -> Option<&'static Cataloguer> {
    let beginning = |head| Candidate::new(path, 0, mode, head);
    claimant(&beginning(b"")).or_else(|| {
        // Those that look at the name, and at the content besides.
        let (_, head) = BY_NAME_AND_HEAD
            .iter()
            .find(|(claims, head)| claims(&beginning(head)))?;
        claimant(&beginning(head))
    })
}

/// Whether somebody wants a file.
type Claims = fn(&Candidate<'_>) -> bool;

/// Readers that want files by their names and by what they begin with, and such a beginning.
const BY_NAME_AND_HEAD: [(Claims, &[u8]); 4] = [
    (python::claims_archive, b"PK\x03\x04"),
    (wordpress::claims, b"<?php"),
    (runtime::claims_java, b"JAVA_"),
    (runtime::claims_toolchain, b"go1."),
];

/// Where the packages of a distribution are listed in one file.
pub(crate) fn system_databases() -> impl Iterator<Item = String> {
    [dpkg::STATUS, chisel::MANIFEST]
        .into_iter()
        .chain(apk::DATABASES)
        .map(str::to_owned)
        .chain(rpm::databases())
}

/// Whether packages of the distribution are missing where there is no such file to be read.
pub(crate) fn is_essential(candidate: &Candidate<'_>) -> bool {
    CATALOGUERS
        .iter()
        .any(|cataloguer| cataloguer.essential && (cataloguer.claims)(candidate))
}

/// Reads a file with whoever claims it, whole and in pieces of `piece` bytes: for fuzz targets,
/// which see only what is public.
#[doc(hidden)]
pub fn fuzz(path: &str, bytes: &[u8], piece: usize) {
    let candidate = Candidate::new(path, bytes.len() as u64, 0o755, bytes);
    let Some(cataloguer) = claimant(&candidate) else {
        return;
    };
    let _ = (cataloguer.read)(path, bytes);
    if let Some(watch) = cataloguer.watch {
        let mut watch = watch(&candidate);
        for piece in bytes.chunks(piece.max(1)) {
            watch.feed(piece);
        }
        let _ = watch.finish();
    }
}

/// The last part of a path.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// The folder of a path; empty at the root.
pub(crate) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Folders above a file that are asked for: paths of real systems have a fraction of them.
const MAX_FOLDERS: usize = 128;

/// The folders of a path, the innermost first, without the root.
pub(crate) fn folders_above(path: &str) -> impl Iterator<Item = &str> {
    let above = std::iter::successors(Some(folder(path)), |at| Some(folder(at)));
    above.take_while(|at| !at.is_empty()).take(MAX_FOLDERS)
}

/// The longest name or version that is one.
const MAX_WORD: usize = 1_000;

/// Takes `word` as the `what` of a package; it is shown and goes into package URLs, so it may be
/// neither empty nor endless, and holds nothing that steers a terminal.
fn word(what: &str, word: Option<&str>) -> Result<String, String> {
    match word.map(str::trim) {
        None | Some("") => Err(format!("it has no {what}")),
        Some(word) if word.contains(char::is_control) => {
            Err(format!("its {what} holds a control character"))
        }
        Some(word) if word.len() > MAX_WORD => {
            Err(format!("its {what} is {} bytes long", word.len()))
        }
        Some(word) => Ok(word.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pieces that the readers of packages look for.
    const PIECES: &str = "([{}\\[\\]:,;=.\"'/#@\\\\ \n-]|a|é|1\\.0|\u{1b}|name|version|packages|libraries|type|package|\
        Package: |Version: |Plugin Name: |\\$wp_version = |license|installed|roots|vsn|uuid|# stub: |Built: |\
        runtimeTarget|targets|channel|fn|dist|pathname|externalRefs|pkg:bitnami/|Status: install ok installed){0,30}";

    proptest! {
        /// Whatever a claimed file holds, its reader ends, and gives only names that can be shown.
        #[test]
        fn every_reader_takes_any_bytes(text in PIECES) {
            for path in [
                "rocks-5.4/a/1.0/a-1.0.rockspec",
                "packages/a/b/Project.toml",
                "wp-content/plugins/a/a.php",
                "wp-includes/version.php",
                "shared/a/1.0/a.deps.json",
                ".conan/data/a/1.0/_/_/package/b/conaninfo.txt",
                "lib/a-1.0/ebin/a.app",
                "lib/a/DESCRIPTION",
                "",
            ] {
                for cataloguer in CATALOGUERS {
                    if let Ok(Document::Packages(packages)) = (cataloguer.read)(path, text.as_bytes()) {
                        for own in packages {
                            prop_assert!(!own.name.is_empty() && !own.name.contains(char::is_control));
                            prop_assert!(!own.version.contains(char::is_control));
                        }
                    }
                }
            }
        }
    }
}
