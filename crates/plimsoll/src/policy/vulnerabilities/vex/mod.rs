//! What others say of vulnerabilities: VEX documents, as OpenVEX and CycloneDX write them.

mod attached;
mod coverage;
mod cyclonedx;
mod document;
mod in_toto;
mod openvex;

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use plimsoll_attest::envelope;
use plimsoll_model::{Skipped, Topic, VulnerabilityStatus};
use serde_json::Value;

pub(crate) use self::attached::Attached;
pub(crate) use self::coverage::{Coverage, Validity};
use super::decision::Case;
use super::image::ImageIdentity;
use super::purl::Purl;
use crate::failure::Failure;
use crate::project::{read_bounded, shown};

/// What every name of the format begins with, whatever its version.
const OPENVEX: &str = "https://openvex.dev/ns";
/// Envelopes around a document, one within another.
const ENVELOPES: usize = 3;
/// A document longer than this is none.
const LIMIT: u64 = 32 << 20;
/// Statements, products and subcomponents that are kept of one document.
const MAX_PARTS: usize = 500_000;

/// What a statement says of a vulnerability in a product (CISA, Minimum Requirements for VEX).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It does no harm there.
    NotAffected,
    /// It does.
    Affected,
    /// The product is mended.
    Fixed,
    /// Nobody knows yet.
    UnderInvestigation,
}

impl Status {
    /// As what a vulnerability is set aside by it, where it is.
    pub(crate) fn sets_aside(self) -> Option<VulnerabilityStatus> {
        match self {
            Self::NotAffected => Some(VulnerabilityStatus::NotAffected),
            Self::Fixed => Some(VulnerabilityStatus::Fixed),
            Self::Affected | Self::UnderInvestigation => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::NotAffected => "not affected",
            Self::Affected => "affected",
            Self::Fixed => "fixed",
            Self::UnderInvestigation => "under investigation",
        }
    }
}

/// One statement of one document.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    /// The numbers of the vulnerability.
    pub(crate) ids: Vec<String>,
    /// What it is about; never empty. Statements that inherit it share it.
    pub(crate) products: Arc<[Product]>,
    /// The SHA-256 of what it is attested of, in hexadecimal, where it is: of something else it says
    /// nothing.
    pub(crate) attested_of: Arc<[String]>,
    /// What it says.
    pub(crate) status: Status,
    /// VEX's label for why.
    pub(crate) justification: Option<String>,
    /// The same in words.
    pub(crate) note: Option<String>,
    /// When it was said: a later statement overrides an earlier one.
    pub(crate) said: Option<Timestamp>,
    /// The document.
    pub(crate) document: Arc<str>,
    /// What the document calls itself, and its version: a newer one takes its place.
    pub(crate) edition: Option<(Arc<str>, u64)>,
    /// The document, and the statement's place in it.
    pub(crate) written_in: String,
    /// Who says so.
    pub(crate) author: Option<Arc<str>>,
}

/// A product that a statement speaks of, and its parts where it speaks of those only.
#[derive(Clone, Debug, Default)]
pub(crate) struct Product {
    /// The product itself.
    pub(crate) itself: Component,
    /// The parts; all of it where there are none.
    pub(crate) parts: Vec<Component>,
}

impl Product {
    /// What may be a package: its parts, or where it has none the product itself.
    fn packages(&self) -> &[Component] {
        match self.parts.as_slice() {
            [] => std::slice::from_ref(&self.itself),
            parts => parts,
        }
    }
}

/// How a product or a part of one is named: any of these means it, but a digest must fit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Component {
    /// Package URLs.
    pub(crate) purls: Vec<Purl>,
    /// Other names.
    pub(crate) names: Vec<String>,
    /// SHA-256 of its bytes, in hexadecimal; of an image that of its manifest.
    pub(crate) sha256: Option<String>,
    /// A component of a bill of materials, or all of it.
    pub(crate) link: Option<BomLink>,
    /// Versions, word for word; all where there are none.
    pub(crate) versions: Vec<String>,
}

/// What a BOM-Link names (<https://cyclonedx.org/capabilities/bomlink/>). Which version of the bill it
/// names does not matter: one that was issued anew tells of the same thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BomLink {
    /// The bill's serial number, a UUID in small letters.
    pub(crate) serial: Arc<str>,
    /// The component's `bom-ref`; none where the bill as a whole is meant.
    pub(crate) reference: Option<String>,
    /// Whether that is all that is known of the component: it is none of the document that names it.
    pub(crate) is_foreign: bool,
}

