//! Carries a layer's bytes from one thread to the next: what reads and hashes the blob, what
//! inflates, what hashes the layer and what reads the tar work at the same time, on the same memory.

use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::thread::Scope;

use plimsoll_model::Digest;
use sha2::{Digest as _, Sha256};

use super::chunk::Chunk;
use super::hashing::Feed;
use super::queue::{Receiver, queue};

/// Pieces under way between two threads at most; memory of a layer is bounded by it.
const DEPTH: usize = 8;

/// What comes through: a piece, or why there are no more. The end is nothing at all.
type Item = io::Result<Arc<Chunk>>;

/// A source of pieces, to be read.
pub(super) struct Pipe<'a> {
    next: Box<dyn FnMut() -> Option<Item> + Send + 'a>,
    chunk: Option<Arc<Chunk>>,
    position: usize,
    passed: u64,
    hasher: Option<Sha256>,
    hashing: Option<Feed>,
    /// Whether what it reads could not be had to its end.
    has_failed: bool,
}

impl<'a> Pipe<'a> {
    /// Reads what `next` gives, on the thread that reads.
    pub(super) fn new(next: impl FnMut() -> Option<Item> + Send + 'a) -> Self {
        Self {
            next: Box::new(next),
            chunk: None,
            position: 0,
            passed: 0,
            hasher: None,
            hashing: None,
            has_failed: false,
        }
    }

    /// Hashes what is read, on the thread that reads.
    pub(super) fn hashed(mut self) -> Self {
        self.hasher = Some(Sha256::new());
        self
    }

    /// Lets others hash what is read.
    pub(super) fn hashed_by(mut self, hashing: Feed) -> Self {
        self.hashing = Some(hashing);
        self
    }

    /// The digest of all that was read, where it was hashed here.
    pub(super) fn digest(&mut self) -> Option<Digest> {
        let hasher = self.hasher.take()?;
        Some(Digest::from_sha256(hasher.finalize().into()))
    }

    /// Lets a thread of `scope` read ahead. What it reads goes to `hashing`, too, where that is
    /// given.
    pub(super) fn ahead<'scope>(
        mut self,
        scope: &'scope Scope<'scope, '_>,
        hashing: Option<Feed>,
    ) -> Pipe<'scope>
    where
        'a: 'scope,
    {
        let (sender, receiver) = queue(DEPTH);
        scope.spawn(move || {
            while let Some(item) = self.item() {
                let copy = item.as_ref().ok().map(Arc::clone);
                if sender.send(item).is_err() {
                    return;
                }
                let Some(copy) = copy else { return };
                // Whoever hashes waits for nobody, so this never waits for long.
                if let Some(hashing) = &hashing {
                    hashing.send(copy);
                }
            }
            if let Some(hashing) = hashing {
                hashing.complete();
            }
        });
        Pipe::received(receiver)
    }

    fn received(receiver: Receiver<Item>) -> Self
    where
        Item: 'a,
    {
        Self::new(move || receiver.receive())
    }

    /// The next piece whole; for a pipe that is not read from.
    pub(super) fn item(&mut self) -> Option<Item> {
        let item = self.hashed_item();
        if let Some(Ok(chunk)) = &item {
            self.passed += chunk.len() as u64;
        }
        item
    }

    /// The next piece, on its way past whoever hashes: there is no other way out.
    fn hashed_item(&mut self) -> Option<Item> {
        let item = (self.next)();
        match &item {
            Some(Ok(chunk)) => {
                if let Some(hasher) = &mut self.hasher {
                    hasher.update(&***chunk);
                }
                if let Some(hashing) = &self.hashing {
                    hashing.send(Arc::clone(chunk));
                }
            }
            // A stream that was not read to its end has no digest.
            Some(Err(_)) => {
                self.hashing = None;
                self.has_failed = true;
            }
            None => {
                if let Some(hashing) = self.hashing.take() {
                    hashing.complete();
                }
            }
        }
        item
    }

    /// Whether it gave an error: what is made of its bytes is not to blame then.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// Bytes that were read from it.
    pub(super) fn passed(&self) -> u64 {
        self.passed
    }
}

impl BufRead for Pipe<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self
            .chunk
            .as_ref()
            .is_none_or(|chunk| self.position == chunk.len())
        {
            // The piece goes back before another one is asked for.
            self.chunk = None;
            self.position = 0;
            match self.hashed_item() {
                Some(next) => self.chunk = Some(next?),
                None => return Ok(&[]),
            }
        }
        Ok(match &self.chunk {
            Some(chunk) => &chunk[self.position..],
            None => &[],
        })
    }

    fn consume(&mut self, count: usize) {
        if let Some(chunk) = &self.chunk {
            let count = count.min(chunk.len() - self.position);
            self.position += count;
            self.passed += count as u64;
        }
    }
}

impl Read for Pipe<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let there = self.fill_buf()?;
        let count = there.len().min(buffer.len());
        buffer[..count].copy_from_slice(&there[..count]);
        self.consume(count);
        Ok(count)
    }
}
