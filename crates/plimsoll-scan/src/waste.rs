//! What an image wastes: bytes that ship and that nobody sees, and bytes that lie there twice.
//!
//! The measure is what a pull carries and a container cannot read. dive counts otherwise in places
//! (filetree/efficiency.go): of a file that several layers write, every copy, the one that is seen
//! too; of a folder deleted as a whole, nothing; of opaque folders and of files under a folder that
//! became a file, nothing; of a hard link's bytes, everything with the first name that goes.

use std::collections::HashMap;

use plimsoll_model::{Waste, WasteKind, WastedPath};

use crate::record::{EntryFact, FactKind, LayerRecord};
use crate::tree::{Loss, Tree};

/// Paths named, of each of both: those wasted, and those that lie there twice.
const NAMED_PATHS: usize = 100;

/// Further places of a duplicate that are named.
const NAMED_COPIES: usize = 5;

/// What one layer adds to the image and wastes of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LayerBytes {
    /// Bytes of its files.
    pub(crate) files: u64,
    /// Bytes it deletes or writes again.
    pub(crate) wastes: u64,
    /// Bytes of its own that nobody sees.
    pub(crate) hidden: u64,
}

/// Measures the waste, but for what could be done about it; each layer's part of it beside, in
/// their order.
pub(crate) fn measure(
    records: &[LayerRecord],
    tree: &Tree<'_>,
    duplicates: &[Copies<'_>],
) -> (Waste, Vec<LayerBytes>) {
    let mut layers: Vec<LayerBytes> = records
        .iter()
        .map(|record| LayerBytes {
            files: files(record).fold(0, |sum, fact| sum.saturating_add(fact.size)),
            ..LayerBytes::default()
        })
        .collect();
    let mut waste = Waste {
        total: layers
            .iter()
            .fold(0, |sum, layer| sum.saturating_add(layer.files)),
        ..Waste::default()
    };
    for loss in tree.losses() {
        let bytes = loss.fact.size;
        add(&mut waste.wasted, bytes);
        add(
            match kind(loss) {
                WasteKind::Deleted => &mut waste.deleted,
                WasteKind::Overwritten => &mut waste.overwritten,
                WasteKind::Rewritten | WasteKind::Duplicated => &mut waste.rewritten,
            },
            bytes,
        );
        if let Some(layer) = layers.get_mut(loss.by) {
            add(&mut layer.wastes, bytes);
        }
        if let Some(layer) = layers.get_mut(loss.layer) {
            add(&mut layer.hidden, bytes);
        }
    }
    waste.efficiency = efficiency(waste.total, waste.wasted);
    waste.paths = offenders(tree);
    waste.duplicated = duplicates
        .iter()
        .fold(0, |sum, copies| sum.saturating_add(copies.bytes()));
    waste.paths.extend(
        duplicates
            .iter()
            .take(NAMED_PATHS)
            .map(|copies| copies.named()),
    );
    waste.paths.sort_by(|a, b| {
        (std::cmp::Reverse(a.bytes), &a.path, a.kind).cmp(&(
            std::cmp::Reverse(b.bytes),
            &b.path,
            b.kind,
        ))
    });
    (waste, layers)
}

fn files(record: &LayerRecord) -> impl Iterator<Item = &EntryFact> {
    record
        .entries
        .iter()
        .filter(|fact| fact.kind == FactKind::File)
}

fn add(sum: &mut u64, bytes: u64) {
    *sum = sum.saturating_add(bytes);
}

/// Millionths of `total` that are not wasted, rounded down: an image that wastes anything does not
/// reach the whole.
fn efficiency(total: u64, wasted: u64) -> u32 {
    const WHOLE: u32 = 1_000_000;
    if total == 0 {
        return WHOLE;
    }
    let kept = u128::from(total.saturating_sub(wasted)) * u128::from(WHOLE) / u128::from(total);
    u32::try_from(kept).unwrap_or(WHOLE)
}

/// Why these bytes are wasted.
pub(crate) fn kind(loss: &Loss<'_>) -> WasteKind {
    match loss.successor {
        None => WasteKind::Deleted,
        Some(successor) if same_content(loss.fact, successor) => WasteKind::Rewritten,
        Some(_) => WasteKind::Overwritten,
    }
}

fn same_content(a: &EntryFact, b: &EntryFact) -> bool {
    (a.size, a.content) == (b.size, b.content)
}

/// The paths that waste most, not sorted.
fn offenders(tree: &Tree<'_>) -> Vec<WastedPath> {
    let mut losses: Vec<&Loss<'_>> = tree.losses().iter().collect();
    // Stable: the losses of a path stay in the order of the layers.
    losses.sort_by_key(|loss| &*loss.fact.path);
    let mut paths: Vec<&[&Loss<'_>]> = losses.chunk_by(|a, b| a.fact.path == b.fact.path).collect();
    keep_largest(&mut paths, |losses| {
        losses
            .iter()
            .fold(0, |sum, loss| sum.saturating_add(loss.fact.size))
    });
    paths
        .into_iter()
        .filter_map(|losses| {
            let largest = losses.iter().max_by_key(|loss| loss.fact.size)?;
            let mut layers: Vec<usize> = losses.iter().map(|loss| loss.layer).collect();
            layers.sort_unstable();
            layers.dedup();
            Some(WastedPath {
                path: largest.fact.path.to_string(),
                kind: kind(largest),
                bytes: losses
                    .iter()
                    .fold(0, |sum, loss| sum.saturating_add(loss.fact.size)),
                layers,
                by: losses.iter().map(|loss| loss.by).max(),
                also_at: Vec::new(),
                left_out: 0,
            })
        })
        .collect()
}

/// Files of the final tree with the same content, two or more.
pub(crate) struct Copies<'a>(Vec<(usize, &'a EntryFact)>);

