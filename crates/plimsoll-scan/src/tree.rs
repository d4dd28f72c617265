//! The file tree of an image: layers laid over each other (OCI image-spec, layer.md).

mod through;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Bound;

use crate::catalogue::Document;
use crate::record::{EntryFact, FactKind, LayerRecord};
use crate::secret::{Detector, concealed_path};

use through::Links;
pub(crate) use through::settle;

/// Links followed before a path is taken for a loop; the kernel's own bound.
const MAX_LINKS: usize = 40;

/// Parts of paths that are gone through on the way.
const MAX_PARTS: usize = 1_000;

/// What is to be seen at a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'a> {
    /// The layer whose entry is seen.
    pub(crate) layer: usize,
    /// The lowest layer since which the path has been there without a break.
    pub(crate) since: usize,
    pub(crate) fact: &'a EntryFact,
    /// The bytes it shows, counted among all files of all layers: a file's own, or those of the
    /// file that a hard link is a second name of.
    pub(crate) content: Option<usize>,
}

/// A file's bytes, which may be seen under several names.
#[derive(Debug)]
struct Content<'a> {
    layer: usize,
    fact: &'a EntryFact,
    /// Names under which they are to be seen.
    names: usize,
}

/// Bytes that ship and that nobody sees: every name they had is gone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loss<'a> {
    /// Their number among the contents of all files, in the order of layers and entries.
    pub(crate) content: usize,
    /// The layer that holds them.
    pub(crate) layer: usize,
    /// The layer that took the last name away.
    pub(crate) by: usize,
    /// The file they came as.
    pub(crate) fact: &'a EntryFact,
    /// Their last name.
    name: &'a str,
    /// The file that layer wrote in the place of that one, or of their last name.
    pub(crate) successor: Option<&'a EntryFact>,
}

/// The final tree.
#[derive(Debug, Default)]
pub(crate) struct Tree<'a> {
    nodes: BTreeMap<&'a str, Node<'a>>,
    contents: Vec<Content<'a>>,
    losses: Vec<Loss<'a>>,
    /// Folders, with the slash behind them, that no entry names though there is one right in them: a
    /// tar need not. Those above them are not kept: there may be many more of them than entries.
    unnamed: BTreeSet<&'a str>,
    /// The folder of the last entry, known to be named or among those.
    parent: Option<&'a str>,
    /// The links that are there, from when they are first asked for.
    links: Option<Links>,
    /// Whether a layer names what lies behind a link of its own; from there on the tree is not the
    /// image's.
    writes_through_links: bool,
    /// What a layer put a folder in the place of without naming it, with the layer.
    covered: Vec<(usize, &'a EntryFact)>,
}

impl<'a> Tree<'a> {
    /// Lays `layers` over each other, lowest first. Paths are taken as they stand; see
    /// [`Self::writes_through_links`].
    pub(crate) fn build(layers: &'a [LayerRecord]) -> Self {
        let mut tree = Self::default();
        for (layer, record) in layers.iter().enumerate() {
            let (lost, covered) = (tree.losses.len(), tree.covered.len());
            tree.parent = None;
            // A whiteout speaks of lower layers only, wherever it stands in the tar.
            for entry in &record.entries {
                match entry.kind {
                    FactKind::Whiteout => {
                        tree.note_unknown(layer, &entry.path);
                        tree.remove(&entry.path, layer);
                        tree.remove_below(&entry.path, layer);
                    }
                    FactKind::Opaque => {
                        tree.note_unknown(layer, &entry.path);
                        // It stands in the folder that it empties.
                        if tree.is_link(&entry.path) {
                            tree.cover(layer, &entry.path);
                        }
                        tree.remove_below(&entry.path, layer);
                    }
                    _ => {}
                }
            }
            for fact in &record.entries {
                if !matches!(fact.kind, FactKind::Whiteout | FactKind::Opaque) {
                    tree.put(layer, fact);
                }
            }
            for entry in &record.entries {
                if matches!(entry.kind, FactKind::Whiteout | FactKind::Opaque) {
                    tree.writes_through_links |= tree.is_behind_own_link(layer, &entry.path);
                }
            }
            tree.find_successors(lost);
            tree.forget_named(covered, record);
        }
        tree
    }

