//! Statements of in-toto around a document: what it is about is said outside
//! (<https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>).

use std::sync::Arc;

use serde_json::Value;

use super::{Component, Product, Reading, text};
use crate::failure::Failure;
use crate::policy::vulnerabilities::purl::Purl;

/// What the type of CycloneDX as a predicate begins with, whatever its version.
const CYCLONEDX: &str = "https://cyclonedx.org/";

/// Where a document came from, which says what the subjects of a statement around it can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Somebody named its file: it may be about a package.
    File,
    /// It is attached to the image: that is what it must be about.
    Attached,
}

/// The CycloneDX document within a statement; cosign wraps some once more.
pub(super) fn cyclonedx(statement: &Value) -> Option<&Value> {
    let kind = statement.get("predicateType").and_then(Value::as_str)?;
    let predicate = statement.get("predicate")?;
    let wrapped = predicate.get("Data").filter(|inside| inside.is_object());
    kind.starts_with(CYCLONEDX)
        .then(|| wrapped.unwrap_or(predicate))
}

/// What a statement is about, for what is said of no product.
pub(super) fn subjects(
    reading: &mut Reading<'_>,
    statement: &Value,
) -> Result<Arc<[Product]>, Failure> {
    let mut products = Vec::new();
    for subject in listed(statement) {
        reading.count()?;
        let mut itself = Component::default();
        if let Some(name) = text(subject, "name") {
            itself.named(&name);
        }
        let digest = subject.get("digest");
        itself.sha256 = digest.and_then(|digest| text(digest, "sha256"));
        // A digest says exactly which; the name beside it is only for people.
        if itself.sha256.is_some() {
            itself.purls.clear();
            itself.names.clear();
        }
        if !itself.is_empty() {
            products.push(Product {
                itself,
                parts: Vec::new(),
            });
        }
    }
    Ok(products.into())
}

/// The SHA-256 of what a statement is about; empty where it does not say by digests, or is about packages,
/// whose bytes are not compared. A digest of another kind fits nothing.
pub(super) fn digests(statement: &Value, place: Place) -> Arc<[String]> {
    let mut digests = Vec::new();
    for subject in listed(statement) {
        let name = text(subject, "name").and_then(|name| Purl::parse(&name));
        let is_package = name.is_some_and(|purl| !matches!(purl.kind(), "oci" | "docker"));
        let named = subject.get("digest").and_then(Value::as_object);
        let named = named.filter(|named| !named.is_empty());
        match named {
            Some(_) if is_package && place == Place::File => return Arc::default(),
            Some(named) => {
                let sha256 = named.get("sha256").and_then(Value::as_str);
                digests.push(sha256.unwrap_or_default().to_owned());
            }
            // One that is named alone may be the image.
            None => return Arc::default(),
        }
    }
    digests.into()
}

fn listed(statement: &Value) -> impl Iterator<Item = &Value> {
    let subjects = statement.get("subject").and_then(Value::as_array);
    subjects.into_iter().flatten()
}
