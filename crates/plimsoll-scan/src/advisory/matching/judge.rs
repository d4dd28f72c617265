//! Which advisories on a package mean the version that is installed, and which later version is
//! free of what they tell.

use std::cell::LazyCell;
use std::cmp::Ordering;

use super::super::version::{BadVersion, Order};
use super::super::{Affected, AffectedBy, EventKind, IndexError, RecordId, Version};
use super::range::{Position, holds};

/// What was found out about one version of one package.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict<'i> {
    /// What advisories say that mean this version, by record.
    pub(super) hits: Vec<Hit<'i>>,
    /// All that the advisories of the hits say of the package, by record.
    pub(super) said: Vec<Affected<'i>>,
    /// The smallest version above this one that no advisory means; see [`free_of_all`].
    pub(super) free_of_all: Option<&'i str>,
    /// Advisories that could not be held against the version, and why; without an advisory where
    /// the version itself is none.
    pub(super) unjudged: Vec<(Option<RecordId>, BadVersion)>,
}

/// What an advisory says of the package, that means the version installed.
#[derive(Clone, Debug)]
pub(super) struct Hit<'i> {
    pub(super) affected: Affected<'i>,
    /// Versions above the one installed that it calls fixed, in the order of the record.
    pub(super) fixes: Vec<&'i str>,
}

/// How an installed version stands to the versions that advisories name. Each is compared once,
/// however many advisories name it.
struct Installed<'v> {
    order: Order,
    version: &'v str,
    compared: Vec<Option<Ordering>>,
}

impl Position for Installed<'_> {
    type Error = BadVersion;

    fn to(&mut self, named: Version<'_>) -> Result<Ordering, BadVersion> {
        let slot = usize::try_from(named.slot).unwrap_or(usize::MAX);
        if let Some(Some(known)) = self.compared.get(slot) {
            return Ok(*known);
        }
        let found = self.order.compare(self.version, named.text)?;
        if let Some(place) = self.compared.get_mut(slot) {
            *place = Some(found);
        }
        Ok(found)
    }

    fn is_past(&mut self, last: Version<'_>) -> Result<bool, BadVersion> {
        Ok(self.to(last)?.is_gt() && !self.order.is_build_of(self.version, last.text))
    }

    fn between(&mut self, left: Version<'_>, right: Version<'_>) -> Result<Ordering, BadVersion> {
        self.order.compare(left.text, right.text)
    }
}

/// Any version in the place of the one installed.
struct Other<'v> {
    order: Order,
    version: &'v str,
}

impl Position for Other<'_> {
    type Error = BadVersion;

    fn to(&mut self, named: Version<'_>) -> Result<Ordering, BadVersion> {
        self.order.compare(self.version, named.text)
    }

    fn is_past(&mut self, last: Version<'_>) -> Result<bool, BadVersion> {
        Ok(self.to(last)?.is_gt() && !self.order.is_build_of(self.version, last.text))
    }

    fn between(&mut self, left: Version<'_>, right: Version<'_>) -> Result<Ordering, BadVersion> {
        self.order.compare(left.text, right.text)
    }
}

/// What is no version, in the place of the one installed: nothing can be said of where it stands.
struct Nowhere;

impl Position for Nowhere {
    type Error = ();

    fn to(&mut self, _: Version<'_>) -> Result<Ordering, ()> {
        Err(())
    }

    fn between(&mut self, _: Version<'_>, _: Version<'_>) -> Result<Ordering, ()> {
        Err(())
    }
}

/// Holds a version against everything that advisories say of its package.
///
/// # Errors
/// The index is damaged.
pub(super) fn judge<'i>(
    order: Order,
    version: &str,
    said: AffectedBy<'i>,
) -> Result<Verdict<'i>, IndexError> {
    let slots = usize::try_from(said.slots()).unwrap_or(0);
    // A search through all versions that are named, for the advisories that list some.
    let all = said.clone();
    let written = LazyCell::new(|| all.slot(version));
    let bad = order.check_installed(version).err();
    let mut installed = Installed {
        order,
        version,
        compared: vec![None; slots],
    };
    let mut verdict = Verdict::default();
    for affected in said {
        let affected = affected?;
        let found = match &bad {
            // Its own spelling may be listed all the same, and all versions may be meant.
            Some(bad) => match is_listed(&affected, &written) || means_all(&affected) {
                true => Ok(true),
                false => {
                    if verdict.unjudged.is_empty() {
                        verdict.unjudged.push((None, bad.clone()));
                    }
                    Ok(false)
                }
            },
            None => is_hit(&affected, &written, &mut installed),
        };
        match found {
            Ok(true) => {
                let fixes = match bad {
                    None => fixes(&affected, &mut installed),
                    Some(_) => Vec::new(),
                };
                let affected = affected.clone();
                verdict.hits.push(Hit { affected, fixes });
            }
            Ok(false) => {}
            Err(bad) => verdict.unjudged.push((Some(affected.record), bad)),
        }
        verdict.said.push(affected);
    }
    if bad.is_none() {
        verdict.free_of_all = free_of_all(&mut installed, &verdict);
    }
    // Hits are in the order of records, too.
    verdict.said.retain(|affected| {
        let hit = |hit: &Hit<'_>| hit.affected.record.cmp(&affected.record);
        verdict.hits.binary_search_by(hit).is_ok()
    });
    Ok(verdict)
}

