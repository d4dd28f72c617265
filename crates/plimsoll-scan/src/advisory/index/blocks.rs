//! DETAILS: what records say besides, in blocks of some 32 kB, each packed by itself.

use std::fmt;
use std::sync::Arc;

use super::format::{MAX_BLOCK, sum, u32_in};

/// DETAIL_INDEX: four numbers a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blocks<'i> {
    pub(super) index: &'i [u8],
}

impl Blocks<'_> {
    fn field(&self, block: usize, field: usize) -> Option<u32> {
        u32_in(self.index, block.checked_mul(4)?.checked_add(field)?)
    }

    /// The first record of a block.
    pub(super) fn first(&self, block: usize) -> Option<u32> {
        self.field(block, 0)
    }

    /// Unpacked bytes of a block.
    fn length(&self, block: usize) -> Option<usize> {
        let length = usize::try_from(self.field(block, 2)?).ok()?;
        (length <= MAX_BLOCK).then_some(length)
    }

    /// The last block whose first record is not behind this one.
    pub(super) fn of(&self, record: u32) -> Option<usize> {
        let (mut low, mut high) = (0, self.index.len() / 16);
        while low < high {
            let middle = low.midpoint(high);
            if self.first(middle)? <= record {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low.checked_sub(1)
    }

    /// The packed bytes of a block, verified.
    fn packed<'d>(&self, block: usize, details: &'d [u8]) -> Option<&'d [u8]> {
        let end = usize::try_from(self.field(block, 1)?).ok()?;
        let start = match block.checked_sub(1) {
            Some(before) => usize::try_from(self.field(before, 1)?).ok()?,
            None => 0,
        };
        let packed = details.get(start..end)?;
        (sum(packed) == self.field(block, 3)?).then_some(packed)
    }
}

/// What unpacks blocks.
#[derive(Default)]
pub(super) struct Unpacker {
    /// Making one takes longer than unpacking a block does.
    decompressor: Option<zstd::bulk::Decompressor<'static>>,
    /// The block that was unpacked last, and its number: neighbours are asked for one after another.
    last: Option<(usize, Arc<Vec<u8>>)>,
}

impl fmt::Debug for Unpacker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.last.as_ref().map(|(number, _)| number);
        formatter.debug_tuple("Unpacker").field(&last).finish()
    }
}

impl Unpacker {
    /// A block of `details`, unpacked, and how many bytes had to be unpacked for it; nothing where it
    /// is damaged.
    pub(super) fn block(
        &mut self,
        blocks: Blocks<'_>,
        number: usize,
        details: &[u8],
    ) -> Option<(Arc<Vec<u8>>, usize)> {
        if let Some((known, block)) = &self.last
            && *known == number
        {
            return Some((Arc::clone(block), 0));
        }
        let packed = blocks.packed(number, details)?;
        let decompressor = match &mut self.decompressor {
            Some(decompressor) => decompressor,
            none => none.insert(zstd::bulk::Decompressor::new().ok()?),
        };
        let block = decompressor.decompress(packed, blocks.length(number)?);
        let block = Arc::new(block.ok()?);
        self.last = Some((number, Arc::clone(&block)));
        let unpacked = block.len();
        Some((block, unpacked))
    }
}