    fn put(&mut self, layer: usize, fact: &'a EntryFact) {
        let content = match &fact.kind {
            FactKind::File => {
                self.contents.push(Content {
                    layer,
                    fact,
                    names: 0,
                });
                Some(self.contents.len() - 1)
            }
            FactKind::Hardlink(target) => match self.nodes.get(&**target) {
                Some(node) => node.content,
                None => {
                    self.writes_through_links |= self.is_behind_own_link(layer, target);
                    None
                }
            },
            _ => None,
        };
        // Counted before the old name goes: a file may be linked onto a name of its own.
        if let Some(content) = content {
            self.contents[content].names += 1;
        }
        let node = Node {
            layer,
            since: layer,
            fact,
            content,
        };
        self.note_folder(layer, &fact.path);
        if self.parent == Some(&*fact.path) {
            self.parent = None;
        }
        if let (FactKind::Symlink(_), Some(links)) = (&fact.kind, &mut self.links) {
            links.insert(&fact.path);
        }
        let before = self.nodes.insert(&fact.path, node);
        if let (Some(before), Some(node)) = (before, self.nodes.get_mut(&*fact.path)) {
            node.since = before.since;
            self.unname(before, layer);
        }
        let was_folder = before.is_some_and(|before| before.fact.kind == FactKind::Directory);
        // Broken layers have files below files.
        if fact.kind != FactKind::Directory && (was_folder || self.is_unnamed(&fact.path)) {
            self.remove_below(&fact.path, layer);
        }
    }

    /// Notes the folder of a path, if no entry names it, and what it takes the place of.
    fn note_folder(&mut self, layer: usize, path: &'a str) {
        let Some(slash) = path.rfind('/') else {
            return;
        };
        let parent = &path[..slash];
        // Entries of one folder stand together.
        if self.parent == Some(parent) {
            return;
        }
        self.parent = Some(parent);
        let node = self
            .nodes
            .get(parent)
            .map(|node| (&node.fact.kind, node.layer));
        match node {
            Some((FactKind::Symlink(_), _)) => self.cover_above(layer, path),
            // Of what has an entry of its own this was asked before.
            Some((FactKind::Directory, _)) => return,
            Some((_, below)) if below < layer => self.cover(layer, parent),
            Some(_) => return,
            None => {
                if !self.unnamed.contains(&path[..=slash]) {
                    self.cover_above(layer, path);
                }
            }
        }
        self.unnamed.insert(&path[..=slash]);
    }

    /// Notes what the folders of a path take the place of, at which nothing lies.
    fn note_unknown(&mut self, layer: usize, path: &'a str) {
        if !self.nodes.contains_key(path) {
            self.cover_above(layer, path);
        }
    }

    /// Puts folders in the place of links above a path, which lower layers wrote: a layer is unpacked
    /// into a folder of its own, where there are none of them, and laid over the others (overlayfs).
    /// Links of the layer itself are followed.
    fn cover_above(&mut self, layer: usize, path: &'a str) {
        for link in self.links_above(path) {
            let node = self.nodes.get(link);
            match node.is_some_and(|node| node.layer == layer) {
                true => self.writes_through_links = true,
                false => self.cover(layer, link),
            }
        }
    }

    fn cover(&mut self, layer: usize, path: &'a str) {
        self.covered
            .extend(self.nodes.get(path).map(|node| (layer, node.fact)));
        self.remove(path, layer);
    }

    /// Of what a layer covered, from the `first` on, forgets what it speaks of itself, wherever in its tar.
    fn forget_named(&mut self, first: usize, record: &LayerRecord) {
        let covered = self.covered.iter().skip(first);
        let mut open: HashSet<&str> = covered.map(|(_, fact)| &*fact.path).collect();
        if open.is_empty() {
            return;
        }
        let entries = record.entries.iter();
        for entry in entries.filter(|entry| entry.kind != FactKind::Opaque) {
            open.remove(&*entry.path);
        }
        let mut at = 0;
        self.covered.retain(|(_, fact)| {
            at += 1;
            at <= first || open.contains(&*fact.path)
        });
    }

    /// Whether one of the folders above a path is a link that the same layer wrote.
    fn is_behind_own_link(&mut self, layer: usize, path: &'a str) -> bool {
        let links = self.links_above(path).into_iter();
        let mut nodes = links.filter_map(|link| self.nodes.get(link));
        nodes.any(|node| node.layer == layer)
    }

