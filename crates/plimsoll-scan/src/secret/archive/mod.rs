//! Archives inside layers, unpacked as they stream by.
//!
//! Each reader takes the bytes as they come and keeps no more of them than a header needs. What a
//! reader cannot make sense of ends it: the rest of the archive is said not to have been searched.

mod ar;
mod bzip2;
mod cpio;
mod git;
mod gzip;
mod tar;
#[cfg(test)]
mod tests;
mod xz;
mod zip;
mod zstd;

use std::borrow::Cow;
use std::collections::HashMap;

use plimsoll_model::Severity;

use super::Fingerprint;
use super::file_name::concealed_path;
use super::hits::{MAX_HITS, Room};
use super::place::is_library;
use super::published::Lists;
use super::search::{FileSighting, Search};

pub(super) use self::zip::{END as ZIP_END, LOCAL as ZIP_ENTRY};

/// Archives in archives that are opened.
const MAX_DEPTH: u8 = 3;

/// Wrappings in wrappings, compression counted.
const MAX_WRAPPINGS: u8 = 8;

/// What unpacking may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Bytes that may still come out.
    pub(super) bytes: u64,
    /// Entries that may still come out.
    pub(super) entries: u64,
}

impl Budget {
    /// For one file: 256 MiB, but no more than is left for its layer.
    pub(super) fn new(left: u64) -> Self {
        Self {
            bytes: left.min(256 << 20),
            entries: 50_000,
        }
    }

    /// For all files of a layer.
    pub(super) const LAYER: u64 = 1 << 30;

    /// For all that packages may own.
    pub(super) const UNLESS_OWNED: u64 = 256 << 20;

    fn spent(&self) -> bool {
        self.bytes == 0 || self.entries == 0
    }

    fn take(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes as u64);
    }
}

/// What an archive's reader tells.
trait Sink {
    /// An entry of this name and, where it is known, size begins.
    fn begin(&mut self, name: &[u8], size: Option<u64>) {
        self.begin_like(name, "", false, size);
    }
    /// The same, searched as if its name ended so; if it is `unnamed`, for what needs no name alone.
    fn begin_like(&mut self, name: &[u8], ending: &str, unnamed: bool, size: Option<u64>);
    /// Bytes of the entry.
    fn data(&mut self, bytes: &[u8]);
    /// Bytes of the entry that were not there before.
    fn inflated(&mut self, bytes: &[u8]);
    /// The entry is over.
    fn end(&mut self);
    /// Something cannot be read and is left out.
    fn left_out(&mut self);
    /// Whether there is to be no more.
    fn full(&self) -> bool;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bzip2,
    Cpio,
    /// A package of Debian.
    Deb,
    GitObject,
    GitPack,
    Gzip,
    Tar,
    Xz,
    Zip,
    Zstd,
    /// Compressed in a way that is not read.
    Other,
}

/// What is in an archive, by its name.
fn kind(name: &str) -> Option<Kind> {
    let name = name.rsplit('/').next().unwrap_or(name);
    let (_, ending) = name.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "gz" | "tgz" | "taz" | "crate" => Kind::Gzip,
        "tar" | "gem" => Kind::Tar,
        "zip" | "jar" | "war" | "ear" | "whl" | "egg" | "nupkg" | "apk" | "aar" | "xlsx"
        | "docx" => Kind::Zip,
        "zst" | "tzst" => Kind::Zstd,
        "bz2" | "tbz2" | "tbz" => Kind::Bzip2,
        "xz" | "txz" => Kind::Xz,
        "deb" | "udeb" => Kind::Deb,
        "cpio" => Kind::Cpio,
        "lzma" | "7z" | "rar" | "rpm" => Kind::Other,
        _ => return None,
    })
}

/// The name of what is compressed in a file of this name.
fn without_compression(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, ending))
            if ["bz2", "gz", "xz", "zst"].contains(&&*ending.to_ascii_lowercase()) =>
        {
            stem.to_owned()
        }
        Some((stem, _)) => format!("{stem}.tar"),
        None => name.to_owned(),
    }
}

/// What is unpacked of one archive, and the search of the entry that is coming by.
pub(super) struct Unpacker<'s> {
    reader: Reader,
    state: State<'s>,
}

