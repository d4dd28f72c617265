//! The symbols of a block: literals, and matches that are copied from what was decoded before. Nearly
//! all the time of inflating passes here.

use super::code::{
    DISTANCE_BITS, DISTANCE_SIZE, END, FAR, LITERAL, LITLEN_BITS, LITLEN_SIZE, NONE, POINTER,
    SPECIAL,
};
use super::{INPUT_MARGIN, Inflate, MARGIN, Problem, STRIDE};

/// Bits of the longest length with its extra bits, and of the longest distance with its.
const LENGTH_MOST: u32 = 15 + 5;
const DISTANCE_MOST: u32 = 15 + 13;

/// What one symbol was.
pub(super) enum Step {
    Done,
    EndOfBlock,
    /// Its bits are not all there; nothing was used.
    Short,
}

impl Inflate {
    /// Decodes one symbol if all its bits are there.
    pub(super) fn symbol(
        &mut self,
        input: &[u8],
        at: &mut usize,
        output: &mut [u8],
        to: &mut usize,
        base: usize,
    ) -> Result<Step, Problem> {
        self.need(LENGTH_MOST + DISTANCE_MOST, input, at);
        let mut bits = Bits(self.bits, self.count);
        let mut entry = self.litlen[bits.peek(LITLEN_BITS)];
        if entry & POINTER != 0 {
            if !bits.skip(LITLEN_BITS) {
                return Ok(Step::Short);
            }
            entry = self.litlen[subtable(entry, bits.0) % LITLEN_SIZE];
        }
        let Some(length) = bits.value(entry) else {
            return Ok(Step::Short);
        };
        if entry & LITERAL != 0 {
            output[*to] = (entry >> 8) as u8;
            *to += 1;
            (self.bits, self.count) = (bits.0, bits.1);
            return Ok(Step::Done);
        }
        if entry & SPECIAL != 0 {
            if entry & END == 0 {
                return Err(Problem::Symbol);
            }
            (self.bits, self.count) = (bits.0, bits.1);
            return Ok(Step::EndOfBlock);
        }
        let mut entry = self.distance[bits.peek(DISTANCE_BITS)];
        if entry & (FAR | NONE) == FAR {
            if !bits.skip(DISTANCE_BITS) {
                return Ok(Step::Short);
            }
            entry = self.distance[subtable(entry, bits.0) % DISTANCE_SIZE];
        }
        if entry & FAR != 0 {
            // Of no codeword at all not a bit is needed.
            let known = bits.1 > 0 && bits.1 >= entry & 0xff;
            return if known {
                Err(Problem::Distance)
            } else {
                Ok(Step::Short)
            };
        }
        let Some(distance) = bits.value(entry) else {
            return Ok(Step::Short);
        };
        if distance > *to - base {
            return Err(Problem::TooFarBack);
        }
        for _ in 0..length {
            output[*to] = output[*to - distance];
            *to += 1;
        }
        (self.bits, self.count) = (bits.0, bits.1);
        Ok(Step::Done)
    }

