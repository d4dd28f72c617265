//! Known vulnerabilities in the formats that carry them.

use std::sync::LazyLock;

use jsonschema::Validator;
use plimsoll_model::{
    Advice, AdvisedAction, AdvisedEdit, AdvisoryCoverage, BillSummary, CvssScore,
    EcosystemPackages, FixState, KnownExploited, LayerOrigin, Likelihood, Origin, PackageKind,
    PendingUpdate, PocketPackages, Reachability, Report, SeverityBasis, SourceOrigin, Span,
    SuppressedVulnerability, ThreatList, UnjudgedPackage, VersionStep, Vulnerability,
    VulnerabilitySeverity, VulnerabilityStatus,
};
use plimsoll_report::{
    RenderInput, Verdict, checkstyle, codeclimate, container_scanning, github, human, json, junit,
    markdown, plain, rdjson, sarif, sonarqube,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::synthetic::{Case, inspected};

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let text = include_str!("../schemas/gitlab-container-scanning-15.2.1.json");
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
});

fn assert_valid(document: &str) {
    let document: Value = serde_json::from_str(document).unwrap();
    let errors: Vec<String> = SCHEMA
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// The synthetic image, with packages of its base and of its own that have known vulnerabilities.
pub(crate) fn vulnerable() -> Case {
    let mut case = inspected();
    let report = &mut case.report;
    let layers = report.inventory.layers.clone();
    let of = |id: &str, kind: &str, name: &str, installed: &str, layer: usize| {
        let facts = &layers[layer];
        Vulnerability {
            id: id.to_owned(),
            aliases: Vec::new(),
            advisories: vec![format!("TEST-{id}")],
            package: 0,
            name: name.to_owned(),
            purl: format!("pkg:{kind}/{name}@{installed}"),
            installed: installed.to_owned(),
            fixed: None,
            free_of_all: None,
            fixed_versions: Vec::new(),
            fix_state: FixState::NotFixed,
            severity: VulnerabilitySeverity::Medium,
            severity_source: None,
            severity_basis: None,
            cvss: None,
            title: None,
            published: None,
            modified: None,
            references: Vec::new(),
            symbols: Vec::new(),
            reachable: None,
            epss: None,
            known_exploited: None,
            origin: Origin {
                source: facts.source.clone(),
                instruction_line: facts.source.as_ref().map(|source| source.start.line),
                layer: Some(LayerOrigin {
                    index: layer,
                    diff_id: facts.diff_id.clone(),
                    instruction: facts.instruction.clone(),
                }),
                package: Some(format!("pkg:{kind}/{name}@{installed}")),
                path: Some("var/lib/dpkg/status".to_owned()),
            },
            in_base: Some(layer == 0),
            removed_in: None,
        }
    };
    let fixed = |version: &str, found: Vulnerability| Vulnerability {
        fixed: Some(version.to_owned()),
        fixed_versions: vec![version.to_owned()],
        fix_state: FixState::Fixed,
        ..found
    };
    report.vulnerabilities = vec![
        Vulnerability {
            aliases: vec!["GHSA-aaaa-bbbb-cccc".to_owned(), "PYSEC-2026-1".to_owned()],
            severity: VulnerabilitySeverity::Critical,
            severity_source: Some("ghsa".to_owned()),
            severity_basis: Some(SeverityBasis::Cvss),
            cvss: Some(CvssScore {
                version: "3.1",
                vector: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned()),
                tenths: 98,
                source: "ghsa".to_owned(),
            }),
            title: Some("A frame runs what is in it.".to_owned()),
            references: vec![
                "https://example.com/fix".to_owned(),
                "javascript:alert(1)".to_owned(),
            ],
            ..fixed("2.2.4", of("CVE-2026-1", "pypi", "pandas", "2.2.3", 2))
        },
        Vulnerability {
            severity: VulnerabilitySeverity::High,
            severity_source: Some("debian".to_owned()),
            title: Some("A buffer is too small".to_owned()),
            ..fixed(
                "3.0.15-1~deb12u1",
                of("CVE-2026-2", "deb", "libssl3", "3.0.11-1~deb12u2", 0),
            )
        },
        fixed(
            "12.2.0-14+deb12u1",
            of("CVE-2026-3", "deb", "gcc-12", "12.2.0-14", 1),
        ),
        Vulnerability {
            fix_state: FixState::WillNotFix,
            severity: VulnerabilitySeverity::Negligible,
            ..of("CVE-2026-4", "deb", "libssl3", "3.0.11-1~deb12u2", 0)
        },
        Vulnerability {
            severity: VulnerabilitySeverity::Unknown,
            removed_in: Some(2),
            ..of("OSV-2026-5", "deb", "wget", "1.21", 1)
        },
        fixed("1.20.2", of("CVE-2026-6", "golang", "stdlib", "1.20.1", 2)),
    ];
    let step = |at: usize, kind, removes| {
        let found = &report.vulnerabilities[at];
        VersionStep {
            kind,
            name: found.name.clone(),
            purl: found.purl.clone(),
            installed: found.installed.clone(),
            to: found.fixed.clone().unwrap(),
            removes,
            is_brought: false,
        }
    };
    let edit = |action, place: Option<SourceOrigin>, step, removes: &[usize], stays: &[usize]| {
        AdvisedEdit {
            action,
            place,
            layer: None,
            program: None,
            steps: vec![step],
            removes: removes.to_vec(),
            stays: stays.to_vec(),

            updates: Vec::new(),
        }
    };
    let file = &case.sources[0];
    let line = |name: &str, line: usize| {
        let start = file.bytes().split(|byte| *byte == b'\n').take(line - 1);
        let start = start.map(|line| line.len() + 1).sum();
        SourceOrigin {
            file: name.to_owned(),
            ..SourceOrigin::new(file, Span::new(start, start + 4))
        }
    };
    report.advice = Advice {
        edits: vec![
            edit(
                AdvisedAction::RaiseVersions,
                Some(line("app/requirements.txt", 4)),
                step(0, PackageKind::Python, 1),
                &[0],
                &[],
            ),
            edit(
                AdvisedAction::RenewBase,
                Some(line("app/Dockerfile", 1)),
                step(1, PackageKind::Deb, 1),
                &[1],
                &[3],
            ),
            AdvisedEdit {
                layer: Some(1),
                ..edit(
                    AdvisedAction::RenewPackages,
                    None,
                    step(2, PackageKind::Deb, 1),
                    &[2],
                    &[4],
                )
            },
            AdvisedEdit {
                layer: Some(2),
                program: Some("usr/bin/app".to_owned()),
                ..edit(
                    AdvisedAction::RebuildProgram,
                    Some(line("app/Dockerfile", 5)),
                    step(5, PackageKind::Go, 1),
                    &[5],
                    &[],
                )
            },
        ],
        plan: vec![0, 1],
        remaining: vec![3],
    };
    report.suppressed_vulnerabilities = vec![SuppressedVulnerability {
        vulnerability: Vulnerability {
            id: "CVE-2026-7".to_owned(),
            ..report.vulnerabilities[2].clone()
        },
        status: VulnerabilityStatus::NotAffected,
        reason: "no compiler runs in production".to_owned(),
        justification: None,
        written_in: "plimsoll.toml:4".to_owned(),
    }];
    report.advisories = Some(AdvisoryCoverage {
        snapshot: "5".repeat(64),
        date: Some("2026-11-20T00:00:00Z".to_owned()),
        checked: Some("2026-11-21T04:00:00Z".to_owned()),
        advisories: 65_000,
        covered: vec![EcosystemPackages {
            ecosystem: "Debian:12".to_owned(),
            packages: 88,
            unjudged: 0,
            published: true,
            kind: PackageKind::Deb,
            date: None,
        }],
        missing: vec![EcosystemPackages {
            ecosystem: "opam".to_owned(),
            packages: 3,
            unjudged: 0,
            published: true,
            kind: PackageKind::Opam,
            date: None,
        }],
        broken: 3,
        by_distribution: 2,
        left_out: 0,
        unjudged: vec![UnjudgedPackage {
            purl: "pkg:pypi/odd@dev".to_owned(),
            version: "dev".to_owned(),
            why: "\"dev\" is no PEP 440 version: it begins with a letter".to_owned(),
        }],
        pockets: vec![PocketPackages {
            suite: "bookworm-security".to_owned(),
            release: "Debian:12".to_owned(),
            date: Some("2026-11-19T00:12:41Z".to_owned()),
            packages: 88,
        }],
        missing_pocket: None,
        epss: Some(ThreatList {
            date: Some("2026-11-20T00:00:00Z".to_owned()),
            listed: 300_000,
        }),
        known_exploited: None,
    });
    let base = report.vulnerabilities[0].origin.clone();
    let update = |name: &str, told: &[&str]| PendingUpdate {
        package: 0,
        name: name.to_owned(),
        purl: format!("pkg:deb/debian/{name}@1.0-1"),
        installed: "1.0-1".to_owned(),
        available: "1.0-1+deb12u2".to_owned(),
        source: "lib<b>".to_owned(),
        source_version: "1.0-1+deb12u2".to_owned(),
        pocket: "bookworm-security".to_owned(),
        vulnerabilities: told.iter().map(|id| (*id).to_owned()).collect(),
        origin: base.clone(),
        in_base: Some(true),
    };
    report.pending_updates = vec![update("liba", &["CVE-2026-1"]), update("libb|c", &[])];
    report.advice.edits[0].updates = vec![0, 1];
    report.vulnerabilities[0].epss = Some(Likelihood {
        probability: 934_210_000,
        percentile: 998_000_000,
        date: Some("2026-11-20T00:00:00Z".to_owned()),
    });
    report.vulnerabilities[0].known_exploited = Some(KnownExploited {
        added: Some("2026-03-01".to_owned()),
        due: None,
        ransomware: true,
    });
    case
}

