//! Finds the files to check, and for each the configuration and the build context.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_model::{Finding, Skipped, SourceFile};
use plimsoll_rules::{CheckOptions, SharedContext};
use plimsoll_syntax::dockerignore::IgnoreFile;

use super::rule_options;
use crate::args::CheckArgs;
use crate::bases::Bases;
use crate::config::{Config, FILE_NAME, FailOn};
use crate::exceptions::Exceptions;
use crate::failure::Failure;
use crate::foreign::{self, Judged};
use crate::project::{self, Listing};

/// One file to check.
pub(super) struct Subject {
    /// Where it lies; nowhere where it came on standard input.
    pub(super) path: Option<PathBuf>,
    /// Its content.
    pub(super) file: SourceFile,
    /// Index into the configurations that were read.
    pub(super) config: usize,
    /// What it is built with.
    pub(super) context: Option<Arc<SharedContext>>,
}

/// Reads subjects; folders are walked and configurations read once each.
pub(super) struct Reader<'a> {
    /// What was typed.
    pub(super) arguments: &'a CheckArgs,
    /// Every configuration that was read.
    pub(super) configs: Vec<Config>,
    /// What each of them asks of the rules.
    pub(super) options: Vec<CheckOptions>,
    /// What each of them takes exception to.
    pub(super) exceptions: Vec<Exceptions>,
    by_folder: HashMap<PathBuf, usize>,
    listings: HashMap<PathBuf, (Listing, Arc<SharedContext>)>,
    /// For each folder those above it that a Dockerfile in it may be built from.
    above: HashMap<PathBuf, Vec<PathBuf>>,
    /// What was left out.
    pub(super) excluded: Vec<Skipped>,
    /// The base images.
    pub(super) bases: Arc<Bases>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(arguments: &'a CheckArgs) -> Result<Self, Failure> {
        let mut reader = Self {
            arguments,
            configs: Vec::new(),
            options: Vec::new(),
            exceptions: Vec::new(),
            by_folder: HashMap::new(),
            listings: HashMap::new(),
            above: HashMap::new(),
            excluded: Vec::new(),
            bases: Bases::new(
                crate::plan::named_contexts(&arguments.build_context)?,
                crate::plan::access(&arguments.access, None),
                arguments.online,
            ),
        };
        // Names on the command line are wrong or right whatever files there are.
        rule_options(&arguments.rules, &Config::default())?;
        if let Some(path) = &arguments.config {
            reader.add_config(Config::load(Some(path), Path::new("."))?)?;
        }
        Ok(reader)
    }

    fn add_config(&mut self, config: Config) -> Result<usize, Failure> {
        let mut options = rule_options(&self.arguments.rules, &config)?;
        self.bases.offer(&mut options);
        self.options.push(options);
        self.exceptions.push(Exceptions::of(&config)?);
        self.configs.push(config);
        Ok(self.configs.len() - 1)
    }

    fn config_for(&mut self, folder: &Path) -> Result<usize, Failure> {
        if self.arguments.config.is_some() {
            return Ok(0);
        }
        if let Some(known) = self.by_folder.get(folder) {
            return Ok(*known);
        }
        let mut config = foreign::in_force(None, folder, Judged::Sources)?;
        self.excluded.append(&mut config.not_honoured);
        let same = config.path.as_ref().and_then(|path| {
            self.configs
                .iter()
                .position(|known| known.path.as_ref() == Some(path))
        });
        let index = match same {
            Some(index) => index,
            None => self.add_config(config)?,
        };
        self.by_folder.insert(folder.to_path_buf(), index);
        Ok(index)
    }

    /// The arguments, patterns among them replaced by what they match.
    pub(super) fn paths(&self) -> Result<Vec<String>, Failure> {
        let mut paths = Vec::new();
        for argument in &self.arguments.paths {
            let pattern = plimsoll_syntax::glob::has_wildcards(argument)
                && Path::new(argument).symlink_metadata().is_err();
            if !pattern {
                paths.push(argument.clone());
                continue;
            }
            let found = project::expand(argument)?;
            if found.is_empty() {
                return Err(Failure::usage(format!("{argument}: matches no file")));
            }
            paths.extend(found);
        }
        let mut seen = BTreeSet::new();
        paths.retain(|path| seen.insert(path.clone()));
        Ok(paths)
    }

    /// What exceptions are guilty of, with the configuration they stand in.
    pub(super) fn faults(&self, today: Option<jiff::civil::Date>) -> Vec<(usize, Vec<Finding>)> {
        let folders: Vec<PathBuf> = self
            .arguments
            .paths
            .iter()
            .filter_map(|path| Path::new(path).canonicalize().ok())
            .filter(|path| path.is_dir())
            .collect();
        let found = self.exceptions.iter().enumerate().map(|(at, exceptions)| {
            // An exception is only unused where all that it reaches was looked at.
            let folder = self.configs[at]
                .folder()
                .and_then(|one| one.canonicalize().ok());
            let whole = folder
                .is_some_and(|folder| folders.iter().any(|checked| folder.starts_with(checked)));
            (at, exceptions.faults(&self.options[at], today, whole))
        });
        found.filter(|(_, found)| !found.is_empty()).collect()
    }

    /// Whether one of these findings makes the run fail.
    pub(super) fn holds_back(&self, config: usize, findings: &[Finding]) -> bool {
        let fail_on = self
            .arguments
            .fail_on
            .or(self.configs[config].check.fail_on)
            .unwrap_or(FailOn::Info);
        findings
            .iter()
            .any(|finding| fail_on.counts(finding.severity))
    }

    /// The files that one argument names, and which others of it could not be read, and why.
    pub(super) fn subjects(&mut self, path: &str) -> (Vec<Subject>, Vec<(String, Failure)>) {
        let mut subjects = Vec::new();
        let whole = |failure| vec![(project::shown(Path::new(path)), failure)];
        if path == "-" {
            return match self.standard_input() {
                Ok(subject) => (vec![subject], Vec::new()),
                Err(failure) => (Vec::new(), whole(failure)),
            };
        }
        let mut failures = Vec::new();
        let path = Path::new(path);
        let files = if path.is_dir() {
            let (found, unreadable) = project::find_dockerfiles(path);
            failures.extend(unreadable.into_iter().flat_map(whole));
            match self.without_excluded(path, found) {
                Ok(files) => files,
                Err(failure) => return (Vec::new(), whole(failure)),
            }
        } else {
            vec![path.to_path_buf()]
        };
        for file in files {
            match self.subject(&file) {
                Ok(subject) => subjects.push(subject),
                Err(failure) => failures.push((project::shown(&file), failure)),
            }
        }
        (subjects, failures)
    }

    /// Leaves out what the folder's configuration excludes, and notes it.
    fn without_excluded(
        &mut self,
        folder: &Path,
        files: Vec<PathBuf>,
    ) -> Result<Vec<PathBuf>, Failure> {
        let index = self.config_for(folder)?;
        let config = &self.configs[index];
        let (Some(base), false) = (config.folder(), config.check.exclude.is_empty()) else {
            return Ok(files);
        };
        let patterns = SourceFile::new(FILE_NAME, config.check.exclude.join("\n"));
        let (patterns, errors) = IgnoreFile::parse(&patterns);
        if let Some(error) = errors.first() {
            return Err(Failure::usage(format!(
                "{}/{FILE_NAME}: check.exclude: {}",
                base.display(),
                error.message
            )));
        }
        let base = std::path::absolute(base).map_err(|error| Failure::file(base, &error))?;
        let (kept, excluded): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| {
            let below = std::path::absolute(file).ok();
            let below = below
                .as_ref()
                .and_then(|file| file.strip_prefix(&base).ok());
            !below.is_some_and(|below| patterns.matches(&below.to_string_lossy()))
        });
        self.excluded.extend(excluded.iter().map(|file| Skipped {
            what: project::shown(file),
            why: format!("{FILE_NAME} excludes it; name the file itself to check it"),
            blocking: false,
        }));
        Ok(kept)
    }

    fn standard_input(&mut self) -> Result<Subject, Failure> {
        let bytes = project::read_stdin(project::DOCKERFILE_LIMIT)?;
        if let Some(path) = &self.arguments.stdin_filename {
            let file = SourceFile::new(project::shown(path), bytes);
            return Ok(Subject {
                // Standard input cannot be written to, whatever its name.
                path: None,
                ..self.around(path, file)?
            });
        }
        Ok(Subject {
            path: None,
            file: SourceFile::new("-", bytes),
            config: self.config_for(Path::new("."))?,
            context: None,
        })
    }

    fn subject(&mut self, path: &Path) -> Result<Subject, Failure> {
        self.around(path, project::read_dockerfile(path)?)
    }

    /// A file with what lies around its path.
    fn around(&mut self, path: &Path, file: SourceFile) -> Result<Subject, Failure> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
            _ => PathBuf::from("."),
        };
        let config = self.config_for(&folder)?;
        let root = match self.context_root(config, path) {
            Some(root) => root,
            None => {
                let above = self
                    .above
                    .entry(folder.clone())
                    .or_insert_with(|| project::folders_up_to_repository(&folder));
                project::likely_context(&file, &folder, above)
            }
        };
        let context = self.context(path, &root)?;
        Ok(Subject {
            path: Some(path.to_path_buf()),
            file,
            config,
            context: Some(context),
        })
    }

    /// The configured context for the configured Dockerfile.
    fn context_root(&self, config: usize, path: &Path) -> Option<PathBuf> {
        let config = &self.configs[config];
        let same = |a: &Path, b: &Path| match (a.canonicalize(), b.canonicalize()) {
            (Ok(a), Ok(b)) => a == b,
            _ => false,
        };
        let base = config.folder()?;
        match (&config.build.context, &config.build.dockerfile) {
            (Some(context), dockerfile) => {
                let named = dockerfile
                    .clone()
                    .unwrap_or_else(|| PathBuf::from("Dockerfile"));
                same(&base.join(named), path).then(|| base.join(context))
            }
            (None, Some(dockerfile)) => {
                same(&base.join(dockerfile), path).then(|| base.to_path_buf())
            }
            (None, None) => None,
        }
    }

    fn context(&mut self, dockerfile: &Path, root: &Path) -> Result<Arc<SharedContext>, Failure> {
        if !self.listings.contains_key(root) {
            let listing = Listing::read(root)?;
            let shared = Arc::new(SharedContext::new(
                listing.context(project::ignore_file(None, root)?),
            ));
            self.listings.insert(root.to_path_buf(), (listing, shared));
        }
        let (listing, shared) = &self.listings[root];
        // Only a Dockerfile with an ignore file of its own sees a context of its own.
        let own = project::ignore_file(Some(dockerfile), root)?;
        let common = shared.ignore_file.as_ref().map(SourceFile::path);
        Ok(if own.as_ref().map(SourceFile::path) == common {
            Arc::clone(shared)
        } else {
            Arc::new(SharedContext::new(listing.context(own)))
        })
    }
}
