//! Credentials as they are gathered: how many, and which of them are the same.

use std::collections::{BTreeMap, HashSet};
use std::ops::Deref;

use super::{Fingerprint, Hit};

/// Credentials told apart in one file; a file with more is made of nothing else.
pub(super) const MAX_HITS: usize = 200;

/// The credentials of a text, in the order in which they were told. Values count, not places: one
/// that comes again and again takes no other's place.
#[derive(Debug, Default)]
pub(super) struct Hits {
    told: Vec<Hit>,
    values: HashSet<Fingerprint>,
    full: bool,
}

impl Hits {
    /// Takes a credential in, unless it is one too many.
    pub(super) fn push(&mut self, hit: Hit) {
        if self.knows(hit.fingerprint) {
            self.told.push(hit);
        } else if self.values.len() < MAX_HITS {
            self.values.insert(hit.fingerprint);
            self.told.push(hit);
        } else {
            self.full = true;
        }
    }

    /// Notes that there was another that is not told.
    pub(super) fn leave_out(&mut self) {
        self.full = true;
    }

    /// Whether there were more than are told: looking for others is of no use.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// Whether a value was told.
    pub(super) fn knows(&self, value: Fingerprint) -> bool {
        self.values.contains(&value)
    }

    pub(super) fn retain(&mut self, keep: impl FnMut(&Hit) -> bool) {
        self.told.retain(keep);
    }
}

impl Extend<Hit> for Hits {
    fn extend<T: IntoIterator<Item = Hit>>(&mut self, hits: T) {
        for hit in hits {
            self.push(hit);
        }
    }
}

impl Deref for Hits {
    type Target = [Hit];

    fn deref(&self) -> &[Hit] {
        &self.told
    }
}

impl IntoIterator for Hits {
    type Item = Hit;
    type IntoIter = std::vec::IntoIter<Hit>;

    fn into_iter(self) -> Self::IntoIter {
        self.told.into_iter()
    }
}

/// Parts of a file that are told: of two that overlap the first is the surest.
#[derive(Debug, Default)]
pub(super) struct Parts(BTreeMap<u64, u64>);

impl Parts {
    /// Takes a part, unless some of it is taken.
    pub(super) fn take(&mut self, start: u64, end: u64) -> bool {
        let before = self.0.range(..end).next_back();
        if before.is_some_and(|(_, taken)| *taken > start) {
            return false;
        }
        if start < end {
            self.0.insert(start, end);
        }
        true
    }

    /// Forgets what ends before a place.
    pub(super) fn forget_before(&mut self, place: u64) {
        while let Some(first) = self.0.first_entry()
            && *first.get() < place
        {
            first.remove();
        }
    }
}

/// Drops hits that overlap with earlier ones.
pub(super) fn distinct(hits: impl IntoIterator<Item = Hit>) -> Vec<Hit> {
    let mut parts = Parts::default();
    let mut kept: Vec<Hit> = hits.into_iter().collect();
    kept.retain(|hit| parts.take(hit.start as u64, hit.end as u64));
    kept
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Severity;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_count_and_not_places() {
        let mut hits = Hits::default();
        let hit = |value: usize| Hit::of("x", Severity::Low, value, value.to_string().as_bytes());
        hits.extend((0..1000).map(|at| Hit {
            start: at,
            ..hit(0)
        }));
        hits.extend((1..MAX_HITS).map(hit));
        assert!(!hits.is_full());
        assert_eq!(hits.len(), 1000 + MAX_HITS - 1);
        hits.push(hit(MAX_HITS));
        assert!(hits.is_full());
        hits.push(hit(3));
        assert_eq!(hits.len(), 1000 + MAX_HITS);
    }

    proptest! {
        #[test]
        fn parts_are_taken_once(parts in proptest::collection::vec((0_u64..60, 1_u64..9), 0..30)) {
            let (mut taken, mut plain) = (Parts::default(), Vec::<(u64, u64)>::new());
            for (start, length) in parts {
                let end = start + length;
                let free = !plain.iter().any(|other| other.0 < end && start < other.1);
                prop_assert_eq!(taken.take(start, end), free);
                if free {
                    plain.push((start, end));
                }
            }
            taken.forget_before(30);
            prop_assert!(taken.0.values().all(|end| *end >= 30));
        }
    }
}
