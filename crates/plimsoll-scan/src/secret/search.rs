//! The search of one file, which takes its bytes as they come.
//!
//! A file of up to [`WHOLE`] bytes is searched as a whole, in place where it came in one piece. A
//! longer one is searched piece by piece; of each only so much is kept as what begins in it and
//! ends in the next needs. Where the pieces are parted changes nothing about what is found.

mod attached;
mod sighting;
mod streamed;

use std::collections::HashMap;

use plimsoll_model::Severity;
use sha2::{Digest as _, Sha256};

use super::appsettings::is_of_spring;
use super::archive::{Budget, HEAD, Parent, Unpacker};
use super::assignment::has_drawn_piece;
use super::command::in_file;
use super::context::{in_addresses, in_context};
use super::der::{der_key, key_table};
use super::detector::{Detector, Piece, Told};
use super::encoded::in_base64;
use super::explained::{is_explained, is_for_instance, is_in_tests_of_rust};
use super::hits::{Hits, MAX_HITS, Parts, Room};
use super::lone::lone_value;
use super::named::{by_name, by_structure, has_structure};
use super::pair::{IN_FILES, beside_ids};
use super::place::{
    Sparing, Whose, is_packaged, is_settings, is_shared_library, sparing, whose, whose_inside,
};
use super::sqlite::Database;
use super::store::key_store;
use super::strings::texts;
use super::sums::FileSums;
use super::utf16::utf16_text;
use super::{Fingerprint, Hit};

use self::attached::Attached;
pub(crate) use self::sighting::{FileSighting, Found};

/// The longest file that is searched as a whole: with the readers that want it whole, and with the
/// sums that prove who published it.
const WHOLE: usize = 1 << 20;

/// The same for a file of one's own whose name says that it has structure, or that commands stand in it:
/// the state of a large project, all that a cluster holds.
const LONGEST_WHOLE: usize = 4 << 20;

/// How much of a file decides whether it is text.
const TEXT_PROBE: usize = 8 << 10;

/// Searches files one after the other, and keeps its buffers between them.
pub(crate) struct Searcher<'a> {
    detector: &'a Detector,
    /// Bytes of a file that are searched.
    limit: u64,
    /// Bytes that may still be unpacked.
    unpacked: u64,
    /// The same of archives that packages may own, which take none of the others' room.
    unpacked_unless_owned: u64,
    kept: Vec<u8>,
}

impl<'a> Searcher<'a> {
    /// A searcher that looks at the first `limit` bytes of each file.
    pub(crate) fn new(detector: &'a Detector, limit: u64) -> Self {
        Self {
            detector,
            limit,
            unpacked: Budget::LAYER,
            unpacked_unless_owned: Budget::UNLESS_OWNED,
            kept: Vec::new(),
        }
    }

    /// Begins with the file at `path`, which is `size` bytes long.
    pub(crate) fn file<'s>(&'s mut self, path: &'s str, size: u64) -> FileSearch<'s> {
        let parent = Parent {
            detector: self.detector,
            path: path.into(),
            inside: String::new(),
            name: path.into(),
            limit: self.limit,
            published: false,
            unnamed: false,
            rooted: false,
            unless_owned: false,
            depth: 0,
            wrappings: 0,
        };
        let mut search = Search::inside(parent, Some(size));
        search.kept = std::mem::take(&mut self.kept);
        let unpacked = match search.unless_owned {
            true => &mut self.unpacked_unless_owned,
            false => &mut self.unpacked,
        };
        FileSearch {
            search,
            budget: Budget::new(*unpacked),
            kept: &mut self.kept,
            unpacked,
        }
    }
}

/// The search of one file of a layer.
pub(crate) struct FileSearch<'s> {
    search: Search<'s>,
    budget: Budget,
    kept: &'s mut Vec<u8>,
    unpacked: &'s mut u64,
}

impl FileSearch<'_> {
    /// Takes the next bytes of the file.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.search.feed(bytes, &mut self.budget);
    }

    /// What was found.
    pub(crate) fn finish(mut self) -> Found {
        let before = Budget::new(*self.unpacked).bytes;
        let (found, kept) = self.search.finish(&mut self.budget);
        *self.kept = kept;
        *self.unpacked -= before.saturating_sub(self.budget.bytes);
        found
    }
}

