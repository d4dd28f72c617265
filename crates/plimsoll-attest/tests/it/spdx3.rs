use std::collections::BTreeSet;

use plimsoll_attest::{read, spdx3};
use plimsoll_model::Inventory;
use serde_json::Value;

use crate::cyclonedx::{inventory, rendered};

fn made(inventory: &Inventory) -> Value {
    let bytes = rendered(spdx3::document, inventory, None, Some(1_700_000_000));
    serde_json::from_slice(&bytes).unwrap()
}

/// Every text of a value that names an element.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.starts_with("urn:uuid:") => found.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn names_are_unique_and_every_reference_leads_somewhere() {
    let document = made(&inventory());
    let elements = document["@graph"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    for element in &elements[1..] {
        let id = element["spdxId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{id} twice");
    }
    let mut found = Vec::new();
    references(&document, &mut found);
    for reference in found {
        assert!(ids.contains(&reference), "{reference}");
    }
}

#[test]
fn equal_input_gives_equal_bytes_and_we_read_what_we_write() {
    let inventory = inventory();
    let bytes = rendered(spdx3::document, &inventory, None, Some(0));
    assert_eq!(bytes, rendered(spdx3::document, &inventory, None, Some(0)));
    assert_ne!(bytes, rendered(spdx3::document, &inventory, None, Some(1)));
    let bill = read::read(&bytes).unwrap();
    assert_eq!(bill.format, "SPDX 3");
    // One purl at two places is two packages.
    let identified = inventory.packages.iter();
    let identified = identified.filter(|package| !package.purl.is_empty());
    assert_eq!(bill.inventory.packages.len(), identified.count());
    assert_eq!(bill.inventory.distribution.unwrap().id, "debian");
}
