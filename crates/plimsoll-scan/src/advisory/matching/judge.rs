//! Which advisories on a package mean the version that is installed.

use std::cell::LazyCell;
use std::cmp::Ordering;
use std::collections::HashSet;

use super::super::version::{BadVersion, Held, Order};
use super::super::{Affected, AffectedBy, EventKind, IndexError, RecordId, Version};
use super::question::Known;
use super::range::{Position, holds};
use super::way_out::{fixes, free_of_all, join_fixes, no_version};
use super::work::Work;

/// What was found out about one version of one package.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict<'i> {
    /// What advisories say that mean this version, by record.
    pub(super) hits: Vec<Hit<'i>>,
    /// Records that speak of the package and do not mean this version, sorted.
    pub(super) cleared: Vec<RecordId>,
    /// All that the advisories of the hits say of the package, by record.
    pub(super) said: Vec<Affected<'i>>,
    /// The smallest version above this one that no advisory means; see [`free_of_all()`].
    pub(super) free_of_all: Option<&'i str>,
    /// Advisories that could not be held against the version, and why; without an advisory where
    /// the version itself is none.
    pub(super) unjudged: Vec<(Option<RecordId>, BadVersion)>,
    /// What those of them say that could mean the version.
    pub(super) undecided: Vec<Hit<'i>>,
}

/// What an advisory says of the package, that means the version installed.
#[derive(Clone, Debug)]
pub(super) struct Hit<'i> {
    pub(super) affected: Affected<'i>,
    /// Versions above the one installed that it calls fixed; of what is published anywhere but in a
    /// distribution those that its record calls so in any place that is on the package.
    pub(super) fixes: Vec<Version<'i>>,
    /// Whether only those get them who pay for it.
    pub(super) is_paid: bool,
    /// Whether it counts only of flaws that the advisories on this package that come first, of those
    /// who pay or who do not, say nothing of.
    pub(super) is_second: bool,
    /// What it calls fixed and is no version, where this place of its record calls no other one fixed:
    /// it counts where nothing else is known to mend the flaw.
    pub(super) no_version: Option<&'i str>,
}

impl<'i> Hit<'i> {
    fn new(affected: Affected<'i>, fixes: Vec<Version<'i>>) -> Self {
        Self {
            affected,
            fixes,
            is_paid: false,
            is_second: false,
            no_version: None,
        }
    }

    /// One of an advisory that could not be held against the version.
    fn undecided(affected: Affected<'i>) -> Self {
        let mut events = affected.ranges().flat_map(|range| range.events());
        let fixed = events.find(|event| event.kind == EventKind::Fixed);
        Self {
            no_version: fixed.map(|event| event.version.text),
            ..Self::new(affected, Vec::new())
        }
    }
}

/// How an installed version stands to the versions that advisories name. Each is compared once,
/// however many advisories name it.
pub(super) struct Installed<'v> {
    pub(super) order: Order,
    version: Held<'v>,
    /// Whether its epoch is not known, so that nobody's counts.
    is_without_epoch: bool,
    compared: Vec<Option<Ordering>>,
    /// The slots of those that are no versions, and could be compared all the same.
    broken: HashSet<u32>,
    /// The slots of versions that are this one, however they are spelled; sorted.
    spellings: Option<Vec<u32>>,
}

impl<'v> Installed<'v> {
    pub(super) fn new(
        order: Order,
        version: &'v str,
        is_without_epoch: bool,
        slots: usize,
    ) -> Self {
        Self {
            order,
            version: Held::new(
                order,
                match is_without_epoch {
                    true => without_epoch(version),
                    false => version,
                },
            ),
            is_without_epoch,
            compared: vec![None; slots],
            broken: HashSet::new(),
            spellings: None,
        }
    }

    /// How many versions are named.
    pub(super) fn slots(&self) -> usize {
        self.compared.len()
    }

    /// Whether what is named there is no version, and was compared all the same.
    pub(super) fn is_broken(&self, slot: u32) -> bool {
        self.broken.contains(&slot)
    }

    /// Whether none of what was compared is such.
    pub(super) fn has_no_broken(&self) -> bool {
        self.broken.is_empty()
    }

    /// Whether the version is listed, however it is spelled. `all` is what names the slots.
    fn is_listed(&mut self, affected: &Affected<'_>, all: &AffectedBy<'_>) -> bool {
        if !affected.lists_any() {
            return false;
        }
        let spellings = self.spellings.take().unwrap_or_else(|| {
            let named = all.named();
            named
                .filter(|named| self.to(*named).is_ok_and(Ordering::is_eq))
                .map(|named| named.slot)
                .collect()
        });
        let listed = affected.lists_one_of(&spellings);
        self.spellings = Some(spellings);
        listed
    }
}

