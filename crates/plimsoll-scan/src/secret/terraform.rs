//! Passwords that Terraform drew, as its state and its plans keep them.

use plimsoll_model::Severity;
use serde_json::Value;

use super::Hit;
use super::hits::Hits;
use super::json::strings;
use super::placeholder::is_placeholder;

/// The type of the resources that are drawn (provider `random`).
const DRAWN: &str = "random_password";

/// Passwords that were drawn: `result` of a `random_password`, in a state or as `terraform show -json`
/// tells it.
pub(super) fn drawn_passwords(text: &str, hits: &mut Hits) {
    if !text.contains(DRAWN) {
        return;
    }
    let Ok(document) = serde_json::from_str::<Value>(text) else {
        return;
    };
    let places = strings(text);
    let mut results = Vec::new();
    gather(&document, false, &mut results);
    for result in results {
        if let Some(place) = places.get(result)
            && !is_placeholder(result)
        {
            hits.push(Hit {
                end: place.end,
                ..Hit::of(
                    "terraform-password",
                    Severity::Critical,
                    place.start,
                    result.as_bytes(),
                )
            });
        }
    }
}

/// What was drawn in a part of the document, which may lie in a resource that is.
fn gather<'v>(part: &'v Value, drawn: bool, results: &mut Vec<&'v str>) {
    match part {
        Value::Array(parts) => parts.iter().for_each(|part| gather(part, drawn, results)),
        Value::Object(fields) => {
            let drawn = drawn || fields.get("type").and_then(Value::as_str) == Some(DRAWN);
            for (name, part) in fields {
                match part {
                    Value::String(text) if drawn && name == "result" => results.push(text),
                    part => gather(part, drawn, results),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut hits = Hits::default();
        drawn_passwords(text, &mut hits);
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
        for none in [
            r#"{"resources": [{"type": "random_password", "instances": []}]}"#,
            r#"{"type": "random_password", "result": 12}"#,
            r#"{"type": "random_pet", "name": "random_password", "result": "q7RtY2mWx9Kp"}"#,
            r#"{"type": "random_password", "result": "q7RtY2mWx9Kp""#,
        ] {
            assert_eq!(found(none), [""; 0], "{none}");
        }
    }
}
