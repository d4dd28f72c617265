//! Which are shown, which count, and what nobody could judge.

use plimsoll_testkit::advisory::Advisory;
use serde_json::json;

use super::{inspect, numbers, stage};

#[test]
fn people_choose_what_is_shown_and_what_counts() {
    let stage = stage();
    let all = ["CVE-2024-0002", "CVE-2021-0003", "CVE-2024-0001"];
    assert_eq!(numbers(&stage, &[]), all);
    assert_eq!(numbers(&stage, &["--severity", "CRITICAL,high"]), all[..1]);
    assert_eq!(numbers(&stage, &["--ignore-unfixed"]), all[1..]);
    assert_eq!(numbers(&stage, &["--only-fixed"]), all[1..]);
    assert_eq!(numbers(&stage, &["--pkg-types", "library"]), all[1..2]);
    assert_eq!(numbers(&stage, &["--pkg-types", "os,library"]), all);
    // What was not asked for is known all the same.
    let screen = |more: &[&str]| {
        let call = [&["--db", "all.index"], more].concat();
        inspect(&stage, &call).expect(0).stdout
    };
    let all = screen(&[]);
    assert!(!all.contains("not listed"), "{all}");
    assert!(all.contains("judged by "), "{all}");
    let worst = screen(&["--severity", "critical,high"]);
    assert!(worst.contains("; 2 more known, not listed"), "{worst}");
    let negligible = screen(&["--severity", "negligible"]);
    assert!(
        negligible.contains("none of those asked for; 3 more known, not listed"),
        "{negligible}"
    );

    let code = |more: &[&str], code| {
        let call = [&["--db", "all.index"], more].concat();
        inspect(&stage, &call).expect(code);
    };
    code(&["--fail-on-vulnerability", "high"], 1);
    code(&["--fail-on-vulnerability", "high", "--ignore-unfixed"], 0);
    code(&["--exit-code", "1", "--severity", "medium"], 1);
    code(&["--exit-code", "1", "--severity", "low"], 0);
    code(&["--exit-code", "0"], 0);
    code(&["--exit-code", "5"], 5);
    code(&["--exit-code", "5", "--severity", "low"], 0);
    // Without evidence it is what it always is.
    inspect(&stage, &["--exit-code", "5"]).expect(3);
    code(&["--severity", "important"], 2);
}

/// What a configuration lets go, `--exit-code 1` does not.
#[test]
fn what_is_shown_makes_the_exit_code() {
    let stage = stage();
    stage.write(
        "plimsoll.toml",
        b"[policy.vulnerabilities]\nonly-fixed = true\ngrace = \"3650 days\"\n",
    );
    let call = ["--db", "all.index", "--severity", "critical"];
    inspect(
        &stage,
        &[&call[..], &["--fail-on-vulnerability", "low"]].concat(),
    )
    .expect(0);
    inspect(&stage, &[&call[..], &["--exit-code", "1"]].concat()).expect(1);
    inspect(&stage, &[&call[..], &["--exit-code", "0"]].concat()).expect(0);
}

/// What nobody has rated is not bad enough for a severity, and that is no silence.
#[test]
fn what_nobody_has_rated_is_told_where_a_severity_decides() {
    let stage = stage();
    let run = inspect(
        &stage,
        &["--db", "all.index", "--fail-on-vulnerability", "low"],
    );
    assert!(
        run.stderr
            .contains("1 known vulnerability does not count: nobody has rated"),
        "{}",
        run.stderr
    );
    let run = inspect(
        &stage,
        &["--db", "all.index", "--fail-on-vulnerability", "unknown"],
    );
    assert!(!run.stderr.contains("nobody has rated"), "{}", run.stderr);
}

#[test]
fn without_an_index_nothing_is_clean() {
    let stage = stage();
    let report = inspect(&stage, &["--format", "json"]).expect(0).json();
    assert_eq!(report["vulnerabilities"], json!([]));
    assert_eq!(report["advisories"], json!(null));
    let skipped = report["skipped"].as_array().unwrap();
    assert_eq!(skipped[0]["what"], "vulnerabilities");
    assert_eq!(skipped[0]["blocking"], false);
    let screen = inspect(&stage, &[]).expect(0).stdout;
    assert!(screen.contains("no index of advisories"), "{screen}");

    let gate = ["--fail-on-vulnerability", "critical"];
    inspect(&stage, &gate).expect(3);
    inspect(&stage, &[&gate[..], &["--db", "none"]].concat()).expect(3);
    inspect(&stage, &["--db", "missing.index"]).expect(3);

    // Of Alpine's packages nobody knows anything then.
    stage
        .run(&["db", "build", "osv/3.json", "--out", "npm.index"])
        .expect(0);
    let part = ["--db", "npm.index", "--format", "json"];
    inspect(&stage, &part).expect(0);
    let report = inspect(&stage, &[&part[..], &gate].concat())
        .expect(3)
        .json();
    assert_eq!(
        report["skipped"][0]["what"],
        "vulnerabilities of Alpine:v3.19"
    );
    assert_eq!(report["advisories"]["missing"][0]["packages"], 2);
    let library = [&part[..], &gate, &["--pkg-types", "library"]].concat();
    inspect(&stage, &library).expect(0);
}

/// An advisory that cannot be held against a version keeps a gate from holding that it could fail.
#[test]
fn what_may_be_there_is_no_reason_to_pass() {
    let stage = stage();
    stage.know(&[Advisory::below("RETIRE-1", "npm", "left-pad", "~").rated("CRITICAL")]);
    let look = |more: &[&str], code| {
        let call = ["--db", "all.index", "--pkg-types", "library"];
        inspect(&stage, &[&call[..], more].concat()).expect(code)
    };
    let run = look(&["--fail-on-vulnerability", "critical"], 3);
    let told = "vulnerabilities of pkg:npm/left-pad@1.2.0: RETIRE-1 may be in it [critical]";
    assert!(run.stdout.contains(told), "{}", run.stdout);
    look(&[], 0);
    // What could not be decided before either is not new.
    let report = look(&["--format", "json"], 0);
    stage.write("old.json", report.stdout.as_bytes());
    let since = ["--fail-on-vulnerability", "critical", "--baseline"];
    for baseline in ["old.json", "oci:image"] {
        look(&[&since[..], &[baseline]].concat(), 0);
    }
    // An earlier form of the report did not list it.
    let mut report = report.json();
    assert_eq!(report["undecided_vulnerabilities"][0]["id"], "RETIRE-1");
    report
        .as_object_mut()
        .unwrap()
        .remove("undecided_vulnerabilities");
    stage.write("old.json", report.to_string().as_bytes());
    look(&[&since[..], &["old.json"]].concat(), 3);
    for (text, code) in [
        ("[policy.vulnerabilities]\nunjudged = \"report\"\n", 0),
        (
            "[[policy.waiver]]\nid = \"RETIRE-1\"\npackage = \"left-pad\"\nreason = \"not called\"\n\
             owner = \"ops\"\nuntil = \"2099-01-01\"\n",
            0,
        ),
        ("[policy.vulnerabilities]\nonly-fixed = true\n", 3),
    ] {
        stage.write("plimsoll.toml", text.as_bytes());
        look(&["--fail-on-vulnerability", "critical"], code);
    }
}
