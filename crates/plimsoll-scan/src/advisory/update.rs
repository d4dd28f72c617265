//! Keeps an index of advisories fresh: fetches what OSV's databases publish for each ecosystem, only
//! what has changed, and compiles it anew.
//!
//! What was fetched stays in a folder, so that the next update asks for changes only and an
//! interrupted one goes on where it stopped. The index is replaced at the very end; whatever goes
//! wrong before, the old one is still there and whole.

mod kept;
mod known;
mod lists;
mod pocket;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use plimsoll_image::{Access, Downloaded, ImageError, download, told_address};

pub use self::kept::Kept;
use self::kept::{Times, kept};
use self::known::{Known, follows};
use self::lists::digest;
pub use self::lists::{EPSS_SCORES, EXPLOITED_CATALOGUE, ListSources};
use super::compile::{
    CompileError, CompileReport, Holding, Inputs, check_archive, compile, recheck,
};
use super::index::{Index, IndexError, Snapshot};

/// Where OSV publishes one archive an ecosystem
/// (<https://google.github.io/osv.dev/data/#data-dumps>).
pub const OSV_ARCHIVES: &str = "https://osv-vulnerabilities.storage.googleapis.com";

/// The ecosystems that images hold most, by OSV's names: what is fetched unless others are asked
/// for.
pub const USUAL_ECOSYSTEMS: [&str; 19] = [
    "AlmaLinux",
    "Alpine",
    "Bitnami",
    "Chainguard",
    "Debian",
    "Go",
    "Hex",
    "Maven",
    "NuGet",
    "Packagist",
    "PyPI",
    "Red Hat",
    "Rocky Linux",
    "RubyGems",
    "SUSE",
    "Ubuntu",
    "Wolfi",
    "crates.io",
    "npm",
];

/// The file that tells what an index was made of, beside what it was made of.
const MARK: &str = "compiled";

/// Seconds of a day.
const DAY: i64 = 86_400;

/// What is to be updated from where.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    /// Where archives are kept between updates.
    pub folder: &'a Path,
    /// The index.
    pub out: &'a Path,
    /// OSV's names of ecosystems, without release.
    pub ecosystems: &'a [String],
    /// Addresses below which `ECOSYSTEM/all.zip` lies, asked in this order.
    pub mirrors: &'a [String],
    /// Which lists beside advisories, and from where.
    pub lists: ListSources<'a>,
    /// How to reach them.
    pub access: &'a Access,
    /// The time, in seconds since 1970 (UTC): what was published may be valid for some days only.
    pub now: i64,
}

/// What became of one ecosystem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Its name.
    pub ecosystem: String,
    /// The mirror that had it, without what may be secret in its address.
    pub mirror: String,
    /// Bytes that are new; none where nothing has changed.
    pub bytes: Option<u64>,
    /// Mirrors that were asked in vain before, and why.
    pub passed_over: Vec<String>,
    /// What was asked for and this mirror does not have, such as an architecture.
    pub lacking: Vec<String>,
}

/// What was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sought {
    /// The advisories on an ecosystem.
    Advisories,
    /// A distribution's security pocket.
    Pocket,
    /// EPSS scores.
    Scores,
    /// A catalogue of exploited flaws.
    Exploited,
}

/// What an update did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Updated {
    /// In the order they were asked for.
    pub fetched: Vec<Fetched>,
    /// Ecosystems that nobody asked for now, and that stay in the index as earlier updates fetched them,
    /// by name; then lists.
    pub kept: Vec<Kept>,
    /// The new index; none where nothing has changed and the index is there.
    pub compiled: Option<CompileReport>,
}

