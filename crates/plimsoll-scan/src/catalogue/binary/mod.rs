//! Programs and libraries: what their headers say, and the packages that their bytes prove.

pub(crate) mod elf;
mod go;
mod pclntab;
mod portable;
mod program;
mod rust;
#[cfg(test)]
mod tests;
mod version;
mod view;
mod watch;

pub(crate) use elf::{Elf, Kind};
pub(crate) use go::DEVEL;
#[doc(hidden)]
pub use pclntab::fuzz as fuzz_functions;
pub(crate) use version::generic;
pub(crate) use watch::watch;

use plimsoll_model::LinkedFunctions;
use serde::{Deserialize, Serialize};

use super::{Candidate, Document, Proven, base_name};
use elf::{Layout, Section};
use version::Versions;
use view::View;

/// A program or library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Binary {
    /// What its headers say; none of a program for another system.
    pub(crate) elf: Option<Elf>,
    pub(crate) origin: Origin,
    /// What it proves.
    pub(crate) packages: Vec<Proven>,
    /// The functions of a Go program.
    pub(crate) linked: Option<LinkedFunctions>,
}

impl Binary {
    /// A program or library for another system, by its beginning.
    fn foreign(head: &[u8], is_library: bool) -> Self {
        Self {
            elf: None,
            origin: match portable::is_assembly(head) {
                true => Origin::Assembly,
                false if is_library => Origin::Inert,
                false => Origin::Foreign,
            },
            packages: Vec::new(),
            linked: None,
        }
    }
}

/// How a program was made, as far as that says which packages it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Origin {
    /// Nothing is known of it.
    Unknown,
    /// By the Go toolchain, with a list of its modules.
    Go,
    /// By the Go toolchain, without one.
    GoUnlisted,
    /// By the Rust compiler, with a list of its crates.
    Rust,
    /// By the Rust compiler; crates are known as far as messages name them.
    RustUnlisted,
    /// It tells a version of itself.
    Known,
    /// Packed by UPX: its bytes say nothing until it runs.
    Packed,
    /// For Windows or macOS.
    Foreign,
    /// It says that it lists its packages, and the list cannot be read.
    Unreadable,
    /// For .NET, which runs it on any system.
    Assembly,
    /// A library for Windows, which nothing here loads.
    Inert,
}

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    elf::is_elf(candidate.head) || is_foreign(candidate)
}

/// A program for Windows (a PE file that is to be run) or macOS (Mach-O; the numbers of a universal
/// one begin as a Java class does, which has a version where it has a small count).
fn is_foreign(candidate: &Candidate<'_>) -> bool {
    match candidate.head {
        [b'M', b'Z', ..] => {
            (ends(candidate.name, ".exe") || is_library(candidate.name)) && candidate.size > 64
        }
        [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] | [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] => true,
        [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, count, ..] => (1..30).contains(count),
        _ => false,
    }
}

/// Whether a file is called like a library for Windows.
fn is_library(path: &str) -> bool {
    ends(path, ".dll")
}

/// Whether a path ends so, in letters of either size as Windows takes them.
fn ends(path: &str, ending: &str) -> bool {
    let start = path.len().checked_sub(ending.len());
    start
        .and_then(|start| path.get(start..))
        .is_some_and(|end| end.eq_ignore_ascii_case(ending))
}

/// Reads a program that lies in memory.
pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Document, String> {
    if !elf::is_elf(bytes) {
        return Ok(Document::Binary(Binary::foreign(bytes, is_library(path))));
    }
    let mut versions = Versions::of(base_name(path));
    versions.look(bytes);
    let view = [(0, bytes)];
    let view = View::new(&view);
    told(view, versions, None)
        .map(Document::Binary)
        .map_err(str::to_owned)
}

/// What the bytes of a program that is no ELF file tell of its version; `None` where no program has
/// its name.
pub(super) fn versions(name: &str, bytes: &[u8]) -> Option<Vec<Proven>> {
    let mut versions = Versions::of(name);
    versions.any().then(|| {
        versions.look(bytes);
        versions.packages()
    })
}

/// What passed by while a large file was read.
#[derive(Debug, Default)]
struct Passed {
    rust: bool,
    crates: rust::Named,
    /// Tables of functions of a Go program.
    tables: Vec<pclntab::Passing>,
}

