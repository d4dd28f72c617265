//! RUN steps, and what other tools call the commands in them.

use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::{Instruction, InstructionKind};
use plimsoll_syntax::shell::{Joint, ShellCommand};

use crate::project::{ProjectFile, StepView, unwrapped};
use crate::script::RunScript;

/// One RUN where it stands in the file.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    /// Its step.
    pub(crate) view: StepView<'a>,
    /// The RUN itself, ONBUILD taken off.
    pub(crate) instruction: &'a Instruction,
    /// Whether it stood behind ONBUILD.
    pub(crate) onbuild: bool,
    /// Whether a build of the target runs it.
    pub(crate) built: bool,
}

impl Run<'_> {
    /// `sure` where a build of the target runs it, else low: said only where it was asked for.
    pub(crate) fn confidence(self, sure: Confidence) -> Confidence {
        if self.built { sure } else { Confidence::Low }
    }
}

/// Every RUN of the file, once each, in the order they stand.
pub(crate) fn runs<'a>(file: &ProjectFile<'a>) -> impl Iterator<Item = Run<'a>> {
    let resolution = file.resolution;
    resolution.stages.iter().flat_map(move |stage| {
        file.steps(stage)
            .filter(|view| !view.step.triggered)
            .filter_map(move |view| {
                let instruction = unwrapped(view.instruction);
                matches!(instruction.kind, InstructionKind::Run(_)).then_some(Run {
                    view,
                    instruction,
                    onbuild: matches!(view.instruction.kind, InstructionKind::Onbuild(_)),
                    built: stage.reaches_target,
                })
            })
    })
}

/// The name that hadolint gives a command: its first word as written, through the few words that
/// ShellCheck looks through. Tests in brackets are no commands to it.
pub(crate) fn written_name(command: &ShellCommand) -> Option<&str> {
    let mut words = command.words.iter().map(|word| word.literal.as_deref());
    let name = words.next()??;
    match name {
        "[" | "[[" => None,
        "busybox" | "builtin" | "command" => Some(
            words
                .next()
                .flatten()
                .filter(|word| !word.starts_with('-'))
                .unwrap_or(name),
        ),
        "exec" => Some(
            words
                .find(|word| word.is_none_or(|word| !word.starts_with('-')))
                .flatten()
                .unwrap_or(name),
        ),
        _ => Some(name),
    }
}

/// Whether a command starts a link of the outermost `&&` chain: all that Trivy sees, which splits
/// the text there.
pub(crate) fn starts_link(index: usize, command: &ShellCommand) -> bool {
    command.depth == 0
        && !command.substituted
        && command.assignments.is_empty()
        && (index == 0 || command.joint == Joint::And)
}

/// Whether a pipe stands between two offsets of a script.
pub(crate) fn piped_between(script: &RunScript<'_>, from: usize, to: usize) -> bool {
    let pipes = &script.script.pipes;
    let at = pipes.partition_point(|pipe| *pipe < from);
    pipes.get(at).is_some_and(|pipe| *pipe < to)
}

/// Whether a command has an option: `short` alone or among other short ones, or one of `long`
/// (written with its dashes, a value behind `=` aside).
pub(crate) fn has_option(command: &ShellCommand, short: &[char], long: &[&str]) -> bool {
    command.arguments().iter().any(|word| {
        let text = word.literal.as_deref().unwrap_or(&word.raw);
        match text.strip_prefix('-') {
            Some(rest) if rest.starts_with('-') => {
                long.contains(&text.split_once('=').map_or(text, |(name, _)| name))
            }
            Some(letters) => letters.contains(short),
            None => false,
        }
    })
}
