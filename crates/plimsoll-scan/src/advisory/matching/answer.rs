//! What the advisories on a package say of one version of it: those of its release, and beside them
//! those with fixes that only customers get.
//!
//! Canonical files a flaw of a release under `Ubuntu:Pro` as soon as the fix comes from there, and
//! under nothing else; SUSE's and Red Hat's longer support is told the same way. The flaw is in
//! everybody's package. So both are asked, and who did not pay for the package has no fix. Where both
//! speak of one flaw, those come first that the package is of: what they call mended is mended.

use std::collections::BTreeSet;

use super::super::version::{BadVersion, Order};
use super::super::{Affected, Ecosystem, Index, IndexError, RecordId};
use super::distribution::Release;
use super::flaw::{are_of_several, cve};
use super::judge::{Hit, Verdict, judge};
use super::question::Known;
use super::work::Work;

/// What the advisories of some ecosystems say of one version of one package that they name.
#[derive(Debug)]
pub(super) struct Answer<'i> {
    pub(super) order: Order,
    pub(super) hits: Vec<Hit<'i>>,
    /// All that the advisories of the hits say of the package, by record.
    pub(super) said: Vec<Affected<'i>>,
    /// The same of those hits whose fixes are paid for.
    pub(super) paid_said: Vec<Affected<'i>>,
    /// CVE numbers that hits of those that come second tell of, and that those that come first say
    /// do not mean this version; sorted.
    pub(super) settled: Vec<String>,
    /// CVE numbers that advisories of a distribution on several flaws tell of, and that its records of
    /// these flaws say do not mean this version; sorted.
    pub(super) overruled: Vec<String>,
    /// What those pay for who get the fixes that are paid for.
    pub(super) offer: &'static str,
    pub(super) free_of_all: Option<&'i str>,
    pub(super) unjudged: Vec<(Option<RecordId>, BadVersion)>,
    /// What those of them tell of that name a record, as if they meant the version: whether they do,
    /// nobody knows. Without what others settle.
    pub(super) undecided: Option<Box<Self>>,
    /// Whether there is more than is looked at. The rest is empty then.
    pub(super) is_too_much: bool,
}

impl<'i> Answer<'i> {
    /// Of hits that may be none.
    fn undecided(order: Order, mut hits: Vec<Hit<'i>>, settled: Vec<String>) -> Self {
        for hit in &mut hits {
            hit.is_second = true;
        }
        Self {
            hits,
            settled,
            ..Self::new(order)
        }
    }

    /// Whether it tells of anything, or may.
    pub(super) fn tells(&self) -> bool {
        !self.hits.is_empty() || self.undecided.is_some()
    }

    fn new(order: Order) -> Self {
        Self {
            order,
            hits: Vec::new(),
            said: Vec::new(),
            paid_said: Vec::new(),
            settled: Vec::new(),
            overruled: Vec::new(),
            offer: "",
            free_of_all: None,
            unjudged: Vec::new(),
            undecided: None,
            is_too_much: false,
        }
    }

    fn too_much(order: Order) -> Self {
        Self {
            is_too_much: true,
            ..Self::new(order)
        }
    }
}

