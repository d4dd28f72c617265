//! Which package of the distribution owns a file.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};

use plimsoll_model::{Package, PackageKind};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::catalogue::python::{ShortSum, short_sum};
use crate::catalogue::{Document, dpkg, folder, folders_above};
use crate::record::{EntryFact, FactKind, LayerRecord};
use crate::secret::FileSums;
use crate::tree::Tree;

/// A package that owns files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner<'l> {
    pub(crate) name: &'l str,
    /// Whether somebody else than the distribution published it.
    is_foreign: bool,
    /// Its place among the installed packages of the distribution, where it is still one of them.
    package: Option<usize>,
    /// The layer that brought its files as they are installed.
    since: usize,
}

impl<'l> Owner<'l> {
    /// The name of a package of the distribution; nothing where somebody else published it, whom
    /// the distribution's advisories do not know.
    pub(crate) fn of_distribution(&self) -> Option<&'l str> {
        (!self.is_foreign).then_some(self.name)
    }
}

/// Who owns what: built once, asked for every file of an image.
#[derive(Debug)]
pub(crate) struct Ownership<'l> {
    paths: HashMap<Key<'l>, u32, Seed>,
    owners: Vec<Owner<'l>>,
    merged: Merged,
    /// Packages that others than the distribution published.
    foreign: HashSet<(PackageKind, &'l str)>,
    /// The layers in which packages became what they are.
    changes: HashMap<(PackageKind, &'l str), usize>,
}

impl<'l> Ownership<'l> {
    /// Takes the newest version of every list, whether or not a later layer deleted it: deleting
    /// a package manager's notes changes nothing about who installed a file. `system` are the
    /// installed packages of the distribution; what others than those once owned is nobody's.
    pub(crate) fn new(layers: &'l [LayerRecord], tree: &Tree<'l>, system: &[Package]) -> Self {
        let mut ownership = Self {
            paths: HashMap::with_hasher(Seed::new()),
            owners: Vec::new(),
            merged: Merged::new(tree),
            foreign: HashSet::new(),
            changes: HashMap::new(),
        };
        let newest = newest_lists(layers);
        if newest.is_empty() {
            return ownership;
        }
        for document in newest.values() {
            if let Document::System(database) = document {
                let foreign = database.records.iter().filter(|record| record.is_foreign);
                let names = foreign.map(|record| (database.kind, record.name.as_str()));
                ownership.foreign.extend(names);
            }
        }
        ownership.changes = changes(layers);
        let installed = Installed::new(system);
        for (path, document) in &newest {
            match document {
                Document::DpkgList(list) => {
                    ownership.add_dpkg(path, &newest, &installed, dpkg::listed_paths(list));
                }
                // The list beside it names the same files, and those without a sum too.
                Document::DpkgSums(sums) if !has_list(path, &newest) => {
                    let paths = dpkg::listed_sums(sums).map(|(_, path)| path);
                    ownership.add_dpkg(path, &newest, &installed, paths);
                }
                Document::AlpmFiles(files) => {
                    let description = format!("{}/desc", folder(path));
                    if let Some(Document::System(database)) = newest.get(description.as_str())
                        && let [record, ..] = database.records.as_slice()
                    {
                        let paths = files.iter().map(|(_, path)| path);
                        ownership.add(
                            PackageKind::Alpm,
                            &record.name,
                            Some(&record.architecture),
                            &installed,
                            paths,
                        );
                    }
                }
                Document::System(database) => {
                    for record in &database.records {
                        ownership.add(
                            database.kind,
                            &record.name,
                            Some(&record.architecture),
                            &installed,
                            record.files.iter().map(|(_, path)| path),
                        );
                    }
                }
                _ => {}
            }
        }
        ownership
    }

    /// Whether any package lists a file.
    pub(crate) fn has_any(&self) -> bool {
        !self.owners.is_empty()
    }

    fn add_dpkg(
        &mut self,
        info: &'l str,
        newest: &BTreeMap<&'l str, &'l Document>,
        installed: &Installed<'_>,
        paths: impl Iterator<Item = &'l str>,
    ) {
        let (mut name, architecture) = dpkg::info_package(info);
        // In distroless images the name of the file is not always that of the package.
        if let Some(stem) = info.strip_suffix(".md5sums")
            && let Some(Document::System(database)) = newest.get(stem)
            && let [record, ..] = database.records.as_slice()
        {
            name = &record.name;
        }
        self.add(PackageKind::Deb, name, architecture, installed, paths);
    }

    fn add(
        &mut self,
        kind: PackageKind,
        name: &'l str,
        architecture: Option<&str>,
        installed: &Installed<'_>,
        paths: impl Iterator<Item = &'l str>,
    ) {
        let package = installed.find(kind, name, architecture);
        if package.is_none() && installed.kinds.contains(&kind) {
            return;
        }
        let mut paths = paths.peekable();
        // Not every database lists files.
        let (Ok(owner), true) = (u32::try_from(self.owners.len()), paths.peek().is_some()) else {
            return;
        };
        self.owners.push(Owner {
            name,
            is_foreign: self.foreign.contains(&(kind, name)),
            package,
            since: self.changes.get(&(kind, name)).copied().unwrap_or(0),
        });
        let merged = &self.merged;
        self.paths
            .extend(paths.map(|path| (merged.key(path), owner)));
    }

    /// Takes from packages what layers wrote over after they were installed: that is no longer what
    /// the distribution built, and its advisories say nothing of it. A file with another mode or
    /// owner is the package's still, and so is all configuration.
    pub(crate) fn leave_overwritten(&mut self, tree: &Tree<'l>) {
        // Of each such file the newest as its package brought it.
        let mut brought: HashMap<&str, (usize, &EntryFact)> = HashMap::new();
        for loss in tree.losses() {
            let path = &*loss.fact.path;
            let is_own = self
                .owner(path)
                .is_some_and(|owner| loss.layer <= owner.since);
            if is_own && !path.starts_with("etc/") {
                let known = brought.entry(path).or_insert((loss.layer, loss.fact));
                if known.0 <= loss.layer {
                    *known = (loss.layer, loss.fact);
                }
            }
        }
        for (path, (_, fact)) in brought {
            let is_other = tree.get(path).is_some_and(|node| {
                // It may be a hard link to another file.
                let content = tree.content(node);
                content.is_some_and(|(_, now)| (now.size, now.content) != (fact.size, fact.content))
                    && self
                        .owner(path)
                        .is_some_and(|owner| node.layer > owner.since)
            });
            if is_other {
                self.paths.remove(&self.merged.key(path));
            }
        }
    }

    /// Who owns the file at `path` of the final tree, if anybody.
    pub(crate) fn owner(&self, path: &str) -> Option<&Owner<'l>> {
        let owner = *self.paths.get(&self.merged.key(path))?;
        self.owners.get(owner as usize)
    }

    /// Counts files and bytes of each of `system`, as far as they are in the final tree.
    pub(crate) fn measure(&self, tree: &Tree<'_>, system: &mut [Package]) {
        if self.owners.is_empty() {
            return;
        }
        let mut measures: Vec<(u32, u64)> = vec![(0, 0); self.owners.len()];
        for (path, node) in tree.iter() {
            if node.fact.kind == FactKind::Directory {
                continue;
            }
            if let Some(owner) = self.paths.get(&self.merged.key(path))
                && let Some((files, bytes)) = measures.get_mut(*owner as usize)
            {
                *files = files.saturating_add(1);
                *bytes = bytes.saturating_add(node.fact.size);
            }
        }
        for (owner, (files, bytes)) in self.owners.iter().zip(measures) {
            if let Some(package) = owner.package.and_then(|index| system.get_mut(index)) {
                let before = package.files.unwrap_or(0);
                // A package with two lists: the second adds to the first.
                let size = if package.files.is_some() {
                    package.size
                } else {
                    None
                };
                package.files = Some(before.saturating_add(files));
                package.size = Some(size.unwrap_or(0).saturating_add(bytes));
            }
        }
    }
}

