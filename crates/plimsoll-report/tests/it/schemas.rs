//! Machine formats hold to their published schemas.

use plimsoll_report::{RenderInput, json, sarif};
use serde_json::Value;

use crate::synthetic::vulnerable;
use crate::synthetic::{checked, inspected};

fn assert_valid(schema: &str, document: &str) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let document: Value = serde_json::from_str(document).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn sarif_is_sarif() {
    // One pattern of the published schema has a stray bracket that strict readers refuse.
    let schema =
        &include_str!("../schemas/sarif-2.1.0.json").replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
    assert_valid(schema, &sarif::render(&checked().input()));
    assert_valid(schema, &sarif::render(&inspected().input()));
    // Without its sources a fix is told in bytes.
    let case = checked();
    assert_valid(
        schema,
        &sarif::render(&RenderInput::new(&case.report, "0.1.0")),
    );
    assert_valid(
        schema,
        &sarif::render(&RenderInput::new(&Default::default(), "0.1.0")),
    );
}

/// Code scanning on GitHub refuses a whole file for one result without a file and a line.
#[test]
fn every_sarif_result_has_a_file_and_a_line() {
    let mut places = 0;
    for case in [checked(), inspected(), vulnerable()] {
        let log: Value = serde_json::from_str(&sarif::render(&case.input())).unwrap();
        for result in log["runs"][0]["results"].as_array().unwrap() {
            let mut all = result["locations"].as_array().unwrap().clone();
            assert!(!all.is_empty(), "{result:#}");
            all.extend(
                result["relatedLocations"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .cloned(),
            );
            for one in all {
                let place = &one["physicalLocation"];
                assert!(place["artifactLocation"]["uri"].is_string(), "{result:#}");
                assert!(
                    place["region"]["startLine"].as_u64() >= Some(1),
                    "{result:#}"
                );
                places += 1;
            }
        }
    }
    assert!(places > 3);
}

#[test]
fn json_is_what_its_schema_says() {
    let schema = include_str!("../../../../docs/schemas/report.schema.json");
    assert_valid(schema, &json::render(&checked().input()));
    assert_valid(schema, &json::render(&inspected().input()));
    let case = inspected();
    assert_valid(
        schema,
        &json::render(&RenderInput::new(&case.report, "0.1.0")),
    );
    assert_valid(
        schema,
        &json::render(&RenderInput::new(&Default::default(), "0.1.0")),
    );
}

#[test]
fn the_schema_knows_every_field() {
    // Every object of the schema, closed: a field that is written but not described fails.
    fn close(schema: &mut Value) {
        match schema {
            Value::Object(map) => {
                if map.contains_key("properties") && !map.contains_key("additionalProperties") {
                    map.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
                }
                map.values_mut().for_each(close);
            }
            Value::Array(items) => items.iter_mut().for_each(close),
            _ => {}
        }
    }
    let mut schema: Value =
        serde_json::from_str(include_str!("../../../../docs/schemas/report.schema.json")).unwrap();
    close(&mut schema);
    // Suppressed findings are two schemas over one object: neither is closed by itself.
    for list in ["suppressed", "suppressed_vulnerabilities"] {
        schema["properties"][list]["items"] = Value::Bool(true);
    }
    assert_valid(&schema.to_string(), &json::render(&inspected().input()));
}