    /// Those of the folders above a path that are links, the topmost first.
    fn links_above(&mut self, path: &'a str) -> Vec<&'a str> {
        let nodes = &self.nodes;
        let is_link = |node: &Node<'_>| matches!(node.fact.kind, FactKind::Symlink(_));
        let links = self.links.get_or_insert_with(|| {
            let mut links = Links::default();
            let all = nodes.iter().filter(|(_, node)| is_link(node));
            all.for_each(|(path, _)| links.insert(path));
            links
        });
        links
            .above(path)
            .filter(|folder| nodes.get(folder).is_some_and(is_link))
            .collect()
    }

    fn is_link(&self, path: &str) -> bool {
        let node = self.nodes.get(path);
        node.is_some_and(|node| matches!(node.fact.kind, FactKind::Symlink(_)))
    }

    /// Whether it is a folder that no entry names.
    fn is_unnamed(&self, path: &str) -> bool {
        let first = |from: &str| {
            let from = (Bound::Included(from), Bound::Unbounded);
            let name = self.unnamed.range::<str, _>(from).next()?;
            name.strip_prefix(path)?.bytes().next()
        };
        match first(path) {
            Some(b'/') => true,
            // `a-b/` stands before `a/`.
            Some(other) if other < b'/' => first(&format!("{path}/")) == Some(b'/'),
            _ => false,
        }
    }

    /// Whether a layer names what lies behind a link of its own: the engines that unpack it follow the
    /// link. Such layers are to be [settled](settle) first.
    pub(crate) fn writes_through_links(&self) -> bool {
        self.writes_through_links
    }

    /// Links and files of lower layers in whose place a layer put a folder without naming it, with the
    /// layer, lowest first.
    pub(crate) fn covered(&self) -> &[(usize, &'a EntryFact)] {
        &self.covered
    }

    fn remove(&mut self, path: &str, by: usize) {
        if let Some(node) = self.nodes.remove(path) {
            self.unname(node, by);
        }
    }

    fn remove_below(&mut self, path: &str, by: usize) {
        // A folder that was named may go with them.
        self.parent = None;
        let doomed: Vec<&'a str> = self.below(path).map(|(path, _)| path).collect();
        for path in doomed {
            self.remove(path, by);
        }
        if !self.unnamed.is_empty() {
            let prefix = prefix(path);
            let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
            let below = self.unnamed.range::<str, _>(from).copied();
            let doomed: Vec<&str> = below.take_while(|path| path.starts_with(&prefix)).collect();
            for path in doomed {
                self.unnamed.remove(path);
            }
        }
    }

    /// A name is gone; with the last one, the bytes.
    fn unname(&mut self, node: Node<'a>, by: usize) {
        let Some(at) = node.content else {
            return;
        };
        let content = &mut self.contents[at];
        content.names -= 1;
        if content.names == 0 && content.fact.size > 0 {
            self.losses.push(Loss {
                content: at,
                layer: content.layer,
                by,
                fact: content.fact,
                name: &node.fact.path,
                successor: None,
            });
        }
    }

    /// A layer that deletes a folder and fills it anew writes its files again, whichever of both
    /// its tar says first. Looks at the losses from `first` on, all of one layer.
    fn find_successors(&mut self, first: usize) {
        for loss in self.losses.iter_mut().skip(first) {
            let names = [&*loss.fact.path, loss.name];
            let nodes = names.iter().filter_map(|name| self.nodes.get(name));
            let written = nodes.filter(|node| node.layer == loss.by);
            loss.successor = written
                .filter_map(|node| self.contents.get(node.content?))
                .map(|content| content.fact)
                .next();
        }
    }

    /// The bytes that ship and that nobody sees, in the order of the layers that hid them.
    pub(crate) fn losses(&self) -> &[Loss<'a>] {
        &self.losses
    }

    /// The files whose bytes are to be seen, each once however many names it has, with the layer
    /// that holds it; lowest layer first.
    pub(crate) fn contents(&self) -> impl Iterator<Item = (usize, &'a EntryFact)> {
        self.contents
            .iter()
            .filter(|content| content.names > 0)
            .map(|content| (content.layer, content.fact))
    }

    /// What lies at `path`, links not followed.
    pub(crate) fn get(&self, path: &str) -> Option<&Node<'a>> {
        self.nodes.get(path)
    }

    /// The file whose bytes a node shows, which for a hard link is another entry.
    pub(crate) fn content(&self, node: &Node<'a>) -> Option<(usize, &'a EntryFact)> {
        let content = self.contents.get(node.content?)?;
        Some((content.layer, content.fact))
    }

    /// Everything, by path.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a str, &Node<'a>)> {
        self.nodes.iter().map(|(path, node)| (*path, node))
    }

