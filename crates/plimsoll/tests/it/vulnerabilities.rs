//! Known vulnerabilities: found by an index that was made here, and what a pipeline is told.

use plimsoll_model::Digest;
use plimsoll_testkit::image::{ImageBuilder, Layer};
use plimsoll_testkit::registry::{Registry, base64};
use serde_json::json;

use crate::stage::{Run, Stage};

const DOCKERFILE: &str = "FROM alpine:3.19\nRUN apk add curl\nCOPY app /app\n";

/// An Alpine image with a flaw in its base, one in what was added to it, and an application that
/// brings a package of its own.
fn stage() -> Stage {
    let stage = Stage::with(&[
        ("Dockerfile", DOCKERFILE),
        (
            "osv/1.json",
            r#"{"id":"ALPINE-CVE-2024-0001","modified":"2026-01-01T00:00:00Z",
            "upstream":["CVE-2024-0001"],"affected":[{"package":{"ecosystem":"Alpine:v3.19",
            "name":"busybox"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},
            {"fixed":"1.36.1-r16"}]}]}]}"#,
        ),
        (
            "osv/2.json",
            r#"{"id":"ALPINE-CVE-2024-0002","modified":"2026-01-02T00:00:00Z","severity":
            [{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
            "affected":[{"package":{"ecosystem":"Alpine:v3.19","name":"curl"},"ranges":
            [{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]}]}"#,
        ),
        (
            "osv/3.json",
            r#"{"id":"GHSA-aaaa-bbbb-cccc","modified":"2026-01-03T00:00:00Z",
            "aliases":["CVE-2021-0003"],"summary":"It reads too much","database_specific":
            {"severity":"MODERATE"},"affected":[{"package":{"ecosystem":"npm","name":"left-pad"},
            "ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.3.0"}]}]}]}"#,
        ),
    ]);
    let installed =
        |more: &str| format!("P:busybox-binsh\nV:1.36.1-r15\nA:x86_64\no:busybox\n\n{more}",);
    let base = Layer::new()
        .file("etc/os-release", "ID=alpine\nVERSION_ID=3.19.1\n")
        .file("lib/apk/db/installed", installed(""));
    let added = Layer::new().file(
        "lib/apk/db/installed",
        installed("P:curl\nV:8.5.0-r0\nA:x86_64\no:curl\n\n"),
    );
    let app = Layer::new().file(
        "app/node_modules/left-pad/package.json",
        r#"{"name":"left-pad","version":"1.2.0"}"#,
    );
    ImageBuilder::new()
        .layer_by(base, "/bin/sh -c #(nop) ADD file:1 in / ")
        .layer_by(added, "RUN /bin/sh -c apk add curl # buildkit")
        .layer_by(app, "COPY app /app # buildkit")
        .build()
        .write_layout(&stage.project().join("image"), "1")
        .unwrap();
    stage
        .run(&["db", "build", "osv", "--out", "all.index"])
        .expect(0);
    stage
}

fn inspect(stage: &Stage, more: &[&str]) -> Run {
    let call = ["inspect", "oci:image", "--file", "Dockerfile"];
    stage.run(&[&call, more].concat())
}

