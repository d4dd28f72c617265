//! What is told: one finding a flaw, where it came from, how many at most.

use super::*;

/// A small file can name one package at more places than there is memory for.
#[test]
fn what_is_there_too_often_is_listed_as_far_as_it_goes_and_told() {
    let flaws: Vec<Value> = (0..200)
        .map(|at| record(&format!("PYSEC-{at}"), "PyPI", "often", ""))
        .chain([record("PYSEC-X", "PyPI", "seldom", "")])
        .collect();
    let mut packages: Vec<Package> = (0..1000)
        .map(|at| Package {
            path: format!("{at}/METADATA"),
            ..package(PackageKind::Python, "often", "1.0")
        })
        .collect();
    packages.push(package(PackageKind::Python, "seldom", "1.0"));
    let judged = judged(&flaws, &on("debian", "12", packages));
    assert_eq!(judged.vulnerabilities.len(), MOST_FINDINGS + 1);
    assert_eq!(judged.coverage.left_out, 500);
    assert!(judged.vulnerabilities.iter().any(|one| one.id == "PYSEC-X"));
}

#[test]
fn databases_that_tell_of_one_flaw_make_one_finding() {
    let inventory = on(
        "debian",
        "12",
        vec![package(PackageKind::Python, "django", "3.2")],
    );
    let judged = judged(
        &[
            with(
                record("PYSEC-2024-1", "PyPI", "django", ""),
                json!({"aliases": ["CVE-2024-1"], "published": "2024-02-01T00:00:00Z"}),
            ),
            with(
                record("GHSA-aaaa-bbbb-cccc", "PyPI", "Django", "3.2.5"),
                json!({
                    "aliases": ["CVE-2024-1"],
                    "summary": "It runs what it is given",
                    "published": "2024-01-01T00:00:00Z",
                    "database_specific": {"severity": "MODERATE"},
                    "severity": [{
                        "type": "CVSS_V3",
                        "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
                    }],
                }),
            ),
            with(
                record("GHSA-dddd-eeee-ffff", "PyPI", "django", "3.2.9"),
                json!({"aliases": ["CVE-2024-2"]}),
            ),
        ],
        &inventory,
    );
    assert_eq!(
        told(&judged),
        [
            "CVE-2024-1 django 3.2 -> 3.2.5 [GHSA-aaaa-bbbb-cccc PYSEC-2024-1]",
            "CVE-2024-2 django 3.2 -> 3.2.9 [GHSA-dddd-eeee-ffff]",
        ]
    );
    let first = &judged.vulnerabilities[0];
    assert_eq!(first.aliases, ["GHSA-aaaa-bbbb-cccc", "PYSEC-2024-1"]);
    assert_eq!(first.severity, VulnerabilitySeverity::Medium);
    assert_eq!(first.severity_source.as_deref(), Some("ghsa"));
    assert_eq!(first.cvss.as_ref().map(|cvss| cvss.tenths), Some(98));
    assert_eq!(first.title.as_deref(), Some("It runs what it is given"));
    assert_eq!(first.published.as_deref(), Some("2024-01-01T00:00:00Z"));
}

#[test]
fn what_a_database_does_not_rate_is_as_bad_as_another_says() {
    let vector = |kind: &str, score: &str| json!([{"type": kind, "score": score}]);
    let worst = vector("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H");
    let mild = vector("CVSS_V3", "CVSS:3.0/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N");
    let newest = vector(
        "CVSS_V4",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N",
    );
    let named = |id: &str, ecosystem: &str, name: &str, cve: &str| {
        with(record(id, ecosystem, name, "9"), json!({"aliases": [cve]}))
    };
    let of_package = |id: &str, cve: &str| {
        let mut record = named(id, "Bitnami", "golang", cve);
        record["affected"][0]["severity"] = mild.clone();
        record
    };
    let records = [
        named("GO-2024-1", "Go", "example.test/a", "CVE-2024-1"),
        named("GO-2024-2", "Go", "example.test/a", "CVE-2024-2"),
        named("GO-2024-3", "Go", "example.test/a", "CVE-2024-3"),
        with(
            named("GHSA-a", "Go", "example.test/a", "CVE-2024-4"),
            json!({"database_specific": {"severity": "LOW"}}),
        ),
        named("GO-2024-5", "Go", "example.test/a", "CVE-2024-5"),
        with(
            named("BIT-golang-2024-1", "Bitnami", "golang", "CVE-2024-1"),
            json!({"severity": mild}),
        ),
        // Of a newer kind, and by who counts more.
        with(
            named("PYSEC-1", "PyPI", "golang", "CVE-2024-1"),
            json!({"severity": newest}),
        ),
        of_package("BIT-golang-2024-2", "CVE-2024-2"),
        with(
            named("GHSA-b", "npm", "golang", "CVE-2024-2"),
            json!({"severity": worst}),
        ),
        with(
            named("BIT-golang-2024-4", "Bitnami", "golang", "CVE-2024-4"),
            json!({"severity": worst}),
        ),
        of_package("BIT-golang-2024-5", "CVE-2024-5"),
        with(
            named("PYSEC-5", "PyPI", "golang", "CVE-2024-5"),
            json!({"severity": vector("CVSS_V4", "nonsense")}),
        ),
        with(
            named("PYSEC-3", "PyPI", "golang", "CVE-2024-3"),
            json!({"severity": worst, "withdrawn": "2025-01-01T00:00:00Z"}),
        ),
    ];
    let package = package(PackageKind::Go, "example.test/a", "1.0.0");
    let judged = judged(&records, &on("debian", "12", vec![package]));
    let mut told: Vec<String> = judged
        .vulnerabilities
        .iter()
        .map(|one| {
            let cvss = one.cvss.as_ref();
            format!(
                "{} {:?} {} {}",
                one.id,
                one.severity,
                one.severity_source.as_deref().unwrap_or("nobody"),
                cvss.map_or("none", |cvss| cvss.version),
            )
        })
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "CVE-2024-1 High pypa 4.0",
            "CVE-2024-2 Critical ghsa 3.1",
            "CVE-2024-3 Unknown nobody none",
            "CVE-2024-4 Low ghsa none",
            "CVE-2024-5 Low bitnami 3.0",
        ]
    );
}

