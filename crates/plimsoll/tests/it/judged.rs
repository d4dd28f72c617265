//! Which files are judged, by which configuration, and that none of them is written over.

use plimsoll_testkit::advisory::Advisory;

use crate::stage::{Stage, tool};

const BUILT: &str = "FROM debian:12 AS build\nRUN true\nFROM debian:12 AS runtime\nUSER 10001\n";
const OTHER: &str = "FROM debian:12\nENV DB_PASSWORD=hunter2hunter3\nUSER root\n";

/// The rules that speak of a file in a report.
fn rules(report: &serde_json::Value, file: &str) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| finding["file"] == file)
        .map(|finding| finding["rule"].as_str().unwrap().to_owned())
        .collect()
}

fn has(rules: &[String], rule: &str) -> bool {
    rules.iter().any(|one| one == rule)
}

#[test]
fn a_stage_is_of_the_one_dockerfile_that_is_built() {
    for dockerfile in ["docker/Dockerfile", "Dockerfile"] {
        let named = format!("dockerfile = \"{dockerfile}\"\n");
        // Unnamed it is the one beside the configuration.
        for name in [named.as_str(), ""] {
            if name.is_empty() && dockerfile != "Dockerfile" {
                continue;
            }
            let config =
                format!("[build]\n{name}target = \"runtime\"\nargs = {{ WHO = \"10001\" }}\n");
            let stage = Stage::with(&[
                (
                    dockerfile,
                    &BUILT.replace("USER 10001", "ARG WHO=root\nUSER $WHO"),
                ),
                ("db/Dockerfile", OTHER),
                (
                    "web/Dockerfile",
                    "FROM debian:12\nARG WHO=root\nUSER $WHO\n",
                ),
                ("plimsoll.toml", &config),
            ]);
            for call in [["check", "."], ["check", "db/Dockerfile"]] {
                let call = [call.as_slice(), &["--format", "json"]].concat();
                let report = stage.run(&call).expect(1).json();
                let other = rules(&report, "db/Dockerfile");
                for rule in ["secret-in-image-config", "root-user"] {
                    assert!(has(&other, rule), "{rule}: {report:#}");
                }
                assert!(!has(&other, "syntax-error"), "{report:#}");
            }
            let report = stage.run(&["check", "--format", "json"]).expect(1).json();
            assert!(!has(&rules(&report, dockerfile), "root-user"), "{report:#}");
            assert!(
                has(&rules(&report, "web/Dockerfile"), "root-user"),
                "{report:#}"
            );
        }
    }
}

#[test]
fn a_stage_that_is_not_there_is_the_configurations_fault_and_blinds_nothing() {
    let stage = Stage::with(&[
        ("Dockerfile", OTHER),
        ("plimsoll.toml", "# ours\n[build]\ntarget = \"runtime\"\n"),
    ]);
    let run = stage.run(&["check", "--format", "json"]).expect(2);
    let told = "plimsoll.toml:3: build.target: Dockerfile has no stage `runtime`";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    let report = run.json();
    let found = rules(&report, "Dockerfile");
    assert!(
        has(&found, "secret-in-image-config") && has(&found, "root-user"),
        "{report:#}"
    );
    assert!(!has(&found, "syntax-error"), "{report:#}");
    let skipped = report["skipped"].as_array().unwrap();
    assert!(
        skipped
            .iter()
            .any(|one| one["blocking"] == true && one["what"] == "Dockerfile"),
        "{report:#}"
    );
}

#[test]
fn nothing_that_is_judged_is_written_over() {
    let stage = Stage::with(&[
        ("Dockerfile", OTHER),
        (".dockerignore", "*\n"),
        ("plimsoll.toml", ""),
        ("sub/x", ""),
    ]);
    let project = stage.project();
    std::os::unix::fs::symlink("../Dockerfile", project.join("sub/link")).unwrap();
    std::fs::hard_link(project.join("Dockerfile"), project.join("hard")).unwrap();
    for file in [
        "Dockerfile",
        "./sub/../Dockerfile",
        "sub/link",
        "hard",
        ".dockerignore",
        "plimsoll.toml",
    ] {
        let output = format!("json={file}");
        for call in [
            vec!["check", "."],
            vec!["check", "Dockerfile"],
            vec!["ship"],
        ] {
            let run = stage
                .run(&[call.as_slice(), &["--output", &output]].concat())
                .expect(2);
            assert!(
                run.stderr.contains("would be written over"),
                "{}",
                run.stderr
            );
        }
    }
    let target = format!("docker-archive:{}", project.join("hard").display());
    for call in ["build", "ship"] {
        let run = stage.run(&[call, "--to", &target]).expect(2);
        assert!(
            run.stderr.contains("would be written over"),
            "{}",
            run.stderr
        );
    }
    assert_eq!(
        std::fs::read_to_string(project.join("Dockerfile")).unwrap(),
        OTHER
    );
    // What was written before is written anew.
    for _ in 0..2 {
        stage
            .run(&["check", "--output", "json=report.json", "--exit-zero"])
            .expect(0);
    }
}