/// The newest layer in which a package came or had another version, by its name.
fn changes(layers: &[LayerRecord]) -> HashMap<(PackageKind, &str), usize> {
    let mut versions: HashMap<(PackageKind, &str, &str), &str> = HashMap::new();
    let mut changes = HashMap::new();
    for (layer, record) in layers.iter().enumerate() {
        let databases = record
            .documents
            .values()
            .filter_map(|document| match document {
                Document::System(database) => Some(database),
                _ => None,
            });
        for database in databases {
            for record in &database.records {
                let (name, version, architecture) = record.identity();
                let before = versions.insert((database.kind, name, architecture), version);
                if before != Some(version) {
                    changes.insert((database.kind, name), layer);
                }
            }
        }
    }
    changes
}

/// The installed packages, to be found by name.
struct Installed<'p> {
    /// The first of each name.
    names: HashMap<(PackageKind, &'p str), usize>,
    /// The first of each architecture of a name: a database may have a name any number of times.
    architectures: HashMap<(PackageKind, &'p str, &'p str), usize>,
    kinds: HashSet<PackageKind>,
}

impl<'p> Installed<'p> {
    fn new(system: &'p [Package]) -> Self {
        let mut installed = Self {
            names: HashMap::new(),
            architectures: HashMap::new(),
            kinds: system.iter().map(|package| package.kind).collect(),
        };
        for (index, package) in system.iter().enumerate() {
            let (kind, name) = (package.kind, package.name.as_str());
            let architecture = package.architecture.as_deref().unwrap_or_default();
            installed.names.entry((kind, name)).or_insert(index);
            let of_architecture = installed.architectures.entry((kind, name, architecture));
            of_architecture.or_insert(index);
        }
        installed
    }

