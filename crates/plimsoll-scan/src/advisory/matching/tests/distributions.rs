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

/// `id -> fixed (paid)`, a line a finding of one package.
fn fixes(records: &[Value], distribution: (&str, &str), package: Package) -> Vec<String> {
    let (id, version) = distribution;
    let judged = judged(records, &on(id, version, vec![package]));
    assert!(judged.coverage.missing.is_empty(), "{:?}", judged.coverage);
    let found = judged.vulnerabilities.iter();
    found
        .map(|one| {
            let fixed = one.fixed.as_deref().unwrap_or(one.fix_state.as_str());
            let paid = one.paid_fix.as_ref();
            let paid = paid.map(|paid| format!(" ({} with {})", paid.version, paid.offer));
            assert_eq!(one.is_fixable(), one.fixed.is_some());
            format!("{} -> {fixed}{}", one.id, paid.unwrap_or_default())
        })
        .collect()
}

/// The same of Ubuntu's bash.
fn fixes_on_ubuntu(records: &[Value], version: &str) -> Vec<String> {
    let bash = package(PackageKind::Deb, "bash", version);
    fixes(records, ("ubuntu", "22.04"), bash)
}

#[test]
fn fixes_that_are_paid_for_are_for_those_who_pay() {
    let free = record("UBUNTU-CVE-2024-1", "Ubuntu:22.04:LTS", "bash", "");
    let paid = record(
        "UBUNTU-CVE-2024-1",
        "Ubuntu:Pro:22.04:LTS",
        "bash",
        "5.1-6ubuntu1.1+esm1",
    );
    let mut both = free.clone();
    both["affected"] = json!([free["affected"][0], paid["affected"][0]]);
    // Canonical files a flaw under the one alone as soon as the fix is for customers.
    for record in [both, paid] {
        let of = |version: &str| fixes_on_ubuntu(std::slice::from_ref(&record), version);
        assert_eq!(
            of("5.1-6ubuntu1"),
            ["CVE-2024-1 -> will-not-fix (5.1-6ubuntu1.1+esm1 with Ubuntu Pro)"]
        );
        assert_eq!(
            of("5.1-6ubuntu1+esm1"),
            ["CVE-2024-1 -> 5.1-6ubuntu1.1+esm1"]
        );
        assert!(of("5.1-6ubuntu1.1+esm1").is_empty());
    }
    assert_eq!(
        fixes_on_ubuntu(&[free], "5.1-6ubuntu1+esm1"),
        ["CVE-2024-1 -> not-fixed"]
    );
}

#[test]
fn what_is_mended_for_all_is_not_told_again_for_those_who_pay() {
    let ubuntu = |id: &str, release: &str, fixed: &str| {
        let record = record(id, &format!("Ubuntu:{release}"), "bash", fixed);
        with(record, json!({"upstream": ["CVE-2024-1"]}))
    };
    // The newest version is for customers, the fix of this flaw was for all.
    let early = ubuntu("UBUNTU-CVE-2024-1", "Pro:22.04:LTS", "5.1-6ubuntu1.1");
    assert_eq!(
        fixes_on_ubuntu(std::slice::from_ref(&early), "5.1-6ubuntu1"),
        ["CVE-2024-1 -> 5.1-6ubuntu1.1"]
    );
    let erratum = ubuntu("USN-1-1", "22.04:LTS", "5.1-6ubuntu1.1");
    let late = ubuntu("USN-2-1", "Pro:22.04:LTS", "5.1-6ubuntu1.1+esm1");
    let records = [erratum, late];
    assert_eq!(
        fixes_on_ubuntu(&records, "5.1-6ubuntu1"),
        ["CVE-2024-1 -> 5.1-6ubuntu1.1"]
    );
    assert!(fixes_on_ubuntu(&records, "5.1-6ubuntu1.1").is_empty());
    // Nor is what customers have what others wait for.
    let open = ubuntu("UBUNTU-CVE-2024-1", "22.04:LTS", "");
    let records = [open, records[1].clone()];
    assert!(fixes_on_ubuntu(&records, "5.1-6ubuntu1.1+esm1").is_empty());
}

