use std::collections::BTreeSet;

use plimsoll_attest::spdx;
use plimsoll_model::Inventory;
use serde_json::Value;

use crate::cyclonedx::{inventory, rendered};

fn made(inventory: &Inventory, created: Option<&str>, timestamp: Option<i64>) -> Value {
    let bytes = rendered(spdx::document, inventory, created, timestamp);
    serde_json::from_slice(&bytes).unwrap()
}

fn errors(document: &Value) -> Vec<String> {
    let schema: Value =
        serde_json::from_str(include_str!("../schemas/spdx-2.3.schema.json")).unwrap();
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn documents_keep_to_the_published_schema() {
    for document in [
        made(&inventory(), None, Some(1_700_000_000)),
        made(&Inventory::default(), Some("2026-11-21T01:02:03.5Z"), None),
        made(&Inventory::default(), Some("not a time"), None),
    ] {
        assert_eq!(errors(&document), Vec::<String>::new());
    }
    let broken = serde_json::json!({"spdxVersion": "SPDX-2.3", "packages": [{}]});
    assert!(!errors(&broken).is_empty());
}

#[test]
fn names_are_unique_and_every_relationship_leads_somewhere() {
    let document = made(&inventory(), None, Some(0));
    let packages = document["packages"].as_array().unwrap();
    let mut ids: BTreeSet<&str> = packages
        .iter()
        .map(|package| package["SPDXID"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), packages.len());
    ids.insert("SPDXRef-DOCUMENT");
    for relationship in document["relationships"].as_array().unwrap() {
        for end in ["spdxElementId", "relatedSpdxElement"] {
            assert!(
                ids.contains(relationship[end].as_str().unwrap()),
                "{relationship}"
            );
        }
    }
    for id in ids {
        let name = id.strip_prefix("SPDXRef-").unwrap();
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')),
            "{id}"
        );
    }
}

#[test]
fn licences_in_words_stand_under_a_name_of_their_own() {
    let document = made(&inventory(), None, Some(0));
    let licenses = document["hasExtractedLicensingInfos"].as_array().unwrap();
    let names: BTreeSet<&str> = licenses
        .iter()
        .map(|license| license["licenseId"].as_str().unwrap())
        .collect();
    assert!(!names.is_empty());
    for package in document["packages"].as_array().unwrap() {
        let declared = package["licenseDeclared"].as_str().unwrap();
        if declared.starts_with("LicenseRef-") {
            assert!(names.contains(declared), "{declared}");
        }
    }
}

#[test]
fn equal_input_gives_equal_bytes_and_other_input_another_namespace() {
    let one = made(&inventory(), None, Some(0));
    assert_eq!(one, made(&inventory(), None, Some(0)));
    let other = made(&inventory(), None, Some(1));
    assert_ne!(one["documentNamespace"], other["documentNamespace"]);
}
