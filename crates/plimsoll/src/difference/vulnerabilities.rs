//! Known vulnerabilities that only one of two images has, and why the other has not.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use plimsoll_model::{
    GainsAndLosses, PackageKind, Report, Vulnerability, VulnerabilityCause, VulnerabilityChange,
    VulnerabilityStatus,
};

use crate::vulnerabilities::python_name;

/// Lays what two reports know side by side; `None` where one of them knows of no advisories. What
/// a later layer removed does not run, and is not compared, as its packages are not.
///
/// A flaw counts once for each package that has it, in however many versions and places the package
/// is there, and goes by any of its names: both reports are left with as many, so that all that is
/// counted of them adds up. What the newer image has and the older may have had is no news, and counts
/// as known of both.
pub(super) fn compare(
    old: &mut Report,
    new: &mut Report,
) -> Option<GainsAndLosses<VulnerabilityChange>> {
    if old.advisories.is_none() || new.advisories.is_none() {
        return None;
    }
    let mut flaws = Flaws::default();
    for one in live(old).chain(open(old)) {
        flaws.learn(&family_of(old, one), one);
    }
    for one in live(new) {
        flaws.learn(&family_of(new, one), one);
    }
    flaws.settle();
    let set =
        |flaws: &[Option<usize>]| -> HashSet<usize> { flaws.iter().flatten().copied().collect() };
    let flaws_of_new = flaws.of(new);
    let in_new = set(&flaws_of_new);
    take_for_known(old, &flaws, &in_new);
    let flaws_of_old = flaws.of(old);
    let in_old = set(&flaws_of_old);
    let kept = in_old.intersection(&in_new).count();
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
    Some(GainsAndLosses {
        gained: only(new, &old_knowledge, &in_old),
        lost: only(old, &new_knowledge, &in_new),
        kept,
    })
}

/// What the newer of two images may have, and the older is neither known to have nor may have: told
/// apart as what is known is.
pub(crate) fn undecided<'r>(old: &Report, new: &'r Report) -> Vec<&'r Vulnerability> {
    let mut flaws = Flaws::default();
    for report in [old, new] {
        for one in live(report).chain(open(report)) {
            flaws.learn(&family_of(report, one), one);
        }
    }
    flaws.settle();
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

/// Takes what may be there for known, where it is one of these flaws.
fn take_for_known(report: &mut Report, flaws: &Flaws, these: &HashSet<usize>) {
    let all = std::mem::take(&mut report.undecided_vulnerabilities);
    let (known, open): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| {
        let flaw = flaws.find(&family_of(report, one), one);
        one.removed_in.is_none() && flaw.is_some_and(|flaw| these.contains(&flaw))
    });
    report.undecided_vulnerabilities = open;
    // Behind what is known for certain, which is what stays of one flaw.
    report.vulnerabilities.extend(known);
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

/// Which numbers are one flaw of one package, by all that two reports tell.
#[derive(Default)]
struct Flaws {
    /// The place in `joined` of each number of a package.
    numbers: HashMap<(PackageKind, String), HashMap<String, usize>>,
    /// What each is the same as; itself where nothing older is.
    joined: Vec<usize>,
}

impl Flaws {
    fn learn(&mut self, (kind, name): &Family<'_>, one: &Vulnerability) {
        let package = (*kind, name.clone().into_owned());
        let known = self.numbers.entry(package).or_default();
        let mut first: Option<usize> = None;
        for number in one.names() {
            let next = self.joined.len();
            let at = *known.entry(number.to_ascii_uppercase()).or_insert(next);
            if at == next {
                self.joined.push(next);
            }
            let root = root(&mut self.joined, at);
            match first {
                None => first = Some(root),
                Some(other) => {
                    let (low, high) = (other.min(root), other.max(root));
                    self.joined[high] = low;
                    first = Some(low);
                }
            }
        }
    }

