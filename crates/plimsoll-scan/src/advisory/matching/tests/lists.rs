//! Lists beside the advisories: what waits in a security pocket, what is exploited.

use super::*;

/// The index of a security pocket: `name version architecture source (version)`.
const POCKET: &str = "Package: libssl3\nSource: openssl (3.0.17-1)\nVersion: 3.0.17-1+b2\n\
    Architecture: amd64\n\nPackage: libssl3\nSource: openssl (3.0.17-1)\n\
    Version: 3.0.17-1+b2\nArchitecture: i386\n\nPackage: tzdata\nVersion: 2026b-0+deb12u1\n\
    Architecture: all\n\nPackage: curl\nVersion: 7.88.1-10+deb12u14\nArchitecture: amd64\n";

fn deb(name: &str, version: &str, architecture: &str) -> Package {
    Package {
        architecture: Some(architecture.to_owned()),
        ..package(PackageKind::Deb, name, version)
    }
}

fn waiting(judged: &Judged) -> Vec<String> {
    judged
        .pending_updates
        .iter()
        .map(|one| {
            format!(
                "{} {} -> {} [{}]",
                one.name,
                one.installed,
                one.available,
                one.vulnerabilities.join(" ")
            )
        })
        .collect()
}

#[test]
fn packages_older_than_the_security_pocket_have_an_update_waiting() {
    let lists = [("bookworm-security/Packages", POCKET)];
    let index = index_with(
        &[
            record("CVE-2026-1", "Debian:12", "openssl", "3.0.17-1"),
            record("CVE-2026-2", "Debian:12", "curl", "7.88.1-10+deb12u13"),
        ],
        &lists,
    );
    let library = Package {
        source: Some(("openssl".to_owned(), "3.0.11-1".to_owned())),
        ..deb("libssl3", "3.0.11-1", "amd64")
    };
    let inventory = on(
        "debian",
        "12",
        vec![
            library,
            deb("libssl3", "3.0.17-1+b2", "i386"),
            deb("tzdata", "2024a-0+deb12u1", "all"),
            deb("curl", "7.88.1-10+deb12u12", "amd64"),
            deb("curl", "7.88.1-10+deb12u12", "arm64"),
            deb("bash", "5.2.15-2", "amd64"),
        ],
    );
    let judged = judge_inventory(&index, &inventory, None).unwrap();
    // The library's news is told by its flaw; curl's flaw was mended by an earlier update.
    assert_eq!(
        waiting(&judged),
        [
            "curl 7.88.1-10+deb12u12 -> 7.88.1-10+deb12u14 []",
            "libssl3 3.0.11-1 -> 3.0.17-1+b2 [CVE-2026-1]",
            "tzdata 2024a-0+deb12u1 -> 2026b-0+deb12u1 []",
        ]
    );
    assert_eq!(judged.pending_updates[1].source, "openssl");
    assert_eq!(judged.pending_updates[1].source_version, "3.0.17-1");
    assert_eq!(judged.coverage.pockets[0].packages, 5);
    assert_eq!(judged.coverage.missing_pocket.unwrap().packages, 1);
    // Of other releases and distributions nothing is said.
    for (id, version, missing) in [
        ("debian", "11", true),
        ("ubuntu", "22.04", true),
        ("kali", "1", false),
    ] {
        let inventory = on(id, version, inventory.packages.clone());
        let judged = judge_inventory(&index, &inventory, None).unwrap();
        assert!(judged.pending_updates.is_empty() && judged.coverage.pockets.is_empty());
        assert_eq!(judged.coverage.missing_pocket.is_some(), missing, "{id}");
    }
}

#[test]
fn lists_by_number_say_what_is_exploited() {
    let index = index_with(
        &[
            with(
                record("GHSA-aaaa-bbbb-cccc", "npm", "mild", "2.0.0"),
                json!({"aliases": ["CVE-2024-0001"], "database_specific": {"severity": "LOW"}}),
            ),
            with(
                record("CVE-2024-0002", "npm", "bad", "2.0.0"),
                json!({"database_specific": {"severity": "CRITICAL"}}),
            ),
        ],
        &[
            (
                "scores.csv",
                "#model_version:v1,score_date:2026-11-21T00:00:00Z\ncve,epss,percentile\nCVE-2024-0002,0.25,0.9\n",
            ),
            (
                "kev.csv",
                "cveID,dateAdded,dueDate,knownRansomwareCampaignUse\n\
                 CVE-2024-0001,2024-05-01,2024-05-22,Known\n",
            ),
        ],
    );
    let packages = ["bad", "mild"].map(|name| package(PackageKind::Npm, name, "1.0.0"));
    let judged = judge_inventory(&index, &on("debian", "12", packages.to_vec()), None).unwrap();
    // What is exploited comes first.
    let [mild, bad] = &judged.vulnerabilities[..] else {
        panic!("{:?}", judged.vulnerabilities)
    };
    let known = mild.known_exploited.as_ref().unwrap();
    assert_eq!(
        (known.added.as_deref(), known.ransomware),
        (Some("2024-05-01"), true)
    );
    assert_eq!(
        (known.due.as_deref(), &mild.epss),
        (Some("2024-05-22"), &None)
    );
    let likely = bad.epss.as_ref().unwrap();
    assert_eq!(
        (likely.probability, likely.percentile),
        (250_000_000, 900_000_000)
    );
    assert_eq!(likely.date.as_deref(), Some("2026-11-21T00:00:00Z"));
    assert_eq!(bad.known_exploited, None);
    assert_eq!(judged.coverage.epss.unwrap().listed, 1);
    assert_eq!(judged.coverage.known_exploited.unwrap().listed, 1);
}
