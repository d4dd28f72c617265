//! Secrets of Kubernetes as they stand in manifests: values in base64 are told as what they decode
//! to (Kubernetes API, `Secret` v1 core).

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use base64::Engine as _;
use plimsoll_model::Severity;
use serde_json::Value;

use super::assignment::in_url;
use super::context::in_context;
use super::detector::{Detector, Piece, Told};
use super::drawn::looks_random;
use super::escape::said;
use super::form::LONGEST;
use super::hits::Hits;
use super::json::strings;
use super::name::{is_about, promises};
use super::named::{by_name, in_json};
use super::pattern::BASE64;
use super::placeholder::is_placeholder;
use super::store::key_store;
use super::{Fingerprint, Hit};

/// What a value is told as that nothing but its name, or that it looks drawn, tells.
const KIND: &str = "kubernetes-secret";

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
    // A template of Helm may begin with a condition.
    let begins = text.trim_start();
    if begins.starts_with('{') && !begins.starts_with("{{") {
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
    // What lies in a map that was read is not read again.
    let mut read_to = 0;
    text.match_indices("encryptedData")
        .filter_map(move |(at, _)| {
            if at < read_to {
                return None;
            }
            let rest = &text[at..];
            if rest["encryptedData".len()..].starts_with('"') {
                read_to = at + rest.find('}').unwrap_or(rest.len());
                return Some(at..read_to);
            }
            let line_at = text[..at].rfind('\n').map_or(0, |end| end + 1);
            let depth = indent(&text[line_at..]);
            let mut end = at;
            for (number, line) in rest.split_inclusive('\n').enumerate() {
                if number > 0 && !line.trim().is_empty() && indent(line) <= depth {
                    break;
                }
                end += line.len();
            }
            read_to = end;
            Some(at..end)
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
    let named = line.trim().trim_start_matches("- ").split_once(':');
    named.is_some_and(|(key, value)| key == "kind" && scalar(untagged(value)).0 == "Secret")
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
        // What a template says alone on its line stands at any depth.
        let is_template = content.starts_with("{{") && content.ends_with("}}");
        if at < read_to || content.is_empty() || content.starts_with('#') || is_template {
            continue;
        }
        if map.is_some_and(|(depth, _)| indent(line) <= depth) {
            map = None;
        }
        let named = uncommented(content).trim_end();
        match (named, map) {
            ("data:", None) => map = Some((indent(line), true)),
            ("stringData:", None) => map = Some((indent(line), false)),
            (_, Some((_, encoded))) => {
                let Some((key, value)) = content.split_once(':') else {
                    continue;
                };
                let value = untagged(value);
                let is_whole = |place: &str| encoded || is_of_name(key, place);
                let scalar = match is_block(value) {
                    true => block(&document[end..], indent(line), encoded)
                        .filter(|(_, place)| is_whole(place)),
                    false => Some(scalar(value)),
                };
                // What lies in more lines, or is a configuration, is read line by line.
                if let Some((value, place)) = scalar {
                    let start = place.as_ptr().addr() - document.as_ptr().addr();
                    read_to = start + place.len();
                    let place = base + start..base + read_to;
                    let sort = match encoded {
                        true => Sort::Encoded,
                        false => Sort::Line,
                    };
                    judge(detector, key, &value, place, sort, hits, cleared);
                }
            }
            _ => {}
        }
    }
}

/// Whether a text is the value of a name, and no configuration that a file of this name holds:
/// `app.properties`, whose lines assign to other names.
fn is_of_name(key: &str, text: &str) -> bool {
    let key = key.trim().trim_matches(['"', '\'']);
    let last = key.rsplit('.').next().unwrap_or(key);
    promises(last) || !text.lines().any(assigns)
}

/// Whether a line assigns something to a name: `name=value`, `name: value`; an address and
/// `user:password` do not.
fn assigns(line: &str) -> bool {
    let line = line.trim();
    // At the end of base64 it fills up.
    let unfilled = match line.len() >= 16 && line.len().is_multiple_of(4) {
        true => line.trim_end_matches('='),
        false => line,
    };
    let is_name = |name: &str| {
        let belongs = |byte: u8| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte);
        !name.is_empty() && name.bytes().all(belongs)
    };
    let named = unfilled.split_once('=');
    named.is_some_and(|(name, _)| is_name(name))
        || line.contains(": ")
        || line.contains("\":")
        || line.ends_with(':')
}

/// A line without the comment at its end.
fn uncommented(line: &str) -> &str {
    let mut marks = line.match_indices('#').map(|(at, _)| at);
    let is_behind_blank = |at: &usize| line[..*at].ends_with([' ', '\t']);
    marks
        .find(is_behind_blank)
        .map_or(line, |comment| &line[..comment])
}

/// A value of YAML without its tag and its anchor: `!!str`, `&name`.
fn untagged(value: &str) -> &str {
    let mut rest = value;
    while rest.trim_start().starts_with(['!', '&']) {
        let trimmed = rest.trim_start();
        let end = trimmed.find([' ', '\t']).unwrap_or(trimmed.len());
        rest = &trimmed[end..];
    }
    rest
}