/// A reason that begins with the word for what it is a reason for, does not say it twice.
#[test]
fn what_was_set_aside_is_said_once() {
    let mut case = vulnerable();
    for (status, reason, told) in [
        (
            VulnerabilityStatus::KnownBefore,
            "known before",
            "known before",
        ),
        (
            VulnerabilityStatus::Waived,
            "waived by ops: never called",
            "waived by ops: never called",
        ),
        (VulnerabilityStatus::Waived, "waivedly", "waived: waivedly"),
        (VulnerabilityStatus::Fixed, "patched", "fixed: patched"),
    ] {
        let one = &mut case.report.suppressed_vulnerabilities[0];
        (one.status, one.reason) = (status, reason.to_owned());
        let junit = junit::render(&case.input());
        assert!(
            junit.contains(&format!("<skipped message=\"{told}\">")),
            "{told}: {junit}"
        );
        let gitlab = container_scanning::render(&case.input());
        assert!(
            gitlab.contains(&format!("]: {told}, written in")),
            "{told}: {gitlab}"
        );
    }
}

#[test]
fn junit_cases() {
    insta::assert_snapshot!(junit::render(&vulnerable().input()));
}

#[test]
fn markdown_page() {
    insta::assert_snapshot!(markdown::render(&vulnerable().input()));
}

