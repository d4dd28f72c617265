//! `plimsoll db`: makes the index of advisories, keeps it fresh, and tells what is in it.

mod transfer;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use plimsoll_scan::advisory::{
    Broken, CompileError, CompileReport, Index, IndexError, Inputs, Snapshot, SnapshotEcosystem,
    SnapshotList, SnapshotPocket, compile,
};
use serde::Serialize;

use crate::args::{DbBuildArgs, DbCommand, DbStatusArgs, ListFormat};
use crate::clock;
use crate::failure::{Failure, Outcome};
use crate::storage;
use crate::terminal::{Spinner, Terminal, print, printable};

/// Broken records that are told to a person.
const TOLD: usize = 5;
/// Characters of a name that are told to a person: those of databases have some thirty at most.
const LONGEST: usize = 80;

/// Runs it.
pub(crate) fn run(command: &DbCommand, terminal: Terminal) -> Result<Outcome, Failure> {
    match command {
        DbCommand::Build(arguments) => build(arguments, terminal),
        DbCommand::Update(arguments) => transfer::update(arguments, terminal),
        DbCommand::Status(arguments) => status(arguments),
        DbCommand::Push(arguments) => transfer::push(arguments, terminal),
        DbCommand::Pull(arguments) => transfer::pull(arguments, terminal),
    }
}

impl From<IndexError> for Failure {
    fn from(error: IndexError) -> Self {
        let message = error.to_string();
        if error.is_missing() {
            return Self::environment(message)
                .hint("`plimsoll db update` fetches advisories into an index, `plimsoll db build` compiles records that are here");
        }
        match error {
            IndexError::Foreign(_) => Self::usage(message),
            _ => Self::environment(message),
        }
    }
}

impl From<CompileError> for Failure {
    fn from(error: CompileError) -> Self {
        let message = error.to_string();
        match error {
            CompileError::Io { path, source } => Self::file(&path, &source),
            CompileError::Neither(_) | CompileError::List { .. } => Self::usage(message),
            CompileError::Nothing(report) => Self::usage(
                format!("{message}\n{}", of_no_use(&report, &report.snapshot)).trim_end(),
            ),
            CompileError::Archive { .. } => Self::environment(message),
        }
    }
}

fn build(arguments: &DbBuildArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    let out = place_for_index(arguments.out.as_ref())?;
    let read = AtomicU64::new(0);
    let spinner = Spinner::start(terminal, "reading advisories");
    let inputs = Inputs {
        paths: &arguments.paths,
        pockets: &arguments.pocket,
        ..Inputs::default()
    };
    let report = compile(inputs, &out, &|more| {
        let read = read.fetch_add(more, Ordering::Relaxed) + more;
        spinner.message(format!("reading advisories: {read}"));
    });
    drop(spinner);
    let report = report?;
    print(&match arguments.format {
        ListFormat::Json => json(&BuildReport::new(&out, &report)),
        ListFormat::Human => built(&out, &report),
    })?;
    Ok(Outcome::Holds)
}

/// The index that was named, else the one that every command looks for.
fn index_path(named: Option<&PathBuf>) -> Result<PathBuf, Failure> {
    named.map_or_else(storage::advisory_index, |path| Ok(path.clone()))
}

/// Where an index is to be written: as [`index_path`], and there is room for it.
fn place_for_index(named: Option<&PathBuf>) -> Result<PathBuf, Failure> {
    let path = index_path(named)?;
    if named.is_none()
        && let Some(folder) = path.parent()
    {
        std::fs::create_dir_all(folder).map_err(|error| {
            Failure::file(folder, &error).hint("PLIMSOLL_DATA names another folder for data")
        })?;
    }
    refuse_to_replace(&path)?;
    Ok(path)
}

/// An index is renamed into place. A device, a folder or something else that bears its name was
/// not meant.
fn refuse_to_replace(out: &Path) -> Result<(), Failure> {
    let Ok(there) = std::fs::metadata(out) else {
        return Ok(());
    };
    if !there.is_file() {
        return Err(Failure::usage(format!(
            "{}: there is something that is no file; name a file for the index",
            out.display()
        )));
    }
    match Index::open(out) {
        Err(IndexError::Foreign(_)) if there.len() > 0 => Err(Failure::usage(format!(
            "{}: there is a file that is no index of advisories; name another, or remove it",
            out.display()
        ))),
        _ => Ok(()),
    }
}

