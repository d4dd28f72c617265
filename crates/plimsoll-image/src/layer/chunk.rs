//! Pieces of a layer on their way from one thread to the next. Their memory is used again and
//! again: fresh memory costs the kernel as much as reading a file into it.

use std::io::{self, Read};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use super::inflate::{MARGIN, WINDOW};

/// Bytes of a piece at most. So few that a piece is still in the processor's cache when the next
/// one to look at it gets it.
pub(super) const CHUNK: usize = 256 << 10;
/// A buffer: what matches reach back to, a piece, and what inflating wants free behind it.
const BUFFER: usize = WINDOW + CHUNK + MARGIN;
/// Buffers that lie waiting at most.
const SPARE: usize = 64;

/// Where the memory of pieces goes back to.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool(Arc<Mutex<Vec<Vec<u8>>>>);

impl Pool {
    /// An empty piece.
    pub(super) fn chunk(&self) -> Chunk {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Chunk {
            buffer: spare.unwrap_or_else(|| vec![0; BUFFER]),
            start: 0,
            end: 0,
            pool: self.clone(),
        }
    }
}

/// A piece of a layer: the bytes of its buffer from `start` to `end`. What lies before `start` is
/// the end of the pieces before.
#[derive(Debug)]
pub(super) struct Chunk {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    pool: Pool,
}

impl Chunk {
    /// Begins as the continuation of another one, with as much of it as matches may reach back to.
    pub(super) fn follow(&mut self, before: &Self) {
        let keep = before.end.min(WINDOW);
        self.buffer[..keep].copy_from_slice(&before.buffer[before.end - keep..before.end]);
        (self.start, self.end) = (keep, keep);
    }

    /// The whole buffer and where the piece ends in it.
    pub(super) fn parts(&mut self) -> (&mut [u8], &mut usize) {
        (&mut self.buffer, &mut self.end)
    }

    /// Reads until it is full, or until `reader` ends or fails; then `ended` is set.
    pub(super) fn fill(&mut self, reader: &mut impl Read, ended: &mut bool) -> io::Result<()> {
        while self.end < self.start + CHUNK {
            match reader.read(&mut self.buffer[self.end..self.start + CHUNK]) {
                Ok(0) => {
                    *ended = true;
                    return Ok(());
                }
                Ok(count) => self.end = (self.end + count).min(self.start + CHUNK),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    *ended = true;
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

impl Deref for Chunk {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        let mut spare = self.pool.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < SPARE {
            spare.push(std::mem::take(&mut self.buffer));
        }
    }
}
