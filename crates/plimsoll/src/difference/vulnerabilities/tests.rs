use plimsoll_model::{
    AdvisoryCoverage, EcosystemPackages, Evidence, Package, PackageKind, SuppressedVulnerability,
    UnjudgedPackage, VulnerabilityCause, VulnerabilityStatus,
};

use proptest::prelude::*;

use super::same::family;
use super::*;
use crate::policy::vulnerabilities::testing::vulnerability;

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

fn compared(old: &Report, new: &Report) -> GainsAndLosses<VulnerabilityChange> {
    let compared = compare(&mut old.clone(), &mut new.clone());
    compared.unwrap().changes
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
    let changes = compared(&old, &new);
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
    let changes = compared(&old, &new);
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
    let changes = compared(&old, &new);
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
    let Compared {
        changes,
        undecided_before,
    } = compare(&mut old, &mut new).unwrap();
    let ids: Vec<&str> = told(&changes.gained).iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, ["CVE-9", "CVE-2", "CVE-3"]);
    assert_eq!(told(&changes.lost), []);
    // Nobody knows that `a` had it, and all do of `e`.
    assert_eq!((changes.kept, undecided_before), (1, 1));
    assert_eq!(live(&old).count(), changes.lost.len() + changes.kept);
    assert_eq!(
        live(&new).count(),
        changes.gained.len() + changes.kept + undecided_before
    );
    assert_eq!(old.undecided_vulnerabilities.len(), 5);
}

/// An advisory without a number may tell of several flaws, whose names have not its id.
#[test]
fn what_was_told_of_several_before_is_not_new_by_itself() {
    let told_by = |ids: &[&str]| {
        let mut old = report(&[("a@1", ids)]);
        for one in &mut old.vulnerabilities {
            one.aliases.clear();
            one.advisories = vec!["GO-1".to_owned()];
        }
        old
    };
    let old = told_by(&["CVE-1", "CVE-2"]);
    let new = report(&[("a@2", &["GO-1"])]);
    let changes = compared(&old, &new);
    assert_eq!(told(&changes.gained), []);
    let lost: Vec<&str> = told(&changes.lost).iter().map(|(id, _)| *id).collect();
    assert_eq!((lost, changes.kept), (vec!["CVE-2"], 1));
    let back = compared(&new, &old);
    assert_eq!((back.gained.len(), back.lost.len(), back.kept), (1, 0, 1));
    // Another package's is another one, and so is what is known by its own name.
    let changes = compared(&old, &report(&[("b@2", &["GO-1"])]));
    assert_eq!((changes.gained.len(), changes.kept), (1, 0));
    let both = told_by(&["CVE-1", "GO-1"]);
    let changes = compared(&both, &new);
    assert_eq!((changes.lost.len(), changes.kept), (1, 1));
    // The one that is left of them.
    let changes = compared(&old, &both);
    assert_eq!((changes.gained.len(), changes.kept), (0, 2));
}

/// Each of two advisories without numbers tells of both flaws: they stay two.
#[test]
fn two_that_were_told_of_by_the_same_advisories_are_not_one() {
    let of = |rows: &[(&str, &[&str])]| {
        let mut report = report(rows);
        for one in &mut report.vulnerabilities {
            one.aliases.clear();
            one.advisories = vec!["GO-1".to_owned(), "GO-2".to_owned()];
        }
        report
    };
    let new = report(&[("a@2", &["GO-1", "GO-2"])]);
    let twice = report(&[("a@2", &["GO-1", "GO-2"]), ("a@3", &["GO-2", "GO-1"])]);
    // However often the package is there, and in whatever order its flaws are told.
    for old in [
        of(&[("a@1", &["CVE-1", "CVE-2"])]),
        of(&[
            ("a@1", &["CVE-1"]),
            ("a@1", &["CVE-1"]),
            ("a@1", &["CVE-2"]),
            ("a@0", &["CVE-2"]),
        ]),
        of(&[("a@1", &["CVE-1", "CVE-2"]), ("a@1", &["CVE-1", "CVE-2"])]),
    ] {
        for new in [&new, &twice] {
            let changes = compared(&old, new);
            assert_eq!(
                (changes.gained.len(), changes.lost.len(), changes.kept),
                (0, 0, 2)
            );
            let back = compared(new, &old);
            assert_eq!((back.gained.len(), back.lost.len(), back.kept), (0, 0, 2));
        }
    }
    // A third flaw that they tell of has no other.
    let old = of(&[
        ("a@1", &["CVE-1", "CVE-2", "CVE-3"]),
        ("a@1", &["CVE-1", "CVE-2", "CVE-3"]),
    ]);
    let changes = compared(&old, &new);
    let lost: Vec<&str> = told(&changes.lost).iter().map(|(id, _)| *id).collect();
    assert_eq!((lost, changes.kept), (vec!["CVE-3"], 2));
}

#[test]
fn what_may_be_there_is_known_by_the_advisory_that_told_of_it_before() {
    let mut old = report(&[("a@1", &["CVE-1"])]);
    old.vulnerabilities[0].aliases.clear();
    old.vulnerabilities[0].advisories = vec!["GO-1".to_owned()];
    let mut new = report(&[("a@2", &["GO-1", "GO-2"])]);
    new.undecided_vulnerabilities = std::mem::take(&mut new.vulnerabilities);
    let open = undecided(&old, &new).into_iter();
    let ids: Vec<&str> = open.map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["GO-2"]);
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
        let Compared { changes, .. } = compare(&mut old, &mut new).unwrap();
        prop_assert_eq!(live(&old).count(), changes.lost.len() + changes.kept);
        prop_assert_eq!(live(&new).count(), changes.gained.len() + changes.kept);
        // There and back again: what one gains the other loses.
        let back = compared(&whole_new, &whole_old);
        prop_assert_eq!(back.kept, changes.kept);
        let ids = |changes: &[VulnerabilityChange]| -> Vec<(String, String)> {
            let changes = changes.iter().map(|change| &change.vulnerability);
            changes.map(|one| (one.id.clone(), one.name.clone())).collect()
        };
        prop_assert_eq!(ids(&back.lost), ids(&changes.gained));
        prop_assert_eq!(ids(&back.gained), ids(&changes.lost));
        // Nothing differs from itself.
        let same = compared(&whole_old, &whole_old);
        prop_assert!(same.gained.is_empty() && same.lost.is_empty());
    }
}
