//! Where what is said of a package ends: versions that may be free of its flaws.

use std::cmp::Ordering;

use plimsoll_model::Package;

use super::of_ecosystems;
use super::question::{Known, names, version_order};
use super::work::Work;
use crate::advisory::{Affected, EventKind, Index, IndexError, Order};

/// Versions that are gone through, for all packages together.
const MOST: usize = 200_000;

/// A version at which an advisory's words on a package end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RangeEnd {
    /// The version.
    pub version: String,
    /// Whether it has the flaw itself: only what comes after it has not.
    pub has_flaw: bool,
}

/// For each of some packages the versions above the one installed at which the advisories say that
/// flaws end, as far as there is room to look; nothing for packages of a distribution.
///
/// # Errors
/// The index is damaged.
pub fn range_ends(index: &Index, packages: &[&Package]) -> Result<Vec<Vec<RangeEnd>>, IndexError> {
    let known: Vec<&str> = index.ecosystems()?.collect();
    let mut work = Work::default();
    let mut left = MOST;
    let mut all = Vec::with_capacity(packages.len());
    for package in packages {
        let mut ends = Vec::new();
        let order = version_order(package.kind).filter(|_| !package.kind.is_system());
        let ecosystems = of_ecosystems(package.kind, &known).ecosystems;
        for asked in names(package) {
            let Some(order) = order else {
                continue;
            };
            for ecosystem in &ecosystems {
                let Some(body) = index.body(ecosystem, asked.name)? else {
                    continue;
                };
                if !work.look(body.len()) {
                    continue;
                }
                for affected in index.read_body(body)? {
                    of_record(&affected?, order, &asked, &mut ends, &mut left);
                }
            }
        }
        ends.sort_unstable();
        ends.dedup();
        all.push(ends);
    }
    Ok(all)
}

fn of_record(
    affected: &Affected<'_>,
    order: Order,
    asked: &Known<'_>,
    ends: &mut Vec<RangeEnd>,
    left: &mut usize,
) {
    let mut end = |version: &str, has_flaw: bool| {
        let found = order.compare(version, &asked.version);
        if found.is_ok_and(|found| found.is_gt() || has_flaw && found.is_eq()) {
            ends.push(RangeEnd {
                version: version.to_owned(),
                has_flaw,
            });
        }
    };
    let mut has_ranges = false;
    for event in affected
        .ranges()
        .flat_map(|range| range.events())
        .take(*left)
    {
        has_ranges = true;
        *left -= 1;
        match event.kind {
            EventKind::Fixed => end(event.version.text, false),
            EventKind::LastAffected => end(event.version.text, true),
            EventKind::Introduced | EventKind::Limit => {}
        }
    }
    if has_ranges {
        return;
    }
    // Of a list only the newest is an end.
    let listed = affected.versions().map(|version| version.text).take(*left);
    let newest = listed
        .inspect(|_| *left -= 1)
        .filter(|version| order.is_valid(version))
        .max_by(|a, b| order.compare(a, b).unwrap_or(Ordering::Equal));
    if let Some(newest) = newest {
        end(newest, true);
    }
}
