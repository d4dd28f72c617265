//! Which packages of an image have which known flaws.
//!
//! Each package is asked for as its ecosystem's advisories know it (`question`, `distribution`);
//! what they say is held against its version (`judge`, `range`); what several of them say of one
//! flaw becomes one finding (`flaw`, `finding`). A package that a package of the distribution
//! brought is the distribution's: it mends flaws without a new version number, and only its own
//! advisories know.

mod advisory;
mod answer;
mod answers;
mod cores;
mod distribution;
mod ends;
mod finding;
mod flaw;
mod judge;
mod moment;
mod named;
mod open_euler;
mod pending;
mod question;
mod range;
mod reach;
mod report_order;
mod telling;
#[cfg(test)]
mod tests;
mod threat;
mod way_out;
mod words;
mod work;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use plimsoll_model::{
    AdvisoryCoverage, Distribution, EcosystemPackages, Inventory, Package, PackageKind,
    PendingUpdate, Platform, PocketPackages, ThreatList, UnjudgedPackage, Vulnerability,
};

use self::advisory::Advisories;
use self::answer::Answer;
use self::answers::{Asked, Realm, Told, ask};
use self::distribution::Release;
pub use self::distribution::release_of;
pub use self::ends::{RangeEnd, range_ends};
use self::finding::Findings;
pub use self::named::{NamedFlaw, name_flaws};
use self::open_euler::with_service_pack;
use self::pending::{Pending, pending};
pub use self::question::normal_name;
pub(super) use self::question::{ecosystem_of, version_order};
use self::question::{is_paid_for, of_language};
use self::report_order::sort;
use self::threat::Threats;
use self::words::{Words, asks_for_own};
use self::work::Work;
use super::{Ecosystem, Index, IndexError, RecordId, SnapshotList};

/// Findings that are listed: the largest images have a tenth of that. Each takes some kilobytes until
/// it is written, and a bill of materials of a few megabytes can have millions.
const MOST_FINDINGS: usize = 100_000;

/// Bytes that findings take, roughly: some 2 kB each.
const MOST_FINDING_BYTES: usize = 128 << 20;

/// Bytes that what was read of records takes, roughly.
const MOST_ADVISORY_BYTES: usize = 96 << 20;

/// Bytes of records and unpacked details that are gone through: many times what the largest images
/// need.
const MOST_READ: u64 = 1 << 30;

/// What the packages of an image were judged to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Known flaws, in report order.
    pub vulnerabilities: Vec<Vulnerability>,
    /// Packages that a security update waits for, in report order.
    pub pending_updates: Vec<PendingUpdate>,
    /// Flaws that advisories tell of which could not be held against the version of a package, as if
    /// it had them, and malicious packages that one may be a copy of; without those that others tell of. In
    /// report order.
    pub undecided: Vec<Vulnerability>,
    /// What that rests on.
    pub coverage: AdvisoryCoverage,
}

/// Holds every package of an inventory against an index of advisories: those that are installed,
/// and those that a later layer removed, whose bytes ship. `platform` is the image's, its architecture
/// empty where nobody knows; flaws of other systems are left out.
///
/// # Errors
/// The index is damaged.
pub fn judge_inventory(
    index: &Index,
    inventory: &Inventory,
    platform: Option<&Platform>,
) -> Result<Judged, IndexError> {
    judge_within(index, inventory, platform, Work::default())
}

/// Looks for what hits packages as far as `work` goes.
fn judge_within(
    index: &Index,
    inventory: &Inventory,
    platform: Option<&Platform>,
    work: Work,
) -> Result<Judged, IndexError> {
    let mut inquiry = Inquiry::new(index, inventory, work)?;
    let hit = inquiry.ask_all()?;
    let advisories = Advisories::read(index, records(&hit, true))?;
    let threats = Threats::of(index)?;
    let words = Words {
        platform,
        advisories: &advisories,
        of_own: false,
    };
    // Whatever looking for them took, what was found is told as far as it goes.
    let (mut vulnerabilities, left_out) = Findings::of_all(inventory, words, &threats, &hit)?;
    inquiry.left_out += left_out;
    sort(&mut vulnerabilities);
    let mut open = Findings::new(inventory, words, &threats, 0, 1);
    for (at, package, answer) in &hit {
        if let Some(answer) = &answer.undecided
            && !open.add(*at, package, answer)?
        {
            inquiry.left_out += 1;
        }
    }
    let of_own = Words {
        of_own: true,
        ..words
    };
    let mut own = Findings::new(inventory, of_own, &threats, 0, 1);
    for (at, package, answer) in hit.iter().filter(|(_, package, _)| asks_for_own(package)) {
        for answer in std::iter::once(&**answer).chain(answer.undecided.as_deref()) {
            if !own.add(*at, package, answer)? {
                inquiry.left_out += 1;
            }
        }
    }
    let mut open = open.done();
    open.extend(own.done());
    let undecided = without_known(open, &vulnerabilities);
    let mut waiting = Pending::default();
    for (release, installed) in inquiry.installed(PackageKind::Deb) {
        let release = &inquiry.releases[release].1;
        waiting.extend(pending(
            index,
            inventory,
            release,
            &installed,
            &vulnerabilities,
        )?);
    }
    let pending = waiting.sorted();
    Ok(Judged {
        vulnerabilities,
        undecided,
        coverage: inquiry.coverage(pending.pockets, pending.missing)?,
        pending_updates: pending.updates,
    })
}

