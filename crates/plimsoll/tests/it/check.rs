//! The contract of `plimsoll check`.

use crate::stage::Stage;

const DEMO: &str =
    "FROM debian:latest\nENV API_TOKEN=hunter2\nCOPY . /app\nCMD python3 /app/main.py\n";

/// Of two forms in one file one would be lost.
#[test]
fn two_forms_need_two_files() {
    let stage = Stage::with(&[("Dockerfile", "FROM scratch\n")]);
    let check = |second: &str, code: i32| {
        let call = ["check", "--output", "json=x", "--output", second];
        stage.run(&call).expect(code)
    };
    let run = check("sarif=./x", 2);
    let told = "--output json=x and --output sarif=./x are one file";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert!(!stage.project().join("x").exists());
    let call = [
        "check",
        "--output",
        "json=/dev/null",
        "--output",
        "plain=/dev/null",
    ];
    let both = stage.run(&call).code;
    assert_eq!(both, check("plain=y", both).code);
}

#[test]
fn findings_come_as_the_documented_object() {
    let stage = Stage::with(&[("Dockerfile", DEMO)]);
    let run = stage.run(&["check", "--format", "json"]).expect(1);
    let report = run.json();
    assert_eq!(report["version"], 1);
    assert!(report["skipped"].is_array());
    let findings = report["findings"].as_array().unwrap();
    assert!(!findings.is_empty());
    for finding in findings {
        for key in ["rule", "severity", "confidence", "message", "file"] {
            assert!(finding[key].is_string(), "{key}: {finding}");
        }
        for key in ["line", "column", "end_line", "end_column"] {
            assert!(finding[key].as_u64().unwrap() >= 1, "{key}: {finding}");
        }
        assert!(finding["aliases"].is_array());
        assert_eq!(finding["file"], "Dockerfile");
    }
    let rules: Vec<_> = findings
        .iter()
        .map(|finding| finding["rule"].as_str().unwrap())
        .collect();
    for rule in [
        "mutable-tag",
        "secret-in-image-config",
        "root-user",
        "shell-form-entrypoint",
    ] {
        assert!(rules.contains(&rule), "{rule} not in {rules:?}");
    }
    assert!(
        !run.stdout.contains("hunter2"),
        "a secret's value was printed"
    );
}

#[test]
fn names_and_aliases_are_interchangeable() {
    let stage = Stage::with(&[("Dockerfile", DEMO)]);
    for name in ["mutable-tag", "DL3007", "dl3007"] {
        let report = stage
            .run(&["check", "--select", name, "--format", "json"])
            .expect(1)
            .json();
        let findings = report["findings"].as_array().unwrap();
        assert!(!findings.is_empty(), "{name}");
        assert!(
            findings.iter().all(|finding| finding["line"] == 1),
            "{name}: {findings:?}"
        );
    }
    let report = stage
        .run(&[
            "check",
            "--ignore",
            "DL3007",
            "--format",
            "json",
            "--exit-zero",
        ])
        .expect(0)
        .json();
    assert!(
        report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .all(|finding| finding["rule"] != "mutable-tag")
    );
}

#[test]
fn exit_codes_say_what_happened() {
    let clean = "FROM scratch\nCOPY app /app\nUSER 65532:65532\nENTRYPOINT [\"/app\"]\n";
    let stage = Stage::with(&[("Dockerfile", clean), ("app", "")]);
    stage.run(&["check", "--select", "root-user"]).expect(0);
    stage.run(&["check", "--select", "root-usr"]).expect(2);
    stage.run(&["check", "no/such/file"]).expect(2);
    stage.run(&["check", "--no-such-flag"]).expect(2);
    stage.run(&["--help"]).expect(0);
    stage.run(&[]).expect(2);
    let stage = Stage::with(&[("Dockerfile", DEMO)]);
    stage.run(&["check"]).expect(1);
    stage.run(&["check", "--exit-zero"]).expect(0);
    stage
        .run(&["check", "--fail-on", "critical", "--select", "root-user"])
        .expect(0);
}

#[test]
fn an_unknown_rule_comes_with_a_suggestion() {
    let run = Stage::with(&[("Dockerfile", DEMO)])
        .run(&["check", "--select", "root-usr"])
        .expect(2);
    assert!(
        run.stderr.contains("did you mean `root-user`"),
        "{}",
        run.stderr
    );
}

#[test]
fn standard_input_is_a_file_called_dash() {
    let report = Stage::new()
        .run_with_input(
            &["check", "-", "--format", "json", "--select", "root-user"],
            DEMO.as_bytes(),
        )
        .expect(1)
        .json();
    assert_eq!(report["findings"][0]["file"], "-");
}

