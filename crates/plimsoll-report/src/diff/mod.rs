//! How one image differs from another: for people, for pull requests and for scripts.

mod human;
mod json;
mod markdown;
mod vulnerabilities;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use plimsoll_model::{
    AccessChange, ChangeKind, ComparedImage, Difference, FileAccess, Finding, LayerFacts, Package,
    PackageChange, PackageKind, Place, SourceOrigin, human_size,
};

use crate::Verdict;
use crate::text::{share, visible};

pub use human::render as human;
pub use json::render as json;
pub use markdown::render as markdown;

/// What is to be rendered.
#[derive(Clone, Copy, Debug)]
pub struct DiffInput<'a> {
    /// How the images differ.
    pub difference: &'a Difference,
    /// Whether the bounds hold, where there are any.
    pub verdict: Option<&'a Verdict>,
    /// Whether `human` shows everything.
    pub details: bool,
    /// Whether `human` uses colours.
    pub color: bool,
    /// Columns that `human` cuts lines to; `usize::MAX` where nothing is to be cut.
    pub width: usize,
    /// When the images were compared, in UTC as RFC 3339 has it.
    pub made: Option<&'a str>,
    /// Version of the program.
    pub tool_version: &'a str,
}

/// Bytes of all layers, uncompressed.
fn unpacked(image: &ComparedImage) -> u64 {
    image
        .inventory
        .layers
        .iter()
        .fold(0, |sum, layer| sum.saturating_add(layer.size))
}

/// Packages that are installed, without those that a package of the distribution brings.
fn installed(image: &ComparedImage) -> usize {
    image
        .inventory
        .packages
        .iter()
        .filter(|package| package.owned_by.is_none())
        .count()
}

/// `+1.2 MB (+3.4 %)`, `-1.2 MB (-3.4 %)`, `+1.2 kB (< 0.1 %)` or `the same`.
fn growth(old: u64, new: u64) -> String {
    if old == new {
        return "the same".to_owned();
    }
    let change = signed(old, new);
    if old == 0 {
        return change;
    }
    let share = share(old.abs_diff(new), old);
    let sign = match share.starts_with('<') {
        true => "",
        false if new > old => "+",
        false => "-",
    };
    format!("{change} ({sign}{share})")
}

/// `+1.2 MB`, `-1.2 MB` or `0 B`.
fn signed(old: u64, new: u64) -> String {
    let size = human_size(old.abs_diff(new));
    match new.cmp(&old) {
        std::cmp::Ordering::Less => format!("-{size}"),
        std::cmp::Ordering::Equal => size,
        std::cmp::Ordering::Greater => format!("+{size}"),
    }
}

/// A mode as `chmod` takes it.
fn mode(access: FileAccess) -> String {
    format!("{:04o}", access.mode)
}

/// `0644 > 4755, 0:0 > 10:10`: of mode and owner what is not the same.
fn granted(change: &AccessChange) -> String {
    let access = change.access;
    let mode = (mode(access.old), mode(access.new));
    let owner = |access: FileAccess| format!("{}:{}", access.uid, access.gid);
    let owner = (owner(access.old), owner(access.new));
    let parts = [mode, owner].into_iter().filter(|(old, new)| old != new);
    let parts: Vec<String> = parts.map(|(old, new)| format!("{old} > {new}")).collect();
    parts.join(", ")
}

/// Changes, counted by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    added: usize,
    removed: usize,
    changed: usize,
}

impl Counts {
    fn of(kinds: impl Iterator<Item = ChangeKind>) -> Self {
        let mut counts = Self::default();
        for kind in kinds {
            match kind {
                ChangeKind::Added => counts.added += 1,
                ChangeKind::Removed => counts.removed += 1,
                ChangeKind::Changed => counts.changed += 1,
            }
        }
        counts
    }

    /// `3 added, 1 removed`.
    fn words(self) -> String {
        let parts: Vec<String> = [
            (self.added, "added"),
            (self.removed, "removed"),
            (self.changed, "changed"),
        ]
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
        if parts.is_empty() {
            "none".to_owned()
        } else {
            parts.join(", ")
        }
    }
}

/// Package changes that people are told of: what a package of the distribution brings changes
/// with it, and is not told twice.
fn package_changes(difference: &Difference) -> impl Iterator<Item = &PackageChange> {
    difference
        .packages
        .iter()
        .filter(|change| !change.is_owned())
}

/// The same, counted by ecosystem.
fn package_counts(difference: &Difference) -> Vec<(PackageKind, Counts)> {
    let mut kinds: BTreeMap<PackageKind, Vec<ChangeKind>> = BTreeMap::new();
    for change in package_changes(difference) {
        if let Some(package) = change.any() {
            kinds.entry(package.kind).or_default().push(change.kind());
        }
    }
    kinds
        .into_iter()
        .map(|(kind, changes)| (kind, Counts::of(changes.into_iter())))
        .collect()
}

/// The version, or the change from one to the other.
fn versions(change: &PackageChange) -> String {
    let version = |package: &Option<Package>| {
        package
            .as_ref()
            .map(|package| match package.version.as_str() {
                "" => "?".to_owned(),
                version => version.to_owned(),
            })
    };
    match (version(&change.package.old), version(&change.package.new)) {
        (Some(old), Some(new)) => format!("{old} > {new}"),
        (one, other) => one.or(other).unwrap_or_default(),
    }
}

/// The image and the package to name a place by: where it lies now, else where it lay.
fn package_side<'a>(
    difference: &'a Difference,
    change: &'a PackageChange,
) -> Option<(&'a ComparedImage, &'a Package)> {
    let images = &difference.images;
    let new = change.package.new.as_ref();
    let old = change.package.old.as_ref();
    new.map(|package| (&images.new, package))
        .or_else(|| old.map(|package| (&images.old, package)))
}

/// The Dockerfile's line that made a layer.
fn source_of(image: &ComparedImage, layer: usize) -> Option<&SourceOrigin> {
    image.inventory.layers.get(layer)?.source.as_ref()
}

/// `Dockerfile:12` where the Dockerfile is known, else `layer 5`; `-` of a bill of materials that knows
/// no layers. What comes of it is safe for a terminal.
fn layer_place(image: &ComparedImage, layer: usize) -> String {
    if image.inventory.layers.is_empty() {
        return "-".to_owned();
    }
    let place = Place::of_layer(source_of(image, layer), layer);
    visible(&place.to_string()).into_owned()
}

/// Worst first; those of one severity as they come.
fn worst_first(findings: &[Finding]) -> Vec<&Finding> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| Reverse(finding.severity));
    sorted
}

/// What the base is, as far as it is known.
fn base_name(image: &ComparedImage) -> Option<String> {
    let base = image.inventory.base.as_ref()?;
    let name = base.name.clone();
    name.or_else(|| {
        base.digest
            .as_ref()
            .map(|digest| digest.as_str().to_owned())
    })
}

/// The instruction of a layer without what every one begins with.
fn instruction(layer: &LayerFacts) -> String {
    let text = layer.instruction.as_deref();
    text.map_or_else(|| "-".to_owned(), crate::instruction::short_instruction)
}

/// What a value of the configuration is shown as; its middle matters least. In quotes stands one of which
/// nobody would see where it ends.
fn shown(value: Option<&String>) -> Cow<'_, str> {
    match value {
        None => Cow::Borrowed("(not set)"),
        Some(text) if text.is_empty() || text.trim() != text => Cow::Owned(format!("\"{text}\"")),
        Some(text) => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests;
