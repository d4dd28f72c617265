//! Secrets of Kubernetes as they stand in manifests: values in base64 are told as what they decode
//! to (Kubernetes API, `Secret` v1 core).

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use base64::Engine as _;
use plimsoll_model::Severity;
use serde_json::Value;

use super::assignment::{in_url, names_secret};
use super::detector::Detector;
use super::drawn::looks_random;
use super::escape::said;
use super::hits::Hits;
use super::json::strings;
use super::named::in_json;
use super::pattern::BASE64;
use super::placeholder::is_placeholder;
use super::store::key_store;
use super::{Fingerprint, Hit};

/// Where a value stands that was judged and is no credential, whatever it looks like.
pub(super) type Cleared = Range<usize>;

/// Credentials in the manifests of a text, YAML or JSON.
pub(super) fn in_manifests(
    detector: &Detector,
    text: &str,
    hits: &mut Hits,
    cleared: &mut Vec<Cleared>,
) {
    if !text.contains("Secret") || !text.contains("kind") {
        return;
    }
    // What a cluster alone can open (bitnami.com/v1alpha1, `encryptedData`).
    if text.contains("SealedSecret") {
        cleared.extend(sealed(text));
    }
    if text.trim_start().starts_with('{') {
        let Ok(document) = serde_json::from_str::<Value>(text) else {
            return;
        };
        let places = strings(text);
        for manifest in document
            .get("items")
            .and_then(Value::as_array)
            .map_or(std::slice::from_ref(&document), Vec::as_slice)
        {
            in_object(detector, &places, manifest, hits, cleared);
        }
        return;
    }
    let mut start = 0;
    for document in documents(text) {
        if document.lines().any(is_kind_secret) {
            in_document(detector, document, start, hits, cleared);
        }
        start += document.len();
    }
}

/// The encrypted values of sealed secrets: from their map's name to the end of the last line that
/// lies deeper, or of the object in JSON.
fn sealed(text: &str) -> impl Iterator<Item = Cleared> {
    text.match_indices("encryptedData").map(|(at, _)| {
        let line_at = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let depth = indent(&text[line_at..]);
        let rest = &text[at..];
        if rest["encryptedData".len()..].starts_with('"') {
            return at..at + rest.find('}').unwrap_or(rest.len());
        }
        let mut end = at;
        for (number, line) in rest.split_inclusive('\n').enumerate() {
            if number > 0 && !line.trim().is_empty() && indent(line) <= depth {
                break;
            }
            end += line.len();
        }
        at..end
    })
}

/// The documents of a YAML stream, each with the line that parts it from the next.
fn documents(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.find("\n---").map_or(rest.len(), |at| at + 4);
        let (document, behind) = rest.split_at(end);
        rest = behind;
        Some(document)
    })
}

fn is_kind_secret(line: &str) -> bool {
    line.trim()
        .trim_start_matches("- ")
        .split_once(':')
        .is_some_and(|(key, value)| {
            let bare = |text: &str| text.trim().trim_matches(['"', '\'']) == "Secret";
            key == "kind" && bare(value)
        })
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '-']).len()
}

fn in_document(
    detector: &Detector,
    document: &str,
    base: usize,
    hits: &mut Hits,
    cleared: &mut Vec<Cleared>,
) {
    // How deep the map lies that is read, and whether its values are in base64.
    let mut map: Option<(usize, bool)> = None;
    // Where a line ends, and the last value that takes lines of its own.
    let (mut end, mut read_to) = (0, 0);
    for line in document.split_inclusive('\n') {
        let at = end;
        end += line.len();
        let content = line.trim();
        if at < read_to || content.is_empty() || content.starts_with('#') {
            continue;
        }
        if map.is_some_and(|(depth, _)| indent(line) <= depth) {
            map = None;
        }
        let named = content.split(" #").next().unwrap_or(content).trim_end();
        match (named, map) {
            ("data:", None) => map = Some((indent(line), true)),
            ("stringData:", None) => map = Some((indent(line), false)),
            (_, Some((_, encoded))) => {
                let Some((key, value)) = content.split_once(':') else {
                    continue;
                };
                let scalar = match is_block(value) {
                    true => block(&document[end..], indent(line), encoded),
                    false => Some(scalar(value)),
                };
                // What lies in more lines is read line by line.
                if let Some((value, place)) = scalar {
                    let start = place.as_ptr().addr() - document.as_ptr().addr();
                    read_to = start + place.len();
                    let place = base + start..base + read_to;
                    judge(detector, key, &value, place, encoded, hits, cleared);
                }
            }
            _ => {}
        }
    }
}

