//! Decoding tables of Huffman codes (RFC 1951, 3.2.2 and 3.2.5).
//!
//! A table is looked up with as many bits of the stream as it has an index for; what it gives says
//! how many of them were used. Codewords that are longer lead on to a subtable behind the table.

/// Bits looked up at once for a literal or length.
pub(super) const LITLEN_BITS: u32 = 11;
/// Bits looked up at once for a distance.
pub(super) const DISTANCE_BITS: u32 = 8;
/// Bits looked up at once for the length of a codeword: no such code has longer ones.
pub(super) const LENGTHS_BITS: u32 = 7;

// The subtables of the worst code there can be end at 2342 entries, and at 402. Powers of two, so
// that a mask makes every index one of the table.
pub(super) const LITLEN_SIZE: usize = 4096;
pub(super) const DISTANCE_SIZE: usize = 512;
pub(super) const LENGTHS_SIZE: usize = 1 << LENGTHS_BITS;

// An entry is a number, from the lowest bit:
//   8 bits   bits of the stream that it uses, extra bits counted (of a pointer: of the table)
//   4 bits   of a length or distance the bits of the codeword alone; of a pointer the bits that
//            the subtable is looked up with; a literal's value takes these bits and the next four
//  from 16   of a length or distance its least value; of a pointer where the subtable begins
// and one or two flags at the top.

/// Of literals and lengths: the entry is a literal.
pub(super) const LITERAL: u32 = 1 << 31;
/// Of literals and lengths: neither literal nor length, but one of the next two, or no codeword.
pub(super) const SPECIAL: u32 = 1 << 30;
/// Leads on to a subtable.
pub(super) const POINTER: u32 = 1 << 29;
/// The end of the block.
pub(super) const END: u32 = 1 << 28;
/// Of distances: [`POINTER`]'s like, or no codeword. A distance has no bit left for more.
pub(super) const FAR: u32 = 1 << 31;
/// Of distances, beside [`FAR`]: no codeword.
pub(super) const NONE: u32 = 1 << 15;

/// The longest codeword.
const MAX_BITS: usize = 15;
const SYMBOLS: usize = 288;

/// Lengths that are no code.
#[derive(Debug)]
pub(super) struct BadCode;

/// The code of literals and lengths.
pub(super) fn litlen(table: &mut [u32; LITLEN_SIZE], lengths: &[u8]) -> Result<(), BadCode> {
    let shape = Shape {
        bits: LITLEN_BITS,
        may_be_lone: true,
        nothing: SPECIAL,
    };
    let pointer = |start, width| SPECIAL | POINTER | start << 16 | width << 8 | LITLEN_BITS;
    build(table, &shape, lengths, pointer, |symbol, length| {
        let entry = LITLENS.get(symbol).copied().unwrap_or(SPECIAL);
        if entry & (LITERAL | SPECIAL) != 0 {
            entry | length
        } else {
            entry + (length << 8 | length)
        }
    })
}

/// The code of distances.
pub(super) fn distance(table: &mut [u32; DISTANCE_SIZE], lengths: &[u8]) -> Result<(), BadCode> {
    let shape = Shape {
        bits: DISTANCE_BITS,
        may_be_lone: true,
        nothing: FAR | NONE,
    };
    let pointer = |start, width| FAR | start << 16 | width << 8 | DISTANCE_BITS;
    build(
        table,
        &shape,
        lengths,
        pointer,
        |symbol, length| match DISTANCES.get(symbol) {
            Some(entry) => entry + (length << 8 | length),
            None => FAR | NONE | length,
        },
    )
}

/// The code of code lengths: entries hold the symbol from bit 8 on.
pub(super) fn lengths(table: &mut [u32; LENGTHS_SIZE], lengths: &[u8; 19]) -> Result<(), BadCode> {
    let shape = Shape {
        bits: LENGTHS_BITS,
        may_be_lone: false,
        nothing: 0,
    };
    build(
        table,
        &shape,
        lengths,
        |_, _| 0,
        |symbol, length| (symbol as u32) << 8 | length,
    )
}

/// What literals and lengths decode to, the bits of the codeword left out.
const LITLENS: [u32; 286] = {
    let mut entries = [0; 286];
    let mut symbol = 0;
    while symbol < 286 {
        entries[symbol] = match symbol {
            0..256 => LITERAL | (symbol as u32) << 8,
            256 => SPECIAL | END,
            // Four codewords for each number of extra bits; the last stands for itself.
            257..265 => (symbol as u32 - 254) << 16,
            265..285 => {
                let extra = (symbol as u32 - 261) / 4;
                (((4 + (symbol as u32 - 1) % 4) << extra) + 3) << 16 | extra
            }
            _ => 258 << 16,
        };
        symbol += 1;
    }
    entries
};

