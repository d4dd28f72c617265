//! What the policy holds back for, and who answers for what it lets go.

use super::{inspect, stage};

#[test]
fn a_policy_holds_back_and_waivers_answer_for_what_they_do() {
    let stage = stage();
    let judged = |policy: &str, more: &[&str], code: i32| {
        stage.write("plimsoll.toml", policy.as_bytes());
        let call = [&["--db", "all.index", "--format", "json"], more].concat();
        inspect(&stage, &call).expect(code).json()
    };
    let numbers = |report: &serde_json::Value, list: &str| -> Vec<String> {
        let list = report[list].as_array().unwrap().iter();
        list.map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let policy = "[policy.vulnerabilities]\nfail-on = \"medium\"\n";
    let report = judged(policy, &[], 1);
    assert_eq!(report["verdict"]["holds"], false);
    let reasons = report["verdict"]["reasons"].to_string();
    assert!(
        reasons.contains("Dockerfile:2: curl 8.5.0-r0 has CVE-2024-0002"),
        "{reasons}"
    );
    assert!(reasons.contains("left-pad 1.2.0 has CVE-2021-0003, fixed in 1.3.0"));
    // What counts by origin and by what can be done.
    judged("[policy.vulnerabilities]\nfail-on = \"never\"\n", &[], 0);
    judged("[policy.vulnerabilities]\nbase.fail-on = \"low\"\n", &[], 0);
    let fixable = format!("{policy}only-fixed = true\n");
    let report = judged(&fixable, &[], 1);
    assert!(!report["verdict"]["reasons"].to_string().contains("curl"));

    // One is accepted, one waiver is past its day, one covers nothing.
    let waiver = |what: &str, until: &str| {
        format!(
            "[[policy.waiver]]\n{what}\nreason = \"never called\"\nowner = \"ops\"\nuntil = \"{until}\"\n"
        )
    };
    let waivers = [
        waiver("id = \"GHSA-aaaa-bbbb-cccc\"", "9999-01-01"),
        waiver("package = \"curl\"", "2020-01-01"),
        waiver("id = \"CVE-1999-0001\"", "9999-01-01"),
    ]
    .concat();
    let report = judged(&format!("{policy}{waivers}"), &[], 1);
    assert_eq!(
        numbers(&report, "vulnerabilities"),
        ["CVE-2024-0002", "CVE-2024-0001"]
    );
    let aside = &report["suppressed_vulnerabilities"][0];
    assert_eq!(aside["id"], "CVE-2021-0003");
    assert_eq!(aside["status"], "waived");
    assert_eq!(aside["written_in"], "plimsoll.toml:3");
    let faults: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["file"] == "plimsoll.toml")
        .map(|finding| (finding["rule"].as_str(), finding["line"].as_u64()))
        .collect();
    assert_eq!(
        faults,
        [
            (Some("expired-suppression"), Some(8)),
            (Some("unused-suppression"), Some(13)),
        ]
    );

    // What somebody who knows says of the other, said by this image's own document.
    let mine = format!(
        "{policy}{}",
        waiver(
            "package = \"pkg:apk/alpine/curl\"\njustification = \"vulnerable_code_not_present\"",
            "9999-01-01"
        )
    );
    judged(&mine, &["--output", "openvex=vex.json"], 1);
    let vex = std::fs::read(stage.project().join("vex.json")).unwrap();
    let vex: serde_json::Value = serde_json::from_slice(&vex).unwrap();
    assert_eq!(vex["@context"], "https://openvex.dev/ns/v0.2.0");
    let mut statements = vex["statements"].as_array().unwrap().iter();
    let curl = statements.find(|one| one["vulnerability"]["name"] == "CVE-2024-0002");
    assert_eq!(curl.unwrap()["status"], "not_affected", "{vex}");
    let report = judged(policy, &["--vex", "vex.json"], 1);
    assert_eq!(
        numbers(&report, "suppressed_vulnerabilities"),
        ["CVE-2024-0002"]
    );

    // Other tools' lists, where there is no file of ours, or ours names them.
    stage.write(".trivyignore", b"CVE-2021-0003\n");
    stage.write(".grype.yaml", b"ignore:\n  - package: {name: curl}\n");
    let named = format!("{policy}ignore-files = [\".trivyignore\", \".grype.yaml\"]\n");
    let report = judged(&named, &[], 0);
    assert_eq!(
        numbers(&report, "suppressed_vulnerabilities"),
        ["CVE-2024-0002", "CVE-2021-0003"]
    );
    std::fs::remove_file(stage.project().join("plimsoll.toml")).unwrap();
    let gate = ["--db", "all.index", "--fail-on-vulnerability", "low"];
    inspect(&stage, &gate).expect(0);
    stage.run(&["migrate"]).expect(0);
    inspect(&stage, &gate).expect(0);
}

#[test]
fn a_policy_that_needs_advisories_is_not_met_without() {
    let stage = stage();
    stage.write(
        "plimsoll.toml",
        b"[policy.vulnerabilities]\nfail-on = \"critical\"\n",
    );
    inspect(&stage, &["--db", "none"]).expect(3);
    stage.write(
        "plimsoll.toml",
        b"[policy.vulnerabilities]\nfail-on = \"never\"\nmax-age = \"1 day\"\n",
    );
    inspect(&stage, &["--db", "all.index"]).expect(3);
    stage.write(
        "plimsoll.toml",
        b"[policy.vulnerabilities]\nvex = [\"plimsoll.toml\"]\n",
    );
    let run = inspect(&stage, &["--db", "all.index"]).expect(2);
    assert!(run.stderr.contains("plimsoll.toml:1: "), "{}", run.stderr);
}
