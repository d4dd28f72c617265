//! Made-up advisories against made-up inventories.

use plimsoll_model::{
    BaseImage, Digest, Distribution, Evidence, FixState, Inventory, LayerFacts, Package,
    PackageKind, Platform, VulnerabilitySeverity,
};
use serde_json::{Value, json};

use super::*;
use crate::advisory::{Inputs, compile};

/// An index of records.
fn index(records: &[Value]) -> Index {
    let folder = tempfile::tempdir().unwrap();
    let inputs: Vec<_> = records
        .iter()
        .enumerate()
        .map(|(number, record)| {
            let path = folder.path().join(format!("{number}.json"));
            std::fs::write(&path, record.to_string()).unwrap();
            path
        })
        .collect();
    let out = folder.path().join("index");
    let report = compile(Inputs::of(&inputs), &out, &|_| {}).unwrap();
    assert_eq!(report.broken, 0, "{report:?}");
    Index::from_bytes("test", std::fs::read(out).unwrap()).unwrap()
}

/// An index of records and lists.
fn index_with(records: &[Value], lists: &[(&str, &str)]) -> Index {
    let folder = tempfile::tempdir().unwrap();
    let records = records.iter().enumerate();
    let records = records.map(|(number, record)| (format!("{number}.json"), record.to_string()));
    let lists = lists
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    for (name, text) in records.chain(lists) {
        let path = folder.path().join("in").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let out = folder.path().join("index");
    compile(Inputs::of(&[folder.path().join("in")]), &out, &|_| {}).unwrap();
    Index::from_bytes("test", std::fs::read(out).unwrap()).unwrap()
}

/// A record on versions from the beginning to below `fixed`; to the end of time where that is
/// empty.
fn record(id: &str, ecosystem: &str, name: &str, fixed: &str) -> Value {
    let mut events = vec![json!({"introduced": "0"})];
    if !fixed.is_empty() {
        events.push(json!({"fixed": fixed}));
    }
    json!({
        "id": id,
        "modified": "2026-01-01T00:00:00Z",
        "affected": [{
            "package": {"ecosystem": ecosystem, "name": name},
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
        }],
    })
}

/// `record` with more fields.
fn with(mut record: Value, fields: Value) -> Value {
    if let (Value::Object(record), Value::Object(fields)) = (&mut record, fields) {
        record.extend(fields);
    }
    record
}

fn package(kind: PackageKind, name: &str, version: &str) -> Package {
    let purl = format!("pkg:{}/{name}@{version}", kind.as_str());
    Package::new(kind, name, version, purl, "proof", Evidence::Database, 0)
}

fn on(id: &str, version: &str, packages: Vec<Package>) -> Inventory {
    Inventory {
        distribution: Some(Distribution {
            id: id.to_owned(),
            version: version.to_owned(),
            ..Distribution::default()
        }),
        packages,
        ..Inventory::default()
    }
}

fn judged(records: &[Value], inventory: &Inventory) -> Judged {
    judge_inventory(&index(records), inventory, None).unwrap()
}

/// `id name installed -> fixed [advisories]`, a line a finding.
fn told(judged: &Judged) -> Vec<String> {
    judged
        .vulnerabilities
        .iter()
        .map(|one| {
            format!(
                "{} {} {} -> {} [{}]",
                one.id,
                one.name,
                one.installed,
                one.fixed.as_deref().unwrap_or("none"),
                one.advisories.join(" ")
            )
        })
        .collect()
}

fn ecosystems(list: &[EcosystemPackages]) -> Vec<String> {
    list.iter()
        .map(|one| format!("{} {}", one.ecosystem, one.packages))
        .collect()
}

/// The last version that has a flaw, built by somebody again, has it.
#[test]
fn builds_of_the_last_version_affected_are_affected() {
    let last = |id: &str, ecosystem: &str, name: &str, last: &str| {
        let events = json!([{"introduced": "0"}, {"last_affected": last}]);
        json!({"id": id, "affected": [{
            "package": {"ecosystem": ecosystem, "name": name},
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
        }]})
    };
    let inventory = on(
        "debian",
        "12",
        vec![
            package(PackageKind::Bitnami, "activemq", "5.15.12-3"),
            package(PackageKind::Bitnami, "redis", "7.0.1-0"),
            package(PackageKind::Python, "torch", "2.0.0+cu118"),
            package(PackageKind::Python, "torch", "2.0.1+cu118"),
        ],
    );
    let judged = judged(
        &[
            last("BIT-1", "Bitnami", "activemq", "5.15.12"),
            last("BIT-2", "Bitnami", "redis", "7.0.0"),
            last("PYSEC-1", "PyPI", "torch", "2.0.0"),
        ],
        &inventory,
    );
    assert_eq!(
        told(&judged),
        [
            "BIT-1 activemq 5.15.12-3 -> none [BIT-1]",
            "PYSEC-1 torch 2.0.0+cu118 -> none [PYSEC-1]",
        ]
    );
}

/// A version that mends what is there, and has what came in between, is not the one to take.
#[test]
fn a_version_free_of_all_that_is_known_is_told() {
    let record = |id: &str, name: &str, events: Value| {
        json!({"id": id, "affected": [{
            "package": {"ecosystem": "PyPI", "name": name},
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
        }]})
    };
    let inventory = on(
        "debian",
        "12",
        vec![
            package(PackageKind::Python, "a", "1.0"),
            package(PackageKind::Python, "b", "1.0"),
            package(PackageKind::Python, "c", "1.0"),
        ],
    );
    let judged = judged(
        &[
            record("A-1", "a", json!([{"introduced": "0"}, {"fixed": "1.10"}])),
            record(
                "A-2",
                "a",
                json!([{"introduced": "1.2"}, {"fixed": "1.12"}]),
            ),
            // Nobody knows of a way out of this one.
            record("A-3", "a", json!([{"introduced": "0"}])),
            record("B-1", "b", json!([{"introduced": "0"}, {"fixed": "1.5"}])),
            record("B-2", "b", json!([{"introduced": "1.5"}])),
            record("C-1", "c", json!([{"introduced": "0"}])),
        ],
        &inventory,
    );
    let free: Vec<_> = judged
        .vulnerabilities
        .iter()
        .map(|one| {
            (
                one.id.as_str(),
                one.fixed.as_deref(),
                one.free_of_all.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        free,
        [
            ("A-1", Some("1.10"), Some("1.12")),
            ("A-3", None, None),
            ("B-1", Some("1.5"), None),
            ("C-1", None, None),
        ]
    );
}

/// A list means versions, not spellings, beside ranges as without them.
#[test]
fn listed_versions_may_be_spelled_another_way() {
    let inventory = on(
        "debian",
        "12",
        vec![
            package(PackageKind::Python, "a", "1.0.0rc1"),
            package(PackageKind::Python, "b", "1.0.0rc1"),
        ],
    );
    let listed = |id: &str, name: &str, ranges: Value| {
        json!({"id": id, "affected": [{
            "package": {"ecosystem": "PyPI", "name": name},
            "versions": ["0.9", "1.0-RC.1"],
            "ranges": ranges,
        }]})
    };
    let events = json!([{"introduced": "0"}, {"fixed": "0.9.1"}]);
    let judged = judged(
        &[
            listed("PYSEC-1", "a", json!([])),
            listed(
                "PYSEC-2",
                "b",
                json!([{"type": "ECOSYSTEM", "events": events}]),
            ),
        ],
        &inventory,
    );
    assert_eq!(
        told(&judged),
        [
            "PYSEC-1 a 1.0.0rc1 -> none [PYSEC-1]",
            "PYSEC-2 b 1.0.0rc1 -> none [PYSEC-2]",
        ]
    );
}

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
fn the_smallest_fix_is_free_of_all_that_is_told() {
    let mut two = record("GHSA-aaaa-bbbb-cccc", "npm", "axios", "");
    two["affected"][0]["ranges"] = json!([
        {"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "0.30.0"}]},
        {"type": "SEMVER", "events": [{"introduced": "1.0.0"}, {"fixed": "1.8.2"}]},
    ]);
    let mut other = record("GHSA-dddd-eeee-ffff", "npm", "axios", "");
    other["aliases"] = json!(["GHSA-aaaa-bbbb-cccc"]);
    other["affected"][0]["ranges"] = json!([{"type": "SEMVER", "events": [
        {"introduced": "0"}, {"fixed": "0.29.0"}, {"introduced": "0.30.0"}, {"fixed": "0.30.1"},
    ]}]);
    let inventory = on(
        "alpine",
        "3.19.1",
        vec![
            package(PackageKind::Npm, "axios", "0.21.1"),
            package(PackageKind::Npm, "axios", "1.0.1"),
            package(PackageKind::Npm, "axios", "1.8.2"),
        ],
    );
    let judged = judged(&[two, other], &inventory);
    assert_eq!(
        told(&judged),
        [
            "GHSA-aaaa-bbbb-cccc axios 0.21.1 -> 0.30.1 [GHSA-aaaa-bbbb-cccc GHSA-dddd-eeee-ffff]",
            "GHSA-aaaa-bbbb-cccc axios 1.0.1 -> 1.8.2 [GHSA-aaaa-bbbb-cccc]",
        ]
    );
    assert_eq!(
        judged.vulnerabilities[0].fixed_versions,
        ["0.29.0", "0.30.0", "0.30.1", "1.8.2"]
    );
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
fn a_version_that_is_none_is_told() {
    let inventory = on(
        "debian",
        "12",
        vec![
            package(PackageKind::Go, "example.test/x", "(devel)"),
            package(PackageKind::Go, "example.test/unknown", "(devel)"),
            package(PackageKind::Go, "example.test/never-mended", "(devel)"),
            package(PackageKind::Python, "odd", "dev"),
            package(PackageKind::Maven, "log4j", "1.2.17"),
        ],
    );
    let mut listed = record("PYSEC-2024-1", "PyPI", "odd", "2");
    listed["affected"][0]["versions"] = json!(["dev"]);
    let judged = judged(
        &[
            record("GO-2024-1", "Go", "example.test/x", "1.2.3"),
            record("GO-2024-2", "Go", "example.test/never-mended", ""),
            listed,
            record("GHSA-aaaa-bbbb-cccc", "Maven", "log4j:log4j", ""),
        ],
        &inventory,
    );
    // What means all versions means it, too.
    assert_eq!(
        told(&judged),
        [
            "GO-2024-2 example.test/never-mended (devel) -> none [GO-2024-2]",
            "PYSEC-2024-1 odd dev -> none [PYSEC-2024-1]",
        ]
    );
    let unjudged: Vec<&str> = judged
        .coverage
        .unjudged
        .iter()
        .map(|one| one.purl.as_str())
        .collect();
    assert_eq!(
        unjudged,
        [
            "pkg:golang/example.test/x@(devel)",
            "pkg:maven/log4j@1.2.17"
        ]
    );
}

#[test]
fn one_range_that_nobody_can_read_does_not_hide_another() {
    let mut two = record("PYSEC-2024-1", "PyPI", "odd", "two");
    let more = json!({"type": "ECOSYSTEM", "events": [{"introduced": "3"}, {"fixed": "4"}]});
    let ranges = two["affected"][0]["ranges"].as_array_mut().unwrap();
    ranges.push(more);
    let of = |version: &str| {
        let inventory = on("", "", vec![package(PackageKind::Python, "odd", version)]);
        let judged = judged(std::slice::from_ref(&two), &inventory);
        (told(&judged).len(), judged.coverage.unjudged.len())
    };
    assert_eq!(of("3.1"), (1, 0));
    assert_eq!(of("1"), (0, 1));
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
