//! Node: projects, who asked for a package, and what each takes.

use std::collections::{BTreeMap, HashMap, HashSet};

use plimsoll_model::{Package, PackageKind};

use super::super::brought_by;
use super::of_manifest;
use crate::catalogue::npm::{
    FIXTURES, Manifest, after_first_modules, is_project_at, package_folder,
};
use crate::catalogue::{Document, base_name, folder, folders_above};
use crate::record::{FactKind, LayerRecord};
use crate::tree::Tree;

/// Adds projects, and fills in who asked for what, sizes and numbers of files.
pub(super) fn complete(layers: &[LayerRecord], tree: &Tree<'_>, packages: &mut Vec<Package>) {
    let mut asks: Asks<'_> = BTreeMap::new();
    let mut linked = None;
    for (path, node, document) in tree.documents(layers) {
        let Document::NpmProject(project) = document else {
            continue;
        };
        // A link shares what another name says: in a cache it is no project.
        if !is_project_at(path) {
            continue;
        }
        asks.insert(
            folder(path),
            project.asks.iter().map(String::as_str).collect(),
        );
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
    let mut wanted = HashMap::new();
    for package in packages
        .iter_mut()
        .filter(|package| package.kind == PackageKind::Npm)
    {
        let own = folder(&package.path);
        if package_folder(own) == Some(own) {
            package.direct = asked(tree, &asks, &mut wanted, own);
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

/// What projects ask for, by the folder of each.
type Asks<'l> = BTreeMap<&'l str, Vec<&'l str>>;

/// What one project, and those it holds, ask for.
struct Wanted<'l> {
    names: HashSet<&'l str>,
    /// The folders of a virtual store that links of these names lead to. A link has the name of an
    /// alias, the package in the store its own.
    stored: HashSet<&'l str>,
}

/// Whether somebody asked for the package in the folder `own` by name. `wanted` keeps what all
/// projects at and below a folder ask for.
fn asked<'l>(
    tree: &Tree<'l>,
    asks: &Asks<'l>,
    wanted: &mut HashMap<String, Wanted<'l>>,
    own: &str,
) -> Option<bool> {
    let (modules, below) = own.split_at_checked(after_first_modules(own)?)?;
    // The name it goes by there, which is another than its own for an alias.
    let name = own.rsplit_once("node_modules/")?.1;
    let root = modules.strip_suffix("node_modules/")?.trim_end_matches('/');
    // A virtual store is reached by links.
    let store = match below.strip_prefix('.') {
        Some(_) => Some(below.split('/').nth(1)?),
        None => None,
    };
    if !asks.contains_key(root) {
        // `npm install --global` knows no project: what lies on top was asked for.
        let on_top = match store {
            Some(store) => stored_at(tree, &format!("{modules}{name}"))
                .is_some_and(|mut parts| parts.any(|part| part == store)),
            None => below == name,
        };
        return base_name(root).eq("lib").then_some(on_top);
    }
    if !wanted.contains_key(root) {
        // The project, and those it holds: what they ask for may lie on top as well.
        let asking = asks
            .range(root..)
            .take_while(|(place, _)| place.starts_with(root))
            .filter(|(place, _)| {
                root.is_empty() || matches!(place.as_bytes().get(root.len()), None | Some(b'/'))
            });
        let names: HashSet<&str> = asking
            .clone()
            .flat_map(|(_, names)| names.iter().copied())
            .collect();
        // The links of what a workspace asks for may lie in it.
        let own_links = asking.flat_map(|(place, names)| {
            let modules = join(place, "node_modules");
            names.iter().map(move |name| format!("{modules}/{name}"))
        });
        let stored = names
            .iter()
            .map(|name| format!("{modules}{name}"))
            .chain(own_links)
            .filter_map(|link| stored_at(tree, &link))
            .flatten()
            .collect();
        wanted.insert(root.to_owned(), Wanted { names, stored });
    }
    let wanted = wanted.get(root)?;
    Some(match store {
        Some(store) => wanted.stored.contains(store),
        None => below == name && wanted.names.contains(name),
    })
}

/// The folders that a link goes by; among them the one of the store.
fn stored_at<'l>(tree: &Tree<'l>, link: &str) -> Option<impl Iterator<Item = &'l str> + use<'l>> {
    match tree.get(link).map(|node| &node.fact.kind) {
        Some(FactKind::Symlink(target)) => Some(target.split('/')),
        _ => None,
    }
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
