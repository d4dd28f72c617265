//! Which packages are installed, which layer brought each, and who owns what.

use std::collections::{BTreeMap, HashMap, HashSet};

use packageurl::PackageUrl;
use plimsoll_model::{Distribution, Package, PackageKind, Skipped};

use crate::catalogue::{Document, dpkg, folder, npm, python, unread};
use crate::record::{FactKind, LayerRecord};
use crate::tree::{Node, Tree};

/// Every installed package, sorted by kind, name, version, path.
pub(crate) fn packages(
    layers: &[LayerRecord],
    tree: &Tree<'_>,
    distribution: Option<&Distribution>,
    skipped: &mut Vec<Skipped>,
) -> Vec<Package> {
    let mut packages = debian(layers, tree, distribution, skipped);
    let languages = from_languages(layers, tree);
    let owners = owners(layers, &languages);
    packages.extend(languages.into_iter().map(|mut package| {
        package.owned_by = owners
            .get(package.path.as_str())
            .map(|owner| (*owner).to_owned());
        package
    }));
    packages.sort_by(|a, b| {
        (a.kind, &a.name, &a.version, &a.path, &a.purl)
            .cmp(&(b.kind, &b.name, &b.version, &b.path, &b.purl))
    });
    packages
}

/// The document that is seen at `path`, and where it lies.
fn seen<'l, 't>(
    layers: &'l [LayerRecord],
    tree: &'t Tree<'l>,
    path: &str,
) -> Option<(&'l Document, &'t Node<'l>)> {
    let node = tree.get(path)?;
    let document = layers.get(node.layer)?.documents.get(path)?;
    Some((document, node))
}

/// The lowest layer from which on every version of the file at `path`, up to the one that is seen,
/// satisfies `same`: the layer that brought what the file tells. Later rewrites (a database that
/// grows, a `chmod -R`) change nothing about who brought it.
fn brought_by(
    layers: &[LayerRecord],
    node: &Node<'_>,
    path: &str,
    same: impl Fn(&Document) -> bool,
) -> usize {
    let mut lowest = node.layer;
    for layer in (node.since..node.layer).rev() {
        match layers[layer].documents.get(path) {
            None => {}
            Some(document) if same(document) => lowest = layer,
            Some(_) => break,
        }
    }
    lowest
}

fn debian(
    layers: &[LayerRecord],
    tree: &Tree<'_>,
    distribution: Option<&Distribution>,
    skipped: &mut Vec<Skipped>,
) -> Vec<Package> {
    let mut packages = Vec::new();
    let mut databases: Vec<&str> = layers
        .iter()
        .flat_map(|layer| &layer.documents)
        .filter(|(_, document)| matches!(document, Document::DpkgDatabase(_)))
        .map(|(path, _)| path.as_str())
        .collect();
    databases.sort_unstable();
    databases.dedup();
    for path in databases {
        let Some((Document::DpkgDatabase(records), node)) = seen(layers, tree, path) else {
            if path == dpkg::STATUS && tree.get(path).is_none() {
                skipped.push(Skipped {
                    what: path.to_owned(),
                    why: "a layer deletes the package database: the Debian packages of the layers below are there, but cannot be told; leave the database in the image".to_owned(),
                    blocking: true,
                });
            }
            continue;
        };
        // Which layers know a package, gathered once a database rather than once a package.
        let versions: Vec<(usize, HashSet<Identity<'_>>)> = (node.since..node.layer)
            .rev()
            .filter_map(|layer| match layers[layer].documents.get(path) {
                Some(Document::DpkgDatabase(records)) => {
                    Some((layer, records.iter().map(identity).collect()))
                }
                _ => None,
            })
            .collect();
        for record in records {
            let layer = versions
                .iter()
                .take_while(|(_, known)| known.contains(&identity(record)))
                .last()
                .map_or(node.layer, |(layer, _)| *layer);
            packages.push(Package {
                kind: PackageKind::Deb,
                name: record.name.clone(),
                version: record.version.clone(),
                purl: debian_purl(record, distribution),
                source: Some(record.source.clone()),
                license: copyright(layers, tree, &record.name),
                path: path.to_owned(),
                layer,
                size: record.size,
                owned_by: None,
            });
        }
    }
    packages
}

/// Name, version and architecture.
type Identity<'l> = (&'l str, &'l str, &'l str);

fn identity(record: &dpkg::Record) -> Identity<'_> {
    (&record.name, &record.version, &record.architecture)
}