#[test]
fn human_details() {
    insta::assert_snapshot!(human::render(&vulnerable().input()));
}

#[test]
fn human_screen() {
    let case = vulnerable();
    let input = RenderInput {
        details: false,
        width: 100,
        ..case.input()
    };
    insta::assert_snapshot!(human::render(&input));
}

/// Whatever a report says must fit the screen: edits, findings and layers make room.
#[test]
fn the_screen_fits_with_vulnerabilities() {
    let mut case = vulnerable();
    let missing = case.report.advisories.as_ref().unwrap().missing.clone();
    let names = ["Debian:12", "Maven", "generic", "opam"];
    case.report.advisories.as_mut().unwrap().missing = names
        .map(|name| EcosystemPackages {
            ecosystem: name.to_owned(),
            ..missing[0].clone()
        })
        .to_vec();
    let input = RenderInput {
        details: false,
        wraps: true,
        made: Some("2026-11-22T01:00:00Z"),
        ..case.input()
    };
    let text = human::render(&input);
    insta::assert_snapshot!(text);
    assert!(text.lines().count() <= 24, "{text}");
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{text}");
    let words: Vec<&str> = text.split_whitespace().collect();
    assert!(
        words.join(" ").contains("), checked 1 day ago; none on"),
        "{text}"
    );
}