/// A credential, and where in the file it is seen first.
struct Placed {
    hit: Hit,
    start: u64,
    line: Option<usize>,
    /// Whether it is one only where no package owns the file.
    unless_owned: bool,
}

/// The search of one file, in a layer or in an archive.
pub(super) struct Search<'s> {
    parent: Parent<'s>,
    /// Whether nothing has been seen yet that says whether it is an archive.
    may_be_archive: bool,
    archive: Option<Box<Unpacker<'s>>>,
    /// What is known of one behind what it begins with.
    attached: Attached,
    /// Whether all of an archive that came so far is kept.
    provable: bool,
    /// Bytes that may still be searched.
    room: u64,
    /// Bytes that have not come yet.
    missing: u64,
    /// The longest that it is searched as a whole.
    longest: usize,
    /// Whether it is too long to be searched as a whole.
    streamed: bool,
    /// What takes it apart where it is a database that is too long for that.
    database: Option<Database>,
    /// What was fed and is not done with.
    kept: Vec<u8>,
    /// Where in the file what is kept begins.
    base: u64,
    /// Line ends before `base`.
    lines_before: usize,
    /// Where in the file the search goes on.
    from: u64,
    told: Told,
    /// Whether it lies where people put their own files.
    own: bool,
    /// Whether packages have theirs there, too: what is looked for in one's own files alone is told where
    /// none owns this one.
    unless_owned: bool,
    /// What is looked for in it though it is not only one's own.
    sparing: Option<Sparing>,
    /// Whether it lies in a package.
    packaged: bool,
    /// Whether values stand in it without quotes.
    settings: bool,
    /// Whether it is no text, once that is known.
    program: Option<bool>,
    /// Each value once.
    hits: HashMap<Fingerprint, Placed>,
    /// What of the file they and their likes cover, as far as it matters to what comes.
    covered: Parts,
    sums: Option<FileSums>,
    /// Counts the sum of what is too long to be kept, and may be proven all the same.
    counting: Option<Sha256>,
    done: bool,
    /// Room for values.
    told_room: Room,
    partly: bool,
    partly_unless_owned: bool,
}

impl<'s> Search<'s> {
    /// The search of what `parent` describes, whose size is known for some.
    pub(super) fn inside(mut parent: Parent<'s>, size: Option<u64>) -> Self {
        let inside = parent.wrappings > 0;
        let anywhere = parent.depth > 0 && !parent.rooted;
        let whose = match anywhere {
            true => whose_inside(&parent.name),
            false => whose(&parent.name),
        };
        // What a package brings packed is a package's.
        let unless_owned = !inside && whose == Whose::OwnUnlessOwned;
        parent.unless_owned |= unless_owned;
        let lies_in_own = match whose {
            Whose::Own => true,
            Whose::OwnUnlessOwned => parent.depth == 0,
            Whose::MadeUp | Whose::Others => false,
        };
        // Modules of an application are packed as libraries are.
        let is_published = parent.published && !is_of_spring(&parent.name);
        let own = lies_in_own && !is_published && !parent.unnamed;
        let lies_alone = own && !unless_owned;
        let settings = is_settings(&parent.name);
        let longest = match own && (settings || has_structure(&parent.name)) {
            true => LONGEST_WHOLE,
            false => WHOLE,
        };
        let streamed = size.is_some_and(|size| size > longest as u64);
        Search {
            // Caches and libraries are full of archives of others.
            may_be_archive: lies_in_own || whose == Whose::MadeUp,
            archive: None,
            attached: Attached::None,
            provable: false,
            room: parent.limit,
            missing: size.unwrap_or(u64::MAX),
            longest,
            streamed,
            database: None,
            kept: Vec::new(),
            base: 0,
            lines_before: 0,
            from: 0,
            told: Told::default(),
            own,
            unless_owned,
            sparing: match own || parent.published {
                true => None,
                false => sparing(&parent.name, anywhere),
            },
            packaged: !own && (parent.published || is_packaged(&parent.name)),
            settings,
            counting: (lies_alone && streamed && !inside && is_shared_library(&parent.name))
                .then(Sha256::new),
            parent,
            program: None,
            hits: HashMap::new(),
            covered: Parts::default(),
            sums: None,
            done: false,
            told_room: Room::new(MAX_HITS),
            partly: false,
            partly_unless_owned: false,
        }
    }

