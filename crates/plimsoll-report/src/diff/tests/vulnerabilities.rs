//! Known vulnerabilities in every form of a comparison.

use plimsoll_model::{
    AdvisoryCoverage, BillSummary, EcosystemPackages, FixState, Vulnerability, VulnerabilityCause,
    VulnerabilityChange, VulnerabilitySeverity, VulnerabilityStatus,
};
use plimsoll_testkit::vulnerability::plain;

use super::*;

fn change(
    id: &str,
    name: &str,
    severity: VulnerabilitySeverity,
    cause: VulnerabilityCause,
) -> VulnerabilityChange {
    VulnerabilityChange {
        vulnerability: Vulnerability {
            advisories: vec![id.to_owned()],
            purl: format!("pkg:deb/debian/{name}@1.0"),
            fix_state: FixState::WillNotFix,
            severity,
            in_base: Some(true),
            ..plain(id, "deb", name, "1.0")
        },
        cause,
    }
}

/// The example with advisories: a package came, one changed its version, others went.
fn judged() -> Difference {
    use VulnerabilitySeverity::{Critical, High, Low, Medium};
    let version = |versions: &[&str]| {
        VulnerabilityCause::Version(versions.iter().map(|one| (*one).to_owned()).collect())
    };
    let mut fixable = change("CVE-2026-2", "newer", Medium, version(&["0.8", "0.9"]));
    fixable.vulnerability.fix_state = FixState::Fixed;
    fixable.vulnerability.fixed = Some("1.1".to_owned());
    let gained = vec![
        change(HOSTILE, HOSTILE, Critical, VulnerabilityCause::Package),
        fixable,
        change("CVE-2026-3", "kin", Low, VulnerabilityCause::NotJudged),
    ];
    let lost = vec![
        change("CVE-2025-1", "openssl", High, version(&["1.2"])),
        change("CVE-2025-2", "gone", Medium, VulnerabilityCause::Package),
        change("CVE-2025-3", "openssl", Critical, version(&["1.2"])),
        change(
            "CVE-2025-3",
            "unseen",
            Critical,
            VulnerabilityCause::NotJudged,
        ),
        change(
            "CVE-2025-4",
            "waived",
            Low,
            VulnerabilityCause::SetAside(VulnerabilityStatus::NotAffected),
        ),
        change("CVE-2025-5", "same", Low, VulnerabilityCause::Judgement),
    ];
    let mut difference = example();
    let coverage = AdvisoryCoverage {
        snapshot: "5".repeat(64),
        date: Some("2026-11-20T00:00:00Z".to_owned()),
        advisories: 65_000,
        ..AdvisoryCoverage::default()
    };
    let images = &mut difference.images;
    let found = |changes: &[VulnerabilityChange]| {
        let found = changes.iter().map(|change| change.vulnerability.clone());
        found.collect::<Vec<_>>()
    };
    images.old.vulnerabilities = found(&lost);
    images.new.vulnerabilities = found(&gained);
    let mut removed = images.new.vulnerabilities[0].clone();
    removed.removed_in = Some(2);
    images.new.vulnerabilities.push(removed);
    images.old.advisories = Some(coverage.clone());
    images.new.advisories = Some(AdvisoryCoverage {
        missing: vec![EcosystemPackages {
            ecosystem: "Debian:13".to_owned(),
            packages: 88,
            unjudged: 0,
            published: true,
            kind: PackageKind::Deb,
            date: None,
            checked: None,
        }],
        covered: vec![EcosystemPackages {
            ecosystem: "PyPI".to_owned(),
            packages: 2,
            unjudged: 0,
            published: true,
            kind: PackageKind::Python,
            date: None,
            checked: None,
        }],
        ..coverage
    });
    difference.vulnerabilities = Some(GainsAndLosses {
        gained,
        lost,
        kept: 0,
    });
    difference
}

#[test]
fn a_screen_of_vulnerabilities() {
    let difference = judged();
    let text = human(&input(&difference));
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    let from = text.find("vulns").unwrap();
    let to = text.find("\nfindings\n").unwrap();
    insta::assert_snapshot!(&text[from..to]);
    let all = human(&DiffInput {
        details: true,
        ..input(&difference)
    });
    assert!(all.contains("judged by 65000 advisories of 2026-11-20 (snapshot 555555555555)"));
    assert!(all.contains("set aside now: not affected"), "{all}");
}