    fn find(&self, kind: PackageKind, name: &str, architecture: Option<&str>) -> Option<usize> {
        let of_architecture =
            architecture.and_then(|own| self.architectures.get(&(kind, name, own)));
        of_architecture
            .or_else(|| self.names.get(&(kind, name)))
            .copied()
    }
}

fn newest_lists(layers: &[LayerRecord]) -> BTreeMap<&str, &Document> {
    layers
        .iter()
        .flat_map(|layer| &layer.documents)
        .filter(|(_, document)| {
            matches!(
                document,
                Document::DpkgList(_)
                    | Document::DpkgSums(_)
                    | Document::AlpmFiles(_)
                    | Document::System(_)
            )
        })
        .map(|(path, document)| (path.as_str(), document))
        .collect()
}

fn has_list(sums: &str, newest: &BTreeMap<&str, &Document>) -> bool {
    sums.strip_suffix(".md5sums")
        .is_some_and(|stem| newest.contains_key(format!("{stem}.list").as_str()))
}

/// A path, the folder it begins with told by what that really is: `bin/sh` and `usr/bin/sh` are one
/// file where `/bin` is a link to `/usr/bin`, while the lists of packages keep the name they were
/// built with.
type Key<'a> = (u8, &'a str);

/// Folders that distributions merge by links.
const MERGED: [&str; 13] = [
    "bin",
    "sbin",
    "lib",
    "lib32",
    "lib64",
    "libx32",
    "usr/bin",
    "usr/sbin",
    "usr/lib",
    "usr/lib32",
    "usr/lib64",
    "usr/libx32",
    "usr/lib/sysimage",
];

/// Which of [`MERGED`] are one folder.
#[derive(Debug)]
struct Merged([u8; MERGED.len()]);