const DISTANCES: [u32; 30] = {
    let mut entries = [0; 30];
    let mut symbol = 0;
    while symbol < 30 {
        entries[symbol] = match symbol {
            0..4 => (symbol as u32 + 1) << 16,
            // Two codewords for each number of extra bits.
            _ => {
                let extra = (symbol as u32 - 2) / 2;
                (((2 + symbol as u32 % 2) << extra) + 1) << 16 | extra
            }
        };
        symbol += 1;
    }
    entries
};

struct Shape {
    /// Bits that the table is looked up with.
    bits: u32,
    /// Whether it may lack codewords: none at all, or one alone, of one bit. No other code may.
    may_be_lone: bool,
    /// The entry for bits that are no codeword.
    nothing: u32,
}

/// Fills `table` for codewords of these lengths, by symbol. `pointer` makes the entry that leads to
/// a subtable, by its place and its bits, and `entry` that of a symbol, by the length of what is
/// left of its codeword.
fn build(
    table: &mut [u32],
    shape: &Shape,
    lengths: &[u8],
    pointer: impl Fn(u32, u32) -> u32,
    entry: impl Fn(usize, u32) -> u32,
) -> Result<(), BadCode> {
    let bits = shape.bits as usize;
    let mut counts = [0_u16; MAX_BITS + 1];
    for length in lengths {
        counts[usize::from(length & 15)] += 1;
    }
    // Where the symbols of each length begin among all, sorted by length.
    let mut offsets = [0_u16; MAX_BITS + 2];
    let mut left = 1_i32;
    let mut longest = 0;
    for length in 1..=MAX_BITS {
        left = (left << 1) - i32::from(counts[length]);
        if left < 0 {
            return Err(BadCode);
        }
        if counts[length] > 0 {
            longest = length;
        }
        offsets[length + 1] = offsets[length] + counts[length];
    }
    if left > 0 {
        if !shape.may_be_lone || longest > 1 {
            return Err(BadCode);
        }
        table[..1 << bits].fill(shape.nothing);
        if let Some(symbol) = lengths.iter().position(|length| *length == 1) {
            let entry = entry(symbol, 1);
            for slot in table[..1 << bits].iter_mut().step_by(2) {
                *slot = entry;
            }
        }
        return Ok(());
    }
    let mut sorted = [0_u16; SYMBOLS];
    for (symbol, length) in lengths
        .iter()
        .enumerate()
        .filter(|(_, length)| **length > 0)
    {
        let offset = &mut offsets[usize::from(length & 15)];
        sorted[usize::from(*offset)] = symbol as u16;
        *offset += 1;
    }
    let mut symbols = sorted.iter().map(|symbol| usize::from(*symbol));
    let mut next_symbol = || symbols.next().unwrap_or_default();
    // Codewords in order, but with their bits reversed, since a stream gives the first one lowest.
    let mut codeword = 0;
    let mut size = 1;
    for (length, count) in counts.iter().enumerate().take(bits + 1).skip(1) {
        // What is there holds whatever the further bit, until longer codewords replace it.
        table.copy_within(..size, size);
        size *= 2;
        for _ in 0..*count {
            table[codeword] = entry(next_symbol(), length as u32);
            codeword = next(codeword, length);
        }
    }
    let mut start = 0;
    let mut end = size;
    let mut beginning = usize::MAX;
    for length in bits + 1..=longest {
        for done in 0..counts[length] {
            if codeword & (size - 1) != beginning {
                beginning = codeword & (size - 1);
                // As wide as the codewords that begin so need.
                let mut width = length - bits;
                let mut used = i32::from(counts[length] - done);
                while used < 1 << width && bits + width < longest {
                    width += 1;
                    used = 2 * used + i32::from(counts[bits + width]);
                }
                start = end;
                end += 1 << width;
                table[beginning] = pointer(start as u32, width as u32);
            }
            let entry = entry(next_symbol(), (length - bits) as u32);
            let slots = table[start..end].iter_mut();
            for slot in slots.skip(codeword >> bits).step_by(1 << (length - bits)) {
                *slot = entry;
            }
            codeword = next(codeword, length);
        }
    }
    Ok(())
}

/// The codeword of `length` bits behind `codeword`, both reversed.
fn next(codeword: usize, length: usize) -> usize {
    let zeros = codeword ^ ((1 << length) - 1);
    match zeros.checked_ilog2() {
        Some(highest) => codeword & ((1 << highest) - 1) | 1 << highest,
        None => codeword,
    }
}
