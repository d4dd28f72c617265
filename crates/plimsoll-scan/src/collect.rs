//! Takes the entries of one layer as they stream by: every file's bytes are looked at once, by
//! everybody who wants them.

mod again;
mod kept;
mod links;
mod names;

use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead, Read as _};
use std::sync::{Mutex, PoisonError};

use plimsoll_image::{Entry, EntryKind, ImageError, LayerReader};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::ScanOptions;
use crate::catalogue::binary::Binary;
use crate::catalogue::{Candidate, Cataloguer, Document, Watch, base_name, claimant};
use crate::record::{EntryFact, LayerRecord, UNREAD_SCRIPT, Unread};
use crate::secret::{Detector, FileSighting, Fingerprint, Found, Room, Searcher};
use crate::startup::format::{self, Start};
use crate::startup::script;

use names::{command_without_credentials, conceal_in_words, without_credentials};

pub(crate) use again::{follow_links, lost_links};
pub(crate) use kept::Kept;

/// Bytes of metadata that one layer may make us read; past it files are left and that is said.
const MAX_METADATA_BYTES: u64 = 2 << 30;

/// Bytes, packed, of what metadata says that one layer may have kept under a third name and further
/// ones. A second name is that of an installer which links out of its cache.
const MAX_LINKED_BYTES: usize = 8 << 20;

/// Bytes of the packed names of programs' functions that are kept of one layer: those of hundreds
/// of large programs.
const MAX_FUNCTION_BYTES: usize = 64 << 20;

/// Files listed of one layer that could not be read.
const MAX_UNREAD: usize = 10_000;

/// Credentials of one severity listed of one layer.
const MAX_SIGHTINGS: usize = 5_000;

/// The same of those that are dropped where packages own the files.
const MAX_UNLESS_OWNED: usize = 1_000;

/// A file up to this long is put together in memory where it did not come in one piece.
const SMALL: u64 = 1 << 20;

/// A file up to this long is put together for a reader that could also watch it stream by: reading
/// in place is surer.
const WATCHED: u64 = 16 << 20;

/// How much of a file a cataloguer is shown at least before it decides.
const HEAD: usize = 64;

/// Held while a large file is in memory.
static LARGE_FILE: Mutex<()> = Mutex::new(());

