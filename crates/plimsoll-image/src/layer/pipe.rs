//! Carries a layer from the thread that inflates it to the one that reads it, so that inflating is
//! the only wall.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

use plimsoll_model::Digest;
use sha2::{Digest as _, Sha256};

use super::stream::Inflated;
use crate::{Image, ImageError};

const CHUNK: usize = 256 << 10;
/// Chunks under way at most; memory of a layer is bounded by it.
const DEPTH: usize = 6;

type Chunk = io::Result<Vec<u8>>;

/// The reading end; hashes what passes.
pub(super) struct Pipe {
    chunks: Receiver<Chunk>,
    spent: SyncSender<Vec<u8>>,
    chunk: Vec<u8>,
    position: usize,
    hasher: Sha256,
    bytes: u64,
}

impl Pipe {
    /// Reads `source` on a thread of `scope` until it ends, fails, or `cancelled`.
    pub(super) fn spawn<'scope>(
        scope: &'scope Scope<'scope, '_>,
        mut source: Inflated,
        cancelled: impl Fn() -> bool + Send + 'scope,
    ) -> Self {
        let (full, chunks) = sync_channel::<Chunk>(DEPTH);
        let (spent, empty) = sync_channel::<Vec<u8>>(DEPTH + 1);
        scope.spawn(move || {
            loop {
                let mut chunk: Vec<u8> = empty.try_recv().unwrap_or_else(|_| vec![0; CHUNK]);
                chunk.resize(CHUNK, 0);
                let mut filled = 0;
                let end = loop {
                    match source.read(&mut chunk[filled..]) {
                        Ok(0) => break Some(Ok(())),
                        Ok(read) => filled += read,
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(error) => break Some(Err(error)),
                    }
                    if filled == CHUNK {
                        break None;
                    }
                };
                chunk.truncate(filled);
                if !chunk.is_empty() && full.send(Ok(chunk)).is_err() {
                    return;
                }
                match end {
                    None if cancelled() => {
                        let _ = full.send(Err(io::Error::other("cancelled")));
                        return;
                    }
                    None => {}
                    Some(Ok(())) => return,
                    Some(Err(error)) => {
                        let _ = full.send(Err(error));
                        return;
                    }
                }
            }
        });
        Self {
            chunks,
            spent,
            chunk: Vec::new(),
            position: 0,
            hasher: Sha256::new(),
            bytes: 0,
        }
    }

    /// To be called once everything was read: compares the digest, gives the number of bytes.
    pub(super) fn verify(
        self,
        image: &Image,
        index: usize,
        place: &str,
    ) -> Result<u64, ImageError> {
        let found = Digest::from_sha256(self.hasher.finalize().into());
        image.verify_layer(index, &found, place)?;
        Ok(self.bytes)
    }
}

impl BufRead for Pipe {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.position == self.chunk.len() {
            let Ok(next) = self.chunks.recv() else {
                return Ok(&[]);
            };
            let spent = std::mem::replace(&mut self.chunk, next?);
            // Where the other side is behind, the chunk is simply dropped.
            let _ = self.spent.try_send(spent);
            self.position = 0;
            self.hasher.update(&self.chunk);
            self.bytes += self.chunk.len() as u64;
        }
        Ok(&self.chunk[self.position..])
    }

    fn consume(&mut self, count: usize) {
        self.position = (self.position + count).min(self.chunk.len());
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let there = self.fill_buf()?;
        let count = there.len().min(buffer.len());
        buffer[..count].copy_from_slice(&there[..count]);
        self.consume(count);
        Ok(count)
    }
}