fn status(arguments: &DbStatusArgs) -> Result<Outcome, Failure> {
    let path = index_path(arguments.db.as_ref())?;
    let index = Index::open(&path)?;
    index.verify_whole()?;
    let snapshot = index.snapshot()?;
    print(&match arguments.format {
        ListFormat::Json => json(&StatusReport::new(&path, &snapshot)),
        ListFormat::Human => told(&path, &snapshot),
    })?;
    Ok(Outcome::Holds)
}

fn built(out: &Path, report: &CompileReport) -> String {
    let mut text = String::new();
    let snapshot = &report.snapshot;
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{} records read, {} can be matched",
        report.read, snapshot.records
    );
    text.push_str(&of_no_use(report, snapshot));
    text.push('\n');
    text.push_str(&told(out, snapshot));
    text
}

/// What was read and is not in an index, and why.
fn of_no_use(report: &CompileReport, snapshot: &Snapshot) -> String {
    let mut text = String::new();
    let mut line = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    if report.duplicates > 0 {
        line(format!(
            "  {:>8}  there more than once; the one changed last was kept",
            report.duplicates
        ));
    }
    for (why, count) in &snapshot.unusable {
        line(format!("  {count:>8}  {why}"));
    }
    if report.broken > 0 {
        line(format!("  {:>8}  broken:", report.broken));
        for broken in report.broken_records.iter().take(TOLD) {
            line(format!(
                "            {}: {}",
                printable(&broken.place),
                printable(&broken.why)
            ));
        }
        let more = report.broken.saturating_sub(TOLD as u64);
        if more > 0 {
            line(format!(
                "            and {more} more; --format json names them"
            ));
        }
    }
    for (why, count) in &report.left_out {
        line(format!(
            "of these records, {count} packages were left out: {why}"
        ));
    }
    if !report.unused_files.is_empty() {
        let number: u64 = report.unused_files.iter().map(|(_, count)| count).sum();
        let endings = report.unused_files.iter().map(|(ending, count)| {
            let ending = if ending.is_empty() { "others" } else { ending };
            format!("{count} {ending}")
        });
        line(format!(
            "not used: {number} files that are neither records nor lists, by how their names end: {}",
            endings.collect::<Vec<_>>().join(", ")
        ));
    }
    for unused in &report.unused_lists {
        line(format!(
            "not used: {}: {}",
            printable(&unused.place),
            printable(&unused.why)
        ));
    }
    text
}

fn told(path: &Path, snapshot: &Snapshot) -> String {
    let mut text = format!(
        "{}\n  snapshot  {}\n  newest    {}\n{}  size      {:.1} MB\n  holds     {} records about {} \
         packages\n\n",
        printable(&path.display().to_string()),
        snapshot.id,
        dated(snapshot.date),
        snapshot.checked.map_or_else(String::new, |checked| format!(
            "  checked   {}: there was nothing newer\n",
            dated(Some(checked))
        )),
        snapshot.bytes as f64 / 1e6,
        snapshot.records,
        snapshot.packages,
    );
    if snapshot.broken > 0 {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "  {} more records could not be read when it was made: what they say is missing\n",
            snapshot.broken
        );
    }
    let names = snapshot.ecosystems.iter().map(|one| one.name.len());
    let width = names.max().unwrap_or_default().min(LONGEST);
    for one in &snapshot.ecosystems {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "  {:<width$}  {:>8} records  {:>7} packages  newest {}{}",
            shortened(&one.name),
            one.records,
            one.packages,
            one.newest.map_or_else(|| "unknown".to_owned(), clock::day),
            releases(snapshot, &one.name),
        );
    }
    told_lists(snapshot, &mut text);
    text
}

/// A name that somebody else gave, as a person is told it.
fn shortened(name: &str) -> String {
    let mut characters = name.chars();
    let head: String = characters.by_ref().take(LONGEST).collect();
    let rest = if characters.next().is_some() {
        "…"
    } else {
        ""
    };
    format!("{}{rest}", printable(&head))
}

