//! What git ignores, and the folders that a search passed over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use plimsoll_model::{Skipped, Topic};

use super::Folder;
use crate::project::shown;

/// Folders that are named of those passed over.
const NAMED: usize = 5;
/// Folders below one another that are only looked into where git does not ignore them.
const MOST_ROUNDS: usize = 16;
/// Times that git is started for one search.
const MOST_STARTS: usize = 128;

/// Folders that a search passed over.
#[derive(Clone, Debug, Default)]
pub(crate) struct PassedOver {
    /// The folders.
    pub(crate) folders: Vec<PathBuf>,
    /// Whether some of them only because git could not be asked.
    pub(super) is_unasked: bool,
}

impl PassedOver {
    /// Adds those of another search.
    pub(crate) fn add(&mut self, other: Self) {
        self.folders.extend(other.folders);
        self.is_unasked |= other.is_unasked;
    }

    /// What a report says of them.
    pub(crate) fn skipped(mut self) -> Option<Skipped> {
        self.folders.sort();
        self.folders.dedup();
        let count = self.folders.len();
        let first = self.folders.iter().take(NAMED);
        let mut named: Vec<String> = first.map(|path| shown(path)).collect();
        match count {
            0 => return None,
            _ if count > NAMED => named.push(format!("and {} more", count - NAMED)),
            _ => {}
        }
        let unasked = match self.is_unasked {
            true => ", and `target` and `vendor` where git could not be asked",
            false => "",
        };
        Some(Skipped::new(
            Topic::Rules,
            match count {
                1 => "1 folder".to_owned(),
                _ => format!("{count} folders"),
            },
            format!(
                "dependencies, caches and what git ignores are passed over{unasked}: {}; name one to \
                 look into it",
                named.join(", ")
            ),
        ))
    }
}

/// Asks git, within bounds: each time starts a program.
#[derive(Debug, Default)]
pub(super) struct Ignored {
    rounds: usize,
    starts: usize,
}

impl Ignored {
    /// Those that git does not ignore; the others are passed over. What lies in no repository is a
    /// project's own. Where git cannot be asked, what is most often built or others' is taken for that.
    pub(super) fn without(
        &mut self,
        folders: Vec<Folder>,
        passed_over: &mut PassedOver,
    ) -> Vec<Folder> {
        let mut of_one: BTreeMap<Option<Rc<Path>>, Vec<Folder>> = BTreeMap::new();
        for folder in folders {
            let repository = folder.repository.clone();
            of_one.entry(repository).or_default().push(folder);
        }
        self.rounds += 1;
        let mut kept = Vec::new();
        for (repository, folders) in of_one {
            let Some(repository) = repository else {
                kept.extend(folders);
                continue;
            };
            let ignored = self.ask(&repository, &folders);
            for folder in folders {
                let is_out = match &ignored {
                    Some(ignored) => ignored.contains(&folder.path),
                    None => folder.is_built_or_vendored(),
                };
                if is_out {
                    passed_over.is_unasked |= ignored.is_none();
                    passed_over.folders.push(folder.path);
                } else {
                    kept.push(folder);
                }
            }
        }
        kept
    }

    /// Which of them git ignores; nothing where it cannot be asked.
    fn ask(
        &mut self,
        repository: &Path,
        folders: &[Folder],
    ) -> Option<std::collections::HashSet<PathBuf>> {
        if self.rounds > MOST_ROUNDS || self.starts == MOST_STARTS {
            return None;
        }
        self.starts += 1;
        let paths: Vec<&Path> = folders.iter().map(|folder| folder.path.as_path()).collect();
        let ignored = crate::git::ignored(repository, &paths)?;
        Some(ignored.into_iter().collect())
    }
}
