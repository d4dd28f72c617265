use std::path::Path;

use plimsoll_model::{AdvisoryCoverage, BillSummary, EcosystemPackages, PackageKind, ThreatList};

use super::*;
use crate::config::FILE_NAME;
use crate::policy::vulnerabilities::decision::tests::vulnerability;

fn today() -> Date {
    jiff::civil::date(2026, 11, 21)
}

fn gate(text: &str) -> Gate {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    std::fs::write(&path, text).unwrap();
    let config = Config::load(Some(&path), folder.path()).unwrap();
    Gate::load(
        &config,
        folder.path(),
        &VexArgs::default(),
        Least::Unless(FailOn::From(VulnerabilitySeverity::High)),
    )
    .unwrap()
}

fn judged(text: &str, report: &mut Report) -> Ruling {
    gate(text).judge(report, &CheckOptions::default(), true, today())
}

fn report() -> Report {
    Report {
        vulnerabilities: vec![
            vulnerability("CVE-2026-1", "a"),
            vulnerability("CVE-2026-2", "b"),
        ],
        advisories: Some(AdvisoryCoverage {
            date: Some("2026-11-18T00:00:00Z".to_owned()),
            missing: vec![EcosystemPackages {
                ecosystem: "conda".to_owned(),
                packages: 80,
                unjudged: 0,
                published: false,
                kind: PackageKind::Conda,
                date: None,
                checked: None,
            }],
            ..AdvisoryCoverage::default()
        }),
        ..Report::default()
    }
}

fn gaps(report: &Report) -> Vec<(&str, bool)> {
    let gaps = report.skipped.iter();
    gaps.map(|skipped| (skipped.why.as_str(), skipped.blocking))
        .collect()
}

#[test]
fn what_holds_back_is_named() {
    let mut report = report();
    let judged = judged("", &mut report);
    assert_eq!(judged.held_back_by, [0, 1]);
    assert_eq!(
        judged.reasons[0],
        "a 1.0.0 has CVE-2026-1, fixed in 1.0.1 [high]"
    );
    assert_eq!(report.skipped, []);
}

#[test]
fn only_so_many_are_named() {
    let mut report = report();
    let many = |number: usize| {
        (0..number)
            .map(|at| vulnerability(&format!("CVE-2026-{at}"), "a"))
            .collect()
    };
    report.vulnerabilities = many(MOST_NAMED + 1);
    let reasons = judged("", &mut report).reasons;
    assert_eq!(reasons[MOST_NAMED], "1 more known vulnerability");
    report.vulnerabilities = many(100);
    let judged = judged("", &mut report);
    assert_eq!(judged.held_back_by.len(), 100);
    assert_eq!(judged.reasons.len(), MOST_NAMED + 1);
    assert_eq!(judged.reasons[MOST_NAMED], "80 more known vulnerabilities");
}

#[test]
fn waivers_answer_for_what_they_do() {
    let waiver = |id: &str, until: &str| {
        format!(
            "[[policy.waiver]]\nid = \"{id}\"\nreason = \"x\"\nowner = \"ops\"\nuntil = \"{until}\"\n"
        )
    };
    let text = [
        waiver("CVE-2026-1", "2026-11-21"),
        waiver("CVE-2026-2", "2026-11-20"),
        waiver("CVE-2026-3", "2027-01-01"),
    ]
    .concat();
    let mut report = report();
    let judged = judged(&text, &mut report);
    assert_eq!(judged.held_back_by, [0]);
    let aside = &report.suppressed_vulnerabilities;
    assert_eq!(aside.len(), 1);
    assert!(
        aside[0].written_in.ends_with("plimsoll.toml:1"),
        "{aside:?}"
    );
    let faults: Vec<_> = report
        .findings
        .iter()
        .map(|finding| {
            let source = finding.origin.source.as_ref().unwrap();
            (finding.rule, source.start.line)
        })
        .collect();
    assert_eq!(
        faults,
        [("expired-suppression", 6), ("unused-suppression", 11)]
    );
}