/// Whether the version is listed, spelled just so.
fn is_listed<F>(affected: &Affected<'_>, written: &LazyCell<Option<u32>, F>) -> bool
where
    F: FnOnce() -> Option<u32>,
{
    affected.versions().next().is_some() && written.is_some_and(|slot| affected.lists(slot))
}

/// Whether every version is meant, whatever it is.
fn means_all(affected: &Affected<'_>) -> bool {
    let mut ranges = affected.ranges();
    ranges.any(|range| holds(range.events(), &mut Nowhere) == Ok(true))
}

/// OSV's question: is the version listed, or in one of the ranges?
fn is_hit<F>(
    affected: &Affected<'_>,
    written: &LazyCell<Option<u32>, F>,
    position: &mut Installed<'_>,
) -> Result<bool, BadVersion>
where
    F: FnOnce() -> Option<u32>,
{
    if is_listed(affected, written) {
        return Ok(true);
    }
    let mut bad = None;
    for range in affected.ranges() {
        match holds(range.events(), position) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(found) => bad = Some(found),
        }
    }
    // A version that is spelled another way is listed too.
    let mut listed = affected.versions();
    match bad {
        _ if listed.any(|version| position.to(version).is_ok_and(Ordering::is_eq)) => Ok(true),
        Some(bad) => Err(bad),
        None => Ok(false),
    }
}

/// Versions that are tried in search of one that is free of all.
const TRIES: usize = 32;

/// The smallest version above the one installed that no advisory means, of those that any calls
/// fixed; advisories aside that know of no fix. Nothing where there is nothing to mend, and of
/// packages of a distribution, whose releases follow one another: there the last of the fixes has
/// all.
fn free_of_all<'i>(installed: &mut Installed<'_>, verdict: &Verdict<'i>) -> Option<&'i str> {
    let order = installed.order;
    if matches!(order, Order::Dpkg | Order::Apk | Order::Rpm) {
        return None;
    }
    let compare = |left: &str, right: &str| order.compare(left, right).unwrap_or(Ordering::Equal);
    let mut hopeless: Vec<RecordId> = Vec::new();
    let mut least: Option<&str> = None;
    for hit in &verdict.hits {
        let fixes = hit.fixes.iter().copied();
        match fixes.min_by(|left, right| compare(left, right)) {
            Some(fix) if least.is_none_or(|least| compare(fix, least).is_gt()) => least = Some(fix),
            Some(_) => {}
            None => hopeless.push(hit.affected.record),
        }
    }
    let least = least?;
    let mut candidates: Vec<&str> = verdict
        .said
        .iter()
        .flat_map(|affected| fixes(affected, installed))
        .filter(|fix| compare(fix, least).is_ge())
        .collect();
    candidates.sort_by(|left, right| compare(left, right));
    candidates.dedup();
    let slots = installed.compared.len();
    candidates.into_iter().take(TRIES).find(|version| {
        let mut there = Installed {
            order,
            version,
            compared: vec![None; slots],
        };
        let mut means = |affected: &Affected<'_>| {
            affected.versions().any(|listed| listed.text == *version)
                || affected
                    .ranges()
                    .any(|range| holds(range.events(), &mut there).unwrap_or(false))
        };
        verdict
            .said
            .iter()
            .all(|affected| hopeless.contains(&affected.record) || !means(affected))
    })
}

/// The versions above the one installed that are called fixed.
fn fixes<'i>(affected: &Affected<'i>, position: &mut Installed<'_>) -> Vec<&'i str> {
    let mut fixes = Vec::new();
    for range in affected.ranges() {
        for event in range.events() {
            if event.kind == EventKind::Fixed
                && position.to(event.version).is_ok_and(Ordering::is_lt)
                && !fixes.contains(&event.version.text)
            {
                fixes.push(event.version.text);
            }
        }
    }
    fixes
}

/// The way out of a flaw that the hits tell of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct WayOut<'i> {
    /// The smallest version that is free of it.
    pub(super) smallest: Option<&'i str>,
    /// All that are called fixed, smallest first.
    pub(super) all: Vec<&'i str>,
}

/// The smallest version that none of the advisories of `hits` means any more; `said` is sorted by
/// record. An advisory that
/// knows of no fix says nothing on which version has one; it does not take away what others know.
pub(super) fn way_out<'i>(order: Order, hits: &[&Hit<'i>], said: &[Affected<'i>]) -> WayOut<'i> {
    let mut all: Vec<&str> = hits
        .iter()
        .flat_map(|hit| hit.fixes.iter().copied())
        .filter(|fix| order.check(fix).is_ok())
        .collect();
    // All of them are versions, so that each comparison has a result.
    all.sort_by(|a, b| order.compare(a, b).unwrap_or(Ordering::Equal));
    all.dedup();
    let knowing: Vec<RecordId> = hits
        .iter()
        .filter(|hit| !hit.fixes.is_empty())
        .map(|hit| hit.affected.record)
        .collect();
    let is_free = |version: &str| {
        let mut other = Other { order, version };
        knowing.iter().all(|record| {
            let first = said.partition_point(|affected| affected.record < *record);
            let mut of_record = said
                .iter()
                .skip(first)
                .take_while(|affected| affected.record == *record);
            of_record.all(|affected| {
                let listed = affected.versions().any(|listed| listed.text == version);
                let mut ranges = affected.ranges();
                !listed && !ranges.any(|range| holds(range.events(), &mut other).unwrap_or(true))
            })
        })
    };
    WayOut {
        smallest: all.iter().copied().find(|fix| is_free(fix)),
        all,
    }
}
