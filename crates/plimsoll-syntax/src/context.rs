//! The build context: files that may enter an image, as plain data. Whoever may touch the disk
//! fills it in.

use std::collections::{BTreeMap, HashSet};

use plimsoll_model::SourceFile;

use crate::dockerignore::{FolderState, IgnoreFile};
use crate::glob;

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
    /// What of it could not be looked at.
    pub gaps: Vec<Gap>,
}

/// What of a context could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// There are more paths than this, and no more are listed.
    Paths(usize),
    /// What is in this folder is not listed.
    Folder {
        /// Path below the context.
        path: String,
        /// Why, in a few words.
        why: String,
    },
    /// A file that a rule asked for was not read.
    File {
        /// Path below the context.
        path: String,
        /// Why, in a few words.
        why: String,
    },
}

impl Context {
    /// Whether every path is listed: else that one is absent proves nothing.
    pub fn is_listed_whole(&self) -> bool {
        let hides = |gap: &Gap| !matches!(gap, Gap::File { .. });
        !self.gaps.iter().any(hides)
    }

    /// The entries that really enter a build: not kept out by the ignore file, and no sockets or
    /// devices. A folder that is kept out enters all the same where something in it does.
    pub fn effective(&self) -> impl Iterator<Item = &ContextEntry> {
        let enters = self.entering();
        self.entries
            .iter()
            .zip(enters)
            .filter_map(|(entry, enters)| enters.then_some(entry))
    }

    /// The entries a COPY or ADD of `source` brings: those it names, and all below a folder it
    /// names. `source` is expanded, and relative to the context.
    pub fn matching<'a>(
        &'a self,
        source: &str,
    ) -> impl Iterator<Item = &'a ContextEntry> + use<'a> {
        let source = glob::clean(&format!("/{source}"));
        let source = source.trim_start_matches('/').to_owned();
        let is_pattern = glob::has_wildcards(&source);
        let depth = source.split('/').count();
        self.effective().filter(move |entry| {
            if source.is_empty() {
                return true;
            }
            // The part of the path as deep as the pattern: the entry, or a folder above it.
            let end = entry
                .path
                .match_indices('/')
                .nth(depth - 1)
                .map_or(entry.path.len(), |(at, _)| at);
            let named = &entry.path[..end];
            if is_pattern {
                glob::matches(&source, named) == Ok(true)
            } else {
                named == source
            }
        })
    }

    /// For each entry, whether it enters.
    fn entering(&self) -> Vec<bool> {
        let usable = |entry: &ContextEntry| entry.kind != EntryKind::Other;
        let Some(source) = &self.ignore_file else {
            return self.entries.iter().map(usable).collect();
        };
        let (rules, _) = IgnoreFile::parse(source);
        // Parents in front of what is in them, each folder in one piece.
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by(|a, b| {
            let parts = |at: &usize| self.entries[*at].path.split('/');
            parts(a).cmp(parts(b))
        });
        let mut enters = vec![false; self.entries.len()];
        let mut holding: HashSet<&str> = HashSet::new();
        let mut above: Vec<(&str, FolderState)> = Vec::new();
        for at in order {
            let entry = &self.entries[at];
            let path = entry.path.as_str();
            let is_inside = |folder: &str| {
                path.strip_prefix(folder)
                    .is_some_and(|rest| rest.starts_with('/'))
            };
            while above.last().is_some_and(|(folder, _)| !is_inside(folder)) {
                above.pop();
            }
            // Folders that nobody listed decide too.
            let known = above.last().map_or(0, |(folder, _)| folder.len() + 1);
            for (slash, _) in path.match_indices('/').filter(|(slash, _)| *slash > known) {
                let parent = above.last().map(|(_, state)| state);
                let (_, state) = rules.decide(&path[..slash], parent);
                above.push((&path[..slash], state));
            }
            let (verdict, state) = rules.decide(path, above.last().map(|(_, state)| state));
            if entry.kind == EntryKind::Directory {
                above.push((path, state));
            }
            if verdict.is_none_or(|pattern| pattern.negated) && usable(entry) {
                enters[at] = true;
                for (slash, _) in path.rmatch_indices('/') {
                    if !holding.insert(&path[..slash]) {
                        break;
                    }
                }
            }
        }
        for (entry, enters) in self.entries.iter().zip(&mut enters) {
            *enters |= entry.kind == EntryKind::Directory && holding.contains(entry.path.as_str());
        }
        enters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(ignore: &str) -> Context {
        let entry = |path: &str, kind| ContextEntry {
            path: path.to_owned(),
            kind,
            size: 1,
        };
        let mut entries = vec![
            entry(".env", EntryKind::File),
            entry("app", EntryKind::Directory),
            entry("app-data", EntryKind::Directory),
            entry("app-data/x.csv", EntryKind::File),
            entry("app/main.py", EntryKind::File),
            entry("app/tests", EntryKind::Directory),
            entry("app/tests/keep", EntryKind::File),
            entry("app/tests/t.py", EntryKind::File),
            entry("run.sock", EntryKind::Other),
        ];
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Context {
            entries,
            ignore_file: Some(SourceFile::new(".dockerignore", ignore)),
            ..Context::default()
        }
    }

    fn paths<'a>(entries: impl Iterator<Item = &'a ContextEntry>) -> Vec<&'a str> {
        entries.map(|entry| entry.path.as_str()).collect()
    }

    #[test]
    fn what_enters_is_what_is_not_kept_out() {
        assert_eq!(
            paths(context("**/tests\n!app/tests/keep\n.env\n").effective()),
            [
                "app",
                "app-data",
                "app-data/x.csv",
                "app/main.py",
                "app/tests",
                "app/tests/keep"
            ]
        );
        assert_eq!(paths(context("*").effective()), Vec::<&str>::new());
        assert_eq!(context("").effective().count(), 8);
    }

    #[test]
    fn sources_match_entries_and_what_is_below() {
        let all = context("");
        assert_eq!(
            paths(all.matching("./app/")),
            [
                "app",
                "app/main.py",
                "app/tests",
                "app/tests/keep",
                "app/tests/t.py"
            ]
        );
        assert_eq!(paths(all.matching("/app*/*.csv")), ["app-data/x.csv"]);
        assert_eq!(paths(all.matching("app/*.py")), ["app/main.py"]);
        assert_eq!(all.matching(".").count(), 8);
        assert_eq!(all.matching("nothing").count(), 0);
    }
}
