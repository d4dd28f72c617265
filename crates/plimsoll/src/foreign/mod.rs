//! The configurations of the tools people come from, read as if they were ours: wherever rules speak
//! and there is no `plimsoll.toml`, and for `plimsoll migrate`. Lists of accepted vulnerabilities
//! count for images in the same way.

mod grype;
mod hadolint;
mod lists;
mod tally;
mod trivy;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use plimsoll_model::{Severity, Skipped, Topic};

use crate::config::{Allow, CheckConfig, Config, FailOn};
use crate::failure::Failure;
use crate::policy::vulnerabilities::{AcceptedRisk, Patterns};
use crate::project::{read_bounded, shown};

pub(crate) use lists::Lists;

/// A configuration longer than this is none.
const LIMIT: u64 = 1 << 20;

/// What other tools' configurations say.
#[derive(Debug, Default)]
pub(crate) struct Foreign {
    /// What ours would say.
    pub(crate) check: CheckConfig,
    /// Exceptions, each with the folder its paths are below.
    pub(crate) allow: Vec<(Allow, PathBuf)>,
    /// The files it was read from.
    pub(crate) files: Vec<PathBuf>,
    /// Accepted vulnerabilities.
    pub(crate) waivers: Vec<AcceptedRisk>,
    /// What cannot be honoured.
    pub(crate) dropped: Vec<Skipped>,
    /// Whether comments in files are not to set anything aside.
    pub(crate) ignore_comments: bool,
    /// The patterns of what is accepted.
    patterns: Patterns,
}

/// What a file is read for: many hold more than one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// Rules and exceptions from them.
    Rules,
    /// The same where [`Lists`] reads what is accepted of vulnerabilities: what is no exception from a
    /// rule is one of those.
    RulesBesideLists,
    /// Accepted vulnerabilities.
    Vulnerabilities,
}

/// One file that is being read.
struct Reading<'f> {
    foreign: &'f mut Foreign,
    purpose: Purpose,
    path: &'f Path,
    text: String,
    /// Paths and packages of the accepted vulnerabilities so far.
    parts: usize,
    /// Lines so far that cannot be honoured.
    dropped: usize,
}

type Reader = fn(&mut Reading<'_>) -> Result<(), Failure>;

/// A tool's file names, the first that is there counts, and how it is read.
type Kind = (&'static [&'static str], Reader);

const TRIVY_LIST: Kind = (&[".trivyignore"], trivy::read_list);
const TRIVY_YAML: Kind = (&[".trivyignore.yaml", ".trivyignore.yml"], trivy::read_yaml);

/// What speaks of Dockerfiles.
const KINDS: [Kind; 4] = [
    (&[".hadolint.yaml", ".hadolint.yml"], hadolint::read),
    (&[".tally.toml", "tally.toml"], tally::read),
    TRIVY_LIST,
    TRIVY_YAML,
];

/// The nearest file of each kind, from a folder up to the root of the project.
fn find(folder: &Path, kinds: &[Kind]) -> Vec<(PathBuf, Reader)> {
    let Ok(folder) = std::path::absolute(folder) else {
        return Vec::new();
    };
    // Beyond the repository, or where there is none beyond the current folder, lies what belongs to
    // other projects.
    let here = std::env::current_dir().unwrap_or_default();
    let root = folder
        .ancestors()
        .find(|folder| folder.join(".git").exists())
        .or_else(|| folder.starts_with(&here).then_some(here.as_path()))
        .unwrap_or(&folder)
        .to_path_buf();
    kinds
        .iter()
        .filter_map(|(names, reader)| {
            let within = folder.ancestors().take_while(|one| one.starts_with(&root));
            let mut places = within.flat_map(|one| names.iter().map(|name| one.join(name)));
            let path = places.find(|path| path.is_file())?;
            Some((crate::config::from_here(&path), *reader))
        })
        .collect()
}

