//! Every file of every layer: what each layer adds, changes and removes, and the tree as it is to
//! be seen after any of them.
//!
//! Names are kept once, paths as a tree of them, and each path has the list of what happened to it.
//! So the tree after any layer is one look at each path's list, whatever the number of layers.

mod build;

use std::collections::HashMap;
use std::mem::size_of;

use crate::record::LayerRecord;
use crate::tree::Tree;

use build::Builder;

/// No text, no entry, no layer, no node.
const NONE: u32 = u32::MAX;

/// A path of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// The root folder.
    pub const ROOT: Self = Self(0);

    /// A number below [`ImageFiles::len`]; a folder's is lower than those of what is in it.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// Regular file.
    File,
    /// Folder.
    Directory,
    /// Symbolic link.
    Symlink,
    /// Second name of a file.
    Hardlink,
    /// Character device, block device or pipe.
    Special,
}

/// An entry of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileEntry<'a> {
    /// The layer it lies in.
    pub layer: usize,
    /// What it is.
    pub kind: FileKind,
    /// Bytes of a file; 0 for everything else.
    pub size: u64,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Where a link leads.
    pub target: Option<&'a str>,
    /// Tells files of equal size with other content apart (XXH3); 0 for what is no file. It proves
    /// nothing against somebody who wants two files to look alike.
    pub content: u64,
    /// The layer that deletes its bytes or writes them again, so that nobody sees them.
    pub hidden_by: Option<usize>,
}

impl FileEntry<'_> {
    /// Whether it shows the same: kind, content and link.
    fn shows(&self, other: &Self) -> bool {
        (self.kind, self.size, self.content, self.target)
            == (other.kind, other.size, other.content, other.target)
    }

    fn grants(&self, other: &Self) -> bool {
        (self.mode, self.uid, self.gid) == (other.mode, other.uid, other.gid)
    }
}

/// How a path differs between two states of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// Not at all.
    Unchanged,
    /// It was not there.
    Added,
    /// Its content, its kind or where it leads is another.
    Modified,
    /// It is written again with the same content: its bytes ship twice. Of folders and links, which
    /// have none, mode or owner is another.
    Rewritten,
    /// It is there no more.
    Removed,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    parent: u32,
    name: u32,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    size: u64,
    content: u64,
    /// Index of [`Access`].
    access: u32,
    /// Index of a name.
    target: u32,
    /// Of a second name, the index of the file that it is one of.
    file: u32,
    layer: u32,
    hidden_by: u32,
    kind: FileKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Access {
    mode: u32,
    uid: u64,
    gid: u64,
}

/// Something that happened to a path.
#[derive(Clone, Copy, Debug)]
struct Event {
    layer: u32,
    /// [`NONE`] where it was removed.
    entry: u32,
}

/// The files of an image, layer by layer.
#[derive(Debug, Default)]
pub struct ImageFiles {
    nodes: Vec<Node>,
    names: Vec<Box<str>>,
    entries: Vec<Entry>,
    access: Vec<Access>,
    /// What happened to node n: `events[first_event[n]..first_event[n + 1]]`, lowest layer first.
    events: Vec<Event>,
    first_event: Vec<u32>,
    /// What lies in node n, by name.
    children: Vec<NodeId>,
    first_child: Vec<u32>,
    /// Index of the name of the package that owns node n.
    owners: Vec<u32>,
    owner_names: Vec<Box<str>>,
    layers: usize,
    left_out: u64,
}

impl ImageFiles {
    pub(crate) fn new(records: &[LayerRecord], tree: &Tree<'_>) -> Self {
        Builder::new(records.len()).build(records, tree)
    }

    /// Layers.
    pub fn layers(&self) -> usize {
        self.layers
    }

    /// Paths, the root among them.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nothing but the root is there.
    pub fn is_empty(&self) -> bool {
        self.nodes.len() <= 1
    }