impl<'a> Copies<'a> {
    /// Bytes of all of them but one.
    pub(crate) fn bytes(&self) -> u64 {
        self.0
            .iter()
            .skip(1)
            .fold(0, |sum, (_, fact)| sum.saturating_add(fact.size))
    }

    /// Each with the layer that holds it, lowest first.
    pub(crate) fn files(&self) -> &[(usize, &'a EntryFact)] {
        &self.0
    }

    fn named(&self) -> WastedPath {
        let mut layers: Vec<usize> = self.0.iter().map(|(layer, _)| *layer).collect();
        layers.dedup();
        let mut paths = self.0.iter().map(|(_, fact)| fact.path.to_string());
        WastedPath {
            path: paths.next().unwrap_or_default(),
            kind: WasteKind::Duplicated,
            bytes: self.bytes(),
            layers,
            by: None,
            also_at: paths.by_ref().take(NAMED_COPIES).collect(),
            left_out: paths.count(),
        }
    }
}

/// What lies in the final tree more than once, the most bytes first.
pub(crate) fn duplicates<'a>(tree: &Tree<'a>) -> Vec<Copies<'a>> {
    let mut first: HashMap<(u64, u64), usize> = HashMap::new();
    let mut groups: Vec<Copies<'a>> = Vec::new();
    let mut alone: Vec<Option<(usize, &'a EntryFact)>> = Vec::new();
    // Most files have no twin: they cost one slot, and no list of their own.
    let mut group_of: Vec<usize> = Vec::new();
    for (layer, fact) in tree.contents().filter(|(_, fact)| fact.size > 0) {
        let slot = *first
            .entry((fact.size, fact.content))
            .or_insert(alone.len());
        match alone.get_mut(slot) {
            None => {
                alone.push(Some((layer, fact)));
                group_of.push(usize::MAX);
            }
            Some(lone) => {
                if let Some(one) = lone.take() {
                    group_of[slot] = groups.len();
                    groups.push(Copies(vec![one]));
                }
                groups[group_of[slot]].0.push((layer, fact));
            }
        }
    }
    groups.sort_by_cached_key(|copies| {
        (
            std::cmp::Reverse(copies.bytes()),
            copies.0.first().map(|(_, fact)| fact.path.clone()),
        )
    });
    groups
}

