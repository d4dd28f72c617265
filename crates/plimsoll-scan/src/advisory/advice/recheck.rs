//! Whether the versions that the advice names have none of the flaws: what advisories call a fix of one
//! flaw may have another one, and records contradict themselves (`introduced` in a release that comes
//! after the `fixed` pre-release of the same one).

use std::collections::HashSet;

use plimsoll_model::{Package, Vulnerability};

use super::{AdviceInput, Step, spelled, weight};

/// Steps for which other versions are tried.
const RETRIED: usize = 256;

/// Judges the packages of the steps in the versions that they are to have, by the same advisories. Where
/// one has flaws left, others are tried, and that which is free of most is taken. Releases of a
/// distribution follow one another: what is mended there stays so.
pub(super) fn recheck<'s, 'a: 's>(
    input: &AdviceInput<'a>,
    steps: impl Iterator<Item = &'s mut Step<'a>>,
) {
    let Some(judge) = input.judge else {
        return;
    };
    let mut steps: Vec<(&mut Step<'a>, &'a Package)> = steps
        .filter(|step| !step.kind.is_system())
        .filter_map(|step| step.package.map(|package| (step, package)))
        .collect();
    if steps.is_empty() {
        return;
    }
    let first = steps
        .iter()
        .map(|(step, package)| raised(step, package, step.to));
    let Some(found) = judge(first.collect()) else {
        return;
    };
    let found = Found::new(&found);
    for (at, (step, _)) in steps.iter_mut().enumerate() {
        step.left = found.left(input, step, at);
    }
    let mut again: Vec<_> = steps
        .into_iter()
        .filter(|(step, _)| step.left.contains(&true))
        .take(RETRIED)
        .collect();
    let tried = |(step, package): &(&mut Step<'a>, &Package)| -> Vec<Package> {
        let versions = step.candidates.iter();
        versions.map(|to| raised(step, package, to)).collect()
    };
    let packages: Vec<Package> = again.iter().flat_map(tried).collect();
    if packages.is_empty() {
        return;
    }
    let Some(found) = judge(packages) else {
        return;
    };
    let found = Found::new(&found);
    let mut next = 0;
    for (step, _) in &mut again {
        let cost = |left: &[bool], all: usize| {
            let flaws = step.flaws.iter().zip(left);
            let left = flaws.filter(|(_, left)| **left).map(|(at, _)| *at);
            let heavy = left
                .clone()
                .map(|at| weight(&input.vulnerabilities[at]))
                .fold(0, u64::saturating_add);
            (heavy, left.count(), all)
        };
        let mut best = (cost(&step.left, usize::MAX), step.to, step.left.clone());
        for to in &step.candidates {
            let left = found.left(input, step, next);
            let cost = cost(&left, found.all(next));
            if cost < best.0 {
                best = (cost, to, left);
            }
            next += 1;
        }
        (_, step.to, step.left) = best;
    }
}

/// The package in another version.
fn raised(step: &Step<'_>, package: &Package, to: &str) -> Package {
    Package {
        version: spelled(step.kind, step.installed, to),
        removed_in: None,
        ..package.clone()
    }
}

/// What was found of packages, by their positions.
struct Found<'f> {
    named: HashSet<(usize, &'f str)>,
    all: Vec<usize>,
}

impl<'f> Found<'f> {
    fn new(found: &'f [Vulnerability]) -> Self {
        let mut all: Vec<usize> = found.iter().map(|one| one.package).collect();
        all.sort_unstable();
        Self {
            named: found
                .iter()
                .flat_map(|one| one.names().map(|name| (one.package, name)))
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
