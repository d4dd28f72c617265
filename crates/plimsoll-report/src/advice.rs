//! Advice in words, for formats that people read. Each word that came from elsewhere goes through
//! the format's own escape.

use std::collections::BTreeSet;

use plimsoll_model::{
    AdvisedAction, AdvisedEdit, PackageKind, Report, SourceOrigin, StepTarget, VersionStep,
    Vulnerability,
};

use crate::tally;
use crate::text::count;

/// How a format writes words that came from elsewhere.
#[derive(Clone, Copy)]
pub(crate) struct Voice {
    /// Makes a text safe.
    pub(crate) text: fn(&str) -> String,
    /// Makes what a person types or looks for stand out, and safe.
    pub(crate) code: fn(&str) -> String,
    /// Packages, and lines beside the first, told of an edit; of more, only how many.
    pub(crate) steps: usize,
    /// Whether a program's path is shown without its folders.
    pub(crate) brief: bool,
}

/// Where to edit: `Dockerfile:3`, `a.txt:1 and b.txt:4`, else what is known.
pub(crate) fn place(edit: &AdvisedEdit, voice: Voice) -> String {
    if let Some(source) = &edit.place {
        let line =
            |place: &SourceOrigin| (voice.text)(&format!("{}:{}", place.file, place.start.line));
        let also = edit.also.iter().take(voice.steps).map(line);
        let mut lines: Vec<String> = std::iter::once(line(source)).chain(also).collect();
        let more = edit.also.len().saturating_sub(voice.steps);
        let last = match more {
            0 if lines.len() > 1 => lines.pop().unwrap_or_default(),
            0 => return lines.concat(),
            more => format!("{more} more"),
        };
        return format!("{} and {last}", lines.join(", "));
    }
    match (edit.action, &edit.program, edit.layer) {
        (AdvisedAction::RenewBase, _, _) => "base image".to_owned(),
        (_, Some(program), _) => path(program, voice),
        (_, None, Some(layer)) => format!("layer {layer}"),
        // A bill of materials knows no layers: the ecosystem tells edits apart.
        (_, None, None) => match edit.steps.as_slice() {
            [first, rest @ ..] if rest.iter().all(|step| step.kind == first.kind) => {
                first.kind.as_str().to_owned()
            }
            _ => "image".to_owned(),
        },
    }
}

/// What to do there.
pub(crate) fn doing(edit: &AdvisedEdit, report: &Report, voice: Voice) -> String {
    if edit.action == AdvisedAction::RemovePackage {
        return removal(edit, report, voice);
    }
    let steps = steps(edit, report, voice);
    match edit.action {
        AdvisedAction::RenewBase => format!("a base with {steps}"),
        AdvisedAction::RenewPackages => format!("rebuild without cache, for {steps}"),
        AdvisedAction::RaiseVersions => steps,
        AdvisedAction::RenewLock => format!("{}, for {steps}", renewal(edit, voice)),
        AdvisedAction::RebuildProgram => match (&edit.place, &edit.program) {
            (Some(_), Some(program)) => format!("a build of {} with {steps}", path(program, voice)),
            _ => format!("a build with {steps}"),
        },
        AdvisedAction::RemovePackage => steps,
    }
}

/// How to be rid of packages that are malicious: what they could read is known to others.
fn removal(edit: &AdvisedEdit, report: &Report, voice: Voice) -> String {
    let mut names: Vec<String> = edit
        .steps
        .iter()
        .take(voice.steps)
        .map(|step| {
            let brought = match step.is_brought {
                true => " and what brings it",
                false => "",
            };
            let version = (voice.text)(&step.installed);
            format!("{} {version}{brought}", (voice.code)(&step.name))
        })
        .collect();
    let more = edit.steps.len().saturating_sub(voice.steps);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    let mut removed = edit
        .removes
        .iter()
        .filter_map(|at| report.vulnerabilities.get(*at));
    let verb = match removed.any(|found| found.in_base == Some(true)) {
        true => "a base without",
        false => "remove",
    };
    let (are, they) = match edit.steps.as_slice() {
        [_] => ("is", "it"),
        _ => ("are", "they"),
    };
    format!(
        "{verb} {}, which {are} malicious, and replace every secret {they} could read",
        names.join(", ")
    )
}

