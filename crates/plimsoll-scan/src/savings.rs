//! The edits that would shrink an image most.
//!
//! Every byte belongs to at most one edit: bytes nobody sees to the instruction that hides them or
//! brings them in vain, bytes of the final tree to the first thing that is said against them. So
//! what the edits save adds up.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use plimsoll_model::{Saving, WasteKind};

use crate::catalogue::{base_name, folder};
use crate::package_cache::{Keeper, PackageCaches, package_cache};
use crate::packages::Ownership;
use crate::record::EntryFact;
use crate::tree::{Loss, Tree};
use crate::waste::{self, Copies};

/// Edits told.
const EDITS: usize = 10;

/// Paths named of each.
const NAMED_PATHS: usize = 5;

/// What is not worth an edit.
const LEAST: u64 = 10_000;

/// Packages that only builds need, by name or by how it begins; a version may follow.
const BUILD_PACKAGES: &[&str] = &[
    "autoconf",
    "automake",
    "bazel",
    "binutils",
    "bison",
    "build-base",
    "build-essential",
    "cargo",
    "clang",
    "cmake",
    "cpp",
    "dpkg-dev",
    "flex",
    "g++",
    "gcc",
    "gdb",
    "gfortran",
    "golang",
    "lld",
    "llvm",
    "m4",
    "make",
    "maven",
    "meson",
    "ninja-build",
    "patch",
    "pkgconf",
    "pkg-config",
    "rustc",
    "swig",
    "valgrind",
];

/// Node packages that only builds and tests need.
const NODE_DEV_PACKAGES: &[&str] = &[
    "@babel/core",
    "@types",
    "@typescript-eslint",
    "cypress",
    "esbuild-register",
    "eslint",
    "jest",
    "mocha",
    "nodemon",
    "nyc",
    "playwright",
    "prettier",
    "puppeteer",
    "rollup",
    "ts-node",
    "typescript",
    "vitest",
    "webpack",
    "webpack-cli",
];

/// What is said against bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Fault {
    Rewritten,
    Overwritten,
    /// And the layer that deletes.
    Deleted(usize),
    /// And the layer that has it elsewhere.
    Moved(usize),
    Cache(Keeper),
    VersionControl,
    /// What editors and file managers leave.
    Desktop,
    Toolchain,
    NodeDev,
    Bytecode,
    Tests,
    Docs,
    Debug,
    Duplicate,
}

#[derive(Debug, Default)]
struct Edit<'a> {
    bytes: u64,
    folders: BTreeMap<&'a str, u64>,
}

/// What an edit needs to know of the image.
pub(crate) struct Context<'c> {
    /// The instruction of each layer, as history tells.
    pub(crate) instructions: &'c [Option<&'c str>],
    /// How many of the lowest layers are the base's: nobody edits those here.
    pub(crate) base: usize,
    pub(crate) caches: &'c PackageCaches,
}

impl Context<'_> {
    fn says(&self, layer: usize, word: &str) -> bool {
        self.instructions
            .get(layer)
            .copied()
            .flatten()
            .is_some_and(|text| text.contains(word))
    }

    fn copies(&self, layer: usize) -> bool {
        self.instructions
            .get(layer)
            .copied()
            .flatten()
            .is_some_and(|text| {
                let text = text.trim_start_matches("/bin/sh -c #(nop)").trim_start();
                text.starts_with("COPY") || text.starts_with("ADD")
            })
    }
}