#[test]
fn without_advisories_nothing_is_unused_and_a_policy_needs_them() {
    let waiver =
        "[[policy.waiver]]\nid = \"C-1\"\nreason = \"x\"\nowner = \"o\"\nuntil = \"2027-01-01\"\n";
    for (text, is_needed) in [
        ("", false),
        (waiver, false),
        ("[policy.vulnerabilities]\nfail-on = \"never\"\n", false),
        ("[policy.vulnerabilities]\nfail-on = \"high\"\n", true),
        ("[policy.vulnerabilities]\nyours.fail-on = \"low\"\n", true),
        ("[policy.vulnerabilities]\nmax-age = \"7 days\"\n", true),
        ("[policy.vulnerabilities]\nunjudged = \"fail\"\n", true),
        (
            "[policy.vulnerabilities]\npending-security-updates = \"error\"\n",
            true,
        ),
    ] {
        let mut report = Report::default();
        let judged = judged(text, &mut report);
        assert_eq!(judged, Ruling::default());
        assert_eq!(report.findings, []);
        assert_eq!(report.skipped, []);
        assert_eq!(gate(text).demand() != Demand::Nothing, is_needed, "{text}");
    }
}

#[test]
fn old_advisories_and_unjudged_packages() {
    let with = |text: &str| format!("[policy.vulnerabilities]\n{text}\n");
    let mut fresh = report();
    judged(&with("max-age = \"3 days\""), &mut fresh);
    assert_eq!(fresh.skipped, []);
    let mut old = report();
    judged(&with("max-age = \"2 days\""), &mut old);
    let told = gaps(&old);
    assert!(told[0].0.contains("3 days old"), "{told:?}");
    assert!(told[0].1);
    let mut undated = report();
    if let Some(advisories) = &mut undated.advisories {
        advisories.date = None;
    }
    judged(&with("max-age = \"2 days\""), &mut undated);
    assert!(gaps(&undated)[0].1);
    // One that is fresh says nothing of the others.
    let mut mixed = report();
    if let Some(advisories) = &mut mixed.advisories {
        let of = |ecosystem: &str, date: &str| EcosystemPackages {
            ecosystem: ecosystem.to_owned(),
            date: Some(date.to_owned()),
            ..advisories.missing[0].clone()
        };
        advisories.covered = vec![
            of("Debian:12", "2025-11-18T00:00:00Z"),
            of("PyPI", "2026-11-18T00:00:00Z"),
            of("npm", "2099-11-18T00:00:00Z"),
        ];
    }
    judged(&with("max-age = \"3 days\""), &mut mixed);
    let told = gaps(&mixed);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].0.contains("on Debian:12 are 368 days old"));
    assert!(told[1].0.contains("on npm do not say"));
    // Where nothing happens for long, it counts that somebody asked; not of what is dead as a whole.
    for (checked, whole, gaps) in [
        ("2026-11-20T00:00:00Z", "2026-11-19T00:00:00Z", 1),
        ("2026-11-20T00:00:00Z", "2026-11-01T00:00:00Z", 2),
        ("2026-11-01T00:00:00Z", "2026-11-19T00:00:00Z", 2),
        ("2099-11-20T00:00:00Z", "2026-11-19T00:00:00Z", 2),
    ] {
        let mut quiet = mixed.clone();
        quiet.skipped.clear();
        if let Some(advisories) = &mut quiet.advisories {
            advisories.checked = Some(checked.to_owned());
            advisories.date = Some(whole.to_owned());
        }
        judged(&with("max-age = \"3 days\""), &mut quiet);
        assert_eq!(quiet.skipped.len(), gaps, "{checked} {whole}");
    }
    // What an update knows of each mirror counts before what it knows of the whole.
    let mut mirrors = mixed.clone();
    mirrors.skipped.clear();
    if let Some(advisories) = &mut mirrors.advisories {
        advisories.checked = Some("2026-11-20T00:00:00Z".to_owned());
        advisories.date = advisories.checked.clone();
        advisories.covered.truncate(2);
        advisories.covered[1].date = Some("2026-11-01T00:00:00Z".to_owned());
        advisories.covered[1].checked = advisories.checked.clone();
    }
    judged(&with("max-age = \"3 days\""), &mut mirrors);
    let told = gaps(&mirrors);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].0.contains("on Debian:12 are 368 days old"));
    // Nor do fresh advisories say anything of lists that the policy needs.
    let list = |date: Option<&str>| {
        Some(ThreatList {
            date: date.map(str::to_owned),
            listed: 1,
        })
    };
    let mut lists = report();
    if let Some(advisories) = &mut lists.advisories {
        advisories.epss = list(Some("2026-10-21T00:00:00Z"));
        advisories.known_exploited = list(None);
    }
    let mut unasked = lists.clone();
    judged(&with("max-age = \"3 days\""), &mut unasked);
    assert_eq!(gaps(&unasked), []);
    judged(
        &with("max-age = \"3 days\"\nknown-exploited = \"error\"\nepss-above = 0.5"),
        &mut lists,
    );
    let told = gaps(&lists);
    assert!(
        told[0].0.contains("EPSS scores of the index: 31 days old"),
        "{told:?}"
    );
    assert!(
        told[1]
            .0
            .contains("exploited flaws of the index: nothing says"),
        "{told:?}"
    );
    assert!(told[0].1 && told[1].1);
    let mut unjudged = report();
    unjudged.bill = Some(BillSummary {
        name: "bill.json".to_owned(),
        unidentified: 2,
        ..BillSummary::default()
    });
    judged(&with("unjudged = \"report\""), &mut unjudged);
    assert_eq!(gaps(&unjudged), []);
    assert_eq!(
        gate(&with("unjudged = \"report\"\nfail-on = \"high\"")).demand(),
        Demand::Published
    );
    judged(&with("unjudged = \"fail\""), &mut unjudged);
    assert_eq!(
        gaps(&unjudged),
        [
            (
                "2 components of the bill could not be judged: no package URL of a known type says \
                 what they are",
                true
            ),
            (
                "nobody publishes advisories for conda: 80 packages could not be judged",
                true
            )
        ]
    );
}

