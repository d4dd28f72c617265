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
