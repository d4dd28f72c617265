//! Brings an index of advisories from where it is published, or to where others fetch it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use plimsoll_image::{ArtifactKind, pull_artifact, push_artifact};
use plimsoll_model::ImageName;
use plimsoll_scan::advisory::{
    EcosystemName, Fetched, IncomingIndex, Index, ListSources, OSV_ARCHIVES, Sought,
    USUAL_ECOSYSTEMS, Update, UpdateError, Updated,
};
use serde::Serialize;

use super::{BuildReport, built, index_path, json, place_for_index, told};
use crate::args::{DbPullArgs, DbPushArgs, DbUpdateArgs, ListFormat};
use crate::clock;
use crate::failure::{Failure, Outcome};
use crate::terminal::{Spinner, Terminal, print, printable, say};

/// The architectures that images have most, in Debian's words.
const POCKET_ARCHITECTURES: [&str; 2] = ["amd64", "arm64"];

/// What an index is in a registry.
const ARTIFACT: ArtifactKind = ArtifactKind {
    artifact_type: "application/vnd.plimsoll.advisories.v1",
    media_type: "application/vnd.plimsoll.advisories.index.v1",
};

impl From<UpdateError> for Failure {
    fn from(error: UpdateError) -> Self {
        let message = error.to_string();
        match error {
            UpdateError::Name(_) => Self::usage(message)
                .hint("ecosystems are named as OSV names them, without release: Debian, PyPI, npm"),
            UpdateError::Kept { .. } => Self::environment(message),
            UpdateError::Fetch { sought, .. } => Self::environment(message).hint(match sought {
                Sought::Advisories => {
                    "--mirror names another place; `plimsoll db pull` fetches a finished index"
                }
                Sought::Pocket => {
                    "--pocket-mirror names another place; one in clear text, as Ubuntu's own, must \
                     be allowed with --insecure-registry HOST: its signature is not verified"
                }
                Sought::Scores => "--epss=URL names another place",
                Sought::Exploited => "--known-exploited=URL names another place",
            }),
            UpdateError::Io { path, source } => Self::file(&path, &source),
            UpdateError::Compile(error) => error.into(),
            UpdateError::Index(error) => error.into(),
        }
    }
}

/// Fetches what has changed and compiles it.
pub(super) fn update(arguments: &DbUpdateArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    let out = place_for_index(arguments.out.as_ref())?;
    let folder = beside(&out, ".archives");
    let or_else = |given: &[String], usual: &[&str]| match given {
        [] => usual.iter().map(|one| (*one).to_owned()).collect(),
        given => given.to_vec(),
    };
    let ecosystems = match arguments.ecosystem.as_slice() {
        [none] if none == "none" => Vec::new(),
        given => or_else(given, &USUAL_ECOSYSTEMS),
    };
    are_known(&ecosystems)?;
    let mirrors = or_else(&arguments.mirror, &[OSV_ARCHIVES]);
    let architectures = or_else(&arguments.pocket_architecture, &POCKET_ARCHITECTURES);
    let access = crate::plan::access(&arguments.access, None);
    let update = Update {
        folder: &folder,
        out: &out,
        ecosystems: &ecosystems,
        mirrors: &mirrors,
        lists: ListSources {
            pockets: &arguments.pocket,
            architectures: &architectures,
            pocket_mirrors: &arguments.pocket_mirror,
            epss: arguments.epss.as_deref(),
            known_exploited: arguments.known_exploited.as_deref(),
        },
        access: &access,
        now: clock::stated(None),
    };
    if update.would_wait() {
        say(&format!(
            "another update is under way in {}: waiting for it",
            printable(&folder.display().to_string())
        ));
    }
    let spinner = Spinner::start(terminal, "asking for changes");
    let read = AtomicU64::new(0);
    let updated = update.run(
        &|step| spinner.message(format!("fetching {step}")),
        &|more| {
            let read = read.fetch_add(more, Ordering::Relaxed) + more;
            spinner.message(format!("reading advisories: {read}"));
        },
    );
    drop(spinner);
    let updated = updated?;
    print(&match arguments.format {
        ListFormat::Json => json(&UpdateReport::new(&out, &updated)),
        ListFormat::Human => updated_text(&out, &updated)?,
    })?;
    Ok(Outcome::Holds)
}

/// Refuses names that differ from an ecosystem's in case alone: no mirror has those, and it is not its
/// fault. Names that nobody here knows may be newer than this program.
fn are_known(ecosystems: &[String]) -> Result<(), Failure> {
    for name in ecosystems {
        let mut known = EcosystemName::ALL.iter().map(|one| one.as_str());
        let meant = known.find(|known| known.eq_ignore_ascii_case(name));
        if let Some(meant) = meant.filter(|meant| meant != name) {
            return Err(Failure::usage(format!(
                "--ecosystem: OSV knows no `{}`",
                name.escape_debug()
            ))
            .hint(format!("did you mean `{meant}`?")));
        }
    }
    Ok(())
}