    /// Entries that were too many to keep.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Every path, folders before what is in them.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..u32::try_from(self.nodes.len()).unwrap_or(NONE)).map(NodeId)
    }

    /// Last part of the path; empty for the root.
    pub fn name(&self, node: NodeId) -> &str {
        self.text(self.nodes[node.index()].name).unwrap_or_default()
    }

    /// The folder it lies in; the root lies in itself.
    pub fn parent(&self, node: NodeId) -> NodeId {
        NodeId(self.nodes[node.index()].parent)
    }

    /// The whole path, without a leading slash.
    pub fn path(&self, node: NodeId) -> String {
        let mut parts = Vec::new();
        let mut at = node;
        while at != NodeId::ROOT {
            parts.push(self.name(at));
            at = self.parent(at);
        }
        parts.reverse();
        parts.join("/")
    }

    /// What has ever lain in a folder, by name.
    pub fn children(&self, node: NodeId) -> &[NodeId] {
        range(&self.children, &self.first_child, node)
    }

    /// The node of a path without a leading slash.
    pub fn find(&self, path: &str) -> Option<NodeId> {
        path.split('/')
            .filter(|part| !part.is_empty())
            .try_fold(NodeId::ROOT, |folder, part| {
                let children = self.children(folder);
                children
                    .binary_search_by(|child| self.name(*child).cmp(part))
                    .ok()
                    .map(|at| children[at])
            })
    }

    /// The package that owns a path, where one does.
    pub fn owner(&self, node: NodeId) -> Option<&str> {
        let owner = *self.owners.get(node.index())?;
        self.owner_names.get(owner as usize).map(|name| &**name)
    }

    /// Asks for the owner of every path that is a file or a link in some layer.
    pub(crate) fn set_owners<'o>(&mut self, owner_of: impl Fn(&str) -> Option<&'o str>) {
        let mut known: HashMap<&str, u32> = HashMap::new();
        let mut names: Vec<Box<str>> = Vec::new();
        let mut owners = vec![NONE; self.len()];
        for node in self.nodes() {
            let is_file = self
                .history(node)
                .any(|(_, entry)| entry.is_some_and(|entry| entry.kind != FileKind::Directory));
            let Some(owner) = is_file.then(|| owner_of(&self.path(node))).flatten() else {
                continue;
            };
            owners[node.index()] = *known.entry(owner).or_insert_with(|| {
                names.push(owner.into());
                last_index(&names)
            });
        }
        self.owners = owners;
        self.owner_names = names;
    }

    /// Everything that happened to a path, lowest layer first: the layer, and its entry unless the
    /// layer removed it.
    pub fn history(
        &self,
        node: NodeId,
    ) -> impl DoubleEndedIterator<Item = (usize, Option<FileEntry<'_>>)> {
        range(&self.events, &self.first_event, node)
            .iter()
            .map(|event| (event.layer as usize, self.entry(event.entry)))
    }

    /// What is to be seen at a path once `layers` of the lowest layers are laid over each other. A
    /// folder that no layer has an entry of is not seen; what lies in it is.
    pub fn seen(&self, node: NodeId, layers: usize) -> Option<FileEntry<'_>> {
        self.entry(self.seen_entry(node, layers))
    }

    /// As [`Self::seen`]; of a second name, the file that it is one of, whether or not that has its first
    /// name still.
    pub fn shown(&self, node: NodeId, layers: usize) -> Option<FileEntry<'_>> {
        let seen = self.seen_entry(node, layers);
        let entry = self.entries.get(seen as usize)?;
        self.entry(entry.file).or_else(|| self.entry(seen))
    }

    fn seen_entry(&self, node: NodeId, layers: usize) -> u32 {
        range(&self.events, &self.first_event, node)
            .iter()
            .rev()
            .find(|event| (event.layer as usize) < layers)
            .map_or(NONE, |event| event.entry)
    }

    /// How a path differs between the tree of the lowest `before` layers and that of the lowest
    /// `after`.
    pub fn change(&self, node: NodeId, before: usize, after: usize) -> Option<Change> {
        let (old, new) = (self.seen_entry(node, before), self.seen_entry(node, after));
        Some(match (self.entry(old), self.entry(new)) {
            (None, None) => return None,
            (Some(_), Some(_)) if old == new => Change::Unchanged,
            (None, Some(_)) => Change::Added,
            (Some(_), None) => Change::Removed,
            (Some(old), Some(new)) if !old.shows(&new) => Change::Modified,
            (Some(old), Some(new)) if new.kind == FileKind::File || !old.grants(&new) => {
                Change::Rewritten
            }
            (Some(_), Some(_)) => Change::Unchanged,
        })
    }

    /// Bytes kept in memory, roughly.
    pub fn memory(&self) -> usize {
        self.nodes.len() * (size_of::<Node>() + 2 * size_of::<u32>() + size_of::<NodeId>())
            + self.entries.len() * size_of::<Entry>()
            + self.events.len() * size_of::<Event>()
            + self
                .names
                .iter()
                .map(|name| size_of::<Box<str>>() + name.len())
                .sum::<usize>()
    }

    fn text(&self, index: u32) -> Option<&str> {
        self.names.get(index as usize).map(|name| &**name)
    }

    fn entry(&self, index: u32) -> Option<FileEntry<'_>> {
        let entry = self.entries.get(index as usize)?;
        let access = self.access.get(entry.access as usize)?;
        Some(FileEntry {
            layer: entry.layer as usize,
            kind: entry.kind,
            size: entry.size,
            mode: access.mode,
            uid: access.uid,
            gid: access.gid,
            target: self.text(entry.target),
            content: entry.content,
            hidden_by: (entry.hidden_by != NONE).then_some(entry.hidden_by as usize),
        })
    }
}

/// The part of `all` that is `node`'s.
fn range<'a, T>(all: &'a [T], first: &[u32], node: NodeId) -> &'a [T] {
    let bound = |at: usize| first.get(at).map_or(all.len(), |at| *at as usize);
    all.get(bound(node.index())..bound(node.index() + 1))
        .unwrap_or_default()
}

fn last_index<T>(all: &[T]) -> u32 {
    u32::try_from(all.len() - 1).unwrap_or(NONE)
}

#[cfg(test)]
mod tests;
