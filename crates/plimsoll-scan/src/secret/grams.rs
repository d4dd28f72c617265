//! A sieve for marks: which of many words may begin at a place.

/// The first four bytes of marks, and one bit for each value of their hash.
pub(super) struct Grams {
    slots: Box<[u64; 1024]>,
    /// Sorted, each with the number of its mark.
    marks: Vec<([u8; 4], usize)>,
}

impl Grams {
    /// A sieve for marks, each given as the four bytes it can begin with, and a number.
    pub(super) fn new(marks: impl IntoIterator<Item = ([u8; 4], usize)>) -> Self {
        let mut marks: Vec<_> = marks.into_iter().collect();
        marks.sort_unstable();
        let mut slots = Box::new([0_u64; 1024]);
        for (gram, _) in &marks {
            let slot = slot(*gram);
            slots[slot / 64] |= 1 << (slot % 64);
        }
        Self { slots, marks }
    }

    /// Whether a mark may begin with these bytes; seldom wrong.
    #[inline]
    pub(super) fn may_hold(&self, gram: [u8; 4]) -> bool {
        let slot = slot(gram);
        self.slots[slot / 64] >> (slot % 64) & 1 == 1
    }

    /// The numbers of the marks that begin with these bytes, in order.
    pub(super) fn marks(&self, gram: [u8; 4]) -> impl Iterator<Item = usize> {
        let first = self.marks.partition_point(|(other, _)| *other < gram);
        self.marks[first..]
            .iter()
            .take_while(move |(other, _)| *other == gram)
            .map(|(_, number)| *number)
    }
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
