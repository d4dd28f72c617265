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
    // A name of what is not read would say nothing.
    for path in [None, Some("svc")] {
        let named = ["check", "--stdin-filename", "svc/Dockerfile"];
        let arguments: Vec<&str> = named.into_iter().chain(path).collect();
        let run = stage.run_with_input(&arguments, DOCKERFILE.as_bytes());
        let run = run.expect(2);
        assert!(run.stderr.contains("give - as PATH"), "{}", run.stderr);
        assert_eq!(run.stdout, "");
    }
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

#[test]
fn images_come_from_standard_input_and_root_file_systems_from_folders() {
    use plimsoll_testkit::image::{ImageBuilder, Layer};
    let stage = Stage::new();
    let image = ImageBuilder::new()
        .layer(
            Layer::new()
                .file("etc/os-release", b"ID=alpine\nVERSION_ID=3.20\n")
                .file("lib/apk/db/installed", b""),
        )
        .build();
    let path = stage.project().join("image.tar");
    image.write_docker_archive(&path, "app:1").unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let named = |run: crate::stage::Run| {
        let report = run.expect(0).json();
        report["image"]["digest"].as_str().unwrap().to_owned()
    };
    let json = ["--format", "json"];
    let from_file = named(stage.run(&[&["inspect", "image.tar"], &json[..]].concat()));
    let piped = [&["inspect", "-"], &json[..]].concat();
    assert_eq!(named(stage.run_with_input(&piped, &bytes)), from_file);
    for called in [
        "stdin:app:1",
        "docker-archive:-:app:1",
        "docker-archive:-:@0",
    ] {
        let called = [&["inspect", called], &json[..]].concat();
        assert_eq!(named(stage.run_with_input(&called, &bytes)), from_file);
    }
    // A file on standard input is read where it lies.
    let mut command = stage.command(&piped);
    command.stdin(std::fs::File::open(&path).unwrap());
    assert_eq!(
        named(crate::stage::Run::from(command.output().unwrap())),
        from_file
    );
    stage.run_with_input(&["inspect", "-"], b"").expect(2);
    stage
        .run(&["inspect", "image.tar", "--platform", "linux/s390x"])
        .expect(2);

    stage.write("root/etc/os-release", b"ID=alpine\n");
    stage.write("root/lib/apk/db/installed", b"");
    stage.write("root/app/.npmrc", b"");
    let report = stage
        .run(&[&["inspect", "./root"], &json[..]].concat())
        .expect(0)
        .json();
    let rules: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["rule"].to_string())
        .collect();
    assert!(!rules.iter().any(|rule| rule.contains("root")), "{rules:?}");
    let skipped = report["skipped"].to_string();
    assert!(skipped.contains("a root file system has none"), "{skipped}");
    stage.run(&["push", "rootfs:root", "oci:out"]).expect(2);
    // Nobody knows who runs it.
    for form in ["human", "markdown"] {
        let shown = stage.run(&["inspect", "rootfs:root", "--format", form]);
        let shown = shown.expect(0).stdout.clone();
        assert!(shown.contains("no configuration tells"), "{shown}");
        assert!(!shown.contains("as root"), "{shown}");
    }
    // A layout is an image behind `dir:`, too.
    let layout = stage.project().join("layout");
    let digest = image.write_layout(&layout, "app").unwrap();
    let of_layout = stage.run(&[&["inspect", "dir:layout"], &json[..]].concat());
    assert_eq!(named(of_layout), digest.as_str());

    // `docker export` writes to a pipe.
    let exported = Layer::new()
        .file("etc/os-release", b"ID=alpine\nVERSION_ID=3.20\n")
        .file("lib/apk/db/installed", b"")
        .file("usr/share/x", b"");
    let mut tar = Vec::new();
    exported.write_to(&mut tar).unwrap();
    stage.write("root.tar", &tar);
    let from_file = named(stage.run(&[&["inspect", "rootfs:root.tar"], &json[..]].concat()));
    let piped = [&["inspect", "rootfs:-"], &json[..]].concat();
    assert_eq!(named(stage.run_with_input(&piped, &tar)), from_file);
    let mut command = stage.command(&piped);
    command.stdin(std::fs::File::open(stage.project().join("root.tar")).unwrap());
    assert_eq!(
        named(crate::stage::Run::from(command.output().unwrap())),
        from_file
    );
    let told = stage.run_with_input(&["inspect", "-"], &tar).expect(2);
    assert!(told.stderr.contains("rootfs:-"), "{}", told.stderr);
}

#[test]
fn a_word_that_no_rule_has_is_told() {
    let stage = Stage::new();
    let run = stage.run(&["rules", "root-usr"]).expect(0);
    assert!(
        run.stderr.contains("did you mean `root-user`?"),
        "{}",
        run.stderr
    );
    let run = stage.run(&["explain", "xyzzy-xyzzy"]).expect(2);
    assert_eq!(
        run.stderr.matches("plimsoll rules").count(),
        1,
        "{}",
        run.stderr
    );
}
