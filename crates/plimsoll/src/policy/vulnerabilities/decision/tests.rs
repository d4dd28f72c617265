use plimsoll_model::{
    Called, Digest, Evidence, FixState, ImageConfig, ImageName, ImageSummary, Origin, Reachability,
};
use plimsoll_testkit::vulnerability::{mended, plain};

use super::*;
use crate::policy::vulnerabilities::vex::{Component, Product, Status};
use crate::policy::vulnerabilities::waiver::PackagePattern;

/// A high, fixable one, published long ago, in a package of npm.
pub(crate) fn vulnerability(id: &str, name: &str) -> Vulnerability {
    Vulnerability {
        aliases: vec![format!("GHSA-{id}")],
        advisories: vec![format!("GHSA-{id}")],
        severity: VulnerabilitySeverity::High,
        severity_source: Some("ghsa".to_owned()),
        published: Some("2020-01-01T00:00:00Z".to_owned()),
        origin: Origin {
            path: Some(format!("app/node_modules/{name}/package.json")),
            ..Origin::default()
        },
        in_base: Some(false),
        ..mended("1.0.1", plain(id, "npm", name, "1.0.0"))
    }
}

/// What can be asked of it.
pub(crate) fn subject(vulnerability: &Vulnerability) -> Case<'_> {
    Case {
        vulnerability,
        package: None,
        identity: Identity::of(vulnerability, None),
        in_same_file: &[],
    }
}

fn today() -> Date {
    jiff::civil::date(2026, 11, 21)
}

fn policy(configuration: &str) -> Policy {
    let config: VulnerabilityConfig = toml::from_str(configuration).expect(configuration);
    Policy {
        thresholds: Thresholds::of(&config, FailOn::From(VulnerabilitySeverity::High)),
        threats: Threats::of(&config),
        waivers: Vec::new(),
        statements: Vec::new(),
        baseline: None,
    }
}

fn decided(list: &[Vulnerability], policy: &Policy) -> Decision {
    let inventory = Inventory::default();
    decide(list, &inventory, &ImageIdentity::default(), policy, today())
}

fn standing(one: &Vulnerability, policy: &Policy) -> Judgement {
    let list = std::slice::from_ref(one);
    let mut decision = decided(list, policy);
    decision.standings.remove(0)
}

/// An image that lies in a registry under `name`.
pub(crate) fn image(name: &str, digest: Digest) -> ImageSummary {
    ImageSummary {
        name: name.to_owned(),
        called: Called {
            text: name.to_owned(),
            names: vec![ImageName::parse(name).unwrap()],
            is_made_up: false,
        },
        digest,
        config: ImageConfig::default(),
        compressed_size: 0,
    }
}

