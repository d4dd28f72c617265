//! The file tree of an image: layers laid over each other (OCI image-spec, layer.md).

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::record::{EntryFact, FactKind, LayerRecord};

/// Links followed before a path is taken for a loop; the kernel's own bound.
const MAX_LINKS: usize = 40;

/// What is to be seen at a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'a> {
    /// The layer whose entry is seen.
    pub(crate) layer: usize,
    /// The lowest layer since which the path has been there without a break.
    pub(crate) since: usize,
    pub(crate) fact: &'a EntryFact,
}

/// The final tree.
#[derive(Debug, Default)]
pub(crate) struct Tree<'a> {
    nodes: BTreeMap<&'a str, Node<'a>>,
}

impl<'a> Tree<'a> {
    /// Lays `layers` over each other, lowest first. Also gives, for each layer, the bytes of lower
    /// layers that it deletes or overwrites.
    pub(crate) fn build(layers: &'a [LayerRecord]) -> (Self, Vec<u64>) {
        let mut tree = Self::default();
        let mut wasted = Vec::with_capacity(layers.len());
        for (layer, record) in layers.iter().enumerate() {
            let mut lost = 0;
            // A whiteout speaks of lower layers only, wherever it stands in the tar.
            for entry in &record.entries {
                match entry.kind {
                    FactKind::Whiteout => {
                        lost += tree.remove(&entry.path) + tree.remove_below(&entry.path);
                    }
                    FactKind::Opaque => lost += tree.remove_below(&entry.path),
                    _ => {}
                }
            }
            for fact in &record.entries {
                if matches!(fact.kind, FactKind::Whiteout | FactKind::Opaque) {
                    continue;
                }
                let node = Node {
                    layer,
                    since: layer,
                    fact,
                };
                let Some(before) = tree.nodes.insert(&fact.path, node) else {
                    continue;
                };
                if let Some(node) = tree.nodes.get_mut(&*fact.path) {
                    node.since = before.since;
                }
                // A name twice in one tar wastes nothing of a lower layer.
                if before.layer < layer {
                    lost += before.fact.size;
                }
                if before.fact.kind == FactKind::Directory && fact.kind != FactKind::Directory {
                    lost += tree.remove_below(&fact.path);
                }
            }
            wasted.push(lost);
        }
        (tree, wasted)
    }

    fn remove(&mut self, path: &str) -> u64 {
        self.nodes.remove(path).map_or(0, |node| node.fact.size)
    }

    fn remove_below(&mut self, path: &str) -> u64 {
        let doomed: Vec<&'a str> = self.below(path).map(|(path, _)| path).collect();
        doomed.into_iter().map(|path| self.remove(path)).sum()
    }

    /// What lies at `path`, links not followed.
    pub(crate) fn get(&self, path: &str) -> Option<&Node<'a>> {
        self.nodes.get(path)
    }

    /// Everything, by path.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a str, &Node<'a>)> {
        self.nodes.iter().map(|(path, node)| (*path, node))
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

    /// Whether a folder is there: by an entry of its own or by something below it.
    fn has_folder(&self, path: &str) -> bool {
        path.is_empty() || self.nodes.contains_key(path) || self.below(path).next().is_some()
    }

    /// Follows every link in `path` and gives the real path; `None` where it leads nowhere or
    /// round in circles. Nothing leads above the image's root.
    pub(crate) fn resolve(&self, path: &str) -> Option<String> {
        let mut pending: Vec<String> = parts_reversed(path);
        let mut real = String::new();
        let mut links = 0;
        while let Some(part) = pending.pop() {
            if part == ".." {
                real.truncate(real.rfind('/').unwrap_or(0));
                continue;
            }
            let next = if real.is_empty() {
                part
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

fn parts_reversed(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .rev()
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
                })
                .collect(),
            ..LayerRecord::default()
        }
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
        let (tree, wasted) = Tree::build(&layers);
        assert_eq!(wasted, [0, 16, 3, 2]);
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
        let (tree, wasted) = Tree::build(&layers);
        assert_eq!(wasted, [0, 9]);
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
        let (tree, _) = Tree::build(&layers);
        assert_eq!(tree.resolve("bin/sh").as_deref(), Some("usr/bin/dash"));
        assert_eq!(tree.resolve("out").as_deref(), Some("usr/bin/dash"));
        assert_eq!(tree.resolve("bin/awk"), None);
        assert_eq!(tree.resolve("loop"), None);
        assert_eq!(tree.resolve("usr").as_deref(), Some("usr"));
    }
}
