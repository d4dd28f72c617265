//! What the images hold: packages, layers and files that are not the same.

use std::cmp::Reverse;

use anstyle::Style;
use plimsoll_model::{ChangeKind, ComparedImage, Package, PackageChange, human_size};

use super::super::{
    granted, instruction, layer_place, package_changes, package_counts, package_side, signed,
    versions,
};
use super::{Page, bad, mark, tint};
use crate::text::{count, visible};

/// Rows of a section on the one screen.
const PACKAGES: usize = 6;
const LAYERS: usize = 6;
const FILES: usize = 4;

impl Page<'_> {
    /// The heaviest first on the one screen: those are what a person looks for. Their order by
    /// name in the details.
    pub(super) fn packages(&mut self) {
        let difference = self.input.difference;
        let mut changes: Vec<&PackageChange> = package_changes(difference).collect();
        if changes.is_empty() {
            return;
        }
        let kinds = package_counts(difference);
        let kinds: Vec<String> = kinds
            .iter()
            .map(|(kind, counts)| format!("{} {}", kind.as_str(), counts.words()))
            .collect();
        self.heading("packages");
        if kinds.len() > 1 {
            self.row(&format!("  {}", kinds.join("; ")), Style::new().dimmed());
        }
        if !self.input.details {
            changes.sort_by_key(|change| Reverse(weight(change)));
        }
        let limit = self.limit(PACKAGES);
        for change in changes.iter().take(limit) {
            let Some((image, package)) = package_side(difference, change) else {
                continue;
            };
            let size = |package: &Option<Package>| match package {
                Some(package) => package.size,
                None => Some(0),
            };
            let size = match (size(&change.package.old), size(&change.package.new)) {
                (Some(old), Some(new)) => signed(old, new),
                _ => String::new(),
            };
            let text = format!(
                "  {} {size:>10}  {:<14} {} {} {}",
                mark(change.kind()),
                layer_place(image, package.layer),
                package.kind.as_str(),
                visible(&package.name),
                visible(&versions(change)),
            );
            self.row(&text, tint(change.kind()));
        }
        self.rest(changes.len(), limit);
        let owned = difference.packages.len() - changes.len();
        if owned > 0 {
            self.row(
                &format!(
                    "    {} inside packages of the distribution changed with them",
                    count(owned, "package")
                ),
                Style::new().dimmed(),
            );
        }
    }

    /// Layers that are not the same; the heaviest where not all can be shown.
    pub(super) fn layers(&mut self) {
        let difference = self.input.difference;
        let images = self.images();
        let sizes = |change: &plimsoll_model::LayerChange| {
            let size = |image: &ComparedImage, layer: Option<usize>| {
                layer
                    .and_then(|layer| image.inventory.layers.get(layer))
                    .map_or(0, |layer| layer.size)
            };
            (
                size(images.old, change.layers.old),
                size(images.new, change.layers.new),
            )
        };
        let all: Vec<_> = difference
            .layers
            .iter()
            .filter(|change| !change.same)
            .collect();
        if all.is_empty() {
            return;
        }
        self.heading("layers");
        let limit = self.limit(LAYERS);
        let mut heaviest: Vec<usize> = (0..all.len()).collect();
        heaviest.sort_by_key(|at| {
            let (old, new) = sizes(all[*at]);
            Reverse(old.abs_diff(new))
        });
        heaviest.truncate(limit);
        heaviest.sort_unstable();
        for at in heaviest {
            let change = all[at];
            let (old, new) = sizes(change);
            let (image, layer) = match (change.layers.new, change.layers.old) {
                (Some(layer), _) => (images.new, layer),
                (None, Some(layer)) => (images.old, layer),
                (None, None) => continue,
            };
            let Some(facts) = image.inventory.layers.get(layer) else {
                continue;
            };
            let kind = match (change.layers.old, change.layers.new) {
                (Some(_), Some(_)) => ChangeKind::Changed,
                (Some(_), None) => ChangeKind::Removed,
                (None, _) => ChangeKind::Added,
            };
            let text = format!(
                "  {} {:>10}  {:<14} {}",
                mark(kind),
                signed(old, new),
                layer_place(image, layer),
                visible(&instruction(facts))
            );
            self.row(&text, tint(kind));
        }
        self.rest(all.len(), limit);
    }

    pub(super) fn files(&mut self) {
        let files = &self.input.difference.files;
        if files.largest.is_empty() {
            return;
        }
        let images = self.images();
        self.heading("largest files");
        let limit = self.limit(FILES);
        for file in files.largest.iter().take(limit) {
            let (size, place) = match (file.file.old, file.file.new) {
                (Some(old), Some(new)) => (
                    signed(old.size, new.size),
                    layer_place(images.new, new.layer),
                ),
                (None, Some(new)) => (
                    format!("+{}", human_size(new.size)),
                    layer_place(images.new, new.layer),
                ),
                (Some(old), None) => (
                    format!("-{}", human_size(old.size)),
                    layer_place(images.old, old.layer),
                ),
                (None, None) => continue,
            };
            let owner = file
                .owner
                .as_deref()
                .map_or_else(String::new, |owner| format!(" ({})", visible(owner)));
            let text = format!(
                "  {} {size:>10}  {place:<14} /{}{owner}",
                mark(file.kind()),
                visible(&file.path)
            );
            self.row(&text, tint(file.kind()));
        }
        let all = files.added.files + files.removed.files + files.changed.new.files;
        let all = usize::try_from(all).unwrap_or(usize::MAX);
        let shown = files.largest.len().min(limit);
        if self.input.details && all > shown {
            self.row(
                &format!("    and {} smaller ones", all - shown),
                Style::new().dimmed(),
            );
        } else {
            self.rest(all, shown);
        }
    }

    pub(super) fn permissions(&mut self) {
        let files = &self.input.difference.files;
        if files.regranted.is_empty() {
            return;
        }
        self.heading("modes and owners");
        let limit = self.limit(FILES);
        for change in files.regranted.iter().take(limit) {
            let text = format!(
                "  {} {}  /{}",
                mark(ChangeKind::Changed),
                granted(change),
                visible(&change.path)
            );
            let kind = match change.is_wider() {
                true => bad(ChangeKind::Added),
                false => tint(ChangeKind::Changed),
            };
            self.row(&text, kind);
        }
        let all = usize::try_from(files.permissions).unwrap_or(usize::MAX);
        let shown = files.regranted.len().min(limit);
        if self.input.details && all > shown {
            self.row(
                &format!("    and {} others", all - shown),
                Style::new().dimmed(),
            );
        } else {
            self.rest(all, shown);
        }
    }
}

/// Bytes that the change of a package makes.
fn weight(change: &PackageChange) -> u64 {
    let size = |package: &Option<Package>| {
        package
            .as_ref()
            .and_then(|package| package.size)
            .unwrap_or(0)
    };
    size(&change.package.old).abs_diff(size(&change.package.new))
}
