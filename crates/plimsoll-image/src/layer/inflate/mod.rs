//! Deflate (RFC 1951), decoded as it streams.
//!
//! Of our own because inflating is what most of a look into an image is, and no crate both streams
//! and is fast: this one takes three quarters of zlib-rs's time.

mod code;
mod symbols;

use std::fmt;

use self::code::{DISTANCE_SIZE, LENGTHS_SIZE, LITLEN_SIZE};
use self::symbols::Step;

/// Bytes that a match may reach back.
pub(crate) const WINDOW: usize = 32 << 10;
/// Free bytes that output must have before a symbol is decoded: the longest match, and what is
/// written past its end.
pub(crate) const MARGIN: usize = 258 + 2 * STRIDE;
/// Bytes of a match that are copied at once.
const STRIDE: usize = 40;
/// Bytes of input that the fast loop wants before it: two times eight for the bits, and to spare.
const INPUT_MARGIN: usize = 32;

/// In which order the lengths of codewords for lengths come.
const ORDER: [u8; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// Why decoding stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// All input is used, some of it may be kept as bits.
    NeedInput,
    /// Less than [`MARGIN`] bytes of output are free.
    OutputFull,
    /// The stream is over.
    End,
}

/// How a stream breaks the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    BlockType,
    StoredLength,
    TooManyCodes,
    Lengths,
    NoEnd,
    LitLenCode,
    DistanceCode,
    Symbol,
    Distance,
    TooFarBack,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BlockType => "a block of no known type",
            Self::StoredLength => "a stored block whose length is not confirmed",
            Self::TooManyCodes => "more codes than there are symbols",
            Self::Lengths => "code lengths that are none",
            Self::NoEnd => "a block that cannot end",
            Self::LitLenCode => "lengths of literal codes that make no code",
            Self::DistanceCode => "lengths of distance codes that make no code",
            Self::Symbol => "a literal or length that does not exist",
            Self::Distance => "a distance that does not exist",
            Self::TooFarBack => "a distance that reaches back before the beginning",
        })
    }
}

#[derive(Clone, Copy)]
enum State {
    /// Before the header of a block.
    Header,
    StoredLength,
    /// In a stored block; bytes left of it.
    Stored(usize),
    /// Before the counts of a dynamic block.
    Counts,
    /// Among the lengths of the code for lengths; how many there are.
    Order(usize),
    /// Among the lengths of the two codes; how many there are.
    Lengths(usize),
    /// Among the symbols of a block.
    Symbols,
    End,
}

/// A deflate stream being decoded.
pub(super) struct Inflate {
    /// Bits that were taken from the input and not used yet, the next one lowest.
    bits: u64,
    /// How many they are; above them `bits` is zero.
    count: u32,
    state: State,
    /// Whether this block is the last.
    last: bool,
    litlens: usize,
    distances: usize,
    /// Lengths of the code for lengths that are written; the others are zero.
    written: usize,
    order: [u8; 19],
    lengths: [u8; 320],
    lengths_table: [u32; LENGTHS_SIZE],
    litlen: [u32; LITLEN_SIZE],
    distance: [u32; DISTANCE_SIZE],
}

impl Inflate {
    pub(super) fn new() -> Box<Self> {
        Box::new(Self {
            bits: 0,
            count: 0,
            state: State::Header,
            last: false,
            litlens: 0,
            distances: 0,
            written: 0,
            order: [0; 19],
            lengths: [0; 320],
            lengths_table: [0; LENGTHS_SIZE],
            litlen: [0; LITLEN_SIZE],
            distance: [0; DISTANCE_SIZE],
        })
    }

    /// Begins another stream. Bits that were taken from the input stay.
    pub(super) fn restart(&mut self) {
        self.state = State::Header;
        self.last = false;
    }

    /// The next whole byte behind the end of a stream.
    pub(super) fn byte(&mut self, input: &[u8], at: &mut usize) -> Option<u8> {
        self.need(8, input, at).then(|| self.take(8) as u8)
    }

    /// Whether [`Self::byte`] has one without input.
    pub(super) fn holds_byte(&self) -> bool {
        self.count >= 8
    }

