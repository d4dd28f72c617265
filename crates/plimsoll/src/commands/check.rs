//! `plimsoll check`: judges Dockerfiles and what they let into the image.

mod kind;
mod mend;
mod options;
mod reader;

use std::collections::BTreeSet;

use jiff::civil::Date;
use plimsoll_model::{Report, Skipped, SourceFile};
use plimsoll_rules::{CheckOutcome, Project};
use rayon::prelude::*;

use self::mend::mend;
pub(crate) use self::options::rule_options;
use self::reader::{CheckedFile, Reader};
use crate::args::{self, CheckArgs};
use crate::changes::Changes;
use crate::credentials;
use crate::failure::{Failure, Outcome, finish};
use crate::output::{self, Rendering};
use crate::terminal::{Spinner, Terminal};

/// Checks, fixes where asked to, and reports.
pub(crate) fn run(arguments: &CheckArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    output::are_possible(&arguments.output, args::Reported::Sources, false)?;
    let reads_input = arguments.paths.iter().any(|path| path == "-");
    if arguments.stdin_filename.is_some() && !reads_input {
        return Err(
            Failure::usage("--stdin-filename names standard input, which is not read")
                .hint("give - as PATH"),
        );
    }
    if arguments.fix && !arguments.diff && reads_input {
        return Err(Failure::usage("--fix cannot write to standard input")
            .hint("--diff shows what it would change"));
    }
    let spinner = Spinner::start(terminal, "looking for Dockerfiles");
    let mut read = Reader::new(arguments)?;
    let mut found = Found::by(&mut read)?;
    if found.subjects.is_empty() && !found.failures.is_empty() {
        // Nothing was looked at: a report of that would read as one of nothing found.
        return finish(found.failures, Outcome::Holds);
    }
    read.inputs(&found.subjects).spare(&arguments.output)?;
    spinner.message(format!("checking {} files", found.subjects.len()));
    let mut outcomes = judge(&read, &found.subjects);
    drop(spinner);
    let today = Some(crate::clock::today());
    for (subject, outcome) in found.subjects.iter().zip(&mut outcomes) {
        read.exceptions[subject.config].apply(outcome, today);
    }
    if arguments.fix || arguments.diff {
        let is_changed = mend(arguments, &mut read, &mut found.subjects, &mut outcomes)?;
        if arguments.diff {
            let outcome = match is_changed && !arguments.exit_zero {
                true => Outcome::HeldBack,
                false => Outcome::Holds,
            };
            return finish(found.failures, outcome);
        }
    }
    let mut checked = Checked::gather(arguments, &mut read, &found, outcomes, today)?;
    let hidden = credentials::conceal(&mut checked.report, &checked.sources);
    Rendering {
        report: &checked.report,
        sources: &checked.sources,
        hidden: &hidden,
        details: true,
        verdict: None,
        terminal,
        epoch: None,
        said: &found.unread,
    }
    .emit(&arguments.output)?;
    let outcome = if checked.held_back && !arguments.exit_zero {
        Outcome::HeldBack
    } else {
        Outcome::Holds
    };
    finish(found.failures, outcome)
}

/// What there is to check.
struct Found {
    subjects: Vec<CheckedFile>,
    /// Why some of it could not be read.
    failures: Vec<Failure>,
    /// The same, as the report has it.
    unread: Vec<Skipped>,
}

impl Found {
    /// All that the arguments name.
    fn by(read: &mut Reader<'_>) -> Result<Self, Failure> {
        let mut found = Self {
            subjects: Vec::new(),
            failures: Vec::new(),
            unread: Vec::new(),
        };
        let (paths, mut unreadable) = read.paths()?;
        for path in &paths {
            let (subjects, of_it) = read.subjects(path);
            found.subjects.extend(subjects);
            unreadable.extend(of_it);
        }
        for (what, failure) in unreadable {
            found.unread.push(failure.skipped(&what));
            found.failures.push(failure);
        }
        let is_nothing = found.subjects.is_empty() && found.failures.is_empty();
        if is_nothing && read.excluded.is_empty() {
            let paths = read.arguments.paths.join(", ");
            let failure = Failure::usage(format!("{paths}: no Dockerfile there"));
            let failure = failure.hint("name the file itself, or a folder that holds one");
            found.failures.push(read.with_passed_over(failure));
        }
        Ok(found)
    }
}

/// What the rules say of each file.
fn judge(read: &Reader<'_>, subjects: &[CheckedFile]) -> Vec<CheckOutcome> {
    subjects
        .par_iter()
        .map(|subject| {
            let project = Project {
                file: subject.file.clone(),
                context: subject.context.clone(),
            };
            plimsoll_rules::check_project(&project, read.asked[subject.config].of(subject))
        })
        .collect()
}

/// What came of all files together.
struct Checked {
    report: Report,
    /// Files that findings speak of.
    sources: Vec<SourceFile>,
    /// Whether a finding makes the run fail.
    held_back: bool,
}

impl Checked {
    fn gather(
        arguments: &CheckArgs,
        read: &mut Reader<'_>,
        found: &Found,
        outcomes: Vec<CheckOutcome>,
        today: Option<Date>,
    ) -> Result<Self, Failure> {
        let subjects = &found.subjects;
        let mut report = Report {
            skipped: read.take_skipped(),
            ..Report::default()
        };
        report.skipped.extend(found.unread.iter().cloned());
        let changes = arguments.changed.as_ref();
        let mut changes = changes.map(|base| Changes::since(base.as_deref()));
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
        for subject in subjects {
            sources.push(subject.file.clone());
            if let Some(context) = &subject.context {
                sources.extend(context.ignore_file.clone());
            }
        }
        // Two Dockerfiles may start with the same script: what is wrong in it is wrong once.
        report
            .findings
            .dedup_by(|a, b| a.sort_key() == b.sort_key());
        sources.extend(scripts(&report, subjects));
        Ok(Self {
            report,
            sources,
            held_back,
        })
    }
}

/// The files of build contexts that findings point into.
fn scripts(report: &Report, subjects: &[CheckedFile]) -> Vec<SourceFile> {
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
