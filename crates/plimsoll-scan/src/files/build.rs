//! Grows the tree of paths, and what happened to each, from the entries of all layers.

use std::collections::HashMap;

use super::{Access, Entry, Event, FileKind, ImageFiles, NONE, Node, NodeId, last_index};
use crate::record::{EntryFact, FactKind, LayerRecord};
use crate::tree::Tree;

/// Paths that are kept beside two for each entry: folders without an entry of their own, of which one
/// entry may lie in thousands.
const MAX_UNNAMED: usize = 1_000_000;

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

pub(super) struct Builder<'a> {
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
    pub(super) fn new(layers: usize) -> Self {
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

    pub(super) fn build(mut self, records: &'a [LayerRecord], tree: &Tree<'_>) -> ImageFiles {
        // The tree counts the contents of files as they come; so do we.
        let mut file_entries: Vec<u32> = Vec::new();
        let mut covered = tree.covered().iter().peekable();
        for (at, record) in records.iter().enumerate() {
            let layer = u32::try_from(at).unwrap_or(NONE);
            for fact in &record.entries {
                let opaque = fact.kind == FactKind::Opaque;
                if (opaque || fact.kind == FactKind::Whiteout)
                    && let Some(node) = self.known(&fact.path)
                {
                    self.remove(node, layer, opaque);
                }
            }
            while let Some((_, fact)) = covered.next_if(|(by, _)| *by == at) {
                if let Some(node) = self.known(&fact.path) {
                    self.remove(node, layer, false);
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
        let file = match &fact.kind {
            FactKind::Hardlink(target) => self.file_at(target),
            _ => NONE,
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
            file,
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

    /// The index of the file that is seen at a path under whichever of its names.
    fn file_at(&self, path: &str) -> u32 {
        let seen = self
            .known(path)
            .map(|node| self.growing[node as usize].entry);
        let entry = seen.and_then(|seen| Some((seen, self.files.entries.get(seen as usize)?)));
        match entry {
            Some((seen, entry)) if entry.kind == FileKind::File => seen,
            Some((_, entry)) => entry.file,
            None => NONE,
        }
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
                    None if self.is_full() => return None,
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

    fn is_full(&self) -> bool {
        self.files.nodes.len() >= MAX_UNNAMED + 2 * self.files.entries.len()
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