/// How a package manager chooses anew what a line of the project takes already.
fn renewal(edit: &AdvisedEdit, voice: Voice) -> String {
    // What another one refuses comes with that.
    let mut steps = edit.steps.iter();
    let own = steps.find(|step| step.held_by.is_empty());
    let Some(step) = own.or(edit.steps.first()) else {
        return "update the lock".to_owned();
    };
    let name = step.held_by.first().map_or(&step.name, |(name, _)| name);
    let file = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let lock = edit.lock.as_deref().map(file);
    let asking = edit.place.as_ref().map(|place| file(&place.file));
    let command = match (step.kind, lock.as_deref()) {
        (PackageKind::Npm, Some("pnpm-lock.yaml")) => "pnpm update",
        (PackageKind::Npm, Some("bun.lock")) => "bun update",
        // What the command is called hangs on Yarn's version.
        (PackageKind::Npm, Some("yarn.lock")) => "",
        (PackageKind::Npm, _) => "npm update",
        (PackageKind::Cargo, _) => "cargo update",
        (PackageKind::Gem, _) => "bundle update",
        (PackageKind::Composer, _) => "composer update",
        (PackageKind::Python, Some("poetry.lock")) => "poetry update",
        (PackageKind::Python, Some("uv.lock")) => "uv lock --upgrade-package",
        (PackageKind::Python, Some("pdm.lock")) => "pdm update",
        (PackageKind::Python, Some("Pipfile.lock")) => "pipenv update",
        // An option that all programs have that compile requirements.
        (PackageKind::Python, Some(_)) => "-P",
        (PackageKind::Python, None) if asking.as_deref() == Some("Pipfile") => "pipenv update",
        (_, Some(_)) => "",
        (_, None) => return "rebuild without cache".to_owned(),
    };
    let lock = match &edit.lock {
        Some(lock) if step.kind == PackageKind::Python || command.is_empty() => (voice.text)(lock),
        _ => "the lock".to_owned(),
    };
    match command {
        "" => format!("update {lock}"),
        command => {
            let with = if command == "-P" {
                "compile it with "
            } else {
                ""
            };
            let command = (voice.code)(&format!("{command} {name}"));
            format!("update {lock} ({with}{command})")
        }
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
/// else does. Those that another package brings within itself are told with that one.
fn steps(edit: &AdvisedEdit, report: &Report, voice: Voice) -> String {
    let mut parts: Vec<(Option<String>, Vec<String>)> = Vec::new();
    for step in edit.steps.iter().take(voice.steps) {
        let name = (voice.code)(match (step.kind, step.name.as_str()) {
            (PackageKind::Go, "stdlib") => "Go",
            (_, name) => name,
        });
        let holder = match edit.action {
            AdvisedAction::RaiseVersions => holders(edit, step, report, voice),
            AdvisedAction::RenewLock if !step.held_by.is_empty() => {
                holders(edit, step, report, voice)
            }
            _ => None,
        };
        let is_raised = match edit.action {
            AdvisedAction::RaiseVersions => holder.is_none(),
            AdvisedAction::RebuildProgram => true,
            AdvisedAction::RenewBase
            | AdvisedAction::RenewPackages
            | AdvisedAction::RenewLock
            | AdvisedAction::RemovePackage => false,
        };
        let installed = (voice.text)(&step.installed);
        let text = match (is_raised, &step.to) {
            (true, StepTarget::At(to)) => format!("{name} {installed} → {}", (voice.text)(to)),
            (true, StepTarget::After(to)) => {
                format!("{name} {installed} → after {}", (voice.text)(to))
            }
            (false, StepTarget::At(to)) => format!("{name} ≥ {}", (voice.text)(to)),
            (false, StepTarget::After(to)) => format!("{name} > {}", (voice.text)(to)),
            (_, StepTarget::Gone) => format!("no {name}"),
        };
        let text = match step.is_brought && holder.is_none() {
            true => format!("{text} (brought by something else)"),
            false => text,
        };
        match parts.iter_mut().find(|(known, _)| *known == holder) {
            Some((_, steps)) => steps.push(text),
            None => parts.push((holder, vec![text])),
        }
    }
    let mut texts: Vec<String> = parts
        .into_iter()
        .map(|(holder, steps)| match holder {
            Some(holder) => format!("{holder} with {}", steps.join(", ")),
            None => steps.join(", "),
        })
        .collect();
    let more = edit.steps.len().saturating_sub(voice.steps);
    if more > 0 {
        texts.push(format!("{more} more"));
    }
    texts.join(", ")
}

/// The packages that are to be renewed for a step, with their versions: the one that has it within itself,
/// else those that refuse it. Nothing where there is none.
fn holders(
    edit: &AdvisedEdit,
    step: &VersionStep,
    report: &Report,
    voice: Voice,
) -> Option<String> {
    let told = |name: &str, version: Option<&str>| match version {
        Some(version) => format!("a {} after {}", (voice.code)(name), (voice.text)(version)),
        None => format!("a newer {}", (voice.code)(name)),
    };
    if let Some((name, version)) = holder(edit, step, report) {
        return Some(told(name, version));
    }
    let holders = step.held_by.iter().take(voice.steps);
    let mut all: Vec<String> = holders
        .map(|(name, version)| told(name, Some(version)))
        .collect();
    let more = step.held_by.len().saturating_sub(voice.steps);
    if more > 0 {
        all.push(format!("{more} more"));
    }
    (!all.is_empty()).then(|| all.join(" and "))
}

/// The package that has the one of a step within itself, wherever the edit finds it, and its version
/// where that is known and the same everywhere: nobody can raise the one without the other. Python's
/// tools keep a list in their `_vendor/vendor.txt`, npm puts what nobody else takes into the
/// `node_modules` of the package.
fn holder<'a>(
    edit: &AdvisedEdit,
    step: &VersionStep,
    report: &'a Report,
) -> Option<(&'a str, Option<&'a str>)> {
    let found = edit.removes.iter();
    let mut found = found
        .filter_map(|at| report.vulnerabilities.get(*at))
        .filter(|one| one.purl == step.purl)
        .map(|one| {
            let path = one.origin.path.as_deref()?;
            match step.kind {
                PackageKind::Npm => nested_in(path),
                _ => vendored_in(path),
            }
        });
    let (folder, name) = found.next()??;
    let mut is_same_version = true;
    let version_in = |folder| version_in(report, step.kind, folder, name);
    let version = version_in(folder);
    for other in found {
        let (folder, other) = other?;
        if other != name {
            return None;
        }
        is_same_version &= version_in(folder) == version;
    }
    Some((name, version.filter(|_| is_same_version)))
}

/// The folder of packages and the package in it that has what a list at `path` names within itself.
fn vendored_in(path: &str) -> Option<(&str, &str)> {
    let folder = path.strip_suffix("/vendor.txt")?;
    let (package, vendor) = folder.rsplit_once('/')?;
    if !matches!(vendor, "_vendor" | "vendor" | "vendored") {
        return None;
    }
    package.rsplit_once('/')
}

/// The same of a package of npm at `path`: of `a/node_modules/@s/b/node_modules/c/package.json` the
/// folder `a/node_modules` and `@s/b`. Stores of package managers, as pnpm's `.pnpm`, hold packages of
/// the project, too.
fn nested_in(path: &str) -> Option<(&str, &str)> {
    let (before, _) = path.rsplit_once("/node_modules/")?;
    let at = before.rfind("node_modules/")? + "node_modules".len();
    let (folder, name) = before.split_at_checked(at)?;
    let name = name.strip_prefix('/')?;
    let is_name = match name.split_once('/') {
        None => !name.is_empty(),
        Some((scope, name)) => scope.starts_with('@') && !name.contains('/'),
    };
    (is_name && !name.starts_with('.')).then_some((folder, name))
}

/// The version of a package that is installed in a folder.
fn version_in<'a>(
    report: &'a Report,
    kind: PackageKind,
    folder: &str,
    name: &str,
) -> Option<&'a str> {
    let mut packages = report.inventory.packages.iter();
    let package = packages.find(|package| {
        let rest = package
            .path
            .strip_prefix(folder)
            .and_then(|rest| rest.strip_prefix('/'));
        package.kind == kind
            && package.name.eq_ignore_ascii_case(name)
            && rest.is_some_and(|rest| match kind {
                PackageKind::Npm => rest
                    .strip_prefix(name)
                    .is_some_and(|rest| rest == "/package.json"),
                _ => !rest.contains("/vendor.txt"),
            })
    })?;
    Some(&package.version)
}

