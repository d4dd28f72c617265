//! VEX documents that are attached to the image.

use plimsoll_model::Digest;
use plimsoll_testkit::registry::{Registry, base64};
use serde_json::json;

use super::{inspect, stage};

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
fn what_is_attested_of_the_index_counts_where_the_image_lies_in_a_layout() {
    let stage = stage();
    let layout = stage.project().join("image");
    let index: serde_json::Value =
        serde_json::from_slice(&std::fs::read(layout.join("index.json")).unwrap()).unwrap();
    let mut entry = index["manifests"][0].clone();
    entry.as_object_mut().unwrap().remove("annotations");
    let kind = plimsoll_image::media_type::OCI_INDEX;
    let inner = json!({"schemaVersion": 2, "mediaType": kind, "manifests": [entry]}).to_string();
    let digest = plimsoll_image::sha256(inner.as_bytes());
    std::fs::write(layout.join("blobs/sha256").join(digest.hex()), &inner).unwrap();
    let entry = json!({"mediaType": kind, "digest": digest.as_str(), "size": inner.len()});
    let outer = json!({"schemaVersion": 2, "manifests": [entry]});
    std::fs::write(layout.join("index.json"), outer.to_string()).unwrap();
    let attested = |name: &str, hex: &str| {
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://openvex.dev/ns",
            "subject": [{"name": "app", "digest": {"sha256": hex}}],
            "predicate": {
                "@context": "https://openvex.dev/ns/v0.2.0", "author": "ops", "statements": [
                    {"vulnerability": {"name": "CVE-2024-0002"}, "status": "not_affected",
                     "justification": "vulnerable_code_not_present"}],
            },
        });
        stage.write(name, statement.to_string().as_bytes());
    };
    attested("index.vex.json", digest.hex());
    attested("other.vex.json", &"ab".repeat(32));
    let look = |name: &str, vex: &str| {
        let call = ["inspect", name, "--db", "all.index", "--format", "json"];
        let report = stage
            .run(&[&call[..], &["--vex", vex]].concat())
            .expect(0)
            .json();
        let aside = report["suppressed_vulnerabilities"]
            .as_array()
            .unwrap()
            .len();
        (aside, report["skipped"].to_string())
    };
    for name in [
        "oci:image",
        "oci-layout:image",
        &format!("oci:image@{digest}"),
    ] {
        assert_eq!(look(name, "index.vex.json").0, 1, "{name}");
        let (aside, told) = look(name, "other.vex.json");
        assert_eq!(aside, 0);
        assert!(told.contains("attested of something else"), "{told}");
    }
    // Nobody knows what a registry calls what has no manifest.
    stage.write("root/etc/os-release", b"ID=alpine\nVERSION_ID=3.19.1\n");
    let installed = b"P:curl\nV:8.5.0-r0\nA:x86_64\no:curl\n\n";
    stage.write("root/lib/apk/db/installed", installed);
    let (aside, told) = look("rootfs:root", "index.vex.json");
    assert_eq!(aside, 0);
    assert!(told.contains("in a registry"), "{told}");
}