impl BomLink {
    /// Whether it leads to a bill of materials of something else.
    fn leads_elsewhere(&self, image: &ImageIdentity) -> bool {
        self.is_foreign && !image.is_told_by(&self.serial)
    }

    /// The position of the package that the bill calls so.
    fn position(&self, image: &ImageIdentity) -> Option<usize> {
        image.position_of(&self.serial, self.reference.as_deref()?)
    }
}

impl Component {
    /// From one identifier.
    fn named(&mut self, identifier: &str) {
        match Purl::parse(identifier) {
            Some(purl) => {
                // Most have one, and there may be very many of those.
                self.purls.reserve_exact(1);
                self.purls.push(purl);
            }
            None if identifier.trim().is_empty() => {}
            None => self.names.push(identifier.to_owned()),
        }
    }

    /// Bytes of its texts, about.
    fn length(&self) -> usize {
        let purls = self.purls.iter().map(Purl::length);
        let texts = self.names.iter().chain(&self.versions).map(String::len);
        purls.chain(texts).sum()
    }

    fn is_empty(&self) -> bool {
        self.purls.is_empty()
            && self.names.is_empty()
            && self.sha256.is_none()
            && self.link.is_none()
    }

    /// Whether these versions are meant.
    fn takes_version(&self, subject: &Case<'_>) -> bool {
        self.versions.is_empty() || self.versions.contains(&subject.vulnerability.installed)
    }

    fn is_package(&self, subject: &Case<'_>) -> bool {
        self.purls
            .iter()
            .any(|purl| purl.asks_for(&subject.identity))
            && self.takes_version(subject)
    }

    /// Whether its digest says that it is the image.
    fn has_digest_of(&self, image: &ImageIdentity) -> bool {
        let digest = self.sha256.as_deref();
        digest.is_some_and(|digest| image.has_digest(digest))
    }

    fn is_image(&self, image: &ImageIdentity) -> bool {
        if let Some(link) = &self.link {
            if link.leads_elsewhere(image) {
                return false;
            }
            if link.reference.is_none() && image.is_told_by(&link.serial) {
                return true;
            }
        }
        // A digest says exactly which; the names beside it are those it had where it was made.
        if self.sha256.is_some() {
            return self.has_digest_of(image);
        }
        self.purls.iter().any(|purl| image.is_asked_for_by(purl))
            || self.names.iter().any(|name| image.goes_by(name))
    }
}

impl Statement {
    /// One line on what it says, and who.
    pub(crate) fn explanation(&self) -> String {
        let mut text = self.status.as_str().to_owned();
        if let Some(author) = &self.author {
            text.push_str(", says ");
            text.push_str(author);
        }
        if let Some(label) = &self.justification {
            text.push_str(": ");
            text.push_str(&label.replace('_', " "));
        }
        if let Some(note) = self.note.as_deref().map(str::trim)
            && !note.is_empty()
        {
            text.push_str(": ");
            text.push_str(note);
        }
        text
    }
}

/// What a document says, and what of it cannot be used.
#[derive(Debug, Default)]
pub(crate) struct Vex {
    /// Its statements.
    pub(crate) statements: Vec<Statement>,
    /// What says nothing that could be held against an image.
    pub(crate) dropped: Vec<Skipped>,
}

/// Reads a document, whichever format it is in.
pub(crate) fn read(path: &Path) -> Result<Vex, Failure> {
    let name = shown(path);
    let text = read_bounded(path, LIMIT)?;
    parse(&text, &name)
}

/// Reads the bytes of the document that is called `name`.
fn parse(bytes: &[u8], name: &str) -> Result<Vex, Failure> {
    parse_any(bytes, name)?.ok_or_else(|| {
        Failure::usage(format!(
            "{name}: neither an OpenVEX nor a CycloneDX document"
        ))
        .hint("OpenVEX has `@context`, CycloneDX has `bomFormat`")
    })
}

/// The same, and nothing where it is a document of another kind.
fn parse_any(bytes: &[u8], name: &str) -> Result<Option<Vex>, Failure> {
    let document = unwrapped(bytes, name)?;
    if let Some(vex) = openvex_of(&document, name, in_toto::Place::File)? {
        return Ok(Some(vex));
    }
    let mut reading = Reading::of(name);
    let inside = in_toto::cyclonedx(&document);
    if inside.is_some() {
        reading.attested_of = in_toto::digests(&document, in_toto::Place::File);
    }
    let document = inside.unwrap_or(&document);
    if document.get("bomFormat").and_then(Value::as_str) != Some("CycloneDX") {
        return Ok(None);
    }
    cyclonedx::read(&mut reading, document)?;
    Ok(Some(reading.vex))
}

