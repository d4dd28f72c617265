//! Which versions have a flaw, and which is the one to take.

use super::*;

/// The last version that has a flaw, built by somebody again, has it.
#[test]
fn builds_of_the_last_version_affected_are_affected() {
    let last = |id: &str, ecosystem: &str, name: &str, last: &str| {
        let events = json!([{"introduced": "0"}, {"last_affected": last}]);
        ranged(id, ecosystem, name, events)
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
    let record = |id: &str, name: &str, events: Value| ranged(id, "PyPI", name, events);
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
fn what_is_not_mended_ends_where_the_database_knows_it_to() {
    let known = |mut record: Value, range: &str, versions: &[&str]| {
        let affected = &mut record["affected"][0];
        affected["database_specific"] = json!({"last_known_affected_version_range": range});
        affected["versions"] = json!(versions);
        record
    };
    let open = |id: &str, name: &str| record(id, "npm", name, "");
    let again = json!([
        {"introduced": "1.0.0"}, {"fixed": "1.2.0"}, {"introduced": "2.0.0"},
    ]);
    let records = [
        known(open("GHSA-a", "xlsx"), "< 0.19.3", &[]),
        known(open("GHSA-b", "xlsy"), "<= 2.5.0", &["2.5.0", "2.6.0"]),
        known(open("GHSA-c", "xlsz"), "of late", &[]),
        known(ranged("GHSA-d", "npm", "again", again), "= 2.5.0", &[]),
        known(record("GHSA-e", "npm", "mended", "3.0.0"), "< 2.0.0", &[]),
    ];
    let installed = [
        ("xlsx", "0.19.2", true),
        ("xlsx", "0.20.3", false),
        ("xlsy", "2.5.0", true),
        ("xlsy", "2.6.0", false),
        ("xlsz", "9.0.0", true),
        ("again", "1.1.0", true),
        ("again", "1.3.0", false),
        ("again", "2.5.0", true),
        ("again", "2.5.1", false),
        ("mended", "2.9.0", true),
    ];
    let packages = installed
        .iter()
        .map(|(name, version, _)| package(PackageKind::Npm, name, version))
        .collect();
    let judged = judged(&records, &on("debian", "12", packages));
    for (name, version, is_affected) in installed {
        let mut found = judged.vulnerabilities.iter();
        let one = found.find(|one| one.name == name && one.installed == version);
        assert_eq!(one.is_some(), is_affected, "{name} {version}");
        // Where it ends is no version that mends it.
        assert!(one.is_none_or(|one| one.fixed.is_none() || name != "xlsx"));
    }
}

#[test]
fn repositories_beside_the_central_one_are_asked_too() {
    let records = [
        record(
            "DRUPAL-1",
            "Packagist:https://packages.drupal.org/8",
            "drupal/openid",
            "1.5.0",
        ),
        record("GHSA-a", "Packagist", "drupal/core", "9.0.0"),
        record("X-1", "Maven:https://maven.google.com", "g:a", "2"),
    ];
    let packages = vec![
        package(PackageKind::Composer, "drupal/openid", "1.4.0"),
        package(PackageKind::Composer, "drupal/core", "8.0.0"),
        package(PackageKind::Maven, "g:a", "1"),
    ];
    let judged = judged(&records, &on("debian", "12", packages));
    assert_eq!(
        told(&judged),
        [
            "GHSA-a drupal/core 8.0.0 -> 9.0.0 [GHSA-a]",
            "DRUPAL-1 drupal/openid 1.4.0 -> 1.5.0 [DRUPAL-1]",
            "X-1 g:a 1 -> 2 [X-1]",
        ]
    );
    assert_eq!(
        ecosystems(&judged.coverage.covered),
        ["Maven 1", "Packagist 2"]
    );
}

#[test]
fn modules_are_known_in_lower_case_as_well() {
    let name = "github.com/Azure/go-autorest";
    let records = [record("GO-1", "Go", name, "2.0.0")];
    let packages = vec![
        package(PackageKind::Go, name, "v1.0.0"),
        package(PackageKind::Go, &name.to_lowercase(), "v1.0.0"),
    ];
    let judged = judged(&records, &on("debian", "12", packages));
    assert_eq!(judged.vulnerabilities.len(), 2);
}

/// `id name severity fixed`, a line a flaw that may be there.
fn undecided(judged: &Judged) -> Vec<String> {
    let lines = judged.undecided.iter().map(|one| {
        let fixed = one.fixed.as_deref().unwrap_or("none");
        format!("{} {} {} {fixed}", one.id, one.name, one.severity.as_str())
    });
    lines.collect()
}

/// An advisory that cannot be held against a version may tell of a flaw: what and how bad is known.
#[test]
fn what_may_be_there_is_told_apart() {
    let high = json!({"database_specific": {"severity": "HIGH"}});
    let of = |id: &str, name: &str, fixed: &str| with(record(id, "npm", name, fixed), high.clone());
    let aliased = |id: &str, name: &str, fixed: &str| {
        with(of(id, name, fixed), json!({"aliases": ["CVE-2024-1"]}))
    };
    let inventory = on(
        "debian",
        "12",
        vec![
            package(PackageKind::Npm, "open", "1.0.0"),
            package(PackageKind::Npm, "known", "1.0.0"),
            package(PackageKind::Npm, "settled", "1.0.0"),
            package(PackageKind::Npm, "floating", "1.1.0"),
            package(PackageKind::Npm, "floated", "1.2.0"),
        ],
    );
    let judged = judged(
        &[
            of("R-1", "open", "~"),
            aliased("R-2", "known", "~"),
            aliased("GHSA-2", "known", "1.0.1"),
            // Another advisory on the same flaw could be held against it.
            aliased("R-3", "settled", "~"),
            aliased("GHSA-3", "settled", "0.9.0"),
            of("R-4", "floating", "1.2.0-*"),
            of("R-5", "floated", "1.2.0-*"),
        ],
        &inventory,
    );
    assert_eq!(
        told(&judged),
        [
            "R-4 floating 1.1.0 -> 1.2.0-* [R-4]",
            "CVE-2024-1 known 1.0.0 -> 1.0.1 [GHSA-2]",
        ]
    );
    assert_eq!(undecided(&judged), ["R-1 open high ~"]);
    assert_eq!(judged.coverage.unjudged.len(), 3);
}

/// OpenSSL's letters come behind its numbers.
#[test]
fn a_letter_behind_a_number_is_a_later_release_of_conan() {
    let inventory = on(
        "debian",
        "12",
        vec![
            package(PackageKind::Conan, "openssl", "1.1.1d"),
            package(PackageKind::Conan, "OpenSSL", "1.1.1t"),
            package(PackageKind::Conan, "openssl", "1.1.0l"),
        ],
    );
    let events = json!([{"introduced": "1.1.1"}, {"fixed": "1.1.1t"}]);
    let judged = judged(
        &[ranged("OSV-1", "ConanCenter", "openssl", events)],
        &inventory,
    );
    assert_eq!(told(&judged), ["OSV-1 openssl 1.1.1d -> 1.1.1t [OSV-1]"]);
}

/// Where what is said of a package ends, as an index has it.
#[test]
fn an_index_tells_where_flaws_end() {
    let index = index(&[
        ranged(
            "A-1",
            "PyPI",
            "flask",
            json!([{"introduced": "0"}, {"fixed": "1.0"}, {"introduced": "2.0"}, {"fixed": "2.3.2"}]),
        ),
        ranged(
            "A-2",
            "PyPI",
            "flask",
            json!([{"introduced": "0"}, {"last_affected": "2.1"}]),
        ),
        json!({
            "id": "A-3",
            "modified": "2026-01-01T00:00:00Z",
            "affected": [{
                "package": {"ecosystem": "PyPI", "name": "Flask"},
                "versions": ["0.9", "2.0", "2.2.0", "10", "no version"],
            }],
        }),
        record("A-4", "PyPI", "flask", "not a version"),
        record("A-5", "PyPI", "django", "4.0"),
        record("A-6", "npm", "flask", "9.0.0"),
        record("DSA-1", "Debian:12", "flask", "3.0-1"),
    ]);
    let python = package(PackageKind::Python, "Flask", "2.1");
    let unknown = package(PackageKind::Python, "nobody", "1.0");
    let system = package(PackageKind::Deb, "flask", "2.1-1");
    let newest = package(PackageKind::Python, "flask", "11");
    let ends = range_ends(&index, &[&python, &unknown, &system, &newest]).unwrap();
    let told = |ends: &[RangeEnd]| -> Vec<String> {
        let texts = ends.iter().map(|end| {
            let sign = if end.has_flaw { "after " } else { "" };
            format!("{sign}{}", end.version)
        });
        texts.collect()
    };
    assert_eq!(told(&ends[0]), ["after 10", "after 2.1", "2.3.2"]);
    assert_eq!(ends[1..], [vec![], vec![], vec![]]);
}
