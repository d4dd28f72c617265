//! `plimsoll check`: judges Dockerfiles and what they let into the image.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_model::{Finding, Report, Severity, Skipped, SourceFile};
use plimsoll_rules::{
    CheckOptions, CheckOutcome, CredentialLookup, LabelFormat, Project, RuleSettings, SharedContext,
};
use plimsoll_syntax::dockerignore::IgnoreFile;
use rayon::prelude::*;

use crate::args::{self, CheckArgs, RuleArgs};
use crate::bases::Bases;
use crate::changes::Changes;
use crate::config::{AudienceName, Config, FILE_NAME, FailOn, parse_edition};
use crate::credentials::{self, Values};
use crate::exceptions::Exceptions;
use crate::failure::{Failure, Outcome, finish};
use crate::foreign::{self, Judged};
use crate::output::{self, Rendering};
use crate::project::{self, Listing};
use crate::terminal::{Spinner, Terminal, print, say};
use crate::write::write_atomically;

/// One file to check.
struct Subject {
    path: Option<PathBuf>,
    file: SourceFile,
    /// Index into the configurations that were read.
    config: usize,
    context: Option<Arc<SharedContext>>,
}

/// Checks, fixes where asked to, and reports.
pub(crate) fn run(arguments: &CheckArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    output::are_possible(&arguments.output, args::Subject::Sources, false)?;
    let spinner = Spinner::start(terminal, "looking for Dockerfiles");
    let mut read = Reader::new(arguments)?;
    let mut failures = Vec::new();
    let mut unread = Vec::new();
    let mut subjects = Vec::new();
    for path in &read.paths()? {
        let (found, unreadable) = read.subjects(path);
        subjects.extend(found);
        for (what, failure) in unreadable {
            unread.push(failure.skipped(&what));
            failures.push(failure);
        }
    }
    if subjects.is_empty() && failures.is_empty() && read.excluded.is_empty() {
        let failure = Failure::usage(format!(
            "{}: no Dockerfile there",
            arguments.paths.join(", ")
        ));
        failures.push(failure.hint("name the file itself, or a folder that holds one"));
    }
    if subjects.is_empty() && !failures.is_empty() {
        // Nothing was looked at: a report of that would read as one of nothing found.
        return finish(failures, Outcome::Holds);
    }
    spinner.message(format!("checking {} files", subjects.len()));
    let mut outcomes: Vec<CheckOutcome> = subjects
        .par_iter()
        .map(|subject| {
            let project = Project {
                file: subject.file.clone(),
                context: subject.context.clone(),
            };
            plimsoll_rules::check_project(&project, &read.options[subject.config])
        })
        .collect();
    drop(spinner);
    let today = Some(crate::clock::today());
    for (subject, outcome) in subjects.iter().zip(&mut outcomes) {
        read.exceptions[subject.config].apply(outcome, today);
    }
    if arguments.fix || arguments.diff {
        mend(arguments, &mut read, &mut subjects, &mut outcomes)?;
        if arguments.diff {
            return finish(failures, Outcome::Holds);
        }
    }

    let mut report = Report {
        skipped: std::mem::take(&mut read.excluded),
        ..Report::default()
    };
    report.skipped.extend(unread.iter().cloned());
    let mut changes = arguments.changed.as_deref().map(Changes::since);
    let mut held_back = false;
    let mut sources: Vec<SourceFile> = Vec::with_capacity(subjects.len());
    let faults = read.faults(today);
    sources.extend(read.configs.iter().filter_map(|one| one.source.clone()));
    for (config, mut found) in faults {
        if let Some(changes) = &mut changes {
            found = changes.keep(found)?;
        }
        held_back |= read.holds_back(config, &found);
        report.findings.extend(found);
    }
    for (subject, mut outcome) in subjects.iter().zip(outcomes) {
        if let Some(changes) = &mut changes {
            outcome.findings = changes.keep(outcome.findings)?;
        }
        held_back |= read.holds_back(subject.config, &outcome.findings);
        if arguments.verbose {
            report.remarks.extend(outcome.notes);
        }
        report.checked.push(subject.file.path().to_owned());
        report.findings.extend(outcome.findings);
        report.suppressed.extend(outcome.suppressed);
        report.skipped.extend(outcome.skipped);
    }
    report.checked.sort();
    report
        .findings
        .sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    report.skipped.extend(read.bases.problems());
    report.skipped.sort();
    report.skipped.dedup();
    for subject in &subjects {
        sources.push(subject.file.clone());
        if let Some(context) = &subject.context {
            sources.extend(context.ignore_file.clone());
        }
    }
    // Two Dockerfiles may start with the same script: what is wrong in it is wrong once.
    report
        .findings
        .dedup_by(|a, b| a.sort_key() == b.sort_key());
    sources.extend(scripts(&report, &subjects));
    let hidden = credentials::conceal(&mut report, &sources);
    Rendering {
        report: &report,
        sources: &sources,
        hidden: &hidden,
        details: true,
        verdict: None,
        terminal,
        epoch: None,
        said: &unread,
    }
    .emit(&arguments.output)?;
    let outcome = if held_back && !arguments.exit_zero {
        Outcome::HeldBack
    } else {
        Outcome::Holds
    };
    finish(failures, outcome)
}