#[test]
fn grace_is_told() {
    let mut report = report();
    for one in &mut report.vulnerabilities {
        one.published = Some("2026-11-20T00:00:00Z".to_owned());
    }
    let text = "[policy.vulnerabilities]\ngrace = \"14 days\"\n";
    let judged = judged(text, &mut report);
    assert!(judged.held_back_by.is_empty());
    assert_eq!(
        judged.notes,
        ["2 known vulnerabilities are in days of grace; the first holds back from 2026-12-04 on"]
    );
}

#[test]
fn lists_and_documents_count_where_they_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(".trivyignore", "CVE-2026-1\n");
    write(
        "vex.json",
        r#"{"@context":"https://openvex.dev/ns/v0.2.0","statements":[{"vulnerability":
            {"name":"CVE-2026-2"},"products":[{"@id":"pkg:npm/b"}],"status":"fixed"}]}"#,
    );
    let aside = |config: &Config| {
        let arguments = VexArgs::default();
        let gate = Gate::load(
            config,
            folder.path(),
            &arguments,
            Least::Unless(FailOn::From(VulnerabilitySeverity::High)),
        );
        let mut report = report();
        gate.unwrap()
            .judge(&mut report, &CheckOptions::default(), true, today());
        let aside = report.suppressed_vulnerabilities.iter();
        let aside: Vec<_> = aside
            .map(|one| format!("{} {}", one.vulnerability.id, one.status.as_str()))
            .collect();
        (aside, report.skipped.len())
    };
    let waived = "CVE-2026-1 waived".to_owned();
    assert_eq!(aside(&Config::default()), (vec![waived.clone()], 0));
    let load = |text: &str| {
        write(FILE_NAME, text);
        let path = folder.path().join(FILE_NAME);
        Config::load(Some(&path), Path::new(".")).unwrap()
    };
    // What is past its day covers nothing, and where it did that is told.
    write(
        ".trivyignore",
        "CVE-2026-1 exp:2026-01-01\nCVE-2026-9 exp:2026-01-01\n",
    );
    assert_eq!(aside(&Config::default()), (vec![], 1));
    write(".trivyignore", "CVE-2026-9 exp:2026-01-01\n");
    assert_eq!(aside(&Config::default()), (vec![], 0));
    // What covers nothing, too, a line a list.
    write(".trivyignore", "CVE-2026-1\nCVE-2026-8\nCVE-2026-9\n");
    assert_eq!(aside(&Config::default()), (vec![waived.clone()], 1));
    write(".trivyignore", "CVE-2026-1\n");
    // Ours is in force, and says which it overrules.
    assert_eq!(aside(&load("")), (vec![], 1));
    let both =
        "[policy.vulnerabilities]\nignore-files = [\".trivyignore\"]\nvex = [\"vex.json\"]\n";
    assert_eq!(
        aside(&load(both)),
        (vec![waived, "CVE-2026-2 fixed".to_owned()], 0)
    );
    let missing = load("[policy.vulnerabilities]\nvex = [\"none.json\"]\n");
    let arguments = VexArgs::default();
    let gate = Gate::load(
        &missing,
        folder.path(),
        &arguments,
        Least::Unless(FailOn::From(VulnerabilitySeverity::High)),
    );
    let failure = gate.map(|_| ()).unwrap_err().to_string();
    assert!(failure.contains("none.json"), "{failure}");
}

