//! The search of one file, which takes its bytes as they come.
//!
//! A file of up to [`WHOLE`] bytes is searched as a whole, in place where it came in one piece. A
//! longer one is searched piece by piece; of each only so much is kept as what begins in it and
//! ends in the next needs. Where the pieces are parted changes nothing about what is found.

use std::borrow::Cow;
use std::io::{self, Read};

use base64::Engine as _;
use md5::Md5;
use plimsoll_model::Severity;
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::context::in_context;
use super::detector::{Detector, LOOKBEHIND, MAX_HITS, Piece, Told, WINDOW};
use super::encoded::in_base64;
use super::named::by_name;
use super::place::{is_own, is_settings};
use super::{Fingerprint, Hit};

/// The longest file that is searched as a whole: with the readers that want it whole, and with the
/// sums that prove who published it.
const WHOLE: usize = 1 << 20;

/// How much of a file decides whether it is text.
const TEXT_PROBE: usize = 8 << 10;

/// What the search of a piece needs of the next one.
const JOINT: usize = LOOKBEHIND + WINDOW;

/// Bytes that are gathered before they are searched, where they come in crumbs.
const GATHERED: usize = 64 << 10;

/// A credential in a file of a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileSighting {
    pub(crate) kind: Cow<'static, str>,
    pub(crate) severity: Severity,
    pub(crate) path: String,
    /// 1-based; none in a program.
    pub(crate) line: Option<usize>,
    pub(crate) fingerprint: Fingerprint,
    /// What proves that a package published this very file; only of files of up to a mebibyte.
    pub(crate) sums: Option<FileSums>,
}

/// Sums of a whole file, in the forms package databases keep them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileSums {
    /// MD5, hexadecimal (dpkg).
    pub(crate) md5: String,
    /// SHA-1, hexadecimal (apk).
    pub(crate) sha1: String,
    /// SHA-256, base64url without padding (Python).
    pub(crate) sha256: String,
    /// SHA-256, hexadecimal (RPM).
    pub(crate) sha256_hex: String,
}

impl FileSums {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let sha256 = Sha256::digest(bytes);
        Self {
            md5: hex(&Md5::digest(bytes)),
            sha1: hex(&Sha1::digest(bytes)),
            sha256: base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha256),
            sha256_hex: hex(&sha256),
        }
    }

    /// Whether `sum` is the file's, in hexadecimal.
    pub(crate) fn is(&self, sum: &str) -> bool {
        match sum.len() {
            32 => self.md5 == sum,
            40 => self.sha1 == sum,
            _ => self.sha256_hex == sum,
        }
    }
}

/// What a search of one file gave.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) sightings: Vec<FileSighting>,
    /// Whether the rest of the file was left.
    pub(crate) partly: bool,
}

/// Searches files one after the other, and keeps its buffers between them.
pub(crate) struct Searcher<'a> {
    detector: &'a Detector,
    /// Bytes of a file that are searched.
    limit: u64,
    /// What was fed and is not done with.
    kept: Vec<u8>,
    read: Vec<u8>,
}

impl<'a> Searcher<'a> {
    /// A searcher that looks at the first `limit` bytes of each file.
    pub(crate) fn new(detector: &'a Detector, limit: u64) -> Self {
        Self {
            detector,
            limit,
            kept: Vec::new(),
            read: Vec::new(),
        }
    }

    /// Begins with the file at `path`, which is `size` bytes long.
    pub(crate) fn file<'s>(&'s mut self, path: &'s str, size: u64) -> FileSearch<'s> {
        self.kept.clear();
        FileSearch {
            detector: self.detector,
            room: self.limit,
            path,
            missing: size,
            streamed: size > WHOLE as u64,
            kept: &mut self.kept,
            base: 0,
            lines_before: 0,
            from: 0,
            told: Told::default(),
            own: is_own(path),
            settings: is_settings(path),
            program: None,
            hits: Vec::new(),
            sums: None,
            done: false,
            partly: false,
        }
    }