/// What a value of YAML in one line says, and how it is written, without its quotes.
fn scalar(value: &str) -> (Cow<'_, str>, &str) {
    let value = value.trim();
    if let Some(inner) = value.strip_prefix('"') {
        let mut escaped = false;
        let end = inner.bytes().position(|byte| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes
        });
        let written = &inner[..end.unwrap_or(inner.len())];
        return (said(written), written);
    }
    if let Some(inner) = value.strip_prefix('\'') {
        // Two of them are one that is meant.
        let mut quotes = inner.match_indices('\'').map(|(at, _)| at);
        let end = std::iter::from_fn(|| {
            let at = quotes.next()?;
            let doubled = inner[at + 1..].starts_with('\'');
            if doubled {
                quotes.next();
            }
            Some((at, doubled))
        });
        let mut end = end.filter(|(_, doubled)| !doubled).map(|(at, _)| at);
        let written = &inner[..end.next().unwrap_or(inner.len())];
        return match written.contains("''") {
            true => (written.replace("''", "'").into(), written),
            false => (written.into(), written),
        };
    }
    let plain = value.split(" #").next().unwrap_or(value).trim_end();
    (plain.into(), plain)
}

/// Whether a value stands in the lines that follow: `|`, `>-`.
fn is_block(value: &str) -> bool {
    let value = value.split(" #").next().unwrap_or(value).trim();
    let marks = value.strip_prefix(['|', '>']);
    marks.is_some_and(|marks| {
        let is_mark = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-');
        marks.bytes().all(is_mark)
    })
}

/// The value that lies deeper than its name in the lines that a text begins with: one of base64 may
/// take several, and of any other sort all but one line is no value of a name.
fn block(text: &str, depth: usize, encoded: bool) -> Option<(Cow<'_, str>, &str)> {
    let spaces = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let lines = text.split_inclusive('\n');
    // Whether there is more than one line is soon known.
    let lines = lines.take(if encoded { usize::MAX } else { 8 });
    let lines = lines.take_while(|line| line.trim().is_empty() || spaces(line) > depth);
    let place = text[..lines.map(str::len).sum()].trim();
    match place.contains('\n') {
        false => (!place.is_empty()).then(|| (place.into(), place)),
        true if encoded => Some((place.split_ascii_whitespace().collect(), place)),
        true => None,
    }
}

fn in_object(
    detector: &Detector,
    places: &HashMap<Cow<'_, str>, Range<usize>>,
    manifest: &Value,
    hits: &mut Hits,
    cleared: &mut Vec<Cleared>,
) {
    if manifest.get("kind").and_then(Value::as_str) != Some("Secret") {
        return;
    }
    for (map, encoded) in [("data", true), ("stringData", false)] {
        let entries = manifest.get(map).and_then(Value::as_object);
        for (key, value) in entries.into_iter().flatten() {
            if let Some(value) = value.as_str().filter(|value| !value.is_empty())
                && !hits.is_full()
                && let Some(place) = places.get(value)
            {
                judge(detector, key, value, place.clone(), encoded, hits, cleared);
            }
        }
    }
}