/// The reader of one layer.
pub(crate) struct Collector<'a> {
    detector: &'a Detector,
    options: &'a ScanOptions,
    kept: &'a Kept,
    layer: usize,
    searcher: Searcher<'a>,
    record: LayerRecord,
    metadata_bytes: u64,
    scripts: script::Allowance,
    /// Names of files that have several, and the one that each file's bytes came by.
    linked: HashMap<String, String>,
    linked_bytes: usize,
    /// Paths of files that somebody wanted and could not read.
    refused: HashSet<String>,
    function_bytes: usize,
    /// Bytes of what the file at hand says.
    weight: usize,
    /// Credentials in names that were told, each with the path that ends in the name.
    named_by: HashSet<(Fingerprint, String)>,
    /// Room for credentials.
    room: Room,
    /// Room for those that are dropped where packages own the files: they take none of the others'.
    room_unless_owned: Room,
    /// What the file at hand begins with.
    start: Start,
    buffer: Vec<u8>,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(
        layer: usize,
        options: &'a ScanOptions,
        detector: &'a Detector,
        kept: &'a Kept,
    ) -> Self {
        Self {
            detector,
            options,
            kept,
            layer,
            searcher: Searcher::new(detector, options.max_secret_scan),
            record: LayerRecord::default(),
            metadata_bytes: 0,
            scripts: script::Allowance::default(),
            linked: HashMap::new(),
            linked_bytes: 0,
            refused: HashSet::new(),
            function_bytes: 0,
            weight: 0,
            named_by: HashSet::new(),
            room: Room::new(MAX_SIGHTINGS),
            room_unless_owned: Room::new(MAX_UNLESS_OWNED),
            start: Start::Unknown,
            buffer: Vec::new(),
        }
    }

    pub(crate) fn finish(self) -> LayerRecord {
        self.record
    }

    /// Looks at a file; gives the hash of its content.
    fn file(&mut self, entry: &Entry, content: &mut dyn BufRead) -> io::Result<u64> {
        let there = content.fill_buf()?;
        if let Some(bytes) = usize::try_from(entry.size)
            .ok()
            .and_then(|size| there.get(..size))
        {
            let claimant = self.claimant(entry, bytes);
            self.whole(entry, bytes, claimant);
            let hash = xxh3_64(bytes);
            let size = bytes.len();
            content.consume(size);
            return Ok(hash);
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let result = self.scattered(entry, content, &mut buffer);
        // A large file was here: its memory is given back.
        if buffer.capacity() as u64 <= 2 * SMALL {
            self.buffer = buffer;
        }
        result
    }

    /// Looks at a file that does not lie in one piece.
    fn scattered(
        &mut self,
        entry: &Entry,
        content: &mut dyn BufRead,
        buffer: &mut Vec<u8>,
    ) -> io::Result<u64> {
        let mut watch = None;
        let claimant = if entry.size <= SMALL {
            buffer.reserve(usize::try_from(entry.size).unwrap_or_default());
            append(buffer, content, SMALL)?;
            self.claimant(entry, buffer)
        } else {
            let mut there = content.fill_buf()?;
            if there.len() < HEAD {
                append(buffer, content, HEAD as u64)?;
                there = buffer;
            }
            let claimant = self.claimant(entry, there);
            if entry.size > WATCHED {
                let candidate = Candidate::new(&entry.path, entry.size, entry.mode, there);
                watch = claimant.and_then(|one| Some((one, one.watch?(&candidate))));
            }
            claimant
        };
        if buffer.len() as u64 == entry.size {
            self.whole(entry, buffer, claimant);
            return Ok(xxh3_64(buffer));
        }
        if watch.is_none()
            && let Some(cataloguer) = claimant
        {
            let _alone = (entry.size > cataloguer.alone)
                .then(|| LARGE_FILE.lock().unwrap_or_else(PoisonError::into_inner));
            // What a header says of its length is believed no further than this.
            let length = entry.size.min(cataloguer.limit).min(WATCHED);
            buffer.reserve(usize::try_from(length).unwrap_or_default());
            append(buffer, content, cataloguer.limit)?;
            self.whole(entry, buffer, claimant);
            return Ok(xxh3_64(buffer));
        }
        self.stream(entry, buffer, content, watch)
    }

    /// Looks at a file that is too long to be kept, and that no cataloguer wants whole.
    fn stream(
        &mut self,
        entry: &Entry,
        head: &[u8],
        content: &mut dyn BufRead,
        watch: Option<(&'static Cataloguer, Box<dyn Watch>)>,
    ) -> io::Result<u64> {
        let (cataloguer, mut watch) = watch.unzip();
        let mut hasher = Xxh3::new();
        let mut search = self
            .options
            .secrets_in_files
            .then(|| self.searcher.file(&entry.path, entry.size));
        let mut content = head.chain(content);
        loop {
            let there = match content.fill_buf() {
                Ok([]) => break,
                Ok(there) => there,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            hasher.update(there);
            if let Some(search) = &mut search {
                search.feed(there);
            }
            if let Some(watch) = &mut watch {
                watch.feed(there);
            }
            let count = there.len();
            content.consume(count);
        }
        if let Some(search) = search {
            let found = search.finish();
            self.keep(&entry.path, found);
        }
        if let (Some(cataloguer), Some(watch)) = (cataloguer, watch) {
            self.told(entry, cataloguer, watch.finish());
        }
        Ok(hasher.digest())
    }

    /// Who wants the file and may have it.
    fn claimant(&mut self, entry: &Entry, head: &[u8]) -> Option<&'static Cataloguer> {
        if entry.mode & 0o111 != 0 {
            self.start = Start::of(entry.size, head);
        }
        let cataloguer = claimant(&Candidate::new(&entry.path, entry.size, entry.mode, head))?;
        if cataloguer.watch.is_some() {
            // Little is kept of what is looked at this way, however long it is.
            return Some(cataloguer);
        }
        let limit = cataloguer.limit.min(self.options.max_metadata);
        let why = if entry.size > limit {
            format!(
                "it is {} bytes long, more than the {limit} that are read of such a file",
                entry.size
            )
        } else if self.metadata_bytes + entry.size > MAX_METADATA_BYTES {
            "this layer holds more package metadata than is read of one layer".to_owned()
        } else {
            self.metadata_bytes += entry.size;
            return Some(cataloguer);
        };
        self.unread(&entry.path, why, cataloguer);
        None
    }

    /// Looks at a file that lies in memory.
    fn whole(&mut self, entry: &Entry, bytes: &[u8], claimant: Option<&'static Cataloguer>) {
        if entry.mode & 0o111 != 0
            && let Some(line) = format::shebang(bytes)
        {
            self.weight += entry.path.len() + line.len();
            let path = entry.path.as_str().into();
            let shown = without_credentials(line, self.detector);
            let shown = shown.as_deref().unwrap_or(line);
            let bare = format::without_values(shown);
            self.record
                .shebangs
                .insert(path, bare.as_deref().unwrap_or(shown).into());
        }
        match self.scripts.read(base_name(&entry.path), bytes) {
            script::Reading::Nothing => {}
            script::Reading::Runs(mut script) => {
                let detector = self.detector;
                script.rewrite(
                    |text| {
                        if let Some(shown) = command_without_credentials(text, detector) {
                            *text = shown;
                        }
                    },
                    |words| conceal_in_words(words, detector),
                );
                self.weight += entry.path.len() + script.weight();
                let path = entry.path.as_str().into();
                self.record.scripts.insert(path, script);
            }
            script::Reading::Left => {
                self.weight += UNREAD_SCRIPT + entry.path.len();
                let path = entry.path.as_str().into();
                self.record.unread_scripts.insert(path);
            }
        }
        if let Some(cataloguer) = claimant {
            self.told(entry, cataloguer, (cataloguer.read)(&entry.path, bytes));
        }
        if self.options.secrets_in_files {
            let mut search = self.searcher.file(&entry.path, bytes.len() as u64);
            search.feed(bytes);
            let found = search.finish();
            self.keep(&entry.path, found);
        }
    }

    /// Keeps what a cataloguer made of a file.
    fn told(&mut self, entry: &Entry, cataloguer: &Cataloguer, result: Result<Document, String>) {
        match result {
            Ok(mut document) => {
                if let Document::Binary(Binary {
                    linked: Some(linked),
                    ..
                }) = &mut document
                {
                    self.function_bytes += linked.names.len();
                    if self.function_bytes > MAX_FUNCTION_BYTES {
                        self.function_bytes -= linked.names.len();
                        linked.names = Vec::new();
                        linked.gap = Some(
                            "its layer has more programs than functions are kept of".to_owned(),
                        );
                    }
                }
                self.weight += document.weight();
                self.record.documents.insert(entry.path.clone(), document);
            }
            Err(why) => {
                self.unread(&entry.path, why, cataloguer);
            }
        }
    }

    /// Drops what was made of an entry.
    fn forget(&mut self, path: &str) {
        self.record.documents.remove(path);
        self.record.shebangs.remove(path);
        self.record.scripts.remove(path);
        self.record.unread_scripts.remove(path);
        self.record.unfollowed.remove(path);
        if !self.linked.is_empty() {
            self.linked.remove(path);
        }
        if !self.refused.is_empty() {
            self.refused.remove(path);
        }
    }

    fn unread(&mut self, path: &str, why: String, cataloguer: &Cataloguer) {
        let why = match self.record.unread.len() {
            ..MAX_UNREAD => why,
            MAX_UNREAD => format!(
                "it and others of layer {} could not be read; more than {MAX_UNREAD} are not listed",
                self.layer
            ),
            _ => return,
        };
        self.refused.insert(path.to_owned());
        self.record.unread.push(Unread {
            path: path.to_owned(),
            why,
            blocking: cataloguer.essential,
        });
    }

    fn keep(&mut self, path: &str, found: Found) {
        let (mut partly, mut partly_unless_owned) = (found.partly, found.partly_unless_owned);
        let before = self.record.secrets.len();
        for sighting in found.sightings {
            let (room, partly) = match sighting.unless_owned {
                true => (&mut self.room_unless_owned, &mut partly_unless_owned),
                false => (&mut self.room, &mut partly),
            };
            match room.take(sighting.severity) {
                true => self.record.secrets.push(sighting),
                false => *partly = true,
            }
        }
        if partly {
            self.record.partly_searched.push(path.to_owned());
        } else if partly_unless_owned {
            self.record.partly_unless_owned.push(path.to_owned());
        }
        let new = self.record.secrets.get(before..).unwrap_or_default();
        self.weight += new.iter().map(FileSighting::weight).sum::<usize>();
    }

    fn broken(&self, entry: &Entry, source: io::Error) -> ImageError {
        let place = format!("layer {}: {}", self.layer, entry.path.escape_debug());
        ImageError::from_read(place, source)
    }
}

/// Appends what is left of a file, up to `limit` bytes: as `read_to_end` does, which clears the memory
/// first that it is about to fill.
fn append(buffer: &mut Vec<u8>, content: &mut dyn BufRead, limit: u64) -> io::Result<()> {
    let mut room = usize::try_from(limit).unwrap_or(usize::MAX);
    while room > 0 {
        let there = match content.fill_buf() {
            Ok([]) => break,
            Ok(there) => there.get(..room).unwrap_or(there),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        buffer.extend_from_slice(there);
        let count = there.len();
        content.consume(count);
        room -= count;
    }
    Ok(())
}

impl LayerReader for Collector<'_> {
    fn entry(&mut self, entry: &Entry, content: &mut dyn BufRead) -> Result<(), ImageError> {
        let shown = self.without_credentials(entry);
        let entry = shown.as_ref().unwrap_or(entry);
        let target = match &entry.kind {
            EntryKind::Symlink(target) | EntryKind::Hardlink(target) => target.len(),
            _ => 0,
        };
        let layer = self.layer;
        let too_much = |problem| ImageError::Invalid {
            place: format!("layer {layer}"),
            problem,
        };
        self.kept
            .take(entry.path.len() + target)
            .map_err(too_much)?;
        if !matches!(entry.kind, EntryKind::Whiteout | EntryKind::Opaque) {
            // What the layer brought at this path before, it brings no more.
            self.forget(&entry.path);
        }
        let mut hash = 0;
        match &entry.kind {
            EntryKind::File => {
                hash = self
                    .file(entry, content)
                    .map_err(|source| self.broken(entry, source))?;
            }
            EntryKind::Hardlink(target) => self.hard_link(entry, target),
            _ => {}
        }
        if let Err(problem) = self.kept.take_weight(std::mem::take(&mut self.weight)) {
            self.forget(&entry.path);
            return Err(too_much(problem));
        }
        let start = std::mem::take(&mut self.start);
        self.record.entries.push(EntryFact::new(entry, hash, start));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::kept::MAX_WEIGHT;
    use super::*;

    /// A database of packages.
    pub(super) fn database(bytes: &[u8]) -> Entry {
        Entry {
            path: "lib/apk/db/installed".to_owned(),
            kind: EntryKind::File,
            size: bytes.len() as u64,
            mode: 0o644,
            uid: 0,
            gid: 0,
            mtime: 0,
            has_capabilities: false,
        }
    }

    /// The last entry of a path is what the layer has there.
    #[test]
    fn what_the_same_layer_overwrites_proves_nothing() {
        let (kept, options) = (Kept::default(), ScanOptions::default());
        let mut layer = Collector::new(0, &options, Detector::shared(), &kept);
        let bytes = b"P:a\nV:1\n\n";
        let mut entry = database(bytes);
        layer.entry(&entry, &mut bytes.as_slice()).unwrap();
        // A lower layer's is what a whiteout is about.
        entry.kind = EntryKind::Whiteout;
        layer.entry(&entry, &mut [].as_slice()).unwrap();
        assert_eq!(layer.record.documents.len(), 1);
        entry.kind = EntryKind::Symlink("/x".to_owned());
        layer.entry(&entry, &mut [].as_slice()).unwrap();
        assert!(layer.finish().documents.is_empty());
    }

    /// A few packed bytes of a layer are many packages, and layers may be many.
    #[test]
    fn what_files_say_has_one_bound_in_all_layers() {
        let kept = Kept::default();
        kept.take_weight(MAX_WEIGHT - 2_000).unwrap();
        let options = ScanOptions::default();
        let mut layer = Collector::new(3, &options, Detector::shared(), &kept);
        let mut take = |packages: usize| {
            let text = (0..packages).map(|number| format!("P:p{number}\nV:1\n\n"));
            let bytes = text.collect::<String>().into_bytes();
            layer.entry(&database(&bytes), &mut bytes.as_slice())
        };
        take(1).unwrap();
        let refused = take(100).unwrap_err().to_string();
        assert!(
            refused.starts_with("layer 3: its package metadata"),
            "{refused}"
        );
        let record = layer.finish();
        assert!(record.documents.is_empty());
        let cached = LayerRecord {
            shebangs: [("a".into(), "b".repeat(2_000).into())].into(),
            ..LayerRecord::default()
        };
        assert!(!kept.take_record(&cached));
    }
}
