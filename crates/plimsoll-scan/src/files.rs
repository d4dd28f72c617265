//! Every file of every layer: what each layer adds, changes and removes, and the tree as it is to
//! be seen after any of them.
//!
//! Names are kept once, paths as a tree of them, and each path has the list of what happened to it.
//! So the tree after any layer is one look at each path's list, whatever the number of layers.

use std::collections::HashMap;
use std::mem::size_of;

use crate::record::{EntryFact, FactKind, LayerRecord};
use crate::tree::Tree;

/// Paths that are kept, folders without an entry of their own among them.
const MAX_NODES: usize = 24_000_000;

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

    /// The final tree: each path that is seen, with its entry.
    pub fn final_tree(&self) -> impl Iterator<Item = (NodeId, FileEntry<'_>)> {
        self.nodes()
            .filter_map(|node| Some((node, self.seen(node, self.layers)?)))
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

/// A node while the tree grows.
#[derive(Clone, Copy, Debug)]
struct Growing {
    /// The entry that is seen.
    entry: u32,
    /// Entries that are seen here and below: what is gone need not be looked through again.
    alive: u32,
    first_child: u32,
    next_sibling: u32,
}

struct Builder<'a> {
    files: ImageFiles,
    growing: Vec<Growing>,
    by_name: HashMap<(u32, u32), u32>,
    name_ids: HashMap<&'a str, u32>,
    access_ids: HashMap<Access, u32>,
    happened: Vec<(u32, Event)>,
    /// The folders of the path that came last, with the length of the path up to each: tars name
    /// what is in one folder together.
    trail: Vec<(usize, u32)>,
    trail_path: &'a str,
}

impl<'a> Builder<'a> {
    fn new(layers: usize) -> Self {
        let mut builder = Self {
            files: ImageFiles {
                layers,
                ..ImageFiles::default()
            },
            growing: Vec::new(),
            by_name: HashMap::new(),
            name_ids: HashMap::new(),
            access_ids: HashMap::new(),
            happened: Vec::new(),
            trail: Vec::new(),
            trail_path: "",
        };
        let root = builder.name("");
        builder.grow(0, root);
        builder
    }

    fn build(mut self, records: &'a [LayerRecord], tree: &Tree<'_>) -> ImageFiles {
        // The tree counts the contents of files as they come; so do we.
        let mut file_entries: Vec<u32> = Vec::new();
        for (layer, record) in records.iter().enumerate() {
            let layer = u32::try_from(layer).unwrap_or(NONE);
            for fact in &record.entries {
                let opaque = fact.kind == FactKind::Opaque;
                if (opaque || fact.kind == FactKind::Whiteout)
                    && let Some(node) = self.known(&fact.path)
                {
                    self.remove(node, layer, opaque);
                }
            }
            for fact in &record.entries {
                if matches!(fact.kind, FactKind::Whiteout | FactKind::Opaque) {
                    continue;
                }
                let entry = self.put(fact, layer);
                if fact.kind == FactKind::File {
                    file_entries.push(entry.unwrap_or(NONE));
                }
            }
        }
        for loss in tree.losses() {
            let entry = file_entries
                .get(loss.content)
                .and_then(|entry| self.files.entries.get_mut(*entry as usize));
            if let Some(entry) = entry {
                entry.hidden_by = u32::try_from(loss.by).unwrap_or(NONE);
            }
        }
        self.finish()
    }