    /// Puts what each number is the same as in its place, once all is learned.
    fn settle(&mut self) {
        // What something is the same as is older, and settled before it.
        for at in 0..self.joined.len() {
            self.joined[at] = self.joined[self.joined[at]];
        }
    }

    fn find(&self, (kind, name): &Family<'_>, one: &Vulnerability) -> Option<usize> {
        let known = self.numbers.get(&(*kind, name.clone().into_owned()))?;
        let at = known.get(&one.id.to_ascii_uppercase())?;
        self.joined.get(*at).copied()
    }

    /// The flaw of each vulnerability of a report; none of what does not run.
    fn of(&self, report: &Report) -> Vec<Option<usize>> {
        let found = report.vulnerabilities.iter();
        found
            .map(|one| match one.removed_in {
                Some(_) => None,
                None => self.find(&family_of(report, one), one),
            })
            .collect()
    }
}

/// What a number is the same as. The way there is halved for whoever goes it next: databases may
/// chain thousands of names.
fn root(joined: &mut [usize], mut at: usize) -> usize {
    while joined[at] != at {
        joined[at] = joined[joined[at]];
        at = joined[at];
    }
    at
}

/// What a package is called, whatever its version and place.
type Family<'a> = (PackageKind, Cow<'a, str>);

/// What is known of one image, by package.
struct Knowledge<'a> {
    /// Those that are set aside, and as what.
    set_aside: HashMap<(Family<'a>, String), VulnerabilityStatus>,
    /// Installed versions of each package.
    versions: HashMap<Family<'a>, BTreeSet<&'a str>>,
    /// Kinds of packages that there are no advisories on.
    unknown: HashSet<PackageKind>,
    /// Packages that could not be judged in a version.
    unjudged: HashSet<Family<'a>>,
}

impl<'a> Knowledge<'a> {
    fn of(report: &'a Report) -> Self {
        let mut set_aside = HashMap::new();
        for one in &report.suppressed_vulnerabilities {
            let family = family_of(report, &one.vulnerability);
            for number in one.vulnerability.names() {
                set_aside.insert((family.clone(), number.to_ascii_uppercase()), one.status);
            }
        }
        let mut versions: HashMap<Family<'a>, BTreeSet<&'a str>> = HashMap::new();
        for package in &report.inventory.packages {
            versions
                .entry(family(package.kind, &package.name))
                .or_default()
                .insert(&package.version);
        }
        let coverage = report.advisories.iter();
        let unknown = coverage.clone().flat_map(|coverage| &coverage.missing);
        let unjudged = coverage.flat_map(|coverage| &coverage.unjudged);
        let unjudged: HashSet<&str> = unjudged.map(|one| one.purl.as_str()).collect();
        let packages = report.inventory.packages.iter();
        Self {
            set_aside,
            versions,
            unknown: unknown.map(|one| one.kind).collect(),
            unjudged: packages
                .filter(|package| unjudged.contains(package.purl.as_str()))
                .map(|package| family(package.kind, &package.name))
                .collect(),
        }
    }

    /// Why a vulnerability of the other image is none here.
    fn why_not(&self, vulnerability: &Vulnerability, family: &Family<'_>) -> VulnerabilityCause {
        let status = vulnerability
            .names()
            .find_map(|number| {
                let key = (family.clone(), number.to_ascii_uppercase());
                self.set_aside.get(&key)
            })
            .copied();
        if let Some(status) = status {
            return VulnerabilityCause::SetAside(status);
        }
        let Some(versions) = self.versions.get(family) else {
            return VulnerabilityCause::Package;
        };
        if self.unjudged.contains(family) || self.unknown.contains(&family.0) {
            return VulnerabilityCause::NotJudged;
        }
        if versions.contains(vulnerability.installed.as_str()) {
            return VulnerabilityCause::Judgement;
        }
        VulnerabilityCause::Version(versions.iter().map(|one| (*one).to_owned()).collect())
    }
}

