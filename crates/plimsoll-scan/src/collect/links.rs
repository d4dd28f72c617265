//! Hard links: further names of files, whose bytes came by under the first.

use std::collections::{BTreeMap, HashMap, HashSet};

use plimsoll_image::Entry;

use super::{Collector, MAX_LINKED_BYTES};
use crate::catalogue::{Document, claimant_by_name};
use crate::record::{FactKind, LayerRecord};

impl Collector<'_> {
    /// A further name of a file: its bytes were looked at under the name they came by.
    pub(super) fn hard_link(&mut self, entry: &Entry, target: &str) {
        let wanted = claimant_by_name(&entry.path, entry.mode);
        let first = self.linked.get(target).cloned();
        let is_third = first.is_some();
        let first = first.unwrap_or_else(|| target.to_owned());
        let read = claimant_by_name(&first, entry.mode);
        // A database counts under the name at which it is looked for: what is written there later has
        // nothing to do with another one, as a store of objects gives it.
        if wanted.is_none() && read.is_some_and(|read| read.essential) {
            return;
        }
        // What one reader makes of a file says nothing to those who want another's.
        let is_other = wanted.is_some_and(|wanted| {
            read.is_some_and(|read| !std::ptr::eq(read, wanted))
                || (read.is_none() && wanted.essential)
        });
        let mut why = "which is not read";
        if let Some(document) = self.record.documents.get(target)
            && !is_other
        {
            if has_room(&mut self.linked_bytes, is_third, document, &entry.path) {
                let document = document.clone();
                self.weight += document.weight();
                self.record.documents.insert(entry.path.clone(), document);
                self.linked.insert(target.to_owned(), first.clone());
                self.linked.insert(entry.path.clone(), first);
                return;
            }
            why = TOO_MANY;
        } else if wanted.is_some() && (is_other || !self.refused.contains(target)) {
            self.weight += entry.path.len();
            self.record.unfollowed.insert(entry.path.clone());
            return;
        }
        if let Some(cataloguer) = wanted {
            self.unread(
                &entry.path,
                format!("it is a hard link to {}, {why}", target.escape_debug()),
                cataloguer,
            );
        }
    }
}

/// Bytes that telling a package of a list takes beside what the list says of it, at the least.
const TOLD_BYTES: usize = 200;

/// Whether what a file says may be kept under one more name, by the bytes that such names took. A link
/// costs its archive a block, and us all that the file says.
pub(super) fn has_room(
    linked_bytes: &mut usize,
    is_third: bool,
    document: &Document,
    path: &str,
) -> bool {
    if !is_third {
        return true;
    }
    if *linked_bytes <= MAX_LINKED_BYTES {
        // A list is told package by package under each of its names; a program or archive once.
        let told = match document {
            Document::Packages(packages) => packages.len(),
            Document::DotNet(brought) => brought.packages.len(),
            _ => 0,
        };
        *linked_bytes += postcard::experimental::serialized_size(document)
            .unwrap_or(MAX_LINKED_BYTES)
            .saturating_add(path.len())
            .saturating_add(told.saturating_mul(TOLD_BYTES));
    }
    *linked_bytes <= MAX_LINKED_BYTES
}

/// Why a link was not followed.
pub(super) const TOO_MANY: &str =
    "and this layer has more such links to package metadata than are followed";

/// A name that a link gave a file: its layer, counted among those that are asked, and its path.
pub(super) type Name<'r> = (usize, &'r str);

/// Where links lead.
#[derive(Debug, Default)]
pub(super) struct Targets<'r> {
    /// Files by layer and by their number among its entries, with the names that links gave each.
    pub(super) files: BTreeMap<usize, BTreeMap<usize, Vec<Name<'r>>>>,
    /// Names of what is no file.
    pub(super) others: Vec<Name<'r>>,
}