    fn put(&mut self, fact: &'a EntryFact, layer: u32) -> Option<u32> {
        let Some(node) = self.node(&fact.path) else {
            self.files.left_out += 1;
            return None;
        };
        let (kind, target) = match &fact.kind {
            FactKind::File => (FileKind::File, None),
            FactKind::Directory => (FileKind::Directory, None),
            FactKind::Symlink(target) => (FileKind::Symlink, Some(&**target)),
            FactKind::Hardlink(target) => (FileKind::Hardlink, Some(&**target)),
            FactKind::Special | FactKind::Whiteout | FactKind::Opaque => (FileKind::Special, None),
        };
        if kind != FileKind::Directory {
            self.remove(node, layer, true);
        }
        let target = target.map_or(NONE, |target| self.name(target));
        let access = Access {
            mode: fact.mode,
            uid: fact.uid,
            gid: fact.gid,
        };
        let access = *self.access_ids.entry(access).or_insert_with(|| {
            self.files.access.push(access);
            last_index(&self.files.access)
        });
        self.files.entries.push(Entry {
            size: fact.size,
            content: fact.content,
            access,
            target,
            layer,
            hidden_by: NONE,
            kind,
        });
        let entry = last_index(&self.files.entries);
        self.happened.push((node, Event { layer, entry }));
        if self.growing[node as usize].entry == NONE {
            let mut at = node;
            loop {
                self.growing[at as usize].alive += 1;
                if at == 0 {
                    break;
                }
                at = self.files.nodes[at as usize].parent;
            }
        }
        self.growing[node as usize].entry = entry;
        Some(entry)
    }

    /// Takes away what is seen below `node`, and `node` itself unless it is kept.
    fn remove(&mut self, node: u32, layer: u32, keep: bool) {
        let kept = u32::from(keep && self.growing[node as usize].entry != NONE);
        let gone = self.growing[node as usize].alive - kept;
        if gone == 0 {
            return;
        }
        let mut above = node;
        while above != 0 {
            above = self.files.nodes[above as usize].parent;
            self.growing[above as usize].alive -= gone;
        }
        let mut doomed = vec![node];
        while let Some(at) = doomed.pop() {
            let one = &mut self.growing[at as usize];
            if one.alive == 0 {
                continue;
            }
            one.alive = 0;
            let mut child = one.first_child;
            if one.entry != NONE && !(keep && at == node) {
                one.entry = NONE;
                self.happened.push((at, Event { layer, entry: NONE }));
            }
            while child != NONE {
                doomed.push(child);
                child = self.growing[child as usize].next_sibling;
            }
        }
        self.growing[node as usize].alive = kept;
    }

    /// The node of a path that is known already.
    fn known(&self, path: &str) -> Option<u32> {
        path.split('/')
            .filter(|part| !part.is_empty())
            .try_fold(0, |folder, part| {
                let name = *self.name_ids.get(part)?;
                self.by_name.get(&(folder, name)).copied()
            })
    }

    /// The node of a path; `None` where there are too many.
    fn node(&mut self, path: &'a str) -> Option<u32> {
        if path.is_empty() {
            return Some(0);
        }
        let shared = self
            .trail
            .iter()
            .take_while(|(length, _)| {
                path.as_bytes().get(*length) == Some(&b'/')
                    && path.as_bytes()[..*length] == self.trail_path.as_bytes()[..*length]
            })
            .count();
        self.trail.truncate(shared);
        self.trail_path = path;
        let (mut start, mut node) = self
            .trail
            .last()
            .map_or((0, 0), |(length, node)| (length + 1, *node));
        while start < path.len() {
            let end = path[start..].find('/').map_or(path.len(), |at| start + at);
            if end > start {
                let name = self.name(&path[start..end]);
                node = match self.by_name.get(&(node, name)) {
                    Some(child) => *child,
                    None if self.files.nodes.len() >= MAX_NODES => return None,
                    None => self.grow(node, name),
                };
                if end < path.len() {
                    self.trail.push((end, node));
                }
            }
            start = end + 1;
        }
        Some(node)
    }

    fn grow(&mut self, parent: u32, name: u32) -> u32 {
        let node = u32::try_from(self.files.nodes.len()).unwrap_or(NONE);
        self.files.nodes.push(Node { parent, name });
        let mut growing = Growing {
            entry: NONE,
            alive: 0,
            first_child: NONE,
            next_sibling: NONE,
        };
        // The root is nobody's child.
        if let Some(folder) = self.growing.get_mut(parent as usize) {
            growing.next_sibling = std::mem::replace(&mut folder.first_child, node);
            self.by_name.insert((parent, name), node);
        }
        self.growing.push(growing);
        node
    }

