//! Each format, as a whole.

use plimsoll_report::{human, json, markdown, plain, sarif};

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