/// What there is beside records.
fn told_lists(snapshot: &Snapshot, text: &mut String) {
    if !snapshot.pockets.is_empty() && !snapshot.ecosystems.is_empty() {
        text.push('\n');
    }
    for pocket in &snapshot.pockets {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "  security pocket {} of {}: {} packages ({}), of {}",
            shortened(&pocket.suite),
            shortened(&pocket.release),
            pocket.packages,
            shortened(&pocket.architectures.join(", ")),
            pocket.date.map_or_else(
                || "unknown date: no Release file lay near it".to_owned(),
                |date| dated(Some(date)),
            ),
        );
    }
    let mut list = |what: &str, list: Option<&SnapshotList>| {
        let _ = match list {
            Some(list) => writeln!(
                text,
                "  {what}  {} of {} CVE numbers, of {}",
                list.kept,
                list.listed,
                list.date
                    .map_or_else(|| "unknown date".to_owned(), |date| dated(Some(date))),
            ),
            None => writeln!(text, "  {what}  not provided"),
        };
    };
    list("EPSS scores    ", snapshot.epss.as_ref());
    list("known exploited", snapshot.known_exploited.as_ref());
}

/// The releases of an ecosystem, as many as one line takes.
fn releases(snapshot: &Snapshot, name: &str) -> String {
    const MOST: usize = 12;
    let mut all: Vec<&str> = snapshot
        .releases
        .iter()
        .filter_map(|one| one.name.strip_prefix(name)?.strip_prefix(':'))
        .collect();
    all.sort_by_cached_key(|release| numbers(release));
    if all.is_empty() {
        return String::new();
    }
    let mut told: Vec<String> = all.iter().take(MOST).map(|one| shortened(one)).collect();
    if all.len() > MOST {
        told.push(format!("and {} more", all.len() - MOST));
    }
    format!("  ({})", told.join(", "))
}

/// A release's numbers, so that 3.9 comes before 3.10.
fn numbers(release: &str) -> Vec<u64> {
    release
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect()
}

/// A day and how long ago it was.
fn dated(seconds: Option<i64>) -> String {
    let Some(seconds) = seconds else {
        return "unknown: no record says when it was changed".to_owned();
    };
    let day = clock::day(seconds);
    match clock::days_since(seconds) {
        ..0 => format!("{day}, which is still to come"),
        0 => format!("{day}, today"),
        1 => format!("{day}, yesterday"),
        days => format!("{day}, {days} days ago"),
    }
}

/// What `db build --format json` prints.
#[derive(Serialize)]
struct BuildReport<'r> {
    version: u32,
    path: String,
    read: u64,
    duplicates: u64,
    broken: u64,
    broken_records: Vec<BrokenRecord<'r>>,
    unused_lists: Vec<BrokenRecord<'r>>,
    unused_files: Vec<UnusedFiles<'r>>,
    unusable: Vec<Reason<'r>>,
    left_out: Vec<Reason<'r>>,
    #[serde(flatten)]
    snapshot: SnapshotReport<'r>,
}

impl<'r> BuildReport<'r> {
    fn new(path: &Path, report: &'r CompileReport) -> Self {
        Self {
            version: 1,
            path: path.display().to_string(),
            read: report.read,
            duplicates: report.duplicates,
            broken: report.broken,
            broken_records: report
                .broken_records
                .iter()
                .map(BrokenRecord::new)
                .collect(),
            unused_lists: report.unused_lists.iter().map(BrokenRecord::new).collect(),
            unused_files: report.unused_files.iter().map(UnusedFiles::new).collect(),
            unusable: reasons(&report.snapshot.unusable),
            left_out: reasons(&report.left_out),
            snapshot: SnapshotReport::new(&report.snapshot),
        }
    }
}

/// What `db status --format json` prints.
#[derive(Serialize)]
struct StatusReport<'r> {
    version: u32,
    path: String,
    age_days: Option<i64>,
    broken: u64,
    unusable: Vec<Reason<'r>>,
    #[serde(flatten)]
    snapshot: SnapshotReport<'r>,
}

