//! Turns a layer tar into a blob: digest, compression and digest again, side by side.
//!
//! The gzip stream is cut into blocks that are compressed on their own and joined into one member,
//! so that it depends on the tar only, never on how many processors there are.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use flate2::{Compress, Compression, FlushCompress, Status};
use plimsoll_model::Digest;
use sha2::{Digest as _, Sha256};

use super::store::Store;
use super::wire::Failure;

/// Bytes of tar in one compressed block. Part of what makes equal tars equal blobs.
const BLOCK: usize = 1 << 20;
/// gzip's own default: what a better level gains does not pay here.
const LEVEL: u32 = 6;
/// Threads that compress.
const MOST_WORKERS: usize = 8;
/// gzip member header (RFC 1952): deflate, no name, no time, unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// An empty final block with fixed codes (RFC 1951, 3.2.6).
const END: [u8; 2] = [3, 0];

/// A block of tar and its number.
type Job = (u64, Arc<Vec<u8>>);
/// The same block, compressed.
type Done = (u64, io::Result<Vec<u8>>);

/// A blob that is in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) diff_id: Digest,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
}

/// Reads the tar to its end and stores it compressed.
pub(crate) fn seal(tar: impl Read, store: &Store) -> Result<Sealed, Failure> {
    let fail = |error: io::Error| Failure::system("storing a layer", error);
    let file = tempfile::Builder::new()
        .prefix(".layer")
        .tempfile_in(store.blobs())
        .map_err(fail)?;
    let (diff_id, digest, size) = compress(tar, file.as_file()).map_err(fail)?;
    let target = store.blob(&digest);
    rustix::fs::fchmod(file.as_file(), rustix::fs::Mode::from_raw_mode(0o444))
        .map_err(|e| fail(e.into()))?;
    file.persist(&target).map_err(|e| fail(e.error))?;
    Ok(Sealed {
        diff_id,
        digest,
        size,
    })
}

fn compress(mut tar: impl Read, out: &File) -> io::Result<(Digest, Digest, u64)> {
    let workers = thread::available_parallelism()
        .map_or(1, std::num::NonZero::get)
        .min(MOST_WORKERS);
    thread::scope(|scope| {
        let (plain_sender, plain) = sync_channel::<Arc<Vec<u8>>>(4);
        let hashing = scope.spawn(move || {
            let mut digest = Sha256::new();
            let mut check = flate2::Crc::new();
            for block in plain {
                digest.update(&*block);
                check.update(&block);
            }
            (digest, check)
        });
        let (job_sender, jobs) = sync_channel::<Job>(workers);
        let jobs = Arc::new(Mutex::new(jobs));
        let (done_sender, done) = sync_channel::<Done>(workers);
        for _ in 0..workers {
            let (jobs, done) = (Arc::clone(&jobs), done_sender.clone());
            scope.spawn(move || work(&jobs, &done));
        }
        drop(done_sender);
        let writing = scope.spawn(move || write(done, out));
        let mut index = 0;
        let read = loop {
            let mut block = Vec::with_capacity(BLOCK);
            match (&mut tar).take(BLOCK as u64).read_to_end(&mut block) {
                Ok(0) => break Ok(()),
                Ok(_) => {}
                Err(error) => break Err(error),
            }
            let block = Arc::new(block);
            // A closed channel means that the other side failed; it says why when joined.
            if plain_sender.send(Arc::clone(&block)).is_err()
                || job_sender.send((index, block)).is_err()
            {
                break Ok(());
            }
            index += 1;
        };
        drop((plain_sender, job_sender));
        let stopped = || io::Error::other("a thread stopped");
        let (digest, check) = hashing.join().map_err(|_| stopped())?;
        let (mut out, mut blob, mut size) = writing.join().map_err(|_| stopped())??;
        read?;
        let mut tail = END.to_vec();
        tail.extend_from_slice(&check.sum().to_le_bytes());
        tail.extend_from_slice(&check.amount().to_le_bytes());
        blob.update(&tail);
        size += tail.len() as u64;
        out.write_all(&tail)?;
        out.flush()?;
        Ok((
            Digest::from_sha256(digest.finalize().into()),
            Digest::from_sha256(blob.finalize().into()),
            size,
        ))
    })
}

fn work(jobs: &Mutex<Receiver<Job>>, done: &SyncSender<Done>) {
    loop {
        let Ok((index, block)) = jobs
            .lock()
            .map_or(Err(()), |jobs| jobs.recv().map_err(|_| ()))
        else {
            return;
        };
        if done.send((index, deflate(&block))).is_err() {
            return;
        }
    }
}

/// One block, ended so that the next can follow on a byte boundary.
fn deflate(block: &[u8]) -> io::Result<Vec<u8>> {
    let mut compress = Compress::new(Compression::new(LEVEL), false);
    let mut out = Vec::with_capacity(block.len() / 2 + 1024);
    let mut rest = block;
    loop {
        out.reserve(64 << 10);
        let before = compress.total_in();
        let status = compress
            .compress_vec(rest, &mut out, FlushCompress::Sync)
            .map_err(io::Error::other)?;
        let used = usize::try_from(compress.total_in() - before).map_err(io::Error::other)?;
        rest = &rest[used.min(rest.len())..];
        // Room left over means that the flush is complete.
        if rest.is_empty() && out.len() < out.capacity() {
            return Ok(out);
        }
        if matches!(status, Status::StreamEnd) {
            return Err(io::Error::other("deflate ended early"));
        }
    }
}

type Written<'a> = (BufWriter<&'a File>, Sha256, u64);

/// Writes blocks in their order as they come in.
fn write(done: Receiver<Done>, out: &File) -> io::Result<Written<'_>> {
    let mut out = BufWriter::with_capacity(256 << 10, out);
    let mut digest = Sha256::new();
    let mut size = HEADER.len() as u64;
    digest.update(HEADER);
    out.write_all(&HEADER)?;
    let mut early: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    let mut next = 0;
    for (index, block) in done {
        early.insert(index, block?);
        while let Some(block) = early.remove(&next) {
            digest.update(&block);
            size += block.len() as u64;
            out.write_all(&block)?;
            next += 1;
        }
    }
    Ok((out, digest, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blob_is_one_gzip_member_and_repeats() {
        let mut content = Vec::new();
        let mut state = 1_u32;
        for _ in 0..900_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            content.extend_from_slice(&(state >> 20).to_le_bytes());
        }
        for length in [0, 1, BLOCK, BLOCK + 1, content.len()] {
            let content = &content[..length];
            let out = tempfile::NamedTempFile::new().unwrap();
            let (diff_id, digest, size) = compress(content, out.as_file()).unwrap();
            let stored = std::fs::read(out.path()).unwrap();
            assert_eq!(stored.len() as u64, size);
            assert_eq!(digest, Digest::from_sha256(Sha256::digest(&stored).into()));
            assert_eq!(diff_id, Digest::from_sha256(Sha256::digest(content).into()));
            let mut back = Vec::new();
            flate2::read::GzDecoder::new(&*stored)
                .read_to_end(&mut back)
                .unwrap();
            assert!(back == content);
            let again = tempfile::NamedTempFile::new().unwrap();
            assert_eq!(compress(content, again.as_file()).unwrap().1, digest);
        }
    }
}