    fn name(&mut self, text: &'a str) -> u32 {
        *self.name_ids.entry(text).or_insert_with(|| {
            self.files.names.push(text.into());
            last_index(&self.files.names)
        })
    }

    fn finish(self) -> ImageFiles {
        let Self {
            mut files,
            happened,
            ..
        } = self;
        let count = files.nodes.len();
        let (events, first_event) = grouped(
            count,
            happened.iter().map(|(node, event)| (*node, *event)),
            Event {
                layer: 0,
                entry: NONE,
            },
        );
        files.events = events;
        files.first_event = first_event;
        let (mut children, first_child) = grouped(
            count,
            (1_u32..)
                .zip(files.nodes.iter().skip(1))
                .map(|(index, node)| (node.parent, NodeId(index))),
            NodeId::ROOT,
        );
        for bounds in first_child.windows(2) {
            let (from, to) = (bounds[0] as usize, bounds[1] as usize);
            if let Some(siblings) = children.get_mut(from..to) {
                siblings.sort_unstable_by(|a, b| files.name(*a).cmp(files.name(*b)));
            }
        }
        files.children = children;
        files.first_child = first_child;
        files
    }
}

fn last_index<T>(all: &[T]) -> u32 {
    u32::try_from(all.len() - 1).unwrap_or(NONE)
}