impl Merged {
    fn new(tree: &Tree<'_>) -> Self {
        let real = MERGED.map(|folder| {
            tree.resolve(folder).unwrap_or_else(|| {
                // Layers without a base: as every distribution merges them.
                let top = folder.trim_start_matches("usr/");
                format!("usr/{top}")
            })
        });
        let mut classes = [0; MERGED.len()];
        for (index, folder) in real.iter().enumerate() {
            let first = real
                .iter()
                .position(|other| other == folder)
                .unwrap_or(index);
            classes[index] = u8::try_from(first + 1).unwrap_or(0);
        }
        Self(classes)
    }

    fn key<'a>(&self, path: &'a str) -> Key<'a> {
        let top = match path.strip_prefix("usr/") {
            Some(rest) => rest.find('/').map(|at| at + 4),
            None => path.find('/'),
        };
        if let Some(at) = top
            && let (top, Some(rest)) = (&path[..at], path.get(at + 1..))
            && let Some(index) = MERGED.iter().position(|folder| *folder == top)
        {
            return (self.0[index], rest);
        }
        (0, path)
    }
}

/// Hashes paths at once; seeded, so that nobody can make paths that fall together.
#[derive(Clone, Debug)]
struct Seed(u64);

impl Seed {
    fn new() -> Self {
        Self(RandomState::new().hash_one(0))
    }
}

impl BuildHasher for Seed {
    type Hasher = PathHasher;

    fn build_hasher(&self) -> PathHasher {
        PathHasher(self.0)
    }
}

struct PathHasher(u64);

impl Hasher for PathHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn write_u8(&mut self, byte: u8) {
        self.0 = self.0.rotate_left(8) ^ u64::from(byte);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Different sums of one path that are kept, of all packages and layers: an image has as many
/// versions of a file as it has layers, and what no sum proves is told.
const MAX_SUMS: usize = 1_000;

/// The files that packages own, and that their sums prove to be as they brought them.
pub(crate) struct Published<'l> {
    /// Those that a package of any layer lists.
    owned: HashSet<Key<'l>>,
    /// Whether there is a list of a package's files.
    is_listed: bool,
    system: HashMap<Key<'l>, HashSet<&'l str>>,
    python: BTreeMap<String, &'l str>,
    /// What distributions list besides, by the folder they lie in.
    python_code: HashMap<&'l str, HashSet<ShortSum>>,
    merged: Merged,
}

impl<'l> Published<'l> {
    /// Gathers who owns `paths`, and the sums of them that packages of any layer tell.
    pub(crate) fn new(layers: &'l [LayerRecord], tree: &Tree<'l>, paths: &[&str]) -> Self {
        let merged = Merged::new(tree);
        let mut published = Self {
            owned: HashSet::new(),
            is_listed: false,
            system: HashMap::new(),
            python: BTreeMap::new(),
            python_code: HashMap::new(),
            merged,
        };
        if paths.is_empty() {
            return published;
        }
        let wanted: HashSet<Key<'_>> = paths
            .iter()
            .map(|path| published.merged.key(path))
            .collect();
        let exact: HashSet<&str> = paths.iter().copied().collect();
        let sites: HashSet<&str> = paths.iter().flat_map(|path| sites_above(path)).collect();
        for (info, document) in layers.iter().flat_map(|layer| &layer.documents) {
            match document {
                Document::DpkgList(list) => {
                    published.own(&wanted, dpkg::listed_paths(list));
                }
                Document::AlpmFiles(files) => {
                    published.own(&wanted, files.iter().map(|(_, path)| path));
                }
                Document::DpkgSums(sums) => {
                    published.take(&wanted, dpkg::listed_sums(sums));
                }
                Document::System(database) => {
                    for record in &database.records {
                        published.take(&wanted, record.files.iter());
                    }
                }
                Document::PythonRecord(record) => {
                    let site = folder(folder(info));
                    if sites.contains(site) {
                        let code = published.python_code.entry(site).or_default();
                        code.extend(&record.code);
                    }
                    for (path, sum) in &record.sums {
                        let path = if site.is_empty() {
                            path.clone()
                        } else {
                            format!("{site}/{path}")
                        };
                        if exact.contains(path.as_str()) {
                            published.python.insert(path, sum);
                        }
                    }
                }
                _ => {}
            }
        }
        published
    }

