//! What a person would do about known vulnerabilities: by edit, not by number.
//!
//! Every vulnerability that a version without is known of goes to exactly one edit: packages of the
//! base to the base, packages of the distribution to the instruction that installed them, packages
//! of a language to the line that asks for them where the project is known, else to the instruction
//! that installed them, and modules that are linked into a program to that program; Go's own library to
//! the image that the program was built in. What is malicious is to be removed. Since no two
//! edits share a vulnerability, the edits with one that counts are the smallest set that removes
//! all that count.
//!
//! Which versions a newer base has is not known offline, so no version of an image is named: only
//! what its packages must be.

mod declared;
mod place;
mod recheck;
mod step;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use plimsoll_model::{
    Advice, AdvisedAction, AdvisedEdit, BroughtFlaw, Inventory, Package, PackageKind,
    PendingUpdate, SourceOrigin, StepTarget, SuppressedVulnerability, VersionStep, Vulnerability,
    VulnerabilitySeverity,
};

use self::declared::Needs;
pub use self::declared::{
    DeclaredPackage, Standing, declarations, distinct, includes, is_aside, is_manifest,
    may_be_requirements,
};
use self::place::{Holding, Place, Placed, Places};
use self::recheck::recheck;
use self::step::{following, smallest_step};
use super::matching::{NamedFlaw, RangeEnd, version_order};
use super::version::Order;

/// What advice is made of.
pub struct AdviceInput<'a> {
    /// What the image holds.
    pub inventory: &'a Inventory,
    /// Its known vulnerabilities, in report order.
    pub vulnerabilities: &'a [Vulnerability],
    /// Its packages that a security update waits for, in report order.
    pub updates: &'a [PendingUpdate],
    /// The line that names the base image, where the Dockerfile is known.
    pub base: Option<&'a SourceOrigin>,
    /// What the files of the project ask for, where the project is known.
    pub declared: &'a [DeclaredPackage],
    /// The images that what layers hold was built in, where the Dockerfile is known.
    pub built_in: &'a [BuiltIn],
    /// Whether the vulnerability at this position counts: what the plan is to remove.
    pub counts: &'a dyn Fn(usize) -> bool,
    /// Whether the security update at this position counts.
    pub update_counts: &'a dyn Fn(usize) -> bool,
    /// What the same advisories know of packages in other versions; each names the package by its
    /// position. Without it, what the advisories call fixes is taken for such.
    pub judge: Option<&'a Judge<'a>>,
    /// The same with all that they tell, for those that have flaws there. Without it, versions are not
    /// weighed.
    pub weigh: Option<&'a Weigh<'a>>,
    /// Whether a vulnerability would count that another version brings.
    pub would_count: &'a dyn Fn(&Vulnerability) -> bool,
    /// What is accepted of the image's vulnerabilities.
    pub accepted: &'a [SuppressedVulnerability],
    /// Whether one of those would count in another version of its package, as it is there.
    pub would_count_again: &'a dyn Fn(&Vulnerability) -> bool,
    /// Where the flaws of packages end by the same advisories, for each package: versions that may do
    /// where none is called a fix.
    pub ends: Option<&'a Ends<'a>>,
}

/// Tells which flaws packages have, as far as all of them can be told.
pub type Judge<'a> = dyn Fn(Vec<Package>) -> Option<Vec<NamedFlaw>> + 'a;

/// Tells all of the flaws that packages have, likewise.
pub type Weigh<'a> = dyn Fn(Vec<Package>) -> Option<Vec<Vulnerability>> + 'a;

/// Tells of each of some packages where its flaws end.
pub type Ends<'a> = dyn Fn(&[&Package]) -> Vec<Vec<RangeEnd>> + 'a;

/// The images that what a layer holds was built in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltIn {
    /// The layer.
    pub layer: usize,
    /// The lines that name the images, and the images, the nearest first.
    pub bases: Vec<(SourceOrigin, String)>,
}

/// What one edit is about: positions among vulnerabilities, and among security updates.
#[derive(Debug, Default)]
struct Members {
    found: Vec<usize>,
    updates: Vec<usize>,
}

