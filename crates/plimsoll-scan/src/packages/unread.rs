//! Package stores that lie in the image unread.

use std::collections::HashSet;

use plimsoll_model::Skipped;

use super::ownership::lists;
use crate::catalogue::{dpkg, unread};
use crate::record::{FactKind, LayerRecord};
use crate::tree::Tree;

/// Says which package stores lie in the image unread. What a Debian package owns is known by that
/// package.
pub(crate) fn unread_stores(layers: &[LayerRecord], tree: &Tree<'_>) -> Vec<Skipped> {
    let mut found: Vec<(usize, &str)> = Vec::new();
    for (path, node) in tree.iter() {
        if !matches!(node.fact.kind, FactKind::File | FactKind::Hardlink(_)) {
            continue;
        }
        if let Some(store) = unread::STORES.iter().position(|store| (store.claims)(path)) {
            found.push((store, path));
        }
    }
    if found.is_empty() {
        return Vec::new();
    }
    let wanted: HashSet<&str> = found
        .iter()
        .map(|(_, path)| dpkg::without_usr(path))
        .collect();
    let owned: HashSet<&str> = lists(layers)
        .flat_map(|(_, paths)| paths)
        .map(dpkg::without_usr)
        .filter(|path| wanted.contains(path))
        .collect();
    found.retain(|(_, path)| !owned.contains(dpkg::without_usr(path)));
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
