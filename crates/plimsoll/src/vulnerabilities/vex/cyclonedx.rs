//! CycloneDX 1.4 to 1.7: `vulnerabilities` with an `analysis`
//! (<https://cyclonedx.org/docs/1.6/json/#vulnerabilities>).

use std::collections::HashMap;

use serde_json::Value;

use super::{Component, Product, Reading, Statement, Status, text, time};
use crate::failure::Failure;

/// Components inside of each other beyond this are left alone.
const MAX_DEPTH: usize = 32;

/// Reads a document: one of its own that points into a bill of materials, or both in one.
pub(super) fn read(reading: &mut Reading<'_>, document: &Value) -> Result<(), Failure> {
    let serial = document.get("serialNumber").and_then(Value::as_str);
    let own = serial.and_then(|serial| serial.strip_prefix("urn:uuid:"));
    let mut components = HashMap::new();
    collect(reading, document.get("components"), &mut components, 0)?;
    let image = document
        .get("metadata")
        .and_then(|metadata| metadata.get("component"));
    if let Some(image) = image {
        enter(reading, image, &mut components)?;
        collect(reading, image.get("components"), &mut components, 0)?;
    }
    let listed = document.get("vulnerabilities").and_then(Value::as_array);
    for (at, value) in listed.into_iter().flatten().enumerate() {
        reading.count()?;
        let place = format!("vulnerabilities[{at}]");
        // A bill of materials may list vulnerabilities that nobody has judged.
        let Some(analysis) = value.get("analysis").filter(|analysis| !analysis.is_null()) else {
            continue;
        };
        let state = analysis.get("state").and_then(Value::as_str);
        let status = match state {
            Some("not_affected" | "false_positive") => Status::NotAffected,
            Some("resolved" | "resolved_with_pedigree") => Status::Fixed,
            Some("exploitable") => Status::Affected,
            Some("in_triage") => Status::UnderInvestigation,
            None => continue,
            Some(_) => {
                return Err(reading.fail(
                    &format!("{place}.analysis.state"),
                    "expected resolved, resolved_with_pedigree, exploitable, in_triage, \
                     false_positive or not_affected",
                ));
            }
        };
        let ids = ids(value);
        if ids.is_empty() {
            return Err(reading.fail(&place, "names no vulnerability"));
        }
        let times = [
            (Some(analysis), "lastUpdated", format!("{place}.analysis.")),
            (Some(analysis), "firstIssued", format!("{place}.analysis.")),
            (Some(value), "updated", format!("{place}.")),
            (
                document.get("metadata"),
                "timestamp",
                "metadata.".to_owned(),
            ),
        ];
        let mut said = None;
        for (object, key, within) in times {
            if let (None, Some(object)) = (said, object) {
                said = time(reading, object, key, &format!("{within}{key}"))?;
            }
        }
        let mut products = Vec::new();
        let affects = value.get("affects").and_then(Value::as_array);
        for affected in affects.into_iter().flatten() {
            reading.count()?;
            match affected_component(affected, &components, own, status) {
                Ok(itself) => products.push(Product {
                    itself,
                    parts: Vec::new(),
                }),
                Err(why) => reading.drop(&place, why),
            }
        }
        if products.is_empty() {
            if affects.is_none_or(Vec::is_empty) {
                reading.drop(&place, "`affects` names no component");
            }
            continue;
        }
        reading.vex.statements.push(Statement {
            ids,
            products: products.into(),
            status,
            justification: text(analysis, "justification"),
            note: text(analysis, "detail"),
            said,
            written_in: format!("{}: {place}", reading.name),
            author: None,
        });
    }
    Ok(())
}

/// A vulnerability's numbers.
fn ids(value: &Value) -> Vec<String> {
    let references = value.get("references").and_then(Value::as_array);
    text(value, "id")
        .into_iter()
        .chain(
            references
                .into_iter()
                .flatten()
                .filter_map(|reference| text(reference, "id")),
        )
        .filter(|id| !id.trim().is_empty())
        .collect()
}

/// What a reference means: a component of the same document, or by BOM-Link
/// (`urn:cdx:SERIAL/VERSION#REF`) of the one that is numbered so. Of another document a component's
/// own name must be a package URL.
fn affected_component(
    affected: &Value,
    components: &HashMap<String, Component>,
    own: Option<&str>,
    status: Status,
) -> Result<Component, &'static str> {
    let reference = affected
        .get("ref")
        .and_then(Value::as_str)
        .ok_or("`affects` without a `ref`")?;
    let mut component = match components.get(reference) {
        Some(component) => component.clone(),
        None => {
            let (is_here, name) = match reference.strip_prefix("urn:cdx:") {
                Some(link) => {
                    let (document, name) = link
                        .split_once('#')
                        .ok_or("`affects` points to a whole bill of materials")?;
                    let serial = document.split('/').next();
                    (own.is_some() && serial == own, percent_decoded(name))
                }
                None => (true, reference.to_owned()),
            };
            match components.get(&name).filter(|_| is_here) {
                Some(component) => component.clone(),
                None => {
                    let mut component = Component::default();
                    component.named(&name);
                    component
                }
            }
        }
    };
    if component.purls.is_empty() && component.sha256.is_none() {
        return Err("`affects` points to a component without a package URL");
    }
    let versions = affected.get("versions").and_then(Value::as_array);
    let versions = versions.map_or(&[][..], Vec::as_slice);
    for version in versions {
        // A version may be listed to say the opposite of it.
        let is_meant = match version.get("status").and_then(Value::as_str) {
            None => true,
            Some("affected") => status.sets_aside().is_none(),
            Some("unaffected") => status.sets_aside().is_some(),
            Some(_) => false,
        };
        match text(version, "version") {
            Some(version) if is_meant => component.versions.push(version),
            Some(_) => {}
            None => return Err("`affects` gives a range of versions"),
        }
    }
    if component.versions.is_empty() && !versions.is_empty() {
        return Err("`affects` lists only versions of which the opposite is said");
    }
    Ok(component)
}

/// Notes every component that has a name and a package URL.
fn collect(
    reading: &mut Reading<'_>,
    list: Option<&Value>,
    components: &mut HashMap<String, Component>,
    depth: usize,
) -> Result<(), Failure> {
    if depth > MAX_DEPTH {
        return Ok(());
    }
    for value in list.and_then(Value::as_array).into_iter().flatten() {
        enter(reading, value, components)?;
        collect(reading, value.get("components"), components, depth + 1)?;
    }
    Ok(())
}

fn enter(
    reading: &mut Reading<'_>,
    value: &Value,
    components: &mut HashMap<String, Component>,
) -> Result<(), Failure> {
    reading.count()?;
    let Some(name) = text(value, "bom-ref") else {
        return Ok(());
    };
    let mut component = Component::default();
    if let Some(purl) = text(value, "purl") {
        component.named(&purl);
    }
    let hashes = value.get("hashes").and_then(Value::as_array);
    component.sha256 = hashes
        .into_iter()
        .flatten()
        .find(|hash| hash.get("alg").and_then(Value::as_str) == Some("SHA-256"))
        .and_then(|hash| text(hash, "content"));
    components.insert(name, component);
    Ok(())
}

/// `%2F` is `/`; what is no escape stays as it is.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = bytes
            .get(at + 1..at + 3)
            .filter(|_| *byte == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped {
            Some(value) => {
                out.push(value);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
