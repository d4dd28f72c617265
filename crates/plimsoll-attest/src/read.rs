//! Reads bills of materials that others wrote: CycloneDX and SPDX in JSON, bare or as the predicate
//! of an in-toto statement (BuildKit's attestations), in a DSSE envelope or not.
//!
//! What identifies a package is its package URL; a component without one is counted, because
//! nothing can be looked up by a name alone.

mod cyclonedx;
mod distribution;
mod form;
mod ownership;
mod package;
mod platform;
mod source;
mod spdx;
mod subject;
mod tree;

use plimsoll_model::{Digest, Inventory, Package, Platform};

pub use self::distribution::identifier as distribution_identifier;
pub use self::distribution::named as named_distribution;
use self::tree::{NoTree, Tree};
use crate::envelope;

/// What a bill of materials tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BillOfMaterials {
    /// Format and version, such as `CycloneDX 1.6`.
    pub format: String,
    /// What it is about, in its own words; empty where it does not say.
    pub subject: String,
    /// SHA-256 of what it is about, where it says: of an image that of its manifest.
    pub digest: Option<Digest>,
    /// Whether it says that it is about an image, whichever.
    pub is_image: bool,
    /// The processor of the image, in the words of images, where it says.
    pub architecture: Option<String>,
    /// The image's platform, as far as its packages tell; an architecture that they do not is empty.
    pub platform: Option<Platform>,
    /// Its own number, where it has one: a UUID in small letters.
    pub serial: Option<String>,
    /// What others call its packages by (CycloneDX, `bom-ref`), and their positions in the inventory.
    pub references: Vec<(String, usize)>,
    /// Distribution, packages and, where told, layers.
    pub inventory: Inventory,
    /// What it says of itself where it has not all that it is about; cut where it is long.
    pub incomplete: Option<String>,
    /// Names of components that no package URL identifies, or one that is longer than any, sorted.
    pub unidentified: Vec<String>,
}

/// Why a bill of materials cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is no JSON.
    #[error("is no JSON ({0}): CycloneDX and SPDX are read in their JSON form")]
    Json(String),
    /// It is in a form that is not read.
    #[error("{0}: CycloneDX and SPDX are read in their JSON form")]
    Form(&'static str),
    /// It is JSON of another kind.
    #[error(
        "is no bill of materials: neither CycloneDX (`bomFormat`) nor SPDX (`spdxVersion`, `@graph`)"
    )]
    Unknown,
    /// There is more in it than is read.
    #[error(
        "has more parts than are read of a bill of materials, or more than {MAX_PACKAGES} packages"
    )]
    Large,
    /// Its parts lie deeper in each other than is read.
    #[error("has parts within parts, more than a hundred deep: so deep none is read")]
    Deep,
    /// It is encrypted, signed or packed in a way that is not read.
    #[error("{0}")]
    Envelope(&'static str),
}

/// Packages that are read: many times what the largest images have.
const MAX_PACKAGES: usize = 500_000;

/// Letters of what it says of what it has not.
const MOST_SAID: usize = 600;

/// Envelopes in envelopes beyond this are nobody's.
const DEPTH: usize = 4;

/// Whether `bytes`, the beginning of a file, look like a bill of materials rather than an image or an
/// archive: JSON begins with a brace. Those in other forms do, too: [`read`] says what they are.
pub fn looks_like_one(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    first == Some(&b'{') || form::of_text(bytes).is_some()
}

/// Reads a bill of materials.
///
/// # Errors
/// It is none; see [`ReadError`].
pub fn read(bytes: &[u8]) -> Result<BillOfMaterials, ReadError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let bill = parse(bytes).and_then(|document| of_value(&document, DEPTH));
    bill.map_err(|error| {
        let form = match error {
            ReadError::Json(_) => form::of_text(bytes),
            ReadError::Unknown => form::of_json(bytes),
            ReadError::Form(_) | ReadError::Envelope(_) | ReadError::Large | ReadError::Deep => {
                None
            }
        };
        form.map_or(error, ReadError::Form)
    })
}

fn parse(bytes: &[u8]) -> Result<Tree<'_>, ReadError> {
    tree::parse(bytes).map_err(|error| match error {
        NoTree::Json(error) => ReadError::Json(error.to_string()),
        NoTree::Large => ReadError::Large,
        NoTree::Deep => ReadError::Deep,
    })
}

