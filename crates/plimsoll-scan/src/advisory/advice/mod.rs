//! What a person would do about known vulnerabilities: by edit, not by number.
//!
//! Every vulnerability that a version without is known of goes to exactly one edit: packages of the
//! base to the base, packages of the distribution to the instruction that installed them, packages
//! of a language to the line that asks for them where the project is known, else to the instruction
//! that installed them, and modules that are linked into a program to that program. Since no two
//! edits share a vulnerability, the edits with one that counts are the smallest set that removes
//! all that count.
//!
//! Which versions a newer base has is not known offline, so no version of an image is named: only
//! what its packages must be.

mod declared;
mod recheck;
mod step;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use plimsoll_model::{
    Advice, AdvisedAction, AdvisedEdit, Evidence, Inventory, Package, PackageKind, PendingUpdate,
    SourceOrigin, VersionStep, Vulnerability, VulnerabilitySeverity,
};

use self::declared::Declarations;
pub use self::declared::{DeclaredPackage, declarations, distinct, is_manifest};
use self::recheck::recheck;
use self::step::{candidates, smallest_step};
use super::matching::version_order;
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
    /// Whether the vulnerability at this position counts: what the plan is to remove.
    pub counts: &'a dyn Fn(usize) -> bool,
    /// Whether the security update at this position counts.
    pub update_counts: &'a dyn Fn(usize) -> bool,
    /// What the same advisories know of packages in other versions; each names the package by its
    /// position. Without it, what the advisories call fixes is taken for such.
    pub judge: Option<&'a dyn Fn(Vec<Package>) -> Option<Vec<Vulnerability>>>,
}

/// Where an edit is to be made; what shares one is one edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place<'a> {
    Base,
    /// Packages of the distribution in a layer.
    System(Option<usize>),
    /// A package that a file of the project asks for: position among the declared.
    Declared(usize),
    /// Packages of a language that an instruction installed.
    Language(Option<usize>, PackageKind),
    /// A program with what is linked into it.
    Program(Option<usize>, &'a str),
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
    name: &'a str,
    installed: &'a str,
    /// One of the packages.
    package: Option<&'a Package>,
    /// Positions of the vulnerabilities that a version without is known of.
    flaws: Vec<usize>,
    /// The version it must have.
    to: &'a str,
    /// Others that may do, smallest first.
    candidates: Vec<&'a str>,
    /// Which of the flaws that version has all the same, by position among `flaws`.
    left: Vec<bool>,
    /// Whether another package brings it, wherever it lies.
    is_brought: bool,
}

impl Step<'_> {
    /// What the step removes: positions among the vulnerabilities.
    fn removes(&self) -> impl Iterator<Item = usize> {
        let flaws = self.flaws.iter().zip(&self.left);
        flaws.filter(|(_, left)| !**left).map(|(at, _)| *at)
    }
}

/// Says what to do. The same input gives the same advice.
pub fn advise(input: &AdviceInput<'_>) -> Advice {
    let declarations = Declarations::new(input.declared);
    let mut groups: BTreeMap<Place<'_>, Members> = BTreeMap::new();
    let mut is_brought = vec![false; input.vulnerabilities.len()];
    for (at, found) in input.vulnerabilities.iter().enumerate() {
        let (place, brought) = place(input.inventory, found, &declarations);
        is_brought[at] = brought;
        groups.entry(place).or_default().found.push(at);
    }
    for (at, update) in input.updates.iter().enumerate() {
        let layer = update.origin.layer.as_ref().map(|layer| layer.index);
        let place = of_system(update.in_base, layer);
        groups.entry(place).or_default().updates.push(at);
    }
    let mut drafts: Vec<_> = groups
        .into_iter()
        .map(|(place, members)| {
            let steps = steps(input, &members.found, &is_brought);
            (place, members, steps)
        })
        .collect();
    recheck(input, drafts.iter_mut().flat_map(|(_, _, steps)| steps));
    let mut edits: Vec<AdvisedEdit> = drafts
        .into_iter()
        .map(|(place, members, steps)| edit(input, place, &members, &steps))
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
            edit.removes.iter().any(counts)
                || edit.updates.iter().any(|at| (input.update_counts)(*at))
        })
        .collect();
    let mut is_removed = vec![false; input.vulnerabilities.len()];
    for at in edits.iter().flat_map(|edit| &edit.removes) {
        is_removed[*at] = true;
    }
    let remaining = (0..is_removed.len())
        .filter(|at| !is_removed[*at] && counts(at))
        .collect();
    Advice {
        edits,
        plan,
        remaining,
    }
}

