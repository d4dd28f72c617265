//! The build context: files that may enter an image, as plain data. Whoever may touch the disk
//! fills it in.

use std::collections::BTreeMap;

use plimsoll_model::SourceFile;

/// What a path of the context is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Regular file.
    File,
    /// Folder.
    Directory,
    /// Symbolic link.
    Symlink,
    /// Socket, pipe or device: no builder takes it.
    Other,
}

/// One path of the context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextEntry {
    /// Path below the context, `/`-separated, without `./`.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Bytes of a file.
    pub size: u64,
}

/// The files under a context folder, before ignore rules.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Every path, sorted by path.
    pub entries: Vec<ContextEntry>,
    /// The ignore file in force (`Dockerfile.dockerignore` first, then `.dockerignore`).
    pub ignore_file: Option<SourceFile>,
    /// Contents of small files that a rule asked for, by path.
    pub contents: BTreeMap<String, SourceFile>,
    /// Whether the walk stopped early (too many files): absence then proves nothing.
    pub truncated: bool,
}