    /// Searches a file that is read.
    pub(crate) fn search(&mut self, path: &str, content: &mut dyn Read) -> io::Result<Found> {
        let mut piece = std::mem::take(&mut self.read);
        piece.resize(WHOLE + 1, 0);
        let mut filled = fill(content, &mut piece)?;
        let ended = filled < piece.len();
        let mut search = self.file(path, if ended { filled as u64 } else { u64::MAX });
        while filled > 0 && !search.done {
            search.feed(&piece[..filled]);
            filled = fill(content, &mut piece)?;
        }
        let found = search.finish();
        self.read = piece;
        Ok(found)
    }
}

fn fill(content: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match content.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

struct Placed {
    hit: Hit,
    start: u64,
    end: u64,
    line: Option<usize>,
}

/// The search of one file.
pub(crate) struct FileSearch<'s> {
    detector: &'s Detector,
    /// Bytes that may still be searched.
    room: u64,
    path: &'s str,
    /// Bytes that have not come yet.
    missing: u64,
    /// Whether it is too long to be searched as a whole.
    streamed: bool,
    kept: &'s mut Vec<u8>,
    /// Where in the file what is kept begins.
    base: u64,
    /// Line ends before `base`.
    lines_before: usize,
    /// Where in the file the search goes on.
    from: u64,
    told: Told,
    /// Whether it lies where people put their own files.
    own: bool,
    /// Whether values stand in it without quotes.
    settings: bool,
    /// Whether it is no text, once that is known.
    program: Option<bool>,
    /// With where they begin and end in the file, and the line.
    hits: Vec<Placed>,
    sums: Option<FileSums>,
    done: bool,
    partly: bool,
}

