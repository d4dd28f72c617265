//! One pass over layers: fetch, digest, decompress, digest, tar entries; bounded, in parallel.

mod chunk;
mod gzip;
mod hashing;
mod inflate;
mod path;
mod pipe;
mod queue;
mod stream;

use std::cmp::Reverse;
use std::io::{self, BufRead, Read};
use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use self::chunk::Pool;
pub use self::gzip::GzipReader;
use self::hashing::{Digesting, Feed, Hashers};
use self::path::{Name, classify, normalise, push_text, text};
use self::pipe::Pipe;
pub use self::stream::LayerStream;
use self::stream::{Blob, Decoded};
use crate::compression::Compression;
use crate::tar::{Header, Kind, TarReader};
use crate::{Image, ImageError};

/// What an entry of a layer is. Whiteouts are told apart, not applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Regular file.
    File,
    /// Folder.
    Directory,
    /// Symbolic link and its target as written.
    Symlink(String),
    /// Hard link and the path it shares content with.
    Hardlink(String),
    /// Character device, block device or pipe.
    Special,
    /// `.wh.NAME`: `path` is what it deletes.
    Whiteout,
    /// `.wh..wh..opq`: everything below `path` from lower layers is gone.
    Opaque,
}

/// One entry of a layer.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Normalised path without leading slash, `..` or `.`. A byte that is no UTF-8 became U+FFFD and its
    /// two hexadecimal digits, and U+FFFD stands twice: each path has a text of its own. Empty for the
    /// root folder's own entry.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Bytes of content.
    pub size: u64,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Whether it carries `security.capability`.
    pub has_capabilities: bool,
}

/// Bounds against hostile layers.
#[derive(Clone, Copy, Debug)]
pub struct LayerLimits {
    /// Uncompressed bytes of one layer.
    pub bytes: u64,
    /// Entries of one layer.
    pub entries: u64,
    /// Uncompressed bytes per compressed byte, once past the first 64 MiB.
    pub ratio: u64,
}

impl Default for LayerLimits {
    fn default() -> Self {
        Self {
            bytes: 64 << 30,
            entries: 10_000_000,
            ratio: 1_500,
        }
    }
}

/// Takes the entries of one layer in order. One reader a layer, each on a thread of its own.
pub trait LayerReader: Send {
    /// Called for every entry; `content` lends the file's bytes (none unless a file) as they come
    /// by, in pieces as long as they lie together, and may be left unread.
    ///
    /// # Errors
    /// What `content` gives, passed on.
    fn entry(&mut self, entry: &Entry, content: &mut dyn BufRead) -> Result<(), ImageError>;
}

/// One layer that was walked.
#[derive(Debug)]
pub struct Walked<R> {
    /// Index among the image's layers, the lowest being 0.
    pub layer: usize,
    /// Its reader, with whatever came by until the end or until the layer broke.
    pub reader: R,
    /// Its measures, or how it breaks the rules: always [`ImageError::Invalid`].
    pub outcome: Result<LayerStats, ImageError>,
}

/// What a layer turned out to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LayerStats {
    /// Uncompressed bytes.
    pub bytes: u64,
    /// Entries.
    pub entries: u64,
}

/// Walks `layers` (indexes) in parallel; `reader(index)` makes the reader of each. Blob digest and
/// diff id are verified. A layer that breaks the rules (path escape, bomb, wrong digest) ends its
/// own walk only: the others are still walked, and its outcome says what is wrong with it.
///
/// Gives one result a layer, in the order of `layers`.
///
/// # Errors
/// A layer cannot be had at all (registry, engine or disk): the first of those in order.
pub fn walk<R: LayerReader>(
    image: &Image,
    limits: LayerLimits,
    layers: &[usize],
    reader: impl Fn(usize) -> R + Sync,
) -> Result<Vec<Walked<R>>, ImageError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    walk_on(cores, image, limits, layers, reader)
}