/// `removes 34 of 41 (2 critical, 9 high, …), brings 2 others (2 low), brings 12 security updates`.
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
    let brought = || edit.steps.iter().flat_map(|step| &step.brings);
    let number = brought().count();
    if number > 0 {
        parts.push(format!(
            "brings {} ({})",
            count(number, "other"),
            tally::severities(brought().map(|flaw| flaw.severity))
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
pub(crate) fn staying(report: &Report) -> Option<String> {
    let mut is_removed = vec![false; report.vulnerabilities.len()];
    for at in report.advice.edits.iter().flat_map(|edit| &edit.removes) {
        if let Some(is_removed) = is_removed.get_mut(*at) {
            *is_removed = true;
        }
    }
    let found = report.vulnerabilities.iter().zip(is_removed);
    let staying: Vec<&Vulnerability> = found
        .filter(|(_, is_removed)| !is_removed)
        .map(|(one, _)| one)
        .collect();
    // A version without these has others that weigh as much.
    let (unbettered, staying): (Vec<&Vulnerability>, Vec<&Vulnerability>) =
        staying.into_iter().partition(|one| one.is_fixable());
    let offers: BTreeSet<&str> = staying
        .iter()
        .filter_map(|one| Some(one.paid_fix.as_ref()?.offer))
        .collect();
    let paid = staying.iter().filter(|one| one.paid_fix.is_some()).count();
    let stay = |number: usize| match number {
        1 => ("1 vulnerability stays".to_owned(), "it"),
        number => (format!("{number} vulnerabilities stay"), "them"),
    };
    let mut texts = Vec::new();
    if staying.len() > paid {
        let (stay, it) = stay(staying.len() - paid);
        texts.push(format!("{stay}: no version is known that mends {it}"));
    }
    if !unbettered.is_empty() {
        let (stay, it) = stay(unbettered.len());
        texts.push(format!(
            "{stay}: no version without {it} is known to be better"
        ));
    }
    if paid > 0 {
        let (stay, it) = stay(paid);
        let offers: Vec<&str> = offers.into_iter().collect();
        texts.push(format!(
            "{stay}: the versions that mend {it} come with {} only",
            offers.join(", ")
        ));
    }
    (!texts.is_empty()).then(|| texts.join("; "))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Asking the package manager for what another package refuses changes nothing.
    #[test]
    fn a_lock_is_updated_for_the_package_that_holds_another() {
        let step = |name: &str, held_by: &[(&str, &str)]| VersionStep {
            kind: PackageKind::Npm,
            name: name.to_owned(),
            purl: format!("pkg:npm/{name}@1.0.0"),
            installed: "1.0.0".to_owned(),
            to: StepTarget::At("1.2.6".to_owned()),
            removes: 1,
            brings: Vec::new(),
            is_brought: !held_by.is_empty(),
            held_by: held_by
                .iter()
                .map(|(name, version)| ((*name).to_owned(), (*version).to_owned()))
                .collect(),
        };
        let told = |steps: Vec<VersionStep>| {
            let edit = AdvisedEdit {
                action: AdvisedAction::RenewLock,
                place: None,
                also: Vec::new(),
                lock: Some("package-lock.json".to_owned()),
                layer: None,
                program: None,
                steps,
                removes: Vec::new(),
                stays: Vec::new(),
                updates: Vec::new(),
            };
            let voice = Voice {
                text: str::to_owned,
                code: str::to_owned,
                steps: 3,
                brief: false,
            };
            doing(&edit, &Report::default(), voice)
        };
        let held = || step("minimist", &[("mkdirp", "0.5.1")]);
        assert_eq!(
            told(vec![held()]),
            "update the lock (npm update mkdirp), for a mkdirp after 0.5.1 with minimist ≥ 1.2.6"
        );
        assert_eq!(
            told(vec![held(), step("lodash", &[])]),
            "update the lock (npm update lodash), for a mkdirp after 0.5.1 with minimist ≥ 1.2.6, lodash ≥ 1.2.6"
        );
    }
}
