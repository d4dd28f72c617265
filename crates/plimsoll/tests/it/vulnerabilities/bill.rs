//! Bills of materials in place of an image.

use plimsoll_testkit::advisory::Advisory;
use serde_json::json;

use super::{inspect, numbers, stage};

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

    let bill = std::fs::read(stage.project().join("spdx.json")).unwrap();
    let piped = ["inspect", "sbom:-", "--db", "all.index", "--format", "json"];
    let report = stage.run_with_input(&piped, &bill).expect(0).json();
    let found = report["vulnerabilities"].as_array().unwrap();
    assert_eq!(found.len(), of_image.len());
    stage.run_with_input(&piped, b"").expect(2);
    let told = stage.run_with_input(&["inspect", "-"], &bill);
    assert!(told.stderr.contains("`sbom:-`"), "{}", told.stderr);
}

/// Every component is of its own distribution, and a gate does not pass where nobody could judge.
#[test]
fn a_bill_that_nobody_could_judge_does_not_pass() {
    let stage = stage();
    let debian = |release: u32| {
        let id = format!("DEBIAN-CVE-2024-{release}");
        Advisory::below(&id, &format!("Debian:{release}"), "curl", "7.0-2")
    };
    stage.know(&[debian(12), debian(13)]);
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
    // What is built is called otherwise than its source, which nothing here tells.
    let built = ["curl", "libcurl4", "libc6", "libc-bin", "passwd"];
    let purl =
        |name: &str, more: &str| format!("pkg:deb/debian/{name}@7.0-2?distro=debian-13{more}");
    let of = |first: &str| -> Vec<String> {
        let others = built[1..].iter().map(|name| purl(name, ""));
        std::iter::once(purl("curl", first)).chain(others).collect()
    };
    let untold = of("");
    let untold: Vec<&str> = untold.iter().map(String::as_str).collect();
    let report = look(&[&untold[..], &[npm]].concat(), &gate)
        .expect(3)
        .json();
    let of_all = "none of its packages (5) could be judged";
    let skipped = report["skipped"].as_array().unwrap();
    let mut skipped = skipped.iter().filter(|gap| gap["blocking"] == true);
    assert!(skipped.any(|gap| gap["why"].as_str().unwrap().starts_with(of_all)));
    look(&untold, &[]).expect(0);
    let told = of("&upstream=curl");
    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    look(&told, &gate).expect(0);
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
