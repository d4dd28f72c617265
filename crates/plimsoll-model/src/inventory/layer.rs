//! Layers, where the base ends, and what is wasted in them.

use serde::{Deserialize, Serialize};

use crate::{Digest, Place, SourceOrigin};

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
    /// Bytes of its files.
    pub file_bytes: u64,
    /// Bytes that this layer wastes: files of lower layers, or of its own, that it deletes or
    /// writes again.
    pub wasted: u64,
    /// Bytes of its own files that the final image does not show: this layer or a later one
    /// deletes or writes them again, and they ship all the same.
    pub hidden: u64,
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
    /// Why; where there are several reasons, the one that wastes most.
    pub kind: WasteKind,
    /// Bytes that could go.
    pub bytes: u64,
    /// The layers that hold them, lowest first; of a duplicate, those of every copy.
    pub layers: Vec<usize>,
    /// The last layer that deletes it or writes it again; a duplicate has none.
    pub by: Option<usize>,
    /// The other paths of a duplicate: the first few.
    pub also_at: Vec<String>,
    /// How many more of those there are.
    pub left_out: usize,
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

impl Saving {
    /// Where to edit.
    pub fn place(&self) -> Place<'_> {
        Place::of_layer(self.source.as_ref(), self.layer)
    }
}

/// What an image wastes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waste {
    /// Bytes of all files of all layers.
    pub total: u64,
    /// Bytes of them that the final image does not show. Of a file that n layers write, n − 1
    /// copies are wasted; bytes with another name left (a hard link) are not.
    pub wasted: u64,
    /// Part of `wasted` that is deleted.
    pub deleted: u64,
    /// Part of `wasted` that is written again with other content.
    pub overwritten: u64,
    /// Part of `wasted` that is written again with the same content: only its mode, owner or time
    /// changed.
    pub rewritten: u64,
    /// Bytes of the final tree that lie there more than once; not part of `wasted`.
    pub duplicated: u64,
    /// Share of `total` that is not wasted, in millionths; an empty image wastes nothing.
    pub efficiency: u32,
    /// The paths that waste most, largest first; not all of them.
    pub paths: Vec<WastedPath>,
    /// The edits that would shrink the image most, best first; at most ten.
    pub savings: Vec<Saving>,
}
