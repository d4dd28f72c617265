//! Versions that are none, versions without an order, and records that say the same in other words.

use super::*;

/// Versions of Maven that no sort of the standard library takes: Maven's order goes in circles.
const CIRCLES: [&str; 5] = [
    "9.1.3.2-20230101.123456-1 1.7.36-sp 1.0-SNAPSHOT v3.00.10+b 10.01.0.4294967296-alpha-1 \
         r09 1.0.0 1-a1 1a 1-sp 1.0.RC2 4294967296.01.7.99999999999999999999_1 100.0-alpha1 \
         v9.00.4294967296.Final 1-ga 8.1.5.RELEASE 1.ga 1-alpha 1.01.7.8-SNAPSHOT \
         4294967296-alpha1 9-RC2 1.0-cr2 1-a 1- 1.7.1-1 v6.100.4294967296.9-Final 1-xyz-1 \
         v20240131-x.1 31.1-jre 2.6.7m2 1a1 4294967296.9 12.8.11.v2023 1-0.ga v9-SNAPSHOT \
         v6-Final v10.01.11-cr1 4294967296.12.12a1 0 v100.10-android 1 00.foo v4-beta 0.0-2021 \
         1.0.0-Final-1 100.SP2 5-jre 99999999999999999999-a v7.2.7.0m2 1-0.ga.1 v6a1 1.0 \
         v9.10.9.8-cr1 1.1 3.8.4294967296.01 6.01-SNAPSHOT 10.9.99999999999999999999.3.foo \
         1.0-rc 2.0.0.M1 1.0.0-0-0 Finchley.SR2 1.foo 11-20230101.123456-1 3.12-1 v12--1 1.a \
         4.10.00-sp1 99999999999999999999.2.GA 5m2 2.0.0-M1",
    "1-sp.1 10.4-redhat-1 1.0.0 1-0.ga 1-0.ga.1 1.0.0-0-0 2.0.1-xyz 2.0.1.xyz 1-xyz-1 1-xyz1 \
         1.x 1- 2.0.0.M1 1.foo 1-foo 1.0.0-Final-1 31.1-jre 7.5-jre 1_1 10.01.4294967296.4--1 \
         1.1",
    "1.0.0.RC1 2-jre 2.0.0-x 2.0.1.RC1 1.1-android 1.1-1 2.0.1.x 1.0-x 1.Final-redhat-1 \
         2.Final-redhat-1 1.0-b01 2-SNAPSHOT 2.0.Final 2.0.1-1.1 1.0.1.x 1.Final 2.0.0-jre \
         2.redhat-1 1-RC1 2 1.0.1.jre8 2.0.x 1.0.0 2-jre8 2.0-1",
    "1-b01 1.0.1-0.1 2.0.0.Final-redhat-1 2.0.1.Final 1.0.0.Final-redhat-1 2.Final 2.0.1.1 \
         2.0.0.RC1 1.1 1.0.1-1 2.0.1-android 1.0.0.2 1.1-x 2.0.0.2 2.0.0-jre8 1.SR1 2.0.0-1.1 \
         2.x 1.0-M1 1.0.0.Final 1.0.1.x 1.0.1-jre8 2.0-jre8 1.1.redhat-1 1.0.jre8 1 1.0.0-jre8 \
         1.0.1 2-0.1 1.0.0 1.0.1.Final-redhat-1",
    "2.0 2.0.jre8 1.0.0.Final-redhat-1 1.0.0.M1 2.0.0-RC1 2.0.1.x 2.0.v2021 1.0.M1 \
         2.0.Final-redhat-1 1.0-0.1 1.0.1.RC1 1.M1 2.0.1.M1 1.1.RC1 1.0.0-0.1 2.0.0.redhat-1 \
         1.0-RC1 2.0.0 2.0.x 2.0-b01 1.0.Final 2-1",
];

/// One record that calls many versions fixed, and many that call one each the last that is affected.
#[test]
fn versions_that_have_no_order_are_judged() {
    let packages = || {
        vec![
            package(PackageKind::Maven, "g:p", "0.0.1"),
            package(PackageKind::Maven, "g:p", "1"),
        ]
    };
    for versions in CIRCLES {
        let mut one = record("GHSA-1", "Maven", "g:p", "");
        let ranges = versions.split_whitespace().map(|version| {
            json!({"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": version}]})
        });
        one["affected"][0]["ranges"] = ranges.collect();
        let many = versions
            .split_whitespace()
            .enumerate()
            .map(|(at, version)| {
                let events = json!([{"introduced": "0"}, {"last_affected": version}]);
                ranged(&format!("GHSA-{at}"), "Maven", "g:p", events)
            });
        for records in [vec![one], many.collect()] {
            let inventory = on("debian", "12", packages());
            let index = index(&records);
            let judged = judge_inventory(&index, &inventory, None).unwrap();
            let first = judged.vulnerabilities.iter();
            assert!(first.filter(|one| one.installed == "0.0.1").count() >= records.len() / 2);
            let asked: Vec<&Package> = inventory.packages.iter().collect();
            assert_eq!(range_ends(&index, &asked).unwrap().len(), 2);
        }
    }
}

