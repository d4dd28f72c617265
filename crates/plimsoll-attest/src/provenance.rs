//! How an image was made: an in-toto Statement v1 with the SLSA provenance v1 predicate.

use std::collections::BTreeMap;

use plimsoll_model::{Digest, Platform};

/// Media type of an unsigned statement.
pub const MEDIA_TYPE: &str = "application/vnd.in-toto+json";

/// Type of the predicate (SLSA, "Provenance", v1).
pub const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";

/// Type of a build by this program; docs/provenance.md says what its parameters mean.
pub const BUILD_TYPE: &str = "https://plimsoll.dev/build/v1";

/// What a statement is made from.
#[derive(Clone, Debug)]
pub struct ProvenanceInput {
    /// Names of the image, without digest; one subject each. Without a name the subject is the
    /// digest alone.
    pub names: Vec<String>,
    /// Digest of the image's manifest.
    pub digest: Digest,
    /// Name of the Dockerfile as the project has it.
    pub dockerfile: String,
    /// Stage that was asked for.
    pub target: Option<String>,
    /// Platform of the image.
    pub platform: Platform,
    /// Build arguments. Values of names or contents that look secret are not written.
    pub build_args: BTreeMap<String, String>,
    /// Ids of the secrets that steps could mount. Never values.
    pub secret_ids: Vec<String>,
    /// `SOURCE_DATE_EPOCH` of the build.
    pub source_date_epoch: Option<i64>,
    /// The engine that ran, with its version.
    pub engine: String,
    /// Everything that went in.
    pub materials: Vec<Material>,
    /// The commit the sources are from.
    pub source: Option<GitSource>,
    /// Who built, as a URI: the workflow in CI, `https://plimsoll.dev/builder/local` elsewhere.
    pub builder_id: String,
    /// Version of this program.
    pub tool_version: String,
    /// Identity of the run, such as the address of the CI run.
    pub invocation_id: Option<String>,
    /// Seconds since 1970.
    pub started_on: Option<i64>,
    /// Seconds since 1970.
    pub finished_on: Option<i64>,
    /// Other documents of the run by digest, such as the bill of materials.
    pub byproducts: Vec<Byproduct>,
}

/// One input of a build, known by digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Material {
    /// A base image.
    Base {
        /// The reference as the Dockerfile resolves it.
        reference: String,
        /// Digest of the manifest that was used.
        digest: Digest,
    },
    /// Files that entered from a context, as one digest.
    Context {
        /// `context`, or the named context's name.
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
    /// A download.
    Http {
        /// Address without credentials and query.
        url: String,
        /// Digest of the body.
        digest: Digest,
    },
}

/// The commit the sources are from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitSource {
    /// Address of the repository; credentials in it are not written.
    pub url: Option<String>,
    /// Full hexadecimal name of the commit.
    pub commit: String,
    /// Whether files differ from the commit.
    pub dirty: bool,
}

/// A document made along with the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Byproduct {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
}

/// Writes the statement.
pub fn statement(input: &ProvenanceInput) -> Vec<u8> {
    let _ = input;
    todo!("owner: scan")
}
