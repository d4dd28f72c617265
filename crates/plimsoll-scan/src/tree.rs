//! The file tree of an image: layers laid over each other (OCI image-spec, layer.md).

use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;

use crate::catalogue::Document;
use crate::record::{EntryFact, FactKind, LayerRecord};
use crate::secret::{Detector, concealed_path};

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
    /// Folders that no entry names: a tar need not, and what lies in them is there all the same.
    unnamed: HashSet<&'a str>,
    /// The folder of the last entry, known to be named or among those.
    parent: Option<&'a str>,
}

impl<'a> Tree<'a> {
    /// Lays `layers` over each other, lowest first.
    pub(crate) fn build(layers: &'a [LayerRecord]) -> Self {
        let mut tree = Self::default();
        for (layer, record) in layers.iter().enumerate() {
            let lost = tree.losses.len();
            tree.parent = None;
            // A whiteout speaks of lower layers only, wherever it stands in the tar.
            for entry in &record.entries {
                match entry.kind {
                    FactKind::Whiteout => {
                        tree.remove(&entry.path, layer);
                        tree.remove_below(&entry.path, layer);
                    }
                    FactKind::Opaque => tree.remove_below(&entry.path, layer),
                    _ => {}
                }
            }
            for fact in &record.entries {
                if !matches!(fact.kind, FactKind::Whiteout | FactKind::Opaque) {
                    tree.put(layer, fact);
                }
            }
            tree.find_successors(lost);
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
            FactKind::Hardlink(target) => self.nodes.get(&**target).and_then(|node| node.content),
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
        self.note_folder(&fact.path);
        let Some(before) = self.nodes.insert(&fact.path, node) else {
            if fact.kind != FactKind::Directory && self.unnamed.remove(&*fact.path) {
                self.remove_below(&fact.path, layer);
            }
            return;
        };
        if let Some(node) = self.nodes.get_mut(&*fact.path) {
            node.since = before.since;
        }
        self.unname(before, layer);
        if before.fact.kind == FactKind::Directory && fact.kind != FactKind::Directory {
            self.remove_below(&fact.path, layer);
        }
    }

    /// Notes the folders above a path that no entry names.
    fn note_folder(&mut self, path: &'a str) {
        let Some((parent, _)) = path.rsplit_once('/') else {
            return;
        };
        // Entries of one folder stand together.
        if self.parent == Some(parent) {
            return;
        }
        self.parent = Some(parent);
        let mut folder = parent;
        while !self.nodes.contains_key(folder) && self.unnamed.insert(folder) {
            match folder.rsplit_once('/') {
                Some((above, _)) => folder = above,
                None => return,
            }
        }
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
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
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

fn parts_reversed(path: &str) -> impl Iterator<Item = &str> {
    let parts = path.split('/').rev();
    parts.filter(|part| !part.is_empty() && *part != ".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::startup::format::Start;

    fn layer(entries: &[(&str, FactKind, u64)]) -> LayerRecord {
        LayerRecord {
            entries: entries
                .iter()
                .map(|(path, kind, size)| EntryFact {
                    path: (*path).into(),
                    kind: kind.clone(),
                    size: *size,
                    mode: 0o644,
                    uid: 0,
                    gid: 0,
                    content: 0,
                    start: Start::Unknown,
                })
                .collect(),
            ..LayerRecord::default()
        }
    }

    fn lost<'a>(tree: &Tree<'a>) -> Vec<(usize, usize, &'a str, u64)> {
        tree.losses()
            .iter()
            .map(|loss| (loss.layer, loss.by, &*loss.fact.path, loss.fact.size))
            .collect()
    }

    /// A tar need not name the folders that its files lie in.
    #[test]
    fn what_takes_the_place_of_a_folder_hides_what_lay_in_it() {
        let link = FactKind::Symlink("opt".into());
        for over in [FactKind::File, link, FactKind::Hardlink("x".into())] {
            let layers = [
                layer(&[("x", FactKind::File, 1), ("app/a/b", FactKind::File, 2)]),
                layer(&[("app", over, 0)]),
            ];
            let tree = Tree::build(&layers);
            assert!(tree.get("app/a/b").is_none());
            assert_eq!(lost(&tree), [(0, 1, "app/a/b", 2)]);
        }
        // Named, deleted, and there again without a name.
        let layers = [
            layer(&[
                ("app", FactKind::Directory, 0),
                ("app/a", FactKind::File, 1),
            ]),
            layer(&[("app", FactKind::Whiteout, 0), ("app/b", FactKind::File, 2)]),
            layer(&[("app", FactKind::File, 0)]),
        ];
        let tree = Tree::build(&layers);
        assert!(tree.get("app/b").is_none());
        // A folder leaves what lies in it.
        let layers = [
            layer(&[("app/a/b", FactKind::File, 2)]),
            layer(&[
                ("app", FactKind::Directory, 0),
                ("app/a/c", FactKind::File, 2),
            ]),
        ];
        assert!(Tree::build(&layers).get("app/a/b").is_some());
    }

    #[test]
    fn bytes_are_lost_with_their_last_name() {
        let link = |target: &str| FactKind::Hardlink(target.into());
        let first = || {
            layer(&[
                ("a", FactKind::File, 10),
                ("b", link("a"), 0),
                ("c", FactKind::File, 7),
            ])
        };
        // The name that carries the bytes goes, the other stays.
        let layers = [first(), layer(&[("a", FactKind::Whiteout, 0)])];
        assert_eq!(lost(&Tree::build(&layers)), []);
        // A copy-up of one name leaves the other at the lower bytes; the last to go loses them,
        // under the name they came by.
        let layers = [
            first(),
            layer(&[("a", FactKind::File, 10)]),
            layer(&[("b", FactKind::Whiteout, 0)]),
        ];
        assert_eq!(lost(&Tree::build(&layers)), [(0, 2, "a", 10)]);
        // What is written over the last name takes its place, though the first was deleted before.
        let layers = [
            first(),
            layer(&[("a", FactKind::Whiteout, 0)]),
            layer(&[("b", FactKind::File, 3)]),
        ];
        let tree = Tree::build(&layers);
        assert_eq!(lost(&tree), [(0, 2, "a", 10)]);
        assert_eq!(tree.losses()[0].successor.unwrap().size, 3);
        // Both are deleted, and the first is there again.
        let layers = [
            first(),
            layer(&[
                ("a", FactKind::Whiteout, 0),
                ("b", FactKind::Whiteout, 0),
                ("a", FactKind::File, 3),
            ]),
        ];
        let tree = Tree::build(&layers);
        assert_eq!(lost(&tree), [(0, 1, "a", 10)]);
        assert!(tree.losses()[0].successor.is_some());
        // A link onto itself, to nothing, and over a file.
        let layers = [
            first(),
            layer(&[
                ("a", link("b"), 0),
                ("x", link("no"), 0),
                ("c", link("a"), 0),
            ]),
        ];
        let tree = Tree::build(&layers);
        assert_eq!(lost(&tree), [(0, 1, "c", 7)]);
        assert_eq!(tree.losses()[0].successor.unwrap().size, 10);
        assert_eq!(tree.contents().count(), 1);
    }

    #[test]
    fn a_folder_that_is_emptied_and_filled_anew_is_written_again() {
        let layers = [
            layer(&[("d/f", FactKind::File, 9), ("d/g", FactKind::File, 1)]),
            layer(&[("d", FactKind::Opaque, 0), ("d/f", FactKind::File, 9)]),
        ];
        let tree = Tree::build(&layers);
        let successors: Vec<bool> = tree
            .losses()
            .iter()
            .map(|loss| loss.successor.is_some())
            .collect();
        assert_eq!(successors, [true, false]);
    }

    #[test]
    fn whiteouts_hide_and_count_what_they_hide() {
        let layers = [
            layer(&[
                ("a", FactKind::Directory, 0),
                ("a/x", FactKind::File, 10),
                ("a/y", FactKind::File, 5),
                ("a-b", FactKind::File, 100),
                ("k", FactKind::File, 1),
            ]),
            // A file added in the layer that empties its folder stays.
            layer(&[
                ("a/new", FactKind::File, 3),
                ("a", FactKind::Opaque, 0),
                ("k", FactKind::File, 2),
            ]),
            layer(&[("a", FactKind::Whiteout, 0)]),
            layer(&[("a", FactKind::File, 7), ("k", FactKind::File, 4)]),
        ];
        let tree = Tree::build(&layers);
        assert_eq!(
            lost(&tree),
            [
                (0, 1, "a/x", 10),
                (0, 1, "a/y", 5),
                (0, 1, "k", 1),
                (1, 2, "a/new", 3),
                (1, 3, "k", 2),
            ]
        );
        assert_eq!(tree.get("a").unwrap().since, 3);
        assert_eq!(tree.get("k").unwrap().since, 0);
        assert_eq!(
            tree.iter().map(|(path, _)| path).collect::<Vec<_>>(),
            ["a", "a-b", "k"]
        );
    }

    #[test]
    fn a_file_over_a_folder_hides_what_was_in_it() {
        let layers = [
            layer(&[("d", FactKind::Directory, 0), ("d/f", FactKind::File, 9)]),
            layer(&[("d", FactKind::File, 1)]),
        ];
        let tree = Tree::build(&layers);
        assert_eq!(lost(&tree), [(0, 1, "d/f", 9)]);
        assert!(tree.get("d/f").is_none());
    }

    #[test]
    fn links_stay_inside_and_end() {
        let link = |target: &str| FactKind::Symlink(target.into());
        let layers = [layer(&[
            ("bin", link("usr/bin"), 0),
            ("usr/bin/dash", FactKind::File, 9),
            ("usr/bin/sh", link("dash"), 0),
            ("usr/bin/awk", link("/etc/alternatives/awk"), 0),
            ("etc/alternatives/awk", link("/usr/bin/mawk"), 0),
            ("loop", link("loop/x"), 0),
            ("out", link("../../../../usr/bin/dash"), 0),
        ])];
        let tree = Tree::build(&layers);
        assert_eq!(tree.resolve("bin/sh").as_deref(), Some("usr/bin/dash"));
        let long = |parts: usize| format!("{}bin/sh", "usr/../".repeat(parts / 2));
        assert_eq!(tree.resolve(&long(100)).as_deref(), Some("usr/bin/dash"));
        assert_eq!(tree.resolve(&long(MAX_PARTS)), None);
        assert_eq!(tree.resolve("out").as_deref(), Some("usr/bin/dash"));
        assert_eq!(tree.resolve("bin/awk"), None);
        assert_eq!(tree.resolve("loop"), None);
        assert_eq!(tree.resolve("usr").as_deref(), Some("usr"));
    }
}