/// What stands for a version is not held against advisories, and that is told.
#[test]
fn a_placeholder_is_no_version() {
    let placeholders = [
        "${log4j2.version}",
        "UNKNOWN",
        "unspecified",
        "latest",
        "NOASSERTION",
        "(devel)",
        "[1.0,2.0)",
        ">=1.0",
        "sha256:0123456789abcdef",
    ];
    let kinds = [
        (PackageKind::Maven, "Maven"),
        (PackageKind::Npm, "npm"),
        (PackageKind::Python, "PyPI"),
        (PackageKind::Composer, "Packagist"),
        (PackageKind::Conan, "ConanCenter"),
        (PackageKind::Opam, "opam"),
        (PackageKind::Rpm, "AlmaLinux:9"),
    ];
    let name = "org.apache.logging.log4j:log4j-core";
    let mut records = Vec::new();
    let mut packages = Vec::new();
    for (kind, ecosystem) in kinds {
        let events = json!([{"introduced": "2.0"}, {"fixed": "2.15.0"}]);
        records.push(ranged(&format!("X-{ecosystem}"), ecosystem, name, events));
        let all = placeholders.iter();
        packages.extend(all.map(|version| package(kind, name, version)));
    }
    let all = packages.len();
    let judged = judged(&records, &on("almalinux", "9.4", packages));
    assert_eq!(told(&judged), [""; 0]);
    assert_eq!(judged.coverage.unjudged.len(), all);
}

/// A record may tell of a project's branches in one entry or in one each.
#[test]
fn a_fix_is_one_however_the_record_is_written() {
    let ranges = |events: &[Value]| -> Value {
        let ranges = events.iter();
        ranges
            .map(|events| json!({"type": "SEMVER", "events": events}))
            .collect()
    };
    let branches = [
        json!([{"introduced": "0"}, {"last_affected": "2.1.2"}]),
        json!([{"introduced": "2.3.3"}, {"fixed": "3.0.2"}]),
    ];
    let package_of = json!({"ecosystem": "npm", "name": "p"});
    let together = json!([{"package": package_of, "ranges": ranges(&branches)}]);
    let apart: Value = branches
        .iter()
        .map(|one| json!({"package": package_of, "ranges": ranges(std::slice::from_ref(one))}))
        .collect();
    for affected in [together, apart] {
        let record = json!({"id": "GHSA-1", "affected": affected});
        let inventory = on(
            "debian",
            "12",
            vec![package(PackageKind::Npm, "p", "1.3.2")],
        );
        let judged = judged(&[record], &inventory);
        assert_eq!(told(&judged), ["GHSA-1 p 1.3.2 -> 3.0.2 [GHSA-1]"]);
        let one = &judged.vulnerabilities[0];
        assert_eq!(one.fix_state, FixState::Fixed);
        assert_eq!(one.fixed_versions, ["3.0.2"]);
        assert_eq!(one.free_of_all.as_deref(), Some("3.0.2"));
    }
}

/// Where the interval ends that the version lies in counts, not where another one does.
#[test]
fn what_is_free_of_all_is_the_smallest() {
    let inventory = on(
        "debian",
        "12",
        vec![
            package(PackageKind::Npm, "left", "1.3.0"),
            package(PackageKind::Npm, "min", "1.3.2"),
        ],
    );
    let of = |id: &str, name: &str, events: Value| ranged(id, "npm", name, events);
    let judged = judged(
        &[
            of(
                "A-1",
                "left",
                json!([{"introduced": "0"}, {"last_affected": "1.3.2"},
                       {"introduced": "3.2.3"}, {"fixed": "3.3.0"}]),
            ),
            of(
                "A-2",
                "left",
                json!([{"introduced": "0"}, {"fixed": "2.0.0"},
                       {"introduced": "2.1.0"}, {"fixed": "2.3.3"}]),
            ),
            of(
                "B-1",
                "min",
                json!([{"introduced": "0"}, {"last_affected": "2.1.2"},
                       {"introduced": "2.3.3"}, {"fixed": "3.0.2"}]),
            ),
            of(
                "B-2",
                "min",
                json!([{"introduced": "3.0.0"}, {"last_affected": "3.2.2"}]),
            ),
            of(
                "B-3",
                "min",
                json!([{"introduced": "2.0.1"}, {"fixed": "2.3.2"}]),
            ),
        ],
        &inventory,
    );
    let free = judged.vulnerabilities.iter().map(|one| {
        let (fixed, free) = (one.fixed.as_deref(), one.free_of_all.as_deref());
        (one.id.as_str(), fixed, free)
    });
    assert_eq!(
        free.collect::<Vec<_>>(),
        [
            ("A-1", Some("3.3.0"), Some("2.0.0")),
            ("A-2", Some("2.0.0"), Some("2.0.0")),
            ("B-1", Some("3.0.2"), Some("2.3.2")),
        ]
    );
}
