//! Which installed packages have a security update waiting: their version is older than the one
//! that the distribution's security pocket has.
//!
//! No advisory is needed for that: whoever asks apt gets the same answer. Packages are compared by
//! their binary names and architectures, as apt does.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use plimsoll_model::{
    EcosystemPackages, Inventory, Package, PackageKind, PendingUpdate, PocketPackages,
    Vulnerability,
};

use super::super::version::Order;
use super::super::{Index, IndexError, Pocket, PocketPackage};
use super::distribution::Release;
use super::finding::origin;
use super::moment::moment;

/// What security pockets say of an image.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) updates: Vec<PendingUpdate>,
    /// What packages were held against.
    pub(super) pockets: Vec<PocketPackages>,
    /// Packages that no pocket of the index is about, of a release that has one.
    pub(super) missing: Option<EcosystemPackages>,
}

impl Pending {
    /// Adds what pockets say of another release.
    pub(super) fn extend(&mut self, other: Self) {
        self.updates.extend(other.updates);
        self.pockets.extend(other.pockets);
        self.missing = match (self.missing.take(), other.missing) {
            (Some(one), Some(other)) => Some(EcosystemPackages {
                ecosystem: format!("{}, {}", one.ecosystem, other.ecosystem),
                packages: one.packages + other.packages,
                ..one
            }),
            (one, other) => one.or(other),
        };
    }

    /// The same, in report order.
    pub(super) fn sorted(mut self) -> Self {
        self.updates.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        self.pockets.sort();
        self
    }
}

/// The newest version of a package that a pocket has.
struct Candidate {
    version: String,
    source: String,
    source_version: String,
    /// Position of the pocket.
    pocket: usize,
}

/// Holds the `installed` packages of a release against its security pockets. What one of the
/// `vulnerabilities` of the package names as its fix already says so.
pub(super) fn pending(
    index: &Index,
    inventory: &Inventory,
    release: &Release,
    installed: &[(usize, &Package)],
    vulnerabilities: &[Vulnerability],
) -> Result<Pending, IndexError> {
    // What is unstable gets its security updates as it gets all others.
    let has_pocket = ["Debian:", "Ubuntu:"]
        .iter()
        .any(|name| release.label.starts_with(name))
        && release.label != "Debian:sid";
    if installed.is_empty() || !has_pocket {
        return Ok(Pending::default());
    }
    let mut pockets = index.pockets()?;
    pockets.retain(|pocket| pocket.name.release == release.label);
    let native = native(installed);
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, (_, package)) in installed.iter().enumerate() {
        by_name.entry(&package.name).or_default().push(at);
    }
    let mut candidates: BTreeMap<usize, Candidate> = BTreeMap::new();
    for (number, pocket) in pockets.iter().enumerate() {
        index.each_package(pocket, &mut |offered| {
            for at in by_name.get(offered.name).into_iter().flatten() {
                let Some((_, package)) = installed.get(*at) else {
                    continue;
                };
                if is_for(&offered, package, native) {
                    consider(&mut candidates, *at, &offered, number);
                }
            }
        })?;
    }
    let by_package = by_package(vulnerabilities);
    let mut updates = Vec::new();
    for (at, candidate) in candidates {
        let Some((place, package)) = installed.get(at) else {
            continue;
        };
        let order = Order::Dpkg.compare(&package.version, &candidate.version);
        if order != Ok(Ordering::Less) {
            continue;
        }
        let Some(pocket) = pockets.get(candidate.pocket) else {
            continue;
        };
        updates.push(update(
            inventory,
            (*place, package),
            candidate,
            pocket,
            by_package.get(place).map_or(&[], Vec::as_slice),
        ));
    }
    Ok(coverage(updates, &pockets, installed, native, release))
}

/// The vulnerabilities of each package that is still there.
fn by_package(vulnerabilities: &[Vulnerability]) -> HashMap<usize, Vec<&Vulnerability>> {
    let mut packages: HashMap<usize, Vec<&Vulnerability>> = HashMap::new();
    for one in vulnerabilities {
        if one.removed_in.is_none() {
            packages.entry(one.package).or_default().push(one);
        }
    }
    packages
}

