//! Python: what the files beside a distribution's metadata add to it.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::{BTreeSet, HashMap, HashSet};

use plimsoll_model::{Package, PackageKind, Skipped, Topic};

use super::super::{purl as package_url, seen};
use crate::catalogue::cached::in_cache;
use crate::catalogue::{Document, base_name, folder, folders_above, python};
use crate::record::LayerRecord;
use crate::tree::Tree;

pub(super) fn purl(own: &python::Distribution, qualifiers: &[(String, String)]) -> String {
    package_url(
        "pypi",
        None,
        &python::normalise(&own.name),
        &own.version,
        qualifiers,
    )
}

/// Fills in size, files, origin and who asked; drops what is no installation.
pub(super) fn complete(
    layers: &[LayerRecord],
    tree: &Tree<'_>,
    packages: &mut Vec<Package>,
    skipped: &mut Vec<Skipped>,
) {
    let libraries = LazyCell::new(|| libraries(tree));
    packages.retain(|package| {
        package.kind != PackageKind::Python
            || (is_installation(package, skipped)
                && (!python::is_list_of_carried(&package.path)
                    || is_carried(tree, &libraries, package, skipped)))
    });
    let searched: HashSet<(Cow<'_, str>, &str)> = packages
        .iter()
        .filter(|package| package.kind == PackageKind::Python && is_searched(&package.path))
        .map(|package| (python::normalise(&package.name), package.version.as_str()))
        .collect();
    // A build in place leaves metadata in the source folder; the installation has its own.
    let leftovers: HashSet<String> = packages
        .iter()
        .filter(|package| {
            package.kind == PackageKind::Python
                && folder(&package.path).ends_with(".egg-info")
                && !is_searched(&package.path)
                && searched.contains(&(python::normalise(&package.name), &package.version))
        })
        .map(|package| package.path.clone())
        .collect();
    packages.retain(|package| !leftovers.contains(&package.path));
    // Whether anything in a folder is marked as asked for: an old pip marks nothing.
    let mut marks: HashMap<String, bool> = HashMap::new();
    for package in packages
        .iter_mut()
        .filter(|package| package.kind == PackageKind::Python)
    {
        let info = folder(&package.path).to_owned();
        if !info.ends_with(".dist-info") {
            continue;
        }
        let beside = |name: &str| seen(layers, tree, &format!("{info}/{name}"));
        if let Some((Document::PythonRecord(record), _)) = beside("RECORD") {
            package.size = Some(record.size);
            package.files = Some(record.files);
        }
        let installer = match beside("INSTALLER") {
            Some((Document::PythonInstaller(name), _)) => Some(&**name),
            _ => None,
        };
        match beside("direct_url.json") {
            // What conda publishes was installed from a folder where it was built.
            Some((Document::PythonOrigin(qualifiers), _))
                if qualifiers.is_empty() && installer != Some("conda") =>
            {
                // Nobody published it. The search of a layer cannot know: the code comes first.
                skipped.push(Skipped::new(
                    Topic::Secrets,
                    info.clone(),
                    "it was installed from a folder or with a password, so its code may be \
                          your own; it was searched for secrets as published packages are: known \
                          tokens and keys are found, passwords by the names of variables are not. \
                          Look at its sources: plimsoll inspect rootfs:FOLDER",
                ));
            }
            Some((Document::PythonOrigin(qualifiers), _)) if !qualifiers.is_empty() => {
                if let Some((Document::Python(own), _)) = seen(layers, tree, &package.path) {
                    package.purl = purl(own, qualifiers);
                }
            }
            _ => {}
        }
        let requested = tree.get(&format!("{info}/REQUESTED")).is_some();
        let site = folder(&info).to_owned();
        *marks.entry(site).or_default() |= requested;
        package.direct = (installer == Some("pip")).then_some(requested);
    }
    for package in packages
        .iter_mut()
        .filter(|package| package.kind == PackageKind::Python && package.direct == Some(false))
    {
        if marks.get(folder(folder(&package.path))) != Some(&true) {
            package.direct = None;
        }
    }
}

/// Whether interpreters look for packages in the folder.
fn is_searched(path: &str) -> bool {
    path.contains("site-packages/") || path.contains("dist-packages/")
}

fn is_installation(package: &Package, skipped: &mut Vec<Skipped>) -> bool {
    let info = match base_name(&package.path) {
        "METADATA" | "PKG-INFO" => base_name(folder(&package.path)),
        name => name,
    };
    // pip moves what it is about to remove aside under such a name.
    if info.starts_with('~') {
        skipped.push(Skipped::new(
            Topic::Packages,
            package.path.clone(),
            "it is what an interrupted uninstallation left behind; delete the folder",
        ));
        return false;
    }
    // The interpreter describes itself that way; it is no package.
    !(package.name == "Python" && package.path.ends_with(".egg-info"))
}

/// Whether what a list of carried distributions names lies beside the list. pip's own names
/// setuptools, of which it carries `pkg_resources` alone: what is wrong with the rest is not there.
fn is_carried(
    tree: &Tree<'_>,
    libraries: &[&str],
    package: &Package,
    skipped: &mut Vec<Skipped>,
) -> bool {
    let beside = folder(&package.path);
    let lies = |module: &str| {
        let path = format!("{beside}/{module}");
        tree.get(&path).is_some()
            || tree.below(&path).next().is_some()
            || is_module(tree, libraries, &path)
    };
    if python::modules(&package.name)
        .iter()
        .any(|module| lies(module))
    {
        return true;
    }
    if !(python::normalise(&package.name) == "setuptools" && lies("pkg_resources")) {
        skipped.push(Skipped::new(
            Topic::Packages,
            package.path.clone(),
            format!(
                "it names {} {}, and nothing of that name lies beside it",
                package.name, package.version
            ),
        ));
    }
    false
}

/// Whether a module lies at a path behind which only its ending is missing: a source, what it is compiled
/// to, or a library, whose ending says for which interpreter: `.cpython-312-x86_64-linux-gnu.so`.
fn is_module(tree: &Tree<'_>, libraries: &[&str], path: &str) -> bool {
    let source = format!("{path}.py");
    if tree.get(&source).is_some() || tree.get(&format!("{source}c")).is_some() {
        return true;
    }
    let start = format!("{path}.");
    let first = libraries.partition_point(|library| **library < *start);
    libraries
        .get(first)
        .is_some_and(|library| library.starts_with(&start))
}

/// All files that are called as compiled modules are, sorted.
fn libraries<'l>(tree: &Tree<'l>) -> Vec<&'l str> {
    let paths = tree.iter().map(|(path, _)| path);
    paths
        .filter(|path| path.ends_with(".so") || path.ends_with(".pyd"))
        .collect()
}