/// Those of some findings that are not found in the same packages anyway, in report order.
fn without_known(mut open: Vec<Vulnerability>, known: &[Vulnerability]) -> Vec<Vulnerability> {
    if open.is_empty() {
        return open;
    }
    let packages: HashSet<_> = open
        .iter()
        .map(|one| (one.package, one.removed_in))
        .collect();
    let names: HashSet<_> = known
        .iter()
        .filter(|one| packages.contains(&(one.package, one.removed_in)))
        .flat_map(|one| {
            let names = one.names();
            names.map(|name| (one.package, one.removed_in, name))
        })
        .collect();
    open.retain(|one| {
        let mut own = one.names();
        !own.any(|name| names.contains(&(one.package, one.removed_in, name)))
    });
    sort(&mut open);
    open
}

/// A package with its place, and what hits it.
type Hit<'p, 'i> = (usize, &'p Package, Arc<Answer<'i>>);

/// The records of some hits, sorted; of what is undecided only where that is asked for.
fn records(hit: &[Hit<'_, '_>], with_undecided: bool) -> Vec<RecordId> {
    let mut records: Vec<RecordId> = Vec::new();
    // An answer that many packages share is mostly told of one behind the other.
    let same = hit.chunk_by(|a, b| Arc::ptr_eq(&a.2, &b.2));
    for (_, _, answer) in same.filter_map(<[_]>::first) {
        let undecided = answer.undecided.iter().filter(|_| with_undecided);
        let undecided = undecided.flat_map(|answer| &answer.hits);
        let hits = answer.hits.iter().chain(undecided);
        records.extend(hits.map(|hit| hit.affected.record));
    }
    records.sort_unstable();
    records.dedup();
    records
}

/// Asks, and keeps what was asked and what could not be.
struct Inquiry<'i, 'p> {
    index: &'i Index,
    /// What speaks of the packages of this image, by their kind.
    releases: Vec<(PackageKind, Release)>,
    /// The number of each, by the distribution that packages name themselves.
    by_own: BTreeMap<(PackageKind, Option<&'p Distribution>), usize>,
    /// By what is asked for them. Releases of one name may part in what is paid for.
    by_label: BTreeMap<(PackageKind, String, Vec<Ecosystem>), usize>,
    inventory: &'p Inventory,
    known: Vec<&'i str>,
    work: Work,
    /// How many packages there are of each release, by whether there are advisories on them.
    counts: BTreeMap<(usize, bool), usize>,
    /// How many of these could not be judged at all.
    unjudgeable: BTreeMap<usize, usize>,
    by_distribution: usize,
    /// How many packages there are of the system's package managers that others published.
    foreign: BTreeMap<PackageKind, usize>,
    /// Packages whose findings are too many to look for, or to list.
    left_out: usize,
    unjudged: BTreeSet<UnjudgedPackage>,
}

impl<'i, 'p> Inquiry<'i, 'p> {
    fn new(index: &'i Index, inventory: &'p Inventory, work: Work) -> Result<Self, IndexError> {
        Ok(Self {
            index,
            releases: Vec::new(),
            by_own: BTreeMap::new(),
            by_label: BTreeMap::new(),
            inventory,
            known: index.ecosystems()?.collect(),
            work,
            counts: BTreeMap::new(),
            unjudgeable: BTreeMap::new(),
            by_distribution: 0,
            foreign: BTreeMap::new(),
            left_out: 0,
            unjudged: BTreeSet::new(),
        })
    }

