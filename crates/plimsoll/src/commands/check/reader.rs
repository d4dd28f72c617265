//! Finds the files to check, and for each the configuration and the build context.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_model::{Finding, Severity, Skipped, SourceFile, Topic};
use plimsoll_rules::{CheckOptions, SharedContext};
use plimsoll_syntax::dockerfile::{self, ResolveInput};
use plimsoll_syntax::dockerignore::IgnoreFile;

use super::rule_options;
use crate::args::CheckArgs;
use crate::bases::Bases;
use crate::config::{self, Config, FILE_NAME, FailOn};
use crate::dockerfiles::{self, PassedOver};
use crate::failure::Failure;
use crate::foreign::{self, Scope};
use crate::inputs::Inputs;
use crate::policy::exceptions::Exceptions;
use crate::project::{self, Listing};

/// What could not be read, as the report names it, and why.
pub(super) type Unread = (String, Failure);

/// One file to check.
pub(super) struct CheckedFile {
    /// Where it lies; nowhere where it came on standard input.
    pub(super) path: Option<PathBuf>,
    /// Its content.
    pub(super) file: SourceFile,
    /// Index into the configurations that were read.
    pub(super) config: usize,
    /// What it is built with.
    pub(super) context: Option<Arc<SharedContext>>,
    /// Whether the configuration's `[build]` is about this file.
    pub(super) is_built: bool,
}

/// What one configuration asks of the rules.
pub(super) struct Asked {
    /// Of any file.
    pub(super) any: CheckOptions,
    /// Of the Dockerfile that its `[build]` is about: a stage and arguments are of one build.
    built: CheckOptions,
}

impl Asked {
    /// What it asks of a file.
    pub(super) fn of(&self, subject: &CheckedFile) -> &CheckOptions {
        match subject.is_built {
            true => &self.built,
            false => &self.any,
        }
    }
}