/// Takes those out of `gone` of which a later layer deleted the metadata alone: interpreters import their
/// code as before. What that layer wrote itself may be another distribution's.
pub(in super::super) fn stripped(
    layers: &[LayerRecord],
    tree: &Tree<'_>,
    gone: &mut Vec<Package>,
) -> Vec<Package> {
    // Modules of each that are still there, of those that there were.
    let mut found = vec![0_usize; gone.len()];
    let mut modules = vec![0_usize; gone.len()];
    // What each lists, by the folder it is installed in.
    let mut listed: HashMap<&str, HashMap<[u8; 6], Vec<usize>>> = HashMap::new();
    for (index, package) in gone.iter().enumerate() {
        if let Some((site, record)) = record_of(layers, package) {
            let listed = listed.entry(site).or_default();
            modules[index] = record.modules;
            for (path, _) in &record.code {
                listed.entry(*path).or_default().push(index);
            }
        }
    }
    if listed.is_empty() {
        return Vec::new();
    }
    for (path, node) in tree.iter().filter(|(path, _)| python::is_module(path)) {
        for site in folders_above(path).chain([""]) {
            let Some(listed) = listed.get(site) else {
                continue;
            };
            let inside = path[site.len()..].trim_start_matches('/');
            let named = python::short_path(inside).and_then(|path| listed.get(&path));
            for index in named.into_iter().flatten() {
                let removed_in = gone[*index].removed_in;
                found[*index] += usize::from(removed_in.is_some_and(|last| node.layer < last));
            }
        }
    }
    // A few are what others list as well, or what was left lying.
    let mut stays = found
        .iter()
        .zip(modules)
        .map(|(found, all)| found * 2 > all);
    let mut stripped: Vec<Package> = gone
        .extract_if(.., |_| stays.next().unwrap_or(false))
        .collect();
    for package in &mut stripped {
        if let Some((_, record)) = record_of(layers, package) {
            package.size = Some(record.size);
            package.files = Some(record.files);
        }
        package.removed_in = None;
    }
    stripped
}

