//! Packages of languages that a later layer removed: not installed, while their bytes still ship.

use std::collections::{BTreeMap, HashSet};

use plimsoll_model::{Package, PackageKind};

use super::{Ownership, language, outer_path};
use crate::catalogue::Document;
use crate::hidden::Hidden;
use crate::record::LayerRecord;
use crate::tree::Tree;

/// What makes two packages one: kind, name, version and place.
type Identity<'p> = (PackageKind, &'p str, &'p str, &'p str);

/// Each content that a file had, with its layer, lowest first.
type Versions<'l> = Vec<(usize, &'l Document)>;

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
    for (path, versions) in hidden_versions(layers, tree) {
        let seen = tree.get(path).map(|node| node.layer);
        follow(hidden, path, &versions, seen, &mut gone);
    }
    if gone.is_empty() {
        return gone;
    }
    // Of what came and went more than once the first time counts.
    gone.sort_by_key(|package| package.layer);
    retain_first(&mut gone, installed);
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

/// The files of which a content is not to be seen any more, with all that they had.
fn hidden_versions<'l>(
    layers: &'l [LayerRecord],
    tree: &Tree<'_>,
) -> BTreeMap<&'l str, Versions<'l>> {
    let all = || {
        let layers = layers.iter().enumerate();
        layers.flat_map(|(layer, record)| {
            let documents = record.documents.iter();
            documents.map(move |(path, document)| (layer, path.as_str(), document))
        })
    };
    let is_hidden =
        |layer: usize, path: &str| tree.get(path).is_none_or(|node| node.layer != layer);
    let mut versions: BTreeMap<&str, Versions<'_>> = all()
        .filter(|(layer, path, _)| is_hidden(*layer, path))
        .map(|(_, path, _)| (path, Vec::new()))
        .collect();
    for (layer, path, document) in all() {
        if let Some(versions) = versions.get_mut(path) {
            versions.push((layer, document));
        }
    }
    versions
}

/// Goes through the contents of a file, and adds to `gone` what one proves and the next does not. All
/// that it proves goes where a layer hides it and puts nothing in its place.
fn follow(
    hidden: &Hidden<'_>,
    path: &str,
    versions: &[(usize, &Document)],
    seen: Option<usize>,
    gone: &mut Vec<Package>,
) {
    // What is proven, each with the layer since which it is.
    let mut present: Vec<Package> = Vec::new();
    let mut before = None;
    for (at, (layer, document)) in versions.iter().enumerate() {
        // A rewritten file tells nothing new.
        if before != Some(*document) {
            let newer = language::described(path, document);
            let proven: HashSet<Identity<'_>> = newer.iter().map(identity).collect();
            let went = present.extract_if(.., |package| !proven.contains(&identity(package)));
            gone.extend(went.map(|package| Package {
                removed_in: Some(*layer),
                ..package
            }));
            let mut came: Vec<Package> = newer
                .into_iter()
                .map(|package| Package {
                    layer: *layer,
                    ..package
                })
                .collect();
            retain_first(&mut came, &present);
            present.append(&mut came);
        }
        before = Some(*document);
        let hider = hidden.hidden_in(path, *layer);
        let is_followed = match versions.get(at + 1) {
            Some((next, _)) => hider == *layer || *next <= hider,
            None => seen == Some(*layer),
        };
        if !is_followed {
            gone.extend(present.drain(..).map(|package| Package {
                removed_in: Some(hider),
                ..package
            }));
            before = None;
        }
    }
}

/// Keeps of `packages` the first of each that is not among `known`.
fn retain_first(packages: &mut Vec<Package>, known: &[Package]) {
    let mut known: HashSet<Identity<'_>> = known.iter().map(identity).collect();
    let first: Vec<bool> = packages
        .iter()
        .map(|package| known.insert(identity(package)))
        .collect();
    let mut first = first.into_iter();
    packages.retain(|_| first.next().unwrap_or(false));
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Evidence;
    use proptest::prelude::*;

    use super::*;
    use crate::catalogue::Proven;
    use crate::record::{EntryFact, FactKind};

    fn list(names: impl IntoIterator<Item = String>) -> Document {
        let proven = |name| Proven {
            kind: PackageKind::Composer,
            namespace: None,
            name,
            version: "1".to_owned(),
            qualifiers: Vec::new(),
            license: None,
            evidence: Evidence::Metadata,
            direct: None,
            requires: Vec::new(),
            inner: None,
        };
        Document::Packages(names.into_iter().map(proven).collect())
    }

    /// A layer with a file that lists packages, or that deletes it, or with nothing of it.
    fn layer(version: Option<Option<Document>>) -> LayerRecord {
        let mut record = LayerRecord::default();
        if let Some(document) = version {
            let kind = match document {
                Some(_) => FactKind::File,
                None => FactKind::Whiteout,
            };
            record.entries = vec![EntryFact::stub("list", kind)];
            let documents = document.into_iter();
            record.documents = documents.map(|one| ("list".to_owned(), one)).collect();
        }
        record
    }

    fn gone(layers: &[LayerRecord]) -> Vec<(String, usize, Option<usize>)> {
        let tree = Tree::build(layers);
        let hidden = Hidden::new(layers);
        let mut gone: Vec<_> = removed(layers, &tree, &hidden, &[])
            .into_iter()
            .map(|package| (package.name, package.layer, package.removed_in))
            .collect();
        gone.sort_unstable();
        gone
    }

    /// The same, package by package: where it was first proven, and where then no more.
    fn plainly(versions: &[Option<Option<Vec<u8>>>]) -> Vec<(String, usize, Option<usize>)> {
        let of = |name: u8| {
            let mut since = None;
            for (layer, version) in versions.iter().enumerate() {
                let Some(version) = version else { continue };
                let is_in = version.as_ref().is_some_and(|names| names.contains(&name));
                match (since, is_in) {
                    (None, true) => since = Some(layer),
                    (Some(since), false) => return Some((format!("p{name}"), since, Some(layer))),
                    _ => {}
                }
            }
            None
        };
        (0..4).filter_map(of).collect()
    }

    proptest! {
        #[test]
        fn each_is_followed_to_where_it_is_no_more(
            versions in proptest::collection::vec(
                proptest::option::of(proptest::option::of(
                    proptest::collection::vec(0_u8..4, 0..5)
                )),
                0..7,
            ),
        ) {
            let layers: Vec<LayerRecord> = versions
                .iter()
                .map(|version| layer(version.as_ref().map(|names| {
                    let names = names.as_ref();
                    names.map(|names| list(names.iter().map(|name| format!("p{name}"))))
                })))
                .collect();
            prop_assert_eq!(gone(&layers), plainly(&versions));
        }
    }

    /// Work does not grow with each content times those above it.
    #[test]
    fn a_list_may_change_in_every_layer() {
        let names = |layer: usize| {
            let own = std::iter::once(format!("own{layer}"));
            own.chain((0..200).map(|name| format!("p{name}")))
        };
        let layers: Vec<LayerRecord> = (0..1_000)
            .map(|number| layer(Some(Some(list(names(number))))))
            .collect();
        let gone = gone(&layers);
        assert_eq!(gone.len(), 999);
        for (name, layer, removed_in) in gone {
            assert_eq!(name, format!("own{layer}"));
            assert_eq!(removed_in, Some(layer + 1));
        }
    }
}
