//! Whether the versions that the advice names have none of the flaws: what advisories call a fix of one
//! flaw may have another one, and records contradict themselves (`introduced` in a release that comes
//! after the `fixed` pre-release of the same one). It also tells which flaws go that no advisory names a
//! fix of: those of older versions only. Of versions that are free of the same, the smallest is taken. What
//! a version has that the installed one has not is told, and no version is named that is no better: first
//! by what counts, then by all that is known.

use std::cmp::{Ordering, Reverse};
use std::collections::{HashMap, HashSet};

use plimsoll_model::{BroughtFlaw, Package, StepTarget, Vulnerability};

use super::super::matching::{NamedFlaw, RangeEnd};
use super::super::version::Order;
use super::step::{candidates, following};
use super::{AdviceInput, Step, severity_weight, spelled};

/// Steps for which other versions are tried.
const RETRIED: usize = 256;

/// Packages in some version that are weighed at once: what is found of them is held together.
const PORTION: usize = 256;

/// How often more is weighed at once than can be, before the rest is left.
const MOST_REFUSALS: usize = 16;

/// Judges the packages of the steps in the versions that they are to have, by the same advisories. Where
/// one has flaws left, or others, more versions are tried, and that which is free of most is taken.
/// Releases of a distribution follow one another, so that what is mended there mostly stays so: a step of
/// its packages is looked at where a flaw ends more than once. Tells for how many steps no others were
/// tried, or it could not be told what they bring.
pub(super) fn recheck<'s, 'a: 's>(
    input: &AdviceInput<'a>,
    steps: impl Iterator<Item = &'s mut Step<'a>>,
) -> usize {
    let Some(judge) = input.judge else {
        return 0;
    };
    let mut steps: Vec<(&mut Step<'a>, &'a Package)> = steps
        .filter(|step| match step.kind.is_system() {
            true => ends_again(input, step),
            false => step.to != Some(StepTarget::Gone),
        })
        .filter_map(|step| step.package.map(|package| (step, package)))
        .collect();
    let mut first: Vec<Package> = Vec::new();
    // Where each stands among these.
    let places: Vec<Option<usize>> = steps
        .iter()
        .map(|(step, package)| {
            first.push(raised(step, package, step.to.as_ref()?)?);
            Some(first.len() - 1)
        })
        .collect();
    // Whether each is to be looked at again.
    let mut again = vec![true; steps.len()];
    if !first.is_empty() {
        let Some(found) = judge(first) else {
            return steps.len();
        };
        let found = Found::new(&found);
        for (((step, _), again), at) in steps.iter_mut().zip(&mut again).zip(places) {
            let Some(at) = at else {
                continue;
            };
            let left = found.left(input, step, at);
            let before = std::mem::replace(&mut step.left, left);
            *again = match step.kind.is_system() {
                // Most have flaws that nobody mends.
                true => step
                    .left
                    .iter()
                    .zip(before)
                    .any(|(left, before)| *left && !before),
                false => step.left.contains(&true) || found.all(at) > 0,
            };
        }
    }
    let mut again: Vec<Again<'_, 'a>> = steps
        .into_iter()
        .zip(again)
        .filter(|(_, again)| *again)
        .map(|((step, package), _)| Again { step, package })
        .collect();
    // Those first that would be rid of less than they could be.
    again.sort_by_key(|one| !one.step.left.contains(&true));
    weigh(input, &mut again)
}

/// Whether a step of a package of the distribution goes to a version that may have a flaw of it again:
/// one that a later version than the first that is free of it is called free of, too.
fn ends_again(input: &AdviceInput<'_>, step: &Step<'_>) -> bool {
    let mut flaws = step.flaws.iter().map(|at| &input.vulnerabilities[*at]);
    matches!(step.to, Some(StepTarget::At(_))) && flaws.any(|flaw| flaw.fixed_versions.len() > 1)
}

/// A step that is looked at again.
struct Again<'s, 'a> {
    step: &'s mut Step<'a>,
    package: &'a Package,
}

/// A version that a step may go to.
struct Target {
    to: StepTarget,
    left: Vec<bool>,
    brings: Vec<BroughtFlaw>,
    /// Whether one that it brings counts.
    brings_counting: bool,
    cost: Cost,
}

