//! What one worker found: rows in memory, what belongs to them in a file that has no name.
//!
//! So the memory that compiling takes grows by some hundred bytes a record, whatever records hold.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;

use super::super::cve;
use super::super::index::format::{Reader, Writer};
use super::super::index::{EventKind, RangeKind, Severity, SeverityKind};
use super::distil::{Distilled, Package, Unusable};

/// A piece of a spill file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Piece {
    pub(crate) offset: u64,
    pub(crate) length: u32,
}

/// A record.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) id: Box<str>,
    pub(crate) modified: Option<i64>,
    /// Of the record as it was published: tells apart what has the same name and date.
    pub(crate) digest: u64,
    pub(crate) unusable: Option<Unusable>,
    pub(crate) left_out: [u32; Unusable::ALL.len()],
    pub(crate) short: Piece,
    pub(crate) details: Piece,
    /// Its entries among the worker's.
    pub(crate) first_entry: u32,
    pub(crate) entries: u32,
}

/// What a record says of one package.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryRow {
    /// Number of the package's key in [`Spill::keys`].
    pub(crate) key: u32,
    pub(crate) piece: Piece,
}

/// What one worker found.
#[derive(Debug)]
pub(crate) struct Spill {
    pub(crate) rows: Vec<Row>,
    pub(crate) entries: Vec<EntryRow>,
    /// Keys, with their numbers.
    pub(crate) keys: HashMap<Box<str>, u32>,
    /// CVE numbers that records name.
    pub(crate) cves: HashSet<u64>,
    file: BufWriter<File>,
    written: u64,
    scratch: Vec<u8>,
}

/// Between ecosystem and name in a key: sorts before everything, and is in neither.
pub(crate) const BETWEEN: char = '\0';

impl Spill {
    /// One that writes to `file`.
    pub(crate) fn new(file: File) -> Self {
        Self {
            rows: Vec::new(),
            entries: Vec::new(),
            keys: HashMap::new(),
            cves: HashSet::new(),
            file: BufWriter::with_capacity(1 << 20, file),
            written: 0,
            scratch: Vec::new(),
        }
    }

    /// Keeps a record.
    pub(crate) fn add(&mut self, record: &Distilled, digest: u64) -> io::Result<()> {
        let mut row = Row {
            id: record.id.as_str().into(),
            modified: record.modified,
            digest,
            unusable: record.unusable,
            left_out: record.left_out,
            short: Piece::default(),
            details: Piece::default(),
            first_entry: u32::try_from(self.entries.len()).map_err(|_| too_many())?,
            entries: u32::try_from(record.packages.len()).map_err(|_| too_many())?,
        };
        if record.unusable.is_none() {
            let mut scratch = std::mem::take(&mut self.scratch);
            write_short(record, &mut scratch);
            row.short = self.write(&scratch)?;
            row.details = self.write(&record.details)?;
            for package in &record.packages {
                write_package(package, &mut scratch);
                let piece = self.write(&scratch)?;
                let key = format!("{}{BETWEEN}{}", package.ecosystem, package.name);
                let next = self.keys.len();
                let key = match self.keys.get(key.as_str()) {
                    Some(known) => *known,
                    None => {
                        let number = u32::try_from(next).map_err(|_| too_many())?;
                        self.keys.insert(key.into_boxed_str(), number);
                        number
                    }
                };
                self.entries.push(EntryRow { key, piece });
            }
            self.scratch = scratch;
            let names = [&record.aliases, &record.upstream, &record.related];
            let names = names.into_iter().flatten().chain([&record.id]);
            self.cves
                .extend(names.filter_map(|name| cve::of_name(name)));
        }
        self.rows.push(row);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Piece> {
        self.file.write_all(bytes)?;
        let piece = Piece {
            offset: self.written,
            length: u32::try_from(bytes.len()).map_err(|_| too_many())?,
        };
        self.written += bytes.len() as u64;
        Ok(piece)
    }

    /// Writes out what is still in memory.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    /// Reads a piece again, behind what `into` holds.
    pub(crate) fn read(&self, piece: Piece, into: &mut Vec<u8>) -> io::Result<()> {
        let before = into.len();
        into.resize(before + piece.length as usize, 0);
        let piece_bytes = into.get_mut(before..).unwrap_or_default();
        self.file.get_ref().read_exact_at(piece_bytes, piece.offset)
    }
}

fn too_many() -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        "more records than one index holds",
    )
}

