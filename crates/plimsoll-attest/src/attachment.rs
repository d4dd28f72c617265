//! How a document is hung on an image.

use crate::{cyclonedx, provenance};

/// A document as an OCI referrer carries it: one manifest with the empty configuration, this
/// `artifact_type`, the image as `subject`, and one layer of these bytes (OCI image-spec,
/// manifest.md, "Guidelines for Artifact Usage").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// `artifactType` of the manifest.
    pub artifact_type: &'static str,
    /// Media type of the one layer.
    pub media_type: &'static str,
    /// Content of the one layer.
    pub bytes: Vec<u8>,
    /// Annotations of the layer and of the manifest, sorted by key.
    pub annotations: Vec<(String, String)>,
}

impl Attachment {
    /// Packs a CycloneDX document made by [`cyclonedx::document`].
    pub fn sbom(document: Vec<u8>) -> Self {
        Self {
            artifact_type: cyclonedx::MEDIA_TYPE,
            media_type: cyclonedx::MEDIA_TYPE,
            bytes: document,
            annotations: Vec::new(),
        }
    }

    /// Packs an unsigned statement made by [`provenance::statement`].
    pub fn provenance(statement: Vec<u8>) -> Self {
        Self {
            artifact_type: provenance::MEDIA_TYPE,
            media_type: provenance::MEDIA_TYPE,
            bytes: statement,
            annotations: vec![(
                "in-toto.io/predicate-type".to_owned(),
                provenance::PREDICATE_TYPE.to_owned(),
            )],
        }
    }
}
