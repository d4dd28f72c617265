//! From records to an index.
//!
//! Workers read records, keep of each what the index holds, and write it to files without names; in
//! memory remain some hundred bytes a record. Then all is put into the order of the index, which
//! does not depend on the order in which it was read, and written beside the old index, which it
//! replaces when it is whole.

mod archive;
mod assemble;
mod distil;
mod feed;
mod list;
mod lists;
mod output;
mod ratings;
mod spill;
mod summary;
mod timestamp;
mod unused;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use self::archive::{Archive, Unpacker, is_yaml_name};
use self::feed::{Batch, Feed, ListFile};
use self::list::{List, NoList, PocketList};
pub(super) use self::list::{check_release, release_date};
use self::lists::Lists;
pub use self::output::IncomingIndex;
pub(super) use self::output::recheck;
use self::spill::Spill;
use self::unused::Unused;
use super::index::Snapshot;
use super::{PocketName, osv};

/// Broken records that are told one by one; all are counted.
const TOLD: usize = 100;

/// Most threads that read.
const MAX_THREADS: usize = 8;

/// Why no index was made. The one that was there is as it was.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It was named, and is none of what is read.
    #[error(
        "{}: neither a folder, nor a zip file, nor a record whose name ends in .json or .yaml, nor the package \
         index of a security pocket, nor EPSS scores, nor a catalogue of exploited flaws",
        .0.display()
    )]
    Neither(PathBuf),
    /// A list that somebody named cannot be used, or lists are too many: what they say would be
    /// missing in silence.
    #[error("{}: {why}", path.display())]
    List {
        /// Which.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// An archive is not whole. What it should hold would be missing in silence.
    #[error("{}: {why}; get it anew", path.display())]
    Archive {
        /// Which.
        path: PathBuf,
        /// What is wrong, and with which member where it is one.
        why: String,
    },
    /// There is nothing that an index could hold: what was read instead, and why it is of no use.
    #[error(
        "no record that could be matched was found, and no package index of a security pocket \
         ({} read, {} of them broken)",
        .0.read,
        .0.broken
    )]
    Nothing(Box<CompileReport>),
}

/// What was read, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompileReport {
    /// Records and what should be some: members and files that end in `.json`, and in YAML those that are.
    pub read: u64,
    /// Records that were there more than once; of each the one changed last was kept.
    pub duplicates: u64,
    /// How many are broken.
    pub broken: u64,
    /// The first hundred of those, in the order of their places.
    pub broken_records: Vec<Broken>,
    /// What records that are used say of packages that can not be matched, by reason.
    pub left_out: Vec<(String, u64)>,
    /// Lists that were not used, and why not, in the order of their places.
    pub unused_lists: Vec<Broken>,
    /// How many files are none of what is read, by how their names end; empty for no ending. Most first.
    pub unused_files: Vec<(String, u64)>,
    /// What the index holds.
    pub snapshot: Snapshot,
}

/// A record that is none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Broken {
    /// The file; a member of an archive as `archive: member`.
    pub place: String,
    /// What is wrong with it.
    pub why: String,
}

/// What an index is made of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inputs<'a> {
    /// Folders, with all that lies below them, zip files, single records, and lists: package
    /// indexes of security pockets, EPSS scores, catalogues of exploited flaws.
    pub paths: &'a [PathBuf],
    /// Package indexes that are those of these pockets, whatever their places tell.
    pub pockets: &'a [(PocketName, PathBuf)],
    /// When somebody made sure that there is nothing newer: [`Snapshot::checked`].
    pub checked: Option<i64>,
    /// The same of each ecosystem: [`SnapshotEcosystem::checked`](super::SnapshotEcosystem::checked).
    pub asked: &'a [(String, i64)],
}

impl<'a> Inputs<'a> {
    /// What lies in some places, and tells itself what it is.
    pub fn of(paths: &'a [PathBuf]) -> Self {
        Self {
            paths,
            ..Self::default()
        }
    }
}

