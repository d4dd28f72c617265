//! A sieve for marks: which of many words may begin at a place.

/// The first four bytes of marks, and one bit for each value of their hash.
pub(super) struct Grams {
    slots: Box<[u64; 1024]>,
    /// How many bits are set before each word of `slots`.
    before: Box<[u32; 1024]>,
    /// Where in `marks` those of each set bit begin, and where the last end.
    begins: Vec<u32>,
    /// Sorted by their bit, each with the number of its mark.
    marks: Vec<([u8; 4], usize)>,
}

impl Grams {
    /// A sieve for marks, each given as the four bytes it can begin with, and a number.
    pub(super) fn new(marks: impl IntoIterator<Item = ([u8; 4], usize)>) -> Self {
        let mut marks: Vec<_> = marks.into_iter().collect();
        marks.sort_unstable_by_key(|(gram, number)| (slot(*gram), *gram, *number));
        let mut slots = Box::new([0_u64; 1024]);
        let mut begins = Vec::new();
        for (at, (gram, _)) in (0..).zip(&marks) {
            let (word, bit) = split(slot(*gram));
            if slots[word] & bit == 0 {
                slots[word] |= bit;
                begins.push(at);
            }
        }
        begins.push(u32::try_from(marks.len()).unwrap_or(u32::MAX));
        let mut before = Box::new([0; 1024]);
        let mut count = 0;
        for (before, slots) in before.iter_mut().zip(slots.iter()) {
            *before = count;
            count += slots.count_ones();
        }
        Self {
            slots,
            before,
            begins,
            marks,
        }
    }

    /// Whether a mark may begin with these bytes; seldom wrong.
    #[inline]
    pub(super) fn may_hold(&self, gram: [u8; 4]) -> bool {
        let (word, bit) = split(slot(gram));
        self.slots[word] & bit != 0
    }

    /// The numbers of the marks that begin with these bytes, in order.
    pub(super) fn marks(&self, gram: [u8; 4]) -> impl Iterator<Item = usize> {
        let (word, bit) = split(slot(gram));
        let marks = match self.slots[word] & bit {
            0 => &[],
            _ => {
                let lower = (self.slots[word] & (bit - 1)).count_ones();
                let at = (self.before[word] + lower) as usize;
                &self.marks[self.begins[at] as usize..self.begins[at + 1] as usize]
            }
        };
        marks
            .iter()
            .filter(move |(other, _)| *other == gram)
            .map(|(_, number)| *number)
    }
}

/// The word of a bit, and the bit in it.
#[inline]
fn split(slot: usize) -> (usize, u64) {
    (slot / 64, 1 << (slot % 64))
}

/// Which bit stands for four bytes.
#[inline]
fn slot(gram: [u8; 4]) -> usize {
    (u32::from_le_bytes(gram).wrapping_mul(0x9E37_79B1) >> 16) as usize
}

/// Every way in which the first four bytes of a mark, or of a short one and what follows it, can
/// read.
pub(super) fn beginnings(mark: &[u8], then: &[u8]) -> Vec<[u8; 4]> {
    let mut grams = vec![mark[..mark.len().min(4)].to_vec()];
    while grams.first().is_some_and(|gram| gram.len() < 4) {
        grams = grams
            .iter()
            .flat_map(|gram| then.iter().map(move |next| [gram, &[*next][..]].concat()))
            .collect();
    }
    grams
        .iter()
        .filter_map(|gram| gram.first_chunk::<4>().copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn marks_are_those_that_were_given(
            grams in proptest::collection::vec(proptest::array::uniform4(0_u8..4), 0..300),
            asked in proptest::array::uniform4(0_u8..4),
        ) {
            let sieve = Grams::new(grams.iter().copied().zip(0..));
            for gram in grams.iter().copied().chain([asked]) {
                let expected: Vec<usize> =
                    (0..grams.len()).filter(|number| grams[*number] == gram).collect();
                prop_assert_eq!(sieve.marks(gram).collect::<Vec<_>>(), expected.clone());
                prop_assert!(expected.is_empty() || sieve.may_hold(gram));
            }
        }
    }
}
