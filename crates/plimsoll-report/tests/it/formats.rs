//! Each format, as a whole.

use plimsoll_report::{
    checkstyle, codeclimate, github, human, json, junit, markdown, plain, rdjson, sarif, sonarqube,
};

use crate::synthetic::{checked, inspected};

#[test]
fn human_check() {
    insta::assert_snapshot!(human::render(&checked().input()));
}

#[test]
fn human_image() {
    insta::assert_snapshot!(human::render(&inspected().input()));
}

#[test]
fn human_in_colour() {
    let case = checked();
    let mut input = case.input();
    input.color = true;
    insta::assert_snapshot!(human::render(&input).replace('\u{1b}', "ESC"));
}

#[test]
fn plain_lines() {
    insta::assert_snapshot!(plain::render(&inspected().input()));
}

#[test]
fn json_object() {
    let value: serde_json::Value =
        serde_json::from_str(&json::render(&inspected().input())).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&value).unwrap());
}

#[test]
fn sarif_log() {
    insta::assert_snapshot!(sarif::render(&inspected().input()));
}

fn pretty(text: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    serde_json::to_string_pretty(&value).unwrap()
}

#[test]
fn checkstyle_document() {
    insta::assert_snapshot!(checkstyle::render(&inspected().input()));
}

#[test]
fn codeclimate_issues() {
    insta::assert_snapshot!(pretty(&codeclimate::render(&inspected().input())));
}

#[test]
fn gitlab_report() {
    insta::assert_snapshot!(pretty(&codeclimate::render_gitlab(&inspected().input())));
}

#[test]
fn junit_document() {
    insta::assert_snapshot!(junit::render(&inspected().input()));
}

#[test]
fn github_commands() {
    insta::assert_snapshot!(github::render(&inspected().input()));
}

#[test]
fn rdjson_log() {
    insta::assert_snapshot!(pretty(&rdjson::render(&inspected().input())));
}

#[test]
fn sonarqube_log() {
    insta::assert_snapshot!(pretty(&sonarqube::render(&inspected().input())));
}

#[test]
fn markdown_page() {
    insta::assert_snapshot!(markdown::render(&inspected().input()));
}

#[test]
fn a_check_without_an_image_says_nothing_of_one() {
    let value: serde_json::Value = serde_json::from_str(&json::render(&checked().input())).unwrap();
    let keys: Vec<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "version",
            "findings",
            "suppressed",
            "skipped",
            "remarks",
            "checked",
            "verdict"
        ]
    );
}

/// That nothing held it back does not mean that it holds.
#[test]
fn a_verdict_that_nobody_asked_for_is_told_as_that() {
    let mut case = inspected();
    for (of_image, told) in [(true, 1), (false, 0)] {
        if !of_image {
            case.report.image = None;
        }
        let mut input = case.input();
        input.verdict = None;
        let text = human::render(&input);
        assert_eq!(
            text.matches("verdict  not asked: --fail-on").count(),
            told,
            "{text}"
        );
    }
}

#[test]
fn files_behind_a_line_are_listed_for_those_who_want_them() {
    let mut case = inspected();
    let skipped = plimsoll_model::Skipped {
        files: vec!["opt/a".to_owned(), "opt/\u{1b}b".to_owned()],
        left_out: 2,
        waiver: Some("accepted until 2027-01-01 by ops: known".to_owned()),
        ..plimsoll_model::Skipped::new(
            plimsoll_model::Topic::Packages,
            "opt/a, opt/b and 2 more",
            "programs that say nothing",
        )
    };
    case.report.skipped = vec![skipped];
    let mut input = case.input();
    input.details = true;
    let text = human::render(&input);
    let (_, rest) = text.split_once("ops: known\n").unwrap();
    assert!(
        rest.starts_with("  opt/a\n  opt/\\u{1b}b\n  and 2 more\n"),
        "{rest}"
    );
    input.details = false;
    assert!(!human::render(&input).contains("opt/a\n"));
    let value: serde_json::Value = serde_json::from_str(&json::render(&input)).unwrap();
    assert_eq!(value["skipped"][0]["files"][1], "opt/\u{1b}b");
    assert_eq!(value["skipped"][0]["left_out"], 2);
    assert_eq!(value["skipped"][0]["why"], "programs that say nothing");
    // People are told it in one sentence.
    let whole = "programs that say nothing; accepted until 2027-01-01 by ops: known";
    assert_eq!(
        value["skipped"][0]["waiver"],
        "accepted until 2027-01-01 by ops: known"
    );
    input.details = true;
    for text in [
        human::render(&input),
        plain::render(&input),
        markdown::render(&input),
    ] {
        assert!(text.contains(whole), "{text}");
    }
}