/// Compiles the records and lists of `inputs` into the index `out`. `progress` is told how many records were read, now and then, from
/// any thread. The same records give the same bytes, in whatever order they are found.
///
/// # Errors
/// See [`CompileError`]. A broken record is none: it is counted.
pub fn compile(
    inputs: Inputs<'_>,
    out: &Path,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<CompileReport, CompileError> {
    let fail = |source| CompileError::Io {
        path: out.to_owned(),
        source,
    };
    let threads = std::thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(MAX_THREADS);
    // Beside the index: there must be room for it anyway.
    let workers = (0..threads)
        .map(|_| Ok(Worker::new(tempfile::tempfile_in(output::folder(out))?)))
        .collect::<std::io::Result<Vec<Worker>>>()
        .map_err(fail)?;
    let feed = Mutex::new(Feed::new(inputs));
    let stop = AtomicBool::new(false);
    let workers: Vec<Worker> = std::thread::scope(|scope| {
        let running: Vec<_> = workers
            .into_iter()
            .map(|worker| {
                let (feed, stop) = (&feed, &stop);
                scope.spawn(move || {
                    let worker = worker.run(feed, stop, out, progress);
                    if worker.is_err() {
                        stop.store(true, Ordering::Relaxed);
                    }
                    worker
                })
            })
            .collect();
        running
            .into_iter()
            .map(|worker| match worker.join() {
                Ok(worker) => worker,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect::<Result<_, _>>()
    })?;
    let mut report = CompileReport::default();
    let mut broken_records = BTreeSet::new();
    let mut spills = Vec::new();
    let mut lists = Lists::default();
    let mut unused = Unused::default();
    for worker in workers {
        unused.merge(&worker.unused);
        report.read += worker.read;
        report.broken += worker.broken;
        broken_records.extend(worker.broken_records);
        spills.push(worker.spill);
        lists.merge(worker.lists)?;
    }
    let feed = feed.into_inner().unwrap_or_else(PoisonError::into_inner);
    unused.merge(&feed.unused);
    report.unused_files = unused.told();
    for (path, why) in feed.passed_over {
        lists.pass_over(path.display().to_string(), why.into_owned());
    }
    report.broken_records = broken_records.into_iter().take(TOLD).collect();
    report.unused_lists = lists.unused();
    let named = |one: &&Broken| {
        inputs
            .paths
            .iter()
            .any(|path| path.as_os_str() == &*one.place)
    };
    if let Some(one) = report.unused_lists.iter().find(named) {
        return Err(CompileError::List {
            path: one.place.clone().into(),
            why: one.why.clone(),
        });
    }
    report.snapshot.checked = inputs.checked;
    assemble::assemble(spills, lists, out, report, (inputs.asked, threads))
}

/// Reads records.
struct Worker {
    spill: Spill,
    unpacker: Unpacker,
    read: u64,
    broken: u64,
    broken_records: BTreeSet<Broken>,
    lists: Lists,
    unused: Unused,
}

impl Worker {
    fn new(file: File) -> Self {
        Self {
            spill: Spill::new(file),
            unpacker: Unpacker::new(),
            read: 0,
            broken: 0,
            broken_records: BTreeSet::new(),
            lists: Lists::default(),
            unused: Unused::default(),
        }
    }

    /// Reads until nothing is left, or somebody says stop.
    fn run(
        mut self,
        feed: &Mutex<Feed>,
        stop: &AtomicBool,
        out: &Path,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Self, CompileError> {
        let fail = |source| CompileError::Io {
            path: out.to_owned(),
            source,
        };
        while !stop.load(Ordering::Relaxed) {
            let next = feed.lock().unwrap_or_else(PoisonError::into_inner).next()?;
            let before = self.read;
            match next {
                None => break,
                Some(Batch::Members(archive, members)) => {
                    let mut unpacker = std::mem::replace(&mut self.unpacker, Unpacker::new());
                    for member in &members {
                        let place = || format!("{}: {}", archive.path.display(), member.name);
                        let content = match unpacker.read(&archive, member) {
                            Err(unread) => Err(unread.harmless(&archive, member)?),
                            Ok(content) => Ok(content),
                        };
                        if member.may_be_list {
                            let list = content.map_err(NoList::Unused).and_then(|bytes| {
                                let path = archive.path.join(&member.name);
                                list::read(bytes, &path, None)
                            });
                            self.lists.take(list, place)?;
                        } else {
                            self.take(content, place).map_err(fail)?;
                        }
                    }
                    self.unpacker = unpacker;
                }
                Some(Batch::List(file)) => self.take_list(&file)?,
                Some(Batch::Files(files)) => {
                    let mut content = Vec::new();
                    for path in &files {
                        let read = read_file(path, &mut content).map(|()| &content[..]);
                        self.take(read, || path.display().to_string())
                            .map_err(fail)?;
                    }
                }
            }
            progress(self.read - before);
        }
        self.spill.finish().map_err(fail)?;
        Ok(self)
    }

    /// Takes a list, or what may be one.
    fn take_list(&mut self, file: &ListFile) -> Result<(), CompileError> {
        let opened = File::open(&file.path).map_err(|source| CompileError::Io {
            path: file.path.clone(),
            source,
        })?;
        match list::read(opened, &file.path, file.pocket.as_ref()) {
            Err(NoList::Unused(why)) if file.is_named => Err(CompileError::List {
                path: file.path.clone(),
                why,
            }),
            Err(NoList::Foreign) if file.is_named => Err(CompileError::Neither(file.path.clone())),
            list => self.lists.take(list, || file.path.display().to_string()),
        }
    }

    /// Takes one record, or what should be one. Only a full disk is an error.
    fn take(
        &mut self,
        content: Result<&[u8], String>,
        place: impl Fn() -> String,
    ) -> std::io::Result<()> {
        self.read += 1;
        let distilled = content
            .clone()
            .and_then(|bytes| distil::distil(&osv::read(bytes)?));
        if distilled.is_err()
            && let Ok(bytes) = content
        {
            if let Some(list) = list::of_json(bytes) {
                self.read -= 1;
                return self.lists.take(list, place).map_err(std::io::Error::other);
            }
            let name = place();
            if is_yaml_name(name.as_bytes()) && bytes.len() <= osv::MAX_RECORD {
                self.read -= 1;
                return self.take_yaml(bytes, &name);
            }
        }
        let digest = content.map(xxh3_64).unwrap_or_default();
        self.keep(distilled, digest, place)
    }

    /// Takes the records of a file in YAML, which may have several.
    fn take_yaml(&mut self, bytes: &[u8], name: &str) -> std::io::Result<()> {
        let documents = || osv::yaml::documents(bytes);
        if !documents().any(|(_, document)| osv::yaml::is_record(document)) {
            self.unused.add(name.as_bytes());
            return Ok(());
        }
        for (number, document) in documents() {
            self.read += 1;
            let json = osv::yaml::to_json(document);
            let distilled = json.and_then(|json| distil::distil(&osv::read(&json)?));
            self.keep(distilled, xxh3_64(document), || match number {
                1 => name.to_owned(),
                number => format!("{name}, document {number}"),
            })?;
        }
        Ok(())
    }

    /// Keeps a record, or notes why it is none.
    fn keep(
        &mut self,
        distilled: Result<distil::Distilled, String>,
        digest: u64,
        place: impl Fn() -> String,
    ) -> std::io::Result<()> {
        match distilled {
            Ok(record) => self.spill.add(&record, digest),
            Err(why) => {
                self.broken += 1;
                let place = place();
                self.broken_records.insert(Broken { place, why });
                // The first ones stay, whichever worker meets them.
                if self.broken_records.len() > TOLD {
                    self.broken_records.pop_last();
                }
                Ok(())
            }
        }
    }
}

/// Reads a record's file.
fn read_file(path: &Path, into: &mut Vec<u8>) -> Result<(), String> {
    into.clear();
    let file = File::open(path).map_err(|error| error.to_string())?;
    // One byte more than is read tells a record that is too long.
    file.take(osv::MAX_RECORD as u64 + 1)
        .read_to_end(into)
        .map_err(|error| error.to_string())?;
    Ok(())
}

/// What an archive of records or a list holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Holding {
    /// How many records.
    pub(super) records: u64,
    /// When the newest of them was changed, or all were published, in seconds since 1970.
    pub(super) newest: Option<i64>,
}

/// Looks whether a file is an archive of records on an ecosystem that is whole: everything in it
/// that is read is unpacked and held against its checksum. What a record says of the time behind
/// `until`, in seconds since 1970, is an error of whoever wrote it.
///
/// # Errors
/// Why it is not.
pub(super) fn check_archive(path: &Path, ecosystem: &str, until: i64) -> Result<Holding, String> {
    let told = |error| match error {
        CompileError::Archive { why, .. } => why,
        CompileError::Io { source, .. } => source.to_string(),
        error => error.to_string(),
    };
    let file = File::open(path).map_err(|error| error.to_string())?;
    let archive = Archive::open(path, file).map_err(told)?;
    let mut unpacker = Unpacker::new();
    let mut holding = Holding::default();
    let (mut from, mut has_record, mut is_of) = (0, false, false);
    while let Some((members, behind)) = archive.members(from, feed::BATCH) {
        from = behind;
        for member in &members {
            match unpacker.read(&archive, member) {
                Ok(content) => {
                    // All others are read by the compiler, if they can be.
                    if !is_of && let Some(is_on_it) = record_on(content, ecosystem) {
                        (has_record, is_of) = (true, is_on_it);
                    }
                    if let Ok(record) = serde_json::from_slice::<Changed>(content) {
                        holding.records += 1;
                        let changed = record.modified.as_deref().and_then(timestamp::parse);
                        holding.newest = holding
                            .newest
                            .max(changed.filter(|changed| *changed <= until));
                    }
                }
                Err(unread) => {
                    unread.harmless(&archive, member).map_err(told)?;
                }
            }
        }
    }
    match (has_record, is_of) {
        (true, true) => Ok(holding),
        (true, false) => Err(format!("it holds no record on {ecosystem}")),
        (false, _) => Err("it holds no record".to_owned()),
    }
}

/// As much of a record as tells when it was changed.
#[derive(Deserialize)]
struct Changed<'a> {
    #[serde(borrow, default)]
    modified: Option<Cow<'a, str>>,
}

/// Whether a record is on an ecosystem, whichever release; `None` for what is no record.
fn record_on(bytes: &[u8], ecosystem: &str) -> Option<bool> {
    let record = osv::read(bytes).ok()?;
    distil::distil(&record).ok()?;
    let mut packages = record
        .affected
        .0
        .iter()
        .filter_map(|one| one.package.as_ref());
    Some(packages.any(|package| {
        let name: &str = &package.ecosystem.0;
        name.split(':')
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(ecosystem))
    }))
}

/// What a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListKind {
    /// EPSS scores.
    Scores,
    /// A catalogue of exploited flaws.
    Exploited,
}