/// What a configuration is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Files of a project.
    Sources,
    /// An image, too, and so known vulnerabilities.
    Images,
}

/// The configuration in force in a folder: the one that was named, else the nearest `plimsoll.toml`,
/// else what the files of other tools say. Every command in which rules speak reads it here.
pub(crate) fn in_force(
    named: Option<&Path>,
    folder: &Path,
    judged: Scope,
) -> Result<Config, Failure> {
    let mut config = Config::load(named, folder)?;
    match &config.path {
        Some(_) if named.is_some() => {}
        Some(path) => {
            let lists = &config.policy.vulnerabilities.ignore_files;
            let named: Vec<PathBuf> = lists.iter().map(|list| config.below(list)).collect();
            config.not_honoured = overruled(folder, &KINDS, path, &named);
        }
        None => {
            let purpose = match judged {
                Scope::Sources => Purpose::Rules,
                Scope::Images => Purpose::RulesBesideLists,
            };
            let foreign = Foreign::read(folder, purpose)?;
            config.check = foreign.check;
            config.check.ignore_comments = foreign.ignore_comments;
            config.foreign_allow = foreign.allow;
            config.not_honoured = foreign.dropped;
            config.foreign_files = foreign.files;
            if judged == Scope::Images {
                config.foreign_files.extend(Lists::near(folder));
            }
        }
    }
    Ok(config)
}

impl Foreign {
    /// Reads what lies nearest to a folder.
    pub(crate) fn load(folder: &Path) -> Result<Self, Failure> {
        Self::read(folder, Purpose::Rules)
    }

    fn read(folder: &Path, purpose: Purpose) -> Result<Self, Failure> {
        let mut foreign = Self::default();
        for (path, reader) in find(folder, &KINDS) {
            foreign.take(path, reader, purpose)?;
        }
        foreign.leave_unknown_out();
        Ok(foreign)
    }

    /// Reads one file.
    fn take(&mut self, path: PathBuf, reader: Reader, purpose: Purpose) -> Result<(), Failure> {
        let text = String::from_utf8(read_bounded(&path, LIMIT)?)
            .map_err(|_| Failure::usage(format!("{}: not UTF-8", path.display())))?;
        let mut reading = Reading {
            foreign: self,
            purpose,
            path: &path,
            text,
            parts: 0,
            dropped: 0,
        };
        reader(&mut reading)?;
        reading.tell_of_more();
        self.files.push(path);
        Ok(())
    }

    /// Ids that no rule goes by have nothing to say; which they were is told.
    fn leave_unknown_out(&mut self) {
        let mut unknown: Vec<String> = Vec::new();
        let mut seen: HashMap<String, bool> = HashMap::new();
        let mut keep = |name: &String| {
            if let Some(known) = seen.get(name) {
                return *known;
            }
            let known = plimsoll_rules::is_known(name);
            if !known {
                unknown.push(name.clone());
            }
            seen.insert(name.clone(), known);
            known
        };
        let check = &mut self.check;
        for names in [
            &mut check.select,
            &mut check.extend_select,
            &mut check.ignore,
        ] {
            names.retain(&mut keep);
            let mut kept = HashSet::new();
            names.retain(|name| kept.insert(name.clone()));
        }
        check.severity.retain(|name, _| keep(name));
        for (allow, _) in &mut self.allow {
            allow.rules.retain(&mut keep);
        }
        self.allow.retain(|(allow, _)| !allow.rules.is_empty());
        if !unknown.is_empty() {
            let files: Vec<String> = self.files.iter().map(|path| shown(path)).collect();
            let more = unknown.len().saturating_sub(20);
            unknown.truncate(20);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            self.dropped.push(Skipped::new(
                Topic::Policy,
                files.join(", "),
                format!("no rule of Plimsoll goes by {}{more}", unknown.join(", ")),
            ));
        }
    }
}