fn updated_text(out: &Path, updated: &Updated) -> Result<String, Failure> {
    let mut text = String::new();
    for one in &updated.fetched {
        for why in &one.passed_over {
            text.push_str(&format!("passed over: {}\n", printable(why)));
        }
        let what = match one.bytes {
            Some(bytes) => format!("{:.1} MB", bytes as f64 / 1e6),
            None => "unchanged".to_owned(),
        };
        text.push_str(&format!("{:<12} {what}\n", one.ecosystem));
        for what in &one.lacking {
            text.push_str(&format!("  not there: {}\n", printable(what)));
        }
    }
    for one in &updated.kept {
        text.push_str(&format!(
            "{:<12} kept as it was{}: not asked for now; to leave it out, remove {}\n",
            printable(&one.ecosystem),
            one.checked
                .map_or_else(String::new, |day| format!(" on {}", clock::day(day))),
            printable(&one.archive.display().to_string()),
        ));
    }
    text.push('\n');
    text.push_str(&match &updated.compiled {
        Some(report) => built(out, report),
        None => told(out, &Index::open(out)?.snapshot()?),
    });
    Ok(text)
}

/// Puts an index into a registry.
pub(super) fn push(arguments: &DbPushArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    let path = index_path(arguments.db.as_ref())?;
    let snapshot = {
        let index = Index::open(&path)?;
        index.verify_whole()?;
        index.snapshot()?
    };
    let name = name(&arguments.reference)?;
    let access = crate::plan::access(&arguments.access, None);
    let annotations = [("dev.plimsoll.advisories.snapshot".to_owned(), snapshot.id)];
    let spinner = Spinner::start(terminal, format!("sending to {name}"));
    let digest = push_artifact(&path, ARTIFACT, &annotations, &name, &access)?;
    drop(spinner);
    print(&format!("{name}\n  digest  {digest}\n"))?;
    Ok(Outcome::Holds)
}

/// Fetches an index from a registry.
pub(super) fn pull(arguments: &DbPullArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    let out = place_for_index(arguments.out.as_ref())?;
    let name = name(&arguments.reference)?;
    let access = crate::plan::access(&arguments.access, None);
    let spinner = Spinner::start(terminal, format!("fetching {name}"));
    let replaced = Index::open(&out)
        .and_then(|index| index.snapshot())
        .ok()
        .and_then(|snapshot| snapshot.date);
    // It takes the old one's place once it is known to be an index and whole.
    let mut incoming = IncomingIndex::create(&out).map_err(|error| Failure::file(&out, &error))?;
    pull_artifact(&name, ARTIFACT, incoming.file(), &out, &access)?;
    let snapshot = incoming.put()?;
    drop(spinner);
    if let (Some(before), Some(now)) = (replaced, snapshot.date)
        && clock::day(now) < clock::day(before)
    {
        say(&format!(
            "{name} is older than what it replaces: of {}, that was of {}",
            clock::day(now),
            clock::day(before)
        ));
    }
    print(&told(&out, &snapshot))?;
    Ok(Outcome::Holds)
}

fn name(text: &str) -> Result<ImageName, Failure> {
    let bare = plimsoll_image::behind_registry_prefix(text);
    ImageName::parse(bare.unwrap_or(text)).map_err(|error| Failure::usage(error.to_string()))
}

/// A path beside the index.
fn beside(index: &Path, suffix: &str) -> PathBuf {
    let mut name = index.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// What `db update --format json` prints.
#[derive(Serialize)]
struct UpdateReport<'r> {
    version: u32,
    fetched: Vec<FetchedReport<'r>>,
    kept: Vec<KeptReport<'r>>,
    index: Option<BuildReport<'r>>,
}

/// An ecosystem that nobody asked for now, and that stays as it was.
#[derive(Serialize)]
struct KeptReport<'r> {
    ecosystem: &'r str,
    checked: Option<String>,
    archive: String,
}

#[derive(Serialize)]
struct FetchedReport<'r> {
    ecosystem: &'r str,
    mirror: &'r str,
    bytes: Option<u64>,
    passed_over: &'r [String],
    lacking: &'r [String],
}

impl<'r> UpdateReport<'r> {
    fn new(out: &Path, updated: &'r Updated) -> Self {
        let fetched = |one: &'r Fetched| FetchedReport {
            ecosystem: &one.ecosystem,
            mirror: &one.mirror,
            bytes: one.bytes,
            passed_over: &one.passed_over,
            lacking: &one.lacking,
        };
        Self {
            version: 1,
            fetched: updated.fetched.iter().map(fetched).collect(),
            kept: updated
                .kept
                .iter()
                .map(|one| KeptReport {
                    ecosystem: &one.ecosystem,
                    checked: one.checked.map(clock::moment),
                    archive: one.archive.display().to_string(),
                })
                .collect(),
            index: updated
                .compiled
                .as_ref()
                .map(|report| BuildReport::new(out, report)),
        }
    }
}