/// The same of OpenVEX alone that is attached to the image.
fn parse_attached(bytes: &[u8], name: &str) -> Result<Option<Vex>, Failure> {
    openvex_of(&unwrapped(bytes, name)?, name, in_toto::Place::Attached)
}

/// A document without the envelopes around it. Their signatures are not verified.
fn unwrapped(bytes: &[u8], name: &str) -> Result<Value, Failure> {
    let mut document = parse_json(bytes, name)?;
    for _ in 0..ENVELOPES {
        let Some(payload) = envelope::payload(&document) else {
            break;
        };
        let payload = payload.map_err(|why| Failure::usage(format!("{name}: {why}")))?;
        document = parse_json(&payload, name)?;
    }
    Ok(document)
}

fn openvex_of(document: &Value, name: &str, place: in_toto::Place) -> Result<Option<Vex>, Failure> {
    let says = |key: &str| {
        let value = document.get(key).and_then(Value::as_str);
        value.is_some_and(|value| value.starts_with(OPENVEX))
    };
    let mut reading = Reading::of(name);
    if says("@context") {
        openvex::read(&mut reading, document, &Arc::default())?;
    } else if says("predicateType") {
        // An in-toto statement around it: what it is about is said outside.
        let subjects = in_toto::subjects(&mut reading, document)?;
        reading.attested_of = in_toto::digests(document, place);
        let predicate = document.get("predicate").unwrap_or(&Value::Null);
        openvex::read(&mut reading, predicate, &subjects)?;
    } else {
        return Ok(None);
    }
    Ok(Some(reading.vex))
}

fn parse_json(bytes: &[u8], name: &str) -> Result<Value, Failure> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    document::parse(bytes).map_err(|error| {
        Failure::usage(format!("{name}:{}: {error}", error.line()))
            .hint("VEX documents are read as OpenVEX or CycloneDX, both in JSON")
    })
}

/// One document that is being read.
struct Reading<'d> {
    name: &'d str,
    document: Arc<str>,
    vex: Vex,
    parts: usize,
    /// See [`Statement::attested_of`].
    attested_of: Arc<[String]>,
}

impl<'d> Reading<'d> {
    fn of(name: &'d str) -> Self {
        Self {
            name,
            document: name.into(),
            vex: Vex::default(),
            parts: 0,
            attested_of: Arc::default(),
        }
    }

    /// The document is not what it claims to be.
    fn fail(&self, place: &str, why: &str) -> Failure {
        Failure::usage(format!("{}: {place}: {why}", self.name))
    }

    /// A statement that cannot be held against anything.
    fn drop(&mut self, place: &str, why: &str) {
        // A document may hold very many of a kind.
        const MOST: usize = 20;
        if self.vex.dropped.len() < MOST {
            self.vex.dropped.push(Skipped::new(
                Topic::Policy,
                format!("{}: {place}", self.name),
                why,
            ));
        } else if self.vex.dropped.len() == MOST {
            self.vex.dropped.push(Skipped::new(
                Topic::Policy,
                self.name,
                "further statements that cannot be used",
            ));
        }
    }

    /// Counts a part that stands in place of another one, which a short document may mean very often.
    fn count_copy(&mut self, of: &Component) -> Result<(), Failure> {
        // So much takes as much memory as what is counted once.
        const TEXT: usize = 256;
        self.parts += of.length() / TEXT;
        self.count()
    }

    /// Counts a part; too many are refused.
    fn count(&mut self) -> Result<(), Failure> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(self.fail("statements", "too many for one document"));
        }
        Ok(())
    }
}

/// A time of a JSON object, which lies at `place`.
fn time(
    reading: &Reading<'_>,
    object: &Value,
    key: &str,
    place: &str,
) -> Result<Option<Timestamp>, Failure> {
    let Some(said) = object.get(key).and_then(Value::as_str) else {
        return Ok(None);
    };
    let said = said
        .parse()
        .map_err(|_| reading.fail(place, "not a time such as 2027-01-31T00:00:00Z"))?;
    Ok(Some(said))
}

/// A text of a JSON object.
fn text(object: &Value, key: &str) -> Option<String> {
    object.get(key)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests;
