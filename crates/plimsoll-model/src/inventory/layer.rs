//! Layers, where the base ends, and what is wasted in them.

use serde::{Deserialize, Serialize};

use crate::{Digest, SourceOrigin};

/// One layer, measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerFacts {
    /// Digest of the blob as it is shipped.
    pub digest: Digest,
    /// Digest of the uncompressed tar.
    pub diff_id: Digest,
    /// Bytes of the blob.
    pub compressed_size: u64,
    /// Bytes of the uncompressed tar.
    pub size: u64,
    /// Entries of the tar.
    pub entries: u64,
    /// The instruction that made it, as history tells.
    pub instruction: Option<String>,
    /// The Dockerfile line that made it, where the Dockerfile is known. A scan leaves it empty: the
    /// caller who knows the Dockerfile fills it in.
    #[serde(skip)]
    pub source: Option<SourceOrigin>,
    /// Bytes of lower layers that this one deletes or overwrites.
    pub wasted: u64,
}

/// Where an image's base ends and what was built on it begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseImage {
    /// How many of the lowest layers are the base's.
    pub layers: usize,
    /// Its name, where something tells it.
    pub name: Option<String>,
    /// Its digest, where something tells it.
    pub digest: Option<Digest>,
    /// What it was told from, one phrase.
    pub evidence: String,
}

/// Why bytes of an image serve nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WasteKind {
    /// A later layer deletes the file.
    Deleted,
    /// A later layer writes the file again, with other content.
    Overwritten,
    /// A later layer writes the file again, with the same content.
    Rewritten,
    /// The same content lies at several paths of the final image.
    Duplicated,
}

impl WasteKind {
    /// The word used in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Overwritten => "overwritten",
            Self::Rewritten => "rewritten",
            Self::Duplicated => "duplicated",
        }
    }
}

/// A path whose bytes are wasted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WastedPath {
    /// Path without a leading slash.
    pub path: String,
    /// Why.
    pub kind: WasteKind,
    /// Bytes that could go.
    pub bytes: u64,
    /// The layers that carry it, lowest first.
    pub layers: Vec<usize>,
}

/// One edit that would make the image smaller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saving {
    /// What to do, one sentence.
    pub advice: String,
    /// Uncompressed bytes it would save.
    pub bytes: u64,
    /// The layer whose instruction is to be edited.
    pub layer: usize,
    /// The paths it is about: the largest few.
    pub paths: Vec<String>,
    /// The line to edit, where the Dockerfile is known; filled in like [`LayerFacts::source`].
    #[serde(skip)]
    pub source: Option<SourceOrigin>,
}

/// What an image wastes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waste {
    /// Bytes of all files of all layers.
    pub total: u64,
    /// Bytes of lower layers that later ones delete or write again, as dive counts them.
    pub wasted: u64,
    /// Bytes of the final tree that lie there more than once.
    pub duplicated: u64,
    /// Share of `total` that is not wasted, in millionths, as dive's efficiency.
    pub efficiency: u32,
    /// The paths that waste most, largest first; not all of them.
    pub paths: Vec<WastedPath>,
    /// The edits that would shrink the image most, best first; at most ten.
    pub savings: Vec<Saving>,
}