/// The best edits, largest first.
pub(crate) fn savings(
    tree: &Tree<'_>,
    duplicates: &[Copies<'_>],
    ownership: &Ownership<'_>,
    context: &Context<'_>,
) -> Vec<Saving> {
    let mut edits: HashMap<(Fault, usize), Edit<'_>> = HashMap::new();
    let mut wrote_what: HashMap<usize, (bool, bool)> = HashMap::new();
    let moved = moved(tree);
    // What the base does to itself, nobody mends here.
    for loss in tree.losses().iter().filter(|loss| loss.by >= context.base) {
        let (mut fault, layer) = fault_of_loss(loss);
        if let Fault::Deleted(by) = fault
            && moved.contains(&(by, loss.fact.size, loss.fact.content))
        {
            fault = Fault::Moved(by);
        }
        if fault == Fault::Rewritten
            && let Some(successor) = loss.successor
        {
            let (mode, owner) = wrote_what.entry(layer).or_default();
            *mode |= loss.fact.mode != successor.mode;
            *owner |= (loss.fact.uid, loss.fact.gid) != (successor.uid, successor.gid);
        }
        add(&mut edits, (fault, layer), lost_place(loss), loss.fact.size);
    }
    let origins = Origins::new(tree);
    let mut blamed: HashSet<*const EntryFact> = HashSet::new();
    for (layer, fact) in tree.contents().filter(|(_, fact)| fact.size > 0) {
        let Some((fault, place)) = fault_of_file(fact, ownership, context.caches) else {
            continue;
        };
        let layer = origins.of(layer, fact);
        if layer >= context.base {
            add(&mut edits, (fault, layer), place, fact.size);
        }
        blamed.insert(std::ptr::from_ref(fact));
    }
    for copies in duplicates {
        for (layer, fact) in copies.files().iter().skip(1) {
            // What a distribution packs twice, nobody who installs it can pack once.
            let layer = origins.of(*layer, fact);
            if layer >= context.base
                && !blamed.contains(&std::ptr::from_ref(*fact))
                && ownership.owner(&fact.path).is_none()
            {
                add(
                    &mut edits,
                    (Fault::Duplicate, layer),
                    shallow(&fact.path, 4),
                    fact.size,
                );
            }
        }
    }
    let mut best: Vec<((Fault, usize), Edit<'_>)> = edits
        .into_iter()
        .filter(|(_, edit)| edit.bytes >= LEAST)
        .collect();
    best.sort_by_key(|((fault, layer), edit)| (Reverse(edit.bytes), *layer, *fault));
    best.truncate(EDITS);
    best.into_iter()
        .map(|((fault, layer), edit)| {
            let mut folders: Vec<(&str, u64)> = edit.folders.into_iter().collect();
            folders.sort_by_key(|(path, bytes)| (Reverse(*bytes), *path));
            let rewrote = wrote_what.get(&layer).copied().unwrap_or_default();
            Saving {
                advice: advice(fault, layer, rewrote, context),
                bytes: edit.bytes,
                layer,
                paths: folders
                    .into_iter()
                    .take(NAMED_PATHS)
                    .map(|(path, _)| path.to_owned())
                    .collect(),
                source: None,
            }
        })
        .collect()
}

/// Where bytes came from that layers wrote again: one that only did that did not bring them.
struct Origins<'a> {
    /// What lay in the place of an entry before, with the same content, and its layer.
    before: HashMap<*const EntryFact, (usize, &'a EntryFact)>,
}

impl<'a> Origins<'a> {
    fn new(tree: &Tree<'a>) -> Self {
        let rewritten = tree
            .losses()
            .iter()
            .filter(|loss| loss.layer < loss.by && waste::kind(loss) == WasteKind::Rewritten);
        let before = rewritten.filter_map(|loss| {
            let successor = std::ptr::from_ref(loss.successor?);
            Some((successor, (loss.layer, loss.fact)))
        });
        Self {
            before: before.collect(),
        }
    }

    /// The layer that brought the bytes of an entry of `layer`.
    fn of(&self, mut layer: usize, mut fact: &'a EntryFact) -> usize {
        while let Some((below, before)) = self.before.get(&std::ptr::from_ref(fact)) {
            (layer, fact) = (*below, before);
        }
        layer
    }
}

fn add<'a>(
    edits: &mut HashMap<(Fault, usize), Edit<'a>>,
    key: (Fault, usize),
    place: &'a str,
    bytes: u64,
) {
    let edit = edits.entry(key).or_default();
    edit.bytes = edit.bytes.saturating_add(bytes);
    let sum = edit.folders.entry(place).or_default();
    *sum = sum.saturating_add(bytes);
}

/// Deleted bytes that lie elsewhere in the layer that deletes them, each with that layer, size and
/// hash.
fn moved(tree: &Tree<'_>) -> HashSet<(usize, u64, u64)> {
    let deleted: HashSet<_> = tree
        .losses()
        .iter()
        .filter(|loss| loss.fact.size > 0 && loss.layer < loss.by && loss.successor.is_none())
        .map(|loss| (loss.by, loss.fact.size, loss.fact.content))
        .collect();
    if deleted.is_empty() {
        return deleted;
    }
    tree.contents()
        .map(|(layer, fact)| (layer, fact.size, fact.content))
        .filter(|one| deleted.contains(one))
        .collect()
}

/// Why bytes are lost, and the layer whose instruction is to be edited.
fn fault_of_loss(loss: &Loss<'_>) -> (Fault, usize) {
    match waste::kind(loss) {
        WasteKind::Deleted => (Fault::Deleted(loss.by), loss.layer),
        WasteKind::Overwritten => (Fault::Overwritten, loss.by),
        WasteKind::Rewritten | WasteKind::Duplicated => (Fault::Rewritten, loss.by),
    }
}

fn lost_place<'a>(loss: &Loss<'a>) -> &'a str {
    let path = &loss.fact.path;
    package_cache(path).map_or_else(|| shallow(path, 4), |cache| cache.folder)
}