/// A package in one version, and what is to become of it.
#[derive(Debug)]
struct Step<'a> {
    kind: PackageKind,
    order: Order,
    name: &'a str,
    installed: &'a str,
    /// One of the packages.
    package: Option<&'a Package>,
    /// Positions of its vulnerabilities.
    flaws: Vec<usize>,
    /// What is to become of it, as far as that is known.
    to: Option<StepTarget>,
    /// Which of the flaws it has all the same, by position among `flaws`.
    left: Vec<bool>,
    /// The flaws that it has there and not as it is installed.
    brings: Vec<BroughtFlaw>,
    /// Whether one of those counts.
    brings_counting: bool,
    /// Where it is edited.
    placed: Placed<'a>,
    /// The packages that refuse it as it is to be.
    held_by: Vec<&'a Package>,
    /// The lines of the project that ask for those.
    holding: Vec<Holding>,
    /// The lines of the project that have to change for it.
    lines: Vec<&'a SourceOrigin>,
}

impl Step<'_> {
    /// The version that the package is to have, or one right after that which it is to come after.
    fn version(&self) -> Option<Cow<'_, str>> {
        match &self.to {
            Some(StepTarget::At(to)) => Some(Cow::Borrowed(to)),
            Some(StepTarget::After(to)) => {
                Some(following(self.order, to).map_or(Cow::Borrowed(to), Cow::Owned))
            }
            Some(StepTarget::Gone) | None => None,
        }
    }

    /// What the step removes: positions among the vulnerabilities.
    fn removes(&self) -> impl Iterator<Item = usize> {
        let flaws = self.flaws.iter().zip(&self.left);
        flaws.filter(|(_, left)| !**left).map(|(at, _)| *at)
    }
}