#[test]
fn what_a_go_program_was_linked_from_is_asked_of_that_program() {
    let mut every = record("GO-2024-1", "Go", "stdlib", "1.23.5");
    every["affected"][0]["ecosystem_specific"] = json!({"imports": [
        {"path": "net/http", "symbols": ["Get", "Post"]},
        {"path": "os/exec", "symbols": ["Cmd.Run"], "goos": ["windows"]},
    ]});
    // The same by somebody who names no symbols.
    let mut ghsa = record("GHSA-aaaa-bbbb-cccc", "Go", "stdlib", "1.23.5");
    ghsa["aliases"] = json!(["GO-2024-1"]);
    let silent = record("GO-2024-2", "Go", "stdlib", "1.23.5");
    let index = index(&[every, ghsa, silent]);
    let of = |path: &str| Package {
        path: path.to_owned(),
        ..package(PackageKind::Go, "stdlib", "1.23.4")
    };
    let mut inventory = on("", "", vec![of("a"), of("b"), of("c")]);
    inventory.removed_packages = vec![Package {
        removed_in: Some(1),
        ..of("a")
    }];
    for (path, package, symbol) in [("a", "net/http", "Get"), ("b", "os/exec", "Cmd.Run")] {
        let mut names = crate::linked::Names::default();
        names.add(package, symbol);
        let linked = plimsoll_model::LinkedFunctions {
            names: names.pack().unwrap(),
            ..Default::default()
        };
        inventory.linked.insert(path.to_owned(), linked);
    }
    let platform = Platform::parse("linux/amd64");
    let judged = judge_inventory(&index, &inventory, platform.as_ref()).unwrap();
    let mut found: Vec<String> = judged
        .vulnerabilities
        .iter()
        .map(|one| {
            let reachable = one.reachable.as_ref();
            format!(
                "{} {} {}",
                one.id,
                one.origin.path.as_deref().unwrap(),
                reachable.map_or("-".into(), |one| format!(
                    "{}: {}",
                    one.as_str(),
                    one.explanation()
                ))
            )
        })
        .collect();
    found.sort();
    assert_eq!(
        found,
        [
            "GHSA-aaaa-bbbb-cccc a -",
            "GHSA-aaaa-bbbb-cccc a yes: net/http.Get is linked in",
            "GHSA-aaaa-bbbb-cccc b no: none of the 2 symbols that have it is linked in",
            "GHSA-aaaa-bbbb-cccc c unknown: nothing tells which functions its program has",
            "GO-2024-2 a -",
            "GO-2024-2 a -",
            "GO-2024-2 b -",
            "GO-2024-2 c -",
        ]
    );
}