/// Puts together what a program says.
fn told(
    view: View<'_>,
    versions: Versions,
    passed: Option<Passed>,
) -> Result<Binary, &'static str> {
    let layout = Layout::read(view)?;
    let sections = layout.sections();
    let elf = layout.facts(&sections);
    let mut packages = versions.packages();
    let mut linked = None;
    let mut origin = if packages.is_empty() {
        Origin::Unknown
    } else {
        Origin::Known
    };
    if elf.kind != Kind::Other {
        match languages(view, &layout, &sections, &elf, passed) {
            Ok(Some(found)) => {
                packages.extend(found.packages);
                linked = found.linked;
                if found.origin != Origin::Unknown {
                    origin = found.origin;
                }
            }
            Ok(None) => {}
            Err(_) => origin = Origin::Unreadable,
        }
        if origin == Origin::Unknown && sections.is_empty() && is_packed(view) {
            origin = Origin::Packed;
        }
    }
    Ok(Binary {
        elf: Some(elf),
        origin,
        packages,
        linked,
    })
}

/// What a compiler left in a program.
struct Found {
    origin: Origin,
    packages: Vec<Proven>,
    linked: Option<LinkedFunctions>,
}

impl Found {
    fn new(origin: Origin, packages: Vec<Proven>) -> Self {
        Self {
            origin,
            packages,
            linked: None,
        }
    }
}

/// Which compiler made a program, and what it left.
fn languages(
    view: View<'_>,
    layout: &Layout<'_>,
    sections: &[Section<'_>],
    elf: &Elf,
    passed: Option<Passed>,
) -> Result<Option<Found>, &'static str> {
    let stripped_of_sections = sections.is_empty();
    let go_section = sections.iter().any(|one| one.name.starts_with(b".go."));
    if go_section || layout.has_go_note() || (stripped_of_sections && elf.kind == Kind::Program) {
        match go::read(view, layout, sections)? {
            Some(info) => {
                let (names, gap) = match passed {
                    None => pclntab::read(view, layout, sections),
                    Some(passed) => pclntab::told(passed.tables, sections),
                };
                let origin = match info.modules_known {
                    true => Origin::Go,
                    false => Origin::GoUnlisted,
                };
                return Ok(Some(Found {
                    linked: Some(LinkedFunctions {
                        main: info.main,
                        replaced: info.replaced,
                        names,
                        gap,
                    }),
                    ..Found::new(origin, info.packages)
                }));
            }
            None if go_section || layout.has_go_note() => {
                return Ok(Some(Found::new(Origin::GoUnlisted, Vec::new())));
            }
            None => {}
        }
    }
    if let Some(crates) = rust::audited(view, sections)? {
        return Ok(Some(Found::new(Origin::Rust, crates)));
    }
    if let Some(passed) = passed {
        return Ok((passed.rust || rust::is_commented(view, sections))
            .then(|| Found::new(Origin::RustUnlisted, passed.crates.packages())));
    }
    // Only programs are searched for what older compilers leave: it takes reading them whole.
    let data = || read_only(view, layout, sections);
    let is_rust = rust::is_commented(view, sections)
        || (elf.kind == Kind::Program && data().any(rust::panics));
    Ok(is_rust.then(|| {
        let mut named = rust::Named::default();
        data().for_each(|bytes| named.look(bytes));
        Found::new(Origin::RustUnlisted, named.packages())
    }))
}

/// Where a program keeps its constants.
fn read_only<'a>(
    view: View<'a>,
    layout: &Layout<'a>,
    sections: &[Section<'a>],
) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let named: Vec<(u64, u64)> = sections
        .iter()
        .filter(|section| section.name.starts_with(b".rodata"))
        .map(|section| (section.offset, section.size))
        .collect();
    let ranges = if named.is_empty() {
        layout
            .segments
            .iter()
            .filter(|segment| segment.is_loaded() && !segment.is_writable())
            .map(|segment| (segment.offset, segment.size))
            .collect()
    } else {
        named
    };
    ranges
        .into_iter()
        .take(64)
        .map(move |(offset, size)| view.up_to(offset, size))
}

/// UPX writes its mark behind the headers.
fn is_packed(view: View<'_>) -> bool {
    memchr::memmem::find(view.up_to(0, 1_024), b"UPX!").is_some()
}
