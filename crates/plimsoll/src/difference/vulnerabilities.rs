//! Known vulnerabilities that only one of two images has, and why the other has not.

mod cause;
mod same;

use std::collections::HashSet;

use plimsoll_model::{GainsAndLosses, Report, Vulnerability, VulnerabilityChange};

use self::cause::Knowledge;
use self::same::{Flaws, family_of};

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Compared {
    /// What only one of them has.
    pub(super) changes: GainsAndLosses<VulnerabilityChange>,
    /// How many the newer one has and the older may have had.
    pub(super) undecided_before: usize,
}

/// Lays what two reports know side by side; `None` where one of them knows of no advisories. What
/// a later layer removed does not run, and is not compared, as its packages are not.
///
/// A flaw counts once for each package that has it, in however many versions and places the package
/// is there, and goes by any of its names: both reports are left with as many, so that all that is
/// counted of them adds up. What the newer image has and the older may have had is no news, and nobody
/// knows that both have it: it is counted for itself.
pub(super) fn compare(old: &mut Report, new: &mut Report) -> Option<Compared> {
    if old.advisories.is_none() || new.advisories.is_none() {
        return None;
    }
    let flaws = Flaws::of_both((old, live(old).chain(open(old))), (new, live(new)));
    let set =
        |flaws: &[Option<usize>]| -> HashSet<usize> { flaws.iter().flatten().copied().collect() };
    let (flaws_of_old, flaws_of_new) = (flaws.of(old), flaws.of(new));
    let (in_old, in_new) = (set(&flaws_of_old), set(&flaws_of_new));
    let kept = in_old.intersection(&in_new).count();
    let may_be = open(old).filter_map(|one| flaws.find(&family_of(old, one), one));
    let mut before: HashSet<usize> = may_be.collect();
    before.retain(|flaw| !in_old.contains(flaw));
    let undecided_before = before.intersection(&in_new).count();
    before.extend(in_old);
    once(old, &flaws_of_old);
    once(new, &flaws_of_new);
    let (old_knowledge, new_knowledge) = (Knowledge::of(old), Knowledge::of(new));
    let only = |report: &Report, other: &Knowledge<'_>, there: &HashSet<usize>| {
        let found = live(report).map(|one| (family_of(report, one), one));
        found
            .filter(|(family, one)| {
                let flaw = flaws.find(family, one);
                flaw.is_none_or(|flaw| !there.contains(&flaw))
            })
            .map(|(family, one)| VulnerabilityChange {
                cause: other.why_not(one, &family),
                vulnerability: one.clone(),
            })
            .collect()
    };
    Some(Compared {
        changes: GainsAndLosses {
            gained: only(new, &old_knowledge, &before),
            lost: only(old, &new_knowledge, &in_new),
            kept,
        },
        undecided_before,
    })
}

/// What the newer of two images may have, and the older is neither known to have nor may have: told
/// apart as what is known is.
pub(crate) fn undecided<'r>(old: &Report, new: &'r Report) -> Vec<&'r Vulnerability> {
    let flaws = Flaws::of_both(
        (old, live(old).chain(open(old))),
        (new, live(new).chain(open(new))),
    );
    let find = |report: &Report, one: &Vulnerability| flaws.find(&family_of(report, one), one);
    let there = live(old).chain(open(old));
    let there: HashSet<usize> = there.filter_map(|one| find(old, one)).collect();
    let mut seen = HashSet::new();
    open(new)
        .filter(|one| {
            let flaw = find(new, one);
            flaw.is_none_or(|flaw| !there.contains(&flaw) && seen.insert(flaw))
        })
        .collect()
}

/// Leaves a report with the first, and so the worst, of those that are one flaw of one package.
/// What does not run stays: it is not counted.
fn once(report: &mut Report, flaws: &[Option<usize>]) {
    let mut seen = HashSet::new();
    let mut flaws = flaws.iter();
    report.vulnerabilities.retain(|_| match flaws.next() {
        Some(Some(flaw)) => seen.insert(*flaw),
        _ => true,
    });
}

fn live(report: &Report) -> impl Iterator<Item = &Vulnerability> + Clone {
    let found = report.vulnerabilities.iter();
    found.filter(|one| one.removed_in.is_none())
}

/// What may be there, of packages that are in use.
fn open(report: &Report) -> impl Iterator<Item = &Vulnerability> + Clone {
    let open = report.undecided_vulnerabilities.iter();
    open.filter(|one| one.removed_in.is_none())
}

#[cfg(test)]
mod tests;
