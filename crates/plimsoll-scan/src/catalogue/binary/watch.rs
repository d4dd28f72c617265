//! Looks at a large program as it streams by: the ranges that tell of it are kept, the rest passes.

use super::elf::{self, Layout};
use super::version::Versions;
use super::view::View;
use super::{Binary, Passed, go, is_library, pclntab, rust, told};
use crate::catalogue::{Candidate, Document, Watch};

/// The beginning that is kept: headers, notes, and of most files the names of what they need.
const HEAD: u64 = 2 << 20;
/// Where the program headers lie, behind the file header.
const HEADERS: u64 = 64 << 10;
/// The end that is kept: names of sections, comments.
const TAIL: u64 = 1 << 18;
/// How much of the end of each loaded segment is kept: where linkers put sections they do not know.
const SEGMENT_END: u64 = 1 << 18;
/// The longest range that headers may make us keep besides.
const MAX_RANGE: u64 = 1 << 20;
/// Ranges that are kept at most.
const MAX_RANGES: usize = 24;
/// What is searched again where two pieces meet: the longest text that is looked for.
const JOINT: usize = 1_024;

/// A range that is kept.
#[derive(Debug)]
struct Range {
    start: u64,
    end: u64,
    bytes: Vec<u8>,
}

impl Range {
    fn new(start: u64, end: u64) -> Self {
        Self {
            start,
            end,
            bytes: Vec::new(),
        }
    }
}

/// One large program.
pub(super) struct Watcher {
    size: u64,
    /// Whether it is called like a library for Windows.
    is_library: bool,
    at: u64,
    /// The beginning, until the headers in it are read.
    head: Vec<u8>,
    ranges: Vec<Range>,
    /// Where its data lies, as opposed to code; known with the headers.
    data: Option<Vec<(u64, u64)>>,
    is_go: bool,
    big_endian: bool,
    versions: Versions,
    passed: Passed,
    /// The end of the last piece.
    joint: Vec<u8>,
}

/// Begins with a file.
pub(crate) fn watch(candidate: &Candidate<'_>) -> Box<dyn Watch> {
    Box::new(Watcher {
        size: candidate.size,
        is_library: is_library(candidate.name),
        at: 0,
        head: Vec::new(),
        ranges: Vec::new(),
        data: None,
        is_go: false,
        big_endian: false,
        versions: Versions::of(candidate.name),
        passed: Passed::default(),
        joint: Vec::new(),
    })
}

impl Watcher {
    /// Decides which ranges to keep, from the headers.
    fn plan(&mut self) {
        let head = std::mem::take(&mut self.head);
        let view = [(0, head.as_slice())];
        let mut wanted = vec![(0, HEAD), (self.size.saturating_sub(TAIL), TAIL)];
        let mut data = Vec::new();
        if let Ok(layout) = Layout::read(View::new(&view)) {
            self.is_go = layout.has_go_note();
            self.big_endian = layout.big_endian;
            wanted.push((
                layout.section_headers.0,
                layout.section_headers.1.min(MAX_RANGE),
            ));
            for segment in &layout.segments {
                let end = segment.offset.saturating_add(segment.size);
                if segment.is_told_by() {
                    wanted.push((segment.offset, segment.size.min(MAX_RANGE)));
                } else if segment.is_data() {
                    let start = end.saturating_sub(SEGMENT_END).max(segment.offset);
                    wanted.push((start, end - start));
                    data.push((segment.offset, end));
                }
            }
        }
        self.data = Some(data);
        self.ranges = wanted
            .into_iter()
            .take(MAX_RANGES)
            .filter(|(start, length)| *length > 0 && *start < self.size)
            .map(|(start, length)| Range::new(start, start.saturating_add(length).min(self.size)))
            .collect();
        self.search(0, &head);
        self.keep(0, &head);
    }

