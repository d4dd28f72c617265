//! Advisories on several flaws, beside what a distribution says of each of them.

use super::*;

/// What is told of Debian's curl in a version.
fn on_curl(records: &[Value], version: &str) -> Vec<String> {
    let curl = package(PackageKind::Deb, "curl", version);
    told(&judged(records, &on("debian", "12", vec![curl])))
}

fn advisory(id: &str, fixed: &str, numbers: &[&str]) -> Value {
    with(
        record(id, "Debian:12", "curl", fixed),
        json!({"upstream": numbers}),
    )
}

/// A distribution's record of one flaw.
fn of_flaw(number: &str, fixed: &str) -> Value {
    advisory(&format!("DEBIAN-{number}"), fixed, &[number])
}

#[test]
fn what_a_distribution_says_of_a_flaw_is_more_exact_than_what_mends_several() {
    let all = ["CVE-2024-1", "CVE-2024-2", "CVE-2024-3", "CVE-2024-4"];
    let records = [
        advisory("DSA-1-1", "7.0-5", &all),
        of_flaw("CVE-2024-1", "7.0-3"),
        // It is not mended.
        of_flaw("CVE-2024-2", ""),
        // Nobody can tell whether it means the version.
        of_flaw("CVE-2024-4", "-"),
    ];
    assert_eq!(
        on_curl(&records, "7.0-2"),
        [
            "CVE-2024-1 curl 7.0-2 -> 7.0-3 [DEBIAN-CVE-2024-1 DSA-1-1]",
            "CVE-2024-2 curl 7.0-2 -> 7.0-5 [DEBIAN-CVE-2024-2 DSA-1-1]",
            "CVE-2024-3 curl 7.0-2 -> 7.0-5 [DSA-1-1]",
            "CVE-2024-4 curl 7.0-2 -> 7.0-5 [DSA-1-1]",
        ]
    );
    for version in ["7.0-3", "7.0-4"] {
        let told = on_curl(&records, version);
        let ids: Vec<&str> = told.iter().map(|line| &line[..10]).collect();
        assert_eq!(ids, &all[1..], "{version}");
    }
    assert_eq!(
        on_curl(&records, "7.0-5"),
        ["CVE-2024-2 curl 7.0-5 -> none [DEBIAN-CVE-2024-2]"]
    );
}

/// Who asks a security pocket finds the version there that mends all of them.
#[test]
fn what_mends_several_mends_each_of_them_too() {
    let records = [
        advisory("DSA-1-1", "7.0-5", &["CVE-2024-1", "CVE-2024-2"]),
        of_flaw("CVE-2024-1", "7.0-3"),
    ];
    let curl = package(PackageKind::Deb, "curl", "7.0-2");
    let judged = judged(&records, &on("debian", "12", vec![curl]));
    let found = &judged.vulnerabilities[0];
    assert_eq!(found.fixed.as_deref(), Some("7.0-3"));
    assert_eq!(found.fixed_versions, ["7.0-3", "7.0-5"]);
}

#[test]
fn a_list_of_versions_says_nothing_of_those_between() {
    let listed = with(
        record("DEBIAN-CVE-2024-1", "Debian:12", "curl", ""),
        json!({"affected": [{
            "package": {"ecosystem": "Debian:12", "name": "curl"},
            "versions": ["7.0-1", "7.0-2"],
        }]}),
    );
    let several = advisory("DSA-1-1", "7.0-5", &["CVE-2024-1", "CVE-2024-2"]);
    for version in ["7.0-2", "7.0-3+local1"] {
        let told = on_curl(&[listed.clone(), several.clone()], version);
        assert_eq!(told.len(), 2, "{told:?}");
    }
}

