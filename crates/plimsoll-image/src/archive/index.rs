//! Where the files of a tar lie, so that they can be read in any order.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use plimsoll_model::Digest;

use crate::ImageError;
use crate::blob::Hashing;
use crate::source::open_file;
use crate::tar::{Kind, TarReader};

/// Names that an archive may hold; an image of a thousand layers has a few thousand.
const ENTRIES_LIMIT: usize = 200_000;
/// What a compressed archive may unpack to.
const UNPACKED_LIMIT: u64 = 256 << 30;

enum Entry {
    File { offset: u64, size: u64 },
    Link(String),
}

/// A tar on disk and its table of contents.
pub(crate) struct TarIndex {
    file: Arc<File>,
    entries: HashMap<String, Entry>,
}

/// What kind of images a tar holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    Layout,
    Docker,
    Other,
}

/// Looks into a file. An archive that is both is Docker's, whose names people know.
pub(crate) fn contents(path: &Path) -> Result<Contents, ImageError> {
    let tar = match TarIndex::open(path) {
        Ok(tar) => tar,
        Err(ImageError::Invalid { .. }) => return Ok(Contents::Other),
        Err(error) => return Err(error),
    };
    Ok(if tar.has("manifest.json") {
        Contents::Docker
    } else if tar.has("oci-layout") {
        Contents::Layout
    } else {
        Contents::Other
    })
}

impl TarIndex {
    /// Reads the table of contents; a compressed archive is unpacked to a nameless file first.
    pub(crate) fn open(path: &Path) -> Result<Self, ImageError> {
        let file = open_file(path).map_err(|error| ImageError::io(path, error))?;
        Self::read_table(file, path)
    }

    /// The same for a file at hand.
    pub(crate) fn read_table(file: File, path: &Path) -> Result<Self, ImageError> {
        let io = |error| ImageError::io(path, error);
        let mut start = [0; 4];
        let filled = file.read_at(&mut start, 0).map_err(io)?;
        let file = match &start[..filled] {
            [0x1f, 0x8b, ..] => unpack(
                flate2::bufread::MultiGzDecoder::new(BufReader::new(file)),
                path,
            )?,
            [0x28, 0xb5, 0x2f, 0xfd] => unpack(zstd::Decoder::new(file).map_err(io)?, path)?,
            _ => file,
        };
        let length = file.metadata().map_err(io)?.len();
        let mut source = BufReader::with_capacity(4 << 10, file);
        source.seek(SeekFrom::Start(0)).map_err(io)?;
        let mut tar = TarReader::new(source);
        let mut entries = HashMap::new();
        let broken = |error: io::Error| match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                ImageError::invalid(path.display(), error)
            }
            _ => io(error),
        };
        while let Some(header) = tar.next_entry().map_err(broken)? {
            if entries.len() == ENTRIES_LIMIT {
                return Err(ImageError::invalid(
                    path.display(),
                    "holds too many files for an image",
                ));
            }
            let name = String::from_utf8_lossy(&header.path).into_owned();
            let entry = match header.kind {
                Kind::File => {
                    let Some((offset, size)) = tar.locate().map_err(broken)? else {
                        continue;
                    };
                    if offset.checked_add(size).is_none_or(|end| end > length) {
                        let problem = format!("ends in the middle of `{}`", name.escape_debug());
                        return Err(ImageError::invalid(path.display(), problem));
                    }
                    Entry::File { offset, size }
                }
                Kind::Symlink => {
                    let target = String::from_utf8_lossy(&header.link).into_owned();
                    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
                    Entry::Link(format!("{folder}/{target}"))
                }
                Kind::Hardlink => Entry::Link(String::from_utf8_lossy(&header.link).into_owned()),
                _ => continue,
            };
            if let Some(name) = inside(&name) {
                entries.insert(name, entry);
            }
        }
        Ok(Self {
            file: Arc::new(tar.into_inner().into_inner()),
            entries,
        })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    pub(crate) fn size(&self, name: &str) -> Option<u64> {
        self.find(name).map(|(_, size)| size)
    }

    pub(crate) fn reader(&self, name: &str) -> Option<Slice> {
        self.find(name).map(|(offset, size)| Slice {
            file: Arc::clone(&self.file),
            offset,
            left: size,
        })
    }

    /// A small file whole.
    pub(crate) fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, ImageError> {
        let Some((offset, size)) = self.find(name) else {
            return Ok(None);
        };
        let place = || name.escape_debug();
        if size > limit {
            return Err(ImageError::invalid(
                place(),
                format!("has {size} bytes, too many for its kind"),
            ));
        }
        let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
        self.file
            .read_exact_at(&mut bytes, offset)
            .map_err(|error| ImageError::from_read(place(), error))?;
        Ok(Some(bytes))
    }

    /// Links are followed inside the archive only, and not in circles.
    fn find(&self, name: &str) -> Option<(u64, u64)> {
        let mut name = inside(name)?;
        for _ in 0..8 {
            match self.entries.get(&name)? {
                Entry::File { offset, size } => return Some((*offset, *size)),
                Entry::Link(target) => name = inside(target)?,
            }
        }
        None
    }
}