    /// Takes the next bytes of the file.
    pub(super) fn feed(&mut self, bytes: &[u8], budget: &mut Budget) {
        if self.archive.is_some() {
            self.keep_packed(bytes);
        }
        if let Some(archive) = &mut self.archive {
            archive.feed(bytes, budget);
        } else if self.may_be_archive {
            self.feed_head(bytes, budget);
        } else {
            self.feed_attached(bytes, budget);
        }
    }

    /// Takes bytes until there are enough to know whether it is an archive.
    fn feed_head(&mut self, bytes: &[u8], budget: &mut Budget) {
        let enough = |length: usize| length >= HEAD || length as u64 >= self.missing;
        if !self.kept.is_empty() || !enough(bytes.len()) {
            self.kept.extend_from_slice(bytes);
            if enough(self.kept.len()) {
                let kept = std::mem::take(&mut self.kept);
                self.begin(&kept, budget);
            }
        } else {
            self.begin(bytes, budget);
        }
    }

    /// Begins with the first bytes of what may be an archive.
    fn begin(&mut self, bytes: &[u8], budget: &mut Budget) {
        self.may_be_archive = false;
        let head = &bytes[..bytes.len().min(HEAD)];
        self.archive = Unpacker::new(self.parent.clone(), head).map(Box::new);
        self.provable = self.archive.is_some();
        if self.archive.is_none() {
            self.attached = Attached::behind(head);
        }
        self.feed(bytes, budget);
    }

    /// Keeps a short archive as it came, whose sums may prove who published it.
    fn keep_packed(&mut self, bytes: &[u8]) {
        if self.provable && self.kept.len() + bytes.len() <= WHOLE {
            self.kept.extend_from_slice(bytes);
        } else {
            self.provable = false;
            self.kept.clear();
        }
    }

    fn feed_content(&mut self, bytes: &[u8]) {
        if let Some(sum) = &mut self.counting {
            sum.update(bytes);
        }
        if self.done {
            self.partly |= !bytes.is_empty();
            return;
        }
        let room = usize::try_from(self.room).unwrap_or(usize::MAX);
        let cut = bytes.len() > room;
        self.partly |= cut;
        let bytes = &bytes[..bytes.len().min(room)];
        self.room -= bytes.len() as u64;
        self.missing = self.missing.saturating_sub(bytes.len() as u64);
        let last = self.missing == 0 || cut;
        if self.streamed {
            let is_first = self.base == 0 && self.kept.is_empty() && self.program.is_none();
            if is_first && self.database.is_none() {
                self.database = Database::begin(bytes);
            }
            match &mut self.database {
                Some(database) => {
                    let texts = database.feed(bytes, last);
                    self.stream(&texts, last);
                }
                None => self.stream(bytes, last),
            }
        } else if self.kept.is_empty() && last && bytes.len() <= self.longest {
            self.whole(bytes);
        } else {
            self.kept.extend_from_slice(bytes);
            if self.kept.len() > self.longest {
                // Longer than it was said to be.
                self.streamed = true;
                self.search_kept(false);
            }
        }
        self.done |= last && self.kept.is_empty();
    }

    /// What was found; also gives the buffer back.
    pub(super) fn finish(mut self, budget: &mut Budget) -> (Found, Vec<u8>) {
        if self.may_be_archive {
            // Shorter than it was said to be.
            let kept = std::mem::take(&mut self.kept);
            self.begin(&kept, budget);
        }
        self.end_attached();
        let mut packed = Vec::new();
        if let Some(archive) = self.archive.take() {
            let (mut sightings, partly) = archive.finish(budget);
            if self.provable && !sightings.is_empty() {
                let sums = self.sums_of(&self.kept);
                for sighting in &mut sightings {
                    sighting.sums = Some(sums.clone());
                }
            }
            self.kept.clear();
            self.partly |= partly && !self.unless_owned;
            self.partly_unless_owned |= partly && self.unless_owned;
            packed = sightings;
        }
        if let Some(database) = self.database.as_mut().filter(|_| !self.done) {
            self.kept.append(&mut database.feed(b"", true));
        }
        self.end_content();
        if let Some(sum) = self.counting.take().filter(|_| !self.hits.is_empty()) {
            self.sums = Some(FileSums::of_sha256(&sum.finalize()));
        }
        let mut found = Found {
            sightings: Vec::new(),
            partly: self.partly,
            partly_unless_owned: self.partly_unless_owned,
        };
        let mut placed: Vec<Placed> = self.hits.into_values().collect();
        placed.sort_unstable_by_key(|placed| (placed.start, placed.hit.fingerprint));
        for Placed {
            hit,
            line,
            unless_owned,
            ..
        } in placed
        {
            found.sightings.push(FileSighting {
                kind: hit.kind.into(),
                severity: hit.severity,
                path: self.parent.path.clone().into_owned(),
                inside: self.parent.inside.clone(),
                line,
                fingerprint: hit.fingerprint,
                sums: self.sums.clone(),
                unless_owned: unless_owned || (self.parent.unless_owned && !self.unless_owned),
            });
        }
        found.sightings.append(&mut packed);
        self.kept.clear();
        (found, self.kept)
    }

