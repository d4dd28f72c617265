use std::collections::BTreeMap;

use plimsoll_attest::Attachment;
use plimsoll_attest::provenance::{
    Byproduct, GitSource, PREDICATE_TYPE, ProvenanceInput, statement,
};
use plimsoll_model::{BuildInput, Digest, Platform};
use serde_json::{Value, json};

fn digest(byte: u8) -> Digest {
    Digest::from_sha256([byte; 32])
}

fn hex(byte: u8) -> String {
    digest(byte).hex().to_owned()
}

fn input() -> ProvenanceInput {
    ProvenanceInput {
        names: vec![
            "ghcr.io/acme/app:1.2".to_owned(),
            "ghcr.io/acme/app".to_owned(),
        ],
        digest: digest(1),
        dockerfile: "deploy/Dockerfile".to_owned(),
        target: Some("runtime".to_owned()),
        platform: Platform::parse("linux/amd64").unwrap(),
        build_args: BTreeMap::from([
            ("PYTHON_VERSION".to_owned(), Some("3.12".to_owned())),
            ("NPM_TOKEN".to_owned(), None),
            ("INDEX_URL".to_owned(), None),
        ]),
        secret_ids: vec!["npmrc".to_owned(), "ca".to_owned()],
        source_date_epoch: Some(1_700_000_000),
        engine: "native (user namespace)".to_owned(),
        inputs: vec![
            BuildInput::Http {
                url: "https://me:hunter2@host/f.tgz?sig=hunter2".to_owned(),
                digest: digest(5),
            },
            BuildInput::Base {
                reference: "debian:12-slim".to_owned(),
                digest: digest(2),
            },
            BuildInput::Context {
                name: "context".to_owned(),
                digest: digest(3),
                files: 12,
            },
            BuildInput::Dockerfile {
                name: "deploy/Dockerfile".to_owned(),
                digest: digest(4),
            },
        ],
        source: Some(GitSource {
            url: Some("https://x-access:hunter2@github.com/acme/app.git".to_owned()),
            commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            dirty: true,
        }),
        builder_id: "https://plimsoll.dev/builder/local".to_owned(),
        tool_version: "0.1.0".to_owned(),
        invocation_id: None,
        started_on: Some(1_700_000_000),
        finished_on: Some(1_700_000_060),
        byproducts: vec![Byproduct {
            name: "sbom.cdx.json".to_owned(),
            media_type: "application/vnd.cyclonedx+json".to_owned(),
            digest: digest(6),
        }],
    }
}

#[test]
fn the_statement_names_every_input_by_digest() {
    let value: Value = serde_json::from_slice(&statement(&input())).unwrap();
    assert_eq!(
        value,
        json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [
                {"name": "ghcr.io/acme/app", "digest": {"sha256": hex(1)}},
                {"name": "ghcr.io/acme/app:1.2", "digest": {"sha256": hex(1)}},
            ],
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {
                "buildDefinition": {
                    "buildType": "https://plimsoll.dev/build/v1",
                    "externalParameters": {
                        "dockerfile": "deploy/Dockerfile",
                        "target": "runtime",
                        "platform": "linux/amd64",
                        "buildArgs": {"PYTHON_VERSION": "3.12"},
                        "redactedBuildArgs": ["INDEX_URL", "NPM_TOKEN"],
                        "secrets": ["ca", "npmrc"],
                        "sourceDateEpoch": 1_700_000_000,
                    },
                    "internalParameters": {"engine": "native (user namespace)"},
                    "resolvedDependencies": [
                        {
                            "name": "context",
                            "digest": {"sha256": hex(3)},
                            "mediaType": "application/vnd.plimsoll.context-listing.v1",
                            "annotations": {"files": 12},
                        },
                        {
                            "name": "debian:12-slim",
                            "uri": format!(
                                "pkg:oci/debian@{}?repository_url=docker.io%2Flibrary%2Fdebian&tag=12-slim",
                                digest(2)
                            ),
                            "digest": {"sha256": hex(2)},
                        },
                        {"name": "deploy/Dockerfile", "digest": {"sha256": hex(4)}},
                        {
                            "name": "https://host/f.tgz",
                            "uri": "https://host/f.tgz",
                            "digest": {"sha256": hex(5)},
                        },
                        {
                            "name": "source",
                            "uri": "git+https://github.com/acme/app.git@0123456789abcdef0123456789abcdef01234567",
                            "digest": {"gitCommit": "0123456789abcdef0123456789abcdef01234567"},
                            "annotations": {"dirty": true},
                        },
                    ],
                },
                "runDetails": {
                    "builder": {
                        "id": "https://plimsoll.dev/builder/local",
                        "version": {"plimsoll": "0.1.0"},
                    },
                    "metadata": {
                        "startedOn": "2023-11-14T22:13:20Z",
                        "finishedOn": "2023-11-14T22:14:20Z",
                    },
                    "byproducts": [{
                        "name": "sbom.cdx.json",
                        "digest": {"sha256": hex(6)},
                        "mediaType": "application/vnd.cyclonedx+json",
                    }],
                },
            },
        })
    );
}

#[test]
fn no_credential_is_written() {
    let text = String::from_utf8(statement(&input())).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn an_image_without_a_name_has_a_subject() {
    let nameless = ProvenanceInput {
        names: Vec::new(),
        ..input()
    };
    let value: Value = serde_json::from_slice(&statement(&nameless)).unwrap();
    assert_eq!(
        value["subject"],
        json!([{"name": "_", "digest": {"sha256": hex(1)}}])
    );
}

#[test]
fn attachments_say_what_they_hold() {
    let attachment = Attachment::provenance(statement(&input()));
    assert_eq!(attachment.media_type, "application/vnd.in-toto+json");
    assert_eq!(
        attachment.annotations,
        [(
            "in-toto.io/predicate-type".to_owned(),
            PREDICATE_TYPE.to_owned()
        )]
    );
    assert_eq!(
        Attachment::sbom(Vec::new()).artifact_type,
        "application/vnd.cyclonedx+json"
    );
}
