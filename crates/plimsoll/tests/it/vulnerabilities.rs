//! Known vulnerabilities: found by an index that was made here, and what a pipeline is told.

mod attached;
mod baseline;
mod bill;
mod counted;
mod policy;
mod told;

use plimsoll_testkit::advisory::Advisory;
use plimsoll_testkit::image::{ImageBuilder, Layer};
use serde_json::json;

use crate::stage::{Run, Stage};

const DOCKERFILE: &str = "FROM alpine:3.19\nRUN apk add curl\nCOPY app /app\n";

/// An Alpine image with a flaw in its base, one in what was added to it, and an application that
/// brings a package of its own.
fn stage() -> Stage {
    let stage = Stage::with(&[("Dockerfile", DOCKERFILE)]);
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
    stage.know(&[
        Advisory::below(
            "ALPINE-CVE-2024-0001",
            "Alpine:v3.19",
            "busybox",
            "1.36.1-r16",
        )
        .with(json!({"upstream": ["CVE-2024-0001"]})),
        Advisory::of("ALPINE-CVE-2024-0002", "Alpine:v3.19", "curl")
            .changed("2026-01-02")
            .scored("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),
        Advisory::below("GHSA-aaaa-bbbb-cccc", "npm", "left-pad", "1.3.0")
            .changed("2026-01-03")
            .also("CVE-2021-0003")
            .with(json!({"summary": "It reads too much"}))
            .rated("MODERATE"),
    ]);
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