/// What is said of a package of `release`; none where no advisory names it. `is_paid_for` tells whether
/// a customer got it.
pub(super) fn answer<'i>(
    index: &'i Index,
    release: &Release,
    is_paid_for: bool,
    asked: &Known<'_>,
    work: &mut Work,
) -> Result<Option<Answer<'i>>, IndexError> {
    let mut answer: Option<Answer<'i>> = None;
    let mut free = Group::default();
    let mut paid = Group::default();
    let mut undecided = Vec::new();
    for (ecosystems, group) in [(&release.ecosystems, &mut free), (&release.paid, &mut paid)] {
        for ecosystem in ecosystems {
            let Some(order) = ecosystem.order() else {
                continue;
            };
            let verdict = match said(index, ecosystem, order, asked, work)? {
                Said::Nothing => continue,
                Said::TooMuch => return Ok(Some(Answer::too_much(order))),
                Said::All(verdict) => verdict,
            };
            let is_only = answer.is_none();
            let answer = answer.get_or_insert_with(|| Answer::new(order));
            answer.order = order;
            // What one of several says is free of all that it knows itself.
            answer.free_of_all = verdict.free_of_all.filter(|_| is_only);
            answer.unjudged.extend(verdict.unjudged);
            undecided.extend(verdict.undecided);
            group.hits.extend(verdict.hits);
            group.said.extend(verdict.said);
            group.cleared.extend(verdict.cleared);
        }
    }
    let Some(mut answer) = answer else {
        return Ok(None);
    };
    answer.offer = release.offer();
    if !is_paid_for {
        free.price(|fix| release.is_paid(fix, false));
        paid.price(|fix| release.is_paid(fix, true));
    }
    let (mut first, mut second) = match is_paid_for {
        true => (paid, free),
        false => (free, paid),
    };
    first.sort();
    if !undecided.is_empty() {
        let cleared: Vec<RecordId> = [&first.cleared[..], &second.cleared].concat();
        // Another advisory on the flaw, which could be held against the version, knows better.
        match settled(index, &undecided, &cleared, work)? {
            Some(settled) => {
                answer.undecided = Some(Box::new(Answer::undecided(
                    answer.order,
                    undecided,
                    settled,
                )));
            }
            None => return Ok(Some(Answer::too_much(answer.order))),
        }
    }
    second.yield_to(&first);
    match settled(index, &second.hits, &first.cleared, work)? {
        Some(settled) => answer.settled = settled,
        None => return Ok(Some(Answer::too_much(answer.order))),
    }
    // Of those that publish records of flaws beside updates: Debian and Ubuntu.
    if answer.order == Order::Dpkg {
        match overruled(index, &first, &second, &answer.unjudged, work)? {
            Some(overruled) => answer.overruled = overruled,
            None => return Ok(Some(Answer::too_much(answer.order))),
        }
    }
    for group in [first, second] {
        let paid: BTreeSet<RecordId> = group
            .hits
            .iter()
            .filter(|hit| hit.is_paid)
            .map(|hit| hit.affected.record)
            .collect();
        answer.hits.extend(group.hits);
        let (paid, free) = group
            .said
            .into_iter()
            .partition::<Vec<_>, _>(|affected| paid.contains(&affected.record));
        answer.said.extend(free);
        answer.paid_said.extend(paid);
    }
    answer.said.sort_by_key(|affected| affected.record);
    answer.paid_said.sort_by_key(|affected| affected.record);
    Ok(Some(answer))
}

/// What one ecosystem says.
enum Said<'i> {
    Nothing,
    TooMuch,
    All(Verdict<'i>),
}

fn said<'i>(
    index: &'i Index,
    ecosystem: &Ecosystem,
    order: Order,
    asked: &Known<'_>,
    work: &mut Work,
) -> Result<Said<'i>, IndexError> {
    let Some(body) = index.body(ecosystem, asked.name)? else {
        return Ok(Said::Nothing);
    };
    if !work.look(body.len()) {
        return Ok(Said::TooMuch);
    }
    let said = index.read_body(body)?;
    if said.size_hint().1 == Some(0) {
        return Ok(Said::Nothing);
    }
    let verdict = judge(order, asked, said, work)?;
    Ok(verdict.map_or(Said::TooMuch, Said::All))
}

/// What all of the ecosystems say that are for those who pay, or for those who do not.
#[derive(Default)]
struct Group<'i> {
    hits: Vec<Hit<'i>>,
    said: Vec<Affected<'i>>,
    /// Records that speak of the package and do not mean this version, once sorted.
    cleared: Vec<RecordId>,
}

impl Group<'_> {
    /// Parts what is for all from what is paid for.
    fn price(&mut self, is_paid: impl Fn(&str) -> bool) {
        for hit in &mut self.hits {
            hit.is_paid = !hit.fixes.is_empty() && hit.fixes.iter().all(|fix| is_paid(fix.text));
            if !hit.is_paid {
                hit.fixes.retain(|fix| !is_paid(fix.text));
            }
        }
    }

    /// Sorts what it clears. What one of its ecosystems has a hit of is not cleared by another.
    fn sort(&mut self) {
        let hits: BTreeSet<RecordId> = self.hits.iter().map(|hit| hit.affected.record).collect();
        self.cleared.retain(|record| !hits.contains(record));
        self.cleared.sort_unstable();
        self.cleared.dedup();
    }

    /// Leaves the records to another group that it clears, or knows a way out of.
    fn yield_to(&mut self, first: &Self) {
        let known: BTreeSet<RecordId> = first
            .hits
            .iter()
            .filter(|hit| !hit.fixes.is_empty() && !hit.is_paid)
            .map(|hit| hit.affected.record)
            .collect();
        let is_left = |record: &RecordId| {
            !known.contains(record) && first.cleared.binary_search(record).is_err()
        };
        self.hits.retain(|hit| is_left(&hit.affected.record));
        self.said.retain(|affected| is_left(&affected.record));
        for hit in &mut self.hits {
            hit.is_second = true;
        }
    }
}