#[test]
fn longer_support_of_others_is_paid_for_too() {
    let rpm = |id: &str, ecosystem: &str, cve: &str, fixed: &str| {
        let record = record(id, ecosystem, "bash", fixed);
        with(record, json!({"upstream": [cve]}))
    };
    let suse = [
        rpm(
            "SUSE-SU-1",
            "SUSE:Linux Enterprise Server 15 SP3",
            "CVE-2024-1",
            "4.4-150300.2",
        ),
        rpm(
            "SUSE-SU-2",
            "SUSE:Linux Enterprise Server 15 SP3-LTSS",
            "CVE-2024-2",
            "4.4-150300.9",
        ),
        rpm(
            "SUSE-SU-3",
            "SUSE:Linux Enterprise Server 15 SP4-LTSS",
            "CVE-2024-3",
            "4.4-150400.9",
        ),
        rpm(
            "SUSE-SU-4",
            "SUSE:Linux Enterprise Server LTSS Extended Security 15 SP3",
            "CVE-2024-4",
            "4.4-150300.10",
        ),
    ];
    let bash = |version: &str| package(PackageKind::Rpm, "bash", version);
    assert_eq!(
        fixes(&suse, ("sles", "15.3"), bash("4.4-150300.1")),
        [
            "CVE-2024-1 -> 4.4-150300.2",
            "CVE-2024-2 -> will-not-fix (4.4-150300.9 with SUSE LTSS)",
            "CVE-2024-4 -> will-not-fix (4.4-150300.10 with SUSE LTSS)",
        ]
    );
    let red_hat = [
        rpm(
            "RHSA-1",
            "Red Hat:enterprise_linux:9::baseos",
            "CVE-2024-1",
            "5.1.8-9.el9_6",
        ),
        rpm(
            "RHSA-2",
            "Red Hat:rhel_eus:9.4::baseos",
            "CVE-2024-1",
            "5.1.8-6.el9_4.2",
        ),
        rpm(
            "RHSA-3",
            "Red Hat:rhel_eus:9.4::baseos",
            "CVE-2024-2",
            "5.1.8-6.el9_4.3",
        ),
        rpm("RHSA-4", "Red Hat:rhel_els:9", "CVE-2024-3", "5.1.8-10.el9"),
    ];
    let told = |minor: &str| fixes(&red_hat, ("rhel", minor), bash("5.1.8-6.el9_4"));
    let paid = "CVE-2024-2 -> will-not-fix (5.1.8-6.el9_4.3 with Red Hat's extended support)";
    let life = "CVE-2024-3 -> will-not-fix (5.1.8-10.el9 with Red Hat's extended support)";
    assert_eq!(told("9.4"), ["CVE-2024-1 -> 5.1.8-9.el9_6", paid, life]);
    assert_eq!(told("9.6"), ["CVE-2024-1 -> 5.1.8-9.el9_6", life]);
}

#[test]
fn a_source_has_an_epoch_of_its_own() {
    let of = |name: &str, version: &str, source: (&str, &str)| Package {
        source: Some((source.0.to_owned(), source.1.to_owned())),
        ..package(PackageKind::Rpm, name, version)
    };
    let perl = |version: &str| {
        let version = format!("5.26.3-{version}.el8");
        of("perl-Errno", "1.28-421.el8", ("perl", &version))
    };
    let firmware = "20230214-114.el8";
    let packages = vec![
        perl("421"),
        perl("418"),
        // As older bills of materials have it.
        perl("419"),
        of(
            "iwl7260-firmware",
            "1:25.30-114.el8",
            ("linux-firmware", firmware),
        ),
        of(
            "iwl7260-firmware",
            "1:25.30-114.el8",
            ("linux-firmware", "1:20230214-114.el8"),
        ),
        of("linux-firmware", firmware, ("linux-firmware", firmware)),
        // Its own epoch is known.
        of("perl", "3:5.26.3-421.el8", ("perl", "5.26.3-421.el8")),
    ];
    let judged = judged(
        &[
            record("RLSA-2021:1", "Rocky Linux:8", "perl", "4:5.26.3-419.el8"),
            record(
                "RLSA-2023:1",
                "Rocky Linux:8",
                "linux-firmware",
                "0:20230824-119.el8",
            ),
        ],
        &on("rocky", "8.8", packages),
    );
    let hits = judged.vulnerabilities.iter();
    let mut hits: Vec<_> = hits.map(|one| one.package).collect();
    hits.sort_unstable();
    assert_eq!(hits, [1, 3, 4, 5, 6]);
}

#[test]
fn what_others_published_is_none_of_the_distributions() {
    let nodejs = Package {
        is_foreign: true,
        ..package(PackageKind::Deb, "nodejs", "20.1.0-1nodesource1")
    };
    let inventory = on(
        "debian",
        "12",
        vec![package(PackageKind::Deb, "curl", "7.0-1"), nodejs],
    );
    let judged = judged(
        &[
            record("DEBIAN-CVE-2024-1", "Debian:12", "nodejs", ""),
            record("DEBIAN-CVE-2024-2", "Debian:12", "curl", ""),
        ],
        &inventory,
    );
    assert_eq!(
        told(&judged),
        ["CVE-2024-2 curl 7.0-1 -> none [DEBIAN-CVE-2024-2]"]
    );
    assert_eq!(ecosystems(&judged.coverage.covered), ["Debian:12 1"]);
    let missing = &judged.coverage.missing;
    assert_eq!(ecosystems(missing), ["deb packages of other publishers 1"]);
    assert!(!missing[0].published && !missing[0].kind.is_system());
}

