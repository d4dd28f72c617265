use crate::check::{CheckOutcome, check_project};
use crate::options::CheckOptions;
use crate::testing::{TODAY, project};

fn check(select: &[&str], dockerfile: &str) -> CheckOutcome {
    check_project(
        &project(dockerfile, &[]),
        &CheckOptions {
            select: select.iter().map(|&name| name.to_owned()).collect(),
            today: Some(TODAY),
            ..CheckOptions::default()
        },
    )
}

/// Names of what stands and of what is set aside.
fn names(outcome: &CheckOutcome) -> (Vec<&'static str>, Vec<&'static str>) {
    (
        outcome.findings.iter().map(|one| one.rule).collect(),
        outcome.suppressed.iter().map(|(one, _)| one.rule).collect(),
    )
}

const SUPPRESSIONS: [&str; 4] = [
    "expired-suppression",
    "unexplained-suppression",
    "unknown-suppression",
    "unused-suppression",
];

fn judge(dockerfile: &str) -> CheckOutcome {
    let mut select = vec!["root-user", "mutable-tag"];
    select.extend(SUPPRESSIONS);
    check(&select, dockerfile)
}

#[test]
fn a_comment_speaks_of_the_instruction_below_it() {
    for comment in [
        "# plimsoll: allow(root-user) needs port 53",
        "# plimsoll: allow(DL3002) needs port 53 until 2026-06-01",
        "# plimsoll: allow( mutable-tag , AVD-DS-0002 ) needs port 53",
        "# hadolint ignore=DL3002",
        "# trivy:ignore:DS002",
        "# trivy:ignore:AVD-DS-0002:exp:2026-06-01",
        "#trivy:ignore:DS-0002 on purpose",
    ] {
        let text = format!("FROM debian:12\n{comment}\n\n# more\nUSER root\n");
        let outcome = judge(&text);
        assert_eq!(names(&outcome).1, ["root-user"], "{comment}");
    }
    let outcome = judge("FROM debian:12\n# plimsoll: allow(root-user) early\nRUN x\nUSER root\n");
    assert_eq!(
        names(&outcome),
        (vec!["unused-suppression", "root-user"], vec![])
    );
}

#[test]
fn a_comment_between_continuation_lines_speaks_of_its_instruction() {
    let outcome =
        judge("FROM debian:12\nUSER \\\n# plimsoll: allow(root-user) needs port 53\n  root\n");
    assert_eq!(names(&outcome).1, ["root-user"]);
}

#[test]
fn above_the_first_instruction_a_comment_speaks_of_the_file() {
    for comment in [
        "# plimsoll: allow(root-user) needs port 53",
        "# hadolint global ignore=DL3002",
        "# checkov:skip=CKV_DOCKER_3:needs port 53",
    ] {
        let outcome = judge(&format!("{comment}\nFROM debian:12\nUSER root\n"));
        assert_eq!(names(&outcome), (vec![], vec!["root-user"]), "{comment}");
    }
    let outcome = judge("# hadolint ignore=DL3002\nFROM debian:12\nUSER root\n");
    assert_eq!(names(&outcome).0, ["root-user"], "hadolint means FROM");
    let outcome = judge("FROM debian:12\nUSER root\n# checkov:skip=CKV_DOCKER_8\n");
    assert_eq!(
        names(&outcome).1,
        ["root-user"],
        "checkov means the file, wherever it says so"
    );
}

#[test]
fn buildkit_directives_skip_what_buildkit_has() {
    let rules = ["shell-form-entrypoint", "root-user"];
    for (text, expected) in [
        (
            "# check=skip=JSONArgsRecommended\nFROM debian:12\nCMD x\n",
            1,
        ),
        ("# check=skip=all;error=true\nFROM debian:12\nCMD x\n", 1),
        (
            "FROM debian:12\n# check=skip=JSONArgsRecommended // why\nCMD x\n",
            1,
        ),
        ("FROM debian:12\n# check=skip=all\nCMD x\n", 1),
        ("# check=error=true\nFROM debian:12\nCMD x\n", 0),
    ] {
        let outcome = check(&rules, text);
        assert_eq!(outcome.suppressed.len(), expected, "{text}");
        assert!(
            names(&outcome).0.contains(&"root-user"),
            "{text}: it has no such rule"
        );
    }
}

#[test]
fn reasons_are_kept_for_the_report() {
    let outcome = judge(
        "FROM debian:12\n# plimsoll: allow(root-user): needs port 53 until 2027-01-01\nUSER root\n",
    );
    assert_eq!(outcome.suppressed[0].1, "needs port 53");
    let outcome = judge("FROM debian:12\n# hadolint ignore=DL3002\nUSER root\n");
    assert!(outcome.suppressed[0].1.contains("hadolint"));
}

#[test]
fn faults_of_comments_are_findings() {
    for (comment, standing, aside) in [
        (
            "allow(root-user)",
            &["unexplained-suppression"][..],
            &["root-user"][..],
        ),
        (
            "allow(root-user) why until 2026-05-31",
            &["expired-suppression", "root-user"],
            &[],
        ),
        (
            "allow(root-user) why until 2026-31-31",
            &["unexplained-suppression", "root-user"],
            &[],
        ),
        (
            "alow(root-user) why",
            &["unexplained-suppression", "root-user"],
            &[],
        ),
        (
            "allow(root-usr) why",
            &["unknown-suppression", "root-user"],
            &[],
        ),
        (
            "allow(root-user, mutable-tag) why",
            &["unused-suppression"],
            &["root-user"],
        ),
    ] {
        let outcome = judge(&format!(
            "FROM debian:12\n# plimsoll: {comment}\nUSER root\n"
        ));
        assert_eq!(
            names(&outcome),
            (standing.to_vec(), aside.to_vec()),
            "{comment}"
        );
    }
    let outcome = judge("FROM debian:12\n# plimsoll: allow(root-usr) why\nUSER root\n");
    assert_eq!(
        outcome.findings[0].help.as_deref(),
        Some("Did you mean `root-user`?")
    );
}

#[test]
fn unused_does_not_depend_on_what_was_selected() {
    let text = "FROM debian:12\n# plimsoll: allow(root-user) why\nUSER root\n";
    assert_eq!(
        names(&check(&["unused-suppression"], text)),
        (vec![], vec![])
    );
    let text = "FROM debian:12\n# plimsoll: allow(root-user) why\nUSER app\n";
    assert_eq!(
        names(&check(&["unused-suppression"], text)).0,
        ["unused-suppression"]
    );
}

#[test]
fn what_only_an_image_can_show_is_not_unused() {
    let text = "# plimsoll: allow(image-too-large) why\nFROM debian:12\nUSER app\n";
    assert_eq!(names(&judge(text)), (vec![], vec![]));
}