enum Reader {
    Ar(Box<ar::Reader>),
    Bzip2(Box<bzip2::Reader>),
    Cpio(Box<cpio::Reader>),
    GitObject(Box<git::LooseReader>),
    GitPack(Box<git::PackReader>),
    Gzip(Box<gzip::Reader>),
    Tar(Box<tar::Reader>),
    Xz(Box<xz::Reader>),
    Zip(Box<zip::Reader>),
    Zstd(Box<zstd::Reader>),
    /// Not read.
    None,
}

struct State<'s> {
    parent: Parent<'s>,
    entry: Option<Box<Search<'s>>>,
    sightings: Vec<FileSighting>,
    /// What was told already, where many entries are versions of one file.
    versions: Option<HashMap<Fingerprint, Severity>>,
    room: Room,
    /// What packages of Python in it list of their files.
    lists: Lists,
    partly: bool,
    budget: Budget,
}

/// What entries take over from the file they are in.
#[derive(Clone)]
pub(super) struct Parent<'s> {
    pub(super) detector: &'s super::Detector,
    /// The file of the layer.
    pub(super) path: Cow<'s, str>,
    /// The archive's place in that file; empty for the file itself.
    pub(super) inside: String,
    /// What the file is called where it lies.
    pub(super) name: Cow<'s, str>,
    pub(super) limit: u64,
    /// Whether it lies in a library, which somebody else published for most.
    pub(super) published: bool,
    /// Whether nobody knows what it was called, and so whether it is settings, code or a test.
    pub(super) unnamed: bool,
    /// Whether the paths in it begin at the root, as those of a distribution's package do.
    pub(super) rooted: bool,
    /// Whether what is in it is told only where no package owns the file of the layer.
    pub(super) unless_owned: bool,
    pub(super) depth: u8,
    pub(super) wrappings: u8,
}

/// Bytes that tell whether a file is what its name says.
pub(super) const HEAD: usize = 512;

/// Whether a file that begins with `head` is of this kind.
fn is_so(kind: Kind, head: &[u8]) -> bool {
    match kind {
        // Its name is the mark: see `git::is_loose`.
        Kind::GitObject => false,
        Kind::GitPack => git::is_pack(head),
        Kind::Gzip => head.starts_with(&[0x1f, 0x8b, 8]),
        Kind::Tar => tar::is_header(head),
        // An end may stand in front, or the mark of an archive in several parts (APPNOTE 8.5.3).
        Kind::Zip => {
            let marks = [
                &b"PK\x03\x04"[..],
                b"PK\x05\x06",
                b"PK\x07\x08",
                b"PK00PK\x03\x04",
            ];
            marks.iter().any(|mark| head.starts_with(mark))
        }
        // A frame to be passed over may come first (RFC 8878, 3.1.2), as pzstd writes them.
        Kind::Zstd => {
            let skippable = head.get(1..4) == Some(b"\x2a\x4d\x18");
            let skippable = skippable && head.first().is_some_and(|byte| byte >> 4 == 5);
            skippable || head.starts_with(b"\x28\xb5\x2f\xfd")
        }
        Kind::Bzip2 => head.starts_with(b"BZh"),
        Kind::Cpio => cpio::is_header(head),
        Kind::Deb => ar::is_package(head),
        Kind::Xz => head.starts_with(b"\xfd7zXZ\0"),
        Kind::Other => [
            &b"\x5d\0\0"[..],
            b"7z\xbc\xaf",
            b"Rar!",
            b"\xed\xab\xee\xdb",
        ]
        .iter()
        .any(|magic| head.starts_with(magic)),
    }
}

impl<'s> Unpacker<'s> {
    /// The unpacker of a file that begins with `head`, which is [`HEAD`] bytes long unless the file
    /// is shorter. None if it is no archive, whatever its name says: the bytes decide.
    pub(super) fn new(parent: Parent<'s>, head: &[u8]) -> Option<Self> {
        let named = kind(&parent.name).filter(|kind| is_so(*kind, head));
        let kind = named.or_else(|| {
            // Whatever it is called.
            let kinds = [
                Kind::Gzip,
                Kind::Zip,
                Kind::Zstd,
                Kind::Bzip2,
                Kind::Xz,
                Kind::Tar,
                Kind::Deb,
                Kind::Cpio,
                Kind::GitPack,
            ];
            let kind = kinds.into_iter().find(|kind| is_so(*kind, head));
            kind.or_else(|| git::is_loose(&parent.name, head).then_some(Kind::GitObject))
        })?;
        Some(Self::of(kind, named.is_some(), parent))
    }