#[test]
fn thresholds() {
    use Judgement::{HoldsBack, Tolerated};
    use Tolerance::{Grace, Mild, NotFixed, Removed, Unrated, Unreachable};
    type Change = fn(&mut Vulnerability);
    let same: Change = |_| {};
    let medium: Change = |one| one.severity = VulnerabilitySeverity::Medium;
    let unrated: Change = |one| one.severity = VulnerabilitySeverity::Unknown;
    let unfixed: Change = |one| one.fix_state = FixState::NotFixed;
    let will_not: Change = |one| one.fix_state = FixState::WillNotFix;
    let fresh: Change = |one| one.published = Some("2026-11-10T08:00:00Z".to_owned());
    let undated: Change = |one| one.published = None;
    let to_come: Change = |one| one.published = Some("2099-01-01T00:00:00Z".to_owned());
    let based: Change = |one| one.in_base = Some(true);
    let nobodys: Change = |one| one.in_base = None;
    let nobody_medium: Change = |one| {
        one.in_base = None;
        one.severity = VulnerabilitySeverity::Medium;
    };
    let removed: Change = |one| one.removed_in = Some(3);
    let left_out: Change = |one| one.reachable = Some(Reachability::NotLinked(2));
    let linked: Change = |one| one.reachable = Some(Reachability::Linked(vec!["a.B".to_owned()]));
    let nobody_knows: Change =
        |one| one.reachable = Some(Reachability::Unknown("it is old".to_owned()));
    let in_grace = Tolerated(Grace(jiff::civil::date(2026, 11, 24)));
    for (configuration, change, expected) in [
        ("", same, HoldsBack),
        ("", medium, Tolerated(Mild)),
        ("", unrated, Tolerated(Unrated)),
        ("", unfixed, HoldsBack),
        ("", fresh, HoldsBack),
        ("", removed, Tolerated(Removed)),
        ("fail-on = \"never\"", same, Tolerated(Mild)),
        ("fail-on = \"critical\"", same, Tolerated(Mild)),
        ("fail-on = \"medium\"", medium, HoldsBack),
        ("fail-on = \"negligible\"", unrated, Tolerated(Unrated)),
        ("fail-on = \"never\"", unrated, Tolerated(Mild)),
        ("fail-on = \"unknown\"", unrated, HoldsBack),
        ("only-fixed = true", same, HoldsBack),
        ("only-fixed = true", unfixed, Tolerated(NotFixed)),
        ("only-fixed = true", will_not, Tolerated(NotFixed)),
        ("grace = \"14 days\"", same, HoldsBack),
        ("grace = \"2 weeks\"", fresh, in_grace.clone()),
        ("grace = \"11 days\"", fresh, HoldsBack),
        ("grace = \"14 days\"", undated, HoldsBack),
        // Whoever wrote that did not know, or the clock here is wrong: neither turns a gate off.
        ("", to_come, HoldsBack),
        ("grace = \"14 days\"", to_come, HoldsBack),
        ("base.fail-on = \"critical\"", same, HoldsBack),
        ("base.fail-on = \"critical\"", based, Tolerated(Mild)),
        ("base.fail-on = \"critical\"", nobodys, HoldsBack),
        ("base.fail-on = \"never\"", nobodys, HoldsBack),
        ("base.fail-on = \"medium\"", nobody_medium, HoldsBack),
        ("yours.fail-on = \"medium\"", nobody_medium, HoldsBack),
        (
            "base.fail-on = \"never\"\nyours.fail-on = \"never\"",
            nobodys,
            Tolerated(Mild),
        ),
        ("yours.fail-on = \"never\"", same, Tolerated(Mild)),
        ("yours.fail-on = \"never\"", based, HoldsBack),
        ("yours.grace = \"14 days\"", fresh, in_grace.clone()),
        ("yours.only-fixed = true", unfixed, Tolerated(NotFixed)),
        (
            "only-fixed = true\nyours.only-fixed = false",
            unfixed,
            HoldsBack,
        ),
        ("base.grace = \"14 days\"", fresh, HoldsBack),
        ("", left_out, HoldsBack),
        ("only-reachable = true", left_out, Tolerated(Unreachable)),
        ("only-reachable = true", linked, HoldsBack),
        ("only-reachable = true", nobody_knows, HoldsBack),
        ("only-reachable = true", same, HoldsBack),
        ("base.only-reachable = true", left_out, HoldsBack),
        (
            "yours.only-reachable = true",
            left_out,
            Tolerated(Unreachable),
        ),
    ] {
        let mut one = vulnerability("CVE-2026-1", "a");
        change(&mut one);
        assert_eq!(
            standing(&one, &policy(configuration)),
            expected,
            "{configuration}: {one:?}"
        );
    }
}

fn waiver(id: Option<&str>, package: Option<&str>) -> AcceptedRisk {
    AcceptedRisk {
        id: id.map(str::to_owned),
        packages: package
            .map(|text| PackagePattern::parse(text).expect(text))
            .into_iter()
            .collect(),
        reason: Some("known".to_owned()),
        owner: Some("ops".to_owned()),
        until: Some(today()),
        written_in: "plimsoll.toml:1".to_owned(),
        ..AcceptedRisk::default()
    }
}

#[test]
fn waivers_by_number_package_and_path() {
    use crate::policy::vulnerabilities::PathPattern;
    let one = vulnerability("CVE-2026-1", "left-pad");
    let at = |path: &str| AcceptedRisk {
        paths: vec![PathPattern::wildcard(path)],
        ..waiver(Some("CVE-2026-1"), None)
    };
    for (waiver, covers) in [
        (waiver(Some("CVE-2026-1"), None), true),
        (waiver(Some("cve-2026-1"), None), true),
        (waiver(Some("GHSA-CVE-2026-1"), None), true),
        (waiver(Some("CVE-2026-10"), None), false),
        (waiver(Some("CVE-2026-1"), Some("left-pad")), true),
        (waiver(Some("CVE-2026-1"), Some("pkg:npm/left-pad")), true),
        (
            waiver(Some("CVE-2026-1"), Some("pkg:npm/left-pad@1.0.0")),
            true,
        ),
        (
            waiver(Some("CVE-2026-1"), Some("pkg:npm/left-pad@2.0.0")),
            false,
        ),
        (waiver(Some("CVE-2026-1"), Some("right-pad")), false),
        (waiver(None, Some("left-*")), true),
        (waiver(None, Some("pkg:pypi/left-pad")), false),
        (at("/app/node_modules/*"), true),
        (at("app/node_modules/left-pad/package.json"), true),
        (at("srv/*"), false),
        (AcceptedRisk::default(), false),
        (
            AcceptedRisk {
                until: Some(jiff::civil::date(2026, 11, 20)),
                ..waiver(Some("CVE-2026-1"), None)
            },
            false,
        ),
        (
            AcceptedRisk {
                until: None,
                ..waiver(Some("CVE-2026-1"), None)
            },
            true,
        ),
    ] {
        let mut policy = policy("");
        policy.waivers.push(waiver.clone());
        let aside = matches!(
            standing(&one, &policy),
            Judgement::SetAside {
                status: VulnerabilityStatus::Waived,
                ..
            }
        );
        assert_eq!(aside, covers, "{waiver:?}");
    }
}