    /// Keeps what of these bytes lies in a range. Each range is filled from its beginning on.
    fn keep(&mut self, at: u64, bytes: &[u8]) {
        let end = at.saturating_add(bytes.len() as u64);
        for table in &mut self.passed.tables {
            table.keep(at, bytes);
        }
        for range in &mut self.ranges {
            let next = range.start + range.bytes.len() as u64;
            if next >= range.end || next < at || next >= end {
                continue;
            }
            let from = usize::try_from(next - at).unwrap_or(usize::MAX);
            let to = usize::try_from(range.end.min(end) - at).unwrap_or(usize::MAX);
            range
                .bytes
                .extend_from_slice(bytes.get(from..to).unwrap_or_default());
        }
    }

    /// Searches bytes for what is told by text wherever it stands in the data.
    fn search(&mut self, at: u64, bytes: &[u8]) {
        let end = at.saturating_add(bytes.len() as u64);
        let data = self.data.take().unwrap_or_default();
        for (from, to) in data.iter().take(MAX_RANGES) {
            let (from, to) = (at.max(*from), end.min(*to));
            let part = from
                .checked_sub(at)
                .zip(to.checked_sub(at))
                .and_then(|(from, to)| {
                    bytes.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)
                })
                .unwrap_or_default();
            if part.is_empty() {
                continue;
            }
            if self.is_go {
                if let Some(found) = go::magic(part) {
                    self.also_keep(from.saturating_add(found as u64));
                }
                for (found, table) in pclntab::search(part, self.big_endian) {
                    self.also_read(from.saturating_add(found as u64), table);
                }
            } else {
                self.passed.rust = self.passed.rust || rust::panics(part);
                self.passed.crates.look(part);
            }
        }
        self.data = Some(data);
    }

    /// Reads a table of functions, which begins at `start`, as it passes.
    fn also_read(&mut self, start: u64, table: pclntab::Table) {
        let tables = &mut self.passed.tables;
        if tables.len() < pclntab::MAX_TABLES && tables.iter().all(|one| one.start != start) {
            tables.push(pclntab::Passing::new(start, table));
        }
    }

    /// Keeps Go's build information, which begins at `start`.
    fn also_keep(&mut self, start: u64) {
        let known = self.ranges.iter().any(|range| range.start == start);
        if !known && self.ranges.len() < 2 * MAX_RANGES {
            let end = start.saturating_add(go::MAX_INFO).min(self.size);
            self.ranges.push(Range::new(start, end));
        }
    }
}

impl Watch for Watcher {
    fn feed(&mut self, bytes: &[u8]) {
        let at = self.at;
        self.at = at.saturating_add(bytes.len() as u64);
        if !self.joint.is_empty() {
            // What lies across the place where two pieces meet.
            let before = self.joint.len();
            let mut joint = std::mem::take(&mut self.joint);
            joint.extend_from_slice(bytes.get(..JOINT).unwrap_or(bytes));
            self.versions.look(&joint);
            if self.data.is_some() {
                let start = at.saturating_sub(before as u64);
                self.search(start, &joint);
                self.keep(start, &joint);
            }
            joint.truncate(before);
            self.joint = joint;
        }
        self.versions.look(bytes);
        if self.data.is_some() {
            self.search(at, bytes);
            self.keep(at, bytes);
        } else {
            self.head.extend_from_slice(bytes);
            if self.head.len() as u64 >= HEADERS.min(self.size) {
                self.plan();
            }
        }
        let last = bytes
            .get(bytes.len().saturating_sub(JOINT)..)
            .unwrap_or(bytes);
        let keep = self.joint.len().min(JOINT - last.len());
        self.joint.drain(..self.joint.len() - keep);
        self.joint.extend_from_slice(last);
    }

    fn finish(mut self: Box<Self>) -> Result<Document, String> {
        if self.data.is_none() {
            self.plan();
        }
        let pieces: Vec<(u64, &[u8])> = self
            .ranges
            .iter()
            .map(|range| (range.start, range.bytes.as_slice()))
            .collect();
        let view = View::new(&pieces);
        if !elf::is_elf(view.up_to(0, 4)) {
            let head = view.up_to(0, HEADERS);
            return Ok(Document::Binary(Binary::foreign(head, self.is_library)));
        }
        told(view, self.versions, Some(self.passed))
            .map(Document::Binary)
            .map_err(str::to_owned)
    }
}
