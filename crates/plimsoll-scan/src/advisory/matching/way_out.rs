//! Which later versions are free of what advisories tell of a package, and which is the smallest.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::super::version::{BadVersion, Held, Order};
use super::super::{Affected, Event, EventKind, RecordId, Version};
use super::judge::{Hit, Installed, Verdict};
use super::range::{Position, holds};
use super::work::Work;

/// Whether releases of what has such versions follow one another, so that the last of some fixes has
/// all of them: those of a distribution's packages do.
fn is_linear(order: Order) -> bool {
    matches!(order, Order::Dpkg | Order::Apk | Order::Rpm)
}

/// Gives each hit what its record calls fixed of the package in any of its entries. A record may tell of
/// a project's branches in one entry or in one each, which means the same. In a distribution one entry
/// each is for streams of a module, and for processors. Says no where that is more than `work` leaves.
pub(super) fn join_fixes<'i>(
    installed: &mut Installed<'_>,
    verdict: &mut Verdict<'i>,
    work: &Work,
) -> bool {
    if is_linear(installed.order) {
        return true;
    }
    let said = &verdict.said;
    let mut parts = said.len() + verdict.unjudged.len() + verdict.undecided.len();
    let is_same = |a: &Hit<'i>, b: &Hit<'i>| a.affected.record == b.affected.record;
    for hits in verdict.hits.chunk_by_mut(is_same) {
        let Some(record) = hits.first().map(|hit| hit.affected.record) else {
            continue;
        };
        let first = said.partition_point(|affected| affected.record < record);
        let entries = said.iter().skip(first);
        let mut entries = entries.take_while(|affected| affected.record == record);
        if entries.clone().nth(1).is_some() {
            let mut all: Vec<Version<'i>> = Vec::new();
            let has_room = entries.all(|entry| {
                all.extend(fixes(entry, installed));
                !work.is_too_much(all.len())
            });
            all.sort_unstable_by_key(|fix| fix.slot);
            all.dedup_by_key(|fix| fix.slot);
            parts = parts.saturating_add(all.len().saturating_mul(hits.len()));
            if !has_room || work.is_too_much(parts) {
                return false;
            }
            for hit in hits.iter_mut() {
                hit.fixes.clone_from(&all);
            }
        }
    }
    true
}

/// Versions that are tried in search of one that is free of all.
const TRIES: usize = 32;

/// The smallest version above the one installed that no advisory means, of those that any calls
/// fixed; advisories aside that know of no fix. Nothing where there is nothing to mend, and of
/// packages of a distribution: there the last of the fixes has all. The outer nothing is more than
/// `work` leaves.
#[expect(clippy::option_option, reason = "two ways of finding nothing")]
pub(super) fn free_of_all<'i>(
    installed: &mut Installed<'_>,
    verdict: &Verdict<'i>,
    work: &mut Work,
) -> Option<Option<&'i str>> {
    let order = installed.order;
    if is_linear(order) {
        return Some(None);
    }
    let compare = |left: &str, right: &str| order.compare(left, right).unwrap_or(Ordering::Equal);
    // In the order of records, as hits are.
    let mut hopeless: Vec<RecordId> = Vec::new();
    let mut is_hopeless = true;
    // Nothing below is free: there the intervals end that hold the version installed.
    let mut least: Option<&str> = None;
    for hit in &verdict.hits {
        if hit.fixes.is_empty() {
            hopeless.push(hit.affected.record);
            continue;
        }
        is_hopeless = false;
        for range in hit.affected.ranges() {
            if !holds(range.events(), installed).unwrap_or(false) {
                continue;
            }
            let end = ends(range.events(), installed).min_by(|a, b| compare(a, b));
            least = match (least, end) {
                (Some(least), Some(end)) if compare(end, least).is_le() => Some(least),
                (least, end) => end.or(least),
            };
        }
    }
    if is_hopeless {
        return Some(None);
    }
    let slots = installed.slots();
    // Advisories name the same few.
    let mut known = vec![false; slots];
    let mut is_new = |fix: &Version<'_>| {
        let place = usize::try_from(fix.slot).ok();
        let place = place.and_then(|slot| known.get_mut(slot));
        place.is_none_or(|known| !std::mem::replace(known, true))
    };
    let mut candidates: Vec<Version<'i>> = verdict
        .said
        .iter()
        .flat_map(|affected| fixes(affected, installed))
        .filter(|fix| is_new(fix) && least.is_none_or(|least| compare(fix.text, least).is_ge()))
        .collect();
    order.sort(&mut candidates, |version| version.text);
    for version in candidates.into_iter().take(TRIES) {
        let mut there = Installed::new(order, version.text, false, slots);
        let mut is_free = true;
        for affected in &verdict.said {
            if !work.look(affected.size()) {
                return None;
            }
            if hopeless.binary_search(&affected.record).is_ok() {
                continue;
            }
            let mut ranges = affected.ranges();
            if affected.enumerates(version)
                || ranges.any(|range| holds(range.events(), &mut there).unwrap_or(false))
            {
                is_free = false;
                break;
            }
        }
        if is_free {
            return Some(Some(version.text));
        }
    }
    Some(None)
}