/// Reads subjects; folders are walked and configurations read once each.
pub(super) struct Reader<'a> {
    /// What was typed.
    pub(super) arguments: &'a CheckArgs,
    /// Every configuration that was read.
    pub(super) configs: Vec<Config>,
    /// What each of them asks of the rules.
    pub(super) asked: Vec<Asked>,
    /// What each of them takes exception to.
    pub(super) exceptions: Vec<Exceptions>,
    by_folder: HashMap<PathBuf, usize>,
    listings: HashMap<PathBuf, (Listing, Arc<SharedContext>)>,
    /// For each folder those above it that a Dockerfile in it may be built from.
    above: HashMap<PathBuf, Vec<PathBuf>>,
    /// What was left out.
    pub(super) excluded: Vec<Skipped>,
    /// Folders that were passed over.
    passed_over: PassedOver,
    /// The base images.
    pub(super) bases: Arc<Bases>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(arguments: &'a CheckArgs) -> Result<Self, Failure> {
        let mut reader = Self {
            arguments,
            configs: Vec::new(),
            asked: Vec::new(),
            exceptions: Vec::new(),
            by_folder: HashMap::new(),
            listings: HashMap::new(),
            above: HashMap::new(),
            excluded: Vec::new(),
            passed_over: PassedOver::default(),
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
        let build = &config.build;
        self.asked.push(Asked {
            built: CheckOptions {
                build_args: build.args.clone(),
                target: build.target.as_ref().map(|stage| stage.as_ref().clone()),
                ..options.clone()
            },
            any: options,
        });
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
        let mut config = foreign::in_force(None, folder, Scope::Sources)?;
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

    /// The arguments, patterns among them replaced by what they match, and what of those could not be
    /// looked into.
    pub(super) fn paths(&mut self) -> Result<(Vec<String>, Vec<Unread>), Failure> {
        let mut paths = Vec::new();
        let mut unreadable = Vec::new();
        for argument in &self.arguments.paths {
            let pattern = plimsoll_syntax::glob::has_wildcards(argument)
                && Path::new(argument).symlink_metadata().is_err();
            if !pattern {
                paths.push(argument.clone());
                continue;
            }
            let search = dockerfiles::expand(argument)?;
            self.passed_over.add(search.passed_over);
            if search.found.is_empty() && search.unreadable.is_empty() {
                let failure = Failure::usage(format!("{argument}: matches no file"));
                return Err(self.with_passed_over(failure));
            }
            let found = search.found.iter();
            paths.extend(found.map(|path| path.to_string_lossy().into_owned()));
            let failures = search.unreadable.into_iter();
            unreadable.extend(failures.map(|failure| (argument.clone(), failure)));
        }
        let mut seen = BTreeSet::new();
        paths.retain(|path| seen.insert(path.clone()));
        Ok((paths, unreadable))
    }

    /// The files that are judged, and what they are judged by.
    pub(super) fn inputs(&self, subjects: &[CheckedFile]) -> Inputs {
        let mut inputs = Inputs::default();
        for subject in subjects {
            inputs.add("a Dockerfile that is judged", subject.path.as_deref());
            let context = subject.context.as_ref();
            let ignore = context.and_then(|context| context.ignore_file.as_ref());
            inputs.add("an ignore file", ignore.map(|file| Path::new(file.path())));
        }
        for config in &self.configs {
            inputs.add_configuration(config);
        }
        inputs
    }

    /// What was left out, and passed over, as a report has it.
    pub(super) fn take_skipped(&mut self) -> Vec<Skipped> {
        let mut skipped = std::mem::take(&mut self.excluded);
        skipped.extend(std::mem::take(&mut self.passed_over).skipped());
        skipped
    }

    /// The same failure with a hint at what was passed over.
    pub(super) fn with_passed_over(&self, failure: Failure) -> Failure {
        match self.passed_over.clone().skipped() {
            Some(Skipped { why, .. }) => failure.hint(why),
            None => failure,
        }
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
            (at, exceptions.faults(&self.asked[at].any, today, whole))
        });
        found.filter(|(_, found)| !found.is_empty()).collect()
    }

    /// Whether one of these findings makes the run fail.
    pub(super) fn holds_back(&self, config: usize, findings: &[Finding]) -> bool {
        let fail_on = self
            .arguments
            .fail_on
            .or(self.configs[config].check.fail_on)
            .unwrap_or(FailOn::From(Severity::Info));
        let least = fail_on.least();
        let counts = |finding: &Finding| least.is_some_and(|least| finding.severity >= least);
        findings.iter().any(counts)
    }

    /// The files that one argument names, and which others of it could not be read, and why.
    pub(super) fn subjects(&mut self, path: &str) -> (Vec<CheckedFile>, Vec<Unread>) {
        let mut subjects = Vec::new();
        let whole = |failure| vec![(project::shown(Path::new(path)), failure)];
        if path == "-" {
            return match self.standard_input() {
                Ok(subject) => {
                    let missing = self.without_missing_target(&subject);
                    (vec![subject], missing.into_iter().collect())
                }
                Err(failure) => (Vec::new(), whole(failure)),
            };
        }
        let mut failures = Vec::new();
        let path = Path::new(path);
        let is_folder = path.is_dir();
        let files = if is_folder {
            let search = dockerfiles::find(path);
            self.passed_over.add(search.passed_over);
            failures.extend(search.unreadable.into_iter().flat_map(whole));
            match self.without_excluded(path, search.found) {
                Ok(files) => files,
                Err(failure) => return (Vec::new(), whole(failure)),
            }
        } else {
            vec![path.to_path_buf()]
        };
        for file in files {
            if let Some(what) = is_folder.then(|| super::kind::by_chance(&file)).flatten() {
                self.excluded.push(Skipped::new(
                    Topic::Rules,
                    project::shown(&file),
                    format!("is {what}, no Dockerfile, whatever it is called"),
                ));
                continue;
            }
            match self.subject(&file) {
                Ok(subject) => {
                    failures.extend(self.without_missing_target(&subject));
                    subjects.push(subject);
                }
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
        self.excluded.extend(excluded.iter().map(|file| {
            Skipped::new(
                Topic::Rules,
                project::shown(file),
                format!("{FILE_NAME} excludes it; name the file itself to check it"),
            )
        }));
        Ok(kept)
    }

    fn standard_input(&mut self) -> Result<CheckedFile, Failure> {
        let bytes = project::read_stdin(project::DOCKERFILE_LIMIT)?;
        if let Some(path) = &self.arguments.stdin_filename {
            let file = SourceFile::new(project::shown(path), bytes);
            super::kind::refuse_other(path, &file)?;
            return Ok(CheckedFile {
                // Standard input cannot be written to, whatever its name.
                path: None,
                ..self.around(path, file)?
            });
        }
        let file = SourceFile::new("-", bytes);
        super::kind::refuse_other(Path::new("-"), &file)?;
        Ok(CheckedFile {
            path: None,
            file,
            config: self.config_for(Path::new("."))?,
            context: None,
            is_built: false,
        })
    }

    /// Forgets the stage that a configuration names where the Dockerfile has none of that name: its
    /// last stage is judged then, rather than nothing, and the configuration is told to be wrong.
    fn without_missing_target(&mut self, subject: &CheckedFile) -> Option<(String, Failure)> {
        let wanted = self.configs[subject.config].build.target.as_ref();
        let wanted = wanted.filter(|_| subject.is_built)?;
        let asked = &mut self.asked[subject.config].built;
        let (tree, _) = dockerfile::parse(subject.file.clone());
        let input = ResolveInput {
            target: Some(asked.target.clone()?),
            ..ResolveInput::default()
        };
        let resolution = dockerfile::resolve(&tree, &input);
        if resolution.target.is_some() || resolution.stages.is_empty() {
            return None;
        }
        asked.target = None;
        let config = &self.configs[subject.config];
        let names = resolution
            .stages
            .iter()
            .filter_map(|one| one.name.as_deref());
        let names: Vec<&str> = names.take(20).collect();
        let path = subject.file.path();
        let failure = Failure::usage(format!(
            "{}:{}: build.target: {path} has no stage `{}`, its last one was judged",
            config
                .path
                .as_deref()
                .map(config::from_here)
                .unwrap_or_default()
                .display(),
            config.line_of(wanted),
            wanted.as_ref().escape_debug(),
        ));
        let hint = match names.as_slice() {
            [] => "no stage of it has a name".to_owned(),
            names => format!("it has {}", names.join(", ").escape_debug()),
        };
        Some((path.to_owned(), failure.hint(hint)))
    }

    fn subject(&mut self, path: &Path) -> Result<CheckedFile, Failure> {
        self.around(path, super::kind::read(path)?)
    }

    /// A file with what lies around its path.
    fn around(&mut self, path: &Path, file: SourceFile) -> Result<CheckedFile, Failure> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
            _ => PathBuf::from("."),
        };
        let config = self.config_for(&folder)?;
        let is_built = self.configs[config].is_about(path);
        let root = match self.configs[config].context().filter(|_| is_built) {
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
        Ok(CheckedFile {
            path: Some(path.to_path_buf()),
            file,
            config,
            context: Some(context),
            is_built,
        })
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
