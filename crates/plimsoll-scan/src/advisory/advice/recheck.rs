//! Whether the versions that the advice names have none of the flaws: what advisories call a fix of one
//! flaw may have another one, and records contradict themselves (`introduced` in a release that comes
//! after the `fixed` pre-release of the same one). It also tells which flaws go that no advisory names a
//! fix of: those of older versions only. Of versions that are free of the same, the smallest is taken.

use std::cmp::Ordering;
use std::collections::HashSet;

use plimsoll_model::{Package, StepTarget};

use super::super::matching::NamedFlaw;
use super::super::version::Order;
use super::step::{candidates, following};
use super::{AdviceInput, Step, spelled, weight};

/// Steps for which other versions are tried.
const RETRIED: usize = 256;

/// Judges the packages of the steps in the versions that they are to have, by the same advisories. Where
/// one has flaws left, or others, more versions are tried, and that which is free of most is taken.
/// Releases of a distribution follow one another: what is mended there stays so.
pub(super) fn recheck<'s, 'a: 's>(
    input: &AdviceInput<'a>,
    steps: impl Iterator<Item = &'s mut Step<'a>>,
) {
    let Some(judge) = input.judge else {
        return;
    };
    let mut steps: Vec<(&mut Step<'a>, &'a Package)> = steps
        .filter(|step| !step.kind.is_system() && step.to != Some(StepTarget::Gone))
        .filter_map(|step| step.package.map(|package| (step, package)))
        .collect();
    let first: Vec<Package> = steps
        .iter()
        .filter_map(|(step, package)| raised(step, package, step.to.as_ref()?))
        .collect();
    // How many flaws each has in the version that is named.
    let mut all = vec![usize::MAX; steps.len()];
    if !first.is_empty() {
        let Some(found) = judge(first) else {
            return;
        };
        let found = Found::new(&found);
        let named = steps.iter_mut().zip(&mut all);
        let named = named.filter(|((step, _), _)| step.to.is_some());
        for (at, ((step, _), all)) in named.enumerate() {
            step.left = found.left(input, step, at);
            *all = found.all(at);
        }
    }
    let mut again: Vec<_> = steps
        .into_iter()
        .zip(all)
        .filter(|((step, _), all)| step.left.contains(&true) || *all > 0)
        .collect();
    // Those first that would be rid of less than they could be.
    again.sort_by_key(|((step, _), _)| !step.left.contains(&true));
    again.truncate(RETRIED);
    let packages: Vec<&Package> = again.iter().map(|((_, package), _)| *package).collect();
    let mut ends = match input.ends {
        Some(ends) if !packages.is_empty() => ends(&packages),
        _ => Vec::new(),
    };
    ends.resize(again.len(), Vec::new());
    let tried: Vec<Vec<(StepTarget, Package)>> = again
        .iter()
        .zip(&ends)
        .map(|(((step, package), _), ends)| {
            let flaws = step.flaws.iter().map(|at| &input.vulnerabilities[*at]);
            let targets = candidates(step.order, flaws, ends).into_iter();
            targets
                .filter_map(|to| raised(step, package, &to).map(|package| (to, package)))
                .collect()
        })
        .collect();
    let packages = tried.iter().flatten().map(|(_, package)| package.clone());
    let packages: Vec<Package> = packages.collect();
    if packages.is_empty() {
        return;
    }
    let Some(found) = judge(packages) else {
        return;
    };
    let found = Found::new(&found);
    let mut next = 0;
    for (((step, _), all), tried) in again.iter_mut().zip(tried) {
        let cost = |left: &[bool], all: usize| {
            let flaws = step.flaws.iter().zip(left);
            let left = flaws.filter(|(_, left)| **left).map(|(at, _)| *at);
            let heavy = left
                .clone()
                .map(|at| weight(&input.vulnerabilities[at]))
                .fold(0, u64::saturating_add);
            (heavy, left.count(), all)
        };
        let mut best = (cost(&step.left, *all), step.to.clone(), step.left.clone());
        for (to, _) in tried {
            let left = found.left(input, step, next);
            let is_use = left.contains(&false);
            let cost = cost(&left, found.all(next));
            let is_smaller = || {
                let known = best.1.as_ref();
                cost == best.0 && known.is_some_and(|known| is_smaller(step.order, &to, known))
            };
            if is_use && (cost < best.0 || is_smaller()) {
                best = (cost, Some(to), left);
            }
            next += 1;
        }
        (_, step.to, step.left) = best;
    }
}

/// Whether the one version comes before the other; what is named before what only comes after one.
fn is_smaller(order: Order, one: &StepTarget, other: &StepTarget) -> bool {
    match (one, other) {
        (StepTarget::At(one), StepTarget::At(other))
        | (StepTarget::After(one), StepTarget::After(other)) => {
            order.compare(one, other) == Ok(Ordering::Less)
        }
        (one, other) => matches!(one, StepTarget::At(_)) && matches!(other, StepTarget::After(_)),
    }
}

/// The package in another version; nothing where none can be made up that comes after one.
fn raised(step: &Step<'_>, package: &Package, to: &StepTarget) -> Option<Package> {
    let version = match to {
        StepTarget::At(version) => version.clone(),
        StepTarget::After(version) => following(step.order, version)?,
        StepTarget::Gone => return None,
    };
    Some(Package {
        version: spelled(step.kind, step.installed, &version),
        removed_in: None,
        ..package.clone()
    })
}

/// What was found of packages, by their positions.
struct Found<'f> {
    named: HashSet<(usize, &'f str)>,
    all: Vec<usize>,
}

impl<'f> Found<'f> {
    fn new(found: &'f [NamedFlaw]) -> Self {
        let mut all: Vec<usize> = found.iter().map(|one| one.package).collect();
        all.sort_unstable();
        Self {
            named: found
                .iter()
                .flat_map(|one| one.names.iter().map(|name| (one.package, name.as_str())))
                .collect(),
            all,
        }
    }

    /// How many flaws a package has.
    fn all(&self, package: usize) -> usize {
        let first = self.all.partition_point(|at| *at < package);
        self.all.partition_point(|at| *at <= package) - first
    }

    /// Which of the flaws of a step a package has.
    fn left(&self, input: &AdviceInput<'_>, step: &Step<'_>, package: usize) -> Vec<bool> {
        let flaws = step.flaws.iter().map(|at| &input.vulnerabilities[*at]);
        flaws
            .map(|flaw| {
                let mut names = flaw.names();
                names.any(|name| self.named.contains(&(package, name)))
            })
            .collect()
    }
}