impl<'r> StatusReport<'r> {
    fn new(path: &Path, snapshot: &'r Snapshot) -> Self {
        Self {
            version: 1,
            path: path.display().to_string(),
            age_days: snapshot.date.map(clock::days_since),
            broken: snapshot.broken,
            unusable: reasons(&snapshot.unusable),
            snapshot: SnapshotReport::new(snapshot),
        }
    }
}

#[derive(Serialize)]
struct BrokenRecord<'r> {
    place: &'r str,
    why: &'r str,
}

impl<'r> BrokenRecord<'r> {
    fn new(broken: &'r Broken) -> Self {
        Self {
            place: &broken.place,
            why: &broken.why,
        }
    }
}

#[derive(Serialize)]
struct UnusedFiles<'r> {
    ending: &'r str,
    count: u64,
}

impl<'r> UnusedFiles<'r> {
    fn new((ending, count): &'r (String, u64)) -> Self {
        Self {
            ending,
            count: *count,
        }
    }
}

#[derive(Serialize)]
struct Reason<'r> {
    reason: &'r str,
    count: u64,
}

fn reasons(counts: &[(String, u64)]) -> Vec<Reason<'_>> {
    counts
        .iter()
        .map(|(reason, count)| Reason {
            reason,
            count: *count,
        })
        .collect()
}

#[derive(Serialize)]
struct SnapshotReport<'r> {
    snapshot: &'r str,
    date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checked: Option<String>,
    bytes: u64,
    records: u64,
    packages: u64,
    ecosystems: Vec<EcosystemReport<'r>>,
    releases: Vec<EcosystemReport<'r>>,
    pockets: Vec<PocketReport<'r>>,
    epss: Option<ListReport<'r>>,
    known_exploited: Option<ListReport<'r>>,
}

impl<'r> SnapshotReport<'r> {
    fn new(snapshot: &'r Snapshot) -> Self {
        Self {
            snapshot: &snapshot.id,
            date: snapshot.date.map(clock::moment),
            checked: snapshot.checked.map(clock::moment),
            bytes: snapshot.bytes,
            records: snapshot.records,
            packages: snapshot.packages,
            ecosystems: snapshot
                .ecosystems
                .iter()
                .map(EcosystemReport::new)
                .collect(),
            releases: snapshot.releases.iter().map(EcosystemReport::new).collect(),
            pockets: snapshot.pockets.iter().map(PocketReport::new).collect(),
            epss: snapshot.epss.as_ref().map(ListReport::new),
            known_exploited: snapshot.known_exploited.as_ref().map(ListReport::new),
        }
    }
}

/// A security pocket.
#[derive(Serialize)]
struct PocketReport<'r> {
    suite: &'r str,
    release: &'r str,
    architectures: &'r [String],
    packages: u64,
    date: Option<String>,
}

impl<'r> PocketReport<'r> {
    fn new(pocket: &'r SnapshotPocket) -> Self {
        Self {
            suite: &pocket.suite,
            release: &pocket.release,
            architectures: &pocket.architectures,
            packages: pocket.packages,
            date: pocket.date.map(clock::moment),
        }
    }
}

/// A list about flaws by their CVE numbers: `kept` of the `listed` ones are in the index, those
/// that its records name.
#[derive(Serialize)]
struct ListReport<'r> {
    date: Option<String>,
    version: Option<&'r str>,
    listed: u64,
    kept: u64,
}

impl<'r> ListReport<'r> {
    fn new(list: &'r SnapshotList) -> Self {
        Self {
            date: list.date.map(clock::moment),
            version: list.version.as_deref(),
            listed: list.listed,
            kept: list.kept,
        }
    }
}

#[derive(Serialize)]
struct EcosystemReport<'r> {
    name: &'r str,
    records: u64,
    packages: u64,
    newest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checked: Option<String>,
}

impl<'r> EcosystemReport<'r> {
    fn new(one: &'r SnapshotEcosystem) -> Self {
        Self {
            name: &one.name,
            records: one.records,
            packages: one.packages,
            newest: one.newest.map(clock::moment),
            checked: one.checked.map(clock::moment),
        }
    }
}

fn json(report: &impl Serialize) -> String {
    let text = serde_json::to_string(report);
    format!("{}\n", text.expect("strings and numbers are JSON"))
}

#[cfg(test)]
mod tests;