impl FileSearch<'_> {
    /// Takes the next bytes of the file.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        if self.done {
            self.partly |= !bytes.is_empty();
            return;
        }
        let room = usize::try_from(self.room).unwrap_or(usize::MAX);
        self.partly = bytes.len() > room;
        let bytes = &bytes[..bytes.len().min(room)];
        self.room -= bytes.len() as u64;
        self.missing = self.missing.saturating_sub(bytes.len() as u64);
        let last = self.missing == 0 || self.partly;
        if self.streamed {
            self.stream(bytes, last);
        } else if self.kept.is_empty() && last && bytes.len() <= WHOLE {
            self.whole(bytes);
        } else {
            self.kept.extend_from_slice(bytes);
            if self.kept.len() > WHOLE {
                // Longer than it was said to be.
                self.streamed = true;
                self.search_kept(false);
            }
        }
        self.done |= last && self.kept.is_empty();
    }

    /// What was found.
    pub(crate) fn finish(mut self) -> Found {
        if !self.done && !self.kept.is_empty() {
            if self.streamed {
                self.search_kept(true);
            } else {
                let kept = std::mem::take(self.kept);
                self.whole(&kept);
                *self.kept = kept;
            }
        }
        let mut found = Found {
            sightings: Vec::new(),
            partly: self.partly,
        };
        let mut seen = Vec::new();
        self.hits.sort_by_key(|placed| placed.start);
        for Placed { hit, line, .. } in self.hits {
            if seen.contains(&hit.fingerprint) {
                continue;
            }
            if seen.len() >= MAX_HITS {
                found.partly = true;
                break;
            }
            seen.push(hit.fingerprint);
            found.sightings.push(FileSighting {
                kind: hit.kind.into(),
                severity: hit.severity,
                path: self.path.to_owned(),
                line,
                fingerprint: hit.fingerprint,
                sums: self.sums.clone(),
            });
        }
        found
    }

    /// Searches the file, all of it.
    fn whole(&mut self, bytes: &[u8]) {
        let program = is_program(bytes);
        let mut hits = Vec::new();
        if !program {
            by_name(self.path, bytes, &mut hits);
        }
        let piece = Piece {
            bytes,
            from: 0,
            limit: bytes.len(),
            program,
            own: self.own,
        };
        self.search_for(piece, &mut hits);
        if hits.is_empty() {
            return;
        }
        self.sums = Some(FileSums::of(bytes));
        self.program = Some(program);
        self.place(bytes, hits);
    }

    fn stream(&mut self, bytes: &[u8], last: bool) {
        if !self.kept.is_empty() || (bytes.len() <= JOINT && !last) {
            let before = self.kept.len();
            let joint = bytes.len().min(JOINT);
            self.kept.extend_from_slice(&bytes[..joint]);
            if joint == bytes.len() {
                if last || self.kept.len() >= GATHERED {
                    self.search_kept(last);
                }
                return;
            }
            let kept = std::mem::take(self.kept);
            self.search_piece(&kept, before + LOOKBEHIND);
            self.move_base(&kept, before);
            *self.kept = kept;
            self.kept.clear();
        }
        if last {
            self.search_piece(bytes, bytes.len());
            return;
        }
        let done = self.search_all_but_joint(bytes);
        self.kept.extend_from_slice(&bytes[done..]);
    }

    fn search_kept(&mut self, last: bool) {
        let mut kept = std::mem::take(self.kept);
        if last {
            self.search_piece(&kept, kept.len());
            kept.clear();
        } else {
            let done = self.search_all_but_joint(&kept);
            kept.drain(..done);
        }
        *self.kept = kept;
    }

    /// Searches what needs nothing of what follows; gives how much of it is done with.
    fn search_all_but_joint(&mut self, bytes: &[u8]) -> usize {
        let limit = bytes.len().saturating_sub(WINDOW);
        self.search_piece(bytes, limit);
        let done = limit.saturating_sub(LOOKBEHIND);
        self.move_base(bytes, done);
        done
    }

    /// Searches for what begins before `limit` in a piece that begins at `base`.
    fn search_piece(&mut self, bytes: &[u8], limit: usize) {
        let program = *self.program.get_or_insert_with(|| is_program(bytes));
        let from = usize::try_from(self.from - self.base).unwrap_or(usize::MAX);
        if self.hits.len() >= MAX_HITS {
            return;
        }
        let piece = Piece {
            bytes,
            from,
            limit,
            program,
            own: self.own,
        };
        let mut hits = Vec::new();
        self.search_for(piece, &mut hits);
        self.from = self.base + limit as u64;
        self.place(bytes, hits);
    }

    fn search_for(&mut self, piece: Piece<'_>, hits: &mut Vec<Hit>) {
        self.detector.find(piece, &mut self.told, hits);
        if piece.own && !piece.program {
            in_context(piece, self.settings, &mut self.told, hits);
            in_base64(self.detector, piece, &mut self.told.encoded, hits);
        }
    }

    /// Takes hits in; of two that overlap the first to name a value is the surest.
    fn place(&mut self, bytes: &[u8], hits: Vec<Hit>) {
        let text = self.program == Some(false);
        for hit in hits {
            let start = self.base + hit.start as u64;
            let end = self.base + hit.end as u64;
            let overlaps = |other: &Placed| other.start < end && start < other.end;
            if self.hits.len() >= MAX_HITS || self.hits.iter().any(overlaps) {
                continue;
            }
            let line = text.then(|| self.lines_before + 1 + line_ends(&bytes[..hit.start]));
            self.hits.push(Placed {
                hit,
                start,
                end,
                line,
            });
        }
    }

    fn move_base(&mut self, bytes: &[u8], done: usize) {
        if self.program == Some(false) {
            self.lines_before += line_ends(&bytes[..done]);
        }
        self.base += done as u64;
        self.told.move_by(done);
    }
}

fn is_program(bytes: &[u8]) -> bool {
    memchr::memchr(0, &bytes[..bytes.len().min(TEXT_PROBE)]).is_some()
}

fn line_ends(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}