/// One package has many spellings, where its ecosystem says so.
#[test]
fn a_waiver_takes_every_spelling_of_a_name() {
    for (purl, name, package, covers) in [
        ("pkg:pypi/flask@1", "Flask", "flask", true),
        ("pkg:pypi/flask@1", "flask", "Flask", true),
        (
            "pkg:pypi/zope-interface@1",
            "zope.interface",
            "Zope_Interface",
            true,
        ),
        (
            "pkg:pypi/zope-interface@1",
            "zope.interface",
            "zope.*",
            true,
        ),
        ("pkg:pypi/flask@1", "Flask", "pkg:pypi/Flask", true),
        (
            "pkg:composer/symfony/http-kernel@1",
            "symfony/http-kernel",
            "Symfony/HTTP-Kernel",
            true,
        ),
        (
            "pkg:composer/symfony/http-kernel@1",
            "symfony/http-kernel",
            "pkg:composer/Symfony/HTTP-Kernel",
            true,
        ),
        (
            "pkg:nuget/Newtonsoft.Json@1",
            "Newtonsoft.Json",
            "newtonsoft.json",
            true,
        ),
        (
            "pkg:nuget/Newtonsoft.Json@1",
            "Newtonsoft.Json",
            "pkg:nuget/newtonsoft.json",
            true,
        ),
        ("pkg:cargo/serde_json@1", "serde_json", "serde-json", true),
        ("pkg:npm/JSONStream@1", "JSONStream", "jsonstream", false),
        ("pkg:npm/JSONStream@1", "JSONStream", "JSONStream", true),
        ("pkg:gem/RedCloth@1", "RedCloth", "redcloth", false),
    ] {
        let mut one = vulnerability("CVE-2026-1", name);
        one.purl = purl.to_owned();
        for id in [Some("CVE-2026-1"), None] {
            let mut policy = policy("");
            policy.waivers.push(waiver(id, Some(package)));
            let aside = matches!(standing(&one, &policy), Judgement::SetAside { .. });
            assert_eq!(aside, covers, "{purl} {package} {id:?}");
        }
    }
}

#[test]
fn what_waivers_do_is_told() {
    let list = [
        vulnerability("CVE-2026-1", "a"),
        vulnerability("CVE-2026-2", "a"),
        vulnerability("CVE-2026-3", "a"),
    ];
    let mut policy = policy("");
    policy.waivers = vec![
        waiver(Some("CVE-2026-1"), None),
        waiver(Some("CVE-2026-9"), None),
        AcceptedRisk {
            until: Some(jiff::civil::date(2020, 1, 1)),
            ..waiver(Some("CVE-2026-2"), None)
        },
        AcceptedRisk {
            justification: Some("vulnerable_code_not_present"),
            ..waiver(Some("CVE-2026-3"), None)
        },
    ];
    let decision = decided(&list, &policy);
    assert_eq!(decision.used, [true, false, true, true]);
    assert_eq!(decision.standings[1], Judgement::HoldsBack);
    let Judgement::SetAside {
        status,
        reason,
        written_in,
        ..
    } = &decision.standings[0]
    else {
        panic!("{decision:?}");
    };
    assert_eq!(*status, VulnerabilityStatus::Waived);
    assert_eq!(reason, "waived until 2026-11-21 by ops: known");
    assert_eq!(written_in, "plimsoll.toml:1");
    assert!(matches!(
        &decision.standings[2],
        Judgement::SetAside {
            status: VulnerabilityStatus::NotAffected,
            justification: Some(label),
            ..
        } if label == "vulnerable_code_not_present"
    ));
}

