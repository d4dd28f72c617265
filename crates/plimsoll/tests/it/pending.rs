//! Security updates that a distribution has ready, and flaws that are exploited: told, and held back
//! for where the policy says so.

use plimsoll_testkit::advisory::Advisory;
use plimsoll_testkit::image::{ImageBuilder, Layer};
use serde_json::json;

use crate::stage::Stage;

const POCKET: &str = "Package: openssl\nVersion: 3.0.17-1~deb12u2\nArchitecture: amd64\n";

fn stage() -> Stage {
    let stage = Stage::with(&[
        ("Dockerfile", "FROM debian:12\n"),
        (
            "in/dists/bookworm-security/main/binary-amd64/Packages",
            POCKET,
        ),
        (
            "in/dists/bookworm-security/InRelease",
            "Codename: bookworm-security\nDate: Fri, 20 Nov 2026 00:12:41 UTC\n",
        ),
        (
            "kev.json",
            r#"{"dateReleased":"2026-11-20T00:00:00Z","vulnerabilities":
            [{"cveID":"CVE-2024-0001","dateAdded":"2026-11-01"}]}"#,
        ),
    ]);
    let flaw = json!({"affected": [{
        "package": {"ecosystem": "Debian:12", "name": "bash"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
        "ecosystem_specific": {"urgency": "low"},
    }]});
    let flaw = Advisory::new("CVE-2024-0001").with(flaw);
    stage.write("osv/1.json", flaw.text().as_bytes());
    let package = |name: &str, version: &str| {
        format!(
            "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\n\
             Version: {version}\n\n"
        )
    };
    let status = package("openssl", "3.0.11-1") + &package("bash", "5.2.15-2");
    let root = Layer::new()
        .file("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n")
        .file("var/lib/dpkg/status", status);
    ImageBuilder::new()
        .layer_by(root, "/bin/sh -c #(nop) ADD file:1 in / ")
        .build()
        .write_layout(&stage.project().join("image"), "1")
        .unwrap();
    stage
}

fn build(stage: &Stage, inputs: &[&str]) {
    let call = [&["db", "build"], inputs, &["--out", "all.index"]].concat();
    stage.run(&call).expect(0);
}

const INSPECT: [&str; 6] = [
    "inspect",
    "oci:image",
    "--db",
    "all.index",
    "--format",
    "json",
];

#[test]
fn a_waiting_update_is_told_without_any_advisory_and_holds_back_by_the_policy() {
    let stage = stage();
    build(&stage, &["in"]);
    let report = stage.run(&INSPECT).expect(0).json();
    let pending = report["pending_security_updates"].as_array().unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0]["name"], "openssl");
    assert_eq!(pending[0]["available"], "3.0.17-1~deb12u2");
    assert_eq!(pending[0]["pocket"], "bookworm-security");
    let advisories = &report["advisories"];
    assert_eq!(advisories["security_pockets"]["covered"][0]["packages"], 2);
    assert_eq!(advisories["known_exploited"]["provided"], false);
    assert_eq!(report["advice"]["edits"][0]["updates"][0], 0);

    let policy = "[policy.vulnerabilities]\nfail-on = \"never\"\n\
                  pending-security-updates = \"error\"\n";
    std::fs::write(stage.project().join("plimsoll.toml"), policy).unwrap();
    // Nobody published advisories for what the policy does not ask about.
    let told = stage.run(&["inspect", "oci:image", "--db", "all.index"]);
    assert!(
        told.stdout.contains("openssl 3.0.11-1 → 3.0.17-1"),
        "{}",
        told.stdout
    );
    build(&stage, &["in", "osv"]);
    let held = stage.run(&INSPECT).expect(1).json();
    let reason = held["verdict"]["reasons"][0].as_str().unwrap();
    assert!(reason.contains("security update waiting"), "{reason}");
    // Whoever asks for other packages reads that some wait all the same.
    let libraries = stage.run(&[&INSPECT[..], &["--pkg-types", "library"]].concat());
    let libraries = libraries.expect(0).json();
    assert_eq!(libraries["pending_security_updates"], json!([]));
    let skipped = libraries["skipped"].to_string();
    let told = "1 waits for a package of the distribution, which `--pkg-types` leaves out";
    assert!(skipped.contains(told), "{skipped}");
    // Without the pocket nobody knows.
    build(&stage, &["osv"]);
    let unknown = stage.run(&INSPECT).expect(3).json();
    assert!(
        unknown["skipped"]
            .to_string()
            .contains("no security pocket")
    );
}

#[test]
fn an_exploited_flaw_holds_back_by_the_policy_however_mild_it_is() {
    let stage = stage();
    let policy = "[policy.vulnerabilities]\nfail-on = \"critical\"\nknown-exploited = \"error\"\n";
    std::fs::write(stage.project().join("plimsoll.toml"), policy).unwrap();
    build(&stage, &["osv", "kev.json"]);
    let held = stage.run(&INSPECT).expect(1).json();
    let known = &held["vulnerabilities"][0]["known_exploited"];
    assert_eq!(known["date_added"], "2026-11-01");
    assert_eq!(known["ransomware"], false);
    build(&stage, &["osv"]);
    let unknown = stage.run(&INSPECT).expect(3).json();
    assert!(
        unknown["skipped"]
            .to_string()
            .contains("catalogue of exploited flaws")
    );
    let status = stage
        .run(&["db", "status", "--db", "all.index"])
        .expect(0)
        .stdout;
    assert!(status.contains("known exploited  not provided"), "{status}");
}
