//! Where a word leads, as a shell or a container runtime looks for it.

use plimsoll_model::{StartupFault, StartupProblem};

use super::accounts::{Access, Identity};
use super::command::{MAX_PATH, Step, joined};
use super::{MAX_SEARCH_PATH, Surroundings};
use crate::catalogue::{base_name, folder};
use crate::record::{EntryFact, FactKind};
use crate::tree::Node;

/// Folders of a path in which a link is looked for.
const MAX_FOLDERS: usize = 64;

/// Folders in which orchestrators and agents mount what is read, without a volume in the image.
const MOUNTED: &[&str] = &[
    "config", "configs", "data", "env", "mnt", "secret", "secrets", "tmp", "vault", "volumes",
];

/// Where a word leads.
pub(super) enum Found<'a> {
    /// What lies there: nothing for a folder without an entry.
    There(Way, Option<Node<'a>>),
    Missing,
    /// It depends on what is not in the image.
    Unknown,
}

/// A path, links followed, and how it is come by.
pub(super) struct Way {
    pub(super) path: String,
    /// The folders gone through, which are not those above the path alone where a link leads to it.
    pub(super) folders: Vec<String>,
}

impl<'a> Surroundings<'a> {
    pub(super) fn at(&self, path: &str) -> Found<'a> {
        if self.mounts.hold(path) {
            return Found::Unknown;
        }
        let mut folders: Vec<String> = Vec::new();
        match self
            .tree
            .walk(path, |folder| folders.push(folder.to_owned()))
        {
            Some(real) if self.mounts.hold(&real) => Found::Unknown,
            Some(path) => {
                let node = self.tree.get(&path).copied();
                Found::There(Way { path, folders }, node)
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

    /// Whether a file that is read may be put there when it runs: whoever runs the image mounts such in
    /// folders that are not in it, or are called for that.
    pub(super) fn may_be_mounted(&self, path: &str) -> bool {
        let path = path.trim_start_matches('/');
        let top = path.split('/').next().unwrap_or_default();
        MOUNTED.contains(&top) || !matches!(self.at(folder(path)), Found::There(..))
    }

    /// A program, as a container runtime or a shell looks for it.
    pub(super) fn program(
        &self,
        word: &str,
        in_folder: &str,
        identity: Option<&Identity>,
    ) -> Found<'a> {
        if word.contains('/') {
            return self.at(&joined(in_folder, word));
        }
        self.program_in(self.search_path, word, identity)
    }

    /// A program, in the folders of a search path: the first that this user may run, or else the first.
    pub(super) fn program_in(
        &self,
        search_path: &str,
        word: &str,
        identity: Option<&Identity>,
    ) -> Found<'a> {
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
                Found::There(way, Some(node)) if node.fact.kind != FactKind::Directory => {
                    let is_closed = || self.closed(&way, &node, Access::Execute, identity);
                    if node.fact.mode & 0o111 != 0 && is_closed().is_none() {
                        return Found::There(way, Some(node));
                    }
                    lame.get_or_insert((way, node));
                }
                Found::Unknown => return Found::Unknown,
                Found::There(..) | Found::Missing => {}
            }
        }
        match lame {
            Some((way, node)) => Found::There(way, Some(node)),
            None => Found::Missing,
        }
    }

    /// How a step is missing: a link may be there that leads nowhere.
    pub(super) fn missing(&self, step: &Step) -> StartupProblem {
        let word = &step.word;
        let link = if word.contains('/') || step.given_to.is_some() {
            self.dangling(&joined(&step.folder, word))
        } else {
            let search_path = step.search_path.as_deref().unwrap_or(self.search_path);
            let places = search_path.split(':').take(MAX_SEARCH_PATH);
            let mut links = places.filter_map(|place| self.link_in(place, word));
            links.next()
        };
        match link {
            Some((link, target)) => StartupProblem::Dangling { link, target },
            None => StartupProblem::Missing,
        }
    }

    /// What is at fault besides the file itself.
    pub(super) fn fault(&self, problem: &StartupProblem) -> Option<StartupFault> {
        let link;
        let path = match problem {
            StartupProblem::Denied { path, .. } => path,
            StartupProblem::Dangling { link, .. } => link,
            StartupProblem::MissingInterpreter { interpreter, .. }
                if interpreter.starts_with('/') =>
            {
                link = self.dangling(interpreter)?.0;
                &link
            }
            _ => return None,
        };
        let node = self.tree.get(path)?;
        let is_the_same = |fact: &EntryFact| {
            let seen = node.fact;
            (fact.mode, fact.uid, fact.gid) == (seen.mode, seen.uid, seen.gid)
                && fact.kind == seen.kind
        };
        // A folder stands again in every layer that puts something into it.
        let mut layer = node.layer;
        for below in (node.since..node.layer).rev() {
            let entries = self.records.get(below).map(|record| record.entries.iter());
            match entries?.rfind(|entry| *entry.path == **path) {
                Some(entry) if is_the_same(entry) => layer = below,
                Some(_) => break,
                None => {}
            }
        }
        Some(StartupFault {
            path: path.clone(),
            layer,
        })
    }

    /// The link in a path at which it ends, where it leads nowhere: its own place, and its target.
    fn dangling(&self, path: &str) -> Option<(String, String)> {
        let path = path.trim_matches('/');
        let ends = path.match_indices('/').map(|(at, _)| at);
        let mut parts = ends.chain([path.len()]).take(MAX_FOLDERS);
        parts.find_map(|end| {
            let part = path.get(..end)?;
            self.link_in(folder(part), base_name(part))
        })
    }

    /// The link of this name in a folder, if it leads nowhere, and its target.
    fn link_in(&self, in_folder: &str, name: &str) -> Option<(String, String)> {
        let real = self.tree.resolve(in_folder)?;
        let link = joined(&format!("/{real}"), name);
        let link = link.trim_start_matches('/');
        match &self.tree.get(link)?.fact.kind {
            FactKind::Symlink(target) if self.tree.resolve(link).is_none() => {
                Some((link.to_owned(), target.to_string()))
            }
            _ => None,
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
