//! What the two are, and by how much each sort of thing changed.

use anstyle::AnsiColor;
use plimsoll_model::{ComparedImage, PackageChange, human_size};

use super::super::{Counts, base_name, growth, installed, package_changes, signed, unpacked};
use super::Page;
use crate::human::paint;
use crate::text::{efficiency, visible};

impl Page<'_> {
    pub(super) fn summary(&mut self) {
        let images = self.images();
        let difference = self.input.difference;
        for (word, image) in [("old", images.old), ("new", images.new)] {
            let subject = &image.subject;
            let name = visible(subject.name());
            self.field(
                word,
                &match subject.bill() {
                    Some(bill) => format!("{name} ({})", visible(&bill.format)),
                    None => name.into_owned(),
                },
            );
        }
        let digest = images.old.subject.digest();
        if digest.is_some() && digest == images.new.subject.digest() {
            self.field("digest", "the same: these are one image");
        }
        let distribution = |image: &ComparedImage| {
            let distribution = image.inventory.distribution.as_ref();
            distribution.map_or_else(
                || "none".to_owned(),
                // A bill of materials may know it by its number only.
                |one| match one.name.as_str() {
                    "" => format!("{} {}", one.id, one.version),
                    name => name.to_owned(),
                },
            )
        };
        let (old, new) = (distribution(images.old), distribution(images.new));
        self.field("system", &both(&old, &new));
        if difference.is_of_packages_only() {
            self.package_summary();
            self.vulnerability_summary();
            return;
        }
        let base = |image: &ComparedImage| base_name(image).unwrap_or_else(|| "unknown".to_owned());
        if base_name(images.old).or(base_name(images.new)).is_some() {
            self.field("base", &both(&base(images.old), &base(images.new)));
        }
        let sizes = |old: u64, new: u64| {
            format!(
                "{} > {}, {}",
                human_size(old),
                human_size(new),
                growth(old, new)
            )
        };
        self.field("size", &sizes(unpacked(images.old), unpacked(images.new)));
        self.field(
            "shipped",
            &sizes(
                images.old.subject.compressed_size(),
                images.new.subject.compressed_size(),
            ),
        );
        let shared = difference.shared_layers();
        let shared_bytes = images.new.inventory.layers.iter().take(shared);
        let shared_bytes = shared_bytes.fold(0u64, |sum, layer| sum.saturating_add(layer.size));
        self.field(
            "layers",
            &format!(
                "{} > {}, the lowest {shared} shared ({})",
                images.old.inventory.layers.len(),
                images.new.inventory.layers.len(),
                human_size(shared_bytes)
            ),
        );
        let (old, new) = (&images.old.inventory.waste, &images.new.inventory.waste);
        self.field(
            "wasted",
            &format!(
                "{} > {} (efficiency {} > {})",
                human_size(old.wasted),
                human_size(new.wasted),
                efficiency(old.efficiency),
                efficiency(new.efficiency)
            ),
        );
        self.package_summary();
        let files = &difference.files;
        let mut parts = Vec::new();
        for (tally, word) in [(files.added, "added"), (files.removed, "removed")] {
            if tally.files > 0 {
                parts.push(format!(
                    "{} {word} ({})",
                    tally.files,
                    human_size(tally.bytes)
                ));
            }
        }
        if files.changed.new.files > 0 {
            parts.push(format!(
                "{} changed ({})",
                files.changed.new.files,
                signed(files.changed.old.bytes, files.changed.new.bytes)
            ));
        }
        if files.permissions > 0 {
            parts.push(format!("{} with another mode or owner", files.permissions));
        }
        self.field(
            "files",
            &format!(
                "{} > {}: {}",
                images.old.files.files,
                images.new.files.files,
                if parts.is_empty() {
                    "none".to_owned()
                } else {
                    parts.join(", ")
                }
            ),
        );
        let config = Counts::of(
            difference
                .config
                .iter()
                .map(plimsoll_model::ConfigChange::kind),
        );
        self.field("config", &config.words());
        let gains = |gained: usize, lost: usize, kept: usize| {
            format!("{gained} gained, {lost} lost, {kept} in both")
        };
        let secrets = &difference.secrets;
        let text = gains(secrets.gained.len(), secrets.lost.len(), secrets.kept);
        let text = if secrets.gained.is_empty() {
            text
        } else {
            paint(
                &text,
                AnsiColor::BrightRed.on_default().bold(),
                self.input.color,
            )
        };
        self.field("secrets", &text);
        self.vulnerability_summary();
        let findings = &difference.findings;
        self.field(
            "findings",
            &gains(findings.gained.len(), findings.lost.len(), findings.kept),
        );
    }

    fn package_summary(&mut self) {
        let images = self.images();
        let kinds = Counts::of(package_changes(self.input.difference).map(PackageChange::kind));
        self.field(
            "packages",
            &format!(
                "{} > {}: {}",
                installed(images.old),
                installed(images.new),
                kinds.words()
            ),
        );
    }
}

/// One word where both say the same.
pub(super) fn both(old: &str, new: &str) -> String {
    if old == new {
        visible(old).into_owned()
    } else {
        format!("{} > {}", visible(old), visible(new))
    }
}
