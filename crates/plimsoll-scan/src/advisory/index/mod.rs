//! The index: one immutable file, opened in microseconds, asked by package.

mod blocks;
pub(crate) mod body;
pub(crate) mod by_cve;
pub(crate) mod format;
mod fuzz;
mod identifier;
mod map;
pub(crate) mod pocket;
mod rating;
pub(crate) mod record;
pub(crate) mod threat;
mod types;
mod whole;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use plimsoll_model::hex;
use sha2::{Digest as _, Sha256};

use self::blocks::Blocks;
use self::body::Shared;
use self::format::{
    BadHeader, GROUP, HEADER, Header, Place, Reader, SECTIONS, Section, Strings, hash, sum, u32_in,
};
use self::map::Bytes;
use super::Ecosystem;

pub(super) use self::fuzz::fuzz;
#[cfg(test)]
pub(super) use self::fuzz::{in_earlier_form, redated, resealed};

pub(crate) use self::blocks::Unpacker;
pub use self::body::{Affected, AffectedBy, Range};
pub use self::pocket::{Pocket, PocketPackage};
pub use self::threat::Exploitation;
pub use self::types::{
    Binary, Details, Event, EventKind, GoImport, Labels, RangeKind, Record, RecordId, Reference,
    ReferenceKind, Severity, SeverityKind, Snapshot, SnapshotEcosystem, SnapshotList,
    SnapshotPocket, Specifics, Version,
};

/// Why an index could not be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// It could not be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It is something else.
    #[error("{}: this is no index of advisories; `plimsoll db build` makes one", .0.display())]
    Foreign(PathBuf),
    /// An earlier Plimsoll made it, in a form that is not read any more.
    #[error(
        "{}: an earlier Plimsoll made this index (form {found}, this one reads {}); make it anew \
         with `plimsoll db build`", path.display(), format::VERSION
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// Its form.
        found: u32,
    },
    /// A later Plimsoll made it.
    #[error(
        "{}: a later Plimsoll made this index (form {found}, this one reads {}); use a newer \
         Plimsoll, or make it anew with `plimsoll db build`", path.display(), format::VERSION
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its form.
        found: u32,
    },
    /// It was changed since it was made, or is not whole.
    #[error(
        "{}: the index is damaged ({what}); make it anew with `plimsoll db build`", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        what: &'static str,
    },
}

impl IndexError {
    /// Whether there simply is no file.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
    }
}

/// An index of advisories.
///
/// Opening it reads its first bytes only. What is asked for is checked when it is touched: an index
/// that is damaged gives an error, never a wrong answer and never silence.
#[derive(Debug)]
pub struct Index {
    path: PathBuf,
    bytes: Bytes,
    header: Header,
    /// Sections that were found whole.
    verified: [OnceLock<bool>; SECTIONS],
}

impl Index {
    /// Opens an index.
    ///
    /// # Errors
    /// There is none, it cannot be read, it is not one, or of a form that this Plimsoll does not
    /// read.
    pub fn open(path: &Path) -> Result<Self, IndexError> {
        let fail = |source| IndexError::Io {
            path: path.to_owned(),
            source,
        };
        // A pipe has no end to map, and opening it would wait for a writer.
        if !std::fs::metadata(path).map_err(fail)?.is_file() {
            return Err(IndexError::Foreign(path.to_owned()));
        }
        let mut file = std::fs::File::open(path).map_err(fail)?;
        let metadata = file.metadata().map_err(fail)?;
        let bytes = map::load(&mut file, &metadata).map_err(fail)?;
        Self::new(path.to_owned(), bytes)
    }

    /// An index that lies in memory; `name` is what errors call it.
    ///
    /// # Errors
    /// As [`Index::open`].
    pub fn from_bytes(name: impl Into<PathBuf>, bytes: Vec<u8>) -> Result<Self, IndexError> {
        Self::new(name.into(), Bytes::Read(bytes))
    }

