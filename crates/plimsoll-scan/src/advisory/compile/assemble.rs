//! What workers found, in the order of the index, and written.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use super::super::index::body::{self, Entry, severity_text};
use super::super::index::by_cve;
use super::super::index::format::{BLOCK, GROUP, MAX_BLOCK, Section, Writer, hash, sum};
use super::super::index::record::{self, Short};
use super::super::index::{Severity, Snapshot, SnapshotEcosystem};
use super::distil::Unusable;
use super::lists::Lists;
use super::output::Output;
use super::ratings::{self, Ratings};
use super::spill::{self, BETWEEN, Piece, Row, Spill};
use super::{CompileError, CompileReport};

/// How hard details are packed: what zstd gains above this takes several times as long.
const LEVEL: i32 = 9;

/// Blocks of details that are packed at a time, for each thread.
const AT_A_TIME: usize = 64;

/// Where a row lies: the worker, and its number there.
type At = (usize, usize);

/// What a record says of one package.
#[derive(Clone, Copy, Debug)]
struct Said {
    /// Number of the package, of all.
    key: u32,
    record: u32,
    /// Which of the record's packages it is.
    ordinal: u32,
    worker: u32,
    piece: Piece,
}

/// Writes the index.
pub(super) fn assemble(
    mut spills: Vec<Spill>,
    mut lists: Lists,
    out: &Path,
    mut report: CompileReport,
    (asked, threads): (&[(String, i64)], usize),
) -> Result<CompileReport, CompileError> {
    let fail = |source| CompileError::Io {
        path: out.to_owned(),
        source,
    };
    let newest = newest(&spills);
    let all: usize = spills.iter().map(|spill| spill.rows.len()).sum();
    report.duplicates = (all - newest.len()) as u64;
    let mut unusable = [0_u64; Unusable::ALL.len()];
    let mut left_out = [0_u64; Unusable::ALL.len()];
    let mut usable = Vec::new();
    for at in newest {
        let row = row(&spills, at);
        match row.unusable {
            Some(why) => unusable[why as usize] += 1,
            None => {
                usable.push(at);
                for (all, one) in left_out.iter_mut().zip(row.left_out) {
                    *all += u64::from(one);
                }
            }
        }
    }
    if usable.is_empty() && !lists.has_pockets() {
        report.snapshot.unusable = by_reason(unusable);
        return Err(CompileError::Nothing(Box::new(report)));
    }
    let mut snapshot = Snapshot {
        unusable: by_reason(unusable),
        broken: report.broken,
        checked: report.snapshot.checked,
        ..Snapshot::default()
    };
    lists.tell(&cves(&mut spills), &mut snapshot);
    let (keys, numbers) = keys(&mut spills);
    let (records, said) = order(&spills, usable, &numbers);
    let written = Assembly {
        spills,
        keys,
        records,
        said,
        labels: Interned::default(),
        severities: Interned::default(),
        ratings: Ratings::default(),
        lists,
        threads,
    };
    written.write(out, &mut snapshot, asked).map_err(fail)?;
    report.left_out = by_reason(left_out);
    report.snapshot = snapshot;
    Ok(report)
}

fn by_reason(counts: [u64; Unusable::ALL.len()]) -> Vec<(String, u64)> {
    Unusable::ALL
        .iter()
        .zip(counts)
        .filter(|(_, count)| *count > 0)
        .map(|(why, count)| (why.as_str().to_owned(), count))
        .collect()
}

fn row(spills: &[Spill], (worker, number): At) -> &Row {
    &spills[worker].rows[number]
}

/// Of the records of each name the one that was changed last. Among several of one date the bytes
/// decide, so that the order of reading does not.
fn newest(spills: &[Spill]) -> Vec<At> {
    let mut all: Vec<At> = spills
        .iter()
        .enumerate()
        .flat_map(|(worker, spill)| (0..spill.rows.len()).map(move |number| (worker, number)))
        .collect();
    let order = |at: &At| {
        let row = row(spills, *at);
        (&row.id, row.modified, row.digest)
    };
    all.sort_unstable_by(|a, b| order(a).cmp(&order(b)));
    all.chunk_by(|a, b| row(spills, *a).id == row(spills, *b).id)
        .filter_map(|same| same.last().copied())
        .collect()
}