fn statement(id: &str, status: Status, day: &str, products: Vec<Product>) -> Statement {
    Statement {
        ids: vec![id.to_owned()],
        products: products.into(),
        attested_of: std::sync::Arc::default(),
        status,
        justification: None,
        note: None,
        said: format!("{day}T00:00:00Z").parse().ok(),
        document: "vex.json".into(),
        edition: None,
        written_in: "vex.json".to_owned(),
        author: Some("upstream".into()),
    }
}

fn component(purl: &str) -> Component {
    Component {
        purls: vec![Purl::parse(purl).expect(purl)],
        ..Component::default()
    }
}

fn product(purl: &str, parts: &[&str]) -> Product {
    Product {
        itself: component(purl),
        parts: parts.iter().map(|part| component(part)).collect(),
    }
}

#[test]
fn the_newest_statement_counts() {
    let one = vulnerability("CVE-2026-1", "a");
    let of =
        |status, day: &str| statement("CVE-2026-1", status, day, vec![product("pkg:npm/a", &[])]);
    for (statements, aside) in [
        (vec![of(Status::NotAffected, "2026-01-01")], true),
        (vec![of(Status::Fixed, "2026-01-01")], true),
        (vec![of(Status::Affected, "2026-01-01")], false),
        (vec![of(Status::UnderInvestigation, "2026-01-01")], false),
        (
            vec![
                of(Status::Affected, "2026-02-01"),
                of(Status::NotAffected, "2026-01-01"),
            ],
            false,
        ),
        (
            vec![
                of(Status::UnderInvestigation, "2026-01-01"),
                of(Status::NotAffected, "2026-02-01"),
            ],
            true,
        ),
        // Said at once, the later in the file counts.
        (
            vec![
                of(Status::NotAffected, "2026-01-01"),
                of(Status::Affected, "2026-01-01"),
            ],
            false,
        ),
        // Where nobody says when, nothing is set aside that somebody says is there.
        (
            vec![of(Status::Affected, "?"), of(Status::NotAffected, "?")],
            false,
        ),
        (
            vec![
                of(Status::Affected, "?"),
                of(Status::NotAffected, "2026-01-01"),
            ],
            true,
        ),
    ] {
        let mut policy = policy("");
        policy.statements = statements.clone();
        let stands = standing(&one, &policy) == Judgement::HoldsBack;
        assert_eq!(!stands, aside, "{statements:?}");
    }
}

#[test]
fn what_is_not_held_against_all_stands_and_is_told() {
    use crate::policy::vulnerabilities::work::Work;
    let effort = Effort {
        waivers: Work::of(100),
        statements: Work::of(1000),
        heard: Work::of(1000),
    };
    let list: Vec<Vulnerability> = (0..15).map(|_| vulnerability("CVE-2026-1", "a")).collect();
    let decided = |policy: &Policy| {
        let inventory = Inventory::default();
        let image = ImageIdentity::default();
        decide_within(&list, &inventory, &image, policy, today(), effort)
    };
    let mut policy = policy("");
    let products = (0..100).map(|at| product(&format!("pkg:npm/a?x={at}"), &[]));
    let products = products.chain([product("pkg:npm/a", &[])]).collect();
    policy.statements = vec![statement("CVE-2026-1", Status::Fixed, "?", products)];
    policy.waivers = vec![waiver(None, Some("?*")); 2];
    let decision = decided(&policy);
    assert_eq!(decision.gaps.len(), 1);
    assert_eq!(decision.gaps[0].what, "VEX statements");
    assert_eq!(
        decision.gaps[0].why,
        "too much to compare: 6 known vulnerabilities were not held against all of them, and stand"
    );
    let stands: Vec<bool> = decision
        .standings
        .iter()
        .map(|one| *one == Judgement::HoldsBack)
        .collect();
    assert_eq!(stands, [[false; 9].as_slice(), &[true; 6]].concat());
    assert_eq!(decision.used, [false, false]);
    policy.statements.clear();
    policy.waivers = vec![waiver(None, Some("?*")); 20];
    let decision = decided(&policy);
    assert_eq!(decision.gaps[0].what, "waivers");
    assert!(decision.used.iter().all(|used| *used));
}

