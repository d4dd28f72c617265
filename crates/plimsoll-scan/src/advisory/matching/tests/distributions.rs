//! Whose data judges a package: its distribution and release, by source, with what is paid for.

use super::*;

/// A bill of materials may have packages of several distributions.
#[test]
fn packages_are_asked_by_their_own_distribution() {
    let of = |id: &str, version: &str, codename: &str| Package {
        distribution: Some(Box::new(Distribution {
            id: id.to_owned(),
            version: version.to_owned(),
            codename: Some(codename.to_owned()).filter(|name| !name.is_empty()),
            ..Distribution::default()
        })),
        ..package(PackageKind::Deb, "curl", "7.0-1")
    };
    let packages = vec![
        package(PackageKind::Deb, "curl", "7.0-1"),
        of("debian", "12", ""),
        of("debian", "", "bookworm"),
        of("ubuntu", "22.04", ""),
        of("raspbian", "12", ""),
        of("", "", ""),
        package(PackageKind::Apk, "curl", "7.0-r1"),
    ];
    let judged = judged(
        &[
            record("DEBIAN-CVE-2024-12", "Debian:12", "curl", "7.0-2"),
            with(
                record("DEBIAN-CVE-2024-13", "Debian:13", "other", "9"),
                json!({"modified": "2026-02-02T00:00:00Z"}),
            ),
            record("UBUNTU-CVE-2024-22", "Ubuntu:22.04:LTS", "curl", "7.0-3"),
            record("ALPINE-CVE-2024-3", "Alpine:v3.19", "curl", "9"),
        ],
        &on("debian", "13", packages),
    );
    let hits = judged.vulnerabilities.iter();
    let hits: Vec<_> = hits.map(|one| (one.package, one.id.as_str())).collect();
    assert_eq!(
        hits,
        [(1, "CVE-2024-12"), (2, "CVE-2024-12"), (3, "CVE-2024-22")]
    );
    assert_eq!(
        ecosystems(&judged.coverage.covered),
        ["Debian:12 2", "Debian:13 1", "Ubuntu:22.04:LTS 1"]
    );
    let dates = judged.coverage.covered.iter();
    let dates: Vec<_> = dates.map(|one| one.date.as_deref()).collect();
    let debian = Some("2026-02-02T00:00:00Z");
    assert_eq!(dates, [debian, debian, Some("2026-01-01T00:00:00Z")]);
    assert_eq!(
        ecosystems(&judged.coverage.missing),
        [
            "apk packages of an unknown distribution 1",
            "deb packages of an unknown distribution 1",
            "raspbian 12 1"
        ]
    );
}

#[test]
fn distributions_are_asked_by_source_and_release() {
    let binary = |name: &str, version: &str| Package {
        source: Some(("openssl".to_owned(), "3.0.11-1".to_owned())),
        ..package(PackageKind::Deb, name, version)
    };
    let inventory = on(
        "debian",
        "12",
        vec![
            binary("libssl3", "3.0.11-1+b1"),
            binary("openssl", "3.0.11-1"),
            package(PackageKind::Deb, "libssl-like", "1"),
        ],
    );
    let judged = judged(
        &[
            record("DEBIAN-CVE-2024-1", "Debian:12", "openssl", "3.0.11-2"),
            record("DEBIAN-CVE-2024-2", "Debian:11", "openssl", "9"),
            record("DEBIAN-CVE-2024-3", "Debian:12", "openssl", "3.0.11-1"),
            record("DEBIAN-CVE-2024-4", "Debian:12", "libssl3", "9"),
        ],
        &inventory,
    );
    assert_eq!(
        told(&judged),
        [
            "CVE-2024-1 libssl3 3.0.11-1+b1 -> 3.0.11-2 [DEBIAN-CVE-2024-1]",
            "CVE-2024-1 openssl 3.0.11-1 -> 3.0.11-2 [DEBIAN-CVE-2024-1]",
        ]
    );
    assert_eq!(ecosystems(&judged.coverage.covered), ["Debian:12 3"]);
    assert_eq!(judged.coverage.advisories, 4);
}