#[test]
fn an_image_is_not_written_over_by_what_is_said_of_it() {
    let stage = Stage::with(&[
        ("root/etc/os-release", "ID=debian\n"),
        ("Dockerfile", BUILT),
    ]);
    let project = stage.project();
    let (tar, root) = (project.join("root.tar"), project.join("root"));
    tool(
        "tar",
        &[
            "-cf",
            tar.to_str().unwrap(),
            "-C",
            root.to_str().unwrap(),
            ".",
        ],
    );
    for (output, is_spared) in [
        ("json=root.tar", false),
        ("json=Dockerfile", false),
        ("json=report.json", true),
    ] {
        let call = [
            "inspect",
            "rootfs:root.tar",
            "-f",
            "Dockerfile",
            "--output",
            output,
        ];
        let run = stage.run(&call);
        let is_refused = run.code == 2 && run.stderr.contains("would be written over");
        assert_eq!(is_refused, !is_spared, "{output}: {}", run.stderr);
    }
    assert!(std::fs::metadata(&tar).unwrap().len() >= 10_240);
}

#[test]
fn a_project_is_looked_through_and_what_is_passed_over_is_told() {
    let stage = Stage::with(&[
        (".devcontainer/Dockerfile", OTHER),
        ("node_modules/a/Dockerfile", OTHER),
        (".venv/Dockerfile", OTHER),
    ]);
    let run = stage.run(&["check", "--format", "json"]).expect(1);
    let report = run.json();
    assert_eq!(
        report["checked"],
        serde_json::json!([".devcontainer/Dockerfile"])
    );
    let told = report["skipped"].to_string();
    assert!(
        told.contains("2 folders") && told.contains("node_modules"),
        "{told}"
    );
    for named in [
        "node_modules",
        "node_modules/*/Dockerfile",
        "node_modules/a/Dockerfile",
    ] {
        let report = stage
            .run(&["check", named, "--format", "json"])
            .expect(1)
            .json();
        assert_eq!(report["checked"][0], "node_modules/a/Dockerfile", "{named}");
    }
    std::fs::remove_dir_all(stage.project().join(".devcontainer")).unwrap();
    let run = stage.run(&["check"]).expect(2);
    assert!(run.stderr.contains("no Dockerfile there"), "{}", run.stderr);
    assert!(run.stderr.contains("node_modules"), "{}", run.stderr);
}

#[test]
fn what_is_no_dockerfile_is_told_by_its_name() {
    let stage = Stage::with(&[
        ("compose.yaml", "services:\n  a:\n    build: .\n"),
        ("go.mod", "module a\n"),
        ("build.txt", OTHER),
    ]);
    let tar = stage.project().join("image.tar");
    std::fs::write(stage.project().join("large"), vec![0; 5 << 20]).unwrap();
    let folder = stage.project();
    tool(
        "tar",
        &[
            "-cf",
            tar.to_str().unwrap(),
            "-C",
            folder.to_str().unwrap(),
            "large",
        ],
    );
    for (file, told) in [
        ("compose.yaml", "is a Compose file, no Dockerfile"),
        ("go.mod", "is a Go module, no Dockerfile"),
        ("image.tar", "plimsoll inspect image.tar"),
    ] {
        let run = stage.run(&["check", file]).expect(2);
        assert!(run.stderr.contains(told), "{}", run.stderr);
        assert_eq!(run.stdout, "");
    }
    // By another name it is one all the same.
    stage.run(&["check", "build.txt"]).expect(1);
}

#[test]
fn a_place_to_send_to_is_never_guessed() {
    let stage = Stage::with(&[("Dockerfile", "FROM scratch\n"), ("out/x", "")]);
    for (to, told) in [
        ("dokcer:app", "did you mean `docker:…`"),
        ("oci-layuot:dir", "did you mean `oci-layout:…`"),
        ("./out.tar", "is a path"),
        ("out.tar", "is a path"),
        ("out", "is a path"),
    ] {
        for call in [
            vec!["ship", "--to", to],
            vec!["build", "--to", to],
            vec!["push", "x.tar", to],
        ] {
            let run = stage.run(&call).expect(2);
            assert!(run.stderr.contains(told), "{call:?}: {}", run.stderr);
        }
    }
}