    /// Decodes `input` from `at` to `output` from `to`, and moves both. What of `output` lies
    /// between `base` and `to` is what matches may reach back to.
    pub(super) fn inflate(
        &mut self,
        input: &[u8],
        at: &mut usize,
        output: &mut [u8],
        to: &mut usize,
        base: usize,
    ) -> Result<Status, Problem> {
        loop {
            match self.state {
                State::Header => {
                    if self.last {
                        self.align();
                        self.state = State::End;
                        continue;
                    }
                    if !self.need(3, input, at) {
                        return Ok(Status::NeedInput);
                    }
                    self.last = self.take(1) == 1;
                    self.state = match self.take(2) {
                        0 => {
                            self.align();
                            State::StoredLength
                        }
                        1 => {
                            self.fixed()?;
                            State::Symbols
                        }
                        2 => State::Counts,
                        _ => return Err(Problem::BlockType),
                    };
                }
                State::StoredLength => {
                    if !self.need(32, input, at) {
                        return Ok(Status::NeedInput);
                    }
                    let length = self.take(16);
                    if self.take(16) != !length & 0xffff {
                        return Err(Problem::StoredLength);
                    }
                    self.state = State::Stored(length as usize);
                }
                State::Stored(left) => {
                    let left = left - self.stored(left, input, at, output, to);
                    if left > 0 {
                        self.state = State::Stored(left);
                        return Ok(if output.len() - *to < MARGIN {
                            Status::OutputFull
                        } else {
                            Status::NeedInput
                        });
                    }
                    self.state = State::Header;
                }
                State::Counts => {
                    if !self.need(14, input, at) {
                        return Ok(Status::NeedInput);
                    }
                    self.litlens = self.take(5) as usize + 257;
                    self.distances = self.take(5) as usize + 1;
                    self.written = self.take(4) as usize + 4;
                    if self.litlens > 286 || self.distances > 30 {
                        return Err(Problem::TooManyCodes);
                    }
                    self.order = [0; 19];
                    self.state = State::Order(0);
                }
                State::Order(there) => {
                    for (done, symbol) in ORDER.iter().enumerate().take(self.written).skip(there) {
                        if !self.need(3, input, at) {
                            self.state = State::Order(done);
                            return Ok(Status::NeedInput);
                        }
                        self.order[usize::from(*symbol)] = self.take(3) as u8;
                    }
                    code::lengths(&mut self.lengths_table, &self.order)
                        .map_err(|_| Problem::Lengths)?;
                    self.state = State::Lengths(0);
                }
                State::Lengths(there) => {
                    let there = self.read_lengths(there, input, at)?;
                    let all = self.litlens + self.distances;
                    if there < all {
                        self.state = State::Lengths(there);
                        return Ok(Status::NeedInput);
                    }
                    if self.lengths[256] == 0 {
                        return Err(Problem::NoEnd);
                    }
                    let (litlens, distances) = self.lengths[..all].split_at(self.litlens);
                    code::litlen(&mut self.litlen, litlens).map_err(|_| Problem::LitLenCode)?;
                    code::distance(&mut self.distance, distances)
                        .map_err(|_| Problem::DistanceCode)?;
                    self.state = State::Symbols;
                }
                State::Symbols => {
                    if self.symbols(input, at, output, to, base)? {
                        self.state = State::Header;
                        continue;
                    }
                    // At the edges of input and output symbol for symbol.
                    loop {
                        if output.len() - *to < MARGIN {
                            return Ok(Status::OutputFull);
                        }
                        match self.symbol(input, at, output, to, base)? {
                            Step::Short => return Ok(Status::NeedInput),
                            Step::EndOfBlock => {
                                self.state = State::Header;
                                break;
                            }
                            Step::Done if input.len() - *at >= INPUT_MARGIN => break,
                            Step::Done => {}
                        }
                    }
                }
                State::End => return Ok(Status::End),
            }
        }
    }

    /// Takes whole bytes from the input until there are `want` bits; whether there are.
    fn need(&mut self, want: u32, input: &[u8], at: &mut usize) -> bool {
        while self.count < want {
            let Some(byte) = input.get(*at) else {
                return false;
            };
            self.bits |= u64::from(*byte) << self.count;
            self.count += 8;
            *at += 1;
        }
        true
    }

    /// Uses bits that are there, sixteen at most.
    fn take(&mut self, count: u32) -> u32 {
        let value = (self.bits & ((1 << count) - 1)) as u32;
        self.bits >>= count;
        self.count -= count;
        value
    }

    /// Passes over what is left of a byte.
    fn align(&mut self) {
        self.take(self.count & 7);
    }

    /// Copies what there is and has room of a stored block of which `left` bytes are left.
    fn stored(
        &mut self,
        left: usize,
        input: &[u8],
        at: &mut usize,
        output: &mut [u8],
        to: &mut usize,
    ) -> usize {
        let mut room = left.min(output.len() - *to);
        let mut copied = 0;
        while room > 0 && self.count >= 8 {
            output[*to] = self.take(8) as u8;
            (*to, room, copied) = (*to + 1, room - 1, copied + 1);
        }
        let count = room.min(input.len() - *at);
        output[*to..*to + count].copy_from_slice(&input[*at..*at + count]);
        (*to, *at) = (*to + count, *at + count);
        copied + count
    }

    /// Reads on in the lengths of both codes, of which `there` are read; how many are then.
    fn read_lengths(
        &mut self,
        mut there: usize,
        input: &[u8],
        at: &mut usize,
    ) -> Result<usize, Problem> {
        let all = self.litlens + self.distances;
        while there < all {
            // Seven bits of a codeword and seven more at most.
            let enough = self.need(14, input, at);
            let entry = self.lengths_table[self.bits as usize % LENGTHS_SIZE];
            let (bits, symbol) = (entry & 0xff, entry >> 8);
            let (extra, least) = match symbol {
                16 => (2, 3),
                17 => (3, 3),
                18 => (7, 11),
                _ => (0, 1),
            };
            if !enough && self.count < bits + extra {
                return Ok(there);
            }
            self.take(bits);
            let end = there + least + self.take(extra) as usize;
            let length = match symbol {
                0..16 => symbol as u8,
                16 if there == 0 => return Err(Problem::Lengths),
                16 => self.lengths[there - 1],
                _ => 0,
            };
            if end > all {
                return Err(Problem::Lengths);
            }
            self.lengths[there..end].fill(length);
            there = end;
        }
        Ok(there)
    }

    /// The codes that need no description (RFC 1951, 3.2.6).
    fn fixed(&mut self) -> Result<(), Problem> {
        let mut lengths = [8; 288];
        lengths[144..256].fill(9);
        lengths[256..280].fill(7);
        code::litlen(&mut self.litlen, &lengths).map_err(|_| Problem::LitLenCode)?;
        code::distance(&mut self.distance, &[5; 32]).map_err(|_| Problem::DistanceCode)
    }
}

#[cfg(test)]
mod tests;