    /// What the files that are seen say, each with its path and place, sorted by path. `layers` are
    /// those that the tree was built of.
    pub(crate) fn documents<'t>(
        &'t self,
        layers: &'a [LayerRecord],
    ) -> impl Iterator<Item = (&'a str, &'t Node<'a>, &'a Document)> + use<'a, 't> {
        // Paths are sorted here and there: nothing is looked up.
        let mut pending: Vec<_> = layers
            .iter()
            .map(|layer| layer.documents.iter().peekable())
            .collect();
        self.nodes.iter().filter_map(move |(path, node)| {
            let pending = pending.get_mut(node.layer)?;
            while pending
                .next_if(|(other, _)| other.as_str() < *path)
                .is_some()
            {}
            let (_, document) = pending.next_if(|(other, _)| other.as_str() == *path)?;
            Some((*path, node, document))
        })
    }

    /// Everything below a folder, at any depth; below the root for an empty path.
    pub(crate) fn below<'t>(
        &'t self,
        folder: &str,
    ) -> impl Iterator<Item = (&'a str, &'t Node<'a>)> + use<'a, 't> {
        let prefix = prefix(folder);
        self.nodes
            .range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded))
            .map(|(path, node)| (*path, node))
            .take_while(move |(path, _)| path.starts_with(&prefix))
    }

    /// Every path that begins so.
    pub(crate) fn beginning<'t>(
        &'t self,
        prefix: &'t str,
    ) -> impl Iterator<Item = &'a str> + use<'a, 't> {
        self.nodes
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
            .map(|(path, _)| *path)
            .take_while(move |path| path.starts_with(prefix))
    }

    /// Whether a folder is there: by an entry of its own or by something below it.
    fn has_folder(&self, path: &str) -> bool {
        path.is_empty() || self.nodes.contains_key(path) || self.below(path).next().is_some()
    }

    /// Follows every link in `path` and gives the real path; `None` where it leads nowhere or
    /// round in circles. Nothing leads above the image's root.
    pub(crate) fn resolve(&self, path: &str) -> Option<String> {
        self.walk(path, |_| {})
    }

    /// As [`Self::resolve`]; `enters` hears of every folder in which something is looked for on the way,
    /// where a link leads from as well as where it leads.
    pub(crate) fn walk(&self, path: &str, mut enters: impl FnMut(&str)) -> Option<String> {
        // Files are known without the credentials in their names, wherever who asks has the name from.
        let named_by = concealed_path(path, Detector::shared());
        let path = named_by.as_ref().map_or(path, |named_by| &named_by.shown);
        let mut pending: Vec<&str> = parts_reversed(path).collect();
        let mut real = String::new();
        let mut links = 0;
        let mut parts = 0;
        while let Some(part) = pending.pop() {
            parts += 1;
            if parts > MAX_PARTS {
                return None;
            }
            enters(&real);
            if part == ".." {
                real.truncate(real.rfind('/').unwrap_or(0));
                continue;
            }
            let next = if real.is_empty() {
                part.to_owned()
            } else {
                format!("{real}/{part}")
            };
            match self.get(&next).map(|node| &node.fact.kind) {
                Some(FactKind::Symlink(target)) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return None;
                    }
                    if target.starts_with('/') {
                        real.clear();
                    }
                    pending.extend(parts_reversed(target));
                }
                Some(_) => real = next,
                None if self.has_folder(&next) => real = next,
                None => return None,
            }
        }
        Some(real)
    }

    /// The entry that `path` leads to once every link is followed, with its real path.
    pub(crate) fn follow(&self, path: &str) -> Option<(String, &Node<'a>)> {
        let real = self.resolve(path)?;
        let node = self.get(&real)?;
        Some((real, node))
    }
}

/// What the paths of everything below a folder begin with.
fn prefix(folder: &str) -> String {
    match folder {
        "" => String::new(),
        folder => format!("{folder}/"),
    }
}

fn parts_reversed(path: &str) -> impl Iterator<Item = &str> {
    let parts = path.split('/').rev();
    parts.filter(|part| !part.is_empty() && *part != ".")
}

#[cfg(test)]
mod tests;
