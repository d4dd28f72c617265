//! Packages of languages that a later layer removed: not installed, while their bytes still ship.

use std::collections::HashSet;

use plimsoll_model::{Package, PackageKind};

use super::{Ownership, language, outer_path};
use crate::catalogue::Document;
use crate::hidden::Hidden;
use crate::record::LayerRecord;
use crate::tree::Tree;

/// What makes two packages one: kind, name, version and place.
type Identity<'p> = (PackageKind, &'p str, &'p str, &'p str);

/// Earlier contents that one of a file is compared with.
const COMPARED: usize = 16;

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
            // A rewritten file tells nothing new. What was compared with too few is told twice, and
            // of what is told twice the first counts.
            let below = layers[..layer].iter().rev();
            let mut below = below.filter_map(|record| record.documents.get(path));
            if below.by_ref().take(COMPARED).any(|one| one == document) {
                continue;
            }
            follow(layers, hidden, path, layer, document, &mut gone);
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
            .and_then(|owner| owner.of_distribution().map(str::to_owned));
    }
    // An owner's programs tell its version in other words: that it is gone is told already.
    gone.retain(|package| !super::is_guess_of_owned(package));
    gone.retain(|package| {
        package.kind != PackageKind::Generic || owners.owner(outer_path(&package.path)).is_none()
    });
    gone
}

/// Follows what `document` proves from layer to layer, up to the first that hides the file and does
/// not prove it anew.
fn follow(
    layers: &[LayerRecord],
    hidden: &Hidden<'_>,
    path: &str,
    layer: usize,
    document: &Document,
    gone: &mut Vec<Package>,
) {
    let mut left = language::described(path, document);
    let mut at = layer;
    while !left.is_empty() {
        let above = hidden.hidden_in(path, at);
        if above == at && at != layer {
            // The version that is seen proves the rest.
            return;
        }
        let newer = layers[above].documents.get(path).filter(|_| above != at);
        if newer == Some(document) {
            at = above;
            continue;
        }
        let newer = newer.map(|newer| language::described(path, newer));
        let proven: HashSet<Identity<'_>> = newer.iter().flatten().map(identity).collect();
        let (stay, go) = left
            .into_iter()
            .partition(|package| proven.contains(&identity(package)));
        let go: Vec<Package> = go;
        gone.extend(go.into_iter().map(|package| Package {
            layer,
            removed_in: Some(above),
            ..package
        }));
        left = stay;
        at = above;
    }
}
