//! Node: projects, who asked for a package, and what each takes.

use std::cell::LazyCell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use plimsoll_model::{Package, PackageKind};

use super::super::brought_by;
use super::of_manifest;
use crate::catalogue::npm::{
    FIXTURES, Manifest, Project, after_first_modules, is_project_at, package_folder,
};
use crate::catalogue::{Document, base_name, folder, folders_above};
use crate::record::{FactKind, LayerRecord};
use crate::tree::{Node, Tree};

/// Adds projects, and fills in who asked for what, sizes and numbers of files.
pub(super) fn complete(layers: &[LayerRecord], tree: &Tree<'_>, packages: &mut Vec<Package>) {
    let mut projects = Vec::new();
    let mut linked = None;
    for (path, node, document) in tree.documents(layers) {
        let Document::NpmProject(project) = document else {
            continue;
        };
        // A link shares what another name says: in a cache it is no project.
        if !is_project_at(path) {
            continue;
        }
        projects.push((
            path.strip_suffix(base_name(path)).unwrap_or_default(),
            project,
        ));
        if let Some(own) = &project.manifest
            && (is_there(tree, folder(path), own)
                || is_run(tree, folder(path), &project.starts)
                || linked
                    .get_or_insert_with(|| linked_folders(tree))
                    .contains(folder(path)))
        {
            let mut package = of_manifest(own, path);
            package.layer = brought_by(layers, node, path, |other| match (document, other) {
                (_, Document::NpmProject(other)) => other.manifest.as_ref().is_some_and(|other| {
                    (&other.name, &other.version) == (&own.name, &own.version)
                }),
                _ => false,
            });
            packages.push(package);
        }
    }
    zipped(layers, tree, packages);
    let asks = Asks::new(projects);
    let stored = LazyCell::new(|| asks.stored(tree));
    for package in packages
        .iter_mut()
        .filter(|package| package.kind == PackageKind::Npm)
    {
        let own = folder(&package.path);
        if package_folder(own) == Some(own) {
            package.direct = asks.asked(tree, &stored, own);
        }
    }
    measure(tree, packages);
}

/// Adds what Yarn's tables name and what lies zipped where they say.
fn zipped(layers: &[LayerRecord], tree: &Tree<'_>, packages: &mut Vec<Package>) {
    let mut seen = HashSet::new();
    for (path, _, document) in tree.documents(layers) {
        let Document::YarnZipped(table) = document else {
            continue;
        };
        for own in table {
            let Some((archive, node)) = tree.follow(&join(folder(path), &own.archive)) else {
                continue;
            };
            if !seen.insert((own.name.as_str(), own.version.as_str(), archive.clone())) {
                continue;
            }
            let manifest = Manifest {
                name: own.name.clone(),
                version: own.version.clone(),
                license: None,
                requires: Vec::new(),
            };
            packages.push(Package {
                // The name of the archive holds a sum of it: a rewrite is the same archive.
                layer: node.since,
                size: Some(node.fact.size),
                direct: Some(own.direct),
                ..of_manifest(&manifest, &archive)
            });
        }
    }
}

/// Whether a project is there as more than a file: its packages beside it make it one that runs
/// here, a folder that is named after it and its version one that was unpacked to be used.
fn is_there(tree: &Tree<'_>, root: &str, own: &Manifest) -> bool {
    let inside = |name: &str| join(root, name);
    if tree.below(&inside("node_modules")).next().is_some()
        || tree.get(&inside(".pnp.cjs")).is_some()
        || tree.get(&inside(".pnp.js")).is_some()
    {
        return true;
    }
    let place = base_name(root);
    // `opt/yarn-v1.22.22`, and `corepack/v1/pnpm/9.1.0`.
    let unpacked = place
        .strip_prefix(own.name.as_str())
        .and_then(|rest| rest.strip_prefix('-'))
        .is_some_and(|rest| rest.trim_start_matches('v') == own.version);
    let cached = place == own.version
        && root.contains("/corepack/")
        && base_name(folder(root)) == base_name(&own.name);
    unpacked || cached
}

/// What lies beside the manifest of somebody's own project, and in no package that was published.
const SOURCES: [&str; 9] = [
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "bun.lock",
    "bun.lockb",
    "tsconfig.json",
    ".gitignore",
    ".git",
];

