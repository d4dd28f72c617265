//! Reads bills of materials that others wrote: CycloneDX and SPDX in JSON, bare or as the predicate
//! of an in-toto statement (BuildKit's attestations), in a DSSE envelope or not.
//!
//! What identifies a package is its package URL; a component without one is counted, because
//! nothing can be looked up by a name alone.

mod cyclonedx;
mod package;
mod spdx;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use plimsoll_model::{Digest, Inventory, Package};
use serde_json::Value;

/// What a bill of materials tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BillOfMaterials {
    /// Format and version, such as `CycloneDX 1.6`.
    pub format: String,
    /// What it is about, in its own words; empty where it does not say.
    pub subject: String,
    /// Digest of the image it is about, where it says.
    pub digest: Option<Digest>,
    /// Distribution, packages and, where told, layers.
    pub inventory: Inventory,
    /// Names of components that no package URL identifies, sorted.
    pub unidentified: Vec<String>,
}

/// Why a bill of materials cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is no JSON.
    #[error("is no JSON ({0}): CycloneDX and SPDX are read in their JSON form")]
    Json(String),
    /// It is JSON of another kind.
    #[error(
        "is no bill of materials: neither CycloneDX (`bomFormat`) nor SPDX (`spdxVersion`, `@graph`)"
    )]
    Unknown,
    /// It is encrypted, signed or packed in a way that is not read.
    #[error("{0}")]
    Envelope(&'static str),
}

/// Envelopes in envelopes beyond this are nobody's.
const DEPTH: usize = 4;

/// Whether `bytes` look like a bill of materials rather than an image or an archive: JSON begins
/// with a brace.
pub fn looks_like_one(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

/// Reads a bill of materials.
///
/// # Errors
/// It is none; see [`ReadError`].
pub fn read(bytes: &[u8]) -> Result<BillOfMaterials, ReadError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let value =
        serde_json::from_slice(bytes).map_err(|error| ReadError::Json(error.to_string()))?;
    of_value(&value, DEPTH)
}

fn of_value(value: &Value, depth: usize) -> Result<BillOfMaterials, ReadError> {
    if depth == 0 {
        return Err(ReadError::Envelope("holds envelopes within envelopes"));
    }
    if let Some(payload) = value.get("payload").and_then(Value::as_str) {
        let payload = BASE64_STANDARD
            .decode(payload)
            .map_err(|_| ReadError::Envelope("is an envelope whose payload is no base64"))?;
        let inner =
            serde_json::from_slice(&payload).map_err(|error| ReadError::Json(error.to_string()))?;
        return of_value(&inner, depth - 1);
    }
    if let Some(predicate) = value.get("predicate") {
        let mut bill = of_value(predicate, depth - 1)?;
        bill.digest = bill.digest.or_else(|| statement_digest(value));
        return Ok(bill);
    }
    // Some tools wrap the predicate once more.
    if let Some(data) = value.get("Data").filter(|data| data.is_object()) {
        return of_value(data, depth - 1);
    }
    let mut bill = if value.get("bomFormat").and_then(Value::as_str) == Some("CycloneDX") {
        cyclonedx::read(value)
    } else if value.get("spdxVersion").is_some() {
        spdx::read(value)
    } else if value.get("@graph").is_some() {
        spdx::read_graph(value)
    } else {
        return Err(ReadError::Unknown);
    };
    bill.inventory
        .packages
        .sort_by(|a, b| place(a).cmp(&place(b)));
    bill.inventory.packages.dedup();
    bill.unidentified.sort();
    Ok(bill)
}

/// What the packages of an inventory are sorted by.
fn place(package: &Package) -> impl Ord + '_ {
    (
        package.kind,
        package.name.as_str(),
        package.version.as_str(),
        package.path.as_str(),
    )
}

fn statement_digest(statement: &Value) -> Option<Digest> {
    let subject = statement.get("subject")?.as_array()?.first()?;
    let hex = subject.get("digest")?.get("sha256")?.as_str()?;
    Digest::parse(&format!("sha256:{hex}")).ok()
}

/// A text of an object, empty where there is none.
fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The objects of a list, none where there is no list.
fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    let list = value.get(key).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests;
