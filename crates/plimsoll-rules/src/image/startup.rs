//! What the rules about what an image starts have in common.

use plimsoll_model::{NoFormat, Origin, StartupFile, StartupProblem, StartupRole};

use super::origin;
use crate::rule::{ImageFacts, Sink};

/// Reports each problem of what the image starts, health checks left out, that `tell` has a sentence
/// and a help for.
pub(super) fn report(
    image: &ImageFacts<'_>,
    sink: &mut Sink<'_>,
    tell: impl Fn(&StartupFile, &StartupProblem) -> Option<(String, String)>,
) {
    let files = image.inventory.startup.iter();
    for file in files.filter(|file| file.role != StartupRole::HealthCheck) {
        for problem in &file.problems {
            if let Some((message, help)) = tell(file, problem) {
                sink.report_at(origin_of(image, file), message)
                    .help(help)
                    .about(needs(file, problem));
            }
        }
    }
}

/// What stands between the file and its start.
fn needs(file: &StartupFile, problem: &StartupProblem) -> Vec<String> {
    let word = file.path.as_ref().unwrap_or(&file.word);
    match problem {
        StartupProblem::MissingLibraries { libraries, .. } => libraries
            .iter()
            .map(|library| format!("{word} {library}"))
            .collect(),
        StartupProblem::MissingInterpreter { interpreter, .. } => {
            vec![format!("{word} {interpreter}")]
        }
        _ => vec![word.clone()],
    }
}

/// What is at fault: something that the file needs, the file where it is there, or else what names it.
pub(super) fn origin_of(image: &ImageFacts<'_>, file: &StartupFile) -> Origin {
    if let Some(fault) = &file.fault {
        return origin::of_file(image, fault.layer, &fault.path);
    }
    if let (Some(layer), Some(path)) = (file.layer, &file.path) {
        return origin::of_file(image, layer, path);
    }
    origin_of_name(image, file)
}

/// What names a file: a script, or an instruction.
pub(super) fn origin_of_name(image: &ImageFacts<'_>, file: &StartupFile) -> Origin {
    let mut files = image.inventory.startup.iter();
    let script = file.script.as_ref().and_then(|script| {
        let layer = files
            .find(|file| file.path.as_ref() == Some(script))?
            .layer?;
        Some((layer, script))
    });
    match script {
        Some((layer, path)) => origin::of_file(image, layer, path),
        None => origin::of_setting(image, file.role.instruction(), &file.word),
    }
}

/// What starts a file: an instruction, or the script that one leads to.
pub(super) fn starter(file: &StartupFile) -> String {
    match &file.script {
        Some(script) => format!("`/{}`", script.escape_debug()),
        None => format!("`{}`", file.role.instruction()),
    }
}

/// The file as it is shown: where it lies, or else as it is named.
pub(super) fn shown(file: &StartupFile) -> String {
    match &file.path {
        Some(path) => format!("`/{}`", path.escape_debug()),
        None => format!("`{}`", file.word.escape_debug()),
    }
}

/// What a link that leads nowhere is, as a part of a sentence.
pub(super) fn dangling(link: &str, target: &str) -> String {
    format!(
        "`/{}` is a link to `{}`, which leads nowhere",
        link.escape_debug(),
        target.escape_debug()
    )
}

/// How a sentence goes on behind `which` about a file that Linux takes for no program, and a help.
pub(super) fn no_format(because: NoFormat) -> (&'static str, &'static str) {
    match because {
        NoFormat::Empty => ("is empty", "Copy the file with its content."),
        NoFormat::ByteOrderMark => (
            "begins with a byte order mark, so that the kernel sees no `#!`",
            "Save it as UTF-8 without a byte order mark.",
        ),
        NoFormat::BlankBefore => (
            "has its `#!` behind a blank or an empty line, where the kernel does not see it",
            "Let `#!` be the first two bytes of the file.",
        ),
        NoFormat::NoShebang => (
            "is text without a first line such as `#!/bin/sh`, which only a shell would run",
            "Begin it with `#!` and its interpreter.",
        ),
        NoFormat::LargeFilePointer => (
            "only stands for a file that Git LFS keeps elsewhere",
            "Fetch it before the build: `git lfs pull`.",
        ),
        NoFormat::Data => (
            "is no program for Linux",
            "Look whether the right file was copied.",
        ),
    }
}
