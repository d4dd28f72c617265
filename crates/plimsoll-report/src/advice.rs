//! Advice in words, for formats that people read. Each word that came from elsewhere goes through
//! the format's own escape.

use plimsoll_model::{AdvisedAction, AdvisedEdit, PackageKind, Vulnerability};

use crate::tally;
use crate::text::count;

/// How a format writes words that came from elsewhere.
#[derive(Clone, Copy)]
pub(crate) struct Voice {
    /// Makes a text safe.
    pub(crate) text: fn(&str) -> String,
    /// Makes what a person types or looks for stand out, and safe.
    pub(crate) code: fn(&str) -> String,
    /// Packages told of an edit; of more, only how many.
    pub(crate) steps: usize,
    /// Whether a program's path is shown without its folders.
    pub(crate) brief: bool,
}

/// Where to edit: `Dockerfile:3`, else what is known.
pub(crate) fn place(edit: &AdvisedEdit, voice: Voice) -> String {
    if let Some(source) = &edit.place {
        return (voice.text)(&format!("{}:{}", source.file, source.start.line));
    }
    match (edit.action, &edit.program, edit.layer) {
        (AdvisedAction::RenewBase, _, _) => "base image".to_owned(),
        (_, Some(program), _) => path(program, voice),
        (_, None, Some(layer)) => format!("layer {layer}"),
        (_, None, None) => "image".to_owned(),
    }
}

/// What to do there.
pub(crate) fn doing(edit: &AdvisedEdit, voice: Voice) -> String {
    let steps = steps(edit, voice);
    match edit.action {
        AdvisedAction::RenewBase => format!("a base with {steps}"),
        AdvisedAction::RenewPackages => format!("rebuild without cache, for {steps}"),
        AdvisedAction::RaiseVersions => steps,
        AdvisedAction::RebuildProgram => match (&edit.place, &edit.program) {
            (Some(_), Some(program)) => format!("a build of {} with {steps}", path(program, voice)),
            _ => format!("a build with {steps}"),
        },
    }
}

/// A program's path as people type it.
fn path(program: &str, voice: Voice) -> String {
    match program.rsplit_once('/').filter(|_| voice.brief) {
        Some((_, name)) => (voice.code)(&format!("…/{name}")),
        None => (voice.code)(&format!("/{program}")),
    }
}

/// Packages with their versions: both where a person raises them, only the least one where somebody
/// else does.
fn steps(edit: &AdvisedEdit, voice: Voice) -> String {
    let mut parts: Vec<String> = edit
        .steps
        .iter()
        .take(voice.steps)
        .map(|step| {
            let name = (voice.code)(match (step.kind, step.name.as_str()) {
                (PackageKind::Go, "stdlib") => "Go",
                (_, name) => name,
            });
            let to = (voice.text)(&step.to);
            match edit.action {
                AdvisedAction::RenewBase | AdvisedAction::RenewPackages => format!("{name} ≥ {to}"),
                AdvisedAction::RaiseVersions | AdvisedAction::RebuildProgram => {
                    format!("{name} {} → {to}", (voice.text)(&step.installed))
                }
            }
        })
        .collect();
    let more = edit.steps.len().saturating_sub(voice.steps);
    if more > 0 {
        parts.push(format!("{more} more"));
    }
    parts.join(", ")
}

/// `removes 34 of 41 (2 critical, 9 high, …), brings 12 security updates`.
pub(crate) fn effect(edit: &AdvisedEdit, found: &[Vulnerability]) -> String {
    let removed = || edit.removes.iter().filter_map(|at| found.get(*at));
    let mut parts = Vec::new();
    if !edit.removes.is_empty() {
        parts.push(format!(
            "removes {} of {} ({})",
            removed().count(),
            edit.removes.len() + edit.stays.len(),
            tally::vulnerability_severities(removed())
        ));
    }
    if !edit.updates.is_empty() {
        parts.push(format!(
            "brings {}",
            count(edit.updates.len(), "security update")
        ));
    }
    parts.join(", ")
}

/// What no edit removes; nothing where all can be removed.
pub(crate) fn staying(found: &[Vulnerability]) -> Option<String> {
    match found.iter().filter(|one| !one.is_fixable()).count() {
        0 => None,
        1 => Some("1 vulnerability stays: no version is known that mends it".to_owned()),
        number => Some(format!(
            "{number} vulnerabilities stay: no version is known that mends them"
        )),
    }
}

/// What a person does until there is a newer base: the distribution has the packages already.
pub(crate) fn meanwhile(edit: &AdvisedEdit) -> Option<&'static str> {
    if edit.action != AdvisedAction::RenewBase {
        return None;
    }
    let mut kinds = edit.steps.iter().map(|step| step.kind);
    kinds.find_map(|kind| match kind {
        PackageKind::Deb => Some("RUN apt-get update && apt-get upgrade -y"),
        PackageKind::Apk => Some("RUN apk upgrade --no-cache"),
        PackageKind::Rpm => Some("RUN dnf upgrade -y"),
        _ => None,
    })
}

/// `and 3 more edits`.
pub(crate) fn more(number: usize) -> String {
    format!("and {}", count(number, "more edit"))
}
