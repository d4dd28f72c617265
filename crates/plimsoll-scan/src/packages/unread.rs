//! Package stores that lie in the image unread.

use plimsoll_model::{Skipped, Topic};

use super::Ownership;
use crate::catalogue::unread;
use crate::record::FactKind;
use crate::tree::Tree;

/// Says which package stores lie in the image unread. What a package of the distribution owns is
/// known by that package.
pub(crate) fn unread_stores(tree: &Tree<'_>, ownership: &Ownership<'_>, gaps: &mut Vec<Skipped>) {
    let mut found: Vec<(usize, &str)> = Vec::new();
    for (path, node) in tree.iter() {
        if !matches!(node.fact.kind, FactKind::File | FactKind::Hardlink(_)) {
            continue;
        }
        if let Some(store) = unread::STORES.iter().position(|store| (store.claims)(path)) {
            found.push((store, path));
        }
    }
    found.retain(|(_, path)| ownership.owner(path).is_none());
    for (index, store) in unread::STORES.iter().enumerate() {
        let paths: Vec<&str> = found
            .iter()
            .filter(|(store, _)| *store == index)
            .map(|(_, path)| *path)
            .collect();
        let what = match paths.as_slice() {
            [] => continue,
            [only] => (*only).to_owned(),
            [first, more @ ..] => format!("{first} and {} more", more.len()),
        };
        let line = Skipped {
            blocking: store.blocking,
            ..Skipped::new(
                Topic::Packages,
                what,
                format!(
                    "{} are recognised but not read yet: they are missing from the inventory",
                    store.holds
                ),
            )
        };
        gaps.push(line.of_files(paths));
    }
}