/// The files of build contexts that findings point into.
fn scripts(report: &Report, subjects: &[Subject]) -> Vec<SourceFile> {
    let mut named: BTreeSet<&str> = report
        .findings
        .iter()
        .filter_map(|finding| Some(finding.origin.source.as_ref()?.file.as_str()))
        .collect();
    for subject in subjects {
        named.remove(subject.file.path());
    }
    let contexts = subjects
        .iter()
        .filter_map(|subject| subject.context.as_ref());
    let mut found = Vec::new();
    for context in contexts {
        if named.is_empty() {
            break;
        }
        for file in context.contents.values() {
            if named.remove(file.path()) {
                found.push(file.clone());
            }
        }
    }
    found
}

/// The rules a person selected: the command line's words, else the configuration's.
pub(crate) fn rule_options(arguments: &RuleArgs, config: &Config) -> Result<CheckOptions, Failure> {
    let known = |names: &[String], place: &str| {
        plimsoll_rules::validate_names(names)
            .map_err(|error| super::unknown_rule(Some(place), &error))
    };
    known(&arguments.select, "--select")?;
    known(&arguments.extend_select, "--extend-select")?;
    known(&arguments.ignore, "--ignore")?;
    let place = config.path.as_ref().map_or_else(
        || "configuration".to_owned(),
        |path| path.display().to_string(),
    );
    known(&config.check.select, &place)?;
    known(&config.check.extend_select, &place)?;
    known(&config.check.ignore, &place)?;
    let severities: Vec<String> = config.check.severity.keys().cloned().collect();
    known(&severities, &format!("{place}: check.severity"))?;
    for allow in &config.check.allow {
        known(&allow.as_ref().rules, &format!("{place}: check.allow"))?;
    }
    let both = |one: &[String], other: &[String]| [one, other].concat();
    let asked = arguments.require_label.iter();
    let labels = (config.check.labels.iter()).chain(asked.map(|(name, form)| (name, form)));
    let edition = config.check.edition.as_deref();
    let mut options = CheckOptions {
        select: if arguments.select.is_empty() {
            config.check.select.clone()
        } else {
            arguments.select.clone()
        },
        extend_select: both(&config.check.extend_select, &arguments.extend_select),
        ignore: both(&config.check.ignore, &arguments.ignore),
        strict: arguments.strict || config.check.audience == Some(AudienceName::Strict),
        // Checked when the file was read.
        edition: arguments
            .edition
            .or_else(|| edition.and_then(|edition| parse_edition(edition).ok())),
        severity: config
            .check
            .severity
            .iter()
            .map(|(name, severity)| (name.clone(), Severity::from(*severity)))
            .collect(),
        require_reason: arguments.require_reason || config.check.require_reason,
        ignore_comments: config.check.ignore_comments,
        settings: RuleSettings {
            trusted_registries: both(
                &config.check.trusted_registries,
                &arguments.trusted_registry,
            ),
            labels: labels
                .map(|(name, form)| (name.clone(), LabelFormat::from(*form)))
                .collect(),
            strict_labels: arguments.strict_labels || config.check.strict_labels,
        },
        build_args: config.build.args.clone(),
        credentials: Some(CredentialLookup {
            in_text: plimsoll_scan::credentials_in,
            in_file: plimsoll_scan::credentials_in_file,
        }),
        target: config.build.target.clone(),
        ..CheckOptions::default()
    };
    crate::clock::set_today(&mut options);
    Ok(options)
}