fn live(report: &Report) -> impl Iterator<Item = &Vulnerability> {
    let found = report.vulnerabilities.iter();
    found.filter(|one| one.removed_in.is_none())
}

/// What may be there, of packages that are in use.
fn open(report: &Report) -> impl Iterator<Item = &Vulnerability> {
    let open = report.undecided_vulnerabilities.iter();
    open.filter(|one| one.removed_in.is_none())
}

fn family_of<'a>(report: &'a Report, one: &'a Vulnerability) -> Family<'a> {
    let packages = match one.removed_in {
        Some(_) => &report.inventory.removed_packages,
        None => &report.inventory.packages,
    };
    match packages.get(one.package) {
        Some(package) => family(package.kind, &package.name),
        None => (PackageKind::Generic, Cow::Borrowed(&one.name)),
    }
}

fn family(kind: PackageKind, name: &str) -> Family<'_> {
    match kind {
        PackageKind::Python => (kind, python_name(name).into()),
        _ => (kind, Cow::Borrowed(name)),
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{
        AdvisoryCoverage, EcosystemPackages, Evidence, Package, SuppressedVulnerability,
        UnjudgedPackage,
    };

    use proptest::prelude::*;

    use super::*;
    use crate::vulnerabilities::testing::vulnerability;

    /// A report of npm packages, `name@version`, each with the numbers of its flaws.
    fn report(packages: &[(&str, &[&str])]) -> Report {
        let mut report = Report {
            advisories: Some(AdvisoryCoverage::default()),
            ..Report::default()
        };
        for (at, (text, flaws)) in packages.iter().enumerate() {
            let (name, version) = text.split_once('@').unwrap();
            report.inventory.packages.push(Package::new(
                PackageKind::Npm,
                name,
                version,
                format!("pkg:npm/{text}"),
                format!("{at}/package.json"),
                Evidence::Metadata,
                0,
            ));
            for id in *flaws {
                let mut one = vulnerability(id, name);
                one.package = at;
                one.installed = version.to_owned();
                report.vulnerabilities.push(one);
            }
        }
        report
    }

    fn told(changes: &[VulnerabilityChange]) -> Vec<(&str, &VulnerabilityCause)> {
        let changes = changes.iter();
        let told = changes.map(|change| (change.vulnerability.id.as_str(), &change.cause));
        told.collect()
    }

    #[test]
    fn what_is_new_and_what_is_gone_has_a_cause() {
        use VulnerabilityCause::{Judgement, NotJudged, Package, SetAside, Version};
        let mut old = report(&[
            ("kept@1", &["CVE-1"]),
            ("raised@1", &["CVE-2"]),
            ("gone@1", &["CVE-3"]),
            ("same@1", &["CVE-4"]),
            ("odd@1", &["CVE-5"]),
            ("waived@1", &["CVE-6"]),
        ]);
        // A flaw goes by any of its names.
        old.vulnerabilities[0].aliases.push("ghsa-x".to_owned());
        let mut new = report(&[
            ("kept@2", &["GHSA-X", "CVE-8"]),
            ("kept@2", &["CVE-1"]),
            ("raised@2", &[]),
            ("raised@3", &[]),
            ("same@1", &[]),
            ("odd@x", &[]),
            ("waived@1", &[]),
            ("came@1", &["CVE-7"]),
        ]);
        if let Some(coverage) = &mut new.advisories {
            coverage.unjudged.push(UnjudgedPackage {
                purl: "pkg:npm/odd@x".to_owned(),
                version: "x".to_owned(),
                why: "odd".to_owned(),
            });
        }
        let mut waived = vulnerability("CVE-6", "waived");
        waived.package = 6;
        new.suppressed_vulnerabilities
            .push(SuppressedVulnerability {
                vulnerability: waived,
                status: VulnerabilityStatus::Waived,
                reason: String::new(),
                justification: None,
                written_in: String::new(),
            });
        // What could not be judged is looked up, not searched for.
        let unjudged = Knowledge::of(&new).unjudged;
        assert_eq!(unjudged, HashSet::from([family(PackageKind::Npm, "odd")]));
        let changes = compare(&mut old.clone(), &mut new.clone()).unwrap();
        // However often the package is there.
        assert_eq!(changes.kept, 1);
        let text = |versions: &[&str]| Version(versions.iter().map(|v| (*v).to_owned()).collect());
        assert_eq!(
            told(&changes.gained),
            [("CVE-8", &text(&["1"])), ("CVE-7", &Package)]
        );
        assert_eq!(
            told(&changes.lost),
            [
                ("CVE-2", &text(&["2", "3"])),
                ("CVE-3", &Package),
                ("CVE-4", &Judgement),
                ("CVE-5", &NotJudged),
                ("CVE-6", &SetAside(VulnerabilityStatus::Waived)),
            ]
        );
        // Where nothing is known of a kind, nothing of it is mended.
        if let Some(coverage) = &mut new.advisories {
            coverage.missing.push(EcosystemPackages {
                ecosystem: "npm".to_owned(),
                packages: 8,
                unjudged: 0,
                published: true,
                kind: PackageKind::Npm,
                date: None,
                checked: None,
            });
        }
        let changes = compare(&mut old.clone(), &mut new.clone()).unwrap();
        assert_eq!(told(&changes.lost)[0], ("CVE-2", &NotJudged));
        new.advisories = None;
        assert_eq!(compare(&mut old.clone(), &mut new.clone()), None);
    }

    #[test]
    fn what_a_later_layer_removed_is_not_compared() {
        let old = report(&[("a@1", &["CVE-1"])]);
        let mut new = report(&[]);
        new.inventory.removed_packages = old.inventory.packages.clone();
        new.vulnerabilities = old.vulnerabilities.clone();
        new.vulnerabilities[0].removed_in = Some(2);
        let changes = compare(&mut old.clone(), &mut new.clone()).unwrap();
        assert_eq!(
            told(&changes.lost),
            [("CVE-1", &VulnerabilityCause::Package)]
        );
        assert!(changes.gained.is_empty());
    }

    #[test]
    fn what_could_not_be_decided_before_either_is_not_new() {
        let undecided_of = |known: &[(&str, &[&str])], open: &[(&str, &[&str])]| {
            let mut report = report(open);
            report.undecided_vulnerabilities = std::mem::take(&mut report.vulnerabilities);
            let at = report.inventory.packages.len();
            let known = self::report(known);
            report.inventory.packages.extend(known.inventory.packages);
            for mut one in known.vulnerabilities {
                one.package += at;
                report.vulnerabilities.push(one);
            }
            report
        };
        let old = undecided_of(&[("a@1", &["CVE-1"])], &[("a@1", &["CVE-2", "CVE-9"])]);
        let mut new = undecided_of(
            &[("b@1", &["CVE-4"])],
            &[
                ("a@2", &["CVE-1", "CVE-2", "CVE-3"]),
                // As often as the package is there.
                ("a@3", &["CVE-3"]),
                ("b@1", &["CVE-2"]),
                ("c@1", &["CVE-5"]),
            ],
        );
        // What does not run is not compared.
        new.undecided_vulnerabilities[5].removed_in = Some(1);
        // By any of its names.
        new.undecided_vulnerabilities[1].id = "GHSA-x".to_owned();
        new.undecided_vulnerabilities[1].aliases = vec!["cve-2".to_owned()];
        let told = undecided(&old, &new).into_iter();
        let told: Vec<(&str, &str)> = told.map(|one| (&*one.id, &*one.name)).collect();
        assert_eq!(told, [("CVE-3", "a"), ("CVE-2", "b")]);
    }

    #[test]
    fn what_may_have_been_there_before_is_not_gained() {
        let mut old = report(&[
            ("a@1", &["CVE-1"]),
            ("b@1", &["CVE-2"]),
            ("c@1", &["CVE-3"]),
            ("d@1", &["CVE-4"]),
            ("e@1", &["CVE-5"]),
        ]);
        old.undecided_vulnerabilities = std::mem::take(&mut old.vulnerabilities);
        // What does not run is not compared, and what is known for certain is told as that.
        old.undecided_vulnerabilities[2].removed_in = Some(1);
        old.vulnerabilities
            .push(old.undecided_vulnerabilities[4].clone());
        let mut new = report(&[
            ("a@2", &["GHSA-x"]),
            ("a@2", &["CVE-9"]),
            // Another package's.
            ("f@1", &["CVE-2"]),
            ("c@2", &["CVE-3"]),
            ("e@2", &["CVE-5"]),
        ]);
        // By any of its names.
        new.vulnerabilities[0].aliases.push("cve-1".to_owned());
        let changes = compare(&mut old, &mut new).unwrap();
        let ids: Vec<&str> = told(&changes.gained).iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, ["CVE-9", "CVE-2", "CVE-3"]);
        // Nobody knows that it was there.
        assert_eq!(told(&changes.lost), []);
        assert_eq!(changes.kept, 2);
        assert_eq!(live(&old).count(), changes.lost.len() + changes.kept);
        assert_eq!(live(&new).count(), changes.gained.len() + changes.kept);
    }

    /// Rows of a report: name, version and which of some flaws, each under one of two names or both.
    fn rows() -> impl Strategy<Value = Vec<(u8, u8, u8, u8)>> {
        prop::collection::vec((0_u8..4, 0_u8..3, 0_u8..5, 0_u8..3), 0..30)
    }

    fn report_of(rows: &[(u8, u8, u8, u8)]) -> Report {
        let texts: Vec<(String, String, Option<String>)> = rows
            .iter()
            .map(|(name, version, flaw, naming)| {
                let (cve, ghsa) = (format!("CVE-{flaw}"), format!("ghsa-{flaw}"));
                let (id, alias) = match naming {
                    0 => (cve, None),
                    1 => (ghsa, None),
                    _ => (cve, Some(ghsa)),
                };
                (format!("n{name}@{version}"), id, alias)
            })
            .collect();
        let ids: Vec<[&str; 1]> = texts.iter().map(|(_, id, _)| [id.as_str()]).collect();
        let packages: Vec<(&str, &[&str])> = texts
            .iter()
            .zip(&ids)
            .map(|((text, _, _), id)| (text.as_str(), id.as_slice()))
            .collect();
        let mut report = report(&packages);
        for (one, (_, _, alias)) in report.vulnerabilities.iter_mut().zip(texts) {
            one.aliases.extend(alias);
        }
        report
    }

    proptest! {
        #[test]
        fn numbers_add_up(old in rows(), new in rows()) {
            let (whole_old, whole_new) = (report_of(&old), report_of(&new));
            let (mut old, mut new) = (whole_old.clone(), whole_new.clone());
            let changes = compare(&mut old, &mut new).unwrap();
            prop_assert_eq!(live(&old).count(), changes.lost.len() + changes.kept);
            prop_assert_eq!(live(&new).count(), changes.gained.len() + changes.kept);
            // There and back again: what one gains the other loses.
            let back = compare(&mut whole_new.clone(), &mut whole_old.clone()).unwrap();
            prop_assert_eq!(back.kept, changes.kept);
            let ids = |changes: &[VulnerabilityChange]| -> Vec<(String, String)> {
                let changes = changes.iter().map(|change| &change.vulnerability);
                changes.map(|one| (one.id.clone(), one.name.clone())).collect()
            };
            prop_assert_eq!(ids(&back.lost), ids(&changes.gained));
            prop_assert_eq!(ids(&back.gained), ids(&changes.lost));
            // Nothing differs from itself.
            let same = compare(&mut whole_old.clone(), &mut whole_old.clone()).unwrap();
            prop_assert!(same.gained.is_empty() && same.lost.is_empty());
        }
    }
}