/// Puts what belongs to one of `count` owners together, in the order it comes, and says where each
/// owner's part begins; one bound more than owners.
fn grouped<T: Copy>(
    count: usize,
    all: impl Iterator<Item = (u32, T)> + Clone,
    filler: T,
) -> (Vec<T>, Vec<u32>) {
    let mut first = vec![0_u32; count + 1];
    let mut total = 0;
    for (owner, _) in all.clone() {
        first[owner as usize + 1] += 1;
        total += 1;
    }
    for at in 1..first.len() {
        first[at] += first[at - 1];
    }
    let mut next = first.clone();
    let mut out = vec![filler; total];
    for (owner, value) in all {
        let at = &mut next[owner as usize];
        out[*at as usize] = value;
        *at += 1;
    }
    (out, first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fact(path: &str, kind: FactKind, size: u64, mode: u32) -> EntryFact {
        EntryFact {
            path: path.into(),
            kind,
            size,
            mode,
            uid: 0,
            gid: 0,
            content: size,
        }
    }

    fn file(path: &str, size: u64) -> EntryFact {
        fact(path, FactKind::File, size, 0o644)
    }

    fn folder(path: &str) -> EntryFact {
        fact(path, FactKind::Directory, 0, 0o755)
    }

    fn gone(path: &str) -> EntryFact {
        fact(path, FactKind::Whiteout, 0, 0)
    }

    fn layers(layers: Vec<Vec<EntryFact>>) -> Vec<LayerRecord> {
        layers
            .into_iter()
            .map(|entries| LayerRecord {
                entries,
                ..LayerRecord::default()
            })
            .collect()
    }

    fn files(records: &[LayerRecord]) -> ImageFiles {
        ImageFiles::new(records, &Tree::build(records))
    }

    #[test]
    fn a_path_tells_its_history() {
        let records = layers(vec![
            vec![folder("d"), file("d/a", 5), file("d/b", 6), file("e", 1)],
            vec![
                fact("d/a", FactKind::File, 5, 0o600),
                fact("d", FactKind::Directory, 0, 0o700),
                gone("d/b"),
                file("e", 2),
            ],
            vec![gone("d"), file("d/b", 9)],
        ]);
        let files = files(&records);
        let change =
            |path: &str, before, after| files.change(files.find(path).unwrap(), before, after);
        assert_eq!(change("d/a", 0, 1), Some(Change::Added));
        assert_eq!(change("d/a", 1, 2), Some(Change::Rewritten));
        assert_eq!(change("d/a", 2, 3), Some(Change::Removed));
        assert_eq!(change("d/a", 0, 3), None);
        assert_eq!(change("d", 1, 2), Some(Change::Rewritten));
        assert_eq!(change("d/b", 1, 2), Some(Change::Removed));
        assert_eq!(change("d/b", 1, 3), Some(Change::Modified));
        assert_eq!(change("e", 1, 2), Some(Change::Modified));
        assert_eq!(change("e", 2, 3), Some(Change::Unchanged));
        let a = files.find("d/a").unwrap();
        let hidden: Vec<Option<usize>> = files
            .history(a)
            .filter_map(|(_, entry)| Some(entry?.hidden_by))
            .collect();
        assert_eq!(hidden, [Some(1), Some(2)]);
        assert_eq!(files.path(a), "d/a");
        let names: Vec<&str> = files
            .children(NodeId::ROOT)
            .iter()
            .map(|child| files.name(*child))
            .collect();
        assert_eq!(names, ["d", "e"]);
        assert_eq!(files.find("d/x"), None);
        assert_eq!(files.find(""), Some(NodeId::ROOT));
    }

    #[test]
    fn names_that_begin_alike_are_apart() {
        let records = layers(vec![vec![
            file("ab/c", 1),
            file("a/c", 2),
            file("ab/cd/e", 3),
            file("ab/cd", 4),
            file("ab/c/d", 5),
            file("b", 6),
        ]]);
        let files = files(&records);
        for path in ["ab/c", "a/c", "ab/cd", "b", "ab/c/d"] {
            assert_eq!(files.path(files.find(path).unwrap()), path);
        }
        // A file took the folder's place.
        assert_eq!(files.seen(files.find("ab/cd/e").unwrap(), 1), None);
    }

    fn any_fact() -> impl Strategy<Value = EntryFact> {
        let path = proptest::sample::select(vec![
            "", "a", "b", "a/a", "a/b", "a/b/c", "b/a", "b/a/a", "a/b/d", "a-b",
        ]);
        let kind = prop_oneof![
            4 => Just(FactKind::File),
            2 => Just(FactKind::Directory),
            1 => Just(FactKind::Whiteout),
            1 => Just(FactKind::Opaque),
            1 => Just(FactKind::Hardlink("a/b".into())),
            1 => Just(FactKind::Symlink("a".into())),
        ];
        (path, kind, 0_u64..4).prop_map(|(path, kind, size)| {
            let size = if kind == FactKind::File { size } else { 0 };
            fact(path, kind, size, 0o644)
        })
    }

    proptest! {
        /// What is hidden and what is seen are all the bytes there are, in both ways of counting.
        #[test]
        fn every_byte_is_seen_or_hidden(
            records in proptest::collection::vec(
                proptest::collection::vec(any_fact(), 0..12), 0..5),
        ) {
            let records = layers(records);
            let tree = Tree::build(&records);
            let files = ImageFiles::new(&records, &tree);
            let (waste, parts) = crate::waste::measure(&records, &tree, &[]);
            let seen: u64 = tree.contents().map(|(_, fact)| fact.size).sum();
            prop_assert_eq!(seen + waste.wasted, waste.total);
            prop_assert_eq!(waste.deleted + waste.overwritten + waste.rewritten, waste.wasted);
            prop_assert_eq!(parts.iter().map(|part| part.wastes).sum::<u64>(), waste.wasted);
            prop_assert_eq!(parts.iter().map(|part| part.hidden).sum::<u64>(), waste.wasted);
            let hidden: u64 = files.entries.iter()
                .filter(|entry| entry.hidden_by != NONE)
                .map(|entry| entry.size)
                .sum();
            prop_assert_eq!(hidden, waste.wasted);
            for node in files.nodes() {
                prop_assert_eq!(files.find(&files.path(node)), Some(node));
            }
        }
    }
}