/// The architecture of the image, as most of its packages have it.
fn native<'p>(installed: &[(usize, &'p Package)]) -> Option<&'p str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, package) in installed {
        match package.architecture.as_deref() {
            None | Some("all" | "") => {}
            Some(architecture) => *counts.entry(architecture).or_default() += 1,
        }
    }
    counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map(|(architecture, _)| architecture)
}

/// The architecture that a package counts as: `all` belongs to every machine.
fn architecture<'p>(package: &'p Package, native: Option<&'p str>) -> Option<&'p str> {
    match package.architecture.as_deref() {
        None | Some("all" | "") => native,
        other => other,
    }
}

/// Whether a package of a pocket would take the place of an installed one. A package may become one
/// for all architectures, and the other way round; on a foreign architecture it may not.
fn is_for(offered: &PocketPackage<'_>, package: &Package, native: Option<&str>) -> bool {
    let own = architecture(package, native);
    match offered.architecture {
        "all" => own == native,
        other => own == Some(other),
    }
}

fn consider(
    candidates: &mut BTreeMap<usize, Candidate>,
    at: usize,
    offered: &PocketPackage<'_>,
    pocket: usize,
) {
    let is_newer = candidates.get(&at).is_none_or(|known| {
        Order::Dpkg.compare(&known.version, offered.version) == Ok(Ordering::Less)
    });
    if is_newer {
        let candidate = Candidate {
            version: offered.version.to_owned(),
            source: offered.source.to_owned(),
            source_version: offered.source_version.to_owned(),
            pocket,
        };
        candidates.insert(at, candidate);
    }
}

fn update(
    inventory: &Inventory,
    (at, package): (usize, &Package),
    candidate: Candidate,
    pocket: &Pocket,
    vulnerabilities: &[&Vulnerability],
) -> PendingUpdate {
    let is_this = |fixed: &String| {
        [&candidate.source_version, &candidate.version]
            .into_iter()
            .any(|version| Order::Dpkg.compare(fixed, version) == Ok(Ordering::Equal))
    };
    let told: BTreeSet<&str> = vulnerabilities
        .iter()
        .filter(|one| one.purl == package.purl && one.fixed_versions.iter().any(is_this))
        .map(|one| one.id.as_str())
        .collect();
    PendingUpdate {
        package: at,
        name: package.name.clone(),
        purl: package.purl.clone(),
        installed: package.version.clone(),
        vulnerabilities: told.into_iter().map(str::to_owned).collect(),
        available: candidate.version,
        source: candidate.source,
        source_version: candidate.source_version,
        pocket: pocket.name.suite.clone(),
        origin: origin(inventory, package),
        in_base: inventory
            .base
            .as_ref()
            .map(|base| package.layer < base.layers),
    }
}

fn coverage(
    updates: Vec<PendingUpdate>,
    pockets: &[Pocket],
    installed: &[(usize, &Package)],
    native: Option<&str>,
    release: &Release,
) -> Pending {
    let covers = |pocket: &Pocket, package: &Package| {
        let own = architecture(package, native);
        own.is_some_and(|own| pocket.architectures.iter().any(|known| known == own))
    };
    let held = pockets
        .iter()
        .map(|pocket| PocketPackages {
            suite: pocket.name.suite.clone(),
            release: pocket.name.release.clone(),
            date: pocket.date.and_then(moment),
            packages: installed
                .iter()
                .filter(|(_, package)| covers(pocket, package))
                .count(),
        })
        .filter(|pocket| pocket.packages > 0)
        .collect();
    let missing = installed
        .iter()
        .filter(|(_, package)| !pockets.iter().any(|pocket| covers(pocket, package)))
        .count();
    Pending {
        updates,
        pockets: held,
        missing: (missing > 0).then(|| EcosystemPackages {
            ecosystem: release.label.clone(),
            packages: missing,
            unjudged: 0,
            published: true,
            kind: PackageKind::Deb,
            date: None,
            checked: None,
        }),
    }
}