    /// The answers on all packages that have hits, or may have: on those that are installed first.
    fn ask_all(&mut self) -> Result<Vec<Hit<'p, 'i>>, IndexError> {
        let inventory = self.inventory;
        let installed = inventory.packages.iter().enumerate();
        let all = installed.chain(inventory.removed_packages.iter().enumerate());
        let asked: Vec<Asked<'p>> = all
            .filter_map(|(at, package)| {
                let realm = self.realm(package)?;
                Some(Asked { at, package, realm })
            })
            .collect();
        let told = ask(self.index, &self.releases, &asked, self.work)?;
        let mut hit = Vec::new();
        for (asked, told) in asked.iter().zip(told) {
            if let Some(answer) = self.take(asked, told)? {
                hit.push((asked.at, asked.package, answer));
            }
        }
        Ok(hit)
    }

    /// What a package is asked for under, where anything speaks of it. Counts it.
    fn realm(&mut self, package: &'p Package) -> Option<Realm> {
        if !package.kind.is_system() && package.owned_by.is_some() {
            self.by_distribution += 1;
            return None;
        }
        if package.kind.is_system() && package.is_foreign {
            *self.foreign.entry(package.kind).or_default() += 1;
            return None;
        }
        let realm = Realm {
            kind: package.kind,
            release: self.release(package),
            is_paid_for: is_paid_for(package),
        };
        let release = self.releases.get(realm.release);
        let is_covered = release.is_some_and(|(_, release)| release.is_covered);
        *self.counts.entry((realm.release, is_covered)).or_default() += 1;
        if release.is_none_or(|(_, release)| release.is_silent()) {
            return None;
        }
        if package.kind == PackageKind::Maven && !package.name.contains(':') {
            self.leave(package, "its group is not known".to_owned());
            *self.unjudgeable.entry(realm.release).or_default() += 1;
            return None;
        }
        Some(realm)
    }

    /// Takes what is told of a package; gives the answer where it has hits, or may have.
    fn take(
        &mut self,
        asked: &Asked<'p>,
        told: Told<'i>,
    ) -> Result<Option<Arc<Answer<'i>>>, IndexError> {
        let Asked { package, realm, .. } = *asked;
        let untold = self.untold_by(package, realm);
        if let Some(teller) = untold {
            // Nothing that is found by its own name makes what is not found clean.
            let why =
                format!("{teller} does not tell its source package, by which advisories are known");
            self.leave(package, why);
            *self.unjudgeable.entry(realm.release).or_default() += 1;
        }
        let answer = match told {
            Told::Nothing => return Ok(None),
            Told::TooMuch => {
                self.left_out += 1;
                return Ok(None);
            }
            Told::Answer(answer) => answer,
        };
        for (record, bad) in &answer.unjudged {
            let why = match record {
                Some(record) => format!("{}: {bad}", self.index.record(*record)?.id),
                None => bad.to_string(),
            };
            self.leave(package, why);
        }
        // Each is counted once.
        if untold.is_none() && answer.unjudged.iter().any(|(record, _)| record.is_none()) {
            *self.unjudgeable.entry(realm.release).or_default() += 1;
        }
        Ok(Some(answer).filter(|answer| answer.tells()))
    }

