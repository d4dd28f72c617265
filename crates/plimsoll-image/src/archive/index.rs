//! Where the files of a tar lie, so that they can be read in any order.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use plimsoll_model::Digest;

use crate::blob::Hashing;
use crate::compression::{Compression, unpacked};
use crate::input::open_file;
use crate::spool;
use crate::tar::{Kind, TarReader};
use crate::{Access, ImageError};

/// Names that an archive may hold; an image of a thousand layers has a few thousand.
const ENTRIES_LIMIT: usize = 200_000;

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
    /// No image: for what else it looks like, see [`TarIndex::what_else`].
    Other,
}

impl TarIndex {
    /// Reads the table of contents; a compressed archive is unpacked first.
    pub(crate) fn open(path: &Path, access: &Access) -> Result<Self, ImageError> {
        let file = open_file(path).map_err(|error| ImageError::io(path, error))?;
        Self::of_file(file, &path.display().to_string(), access)
    }

    /// The same where it costs little; `None` for a compressed archive.
    pub(crate) fn peek(path: &Path) -> Result<Option<Self>, ImageError> {
        let place = path.display().to_string();
        let file = open_file(path).map_err(|error| ImageError::io(path, error))?;
        let mut start = [0; 8];
        let filled = file
            .read_at(&mut start, 0)
            .map_err(|error| ImageError::io(path, error))?;
        match Compression::of(&start[..filled]) {
            Compression::None => Self::read_table(file, &place).map(Some),
            _ => Ok(None),
        }
    }

    /// The same for a file at hand, from its beginning.
    pub(crate) fn of_file(file: File, place: &str, access: &Access) -> Result<Self, ImageError> {
        let mut start = [0; 8];
        let filled = file
            .read_at(&mut start, 0)
            .map_err(|error| ImageError::from_read(place, error))?;
        match Compression::of(&start[..filled]) {
            Compression::None => Self::read_table(file, place),
            _ => Self::of_stream(file, place, access),
        }
    }

    /// The same for what can be read only once: it is decompressed and kept (see [`spool`]).
    pub(crate) fn of_stream(
        source: impl Read,
        place: &str,
        access: &Access,
    ) -> Result<Self, ImageError> {
        let mut bounded = unpacked(source, place, u64::MAX)?;
        Self::read_table(spool::collect(&mut bounded, place, access)?, place)
    }

    /// An archive that is both is Docker's, whose names people know.
    pub(crate) fn contents(&self) -> Contents {
        if self.has("manifest.json") {
            Contents::Docker
        } else if self.has("oci-layout") {
            Contents::Layout
        } else {
            Contents::Other
        }
    }

    /// What a tar that holds no image may be, for people.
    pub(crate) fn what_else(&self, place: &str) -> String {
        if self.entries.is_empty() {
            return "it is empty".to_owned();
        }
        let below = |folder: &str| self.entries.keys().any(|name| name.starts_with(folder));
        if self.has("repositories") {
            return "it is what an engine before Docker 1.10 saved; load it and save it again"
                .to_owned();
        }
        let there = |name: &str| self.entries.contains_key(name) || below(&format!("{name}/"));
        let says_which = ["etc/os-release", "usr/lib/os-release"];
        let root = ["bin", "etc", "usr", "lib", "var", "sbin"];
        if says_which.iter().any(|name| there(name))
            || root.iter().filter(|name| there(name)).count() >= 2
        {
            return format!(
                "it looks like a root file system, as `docker export` writes it: say `rootfs:{place}`"
            );
        }
        if let Some(inner) = self
            .entries
            .keys()
            .find(|name| name.ends_with("/oci-layout"))
        {
            let folder = inner.trim_end_matches("/oci-layout").escape_debug();
            return format!("an OCI layout lies in its folder `{folder}`: unpack it and name that");
        }
        format!(
            "it holds no `manifest.json` and no `oci-layout`; a root file system without an image \
             around it is `rootfs:{place}`"
        )
    }

    /// Reads the table of contents of a plain tar; `place` names it.
    fn read_table(file: File, place: &str) -> Result<Self, ImageError> {
        let io = |error| ImageError::from_read(place, error);
        let mut start = [0; 8];
        let filled = file.read_at(&mut start, 0).map_err(io)?;
        if let Some(program) = Compression::unreadable(&start[..filled]) {
            return Err(ImageError::invalid(
                place,
                format!("is compressed with {program}, which is not read here: unpack it first"),
            ));
        }
        let length = file.metadata().map_err(io)?.len();
        let mut source = BufReader::with_capacity(4 << 10, file);
        source.seek(SeekFrom::Start(0)).map_err(io)?;
        let mut tar = TarReader::new(source);
        let mut entries = HashMap::new();
        let broken = |error: io::Error| match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                let told = match start.trim_ascii_start().first() {
                    Some(b'{') if place == "-" => {
                        "is JSON and no archive: a bill of materials is read from there as `sbom:-`"
                            .to_owned()
                    }
                    _ => format!("is no tar that can be read: {error}"),
                };
                ImageError::invalid(place, told)
            }
            _ => io(error),
        };
        while let Some(header) = tar.next_entry().map_err(broken)? {
            if entries.len() == ENTRIES_LIMIT {
                return Err(ImageError::invalid(
                    place,
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
                        return Err(ImageError::invalid(place, problem));
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
        self.find(name)
            .map(|(offset, size)| Slice::new(Arc::clone(&self.file), offset, size))
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

/// The digest of everything a reader gives.
pub(crate) fn digest_of(content: impl Read) -> io::Result<Digest> {
    let mut hashing = Hashing::new(content);
    io::copy(&mut hashing, &mut io::sink())?;
    Ok(hashing.finish().1)
}

/// Part of a file, independent of the file's own position.
#[derive(Clone)]
pub(crate) struct Slice {
    file: Arc<File>,
    offset: u64,
    left: u64,
}

impl Slice {
    pub(crate) fn new(file: Arc<File>, offset: u64, size: u64) -> Self {
        Self {
            file,
            offset,
            left: size,
        }
    }
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