#[test]
fn a_comment_of_vulnerabilities() {
    let difference = judged();
    let text = markdown(&input(&difference));
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
    assert!(!text.contains("<img>"));
    insta::assert_snapshot!(text);
    let mut many = judged();
    if let Some(changes) = &mut many.vulnerabilities {
        changes.gained = vec![changes.gained[0].clone(); 5000];
        changes.lost = vec![changes.lost[0].clone(); 5000];
    }
    assert!(markdown(&input(&many)).len() < 65_536);
}

#[test]
fn an_object_of_vulnerabilities() {
    let difference = judged();
    let value: serde_json::Value = serde_json::from_str(&json(&input(&difference))).unwrap();
    assert_eq!(value["old"]["vulnerabilities"]["critical"], 2);
    assert_eq!(value["new"]["vulnerabilities"]["critical"], 1);
    assert_eq!(value["new"]["advisories"]["missing"][0]["packages"], 88);
    let changes = &value["vulnerabilities"];
    assert_eq!(changes["kept"], 0);
    assert_eq!(changes["gained"][0]["cause"], "package");
    assert_eq!(changes["gained"][1]["cause"], "version");
    assert_eq!(changes["gained"][1]["other_versions"][1], "0.9");
    assert_eq!(changes["gained"][1]["fixed"], "1.1");
    assert_eq!(changes["lost"][4]["other_status"], "not-affected");
    assert_eq!(changes["undecided_before"], 0);
    let undecided = Difference {
        undecided_before: 2,
        ..judged()
    };
    let value: serde_json::Value = serde_json::from_str(&json(&input(&undecided))).unwrap();
    assert_eq!(value["vulnerabilities"]["undecided_before"], 2);
    assert_eq!(value["findings"].get("undecided_before"), None);
    for text in [human(&input(&undecided)), markdown(&input(&undecided))] {
        assert!(text.contains(" 0 in both, 2 undecided before"), "{text}");
    }
    let blind: serde_json::Value = serde_json::from_str(&json(&input(&example()))).unwrap();
    assert_eq!(blind["vulnerabilities"], serde_json::Value::Null);
    assert_eq!(blind["old"]["advisories"], serde_json::Value::Null);
}

#[test]
fn the_object_is_what_its_schema_says() {
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let schema = parse(include_str!("../../../../../docs/schemas/diff.schema.json"));
    let report = parse(include_str!(
        "../../../../../docs/schemas/report.schema.json"
    ));
    // What both have in common stands in both: a validator need fetch nothing.
    assert!(!schema.to_string().contains("report.schema.json"));
    for (name, kept) in [
        ("severity", &report["$defs"]["severity"]),
        ("vulnerability", &report["$defs"]["vulnerability"]),
        ("advisories", &report["properties"]["advisories"]),
        ("base", &report["properties"]["base"]),
        ("skipped", &report["properties"]["skipped"]),
    ] {
        assert_eq!(&schema["$defs"][name], kept, "{name}");
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut bill = judged();
    bill.images.new.subject = ComparedSubject::Bill(BillSummary {
        name: "new.json".to_owned(),
        format: "SPDX 2.3".to_owned(),
        subject: String::new(),
        unidentified: 0,
        ..BillSummary::default()
    });
    for difference in [example(), judged(), bill] {
        let value = parse(&json(&input(&difference)));
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    let mut broken = parse(&json(&input(&judged())));
    broken["vulnerabilities"]["lost"][0]["severity"] = "odd".into();
    assert!(!validator.is_valid(&broken));
}

#[test]
fn a_bill_of_materials_has_packages_and_nothing_else() {
    let mut difference = judged();
    difference.images.old.subject = ComparedSubject::Bill(BillSummary {
        name: "old.json".to_owned(),
        format: "CycloneDX 1.6".to_owned(),
        subject: "app".to_owned(),
        unidentified: 0,
        ..BillSummary::default()
    });
    difference.layers.clear();
    difference.files = FileChanges::default();
    difference.config.clear();
    difference.secrets.gained.clear();
    difference.findings.gained.clear();
    difference.findings.lost.clear();
    let text = human(&input(&difference));
    assert!(
        text.contains("old        old.json (CycloneDX 1.6)"),
        "{text}"
    );
    for absent in ["size", "files", "config", "secrets", "findings"] {
        assert!(!text.contains(&format!("\n{absent}")), "{text}");
        let table = markdown(&input(&difference));
        assert!(!table.contains(&format!("\n| {absent} |")), "{table}");
    }
    let value: serde_json::Value = serde_json::from_str(&json(&input(&difference))).unwrap();
    assert_eq!(value["old"]["digest"], serde_json::Value::Null);
    assert_eq!(value["old"]["sbom"]["format"], "CycloneDX 1.6");
}
