//! What an inventory does not cover, said out loud: programs and archives that no package owns and
//! that do not say what they are made of. One line a kind.

mod bundles;

use std::collections::{HashMap, HashSet};

use plimsoll_model::{Evidence, Skipped, Topic, human_size};

use super::Packages;
use crate::catalogue::binary::{Binary, Kind, Origin};
use crate::catalogue::{Document, folder, folders_above};
use crate::record::{FactKind, LayerRecord};
use crate::tree::Tree;

/// Paths that a line names.
const NAMED: usize = 3;

/// Folders above an assembly, its own among them, that are searched for a `deps.json`:
/// `runtimes/unix/lib/net8.0`.
const DEPS_ABOVE: usize = 5;

/// Folders whose content the packages of a language account for.
const ACCOUNTED: &[&str] = &[
    "/site-packages/",
    "/dist-packages/",
    "/lib-dynload/",
    "/node_modules/",
    "/gems/",
    "/ruby/",
    "/perl5/",
    "/R/library/",
    "/jvm/",
    "/debug/",
];

/// A kind of gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    Programs,
    Libraries,
    Go,
    BareGo,
    Rust,
    OwnedGo,
    OwnedRust,
    Lists,
    Packed,
    Foreign,
    Assemblies,
    NamedArchives,
    UnknownArchives,
    Archives,
    Bundles,
}

impl Gap {
    const ALL: [Self; 15] = [
        Self::Programs,
        Self::Libraries,
        Self::Go,
        Self::BareGo,
        Self::Rust,
        Self::OwnedGo,
        Self::OwnedRust,
        Self::Lists,
        Self::Packed,
        Self::Foreign,
        Self::Assemblies,
        Self::NamedArchives,
        Self::UnknownArchives,
        Self::Archives,
        Self::Bundles,
    ];

    fn why(self) -> &'static str {
        match self {
            Self::Programs => {
                "programs that no package owns and that say nothing of themselves: what they are made of is not known"
            }
            Self::Libraries => {
                "libraries that no package owns and that say nothing of themselves: what they are made of is not known"
            }
            Self::Go => {
                "Go programs without a list of their modules: only the toolchain is known; build them as modules, with Go 1.18 or later"
            }
            Self::BareGo => {
                "Go programs without build information: neither their modules nor the standard library in them were judged; leave them as the Go toolchain links them"
            }
            Self::Rust => {
                "Rust programs without a list of their crates: only crates that their messages name are known; build them with cargo auditable"
            }
            Self::OwnedGo => {
                "Go programs of the distribution without a list of their modules: its packages answer for them"
            }
            Self::OwnedRust => {
                "Rust programs of the distribution without a list of their crates: its packages answer for them"
            }
            Self::Lists => "programs whose list of packages could not be read",
            Self::Packed => {
                "programs packed by UPX: what they are made of shows only when they run; ship them as they were built"
            }
            Self::Foreign => "programs for Windows or macOS, which are not looked at",
            Self::Assemblies => {
                "assemblies of .NET that no deps.json beside them names: which packages they are of is not known; publish with GenerateDependencyFile"
            }
            Self::NamedArchives => {
                "Java archives known by the name of their file alone: name and version may be wrong"
            }
            Self::UnknownArchives => {
                "Java archives that say neither name nor version: what they are is not known"
            }
            Self::Archives => "Java archives that hold archives which could not be read",
            Self::Bundles => {
                "bundles of JavaScript: the packages built into them are not known; judge the lock file they are made from"
            }
        }
    }
}