#[test]
fn what_a_package_came_with_is_told_and_what_is_gone() {
    let mut inventory = on(
        "alpine",
        "3.19.1",
        vec![package(PackageKind::Apk, "busybox", "1.36.1-r1")],
    );
    inventory.layers = vec![LayerFacts {
        digest: Digest::from_sha256([1; 32]),
        diff_id: Digest::from_sha256([2; 32]),
        compressed_size: 0,
        size: 0,
        entries: 0,
        instruction: Some("RUN apk add busybox".to_owned()),
        source: None,
        file_bytes: 0,
        wasted: 0,
        hidden: 0,
    }];
    inventory.base = Some(BaseImage {
        layers: 1,
        name: None,
        digest: None,
        evidence: String::new(),
    });
    inventory.removed_packages = vec![Package {
        removed_in: Some(1),
        ..package(PackageKind::Apk, "curl", "8.0-r0")
    }];
    let mut will_not = record("ALPINE-CVE-2024-2", "Alpine:v3.19", "curl", "");
    will_not["affected"][0]["database_specific"] = json!({"status": "fix-not-planned"});
    let judged = judged(
        &[
            record("ALPINE-CVE-2024-1", "Alpine:v3.19", "busybox", "1.36.1-r2"),
            will_not,
            // Never had it.
            record("ALPINE-CVE-2024-3", "Alpine:v3.19", "busybox", "0"),
        ],
        &inventory,
    );
    assert_eq!(
        told(&judged),
        [
            "CVE-2024-1 busybox 1.36.1-r1 -> 1.36.1-r2 [ALPINE-CVE-2024-1]",
            "CVE-2024-2 curl 8.0-r0 -> none [ALPINE-CVE-2024-2]",
        ]
    );
    let [live, gone] = judged.vulnerabilities.as_slice() else {
        panic!("two");
    };
    assert_eq!(live.in_base, Some(true));
    let layer = live.origin.layer.as_ref().unwrap();
    assert_eq!(layer.instruction.as_deref(), Some("RUN apk add busybox"));
    assert_eq!(gone.removed_in, Some(1));
    assert_eq!(gone.fix_state, FixState::WillNotFix);
}

/// The name of an application is anybody's; what was installed by that name is what was published.
#[test]
fn what_is_malicious_is_what_was_installed() {
    let at = |path: &str| Package {
        path: path.to_owned(),
        ..package(PackageKind::Npm, "api", "1.0.0")
    };
    let records = [
        record("MAL-2024-1", "npm", "api", ""),
        record("GHSA-1", "npm", "api", "2.0.0"),
    ];
    for (path, found) in [
        ("app/package.json", &["GHSA-1"][..]),
        (
            "app/node_modules/api/package.json",
            &["GHSA-1", "MAL-2024-1"],
        ),
        ("opt/driver/package/package.json", &["GHSA-1", "MAL-2024-1"]),
        ("opt/api-1.0.0/package.json", &["GHSA-1", "MAL-2024-1"]),
        ("app/package-lock.json", &["GHSA-1", "MAL-2024-1"]),
        ("", &["GHSA-1", "MAL-2024-1"]),
    ] {
        let judged = judged(&records, &on("", "", vec![at(path)]));
        let mut ids: Vec<_> = judged.vulnerabilities.iter().map(|one| &*one.id).collect();
        ids.sort_unstable();
        assert_eq!(ids, found, "{path}");
        assert!(judged.undecided.is_empty(), "{path}");
    }
}

/// Packages carry others, and parts of their own with names of their own.
#[test]
fn what_may_be_malicious_is_told_among_what_is_not_decided() {
    let at = |path: &str| Package {
        path: path.to_owned(),
        ..package(PackageKind::Npm, "@s/evil", "6.6.6")
    };
    let all = record("MAL-2024-1", "npm", "@s/evil", "");
    let versions = json!({"affected": [{
        "package": {"ecosystem": "npm", "name": "@s/evil"}, "versions": ["6.6.6"],
    }]});
    let some = with(record("MAL-2024-2", "npm", "@s/evil", ""), versions);
    let flaw = record("GHSA-1", "npm", "@s/evil", "7.0.0");
    let ids = |found: &[Vulnerability]| -> Vec<String> {
        let mut ids: Vec<_> = found.iter().map(|one| one.id.clone()).collect();
        ids.sort_unstable();
        ids
    };
    let (known, both): (&[&str], &[&str]) = (&["GHSA-1"], &["GHSA-1", "MAL"]);
    for (path, found, of_all, of_some) in [
        ("app/node_modules/@s/evil/package.json", both, false, false),
        (
            "a/node_modules/x/dist/compiled/evil/package.json",
            both,
            false,
            false,
        ),
        (
            "a/node_modules/x/vendor/@s/evil/package.json",
            both,
            false,
            false,
        ),
        ("srv/evil-6.6.6/package.json", both, false, false),
        // A part that bears another name than its folder.
        ("a/node_modules/x/lib/package.json", known, true, true),
        // An application, or a copy that somebody put there.
        ("app/package.json", known, false, true),
        ("app/vendor/evil/package.json", known, false, true),
        ("opt/evil/package.json", known, false, true),
    ] {
        for (record, is_open) in [(&all, of_all), (&some, of_some)] {
            let records = [record.clone(), flaw.clone()];
            let judged = judged(&records, &on("", "", vec![at(path)]));
            let id = record["id"].as_str().unwrap();
            let found: Vec<&str> = found
                .iter()
                .map(|one| if *one == "MAL" { id } else { one })
                .collect();
            assert_eq!(ids(&judged.vulnerabilities), found, "{path}");
            let open: &[&str] = if is_open { &[id] } else { &[] };
            assert_eq!(ids(&judged.undecided), open, "{path}");
        }
    }
}
