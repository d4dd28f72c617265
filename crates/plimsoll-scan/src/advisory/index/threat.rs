//! What others say of flaws by their CVE numbers: how likely they are to be exploited, and that they
//! are.
//!
//! ```text
//! SCORES     probability and percentile, in billionths, as `by_cve` has them
//! EXPLOITED  count varint · (CVE number, less the one before, varint · flags u8 · day it was added
//!            signed · day it is due signed)…
//! ```
//!
//! EXPLOITED is sorted by number; where a section is empty, nobody gave the list.

use std::collections::BTreeMap;

use plimsoll_model::Likelihood;

use super::by_cve::ByCve;
use super::format::{Reader, Section, Writer};
use super::{Index, IndexError};

/// What a catalogue says of a flaw that is known to be exploited. Days are counted from 1970 on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exploitation {
    /// Since when it is in the catalogue.
    pub added: Option<i64>,
    /// Until when those who must heed the catalogue must have mended it.
    pub due: Option<i64>,
    /// Whether ransomware is known to use it.
    pub ransomware: bool,
}

const RANSOMWARE: u8 = 1;
const ADDED: u8 = 2;
const DUE: u8 = 4;

/// EXPLOITED.
pub(crate) fn write_exploited(entries: &BTreeMap<u64, Exploitation>) -> Vec<u8> {
    let mut out = Vec::new();
    out.varint(entries.len() as u64);
    let mut before = 0;
    for (cve, entry) in entries {
        out.varint(cve - before);
        before = *cve;
        let when = |there: bool, flag: u8| if there { flag } else { 0 };
        out.push(
            when(entry.ransomware, RANSOMWARE)
                | when(entry.added.is_some(), ADDED)
                | when(entry.due.is_some(), DUE),
        );
        out.signed(entry.added.unwrap_or(0));
        out.signed(entry.due.unwrap_or(0));
    }
    out
}

/// The scores of an index: for each flaw how likely, then the percentile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scores<'i>(ByCve<'i>);

impl Scores<'_> {
    /// The score of a CVE number, without its day, which is that of all.
    pub(crate) fn of(&self, cve: u64) -> Option<Likelihood> {
        let (probability, percentile) = self.0.of(cve)?;
        Some(Likelihood {
            probability,
            percentile,
            date: None,
        })
    }
}

fn read_exploited(bytes: &[u8]) -> Option<BTreeMap<u64, Exploitation>> {
    let mut from = Reader::new(bytes);
    let mut found = BTreeMap::new();
    let mut cve = 0_u64;
    for _ in 0..from.count()? {
        cve = cve.checked_add(from.varint()?)?;
        let flags = from.u8()?;
        let (added, due) = (from.signed()?, from.signed()?);
        let entry = Exploitation {
            added: (flags & ADDED != 0).then_some(added),
            due: (flags & DUE != 0).then_some(due),
            ransomware: flags & RANSOMWARE != 0,
        };
        found.insert(cve, entry);
    }
    Some(found)
}

impl Index {
    /// The scores that it holds; none where nobody gave any.
    ///
    /// # Errors
    /// The index is damaged.
    pub(crate) fn scores(&self) -> Result<Option<Scores<'_>>, IndexError> {
        match self.section(Section::Scores)? {
            [] => Ok(None),
            bytes => ByCve::read(bytes)
                .map(|scores| Some(Scores(scores)))
                .ok_or_else(|| self.damaged("its EPSS scores")),
        }
    }

    /// The flaws that are known to be exploited; none where nobody gave a catalogue.
    ///
    /// # Errors
    /// The index is damaged.
    pub(crate) fn exploited(&self) -> Result<Option<BTreeMap<u64, Exploitation>>, IndexError> {
        match self.section(Section::Exploited)? {
            [] => Ok(None),
            bytes => read_exploited(bytes)
                .map(Some)
                .ok_or_else(|| self.damaged("its catalogue of exploited flaws")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn entries_come_back(
            known in proptest::collection::btree_map(
                any::<u64>(), (any::<Option<i64>>(), any::<Option<i64>>(), any::<bool>()), 0..20,
            ),
        ) {
            let known: BTreeMap<u64, Exploitation> = known
                .into_iter()
                .map(|(cve, (added, due, ransomware))| (cve, Exploitation { added, due, ransomware }))
                .collect();
            prop_assert_eq!(read_exploited(&write_exploited(&known)), Some(known));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let _ = read_exploited(&bytes);
        }
    }
}
