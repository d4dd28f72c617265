//! Where a word leads, as a shell or a container runtime looks for it.

use super::command::{MAX_PATH, Step, joined};
use super::{MAX_SEARCH_PATH, Surroundings};
use crate::catalogue::{base_name, folder};
use crate::record::FactKind;
use crate::tree::Node;

/// Where a word leads.
pub(super) enum Found<'a> {
    /// A path, links followed, and what lies there; nothing for a folder without an entry.
    There(String, Option<Node<'a>>),
    Missing,
    /// It depends on what is not in the image.
    Unknown,
}

impl<'a> Surroundings<'a> {
    pub(super) fn at(&self, path: &str) -> Found<'a> {
        if self.mounts.hold(path) {
            return Found::Unknown;
        }
        match self.tree.resolve(path) {
            Some(real) if self.mounts.hold(&real) => Found::Unknown,
            Some(real) => {
                let node = self.tree.get(&real).copied();
                Found::There(real, node)
            }
            // A link that leads outside may be filled when it runs.
            None if self.leads_to_mount(path) => Found::Unknown,
            None => Found::Missing,
        }
    }

    /// Whether a path that leads nowhere goes by a link into what is mounted.
    fn leads_to_mount(&self, path: &str) -> bool {
        let path = path.trim_matches('/');
        let ends = path.match_indices('/').map(|(at, _)| at);
        ends.chain([path.len()]).any(|end| {
            let part = path.get(..end).unwrap_or_default();
            match self.tree.get(part).map(|node| &node.fact.kind) {
                Some(FactKind::Symlink(target)) => self
                    .mounts
                    .hold(&joined(&format!("/{}", folder(part)), target)),
                _ => false,
            }
        })
    }

    /// A program, as a container runtime or a shell looks for it.
    pub(super) fn program(&self, word: &str, in_folder: &str) -> Found<'a> {
        if word.contains('/') {
            return self.at(&joined(in_folder, word));
        }
        self.program_in(self.search_path, word)
    }

    /// A program, in the folders of a search path.
    pub(super) fn program_in(&self, search_path: &str, word: &str) -> Found<'a> {
        // No file system has such names.
        if word.len() > MAX_PATH {
            return Found::Unknown;
        }
        let mut lame = None;
        for (index, place) in search_path.split(':').enumerate() {
            // Relative to wherever it is run; or more places than are looked at.
            if !place.starts_with('/') || index >= MAX_SEARCH_PATH {
                return Found::Unknown;
            }
            match self.at(&joined(place, word)) {
                Found::There(path, Some(node)) if node.fact.kind != FactKind::Directory => {
                    if node.fact.mode & 0o111 != 0 {
                        return Found::There(path, Some(node));
                    }
                    lame.get_or_insert((path, node));
                }
                Found::Unknown => return Found::Unknown,
                Found::There(..) | Found::Missing => {}
            }
        }
        match lame {
            Some((path, node)) => Found::There(path, Some(node)),
            None => Found::Missing,
        }
    }

    /// A file that an interpreter is given.
    pub(super) fn given(&self, step: &Step) -> Found<'a> {
        let path = joined(&step.folder, &step.word);
        let interpreter = step.given_to.as_deref().map_or("", base_name);
        let endings: &[&str] = if interpreter.starts_with("node") {
            &["", ".js", ".json", ".node", ".cjs", ".mjs"]
        } else {
            &[""]
        };
        for ending in endings {
            match self.at(&format!("{path}{ending}")) {
                Found::Missing => {}
                found => return found,
            }
        }
        Found::Missing
    }
}