/// The CVE numbers of some hits that records which clear the version tell of; sorted. Nothing where
/// that is more than `work` leaves.
fn settled(
    index: &Index,
    hits: &[Hit<'_>],
    cleared: &[RecordId],
    work: &mut Work,
) -> Result<Option<Vec<String>>, IndexError> {
    let mut settled = BTreeSet::new();
    if hits.is_empty() || cleared.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let mut wanted = BTreeSet::new();
    let mut read = NameReader::new(index, work);
    let records: BTreeSet<RecordId> = hits.iter().map(|hit| hit.affected.record).collect();
    for record in records {
        let Some(names) = read.of(record)? else {
            return Ok(None);
        };
        wanted.extend(names.numbers().map(str::to_owned));
    }
    for record in cleared {
        let Some(names) = read.of(*record)? else {
            return Ok(None);
        };
        let numbers = names.numbers().filter(|number| wanted.contains(*number));
        settled.extend(numbers.map(str::to_owned));
    }
    Ok(Some(settled.into_iter().collect()))
}

/// The CVE numbers that only advisories on several flaws tell of, and whose own records do not mean the
/// version; sorted. The version that mends all of them is that of the last one: where a distribution says
/// which one mends a flaw, that is exact. What those that come second clear says nothing of what those
/// that come first tell: the version is not of their line. Nothing where that is more than `work` leaves.
fn overruled(
    index: &Index,
    first: &Group<'_>,
    second: &Group<'_>,
    unjudged: &[(Option<RecordId>, BadVersion)],
    work: &mut Work,
) -> Result<Option<Vec<String>>, IndexError> {
    if first.cleared.is_empty() && second.cleared.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let mut read = NameReader::new(index, work);
    let records = |group: &Group<'_>| -> BTreeSet<RecordId> {
        let hits = group.hits.iter();
        hits.map(|hit| hit.affected.record).collect()
    };
    let (of_first, of_second) = (records(first), records(second));
    let mut wanted = BTreeSet::new();
    let mut told = BTreeSet::new();
    let mut told_first = BTreeSet::new();
    for record in of_first.union(&of_second) {
        let Some(names) = read.of(*record)? else {
            return Ok(None);
        };
        if of_first.contains(record) {
            told_first.extend(names.numbers().map(str::to_owned));
        }
        let numbers = names.numbers().map(str::to_owned);
        match names.is_on_several() {
            true => wanted.extend(numbers),
            false => told.extend(numbers),
        }
    }
    wanted.retain(|number| !told.contains(number));
    let mut overruled = Vec::new();
    if wanted.is_empty() {
        return Ok(Some(overruled));
    }
    let unjudged: BTreeSet<RecordId> = unjudged.iter().filter_map(|(record, _)| *record).collect();
    let is_open = |record: &RecordId| {
        of_first.contains(record) || of_second.contains(record) || unjudged.contains(record)
    };
    let cleared_first: BTreeSet<RecordId> = first.cleared.iter().copied().collect();
    let mut cleared = cleared_first.clone();
    cleared.extend(&second.cleared);
    cleared.retain(|record| !is_open(record));
    for record in cleared {
        let Some(names) = read.of(record)? else {
            return Ok(None);
        };
        let Some(number) = names.own_number().filter(|number| wanted.contains(*number)) else {
            continue;
        };
        if cleared_first.contains(&record) || !told_first.contains(number) {
            overruled.push(number.to_owned());
        }
    }
    overruled.sort_unstable();
    overruled.dedup();
    Ok(Some(overruled))
}

/// What a record calls itself, and then its flaws.
struct Names(Vec<String>);

impl Names {
    fn all(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    fn numbers(&self) -> impl Iterator<Item = &str> {
        self.all().filter_map(cve)
    }

    fn is_on_several(&self) -> bool {
        are_of_several(self.all())
    }

    /// The number that its id is made of, where it is of that flaw alone.
    fn own_number(&self) -> Option<&str> {
        cve(self.0.first()?).filter(|_| !self.is_on_several())
    }
}

/// Reads what records are called.
struct NameReader<'i, 'w> {
    index: &'i Index,
    work: &'w mut Work,
    checked: Option<u32>,
}

impl<'i, 'w> NameReader<'i, 'w> {
    fn new(index: &'i Index, work: &'w mut Work) -> Self {
        Self {
            index,
            work,
            checked: None,
        }
    }

    /// Those of the next record; nothing where there is no room to read it.
    fn of(&mut self, record: RecordId) -> Result<Option<Names>, IndexError> {
        let (names, bytes) = self.index.sized_names(record, &mut self.checked)?;
        Ok(self.work.look(bytes).then_some(Names(names)))
    }
}