/// The same on so many cores. What is found does not depend on them: only who does the work does.
fn walk_on<R: LayerReader>(
    cores: usize,
    image: &Image,
    limits: LayerLimits,
    layers: &[usize],
    reader: impl Fn(usize) -> R + Sync,
) -> Result<Vec<Walked<R>>, ImageError> {
    // The largest first, so that none of them is left over for one thread at the end.
    let mut order: Vec<usize> = (0..layers.len()).collect();
    let size = |turn: &usize| Some(image.manifest.layers.get(*layers.get(*turn)?)?.size);
    order.sort_by_key(|turn| Reverse(size(turn)));
    let next = AtomicUsize::new(0);
    let failed = AtomicUsize::new(usize::MAX);
    let slots: Vec<Slot<R>> = layers.iter().map(|_| Mutex::new(None)).collect();
    let threads = cores.min(layers.len());
    let pool = Pool::default();
    let hashers = Hashers::on(cores);
    std::thread::scope(|scope| {
        let _closing = hashers.closing();
        let (order, slots, next, failed) = (&order, &slots, &next, &failed);
        let (pool, hashers, reader) = (&pool, &hashers, &reader);
        let work = move || {
            while let Some(turn) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                let (Some(slot), Some(layer)) = (slots.get(*turn), layers.get(*turn)) else {
                    continue;
                };
                // Every layer before the first that cannot be had is walked, so that the error
                // does not depend on timing.
                let cancelled = || failed.load(Ordering::Relaxed) < *turn;
                if cancelled() {
                    continue;
                }
                let mut reader = reader(*layer);
                let hash = || hashers.stream(scope);
                let walk = LayerWalk {
                    image,
                    index: *layer,
                    limits,
                    cores,
                    pool,
                    hash: &hash,
                    cancelled: &cancelled,
                };
                let outcome = walk.walk(&mut reader);
                if outcome
                    .as_ref()
                    .is_err_and(|error| !matches!(error, ImageError::Invalid { .. }))
                {
                    failed.fetch_min(*turn, Ordering::Relaxed);
                }
                if let Ok(mut slot) = slot.lock() {
                    *slot = Some(Walked {
                        layer: *layer,
                        reader,
                        outcome,
                    });
                }
            }
        };
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        work();
        for other in others {
            other.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
    });
    let mut walked = Vec::with_capacity(layers.len());
    for slot in slots {
        let slot = slot
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match slot {
            Some(Walked {
                outcome: Err(error),
                ..
            }) if !matches!(error, ImageError::Invalid { .. }) => return Err(error),
            Some(one) => walked.push(one),
            None => {}
        }
    }
    Ok(walked)
}

/// Where one layer's result is put; empty where the layer was not begun.
type Slot<R> = Mutex<Option<Walked<R>>>;

/// One layer to be walked.
struct LayerWalk<'a> {
    image: &'a Image,
    index: usize,
    limits: LayerLimits,
    /// How many threads run at once.
    cores: usize,
    pool: &'a Pool,
    /// Begins a stream that is hashed by others.
    hash: &'a (dyn Fn() -> (Feed, Digesting) + Sync),
    cancelled: &'a (dyn Fn() -> bool + Sync),
}

