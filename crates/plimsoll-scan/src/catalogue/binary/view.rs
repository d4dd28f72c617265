//! A file as far as it is at hand: whole in memory, or the ranges of a large one that were kept.

/// The ranges of a file that can be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    /// Offset and bytes of each range.
    pieces: &'a [(u64, &'a [u8])],
}

impl<'a> View<'a> {
    /// The file of which these ranges are there.
    pub(crate) fn new(pieces: &'a [(u64, &'a [u8])]) -> Self {
        Self { pieces }
    }

    /// `length` bytes at `offset`, if all of them are at hand.
    pub(crate) fn get(&self, offset: u64, length: u64) -> Option<&'a [u8]> {
        self.pieces.iter().find_map(|(start, piece)| {
            let from = usize::try_from(offset.checked_sub(*start)?).ok()?;
            let to = from.checked_add(usize::try_from(length).ok()?)?;
            piece.get(from..to)
        })
    }

    /// What is at hand from `offset` on, `length` bytes at most.
    pub(crate) fn up_to(&self, offset: u64, length: u64) -> &'a [u8] {
        self.pieces
            .iter()
            .filter_map(|(start, piece)| {
                let from = usize::try_from(offset.checked_sub(*start)?).ok()?;
                let rest = piece.get(from..)?;
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                Some(rest.get(..length).unwrap_or(rest))
            })
            .max_by_key(|bytes| bytes.len())
            .unwrap_or_default()
    }

    /// Every range, with its offset.
    pub(crate) fn pieces(&self) -> &'a [(u64, &'a [u8])] {
        self.pieces
    }
}
