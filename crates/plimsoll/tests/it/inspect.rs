//! `plimsoll inspect`: what the exit code tells a pipeline.

use plimsoll_testkit::image::{ImageBuilder, Layer};

use crate::stage::{Run, Stage};

fn inspect(layers: Vec<Layer>, more: &[&str]) -> Run {
    let stage = Stage::new();
    let base = Layer::new()
        .file("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n")
        .file(
            "var/lib/dpkg/status",
            "Package: tzdata\nStatus: install ok installed\nVersion: 2024a-0\nArchitecture: all\n\n",
        );
    let image = ImageBuilder::new().layer(base);
    layers
        .into_iter()
        .fold(image, ImageBuilder::layer)
        .build()
        .write_layout(&stage.project().join("image"), "1")
        .unwrap();
    stage.run(&[&["inspect", "oci:image", "--format", "json"], more].concat())
}

#[test]
fn an_image_that_was_seen_holds_unless_asked_for_more() {
    let run = inspect(Vec::new(), &[]).expect(0);
    // There is no index of advisories here, and that is all there is to say.
    assert_eq!(run.json()["skipped"].as_array().unwrap().len(), 1);
    assert_eq!(run.json()["skipped"][0]["what"], "vulnerabilities");
    inspect(Vec::new(), &["--fail-on", "critical"]).expect(0);
    inspect(Vec::new(), &["--fail-on", "info"]).expect(1);
}

#[test]
fn an_inventory_without_its_foundation_is_no_look() {
    let deleted = || vec![Layer::new().file("var/lib/dpkg/.wh.status", "")];
    let run = inspect(deleted(), &[]).expect(3);
    let skipped = &run.json()["skipped"][0];
    assert_eq!(skipped["what"], "var/lib/dpkg/status");
    assert_eq!(skipped["blocking"], true);
    inspect(deleted(), &["--fail-on", "critical"]).expect(3);
    // What is known to be wrong is said first.
    inspect(deleted(), &["--fail-on", "info"]).expect(1);
}