/// How much it weighs to be rid of a vulnerability: one of a severity as much as four of the next
/// milder one. What a later layer removed does not run.
fn weight(found: &Vulnerability) -> u64 {
    if found.removed_in.is_some() {
        return 0;
    }
    match found.severity {
        VulnerabilitySeverity::Critical => 64,
        VulnerabilitySeverity::High => 16,
        VulnerabilitySeverity::Medium => 4,
        VulnerabilitySeverity::Low | VulnerabilitySeverity::Unknown => 1,
        VulnerabilitySeverity::Negligible => 0,
    }
}

/// The package that a vulnerability is of.
fn package<'a>(inventory: &'a Inventory, found: &Vulnerability) -> Option<&'a Package> {
    match found.removed_in {
        None => inventory.packages.get(found.package),
        Some(_) => inventory.removed_packages.get(found.package),
    }
}

/// The ecosystem of the package; its package URL tells where the inventory does not.
fn kind(inventory: &Inventory, found: &Vulnerability) -> PackageKind {
    if let Some(package) = package(inventory, found) {
        return package.kind;
    }
    found
        .purl
        .strip_prefix("pkg:")
        .and_then(|rest| rest.split_once('/'))
        .and_then(|(word, _)| PackageKind::from_purl_type(word))
        .unwrap_or(PackageKind::Generic)
}

/// Where an edit removes a vulnerability, and whether another package brings the one that has it.
fn place<'a>(
    inventory: &'a Inventory,
    found: &'a Vulnerability,
    declarations: &Declarations<'_>,
) -> (Place<'a>, bool) {
    let kind = kind(inventory, found);
    let layer = found.origin.layer.as_ref().map(|layer| layer.index);
    if kind.is_system() {
        return (of_system(found.in_base, layer), false);
    }
    if found.in_base == Some(true) {
        return (Place::Base, false);
    }
    let path = found.origin.path.as_deref().unwrap_or_default();
    let is_nested = kind == PackageKind::Npm && is_within_another(path);
    let claim = declarations.find(kind, &found.name, &found.installed, is_nested);
    if let Some(at) = claim.at {
        return (Place::Declared(at), claim.is_brought);
    }
    let file = path.split_once('!').map_or(path, |(file, _)| file);
    let is_linked = package(inventory, found).is_some_and(|package| {
        matches!(
            package.evidence,
            Evidence::BuildInfo | Evidence::VersionString
        ) || package.path.contains('!')
    });
    match is_linked {
        true => (Place::Program(layer, file), false),
        false => (Place::Language(layer, kind), claim.is_brought),
    }
}

/// Whether a package of npm lies among those of another package: `node_modules/a/node_modules/b`.
/// Stores of package managers, as pnpm's `.pnpm`, hold those that the project asks for, too.
fn is_within_another(path: &str) -> bool {
    const FOLDER: &str = "node_modules/";
    let Some((before, _)) = path.rsplit_once(FOLDER) else {
        return false;
    };
    before
        .rsplit_once(FOLDER)
        .is_some_and(|(_, holder)| !holder.starts_with('.') && !holder.is_empty())
}

/// Where packages of the distribution are renewed.
fn of_system<'a>(in_base: Option<bool>, layer: Option<usize>) -> Place<'a> {
    // Nothing installs packages where there is nothing below: a file system came as a whole.
    let is_lowest = layer == Some(0) && in_base.is_none();
    match in_base == Some(true) || is_lowest {
        true => Place::Base,
        false => Place::System(layer),
    }
}

/// The name and version that advisories know the package by: Debian, Ubuntu and Alpine speak of
/// source packages, whose versions need not be those of what is built from them.
fn known_as<'a>(inventory: &'a Inventory, found: &'a Vulnerability) -> (&'a str, &'a str) {
    let source = package(inventory, found)
        .filter(|package| matches!(package.kind, PackageKind::Deb | PackageKind::Apk))
        .and_then(|package| package.source.as_ref());
    match source {
        Some((name, version)) if version.is_empty() => (name, &found.installed),
        Some((name, version)) => (name, version),
        None => (&found.name, &found.installed),
    }
}

/// What is to become of the packages that some vulnerabilities are of.
fn steps<'a>(input: &AdviceInput<'a>, members: &[usize], is_brought: &[bool]) -> Vec<Step<'a>> {
    // Of one package in one version, installed however often.
    let mut packages: BTreeMap<(PackageKind, &str, &str), Vec<usize>> = BTreeMap::new();
    for at in members {
        let found = &input.vulnerabilities[*at];
        let kind = kind(input.inventory, found);
        let (name, installed) = known_as(input.inventory, found);
        packages
            .entry((kind, name, installed))
            .or_default()
            .push(*at);
    }
    let mut steps = Vec::new();
    for ((kind, name, installed), members) in packages {
        let is_fixable = |at: &usize| input.vulnerabilities[*at].is_fixable();
        let fixable: Vec<usize> = members.iter().copied().filter(is_fixable).collect();
        let flaws: Vec<&Vulnerability> = fixable
            .iter()
            .map(|at| &input.vulnerabilities[*at])
            .collect();
        let Some((order, to)) = version_order(kind)
            .and_then(|order| Some((order, smallest_step(order, kind.is_system(), &flaws)?)))
        else {
            continue;
        };
        steps.push(Step {
            kind,
            name,
            installed,
            package: flaws
                .first()
                .and_then(|found| package(input.inventory, found)),
            to,
            candidates: candidates(order, &flaws),
            left: vec![false; fixable.len()],
            is_brought: fixable.iter().all(|at| is_brought[*at]),
            flaws: fixable,
        });
    }
    steps
}

