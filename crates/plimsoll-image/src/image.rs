//! The parsed image with its raw bytes.

use std::sync::Arc;

use plimsoll_model::{Digest, ImageConfig, Platform};

use crate::BlobSource;

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
}

/// An image manifest, OCI's or Docker's (OCI image-spec, manifest.md).
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Its own descriptor.
    pub descriptor: Descriptor,
    /// Its bytes as they were read: the digest is theirs.
    pub raw: Arc<[u8]>,
    /// The configuration blob.
    pub config: Descriptor,
    /// Layers, lowest first.
    pub layers: Vec<Descriptor>,
    /// What this manifest is attached to, for a referrer.
    pub subject: Option<Descriptor>,
    /// Annotations.
    pub annotations: Vec<(String, String)>,
}

/// One image for one platform, opened: manifest and configuration are read and verified, layers
/// are read on demand.
#[derive(Clone)]
pub struct Image {
    /// The name it was opened by, for people.
    pub name: String,
    /// Manifest.
    pub manifest: Manifest,
    /// Configuration blob as read.
    pub config_raw: Arc<[u8]>,
    /// Its parsed form.
    pub config: ImageConfig,
    /// Digests of the uncompressed layers, one a layer.
    pub diff_ids: Vec<Digest>,
    /// Where blobs come from.
    pub blobs: Arc<dyn BlobSource>,
}