/// A bill of materials is no longer than an image, and says as much of what it was judged by.
#[test]
fn a_bill_of_materials_is_a_screen() {
    let mut case = vulnerable();
    let report = &mut case.report;
    report.image = None;
    report.advisories.as_mut().unwrap().checked = None;
    report.findings.clear();
    report.inventory.layers.clear();
    report.bill = Some(BillSummary {
        name: "bill.json".to_owned(),
        format: "CycloneDX 1.6".to_owned(),
        subject: "app:1".to_owned(),
        digest: None,
        unidentified: 2,
    });
    for edit in &mut report.advice.edits {
        edit.place = None;
        edit.layer = None;
        edit.program = None;
    }
    for found in &mut report.vulnerabilities {
        found.origin = Origin::default();
        found.in_base = None;
    }
    let input = RenderInput {
        details: false,
        made: Some("2026-11-20T01:00:00Z"),
        ..case.input()
    };
    let text = human::render(&input);
    insta::assert_snapshot!(text);
    let details = human::render(&RenderInput {
        details: true,
        ..input
    });
    assert!(details.contains("SEVERITY"), "{details}");
    assert!(!text.contains("SEVERITY"), "{text}");
    assert!(markdown::render(&input).contains("Judged by 65000 advisories of 2026-11-20"));
}

/// What was filtered out is known all the same, and what nobody judged is not clean.
#[test]
fn what_was_not_asked_for_is_not_unknown() {
    let mut case = vulnerable();
    case.report.unlisted.vulnerabilities = 149;
    let forms = |case: &Case| {
        let input = RenderInput {
            details: false,
            ..case.input()
        };
        [human::render(&input), markdown::render(&input)]
    };
    for form in forms(&case) {
        assert!(form.contains("149 more known, not listed"), "{form}");
    }
    case.report.vulnerabilities.clear();
    case.report.advice = Advice::default();
    for form in forms(&case) {
        assert!(
            form.to_lowercase().contains("none of those asked for"),
            "{form}"
        );
        assert!(form.contains("149 more known, not listed"), "{form}");
    }
    // Of Debian's packages there are advisories, of the others none.
    case.report.unlisted.system = true;
    for form in forms(&case) {
        assert!(form.to_lowercase().contains("not judged"), "{form}");
        assert!(form.contains("149 more known, not listed"), "{form}");
        assert!(!form.contains("none known"), "{form}");
    }
}

/// Nobody can raise what another package brings within itself.
#[test]
fn the_edit_of_a_vendored_package_is_a_newer_holder() {
    let mut case = vulnerable();
    let report = &mut case.report;
    let folder = "opt/tool/lib/python3.11/site-packages";
    report.vulnerabilities[0].origin.path = Some(format!("{folder}/pip/_vendor/vendor.txt"));
    let told = |case: &Case| {
        let text = human::render(&case.input());
        let line = text
            .lines()
            .find(|line| line.starts_with("app/requirements"));
        line.unwrap().to_owned()
    };
    let text = told(&case);
    assert!(
        text.ends_with(": a newer pip with pandas ≥ 2.2.4"),
        "{text}"
    );
    let mut pip = case.report.inventory.packages[1].clone();
    pip.name = "pip".to_owned();
    pip.version = "22.3.1".to_owned();
    pip.path = format!("{folder}/pip-22.3.1.dist-info/METADATA");
    case.report.inventory.packages.push(pip);
    let text = told(&case);
    assert!(
        text.ends_with(": a pip after 22.3.1 with pandas ≥ 2.2.4"),
        "{text}"
    );
    // What is also there by itself is raised by itself.
    let mut other = case.report.vulnerabilities[0].clone();
    other.origin.path = Some(format!("{folder}/pandas-2.2.3.dist-info/METADATA"));
    case.report.vulnerabilities.push(other);
    case.report.advice.edits[0].removes.push(6);
    let text = told(&case);
    assert!(text.ends_with(": pandas 2.2.3 → 2.2.4"), "{text}");
}