/// Looks whether a file is a list of this kind, to its end.
///
/// # Errors
/// Why it is not.
pub(super) fn check_list(path: &Path, kind: ListKind) -> Result<Holding, String> {
    let (records, newest) = match (read_list(path, None)?, kind) {
        (List::Scores(list), ListKind::Scores) => (list.scores.len(), list.date),
        (List::Exploited(list), ListKind::Exploited) => (list.entries.len(), list.date),
        _ => return Err(NO_SUCH_LIST.to_owned()),
    };
    Ok(Holding {
        records: records as u64,
        newest,
    })
}

/// Looks whether files, each with what it is called, are the package indexes of a pocket, to their
/// end; tells how many packages are in them.
///
/// # Errors
/// Which is not, and why.
pub(super) fn check_pocket<'n>(
    name: &PocketName,
    indexes: impl Iterator<Item = (&'n str, PathBuf)>,
) -> Result<u64, String> {
    let mut all: Option<PocketList> = None;
    for (called, path) in indexes {
        let pocket = read_list(&path, Some(name)).and_then(|list| match list {
            List::Pocket(pocket) => Ok(pocket),
            _ => Err(NO_SUCH_LIST.to_owned()),
        });
        let merged = pocket.and_then(|pocket| match &mut all {
            Some(known) => known.merge(pocket),
            None => {
                all = Some(pocket);
                Ok(())
            }
        });
        merged.map_err(|why| format!("{called}: {why}"))?;
    }
    Ok(all.map_or(0, |pocket| pocket.packages.len() as u64))
}

/// Why a file is no list of the kind that was asked for.
const NO_SUCH_LIST: &str = "it is something else";

fn read_list(path: &Path, named: Option<&PocketName>) -> Result<List, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    list::read(file, path, named).map_err(|error| match error {
        NoList::Unused(why) => why,
        NoList::Foreign => NO_SUCH_LIST.to_owned(),
    })
}

/// Reads bytes as a record, and as a list.
pub(super) fn fuzz(bytes: &[u8]) {
    let _ = list::read(bytes, Path::new("bookworm-security"), None);
    let json = osv::yaml::to_json(bytes);
    let read = json.as_deref().unwrap_or(bytes);
    for record in [bytes, read].into_iter().flat_map(osv::read) {
        let _ = distil::distil(&record);
    }
}

#[cfg(test)]
mod tests;
