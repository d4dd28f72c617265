//! What goes into a build.

use crate::Digest;

/// One input of a build, known by digest.
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