fn edit(
    input: &AdviceInput<'_>,
    place: Place<'_>,
    members: &Members,
    drafts: &[Step<'_>],
) -> AdvisedEdit {
    let Members {
        found: members,
        updates,
    } = members;
    let mut steps = Vec::new();
    let mut removes = Vec::new();
    for step in drafts {
        let removed: Vec<usize> = step.removes().collect();
        let mut flaws = removed.iter().map(|at| &input.vulnerabilities[*at]);
        let Some(first) = flaws.clone().next() else {
            continue;
        };
        steps.push((
            flaws.by_ref().map(weight).fold(0, u64::saturating_add),
            VersionStep {
                kind: step.kind,
                name: step.name.to_owned(),
                purl: first.purl.clone(),
                installed: step.installed.to_owned(),
                to: spelled(step.kind, step.installed, step.to),
                removes: removed.len(),
                is_brought: step.is_brought,
            },
        ));
        removes.extend(removed);
    }
    bring(&mut steps, input, updates);
    removes.sort_unstable();
    let removed: HashMap<usize, ()> = removes.iter().map(|at| (*at, ())).collect();
    let stays = members
        .iter()
        .copied()
        .filter(|at| !removed.contains_key(at))
        .collect();
    // The order of names decides between equals.
    steps.sort_by_key(|(weight, step)| (Reverse(*weight), Reverse(step.removes)));
    let layer_source = |layer: Option<usize>| {
        let facts = input.inventory.layers.get(layer?)?;
        facts.source.clone()
    };
    let (action, source, layer, program) = match place {
        Place::Base => (AdvisedAction::RenewBase, input.base.cloned(), None, None),
        Place::System(layer) => (
            AdvisedAction::RenewPackages,
            layer_source(layer),
            layer,
            None,
        ),
        Place::Declared(at) => {
            let declared = input.declared.get(at);
            let resolves = |(_, step): &(u64, VersionStep)| {
                declared.is_some_and(|declared| declared.resolves_to(&step.to))
            };
            (
                match steps.iter().all(resolves) {
                    true => AdvisedAction::RenewLock,
                    false => AdvisedAction::RaiseVersions,
                },
                declared.map(|declared| declared.place.clone()),
                None,
                None,
            )
        }
        Place::Language(layer, _) => (
            AdvisedAction::RaiseVersions,
            layer_source(layer),
            layer,
            None,
        ),
        Place::Program(layer, path) => (
            AdvisedAction::RebuildProgram,
            layer_source(layer),
            layer,
            Some(path.to_owned()),
        ),
    };
    AdvisedEdit {
        action,
        place: source,
        layer,
        program,
        steps: steps.into_iter().map(|(_, step)| step).collect(),
        removes,
        stays,
        updates: updates.clone(),
    }
}

/// Adds to the steps what brings security updates: a source package is renewed as a whole.
fn bring(steps: &mut Vec<(u64, VersionStep)>, input: &AdviceInput<'_>, updates: &[usize]) {
    let mut by_source: HashMap<String, usize> = HashMap::new();
    for (at, (_, step)) in steps.iter().enumerate() {
        if step.kind == PackageKind::Deb && !updates.is_empty() {
            by_source.entry(step.name.clone()).or_insert(at);
        }
    }
    for update in updates.iter().filter_map(|at| input.updates.get(*at)) {
        let known = by_source.get(&update.source);
        if let Some((_, step)) = known.and_then(|at| steps.get_mut(*at)) {
            let order = Order::Dpkg.compare(&step.to, &update.source_version);
            if order == Ok(std::cmp::Ordering::Less) {
                step.to.clone_from(&update.source_version);
            }
            continue;
        }
        by_source.insert(update.source.clone(), steps.len());
        let package = input.inventory.packages.get(update.package);
        let source = package.and_then(|package| package.source.as_ref());
        steps.push((
            0,
            VersionStep {
                kind: PackageKind::Deb,
                name: update.source.clone(),
                purl: update.purl.clone(),
                installed: match source {
                    Some((_, version)) if !version.is_empty() => version.clone(),
                    _ => update.installed.clone(),
                },
                to: update.source_version.clone(),
                removes: 0,
                is_brought: false,
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
