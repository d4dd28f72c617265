//! Records in OSV form that are written in YAML, as the Python Packaging Authority keeps its own.

use plimsoll_syntax::yaml::{Value, parse};

use super::MAX_RECORD;

/// As deep as JSON is read.
const DEPTH: usize = 64;

/// The documents of a text that may have several, each with its number; none of comments, directives and
/// blanks alone. What parts them does so wherever it stands at the beginning of a line; directives belong to
/// the document behind them (YAML 1.2.2, 9.1 and 9.2).
pub(crate) fn documents(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut rest = without_mark(bytes);
    let documents = std::iter::from_fn(move || {
        let (mut end, mut has_begun) = (0, false);
        for line in rest.split_inclusive(|byte| *byte == b'\n') {
            let is_mark = behind_mark(line).is_some();
            if is_mark && has_begun {
                break;
            }
            has_begun |= is_mark || tells(line);
            end += line.len();
            if is_mark && line.starts_with(END) {
                break;
            }
        }
        let (document, behind) = rest.split_at(end);
        rest = behind;
        (!document.is_empty()).then_some(document)
    });
    let is_told = |document: &&[u8]| {
        let mut lines = document.split(|byte| *byte == b'\n');
        lines.any(|line| tells(behind_mark(line).unwrap_or(line)))
    };
    documents
        .filter(is_told)
        .zip(1..)
        .map(|(document, number)| (number, document))
}

/// Whether a line is more than a blank, a comment or a directive.
fn tells(line: &[u8]) -> bool {
    let text = line.trim_ascii_start();
    !text.is_empty() && !text.starts_with(b"#") && !line.starts_with(b"%")
}

/// The mark that ends a document.
const END: &[u8] = b"...";

/// What follows the mark of a line that begins a document, or ends one.
fn behind_mark(line: &[u8]) -> Option<&[u8]> {
    let marks: [&[u8]; 2] = [b"---", END];
    let rest = marks.iter().find_map(|mark| line.strip_prefix(*mark))?;
    rest.first()
        .is_none_or(u8::is_ascii_whitespace)
        .then_some(rest)
}

/// Whether a document is a record: it has what every record must have. Other databases write other things
/// in YAML.
pub(crate) fn is_record(bytes: &[u8]) -> bool {
    let has = |key: &[u8]| {
        without_mark(bytes)
            .split(|byte| *byte == b'\n')
            .any(|line| line.starts_with(key))
    };
    has(b"id:") && has(b"modified:")
}

/// Without the byte order mark.
fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The same in JSON. All that is no list and no map is a text there: in a record, `1.10` is a version and no
/// number.
///
/// # Errors
/// It is no YAML, or more than one document, or too long, or too deep.
pub(crate) fn to_json(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let text = str::from_utf8(without_mark(bytes)).map_err(|error| error.to_string())?;
    let document =
        parse(text).map_err(|error| format!("{} at line {}", error.message, error.line))?;
    if document.has_more() {
        return Err("it holds several documents, and a record is one".to_owned());
    }
    let mut json = Vec::with_capacity(text.len());
    if let Some(root) = document.root() {
        write(root, &mut json, DEPTH)?;
    }
    Ok(json)
}

/// Anchors can make little of a text much, and endless.
fn write(value: Value<'_>, json: &mut Vec<u8>, depth: usize) -> Result<(), String> {
    let depth = depth.checked_sub(1).ok_or("it is too deep")?;
    if json.len() > MAX_RECORD {
        return Err("it is too long".to_owned());
    }
    if let Some(items) = value.list() {
        json.push(b'[');
        for (at, item) in items.enumerate() {
            if at > 0 {
                json.push(b',');
            }
            write(item, json, depth)?;
        }
        json.push(b']');
    } else if let Some(entries) = value.map() {
        json.push(b'{');
        for (at, (key, value)) in entries.enumerate() {
            if at > 0 {
                json.push(b',');
            }
            write_text(key.text().unwrap_or_default(), json)?;
            json.push(b':');
            write(value, json, depth)?;
        }
        json.push(b'}');
    } else if let Some(text) = value.text() {
        write_text(text, json)?;
    } else {
        json.extend(b"null");
    }
    Ok(())
}

