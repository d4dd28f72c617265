//! Two final trees, side by side.

use std::cmp::{Ordering, Reverse};

use plimsoll_model::{
    AccessChange, FileAccess, FileChange, FileChanges, FileSide, FileTally, Pair,
};
use plimsoll_scan::{FileEntry, FileKind, ImageFiles, NodeId};

/// Files that are listed.
const LARGEST: usize = 100;

/// Files, links and folders that are listed for what they grant.
const REGRANTED: usize = 100;

/// A path in both trees, where it is there.
type Place = Pair<Option<NodeId>>;

/// Compares what is to be seen in the end. Both trees are walked together, by name.
pub(super) fn compare(old: &ImageFiles, new: &ImageFiles) -> (Pair<FileTally>, FileChanges) {
    let mut tallies = Pair::<FileTally>::default();
    let mut changes = FileChanges::default();
    let mut largest = Largest::default();
    let mut folders = vec![Pair {
        old: Some(NodeId::ROOT),
        new: Some(NodeId::ROOT),
    }];
    while let Some(folder) = folders.pop() {
        for place in children(old, new, folder) {
            let before = place.old.and_then(|node| file(old, node));
            let after = place.new.and_then(|node| file(new, node));
            if let Some(entry) = &before {
                count(&mut tallies.old, entry);
            }
            if let Some(entry) = &after {
                count(&mut tallies.new, entry);
            }
            let differs = match (&before, &after) {
                (None, None) => false,
                (None, Some(after)) => {
                    count(&mut changes.added, after);
                    true
                }
                (Some(before), None) => {
                    count(&mut changes.removed, before);
                    true
                }
                (Some(before), Some(after))
                    if place.old.and_then(|node| shows(old, node))
                        != place.new.and_then(|node| shows(new, node)) =>
                {
                    count(&mut changes.changed.old, before);
                    count(&mut changes.changed.new, after);
                    true
                }
                (Some(_), Some(_)) => false,
            };
            if !differs && let Some(change) = regranted(old, new, place) {
                changes.permissions += 1;
                let path = || place.new.map(|node| new.path(node)).unwrap_or_default();
                keep(&mut changes.regranted, change, path);
            }
            if differs {
                let size = |entry: &Option<FileEntry<'_>>| entry.as_ref().map_or(0, |e| e.size);
                largest.add(size(&before).max(size(&after)), place);
            }
            folders.push(place);
        }
    }
    changes.largest = largest
        .finish()
        .into_iter()
        .map(|place| {
            let side = |files: &ImageFiles, node: Option<NodeId>| {
                let entry = file(files, node?)?;
                Some(FileSide {
                    size: entry.size,
                    layer: entry.layer,
                })
            };
            let path = place.new.map(|node| new.path(node));
            let owner = place.new.and_then(|node| new.owner(node));
            let owner = owner.or_else(|| place.old.and_then(|node| old.owner(node)));
            FileChange {
                path: path
                    .or_else(|| place.old.map(|node| old.path(node)))
                    .unwrap_or_default(),
                file: Pair {
                    old: side(old, place.old),
                    new: side(new, place.new),
                },
                owner: owner.map(str::to_owned),
            }
        })
        .collect();
    changes
        .largest
        .sort_by(|a, b| (Reverse(a.weight()), &a.path).cmp(&(Reverse(b.weight()), &b.path)));
    (tallies, changes)
}

/// What a path grants in each tree, if it is there in both and grants something else; without the path.
fn regranted(old: &ImageFiles, new: &ImageFiles, place: Place) -> Option<AccessChange> {
    let access = |entry: FileEntry<'_>| FileAccess {
        mode: match entry.kind {
            FileKind::Symlink => 0o777,
            _ => entry.mode,
        },
        uid: entry.uid,
        gid: entry.gid,
    };
    let before = old.seen(place.old?, old.layers())?;
    let after = new.seen(place.new?, new.layers())?;
    let access = Pair {
        old: access(before),
        new: access(after),
    };
    let is_folder = |entry: &FileEntry<'_>| entry.kind == FileKind::Directory;
    let is_same = is_folder(&before) == is_folder(&after);
    (is_same && access.old != access.new).then(|| AccessChange {
        path: String::new(),
        is_folder: is_folder(&after),
        access,
    })
}

