//! Why a vulnerability of one image is none of the other.

use std::collections::{BTreeSet, HashMap, HashSet};

use plimsoll_model::{PackageKind, Report, Vulnerability, VulnerabilityCause, VulnerabilityStatus};

use super::same::{Family, family, family_of};

/// What is known of one image, by package.
pub(super) struct Knowledge<'a> {
    /// Those that are set aside, and as what.
    set_aside: HashMap<(Family<'a>, String), VulnerabilityStatus>,
    /// Installed versions of each package.
    versions: HashMap<Family<'a>, BTreeSet<&'a str>>,
    /// Kinds of packages that there are no advisories on.
    unknown: HashSet<PackageKind>,
    /// Packages that could not be judged in a version.
    pub(super) unjudged: HashSet<Family<'a>>,
}

impl<'a> Knowledge<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
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
    pub(super) fn why_not(
        &self,
        vulnerability: &Vulnerability,
        family: &Family<'_>,
    ) -> VulnerabilityCause {
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
