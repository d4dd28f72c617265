//! What earlier updates fetched and this one was not asked for, and how old all of it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::known::Known;
use super::lists::digest;
use super::{DAY, MARK, UpdateError, is_name};
use crate::advisory::Snapshot;

/// An ecosystem or a list that stays in the index as an earlier update fetched it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its name; of a security pocket its suite.
    pub ecosystem: String,
    /// When its mirror was last asked, in seconds since 1970 (UTC), where that was written down.
    pub checked: Option<i64>,
    /// Its archive, or the folder of the pocket: without it, it is no longer part of the index.
    pub archive: PathBuf,
}

/// The lists that the index of the last update was made of, by what that wrote down.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct KeptLists {
    /// Those that are one file, by name, with their SHA-256 in hexadecimal.
    files: BTreeMap<String, String>,
    /// Of each suite the architectures.
    pub(super) pockets: BTreeMap<String, BTreeSet<String>>,
}

impl KeptLists {
    /// Those that still lie in the folder.
    pub(super) fn read(folder: &Path) -> Self {
        let mut lists = Self::default();
        let mark = fs::read_to_string(folder.join(MARK)).unwrap_or_default();
        for line in mark.lines() {
            let Some((path, hash)) = line.rsplit_once(' ') else {
                continue;
            };
            let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            // Earlier versions wrote them with the folder.
            let path = Path::new(path);
            let path = path.strip_prefix(folder).unwrap_or(path);
            if !is_hash || !folder.join(path).is_file() {
                continue;
            }
            if let Some((suite, architecture)) = suite_and_architecture(path) {
                lists.pockets.entry(suite).or_default().insert(architecture);
            } else if let Some(name) = path.to_str().filter(|name| is_name(name)) {
                lists
                    .files
                    .insert(name.to_owned(), hash.to_ascii_lowercase());
            }
        }
        lists
    }

    /// A list that is one file, where it is as it was fetched: half of one reads like a shorter one.
    ///
    /// # Errors
    /// It is another one.
    pub(super) fn file(&self, folder: &Path, name: &str) -> Result<Option<Kept>, UpdateError> {
        let Some(hash) = self.files.get(name) else {
            return Ok(None);
        };
        let path = folder.join(name);
        let known = Known::of(&path);
        let found = digest(&path).map_err(|source| UpdateError::Io {
            path: path.clone(),
            source,
        })?;
        // An update that fetched a newer one need not have come to its end.
        if found != *hash && known.sha256.as_ref() != Some(&found) {
            return Err(UpdateError::Kept {
                again: format!("--{}", name.to_ascii_lowercase()),
                archive: path,
                why: "it is not what was fetched".to_owned(),
            });
        }
        Ok(Some(Kept {
            ecosystem: name.to_owned(),
            checked: known.checked,
            archive: path,
        }))
    }
}

/// What a path below the folder says: `pockets/dists/SUITE/COMPONENT/binary-ARCHITECTURE/FILE`.
fn suite_and_architecture(path: &Path) -> Option<(String, String)> {
    let words: Vec<&str> = path.to_str()?.split('/').collect();
    let ["pockets", "dists", suite @ .., _, architecture, _] = words.as_slice() else {
        return None;
    };
    let are_names = !suite.is_empty() && words.iter().all(|word| is_name(word));
    let architecture = architecture.strip_prefix("binary-")?;
    are_names.then(|| (suite.join("/"), architecture.to_owned()))
}

/// The archives in a folder that nobody asks for now, by name.
pub(super) fn kept(folder: &Path, asked: &[String]) -> Vec<Kept> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut kept: Vec<Kept> = entries
        .filter_map(|entry| {
            let archive = entry.path();
            let name = entry.file_name().into_string().ok()?;
            let ecosystem = name.strip_suffix(".zip")?.to_owned();
            // What was not put in place by an update has no such words beside it.
            let is_whole = archive.with_extension("json").is_file();
            let is_kept = is_whole && is_name(&ecosystem) && !asked.contains(&ecosystem);
            is_kept.then(|| Kept {
                checked: Known::of(&archive).checked,
                ecosystem,
                archive,
            })
        })
        .collect();
    kept.sort_by(|one, other| one.ecosystem.cmp(&other.ecosystem));
    kept
}

/// Until when the sources of an index are known to have had nothing newer.
pub(super) struct Times {
    /// All of them: nothing where one does not tell.
    pub(super) all: Option<i64>,
    /// Each ecosystem, as [`SnapshotEcosystem::checked`](crate::advisory::SnapshotEcosystem::checked)
    /// has it.
    pub(super) each: Vec<(String, i64)>,
}

impl Times {
    /// Those of some ecosystems.
    pub(super) fn of<'n>(known: impl Iterator<Item = (&'n str, Known)>) -> Self {
        let known: Vec<(&str, Known)> = known.collect();
        let mut newest: BTreeMap<&str, Option<i64>> = BTreeMap::new();
        for (_, one) in &known {
            let newest = newest.entry(&one.mirror).or_default();
            *newest = (*newest).max(one.holding.newest);
        }
        let each = known.iter().filter_map(|(name, one)| {
            let newest = (*newest.get(one.mirror.as_str())?)?;
            Some(((*name).to_owned(), one.checked?.min(newest)))
        });
        Self {
            each: each.collect(),
            // Nothing is less than any.
            all: known.iter().map(|(_, one)| one.checked).min().flatten(),
        }
    }

    /// Whether an index says the same, to the day.
    pub(super) fn are_those_of(&self, index: &Snapshot) -> bool {
        let day = |time: Option<i64>| time.map(|time| time.div_euclid(DAY));
        let of = |name: &str| self.each.iter().find(|(known, _)| known == name);
        let mut ecosystems = index.ecosystems.iter();
        day(index.checked) == day(self.all)
            && ecosystems.all(|one| day(one.checked) == day(of(&one.name).map(|(_, time)| *time)))
    }
}
