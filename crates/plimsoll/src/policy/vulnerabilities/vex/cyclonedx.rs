//! CycloneDX 1.4 to 1.7: `vulnerabilities` with an `analysis`
//! (<https://cyclonedx.org/docs/1.6/json/#vulnerabilities>).

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::{BomLink, Component, Product, Reading, Statement, Status, text, time};
use crate::failure::Failure;

/// Components inside of each other beyond this are left alone.
const MAX_DEPTH: usize = 32;

/// Reads a document: one of its own that points into a bill of materials, or both in one.
pub(super) fn read(reading: &mut Reading<'_>, document: &Value) -> Result<(), Failure> {
    let serial = document.get("serialNumber").and_then(Value::as_str);
    let mut own = Own {
        serial: serial
            .and_then(|serial| serial.strip_prefix("urn:uuid:"))
            .map(|serial| serial.to_ascii_lowercase().into()),
        ..Own::default()
    };
    collect(reading, document.get("components"), &mut own.components, 0)?;
    let subject = document
        .get("metadata")
        .and_then(|metadata| metadata.get("component"));
    if let Some(subject) = subject {
        enter(reading, subject, &mut own.components)?;
        collect(reading, subject.get("components"), &mut own.components, 0)?;
        own.subject = self::subject(subject, own.serial.as_ref());
        own.subject_name = text(subject, "bom-ref");
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
            match own.product(affected, status) {
                Ok(product) => {
                    reading.count_copy(&product.itself)?;
                    for part in &product.parts {
                        reading.count_copy(part)?;
                    }
                    products.push(product);
                }
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
            attested_of: Arc::clone(&reading.attested_of),
            status,
            justification: text(analysis, "justification"),
            note: text(analysis, "detail"),
            said,
            document: reading.document.clone(),
            edition: None,
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

/// What a document tells of itself.
#[derive(Default)]
struct Own {
    /// Its serial number, a UUID in small letters.
    serial: Option<Arc<str>>,
    /// Its components by their `bom-ref`.
    components: HashMap<String, Component>,
    /// What it is about, where it says so exactly.
    subject: Option<Component>,
    /// The `bom-ref` of that.
    subject_name: Option<String>,
}

impl Own {
    /// What a reference means: a component of the same document, or by BOM-Link
    /// (`urn:cdx:SERIAL/VERSION#REF`) of the bill of materials that is numbered so. Of a component of this
    /// document it speaks only as of a part of what the document is about.
    fn product(&self, affected: &Value, status: Status) -> Result<Product, &'static str> {
        let reference = affected
            .get("ref")
            .and_then(Value::as_str)
            .ok_or("`affects` without a `ref`")?;
        let (serial, name) = match reference.strip_prefix("urn:cdx:") {
            // A component may be called so in its own document.
            Some(link) if !self.components.contains_key(reference) => {
                let (document, name) = link
                    .split_once('#')
                    .ok_or("`affects` points to a whole bill of materials")?;
                let serial = document.split('/').next().unwrap_or_default();
                let serial: Arc<str> = serial.to_ascii_lowercase().into();
                (Some(serial), percent_decoded(name))
            }
            _ => (self.serial.clone(), reference.to_owned()),
        };
        let is_own = serial == self.serial;
        let mut component = match self.components.get(&name).filter(|_| is_own) {
            Some(component) => component.clone(),
            None => {
                let mut component = Component::default();
                component.named(&name);
                component
            }
        };
        let is_subject = is_own && self.subject_name.as_deref() == Some(name.as_str());
        component.link = serial.map(|serial| BomLink {
            serial,
            reference: (!is_subject).then_some(name),
            is_foreign: !is_own,
        });
        if component.purls.is_empty() && component.sha256.is_none() && component.link.is_none() {
            return Err("`affects` points to a component without a package URL");
        }
        let listed = versions(affected, status)?;
        if !listed.is_empty() {
            component.versions = listed;
        }
        let subject = self.subject.clone().filter(|_| is_own && !is_subject);
        Ok(match subject {
            Some(itself) => Product {
                itself,
                parts: vec![component],
            },
            None => Product {
                itself: component,
                parts: Vec::new(),
            },
        })
    }
}

/// What a document is about, where a package URL or a digest says so exactly: names are given to many.
fn subject(value: &Value, serial: Option<&Arc<str>>) -> Option<Component> {
    let mut subject = component(value);
    subject.versions.clear();
    // Of an image many tools write the digest in place of a version.
    let digest = text(value, "version").and_then(|version| {
        let hexadecimal = version.strip_prefix("sha256:")?;
        Some(hexadecimal.to_owned())
    });
    subject.sha256 = digest.or(subject.sha256);
    if subject.is_empty() {
        return None;
    }
    subject.link = serial.map(|serial| BomLink {
        serial: serial.clone(),
        reference: None,
        is_foreign: false,
    });
    Some(subject)
}

/// The versions that are meant; all where there are none.
fn versions(affected: &Value, status: Status) -> Result<Vec<String>, &'static str> {
    let mut meant = Vec::new();
    let versions = affected.get("versions").and_then(Value::as_array);
    let versions = versions.map_or(&[][..], Vec::as_slice);
    for version in versions {
        // A version may be listed to say the opposite of it. Without a word it is an affected one by the
        // schema: what is mended is not the version that was; of what is not affected nobody means that.
        let is_meant = match version.get("status").and_then(Value::as_str) {
            None => status != Status::Fixed,
            Some("affected") => status.sets_aside().is_none(),
            Some("unaffected") => status.sets_aside().is_some(),
            Some(_) => false,
        };
        match text(version, "version") {
            Some(version) if is_meant => meant.push(version),
            Some(_) => {}
            None => return Err("`affects` gives a range of versions"),
        }
    }
    if meant.is_empty() && !versions.is_empty() {
        return Err("`affects` lists only versions of which the opposite is said");
    }
    Ok(meant)
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
    components.insert(name, component(value));
    Ok(())
}

/// A component by its package URL, with the version beside it where that has none, and its digest.
fn component(value: &Value) -> Component {
    let mut component = Component::default();
    if let Some(purl) = text(value, "purl") {
        component.named(&purl);
        let mut purls = component.purls.iter();
        if purls.any(|purl| purl.version().is_none()) {
            component.versions.extend(text(value, "version"));
        }
    }
    let hashes = value.get("hashes").and_then(Value::as_array);
    component.sha256 = hashes
        .into_iter()
        .flatten()
        .find(|hash| hash.get("alg").and_then(Value::as_str) == Some("SHA-256"))
        .and_then(|hash| text(hash, "content"));
    component
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