fn copyright(layers: &[LayerRecord], tree: &Tree<'_>, package: &str) -> Option<String> {
    let (real, _) = tree.follow(&format!("usr/share/doc/{package}/copyright"))?;
    match seen(layers, tree, &real)?.0 {
        Document::DpkgCopyright(names) if !names.is_empty() => Some(names.join(", ")),
        _ => None,
    }
}

fn debian_purl(record: &dpkg::Record, distribution: Option<&Distribution>) -> String {
    let mut qualifiers = Vec::new();
    if !record.architecture.is_empty() {
        qualifiers.push(("arch", record.architecture.clone()));
    }
    if let Some(distribution) = distribution {
        qualifiers.push((
            "distro",
            match distribution.version.as_str() {
                "" => distribution.id.clone(),
                version => format!("{}-{version}", distribution.id),
            },
        ));
    }
    let namespace = distribution.map_or("debian", |distribution| distribution.id.as_str());
    purl(
        "deb",
        Some(namespace),
        &record.name,
        &record.version,
        &qualifiers,
    )
}

/// A package URL; parts the format cannot hold are left out rather than written wrong.
fn purl(
    kind: &'static str,
    namespace: Option<&str>,
    name: &str,
    version: &str,
    qualifiers: &[(&'static str, String)],
) -> String {
    let Ok(mut purl) = PackageUrl::new(kind, name.to_owned()) else {
        return String::new();
    };
    if let Some(namespace) = namespace {
        let _ = purl.with_namespace(namespace.to_owned());
    }
    let _ = purl.with_version(version.to_owned());
    for (key, value) in qualifiers {
        let _ = purl.add_qualifier(*key, value.clone());
    }
    purl.to_string()
}

/// Python distributions and Node packages.
fn from_languages(layers: &[LayerRecord], tree: &Tree<'_>) -> Vec<Package> {
    let mut packages = Vec::new();
    let mut npm_folders = Vec::new();
    for (path, node) in tree.iter() {
        let Some(document) = layers[node.layer].documents.get(path) else {
            continue;
        };
        match document {
            Document::Python(own) => {
                let size = match seen(layers, tree, &python::record_path(path)) {
                    Some((Document::PythonRecord(record), _)) => Some(record.size),
                    _ => None,
                };
                packages.push(Package {
                    kind: PackageKind::Python,
                    name: own.name.clone(),
                    version: own.version.clone(),
                    purl: purl(
                        "pypi",
                        None,
                        &python::normalise(&own.name),
                        &own.version,
                        &[],
                    ),
                    source: None,
                    license: own.license.clone(),
                    path: path.to_owned(),
                    layer: brought_by(layers, node, path, |other| {
                        matches!(other, Document::Python(other)
                            if other.name == own.name && other.version == own.version)
                    }),
                    size,
                    owned_by: None,
                });
            }
            Document::Npm(own) => {
                let (scope, name) = match own.name.split_once('/') {
                    Some((scope, name)) => (Some(scope), name),
                    None => (None, own.name.as_str()),
                };
                npm_folders.push((folder(path).to_owned(), packages.len()));
                packages.push(Package {
                    kind: PackageKind::Npm,
                    name: own.name.clone(),
                    version: own.version.clone(),
                    purl: purl("npm", scope, name, &own.version, &[]),
                    source: None,
                    license: own.license.clone(),
                    path: path.to_owned(),
                    layer: brought_by(layers, node, path, |other| {
                        matches!(other, Document::Npm(other)
                            if other.name == own.name && other.version == own.version)
                    }),
                    size: Some(0),
                    owned_by: None,
                });
            }
            _ => {}
        }
    }
    let npm: HashMap<String, usize> = npm_folders.into_iter().collect();
    if !npm.is_empty() {
        for (path, node) in tree.iter().filter(|(_, node)| node.fact.size > 0) {
            // A file counts for the innermost package it lies in.
            if let Some(index) = innermost(path, &npm)
                && let Some(size) = &mut packages[index].size
            {
                *size += node.fact.size;
            }
        }
    }
    packages
}

fn innermost(path: &str, folders: &HashMap<String, usize>) -> Option<usize> {
    if !path.contains("node_modules/") {
        return None;
    }
    if let Some(index) = npm::package_folder(path).and_then(|own| folders.get(own)) {
        return Some(*index);
    }
    let mut at = folder(path);
    while !at.is_empty() {
        if let Some(index) = folders.get(at) {
            return Some(*index);
        }
        at = folder(at);
    }
    None
}

/// For each of `packages` that a Debian package owns, which.
fn owners<'l>(layers: &'l [LayerRecord], packages: &[Package]) -> HashMap<String, &'l str> {
    let wanted: HashMap<&str, &str> = packages
        .iter()
        .flat_map(|package| {
            let path = package.path.as_str();
            // An egg-info folder's or dist-info folder's files are listed one by one.
            [(dpkg::without_usr(path), path)]
        })
        .collect();
    let mut owners = HashMap::new();
    for (info, paths) in lists(layers) {
        let owner = dpkg::info_package(info);
        for path in paths {
            if let Some(path) = wanted.get(dpkg::without_usr(path)) {
                owners.insert((*path).to_owned(), owner);
            }
        }
    }
    owners
}