impl LayerWalk<'_> {
    /// Threads read the blob, inflate it and hash it ahead of this one, which reads the tar. What
    /// is small is not worth them, and what is at hand may not be worth one that reads.
    fn walk(&self, reader: &mut dyn LayerReader) -> Result<LayerStats, ImageError> {
        let mut blob = Blob::open_unhashed(self.image, self.index, self.pool.clone())?;
        let promise = blob.promise.take();
        let mut digesting = None;
        let outcome = std::thread::scope(|scope| {
            let compression = blob.compression;
            let is_small = blob.is_small;
            let is_verified_by_blob = compression == Compression::None && self.is_blob_the_layer();
            let mut feed = promise.as_ref().map(|_| {
                let (feed, digest) = (self.hash)();
                digesting = Some(digest);
                feed
            });
            let mut source = Pipe::new(move || match (self.cancelled)() {
                true => Some(Err(io::Error::other("cancelled"))),
                false => blob.next(),
            });
            // A plain layer is hashed as it is read, and reading it is not worth a thread, unless
            // its files are yet to be opened. Nor is a packed one at hand where inflating it, hashing
            // it and reading the tar take all cores: bytes that stay with one core are in its cache.
            let blobs = &self.image.blobs;
            let is_worth_a_thread = match is_verified_by_blob {
                true => blobs.is_made_up(),
                false => !blobs.is_at_hand() || self.cores > 2,
            };
            if !is_small && is_worth_a_thread {
                source = source.ahead(scope, feed.take());
            } else if !is_verified_by_blob && let Some(feed) = feed.take() {
                source = source.hashed_by(feed);
            }
            let decoded = Decoded::new(
                source,
                compression,
                self.limits,
                self.pool.clone(),
                self.image.layer_place(self.index),
            )?;
            let mut pipe = decoded.pipe();
            let mut layer_digesting = None;
            if let Some(feed) = feed {
                pipe = pipe.hashed_by(feed);
            }
            if !is_verified_by_blob && is_small {
                pipe = pipe.hashed();
            } else if !is_verified_by_blob {
                let (feed, digest) = (self.hash)();
                layer_digesting = Some(digest);
                pipe = pipe.ahead(scope, Some(feed));
            }
            self.read(pipe, layer_digesting, reader)
        });
        // Bytes that are not those of the digest say nothing about the layer: the wrong digest is
        // what people need to hear of, whatever else came of them.
        if let (Ok(_) | Err(ImageError::Invalid { .. }), Some(promise)) = (&outcome, promise) {
            match digesting.and_then(Digesting::digest) {
                Some(found) => promise.verify(&found)?,
                // A broken layer may not have been read to its end; a good one has.
                None if outcome.is_ok() => return Err(self.unverified()),
                None => {}
            }
        }
        outcome
    }

    /// What was hashed was not all of it: nothing is taken on trust then.
    fn unverified(&self) -> ImageError {
        let place = self.image.layer_place(self.index);
        ImageError::invalid(place, "was not read to its end: its digest is not verified")
    }

    /// Whether the digest of the blob is the one of the layer, or there is none.
    fn is_blob_the_layer(&self) -> bool {
        let blob = self.image.manifest.layers.get(self.index);
        self.image.blobs.is_made_up()
            || blob.map(|layer| &layer.digest) == self.image.diff_ids.get(self.index)
    }

    fn read(
        &self,
        pipe: Pipe<'_>,
        digesting: Option<Digesting>,
        reader: &mut dyn LayerReader,
    ) -> Result<LayerStats, ImageError> {
        let place = self.image.layer_place(self.index);
        let mut tar = TarReader::new(pipe);
        let result = read_entries(&mut tar, &place, self.limits, reader);
        let mut pipe = tar.into_inner();
        match result {
            Ok(entries) => {
                drain(&mut pipe).map_err(|error| ImageError::from_read(&place, error))?;
                let found = match digesting {
                    Some(digesting) => Some(digesting.digest().ok_or_else(|| self.unverified())?),
                    None => pipe.digest(),
                };
                if let Some(found) = found {
                    self.image.verify_layer(self.index, &found, &place)?;
                }
                let bytes = pipe.passed();
                Ok(LayerStats { bytes, entries })
            }
            Err(EntryError::Reader(error)) => Err(error),
            Err(EntryError::Tar { place, error }) => {
                if error
                    .get_ref()
                    .is_none_or(|inner| !inner.is::<ImageError>())
                {
                    drain(&mut pipe).map_err(|error| ImageError::from_read(&place, error))?;
                }
                Err(match error.kind() {
                    io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                        ImageError::invalid(place, error)
                    }
                    _ => ImageError::from_read(place, error),
                })
            }
        }
    }
}

enum EntryError {
    /// The layer's own fault, or that of reading it.
    Tar { place: String, error: io::Error },
    /// What the caller's reader gave.
    Reader(ImageError),
}

fn read_entries<S: BufRead>(
    tar: &mut TarReader<S>,
    place: &str,
    limits: LayerLimits,
    reader: &mut dyn LayerReader,
) -> Result<u64, EntryError> {
    let mut entries = 0;
    let mut content = 0_u64;
    let mut last: Vec<u8> = Vec::new();
    // One for all, because its path is memory of its own.
    let mut entry = Entry {
        path: String::new(),
        kind: EntryKind::Special,
        size: 0,
        mode: 0,
        uid: 0,
        gid: 0,
        mtime: 0,
        has_capabilities: false,
    };
    loop {
        let header = tar.next_entry().map_err(|error| EntryError::Tar {
            place: match last.as_slice() {
                [] => place.to_owned(),
                name => format!("{place}: behind {}", quote(name)),
            },
            error,
        })?;
        let Some(header) = header else {
            return Ok(entries);
        };
        let refuse = |problem: String| EntryError::Tar {
            place: format!("{place}: entry {}", quote(&header.path)),
            error: io::Error::new(io::ErrorKind::InvalidData, problem),
        };
        entries += 1;
        if entries > limits.entries {
            return Err(refuse(format!(
                "is one of more than {} entries",
                limits.entries
            )));
        }
        content = content.saturating_add(header.size);
        if content > limits.bytes {
            return Err(refuse(format!(
                "claims {} bytes, a layer may hold {}",
                header.size, limits.bytes
            )));
        }
        if describe(&header, &mut entry).map_err(refuse)? {
            let mut content = Content { tar, failure: None };
            let result = reader.entry(&entry, &mut content);
            // Whatever the reader made of it, a layer that cannot be read is what went wrong.
            if let Some(error) = content.failure {
                let place = format!("{place}: entry {}", quote(&header.path));
                return Err(EntryError::Tar { place, error });
            }
            result.map_err(EntryError::Reader)?;
        }
        last = header.path;
    }
}