    fn new(path: PathBuf, bytes: Bytes) -> Result<Self, IndexError> {
        let header = match Header::read(bytes.get(..HEADER).unwrap_or(&bytes)) {
            Ok(header) => header,
            Err(BadHeader::Foreign) => return Err(IndexError::Foreign(path)),
            Err(BadHeader::Version(found)) if found < format::VERSION => {
                return Err(IndexError::Older { path, found });
            }
            Err(BadHeader::Version(found)) => return Err(IndexError::Newer { path, found }),
            Err(BadHeader::Damaged) => {
                let what = "its header";
                return Err(IndexError::Damaged { path, what });
            }
        };
        if header.length != bytes.len() as u64 {
            let what = "it is not as long as it says";
            return Err(IndexError::Damaged { path, what });
        }
        Ok(Self {
            path,
            bytes,
            header,
            verified: Default::default(),
        })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The snapshot's name: SHA-256 of the content, in hexadecimal.
    pub fn id(&self) -> String {
        hex(&self.header.snapshot)
    }

    /// What it was made of.
    ///
    /// # Errors
    /// The index is damaged.
    pub fn snapshot(&self) -> Result<Snapshot, IndexError> {
        let text = self.section(Section::Snapshot)?;
        let mut snapshot: Snapshot = serde_json::from_slice(text)
            .map_err(|_| self.damaged("what it says it was made of"))?;
        snapshot.id = self.id();
        // The header is in no checksum that anybody else knows of: its date counts only as far as
        // the content says the same.
        let ecosystems = snapshot.ecosystems.iter();
        snapshot.date = ecosystems.filter_map(|one| one.newest).max();
        if snapshot.date != self.header.date {
            return Err(self.damaged("its date is not that of its records"));
        }
        snapshot.bytes = self.header.length;
        Ok(snapshot)
    }

    /// Every ecosystem and release that it knows packages of, as OSV writes them, sorted.
    ///
    /// # Errors
    /// The index is damaged.
    pub fn ecosystems(&self) -> Result<impl Iterator<Item = &str>, IndexError> {
        let names = self.tables()?.ecosystems;
        Ok((0..names.len()).filter_map(move |number| names.get(number)))
    }

    /// What is known of a package. Its name is brought into the ecosystem's normal form; ecosystem
    /// and release must be those of the records, see [`Ecosystem::without_release`].
    ///
    /// # Errors
    /// The index is damaged.
    pub fn affected(
        &self,
        ecosystem: &Ecosystem,
        name: &str,
    ) -> Result<AffectedBy<'_>, IndexError> {
        match self.body(ecosystem, name)? {
            Some(body) => self.read_body(body),
            None => Ok(AffectedBy::none()),
        }
    }

    /// What is known of a package as it lies in the file, not looked at yet: its length tells how
    /// much that is. Else as [`Index::affected`].
    pub(crate) fn body(
        &self,
        ecosystem: &Ecosystem,
        name: &str,
    ) -> Result<Option<&[u8]>, IndexError> {
        let tables = self.tables()?;
        let Some(number) = tables.ecosystem(&ecosystem.text()) else {
            return Ok(None);
        };
        let packages = self.packages()?;
        let normal = ecosystem.normalize(name);
        let found = (|| {
            let keys = tables.keys(number)?;
            let found = packages.find(number, &normal, keys.clone())?;
            // Earlier forms have the names of Go modules as they were published.
            if found.is_none() && self.header.form < format::VERSION && *normal != *name {
                return packages.find(number, name, keys);
            }
            Some(found)
        })();
        let Some(key) = found.ok_or_else(|| self.damaged("its table of packages"))? else {
            return Ok(None);
        };
        let body = packages.body(key, self.place(Section::Bodies));
        let damaged = || self.damaged("what it says of a package");
        body.ok_or_else(damaged).map(Some)
    }

    /// Reads what [`Index::body`] gave.
    ///
    /// # Errors
    /// The index is damaged.
    pub(crate) fn read_body<'i>(&'i self, body: &'i [u8]) -> Result<AffectedBy<'i>, IndexError> {
        let shared = self.tables()?.shared;
        AffectedBy::read(self, body, shared)
            .ok_or_else(|| self.damaged("what it says of a package"))
    }

