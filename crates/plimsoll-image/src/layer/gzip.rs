//! gzip (RFC 1952): members one after the other, each checked against its sum and its length.

use std::io::{self, BufRead, Read};

use super::inflate::{Inflate, MARGIN, Status, WINDOW};

/// Of a name, a comment or an extra field.
const FIELD_LIMIT: usize = 64 << 10;
/// What [`GzipReader`] decodes at once.
const PIECE: usize = 64 << 10;

/// Decodes gzip to where there is room for it.
pub(super) struct Gunzip {
    inflate: Box<Inflate>,
    at: At,
    sum: crc32fast::Hasher,
    /// Bytes of this member so far, as far as a member counts them.
    length: u32,
    /// How much of what was decoded matches may reach back to.
    window: usize,
}

enum At {
    Start,
    Member,
    End,
}

impl Gunzip {
    pub(super) fn new() -> Self {
        Self {
            inflate: Inflate::new(),
            at: At::Start,
            sum: crc32fast::Hasher::new(),
            length: 0,
            window: 0,
        }
    }

    /// Decodes to `output` from `to` on until less than [`MARGIN`] bytes are free, and moves `to`;
    /// `false` at the end of the last member. Before `to` must stand the last [`WINDOW`] bytes that
    /// were decoded, or all of them.
    ///
    /// # Errors
    /// Whatever `source` gives; `InvalidData` and `UnexpectedEof` for what is not gzip.
    pub(super) fn fill(
        &mut self,
        source: &mut impl BufRead,
        output: &mut [u8],
        to: &mut usize,
    ) -> io::Result<bool> {
        loop {
            match self.at {
                At::Start => {
                    self.header(source)?;
                    self.at = At::Member;
                }
                At::Member => {
                    let input = source.fill_buf()?;
                    let exhausted = input.is_empty();
                    let (mut at, from) = (0, *to);
                    let base = from - self.window.min(from);
                    let status = self
                        .inflate
                        .inflate(input, &mut at, output, to, base)
                        .map_err(|problem| broken(problem.to_string()))?;
                    source.consume(at);
                    let new = &output[from..*to];
                    self.sum.update(new);
                    self.length = self.length.wrapping_add(new.len() as u32);
                    self.window = (self.window + new.len()).min(WINDOW);
                    match status {
                        Status::OutputFull => return Ok(true),
                        Status::NeedInput if exhausted => return Err(truncated()),
                        Status::NeedInput => {}
                        Status::End => {
                            self.trailer(source)?;
                            // What follows must be another member; nobody pads gzip.
                            let more = self.inflate.holds_byte() || !source.fill_buf()?.is_empty();
                            self.at = if more { At::Start } else { At::End };
                        }
                    }
                }
                At::End => return Ok(false),
            }
        }
    }

    fn header(&mut self, source: &mut impl BufRead) -> io::Result<()> {
        let mut check = crc32fast::Hasher::new();
        let mut fixed = [0; 10];
        for byte in &mut fixed {
            *byte = self.byte(source)?;
        }
        check.update(&fixed);
        if fixed[..2] != [0x1f, 0x8b] {
            return Err(broken("bytes that are no gzip header"));
        }
        if fixed[2] != 8 {
            return Err(broken("a gzip header of an unknown compression"));
        }
        let flags = fixed[3];
        let mut field = Vec::new();
        if flags & 4 != 0 {
            for _ in 0..2 {
                field.push(self.byte(source)?);
            }
            let length = usize::from(u16::from_le_bytes([field[0], field[1]]));
            for _ in 0..length {
                field.push(self.byte(source)?);
            }
            check.update(&field);
        }
        // A name and a comment, up to a zero.
        for flag in [8, 16] {
            if flags & flag == 0 {
                continue;
            }
            field.clear();
            while field.last() != Some(&0) {
                if field.len() > FIELD_LIMIT {
                    return Err(broken("a gzip header without end"));
                }
                field.push(self.byte(source)?);
            }
            check.update(&field);
        }
        if flags & 2 != 0 {
            let stored = u16::from_le_bytes([self.byte(source)?, self.byte(source)?]);
            if stored != check.finalize() as u16 {
                return Err(broken("a gzip header whose sum is wrong"));
            }
        }
        self.inflate.restart();
        self.sum = crc32fast::Hasher::new();
        self.length = 0;
        self.window = 0;
        Ok(())
    }

    fn trailer(&mut self, source: &mut impl BufRead) -> io::Result<()> {
        let mut trailer = [0; 8];
        for byte in &mut trailer {
            *byte = self.byte(source)?;
        }
        let sum = std::mem::take(&mut self.sum).finalize();
        if trailer[..4] != sum.to_le_bytes() {
            return Err(broken("gzip whose sum is wrong"));
        }
        if trailer[4..] != self.length.to_le_bytes() {
            return Err(broken("gzip whose length is wrong"));
        }
        Ok(())
    }

    /// The next byte outside of what is deflated.
    fn byte(&mut self, source: &mut impl BufRead) -> io::Result<u8> {
        let input = match self.inflate.holds_byte() {
            true => &[],
            false => source.fill_buf()?,
        };
        let mut at = 0;
        let byte = self.inflate.byte(input, &mut at).ok_or_else(truncated)?;
        source.consume(at);
        Ok(byte)
    }
}

fn broken(problem: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem.into())
}

fn truncated() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "gzip that ends too early")
}

/// Reads gzip decoded: every member, each checked against its sum and its length. Memory does not
/// depend on the input.
pub struct GzipReader<R> {
    source: R,
    gunzip: Gunzip,
    output: Vec<u8>,
    at: usize,
    end: usize,
    more: bool,
    /// What went wrong, to be told behind what was decoded before.
    failure: Option<io::Error>,
}

impl<R: BufRead> GzipReader<R> {
    /// Decodes `source`, which ends with the last member.
    pub fn new(source: R) -> Self {
        Self {
            source,
            gunzip: Gunzip::new(),
            output: vec![0; WINDOW + PIECE + MARGIN],
            at: 0,
            end: 0,
            more: true,
            failure: None,
        }
    }
}

impl<R: BufRead> BufRead for GzipReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.end && self.more {
            if let Some(error) = self.failure.take() {
                return Err(error);
            }
            let keep = self.end.min(WINDOW);
            self.output.copy_within(self.end - keep..self.end, 0);
            (self.at, self.end) = (keep, keep);
            let output = &mut self.output;
            match self.gunzip.fill(&mut self.source, output, &mut self.end) {
                Ok(more) => self.more = more,
                Err(error) => self.failure = Some(error),
            }
        }
        Ok(&self.output[self.at..self.end])
    }

    fn consume(&mut self, count: usize) {
        self.at = (self.at + count).min(self.end);
    }
}

impl<R: BufRead> Read for GzipReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let there = self.fill_buf()?;
        let count = there.len().min(buffer.len());
        buffer[..count].copy_from_slice(&there[..count]);
        self.consume(count);
        Ok(count)
    }
}