#[test]
fn documents_on_other_things_are_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "vendor.json",
        r#"{"@context":"https://openvex.dev/ns/v0.2.0","statements":[
            {"vulnerability":{"name":"CVE-2026-2"},"products":["pkg:npm/b"],"status":"fixed"},
            {"vulnerability":{"name":"CVE-2026-1"},"products":["pkg:npm/b"],"status":"fixed"},
            {"vulnerability":{"name":"CVE-2026-9"},"products":["pkg:npm/a"],"status":"fixed"}]}"#,
    );
    write(
        "link.json",
        r#"{"bomFormat":"CycloneDX","vulnerabilities":[{"id":"CVE-2026-1",
            "analysis":{"state":"not_affected"},"affects":[{"ref":"urn:cdx:aaaa/1#a"}]}]}"#,
    );
    write(
        "used.json",
        r#"{"@context":"https://openvex.dev/ns/v0.2.0","statements":[
            {"vulnerability":{"name":"CVE-2026-2"},"products":["pkg:npm/b"],
             "status":"fixed"}]}"#,
    );
    write(
        FILE_NAME,
        "[policy.vulnerabilities]\nvex = [\"vendor.json\", \"link.json\", \"used.json\"]\n",
    );
    let path = folder.path().join(FILE_NAME);
    let load = || {
        let config = Config::load(Some(&path), Path::new(".")).unwrap();
        let least = Least::Unless(FailOn::From(VulnerabilitySeverity::High));
        Gate::load(&config, folder.path(), &VexArgs::default(), least).unwrap()
    };
    let gate = load();
    let told = |gate: &Gate, whole: bool| {
        let mut report = report();
        let judged = gate.judge(&mut report, &CheckOptions::default(), whole, today());
        let skipped = report.skipped.iter();
        let told: Vec<String> = skipped
            .map(|one| {
                assert!(!one.blocking);
                let file = one.what.rsplit('/').next().unwrap();
                format!("{file}: {}", one.why)
            })
            .collect();
        (told, judged.held_back_by.len())
    };
    let vendor = "vendor.json: 2 of 3 statements are about no known vulnerability of this image";
    let link = "link.json: 1 of 1 statement is about no known vulnerability of this image; 1 names \
                components of a bill of materials that is not of this image";
    assert_eq!(
        told(&gate, true),
        (vec![link.to_owned(), vendor.to_owned()], 1)
    );
    // Where not all is listed, nobody knows.
    assert_eq!(told(&gate, false), (vec![], 1));
    // The bill that the link names.
    let bill = BillOfMaterials {
        serial: Some("aaaa".to_owned()),
        references: vec![("a".to_owned(), 0)],
        ..BillOfMaterials::default()
    };
    assert_eq!(
        told(&gate.told_by(&bill), true),
        (vec![vendor.to_owned()], 0)
    );
    // Two versions of one document.
    for (name, version) in [("link.json", 1), ("used.json", 2)] {
        let text = format!(
            r#"{{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://a/1","version":{version},
            "statements":[{{"vulnerability":{{"name":"CVE-2026-2"}},"products":["pkg:npm/b"],
             "status":"fixed"}}]}}"#
        );
        write(name, &text);
    }
    let replaced =
        "link.json: 1 of 1 statement is not used: a newer version of the document is given";
    assert_eq!(
        told(&load(), true).0,
        [replaced.to_owned(), vendor.to_owned()]
    );
}