/// A record that names no release tells of all of them; it does not make any of them known.
#[test]
fn a_release_is_covered_by_its_own_advisories() {
    let judged = judged(
        &[record("DSA-1", "Debian", "curl", "8")],
        &on(
            "debian",
            "12",
            vec![package(PackageKind::Deb, "curl", "7.0-1")],
        ),
    );
    assert_eq!(told(&judged), ["DSA-1 curl 7.0-1 -> 8 [DSA-1]"]);
    assert!(judged.coverage.covered.is_empty());
    assert_eq!(ecosystems(&judged.coverage.missing), ["Debian:12 1"]);
}

#[test]
fn a_word_that_says_nothing_hides_no_severity() {
    let mut record = record("CVE-2024-1", "Debian:12", "curl", "");
    record["affected"][0]["ecosystem_specific"] = json!({"urgency": "not yet assigned"});
    record["database_specific"] = json!({"severity": "HIGH"});
    let curl = package(PackageKind::Deb, "curl", "7.0-1");
    let judged = judged(&[record], &on("debian", "12", vec![curl]));
    let severity = judged.vulnerabilities[0].severity;
    assert_eq!(severity, VulnerabilitySeverity::High);
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
        // It names what it mends by a link alone.
        with(
            named("ALBA-2025:20841", "open-vm-tools", ""),
            json!({"references": [
                {"type": "ADVISORY", "url": "https://errata.example.com/9/ALBA-2025-20841.html"},
                {"type": "REPORT", "url": "https://example.com/security/data/cve/CVE-2025-22247.html"},
            ]}),
        ),
        with(
            named("ALBA-2025:20842", "nano", ""),
            json!({"references": [
                {"type": "WEB", "url": "https://example.com/CVE-2025-22248/about"},
                {"type": "WEB", "url": "https://example.com/CVE-x"},
            ]}),
        ),
    ];
    let names = ["tzdata", "bash", "curl", "vim", "open-vm-tools", "nano"];
    let packages = names.map(|name| package(PackageKind::Rpm, name, "1"));
    let judged = judged(&records, &on("almalinux", "9", packages.to_vec()));
    assert_eq!(
        told(&judged),
        [
            "CVE-2022-1 curl 1 -> 9 [ALBA-2022:2000]",
            "CVE-2025-22247 open-vm-tools 1 -> 9 [ALBA-2025:20841]",
            "ALSA-2022:2001 vim 1 -> 9 [ALSA-2022:2001]",
        ]
    );
}

/// What chisel's manifest names without a source is one that could not be judged, whatever else is odd of it.
#[test]
fn a_package_without_its_source_is_counted_once() {
    let sliced = Package {
        path: crate::catalogue::chisel::MANIFEST.to_owned(),
        ..package(PackageKind::Deb, "libssl3", "no version")
    };
    let packages = vec![package(PackageKind::Deb, "openssl", "3.0-1"), sliced];
    let records = [
        record("DEBIAN-CVE-2024-1", "Debian:12", "openssl", "3.0-2"),
        record("DEBIAN-CVE-2024-2", "Debian:12", "libssl3", "3.0-2"),
    ];
    let judged = judged(&records, &on("debian", "12", packages));
    assert_eq!(judged.vulnerabilities.len(), 1);
    let counts = judged.coverage.covered.iter();
    let counts: Vec<_> = counts.map(|one| (one.packages, one.unjudged)).collect();
    assert_eq!(counts, [(2, 1)]);
}

/// A bill of materials that tells no source says nothing of packages that are called otherwise.
#[test]
fn packages_whose_sources_nothing_tells_are_not_judged() {
    let of = |kind, id, version, ecosystem| {
        let packages = vec![
            package(kind, "libssl3", "3-1"),
            package(kind, "openssl", "3-1"),
        ];
        let mut inventory = on(id, version, packages);
        inventory.sourceless = vec![kind];
        let judged = judged(
            &[record("X-2024-1", ecosystem, "openssl", "3-2")],
            &inventory,
        );
        // What is known by its own name is told all the same.
        assert_eq!(judged.vulnerabilities.len(), 1, "{ecosystem}");
        let why = judged.coverage.unjudged.iter().map(|one| one.why.as_str());
        let is_told = |why: &str| why.contains("bill of materials does not tell its source");
        assert!(why.clone().all(is_told));
        (judged.coverage.covered[0].unjudged, why.count())
    };
    assert_eq!(of(PackageKind::Deb, "debian", "12", "Debian:12"), (2, 2));
    assert_eq!(of(PackageKind::Rpm, "rocky", "9", "Rocky Linux:9"), (2, 2));
    // Names of what is built are enough where advisories are on that.
    assert_eq!(
        of(PackageKind::Rpm, "almalinux", "9", "AlmaLinux:9"),
        (0, 0)
    );
}
