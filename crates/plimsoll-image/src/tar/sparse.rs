//! Files with holes (GNU tar manual, "Storing Sparse Files").

use std::io::{self, BufRead};

use super::number::{decimal, numeric};
use super::{BLOCK, TarReader, broken, truncated};

/// Bounds the memory of a map.
const PIECES_LIMIT: usize = 100_000;

/// Offset and length of data between holes.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    offset: u64,
    length: u64,
}

/// What comes next in a sparse file.
pub(super) enum Step {
    Hole(usize),
    Data(usize),
}

/// Where the data of a sparse file belongs.
pub(super) struct Map {
    pieces: std::vec::IntoIter<Piece>,
    current: Option<Piece>,
    position: u64,
}

impl Map {
    /// Pieces must be in order, inside the file, and use up the data that is there.
    pub(super) fn new(pieces: Vec<Piece>, size: u64, data: u64) -> io::Result<Self> {
        let mut end = 0;
        let mut sum = 0_u64;
        for piece in &pieces {
            let next = piece.offset.checked_add(piece.length);
            match next {
                Some(next) if piece.offset >= end && next <= size => end = next,
                _ => return Err(broken("a sparse map that overlaps or leaves the file")),
            }
            sum += piece.length;
        }
        if sum != data {
            return Err(broken("a sparse map that does not fit its data"));
        }
        let mut pieces = pieces.into_iter();
        Ok(Self {
            current: pieces.next(),
            pieces,
            position: 0,
        })
    }

    /// What comes next, at most `most` bytes, `most` > 0; [`Map::took`] passes it.
    pub(super) fn next(&mut self, most: usize) -> Step {
        loop {
            let Some(piece) = self.current else {
                return Step::Hole(most);
            };
            let end = piece.offset + piece.length;
            let upto = if self.position < piece.offset {
                piece.offset
            } else {
                end
            };
            let count = most.min(usize::try_from(upto - self.position).unwrap_or(most));
            if self.position < piece.offset {
                return Step::Hole(count);
            }
            if count > 0 {
                return Step::Data(count);
            }
            self.current = self.pieces.next();
        }
    }

    pub(super) fn took(&mut self, count: usize) {
        self.position += count as u64;
    }
}

/// Offsets and lengths, `separator` between them.
pub(super) fn parse_list(list: &[u8], separator: u8) -> io::Result<Vec<Piece>> {
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let mut numbers = list.split(|byte| *byte == separator).map(|word| {
        decimal(word)
            .and_then(|number| u64::try_from(number).ok())
            .ok_or_else(|| broken("a sparse map with something else than numbers"))
    });
    let mut pieces = Vec::new();
    while let Some(offset) = numbers.next() {
        let length = numbers
            .next()
            .ok_or_else(|| broken("a sparse map with half a piece"))??;
        push(
            &mut pieces,
            Piece {
                offset: offset?,
                length,
            },
        )?;
    }
    Ok(pieces)
}

fn push(pieces: &mut Vec<Piece>, piece: Piece) -> io::Result<()> {
    if pieces.len() == PIECES_LIMIT {
        return Err(broken("a sparse map with too many pieces"));
    }
    pieces.push(piece);
    Ok(())
}

impl<R: BufRead> TarReader<R> {
    /// The old GNU form: four pieces in the header, more in blocks behind it.
    pub(super) fn old_gnu_map(&mut self, header: &[u8; BLOCK]) -> io::Result<(Vec<Piece>, u64)> {
        let number = |field: &[u8]| {
            numeric(field)
                .and_then(|number| u64::try_from(number).ok())
                .ok_or_else(|| broken("a sparse map with something else than numbers"))
        };
        if &header[257..265] != b"ustar  \0" {
            return Err(broken("a GNU sparse file without GNU's mark"));
        }
        let size = number(&header[483..495])?;
        let mut pieces = Vec::new();
        let mut block = *header;
        let (mut table, mut more) = (386..482, 482);
        loop {
            for entry in block[table.clone()].chunks_exact(24) {
                if entry[0] == 0 {
                    break;
                }
                let (offset, length) = (number(&entry[..12])?, number(&entry[12..])?);
                push(&mut pieces, Piece { offset, length })?;
            }
            if block[more] == 0 {
                return Ok((pieces, size));
            }
            self.exact(&mut block)?;
            (table, more) = (0..504, 504);
            if block[0] == 0 && block[more] != 0 {
                return Err(broken("a sparse map with an empty block"));
            }
        }
    }

    /// Form 1.0: the map stands before the content, one number a line, filled up to a block.
    pub(super) fn leading_map(&mut self) -> io::Result<Vec<Piece>> {
        let mut text = Vec::new();
        let mut wanted: Option<usize> = None;
        loop {
            let lines = text.iter().filter(|byte| **byte == b'\n').count();
            if lines > 0 && wanted.is_none() {
                let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
                let count = decimal(first)
                    .and_then(|count| usize::try_from(count).ok())
                    .filter(|count| *count <= PIECES_LIMIT)
                    .ok_or_else(|| broken("a sparse map with too many pieces"))?;
                wanted = Some(1 + 2 * count);
            }
            if let Some(wanted) = wanted
                && lines >= wanted
            {
                let mut numbers = text.splitn(2, |byte| *byte == b'\n');
                numbers.next();
                let rest = numbers.next().unwrap_or_default();
                let list: Vec<&[u8]> = rest.split(|byte| *byte == b'\n').take(wanted - 1).collect();
                return parse_list(&list.join(&b'\n'), b'\n');
            }
            if self.physical < BLOCK as u64 {
                return Err(truncated());
            }
            // Three numbers of twenty digits never fill less than this.
            if text.len() > PIECES_LIMIT * 48 || lines == 0 && text.len() >= BLOCK {
                return Err(broken("a sparse map with too many pieces"));
            }
            let mut block = [0; BLOCK];
            self.exact(&mut block)?;
            self.physical -= BLOCK as u64;
            text.extend_from_slice(&block);
        }
    }
}