/// The vulnerabilities' numbers, in the order of the report.
fn numbers(stage: &Stage, more: &[&str]) -> Vec<String> {
    let call = [&["--db", "all.index", "--format", "json"], more].concat();
    let report = inspect(stage, &call).expect(0).json();
    report["vulnerabilities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn each_is_told_with_its_fix_and_its_line() {
    let stage = stage();
    let report = inspect(&stage, &["--db", "all.index", "--format", "json"])
        .expect(0)
        .json();
    let found = report["vulnerabilities"].as_array().unwrap();
    assert_eq!(found.len(), 3, "{found:#?}");
    let [curl, pad, busybox] = [&found[0], &found[1], &found[2]];
    assert_eq!(curl["id"], "CVE-2024-0002");
    assert_eq!(curl["fixed"], json!(null));
    assert_eq!(curl["fix_state"], "not-fixed");
    assert_eq!(curl["severity"], "critical");
    assert_eq!(curl["severity_basis"], "cvss");
    assert_eq!(curl["cvss"]["score"], 9.8);
    assert_eq!(curl["origin"]["file"], "Dockerfile");
    assert_eq!(curl["origin"]["line"], 2);
    assert_eq!(curl["origin"]["in_base"], false);

    assert_eq!(pad["id"], "CVE-2021-0003");
    assert_eq!(pad["aliases"], json!(["GHSA-aaaa-bbbb-cccc"]));
    assert_eq!(pad["package"], "pkg:npm/left-pad@1.2.0");
    assert_eq!(pad["installed"], "1.2.0");
    assert_eq!(pad["fixed"], "1.3.0");
    assert_eq!(pad["severity"], "medium");
    assert_eq!(pad["severity_source"], "ghsa");
    assert_eq!(pad["origin"]["line"], 3);
    assert_eq!(pad["origin"]["layer"], 2);

    assert_eq!(busybox["name"], "busybox-binsh");
    assert_eq!(busybox["severity"], "unknown");
    assert_eq!(busybox["origin"]["in_base"], true);

    let advisories = &report["advisories"];
    assert_eq!(advisories["date"], "2026-01-03T00:00:00Z");
    assert_eq!(advisories["snapshot"].as_str().unwrap().len(), 64);
    assert_eq!(
        advisories["covered"],
        json!([
            {"ecosystem": "Alpine:v3.19", "packages": 2, "published": true,
             "date": "2026-01-02T00:00:00Z"},
            {"ecosystem": "npm", "packages": 1, "published": true,
             "date": "2026-01-03T00:00:00Z"},
        ])
    );
    assert_eq!(advisories["missing"], json!([]));

    let sarif = inspect(&stage, &["--db", "all.index", "--format", "sarif"])
        .expect(0)
        .json();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let result = results
        .iter()
        .find(|result| result["ruleId"] == "CVE-2021-0003")
        .unwrap();
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "Dockerfile");
    assert_eq!(place["region"]["startLine"], 3);
    assert_eq!(result["properties"]["layer"], 2);
}

#[test]
fn the_edit_that_removes_it_is_told_at_the_line_to_change() {
    let stage = stage();
    let edits = |more: &[&str]| -> (Vec<String>, serde_json::Value) {
        let call = [&["--db", "all.index", "--format", "json"], more].concat();
        let report = inspect(&stage, &call).json();
        let edits = report["advice"]["edits"].as_array().unwrap().iter();
        let told = edits.map(|edit| {
            let step = &edit["steps"][0];
            let word = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            format!(
                "{} {}:{} {} {} > {}",
                word(&edit["action"]),
                word(&edit["file"]),
                edit["line"],
                word(&step["name"]),
                word(&step["installed"]),
                word(&step["to"])
            )
        });
        (told.collect(), report["advice"].clone())
    };
    let base = "renew-base Dockerfile:1 busybox 1.36.1-r15 > 1.36.1-r16";
    let (told, advice) = edits(&[]);
    assert_eq!(
        told,
        ["raise-versions Dockerfile:3 left-pad 1.2.0 > 1.3.0", base]
    );
    assert_eq!(advice["plan"], json!([]));
    // Where the project is at hand, the line is that of the file that asks for the package.
    let asks_for = |range: &str| {
        let text = format!("{{\n  \"dependencies\": {{\n    \"left-pad\": \"{range}\"\n  }}\n}}\n");
        stage.write("app/package.json", text.as_bytes());
    };
    // It takes what mends it already, or did not bring what is there.
    asks_for("^1.2.0");
    let lock = "renew-lock app/package.json:3 left-pad 1.2.0 > 1.3.0";
    assert_eq!(edits(&[]).0, [lock, base]);
    asks_for("^1.3.0");
    let (told, advice) = edits(&[]);
    assert_eq!(
        told,
        ["raise-versions Dockerfile:3 left-pad 1.2.0 > 1.3.0", base]
    );
    assert_eq!(advice["edits"][0]["steps"][0]["brought"], true);
    asks_for("1.2.0");
    let (told, advice) = edits(&["--fail-on-vulnerability", "medium"]);
    assert_eq!(
        told,
        [
            "raise-versions app/package.json:3 left-pad 1.2.0 > 1.3.0",
            base
        ]
    );
    assert_eq!(advice["plan"], json!([0]));
    assert_eq!(advice["remaining"], json!([0]));
}

