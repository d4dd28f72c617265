//! Zip files that are too large to hold: the directory is read whole, members one by one.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::super::osv::MAX_RECORD;
use super::{CompileError, list};
use crate::archive::zip::{self, Directory};

/// Largest central directory that is read: some ten million members.
const MAX_DIRECTORY: u64 = 1 << 30;

/// Largest list that is read, in bytes: it may be packed once more.
const MAX_LIST: u64 = 64 << 20;

/// Bytes of a local header.
const LOCAL: usize = 30;

/// Guess at the extra field of a local header, so that most members are read at once.
const EXTRA: usize = 32;

/// Whether a file is a record by its name, which some systems write in capitals.
pub(crate) fn is_record_name(name: &[u8]) -> bool {
    ends_with(name, b".json") || is_yaml_name(name)
}

/// Whether a file is in YAML by its name: a record, or anything else.
pub(crate) fn is_yaml_name(name: &[u8]) -> bool {
    ends_with(name, b".yaml") || ends_with(name, b".yml")
}

fn ends_with(name: &[u8], ending: &[u8]) -> bool {
    let at = name.len().saturating_sub(ending.len());
    name[at..].eq_ignore_ascii_case(ending)
}

/// A zip file on disk.
#[derive(Debug)]
pub(crate) struct Archive {
    pub(crate) path: PathBuf,
    file: File,
    directory: Vec<u8>,
    before: u64,
}

/// Why a member gave no content.
#[derive(Debug)]
pub(crate) enum Unread {
    /// The archive is not what its directory says: nothing else in it can be trusted either.
    Damaged(&'static str),
    /// It is whole, and of a kind that is not read.
    Unused(String),
    /// The disk did not give it.
    Io(io::Error),
}

impl Unread {
    /// Why the member is passed over, where nothing else in its archive is in doubt.
    ///
    /// # Errors
    /// The archive is damaged, or cannot be read.
    pub(crate) fn harmless(self, archive: &Archive, of: &Member) -> Result<String, CompileError> {
        let path = archive.path.clone();
        match self {
            Self::Unused(why) => Ok(why),
            Self::Damaged(why) => {
                let why = format!("{:?}: {why}", of.name);
                Err(CompileError::Archive { path, why })
            }
            Self::Io(source) => Err(CompileError::Io { path, source }),
        }
    }
}

/// One member, on its own.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// Its name, made printable.
    pub(crate) name: String,
    /// Whether it may be a list; else it is a record.
    pub(crate) may_be_list: bool,
    packed: u64,
    size: u64,
    sum: u32,
    method: u16,
    encrypted: bool,
    offset: u64,
}

impl Archive {
    /// Opens one.
    ///
    /// # Errors
    /// It cannot be read, is no zip file, is cut short, or its members lie in each other.
    pub(crate) fn open(path: &Path, file: File) -> Result<Self, CompileError> {
        let fail = |source| CompileError::Io {
            path: path.to_owned(),
            source,
        };
        let broken = |why: &str| CompileError::Archive {
            path: path.to_owned(),
            why: why.to_owned(),
        };
        let length = file.metadata().map_err(fail)?.len();
        let tail = length.min(Directory::TAIL as u64);
        let base = length - tail;
        let mut end = vec![0; usize::try_from(tail).unwrap_or(0)];
        file.read_exact_at(&mut end, base).map_err(fail)?;
        let found = Directory::locate(&end, base).map_err(broken)?;
        if found.length > MAX_DIRECTORY {
            return Err(broken("its central directory is too large"));
        }
        let mut directory = vec![0; usize::try_from(found.length).unwrap_or(0)];
        file.read_exact_at(&mut directory, found.start)
            .map_err(fail)?;
        // Members that share bytes would make a small file unpack without end.
        let mut packed = 0_u64;
        for member in zip::members(&directory) {
            packed = packed.saturating_add(member.map_err(broken)?.packed);
        }
        if packed > length {
            return Err(broken("its members lie in each other"));
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            directory,
            before: found.before,
        })
    }

    /// The next members from a place in the directory on that may be records or lists, and the
    /// place behind them; nothing at the end.
    pub(crate) fn members(&self, from: usize, count: usize) -> Option<(Vec<Member>, usize)> {
        let rest = self.directory.get(from..).filter(|rest| !rest.is_empty())?;
        let mut rest = rest;
        let mut found = Vec::with_capacity(count);
        while found.len() < count {
            // That the directory is whole was seen on opening.
            let Some((member, later)) = zip::member(rest) else {
                rest = &[];
                break;
            };
            rest = later;
            let may_be_list = list::is_list_name(member.name);
            if may_be_list || is_record_name(member.name) {
                found.push(Member {
                    may_be_list,
                    name: String::from_utf8_lossy(member.name).into_owned(),
                    packed: member.packed,
                    size: member.size,
                    sum: member.sum,
                    method: member.method,
                    encrypted: member.encrypted,
                    offset: member.offset,
                });
            }
        }
        Some((found, self.directory.len() - rest.len()))
    }
}