/// Whether a package was unpacked to be run from where it is: the files are there by which it says
/// that it is started, and none that only its sources have. One among tests or examples is a
/// fixture.
fn is_run(tree: &Tree<'_>, root: &str, starts: &[String]) -> bool {
    let is_file = |path: &str| {
        tree.get(path)
            .is_some_and(|node| matches!(node.fact.kind, FactKind::File | FactKind::Hardlink(_)))
    };
    let is_there = |start: &str| {
        let start = start.trim_start_matches("./").trim_end_matches('/');
        let path = join(root, start);
        !start.is_empty()
            && (is_file(&path)
                || is_file(&format!("{path}.js"))
                || is_file(&format!("{path}/index.js")))
    };
    // What `npm pack` makes is unpacked into a folder of this name; programs come so, too.
    (starts.iter().any(|start| is_there(start)) || base_name(root) == "package")
        && !SOURCES
            .iter()
            .any(|name| tree.get(&join(root, name)).is_some())
        && root.split('/').all(|part| !FIXTURES.contains(&part))
}

/// The folders that links among the installed packages lead to: workspaces, and what was linked
/// from where it is written.
fn linked_folders(tree: &Tree<'_>) -> HashSet<String> {
    tree.iter()
        .filter(|(path, node)| {
            let place = folder(path);
            let above = match base_name(place).strip_prefix('@') {
                Some(_) => folder(place),
                None => place,
            };
            base_name(above) == "node_modules" && matches!(node.fact.kind, FactKind::Symlink(_))
        })
        .filter_map(|(path, _)| tree.resolve(path))
        .collect()
}

/// What projects ask for.
struct Asks<'l> {
    /// The folders of the projects, each with the slash behind it, sorted: those that one holds stand right
    /// behind it.
    projects: Vec<&'l str>,
    names: Words<'l>,
}

impl<'l> Asks<'l> {
    fn new(mut projects: Vec<(&'l str, &'l Project)>) -> Self {
        projects.sort_unstable_by_key(|(root, _)| *root);
        let numbered = projects.iter().enumerate();
        let names = numbered.flat_map(|(number, (_, project))| {
            let names = project.asks.iter();
            names.map(move |name| (name.as_str(), number))
        });
        Self {
            names: Words::new(names.collect()),
            projects: projects.iter().map(|(root, _)| *root).collect(),
        }
    }

    /// The project in the folder `root`, and those it holds, by their numbers.
    fn within(&self, root: &str) -> Option<Range<usize>> {
        let first = self.projects.binary_search(&root).ok()?;
        let rest = self.projects.get(first..)?;
        Some(first..first + rest.partition_point(|other| other.starts_with(root)))
    }

    /// The folders of virtual stores that links to what was asked for lead to. A link has the name of an
    /// alias, the package in the store its own. What a project asks for may be linked in it, and in one
    /// that holds it.
    fn stored(&self, tree: &Tree<'l>) -> Words<'l> {
        let mut stored = Vec::new();
        for (path, node) in tree.iter() {
            if let Some((root, name)) = path.rsplit_once("node_modules/")
                && let Some(folder) = stored_at(node)
                && let Some(projects) = self.within(root)
                && self.names.holds(name, &projects)
            {
                stored.push((folder, projects.start));
            }
        }
        Words::new(stored)
    }

    /// Whether somebody asked for the package in the folder `own` by name.
    fn asked<F>(&self, tree: &Tree<'l>, stored: &LazyCell<Words<'l>, F>, own: &str) -> Option<bool>
    where
        F: FnOnce() -> Words<'l>,
    {
        let (modules, below) = own.split_at_checked(after_first_modules(own)?)?;
        // The name it goes by there, which is another than its own for an alias.
        let name = own.rsplit_once("node_modules/")?.1;
        let root = modules.strip_suffix("node_modules/")?;
        // A virtual store is reached by links.
        let store = match below.strip_prefix('.') {
            Some(_) => Some(below.split('/').nth(1)?),
            None => None,
        };
        let Some(projects) = self.within(root) else {
            // `npm install --global` knows no project: what lies on top was asked for.
            let on_top = match store {
                Some(store) => tree
                    .get(&format!("{modules}{name}"))
                    .and_then(link_folders)
                    .is_some_and(|mut folders| folders.any(|folder| folder == store)),
                None => below == name,
            };
            return (base_name(root.trim_end_matches('/')) == "lib").then_some(on_top);
        };
        // What the projects that it holds ask for may lie on top as well.
        Some(match store {
            Some(store) => stored.holds(store, &projects),
            None => below == name && self.names.holds(name, &projects),
        })
    }
}

/// Words, each with the number of a project that it is said of; sorted.
struct Words<'l>(Vec<(&'l str, usize)>);