#[test]
fn products_and_their_parts() {
    let package = |kind, name: &str, purl: &str, path: &str| {
        Package::new(
            kind,
            name,
            "1.0.0",
            purl.to_owned(),
            path,
            Evidence::Metadata,
            0,
        )
    };
    let inventory = Inventory {
        packages: vec![
            package(
                PackageKind::Go,
                "example.com/lib",
                "pkg:golang/example.com/lib@1.0.0",
                "usr/bin/tool",
            ),
            package(
                PackageKind::Go,
                "example.com/tool",
                "pkg:golang/example.com/tool@1.0.0",
                "usr/bin/tool",
            ),
            package(
                PackageKind::Go,
                "example.com/other",
                "pkg:golang/example.com/other@1.0.0",
                "usr/bin/other",
            ),
        ],
        ..Inventory::default()
    };
    let mut one = vulnerability("CVE-2026-1", "example.com/lib");
    one.purl = "pkg:golang/example.com/lib@1.0.0".to_owned();
    let image = ImageIdentity::of(&image("ghcr.io/acme/app:1", Digest::from_sha256([1; 32])));
    let lib = "pkg:golang/example.com/lib";
    for (product, covers) in [
        (product(lib, &[]), true),
        (product("pkg:golang/example.com/lib@2.0.0", &[]), false),
        (product("pkg:oci/app", &[]), true),
        (product("pkg:oci/app", &[lib]), true),
        (product("pkg:oci/app", &["pkg:golang/example.com/x"]), false),
        (product("pkg:oci/other", &[lib]), false),
        (product("pkg:golang/example.com/tool", &[lib]), true),
        // The whole of the tool does not say which part.
        (product("pkg:golang/example.com/tool", &[]), false),
        // What another program has of it does not matter.
        (product("pkg:golang/example.com/other", &[lib]), false),
    ] {
        let mut policy = policy("");
        let said = vec![product.clone()];
        policy.statements = vec![statement(
            "CVE-2026-1",
            Status::NotAffected,
            "2026-01-01",
            said,
        )];
        let decision = decide(
            std::slice::from_ref(&one),
            &inventory,
            &image,
            &policy,
            today(),
        );
        let aside = decision.standings[0] != Judgement::HoldsBack;
        assert_eq!(aside, covers, "{product:?}");
    }
}

#[test]
fn very_many_of_each_take_no_time() {
    let list: Vec<Vulnerability> = (0..5_000)
        .map(|at| vulnerability(&format!("CVE-2026-{at}"), "a"))
        .collect();
    let mut policy = policy("");
    policy.statements = (0..50_000)
        .map(|at| {
            let id = format!("CVE-2026-{at}");
            let said = vec![product("pkg:npm/a", &[])];
            statement(&id, Status::NotAffected, "2026-01-01", said)
        })
        .collect();
    // One statement on as many vulnerabilities and products.
    let products = (0..50_000).map(|at| product("pkg:npm/b", &[&format!("pkg:npm/a{at}")]));
    policy.statements.push(Statement {
        ids: list.iter().map(|one| one.id.clone()).collect(),
        ..statement("", Status::Affected, "2026-02-01", products.collect())
    });
    policy.waivers = (0..5_000)
        .map(|at| waiver(Some(&format!("CVE-2026-{at}")), None))
        .collect();
    let decision = decided(&list, &policy);
    assert!(!decision.standings.contains(&Judgement::HoldsBack));
}

#[test]
fn what_is_exploited_or_likely_to_be_holds_back_however_mild_it_is() {
    let mut exploited = vulnerability("CVE-2026-1", "a");
    exploited.severity = VulnerabilitySeverity::Low;
    exploited.fix_state = FixState::NotFixed;
    exploited.known_exploited = Some(plimsoll_model::KnownExploited::default());
    let mut likely = vulnerability("CVE-2026-2", "b");
    likely.severity = VulnerabilitySeverity::Low;
    likely.epss = Some(Likelihood {
        probability: 500_000_000,
        ..Likelihood::default()
    });
    let threats = "known-exploited = \"error\"\nepss-above = 0.4\nonly-fixed = true\n";
    for one in [&exploited, &likely] {
        assert_eq!(standing(one, &policy(threats)), Judgement::HoldsBack);
        assert!(matches!(
            standing(one, &policy("")),
            Judgement::Tolerated(_)
        ));
    }
    // Half is not above half, and what is gone does not run.
    assert!(matches!(
        standing(&likely, &policy("epss-above = 0.5\n")),
        Judgement::Tolerated(_)
    ));
    exploited.removed_in = Some(2);
    assert_eq!(
        standing(&exploited, &policy(threats)),
        Judgement::Tolerated(Tolerance::Removed)
    );
}