    /// Searches what is left of the content.
    fn end_content(&mut self) {
        if !self.done && !self.kept.is_empty() {
            if self.streamed {
                self.search_kept(true);
            } else {
                let kept = std::mem::take(&mut self.kept);
                self.whole(&kept);
                self.kept = kept;
                self.kept.clear();
            }
        }
        self.done = true;
    }

    /// Searches the file, all of it.
    fn whole(&mut self, bytes: &[u8]) {
        let decoded = utf16_text(bytes).map(String::into_bytes);
        let taken_out = decoded
            .is_none()
            .then(|| texts(&self.parent.name, bytes))
            .flatten();
        let lines = taken_out.is_none();
        let (original, bytes) = (bytes, decoded.or(taken_out));
        let bytes = bytes.as_deref().unwrap_or(original);
        let program = is_program(bytes);
        let own = self.own_as(program);
        let hits = self.hits_in(bytes, program, own);
        let sure = self
            .doubts(own, &hits)
            .then(|| self.hits_in(bytes, program, false));
        if hits.is_empty() {
            self.overflown(&hits, sure.as_ref());
            return;
        }
        self.sums = Some(self.sums_of(original));
        // What was taken out of a program has no lines.
        self.program = Some(program || !lines);
        self.place(bytes, hits, sure);
    }

    /// Whether it is searched as one's own: of programs that packages may own only their texts are.
    fn own_as(&self, program: bool) -> bool {
        self.own && !(self.unless_owned && program)
    }

    /// Whether it is not known of all of these whether they are told where a package owns the file.
    fn doubts(&self, own: bool, hits: &Hits) -> bool {
        own && self.unless_owned && (hits.overflows() || !hits.is_empty())
    }

    /// Notes what was left out of hits, `sure` of which are told whoever owns the file.
    fn overflown(&mut self, hits: &Hits, sure: Option<&Hits>) {
        self.partly |= sure.unwrap_or(hits).overflows();
        self.partly_unless_owned |= sure.is_some() && hits.overflows();
    }

