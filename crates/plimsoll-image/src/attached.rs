//! What others attached to an image: manifests whose `subject` it is (OCI distribution-spec 1.1,
//! "Listing Referrers"), and the tag that cosign wrote before there was such a list
//! (cosign, specs/ATTESTATION_SPEC.md).

use std::collections::HashSet;

use plimsoll_model::{Digest, Skipped, Topic};

use crate::blob::read_blob;
use crate::manifest::{Document, parse_document};
use crate::{BlobSource, Descriptor, Image, ImageError, media_type};

/// Documents that are looked at; an image with more is nobody's.
const MOST: usize = 256;
/// The largest document that is read, in bytes.
const LARGEST: u64 = 32 << 20;
/// The most that is read of all documents of an image, in bytes.
const ALL: u64 = 64 << 20;

/// A document that is attached to an image.
#[derive(Clone, Debug)]
pub struct AttachedDocument {
    /// Its digest.
    pub digest: Digest,
    /// Its media type.
    pub media_type: String,
    /// Its bytes, which are what the digest says. Who wrote them nobody has verified.
    pub bytes: Vec<u8>,
}

/// All that was found.
#[derive(Clone, Debug, Default)]
pub struct Attachments {
    /// The documents.
    pub documents: Vec<AttachedDocument>,
    /// What could not be read, and why.
    pub skipped: Vec<Skipped>,
}

/// Reads the documents attached to `image`, or to an index that it was chosen from, that are `wanted`,
/// by what the list and the manifests say of them: type, artifact type, annotations. `None` where the
/// image lies in a place that has no such list: archives, engines.
///
/// # Errors
/// The list cannot be had. A document that cannot is told in [`Attachments::skipped`].
pub fn attached(
    image: &Image,
    wanted: &dyn Fn(&Descriptor) -> bool,
) -> Result<Option<Attachments>, ImageError> {
    let blobs = &*image.blobs;
    let mut found = Attachments::default();
    let mut seen = HashSet::new();
    let mut left = ALL;
    for subject in &image.known_digests() {
        let Some(papers) = blobs.referrers(subject)? else {
            return Ok(None);
        };
        for paper in papers.iter().filter(|paper| wanted(paper)) {
            if !seen.insert(paper.digest.clone()) {
                continue;
            }
            if seen.len() > MOST {
                found.skip(paper, &format!("more than {MOST} documents are attached"));
                break;
            }
            if let Err(error) = found.read(blobs, paper, wanted, &mut left) {
                found.skip(paper, &error.to_string());
            }
        }
    }
    Ok(Some(found))
}

impl Attachments {
    fn read(
        &mut self,
        blobs: &dyn BlobSource,
        paper: &Descriptor,
        wanted: &dyn Fn(&Descriptor) -> bool,
        left: &mut u64,
    ) -> Result<(), ImageError> {
        let raw = read_blob(blobs, paper, media_type::MANIFEST_LIMIT)?;
        let place = blobs.describe();
        let Document::Manifest(manifest) = parse_document(raw, &paper.media_type, &place)? else {
            return Ok(());
        };
        for layer in manifest.layers.iter().take(MOST) {
            if !wanted(layer) || self.documents.iter().any(|one| one.digest == layer.digest) {
                continue;
            }
            if layer.size > LARGEST.min(*left) {
                let why = format!(
                    "its {} bytes are more than is read of documents that are attached",
                    layer.size
                );
                self.skip(layer, &why);
                continue;
            }
            *left -= layer.size;
            match read_blob(blobs, layer, LARGEST) {
                Ok(bytes) => self.documents.push(AttachedDocument {
                    digest: layer.digest.clone(),
                    media_type: layer.media_type.clone(),
                    bytes: bytes.to_vec(),
                }),
                Err(error) => self.skip(layer, &error.to_string()),
            }
        }
        Ok(())
    }

    fn skip(&mut self, descriptor: &Descriptor, why: &str) {
        self.skipped.push(Skipped::new(
            Topic::Policy,
            format!("attached document {}", descriptor.digest),
            why,
        ));
    }
}