fn write_text(text: &str, json: &mut Vec<u8>) -> Result<(), String> {
    serde_json::to_writer(json, text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_in_yaml_is_the_same_in_json() {
        let yaml = b"id: X-1\nmodified: 2021-07-05T00:01:18Z\nwithdrawn: null\ndetails: |\n  A \"b\"\n  c\n\
            affected:\n- package: {name: a, ecosystem: PyPI}\n  versions: ['1.0', 1.10]\n  ranges: []\n";
        assert!(is_record(yaml));
        assert_eq!(
            String::from_utf8(to_json(yaml).unwrap()).unwrap(),
            r#"{"id":"X-1","modified":"2021-07-05T00:01:18Z","withdrawn":null,"details":"A \"b\"\nc\n","affected":[{"package":{"name":"a","ecosystem":"PyPI"},"versions":["1.0","1.10"],"ranges":[]}]}"#
        );
        for (around, is_whole) in [
            ("\u{feff}RECORD", true),
            ("# PySEC\n---\nRECORD...\n", true),
            ("%YAML 1.2\n---\nRECORD", true),
            ("RECORD---\nid: X-2\n", false),
            ("RECORD---\n[", false),
        ] {
            let text = around.replace("RECORD", "id: X-1\nmodified: 2021-07-05T00:01:18Z\n");
            assert!(is_record(text.as_bytes()), "{around}");
            assert_eq!(to_json(text.as_bytes()).is_ok(), is_whole, "{around}");
        }
        assert!(!is_record(b"gem: x\nid: 1\n"));
        assert!(to_json(b"a: [").is_err());
        assert!(to_json(b"a: \xff").is_err());
    }

    #[test]
    fn a_text_may_have_several_documents() {
        for (text, documents) in [
            ("id: 1\n", &["id: 1\n"][..]),
            ("\u{feff}# x\n---\nid: 1\n...\n", &["# x\n---\nid: 1\n"]),
            (
                "%YAML 1.2\n# x\n---\nid: 1\n...\n%YAML 1.2\n---\nid: 2\n",
                &["%YAML 1.2\n# x\n---\nid: 1\n", "%YAML 1.2\n---\nid: 2\n"],
            ),
            ("%YAML 1.2\n---\n", &[]),
            (
                "id: 1\n---\nid: 2\n--- # x\r\nid: 3",
                &["id: 1\n", "---\nid: 2\n", "--- # x\r\nid: 3"],
            ),
            ("---\n---\n...\n\n", &[]),
            ("a: |\n  ---\n----\n", &["a: |\n  ---\n----\n"]),
            ("--- {id: 1}", &["--- {id: 1}"]),
        ] {
            let found = super::documents(text.as_bytes());
            let found: Vec<(usize, &str)> = found
                .map(|(at, one)| (at, str::from_utf8(one).unwrap()))
                .collect();
            let told: Vec<(usize, &str)> = (1..).zip(documents.iter().copied()).collect();
            assert_eq!(found, told, "{text:?}");
        }
    }

    #[test]
    fn what_anchors_blow_up_is_refused() {
        assert_eq!(to_json(b"&a [*a]").unwrap_err(), "it is too deep");
        let mut laughs = "a0: &a0 [xxxxxxxxxxxxxxxx]\n".to_owned();
        for at in 1..30 {
            let last = at - 1;
            laughs.push_str(&format!("a{at}: &a{at} [*a{last}, *a{last}, *a{last}]\n"));
        }
        assert_eq!(to_json(laughs.as_bytes()).unwrap_err(), "it is too long");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(text in "[a-z:\\[\\]{}&*# \n\"'-]{0,80}") {
            if let Ok(json) = to_json(text.as_bytes()) {
                prop_assert!(json.is_empty() || serde_json::from_slice::<serde_json::Value>(&json).is_ok());
            }
        }
    }
}