#[test]
fn a_broken_file_blinds_nothing_else() {
    let stage = Stage::with(&[
        ("a/Dockerfile", "FROM debian:latest\nRUUN true\n"),
        ("b/Dockerfile", DEMO),
    ]);
    std::fs::create_dir(stage.project().join("c")).unwrap();
    stage.write("c/Dockerfile", &vec![b'#'; (4 << 20) + 1]);
    let run = stage.run(&["check", ".", "--format", "json"]).expect(2);
    let report = run.json();
    let has = |file: &str, rule: &str| {
        report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|finding| finding["file"] == file && finding["rule"] == rule)
    };
    assert!(has("a/Dockerfile", "mutable-tag"), "{}", run.stdout);
    assert!(has("b/Dockerfile", "mutable-tag"), "{}", run.stdout);
    assert!(
        run.stderr.contains("c/Dockerfile: longer than"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_fix_is_shown_before_it_is_written() {
    let before = "FROM debian:12\nADD app.py /app/\n";
    let stage = Stage::with(&[("Dockerfile", before), ("app.py", "")]);
    let run = stage
        .run(&["check", "--diff", "--select", "add-instead-of-copy"])
        .expect(1);
    let call = [
        "check",
        "--diff",
        "--select",
        "add-instead-of-copy",
        "--exit-zero",
    ];
    assert_eq!(stage.run(&call).expect(0).stdout, run.stdout);
    assert!(
        run.stdout
            .contains("-ADD app.py /app/\n+COPY app.py /app/\n"),
        "{}",
        run.stdout
    );
    let read = || std::fs::read_to_string(stage.project().join("Dockerfile")).unwrap();
    assert_eq!(read(), before);
    stage
        .run(&["check", "--fix", "--select", "add-instead-of-copy"])
        .expect(0);
    assert_eq!(read(), "FROM debian:12\nCOPY app.py /app/\n");
    // There is nothing left to show.
    let run = stage.run(&["check", "--diff", "--select", "add-instead-of-copy"]);
    assert_eq!(run.expect(0).stdout, "");
}

/// What does nothing is an error, and what asks for an object gets one.
#[test]
fn what_is_typed_wrong_is_told() {
    let stage = Stage::with(&[("Dockerfile", "FROM scratch\n")]);
    let run = stage.run(&["check", "--unsafe-fixes"]).expect(2);
    assert!(run.stderr.contains("--fix"), "{}", run.stderr);
    let call = ["check", "-", "--fix"];
    let run = stage.run_with_input(&call, b"FROM scratch\n").expect(2);
    assert!(run.stderr.contains("standard input"), "{}", run.stderr);
    for call in [
        ["check", "--format", "json", "--nope"],
        ["check", "--format=json", "--fail-on", "hgh"],
        ["inspect", "--format", "json", "--platform"],
    ] {
        let error = &stage.run(&call).expect(2).json()["error"];
        assert_eq!(error["exit_code"], 2, "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("--"), "{message}");
    }
    assert_eq!(
        stage
            .run(&["check", "--format", "plain", "--nope"])
            .expect(2)
            .stdout,
        ""
    );
    let run = stage.run(&["inspect", "x.tar", "-f", "json"]).expect(2);
    assert!(run.stderr.contains("--format json"), "{}", run.stderr);
    let run = stage.run(&[
        "db",
        "pull",
        "--offline",
        "registry:localhost:5914/db/adv:1",
    ]);
    assert!(!run.stderr.contains("port"), "{}", run.stderr);
}

#[test]
fn a_fix_that_would_bring_a_finding_holds_no_other_up() {
    let before =
        "FROM debian\nRUN make\nENTRYPOINT [\"a\"]\nRUN npm ci\nENTRYPOINT [\"a\"]\nADD x /\n";
    let stage = Stage::with(&[("Dockerfile", before), ("x", "")]);
    let select = "overridden-instruction,consecutive-run,add-instead-of-copy";
    for how in ["--diff", "--fix"] {
        let run = stage
            .run(&["check", how, "--unsafe-fixes", "--select", select])
            .expect(1);
        let told = "Dockerfile:3: not fixed overridden-instruction: it would bring a finding of consecutive-run";
        assert!(run.stderr.contains(told), "{}", run.stderr);
        assert!(run.stdout.contains("overridden-instruction") == (how == "--fix"));
    }
    let written = std::fs::read_to_string(stage.project().join("Dockerfile")).unwrap();
    assert_eq!(written, before.replace("ADD", "COPY"));
}

#[test]
fn what_a_configuration_allows_holds_no_fix_up_and_is_not_fixed() {
    let stage = Stage::with(&[
        ("Dockerfile", "FROM debian:12\nADD a /\nMAINTAINER me\n"),
        ("a", ""),
        (
            "plimsoll.toml",
            "[[check.allow]]\nrules = [\"add-instead-of-copy\"]\nreason = \"for the test\"\n",
        ),
    ]);
    stage
        .run(&["check", "--fix", "--unsafe-fixes", "--exit-zero"])
        .expect(0);
    let written = std::fs::read_to_string(stage.project().join("Dockerfile")).unwrap();
    assert!(
        written.contains("ADD a /") && !written.contains("MAINTAINER"),
        "{written}"
    );
}

#[test]
fn hostile_text_does_not_reach_the_terminal() {
    let stage = Stage::with(&[(
        "Dockerfile",
        "FROM debian:latest\nENV A_TOKEN=x\u{1b}]0;owned\u{7}\u{202e}\nUSER \u{1b}[31mroot\n",
    )]);
    for format in ["human", "plain", "markdown"] {
        let run = stage.run(&["check", "--format", format]).expect(1);
        assert!(
            !run.stdout.contains(['\u{1b}', '\u{7}', '\u{202e}']),
            "{format}: {:?}",
            run.stdout
        );
    }
}

#[test]
fn several_formats_leave_at_once() {
    let stage = Stage::with(&[("Dockerfile", DEMO)]);
    stage
        .run(&[
            "check",
            "--format",
            "plain",
            "--output",
            "sarif=out.sarif",
            "--output",
            "json=out.json",
        ])
        .expect(1);
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(stage.project().join(name)).unwrap()).unwrap()
    };
    assert_eq!(read("out.sarif")["version"], "2.1.0");
    assert_eq!(read("out.json")["version"], 1);
}

/// What could not be read is in the report, in every form; where nothing was read there is none.
#[test]
fn what_could_not_be_read_is_in_the_report() {
    let stage = Stage::with(&[("a/Dockerfile", "FROM scratch\n"), ("b/x", "")]);
    std::os::unix::fs::symlink("gone", stage.project().join("b/Dockerfile")).unwrap();
    let report = stage
        .run(&["check", "--format", "json", "--select", "root-user"])
        .expect(2)
        .json();
    assert_eq!(report["skipped"][0]["what"], "b/Dockerfile");
    assert_eq!(report["skipped"][0]["blocking"], true);
    assert!(
        report["skipped"][0]["why"]
            .as_str()
            .unwrap()
            .starts_with("No such file"),
        "{report:#}"
    );
    let run = stage
        .run(&["check", "--format", "sarif", "--select", "root-user"])
        .expect(2);
    let invocation = &run.json()["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let notifications = invocation["toolExecutionNotifications"].to_string();
    assert!(notifications.contains("b/Dockerfile"), "{invocation:#}");
    // It is said once.
    assert_eq!(
        run.stderr.matches("b/Dockerfile").count(),
        1,
        "{}",
        run.stderr
    );

    // Nobody takes for clean what nobody saw.
    for place in ["no/such/file", "b"] {
        let run = stage.run(&["check", place, "--format", "json"]).expect(2);
        assert_eq!(run.json()["error"]["kind"], "usage");
        let run = stage
            .run(&["check", place, "--output", "sarif=x.sarif"])
            .expect(2);
        assert_eq!(run.stdout, "");
        assert!(!stage.project().join("x.sarif").exists());
    }
    stage.write("plimsoll.toml", b"[check\n");
    assert_eq!(stage.run(&["check", "a"]).expect(2).stdout, "");
}

/// A form that is of images alone is refused, whichever it is.
#[test]
fn forms_of_images_are_refused() {
    let stage = Stage::with(&[("Dockerfile", DEMO)]);
    for form in [
        "table",
        "gitlab-container-scanning",
        "cyclonedx",
        "spdx",
        "spdx3",
        "openvex",
    ] {
        let run = stage.run(&["check", "--format", form]).expect(2);
        assert!(run.stderr.contains("needs an image"), "{}", run.stderr);
        let hint = format!("--format {form}");
        assert!(run.stderr.contains(&hint), "{}", run.stderr);
        let output = format!("{form}=x");
        stage.run(&["check", "--output", &output]).expect(2);
        assert!(!stage.project().join("x").exists());
    }
}