/// The first `parts` parts of a file's folder.
fn shallow(path: &str, parts: usize) -> &str {
    let folder = folder(path);
    if folder.is_empty() {
        return path;
    }
    folder
        .match_indices('/')
        .nth(parts - 1)
        .map_or(folder, |(at, _)| &folder[..at])
}

/// What is to be said against a file of the final tree, and the folder to name for it.
fn fault_of_file<'a>(
    fact: &'a EntryFact,
    ownership: &Ownership<'_>,
    caches: &PackageCaches,
) -> Option<(Fault, &'a str)> {
    let path = &*fact.path;
    if !caches.is_shared(fact)
        && let Some(cache) = caches.of(path)
    {
        return Some((Fault::Cache(cache.keeper), cache.folder));
    }
    if let Some(at) = part_at(path, &[".git", ".hg", ".svn", ".idea", ".vscode"]) {
        let is_editors = matches!(base_name(at), ".idea" | ".vscode");
        if !is_editors {
            return Some((Fault::VersionControl, at));
        }
        // What a package brings of its author's is not for the ignore file.
        if is_own(path) {
            return Some((Fault::Desktop, at));
        }
    }
    if matches!(base_name(path), ".DS_Store" | "Thumbs.db") && is_own(path) {
        return Some((Fault::Desktop, path));
    }
    if path.starts_with("usr/lib/debug/") {
        return Some((Fault::Debug, "usr/lib/debug"));
    }
    for docs in [
        "usr/share/doc",
        "usr/share/man",
        "usr/share/info",
        "usr/share/locale",
        "usr/share/gtk-doc",
        "usr/local/share/man",
        "usr/local/share/doc",
    ] {
        if is_below(path, docs) {
            return Some((Fault::Docs, &path[..docs.len()]));
        }
    }
    for home in [
        "usr/local/go",
        "usr/local/rustup",
        "usr/local/cargo",
        "root/.rustup",
        "root/.cargo",
    ] {
        if is_below(path, home) {
            return Some((Fault::Toolchain, &path[..home.len()]));
        }
    }
    let header = is_below(path, "usr/include") || is_below(path, "usr/local/include");
    let static_library = path.ends_with(".a") && path.contains("/lib");
    if header
        || static_library
        || ownership
            .owner(path)
            .is_some_and(|owner| is_build_package(owner.name))
    {
        return Some((Fault::Toolchain, shallow(path, 3)));
    }
    if let Some(at) = path.rfind("node_modules/") {
        let package = &path[at + "node_modules/".len()..];
        let is_dev = NODE_DEV_PACKAGES.iter().any(|name| is_below(package, name));
        if is_dev && !path.starts_with("usr/share/") {
            let end = path[..at].len() + "node_modules/".len();
            let name = package.find('/').unwrap_or(package.len());
            return Some((Fault::NodeDev, &path[..end + name]));
        }
    }
    if base_name(folder(path)) == "__pycache__" && path.ends_with(".pyc") {
        return Some((Fault::Bytecode, shallow(path, 4)));
    }
    for place in ["site-packages/", "dist-packages/", "node_modules/"] {
        if let Some(at) = path.find(place)
            && part_at(&path[at..], &["tests", "test", "__tests__", "testing"]).is_some()
        {
            return Some((Fault::Tests, &path[..at + place.len() - 1]));
        }
    }
    None
}

/// The path up to and with its first part that is one of `names`, which must be a folder.
fn part_at<'a>(path: &'a str, names: &[&str]) -> Option<&'a str> {
    let mut start = 0;
    for part in path.split('/') {
        let end = start + part.len();
        if names.contains(&part) && end < path.len() {
            return path.get(..end);
        }
        start = end + 1;
    }
    None
}

