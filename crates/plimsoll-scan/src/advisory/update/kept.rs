//! What earlier updates fetched and this one was not asked for, and how old all of it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{DAY, Known, is_name};
use crate::advisory::Snapshot;

/// An ecosystem that stays in the index as an earlier update fetched it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its name.
    pub ecosystem: String,
    /// When its mirror was last asked, in seconds since 1970 (UTC), where that was written down.
    pub checked: Option<i64>,
    /// Its archive: without it, it is no longer part of the index.
    pub archive: PathBuf,
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