    /// The unpacker of a zip that stands behind so many bytes of something else.
    pub(super) fn behind(parent: Parent<'s>, before: u64) -> Self {
        let mut unpacker = Self::of(Kind::Zip, false, parent);
        if let Reader::Zip(reader) = &mut unpacker.reader {
            **reader = zip::Reader::behind(before);
        }
        unpacker
    }

    /// The unpacker of a file of this kind, which its name may tell.
    fn of(kind: Kind, is_named: bool, parent: Parent<'s>) -> Self {
        let is_wrapping = matches!(kind, Kind::Bzip2 | Kind::Gzip | Kind::Xz | Kind::Zstd);
        let too_deep =
            parent.wrappings >= MAX_WRAPPINGS || (!is_wrapping && parent.depth >= MAX_DEPTH);
        let rooted = match kind {
            Kind::Deb => true,
            Kind::Zip | Kind::GitObject | Kind::GitPack => false,
            _ => parent.rooted,
        };
        let mut state = State {
            parent: Parent { rooted, ..parent },
            entry: None,
            sightings: Vec::new(),
            versions: (kind == Kind::GitPack).then(HashMap::new),
            room: Room::new(MAX_HITS),
            lists: Lists::default(),
            partly: too_deep || kind == Kind::Other,
            budget: Budget {
                bytes: 0,
                entries: 0,
            },
        };
        let reader = match kind {
            _ if state.partly => Reader::None,
            Kind::Bzip2 | Kind::Gzip | Kind::Xz | Kind::Zstd => {
                let inner = Parent {
                    name: match is_named {
                        true => without_compression(&state.parent.name).into(),
                        false => state.parent.name.clone(),
                    },
                    wrappings: state.parent.wrappings + 1,
                    ..state.parent.clone()
                };
                state.entry = Some(Box::new(Search::inside(inner, None)));
                match kind {
                    Kind::Bzip2 => Reader::Bzip2(Box::default()),
                    Kind::Gzip => Reader::Gzip(Box::default()),
                    Kind::Xz => Reader::Xz(Box::new(xz::Reader::new(state.parent.wrappings))),
                    _ => Reader::Zstd(Box::default()),
                }
            }
            Kind::Cpio => Reader::Cpio(Box::default()),
            Kind::Deb => Reader::Ar(Box::default()),
            Kind::GitObject => Reader::GitObject(Box::default()),
            Kind::GitPack => Reader::GitPack(Box::default()),
            Kind::Tar => Reader::Tar(Box::default()),
            Kind::Zip => Reader::Zip(Box::default()),
            Kind::Other => Reader::None,
        };
        Self { reader, state }
    }

    /// Takes the next bytes of the archive.
    pub(super) fn feed(&mut self, bytes: &[u8], budget: &mut Budget) {
        self.state.budget = *budget;
        match &mut self.reader {
            Reader::Ar(reader) => reader.feed(bytes, &mut self.state),
            Reader::Bzip2(reader) => reader.feed(bytes, &mut self.state),
            Reader::Cpio(reader) => reader.feed(bytes, &mut self.state),
            Reader::GitObject(reader) => reader.feed(bytes, &mut self.state),
            Reader::GitPack(reader) => reader.feed(bytes, &mut self.state),
            Reader::Gzip(reader) => reader.feed(bytes, &mut self.state),
            Reader::Tar(reader) => reader.feed(bytes, &mut self.state),
            Reader::Xz(reader) => reader.feed(bytes, &mut self.state),
            Reader::Zip(reader) => reader.feed(bytes, &mut self.state),
            Reader::Zstd(reader) => reader.feed(bytes, &mut self.state),
            Reader::None => {}
        }
        if self.state.full() {
            self.state.partly = true;
            if let Reader::GitPack(reader) = &mut self.reader {
                reader.finish(&mut self.state);
            }
            self.reader = Reader::None;
        }
        *budget = self.state.budget;
    }