/// Whether a path lies in no package of a language that was installed, or taken into one's own sources.
fn is_own(path: &str) -> bool {
    const PLACES: [&str; 5] = [
        "node_modules",
        "site-packages",
        "dist-packages",
        "gems",
        "vendor",
    ];
    part_at(path, &PLACES).is_none()
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// `gcc`, `gcc-12`, `libfoo-dev`, `openjdk-17-jdk-headless`.
fn is_build_package(name: &str) -> bool {
    name.ends_with("-dev")
        || name.ends_with("-devel")
        || name.contains("-jdk")
        || BUILD_PACKAGES.iter().any(|known| {
            name.strip_prefix(known)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
}

fn advice(fault: Fault, layer: usize, rewrote: (bool, bool), context: &Context<'_>) -> String {
    let of_base = layer < context.base;
    match fault {
        Fault::Rewritten => {
            let copied = (0..layer).any(|below| context.copies(below));
            let owner = rewrote.1 || context.says(layer, "chown");
            let mode = rewrote.0 || context.says(layer, "chmod");
            let what = match (mode, owner) {
                (true, true) => "mode and owner",
                (true, false) => "mode",
                (false, true) => "owner",
                (false, false) if context.copies(layer) => {
                    return "Files of lower layers are copied again as they are, which ships them a \
                            second time: copy them once, or keep them out of the later copy"
                        .to_owned();
                }
                (false, false) => {
                    return "Files of lower layers are written again as they were, which ships them \
                            a second time: leave them alone, or do it in the RUN that writes them"
                        .to_owned();
                }
            };
            let how = match (copied, owner) {
                (true, true) => "use COPY --chown, or do it in the RUN that writes them",
                (true, false) => "use COPY --chmod, or do it in the RUN that writes them",
                (false, _) => "do it in the RUN that writes them",
            };
            format!(
                "Setting only the {what} of files of lower layers ships them a second time: {how}"
            )
        }
        Fault::Overwritten => {
            "Files of lower layers are written again: write them once, in one instruction, or start \
             from a base that has them as they should be"
                .to_owned()
        }
        Fault::Moved(by) if context.copies(layer) => format!(
            "Layer {by} moves what is copied here, and it ships twice: copy it to where it belongs"
        ),
        Fault::Moved(by) => format!(
            "Layer {by} moves what this one writes, and it ships twice: write it where it belongs, or \
             move it in the same RUN"
        ),
        Fault::Deleted(by) if of_base => format!(
            "Layer {by} deletes files of the base, which ship all the same: start from a base \
             without them, or copy what is needed into a smaller one"
        ),
        Fault::Deleted(by) if context.copies(layer) => format!(
            "Layer {by} deletes what is copied here, and it ships all the same: do not copy it (of the \
             build context .dockerignore keeps it out), or use RUN --mount=type=bind"
        ),
        Fault::Deleted(by) if by == layer => {
            "The layer holds files that it hides itself: build it without them".to_owned()
        }
        Fault::Deleted(by) => format!(
            "Layer {by} deletes what this one writes, and it ships all the same: delete it in the \
             same RUN"
        ),
        Fault::Cache(keeper) => keeper.advice().to_owned(),
        Fault::VersionControl => {
            "Keep version control out of the image: .git in .dockerignore".to_owned()
        }
        Fault::Desktop => {
            "Keep what editors and file managers leave out of the image: .idea, .vscode and .DS_Store \
             in .dockerignore"
                .to_owned()
        }
        Fault::Toolchain => {
            "Compilers, headers and static libraries are for building: build in an earlier stage \
             and copy the result"
                .to_owned()
        }
        Fault::NodeDev => {
            "Leave development dependencies out: npm ci --omit=dev in the final stage".to_owned()
        }
        Fault::Bytecode => {
            // What is installed compiles whatever PYTHONDONTWRITEBYTECODE says.
            "Compiled Python can be left out: pip install --no-compile, and delete __pycache__ in the RUN \
             where a package manager of the system compiles it; programs then start slower"
                .to_owned()
        }
        Fault::Tests => {
            "Test suites of installed packages can be deleted in the RUN that installs them"
                .to_owned()
        }
        Fault::Docs => {
            "Documentation, manual pages and translations can be left out: a slim base, or dpkg's \
             path-exclude, or rpm's nodocs"
                .to_owned()
        }
        Fault::Debug => "Debug symbols belong into an image for debugging".to_owned(),
        Fault::Duplicate => {
            "The same content lies elsewhere in the image: copy it once, or link to it".to_owned()
        }
    }
}

#[cfg(test)]
mod tests;