impl<'l> Words<'l> {
    fn new(mut words: Vec<(&'l str, usize)>) -> Self {
        words.sort_unstable();
        Self(words)
    }

    /// Whether a word is said of one of the projects.
    fn holds(&self, word: &str, projects: &Range<usize>) -> bool {
        let first = self.0.partition_point(|one| *one < (word, projects.start));
        let found = self.0.get(first);
        found.is_some_and(|(found, project)| *found == word && projects.contains(project))
    }
}

/// The longest link that there can be on a disk.
const LONGEST_LINK: usize = 4_095;

/// The folders that a link goes by.
fn link_folders<'l>(node: &Node<'l>) -> Option<std::str::Split<'l, char>> {
    match &node.fact.kind {
        FactKind::Symlink(target) if target.len() <= LONGEST_LINK => Some(target.split('/')),
        _ => None,
    }
}

/// The folder of a virtual store that a link leads to: what lies in a hidden folder, `.pnpm/a@1.0.0/…`.
fn stored_at<'l>(node: &Node<'l>) -> Option<&'l str> {
    let mut folders = link_folders(node)?;
    folders.find(|folder| folder.starts_with('.') && !matches!(*folder, "." | ".."))?;
    folders.next()
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

/// Counts bytes and files of every package: a file belongs to the innermost one it lies in.
fn measure(tree: &Tree<'_>, packages: &mut [Package]) {
    let folders: HashMap<String, usize> = packages
        .iter()
        .enumerate()
        .filter(|(_, package)| {
            package.kind == PackageKind::Npm && package_folder(folder(&package.path)).is_some()
        })
        .map(|(index, package)| (folder(&package.path).to_owned(), index))
        .collect();
    if folders.is_empty() {
        return;
    }
    let mut totals: HashMap<usize, (u64, u32)> = HashMap::new();
    // Paths come sorted, so that those of a folder come together.
    let mut last: (&str, Option<usize>) = ("", None);
    for (path, node) in tree.iter() {
        if !matches!(node.fact.kind, FactKind::File | FactKind::Hardlink(_)) {
            continue;
        }
        let place = folder(path);
        if place != last.0 {
            last = (place, innermost(place, &folders));
        }
        if let Some(index) = last.1 {
            let (size, files) = totals.entry(index).or_default();
            *size += node.fact.size;
            *files += 1;
        }
    }
    for (index, (size, files)) in totals {
        packages[index].size = Some(size);
        packages[index].files = Some(files);
    }
}

fn innermost(place: &str, folders: &HashMap<String, usize>) -> Option<usize> {
    if !place.contains("node_modules/") && !place.starts_with("usr/") {
        return None;
    }
    if let Some(index) = package_folder(place).and_then(|own| folders.get(own)) {
        return Some(*index);
    }
    let mut around = std::iter::once(place).chain(folders_above(place));
    around.find_map(|at| folders.get(at).copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::EntryFact;

    fn project(asks: &[String]) -> Project {
        Project {
            manifest: None,
            asks: asks.to_vec(),
            starts: Vec::new(),
        }
    }

    /// Projects that hold others, each with many wishes, and a virtual store in each.
    #[test]
    fn projects_may_be_nested() {
        const DEPTH: usize = 1_000;
        let names: Vec<String> = (0..500).map(|name| format!("p{name}")).collect();
        let roots: Vec<String> = (0..DEPTH).map(|depth| "a/".repeat(depth)).collect();
        let mut projects: Vec<Project> = roots.iter().map(|_| project(&names)).collect();
        projects[DEPTH - 1] = project(&["deep".to_owned()]);
        // It begins as another, and is not in it.
        let beside = project(&["beside".to_owned()]);
        let target = || FactKind::Symlink(".pnpm/real@1/node_modules/real".into());
        let links = roots
            .iter()
            .map(|root| EntryFact::stub(&format!("{root}node_modules/p0"), target()));
        let layers = [LayerRecord {
            entries: links.collect(),
            ..LayerRecord::default()
        }];
        let tree = Tree::build(&layers);
        let all = roots.iter().map(String::as_str).zip(&projects);
        let asks = Asks::new(all.chain([("a-b/", &beside)]).collect());
        let stored = LazyCell::new(|| asks.stored(&tree));
        let asked = |own: &str| asks.asked(&tree, &stored, own);
        for root in &roots {
            for (name, expected) in [
                ("z", Some(false)),
                ("deep", Some(true)),
                ("beside", Some(root.is_empty())),
                (".pnpm/other@1/node_modules/real", Some(false)),
            ] {
                assert_eq!(
                    asked(&format!("{root}node_modules/{name}")),
                    expected,
                    "{name} at {}",
                    root.len()
                );
            }
            let stored = format!("{root}node_modules/.pnpm/real@1/node_modules/real");
            let is_last = root.len() == 2 * (DEPTH - 1);
            assert_eq!(asked(&stored), Some(!is_last));
        }
        assert_eq!(asked("b/node_modules/z"), None);
    }
}