#[test]
fn what_another_package_brings_is_told_of_that_one() {
    let mut case = vulnerable();
    let told = |case: &Case| {
        let text = human::render(&case.input());
        let line = text
            .lines()
            .find(|line| line.starts_with("app/requirements"));
        line.unwrap().to_owned()
    };
    let report = &mut case.report;
    report.advice.edits[0].steps[0].is_brought = true;
    report.advice.edits[0].steps[0].kind = PackageKind::Npm;
    let text = told(&case);
    assert!(
        text.ends_with(": pandas 2.2.3 → 2.2.4 (brought by something else)"),
        "{text}"
    );
    let nested = "app/node_modules/@s/foo/node_modules/pandas/package.json";
    case.report.vulnerabilities[0].origin.path = Some(nested.to_owned());
    let mut holder = case.report.inventory.packages[1].clone();
    holder.kind = PackageKind::Npm;
    holder.name = "@s/foo".to_owned();
    holder.version = "0.19.0".to_owned();
    holder.path = "app/node_modules/@s/foo/package.json".to_owned();
    case.report.inventory.packages.push(holder);
    let text = told(&case);
    assert!(
        text.ends_with(": a @s/foo after 0.19.0 with pandas ≥ 2.2.4"),
        "{text}"
    );
    // A store is no package.
    let stored = "app/node_modules/.pnpm/pandas@2.2.3/node_modules/pandas/package.json";
    case.report.vulnerabilities[0].origin.path = Some(stored.to_owned());
    let text = told(&case);
    assert!(text.ends_with("(brought by something else)"), "{text}");
}

#[test]
fn what_a_line_takes_already_is_a_matter_of_the_lock() {
    let mut case = vulnerable();
    let edit = &mut case.report.advice.edits[0];
    edit.action = AdvisedAction::RenewLock;
    for (kind, words) in [
        (
            PackageKind::Npm,
            "update the lock (npm update pandas), for pandas ≥ 2.2.4",
        ),
        (
            PackageKind::Python,
            "update the lock, or rebuild without cache, for pandas ≥ 2.2.4",
        ),
    ] {
        case.report.advice.edits[0].steps[0].kind = kind;
        let text = human::render(&case.input());
        assert!(text.contains(words), "{text}");
    }
    let json: Value = serde_json::from_str(&json::render(&case.input())).unwrap();
    assert_eq!(json["advice"]["edits"][0]["action"], "renew-lock");
}

#[test]
fn json_advice() {
    let value: Value = serde_json::from_str(&json::render(&vulnerable().input())).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&value["advice"]).unwrap());
}

#[test]
fn container_scanning_report() {
    let case = vulnerable();
    let input = RenderInput {
        made: Some("2026-11-21T14:45:35Z"),
        ..case.input()
    };
    let value: Value = serde_json::from_str(&container_scanning::render(&input)).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&value).unwrap());
}

#[test]
fn container_scanning_is_what_its_schema_says() {
    assert_valid(&container_scanning::render(&vulnerable().input()));
    assert_valid(&container_scanning::render(&inspected().input()));
    assert_valid(&container_scanning::render(&RenderInput::new(
        &Report::default(),
        "0.1.0",
    )));
}

#[test]
fn packages_without_vulnerabilities_pass() {
    let mut case = vulnerable();
    case.report.vulnerabilities.clear();
    let text = junit::render(&case.input());
    assert!(text.contains("but those set aside\"/>"), "{text}");
    case.report.suppressed_vulnerabilities.clear();
    let text = junit::render(&case.input());
    assert!(
        text.contains("name=\"no known vulnerabilities\"/>"),
        "{text}"
    );
    case.report.advisories = None;
    let text = junit::render(&case.input());
    assert!(!text.contains("vulnerabilities"), "{text}");
}