/// An entry's content, as the caller's reader sees it.
struct Content<'a, S> {
    tar: &'a mut TarReader<S>,
    failure: Option<io::Error>,
}

impl<S: BufRead> Content<'_, S> {
    /// Keeps a failure and gives the reader a copy of it.
    fn fail(&mut self, error: io::Error) -> io::Error {
        let echo = io::Error::new(error.kind(), error.to_string());
        if error.kind() != io::ErrorKind::Interrupted {
            self.failure = Some(error);
        }
        echo
    }

    fn check(&self) -> io::Result<()> {
        match &self.failure {
            Some(failure) => Err(io::Error::new(failure.kind(), failure.to_string())),
            None => Ok(()),
        }
    }
}

impl<S: BufRead> Read for Content<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        self.tar.read(buffer).map_err(|error| self.fail(error))
    }
}

impl<S: BufRead> BufRead for Content<'_, S> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.check()?;
        // Asked twice because a borrow that is given back cannot be kept across the failure.
        if let Err(error) = self.tar.fill_buf() {
            return Err(self.fail(error));
        }
        self.tar.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.tar.consume(count);
    }
}

/// The longest path of an entry or of what it links to: Linux makes and follows none that is longer
/// (`PATH_MAX`).
const MAX_PATH: usize = 4_096;

/// Makes an entry of a header; `false` for what engines pass over: leftovers of AUFS, whose names
/// begin with `.wh..wh.`.
fn describe(header: &Header, entry: &mut Entry) -> Result<bool, String> {
    if header.path.len().max(header.link.len()) > MAX_PATH {
        return Err(format!("has a path longer than {MAX_PATH} bytes"));
    }
    let path = normalise(&header.path)?;
    entry.path.clear();
    let mut put = |path: &[u8]| push_text(&mut entry.path, path);
    entry.kind = match classify(&path)? {
        Name::Ordinary => {
            if path.is_empty() && header.kind != Kind::Directory {
                return Err("stands in the place of the root folder".to_owned());
            }
            put(&path);
            match header.kind {
                Kind::File => EntryKind::File,
                Kind::Directory => EntryKind::Directory,
                Kind::Symlink => EntryKind::Symlink(text(&header.link)),
                Kind::Hardlink => EntryKind::Hardlink(text(
                    &normalise(&header.link)
                        .map_err(|problem| format!("links to a path that {problem}"))?,
                )),
                Kind::CharDevice | Kind::BlockDevice | Kind::Fifo => EntryKind::Special,
            }
        }
        Name::Whiteout(target) => {
            put(&target);
            EntryKind::Whiteout
        }
        Name::Opaque(folder) => {
            put(folder);
            EntryKind::Opaque
        }
        Name::Aufs => return Ok(false),
    };
    entry.size = match entry.kind {
        EntryKind::File => header.size,
        _ => 0,
    };
    entry.mode = header.mode;
    (entry.uid, entry.gid) = (header.uid, header.gid);
    entry.mtime = header.mtime;
    let mut xattrs = header.xattrs.iter();
    entry.has_capabilities = xattrs.any(|(name, _)| name == "security.capability");
    Ok(true)
}

fn quote(name: &[u8]) -> String {
    format!(
        "`{}`",
        String::from_utf8_lossy(&name[..name.len().min(200)]).escape_debug()
    )
}

fn drain(source: &mut impl BufRead) -> io::Result<()> {
    loop {
        match source.fill_buf()?.len() {
            0 => return Ok(()),
            there => source.consume(there),
        }
    }
}

#[cfg(test)]
mod tests;