/// Leaves the [`NAMED_PATHS`] largest. What is equally large stays by its place, so that equal
/// images name equal paths.
fn keep_largest<T>(all: &mut Vec<T>, size: impl Fn(&T) -> u64) {
    all.sort_by_key(|one| std::cmp::Reverse(size(one)));
    all.truncate(NAMED_PATHS);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, size: u64, content: u64) -> EntryFact {
        EntryFact {
            path: path.into(),
            kind: FactKind::File,
            size,
            mode: 0o644,
            uid: 0,
            gid: 0,
            content,
            start: crate::startup::format::Start::Unknown,
        }
    }

    fn other(path: &str, kind: FactKind) -> EntryFact {
        EntryFact {
            kind,
            ..file(path, 0, 0)
        }
    }

    fn layer(entries: Vec<EntryFact>) -> LayerRecord {
        LayerRecord {
            entries,
            ..LayerRecord::default()
        }
    }

    #[test]
    fn every_kind_is_told_and_the_sums_agree() {
        let layers = [
            layer(vec![
                file("gone", 100, 1),
                file("grown", 10, 2),
                file("mode", 50, 3),
                file("kept", 7, 4),
            ]),
            layer(vec![
                other("gone", FactKind::Whiteout),
                file("grown", 30, 5),
                file("mode", 50, 3),
            ]),
            layer(vec![file("grown", 31, 6), file("copy", 7, 4)]),
        ];
        let tree = Tree::build(&layers);
        let (waste, parts) = measure(&layers, &tree, &duplicates(&tree));
        assert_eq!((waste.total, waste.wasted, waste.duplicated), (285, 190, 7));
        assert_eq!(
            (waste.deleted, waste.overwritten, waste.rewritten),
            (100, 40, 50)
        );
        assert_eq!(waste.efficiency, 333_333);
        let hidden: Vec<(u64, u64)> = parts
            .iter()
            .map(|part| (part.wastes, part.hidden))
            .collect();
        assert_eq!(hidden, [(0, 160), (160, 30), (30, 0)]);
        let named: Vec<(&str, WasteKind, u64)> = waste
            .paths
            .iter()
            .map(|path| (path.path.as_str(), path.kind, path.bytes))
            .collect();
        assert_eq!(
            named,
            [
                ("gone", WasteKind::Deleted, 100),
                ("mode", WasteKind::Rewritten, 50),
                ("grown", WasteKind::Overwritten, 40),
                ("kept", WasteKind::Duplicated, 7),
            ]
        );
        let grown = &waste.paths[2];
        assert_eq!((grown.layers.as_slice(), grown.by), (&[0, 1][..], Some(2)));
        assert_eq!(waste.paths[3].also_at, ["copy"]);
        assert_eq!(waste.paths[3].left_out, 0);
    }

    #[test]
    fn copies_that_are_not_named_are_counted() {
        let files = (10..50).map(|number| file(&format!("x{number}"), 7, 1));
        let layers = [layer(files.collect())];
        let tree = Tree::build(&layers);
        let (waste, _) = measure(&layers, &tree, &duplicates(&tree));
        let copies = &waste.paths[0];
        assert_eq!(copies.also_at.len() + copies.left_out, 39);
        assert_eq!(copies.also_at, ["x11", "x12", "x13", "x14", "x15"]);
    }

    #[test]
    fn a_name_twice_in_one_tar_ships_twice() {
        let layers = [layer(vec![file("a", 5, 1), file("a", 5, 1)])];
        let tree = Tree::build(&layers);
        let (waste, parts) = measure(&layers, &tree, &duplicates(&tree));
        assert_eq!((waste.total, waste.wasted), (10, 5));
        assert_eq!((parts[0].wastes, parts[0].hidden), (5, 5));
    }

    #[test]
    fn links_are_no_duplicates_and_empty_files_no_waste() {
        let layers = [layer(vec![
            file("a", 5, 1),
            other("b", FactKind::Hardlink("a".into())),
            other("c", FactKind::Symlink("a".into())),
            file("e", 0, 9),
            file("f", 0, 9),
        ])];
        let tree = Tree::build(&layers);
        let (waste, _) = measure(&layers, &tree, &duplicates(&tree));
        assert_eq!(waste.duplicated, 0);
        assert_eq!(waste.paths, []);
        assert_eq!(waste.efficiency, 1_000_000);
        let (waste, _) = measure(&[], &Tree::build(&[]), &[]);
        assert_eq!(waste.efficiency, 1_000_000);
    }

    #[test]
    fn absurd_sizes_do_not_overflow() {
        let layers = [
            layer(vec![file("a", u64::MAX, 1), file("b", u64::MAX, 1)]),
            layer(vec![file("a", u64::MAX, 2)]),
        ];
        let tree = Tree::build(&layers);
        let (waste, _) = measure(&layers, &tree, &duplicates(&tree));
        assert_eq!((waste.total, waste.wasted), (u64::MAX, u64::MAX));
    }
}
