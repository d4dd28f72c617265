//! What `check` is pointed at, and in which forms it answers.

use std::process::Command;

use crate::stage::Stage;

const DOCKERFILE: &str = "FROM debian:latest\nUSER root\n";

fn files(report: &serde_json::Value) -> Vec<String> {
    let found = report["findings"].as_array().unwrap().iter();
    let mut files: Vec<String> = found
        .map(|finding| finding["file"].as_str().unwrap().to_owned())
        .collect();
    files.dedup();
    files
}

#[test]
fn patterns_name_files() {
    let stage = Stage::with(&[
        ("svc/a/Dockerfile", DOCKERFILE),
        ("svc/a/build.txt", DOCKERFILE),
        ("svc/b/c/Dockerfile.dev", DOCKERFILE),
        ("other/Dockerfile", DOCKERFILE),
    ]);
    let check = |pattern: &str| {
        let arguments = ["check", pattern, "--format", "json"];
        files(&stage.run(&arguments).expect(1).json())
    };
    assert_eq!(
        check("svc/**/Dockerfile*"),
        ["svc/a/Dockerfile", "svc/b/c/Dockerfile.dev"]
    );
    assert_eq!(check("*/Dockerfile"), ["other/Dockerfile"]);
    assert_eq!(check("svc/?/*.txt"), ["svc/a/build.txt"]);
    assert_eq!(check("s*"), ["svc/a/Dockerfile", "svc/b/c/Dockerfile.dev"]);
    stage.run(&["check", "nothing/*"]).expect(2);
    stage.run(&["check", "svc/[", "--format", "json"]).expect(2);
}

#[test]
fn standard_input_may_have_a_name() {
    let stage = Stage::with(&[
        ("svc/plimsoll.toml", "[check]\nselect = [\"root-user\"]\n"),
        ("svc/Dockerfile", ""),
    ]);
    let arguments = [
        "check",
        "-",
        "--stdin-filename",
        "svc/Dockerfile",
        "--format",
        "json",
    ];
    let report = stage
        .run_with_input(&arguments, DOCKERFILE.as_bytes())
        .expect(1)
        .json();
    assert_eq!(report["findings"].as_array().unwrap().len(), 1);
    assert_eq!(report["findings"][0]["file"], "svc/Dockerfile");
}

#[test]
fn only_what_changed_is_told() {
    let stage = Stage::with(&[("Dockerfile", DOCKERFILE), ("old/Dockerfile", DOCKERFILE)]);
    let git = |arguments: &[&str]| {
        let done = Command::new("git")
            .arg("-C")
            .arg(stage.project())
            .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
            .args(arguments)
            .output();
        done.is_ok_and(|done| done.status.success())
    };
    if !git(&["init", "-q"]) {
        eprintln!("skipped: no git here");
        return;
    }
    assert!(git(&["add", "."]) && git(&["commit", "-q", "-m", "first"]));
    let check = |base: &str| {
        let base = format!("--changed{base}");
        stage.run(&["check", &base, "--format", "json"])
    };
    assert_eq!(files(&check("").expect(0).json()), [""; 0]);
    stage.write(
        "Dockerfile",
        b"FROM debian:latest\nENV A_TOKEN=hunter2\nUSER root\n",
    );
    stage.write("new.Dockerfile", b"FROM debian:latest\nUSER 10001\n");
    let report = check("").expect(1).json();
    assert_eq!(files(&report), ["Dockerfile", "new.Dockerfile"]);
    assert_eq!(report["findings"][0]["line"], 2);
    assert!(git(&["add", "."]) && git(&["commit", "-q", "-m", "second"]));
    check("").expect(0);
    assert_eq!(files(&check("=HEAD~1").expect(1).json()), files(&report));
    check("=nothing").expect(2);
}

#[test]
fn every_form_leaves_at_once() {
    let stage = Stage::with(&[("Dockerfile", DOCKERFILE)]);
    let forms = [
        "plain",
        "gnu",
        "json",
        "sarif",
        "checkstyle",
        "codeclimate",
        "gitlab",
        "junit",
        "github",
        "rdjson",
        "sonarqube",
        "markdown",
    ];
    let outputs: Vec<String> = forms
        .iter()
        .map(|form| format!("{form}=out.{form}"))
        .collect();
    let mut arguments = vec!["check"];
    for output in &outputs {
        arguments.extend(["--output", output]);
    }
    stage.run(&arguments).expect(1);
    for form in forms {
        let text = std::fs::read_to_string(stage.project().join(format!("out.{form}"))).unwrap();
        assert!(text.contains("mutable-tag"), "{form}: {text}");
    }
}

#[test]
fn a_failure_is_an_object_where_json_is_asked_for() {
    let stage = Stage::new();
    for arguments in [
        &["inspect", "oci:nothing", "--format", "json"][..],
        &["push", "oci:nothing", "oci:there", "--format", "json"],
    ] {
        let error = stage.run(arguments).expect(2).json();
        assert_eq!(error["version"], 1);
        assert_eq!(error["error"]["kind"], "usage");
        assert_eq!(error["error"]["exit_code"], 2);
        assert!(error["error"]["message"].is_string());
    }
}

#[test]
fn rules_are_listed_by_what_they_are_about() {
    let stage = Stage::new();
    let list = |more: &[&str]| stage.run(&[&["rules"], more].concat()).expect(0).stdout;
    assert!(list(&["--about", "user"]).contains("root-user"));
    assert!(!list(&["--about", "base"]).contains("root-user"));
    assert!(list(&["dl3002"]).contains("root-user"));
    assert!(!list(&["--strict"]).contains("  root-user"));
    stage.run(&["rules", "--about", "nothing"]).expect(2);
    let page = stage.run(&["explain", "DL3002"]).expect(0).stdout;
    assert!(page.starts_with("root-user: "), "{page}");
    assert!(page.contains("    USER 10001"), "{page}");
}
