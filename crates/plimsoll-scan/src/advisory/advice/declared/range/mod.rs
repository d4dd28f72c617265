//! Which versions a file asks for, in the words of its package manager: whether the version that is
//! installed came of a line, and whether the line takes the one that mends it.
//!
//! What cannot be read for certain is no range: a tag (`latest`), an address, a variable.

mod bound;
mod interval;
mod python;
mod semantic;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use plimsoll_model::PackageKind;

use self::bound::{Bound, Test};
use super::super::super::matching::version_order;
use super::super::super::version::Order;

/// The versions that a line takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Range {
    order: Order,
    /// Each of some of these bounds must hold.
    any_of: Vec<Vec<Bound>>,
    /// Whether a pre-release is taken only where a bound is one of the same release, as npm and Cargo
    /// have it.
    guards_pre: bool,
    /// Whether the package manager takes the newest that fits, once it is asked anew. Go, Maven and
    /// NuGet take what is written.
    takes_newest: bool,
}

impl Range {
    /// What a manifest of a kind of package asks for; nothing where that cannot be told.
    pub(super) fn of_manifest(kind: PackageKind, words: &str) -> Option<Self> {
        let words = words.trim();
        let any_of = match kind {
            PackageKind::Npm => semantic::npm(words)?,
            PackageKind::Cargo => semantic::cargo(words)?,
            PackageKind::Composer => semantic::composer(words)?,
            PackageKind::Gem => semantic::gem(words)?,
            PackageKind::Python => python::specifiers(words)?,
            // The least version: another module may ask for a later one.
            PackageKind::Go => vec![vec![Bound::new(Test::AtLeast, bare(kind, words))]],
            PackageKind::Maven | PackageKind::NuGet => interval::intervals(words)?,
            _ => return None,
        };
        let takes_newest = !matches!(
            kind,
            PackageKind::Go | PackageKind::Maven | PackageKind::NuGet
        );
        Self::new(kind, any_of, takes_newest)
    }

    /// One version as it is written, as lock files have it.
    pub(super) fn exactly(kind: PackageKind, version: &str) -> Option<Self> {
        let bound = Bound::new(Test::Equal, bare(kind, version.trim()));
        Self::new(kind, vec![vec![bound]], false)
    }

    /// All that come before a version, and that one if it is taken, too.
    pub(super) fn up_to(kind: PackageKind, version: &str, takes_it: bool) -> Option<Self> {
        let test = if takes_it { Test::AtMost } else { Test::Less };
        Self::new(kind, vec![vec![Bound::new(test, version)]], true)
    }

    /// Whatever there is.
    pub(super) fn any(kind: PackageKind) -> Option<Self> {
        Self::new(kind, vec![Vec::new()], true)
    }

    fn new(kind: PackageKind, any_of: Vec<Vec<Bound>>, takes_newest: bool) -> Option<Self> {
        let order = version_order(kind)?;
        let mut bounds = any_of.iter().flatten();
        bounds.all(|bound| order.is_valid(&bound.version)).then(|| {
            let has_bounds = any_of.iter().any(|all_of| !all_of.is_empty());
            Self {
                order,
                any_of,
                guards_pre: has_bounds
                    && takes_newest
                    && matches!(kind, PackageKind::Npm | PackageKind::Cargo),
                takes_newest,
            }
        })
    }

    /// Whether a version is one of those.
    pub(super) fn admits(&self, kind: PackageKind, version: &str) -> bool {
        let version = bare(kind, version);
        let mut any_of = self.any_of.iter();
        any_of.any(|all_of| {
            all_of.iter().all(|bound| bound.holds(self.order, version))
                && (!self.guards_pre || bound::takes_pre(all_of, version))
        })
    }

    /// Which of two ranges of one kind of package takes less: one version, all up to some version, or all
    /// there will ever be.
    pub(super) fn compare_width(&self, other: &Self) -> Ordering {
        let (own, others) = (self.ceiling(), other.ceiling());
        let class = |range: &Self, ceiling: Option<&str>| match ceiling {
            Some(_) if range.is_exact() => 0,
            Some(_) => 1,
            None => 2,
        };
        let by_class = class(self, own).cmp(&class(other, others));
        by_class.then_with(|| match (own, others) {
            (Some(own), Some(others)) => {
                let order = self.order.compare(own, others);
                order.unwrap_or(Ordering::Equal)
            }
            _ => Ordering::Equal,
        })
    }

    fn is_exact(&self) -> bool {
        let mut any_of = self.any_of.iter();
        any_of.all(|all_of| all_of.iter().any(Bound::is_exact))
    }

    /// The version above which nothing is taken.
    fn ceiling(&self) -> Option<&str> {
        let compare = |left: &&str, right: &&str| {
            let order = self.order.compare(left, right);
            order.unwrap_or(Ordering::Equal)
        };
        let lowest = self.any_of.iter().map(|all_of| {
            let ceilings = all_of.iter().filter(|bound| bound.is_ceiling());
            ceilings.map(|bound| bound.version.as_str()).min_by(compare)
        });
        let all: Option<Vec<&str>> = lowest.collect();
        all?.into_iter().max_by(compare)
    }

    /// Whether nothing but asking anew is needed to get a version.
    pub(super) fn resolves_to(&self, kind: PackageKind, version: &str) -> bool {
        self.takes_newest && self.admits(kind, version)
    }
}

/// A version without the letter that some files write in front.
fn bare(kind: PackageKind, version: &str) -> &str {
    match kind {
        PackageKind::Go | PackageKind::Composer => version.strip_prefix('v').unwrap_or(version),
        _ => version,
    }
}
