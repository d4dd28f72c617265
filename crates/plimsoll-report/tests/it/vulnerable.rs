//! Known vulnerabilities in the formats that carry them.

use std::sync::LazyLock;

use jsonschema::Validator;
use plimsoll_model::{
    Advice, BillSummary, EcosystemPackages, Origin, Reachability, Report, VulnerabilityStatus,
};
use plimsoll_report::{
    RenderInput, Verdict, checkstyle, codeclimate, container_scanning, github, human, json, junit,
    markdown, plain, rdjson, sarif, sonarqube,
};
use serde_json::Value;

use crate::synthetic::{Case, inspected, vulnerable};

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let text = include_str!("../schemas/gitlab-container-scanning-15.2.1.json");
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
});

pub(crate) fn assert_valid(document: &str) {
    let document: Value = serde_json::from_str(document).unwrap();
    let errors: Vec<String> = SCHEMA
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
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

/// A bill of materials need not tell where packages lie: they stand in the bill itself.
#[test]
fn what_has_no_place_stands_in_the_bill() {
    let mut case = vulnerable();
    let report = &mut case.report;
    report.image = None;
    report.findings.clear();
    report.suppressed.clear();
    report.suppressed_vulnerabilities.clear();
    report.pending_updates.clear();
    report.inventory.layers.clear();
    report.bill = Some(BillSummary {
        name: "sbom:./build/bill.json".to_owned(),
        format: "CycloneDX 1.6".to_owned(),
        ..BillSummary::default()
    });
    for one in &mut report.vulnerabilities {
        one.origin = Origin {
            package: Some(one.purl.clone()),
            ..Origin::default()
        };
    }
    let number = case.report.vulnerabilities.len();
    assert!(number > 0);
    let input = case.input();
    let json = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    let sarif = json(sarif::render(&input));
    let places = [
        (json(codeclimate::render(&input)), "", "/location/path"),
        (
            json(codeclimate::render_gitlab(&input)),
            "",
            "/location/path",
        ),
        (
            json(sonarqube::render(&input)),
            "/issues",
            "/primaryLocation/filePath",
        ),
        (
            sarif,
            "/runs/0/results",
            "/locations/0/physicalLocation/artifactLocation/uri",
        ),
    ];
    for (document, list, path) in places {
        let all = document.pointer(list).unwrap().as_array().unwrap();
        assert_eq!(all.len(), number, "{path}");
        for one in all {
            assert_eq!(one.pointer(path).unwrap(), "build/bill.json", "{one}");
        }
    }
    let plain = plain::render(&input);
    let lines = plain
        .lines()
        .filter(|line| line.starts_with("./build/bill.json:1:1: "));
    assert_eq!(lines.count(), number, "{plain}");
    let github = github::render(&input);
    assert_eq!(
        github.matches("file=build/bill.json,line=1").count(),
        number
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
        unidentified: 2,
        ..BillSummary::default()
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
        unidentified: 2,
        ..BillSummary::default()
    });
    let coverage = report.advisories.as_mut().unwrap();
    let judged = coverage.covered.clone();
    for one in &mut coverage.covered {
        one.unjudged = one.packages;
    }
    let held_back = Verdict::new(vec!["it is not known".to_owned()], Vec::new());
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

/// What is mended for customers is mended.
#[test]
fn what_stays_is_told_apart_from_what_is_paid_for() {
    let told = |paid: usize| {
        let mut case = vulnerable();
        let report = &mut case.report;
        report.advice.edits.clear();
        report.advice.plan.clear();
        let mut one = report.vulnerabilities[0].clone();
        one.fix_state = plimsoll_model::FixState::WillNotFix;
        one.fixed = None;
        one.paid_fix = None;
        report.vulnerabilities = vec![one; 2];
        for one in report.vulnerabilities.iter_mut().take(paid) {
            one.paid_fix = Some(plimsoll_model::PaidFix {
                version: "1.0+esm1".to_owned(),
                offer: "Ubuntu Pro",
            });
        }
        let text = human::render(&case.input());
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let nobody = "no version is known that mends";
    let paid = "stay: the versions that mend them come with Ubuntu Pro only";
    assert!(told(0).contains(nobody) && !told(0).contains("Ubuntu Pro only"));
    assert!(
        told(2).contains(paid) && !told(2).contains(nobody),
        "{}",
        told(2)
    );
    assert!(
        told(1).contains(
            "1 vulnerability stays: no version is known that mends it; 1 vulnerability \
        stays: the versions that mend it come with Ubuntu Pro only"
        ),
        "{}",
        told(1)
    );
}