/// Judges one value of a Secret by what it decodes to.
fn judge(
    detector: &Detector,
    key: &str,
    value: &str,
    place: Range<usize>,
    encoded: bool,
    hits: &mut Hits,
    cleared: &mut Vec<Cleared>,
) {
    let key = key.trim().trim_matches(['"', '\'']);
    let bytes = match encoded {
        true => match BASE64.decode(value) {
            Ok(bytes) => bytes,
            // A template, or a value that goes on in other lines.
            Err(_) => return,
        },
        false => value.as_bytes().to_vec(),
    };
    if bytes.is_empty() || hits.is_full() {
        return;
    }
    let found = match std::str::from_utf8(&bytes) {
        Ok(plain) => in_value(detector, key, plain.trim()),
        Err(_) => key_store(key, &bytes),
    };
    match found {
        Some(hit) => hits.push(Hit {
            start: place.start,
            end: place.end,
            ..hit
        }),
        None => cleared.push(place),
    }
}

fn in_value(detector: &Detector, key: &str, plain: &str) -> Option<Hit> {
    let mut inner = detector.find_in(plain);
    if key.starts_with(".dockerc") {
        in_json(plain, &mut inner);
    }
    inner
        .into_iter()
        .next()
        .or_else(|| in_url(plain, 0))
        .or_else(|| {
            let promised = names_secret(key) || looks_random(plain);
            (promised && !is_placeholder(plain)).then(|| Hit {
                kind: "kubernetes-secret",
                severity: Severity::High,
                start: 0,
                end: plain.len(),
                fingerprint: Fingerprint::of(plain.as_bytes()),
            })
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> (Vec<(&'static str, &str)>, usize) {
        let (mut hits, mut cleared) = (Hits::default(), Vec::new());
        in_manifests(Detector::shared(), text, &mut hits, &mut cleared);
        let hits = hits
            .into_iter()
            .map(|hit| (hit.kind, &text[hit.start..hit.end]))
            .collect();
        (hits, cleared.len())
    }

    #[test]
    fn values_are_told_as_what_they_decode_to() {
        let password = BASE64.encode("hunter2-of-ours\n");
        let token = BASE64.encode(format!(
            "gh{}_{}",
            "o", "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zC5eF7"
        ));
        let user = BASE64.encode("admin");
        let yaml = format!(
            "apiVersion: v1\nkind: ConfigMap\ndata:\n  password: {password}\n---\n\
             data:\n  username: {user}\n  # the password\n  password: \"{password}\"\n  ci: {token}\nkind: Secret\n\
             metadata:\n  name: {password}\n"
        );
        let both = vec![("kubernetes-secret", &*password), ("github-token", &*token)];
        assert_eq!(found(&yaml), (both.clone(), 1));
        let json = format!(
            "{{\"kind\":\"List\",\"items\":[{{\"kind\":\"Secret\",\"data\":{{\"username\":\"{user}\",\
             \"password\":\"{password}\",\"ci\":\"{token}\"}}}}]}}"
        );
        assert_eq!(found(&json), (both, 1));
        let plain = "kind: Secret\nstringData:\n  password: hunter2-of-ours\n";
        assert_eq!(found(plain).0, [("kubernetes-secret", "hunter2-of-ours")]);
    }

    /// Whatever escapes stand in it, a value is what they mean, and its place is where it is written.
    #[test]
    fn values_are_read_as_their_format_means_them() {
        let value = "q7&R\"tY2'mW\nx9";
        let print = Fingerprint::of(value.as_bytes());
        let json = "q7\\u0026R\\\"tY2'mW\\nx9";
        let encoded = BASE64.encode(value);
        let (first, last) = encoded.split_at(8);
        for (text, written) in [
            (
                format!("{{\"kind\":\"Secret\",\"stringData\":{{\"password\":\"{json}\"}}}}"),
                json.to_owned(),
            ),
            (
                format!("kind: Secret\nstringData:\n  password: \"{json}\" # ours\n  user: x\n"),
                json.to_owned(),
            ),
            (
                format!(
                    "kind: Secret\ndata:\n  password: |\n    {first}\n    {last}\n  user: eA==\n"
                ),
                format!("{first}\n    {last}"),
            ),
            (
                format!("data: # ours\n  password: >-\n    {encoded}\nkind: Secret\n"),
                encoded.clone(),
            ),
        ] {
            let (mut hits, mut cleared) = (Hits::default(), Vec::new());
            in_manifests(Detector::shared(), &text, &mut hits, &mut cleared);
            let told: Vec<&str> = hits.iter().map(|hit| &text[hit.start..hit.end]).collect();
            assert_eq!(told, [written], "{text}");
            assert_eq!(hits[0].fingerprint, print, "{text}");
        }
        let plain = [
            ("'q7''tY2mW' # x", "q7''tY2mW", "q7'tY2mW"),
            ("q7#tY2mW # x", "q7#tY2mW", "q7#tY2mW"),
            ("|\n    q7: #tY2mW", "q7: #tY2mW", "q7: #tY2mW"),
        ];
        for (value, written, said) in plain {
            let text = format!("kind: Secret\nstringData:\n  password: {value}\n");
            let (mut hits, mut cleared) = (Hits::default(), Vec::new());
            in_manifests(Detector::shared(), &text, &mut hits, &mut cleared);
            assert_eq!(&text[hits[0].start..hits[0].end], written, "{text}");
            assert_eq!(hits[0].fingerprint, Fingerprint::of(said.as_bytes()));
        }
    }

    /// What is a placeholder once its escapes are read is one.
    #[test]
    fn placeholders_may_be_escaped() {
        for value in [
            "\"\\u003cpassword\\u003e\"",
            "\"change\\u006de\"",
            "'<password>'",
        ] {
            let text = format!("kind: Secret\nstringData:\n  password: {value}\n");
            assert_eq!(found(&text), (vec![], 1), "{text}");
        }
        // A configuration in more lines is no value of its name, and its lines are read.
        let text = "kind: Secret\nstringData:\n  app.yml: |\n    user: bob\n    password: hunter2-of-ours\n";
        assert_eq!(found(text).0, [("kubernetes-secret", "hunter2-of-ours")]);
    }

    #[test]
    fn examples_and_templates_are_none() {
        // As the documentation of Kubernetes has it.
        let example = BASE64.encode("1f2d1e2e67df");
        let yaml = format!("kind: Secret\ndata:\n  password: {example}\n");
        assert_eq!(found(&yaml), (vec![], 1));
        let template = "kind: Secret\ndata:\n  password: {{ .Values.password | b64enc }}\n";
        assert_eq!(found(template), (vec![], 0));
        let later = BASE64.encode("changeme");
        assert_eq!(
            found(&format!("kind: Secret\ndata:\n  password: {later}\n")).0,
            []
        );
    }

    #[test]
    fn sealed_values_are_cleared() {
        let value = "AgBy3i4OJSWK+PiTySYZZA9rO43cGDEqTr7o0qTzXw9kQ2mWv7LpT4rYb8Nc";
        let cleared = |text: &str| {
            let (mut hits, mut cleared) = (Hits::default(), Vec::new());
            in_manifests(Detector::shared(), text, &mut hits, &mut cleared);
            assert!(hits.is_empty());
            let at = text.find(value).unwrap();
            let later = text.find("later").unwrap();
            let holds = |place| cleared.iter().any(|range| range.contains(&place));
            (holds(at), holds(later))
        };
        let yaml = format!(
            "kind: SealedSecret\nspec:\n  encryptedData:\n    user: x\n    password: {value}\n  later: y\n"
        );
        assert_eq!(cleared(&yaml), (true, false));
        let json = format!(
            "{{\"kind\":\"SealedSecret\",\"spec\":{{\"encryptedData\":{{\"password\":\"{value}\"}},\"later\":1}}}}"
        );
        assert_eq!(cleared(&json), (true, false));
    }

    proptest! {
        #[test]
        fn any_text_ends(text in "(kind: Secret\n|kind: SealedSecret\n|encryptedData:\n|\"encryptedData\"|data:\n|  [a-z]{1,9}: [\"'|>]{0,2}[A-Za-z0-9+/=é\\\\']{0,20}[\"']?\n|\\{|\"|:|---\n| |é){0,20}") {
            let _ = found(&format!("kind: Secret\n{text}"));
            let _ = found(&format!("{{\"kind\":\"Secret\",\"data\":{{\"a\":\"{text}\"}}}}"));
        }
    }
}
