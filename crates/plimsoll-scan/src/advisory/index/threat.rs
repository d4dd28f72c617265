//! What others say of flaws by their CVE numbers: how likely they are to be exploited, and that they
//! are.
//!
//! ```text
//! SCORES     count u32 · CVE number u64… · probability u32… · percentile u32…, in billionths
//! EXPLOITED  count varint · (CVE number, less the one before, varint · flags u8 · day it was added
//!            signed · day it is due signed)…
//! ```
//!
//! Both are sorted by number; where a section is empty, nobody gave the list.

use std::collections::BTreeMap;

use plimsoll_model::Likelihood;

use super::format::{Reader, Section, Writer, u32_in, u64_at};
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

/// SCORES.
pub(crate) fn write_scores(
    scores: impl ExactSizeIterator<Item = (u64, u32, u32)> + Clone,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(4 + scores.len() * 16);
    out.extend((scores.len() as u32).to_le_bytes());
    for (cve, _, _) in scores.clone() {
        out.extend(cve.to_le_bytes());
    }
    for (_, probability, _) in scores.clone() {
        out.extend(probability.to_le_bytes());
    }
    for (_, _, percentile) in scores {
        out.extend(percentile.to_le_bytes());
    }
    out
}

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

/// The scores of an index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scores<'i> {
    numbers: &'i [u8],
    probabilities: &'i [u8],
    percentiles: &'i [u8],
}

impl<'i> Scores<'i> {
    fn read(bytes: &'i [u8]) -> Option<Self> {
        let mut from = Reader::new(bytes);
        let count = usize::try_from(from.u32()?).ok()?;
        Some(Self {
            numbers: from.bytes(count.checked_mul(8)?)?,
            probabilities: from.bytes(count.checked_mul(4)?)?,
            percentiles: from.bytes(count.checked_mul(4)?)?,
        })
    }

    /// The score of a CVE number, without its day, which is that of all.
    pub(crate) fn of(&self, cve: u64) -> Option<Likelihood> {
        let (mut low, mut high) = (0, self.numbers.len() / 8);
        while low < high {
            let middle = low.midpoint(high);
            if u64_at(self.numbers, middle.checked_mul(8)?)? < cve {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if u64_at(self.numbers, low.checked_mul(8)?)? != cve {
            return None;
        }
        Some(Likelihood {
            probability: u32_in(self.probabilities, low)?,
            percentile: u32_in(self.percentiles, low)?,
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
            bytes => Scores::read(bytes)
                .map(Some)
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
        fn scores_are_found(known: BTreeMap<u64, (u32, u32)>, other: u64) {
            let scores: Vec<(u64, u32, u32)> =
                known.iter().map(|(cve, (one, two))| (*cve, *one, *two)).collect();
            let bytes = write_scores(scores.iter().copied());
            let read = Scores::read(&bytes).unwrap();
            for cve in known.keys().copied().chain([other]) {
                let expected = known.get(&cve).map(|(probability, percentile)| Likelihood {
                    probability: *probability,
                    percentile: *percentile,
                    date: None,
                });
                prop_assert_eq!(read.of(cve), expected);
            }
        }

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
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, cve: u64) {
            let _ = read_exploited(&bytes);
            if let Some(scores) = Scores::read(&bytes) {
                let _ = scores.of(cve);
            }
        }
    }
}