/// Where intervals end that begin no later than the version installed: what is called fixed above it,
/// and the last versions that have the flaw from it on.
fn ends<'i>(
    events: impl Iterator<Item = Event<'i>>,
    position: &mut Installed<'_>,
) -> impl Iterator<Item = &'i str> {
    let ends = events.filter(|event| match event.kind {
        EventKind::Fixed => position.to(event.version).is_ok_and(Ordering::is_lt),
        EventKind::LastAffected => position.is_past(event.version) == Ok(false),
        EventKind::Introduced | EventKind::Limit => false,
    });
    ends.map(|event| event.version.text)
}

/// So few versions are sooner compared with each other than put into a set.
const FEW: usize = 16;

/// The versions above the one installed that are called fixed, each once.
pub(super) fn fixes<'i>(affected: &Affected<'i>, position: &mut Installed<'_>) -> Vec<Version<'i>> {
    let mut fixes: Vec<Version<'i>> = Vec::new();
    let mut known: HashSet<u32> = HashSet::new();
    for range in affected.ranges() {
        for event in range.events() {
            if event.kind != EventKind::Fixed
                || !position.to(event.version).is_ok_and(Ordering::is_lt)
                || position.is_broken(event.version.slot)
            {
                continue;
            }
            if fixes.len() == FEW && known.is_empty() {
                known.extend(fixes.iter().map(|fix| fix.slot));
            }
            let is_new = match fixes.len() {
                0..FEW => !fixes.contains(&event.version),
                _ => known.insert(event.version.slot),
            };
            if is_new {
                fixes.push(event.version);
            }
        }
    }
    fixes
}

/// What comes behind the version installed, is called fixed, and is no version: nobody can install
/// it, and that the flaw was mended is true all the same.
pub(super) fn no_version<'i>(
    affected: &Affected<'i>,
    position: &mut Installed<'_>,
) -> Option<&'i str> {
    if position.has_no_broken() {
        return None;
    }
    let mut events = affected.ranges().flat_map(|range| range.events());
    let found = events.find(|event| {
        event.kind == EventKind::Fixed
            && position.is_broken(event.version.slot)
            && position.to(event.version).is_ok_and(Ordering::is_lt)
    });
    found.map(|event| event.version.text)
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
/// record. An advisory that knows of no fix says nothing on which version has one; it does not take
/// away what others know. Nothing where looking for it is more than `work` leaves.
pub(super) fn way_out<'i>(
    order: Order,
    hits: &[&Hit<'i>],
    said: &[Affected<'i>],
    work: &mut Work,
) -> Option<WayOut<'i>> {
    let mut all: Vec<Version<'i>> = hits
        .iter()
        .flat_map(|hit| hit.fixes.iter().copied())
        .filter(|fix| order.check(fix.text).is_ok())
        .collect();
    order.sort(&mut all, |fix| fix.text);
    let mut knowing: Vec<RecordId> = hits
        .iter()
        .filter(|hit| !hit.fixes.is_empty())
        .map(|hit| hit.affected.record)
        .collect();
    // One record may speak of a package many times.
    knowing.sort_unstable();
    knowing.dedup();
    let mut smallest = None;
    for version in &all {
        if is_free(order, *version, &knowing, said, work)? {
            smallest = Some(version.text);
            break;
        }
    }
    Some(WayOut {
        smallest,
        all: all.into_iter().map(|fix| fix.text).collect(),
    })
}

/// Whether none of some records means a version; nothing where that is more than `work` leaves.
fn is_free(
    order: Order,
    version: Version<'_>,
    records: &[RecordId],
    said: &[Affected<'_>],
    work: &mut Work,
) -> Option<bool> {
    let mut other = Other {
        order,
        version: Held::new(order, version.text),
    };
    for record in records {
        let first = said.partition_point(|affected| affected.record < *record);
        let behind = said.iter().skip(first);
        for affected in behind.take_while(|affected| affected.record == *record) {
            if !work.look(affected.size()) {
                return None;
            }
            let mut ranges = affected.ranges();
            if affected.enumerates(version)
                || ranges.any(|range| holds(range.events(), &mut other).unwrap_or(true))
            {
                return Some(false);
            }
        }
    }
    Some(true)
}

/// Any version in the place of the one installed.
struct Other<'v> {
    order: Order,
    version: Held<'v>,
}

impl Position for Other<'_> {
    type Error = BadVersion;

    fn to(&mut self, named: Version<'_>) -> Result<Ordering, BadVersion> {
        let found = self.version.compare_named(named.text);
        found.map(|(found, _)| found)
    }

    fn is_past(&mut self, last: Version<'_>) -> Result<bool, BadVersion> {
        Ok(self.to(last)?.is_gt() && !self.order.is_build_of(self.version.text(), last.text))
    }

    fn between(&mut self, left: Version<'_>, right: Version<'_>) -> Result<Ordering, BadVersion> {
        let found = self.order.compare_named(left.text, right.text);
        found.map(|(found, _)| found)
    }
}
