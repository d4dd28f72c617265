//! OpenVEX 0.2.0 and what came before (<https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>).

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Component, Product, Reading, Statement, Status, text, time};
use crate::failure::Failure;

/// Reads a document. Statements without products are about `inherited`.
pub(super) fn read(
    reading: &mut Reading<'_>,
    document: &Value,
    inherited: &Arc<[Product]>,
) -> Result<(), Failure> {
    let Some(statements) = document.get("statements").and_then(Value::as_array) else {
        return Err(reading.fail("statements", "a list is expected"));
    };
    // Of the document's two times a statement inherits the one of its first issue: that somebody
    // changed another statement says nothing of this one.
    let issued = time(reading, document, "timestamp", "timestamp")?;
    let author = text(document, "author").filter(|author| !author.trim().is_empty());
    let author: Option<Arc<str>> = author.map(Arc::from);
    // Before 0.2.0 a version was a text.
    let version = document.get("version");
    let version = version.and_then(|one| one.as_u64().or_else(|| one.as_str()?.parse().ok()));
    let id = text(document, "@id").filter(|id| !id.trim().is_empty());
    let edition = id.zip(version);
    let edition = edition.map(|(id, version)| (Arc::<str>::from(id), version));
    for (at, value) in statements.iter().enumerate() {
        let place = format!("statements[{at}]");
        reading.count()?;
        let ids = ids(value.get("vulnerability"));
        for _ in &ids {
            reading.count()?;
        }
        if ids.is_empty() {
            return Err(reading.fail(&place, "names no vulnerability"));
        }
        let status = match value.get("status").and_then(Value::as_str) {
            Some("not_affected") => Status::NotAffected,
            Some("affected") => Status::Affected,
            Some("fixed") => Status::Fixed,
            Some("under_investigation") => Status::UnderInvestigation,
            _ => {
                return Err(reading.fail(
                    &format!("{place}.status"),
                    "expected not_affected, affected, fixed or under_investigation",
                ));
            }
        };
        let mut said = None;
        for key in ["timestamp", "last_updated"] {
            said = said.max(time(reading, value, key, &format!("{place}.{key}"))?);
        }
        // Before 0.2.0 the parts stood beside the products, and were those of each.
        let parts = parts(reading, value, &place)?;
        let products = match value.get("products") {
            None | Some(Value::Null) => match &parts {
                Parts::All => Arc::clone(inherited),
                Parts::These(parts) => {
                    let mut products = Vec::new();
                    for product in inherited.iter() {
                        reading.count_copy(&product.itself)?;
                        products.push(Product {
                            parts: copied(reading, parts)?,
                            ..product.clone()
                        });
                    }
                    products.into()
                }
                Parts::Unknown => Arc::default(),
            },
            Some(Value::Array(list)) => products(reading, list, &parts, &place)?.into(),
            Some(_) => {
                return Err(reading.fail(&format!("{place}.products"), "a list is expected"));
            }
        };
        if products.is_empty() {
            reading.drop(&place, "names no product that could be in an image");
            continue;
        }
        reading.vex.statements.push(Statement {
            ids,
            products,
            attested_of: Arc::clone(&reading.attested_of),
            status,
            justification: text(value, "justification"),
            note: text(value, "impact_statement")
                .or_else(|| text(value, "status_notes"))
                .or_else(|| text(value, "action_statement")),
            said: said.or(issued),
            document: reading.document.clone(),
            edition: edition.clone(),
            written_in: format!("{}: {place}", reading.name),
            author: author.clone(),
        });
    }
    Ok(())
}

/// A vulnerability's numbers: before 0.2.0 it was one text.
fn ids(vulnerability: Option<&Value>) -> Vec<String> {
    let Some(vulnerability) = vulnerability else {
        return Vec::new();
    };
    let mut ids: Vec<String> = match vulnerability {
        Value::String(id) => vec![id.clone()],
        object => {
            let aliases = object.get("aliases").and_then(Value::as_array);
            let aliases = aliases.into_iter().flatten().filter_map(Value::as_str);
            text(object, "name")
                .into_iter()
                .chain(aliases.map(str::to_owned))
                .chain(text(object, "@id").and_then(|id| number_of(&id)))
                .collect()
        }
    };
    ids.retain(|id| !id.trim().is_empty());
    ids
}