/// How bad the flaws of a package are in a version: the order in which versions are preferred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    /// How much those weigh that count.
    counting: u64,
    /// How much all weigh.
    all: u64,
    /// How many of those stay that the package has.
    left: usize,
    /// How many it has.
    number: usize,
}

impl Cost {
    /// Whether it is better to have this than what a package has now. What counts decides: an edit that
    /// clears the policy is one, whatever else it brings; that is told.
    fn is_lighter(self, now: Self) -> bool {
        let key = |cost: Self| (cost.counting, cost.all, cost.number);
        key(self) < key(now)
    }
}

/// What is accepted, by the package URLs of what has it.
type Accepted<'a> = HashMap<&'a str, Vec<&'a Vulnerability>>;

/// What a step may go to, to be weighed.
struct Choice {
    /// The place of its step.
    at: usize,
    targets: Vec<StepTarget>,
    /// The package as it is installed, then in the version of each.
    packages: Vec<Package>,
}

/// Chooses among the versions that steps may go to: what they have is held against what the package has
/// as it is installed. A step to what is no better is none. Tells for how many steps there was no room
/// to look at other versions, or at what they have.
fn weigh(input: &AdviceInput<'_>, again: &mut [Again<'_, '_>]) -> usize {
    let Some(weigh) = input.weigh.filter(|_| !again.is_empty()) else {
        return 0;
    };
    let room = again.len().min(RETRIED);
    let packages: Vec<&Package> = again.iter().take(room).map(|one| one.package).collect();
    let mut ends = input.ends.map_or_else(Vec::new, |ends| ends(&packages));
    ends.resize(again.len(), Vec::new());
    let mut untried = again.len() - room;
    let choices: Vec<Choice> = again
        .iter()
        .zip(&ends)
        .enumerate()
        .filter_map(|(at, (one, ends))| choice(input, at, one, ends, at < room))
        .collect();
    let mut accepted = Accepted::new();
    for one in input.accepted {
        let one = &one.vulnerability;
        accepted.entry(one.purl.as_str()).or_default().push(one);
    }
    // Each portion has its own bounds: what is too much of some takes nothing from the others.
    let mut rest = choices.as_slice();
    let mut most = PORTION;
    let mut refusals = 0;
    while !rest.is_empty() && refusals < MOST_REFUSALS {
        let mut taken = 0;
        let fits = |choice: &&Choice| {
            taken += choice.packages.len();
            taken <= most
        };
        let number = rest.iter().take_while(fits).count().max(1);
        let (portion, behind) = rest.split_at(number);
        let packages = portion.iter().flat_map(|choice| choice.packages.clone());
        match weigh(packages.collect()) {
            Some(found) => choose(input, again, portion, found, &accepted),
            None if number > 1 => {
                refusals += 1;
                let packages = portion.iter().map(|choice| choice.packages.len());
                most = packages.sum::<usize>() / 2;
                continue;
            }
            None => {
                refusals += 1;
                untried += usize::from(portion.iter().any(|choice| choice.at < room));
                // The others need not be as large.
                most = PORTION;
            }
        }
        rest = behind;
    }
    untried + rest.iter().filter(|choice| choice.at < room).count()
}

/// What a step may go to; nothing where that is nothing. Other versions than the one that it names only
/// where it is tried `anew`.
fn choice(
    input: &AdviceInput<'_>,
    at: usize,
    one: &Again<'_, '_>,
    ends: &[RangeEnd],
    anew: bool,
) -> Option<Choice> {
    let (step, package) = (&one.step, one.package);
    let flaws = step.flaws.iter().map(|at| &input.vulnerabilities[*at]);
    let mut targets: Vec<StepTarget> = step.to.iter().cloned().collect();
    if anew {
        let others = candidates(step.order, flaws, ends).into_iter();
        targets.extend(others.filter(|to| step.to.as_ref() != Some(to)));
    }
    let installed = Package {
        removed_in: None,
        requires: Vec::new(),
        ..package.clone()
    };
    let mut packages = vec![installed];
    targets.retain(|to| {
        let raised = raised(step, package, to);
        let is_one = raised.is_some();
        packages.extend(raised);
        is_one
    });
    (!targets.is_empty()).then_some(Choice {
        at,
        targets,
        packages,
    })
}