#[test]
fn pipelines_get_their_forms() {
    let stage = stage();
    let call = |form| inspect(&stage, &["--db", "all.index", "--format", form]).expect(0);
    let report = call("gitlab-container-scanning").json();
    assert_eq!(report["scan"]["type"], "container_scanning");
    assert_eq!(report["vulnerabilities"].as_array().unwrap().len(), 3);
    assert_eq!(
        report["vulnerabilities"][0]["location"]["operating_system"],
        "alpine 3.19.1"
    );
    assert!(call("junit").stdout.contains("name=\"CVE-2024-0002\""));
    assert!(call("markdown").stdout.contains("### What to do"));
    // Whatever the form, what makes the exit code is told.
    for form in [
        "github",
        "plain",
        "rdjson",
        "checkstyle",
        "sonarqube",
        "json",
        "gitlab",
    ] {
        let more = ["--format", form, "--fail-on-vulnerability", "critical"];
        let run = inspect(&stage, &[&["--db", "all.index"][..], &more].concat()).expect(1);
        assert!(run.stdout.contains("CVE-2024-0002"), "{}", run.stdout);
        let told = "held back: Dockerfile:2: curl 8.5.0-r0 has CVE-2024-0002";
        assert!(run.stderr.contains(told), "{}", run.stderr);
        let more = [
            "--db",
            "none",
            "--format",
            form,
            "--fail-on-vulnerability",
            "critical",
        ];
        let run = inspect(&stage, &more).expect(3);
        assert!(
            run.stderr.contains("not looked at: vulnerabilities: "),
            "{}",
            run.stderr
        );
    }
    stage
        .run(&["check", "--format", "gitlab-container-scanning"])
        .expect(2);
}

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