    /// A record in short: what merging and judging need.
    ///
    /// # Errors
    /// The index is damaged, or the record is not of this index.
    pub fn record(&self, record: RecordId) -> Result<Record<'_>, IndexError> {
        self.sized_record(record).map(|(record, _)| record)
    }

    /// As [`Index::record`], and how many bytes were gone through for it. Pieces may lie in each other in a
    /// file that somebody made to that end: its length is no measure of it.
    pub(crate) fn sized_record(&self, record: RecordId) -> Result<(Record<'_>, usize), IndexError> {
        let shared = self.tables()?.shared;
        let index = self.section(Section::RecordIndex)?;
        (|| {
            let count = u32_in(index, 0)?;
            if record.0 >= count {
                return None;
            }
            let ends = index.get(4..)?;
            let group = usize::try_from(record.0 / GROUP).ok()?;
            let bytes = between(ends, group, self.place(Section::Records))?;
            Some((record::read(bytes, record.0, &shared)?, bytes.len()))
        })()
        .ok_or_else(|| self.damaged("a record"))
    }

    /// What a record calls itself and its flaws, and how many bytes were gone through for it. `checked` is
    /// the group that was read last: ask in the order of records, and each is checked once.
    pub(crate) fn sized_names(
        &self,
        record: RecordId,
        checked: &mut Option<u32>,
    ) -> Result<(Vec<String>, usize), IndexError> {
        let index = self.section(Section::RecordIndex)?;
        (|| {
            let number = record.0 / GROUP;
            if record.0 >= u32_in(index, 0)? {
                return None;
            }
            let group = usize::try_from(number).ok()?;
            let bytes = between(index.get(4..)?, group, self.place(Section::Records))?;
            let is_checked = *checked == Some(number);
            let names = record::read_names(bytes, record.0, is_checked)?;
            *checked = Some(number);
            let size = if is_checked { 0 } else { bytes.len() };
            Some((names, size + GROUP as usize))
        })()
        .ok_or_else(|| self.damaged("a record"))
    }

    /// What else a record says. Unpacks some 32 kB.
    ///
    /// # Errors
    /// The index is damaged, or the record is not of this index.
    pub fn details(&self, record: RecordId) -> Result<Details, IndexError> {
        let details = self.sized_details(record, &mut Unpacker::default());
        details.map(|(details, _)| details)
    }

    /// As [`Index::details`], and how many bytes they take in memory, roughly. Ask one unpacker in the
    /// order of records, and neighbours are unpacked once.
    pub(crate) fn sized_details(
        &self,
        record: RecordId,
        unpacker: &mut Unpacker,
    ) -> Result<(Details, usize), IndexError> {
        let index = self.section(Section::DetailIndex)?;
        (|| {
            let blocks = Blocks { index };
            let number = blocks.of(record.0)?;
            let block = unpacker.block(blocks, number, self.place(Section::Details))?;
            let within = record.0 - blocks.first(number)?;
            record::read_details(record::nth(block, within)?)
        })()
        .ok_or_else(|| self.damaged("the details of a record"))
    }

    /// Reads the whole file and compares it with its snapshot's name.
    ///
    /// # Errors
    /// It was changed since it was made.
    pub fn verify(&self) -> Result<(), IndexError> {
        let mut hasher = Sha256::new();
        for section in Section::ALL {
            hasher.update(self.place(section));
        }
        if <[u8; 32]>::from(hasher.finalize()) != self.header.snapshot {
            return Err(self.damaged("it is not what its snapshot's name says"));
        }
        self.snapshot().map(|_| ())
    }

    /// The bytes of a section, unverified. Where it lies was checked on opening.
    pub(crate) fn place(&self, section: Section) -> &[u8] {
        let Place { offset, length, .. } = self.header.sections[section as usize];
        let range = usize::try_from(offset).unwrap_or(usize::MAX)
            ..usize::try_from(offset.saturating_add(length)).unwrap_or(usize::MAX);
        self.bytes.get(range).unwrap_or_default()
    }

    /// The bytes of a section, verified when they are first asked for.
    fn section(&self, section: Section) -> Result<&[u8], IndexError> {
        let bytes = self.place(section);
        let whole = self.verified[section as usize]
            .get_or_init(|| sum(bytes) == self.header.sections[section as usize].sum);
        if *whole {
            Ok(bytes)
        } else {
            Err(self.damaged("its tables"))
        }
    }

    fn tables(&self) -> Result<Tables<'_>, IndexError> {
        let bytes = self.section(Section::Tables)?;
        Tables::read(bytes).ok_or_else(|| self.damaged("its tables"))
    }

    fn packages(&self) -> Result<Packages<'_>, IndexError> {
        let bytes = self.section(Section::Packages)?;
        Packages::read(bytes).ok_or_else(|| self.damaged("its table of packages"))
    }

    pub(crate) fn damaged(&self, what: &'static str) -> IndexError {
        IndexError::Damaged {
            path: self.path.clone(),
            what,
        }
    }
}