    /// What was found in it, and whether some of it was left out.
    pub(super) fn finish(mut self, budget: &mut Budget) -> (Vec<FileSighting>, bool) {
        self.state.budget = *budget;
        match &mut self.reader {
            Reader::GitPack(reader) => reader.finish(&mut self.state),
            Reader::Xz(reader) => reader.finish(&mut self.state),
            _ => {}
        }
        match &mut self.reader {
            Reader::Ar(reader) if !reader.is_over() => self.state.left_out(),
            Reader::Bzip2(reader) if !reader.is_over() => self.state.left_out(),
            Reader::Cpio(reader) if !reader.is_over() => self.state.left_out(),
            Reader::GitObject(reader) if !reader.is_over() => self.state.left_out(),
            Reader::GitPack(reader) if !reader.is_over() => self.state.left_out(),
            Reader::Gzip(reader) if !reader.is_over() => self.state.left_out(),
            Reader::Tar(reader) if !reader.is_over() => self.state.left_out(),
            Reader::Xz(reader) if !reader.is_over() => self.state.left_out(),
            Reader::Zip(reader) if !reader.is_over() => self.state.left_out(),
            Reader::Zstd(reader) if !reader.is_over() => self.state.left_out(),
            _ => {}
        }
        self.state.end();
        *budget = self.state.budget;
        let from = match self.state.parent.inside.len() {
            0 => 0,
            length => length + 1,
        };
        self.state.lists.judge(&mut self.state.sightings, from);
        (self.state.sightings, self.state.partly)
    }
}

impl Sink for State<'_> {
    fn begin_like(&mut self, name: &[u8], ending: &str, unnamed: bool, size: Option<u64>) {
        self.end();
        self.budget.entries = self.budget.entries.saturating_sub(1);
        let mut name = String::from_utf8_lossy(name)
            .trim_start_matches("./")
            .to_owned();
        let named_by = concealed_path(&name, self.parent.detector);
        if let Some(named_by) = &named_by {
            name.clone_from(&named_by.shown);
        }
        let inside = match self.parent.inside.as_str() {
            "" => name.clone(),
            parent => format!("{parent}!{name}"),
        };
        self.lists.begin(&name);
        let above = inside.len() - name.len();
        for (hit, end) in named_by.iter().flat_map(|named_by| &named_by.hits) {
            let named = inside.get(..above + end).unwrap_or(&inside);
            // What lies in a folder need not tell its name again.
            let is_known = |one: &FileSighting| {
                one.fingerprint == hit.fingerprint && one.inside.starts_with(named)
            };
            if self.sightings.iter().any(is_known) {
                continue;
            }
            if !self.room.take(hit.severity) {
                self.partly = true;
            } else {
                self.sightings.push(FileSighting {
                    inside: inside.clone(),
                    unless_owned: self.parent.unless_owned,
                    ..FileSighting::in_name(hit, &self.parent.path)
                });
            }
        }
        let parent = Parent {
            inside,
            name: (name + ending).into(),
            unnamed,
            published: self.parent.published || is_library(&self.parent.name),
            depth: self.parent.depth + 1,
            wrappings: self.parent.wrappings + 1,
            ..self.parent.clone()
        };
        self.entry = Some(Box::new(Search::inside(parent, size)));
    }

    fn data(&mut self, bytes: &[u8]) {
        self.lists.data(bytes);
        if let Some(entry) = &mut self.entry
            && !bytes.is_empty()
        {
            entry.feed(bytes, &mut self.budget);
        }
    }

    fn inflated(&mut self, bytes: &[u8]) {
        self.budget.take(bytes.len());
        self.data(bytes);
    }

    fn end(&mut self) {
        if let Some(entry) = self.entry.take() {
            let (found, _) = entry.finish(&mut self.budget);
            self.partly |= found.partly;
            for sighting in found.sightings {
                if let Some(versions) = &mut self.versions {
                    if versions.get(&sighting.fingerprint).copied() >= Some(sighting.severity) {
                        continue;
                    }
                    versions.insert(sighting.fingerprint, sighting.severity);
                }
                match self.room.take(sighting.severity) {
                    true => self.sightings.push(sighting),
                    false => self.partly = true,
                }
            }
        }
    }

    fn left_out(&mut self) {
        self.partly = true;
    }

    fn full(&self) -> bool {
        self.budget.spent()
    }
}