#[test]
fn a_bill_of_materials_is_judged_as_its_image_is() {
    let stage = stage();
    let of_image = numbers(&stage, &[]);
    assert!(!of_image.is_empty());
    for format in ["cyclonedx", "spdx", "spdx3"] {
        let output = format!("{format}={format}.json");
        inspect(&stage, &["--db", "none", "--output", &output]).expect(0);
        let call = ["inspect", &format!("{format}.json"), "--db", "all.index"];
        let report = stage
            .run(&[&call[..], &["--format", "json"]].concat())
            .expect(0)
            .json();
        let found = report["vulnerabilities"].as_array().unwrap();
        let found: Vec<&str> = found
            .iter()
            .map(|one| one["id"].as_str().unwrap())
            .collect();
        assert_eq!(found, of_image, "{format}");
        assert!(report.get("image").is_none() && report["sbom"]["format"].is_string());
        // Known vulnerabilities count as findings do. What only an image shows was not looked at,
        // and a gate that needs it says so.
        stage
            .run(&[&call[..], &["--fail-on", "high"]].concat())
            .expect(1);
        stage
            .run(&["inspect", call[1], "--db", "none", "--fail-on", "high"])
            .expect(3);
        let shown = stage.run(&call).expect(0).stdout;
        assert!(shown.contains("sbom") && shown.contains("vulns"), "{shown}");
    }
    stage.run(&["inspect", "sbom:osv/1.json"]).expect(2);
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

/// Every component is of its own distribution, and a gate does not pass where nobody could judge.
#[test]
fn a_bill_that_nobody_could_judge_does_not_pass() {
    let stage = stage();
    let debian = |number: u32, release: u32| {
        json!({
            "id": format!("DEBIAN-CVE-2024-{number}"), "modified": "2026-01-01T00:00:00Z",
            "affected": [{
                "package": {"ecosystem": format!("Debian:{release}"), "name": "curl"},
                "ranges": [{"type": "ECOSYSTEM",
                    "events": [{"introduced": "0"}, {"fixed": "7.0-2"}]}],
            }],
        })
    };
    for (at, record) in [debian(12, 12), debian(13, 13)].iter().enumerate() {
        let file = format!("osv/debian-{at}.json");
        stage.write(&file, record.to_string().as_bytes());
    }
    stage
        .run(&["db", "build", "osv", "--out", "all.index"])
        .expect(0);
    let look = |components: &[&str], more: &[&str]| {
        let components: Vec<_> = components
            .iter()
            .map(|purl| match purl.starts_with("pkg:") {
                true => json!({"type": "library", "name": "x", "purl": purl}),
                false => json!({"type": "library", "name": purl, "cpe": "cpe:2.3:a:x:x:1"}),
            })
            .collect();
        let bill =
            json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components});
        stage.write("bill.json", bill.to_string().as_bytes());
        let call = [
            "inspect",
            "bill.json",
            "--db",
            "all.index",
            "--format",
            "json",
        ];
        stage.run(&[&call[..], more].concat())
    };
    let gate = ["--fail-on-vulnerability", "low"];
    let mended = "pkg:deb/debian/curl@7.0-2?distro=debian-13";
    let npm = "pkg:npm/right-pad@1.0.0";
    for components in [
        &["pkg:deb/debian/curl@7.0-1"][..],
        &["pkg:deb/curl@7.0-1", npm],
        &["pkg:deb/raspbian/curl@7.0-1?distro=raspbian-12", npm],
        &["pkg:deb/debian/curl@not-a-version?distro=debian-13", npm],
        &["pkg:deb/debian/curl?distro=debian-13", npm],
        &["pkg:npm/left-pad"],
        &["pkg:conda/curl@7.0"],
        &["curl"],
        &[mended, "pkg:deb/ubuntu/curl@7.0-1?distro=ubuntu-22.04"],
        &[mended, "pkg:apk/alpine/curl@7.0-r1"],
    ] {
        let report = look(components, &gate).expect(3).json();
        let skipped = report["skipped"].as_array().unwrap();
        let mut blocking = skipped.iter().filter(|gap| gap["blocking"] == true);
        assert!(blocking.any(|gap| gap["what"].as_str().unwrap().starts_with("vulnerabilities")));
        look(components, &[]).expect(0);
    }
    // A few that nobody can judge are told.
    look(&[mended, npm, "pkg:conda/curl@7.0", "curl"], &gate).expect(0);
    stage.write(
        "plimsoll.toml",
        b"[policy.vulnerabilities]\nfail-on = \"low\"\nunjudged = \"fail\"\n",
    );
    look(&[mended, npm], &[]).expect(0);
    look(&[mended, npm, "pkg:conda/curl@7.0"], &[]).expect(3);
    look(&[mended, npm, "curl"], &[]).expect(3);
    stage.write(
        "plimsoll.toml",
        b"[policy.vulnerabilities]\nfail-on = \"low\"\nunjudged = \"report\"\n",
    );
    look(&["pkg:deb/raspbian/curl@7.0-1", npm], &[]).expect(0);
    look(&["pkg:deb/raspbian/curl@7.0-1"], &[]).expect(3);
    // What is old in its own release is found, whatever comes first.
    for distro in ["debian-12", "bookworm", "debian-12.5"] {
        let old = format!("pkg:deb/debian/curl@7.0-1?distro={distro}");
        let run = look(&[mended, &old], &["--exit-code", "1"]).expect(1);
        assert_eq!(run.json()["vulnerabilities"][0]["id"], "CVE-2024-12");
    }
    // Neither does what was compared with one.
    look(&["pkg:deb/curl@7.0-1"], &[]).expect(3);
    stage
        .run(&["inspect", "bill.json", "--db", "none"])
        .expect(3);
    let call = ["diff", "bill.json", "bill.json", "--db", "all.index"];
    let bound = ["--fail-on", "new-vulnerabilities"];
    stage.run(&[&call[..], &bound].concat()).expect(3);
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

