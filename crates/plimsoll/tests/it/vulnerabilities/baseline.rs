//! Only what is new counts.

use plimsoll_testkit::advisory::Advisory;
use plimsoll_testkit::image::{ImageBuilder, Layer};
use serde_json::json;

use super::{inspect, stage};

#[test]
fn only_what_is_new_counts_against_an_earlier_report() {
    let stage = stage();
    let gate = ["--db", "all.index", "--fail-on-vulnerability", "unknown"];
    inspect(
        &stage,
        &[&gate[..], &["--output", "json=old.json"]].concat(),
    )
    .expect(1);
    let since = [&gate[..], &["--baseline", "old.json", "--format", "json"]].concat();
    let report = inspect(&stage, &since).expect(0).json();
    assert_eq!(report["vulnerabilities"], json!([]));
    let known = report["suppressed_vulnerabilities"].as_array().unwrap();
    assert_eq!(known.len(), 3);
    assert_eq!(known[0]["status"], "known-before");
    // With a new flaw, only that.
    stage.know(&[Advisory::of("GHSA-dddd-eeee-ffff", "npm", "left-pad")]);
    let report = inspect(&stage, &since).expect(1).json();
    assert_eq!(report["vulnerabilities"][0]["id"], "GHSA-dddd-eeee-ffff");
    assert_eq!(report["verdict"]["reasons"].as_array().unwrap().len(), 1);
    // A report that was made without advisories knows nothing.
    inspect(&stage, &["--db", "none", "--output", "json=blind.json"]).expect(0);
    let blind = [&gate[..], &["--baseline", "blind.json"]].concat();
    inspect(&stage, &blind).expect(2);
}

#[test]
fn only_what_is_new_counts_against_an_earlier_image() {
    let stage = stage();
    // Before, there was neither curl nor another layer.
    let base = Layer::new()
        .file("etc/os-release", "ID=alpine\nVERSION_ID=3.19.1\n")
        .file(
            "lib/apk/db/installed",
            "P:busybox-binsh\nV:1.36.1-r14\nA:x86_64\no:busybox\n\n",
        )
        .file(
            "app/node_modules/left-pad/package.json",
            r#"{"name":"left-pad","version":"1.0.0"}"#,
        );
    ImageBuilder::new()
        .layer_by(base, "/bin/sh -c #(nop) ADD file:1 in / ")
        .build()
        .write_layout(&stage.project().join("before"), "1")
        .unwrap();
    stage
        .run(&["inspect", "oci:before", "--output", "cyclonedx=before.json"])
        .expect(0);
    let since = |baseline: &str, code: i32| {
        let call = ["--db", "all.index", "--fail-on-vulnerability", "unknown"];
        let more = ["--baseline", baseline, "--format", "json"];
        inspect(&stage, &[&call[..], &more].concat()).expect(code)
    };
    for baseline in ["oci:before", "before.json", "sbom:before.json"] {
        let report = since(baseline, 1).json();
        let new = report["vulnerabilities"].as_array().unwrap();
        assert_eq!(new.len(), 1, "{baseline}: {new:#?}");
        assert_eq!(new[0]["id"], "CVE-2024-0002");
        let known = report["suppressed_vulnerabilities"].as_array().unwrap();
        assert_eq!(known.len(), 2);
        assert_eq!(known[0]["status"], "known-before");
        assert_eq!(known[0]["written_in"], baseline);
    }
    let report = since("oci:image", 0).json();
    assert_eq!(report["vulnerabilities"], json!([]));
    // What is not there, by its name, is a report.
    let run = since("absent.json", 2);
    assert!(run.stderr.contains("absent.json"), "{}", run.stderr);
    since("oci:absent", 2);
    // In the configuration it stands beside the file.
    stage.write(
        "plimsoll.toml",
        b"[policy.vulnerabilities]\nfail-on = \"low\"\nbaseline = \"before.json\"\n",
    );
    let call = ["--db", "all.index", "--format", "json"];
    let report = inspect(&stage, &call).expect(1).json();
    assert_eq!(report["vulnerabilities"].as_array().unwrap().len(), 1);
    // Of another release the index knows nothing: what is there counts as new, and that is told.
    stage
        .run(&["db", "build", "osv/3.json", "--out", "npm.index"])
        .expect(0);
    let call = ["--db", "npm.index", "--baseline", "oci:before"];
    let report = inspect(&stage, &[&call[..], &["--format", "json"]].concat())
        .expect(3)
        .json();
    let skipped = report["skipped"].to_string();
    assert!(
        skipped.contains("vulnerabilities of oci:before, the baseline"),
        "{skipped}"
    );
}