/// Says what to do. The same input gives the same advice.
pub fn advise(input: &AdviceInput<'_>) -> Advice {
    let places = Places::new(input);
    let placed: Vec<Placed<'_>> = input
        .vulnerabilities
        .iter()
        .map(|found| places.of(found))
        .collect();
    let mut groups: BTreeMap<(bool, Place<'_>), Members> = BTreeMap::new();
    for (at, placed) in placed.iter().enumerate() {
        let group = groups.entry((placed.is_malicious, placed.place));
        group.or_default().found.push(at);
    }
    for (at, update) in input.updates.iter().enumerate() {
        let group = groups.entry((false, places.of_update(update)));
        group.or_default().updates.push(at);
    }
    let mut drafts: Drafts<'_> = groups
        .into_iter()
        .map(|(group, members)| {
            let steps = steps(input, &members.found, &placed);
            (group, (members, steps))
        })
        .collect();
    let untried = recheck(input, drafts.values_mut().flat_map(|(_, steps)| steps));
    let asked = placed.iter().filter_map(|placed| placed.declared).collect();
    let steps = drafts.values().flat_map(|(_, steps)| steps);
    let needs = Needs::new(input.inventory, steps.map(|step| (step.kind, step.name)));
    for step in drafts.values_mut().flat_map(|(_, steps)| steps) {
        let to = step.version().map(Cow::into_owned);
        if let Some(to) = &to
            && matches!(step.placed.place, Place::Declared(_) | Place::Language(..))
        {
            step.held_by = holders(input, &needs, step, to);
            step.holding = places.asking_for(&step.held_by);
            step.placed.is_brought |= !step.held_by.is_empty();
        }
        step.lines = places.lines(step, to.as_deref(), &asked);
    }
    let drafts = at_holders(drafts, &places);
    // What gives way to others that count is not got rid of by that.
    let mut is_removed = vec![false; input.vulnerabilities.len()];
    let steps = drafts.values().flat_map(|(_, steps)| steps);
    for at in steps
        .filter(|step| !step.brings_counting && step.to.is_some())
        .flat_map(Step::removes)
    {
        is_removed[at] = true;
    }
    let mut edits: Vec<AdvisedEdit> = drafts
        .into_iter()
        .map(|(group, (members, steps))| edit(input, group, &members, &steps))
        .filter(|edit| !edit.removes.is_empty() || !edit.updates.is_empty())
        .collect();
    edits.sort_by_cached_key(|edit| {
        let removed = || {
            edit.removes
                .iter()
                .filter_map(|at| input.vulnerabilities.get(*at))
        };
        (
            Reverse(removed().map(weight).fold(0, u64::saturating_add)),
            Reverse(edit.removes.len()),
            Reverse(edit.updates.len()),
            edit.action,
            edit.place.clone(),
            edit.layer,
            edit.removes.first().copied(),
        )
    });
    let counts = |at: &usize| (input.counts)(*at);
    let plan = (0..edits.len())
        .filter(|at| {
            let edit = &edits[*at];
            edit.removes.iter().any(|at| counts(at) && is_removed[*at])
                || edit.updates.iter().any(|at| (input.update_counts)(*at))
        })
        .collect();
    let remaining = (0..is_removed.len())
        .filter(|at| !is_removed[*at] && counts(at))
        .collect();
    Advice {
        edits,
        plan,
        remaining,
        untried,
    }
}

/// What is to become of packages, by where that is edited, and whether those are there to do harm.
type Drafts<'a> = BTreeMap<(bool, Place<'a>), (Members, Vec<Step<'a>>)>;

/// Brings steps that other packages refuse to the lines that ask for those.
fn at_holders<'a>(mut drafts: Drafts<'a>, places: &Places<'_, 'a>) -> Drafts<'a> {
    let mut held = Vec::new();
    for ((_, place), (members, steps)) in &mut drafts {
        let at = |step: &mut Step<'a>| places.held_at(step).filter(|at| at != place);
        let taken = steps.extract_if(.., |step| at(step).is_some());
        let taken: Vec<Step<'_>> = taken.collect();
        if !taken.is_empty() {
            let flaws: HashSet<usize> =
                taken.iter().flat_map(|step| &step.flaws).copied().collect();
            members.found.retain(|at| !flaws.contains(at));
        }
        held.extend(taken);
    }
    for step in held {
        let Some(place) = places.held_at(&step) else {
            continue;
        };
        let (members, steps) = drafts.entry((false, place)).or_default();
        members.found.extend(&step.flaws);
        steps.push(step);
    }
    for (members, steps) in drafts.values_mut() {
        members.found.sort_unstable();
        let key = |step: &Step<'a>| (step.kind, step.name, step.installed);
        steps.sort_by_key(key);
        steps.dedup_by(|more, step| {
            let is_same = key(more) == key(step) && more.to == step.to;
            if is_same {
                step.flaws.append(&mut more.flaws);
                step.left.append(&mut more.left);
                let known = |one: &&Package| {
                    let mut known = step.held_by.iter();
                    known.any(|held| (&held.name, &held.version) == (&one.name, &one.version))
                };
                let others = more.held_by.extract_if(.., |one| !known(one));
                let others: Vec<&Package> = others.collect();
                step.held_by.extend(others);
                step.holding.append(&mut more.holding);
                step.lines.append(&mut more.lines);
            }
            is_same
        });
    }
    drafts
}

/// Packages that are told to refuse a version.
const MOST_HOLDERS: usize = 100;

/// The installed packages that refuse what a step goes to, the first ones in their order.
fn holders<'a>(
    input: &AdviceInput<'a>,
    needs: &Needs<'a>,
    step: &Step<'_>,
    to: &str,
) -> Vec<&'a Package> {
    let flaws = step.flaws.iter().map(|at| &input.vulnerabilities[*at]);
    let mut packages: Vec<usize> = flaws
        .filter(|flaw| flaw.removed_in.is_none())
        .map(|flaw| flaw.package)
        .collect();
    packages.sort_unstable();
    packages.dedup();
    let packages = packages
        .iter()
        .filter_map(|at| input.inventory.packages.get(*at));
    let mut known = HashSet::new();
    packages
        .flat_map(|package| needs.refusing(package, to))
        .filter(|one| known.insert((one.name.as_str(), one.version.as_str())))
        .take(MOST_HOLDERS)
        .collect()
}