/// Where the links of `layers`, lowest first, lead that nobody followed yet; those that lead to
/// nothing in these layers are left out. A link speaks of what came before it, so everything is
/// gone through once, backwards. What a layer in between deletes is found all the same: such a link
/// no engine unpacks.
pub(super) fn targets(layers: &[LayerRecord]) -> Targets<'_> {
    let mut targets = Targets::default();
    let mut waiting: HashMap<&str, Vec<Name<'_>>> = HashMap::new();
    for (layer, record) in layers.iter().enumerate().rev() {
        let mut open: HashSet<&str> = record.unfollowed.iter().map(String::as_str).collect();
        if open.is_empty() && waiting.is_empty() {
            continue;
        }
        let mut to_themselves: Vec<&str> = Vec::new();
        for (number, fact) in record.entries.iter().enumerate().rev() {
            if matches!(fact.kind, FactKind::Whiteout | FactKind::Opaque) {
                continue;
            }
            let mut names = waiting.remove(&*fact.path).unwrap_or_default();
            if let Some(path) = open.take(&*fact.path) {
                names.push((layer, path));
            }
            if names.is_empty() {
                continue;
            }
            match &fact.kind {
                FactKind::File => {
                    names.sort_unstable();
                    targets
                        .files
                        .entry(layer)
                        .or_default()
                        .insert(number, names);
                }
                FactKind::Hardlink(target) => {
                    if **target == *fact.path {
                        to_themselves.push(target);
                    }
                    let there = waiting.entry(target).or_default();
                    // The shorter list moves: links may form long chains.
                    if there.len() < names.len() {
                        std::mem::swap(there, &mut names);
                    }
                    there.append(&mut names);
                }
                _ => targets.others.append(&mut names),
            }
        }
        // What a lower layer has at that path is what the link replaces: no engine unpacks it.
        for path in to_themselves {
            waiting.remove(path);
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::EntryFact;

    fn layer(entries: &[(&str, FactKind)], unfollowed: &[&str]) -> LayerRecord {
        LayerRecord {
            entries: entries
                .iter()
                .map(|(path, kind)| EntryFact::stub(path, kind.clone()))
                .collect(),
            unfollowed: unfollowed.iter().map(|path| (*path).to_owned()).collect(),
            ..LayerRecord::default()
        }
    }

    #[test]
    fn links_lead_to_what_came_before_them() {
        let link = |target: &str| FactKind::Hardlink(target.into());
        let layers = [
            layer(
                &[
                    ("low", FactKind::File),
                    ("gone", FactKind::File),
                    ("replaced", FactKind::File),
                ],
                &[],
            ),
            layer(
                &[
                    ("a", FactKind::File),
                    ("b", link("a")),
                    ("self", FactKind::File),
                    ("self", link("self")),
                    ("c", link("b")),
                    // What the name holds later is another file.
                    ("a", FactKind::File),
                    ("d", link("a")),
                    ("e", link("low")),
                    ("f", link("nothing")),
                    ("l", FactKind::Symlink("a".into())),
                    ("g", link("l")),
                    ("low", FactKind::Whiteout),
                    ("replaced", link("replaced")),
                ],
                &["c", "d", "e", "f", "g", "self", "replaced"],
            ),
        ];
        let found = targets(&layers);
        let expected = BTreeMap::from([
            (0, BTreeMap::from([(0, vec![(1, "e")])])),
            (
                1,
                BTreeMap::from([
                    (0, vec![(1, "c")]),
                    (2, vec![(1, "self")]),
                    (5, vec![(1, "d")]),
                ]),
            ),
        ]);
        assert_eq!(found.files, expected);
        assert_eq!(found.others, [(1, "g")]);
        // Of one layer alone.
        assert_eq!(targets(&layers[1..]).files.len(), 1);
    }

    #[test]
    fn long_chains_of_many_names_take_no_square() {
        let count = 100_000;
        let mut entries = vec![("x0".to_owned(), FactKind::File)];
        for number in 1..count {
            let target = format!("x{}", number - 1);
            entries.push((format!("x{number}"), FactKind::Hardlink(target.into())));
        }
        let last = format!("x{}", count - 1);
        for number in 0..count {
            let kind = FactKind::Hardlink(last.as_str().into());
            entries.push((format!("y{number}"), kind));
        }
        let entries: Vec<(&str, FactKind)> = entries
            .iter()
            .map(|(path, kind)| (path.as_str(), kind.clone()))
            .collect();
        let names: Vec<&str> = entries.iter().map(|(path, _)| *path).skip(1).collect();
        let layers = [layer(&entries, &names)];
        assert_eq!(targets(&layers).files[&0][&0].len(), 2 * count - 1);
    }
}
