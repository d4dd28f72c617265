use plimsoll_attest::openvex::{self, OpenVexInput};
use plimsoll_model::{
    Digest, Platform, SuppressedVulnerability, Vulnerability, VulnerabilitySeverity,
    VulnerabilityStatus,
};
use plimsoll_testkit::vulnerability::{mended, plain};
use serde_json::Value;

fn vulnerability(id: &str) -> Vulnerability {
    Vulnerability {
        aliases: vec!["GHSA-b".to_owned(), "GHSA-a".to_owned()],
        advisories: vec!["GHSA-a".to_owned()],
        severity: VulnerabilitySeverity::High,
        ..mended("4.17.21", plain(id, "npm", "lodash", "4.17.20"))
    }
}

fn suppressed(
    id: &str,
    status: VulnerabilityStatus,
    label: Option<&str>,
) -> SuppressedVulnerability {
    SuppressedVulnerability {
        vulnerability: vulnerability(id),
        status,
        reason: "waived until 2027-01-01 by ops: known".to_owned(),
        justification: label.map(str::to_owned),
        written_in: "plimsoll.toml:1".to_owned(),
    }
}

fn document(
    vulnerabilities: &[Vulnerability],
    suppressed: &[SuppressedVulnerability],
) -> Option<Value> {
    let input = OpenVexInput {
        called: "ghcr.io/acme/app:1.2",
        digest: &Digest::from_sha256([7; 32]),
        platform: Some(&Platform {
            os: "linux".to_owned(),
            architecture: "amd64".to_owned(),
            variant: None,
        }),
        vulnerabilities,
        suppressed,
        timestamp: 1_700_000_000,
        author: "Acme",
        tool_version: "0.1.0",
    };
    let bytes = openvex::document(&input)?;
    assert_eq!(openvex::document(&input).as_ref(), Some(&bytes));
    Some(serde_json::from_slice(&bytes).unwrap())
}

#[test]
fn it_is_openvex() {
    let schema: Value =
        serde_json::from_str(include_str!("../schemas/openvex-0.2.0.schema.json")).unwrap();
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let twice = vulnerability("CVE-2026-1");
    let mut removed = vulnerability("CVE-2026-9");
    removed.removed_in = Some(3);
    let document = document(
        &[twice.clone(), twice, removed],
        &[
            suppressed("CVE-2026-2", VulnerabilityStatus::Waived, None),
            suppressed(
                "CVE-2026-3",
                VulnerabilityStatus::NotAffected,
                Some("vulnerable_code_not_present"),
            ),
            suppressed(
                "CVE-2026-4",
                VulnerabilityStatus::NotAffected,
                Some("code_not_reachable"),
            ),
            suppressed("CVE-2026-5", VulnerabilityStatus::Fixed, None),
            suppressed("CVE-2026-6", VulnerabilityStatus::KnownBefore, None),
            // One place is waived, and the other one stands.
            suppressed("CVE-2026-1", VulnerabilityStatus::NotAffected, None),
        ],
    )
    .unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
    let told: Vec<_> = document["statements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|statement| {
            (
                statement["vulnerability"]["name"].as_str().unwrap(),
                statement["status"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("CVE-2026-1", "under_investigation"),
            ("CVE-2026-2", "affected"),
            ("CVE-2026-6", "under_investigation"),
            ("CVE-2026-3", "not_affected"),
            ("CVE-2026-4", "not_affected"),
            ("CVE-2026-5", "fixed"),
        ]
    );
    assert_eq!(document["statements"][4].get("justification"), None);
    assert_eq!(document["timestamp"], "2023-11-14T22:13:20Z");
}

#[test]
fn where_nothing_is_known_nothing_is_stated() {
    assert_eq!(document(&[], &[]), None);
}
