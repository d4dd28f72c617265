//! Bills of materials in CycloneDX 1.6 (ECMA-424), JSON form.

use plimsoll_model::{Digest, ImageConfig, Inventory, SourceOrigin};

/// Media type of the document (IANA).
pub const MEDIA_TYPE: &str = "application/vnd.cyclonedx+json";

/// What a bill of materials is made from.
#[derive(Clone, Copy, Debug)]
pub struct SbomInput<'a> {
    /// The image's name: `registry/repository[:tag]`, or whatever it was opened by.
    pub name: &'a str,
    /// Digest of its manifest.
    pub digest: &'a Digest,
    /// Its configuration.
    pub config: &'a ImageConfig,
    /// What it holds.
    pub inventory: &'a Inventory,
    /// For each layer the place in the Dockerfile that made it, where known; may be shorter.
    pub layer_sources: &'a [Option<SourceOrigin>],
    /// Seconds since 1970 (`SOURCE_DATE_EPOCH`); the image's own `created` where `None`, and no
    /// time at all where that is not a time either.
    pub timestamp: Option<i64>,
    /// Version of this program.
    pub tool_version: &'a str,
}

/// Writes the document.
pub fn document(input: &SbomInput<'_>) -> Vec<u8> {
    let _ = input;
    todo!("owner: scan")
}