/// What a value of YAML in one line says, and how it is written, without its quotes. The blank before
/// it tells a comment.
fn scalar(whole: &str) -> (Cow<'_, str>, &str) {
    let value = whole.trim();
    // Another value, which stands elsewhere.
    if value.starts_with('*') {
        return ("".into(), &value[..0]);
    }
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
    let plain = uncommented(whole).trim();
    (plain.into(), plain)
}

/// Whether a value stands in the lines that follow: `|`, `>-`.
fn is_block(value: &str) -> bool {
    let marks = uncommented(value).trim();
    let marks = marks.strip_prefix(['|', '>']);
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
    for (map, sort) in [("data", Sort::Encoded), ("stringData", Sort::Text)] {
        let entries = manifest.get(map).and_then(Value::as_object);
        for (key, value) in entries.into_iter().flatten() {
            if let Some(value) = value.as_str().filter(|value| !value.is_empty())
                && !hits.is_full()
                && let Some(place) = places.get(value)
            {
                judge(detector, key, value, place.clone(), sort, hits, cleared);
            }
        }
    }
}

/// How a value is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// In base64.
    Encoded,
    /// As a text of JSON, whose lines stand in one.
    Text,
    /// In lines of YAML, which are read as settings.
    Line,
}

/// Judges one value of a Secret by what it decodes to.
fn judge(
    detector: &Detector,
    key: &str,
    value: &str,
    place: Range<usize>,
    sort: Sort,
    hits: &mut Hits,
    cleared: &mut Vec<Cleared>,
) {
    let key = key.trim().trim_matches(['"', '\'']);
    let bytes = match sort {
        Sort::Encoded => match BASE64.decode(value) {
            Ok(bytes) => bytes,
            // A template, or a value that goes on in other lines.
            Err(_) => return,
        },
        Sort::Text | Sort::Line => value.as_bytes().to_vec(),
    };
    if bytes.is_empty() || hits.is_full() {
        return;
    }
    let found = match std::str::from_utf8(&bytes) {
        Ok(plain) => in_value(detector, key, plain.trim(), sort),
        Err(_) => key_store(key, &bytes),
    };
    match found {
        Some(hit) => hits.push(Hit {
            start: place.start,
            end: place.end,
            ..hit
        }),
        // A configuration is left to who reads those.
        None if sort == Sort::Line && !is_of_name(key, value) => {}
        None => cleared.push(place),
    }
}

fn in_value(detector: &Detector, key: &str, plain: &str, sort: Sort) -> Option<Hit> {
    let mut inner = detector.find_in(plain);
    if key.starts_with(".dockerc") {
        in_json(plain, &mut inner);
    }
    if let Some(known) = inner.into_iter().next().or_else(|| in_url(plain, 0)) {
        return Some(known);
    }
    if !is_of_name(key, plain) {
        // Of the others nobody else reads the lines.
        return match sort {
            Sort::Line => None,
            Sort::Encoded | Sort::Text => in_configuration(key, plain),
        };
    }
    let promised = promises(key) || looks_random(plain);
    (promised && !is_placeholder(plain)).then(|| Hit {
        kind: KIND,
        severity: Severity::High,
        start: 0,
        end: plain.len(),
        fingerprint: Fingerprint::of(plain.as_bytes()),
    })
}

/// The first credential in a configuration that a file of this name holds.
fn in_configuration(name: &str, text: &str) -> Option<Hit> {
    let mut hits = Hits::default();
    by_name(name, text.as_bytes(), &mut hits);
    in_context(Piece::text(text), true, &mut Told::default(), &mut hits);
    hits.into_iter()
        .next()
        .or_else(|| text.lines().find_map(drawn))
}

/// What a line assigns that is drawn in one piece, of letters of both sizes and digits: in a Secret it is
/// a credential, whatever it is called.
fn drawn(line: &str) -> Option<Hit> {
    let line = line.trim();
    let ends = [line.find('='), line.find(": ")];
    let (name, value) = line.split_at(ends.into_iter().flatten().min()?);
    let value = value[1..].trim().trim_matches(['"', '\'']);
    let has = |sort: fn(&u8) -> bool| value.bytes().any(|byte| sort(&byte));
    let belongs = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-!@#$%^&*?~".contains(&byte);
    let is_drawn = (12..=LONGEST).contains(&value.len())
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_digit)
        && value.bytes().all(belongs)
        && looks_random(value);
    let is_comment = line.starts_with(['#', ';', '/']);
    // A certificate is one in base64.
    let is_shown = value.starts_with("LS0tLS1") || is_about(name) || is_placeholder(value);
    (is_drawn && !is_comment && !is_shown)
        .then(|| Hit::of(KIND, Severity::High, 0, value.as_bytes()))
}

#[cfg(test)]
mod tests;
