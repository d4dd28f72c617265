//! The configurations of the tools people come from, read as if they were ours: for a check where
//! there is no `plimsoll.toml`, and for `plimsoll migrate`.

mod hadolint;
mod tally;
mod trivy;

use std::path::{Path, PathBuf};

use plimsoll_model::Skipped;

use crate::config::{Allow, CheckConfig};
use crate::failure::Failure;
use crate::project::{read_bounded, shown};

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
    /// What cannot be honoured.
    pub(crate) dropped: Vec<Skipped>,
    /// Whether comments in files are not to set anything aside.
    pub(crate) ignore_comments: bool,
}

/// One file that is being read.
struct Reading<'f> {
    foreign: &'f mut Foreign,
    path: &'f Path,
    text: String,
}

type Reader = fn(&mut Reading<'_>) -> Result<(), Failure>;

/// Each tool's file names, the first that is there counts, and how it is read.
const KINDS: [(&[&str], Reader); 4] = [
    (&[".hadolint.yaml", ".hadolint.yml"], hadolint::read),
    (&[".tally.toml", "tally.toml"], tally::read),
    (&[".trivyignore"], trivy::read_list),
    (&[".trivyignore.yaml", ".trivyignore.yml"], trivy::read_yaml),
];

/// The nearest file of each tool, from a folder up to the root of the project.
fn find(folder: &Path) -> Vec<(PathBuf, Reader)> {
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
    KINDS
        .iter()
        .filter_map(|(names, reader)| {
            let within = folder.ancestors().take_while(|one| one.starts_with(&root));
            let mut places = within.flat_map(|one| names.iter().map(|name| one.join(name)));
            let path = places.find(|path| path.is_file())?;
            Some((crate::config::from_here(&path), *reader))
        })
        .collect()
}

impl Foreign {
    /// Reads what lies nearest to a folder.
    pub(crate) fn load(folder: &Path) -> Result<Self, Failure> {
        let mut foreign = Self::default();
        for (path, reader) in find(folder) {
            let text = String::from_utf8(read_bounded(&path, LIMIT)?)
                .map_err(|_| Failure::usage(format!("{}: not UTF-8", path.display())))?;
            reader(&mut Reading {
                foreign: &mut foreign,
                path: &path,
                text,
            })?;
            foreign.files.push(path);
        }
        foreign.leave_unknown_out();
        Ok(foreign)
    }

    /// What lies there and is not read, since a `plimsoll.toml` is in force.
    pub(crate) fn overruled(folder: &Path, by: &Path) -> Vec<Skipped> {
        find(folder)
            .into_iter()
            .map(|(path, _)| Skipped {
                what: shown(&path),
                why: format!(
                    "{} is in force; `plimsoll migrate` writes one from it",
                    shown(&crate::config::from_here(by))
                ),
                blocking: false,
            })
            .collect()
    }

    /// Ids that no rule goes by have nothing to say; which they were is told.
    fn leave_unknown_out(&mut self) {
        let known =
            |name: &String| plimsoll_rules::validate_names(std::slice::from_ref(name)).is_ok();
        let mut unknown: Vec<String> = Vec::new();
        let mut keep = |name: &String| {
            let known = known(name);
            if !known && !unknown.contains(name) {
                unknown.push(name.clone());
            }
            known
        };
        let check = &mut self.check;
        for names in [
            &mut check.select,
            &mut check.extend_select,
            &mut check.ignore,
        ] {
            names.retain(&mut keep);
            let mut seen = std::collections::HashSet::new();
            names.retain(|name| seen.insert(name.clone()));
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
            self.dropped.push(Skipped {
                what: files.join(", "),
                why: format!("no rule of Plimsoll goes by {}{more}", unknown.join(", ")),
                blocking: false,
            });
        }
    }
}

impl Reading<'_> {
    /// Notes what cannot be honoured.
    fn drop(&mut self, line: usize, why: impl Into<String>) {
        self.foreign.dropped.push(Skipped {
            what: format!("{}:{line}", shown(self.path)),
            why: why.into(),
            blocking: false,
        });
    }

    /// The file is not what its tool would read.
    fn fail(&self, line: usize, why: &str) -> Failure {
        Failure::usage(format!("{}:{line}: {why}", self.path.display()))
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
fn severity(word: &str) -> Option<crate::config::SeverityName> {
    use crate::config::SeverityName;
    match word.to_ascii_lowercase().as_str() {
        "error" => Some(SeverityName::High),
        "warning" => Some(SeverityName::Medium),
        "info" => Some(SeverityName::Low),
        "style" => Some(SeverityName::Info),
        _ => None,
    }
}

/// The same words where they say what makes a run fail.
fn threshold(word: &str) -> Option<crate::config::FailOn> {
    use crate::config::FailOn;
    match word.to_ascii_lowercase().as_str() {
        "error" => Some(FailOn::High),
        "warning" => Some(FailOn::Medium),
        "info" => Some(FailOn::Low),
        "style" => Some(FailOn::Info),
        "none" | "ignore" => Some(FailOn::Never),
        _ => None,
    }
}
