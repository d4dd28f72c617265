//! DETAILS: what records say besides, in blocks of some 32 kB, each packed by itself.

use std::fmt;

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

/// What unpacks blocks of one index.
#[derive(Default)]
pub(crate) struct Unpacker {
    /// Making one takes longer than unpacking a block does.
    decompressor: Option<zstd::bulk::Decompressor<'static>>,
    /// The number of the block that was unpacked last: neighbours are asked for one after another.
    last: Option<usize>,
    block: Vec<u8>,
    unpacked: u64,
}

impl fmt::Debug for Unpacker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Unpacker").field(&self.last).finish()
    }
}

impl Unpacker {
    /// Bytes that were unpacked.
    pub(crate) fn unpacked(&self) -> u64 {
        self.unpacked
    }

    /// A block of `details`, unpacked; nothing where it is damaged.
    pub(super) fn block(
        &mut self,
        blocks: Blocks<'_>,
        number: usize,
        details: &[u8],
    ) -> Option<&[u8]> {
        if self.last == Some(number) {
            return Some(&self.block);
        }
        self.last = None;
        let packed = blocks.packed(number, details)?;
        let decompressor = match &mut self.decompressor {
            Some(decompressor) => decompressor,
            none => none.insert(zstd::bulk::Decompressor::new().ok()?),
        };
        let length = blocks.length(number)?;
        self.block.clear();
        self.block.reserve(length);
        let unpacked = decompressor.decompress_to_buffer(packed, &mut self.block);
        // There may be more room than it is said to take.
        let unpacked = unpacked.ok().filter(|unpacked| *unpacked <= length)?;
        self.unpacked += unpacked as u64;
        self.last = Some(number);
        Some(&self.block)
    }
}
