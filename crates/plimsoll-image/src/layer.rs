//! One pass over layers: fetch, digest, decompress, digest, tar entries; bounded, in parallel.

use std::io::Read;

use crate::{Image, ImageError};

/// What an entry of a layer is. Whiteouts are told apart, not applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Regular file.
    File,
    /// Folder.
    Directory,
    /// Symbolic link and its target as written.
    Symlink(String),
    /// Hard link and the path it shares content with.
    Hardlink(String),
    /// Character device, block device or pipe.
    Special,
    /// `.wh.NAME`: `path` is what it deletes.
    Whiteout,
    /// `.wh..wh..opq`: everything below `path` from lower layers is gone.
    Opaque,
}

/// One entry of a layer.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Normalised path without leading slash, `..` or `.`; bytes that are not UTF-8 became U+FFFD.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Bytes of content.
    pub size: u64,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Whether it carries `security.capability`.
    pub has_capabilities: bool,
}

/// Bounds against hostile layers.
#[derive(Clone, Copy, Debug)]
pub struct LayerLimits {
    /// Uncompressed bytes of one layer.
    pub bytes: u64,
    /// Entries of one layer.
    pub entries: u64,
    /// Uncompressed bytes per compressed byte, once past the first 64 MiB.
    pub ratio: u64,
}

impl Default for LayerLimits {
    fn default() -> Self {
        Self {
            bytes: 64 << 30,
            entries: 10_000_000,
            ratio: 1_500,
        }
    }
}

/// Takes the entries of one layer in order. One reader a layer, each on a thread of its own.
pub trait LayerReader: Send {
    /// Called for every entry; `content` reads the file's bytes (empty unless a file) and may be
    /// left unread.
    ///
    /// # Errors
    /// What `content` gives, passed on.
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<(), ImageError>;
}

/// What a layer turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerStats {
    /// Uncompressed bytes.
    pub bytes: u64,
    /// Entries.
    pub entries: u64,
}

/// Walks all layers in parallel; `reader(index)` makes the reader of each. Blob digest and diff id
/// are verified; a layer that breaks the rules (path escape, bomb, wrong digest) fails the walk.
///
/// # Errors
/// The first layer that failed, in layer order.
pub fn walk<R: LayerReader>(
    image: &Image,
    limits: LayerLimits,
    reader: impl Fn(usize) -> R + Sync,
) -> Result<Vec<(R, LayerStats)>, ImageError> {
    let _ = (image, limits, reader);
    todo!("owner: image")
}