/// What may be there, and would hold back if it were, keeps a gate from holding.
#[test]
fn what_may_be_there_holds_no_gate() {
    let open = || {
        let mut report = report();
        report.vulnerabilities.clear();
        report.undecided_vulnerabilities = vec![vulnerability("CVE-2026-9", "open")];
        let unjudged = plimsoll_model::UnjudgedPackage {
            purl: "pkg:npm/open@1.0.0".to_owned(),
            version: "1.0.0".to_owned(),
            why: "GHSA-CVE-2026-9: \"~\" is no SemVer version".to_owned(),
        };
        report.advisories.as_mut().unwrap().unjudged = vec![unjudged];
        report
    };
    let policy = |text: &str| format!("[policy.vulnerabilities]\n{text}\n");
    let waived = "\n[[policy.waiver]]\nid = \"CVE-2026-9\"\nreason = \"not used\"\nowner = \"ops\"\n\
        until = \"2026-12-31\"\n";
    for (text, blocks) in [
        (policy("fail-on = \"high\""), true),
        (policy("yours.fail-on = \"low\""), true),
        (policy("fail-on = \"critical\""), false),
        (policy("fail-on = \"high\"\nunjudged = \"report\""), false),
        (policy("fail-on = \"high\"") + waived, false),
        (String::new(), false),
    ] {
        let mut report = open();
        let found = judged(&text, &mut report);
        assert_eq!(found.reasons, Vec::<String>::new());
        let told: Vec<_> = report.skipped.iter().filter(|gap| gap.blocking).collect();
        assert_eq!(!told.is_empty(), blocks, "{text}: {told:?}");
        if let Some(gap) = told.first() {
            assert_eq!(gap.what, "vulnerabilities of pkg:npm/open@1.0.0");
            assert!(
                gap.why.contains("CVE-2026-9 may be in it [high]"),
                "{gap:?}"
            );
            assert!(gap.why.contains("is no SemVer version"), "{gap:?}");
        }
        // A waiver of it covers something.
        assert_eq!(report.findings, []);
    }
}

/// What is accepted whatever the version needs no edit; what is accepted in a version says nothing of
/// others.
#[test]
fn what_another_version_brings_is_accepted_as_what_is_there() {
    let waiver = |what: &str, until: &str| {
        format!("[[policy.waiver]]\n{what}\nreason = \"x\"\nowner = \"ops\"\nuntil = \"{until}\"\n")
    };
    let text = [
        waiver("id = \"CVE-2026-1\"", "2026-11-21"),
        waiver("id = \"CVE-2026-2\"", "2026-11-20"),
        waiver(
            "id = \"CVE-2026-3\"\npackage = \"pkg:npm/c@1.0.0\"",
            "2026-11-21",
        ),
        waiver("id = \"CVE-2026-4\"\npackage = \"pkg:npm/d\"", "2026-11-21"),
        waiver("package = \"e\"", "2026-11-21"),
    ]
    .concat();
    let gate = gate(&text);
    let mut outlook = Outlook::of_any(&gate.policy, today());
    let mut counts = |one: &Vulnerability| outlook.holds_back(one);
    let brought = |id: &str, name: &str| Vulnerability {
        purl: format!("pkg:npm/{name}@2.0.0"),
        installed: "2.0.0".to_owned(),
        ..vulnerability(id, name)
    };
    for (id, name, expected) in [
        ("CVE-2026-0", "a", true),
        ("CVE-2026-1", "a", false),
        // Its day is past.
        ("CVE-2026-2", "b", true),
        ("CVE-2026-3", "c", true),
        ("CVE-2026-4", "d", false),
        ("CVE-2026-4", "a", true),
        ("CVE-2026-5", "e", false),
    ] {
        assert_eq!(counts(&brought(id, name)), expected, "{id} in {name}");
    }
    let mild = Vulnerability {
        severity: VulnerabilitySeverity::Low,
        ..brought("CVE-2026-0", "a")
    };
    assert!(!counts(&mild));
}