/// Attaches what `bytes` hold to an image of the registry, in a manifest of that type.
fn attach(registry: &Registry, subject: &Digest, kind: &str, tag: Option<&str>, bytes: &[u8]) {
    attach_as(registry, subject, kind, tag, (bytes, bytes.len()));
}

/// The same, and its size is said to be another.
fn attach_as(
    registry: &Registry,
    subject: &Digest,
    kind: &str,
    tag: Option<&str>,
    (bytes, size): (&[u8], usize),
) {
    let put = |bytes: &[u8]| registry.put_blob("team/app", bytes.to_vec()).to_string();
    let mut manifest = json!({
        "schemaVersion": 2, "mediaType": plimsoll_image::media_type::OCI_MANIFEST,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": put(b"{}"), "size": 2},
        "layers": [{"mediaType": kind, "digest": put(bytes), "size": size}],
    });
    if tag.is_none() {
        manifest["artifactType"] = kind.into();
        manifest["subject"] = json!({
            "mediaType": plimsoll_image::media_type::OCI_MANIFEST,
            "digest": subject.to_string(), "size": 1,
        });
    }
    let kind = plimsoll_image::media_type::OCI_MANIFEST;
    registry.put_manifest("team/app", tag, kind, manifest.to_string().into_bytes());
}

