//! JSON as it is written: where its strings stand, and the comments that some of its readers allow.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use memchr::{memchr, memchr2, memmem};

/// Where each string stands first, by what it says: its letters may be written as escapes.
pub(super) fn strings(text: &str) -> HashMap<Cow<'_, str>, Range<usize>> {
    let mut places = HashMap::new();
    let mut at = 0;
    while let Some(opened) = memchr(b'"', &text.as_bytes()[at..]) {
        let start = at + opened + 1;
        let Some(length) = string_length(&text.as_bytes()[start..]) else {
            break;
        };
        let end = start + length;
        at = end + 1;
        let written = &text[start..end];
        let said = match written.contains('\\') {
            true => serde_json::from_str(&text[start - 1..at]).map(Cow::Owned),
            false => Ok(Cow::Borrowed(written)),
        };
        if let Ok(said) = said {
            places.entry(said).or_insert(start..end);
        }
    }
    places
}

/// How long a string is, behind the quote that opens it.
fn string_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        match bytes[at] {
            b'"' => return Some(at),
            _ => at += 2,
        }
    }
}

/// The same text with blanks in place of comments and of commas behind which nothing follows: all
/// else stays where it is.
pub(super) fn without_comments(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    let mut comma = None;
    while let Some(byte) = bytes.get(at) {
        let behind = &bytes[at + 1..];
        match byte {
            b'"' => {
                comma = None;
                at += 1 + string_length(behind).unwrap_or(behind.len());
            }
            b'/' if matches!(behind.first(), Some(b'/' | b'*')) => {
                let length = match behind[0] {
                    b'/' => memchr(b'\n', behind),
                    _ => memmem::find(&behind[1..], b"*/").map(|length| length + 3),
                };
                let end = at + 1 + length.unwrap_or(behind.len());
                bytes[at..end].fill(b' ');
                at = end;
                continue;
            }
            b',' => comma = Some(at),
            b'}' | b']' => {
                if let Some(comma) = comma.take() {
                    bytes[comma] = b' ';
                }
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => comma = None,
        }
        at += 1;
    }
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn strings_by_what_they_say() {
        let text = r#"{"a":"b\"c","d\u0026e":"\/"}"#;
        let places = strings(text);
        let written = |said: &str| places.get(said).map(|place| &text[place.clone()]);
        assert_eq!(written("b\"c"), Some("b\\\"c"));
        assert_eq!(written("d&e"), Some("d\\u0026e"));
        assert_eq!(written("/"), Some("\\/"));
        assert_eq!(written("c"), None);
    }

    #[test]
    fn comments_and_last_commas_go() {
        let text = "// é \"\n{\"a\": \"//b\", /* x\n, */ \"c\": [1, 2, /* 3 */ ],\n} // end";
        let plain = without_comments(text);
        assert_eq!(plain.len(), text.len());
        let value: Value = serde_json::from_str(&plain).unwrap();
        assert_eq!(value, serde_json::json!({"a": "//b", "c": [1, 2]}));
    }

    proptest! {
        #[test]
        fn places_stay(text in "(\"|\\\\|/|\\*|,|[{}\\[\\]]|é|\n| |[a-z]){0,40}") {
            let plain = without_comments(&text);
            prop_assert_eq!(plain.len(), text.len());
            for (said, place) in strings(&text) {
                prop_assert!(said.len() <= place.len());
            }
        }

        #[test]
        fn what_has_no_comment_stays(strings in proptest::collection::vec("[a-z/*,é{}\\[\\]]{0,8}", 0..8)) {
            let json = serde_json::json!({"a": strings, "b": {"c": [1, 2]}});
            for text in [json.to_string(), format!("{json:#}")] {
                prop_assert_eq!(without_comments(&text), text);
            }
        }
    }
}
