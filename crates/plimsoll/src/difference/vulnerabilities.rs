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
pub(super) fn compare(old: &Report, new: &Report) -> Option<GainsAndLosses<VulnerabilityChange>> {
    if old.advisories.is_none() || new.advisories.is_none() {
        return None;
    }
    let (old, new) = (Knowledge::of(old), Knowledge::of(new));
    let (lost, _) = old.against(&new);
    let (gained, kept) = new.against(&old);
    Some(GainsAndLosses { gained, lost, kept })
}

/// What a package is called, whatever its version and place.
type Family<'a> = (PackageKind, Cow<'a, str>);

/// What is known of one image, by package.
struct Knowledge<'a> {
    report: &'a Report,
    /// The numbers of the flaws of each package.
    flaws: HashMap<Family<'a>, HashSet<String>>,
    /// Those that are set aside, and as what.
    set_aside: HashMap<(Family<'a>, String), VulnerabilityStatus>,
    /// Installed versions of each package.
    versions: HashMap<Family<'a>, BTreeSet<&'a str>>,
    /// Kinds of packages that there are no advisories on.
    unknown: HashSet<PackageKind>,
    /// Packages that could not be judged, by package URL.
    unjudged: HashSet<&'a str>,
}

impl<'a> Knowledge<'a> {
    fn of(report: &'a Report) -> Self {
        let mut flaws: HashMap<Family<'a>, HashSet<String>> = HashMap::new();
        for one in live(report) {
            if let Some(family) = family_of(report, one) {
                let known = flaws.entry(family).or_default();
                known.extend(one.names().map(str::to_ascii_uppercase));
            }
        }
        let mut set_aside = HashMap::new();
        for one in &report.suppressed_vulnerabilities {
            if let Some(family) = family_of(report, &one.vulnerability) {
                for number in one.vulnerability.names() {
                    set_aside.insert((family.clone(), number.to_ascii_uppercase()), one.status);
                }
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
        Self {
            report,
            flaws,
            set_aside,
            versions,
            unknown: unknown.map(|one| one.kind).collect(),
            unjudged: unjudged.map(|one| one.purl.as_str()).collect(),
        }
    }

    /// What `other` has not, with the reason, and how many it has, too.
    fn against(&self, other: &Self) -> (Vec<VulnerabilityChange>, usize) {
        let mut only_here = Vec::new();
        let mut kept = 0;
        for vulnerability in live(self.report) {
            let Some(family) = family_of(self.report, vulnerability) else {
                continue;
            };
            let known = other.flaws.get(&family);
            let mut own = vulnerability.names().map(str::to_ascii_uppercase);
            if known.is_some_and(|known| own.any(|number| known.contains(&number))) {
                kept += 1;
                continue;
            }
            only_here.push(VulnerabilityChange {
                cause: other.why_not(vulnerability, &family),
                vulnerability: vulnerability.clone(),
            });
        }
        (only_here, kept)
    }

    /// Why a vulnerability of the other image is none here.
    fn why_not(&self, vulnerability: &Vulnerability, family: &Family<'a>) -> VulnerabilityCause {
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
        let could_not = self.report.inventory.packages.iter().any(|package| {
            self.unjudged.contains(package.purl.as_str())
                && self::family(package.kind, &package.name) == *family
        });
        if could_not || self.unknown.contains(&family.0) {
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

fn family_of<'a>(report: &'a Report, one: &'a Vulnerability) -> Option<Family<'a>> {
    let packages = match one.removed_in {
        Some(_) => &report.inventory.removed_packages,
        None => &report.inventory.packages,
    };
    let package = packages.get(one.package)?;
    Some(family(package.kind, &package.name))
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
        let changes = compare(&old, &new).unwrap();
        assert_eq!(changes.kept, 2);
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
            });
        }
        let changes = compare(&old, &new).unwrap();
        assert_eq!(told(&changes.lost)[0], ("CVE-2", &NotJudged));
        new.advisories = None;
        assert_eq!(compare(&old, &new), None);
    }

    #[test]
    fn what_a_later_layer_removed_is_not_compared() {
        let old = report(&[("a@1", &["CVE-1"])]);
        let mut new = report(&[]);
        new.inventory.removed_packages = old.inventory.packages.clone();
        new.vulnerabilities = old.vulnerabilities.clone();
        new.vulnerabilities[0].removed_in = Some(2);
        let changes = compare(&old, &new).unwrap();
        assert_eq!(
            told(&changes.lost),
            [("CVE-1", &VulnerabilityCause::Package)]
        );
        assert!(changes.gained.is_empty());
    }
}
