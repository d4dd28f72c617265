use plimsoll_model::Severity;

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
        outcome
            .suppressed
            .iter()
            .map(|one| one.finding.rule)
            .collect(),
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
        "# tally ignore=hadolint/DL3002",
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
        "# checkov:skip=CKV_DOCKER_8:needs port 53",
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
    assert_eq!(outcome.suppressed[0].reason, "needs port 53");
    let outcome = judge("FROM debian:12\n# hadolint ignore=DL3002\nUSER root\n");
    assert!(outcome.suppressed[0].reason.contains("hadolint"));
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

#[test]
fn a_stage_is_what_its_comment_speaks_of() {
    let stages = |first: &str, second: &str| {
        judge(&format!(
            "{first}FROM debian:12 AS one\nUSER root\n{second}FROM debian:latest\nUSER root\n"
        ))
    };
    let own = "# plimsoll: allow-stage(mutable-tag, root-user) moves on\n";
    let outcome = stages("", own);
    assert_eq!(
        names(&outcome).1,
        ["mutable-tag", "root-user"],
        "{outcome:?}"
    );
    let outcome = stages(own, "");
    assert!(names(&outcome).0.contains(&"mutable-tag"), "{outcome:?}");
    // Inside of the stage it speaks of the same stage.
    let outcome =
        judge("FROM debian:latest\n# plimsoll: allow-stage(mutable-tag) moves on\nUSER 10001\n");
    assert_eq!(names(&outcome).1, ["mutable-tag"]);

    // hadolint's leaves out the line below it.
    let outcome = stages("", "# hadolint stage ignore=DL3007,DL3002\n");
    assert_eq!(names(&outcome).1, ["root-user"], "{outcome:?}");
    assert!(names(&outcome).0.contains(&"mutable-tag"), "{outcome:?}");
}

#[test]
fn a_file_is_spoken_of_from_anywhere() {
    let outcome =
        judge("FROM debian:latest\nUSER root\n# plimsoll: allow-file(mutable-tag) moves on\n");
    assert_eq!(names(&outcome).1, ["mutable-tag"]);
}

#[test]
fn hadolint_means_the_next_line_and_ours_add_up() {
    let check = |above: &str| names(&judge(&format!("FROM debian:12\n{above}USER root\n"))).1;
    let none: [&str; 0] = [];
    assert_eq!(check("# hadolint ignore=DL3002\n\n"), none);
    assert_eq!(check("# hadolint ignore=DL3002\n# more\n"), ["root-user"]);
    assert_eq!(
        check("# hadolint ignore=DL3002\n# hadolint ignore=DL3001\n"),
        ["root-user"],
        "of two on top of each other hadolint knows only the last"
    );
    assert_eq!(check("# hadolint ignore=crazy,DL3002\n"), none);
    assert_eq!(
        check("# tally ignore=hadolint/DL3002;reason=x\n\n"),
        ["root-user"]
    );
}

#[test]
fn sonar_and_trivy_are_read_behind_a_command() {
    let outcome = check(
        &["shell-form-entrypoint"],
        "FROM debian:12\nCMD serve # NOSONAR\n",
    );
    assert_eq!(names(&outcome).1, ["shell-form-entrypoint"]);
    let outcome = judge("FROM debian:12\nUSER root #trivy:ignore:DS-0002\n");
    let expected: [&str; 0] = [];
    assert_eq!(names(&outcome).0, expected, "{outcome:?}");
    let outcome = check(
        &["shell-form-entrypoint"],
        "FROM debian:12\n# NOSONAR\nCMD serve\nENTRYPOINT run\n",
    );
    assert_eq!(names(&outcome).1, ["shell-form-entrypoint"]);
}

#[test]
fn what_is_missing_can_be_ignored_above_from() {
    let outcome = judge("# trivy:ignore:DS-0002\nFROM debian:12 AS one\nFROM one\nUSER root\n");
    assert_eq!(names(&outcome).1, ["root-user"]);
}

#[test]
fn reasons_may_be_required_of_all() {
    let judge = |text: &str| {
        let outcome = check_project(
            &project(text, &[]),
            &CheckOptions {
                require_reason: true,
                ..CheckOptions::default()
            },
        );
        let rules: Vec<_> = outcome.findings.iter().map(|one| one.rule).collect();
        rules.contains(&"unexplained-suppression")
    };
    assert!(judge(
        "FROM debian:12\n# hadolint ignore=DL3002\nUSER root\n"
    ));
    assert!(!judge(
        "FROM debian:12\n# hadolint ignore=DL3002 # port 53\nUSER root\n"
    ));
}

#[test]
fn comments_can_be_left_out_and_severities_chosen() {
    let text = "FROM debian:12\n# hadolint ignore=DL3002\nUSER root\n";
    let outcome = check_project(
        &project(text, &[]),
        &CheckOptions {
            select: vec!["root-user".to_owned()],
            ignore_comments: true,
            severity: vec![
                ("root-user".to_owned(), Severity::Low),
                ("DL3002".to_owned(), Severity::Critical),
            ],
            ..CheckOptions::default()
        },
    );
    assert_eq!(outcome.findings[0].severity, Severity::Critical);
    assert_eq!(outcome.findings[0].origin.instruction_line, Some(3));
}

#[test]
fn what_the_check_directive_asks_for_is_done() {
    let find = |text: &str, told: Option<&str>| {
        let mut options = CheckOptions::default();
        if let Some(value) = told {
            let name = "BUILDKIT_DOCKERFILE_CHECK".to_owned();
            options.build_args.insert(name, value.to_owned());
        }
        check_project(&project(text, &[]), &options)
            .findings
            .into_iter()
            .map(|finding| (finding.rule, finding.severity))
            .collect::<Vec<_>>()
    };
    let stage = "FROM scratch as base\n";
    let severity = |found: &[(&str, Severity)]| {
        let found = found
            .iter()
            .find(|(rule, _)| *rule == "from-as-case-mismatch");
        found.map(|(_, severity)| *severity)
    };
    assert_eq!(severity(&find(stage, None)), Some(Severity::Info));
    let error = format!("# check=error=true\n{stage}");
    assert_eq!(severity(&find(&error, None)), Some(Severity::High));
    assert_eq!(severity(&find(&error, Some("skip=all"))), None);

    let described = "# the base\nFROM scratch AS base\n";
    let asks = |found: Vec<(&str, Severity)>| {
        found
            .iter()
            .any(|(rule, _)| *rule == "misleading-description")
    };
    assert!(!asks(find(described, None)));
    assert!(asks(find(
        &format!("# check=experimental=InvalidDefinitionDescription\n{described}"),
        None
    )));
    assert!(asks(find(described, Some("experimental=all"))));
}