/// Keeps a change among the first, which is looked at in the order of paths: those that grant more come
/// before the others.
fn keep(kept: &mut Vec<AccessChange>, mut change: AccessChange, path: impl FnOnce() -> String) {
    let at = match change.is_wider() {
        true => kept.partition_point(AccessChange::is_wider),
        false => kept.len(),
    };
    if at < REGRANTED {
        change.path = path();
        kept.insert(at, change);
        kept.truncate(REGRANTED);
    }
}

/// What is seen at a path in the end, unless it is a folder.
fn file(files: &ImageFiles, node: NodeId) -> Option<FileEntry<'_>> {
    files
        .seen(node, files.layers())
        .filter(|entry| entry.kind != FileKind::Directory)
}

fn count(tally: &mut FileTally, entry: &FileEntry<'_>) {
    tally.files += 1;
    tally.bytes = tally.bytes.saturating_add(entry.size);
}

/// What a program sees at a path. Which of a file's names the archive has first is no difference.
fn shows(files: &ImageFiles, node: NodeId) -> Option<(FileKind, u64, u64, Option<&str>)> {
    let entry = files.shown(node, files.layers())?;
    Some((entry.kind, entry.size, entry.content, entry.target))
}

/// What lies in a folder of either tree. Both lists are sorted by name.
fn children(old: &ImageFiles, new: &ImageFiles, folder: Place) -> Vec<Place> {
    let list = |files: &ImageFiles, node: Option<NodeId>| -> Vec<NodeId> {
        node.map_or_else(Vec::new, |node| files.children(node).to_vec())
    };
    let (before, after) = (list(old, folder.old), list(new, folder.new));
    let mut places = Vec::with_capacity(before.len().max(after.len()));
    let (mut i, mut j) = (0, 0);
    loop {
        let order = match (before.get(i), after.get(j)) {
            (None, None) => return places,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => old.name(*a).cmp(new.name(*b)),
        };
        places.push(Pair {
            old: before.get(i).filter(|_| order.is_le()).copied(),
            new: after.get(j).filter(|_| order.is_ge()).copied(),
        });
        i += usize::from(order.is_le());
        j += usize::from(order.is_ge());
    }
}

/// The heaviest, without keeping all.
#[derive(Default)]
struct Largest(Vec<(Reverse<u64>, usize, Place)>, usize);

impl Largest {
    fn add(&mut self, weight: u64, place: Place) {
        self.0.push((Reverse(weight), self.1, place));
        self.1 += 1;
        if self.0.len() >= LARGEST * 64 {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        self.0
            .sort_unstable_by_key(|(weight, at, _)| (*weight, *at));
        self.0.truncate(LARGEST);
    }

    fn finish(mut self) -> Vec<Place> {
        self.shrink();
        self.0.into_iter().map(|(_, _, place)| place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grants_more_is_kept_first() {
        let access = |mode| FileAccess {
            mode,
            uid: 0,
            gid: 0,
        };
        let mut kept = Vec::new();
        for number in 0..300_u32 {
            let mode = if number % 100 == 7 { 0o4755 } else { 0o700 };
            let change = AccessChange {
                path: String::new(),
                is_folder: false,
                access: Pair {
                    old: access(0o755),
                    new: access(mode),
                },
            };
            keep(&mut kept, change, || number.to_string());
        }
        let paths: Vec<&str> = kept.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths.len(), REGRANTED);
        assert_eq!(paths[..5], ["7", "107", "207", "0", "1"]);
    }
}