/// Why there is no new index. The old one is as it was.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// A name that cannot be part of an address.
    #[error("{0:?} is no ecosystem of OSV")]
    Name(String),
    /// No mirror gave an ecosystem.
    #[error("{ecosystem}: no mirror gives it: {}", reasons.join("; "))]
    Fetch {
        /// Which.
        ecosystem: String,
        /// What it is.
        sought: Sought,
        /// What each mirror said.
        reasons: Vec<String>,
    },
    /// The folder cannot be used.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What was fetched cannot be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// What an earlier update fetched, and this one was not asked for, is no longer whole.
    #[error(
        "{}: {why}; `{again}` fetches it anew, and without that file the index is made without it",
        archive.display()
    )]
    Kept {
        /// What asks for it.
        again: String,
        /// Its archive.
        archive: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The index that is there cannot be marked as checked.
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// A file that is wanted.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    /// What it is called.
    name: &'a str,
    sought: Sought,
    /// Where it is to lie.
    path: &'a Path,
    /// Mirrors, and where each has it.
    addresses: &'a [(String, String)],
    /// Says what came, where it is what was asked for, and whole.
    check: &'a dyn Fn(&Path) -> Result<Holding, String>,
}

impl Update<'_> {
    /// Whether another update is under way in the same folder, so that this one would wait for it.
    pub fn would_wait(&self) -> bool {
        let lock = File::open(self.folder.join("lock"));
        lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// Fetches what has changed and compiles it. `on_step` is told what is being fetched and how much
    /// of it is there, `on_records` how many more records were read. One update runs at a time: a second one waits for the first.
    ///
    /// # Errors
    /// See [`UpdateError`].
    pub fn run(
        &self,
        on_step: &(dyn Fn(&str) + Sync),
        on_records: &(dyn Fn(u64) + Sync),
    ) -> Result<Updated, UpdateError> {
        if let Some(name) = self.ecosystems.iter().find(|name| !is_name(name)) {
            return Err(UpdateError::Name(name.clone()));
        }
        let io = |path: &Path, source| UpdateError::Io {
            path: path.to_owned(),
            source,
        };
        fs::create_dir_all(self.folder).map_err(|error| io(self.folder, error))?;
        let lock_path = self.folder.join("lock");
        let lock = File::create(&lock_path).map_err(|error| io(&lock_path, error))?;
        lock.lock().map_err(|error| io(&lock_path, error))?;
        let mut fetched = Vec::new();
        for ecosystem in self.ecosystems {
            on_step(ecosystem);
            fetched.push(self.fetch(ecosystem, on_step)?);
        }
        let lists = self.lists(on_step)?;
        fetched.extend(lists.fetched.iter().cloned());
        // A server that tells no versions gives everything each time.
        let has_changed = fetched.iter().any(|one| one.bytes.is_some());
        let mut kept = kept(self.folder, self.ecosystems);
        let names: Vec<&str> = self.ecosystems.iter().map(String::as_str).collect();
        let names = [
            names,
            kept.iter().map(|one| one.ecosystem.as_str()).collect(),
        ]
        .concat();
        let times = Times::of(
            names
                .iter()
                .map(|name| (*name, Known::of(&self.archive(name)))),
        );
        let mark = self.folder.join(MARK);
        let made_of = self.made_of(&names)
            + &lists
                .made_of(self.folder)
                .map_err(|error| io(self.folder, error))?;
        let is_same = || {
            let before = fs::read_to_string(&mark).ok()?;
            let (id, before) = before.split_once('\n')?;
            let index = whole_index(self.out)?;
            let is_it = before == made_of && index.id == id;
            is_it.then_some(index)
        };
        if !has_changed && let Some(index) = is_same() {
            // Once a day is enough: an index that is not new has a new name then.
            if !times.are_those_of(&index) {
                let id = recheck(self.out, times.all, &times.each)?;
                fs::write(&mark, format!("{id}\n{made_of}")).map_err(|error| io(&mark, error))?;
            }
            kept.extend(lists.kept);
            return Ok(Updated {
                fetched,
                kept,
                compiled: None,
            });
        }
        let mut archives: Vec<PathBuf> = names.iter().map(|name| self.archive(name)).collect();
        kept.extend(lists.kept);
        archives.extend(lists.paths);
        let inputs = Inputs {
            paths: &archives,
            pockets: &lists.pockets,
            checked: times.all,
            asked: &times.each,
        };
        let compiled = compile(inputs, self.out, on_records)
            .map_err(|error| self.without_broken(error, &kept))?;
        let made = format!("{}\n{made_of}", compiled.snapshot.id);
        fs::write(&mark, made).map_err(|error| io(&mark, error))?;
        Ok(Updated {
            fetched,
            kept,
            compiled: Some(compiled),
        })
    }

    /// Sees to it that an archive that is not whole, whoever gave it, is not asked for changes again.
    fn without_broken(&self, error: CompileError, kept: &[Kept]) -> UpdateError {
        let CompileError::Archive { path, why } = error else {
            return error.into();
        };
        let Some(one) = kept.iter().find(|one| one.archive == path) else {
            let _ = fs::remove_file(path.with_extension("json"));
            let _ = fs::remove_file(&path);
            return CompileError::Archive { path, why }.into();
        };
        // Nobody fetches this one now: without it, the next index would be without it in silence.
        let known = Known {
            version: None,
            ..Known::of(&path)
        };
        let _ = fs::write(path.with_extension("json"), known.to_json());
        UpdateError::Kept {
            again: format!("--ecosystem {:?}", one.ecosystem),
            archive: path,
            why,
        }
    }

    /// What the archives here are: one line each, whatever was asked for first. An index that was made of the same need not be
    /// made again; whatever is killed when, the lines differ unless it was.
    fn made_of(&self, ecosystems: &[&str]) -> String {
        let lines = ecosystems.iter().map(|ecosystem| {
            let known = Known {
                checked: None,
                ..Known::of(&self.archive(ecosystem))
            };
            let known = String::from_utf8_lossy(&known.to_json()).into_owned();
            format!("{ecosystem} {known}\n")
        });
        let mut lines: Vec<String> = lines.collect();
        lines.sort();
        lines.concat()
    }

    fn archive(&self, ecosystem: &str) -> PathBuf {
        self.folder.join(format!("{ecosystem}.zip"))
    }

    fn fetch(
        &self,
        ecosystem: &str,
        on_step: &(dyn Fn(&str) + Sync),
    ) -> Result<Fetched, UpdateError> {
        let mirrors = self.mirrors.iter();
        let addresses: Vec<(String, String)> = mirrors
            .map(|mirror| {
                let address = format!(
                    "{}/{}/all.zip",
                    mirror.trim_end_matches('/'),
                    ecosystem.replace(' ', "%20")
                );
                (mirror.clone(), address)
            })
            .collect();
        let archive = self.archive(ecosystem);
        let file = Wanted {
            name: ecosystem,
            sought: Sought::Advisories,
            path: &archive,
            addresses: &addresses,
            check: &|path| check_archive(path, ecosystem, self.now.saturating_add(DAY)),
        };
        self.fetch_file(file, on_step)
    }

    /// Fetches a file from the first of several mirrors and addresses that has it whole.
    fn fetch_file(
        &self,
        wanted: Wanted<'_>,
        on_step: &(dyn Fn(&str) + Sync),
    ) -> Result<Fetched, UpdateError> {
        let Wanted {
            name: ecosystem,
            sought,
            path: archive,
            addresses,
            check,
        } = wanted;
        // Only what is whole takes the place of what is here.
        let incoming = archive.with_extension("incoming");
        let known_path = archive.with_extension("json");
        let known = Known::of(archive);
        // A server that is asked for changes only would leave what is broken as it is. An archive is told
        // to be broken when it is compiled.
        let is_list = matches!(sought, Sought::Scores | Sought::Exploited);
        let is_as_fetched = || match &known.sha256 {
            // Marks that earlier versions wrote say nothing of what a list was.
            None => !is_list,
            Some(sum) => digest(archive).is_ok_and(|found| found == *sum),
        };
        let mut reasons = Vec::new();
        for (mirror, address) in addresses {
            let (place, mirror) = (told_address(address), told_address(mirror));
            let is_here = || known.mirror == mirror && is_as_fetched();
            let version = known.version.as_deref().filter(|_| is_here());
            let on_bytes = |bytes: u64| on_step(&format!("{ecosystem}: {} MB", bytes / 1_000_000));
            match download(address, &incoming, version, self.access, &on_bytes) {
                Ok(Downloaded::Unchanged) => {
                    let known = Known {
                        checked: Some(self.now),
                        ..known
                    };
                    fs::write(&known_path, known.to_json()).map_err(|source| UpdateError::Io {
                        path: known_path.clone(),
                        source,
                    })?;
                    return Ok(Fetched {
                        ecosystem: ecosystem.to_owned(),
                        mirror,
                        bytes: None,
                        passed_over: reasons,
                        lacking: Vec::new(),
                    });
                }
                Ok(Downloaded::Fetched { size, version }) => {
                    // A page that asks for a password, or half an archive: the next mirror may have
                    // it whole.
                    let holding = match check(&incoming) {
                        Ok(holding) => holding,
                        Err(why) => {
                            let _ = fs::remove_file(&incoming);
                            reasons.push(format!("{place}: what came is no whole archive: {why}"));
                            continue;
                        }
                    };
                    let before = known.holding_by(self.now);
                    if let Err(why) = follows(holding, before) {
                        let _ = fs::remove_file(&incoming);
                        reasons.push(format!(
                            "{place}: what came is {why}; remove {} to take it all the same",
                            known_path.display()
                        ));
                        continue;
                    }
                    // Of the servers behind one address some are hours behind: of the lists that have
                    // a day the one here stays.
                    if is_list
                        && holding
                            .newest
                            .is_some_and(|came| Some(came) < before.newest)
                        && is_as_fetched()
                    {
                        let _ = fs::remove_file(&incoming);
                        return Ok(Fetched {
                            ecosystem: ecosystem.to_owned(),
                            mirror,
                            bytes: None,
                            passed_over: reasons,
                            lacking: Vec::new(),
                        });
                    }
                    let known = Known {
                        mirror: mirror.clone(),
                        version,
                        holding,
                        checked: Some(self.now),
                        sha256: is_list.then(|| digest(&incoming).ok()).flatten(),
                    };
                    let text = known.to_json();
                    // Killed in between, it is of no known version, and is fetched anew.
                    let _ = fs::remove_file(&known_path);
                    let io = |path: &Path, source| UpdateError::Io {
                        path: path.to_owned(),
                        source,
                    };
                    fs::rename(&incoming, archive).map_err(|error| io(archive, error))?;
                    fs::write(&known_path, text).map_err(|error| io(&known_path, error))?;
                    return Ok(Fetched {
                        ecosystem: ecosystem.to_owned(),
                        mirror,
                        bytes: Some(size),
                        passed_over: reasons,
                        lacking: Vec::new(),
                    });
                }
                Err(ImageError::Io { path, source }) => {
                    return Err(UpdateError::Io {
                        path: path.into(),
                        source,
                    });
                }
                Err(error) => reasons.push(error.to_string()),
            }
        }
        Err(UpdateError::Fetch {
            ecosystem: ecosystem.to_owned(),
            sought,
            reasons,
        })
    }
}

/// What the index that lies there was made of; nothing where there is none, or it is not whole.
fn whole_index(path: &Path) -> Option<Snapshot> {
    let index = Index::open(path).ok()?;
    index.verify().ok()?;
    index.snapshot().ok()
}

/// Whether it can be part of an address and of a file's name.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_');
    !name.is_empty() && name.chars().all(plain) && !name.starts_with('.')
}

#[cfg(test)]
mod tests;
