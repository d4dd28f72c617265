//! What one layer says, before the layers are laid over each other.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_image::{Entry, EntryKind, LayerStats};
use serde::{Deserialize, Serialize};

use crate::catalogue::Document;
use crate::secret::FileSighting;
use crate::startup::format::Start;
use crate::startup::script::Script;

/// What an entry is, as far as later steps care.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FactKind {
    File,
    Directory,
    Symlink(Box<str>),
    Hardlink(Box<str>),
    Special,
    Whiteout,
    Opaque,
}

/// One entry of a layer, small.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EntryFact {
    pub(crate) path: Box<str>,
    pub(crate) kind: FactKind,
    pub(crate) size: u64,
    pub(crate) mode: u32,
    pub(crate) uid: u64,
    pub(crate) gid: u64,
    /// Tells files of equal size with other content apart (XXH3, seed 0); 0 for what is no file.
    /// It proves nothing against somebody who wants two files to look alike.
    pub(crate) content: u64,
    /// What it begins with, where it may be executed.
    pub(crate) start: Start,
}

impl EntryFact {
    pub(crate) fn new(entry: &Entry, content: u64, start: Start) -> Self {
        Self {
            path: entry.path.as_str().into(),
            kind: match &entry.kind {
                EntryKind::File => FactKind::File,
                EntryKind::Directory => FactKind::Directory,
                EntryKind::Symlink(target) => FactKind::Symlink(target.as_str().into()),
                EntryKind::Hardlink(target) => FactKind::Hardlink(target.as_str().into()),
                EntryKind::Special => FactKind::Special,
                EntryKind::Whiteout => FactKind::Whiteout,
                EntryKind::Opaque => FactKind::Opaque,
            },
            size: if entry.kind == EntryKind::File {
                entry.size
            } else {
                0
            },
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            content,
            start,
        }
    }
}

impl EntryFact {
    /// An entry of which nothing but this matters.
    #[cfg(test)]
    pub(crate) fn stub(path: &str, kind: FactKind) -> Self {
        Self {
            path: path.into(),
            kind,
            size: 0,
            mode: 0o644,
            uid: 0,
            gid: 0,
            content: 0,
            start: Start::Unknown,
        }
    }

    /// Bytes of its path and of where it leads.
    pub(crate) fn path_bytes(&self) -> usize {
        let target = match &self.kind {
            FactKind::Symlink(target) | FactKind::Hardlink(target) => target.len(),
            _ => 0,
        };
        self.path.len() + target
    }
}

/// A wanted file that could not be made sense of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unread {
    pub(crate) path: String,
    pub(crate) why: String,
    /// Whether packages may be missing because of it.
    pub(crate) blocking: bool,
}

/// All facts of one layer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct LayerRecord {
    pub(crate) stats: LayerStats,
    pub(crate) entries: Vec<EntryFact>,
    pub(crate) documents: BTreeMap<String, Document>,
    pub(crate) secrets: Vec<FileSighting>,
    pub(crate) unread: Vec<Unread>,
    /// The first line behind `#!` of files that may be executed.
    pub(crate) shebangs: BTreeMap<Box<str>, Box<str>>,
    /// What scripts of shells run in the end.
    pub(crate) scripts: BTreeMap<Box<str>, Script>,
    /// Scripts of shells that were not read, as there is more of them than is.
    pub(crate) unread_scripts: BTreeSet<Box<str>>,
    /// Hard links by whose names somebody wants a file that came by under another name, and was not
    /// read for him under that.
    pub(crate) unfollowed: BTreeSet<String>,
    /// Files that were searched for secrets only in part.
    pub(crate) partly_searched: Vec<String>,
    /// The same for what is looked for only where no package owns the file.
    pub(crate) partly_unless_owned: Vec<String>,
}

/// Bytes that a script takes which was not read, beside its path.
pub(crate) const UNREAD_SCRIPT: usize = 64;

impl LayerRecord {
    /// The bytes that what its files say takes in memory, roughly.
    pub(crate) fn weight(&self) -> usize {
        let shebangs = self.shebangs.iter();
        let documents = self.documents.values().map(Document::weight);
        let scripts = self.scripts.iter();
        documents.sum::<usize>()
            + scripts
                .map(|(path, script)| path.len() + script.weight())
                .sum::<usize>()
            + shebangs
                .map(|(path, line)| path.len() + line.len())
                .sum::<usize>()
            + self.secrets.iter().map(FileSighting::weight).sum::<usize>()
            + self
                .unread_scripts
                .iter()
                .map(|path| UNREAD_SCRIPT + path.len())
                .sum::<usize>()
            + self.unfollowed.iter().map(String::len).sum::<usize>()
    }
}
