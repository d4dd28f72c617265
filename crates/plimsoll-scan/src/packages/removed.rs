//! Packages of languages that a later layer removed: not installed, while their bytes still ship.

use std::collections::HashSet;

use plimsoll_model::{Package, PackageKind};

use super::hidden::Hidden;
use super::{Ownership, language, outer_path};
use crate::catalogue::Document;
use crate::record::LayerRecord;
use crate::tree::Tree;

/// What makes two packages one: kind, name, version and place.
type Identity<'p> = (PackageKind, &'p str, &'p str, &'p str);

fn identity(package: &Package) -> Identity<'_> {
    (package.kind, &package.name, &package.version, &package.path)
}

/// Packages whose proof lies in a layer and is not to be seen any more, nor any that proves the
/// same at its place; each from the lowest layer that has it.
pub(super) fn removed(
    layers: &[LayerRecord],
    tree: &Tree<'_>,
    hidden: &Hidden<'_>,
    installed: &[Package],
) -> Vec<Package> {
    let mut gone: Vec<Package> = Vec::new();
    for (layer, record) in layers.iter().enumerate() {
        for (path, document) in &record.documents {
            if tree.get(path).is_some_and(|node| node.layer == layer) {
                continue;
            }
            for package in language::described(path, document) {
                gone.push(Package {
                    layer,
                    removed_in: Some(removed_in(layers, hidden, path, layer, &package)),
                    ..package
                });
            }
        }
    }
    if gone.is_empty() {
        return gone;
    }
    let mut known: HashSet<Identity<'_>> = installed.iter().map(identity).collect();
    let first: Vec<bool> = gone
        .iter()
        .map(|package| known.insert(identity(package)))
        .collect();
    let mut first = first.into_iter();
    gone.retain(|_| first.next().unwrap_or(false));
    // A package that was owned goes with its owner, which is not installed any more either.
    let owners = Ownership::new(layers, tree, &[]);
    for package in &mut gone {
        package.owned_by = owners
            .owner(outer_path(&package.path))
            .map(|owner| owner.name.to_owned());
    }
    // An owner's programs tell its version in other words: that it is gone is told already.
    gone.retain(|package| package.owned_by.is_none() || package.kind != PackageKind::Generic);
    gone
}

/// The first layer above `layer` that hides the file and does not prove the package anew.
fn removed_in(
    layers: &[LayerRecord],
    hidden: &Hidden<'_>,
    path: &str,
    mut layer: usize,
    package: &Package,
) -> usize {
    loop {
        let above = hidden.hidden_in(path, layer);
        let proves = |document: &Document| {
            language::described(path, document)
                .iter()
                .any(|other| identity(other) == identity(package))
        };
        if above == layer || !layers[above].documents.get(path).is_some_and(proves) {
            return above;
        }
        layer = above;
    }
}