#[test]
fn what_was_set_aside_is_in_every_form_with_its_reason() {
    let mut case = vulnerable();
    let one = &mut case.report.suppressed_vulnerabilities[0];
    one.justification = Some("component_not_present".to_owned());
    let expected = [
        one.vulnerability.id.clone(),
        one.vulnerability.name.clone(),
        one.reason.clone(),
        one.written_in.clone(),
        "component".to_owned(),
        "not affected".to_owned(),
    ];
    let input = case.input();
    for text in [
        junit::render(&input),
        markdown::render(&input).replace('\\', ""),
        container_scanning::render(&input),
    ] {
        for words in &expected {
            assert!(text.contains(words.as_str()), "{words}: {text}");
        }
    }
}

#[test]
fn what_makes_it_more_or_less_urgent_is_in_every_form() {
    let mut case = vulnerable();
    let report = &mut case.report;
    report.vulnerabilities[0].reachable = Some(Reachability::Linked(vec!["a.B".to_owned()]));
    report.vulnerabilities[1].reachable = Some(Reachability::NotLinked(2));
    let input = case.input();
    let forms = [
        junit::render(&input),
        container_scanning::render(&input),
        sarif::render(&input),
        human::render(&input),
    ];
    for form in forms {
        for word in ["exploited", "yes (a.B is linked in)", "no ("] {
            assert!(form.contains(word), "{word} is not in\n{form}");
        }
    }
    let page = markdown::render(&input);
    assert!(
        page.contains("exploited, by ransomware; EPSS 93 %"),
        "{page}"
    );
    assert!(page.contains("reachable: no"), "{page}");
    assert_valid(&container_scanning::render(&input));
}