impl Position for Installed<'_> {
    type Error = BadVersion;

    fn to(&mut self, named: Version<'_>) -> Result<Ordering, BadVersion> {
        let slot = usize::try_from(named.slot).unwrap_or(usize::MAX);
        if let Some(Some(known)) = self.compared.get(slot) {
            return Ok(*known);
        }
        let other = match self.is_without_epoch {
            true => without_epoch(named.text),
            false => named.text,
        };
        let (found, is_broken) = self.version.compare_named(other)?;
        if is_broken {
            self.broken.insert(named.slot);
        }
        if let Some(place) = self.compared.get_mut(slot) {
            *place = Some(found);
        }
        Ok(found)
    }

    fn is_past(&mut self, last: Version<'_>) -> Result<bool, BadVersion> {
        Ok(self.to(last)?.is_gt() && !self.order.is_build_of(self.version.text(), last.text))
    }

    fn between(&mut self, left: Version<'_>, right: Version<'_>) -> Result<Ordering, BadVersion> {
        let found = self.order.compare_named(left.text, right.text);
        found.map(|(found, _)| found)
    }
}

/// `1.2-3` of `4:1.2-3`.
fn without_epoch(version: &str) -> &str {
    match version.split_once(':') {
        Some((epoch, rest)) if epoch.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => version,
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

/// Holds the version that is asked for against everything that advisories say of its package; nothing
/// where that is more than `work` leaves.
///
/// # Errors
/// The index is damaged.
pub(super) fn judge<'i>(
    order: Order,
    asked: &Known<'_>,
    said: AffectedBy<'i>,
    work: &mut Work,
) -> Result<Option<Verdict<'i>>, IndexError> {
    let version = &*asked.version;
    let slots = usize::try_from(said.slots()).unwrap_or(0);
    // Each comparison reads the whole version.
    if !work.look(version.len().saturating_mul(slots)) {
        return Ok(None);
    }
    // A search through all versions that are named, for the advisories that list some.
    let all = said.clone();
    let written = LazyCell::new(|| all.slot(version));
    let bad = order.check_installed(version).err();
    let mut installed = Installed::new(order, version, asked.is_without_epoch, slots);
    let mut verdict = Verdict::default();
    let mut parts = 0_usize;
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
            None => is_hit(&affected, &written, &mut installed, &all),
        };
        match found {
            Ok(true) => {
                let fixes = match bad {
                    None => fixes(&affected, &mut installed),
                    Some(_) => Vec::new(),
                };
                parts += 1 + fixes.len();
                let no_version = match fixes.is_empty() {
                    true => no_version(&affected, &mut installed),
                    false => None,
                };
                let affected = affected.clone();
                verdict.hits.push(Hit {
                    no_version,
                    ..Hit::new(affected, fixes)
                });
            }
            Ok(false) if bad.is_some() => {}
            // A list of a distribution's versions says nothing of what was built between them.
            Ok(false) if order == Order::Dpkg && affected.ranges().next().is_none() => {}
            Ok(false) => verdict.cleared.push(affected.record),
            Err(bad) => {
                parts += 2;
                verdict.unjudged.push((Some(affected.record), bad));
                verdict.undecided.push(Hit::undecided(affected.clone()));
            }
        }
        parts += 1;
        if work.is_too_much(parts) {
            return Ok(None);
        }
        verdict.said.push(affected);
    }
    if bad.is_none() {
        if !join_fixes(&mut installed, &mut verdict, work) {
            return Ok(None);
        }
        match free_of_all(&mut installed, &verdict, work) {
            Some(found) => verdict.free_of_all = found,
            None => return Ok(None),
        }
    }
    // Hits are in the order of records, too.
    let is_hit = |record: &RecordId| {
        let hit = |hit: &Hit<'_>| hit.affected.record.cmp(record);
        verdict.hits.binary_search_by(hit).is_ok()
    };
    verdict.said.retain(|affected| is_hit(&affected.record));
    let is_unjudged = |record: &RecordId| {
        let known = |(unjudged, _): &(Option<RecordId>, BadVersion)| unjudged.cmp(&Some(*record));
        verdict.unjudged.binary_search_by(known).is_ok()
    };
    verdict
        .cleared
        .retain(|record| !is_hit(record) && !is_unjudged(record));
    verdict.cleared.dedup();
    verdict.said.shrink_to_fit();
    Ok(work.keep(verdict.parts()).then_some(verdict))
}

impl Verdict<'_> {
    /// How much there is to keep of it.
    fn parts(&self) -> usize {
        let fixes = self.hits.iter().map(|hit| hit.fixes.len());
        let open = self.unjudged.len() + self.undecided.len();
        self.hits.len() + self.said.len() + open + fixes.sum::<usize>()
    }
}

/// Whether the version is listed, spelled just so.
fn is_listed<F>(affected: &Affected<'_>, written: &LazyCell<Option<u32>, F>) -> bool
where
    F: FnOnce() -> Option<u32>,
{
    affected.lists_any() && written.is_some_and(|slot| affected.lists(slot))
}

/// Whether every version is meant, whatever it is.
pub(super) fn means_all(affected: &Affected<'_>) -> bool {
    let mut ranges = affected.ranges();
    ranges.any(|range| holds(range.events(), &mut Nowhere) == Ok(true))
}

/// OSV's question: is the version listed, or in one of the ranges?
fn is_hit<F>(
    affected: &Affected<'_>,
    written: &LazyCell<Option<u32>, F>,
    position: &mut Installed<'_>,
    all: &AffectedBy<'_>,
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
    match bad {
        _ if position.is_listed(affected, all) => Ok(true),
        Some(bad) => Err(bad),
        None => Ok(false),
    }
}
