//! What a build made, and out of what.

use plimsoll_model::{Digest, Span};

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

/// One input of a build.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BuildInput {
    /// A base image: the reference as the Dockerfile resolves it, and the manifest used.
    Base {
        /// Expanded reference.
        reference: String,
        /// Manifest digest.
        digest: Digest,
    },
    /// Context files that entered, as one digest over path, mode and content of each, sorted.
    Context {
        /// `context` or the named context's name.
        name: String,
        /// Digest of the listing.
        digest: Digest,
        /// How many files.
        files: usize,
    },
    /// The Dockerfile.
    Dockerfile {
        /// Its name.
        name: String,
        /// Digest of its bytes.
        digest: Digest,
    },
    /// A download of ADD.
    Http {
        /// Address without credentials and query.
        url: String,
        /// Digest of the body.
        digest: Digest,
    },
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