#[test]
fn what_the_distribution_brought_is_the_distributions() {
    let mut owned = package(PackageKind::Python, "requests", "2.0");
    owned.owned_by = Some("python3-requests".to_owned());
    let inventory = on(
        "debian",
        "12",
        vec![
            package(PackageKind::Deb, "python3-requests", "2.0-1"),
            owned,
            package(PackageKind::Python, "Requests", "2.0"),
            package(PackageKind::Npm, "left-pad", "1.0.0"),
            package(PackageKind::Generic, "node", "20.0.0"),
        ],
    );
    let judged = judged(
        &[record("PYSEC-2024-1", "PyPI", "requests", "2.31")],
        &inventory,
    );
    assert_eq!(
        told(&judged),
        ["PYSEC-2024-1 Requests 2.0 -> 2.31 [PYSEC-2024-1]"]
    );
    let coverage = &judged.coverage;
    assert_eq!(ecosystems(&coverage.covered), ["PyPI 1"]);
    assert_eq!(
        ecosystems(&coverage.missing),
        ["Debian:12 1", "generic 1", "npm 1"]
    );
    let published: Vec<bool> = coverage.missing.iter().map(|one| one.published).collect();
    assert_eq!(published, [true, false, true]);
    assert_eq!(coverage.by_distribution, 1);
}

#[test]
fn an_erratum_counts_for_each_flaw_it_mends() {
    let rpm = |version: &str, module: &str| Package {
        purl: format!("pkg:rpm/almalinux/nodejs@{version}?arch=x86_64{module}"),
        ..package(PackageKind::Rpm, "nodejs", version)
    };
    let erratum = |id: &str, stream: &str, fixed: &str, cves: &[&str]| {
        with(
            record(id, "AlmaLinux:9", "nodejs", fixed),
            json!({"summary": format!("Important: {stream} security update"), "related": cves}),
        )
    };
    let records = [
        erratum(
            "ALSA-2024:1",
            "nodejs:18",
            "1:18.20.0-1.module_el9.4+1",
            &["CVE-2024-1", "CVE-2024-2"],
        ),
        erratum(
            "ALSA-2024:2",
            "nodejs:20",
            "1:20.12.0-1.module_el9.4+1",
            &["CVE-2024-1"],
        ),
        erratum(
            "ALSA-2024:3",
            "nodejs",
            "1:16.20.2-8.el9_4",
            &["CVE-2024-1"],
        ),
    ];
    let of = |package: Package| told(&judged(&records, &on("almalinux", "9.4", vec![package])));
    assert_eq!(
        of(rpm(
            "1:18.10.0-1.module_el9.2+1",
            "&rpmmod=nodejs%3A18%3A9020%3Ael9"
        )),
        [
            "CVE-2024-1 nodejs 1:18.10.0-1.module_el9.2+1 -> 1:18.20.0-1.module_el9.4+1 \
             [ALSA-2024:1]",
            "CVE-2024-2 nodejs 1:18.10.0-1.module_el9.2+1 -> 1:18.20.0-1.module_el9.4+1 \
             [ALSA-2024:1]",
        ]
    );
    assert_eq!(
        of(rpm("1:16.10.0-1.el9_2", "")),
        ["CVE-2024-1 nodejs 1:16.10.0-1.el9_2 -> 1:16.20.2-8.el9_4 [ALSA-2024:3]"]
    );
    let judged = judged(
        &records,
        &on("almalinux", "9.4", vec![rpm("1:16.10.0-1.el9_2", "")]),
    );
    let found = &judged.vulnerabilities[0];
    assert_eq!(found.severity, VulnerabilitySeverity::High);
    assert_eq!(found.severity_source.as_deref(), Some("alma"));
}