/// Unpacks members, one after another, into the same memory.
#[derive(Debug)]
pub(crate) struct Unpacker {
    packed: Vec<u8>,
    unpacked: Vec<u8>,
    inflate: Decompress,
}

impl Unpacker {
    pub(crate) fn new() -> Self {
        Self {
            packed: Vec::new(),
            unpacked: Vec::new(),
            inflate: Decompress::new(false),
        }
    }

    /// The content of a member, as its checksum says it is.
    ///
    /// # Errors
    /// It is cut short, damaged, too long, encrypted, or packed in a way that is not read.
    pub(crate) fn read(&mut self, archive: &Archive, member: &Member) -> Result<&[u8], Unread> {
        let unused = |why: &str| Err(Unread::Unused(why.to_owned()));
        if member.encrypted {
            return unused("it is encrypted");
        }
        let (limit, what) = match member.may_be_list {
            true => (MAX_LIST, "list"),
            false => (MAX_RECORD as u64, "record"),
        };
        if member.size > limit || member.packed > limit {
            return Err(Unread::Unused(format!(
                "it is longer than the {} MiB that are read of one {what}",
                limit >> 20
            )));
        }
        let at = self.load(archive, member)?;
        let packed = self.packed.get(at..).unwrap_or_default();
        let content = match member.method {
            0 => packed,
            8 => {
                let size = usize::try_from(member.size).unwrap_or(0);
                inflate(&mut self.inflate, packed, size, &mut self.unpacked)?;
                &self.unpacked
            }
            _ => return unused("it is packed in a way that is not read"),
        };
        let mut sum = Crc::new();
        sum.update(content);
        if sum.sum() != member.sum || content.len() as u64 != member.size {
            return Err(Unread::Damaged("it is not what its checksum says"));
        }
        Ok(content)
    }

    /// Reads a member with its local header; returns where its content begins.
    fn load(&mut self, archive: &Archive, member: &Member) -> Result<usize, Unread> {
        let outside = || Unread::Damaged("it does not lie in its archive");
        let start = archive
            .before
            .checked_add(member.offset)
            .ok_or_else(outside)?;
        let packed = usize::try_from(member.packed).map_err(|_| outside())?;
        let guess = LOCAL + member.name.len() + EXTRA + packed;
        self.fill(archive, start, guess).map_err(Unread::Io)?;
        let header = self.packed.get(..LOCAL).ok_or_else(outside)?;
        if !header.starts_with(b"PK\x03\x04") {
            return Err(outside());
        }
        let number = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let at = LOCAL + number(26) + number(28);
        if at + packed > self.packed.len() {
            self.fill(archive, start, at + packed).map_err(Unread::Io)?;
        }
        if at + packed > self.packed.len() {
            return Err(outside());
        }
        self.packed.truncate(at + packed);
        Ok(at)
    }

    /// Reads so many bytes, or as many as there are.
    fn fill(&mut self, archive: &Archive, start: u64, length: usize) -> io::Result<()> {
        self.packed.resize(length, 0);
        let mut read = 0;
        while read < length {
            let at = start.saturating_add(read as u64);
            match archive.file.read_at(&mut self.packed[read..], at) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.packed.truncate(read);
        Ok(())
    }
}

/// Inflates into `out`, which is `size` bytes then or it is an error.
fn inflate(
    inflate: &mut Decompress,
    packed: &[u8],
    size: usize,
    out: &mut Vec<u8>,
) -> Result<(), Unread> {
    inflate.reset(false);
    out.clear();
    // A claim of size costs memory only as far as there are bytes that could unpack to it.
    let most = packed.len().saturating_mul(1032).saturating_add(64);
    out.reserve_exact(size.min(most).saturating_add(1));
    let status = inflate.decompress_vec(packed, out, FlushDecompress::Finish);
    match status {
        Ok(Status::StreamEnd) if out.len() == size => Ok(()),
        Ok(_) => Err(Unread::Damaged(
            "its compressed data is not as long as it says",
        )),
        Err(_) => Err(Unread::Damaged("its compressed data is damaged")),
    }
}
