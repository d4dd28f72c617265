//! Pointers to content.

use plimsoll_model::{Digest, Platform};

/// A pointer to content (OCI image-spec, descriptor.md).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Media type, OCI's or Docker's.
    pub media_type: String,
    /// Digest of the content.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Platform, in an index.
    pub platform: Option<Platform>,
    /// Type of an artifact's content.
    pub artifact_type: Option<String>,
    /// Annotations, in order of their keys.
    pub annotations: Vec<(String, String)>,
    /// Where else the content is said to lie. Nothing is ever fetched from there.
    pub urls: Vec<String>,
}

impl Descriptor {
    /// A pointer that says no more than what it must.
    pub fn new(media_type: impl Into<String>, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.into(),
            digest,
            size,
            platform: None,
            artifact_type: None,
            annotations: Vec::new(),
            urls: Vec::new(),
        }
    }

    /// Whether it is an attestation that BuildKit put beside an image: such entries are for the
    /// platform `unknown/unknown`.
    pub(crate) fn is_attestation(&self) -> bool {
        self.annotation("vnd.docker.reference.type").is_some()
            || self.platform.as_ref().is_some_and(|platform| {
                platform.os == "unknown" && platform.architecture == "unknown"
            })
    }

    /// The value of an annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }
}