/// Takes of each choice what is best, by what was found of their packages, one behind the other.
fn choose(
    input: &AdviceInput<'_>,
    again: &mut [Again<'_, '_>],
    choices: &[Choice],
    mut found: Vec<Vulnerability>,
    accepted: &Accepted<'_>,
) {
    found.sort_by_key(|one| one.package);
    let of = |package: usize| {
        let first = found.partition_point(|one| one.package < package);
        let found = found.get(first..).unwrap_or_default();
        &found[..found.partition_point(|one| one.package <= package)]
    };
    let mut first = 0;
    for choice in choices {
        let place = first;
        first += choice.packages.len();
        let Some(one) = again.get_mut(choice.at) else {
            continue;
        };
        let step = &mut *one.step;
        let accepted = accepted.get(one.package.purl.as_str());
        let accepted = accepted.map_or(&[][..], Vec::as_slice);
        let had = Had::new(input, step, of(place), accepted);
        let mut best: Option<Target> = None;
        for (at, to) in choice.targets.iter().enumerate() {
            let target = had.target(input, step, to.clone(), of(place + 1 + at));
            let is_better = best.as_ref().is_none_or(|best| {
                target.cost < best.cost
                    || target.cost == best.cost && is_smaller(step.order, &target.to, &best.to)
            });
            let is_use = target.left.contains(&false) && target.cost.is_lighter(had.cost);
            if is_use && is_better {
                best = Some(target);
            }
        }
        match best {
            Some(best) => {
                step.to = Some(best.to);
                step.left = best.left;
                step.brings = best.brings;
                step.brings_counting = best.brings_counting;
            }
            None => {
                step.to = None;
                step.left.fill(true);
            }
        }
    }
}

/// What a package has as it is installed.
struct Had<'f> {
    names: HashSet<&'f str>,
    /// What is accepted of it, and stands nowhere, by its names.
    accepted: HashMap<&'f str, Vec<&'f Vulnerability>>,
    cost: Cost,
    /// How much each flaw of the step weighs as one that counts: once, in however many places.
    counting: Vec<u64>,
}