/// The number at the end of an address such as `https://nvd.nist.gov/vuln/detail/CVE-2019-17571`.
fn number_of(address: &str) -> Option<String> {
    let last = address.rsplit(['/', '#']).find(|part| !part.is_empty())?;
    last.contains('-').then(|| last.to_owned())
}

/// Which parts of a product are spoken of.
enum Parts {
    All,
    These(Vec<Component>),
    /// None of those that are named can be understood: it must not become a word on the whole.
    Unknown,
}

/// The parts that a product or a statement names.
fn parts(reading: &mut Reading<'_>, value: &Value, place: &str) -> Result<Parts, Failure> {
    let listed = match value.get("subcomponents") {
        None | Some(Value::Null) => return Ok(Parts::All),
        Some(Value::Array(listed)) if listed.is_empty() => return Ok(Parts::All),
        Some(Value::Array(listed)) => listed,
        Some(_) => {
            return Err(reading.fail(&format!("{place}.subcomponents"), "a list is expected"));
        }
    };
    let mut parts = Vec::new();
    for part in listed {
        reading.count()?;
        let part = component(part);
        if is_told(reading, &part, "part", place) {
            parts.push(part);
        }
    }
    Ok(match parts.is_empty() {
        true => Parts::Unknown,
        false => Parts::These(parts),
    })
}

/// The products of a list; `of_all` are the parts of those that name none themselves.
fn products(
    reading: &mut Reading<'_>,
    list: &[Value],
    of_all: &Parts,
    place: &str,
) -> Result<Vec<Product>, Failure> {
    let mut products = Vec::new();
    for value in list {
        reading.count()?;
        let itself = component(value);
        let own = parts(reading, value, place)?;
        let parts = match (own, of_all) {
            (Parts::These(parts), _) => parts,
            (Parts::All, Parts::These(parts)) => copied(reading, parts)?,
            (Parts::All, Parts::All) => Vec::new(),
            (Parts::Unknown, _) | (_, Parts::Unknown) => continue,
        };
        if is_told(reading, &itself, "product", place) {
            products.push(Product { itself, parts });
        }
    }
    Ok(products)
}

/// The parts that a statement names once and that are those of each of its products: a short document
/// may mean very many.
fn copied(reading: &mut Reading<'_>, parts: &[Component]) -> Result<Vec<Component>, Failure> {
    for part in parts {
        reading.count_copy(part)?;
    }
    Ok(parts.to_vec())
}

/// Whether it can be told what is meant; it is said where not.
fn is_told(reading: &mut Reading<'_>, component: &Component, what: &str, place: &str) -> bool {
    if component.is_empty() {
        reading.drop(
            place,
            &format!("names a {what} in a way that is not understood"),
        );
        return false;
    }
    is_certain(reading, component, place)
}

/// Whether it can be told that something is this one: of a package that is named by its bytes, too,
/// it is not known whether they are those that are installed, and of an image only its SHA-256 is.
fn is_certain(reading: &mut Reading<'_>, component: &Component, place: &str) -> bool {
    if component.sha256.as_deref() == Some("") {
        reading.drop(
            place,
            "names something by hashes of which none is its SHA-256",
        );
        return false;
    }
    let is_package = component
        .purls
        .iter()
        .any(|purl| !matches!(purl.kind(), "oci" | "docker"));
    let is_certain = !is_package || component.sha256.is_none();
    if !is_certain {
        reading.drop(place, "names a package by a hash, which is not compared");
    }
    is_certain
}

fn component(value: &Value) -> Component {
    let mut component = Component::default();
    match value {
        // Before 0.2.0 a product was one text.
        Value::String(id) => component.named(id),
        object => {
            if let Some(id) = text(object, "@id") {
                component.named(&id);
            }
            let identifiers = object.get("identifiers");
            if let Some(purl) = identifiers.and_then(|one| text(one, "purl")) {
                component.named(&purl);
            }
            component.sha256 = object
                .get("hashes")
                .and_then(Value::as_object)
                .filter(|hashes| !hashes.is_empty())
                .map(sha256);
        }
    }
    component
}

/// The SHA-256 among the hashes of something; empty where there are only others.
fn sha256(hashes: &Map<String, Value>) -> String {
    let mut names = ["sha-256", "sha256"].into_iter();
    let hash = names.find_map(|name| hashes.get(name)?.as_str());
    let hash = hash.unwrap_or_default().trim();
    hash.strip_prefix("sha256:").unwrap_or(hash).to_owned()
}