/// Adds the gaps of an image.
pub(crate) fn gaps(
    layers: &[LayerRecord],
    tree: &Tree<'_>,
    packages: &Packages<'_>,
    gaps: &mut Vec<Skipped>,
) {
    let ownership = &packages.ownership;
    let mut found: Vec<(Gap, &str, u64)> = Vec::new();
    for (path, node, document) in tree.documents(layers) {
        if node.fact.kind != FactKind::File {
            continue;
        }
        let own = match document {
            Document::Binary(binary) => of_binary(binary, path),
            Document::Java(archive) => {
                let named = archive
                    .packages
                    .iter()
                    .any(|own| own.evidence == Evidence::FileName);
                if named {
                    Some(Gap::NamedArchives)
                } else if !archive.unread.is_empty() {
                    Some(Gap::Archives)
                } else {
                    (archive.unknown > 0).then_some(Gap::UnknownArchives)
                }
            }
            Document::Bundle => {
                let is_accounted = ACCOUNTED.iter().any(|folder| path.contains(folder));
                (!is_accounted).then_some(Gap::Bundles)
            }
            _ => None,
        };
        let Some(gap) = own else {
            continue;
        };
        // The distribution tells what it knows of its own packages; what is built into them it
        // does not.
        let gap = match (gap, ownership.owner(path).is_some()) {
            (gap, false) => gap,
            (Gap::Go | Gap::BareGo, true) => Gap::OwnedGo,
            (Gap::Rust, true) => Gap::OwnedRust,
            (_, true) => continue,
        };
        found.push((gap, path, node.fact.size));
    }
    drop_listed_assemblies(&mut found, layers, tree);
    bundles::drop_listed(&mut found, layers, tree, &packages.installed);
    for gap in Gap::ALL {
        let own: Vec<(&str, u64)> = found
            .iter()
            .filter(|(other, _, _)| *other == gap)
            .map(|(_, path, size)| (*path, *size))
            .collect();
        if !own.is_empty() {
            let line = Skipped::new(Topic::Packages, named_files(&own), gap.why().to_owned());
            gaps.push(line.of_files(own.iter().map(|(path, _)| *path)));
        }
    }
}

/// Takes out assemblies that a `deps.json` beside or above them names: translations and what is built
/// for one system lie in folders of their own.
fn drop_listed_assemblies(
    found: &mut Vec<(Gap, &str, u64)>,
    layers: &[LayerRecord],
    tree: &Tree<'_>,
) {
    if found.iter().all(|(gap, _, _)| *gap != Gap::Assemblies) {
        return;
    }
    // Of all lists in a folder.
    let mut listed: HashMap<&str, HashSet<&str>> = HashMap::new();
    for (path, _, document) in tree.documents(layers) {
        if let Document::DotNet(brought) = document {
            let files = listed.entry(folder(path)).or_default();
            files.extend(brought.files());
        }
    }
    found.retain(|(gap, path, _)| {
        let is_named = |folder: &str| {
            let below = path.get(folder.len()..).unwrap_or_default();
            let below = below.trim_start_matches('/').to_ascii_lowercase();
            // What others are built against has the name of what is loaded.
            let loaded = below.strip_prefix("ref/").unwrap_or(&below);
            let files = listed.get(folder);
            files.is_some_and(|files| files.contains(&*below) || files.contains(loaded))
        };
        let mut above = folders_above(path).take(DEPS_ABOVE).chain([""]);
        *gap != Gap::Assemblies || !above.any(is_named)
    });
}

fn of_binary(binary: &Binary, path: &str) -> Option<Gap> {
    let kind = binary.elf.as_ref().map(|elf| elf.kind);
    let accounted = || {
        ACCOUNTED.iter().any(|folder| path.contains(folder))
            // A loader or module of a runtime lies beside it.
            || path.contains("/lib/python")
    };
    match binary.origin {
        Origin::Unknown if accounted() => None,
        Origin::Unknown if kind == Some(Kind::Program) => Some(Gap::Programs),
        Origin::Unknown if kind == Some(Kind::Library) => Some(Gap::Libraries),
        Origin::GoUnlisted => {
            let has_toolchain = binary.packages.iter().any(|own| own.name == "stdlib");
            Some(if has_toolchain { Gap::Go } else { Gap::BareGo })
        }
        Origin::RustUnlisted => Some(Gap::Rust),
        Origin::Unreadable => Some(Gap::Lists),
        Origin::Packed => Some(Gap::Packed),
        Origin::Foreign if accounted() => None,
        Origin::Foreign => Some(Gap::Foreign),
        Origin::Assembly if accounted() => None,
        Origin::Assembly => Some(Gap::Assemblies),
        Origin::Inert | Origin::Unknown | Origin::Go | Origin::Rust | Origin::Known => None,
    }
}

/// `a, b, c and 5 more (8 files, 41.3 MB)`.
pub(crate) fn named_files(files: &[(&str, u64)]) -> String {
    let first: Vec<&str> = files.iter().take(NAMED).map(|(path, _)| *path).collect();
    let mut what = first.join(", ");
    if let Some(more) = files.len().checked_sub(NAMED).filter(|more| *more > 0) {
        what.push_str(&format!(" and {more} more"));
    }
    let bytes = files
        .iter()
        .fold(0_u64, |sum, (_, size)| sum.saturating_add(*size));
    let files = match files.len() {
        1 => String::new(),
        count => format!("{count} files, "),
    };
    format!("{what} ({files}{})", human_size(bytes))
}