/// How much it weighs to be rid of a vulnerability: one of a severity as much as four of the next
/// milder one. What a later layer removed does not run.
fn weight(found: &Vulnerability) -> u64 {
    match found.removed_in {
        Some(_) => 0,
        None => severity_weight(found.severity),
    }
}

fn severity_weight(severity: VulnerabilitySeverity) -> u64 {
    match severity {
        VulnerabilitySeverity::Critical => 64,
        VulnerabilitySeverity::High => 16,
        VulnerabilitySeverity::Medium => 4,
        VulnerabilitySeverity::Low | VulnerabilitySeverity::Unknown => 1,
        VulnerabilitySeverity::Negligible => 0,
    }
}

/// What is to become of the packages that some vulnerabilities are of.
fn steps<'a>(input: &AdviceInput<'a>, members: &[usize], placed: &[Placed<'a>]) -> Vec<Step<'a>> {
    // Of one package in one version, installed however often.
    let mut packages: HashMap<(PackageKind, &str, &str), Vec<usize>> = HashMap::new();
    for at in members {
        let found = &input.vulnerabilities[*at];
        let kind = place::kind(input.inventory, found);
        let is_pinned = matches!(placed[*at].place, Place::Pinned(_));
        let (name, installed) = place::known_as(input.inventory, found, is_pinned);
        packages
            .entry((kind, name, installed))
            .or_default()
            .push(*at);
    }
    let mut packages: Vec<_> = packages.into_iter().collect();
    packages.sort_unstable_by_key(|(package, _)| *package);
    let mut steps = Vec::new();
    for ((kind, name, installed), members) in packages {
        let is_fixable = |at: &usize| input.vulnerabilities[*at].is_fixable();
        let Some(first) = members.first().copied() else {
            continue;
        };
        let mut placed_at = placed[first];
        placed_at.is_brought = members.iter().all(|at| placed[*at].is_brought);
        let fixable: Vec<&Vulnerability> = members
            .iter()
            .filter(|at| is_fixable(at))
            .map(|at| &input.vulnerabilities[*at])
            .collect();
        let order = version_order(kind);
        let (to, left) = match order {
            _ if placed_at.is_malicious => (Some(StepTarget::Gone), vec![false; members.len()]),
            Some(order) => {
                let to = smallest_step(order, kind.is_system(), &fixable);
                let package = place::package(input.inventory, &input.vulnerabilities[first]);
                let is_other = matches!(placed_at.place, Place::Pinned(_))
                    && package.is_some_and(place::has_other_versions);
                let to = to.map(|to| match is_other {
                    true => StepTarget::After(installed.to_owned()),
                    false => StepTarget::At(to.to_owned()),
                });
                let is_left = |at| to.is_none() || !is_fixable(at);
                let left = members.iter().map(is_left).collect();
                (to, left)
            }
            None => continue,
        };
        steps.push(Step {
            kind,
            order: order.unwrap_or(Order::Semver),
            name,
            installed,
            package: place::package(input.inventory, &input.vulnerabilities[first]),
            to,
            left,
            brings: Vec::new(),
            brings_counting: false,
            placed: placed_at,
            held_by: Vec::new(),
            holding: Vec::new(),
            lines: Vec::new(),
            flaws: members,
        });
    }
    steps
}

fn edit(
    input: &AdviceInput<'_>,
    (is_malicious, place): (bool, Place<'_>),
    members: &Members,
    drafts: &[Step<'_>],
) -> AdvisedEdit {
    let Members {
        found: members,
        updates,
    } = members;
    let mut steps = Vec::new();
    let mut removes = Vec::new();
    let mut taken = Vec::new();
    for step in drafts {
        let removed: Vec<usize> = step.removes().collect();
        let mut flaws = removed.iter().map(|at| &input.vulnerabilities[*at]);
        let (Some(first), Some(to)) = (flaws.clone().next(), &step.to) else {
            continue;
        };
        taken.push(step);
        steps.push((
            flaws.by_ref().map(weight).fold(0, u64::saturating_add),
            VersionStep {
                kind: step.kind,
                name: step.name.to_owned(),
                purl: first.purl.clone(),
                installed: step.installed.to_owned(),
                to: match to {
                    StepTarget::At(to) => StepTarget::At(spelled(step.kind, step.installed, to)),
                    StepTarget::After(to) => {
                        StepTarget::After(spelled(step.kind, step.installed, to))
                    }
                    StepTarget::Gone => StepTarget::Gone,
                },
                removes: removed.len(),
                brings: step.brings.clone(),
                is_brought: step.placed.is_brought,
                held_by: step
                    .held_by
                    .iter()
                    .map(|one| (one.name.clone(), one.version.clone()))
                    .collect(),
            },
        ));
        removes.extend(removed);
    }
    let is_pinned = matches!(place, Place::Pinned(_));
    bring(&mut steps, input, updates, is_pinned);
    removes.sort_unstable();
    let stays = members
        .iter()
        .copied()
        .filter(|at| removes.binary_search(at).is_err())
        .collect();
    // The order of names decides between equals.
    steps.sort_by_key(|(weight, step)| (Reverse(*weight), Reverse(step.removes)));
    let mut spot = place::spot(input, place, &taken);
    if is_malicious {
        spot.action = AdvisedAction::RemovePackage;
        spot.lock = None;
    }
    AdvisedEdit {
        action: spot.action,
        place: spot.source,
        also: spot.also,
        lock: spot.lock,
        layer: spot.layer,
        program: spot.program,
        steps: steps.into_iter().map(|(_, step)| step).collect(),
        removes,
        stays,
        updates: updates.clone(),
    }
}

/// Adds to the steps what brings security updates: a source package is renewed as a whole, but where a
/// line names the version of a package, it is that package.
fn bring(
    steps: &mut Vec<(u64, VersionStep)>,
    input: &AdviceInput<'_>,
    updates: &[usize],
    is_pinned: bool,
) {
    let mut by_name: HashMap<String, usize> = HashMap::new();
    for (at, (_, step)) in steps.iter().enumerate() {
        if step.kind == PackageKind::Deb && !updates.is_empty() {
            by_name.entry(step.name.clone()).or_insert(at);
        }
    }
    for update in updates.iter().filter_map(|at| input.updates.get(*at)) {
        let (name, version) = match is_pinned {
            true => (&update.name, &update.available),
            false => (&update.source, &update.source_version),
        };
        let known = by_name.get(name);
        if let Some((_, step)) = known.and_then(|at| steps.get_mut(*at)) {
            let comes_first =
                |to: &str| Order::Dpkg.compare(to, version) == Ok(std::cmp::Ordering::Less);
            match &mut step.to {
                StepTarget::At(to) if comes_first(to) => to.clone_from(version),
                StepTarget::After(to) if comes_first(to) => {
                    step.to = StepTarget::At(version.clone());
                }
                _ => {}
            }
            continue;
        }
        by_name.insert(name.clone(), steps.len());
        let package = input.inventory.packages.get(update.package);
        let source = package.and_then(|package| package.source.as_ref());
        steps.push((
            0,
            VersionStep {
                kind: PackageKind::Deb,
                name: name.clone(),
                purl: update.purl.clone(),
                installed: match source {
                    Some((_, version)) if !version.is_empty() && !is_pinned => version.clone(),
                    _ => update.installed.clone(),
                },
                to: StepTarget::At(version.clone()),
                removes: 0,
                brings: Vec::new(),
                is_brought: false,
                held_by: Vec::new(),
            },
        ));
    }
}

/// A version as the ecosystem's own files write it: Go's have a `v` in front that advisories leave
/// out.
fn spelled(kind: PackageKind, installed: &str, to: &str) -> String {
    let is_prefixed = kind == PackageKind::Go && installed.starts_with('v') && !to.starts_with('v');
    format!("{}{to}", if is_prefixed { "v" } else { "" })
}

#[cfg(test)]
mod tests;