/// A name in the archive; `None` where it leads out of it.
fn inside(name: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn unpack(mut source: impl Read, path: &Path) -> Result<File, ImageError> {
    let mut file =
        tempfile::tempfile().map_err(|error| ImageError::io(&std::env::temp_dir(), error))?;
    let free = rustix::fs::fstatvfs(&file)
        .map(|space| space.f_bavail.saturating_mul(space.f_frsize))
        .map_err(|error| ImageError::io(&std::env::temp_dir(), error.into()))?;
    let limit = UNPACKED_LIMIT.min(free / 10 * 9);
    let copied = copy_within(&mut source, &mut file, limit).map_err(|error| {
        ImageError::invalid(path.display(), format!("cannot be decompressed: {error}"))
    })?;
    if copied.is_none() {
        return Err(too_large(path, limit));
    }
    file.flush().map_err(|error| ImageError::io(path, error))?;
    Ok(file)
}

/// Copies everything, or `None` where it is more than `limit` bytes.
fn copy_within(
    source: &mut impl Read,
    target: &mut impl io::Write,
    limit: u64,
) -> io::Result<Option<u64>> {
    let copied = io::copy(&mut source.take(limit.saturating_add(1)), target)?;
    Ok((copied <= limit).then_some(copied))
}

/// Images are unpacked to a file without a name, which is gone with us.
fn too_large(path: &Path, limit: u64) -> ImageError {
    ImageError::Unavailable(format!(
        "{}: unpacks to more than {:.1} GB, and no more may go into {} (nine tenths of what is \
         free there, at most {} GiB): unpack it first, or set TMPDIR to a larger disk",
        path.display(),
        limit as f64 / 1e9,
        std::env::temp_dir().display(),
        UNPACKED_LIMIT >> 30
    ))
}

/// The digest of everything a reader gives.
pub(super) fn digest(content: impl Read) -> io::Result<Digest> {
    let mut hashing = Hashing::new(content);
    io::copy(&mut hashing, &mut io::sink())?;
    Ok(hashing.finish().1)
}

/// Part of a file, independent of the file's own position.
pub(crate) struct Slice {
    file: Arc<File>,
    offset: u64,
    left: u64,
}

impl Read for Slice {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.file.read_at(&mut buffer[..most], self.offset)?;
        self.offset += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_unpacks_to_too_much_is_told_of() {
        let mut target = Vec::new();
        let copied = copy_within(&mut &b"123"[..], &mut target, 3).unwrap();
        assert_eq!(copied, Some(3));
        let copied = copy_within(&mut io::repeat(0), &mut io::sink(), 1 << 20).unwrap();
        assert_eq!(copied, None);
        let error = too_large(Path::new("a.tar.gz"), 1_500_000_000).to_string();
        for words in ["a.tar.gz", "1.5 GB", "TMPDIR"] {
            assert!(error.contains(words), "{error}");
        }
    }
}