impl<'f> Had<'f> {
    /// Of the flaws of a step, and what was `found` besides: what is set aside, or not shown.
    fn new<'i: 'f>(
        input: &'f AdviceInput<'i>,
        step: &Step<'_>,
        found: &'f [Vulnerability],
        accepted: &[&'f Vulnerability],
    ) -> Self {
        let mut had = Self {
            names: HashSet::new(),
            accepted: HashMap::new(),
            cost: Cost::default(),
            counting: Vec::with_capacity(step.flaws.len()),
        };
        let mut counted: HashSet<&str> = HashSet::new();
        for at in &step.flaws {
            let flaw = &input.vulnerabilities[*at];
            let is_first = (input.counts)(*at) && !flaw.names().any(|name| counted.contains(name));
            let weight = if is_first { heft(flaw) } else { 0 };
            had.counting.push(weight);
            had.cost.counting = had.cost.counting.saturating_add(weight);
            if is_first {
                counted.extend(flaw.names());
            }
        }
        // One that is installed several times has its flaws once in each place.
        let told = step.flaws.iter().map(|at| &input.vulnerabilities[*at]);
        if !accepted.is_empty() {
            let told: HashSet<&str> = told.clone().flat_map(Vulnerability::names).collect();
            for one in accepted.iter().copied() {
                if !one.names().any(|name| told.contains(name)) {
                    for name in one.names() {
                        had.accepted.entry(name).or_default().push(one);
                    }
                }
            }
        }
        for flaw in told.chain(found) {
            if !flaw.names().any(|name| had.names.contains(name)) {
                had.cost.all = had.cost.all.saturating_add(heft(flaw));
                had.cost.number += 1;
            }
            had.names.extend(flaw.names());
        }
        had
    }

    /// What it would be to go to a version that has the flaws in `found`.
    fn target(
        &self,
        input: &AdviceInput<'_>,
        step: &Step<'_>,
        to: StepTarget,
        found: &[Vulnerability],
    ) -> Target {
        let named: HashSet<&str> = found.iter().flat_map(Vulnerability::names).collect();
        let own = || step.flaws.iter().map(|at| &input.vulnerabilities[*at]);
        let is_left = |flaw: &Vulnerability| flaw.names().any(|name| named.contains(name));
        let left: Vec<bool> = own().map(is_left).collect();
        let staying = self.counting.iter().zip(&left).filter(|(_, left)| **left);
        let mut cost = Cost {
            counting: staying
                .map(|(weight, _)| *weight)
                .fold(0, u64::saturating_add),
            all: found.iter().map(heft).fold(0, u64::saturating_add),
            left: left.iter().filter(|left| **left).count(),
            number: found.len(),
        };
        let first = own().next();
        let is_removed = own().all(|flaw| flaw.removed_in.is_some());
        let mut brings = Vec::new();
        let mut brings_counting = false;
        for flaw in found {
            let is_known = flaw.names().any(|name| self.names.contains(name));
            let counts_again = is_known && self.counts_again(input, flaw);
            if is_known && !counts_again {
                continue;
            }
            brings.push(BroughtFlaw {
                id: flaw.id.clone(),
                severity: flaw.severity,
            });
            if counts_again {
                cost.counting = cost.counting.saturating_add(heft(flaw));
                brings_counting = true;
                continue;
            }
            let flaw = Vulnerability {
                in_base: first.and_then(|first| first.in_base),
                removed_in: first
                    .and_then(|first| first.removed_in)
                    .filter(|_| is_removed),
                ..flaw.clone()
            };
            if (input.would_count)(&flaw) {
                cost.counting = cost.counting.saturating_add(heft(&flaw));
                brings_counting = true;
            }
        }
        brings.sort_by(|a, b| (Reverse(a.severity), &a.id).cmp(&(Reverse(b.severity), &b.id)));
        Target {
            to,
            left,
            brings,
            brings_counting,
            cost,
        }
    }

    /// Whether a flaw of another version is accepted in the one that is installed, and not in that.
    fn counts_again(&self, input: &AdviceInput<'_>, flaw: &Vulnerability) -> bool {
        let accepted = flaw.names().filter_map(|name| self.accepted.get(name));
        // Where it lies, what is accepted there need not change.
        accepted.flatten().any(|one| {
            (input.would_count_again)(&Vulnerability {
                package: one.package,
                origin: one.origin.clone(),
                in_base: one.in_base,
                removed_in: one.removed_in,
                ..flaw.clone()
            })
        })
    }
}

/// How much a flaw weighs, wherever the package lies.
fn heft(flaw: &Vulnerability) -> u64 {
    severity_weight(flaw.severity)
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
        // Advisories may know it by its source, which is renewed with it.
        source: match &package.source {
            Some((name, _)) if step.kind.is_system() => Some((name.clone(), version.clone())),
            source => source.clone(),
        },
        // What is accepted in the version that is installed is not meant.
        purl: without_version(&package.purl),
        removed_in: None,
        // Many are made, of which nobody asks that.
        requires: Vec::new(),
        ..package.clone()
    })
}

/// A package URL without its version.
fn without_version(purl: &str) -> String {
    let (whole, rest) = purl.split_at(purl.find(['?', '#']).unwrap_or(purl.len()));
    // A scope may have its `@` as it is, before the name.
    let name = whole.rfind('/').map_or(0, |slash| slash + 1);
    let end = whole[name..].find('@').filter(|at| *at > 0);
    let end = end.map_or(whole.len(), |at| name + at);
    format!("{}{rest}", &whole[..end])
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_url_is_cut_at_its_version() {
        for (purl, without) in [
            ("pkg:npm/a@1.0.0", "pkg:npm/a"),
            ("pkg:npm/%40a/b@1.0.0", "pkg:npm/%40a/b"),
            ("pkg:npm/@a/b", "pkg:npm/@a/b"),
            ("pkg:npm/@a", "pkg:npm/@a"),
            ("pkg:golang/a.b/c@v1#d@e", "pkg:golang/a.b/c#d@e"),
            ("pkg:maven/g/a@1?type=jar", "pkg:maven/g/a?type=jar"),
            ("", ""),
        ] {
            assert_eq!(without_version(purl), without);
        }
    }
}