/// Every ownership list in its newest version, whether or not a later layer deleted it: deleting
/// dpkg's notes changes nothing about who installed a file.
fn lists(layers: &[LayerRecord]) -> impl Iterator<Item = (&str, Vec<&str>)> {
    let mut newest: BTreeMap<&str, &Document> = BTreeMap::new();
    for layer in layers {
        for (path, document) in &layer.documents {
            if matches!(document, Document::DpkgList(_) | Document::DpkgSums(_)) {
                newest.insert(path, document);
            }
        }
    }
    newest.into_iter().map(|(path, document)| {
        let paths = match document {
            Document::DpkgList(list) => dpkg::listed_paths(list).collect(),
            Document::DpkgSums(sums) => dpkg::listed_sums(sums).map(|(_, path)| path).collect(),
            _ => Vec::new(),
        };
        (path, paths)
    })
}

/// Says which package stores lie in the image unread. What a Debian package owns is known by that
/// package.
pub(crate) fn unread_stores(layers: &[LayerRecord], tree: &Tree<'_>) -> Vec<Skipped> {
    let mut found: Vec<(usize, &str)> = Vec::new();
    for (path, node) in tree.iter() {
        if !matches!(node.fact.kind, FactKind::File | FactKind::Hardlink(_)) {
            continue;
        }
        if let Some(store) = unread::STORES.iter().position(|store| (store.claims)(path)) {
            found.push((store, path));
        }
    }
    if found.is_empty() {
        return Vec::new();
    }
    let wanted: HashSet<&str> = found
        .iter()
        .map(|(_, path)| dpkg::without_usr(path))
        .collect();
    let owned: HashSet<&str> = lists(layers)
        .flat_map(|(_, paths)| paths)
        .map(dpkg::without_usr)
        .filter(|path| wanted.contains(path))
        .collect();
    found.retain(|(_, path)| !owned.contains(dpkg::without_usr(path)));
    unread::STORES
        .iter()
        .enumerate()
        .filter_map(|(index, store)| {
            let mut paths = found
                .iter()
                .filter(|(store, _)| *store == index)
                .map(|(_, path)| *path);
            let first = paths.next()?;
            let what = match paths.count() {
                0 => first.to_owned(),
                more => format!("{first} and {more} more"),
            };
            Some(Skipped {
                what,
                why: format!(
                    "{} are recognised but not read yet: they are missing from the inventory",
                    store.holds
                ),
                blocking: store.blocking,
            })
        })
        .collect()
}

/// The files dpkg's own sums prove to be as their package brought them, or nothing is known of.
pub(crate) struct Published<'l> {
    sums: HashMap<&'l str, &'l str>,
    python: BTreeMap<String, &'l str>,
}

impl<'l> Published<'l> {
    /// Gathers the sums of `paths` that packages tell.
    pub(crate) fn new(layers: &'l [LayerRecord], paths: &[&str]) -> Self {
        let wanted: HashSet<&str> = paths.iter().map(|path| dpkg::without_usr(path)).collect();
        let mut published = Self {
            sums: HashMap::new(),
            python: BTreeMap::new(),
        };
        for layer in layers {
            for (info, document) in &layer.documents {
                match document {
                    Document::DpkgSums(sums) => {
                        for (sum, path) in dpkg::listed_sums(sums) {
                            let path = dpkg::without_usr(path);
                            if wanted.contains(path) {
                                published.sums.insert(path, sum);
                            }
                        }
                    }
                    Document::PythonRecord(record) => {
                        let site = folder(folder(info));
                        for (path, sum) in &record.sums {
                            let path = if site.is_empty() {
                                path.clone()
                            } else {
                                format!("{site}/{path}")
                            };
                            if wanted.contains(dpkg::without_usr(&path)) {
                                published.python.insert(path, sum);
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        published
    }

    /// Whether a file with these sums is byte for byte what a package brought.
    pub(crate) fn holds(&self, path: &str, sums: &crate::secret::FileSums) -> bool {
        self.sums
            .get(dpkg::without_usr(path))
            .is_some_and(|sum| *sum == sums.md5)
            || self.python.get(path).is_some_and(|sum| *sum == sums.sha256)
    }
}