#[test]
fn a_host_and_its_port_are_no_prefix() {
    let stage = Stage::with(&[("Dockerfile", "FROM scratch\n")]);
    for name in ["registry:5000/advisories:1", "registry2:5000/advisories:1"] {
        let host = name.split('/').next().unwrap();
        let call = ["db", "pull", name, "--offline", "--out", "x.index"];
        let run = stage.run(&call);
        assert!(run.stderr.contains(&format!("{host}:")), "{}", run.stderr);
    }
    stage.run(&["push", "oci:none", "oci-layout:out"]).expect(2);
    for name in ["registry2:5000/app", "docker1:5000/team/app"] {
        let run = stage.run(&["push", "oci:none", name]).expect(2);
        assert!(!run.stderr.contains("did you mean"), "{}", run.stderr);
    }
}

#[test]
fn what_is_in_force_is_not_written_over() {
    let stage = Stage::with(&[
        ("root/etc/os-release", "ID=debian\n"),
        (".trivyignore", "CVE-2024-1\n"),
        (".hadolint.yaml", "ignored: [DL3006]\n"),
        ("Dockerfile", BUILT),
    ]);
    let advisory = Advisory::below("GHSA-aaaa-bbbb-cccc", "npm", "left-pad", "1.3.0");
    stage.know(&[advisory]);
    let index = stage.root().join("data/advisories.index");
    std::fs::create_dir_all(index.parent().unwrap()).unwrap();
    std::fs::copy(stage.project().join("all.index"), &index).unwrap();
    let index = format!("json={}", index.display());
    for output in [index.as_str(), "json=.trivyignore", "json=.hadolint.yaml"] {
        for call in [vec!["inspect", "rootfs:root"], vec!["ship"]] {
            let run = stage
                .run(&[call.as_slice(), &["--output", output]].concat())
                .expect(2);
            let is_told = run.stderr.contains("would be written over");
            assert!(is_told, "{output}: {}", run.stderr);
        }
    }
    let call = ["check", "--output", "json=.hadolint.yaml"];
    let run = stage.run(&call).expect(2);
    let is_told = run.stderr.contains("would be written over");
    assert!(is_told, "{}", run.stderr);
}

#[test]
fn fixes_are_shown_where_both_are_asked_for() {
    let text = "FROM debian:12\nMAINTAINER me\n";
    let stage = Stage::with(&[("Dockerfile", text)]);
    let both = stage.run(&["check", "--fix", "--diff"]);
    let one = stage.run(&["check", "--diff"]);
    assert_eq!((both.code, both.stdout), (one.code, one.stdout));
    let there = std::fs::read_to_string(stage.project().join("Dockerfile"));
    assert_eq!(there.unwrap(), text);
    stage.run(&["check", "--unsafe-fixes"]).expect(2);
}

#[test]
fn what_a_pattern_cannot_look_into_fails() {
    let stage = Stage::with(&[("u/a/Dockerfile", "FROM scratch\n"), ("u/b/x", "")]);
    let closed = stage.project().join("u/b");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o000);
    std::fs::set_permissions(&closed, mode).unwrap();
    if std::fs::read_dir(&closed).is_ok() {
        eprintln!("root may read all: what cannot be read is not tried");
        return;
    }
    for path in ["u", "u/**/Dockerfile"] {
        let run = stage.run(&["check", path, "--exit-zero", "--format", "json"]);
        let run = run.expect(2);
        let skipped = run.json()["skipped"].to_string();
        assert!(skipped.contains("u/b"), "{path}: {skipped}");
    }
}

#[test]
fn what_is_called_nearly_as_a_dockerfile_is_told_by_what_it_holds() {
    let stage = Stage::with(&[
        ("Dockerfile-dev", OTHER),
        ("Dockerfile-notes", "Read me\nfirst\n"),
        ("Dockerfile-build.sh", "set -e\ndocker build .\n"),
    ]);
    let run = stage.run(&["check", "--format", "json"]).expect(1);
    let report = run.json();
    assert_eq!(report["checked"], serde_json::json!(["Dockerfile-dev"]));
    let told = report["skipped"].to_string();
    assert!(told.contains("Dockerfile-notes"), "{told}");
    let compose = b"services:\n  a:\n    build: .\n";
    for call in [
        vec!["check", "-"],
        vec!["check", "-", "--stdin-filename", "compose.yaml"],
    ] {
        let run = stage.run_with_input(&call, compose).expect(2);
        assert!(run.stderr.contains("a Compose file"), "{}", run.stderr);
    }
}

#[test]
fn evidence_takes_the_place_of_nothing_else() {
    let stage = Stage::with(&[("Dockerfile", "FROM scratch\n"), ("docs/thesis", "")]);
    std::fs::create_dir(stage.project().join("new")).unwrap();
    for folder in [".", "docs", "./new/../docs"] {
        let run = stage.run(&["ship", "--evidence", folder]).expect(2);
        assert!(run.stderr.contains("is no evidence"), "{}", run.stderr);
    }
    let run = stage.run(&["ship", "--evidence", "new", "--tag", "a b"]);
    assert!(!run.stderr.contains("is no evidence"), "{}", run.stderr);
    assert!(stage.project().join("docs/thesis").exists());
}