/// What a distribution that is gone listed last, and the folder it was installed in.
fn record_of<'l, 'p>(
    layers: &'l [LayerRecord],
    package: &'p Package,
) -> Option<(&'p str, &'l python::Record)> {
    let info = folder(&package.path);
    if package.kind != PackageKind::Python || !info.ends_with(".dist-info") {
        return None;
    }
    let path = format!("{info}/RECORD");
    let had_it = layers.get(package.layer..package.removed_in?)?.iter().rev();
    let mut records = had_it.filter_map(|layer| layer.documents.get(&path));
    match records.next()? {
        Document::PythonRecord(record) => Some((folder(info), record)),
        _ => None,
    }
}

/// Which distributions have a list of files and nothing that names them, nor `told` packages that they are or
/// were.
pub(in super::super) fn nameless<'p>(
    layers: &[LayerRecord],
    tree: &Tree<'_>,
    told: impl Iterator<Item = &'p Package>,
) -> Vec<Skipped> {
    let known: HashMap<&str, Option<usize>> = told
        .map(|package| (package.path.as_str(), package.removed_in))
        .collect();
    // A list that was written when the package was gone is of another one.
    let is_told = |metadata: &str, layer: usize| {
        let removed_in = known.get(metadata);
        removed_in.is_some_and(|removed_in| removed_in.is_none_or(|above| layer < above))
    };
    layers
        .iter()
        .flat_map(|layer| &layer.documents)
        .filter(|(_, document)| matches!(document, Document::PythonRecord(_)))
        .filter_map(|(path, _)| Some((path, tree.get(path)?)))
        .filter(|(path, node)| {
            let metadata = format!("{}/METADATA", folder(path));
            !in_cache(path)
                && tree.get(&metadata).is_none()
                && !is_told(&metadata, node.layer)
                && layers[node.layer].documents.contains_key(*path)
        })
        .map(|(path, _)| folder(path))
        .collect::<BTreeSet<&str>>()
        .into_iter()
        .map(|info| {
            Skipped::new(
                Topic::Packages,
                info,
                "it has no METADATA: which distribution is installed there cannot be told",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{EntryFact, FactKind};

    /// No line of a list looks through all that begins so.
    #[test]
    fn many_files_may_begin_as_a_module() {
        let paths = (0..100_000).map(|number| format!("v/foo.x{number:06}"));
        let entries = paths.chain(["v/bar.cpython-312-x86_64-linux-gnu.so".to_owned()]);
        let layers = [LayerRecord {
            entries: entries
                .map(|path| EntryFact::stub(&path, FactKind::File))
                .collect(),
            ..LayerRecord::default()
        }];
        let tree = Tree::build(&layers);
        let libraries = libraries(&tree);
        for _ in 0..50_000 {
            assert!(!is_module(&tree, &libraries, "v/foo"));
            assert!(is_module(&tree, &libraries, "v/bar"));
        }
    }
}