/// Reads subjects; folders are walked and configurations read once each.
struct Reader<'a> {
    arguments: &'a CheckArgs,
    configs: Vec<Config>,
    options: Vec<CheckOptions>,
    exceptions: Vec<Exceptions>,
    by_folder: HashMap<PathBuf, usize>,
    listings: HashMap<PathBuf, (Listing, Arc<SharedContext>)>,
    /// For each folder those above it that a Dockerfile in it may be built from.
    above: HashMap<PathBuf, Vec<PathBuf>>,
    excluded: Vec<Skipped>,
    bases: Arc<Bases>,
}

impl<'a> Reader<'a> {
    fn new(arguments: &'a CheckArgs) -> Result<Self, Failure> {
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
    fn paths(&self) -> Result<Vec<String>, Failure> {
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
    fn faults(&self, today: Option<jiff::civil::Date>) -> Vec<(usize, Vec<Finding>)> {
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
    fn holds_back(&self, config: usize, findings: &[Finding]) -> bool {
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
    fn subjects(&mut self, path: &str) -> (Vec<Subject>, Vec<(String, Failure)>) {
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

/// Applies fixes file by file; what `--diff` only shows is not written.
fn mend(
    arguments: &CheckArgs,
    read: &mut Reader<'_>,
    subjects: &mut [Subject],
    outcomes: &mut [CheckOutcome],
) -> Result<(), Failure> {
    let today = Some(crate::clock::today());
    for (subject, outcome) in subjects.iter_mut().zip(outcomes) {
        let options = &read.options[subject.config];
        let project = Project {
            file: subject.file.clone(),
            context: subject.context.clone(),
        };
        let exceptions = &mut read.exceptions[subject.config];
        let mut check = |project: &Project| {
            let mut outcome = plimsoll_rules::check_project(project, options);
            exceptions.apply(&mut outcome, today);
            outcome.findings
        };
        let unsafe_too = arguments.unsafe_fixes;
        let fixed = plimsoll_rules::fix::apply(&project, &outcome.findings, unsafe_too, &mut check);
        for withheld in &fixed.withheld {
            let finding = &withheld.finding;
            let place = finding.origin.source.as_ref();
            say(&format!(
                "{}:{}: not fixed {}: {}",
                subject.file.path(),
                place.map_or(1, |place| place.start.line),
                finding.rule,
                withheld.because
            ));
        }
        if fixed.bytes == subject.file.bytes() {
            continue;
        }
        if arguments.diff {
            print(&output::unified_diff(&subject.file, &fixed.bytes))?;
            continue;
        }
        match &subject.path {
            Some(path) => write_atomically(path, &fixed.bytes)?,
            None => {
                return Err(Failure::usage("--fix cannot write to standard input")
                    .hint("--diff shows what it would change"));
            }
        }
        let values = Values::of_file(&subject.file);
        for finding in &fixed.applied {
            let title = finding.fix.as_ref().map_or("", |fix| fix.title.as_str());
            let title = values.hide(title);
            say(&format!(
                "{}: fixed {}: {title}",
                subject.file.path(),
                finding.rule
            ));
        }
        subject.file = SourceFile::new(subject.file.path(), fixed.bytes);
        let project = Project {
            file: subject.file.clone(),
            context: subject.context.clone(),
        };
        *outcome = plimsoll_rules::check_project(&project, options);
        read.exceptions[subject.config].apply(outcome, today);
    }
    Ok(())
}
