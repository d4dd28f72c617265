//! The smallest version that is rid of several flaws at once.

use std::cmp::Ordering;

use plimsoll_model::{StepTarget, Vulnerability};

use super::super::matching::RangeEnd;
use super::super::version::Order;

/// Versions that are tried before the newest of all fixes is taken.
const TRIES: usize = 64;
/// What stands between the parts of a version.
const SEPARATORS: [char; 6] = ['.', '-', '_', '+', '~', ':'];

/// Versions from either end of all that may do, that are worth another look.
const ENDS: usize = 12;

/// The versions that may do for a package: those that advisories call fixes of any of `flaws`, and those
/// at which its flaws end, smallest first and what is named before what is only known to come after one;
/// of very many the smallest and the newest.
pub(super) fn candidates<'v>(
    order: Order,
    flaws: impl Iterator<Item = &'v Vulnerability>,
    ends: &[RangeEnd],
) -> Vec<StepTarget> {
    let of = |has_flaw: bool| {
        let ends = ends.iter().filter(move |end| end.has_flaw == has_flaw);
        ends.map(|end| end.version.as_str())
    };
    let fixes = flaws.flat_map(|found| found.fixed_versions.iter().chain(&found.free_of_all));
    let fixes = fixes.map(String::as_str).chain(of(false)).collect();
    let named = of_both_ends(order, fixes).into_iter();
    let after = of_both_ends(order, of(true).collect()).into_iter();
    named
        .map(|version| StepTarget::At(version.to_owned()))
        .chain(after.map(|version| StepTarget::After(version.to_owned())))
        .collect()
}

/// Versions in their order; of very many the smallest and the newest.
fn of_both_ends(order: Order, mut all: Vec<&str>) -> Vec<&str> {
    all.retain(|version| order.is_valid(version));
    order.sort(&mut all, |version| version);
    let newest = all.len().saturating_sub(ENDS).max(ENDS.min(all.len()));
    let behind = all.split_off(newest);
    all.truncate(ENDS);
    all.extend(behind);
    all
}

/// A version that comes right after another one, as near as one can be made up: nobody need have
/// published it.
pub(super) fn following(order: Order, version: &str) -> Option<String> {
    let comes_after = |made: &String| {
        order.is_valid(made) && order.compare(made, version) == Ok(Ordering::Greater)
    };
    let appended = format!("{version}.0.1");
    if comes_after(&appended) {
        return Some(appended);
    }
    // The last number, one higher.
    let end = version.rfind(|c: char| c.is_ascii_digit())? + 1;
    let (before, behind) = version.split_at_checked(end)?;
    let start = before.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| {
        at + before[at..].chars().next().map_or(1, char::len_utf8)
    });
    let (before, number) = before.split_at_checked(start)?;
    let number = number.parse::<u64>().ok()?.checked_add(1)?;
    Some(format!("{before}{number}{behind}")).filter(comes_after)
}

/// The smallest version that none of `flaws` is in, nor any other that is known of the package, of
/// those that an advisory calls a fix; nothing where there are no flaws, or no versions of theirs can be ordered. `is_linear`
/// says that releases follow one another, as those of a distribution's package do; elsewhere a
/// project mends several branches at once, and 2.0.0 need not have what 1.2.5 mended.
pub(super) fn smallest_step<'v>(
    order: Order,
    is_linear: bool,
    flaws: &[&'v Vulnerability],
) -> Option<&'v str> {
    let compare = |left: &str, right: &str| order.compare(left, right).unwrap_or(Ordering::Equal);
    // What an advisory calls fixed in no version mends nothing by itself, and may go with the others.
    let is_named = |fixed: &str| order.is_valid(fixed);
    let named = flaws
        .iter()
        .filter(|found| found.fixed.as_deref().is_none_or(is_named));
    let flaws: Vec<(&str, &Vulnerability)> = named
        .map(|found| Some((found.fixed.as_deref()?, *found)))
        .collect::<Option<_>>()?;
    let least = || {
        let smallest = flaws.iter().map(|(smallest, _)| *smallest);
        smallest.max_by(|left, right| compare(left, right))
    };
    if is_linear {
        return least();
    }
    // What is known of the package, and not only of the version installed, tells more than the fixes.
    // It may be older than some: a flaw may end long before the first version that is called fixed.
    let free = flaws.first()?.1.free_of_all.as_deref();
    if let Some(free) = free.filter(|free| order.is_valid(free))
        && flaws
            .iter()
            .all(|(_, found)| found.free_of_all.as_deref() == Some(free))
    {
        return Some(free);
    }
    let least = least()?;
    let with_fixes = flaws.iter().map(|(smallest, found)| {
        let mut fixes: Vec<&str> = found
            .fixed_versions
            .iter()
            .map(String::as_str)
            .chain([*smallest])
            .filter(|fix| order.is_valid(fix))
            .collect();
        order.sort(&mut fixes, |fix| fix);
        (*smallest, fixes)
    });
    let flaws: Vec<(&str, Vec<&str>)> = with_fixes.collect();
    let mut candidates: Vec<&str> = flaws
        .iter()
        .flat_map(|(_, fixes)| fixes.iter().copied())
        .filter(|fix| compare(fix, least).is_ge())
        .collect();
    order.sort(&mut candidates, |fix| fix);
    candidates.dedup_by(|left, right| compare(left, right).is_eq());
    let is_free = |version: &str, smallest: &str, fixes: &[&str]| {
        if compare(version, smallest).is_eq() {
            return true;
        }
        // Where the order is none, two neighbours of which the one is not above it and the other is.
        let above = fixes.partition_point(|fix| compare(fix, version).is_le());
        match (
            above.checked_sub(1).and_then(|at| fixes.get(at)),
            fixes.get(above),
        ) {
            (Some(_), None) => true,
            // Between the fixes of two branches: of whose branch is it?
            (Some(below), Some(above)) => {
                compare(below, version).is_eq() || shared(version, below) > shared(version, above)
            }
            (None, _) => false,
        }
    };
    candidates
        .iter()
        .take(TRIES)
        .find(|version| {
            flaws
                .iter()
                .all(|(smallest, fixes)| is_free(version, smallest, fixes))
        })
        // The newest fix of all is past every one.
        .or_else(|| candidates.last())
        .copied()
}

/// How many parts two versions have in common from the front: `1.2.7` and `1.2.5` two.
fn shared(left: &str, right: &str) -> usize {
    left.split(SEPARATORS)
        .zip(right.split(SEPARATORS))
        .take_while(|(a, b)| a == b)
        .count()
}
