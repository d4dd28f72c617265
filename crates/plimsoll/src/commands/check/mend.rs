//! Applies fixes, or shows them.

use plimsoll_model::SourceFile;
use plimsoll_rules::{CheckOutcome, Project};

use super::reader::{CheckedFile, Reader};
use crate::args::CheckArgs;
use crate::credentials::Values;
use crate::failure::Failure;
use crate::output;
use crate::terminal::{print, say};
use crate::write::write_atomically;

/// Applies fixes file by file; what `--diff` only shows is not written. Tells whether there were any.
pub(super) fn mend(
    arguments: &CheckArgs,
    read: &mut Reader<'_>,
    subjects: &mut [CheckedFile],
    outcomes: &mut [CheckOutcome],
) -> Result<bool, Failure> {
    let mut is_changed = false;
    let today = Some(crate::clock::today());
    for (subject, outcome) in subjects.iter_mut().zip(outcomes) {
        let options = read.asked[subject.config].of(subject);
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
        is_changed = true;
        if arguments.diff {
            print(&output::unified_diff(&subject.file, &fixed.bytes))?;
            continue;
        }
        // Standard input was refused before all else.
        if let Some(path) = &subject.path {
            write_atomically(path, &fixed.bytes)?;
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
    Ok(is_changed)
}