#[test]
fn what_is_attached_to_the_image_counts_where_it_is_asked_for() {
    let stage = stage();
    let registry = Registry::start().unwrap();
    let name = registry.reference("team/app", "v1");
    let to = format!("registry:{name}");
    stage.run(&["push", "oci:image", &to]).expect(0);
    let digest = registry.tags("team/app")["v1"].clone();
    let statement = |id: &str, products: serde_json::Value| {
        json!({
            "@context": "https://openvex.dev/ns/v0.2.0", "author": "ops", "statements": [
                {"vulnerability": {"name": id}, "products": products, "status": "not_affected",
                 "justification": "vulnerable_code_not_present"}],
        })
    };
    let in_toto = |predicate: &serde_json::Value, subject: &str| {
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1", "predicate": predicate,
            "predicateType": "https://openvex.dev/ns",
            "subject": [{"name": "app", "digest": {"sha256": subject}}],
        });
        json!({"payloadType": "application/vnd.in-toto+json", "signatures": [],
               "payload": base64(statement.to_string().as_bytes())})
    };
    let dsse = "application/vnd.dsse.envelope.v1+json";
    // By itself, about a package; signed by cosign's old way, about the image; about another image.
    let plain = statement("CVE-2021-0003", json!([{"@id": "pkg:npm/left-pad"}]));
    attach(
        &registry,
        &digest,
        "application/vnd.openvex+json",
        None,
        plain.to_string().as_bytes(),
    );
    let signed = in_toto(
        &statement("CVE-2024-0002", serde_json::Value::Null),
        digest.hex(),
    );
    let tag = format!("sha256-{}.att", digest.hex());
    attach(
        &registry,
        &digest,
        dsse,
        Some(&tag),
        signed.to_string().as_bytes(),
    );
    let other = in_toto(
        &statement("CVE-2024-0001", serde_json::Value::Null),
        &"ab".repeat(32),
    );
    attach(&registry, &digest, dsse, None, other.to_string().as_bytes());
    attach(&registry, &digest, dsse, None, b"{\"payload\":\"***\"}");
    attach_as(&registry, &digest, dsse, None, (b"{\"vast\":1}", 1 << 40));
    attach_as(&registry, &digest, dsse, None, (b"{\"lie\":1}", 2));
    attach(
        &registry,
        &digest,
        "application/spdx+json",
        None,
        b"{\"spdxVersion\":\"SPDX-2.3\"}",
    );

    for listed in [true, false] {
        registry.set_referrers_api(listed);
        let call = ["inspect", &to, "--db", "all.index", "--format", "json"];
        let report = stage.run(&call).expect(0).json();
        assert_eq!(report["vulnerabilities"].as_array().unwrap().len(), 3);
        assert_eq!(report["suppressed_vulnerabilities"], json!([]));
        let heard = [&call[..], &["--vex", "oci"]].concat();
        let report = stage.run(&heard).expect(0).json();
        let aside: Vec<(&str, &str)> = report["suppressed_vulnerabilities"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                let written = one["written_in"].as_str().unwrap();
                assert!(written.contains("signature not verified"), "{written}");
                (one["id"].as_str().unwrap(), one["status"].as_str().unwrap())
            })
            .collect();
        let of_tag = ("CVE-2024-0002", "not-affected");
        let of_list = ("CVE-2021-0003", "not-affected");
        // Without a list nobody knows of what has no tag.
        match listed {
            true => assert_eq!(aside, [of_tag, of_list]),
            false => assert_eq!(aside, [of_tag]),
        }
        let skipped = report["skipped"].to_string();
        assert_eq!(skipped.contains("no base64"), listed, "{skipped}");
        assert_eq!(skipped.contains("bytes are more than"), listed, "{skipped}");
    }
    // Nothing is attached to what lies in no registry, and that is told.
    let local = inspect(&stage, &["--db", "all.index", "--vex", "oci"]).expect(0);
    assert!(!local.stdout.contains("attached VEX documents"));
    stage
        .run(&["inspect", "oci:image", "--output", "cyclonedx=sbom.json"])
        .expect(0);
    let call = ["inspect", "sbom.json", "--db", "all.index", "--vex", "oci"];
    let report = stage
        .run(&[&call[..], &["--format", "json"]].concat())
        .expect(0)
        .json();
    assert!(
        report["skipped"]
            .to_string()
            .contains("attached VEX documents")
    );
    // A comparison hears what is attached to each side.
    registry.set_referrers_api(true);
    let call = [
        "diff",
        "oci:image",
        &to,
        "--db",
        "all.index",
        "--vex",
        "oci",
    ];
    let difference = stage
        .run(&[&call[..], &["--format", "json"]].concat())
        .expect(0)
        .json();
    let lost = &difference["vulnerabilities"]["lost"];
    assert_eq!(lost.as_array().unwrap().len(), 2, "{lost}");
    assert_eq!(lost[0]["cause"], "set-aside");
}

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
    stage.write(
        "osv/4.json",
        br#"{"id":"GHSA-dddd-eeee-ffff","modified":"2026-01-04T00:00:00Z","affected":[{"package":
        {"ecosystem":"npm","name":"left-pad"},"ranges":[{"type":"SEMVER","events":
        [{"introduced":"0"}]}]}]}"#,
    );
    stage
        .run(&["db", "build", "osv", "--out", "all.index"])
        .expect(0);
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

/// An advisory that cannot be held against a version keeps a gate from holding that it could fail.
#[test]
fn what_may_be_there_is_no_reason_to_pass() {
    let stage = stage();
    stage.write(
        "osv/4.json",
        br#"{"id":"RETIRE-1","modified":"2026-01-03T00:00:00Z","database_specific":
        {"severity":"CRITICAL"},"affected":[{"package":{"ecosystem":"npm","name":"left-pad"},
        "ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"~"}]}]}]}"#,
    );
    stage
        .run(&["db", "build", "osv", "--out", "all.index"])
        .expect(0);
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
