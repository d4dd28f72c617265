//! What was wanted of an image and could not be read.

use std::collections::BTreeMap;

use plimsoll_model::{Skipped, Topic};

use crate::catalogue::{Candidate, is_essential, system_databases};
use crate::packages::{Ownership, named_files};
use crate::record::{FactKind, LayerRecord};
use crate::tree::Tree;

/// Files that were wanted and could not be read, as far as they are still seen.
///
/// What holds packages back is told file by file, the rest in a line a reason. A file that a package
/// of the distribution owns is known by that package.
pub(super) fn unread_files(
    records: &[LayerRecord],
    tree: &Tree<'_>,
    ownership: &Ownership<'_>,
    gaps: &mut Vec<Skipped>,
) {
    let mut by_reason: BTreeMap<&str, Vec<(&str, u64)>> = BTreeMap::new();
    for (layer, record) in records.iter().enumerate() {
        for unread in &record.unread {
            let Some(node) = tree.get(&unread.path).filter(|node| node.layer == layer) else {
                continue;
            };
            if unread.blocking {
                gaps.push(Skipped::blocking(
                    Topic::Packages,
                    unread.path.clone(),
                    unread.why.clone(),
                ));
            } else if ownership.owner(&unread.path).is_none() {
                let files = by_reason.entry(&unread.why).or_default();
                files.push((&unread.path, node.fact.size));
            }
        }
    }
    for (why, mut files) in by_reason {
        files.sort_unstable();
        files.dedup();
        let line = Skipped::new(
            Topic::Packages,
            match files.as_slice() {
                [(path, _)] => (*path).to_owned(),
                files => named_files(files),
            },
            why.to_owned(),
        );
        gaps.push(line.of_files(files.iter().map(|(path, _)| *path)));
    }
    // Where a database should lie and no file does, nothing was read either.
    for (path, node) in tree.iter() {
        if is_essential(&Candidate::new(path, 0, node.fact.mode, b""))
            && let Some(why) = is_no_file(records, tree, path, &node.fact.kind)
        {
            gaps.push(Skipped::blocking(Topic::Packages, path.to_owned(), why));
        }
    }
    behind_linked_folders(records, tree, gaps);
}

/// Databases of packages that a link of one of their folders leads to: they came by under another
/// path, where nobody looks for one.
fn behind_linked_folders(records: &[LayerRecord], tree: &Tree<'_>, gaps: &mut Vec<Skipped>) {
    for path in system_databases() {
        if tree.get(&path).is_some() {
            continue;
        }
        let Some((real, node)) = tree.follow(&path) else {
            continue;
        };
        let is_read = || records[node.layer].documents.contains_key(&real);
        if matches!(node.fact.kind, FactKind::File | FactKind::Hardlink(_)) && !is_read() {
            gaps.push(Skipped::blocking(
                Topic::Packages,
                path,
                format!(
                    "a folder above it is a link, by which it is {}, where nothing is read; put \
                     the folder here",
                    real.escape_debug()
                ),
            ));
        }
    }
}

/// What an entry is that is no file, and leads to none that was read.
fn is_no_file(
    records: &[LayerRecord],
    tree: &Tree<'_>,
    path: &str,
    kind: &FactKind,
) -> Option<String> {
    match kind {
        FactKind::Special => Some("it is a device or a pipe, not a file".to_owned()),
        // A folder of packages may have folders in it.
        FactKind::Directory if !path.contains("/status.d/") => {
            Some("it is a folder, not a file".to_owned())
        }
        FactKind::Symlink(target) => {
            let read = tree.follow(path).is_some_and(|(real, node)| {
                records
                    .get(node.layer)
                    .is_some_and(|record| record.documents.contains_key(&real))
            });
            let target: String = target.chars().take(SHOWN_TARGET).collect();
            (!read).then(|| {
                format!(
                    "it is a symbolic link to {}, where nothing is read; put the file here",
                    target.escape_debug()
                )
            })
        }
        _ => None,
    }
}

/// Characters of a link's target that are shown.
const SHOWN_TARGET: usize = 200;
