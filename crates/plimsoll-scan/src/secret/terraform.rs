//! Credentials in what Terraform writes: its state, its plans, what it was asked to print, and its
//! configuration in JSON.

use plimsoll_model::Severity;
use serde_json::{Map, Value};

use super::Hit;
use super::assignment::in_assignment;
use super::hits::Hits;
use super::json::strings;
use super::placeholder::{is_example, is_placeholder};

/// The type of the resources that are drawn (provider `random`).
const DRAWN: &str = "random_password";

/// The type of the parameters that AWS keeps encrypted, and Terraform does not.
const KEPT: &str = "SecureString";

/// What an output is marked with that is not to be shown.
const MARK: &str = "\"sensitive\"";

/// What a configuration declares its variables in.
const VARIABLES: &str = "variable";

/// Whether a file of this name may be Terraform's: `terraform.tfstate`, `terraform.tfstate.1700000000.backup`,
/// the `tfstate` in a plan; and JSON, as it prints all of these.
pub(super) fn is_of_terraform(name: &str) -> bool {
    name.contains("tfstate") || name.ends_with(".json")
}

/// Passwords that were drawn: `result` of a `random_password`, in a state or as `terraform show -json`
/// tells it; parameters that are kept encrypted elsewhere; and by their names what outputs hold that are not
/// to be shown, and what variables hold where nothing is said.
pub(super) fn in_terraform(text: &str, hits: &mut Hits) {
    if ![DRAWN, KEPT, MARK, "\"variable\""]
        .iter()
        .any(|mark| text.contains(mark))
    {
        return;
    }
    let Ok(document) = serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')) else {
        return;
    };
    let mut values = Vec::new();
    gather(&document, "", false, &mut values);
    if let Some(Value::Object(variables)) = document.get(VARIABLES) {
        for (name, variable) in variables {
            values.extend(text_of(variable, "default").map(|text| (Sort::Named(name), text)));
        }
    }
    if values.is_empty() {
        return;
    }
    let places = strings(text);
    for (sort, value) in values {
        let Some(place) = places.get(value) else {
            continue;
        };
        let (start, bytes) = (place.start, value.as_bytes());
        let hit = match sort {
            // Whatever it looks like stands for nothing else.
            Sort::Drawn => (value.len() >= 4 && !is_example(bytes))
                .then(|| Hit::of("terraform-password", Severity::Critical, start, bytes)),
            Sort::Kept => (!is_placeholder(value))
                .then(|| Hit::of("secret-value", Severity::High, start, bytes)),
            Sort::Named(name) => in_assignment(name, value, start),
        };
        hits.extend(hit.map(|hit| Hit {
            end: place.end,
            ..hit
        }));
    }
}

/// What tells that a value is a credential.
#[derive(Clone, Copy)]
enum Sort<'v> {
    Drawn,
    Kept,
    /// Its name, if that promises one.
    Named(&'v str),
}

/// The values in a part of the document of this name, which may lie in a resource that is drawn.
fn gather<'v>(part: &'v Value, name: &'v str, drawn: bool, values: &mut Vec<(Sort<'v>, &'v str)>) {
    match part {
        Value::Array(parts) => {
            for part in parts {
                gather(part, name, drawn, values);
            }
        }
        Value::Object(fields) => {
            let sort = text_of(part, "type");
            let drawn = drawn || sort == Some(DRAWN);
            if drawn {
                values.extend(text_of(part, "result").map(|text| (Sort::Drawn, text)));
            }
            let value = text_of(part, "value");
            if sort == Some(KEPT) {
                values.extend(value.map(|text| (Sort::Kept, text)));
            } else if is_marked(fields) {
                values.extend(value.map(|text| (Sort::Named(name), text)));
            }
            for (name, part) in fields {
                gather(part, name, drawn, values);
            }
        }
        _ => {}
    }
}

fn text_of<'v>(part: &'v Value, field: &str) -> Option<&'v str> {
    part.get(field)?.as_str()
}

fn is_marked(fields: &Map<String, Value>) -> bool {
    fields.get("sensitive") == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut hits = Hits::default();
        in_terraform(text, &mut hits);
        hits.iter().map(|hit| &text[hit.start..hit.end]).collect()
    }

    #[test]
    fn passwords_that_were_drawn() {
        let state = r#"{"version": 4, "resources": [
            {"type": "random_string", "instances": [{"attributes": {"result": "a1B2c3D4e5"}}]},
            {"mode": "managed", "type": "random_password", "name": "db", "instances": [
                {"attributes": {"bcrypt_hash": "x", "length": 12, "result": "q7Rt\u0026Y2mWx9K"}},
                {"index_key": 1, "attributes": {"result": "Lz4VbN8cHd3F"}}
            ]}
        ]}"#;
        assert_eq!(found(state), ["q7Rt\\u0026Y2mWx9K", "Lz4VbN8cHd3F"]);
        let plan = r#"{"values": {"root_module": {"resources": [
            {"address": "random_password.db", "type": "random_password",
             "values": {"result": "q7RtY2mWx9Kp"}}]}}}"#;
        assert_eq!(found(plan), ["q7RtY2mWx9Kp"]);
        // What is drawn may look as if it stood for something else.
        for drawn in ["%{aRCgdYh8K#*d26", "[ItJS_9t", "$I3CP3B-nBU(@)uO"] {
            let state =
                format!("\u{feff}{{\"type\": \"random_password\", \"result\": \"{drawn}\"}}");
            assert_eq!(found(&state), [drawn]);
        }
        for none in [
            r#"{"type": "random_password", "result": "abc"}"#,
            r#"{"resources": [{"type": "random_password", "instances": []}]}"#,
            r#"{"type": "random_password", "result": 12}"#,
            r#"{"type": "random_pet", "name": "random_password", "result": "q7RtY2mWx9Kp"}"#,
            r#"{"type": "random_password", "result": "q7RtY2mWx9Kp""#,
        ] {
            assert_eq!(found(none), [""; 0], "{none}");
        }
    }

    #[test]
    fn parameters_outputs_and_variables() {
        for text in [
            r#"{"attributes": {"name": "/db", "type": "SecureString", "value": "VALUE"}}"#,
            r#"{"db_password": {"sensitive": true, "type": "string", "value": "VALUE"}}"#,
            r#"{"variable": {"db_password": {"type": "string", "default": "VALUE"}}}"#,
        ] {
            let text = text.replace("VALUE", "q7RtY2mWx9Kp");
            assert_eq!(found(&text), ["q7RtY2mWx9Kp"], "{text}");
        }
        for none in [
            r#"{"attributes": {"name": "/db", "type": "String", "value": "q7RtY2mWx9Kp"}}"#,
            r#"{"attributes": {"type": "SecureString", "value": "changeme"}}"#,
            r#"{"db_host": {"sensitive": true, "type": "string", "value": "db.acme.io"}}"#,
            r#"{"db_password": {"sensitive": false, "type": "string", "value": "q7RtY2mWx9Kp"}}"#,
            r#"{"variable": {"region": {"default": "eu-central-1"}}}"#,
            r#"{"variable": ["SecureString"]}"#,
        ] {
            assert_eq!(found(none), [""; 0], "{none}");
        }
    }
}