    /// What a search of the file gives, all of it.
    fn hits_in(&self, bytes: &[u8], program: bool, own: bool) -> Hits {
        let mut hits = Hits::default();
        let mut cleared = Vec::new();
        let name = &self.parent.name;
        if !program {
            cleared = by_structure(self.parent.detector, name, bytes, own, &mut hits);
        } else if own {
            hits.extend(key_store(name, bytes));
            hits.extend(key_table(bytes));
        }
        if own && bytes.first() == Some(&0x30) {
            hits.extend(der_key(bytes));
        }
        let piece = Piece {
            bytes,
            from: 0,
            limit: bytes.len(),
            program,
            own,
        };
        let mut told = Told::default();
        self.parent.detector.find(piece, &mut told, &mut hits);
        if own && !program {
            beside_ids(bytes, IN_FILES, &mut hits);
        }
        if !program {
            by_name(name, bytes, &mut hits);
        }
        if own
            && self.settings
            && !program
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            in_file(text, &mut hits);
        }
        self.search_around(piece, &mut told, &mut hits);
        if own && !program && hits.is_empty() {
            hits.extend(lone_value(name, bytes));
        }
        hits.retain(|hit| {
            !cleared
                .iter()
                .any(|range| range.start < hit.end && hit.start < range.end)
        });
        hits
    }

    /// The sums that may prove it. What is packed is listed by Python alone, beside it.
    fn sums_of(&self, bytes: &[u8]) -> FileSums {
        match self.parent.wrappings {
            0 => FileSums::of(bytes),
            _ => FileSums::of_sha256(&Sha256::digest(bytes)),
        }
    }

    /// Searches for what only its surroundings, or decoding, tell.
    fn search_around(&self, piece: Piece<'_>, told: &mut Told, hits: &mut Hits) {
        if piece.own && !piece.program {
            in_context(piece, self.settings, told, hits);
            in_base64(self.parent.detector, piece, &mut told.encoded, hits);
        } else if let Some(sparing) = self.sparing.filter(|_| !piece.program) {
            let mut found = Hits::default();
            match sparing {
                Sparing::Addresses | Sparing::DrawnAddresses => {
                    in_addresses(piece, told, &mut found);
                }
                Sparing::Drawn => in_context(piece, false, told, &mut found),
            }
            if found.overflows() {
                hits.leave_out();
            }
            if sparing != Sparing::Addresses {
                found.retain(|hit| {
                    let value = str::from_utf8(&piece.bytes[hit.start..hit.end]);
                    value.is_ok_and(|value| has_drawn_piece(value) && !says_password(value))
                });
            }
            hits.extend(found);
        }
    }

    /// Takes hits in: of two that overlap the first to name a value is the surest, of two of one
    /// value the first in the file tells where. Of `sure`, if any, are those that are told whoever owns the
    /// file.
    fn place(&mut self, bytes: &[u8], hits: Hits, sure: Option<Hits>) {
        let text = self.program == Some(false);
        self.overflown(&hits, sure.as_ref());
        let sure = sure.map(|hits| {
            let mut parts = Parts::default();
            for hit in hits.iter() {
                parts.take(hit.start as u64, hit.end as u64);
            }
            parts
        });
        self.told_room.leave_out(hits.left_out());
        for mut hit in hits {
            let start = self.base + hit.start as u64;
            let end = self.base + hit.end as u64;
            if !self.covered.take(start, end) {
                continue;
            }
            let before = &bytes[..hit.start];
            // Of a longer file nobody has all that stands before.
            let is_rust = !self.streamed && self.parent.name.ends_with(".rs");
            let is_tried = || is_rust && is_in_tests_of_rust(before);
            let is_of_manual =
                || self.packaged && (is_explained(before, self.base == 0) || is_tried());
            if text && (is_for_instance(before) || is_of_manual()) {
                hit.severity = Severity::Info;
            }
            let unless_owned = sure
                .as_ref()
                .is_some_and(|sure| !sure.has_some_of(hit.start as u64, hit.end as u64));
            if let Some(known) = self.hits.get_mut(&hit.fingerprint) {
                known.unless_owned &= unless_owned;
                hit.severity = hit.severity.max(known.hit.severity);
                known.hit.severity = hit.severity;
                if known.start <= start {
                    continue;
                }
            } else if !self.told_room.take(hit.severity) {
                self.partly |= !unless_owned;
                self.partly_unless_owned |= unless_owned;
                continue;
            }
            let line = text.then(|| self.lines_before + 1 + line_ends(&bytes[..hit.start]));
            let unless_owned = match self.hits.get(&hit.fingerprint) {
                Some(known) => known.unless_owned,
                None => unless_owned,
            };
            let placed = Placed {
                hit,
                start,
                line,
                unless_owned,
            };
            self.hits.insert(hit.fingerprint, placed);
        }
    }
}

fn is_program(bytes: &[u8]) -> bool {
    memchr::memchr(0, &bytes[..bytes.len().min(TEXT_PROBE)]).is_some()
}

fn line_ends(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

/// Whether a value is what people make up to show where a password goes, some of its letters written as
/// digits: `S3cretPassw0rd1`.
fn says_password(value: &str) -> bool {
    let letter = |c: char| match c {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        c => c.to_ascii_lowercase(),
    };
    let read: String = value.chars().map(letter).collect();
    ["pass", "secret", "admin"]
        .iter()
        .any(|word| read.contains(word))
}

#[cfg(test)]
mod tests;