#[test]
fn fixes_that_are_paid_for_are_for_those_who_pay() {
    let records = [
        record("UBUNTU-CVE-2024-1", "Ubuntu:22.04:LTS", "bash", ""),
        record(
            "UBUNTU-CVE-2024-1",
            "Ubuntu:Pro:22.04:LTS",
            "bash",
            "5.1-6ubuntu1.1+esm1",
        ),
    ];
    let mut both = records[0].clone();
    let paid = records[1]["affected"][0].clone();
    both["affected"] = json!([records[0]["affected"][0], paid]);
    let of = |version: &str| {
        let package = package(PackageKind::Deb, "bash", version);
        told(&judged(
            &[both.clone()],
            &on("ubuntu", "22.04", vec![package]),
        ))
    };
    assert_eq!(
        of("5.1-6ubuntu1"),
        ["CVE-2024-1 bash 5.1-6ubuntu1 -> none [UBUNTU-CVE-2024-1]"]
    );
    assert!(of("5.1-6ubuntu1.1+esm1").is_empty());
}

#[test]
fn flaws_of_other_systems_are_left_out() {
    let mut windows = record("GO-2024-1", "Go", "stdlib", "1.23.5");
    windows["affected"][0]["ecosystem_specific"] = json!({"imports": [
        {"path": "os/exec", "symbols": ["Cmd.Run"], "goos": ["windows"]},
    ]});
    let mut every = record("GO-2024-2", "Go", "stdlib", "1.23.5");
    every["affected"][0]["ecosystem_specific"] = json!({"imports": [
        {"path": "net/http", "symbols": ["Get"]},
    ]});
    let index = index(&[windows, every]);
    let inventory = on("", "", vec![package(PackageKind::Go, "stdlib", "1.23.4")]);
    let found = |platform: Option<&str>| {
        let platform = platform.and_then(Platform::parse);
        told(&judge_inventory(&index, &inventory, platform.as_ref()).unwrap()).len()
    };
    assert_eq!(found(None), 2);
    assert_eq!(found(Some("linux/amd64")), 1);
    assert_eq!(found(Some("windows/amd64")), 2);
    // Of a system whose architecture nobody knows, those of any count.
    let mut power = record("GO-2024-3", "Go", "stdlib", "1.23.5");
    power["affected"][0]["ecosystem_specific"] = json!({"imports": [
        {"path": "crypto", "goos": ["linux"], "goarch": ["ppc64le"]},
    ]});
    for (architecture, expected) in [("", 1), ("ppc64le", 1), ("amd64", 0)] {
        let platform = Platform {
            os: "linux".to_owned(),
            architecture: architecture.to_owned(),
            variant: None,
        };
        let index = self::index(std::slice::from_ref(&power));
        let judged = judge_inventory(&index, &inventory, Some(&platform)).unwrap();
        assert_eq!(judged.vulnerabilities.len(), expected, "{architecture}");
    }
    let judged = judge_inventory(&index, &inventory, None).unwrap();
    assert_eq!(judged.vulnerabilities[1].symbols, ["net/http.Get"]);
}

#[test]
fn new_packages_that_mend_no_flaw_are_no_advisory() {
    let named = |id: &str, name: &str, cve: &str| {
        let record = record(id, "AlmaLinux:9", name, "9");
        match cve {
            "" => record,
            cve => with(record, json!({"related": [cve]})),
        }
    };
    let records = [
        named("ALBA-2022:1993", "tzdata", ""),
        named("ALEA-2022:2012", "bash", "RHBA-2022:2012"),
        named("ALBA-2022:2000", "curl", "CVE-2022-1"),
        named("ALSA-2022:2001", "vim", ""),
    ];
    let names = ["tzdata", "bash", "curl", "vim"];
    let packages = names.map(|name| package(PackageKind::Rpm, name, "1"));
    let judged = judged(&records, &on("almalinux", "9", packages.to_vec()));
    assert_eq!(
        told(&judged),
        [
            "CVE-2022-1 curl 1 -> 9 [ALBA-2022:2000]",
            "ALSA-2022:2001 vim 1 -> 9 [ALSA-2022:2001]",
        ]
    );
}