/// Every CVE number that records name, sorted.
fn cves(spills: &mut [Spill]) -> Vec<u64> {
    let spills = spills.iter_mut();
    let mut all: Vec<u64> = spills
        .flat_map(|spill| std::mem::take(&mut spill.cves))
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Every package that a worker saw, sorted, and the number of each worker's keys among them.
fn keys(spills: &mut [Spill]) -> (Vec<Box<str>>, Vec<Vec<u32>>) {
    let mut numbers: Vec<Vec<u32>> = Vec::new();
    let mut seen: Vec<(Box<str>, usize, u32)> = Vec::new();
    for (worker, spill) in spills.iter_mut().enumerate() {
        let known = std::mem::take(&mut spill.keys);
        numbers.push(vec![0; known.len()]);
        seen.extend(known.into_iter().map(|(key, number)| (key, worker, number)));
    }
    seen.sort_unstable();
    let mut keys: Vec<Box<str>> = Vec::new();
    for (key, worker, number) in seen {
        if keys.last() != Some(&key) {
            keys.push(key);
        }
        numbers[worker][number as usize] = (keys.len() - 1) as u32;
    }
    (keys, numbers)
}

/// Records in the order of the first package that each names, then of their names; and what they
/// say, in the order of packages.
fn order(spills: &[Spill], usable: Vec<At>, numbers: &[Vec<u32>]) -> (Vec<At>, Vec<Said>) {
    let entries = |at: At| {
        let (spill, row) = (&spills[at.0], row(spills, at));
        let first = row.first_entry as usize;
        let entries = &spill.entries[first..first + row.entries as usize];
        entries
            .iter()
            .map(move |entry| (numbers[at.0][entry.key as usize], entry.piece))
    };
    let mut records: Vec<(u32, At)> = usable
        .into_iter()
        .map(|at| {
            (
                entries(at).map(|(key, _)| key).min().unwrap_or(u32::MAX),
                at,
            )
        })
        .collect();
    records.sort_unstable_by(|(a, left), (b, right)| {
        (a, &row(spills, *left).id).cmp(&(b, &row(spills, *right).id))
    });
    let records: Vec<At> = records.into_iter().map(|(_, at)| at).collect();
    let mut said = Vec::new();
    for (record, at) in (0..).zip(&records) {
        for (ordinal, (key, piece)) in (0..).zip(entries(*at)) {
            said.push(Said {
                key,
                record,
                ordinal,
                worker: at.0 as u32,
                piece,
            });
        }
    }
    said.sort_unstable_by_key(|said| (said.key, said.record, said.ordinal));
    (records, said)
}

/// Texts that get their numbers in the order in which they are first met.
#[derive(Debug, Default)]
struct Interned {
    numbers: HashMap<String, u32>,
    texts: Vec<u8>,
    ends: Vec<u32>,
}

impl Interned {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(known) = self.numbers.get(text) {
            return *known;
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(text.to_owned(), number);
        self.push(text);
        number
    }

    fn push(&mut self, text: &str) {
        self.texts.extend(text.as_bytes());
        self.ends.push(self.texts.len() as u32);
    }

    /// As `Strings` reads it.
    fn write(&self, out: &mut Vec<u8>) {
        out.extend((self.ends.len() as u32).to_le_bytes());
        for end in &self.ends {
            out.extend(end.to_le_bytes());
        }
        out.extend(&self.texts);
    }
}

/// All that is written, in its order.
struct Assembly {
    spills: Vec<Spill>,
    /// Ecosystem and name of packages.
    keys: Vec<Box<str>>,
    records: Vec<At>,
    said: Vec<Said>,
    labels: Interned,
    severities: Interned,
    ratings: Ratings,
    lists: Lists,
    threads: usize,
}

impl Assembly {
    fn write(
        mut self,
        path: &Path,
        snapshot: &mut Snapshot,
        asked: &[(String, i64)],
    ) -> io::Result<()> {
        let mut out = Output::create(path)?;
        out.begin(Section::Bodies);
        let body_ends = self.bodies(&mut out)?;
        let used: Vec<u32> = self
            .said
            .chunk_by(|a, b| a.key == b.key)
            .filter_map(|same| Some(same.first()?.key))
            .collect();
        let mut ecosystems = Interned::default();
        let mut first_keys = Vec::new();
        for (number, key) in (0..).zip(&used) {
            let (ecosystem, _) = self.key(*key);
            let before = ecosystems.numbers.len();
            if ecosystems.number(ecosystem) as usize == before {
                first_keys.push(number);
            }
        }
        first_keys.push(used.len() as u32);
        out.begin(Section::Packages);
        self.packages(&mut out, &used, &first_keys, &body_ends)?;
        self.shorts(&mut out)?;
        self.details(&mut out)?;
        out.begin(Section::Tables);
        let mut tables = Vec::new();
        ecosystems.write(&mut tables);
        for first in &first_keys {
            tables.extend(first.to_le_bytes());
        }
        self.labels.write(&mut tables);
        self.severities.write(&mut tables);
        out.write(&tables)?;
        snapshot.records = self.records.len() as u64;
        snapshot.packages = used.len() as u64;
        snapshot.ecosystems = self.ecosystems(|ecosystem| {
            ecosystem
                .split_once(':')
                .map_or(ecosystem, |(name, _)| name)
        });
        snapshot.tell_asked(asked);
        snapshot.releases = self.ecosystems(|ecosystem| ecosystem);
        out.begin(Section::Snapshot);
        out.write(&snapshot.to_json()?)?;
        self.lists.write(&mut out)?;
        out.begin(Section::Ratings);
        let rows = self.ratings.rows();
        if !rows.is_empty() {
            out.write(&by_cve::write(rows.into_iter()))?;
        }
        snapshot.date = self.newest(0..self.records.len() as u32);
        let (id, bytes) = out.finish(snapshot.date)?;
        snapshot.id = plimsoll_model::hex(&id);
        snapshot.bytes = bytes;
        Ok(())
    }

    /// Ecosystem and name of a package.
    fn key(&self, key: u32) -> (&str, &str) {
        let key = &self.keys[key as usize];
        key.split_once(BETWEEN).unwrap_or((key, ""))
    }

    /// When the newest of some records was changed.
    fn newest(&self, records: impl IntoIterator<Item = u32>) -> Option<i64> {
        let modified = |record: u32| row(&self.spills, self.records[record as usize]).modified;
        records.into_iter().filter_map(modified).max()
    }

    /// Writes what is said of each package; gives where each ends.
    fn bodies(&mut self, out: &mut Output) -> io::Result<Vec<u32>> {
        let mut ends = Vec::new();
        let mut bytes = Vec::new();
        for same in self.said.chunk_by(|a, b| a.key == b.key) {
            bytes.clear();
            for said in same {
                self.spills[said.worker as usize].read(said.piece, &mut bytes)?;
            }
            let mut rest = &bytes[..];
            let mut entries = Vec::with_capacity(same.len());
            for said in same {
                let (piece, later) = rest.split_at(said.piece.length as usize);
                rest = later;
                let texts = spill::read_package(piece).ok_or_else(lost)?;
                let severities = numbers(&texts.severities, &mut self.severities);
                let [label, ..] = texts.labels;
                self.ratings.of_package(
                    said.record,
                    ratings::Said {
                        severities: &texts.severities,
                        numbers: &severities,
                        label,
                    },
                );
                entries.push(Entry {
                    record: said.record,
                    ranges: texts.ranges,
                    versions: texts.versions,
                    severities,
                    labels: texts
                        .labels
                        .map(|label| label.map(|label| self.labels.number(label))),
                    specifics: texts.specifics,
                });
            }
            ends.push(out.write(&body::write(&entries))?);
        }
        Ok(ends)
    }

    /// Writes the hash table of packages.
    fn packages(
        &self,
        out: &mut Output,
        used: &[u32],
        first_keys: &[u32],
        body_ends: &[u32],
    ) -> io::Result<()> {
        // At most two thirds full, so that what is not there is found out soon.
        let size = (used.len() + used.len() / 2 + 1).next_power_of_two();
        let mut slots = vec![0_u32; size];
        let mut names = Interned::default();
        let mut ecosystem = 0;
        for (number, key) in (0_u32..).zip(used) {
            while first_keys
                .get(ecosystem + 1)
                .is_some_and(|next| *next <= number)
            {
                ecosystem += 1;
            }
            let (_, name) = self.key(*key);
            names.push(name);
            let mut slot = hash(ecosystem as u32, name) as usize & (size - 1);
            while slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            slots[slot] = number + 1;
        }
        let mut bytes = Vec::new();
        bytes.extend((used.len() as u32).to_le_bytes());
        bytes.extend((size as u32).to_le_bytes());
        for number in slots.iter().chain(&names.ends).chain(body_ends) {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(&names.texts);
        out.write(&bytes)?;
        Ok(())
    }

    /// Writes records in short, and where their groups end.
    fn shorts(&mut self, out: &mut Output) -> io::Result<()> {
        out.begin(Section::Records);
        let mut index = (self.records.len() as u32).to_le_bytes().to_vec();
        let (mut group, mut bytes) = (Vec::new(), Vec::new());
        let mut record = 0_u32;
        for records in self.records.chunks(GROUP as usize) {
            group.clear();
            for at in records {
                let row = row(&self.spills, *at);
                bytes.clear();
                self.spills[at.0].read(row.short, &mut bytes)?;
                let texts = spill::read_short(&bytes).ok_or_else(lost)?;
                let severities = numbers(&texts.severities, &mut self.severities);
                self.ratings.of_record(
                    record,
                    &row.id,
                    &texts.aliases,
                    &texts.upstream,
                    ratings::Said {
                        severities: &texts.severities,
                        numbers: &severities,
                        label: texts.label.as_deref(),
                    },
                );
                record += 1;
                let short = Short {
                    id: row.id.clone().into_string(),
                    aliases: texts.aliases,
                    upstream: texts.upstream,
                    published: texts.published,
                    modified: row.modified,
                    severities,
                    label: texts.label.map(|label| self.labels.number(&label)),
                };
                record::write(&short, &mut group);
            }
            index.extend(out.write(&record::close_group(&group))?.to_le_bytes());
        }
        out.begin(Section::RecordIndex);
        out.write(&index)?;
        Ok(())
    }

    /// Writes the details of records in packed blocks, and where these end.
    fn details(&self, out: &mut Output) -> io::Result<()> {
        out.begin(Section::Details);
        let mut index = Vec::new();
        // The first record of each block, and its bytes.
        let mut blocks: Vec<(u32, Vec<u8>)> = Vec::new();
        let mut block = Vec::new();
        let mut bytes = Vec::new();
        for (record, at) in (0_u32..).zip(&self.records) {
            bytes.clear();
            self.spills[at.0].read(row(&self.spills, *at).details, &mut bytes)?;
            if bytes.len() > MAX_BLOCK {
                return Err(lost());
            }
            if block.is_empty() {
                blocks.push((record, Vec::new()));
            }
            block.varint(bytes.len() as u64);
            block.extend(&bytes);
            if block.len() >= BLOCK
                && let Some((_, last)) = blocks.last_mut()
            {
                *last = std::mem::take(&mut block);
                if blocks.len() == AT_A_TIME * self.threads {
                    write_blocks(&blocks, self.threads, out, &mut index)?;
                    blocks.clear();
                }
            }
        }
        if let Some((_, last)) = blocks.last_mut()
            && !block.is_empty()
        {
            *last = block;
        }
        write_blocks(&blocks, self.threads, out, &mut index)?;
        out.begin(Section::DetailIndex);
        out.write(&index)?;
        Ok(())
    }

    /// What is held of each ecosystem, or of what `part` takes of its name.
    fn ecosystems(&self, part: impl Fn(&str) -> &str) -> Vec<SnapshotEcosystem> {
        let name = |said: &Said| part(self.key(said.key).0);
        self.said
            .chunk_by(|a, b| name(a) == name(b))
            .filter_map(|of_one| {
                let packages = of_one.chunk_by(|a, b| a.key == b.key).count();
                let mut records: Vec<u32> = of_one.iter().map(|said| said.record).collect();
                records.sort_unstable();
                records.dedup();
                Some(SnapshotEcosystem {
                    name: name(of_one.first()?).to_owned(),
                    records: records.len() as u64,
                    packages: packages as u64,
                    newest: self.newest(records),
                    checked: None,
                })
            })
            .collect()
    }
}

/// Packs blocks, as many at a time as there are threads, and writes them.
fn write_blocks(
    blocks: &[(u32, Vec<u8>)],
    threads: usize,
    out: &mut Output,
    index: &mut Vec<u8>,
) -> io::Result<()> {
    let pack = |blocks: &[(u32, Vec<u8>)]| -> io::Result<Vec<Vec<u8>>> {
        let mut packer = zstd::bulk::Compressor::new(LEVEL)?;
        blocks
            .iter()
            .map(|(_, block)| packer.compress(block))
            .collect()
    };
    let share = blocks.len().div_ceil(threads).max(1);
    let packed = std::thread::scope(|scope| {
        let running: Vec<_> = blocks
            .chunks(share)
            .map(|share| scope.spawn(move || pack(share)))
            .collect();
        running
            .into_iter()
            .map(|packer| match packer.join() {
                Ok(packed) => packed,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect::<io::Result<Vec<_>>>()
    })?;
    for ((first, block), packed) in blocks.iter().zip(packed.into_iter().flatten()) {
        let end = out.write(&packed)?;
        for number in [*first, end, block.len() as u32, sum(&packed)] {
            index.extend(number.to_le_bytes());
        }
    }
    Ok(())
}

fn numbers(severities: &[Severity<'_>], known: &mut Interned) -> Vec<u32> {
    severities
        .iter()
        .map(|severity| known.number(&severity_text(severity)))
        .collect()
}

/// What was written a moment ago reads otherwise: the disk is broken.
fn lost() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "what was written for a while does not read as it was written",
    )
}