#[test]
fn what_another_advisory_tells_of_a_flaw_alone_stays() {
    let exact = of_flaw("CVE-2024-1", "7.0-3");
    let several = advisory("DSA-1-1", "7.0-5", &["CVE-2024-1", "CVE-2024-2"]);
    let ids = |records: &[Value]| {
        let told = on_curl(records, "7.0-3").into_iter();
        let ids = told.map(|line| line.split(' ').next().unwrap_or_default().to_owned());
        ids.collect::<Vec<String>>()
    };
    assert_eq!(ids(&[exact.clone(), several.clone()]), ["CVE-2024-2"]);
    // One of its own, as one that mends it again.
    let again = advisory("DSA-2-1", "7.0-4", &["CVE-2024-1"]);
    assert_eq!(ids(&[exact.clone(), again.clone()]), ["CVE-2024-1"]);
    assert_eq!(
        ids(&[exact.clone(), several.clone(), again]),
        ["CVE-2024-1", "CVE-2024-2"]
    );
    // One without numbers.
    let without = advisory("DSA-3-1", "7.0-4", &[]);
    assert_eq!(ids(&[exact, several, without]), ["CVE-2024-2", "DSA-3-1"]);
    // What is said of another release, or of another package, says nothing of this.
    let several = advisory("DSA-1-1", "7.0-5", &["CVE-2024-1", "CVE-2024-2"]);
    for (ecosystem, name) in [("Debian:11", "curl"), ("Debian:12", "openssl")] {
        let other = record("DEBIAN-CVE-2024-1", ecosystem, name, "7.0-3");
        assert_eq!(
            ids(&[other, several.clone()]),
            ["CVE-2024-1", "CVE-2024-2"],
            "{ecosystem} {name}"
        );
    }
}

/// Where nobody keeps an ecosystem's records together, each may know what the other does not.
#[test]
fn of_what_is_no_distributions_all_count() {
    let records = [
        with(
            record("GO-2024-1", "npm", "a", "1.0.5"),
            json!({"aliases": ["CVE-2024-1", "CVE-2024-2"]}),
        ),
        record("CVE-2024-1", "npm", "a", "1.0.3"),
    ];
    let inventory = on("", "", vec![package(PackageKind::Npm, "a", "1.0.3")]);
    assert_eq!(
        told(&judged(&records, &inventory)),
        [
            "CVE-2024-1 a 1.0.3 -> 1.0.5 [GO-2024-1]",
            "CVE-2024-2 a 1.0.3 -> 1.0.5 [GO-2024-1]",
        ]
    );
}

/// Canonical's records stay with customers, whose fixes come later.
#[test]
fn a_fix_for_all_is_not_overruled_by_one_that_is_paid_for() {
    let bash = |id: &str, release: &str, fixed: &str, numbers: &[&str]| {
        let ecosystem = format!("Ubuntu:{release}");
        let record = record(id, &ecosystem, "bash", fixed);
        with(record, json!({"upstream": numbers}))
    };
    let records = [
        bash(
            "USN-1-1",
            "22.04:LTS",
            "5.1-6ubuntu1.4",
            &["CVE-2024-1", "CVE-2024-2"],
        ),
        bash("UBUNTU-CVE-2024-1", "22.04:LTS", "5.1-6ubuntu1.2", &[]),
        bash(
            "UBUNTU-CVE-2024-2",
            "Pro:22.04:LTS",
            "5.1-6ubuntu1.9+esm1",
            &[],
        ),
    ];
    let of = |version: &str| {
        let bash = package(PackageKind::Deb, "bash", version);
        let judged = judged(&records, &on("ubuntu", "22.04", vec![bash]));
        let ids = judged.vulnerabilities.into_iter().map(|one| one.id);
        ids.collect::<Vec<String>>()
    };
    assert_eq!(of("5.1-6ubuntu1.1"), ["CVE-2024-1", "CVE-2024-2"]);
    assert_eq!(of("5.1-6ubuntu1.2"), ["CVE-2024-2"]);
    // A version behind the fix of the customers' line need not have what they got.
    assert_eq!(of("5.1-6ubuntu1.3"), ["CVE-2024-2"]);
    let records = [
        bash(
            "USN-1-1",
            "22.04:LTS",
            "5.1-6ubuntu1.4",
            &["CVE-2024-1", "CVE-2024-2"],
        ),
        bash(
            "UBUNTU-CVE-2024-1",
            "Pro:22.04:LTS",
            "5.1-6ubuntu1.2+esm1",
            &[],
        ),
    ];
    let bash = package(PackageKind::Deb, "bash", "5.1-6ubuntu1.3");
    let judged = judged(&records, &on("ubuntu", "22.04", vec![bash]));
    assert_eq!(judged.vulnerabilities.len(), 2);
}