fn of_value(value: &Tree<'_>, depth: usize) -> Result<BillOfMaterials, ReadError> {
    if depth == 0 {
        return Err(ReadError::Envelope("holds envelopes within envelopes"));
    }
    let signed = value.get("dsseEnvelope").unwrap_or(value);
    if let Some(payload) = signed.get("payload").and_then(Tree::as_str) {
        let payload = envelope::decoded(payload).map_err(ReadError::Envelope)?;
        return of_value(&parse(&payload)?, depth - 1);
    }
    if let Some(predicate) = value.get("predicate") {
        let mut bill = of_value(predicate, depth - 1)?;
        // What a statement is about may be a file as well: its digest alone makes no image of it.
        let subject = first_subject(value);
        bill.digest = bill.digest.or_else(|| digest_of(subject?));
        bill.is_image |= subject.is_some_and(|subject| subject::is_image(text(subject, "name")));
        return Ok(bill);
    }
    // Some tools wrap the predicate once more, and GitHub's dependency graph what it exports
    // (<https://docs.github.com/en/rest/dependency-graph/sboms>).
    for wrapping in ["Data", "sbom"] {
        if let Some(inside) = value.get(wrapping).filter(|inside| inside.is_object()) {
            return of_value(inside, depth - 1);
        }
    }
    let mut bill = if value.get("bomFormat").and_then(Tree::as_str) == Some("CycloneDX") {
        cyclonedx::read(value)
    } else if value.get("spdxVersion").is_some() {
        spdx::read(value)
    } else if value.get("@graph").is_some() {
        spdx::read_graph(value)
    } else {
        return Err(ReadError::Unknown);
    };
    if bill.inventory.packages.len() > MAX_PACKAGES {
        return Err(ReadError::Large);
    }
    let order = sort(&mut bill.inventory.packages);
    follow(&mut bill, &order);
    bill.inventory.packages.dedup();
    bill.unidentified.sort();
    if let Some(said) = &mut bill.incomplete {
        *said = said.chars().take(MOST_SAID).collect();
    }
    bill.platform = platform::of(&bill.inventory);
    Ok(bill)
}

/// Sorts packages into the order of an inventory, and tells which was where before. They are large:
/// each is moved once, where it lies.
fn sort(packages: &mut [Package]) -> Vec<usize> {
    // Most are told apart by their kind and how their name begins.
    let starts = packages.iter().map(|package| {
        let name = package.name.bytes().chain(std::iter::repeat(0));
        let start = name.take(size_of::<u64>());
        (
            package.kind,
            start.fold(0_u64, |start, byte| start << 8 | u64::from(byte)),
        )
    });
    let mut order: Vec<_> = starts.zip(0..packages.len()).collect();
    order.sort_unstable_by(|(start, at), (other, before)| {
        let places = || place(&packages[*at]).cmp(&place(&packages[*before]));
        start.cmp(other).then_with(places).then(at.cmp(before))
    });
    let mut order: Vec<usize> = order.into_iter().map(|(_, at)| at).collect();
    let before = order.clone();
    // The order is a permutation; each of its cycles is gone through once.
    for first in 0..order.len() {
        let mut at = first;
        loop {
            let from = std::mem::replace(&mut order[at], at);
            if from == first {
                break;
            }
            packages.swap(at, from);
            at = from;
        }
    }
    before
}

/// Has the references point to where the packages are once those are left out that are there twice.
/// `order` tells where each of the sorted packages was before.
fn follow(bill: &mut BillOfMaterials, order: &[usize]) {
    if bill.references.is_empty() {
        return;
    }
    let packages = &bill.inventory.packages;
    let mut places = vec![0; packages.len()];
    let mut last = 0;
    for (at, before) in order.iter().enumerate() {
        if at > 0 && packages.get(at) != packages.get(at - 1) {
            last += 1;
        }
        if let Some(place) = places.get_mut(*before) {
            *place = last;
        }
    }
    for (_, at) in &mut bill.references {
        *at = places.get(*at).copied().unwrap_or(usize::MAX);
    }
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

fn first_subject<'t, 'd>(statement: &'t Tree<'d>) -> Option<&'t Tree<'d>> {
    statement.get("subject")?.as_array()?.first()
}

fn digest_of(subject: &Tree<'_>) -> Option<Digest> {
    let hex = subject.get("digest")?.get("sha256")?.as_str()?;
    Digest::parse(&format!("sha256:{hex}")).ok()
}

/// A text of an object, empty where there is none.
fn text<'t>(value: &'t Tree<'_>, key: &str) -> &'t str {
    value.get(key).and_then(Tree::as_str).unwrap_or_default()
}

/// What is said, where that is not that nobody says: so SPDX has it, and tools that make the one format
/// of the other.
fn said(text: &str) -> &str {
    match text {
        "NOASSERTION" | "NONE" => "",
        text => text,
    }
}

/// The objects of a list, none where there is no list.
fn list<'t, 'd>(value: &'t Tree<'d>, key: &str) -> &'t [Tree<'d>] {
    value.get(key).and_then(Tree::as_array).unwrap_or_default()
}

#[cfg(test)]
mod tests;