/// What a record's short form holds, with texts where the index has numbers.
#[derive(Debug)]
pub(crate) struct ShortTexts {
    pub(crate) aliases: Vec<String>,
    pub(crate) upstream: Vec<String>,
    pub(crate) published: Option<i64>,
    pub(crate) severities: Vec<Severity<'static>>,
    pub(crate) label: Option<String>,
}

fn write_short(record: &Distilled, out: &mut Vec<u8>) {
    out.clear();
    out.texts(&record.aliases);
    out.texts(&record.upstream);
    out.push(u8::from(record.published.is_some()));
    out.signed(record.published.unwrap_or_default());
    write_severities(&record.severities, out);
    out.text(record.label.as_deref().unwrap_or_default());
}

pub(crate) fn read_short(bytes: &[u8]) -> Option<ShortTexts> {
    let mut from = Reader::new(bytes);
    Some(ShortTexts {
        aliases: from.texts()?,
        upstream: from.texts()?,
        published: {
            let there = from.u8()? != 0;
            let date = from.signed()?;
            there.then_some(date)
        },
        severities: read_severities(&mut from)?
            .into_iter()
            .map(|severity| Severity {
                kind: severity.kind,
                score: severity.score.into_owned().into(),
            })
            .collect(),
        label: optional(from.text()?).map(str::to_owned),
    })
}

/// What a record says of a package, with texts where the index has numbers.
#[derive(Debug)]
pub(crate) struct PackageTexts<'a> {
    pub(crate) ranges: Vec<(RangeKind, Vec<(EventKind, &'a str)>)>,
    pub(crate) versions: Vec<&'a str>,
    pub(crate) severities: Vec<Severity<'a>>,
    pub(crate) labels: [Option<&'a str>; 3],
    pub(crate) specifics: Option<u32>,
}

fn write_package(package: &Package, out: &mut Vec<u8>) {
    out.clear();
    out.varint(package.ranges.len() as u64);
    for (kind, events) in &package.ranges {
        out.push(u8::from(*kind == RangeKind::Ecosystem));
        out.varint(events.len() as u64);
        for (kind, version) in events {
            out.push(match kind {
                EventKind::Introduced => 0,
                EventKind::Fixed => 1,
                EventKind::LastAffected => 2,
                EventKind::Limit => 3,
            });
            out.text(version);
        }
    }
    out.texts(&package.versions);
    write_severities(&package.severities, out);
    for label in &package.labels {
        out.text(label.as_deref().unwrap_or_default());
    }
    out.varint(package.specifics.map_or(0, |number| u64::from(number) + 1));
}

pub(crate) fn read_package(bytes: &[u8]) -> Option<PackageTexts<'_>> {
    let mut from = Reader::new(bytes);
    let mut ranges = Vec::new();
    for _ in 0..from.count()? {
        let kind = match from.u8()? {
            0 => RangeKind::Semver,
            _ => RangeKind::Ecosystem,
        };
        let mut events = Vec::new();
        for _ in 0..from.count()? {
            let kind = match from.u8()? {
                0 => EventKind::Introduced,
                1 => EventKind::Fixed,
                2 => EventKind::LastAffected,
                _ => EventKind::Limit,
            };
            events.push((kind, from.text()?));
        }
        ranges.push((kind, events));
    }
    let mut versions = Vec::new();
    for _ in 0..from.count()? {
        versions.push(from.text()?);
    }
    let severities = read_severities(&mut from)?;
    let mut label = || from.text().map(optional);
    let labels = [label()?, label()?, label()?];
    let specifics = from.varint32()?.checked_sub(1);
    Some(PackageTexts {
        ranges,
        versions,
        severities,
        labels,
        specifics,
    })
}

fn write_severities(severities: &[Severity<'_>], out: &mut Vec<u8>) {
    out.varint(severities.len() as u64);
    for severity in severities {
        out.push(match severity.kind {
            SeverityKind::CvssV4 => 0,
            SeverityKind::CvssV3 => 1,
            SeverityKind::CvssV2 => 2,
            SeverityKind::Ubuntu => 3,
        });
        out.text(&severity.score);
    }
}

fn read_severities<'a>(from: &mut Reader<'a>) -> Option<Vec<Severity<'a>>> {
    let mut severities = Vec::new();
    for _ in 0..from.count()? {
        let kind = match from.u8()? {
            0 => SeverityKind::CvssV4,
            1 => SeverityKind::CvssV3,
            2 => SeverityKind::CvssV2,
            _ => SeverityKind::Ubuntu,
        };
        let score = from.text()?.into();
        severities.push(Severity { kind, score });
    }
    Some(severities)
}

fn optional(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
