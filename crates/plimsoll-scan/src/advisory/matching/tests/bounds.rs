//! What is looked at and kept has an end, whatever a bill of materials or an index says, and what is
//! left out is told.

use super::super::judge::{Hit, judge};
use super::super::question::Known;
use super::super::way_out::way_out;
use super::super::work::Work;
use super::*;
use crate::advisory::version::Order;

/// The version that is asked for.
const ASKED: Known<'_> = Known {
    name: "evil",
    version: std::borrow::Cow::Borrowed("1.0"),
    is_without_epoch: false,
};

/// What an index says of a package of PyPI in version 1.0, and what of the work was done for it.
fn looked_at(index: &Index, order: Order) -> u64 {
    let all = 1 << 40;
    let mut work = Work::of(all, usize::MAX);
    let said = index
        .affected(&Ecosystem::parse("PyPI").unwrap(), "evil")
        .unwrap();
    let verdict = judge(order, &ASKED, said, &mut work).unwrap().unwrap();
    let hits: Vec<&Hit<'_>> = verdict.hits.iter().collect();
    let way_out = way_out(order, &hits, &verdict.said, &mut work).unwrap();
    assert!(way_out.smallest.is_some());
    all - work.left()
}

/// A record that speaks of one package many times was gone through once for each time.
#[test]
fn a_record_is_gone_through_once_however_often_it_names_the_package() {
    let of = |times: usize| {
        let affected: Vec<Value> = (0..times)
            .map(|_| {
                json!({
                    "package": {"ecosystem": "PyPI", "name": "evil"},
                    "ranges": [{"type": "ECOSYSTEM",
                                "events": [{"introduced": "0"}, {"fixed": "2.0"}]}],
                })
            })
            .collect();
        let record = json!({"id": "X-1", "modified": "2026-01-01T00:00:00Z", "affected": affected});
        looked_at(&index(&[record]), Order::Pep440)
    };
    let (one, many) = (of(100), of(1000));
    assert!(many < 20 * one, "{one} for 100, {many} for 1000");
}

#[test]
fn what_is_more_than_there_is_room_for_is_not_judged() {
    let records: Vec<Value> = (0..50)
        .map(|at| record(&format!("X-{at}"), "PyPI", "evil", "2.0"))
        .collect();
    let index = index(&records);
    let judged = |look, keep| {
        let said = index
            .affected(&Ecosystem::parse("PyPI").unwrap(), "evil")
            .unwrap();
        let mut work = Work::of(look, keep);
        judge(Order::Pep440, &ASKED, said, &mut work)
            .unwrap()
            .is_some()
    };
    // A hit, its fix, and what the record says, of each.
    assert!(judged(1 << 20, 150));
    assert!(!judged(1 << 20, 149));
    assert!(!judged(10, 150));
}

/// A name of some thousand versions, each of which has hundreds of flaws.
#[test]
fn packages_that_are_too_many_to_look_for_are_counted() {
    let flaws: Vec<Value> = (0..500)
        .map(|at| record(&format!("X-{at}"), "PyPI", "evil", "2.0"))
        .collect();
    let packages: Vec<Package> = (0..1000)
        .map(|at| package(PackageKind::Python, "evil", &format!("1.0.{at}")))
        .collect();
    let found = judged(&flaws, &on("debian", "12", packages));
    let told: BTreeSet<&str> = found
        .vulnerabilities
        .iter()
        .map(|one| one.installed.as_str())
        .collect();
    assert!(!told.is_empty() && found.vulnerabilities.len() < MOST_FINDINGS + 500);
    assert_eq!(told.len() + found.coverage.left_out, 1000);
}

/// Of many packages each core judges some: what is found is the same, and so is what is left out.
#[test]
fn many_packages_are_judged_as_one_by_one() {
    let flaws: Vec<Value> = (0..600)
        .flat_map(|at| {
            let name = format!("p{at}");
            let go = |id: &str, fixed| record(&format!("{id}-{at}"), "Go", &name, fixed);
            let aliases = json!({"aliases": [format!("CVE-2026-{}", at + 1)]});
            let mut records = vec![with(go("GO", "1.5.0"), aliases)];
            if at % 3 == 0 {
                records.push(go("GHSA", "not a version"));
            }
            records
        })
        .collect();
    let packages: Vec<Package> = (0..3600)
        .map(|at| Package {
            path: format!("{at}"),
            ..package(PackageKind::Go, &format!("p{}", at % 700), "v1.0.0")
        })
        .collect();
    let index = index(&flaws);
    let told = |packages: &[Package], first: usize| {
        let inventory = on("debian", "12", packages.to_vec());
        let judged = judge_inventory(&index, &inventory, None).unwrap();
        assert_eq!(judged.coverage.left_out, 0);
        let mut found = judged.vulnerabilities;
        found.extend(judged.undecided);
        for one in &mut found {
            one.package += first;
        }
        (found, judged.coverage.unjudged)
    };
    let (mut all, unjudged) = told(&packages, 0);
    let mut each = Vec::new();
    let mut each_unjudged = BTreeSet::new();
    for (number, some) in packages.chunks(100).enumerate() {
        let (found, unjudged) = told(some, number * 100);
        each.extend(found);
        each_unjudged.extend(unjudged);
    }
    assert!(all.len() > 3000, "{}", all.len());
    all.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    each.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    assert_eq!(all, each);
    assert_eq!(unjudged, Vec::from_iter(each_unjudged));
}

#[test]
fn what_was_found_before_the_end_is_told() {
    let flaws: Vec<Value> = (0..100)
        .map(|at| record(&format!("X-{at}"), "PyPI", "evil", "2.0"))
        .collect();
    let packages: Vec<Package> = (0..100)
        .map(|at| package(PackageKind::Python, "evil", &format!("1.0.{at}")))
        .collect();
    let inventory = on("debian", "12", packages);
    let work = Work::of(20_000, usize::MAX);
    let found = judge_within(&index(&flaws), &inventory, None, work).unwrap();
    let left_out = found.coverage.left_out;
    assert!(left_out > 0 && left_out < 100, "{left_out}");
    assert_eq!(found.vulnerabilities.len(), (100 - left_out) * 100);
}

/// A version of megabytes is compared with each that advisories name, and repeated with each finding.
#[test]
fn a_version_that_never_ends_is_left_out() {
    let flaws: Vec<Value> = (0..300)
        .map(|at| record(&format!("X-{at}"), "PyPI", "evil", &format!("{}.0", at + 2)))
        .collect();
    let long = format!("1.{}", "0".repeat(1 << 20));
    let packages = vec![
        package(PackageKind::Python, "evil", &long),
        package(PackageKind::Python, "evil", "1.0"),
    ];
    let found = judged(&flaws, &on("debian", "12", packages));
    assert_eq!(found.coverage.left_out, 1);
    assert_eq!(found.vulnerabilities.len(), 300);
    assert!(
        found
            .vulnerabilities
            .iter()
            .all(|one| one.installed == "1.0")
    );
}

/// What a package is called is repeated with each of its findings.
#[test]
fn findings_that_take_too_much_memory_are_left_out() {
    let flaws: Vec<Value> = (0..200)
        .map(|at| record(&format!("X-{at}"), "PyPI", "evil", ""))
        .collect();
    let mut one = package(PackageKind::Python, "evil", "1.0");
    one.purl = format!("pkg:pypi/evil@1.0?{}", "a".repeat(1 << 20));
    let found = judged(&flaws, &on("debian", "12", vec![one]));
    assert_eq!(found.coverage.left_out, 1);
    assert!(found.vulnerabilities.is_empty());
}