/// What is accepted of what is installed holds of another version, unless it names the version.
#[test]
fn what_is_accepted_here_is_accepted_in_another_version() {
    let waiver = |what: &str| {
        format!(
            "[[policy.waiver]]\n{what}\nreason = \"x\"\nowner = \"ops\"\nuntil = \"2026-11-21\"\n"
        )
    };
    for (what, counts) in [
        ("package = \"pkg:npm/a@1.0.0\"", true),
        ("package = \"pkg:npm/a\"", false),
        ("package = \"a\"\npath = \"app/node_modules/a/*\"", false),
        ("id = \"CVE-2026-1\"", false),
    ] {
        let gate = gate(&waiver(what));
        let mut report = report();
        gate.judge(&mut report, &CheckOptions::default(), true, today());
        assert_eq!(report.suppressed_vulnerabilities.len(), 1, "{what}");
        let identity = gate.identity(&report);
        let mut outlook = gate.outlook(&report, &identity, today());
        let raised = Vulnerability {
            purl: "pkg:npm/a".to_owned(),
            installed: "2.0.0".to_owned(),
            ..report.suppressed_vulnerabilities[0].vulnerability.clone()
        };
        assert_eq!(outlook.holds_back_again(&raised), counts, "{what}");
    }
    // Nothing is accepted.
    let (gate, report) = (gate(""), report());
    let identity = gate.identity(&report);
    let mut outlook = gate.outlook(&report, &identity, today());
    assert!(!outlook.holds_back_again(&report.vulnerabilities[0]));
}

/// Where somebody else took its name for something malicious, one's own application still ships.
#[test]
fn what_may_be_malicious_holds_back_where_packages_are_installed() {
    for (path, blocks) in [
        ("app/package.json", false),
        ("app/node_modules/a/package.json", true),
    ] {
        let mut report = report();
        let mut one = report.vulnerabilities.swap_remove(0);
        one.id = "MAL-2026-1".to_owned();
        one.package = 0;
        let purl = one.purl.clone();
        let evidence = plimsoll_model::Evidence::Metadata;
        let package =
            plimsoll_model::Package::new(PackageKind::Npm, "a", "1.0.0", purl, path, evidence, 0);
        report.inventory.packages = vec![package];
        report.vulnerabilities.clear();
        report.advisories.as_mut().unwrap().missing.clear();
        report.undecided_vulnerabilities = vec![one];
        judged("[policy.vulnerabilities]\nfail-on = \"low\"\n", &mut report);
        assert_eq!(
            report.skipped.iter().any(|gap| gap.blocking),
            blocks,
            "{path}"
        );
        assert_eq!(report.undecided_vulnerabilities.len(), 1);
    }
}

/// Whoever compares two images reads why something counts again.
#[test]
fn what_is_past_its_day_is_told_where_images_are_compared() {
    let text = "[[policy.waiver]]\nid = \"CVE-2026-1\"\nreason = \"x\"\nowner = \"ops\"\n\
                until = \"2026-11-20\"\n\n\
                [[policy.waiver]]\nid = \"CVE-2026-7\"\nreason = \"x\"\nowner = \"ops\"\n\
                until = \"2026-11-20\"\n";
    for is_open in [false, true] {
        let mut report = report();
        if is_open {
            report.undecided_vulnerabilities = std::mem::take(&mut report.vulnerabilities);
        }
        gate(text).set_aside(&mut report, false, today());
        let told: Vec<&Skipped> = report
            .skipped
            .iter()
            .filter(|gap| gap.why.contains("ended on 2026-11-20"))
            .collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].what.ends_with("plimsoll.toml") && !told[0].blocking);
        assert!(told[0].why.contains("CVE-2026-1"), "{told:?}");
    }
}
