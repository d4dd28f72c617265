//! Which packages are installed, which layer brought each, and who owns what.

mod dpkg;
mod language;
mod ownership;
mod unread;

pub(crate) use ownership::Published;
pub(crate) use unread::unread_stores;

use packageurl::PackageUrl;
use plimsoll_model::{Distribution, Package, Skipped};

use crate::catalogue::Document;
use crate::record::LayerRecord;
use crate::tree::{Node, Tree};

/// Every installed package, sorted by kind, name, version, path.
pub(crate) fn packages(
    layers: &[LayerRecord],
    tree: &Tree<'_>,
    distribution: Option<&Distribution>,
    skipped: &mut Vec<Skipped>,
) -> Vec<Package> {
    let mut packages = dpkg::installed(layers, tree, distribution, skipped);
    let languages = language::installed(layers, tree);
    let owners = ownership::owners(layers, &languages);
    packages.extend(languages.into_iter().map(|mut package| {
        let path = package.path.as_str();
        package.owned_by = owners
            .get(path.split_once('!').map_or(path, |(outer, _)| outer))
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

/// A package URL; parts the format cannot hold are left out rather than written wrong.
fn purl(
    kind: &'static str,
    namespace: Option<&str>,
    name: &str,
    version: &str,
    qualifiers: &[(String, String)],
) -> String {
    let Ok(mut purl) = PackageUrl::new(kind, name.to_owned()) else {
        return String::new();
    };
    if let Some(namespace) = namespace {
        let _ = purl.with_namespace(namespace.to_owned());
    }
    let _ = purl.with_version(version.to_owned());
    for (key, value) in qualifiers {
        let _ = purl.add_qualifier(key.clone(), value.clone());
    }
    purl.to_string()
}
