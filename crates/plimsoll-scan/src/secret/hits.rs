//! Credentials as they are gathered: how many, and which of them are the same.

use std::collections::{BTreeMap, HashSet};
use std::ops::Deref;

use plimsoll_model::Severity;

use super::{Fingerprint, Hit};

/// Credentials of one severity told apart in one file; a file with more is made of nothing else.
pub(super) const MAX_HITS: usize = 200;

/// How many times as many may find no room before nothing else is looked for.
const IN_VAIN: usize = 10;

/// Room for credentials, as much for each severity: the mild take none of the bad one's.
#[derive(Debug)]
pub(crate) struct Room {
    most: usize,
    taken: [usize; Severity::Critical as usize + 1],
    left_out: usize,
}

impl Room {
    /// Room for so many of each severity.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            taken: Default::default(),
            left_out: 0,
        }
    }

    /// Whether there is a place for one.
    pub(crate) fn fits(&self, severity: Severity) -> bool {
        self.taken[severity as usize] < self.most
    }

    /// Takes the place of one, if there is one.
    pub(crate) fn take(&mut self, severity: Severity) -> bool {
        let fits = self.fits(severity);
        match fits {
            true => self.taken[severity as usize] += 1,
            false => self.left_out += 1,
        }
        fits
    }

    /// Notes others that found no room elsewhere.
    pub(super) fn leave_out(&mut self, more: usize) {
        self.left_out += more;
    }

    /// Whether there were more than found room.
    pub(super) fn overflows(&self) -> bool {
        self.left_out > 0
    }

    /// Whether looking for others is of no use.
    pub(super) fn is_full(&self) -> bool {
        self.left_out > self.most * IN_VAIN
    }
}

/// The credentials of a text, in the order in which they were told. Values count, not places: one
/// that comes again and again takes no other's place.
#[derive(Debug)]
pub(super) struct Hits {
    told: Vec<Hit>,
    values: HashSet<Fingerprint>,
    room: Room,
}

impl Default for Hits {
    fn default() -> Self {
        Self {
            told: Vec::new(),
            values: HashSet::new(),
            room: Room::new(MAX_HITS),
        }
    }
}

impl Hits {
    /// Takes a credential in, unless it is one too many.
    pub(super) fn push(&mut self, hit: Hit) {
        if self.knows(hit.fingerprint) {
            self.told.push(hit);
        } else if self.room.take(hit.severity) {
            self.values.insert(hit.fingerprint);
            self.told.push(hit);
        }
    }

    /// Notes that there was another that is not told.
    pub(super) fn leave_out(&mut self) {
        self.room.leave_out(1);
    }

    /// How many more there were than are told, as far as they were looked for.
    pub(super) fn left_out(&self) -> usize {
        self.room.left_out
    }

    /// Whether there were more than are told.
    pub(super) fn overflows(&self) -> bool {
        self.room.overflows()
    }

    /// Whether there were so many more that looking for others is of no use.
    pub(super) fn is_full(&self) -> bool {
        self.room.is_full()
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
        if self.has_some_of(start, end) {
            return false;
        }
        if start < end {
            self.0.insert(start, end);
        }
        true
    }

    /// Whether some of a part is taken.
    pub(super) fn has_some_of(&self, start: u64, end: u64) -> bool {
        let before = self.0.range(..end).next_back();
        before.is_some_and(|(_, taken)| *taken > start)
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
        assert!(!hits.overflows());
        assert_eq!(hits.len(), 1000 + MAX_HITS - 1);
        hits.push(hit(MAX_HITS));
        assert!(hits.overflows() && !hits.is_full());
        hits.push(hit(3));
        assert_eq!(hits.len(), 1000 + MAX_HITS);
    }

    /// What hurts is not hidden behind what hardly does, and somewhere there is an end.
    #[test]
    fn the_mild_take_no_room_of_the_bad() {
        let mut hits = Hits::default();
        let hit = |severity, value: usize| Hit::of("x", severity, value, &value.to_le_bytes());
        hits.extend((0..1000).map(|value| hit(Severity::Low, value)));
        hits.push(hit(Severity::Critical, 1001));
        assert_eq!(hits.len(), MAX_HITS + 1);
        assert!(hits.overflows() && !hits.is_full());
        hits.extend((0..MAX_HITS * (IN_VAIN + 2)).map(|value| hit(Severity::Low, value)));
        assert!(hits.is_full());
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
