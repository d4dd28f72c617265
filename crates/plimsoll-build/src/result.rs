//! What a build made, and out of what.

use plimsoll_model::{BuildInput, Digest, Span};

/// The record of a build.
#[derive(Clone, Debug)]
pub struct BuildResult {
    /// Digest of the image's manifest in the output layout.
    pub digest: Digest,
    /// Engine that ran, such as `native (user namespace)` or `buildkit (docker 20.10.24)`.
    pub engine: String,
    /// Every input by digest, sorted by name.
    pub inputs: Vec<BuildInput>,
    /// Which instruction made which layer.
    pub steps: Vec<StepRecord>,
    /// What the cache did.
    pub cache: CacheStats,
}

/// One layer and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRecord {
    /// Index of the layer in the image.
    pub layer: usize,
    /// Bytes of the instruction in the Dockerfile; `None` for layers of the base.
    pub span: Option<Span>,
    /// The instruction as history records it.
    pub created_by: String,
}

/// What the cache did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Steps taken from the cache.
    pub hits: usize,
    /// Steps that ran.
    pub misses: usize,
}