    fn take(&mut self, wanted: &HashSet<Key<'_>>, sums: impl Iterator<Item = (&'l str, &'l str)>) {
        for (sum, path) in sums {
            self.is_listed = true;
            let key = self.merged.key(path);
            if !wanted.contains(&key) {
                continue;
            }
            self.owned.insert(key);
            if sum != "-" {
                let known = self.system.entry(key).or_default();
                if known.len() < MAX_SUMS {
                    known.insert(sum);
                }
            }
        }
    }

    fn own(&mut self, wanted: &HashSet<Key<'_>>, paths: impl Iterator<Item = &'l str>) {
        for path in paths {
            self.is_listed = true;
            let key = self.merged.key(path);
            if wanted.contains(&key) {
                self.owned.insert(key);
            }
        }
    }

    /// Whether the lists of packages are there, and none of any layer names the file.
    pub(crate) fn is_unowned(&self, path: &str) -> bool {
        self.is_listed && !self.owned.contains(&self.merged.key(path))
    }

    /// Whether a file with these sums is byte for byte what a package brought.
    pub(crate) fn holds(&self, path: &str, sums: &FileSums) -> bool {
        self.system
            .get(&self.merged.key(path))
            .is_some_and(|known| known.iter().any(|sum| sums.is(sum)))
            || self.python.get(path).is_some_and(|sum| *sum == sums.sha256)
            || sites_above(path).any(|site| {
                let inside = path[site.len()..].trim_start_matches('/');
                self.python_code.get(site).is_some_and(|code| {
                    short_sum(inside, &sums.sha256).is_some_and(|sum| code.contains(&sum))
                })
            })
    }
}

/// The folders in which a package may have been installed that brought a file: those above it, and
/// the root, which is one where a folder of packages is looked at by itself.
fn sites_above(path: &str) -> impl Iterator<Item = &str> {
    folders_above(path).chain(std::iter::once(""))
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Evidence;

    use super::*;

    #[test]
    fn packages_may_lie_in_the_root() {
        let sites: Vec<&str> = sites_above("a.libs/x/b.so").collect();
        assert_eq!(sites, ["a.libs/x", "a.libs", ""]);
    }

    #[test]
    fn a_path_has_sums_up_to_a_number() {
        let sums: String = (0..200_000)
            .map(|sum| format!("{sum:032x}  etc/key.pem\n"))
            .collect();
        let layers = [LayerRecord {
            documents: [(
                "var/lib/dpkg/info/a.md5sums".to_owned(),
                Document::DpkgSums(sums.into()),
            )]
            .into(),
            ..LayerRecord::default()
        }];
        let tree = Tree::build(&layers);
        let published = Published::new(&layers, &tree, &["etc/key.pem"]);
        let known = published.system.values().map(HashSet::len);
        assert_eq!(known.collect::<Vec<_>>(), [MAX_SUMS]);
    }

    #[test]
    fn a_name_may_have_any_number_of_architectures() {
        let package = |architecture: usize| {
            let purl = String::new();
            let deb = PackageKind::Deb;
            Package {
                architecture: Some(format!("x{architecture:06}")),
                ..Package::new(deb, "a", "1", purl, "status", Evidence::Database, 0)
            }
        };
        let system: Vec<Package> = (0..200_000).map(package).collect();
        let installed = Installed::new(&system);
        let find = |architecture| installed.find(PackageKind::Deb, "a", architecture);
        for (index, package) in system.iter().enumerate() {
            assert_eq!(find(package.architecture.as_deref()), Some(index));
        }
        // The list of a file may not say which, and the database another word for it.
        assert_eq!((find(Some("all")), find(None)), (Some(0), Some(0)));
        assert_eq!(installed.find(PackageKind::Apk, "a", None), None);
    }
}