    /// What should tell a package's source and does not, where the distribution's advisories are on
    /// source packages.
    fn untold_by(&self, package: &Package, realm: Realm) -> Option<&'static str> {
        let (_, release) = self.releases.get(realm.release)?;
        if package.source.is_some() || !release.is_on_sources() {
            return None;
        }
        if package.kind == PackageKind::Deb && package.path == crate::catalogue::chisel::MANIFEST {
            return Some("chisel's manifest");
        }
        let is_sourceless = self.inventory.sourceless.contains(&package.kind);
        is_sourceless.then_some("the bill of materials")
    }

    fn leave(&mut self, package: &Package, why: String) {
        self.unjudged.insert(UnjudgedPackage {
            purl: package.purl.clone(),
            version: package.version.clone(),
            why,
        });
    }

    /// The number of what speaks of a package.
    fn release(&mut self, package: &'p Package) -> usize {
        let (kind, own) = (package.kind, package.distribution.as_deref());
        if let Some(known) = self.by_own.get(&(kind, own)) {
            return *known;
        }
        let distribution = own.or(self.inventory.distribution.as_ref());
        let packages =
            self.inventory.packages.iter().filter(|other| {
                other.kind == PackageKind::Rpm && other.distribution.as_deref() == own
            });
        let versions = packages.map(|package| package.version.as_str());
        let exact = distribution
            .filter(|_| kind == PackageKind::Rpm)
            .and_then(|distribution| with_service_pack(distribution, versions));
        let distribution = exact.as_ref().or(distribution);
        let release = match kind.is_system() {
            true => Release::of(distribution, kind, self.known.iter().copied()),
            false => of_ecosystems(kind, &self.known),
        };
        let next = self.releases.len();
        let key = (kind, release.label.clone(), release.paid.clone());
        let number = *self.by_label.entry(key).or_insert(next);
        if number == next {
            self.releases.push((kind, release));
        }
        self.by_own.insert((kind, own), number);
        number
    }

    /// The installed packages of a kind with their places, by the number of their release.
    fn installed(&mut self, kind: PackageKind) -> BTreeMap<usize, Vec<(usize, &'p Package)>> {
        let mut installed: BTreeMap<usize, Vec<(usize, &'p Package)>> = BTreeMap::new();
        let packages: &'p [Package] = &self.inventory.packages;
        for (at, package) in packages.iter().enumerate() {
            if package.kind == kind {
                let release = self.release(package);
                installed.entry(release).or_default().push((at, package));
            }
        }
        installed
    }

    fn coverage(
        self,
        pockets: Vec<PocketPackages>,
        missing_pocket: Option<EcosystemPackages>,
    ) -> Result<AdvisoryCoverage, IndexError> {
        let snapshot = self.index.snapshot()?;
        let list = |list: SnapshotList| ThreatList {
            date: list.date.and_then(moment::moment),
            listed: usize::try_from(list.listed).unwrap_or(usize::MAX),
        };
        let date = |release: &Release| {
            let names = release.asked().map(|one| one.name.as_str());
            let newest = names.map(|name| {
                let mut known = snapshot.ecosystems.iter();
                known.find(|known| known.name == name)?.newest
            });
            // Nothing is less than any.
            newest.min()?.and_then(moment::moment)
        };
        let checked = |release: &Release| {
            let names = release.asked().map(|one| one.name.as_str());
            let each = names.map(|name| {
                let mut known = snapshot.ecosystems.iter();
                known.find(|known| known.name == name)?.checked
            });
            each.min()?.and_then(moment::moment)
        };
        let of =
            |covered: bool| {
                let counts = self.counts.iter();
                let mut packages: Vec<EcosystemPackages> = counts
                    .filter(|((_, is), _)| *is == covered)
                    .filter_map(|((number, _), packages)| {
                        let (kind, release) = self.releases.get(*number)?;
                        Some(EcosystemPackages {
                            ecosystem: release.label.clone(),
                            packages: *packages,
                            unjudged: match covered {
                                true => self.unjudgeable.get(number).copied().unwrap_or(0),
                                false => 0,
                            },
                            published: release.published,
                            kind: *kind,
                            date: covered.then(|| date(release)).flatten(),
                            checked: covered.then(|| checked(release)).flatten(),
                        })
                    })
                    .collect();
                if !covered {
                    packages.extend(self.foreign.iter().map(|(kind, packages)| {
                        EcosystemPackages {
                            ecosystem: format!("{} packages of other publishers", kind.as_str()),
                            packages: *packages,
                            unjudged: 0,
                            published: false,
                            kind: PackageKind::Generic,
                            date: None,
                            checked: None,
                        }
                    }));
                }
                packages.sort();
                packages
            };
        Ok(AdvisoryCoverage {
            covered: of(true),
            missing: of(false),
            snapshot: snapshot.id,
            date: snapshot.date.and_then(moment::moment),
            checked: snapshot.checked.and_then(moment::moment),
            advisories: usize::try_from(snapshot.records).unwrap_or(usize::MAX),
            broken: usize::try_from(snapshot.broken).unwrap_or(usize::MAX),
            by_distribution: self.by_distribution,
            left_out: self.left_out,
            unjudged: self.unjudged.into_iter().collect(),
            pockets,
            missing_pocket,
            epss: snapshot.epss.map(list),
            known_exploited: snapshot.known_exploited.map(list),
        })
    }
}

/// What speaks of packages that no distribution has.
fn of_ecosystems(kind: PackageKind, known: &[&str]) -> Release {
    let names = of_language(kind);
    // The records of a repository beside the central one are named by its address.
    let ecosystems: Vec<Ecosystem> = known
        .iter()
        .filter_map(|text| Ecosystem::parse(text))
        .filter(|one| {
            let is_address = |release: &String| release.contains("://");
            names.contains(&one.name) && one.release.as_ref().is_none_or(is_address)
        })
        .collect();
    Release {
        label: match names.first() {
            Some(name) => name.as_str().to_owned(),
            None => kind.as_str().to_owned(),
        },
        published: !names.is_empty(),
        is_covered: !ecosystems.is_empty(),
        ecosystems,
        paid: Vec::new(),
    }
}
