//! The configurations of other tools, and what a configuration of ours sets aside.

use crate::stage::Stage;

const DOCKERFILE: &str = "FROM debian:latest\nENV API_TOKEN=hunter2\nUSER root\n";

fn rules(report: &serde_json::Value, list: &str) -> Vec<String> {
    report[list]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["rule"].as_str().unwrap().to_owned())
        .collect()
}

fn check(stage: &Stage, code: i32) -> serde_json::Value {
    stage
        .run(&["check", "--format", "json"])
        .expect(code)
        .json()
}

#[test]
fn hadolints_configuration_is_read() {
    let stage = Stage::with(&[
        ("app/Dockerfile", DOCKERFILE),
        (
            ".hadolint.yaml",
            "ignored: [DL3007, DL9999]\noverride:\n  style:\n    - DL3064\nno-color: true\n",
        ),
    ]);
    let report = check(&stage, 1);
    assert!(!rules(&report, "findings").contains(&"mutable-tag".to_owned()));
    let secret = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["rule"] == "secret-in-image-config")
        .unwrap();
    assert_eq!(secret["severity"], "info");
    let skipped = report["skipped"].to_string();
    assert!(skipped.contains(".hadolint.yaml:5"), "{skipped}");
    assert!(skipped.contains("DL9999"), "{skipped}");

    stage.write(".hadolint.yaml", b"no-fail: true\n");
    check(&stage, 0);
    stage.write(".hadolint.yaml", b"ignored: [\n");
    let run = stage.run(&["check"]).expect(2);
    assert!(run.stderr.contains(".hadolint.yaml:"), "{}", run.stderr);
}

#[test]
fn ours_wins_and_says_so() {
    let stage = Stage::with(&[
        ("Dockerfile", DOCKERFILE),
        (".hadolint.yaml", "ignored: [DL3007]\n"),
        ("plimsoll.toml", "[check]\nselect = [\"mutable-tag\"]\n"),
    ]);
    let report = check(&stage, 1);
    assert_eq!(rules(&report, "findings"), ["mutable-tag"]);
    assert_eq!(report["skipped"][0]["what"], ".hadolint.yaml");
}

#[test]
fn trivys_lists_are_read() {
    let stage = Stage::with(&[
        ("a/Dockerfile", DOCKERFILE),
        ("b/Dockerfile", DOCKERFILE),
        (".trivyignore", "# port 53\nAVD-DS-0002\nCVE-2026-1\n"),
        (
            ".trivyignore.yaml",
            "misconfigurations:\n  - id: DS-0001\n    paths: [\"a/**\"]\n    statement: moves on\n",
        ),
    ]);
    let report = check(&stage, 1);
    let of = |rule: &str, list: &str| {
        let found = report[list].as_array().unwrap().iter();
        let found = found.filter(|finding| finding["rule"] == rule);
        found
            .map(|finding| finding["file"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("mutable-tag", "findings"), ["b/Dockerfile"]);
    assert_eq!(of("mutable-tag", "suppressed"), ["a/Dockerfile"]);
    let aside = &report["suppressed"].as_array().unwrap()[0];
    assert_eq!(aside["by"], "configuration");
    assert!(of("root-user", "findings").is_empty());
}

#[test]
fn exceptions_for_paths_are_held_to_what_they_say() {
    let stage = Stage::with(&[
        ("old/Dockerfile", DOCKERFILE),
        ("new/Dockerfile", "FROM debian:12.11\nUSER 10001\n"),
        (
            "plimsoll.toml",
            "[check]\nextend-select = [\"root-user\"]\nrequire-reason = true\n\n\
             [[check.allow]]\nrules = [\"mutable-tag\"]\npaths = [\"old\"]\nreason = \"moves on\"\n\n\
             [[check.allow]]\nrules = [\"root-user\"]\npaths = [\"new\"]\n\n\
             [[check.allow]]\nrules = [\"DL3064\"]\nreason = \"x\"\nuntil = \"2020-01-01\"\n",
        ),
    ]);
    let report = check(&stage, 1);
    assert!(rules(&report, "suppressed").contains(&"mutable-tag".to_owned()));
    let faults: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["file"] == "plimsoll.toml")
        .map(|finding| {
            (
                finding["rule"].as_str().unwrap(),
                finding["line"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        faults,
        [
            ("unexplained-suppression", 10),
            ("unused-suppression", 10),
            ("expired-suppression", 14)
        ]
    );
    // Of a part of the project nobody can say what is unused.
    let report = stage
        .run(&["check", "old/Dockerfile", "--format", "json"])
        .expect(1)
        .json();
    assert!(!rules(&report, "findings").contains(&"unused-suppression".to_owned()));
}

#[test]
fn one_file_is_written_from_all() {
    let stage = Stage::with(&[
        ("Dockerfile", DOCKERFILE),
        (
            ".hadolint.yaml",
            "ignored:\n  - DL3007\nlabel-schema:\n  a.b: url\nfailure-threshold: error\n",
        ),
        (".trivyignore", "DS-0002 exp:2999-01-01 # \"why\"\n"),
        (
            ".tally.toml",
            "[rules]\nexclude = [\"buildkit/FromAsCasing\"]\n[slow-checks]\nmode = \"on\"\n",
        ),
    ]);
    let before = check(&stage, 1);
    let run = stage.run(&["migrate"]).expect(0);
    assert!(
        run.stdout.contains(".tally.toml:3: `slow-checks`"),
        "{}",
        run.stdout
    );
    let written = std::fs::read_to_string(stage.project().join("plimsoll.toml")).unwrap();
    assert!(
        written.contains("ignore = [\"DL3007\", \"FromAsCasing\"]"),
        "{written}"
    );
    assert!(written.contains("fail-on = \"high\""), "{written}");
    let after = check(&stage, 1);
    assert_eq!(before["findings"], after["findings"]);
    assert_eq!(before["suppressed"], after["suppressed"]);
    stage.run(&["migrate"]).expect(2);
    stage.run(&["migrate", "--force"]).expect(0);
    Stage::new().run(&["migrate"]).expect(2);
}

#[test]
fn editions_audiences_and_labels_are_chosen() {
    let stage = Stage::with(&[
        (
            "Dockerfile",
            "FROM debian:12.11\nRUN apt-get update && apt-get install -y curl\nUSER 10001\n",
        ),
        ("plimsoll.toml", "[check]\nedition = \"2031\"\n"),
    ]);
    let run = stage.run(&["check"]).expect(2);
    assert!(
        run.stderr.contains("`2031` is no edition"),
        "{}",
        run.stderr
    );
    stage.write(
        "plimsoll.toml",
        b"[check]\nedition = \"2026\"\naudience = \"strict\"\n",
    );
    let strict = rules(&check(&stage, 1), "findings");
    stage.write("plimsoll.toml", b"");
    let default = rules(&check(&stage, 1), "findings");
    assert!(strict.len() > default.len(), "{strict:?} {default:?}");
    let flag = stage
        .run(&["check", "--strict", "--edition", "2026", "--format", "json"])
        .expect(1)
        .json();
    assert_eq!(rules(&flag, "findings"), strict);
    stage.run(&["check", "--edition", "1999"]).expect(2);
    stage
        .run(&["check", "--require-label", "a.b:colour"])
        .expect(2);
    stage
        .run(&["check", "--require-label", "a.b:url", "--strict-labels"])
        .expect(1);
}
