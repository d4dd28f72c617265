//! How the screen tells an edit whose package is not named where it would be edited.

use plimsoll_model::{AdvisedAction, PackageKind, StepTarget};
use plimsoll_report::{RenderInput, human, json};
use serde_json::Value;

use crate::synthetic::{Case, vulnerable};

/// The line of the advice for the requirements.
fn told(case: &Case) -> String {
    let text = human::render(&case.input());
    let line = text
        .lines()
        .find(|line| line.starts_with("app/requirements"));
    line.unwrap().to_owned()
}

/// Nobody can raise what another package brings within itself.
#[test]
fn the_edit_of_a_vendored_package_is_a_newer_holder() {
    let mut case = vulnerable();
    let report = &mut case.report;
    let folder = "opt/tool/lib/python3.11/site-packages";
    report.vulnerabilities[0].origin.path = Some(format!("{folder}/pip/_vendor/vendor.txt"));
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
fn all_lines_that_have_to_change_are_told() {
    let mut case = vulnerable();
    let edit = &mut case.report.advice.edits[0];
    let first = edit.place.clone().unwrap();
    let line = |at: usize| {
        let mut place = first.clone();
        place.file = format!("b{at}.txt");
        place
    };
    edit.also = vec![line(1)];
    assert!(told(&case).starts_with("app/requirements.txt:4 and b1.txt:4 removes 1 of 1"));
    case.report.advice.edits[0].also = vec![line(1), line(2)];
    let text = told(&case);
    assert!(
        text.starts_with("app/requirements.txt:4, b1.txt:4 and b2.txt:4 removes"),
        "{text}"
    );
    let json: Value = serde_json::from_str(&json::render(&case.input())).unwrap();
    assert_eq!(json["advice"]["edits"][0]["also"][1]["file"], "b2.txt");
}

#[test]
fn what_refuses_the_version_is_to_be_renewed() {
    let mut case = vulnerable();
    let step = &mut case.report.advice.edits[0].steps[0];
    step.is_brought = true;
    step.held_by = vec![
        ("a".to_owned(), "1.0".to_owned()),
        ("b".to_owned(), "2.0".to_owned()),
        ("c".to_owned(), "3.0".to_owned()),
    ];
    let text = told(&case);
    assert!(
        text.ends_with(": a a after 1.0 and a b after 2.0 and a c after 3.0 with pandas ≥ 2.2.4"),
        "{text}"
    );
}

#[test]
fn what_another_package_brings_is_told_of_that_one() {
    let mut case = vulnerable();
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
            "rebuild without cache, for pandas ≥ 2.2.4",
        ),
    ] {
        case.report.advice.edits[0].steps[0].kind = kind;
        let text = human::render(&case.input());
        assert!(text.contains(words), "{text}");
    }
    for (kind, lock, words) in [
        (
            PackageKind::Python,
            "a/poetry.lock",
            "update a/poetry.lock (poetry update pandas), for",
        ),
        (
            PackageKind::Python,
            "requirements.txt",
            "update requirements.txt (compile it with -P pandas), for",
        ),
        (
            PackageKind::Npm,
            "pnpm-lock.yaml",
            "update the lock (pnpm update pandas), for",
        ),
        (PackageKind::Npm, "yarn.lock", "update yarn.lock, for"),
        (
            PackageKind::Npm,
            "web/bun.lock",
            "update the lock (bun update pandas), for",
        ),
    ] {
        let edit = &mut case.report.advice.edits[0];
        edit.steps[0].kind = kind;
        edit.lock = Some(lock.to_owned());
        let text = human::render(&case.input());
        assert!(text.contains(words), "{text}");
    }
    let json: Value = serde_json::from_str(&json::render(&case.input())).unwrap();
    assert_eq!(json["advice"]["edits"][0]["action"], "renew-lock");
}

#[test]
fn a_version_that_nobody_names_is_told_by_the_last_one_that_has_the_flaw() {
    let mut case = vulnerable();
    let edit = &mut case.report.advice.edits[0];
    edit.steps[0].to = StepTarget::After("2.2.3".to_owned());
    let text = told(&case);
    assert!(text.ends_with(": pandas 2.2.3 → after 2.2.3"), "{text}");
    let json: Value = serde_json::from_str(&json::render(&case.input())).unwrap();
    let step = &json["advice"]["edits"][0]["steps"][0];
    assert_eq!(
        (&step["to"], &step["after"]),
        (&Value::Null, &Value::from("2.2.3"))
    );
    // What an edit removes does not stay, whether anybody names a fix or not.
    let stays = |case: &Case| {
        let text = human::render(&RenderInput {
            details: true,
            ..case.input()
        });
        text.lines()
            .any(|line| line.starts_with("2 vulnerabilities stay"))
    };
    assert!(stays(&case));
    case.report.advice.edits[0].removes.push(3);
    assert!(!stays(&case));
}

#[test]
fn what_is_malicious_is_removed() {
    let mut case = vulnerable();
    let edit = &mut case.report.advice.edits[0];
    edit.action = AdvisedAction::RemovePackage;
    edit.steps[0].to = StepTarget::Gone;
    let text = told(&case);
    assert!(
        text.ends_with(
            ": remove pandas 2.2.3, which is malicious, and replace every secret it could read"
        ),
        "{text}"
    );
    let edit = &mut case.report.advice.edits[0];
    edit.steps[0].is_brought = true;
    let text = told(&case);
    assert!(
        text.contains(": remove pandas 2.2.3 and what brings it, which is"),
        "{text}"
    );
    case.report.vulnerabilities[0].in_base = Some(true);
    let text = told(&case);
    assert!(text.contains(": a base without pandas 2.2.3 and"), "{text}");
    let json: Value = serde_json::from_str(&json::render(&case.input())).unwrap();
    assert_eq!(json["advice"]["edits"][0]["action"], "remove-package");
}