/// Which files of some kinds lie near a folder and are not read, since a `plimsoll.toml` is in force and
/// names others than `named`.
fn overruled(folder: &Path, kinds: &[Kind], by: &Path, named: &[PathBuf]) -> Vec<Skipped> {
    let same = |a: &Path, b: &Path| match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    };
    find(folder, kinds)
        .into_iter()
        .filter(|(path, _)| !named.iter().any(|other| same(path, other)))
        .map(|(path, _)| {
            Skipped::new(
                Topic::Policy,
                shown(&path),
                format!(
                    "{} is in force; `plimsoll migrate` writes one from it",
                    shown(&crate::config::from_here(by))
                ),
            )
        })
        .collect()
}

/// Lines of one file that cannot be honoured and are told one by one.
const MOST_TOLD: usize = 500;
/// Accepted vulnerabilities in one file: an image of a careful team has hundreds.
const MAX_WAIVERS: usize = 50_000;
/// Why one of them is left out.
const TOO_MANY_PATTERNS: &str = "all patterns before it take as much memory as they may";
/// Paths and packages of all of them.
const MAX_WAIVER_PARTS: usize = 200_000;

impl Reading<'_> {
    /// Notes what cannot be honoured.
    fn drop(&mut self, line: usize, why: impl Into<String>) {
        self.drop_at(|| line, why);
    }

    /// The same where it takes a search to tell the line.
    fn drop_at(&mut self, line: impl FnOnce() -> usize, why: impl Into<String>) {
        self.dropped += 1;
        if self.dropped <= MOST_TOLD {
            self.foreign.dropped.push(Skipped::new(
                Topic::Policy,
                format!("{}:{}", shown(self.path), line()),
                why.into(),
            ));
        }
    }

    /// Tells how many more lines cannot be honoured than are told one by one.
    fn tell_of_more(&mut self) {
        let more = self.dropped.saturating_sub(MOST_TOLD);
        if more > 0 {
            self.foreign.dropped.push(Skipped::new(
                Topic::Policy,
                shown(self.path),
                format!("{more} more of it cannot be honoured"),
            ));
        }
    }

    /// The file is not what its tool would read.
    fn fail(&self, line: usize, why: &str) -> Failure {
        Failure::usage(format!("{}:{line}: {why}", self.path.display()))
    }

    /// An accepted vulnerability, written at `line`.
    fn waive(&mut self, line: usize, waiver: AcceptedRisk) -> Result<(), Failure> {
        let waivers = &mut self.foreign.waivers;
        let parts = waiver.paths.len() + waiver.packages.len();
        self.parts += parts;
        if waivers.len() >= MAX_WAIVERS || self.parts > MAX_WAIVER_PARTS {
            return Err(self.fail(line, "accepts too many vulnerabilities for one list"));
        }
        waivers.push(AcceptedRisk {
            written_in: format!("{}:{line}", shown(self.path)),
            ..waiver
        });
        Ok(())
    }

    /// An exception whose paths are below the folder of the file.
    fn allow(&mut self, allow: Allow) {
        let folder = self.path.parent().unwrap_or_else(|| Path::new(""));
        let folder = if folder.as_os_str().is_empty() {
            PathBuf::from(".")
        } else {
            folder.to_path_buf()
        };
        self.foreign.allow.push((allow, folder));
    }
}

/// The words of hadolint, BuildKit and tally for how much something hurts.
fn severity(word: &str) -> Option<Severity> {
    match word.to_ascii_lowercase().as_str() {
        "error" => Some(Severity::High),
        "warning" => Some(Severity::Medium),
        "info" => Some(Severity::Low),
        "style" => Some(Severity::Info),
        _ => None,
    }
}

/// The same words where they say what makes a run fail.
fn threshold(word: &str) -> Option<FailOn<Severity>> {
    match word.to_ascii_lowercase().as_str() {
        "none" | "ignore" => Some(FailOn::Never),
        word => severity(word).map(FailOn::From),
    }
}