#[test]
fn nobody_looked_is_no_success() {
    let mut case = vulnerable();
    let status = |case: &Case| {
        let value: Value =
            serde_json::from_str(&container_scanning::render(&case.input())).unwrap();
        value["scan"]["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status(&case), "success");
    case.report.skipped[0].blocking = true;
    assert_eq!(status(&case), "failure");
    case.report.skipped.clear();
    case.report.advisories = None;
    assert_eq!(status(&case), "failure");
}

/// That nothing is known is said in every form where nothing could be judged.
#[test]
fn what_nobody_could_judge_is_not_clean() {
    let mut case = vulnerable();
    let report = &mut case.report;
    report.vulnerabilities.clear();
    report.suppressed_vulnerabilities.clear();
    let image = report.image.take();
    report.bill = Some(BillSummary {
        name: "bill.json".to_owned(),
        format: "CycloneDX 1.6".to_owned(),
        subject: String::new(),
        digest: None,
        unidentified: 2,
    });
    let coverage = report.advisories.as_mut().unwrap();
    let judged = coverage.covered.clone();
    for one in &mut coverage.covered {
        one.unjudged = one.packages;
    }
    let held_back = Verdict {
        holds: false,
        reasons: vec!["it is not known".to_owned()],
        next: None,
    };
    let input = RenderInput {
        verdict: Some(&held_back),
        ..case.input()
    };
    let none = "no advisory could be held against any of";
    let forms = [
        human::render(&input),
        junit::render(&input),
        markdown::render(&input),
        sarif::render(&input).replace("No advisory", "no advisory"),
    ];
    for form in &forms {
        assert!(form.contains(none), "{form}");
    }
    assert!(forms[0].contains("verdict  held back"), "{}", forms[0]);
    assert!(forms[0].contains("- it is not known"), "{}", forms[0]);
    assert!(!forms[1].contains("name=\"no known"), "{}", forms[1]);
    assert!(!forms[2].contains("None."), "{}", forms[2]);
    let value: Value = serde_json::from_str(&container_scanning::render(&input)).unwrap();
    assert_eq!(value["scan"]["status"], "failure");
    // Only components that nothing identifies.
    let coverage = case.report.advisories.as_mut().unwrap();
    coverage.covered.clear();
    coverage.missing.clear();
    assert!(junit::render(&case.input()).contains(none));
    // And the other way round.
    case.report.bill = None;
    assert!(!junit::render(&case.input()).contains(none));
    case.report.image = image;
    case.report.advisories.as_mut().unwrap().covered = judged;
    assert!(!human::render(&case.input()).contains(none));
}

/// A log says by what it was judged, and what was not.
#[test]
fn sarif_names_the_advisories() {
    let case = vulnerable();
    let value: Value = serde_json::from_str(&sarif::render(&case.input())).unwrap();
    let run = &value["runs"][0];
    let coverage = case.report.advisories.as_ref().unwrap();
    assert_eq!(run["properties"]["advisoriesSnapshot"], coverage.snapshot);
    let told = run["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(told.contains(&coverage.snapshot), "{told}");
    let missing = coverage.missing.iter().map(|one| &one.ecosystem);
    for word in missing.chain(coverage.unjudged.iter().map(|one| &one.purl)) {
        assert!(told.contains(word.as_str()), "{word}: {told}");
    }
}

/// What makes the exit code is in the forms that know findings only, too.
#[test]
fn forms_of_findings_have_vulnerabilities() {
    let case = vulnerable();
    let input = case.input();
    let lines: Vec<String> = input
        .report
        .vulnerabilities
        .iter()
        .map(|one| {
            let origin = &one.origin;
            origin
                .source
                .as_ref()
                .map_or(String::new(), |source| source.start.line.to_string())
        })
        .collect();
    for form in [
        plain::render(&input),
        github::render(&input),
        rdjson::render(&input),
        checkstyle::render(&input),
        codeclimate::render(&input),
        codeclimate::render_gitlab(&input),
        sonarqube::render(&input),
    ] {
        assert!(form.contains("known-vulnerability"), "{form}");
        for (one, line) in input.report.vulnerabilities.iter().zip(&lines) {
            assert!(
                form.contains(&one.id) && form.contains(line),
                "{}: {form}",
                one.id
            );
        }
    }
    let text = plain::render(&input);
    let first = &input.report.vulnerabilities[0];
    let told = format!(
        "known-vulnerability: {} {} has {}",
        first.name, first.installed, first.id
    );
    assert!(text.contains(&told), "{text}");
    let value: Value = serde_json::from_str(&codeclimate::render_gitlab(&input)).unwrap();
    let issues = value.as_array().unwrap().iter();
    let mut prints: Vec<String> = issues.map(|one| one["fingerprint"].to_string()).collect();
    let all = prints.len();
    prints.sort();
    prints.dedup();
    assert_eq!(prints.len(), all);
}

#[test]
fn the_same_vulnerability_keeps_its_identity() {
    let ids = |case: &Case| -> Vec<String> {
        let value: Value =
            serde_json::from_str(&container_scanning::render(&case.input())).unwrap();
        value["vulnerabilities"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut case = vulnerable();
    let before = ids(&case);
    case.report.vulnerabilities.reverse();
    let mut after = ids(&case);
    after.reverse();
    assert_eq!(before, after);
    let twice = case.report.vulnerabilities[0].clone();
    case.report.vulnerabilities.push(twice);
    let mut all = ids(&case);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), case.report.vulnerabilities.len());
}

/// Makes every text that came from a file or a database say `text`.
fn poison(report: &mut Report, text: &str) {
    for found in &mut report.vulnerabilities {
        for field in [
            &mut found.id,
            &mut found.name,
            &mut found.purl,
            &mut found.installed,
        ] {
            *field = text.to_owned();
        }
        found.aliases = vec![text.to_owned()];
        found.title = Some(text.to_owned());
        found.references = vec![text.to_owned(), format!("https://{text}")];
        found.fixed = found.fixed.as_ref().map(|_| text.to_owned());
        found.severity_source = Some(text.to_owned());
        if let Some(cvss) = &mut found.cvss {
            cvss.vector = Some(text.to_owned());
            cvss.source = text.to_owned();
        }
        found.origin.path = Some(text.to_owned());
        if let Some(source) = &mut found.origin.source {
            source.file = text.to_owned();
        }
    }
    for one in &mut report.suppressed_vulnerabilities {
        one.reason = text.to_owned();
        one.vulnerability.id = text.to_owned();
        one.vulnerability.name = text.to_owned();
        one.vulnerability.installed = text.to_owned();
    }
    for edit in &mut report.advice.edits {
        edit.program = edit.program.as_ref().map(|_| text.to_owned());
        if let Some(place) = &mut edit.place {
            place.file = text.to_owned();
        }
        for step in &mut edit.steps {
            for field in [
                &mut step.name,
                &mut step.purl,
                &mut step.installed,
                &mut step.to,
            ] {
                *field = text.to_owned();
            }
        }
    }
    if let Some(coverage) = &mut report.advisories {
        coverage.snapshot = text.to_owned();
        coverage.date = Some(text.to_owned());
        coverage.missing[0].ecosystem = text.to_owned();
        coverage.unjudged[0].purl = text.to_owned();
        coverage.unjudged[0].why = text.to_owned();
    }
    if let Some(image) = &mut report.image {
        image.name = text.to_owned();
    }
    if let Some(distribution) = &mut report.inventory.distribution {
        distribution.id = text.to_owned();
        distribution.version = text.to_owned();
    }
}

/// Holds `text` to what XML 1.0 asks of a document, as far as escaping can break it: characters,
/// tags that close in turn, quoted values, references.
fn assert_well_formed(text: &str) {
    let is_character = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(text.chars().all(is_character), "{text:?}");
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text.split_once("?>").unwrap().1;
    while let Some(at) = rest.find('<') {
        let (between, tag) = rest.split_at(at);
        assert!(!between.contains("]]>"), "{between:?}");
        assert_references(between);
        let (tag, behind) = tag[1..].split_once('>').unwrap();
        assert!(!tag.contains('<'), "{tag:?}");
        assert_references(tag);
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag:?}");
        match (tag.strip_prefix('/'), tag.strip_suffix('/')) {
            (Some(name), _) => assert_eq!(open.pop(), Some(name), "{tag:?}"),
            (None, Some(_)) => {}
            (None, None) => open.push(tag.split(' ').next().unwrap()),
        }
        rest = behind;
    }
    assert!(
        open.is_empty() && rest.trim().is_empty(),
        "{open:?} {rest:?}"
    );
}

fn assert_references(text: &str) {
    for part in text.split('&').skip(1) {
        let name = part.split_once(';').unwrap().0;
        assert!(
            ["amp", "lt", "gt", "quot", "apos"].contains(&name),
            "&{name};"
        );
    }
}

#[test]
fn hostile_names_stay_names() {
    for evil in [
        "]]>",
        "</testsuite><x a=\"",
        "\u{0}\u{1}\u{8}\u{b}\u{c}\u{1f}\u{7f}\u{fffe}\u{ffff}",
        "\u{1b}]0;owned\u{7}\u{202e}",
        "| <script>alert(1)</script> [x](http://evil) `a` @everyone #1 <!--\r\n# x",
        "'\"&amp;&#0;",
        "",
    ] {
        let mut case = vulnerable();
        poison(&mut case.report, evil);
        let input = case.input();
        assert_well_formed(&junit::render(&input));
        assert_valid(&container_scanning::render(&input));
        let screen = human::render(&input);
        let acts = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!screen.contains(acts), "{screen:?}");
        let page = markdown::render(&input);
        for bad in [
            "<script",
            "](http:",
            "@everyone",
            "\u{1b}",
            "\u{202e}",
            "\n# x",
        ] {
            assert!(!page.contains(bad), "{bad:?} in {page}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_breaks_a_format(text in prop_oneof![
        any::<String>(),
        "[\\]>&<\"'\\x00-\\x1f|`\\[(@#\u{fffe}\u{ffff}\u{2028}]{0,40}",
    ]) {
        let mut case = vulnerable();
        poison(&mut case.report, &text);
        let input = case.input();
        assert_well_formed(&junit::render(&input));
        assert_valid(&container_scanning::render(&input));
        let page = markdown::render(&input);
        prop_assert!(!page.contains("<script"));
        let rows = page.lines().filter(|line| line.starts_with("| ")).count();
        prop_assert_eq!(rows, markdown::render(&vulnerable().input()).lines().filter(|line| line.starts_with("| ")).count());
    }
}