/// TABLES.
#[derive(Clone, Copy, Debug)]
struct Tables<'i> {
    ecosystems: Strings<'i>,
    /// The first package of each ecosystem, and their number.
    first_keys: &'i [u8],
    shared: Shared<'i>,
}

impl<'i> Tables<'i> {
    fn read(bytes: &'i [u8]) -> Option<Self> {
        let mut from = Reader::new(bytes);
        let ecosystems = Strings::read(&mut from)?;
        let first_keys = from.bytes(ecosystems.len().checked_add(1)?.checked_mul(4)?)?;
        let labels = Strings::read(&mut from)?;
        let severities = Strings::read(&mut from)?;
        Some(Self {
            ecosystems,
            first_keys,
            shared: Shared { labels, severities },
        })
    }

    fn ecosystem(&self, name: &str) -> Option<u32> {
        let (mut low, mut high) = (0, self.ecosystems.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.ecosystems.get_bytes(middle)?.cmp(name.as_bytes()) {
                std::cmp::Ordering::Equal => return u32::try_from(middle).ok(),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The numbers of an ecosystem's packages.
    fn keys(&self, ecosystem: u32) -> Option<std::ops::Range<u32>> {
        let at = usize::try_from(ecosystem).ok()?;
        Some(u32_in(self.first_keys, at)?..u32_in(self.first_keys, at + 1)?)
    }
}

/// Slots that are tried for a package. The table is never more than half full.
const MAX_PROBES: u64 = 1 << 16;

/// PACKAGES: an open hash table of numbers, and by number the ends of name and body.
#[derive(Clone, Copy, Debug)]
struct Packages<'i> {
    slots: &'i [u8],
    mask: u64,
    name_ends: &'i [u8],
    body_ends: &'i [u8],
    names: &'i [u8],
}

impl<'i> Packages<'i> {
    fn read(bytes: &'i [u8]) -> Option<Self> {
        let mut from = Reader::new(bytes);
        let count = usize::try_from(from.u32()?).ok()?;
        let slots = usize::try_from(from.u32()?).ok()?;
        if !slots.is_power_of_two() || slots <= count {
            return None;
        }
        Some(Self {
            slots: from.bytes(slots.checked_mul(4)?)?,
            mask: slots as u64 - 1,
            name_ends: from.bytes(count.checked_mul(4)?)?,
            body_ends: from.bytes(count.checked_mul(4)?)?,
            names: from.rest(),
        })
    }

    /// The number of a package. The outer nothing is damage, the inner a package that is not there.
    #[expect(clippy::option_option, reason = "two ways of finding nothing")]
    fn find(&self, ecosystem: u32, name: &str, keys: std::ops::Range<u32>) -> Option<Option<u32>> {
        let mut slot = hash(ecosystem, name) & self.mask;
        // There is always an empty slot nearby, unless the table is damaged.
        for _ in 0..=self.mask.min(MAX_PROBES) {
            let Some(key) = u32_in(self.slots, usize::try_from(slot).ok()?)?.checked_sub(1) else {
                return Some(None);
            };
            if keys.contains(&key) {
                let known = between(self.name_ends, usize::try_from(key).ok()?, self.names)?;
                if known == name.as_bytes() {
                    return Some(Some(key));
                }
            }
            slot = (slot + 1) & self.mask;
        }
        None
    }

    fn body<'b>(&self, key: u32, bodies: &'b [u8]) -> Option<&'b [u8]> {
        between(self.body_ends, usize::try_from(key).ok()?, bodies)
    }
}

/// The bytes between the end of the piece before and the end of this one.
fn between<'b>(ends: &[u8], number: usize, bytes: &'b [u8]) -> Option<&'b [u8]> {
    let end = usize::try_from(u32_in(ends, number)?).ok()?;
    let start = match number.checked_sub(1) {
        Some(before) => usize::try_from(u32_in(ends, before)?).ok()?,
        None => 0,
    };
    bytes.get(start..end)
}