    /// Decodes symbols as long as input and output are far from their ends; whether the block
    /// ended.
    ///
    /// Everything here is about what the processor waits for: the next entry is looked up before
    /// the bits are filled up and the match is copied, and up to four literals pass between two
    /// fillings. Bounds checks cost nothing that could be measured.
    #[inline(never)]
    pub(super) fn symbols(
        &mut self,
        input: &[u8],
        in_at: &mut usize,
        output: &mut [u8],
        out_to: &mut usize,
        base: usize,
    ) -> Result<bool, Problem> {
        let (mut at, mut to) = (*in_at, *out_to);
        let (Some(last_at), Some(last_to)) = (
            input.len().checked_sub(INPUT_MARGIN),
            output.len().checked_sub(MARGIN),
        ) else {
            return Ok(false);
        };
        if at > last_at || to > last_to {
            return Ok(false);
        }
        let (litlens, distances) = (&self.litlen, &self.distance);
        let mut bits = self.bits;
        // Only the lowest byte counts, so that a whole entry may be subtracted.
        let mut count = self.count;
        // Afterwards 56 bits are there at least; above them are bits that will be read again.
        macro_rules! fill {
            () => {
                bits |= load(input, at).wrapping_shl(count);
                at += 7;
                at -= (count >> 3 & 7) as usize;
                count |= 56;
            };
        }
        macro_rules! take {
            ($entry:expr) => {
                bits = bits.wrapping_shr($entry);
                count = count.wrapping_sub($entry);
            };
        }
        macro_rules! litlen {
            () => {
                litlens[bits as usize % (1 << LITLEN_BITS)]
            };
        }
        macro_rules! literal {
            ($entry:expr) => {
                output[to] = ($entry >> 8) as u8;
                to += 1;
            };
        }
        fill!();
        let mut entry = litlen!();
        let result = loop {
            if at > last_at || to > last_to {
                break Ok(false);
            }
            if entry & LITERAL != 0 {
                take!(entry);
                literal!(entry);
                entry = litlen!();
                if entry & LITERAL != 0 {
                    take!(entry);
                    literal!(entry);
                    entry = litlen!();
                    if entry & LITERAL != 0 {
                        take!(entry);
                        literal!(entry);
                        entry = litlen!();
                        if entry & LITERAL != 0 {
                            take!(entry);
                            literal!(entry);
                            entry = litlen!();
                            fill!();
                            continue;
                        }
                    }
                }
            }
            // 23 bits at least are left.
            let mut before = bits;
            take!(entry);
            if entry & SPECIAL != 0 {
                if entry & POINTER != 0 {
                    entry = litlens[subtable(entry, bits) % LITLEN_SIZE];
                    before = bits;
                    take!(entry);
                    if entry & LITERAL != 0 {
                        literal!(entry);
                        fill!();
                        entry = litlen!();
                        continue;
                    }
                }
                if entry & SPECIAL != 0 {
                    break if entry & END != 0 {
                        Ok(true)
                    } else {
                        Err(Problem::Symbol)
                    };
                }
            }
            let length = value(entry, before);
            // So many that the next literal or length may be looked up before filling again.
            if count as u8 <= (DISTANCE_MOST + LITLEN_BITS) as u8 {
                fill!();
            }
            let mut entry_of_distance = distances[bits as usize % (1 << DISTANCE_BITS)];
            if entry_of_distance & FAR != 0 {
                if entry_of_distance & NONE != 0 {
                    break Err(Problem::Distance);
                }
                take!(DISTANCE_BITS);
                entry_of_distance = distances[subtable(entry_of_distance, bits) % DISTANCE_SIZE];
                if entry_of_distance & FAR != 0 {
                    break Err(Problem::Distance);
                }
            }
            let distance = value(entry_of_distance, bits);
            take!(entry_of_distance);
            if distance > to - base {
                break Err(Problem::TooFarBack);
            }
            entry = litlen!();
            fill!();
            copy(output, to, distance, length);
            to += length;
        };
        // Whole bytes go back to the input they came from.
        let count = count & 63;
        let back = ((count / 8) as usize).min(at);
        self.count = count - 8 * back as u32;
        self.bits = bits & ((1 << self.count) - 1);
        *in_at = at - back;
        *out_to = to;
        result
    }
}

/// Bits and their number.
struct Bits(u64, u32);

impl Bits {
    fn peek(&self, count: u32) -> usize {
        self.0 as usize & ((1 << count) - 1)
    }

    fn skip(&mut self, count: u32) -> bool {
        let enough = self.1 >= count;
        if enough {
            *self = Self(self.0 >> count, self.1 - count);
        }
        enough
    }

    /// What an entry and its extra bits come to, which are used; `None` where they are not there.
    fn value(&mut self, entry: u32) -> Option<usize> {
        let value = value(entry, self.0);
        self.skip(entry & 0xff).then_some(value)
    }
}

/// Where a pointer leads with these bits.
fn subtable(entry: u32, bits: u64) -> usize {
    let width = entry >> 8 & 15;
    (entry >> 16 & 0xfff) as usize + (bits & ((1 << width) - 1)) as usize
}

/// The length or distance of an entry, with its extra bits.
#[inline(always)]
fn value(entry: u32, bits: u64) -> usize {
    let used = bits & !(u64::MAX.wrapping_shl(entry));
    (entry >> 16) as usize + (used >> (entry >> 8 & 15)) as usize
}

#[inline(always)]
fn load(input: &[u8], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&input[at..at + 8]);
    u64::from_le_bytes(bytes)
}

/// Copies a match of `length` bytes; writes up to twice [`STRIDE`] bytes past its end.
#[inline(always)]
fn copy(output: &mut [u8], mut to: usize, distance: usize, length: usize) {
    let mut from = to - distance;
    let end = to + length;
    if distance >= 8 {
        loop {
            let part = &mut output[from..to + STRIDE];
            part.copy_within(0..8, distance);
            part.copy_within(8..16, distance + 8);
            part.copy_within(16..24, distance + 16);
            part.copy_within(24..32, distance + 24);
            part.copy_within(32..40, distance + 32);
            from += STRIDE;
            to += STRIDE;
            if to >= end {
                return;
            }
        }
    }
    if distance == 1 {
        let byte = output[from];
        output[to..end].fill(byte);
        return;
    }
    // Of what a step writes one period is right, and that is where the next one goes on.
    while to < end {
        output.copy_within(from..from + 8, to);
        from += distance;
        to += distance;
    }
}
