//! Package stores that lie in the image unread.

use plimsoll_model::Skipped;

use super::Ownership;
use crate::catalogue::unread;
use crate::record::FactKind;
use crate::tree::Tree;

/// Says which package stores lie in the image unread. What a package of the distribution owns is
/// known by that package.
pub(crate) fn unread_stores(tree: &Tree<'_>, ownership: &Ownership<'_>) -> Vec<Skipped> {
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
