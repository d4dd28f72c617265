//! One pass over layers: fetch, digest, decompress, digest, tar entries; bounded, in parallel.

mod path;
mod pipe;
mod stream;

use std::io::{self, BufRead, Read};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use self::path::{Name, classify, normalise};
use self::pipe::Pipe;
pub use self::stream::LayerStream;
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
    /// Normalised path without leading slash, `..` or `.`; bytes that are not UTF-8 became U+FFFD.
    /// Empty for the root folder's own entry.
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
    /// Called for every entry; `content` reads the file's bytes (empty unless a file) and may be
    /// left unread.
    ///
    /// # Errors
    /// What `content` gives, passed on.
    fn entry(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<(), ImageError>;
}

/// What a layer turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerStats {
    /// Uncompressed bytes.
    pub bytes: u64,
    /// Entries.
    pub entries: u64,
}

/// Walks all layers in parallel; `reader(index)` makes the reader of each. Blob digest and diff id
/// are verified; a layer that breaks the rules (path escape, bomb, wrong digest) fails the walk.
///
/// # Errors
/// The first layer that failed, in layer order.
pub fn walk<R: LayerReader>(
    image: &Image,
    limits: LayerLimits,
    reader: impl Fn(usize) -> R + Sync,
) -> Result<Vec<(R, LayerStats)>, ImageError> {
    let layers = image.manifest.layers.len();
    let next = AtomicUsize::new(0);
    let failed = AtomicUsize::new(usize::MAX);
    let results: Vec<Slot<R>> = (0..layers).map(|_| Mutex::new(None)).collect();
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            // Layers are begun in order, so that every layer below the lowest failing one is
            // walked and the error does not depend on timing.
            let Some(slot) = results
                .get(index)
                .filter(|_| index < failed.load(Ordering::Relaxed))
            else {
                return;
            };
            let mut reader = reader(index);
            let result = walk_layer(image, index, limits, &mut reader, &failed);
            if result.is_err() {
                failed.fetch_min(index, Ordering::Relaxed);
            }
            if let Ok(mut slot) = slot.lock() {
                *slot = Some(result.map(|stats| (reader, stats)));
            }
        }
    };
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(layers);
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    results
        .into_iter()
        .filter_map(|slot| {
            slot.into_inner()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
        })
        .collect()
}

/// Where one layer's result is put; empty where the layer was not begun.
type Slot<R> = Mutex<Option<Result<(R, LayerStats), ImageError>>>;

/// One layer: a thread fetches, verifies and inflates, this one hashes and reads the tar.
fn walk_layer(
    image: &Image,
    index: usize,
    limits: LayerLimits,
    reader: &mut dyn LayerReader,
    failed: &AtomicUsize,
) -> Result<LayerStats, ImageError> {
    let inflated = stream::Inflated::open(image, index, limits)?;
    let place = image.layer_place(index);
    std::thread::scope(|scope| {
        let pipe = Pipe::spawn(scope, inflated, move || {
            failed.load(Ordering::Relaxed) < index
        });
        let mut tar = TarReader::new(pipe);
        let result = read_entries(&mut tar, &place, limits, reader);
        let mut pipe = tar.into_inner();
        match result {
            Ok(entries) => {
                drain(&mut pipe).map_err(|error| ImageError::from_read(&place, error))?;
                let bytes = pipe.verify(image.diff_ids.get(index), &place)?;
                Ok(LayerStats { bytes, entries })
            }
            Err(EntryError::Reader(error)) => Err(error),
            Err(EntryError::Tar { place, error }) => {
                // Bytes that are not those of the digest say nothing about the layer: the wrong
                // digest is what people need to hear of.
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
    })
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
        if let Some(entry) = entry_of(&header).map_err(refuse)? {
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

impl<S: BufRead> Read for Content<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(failure) = &self.failure {
            return Err(io::Error::new(failure.kind(), failure.to_string()));
        }
        self.tar.read(buffer).map_err(|error| {
            let echo = io::Error::new(error.kind(), error.to_string());
            if error.kind() != io::ErrorKind::Interrupted {
                self.failure = Some(error);
            }
            echo
        })
    }
}

/// `None` for what engines pass over: leftovers of AUFS, whose names begin with `.wh..wh.`.
fn entry_of(header: &Header) -> Result<Option<Entry>, String> {
    let path = normalise(&header.path)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (path, kind) = match classify(&path)? {
        Name::Ordinary => {
            if path.is_empty() && header.kind != Kind::Directory {
                return Err("stands in the place of the root folder".to_owned());
            }
            let kind = match header.kind {
                Kind::File => EntryKind::File,
                Kind::Directory => EntryKind::Directory,
                Kind::Symlink => EntryKind::Symlink(text(&header.link)),
                Kind::Hardlink => EntryKind::Hardlink(text(
                    &normalise(&header.link)
                        .map_err(|problem| format!("links to a path that {problem}"))?,
                )),
                Kind::CharDevice | Kind::BlockDevice | Kind::Fifo => EntryKind::Special,
            };
            (text(&path), kind)
        }
        Name::Whiteout(target) => (text(&target), EntryKind::Whiteout),
        Name::Opaque(folder) => (text(folder), EntryKind::Opaque),
        Name::Aufs => return Ok(None),
    };
    Ok(Some(Entry {
        size: if kind == EntryKind::File {
            header.size
        } else {
            0
        },
        path,
        kind,
        mode: header.mode,
        uid: header.uid,
        gid: header.gid,
        mtime: header.mtime,
        has_capabilities: header
            .xattrs
            .iter()
            .any(|(name, _)| name == "security.capability"),
    }))
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
