//! The contract of `plimsoll push`.

use std::path::Path;

use plimsoll_image::sha256;
use plimsoll_testkit::image::{ImageBuilder, Layer};
use plimsoll_testkit::registry::Registry;
use serde_json::{Value, json};

use crate::stage::Stage;

/// Writes a layout with one image for two machines, and what a builder says of one of them.
fn two_platforms(root: &Path) {
    let mut entries = Vec::new();
    for architecture in ["amd64", "arm64"] {
        let layer = Layer::new().file("etc/machine", architecture);
        let builder = ImageBuilder::new()
            .platform("linux", architecture)
            .layer(layer);
        builder.build().write_layout(root, architecture).unwrap();
        let index: Value =
            serde_json::from_slice(&std::fs::read(root.join("index.json")).unwrap()).unwrap();
        let mut entry = index["manifests"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .clone();
        entry["platform"] = json!({"os": "linux", "architecture": architecture});
        entry.as_object_mut().unwrap().remove("annotations");
        entries.push(entry);
    }
    let mut said = entries[0].clone();
    said["platform"] = json!({"os": "unknown", "architecture": "unknown"});
    said["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
    entries.push(said);
    let kind = "application/vnd.oci.image.index.v1+json";
    let raw = json!({"schemaVersion": 2, "mediaType": kind, "manifests": entries}).to_string();
    let digest = sha256(raw.as_bytes());
    std::fs::write(root.join("blobs/sha256").join(digest.hex()), &raw).unwrap();
    let entry = json!({"mediaType": kind, "digest": digest.as_str(), "size": raw.len()});
    let index = json!({"schemaVersion": 2, "manifests": [entry]});
    std::fs::write(root.join("index.json"), index.to_string()).unwrap();
}

#[test]
fn one_of_several_images_is_sent_where_it_is_named() {
    let stage = Stage::new();
    two_platforms(&stage.project().join("two"));
    let registry = Registry::start().unwrap();
    let there = format!("registry:{}", registry.reference("team/app", "1"));
    for to in [there.as_str(), "oci:out"] {
        let run = stage.run(&["push", "oci:two", to]).expect(2);
        for told in ["2 images (linux/amd64, linux/arm64)", "--platform"] {
            assert!(run.stderr.contains(told), "{}", run.stderr);
        }
        let call = ["push", "oci:two", to, "--platform", "linux/arm64"];
        stage.run(&call).expect(0);
    }
    assert!(stage.project().join("out/index.json").exists());
    // One is one, wherever it lies.
    for (from, to) in [
        (there.as_str(), "oci:back"),
        ("oci:out", "docker-archive:out.tar"),
    ] {
        let call = ["push", from, to, "--platform", "linux/arm64"];
        stage.run(&call).expect(0);
    }
    stage.run(&["push", "oci:back", "oci:again"]).expect(0);
    let run = stage
        .run(&["push", "out.tar", "docker-archive:./out.tar"])
        .expect(2);
    assert!(run.stderr.contains("written over"), "{}", run.stderr);
    // An archive is for another machine most often.
    let run = stage
        .run(&["push", "oci:two", "docker-archive:two.tar"])
        .expect(2);
    assert!(run.stderr.contains("2 images"), "{}", run.stderr);
    assert!(!stage.project().join("two.tar").exists());
}
