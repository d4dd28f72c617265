//! The shell texts of an instruction, parsed, each with the shell that reads it.

use plimsoll_model::Span;
use plimsoll_syntax::dockerfile::{
    Command, CommandForm, Healthcheck, Heredoc, Instruction, InstructionKind, Text, Word,
};
use plimsoll_syntax::shell::{self, Dialect, Script, ShellCommand, ShellWord};

use crate::project::unwrapped;
use crate::shell::kind::{Shell, ShellKind};

/// A shell text of the file, parsed.
#[derive(Debug)]
pub struct RunScript<'a> {
    /// Its commands.
    pub script: Script,
    /// The shell that reads it; of `Absent` where none does, as for a plain exec form.
    pub shell: Shell,
    place: Place<'a>,
}

#[derive(Debug)]
enum Place<'a> {
    /// Offsets count bytes of this text.
    Text(&'a Text),
    /// Offsets count bytes of the file.
    File,
    /// The text stood in a JSON string: only the whole of it has a place.
    Whole(&'a Word),
}

impl RunScript<'_> {
    /// Where the bytes `start..end` of the script stand in the file.
    pub fn span(&self, start: usize, end: usize) -> Span {
        match self.place {
            Place::Text(text) => text.source_span(start, end),
            Place::File => Span::new(start, end.max(start)),
            Place::Whole(word) => word.span,
        }
    }

    /// The shell text; empty for an exec form that no shell reads.
    pub fn text(&self) -> &str {
        match self.place {
            Place::Text(text) => &text.value,
            Place::File => "",
            Place::Whole(word) => &word.value,
        }
    }

    /// Where a word stands in the file.
    pub fn word_span(&self, word: &ShellWord) -> Span {
        self.span(word.start, word.end)
    }

    /// The byte of the file behind a word, where more words can be written; `None` in a JSON form.
    pub(crate) fn end_of(&self, word: &ShellWord) -> Option<usize> {
        match self.place {
            Place::Text(_) => Some(self.word_span(word).end),
            Place::File | Place::Whole(_) => None,
        }
    }

    /// Where a command stands in the file, from its first word to its last.
    pub fn command_span(&self, command: &ShellCommand) -> Span {
        let first = command
            .assignments
            .first()
            .map(|(_, word)| word)
            .or(command.words.first());
        let last = command
            .words
            .last()
            .or(command.assignments.last().map(|(_, word)| word));
        match (first, last) {
            (Some(first), Some(last)) => self.span(first.start, last.end.max(first.start)),
            _ => self.span(0, 0),
        }
    }
}

/// The command of an instruction that holds one, through ONBUILD.
fn command_of(instruction: &Instruction) -> Option<&Command> {
    match &instruction.kind {
        InstructionKind::Run(command)
        | InstructionKind::Cmd(command)
        | InstructionKind::Entrypoint(command)
        | InstructionKind::Healthcheck(Healthcheck::Cmd(command)) => Some(command),
        InstructionKind::Onbuild(inner) => command_of(inner),
        _ => None,
    }
}

/// The texts that `instruction` hands to a shell or runs. `shell` reads its shell form; `sh` is what
/// `/bin/sh` is there.
pub(crate) fn parse<'a>(
    instruction: &'a Instruction,
    shell: Shell,
    sh: Option<ShellKind>,
) -> Vec<RunScript<'a>> {
    let Some(command) = command_of(instruction) else {
        return Vec::new();
    };
    let text = match &command.form {
        CommandForm::Exec(words) => return exec_script(words, sh).into_iter().collect(),
        CommandForm::Shell(_) if !shell.kind.is_bourne() && shell.kind != ShellKind::Absent => {
            return Vec::new();
        }
        CommandForm::Shell(text) => text,
    };
    match script_in_heredoc(text, &unwrapped(instruction).heredocs) {
        Some((heredoc, reader)) => {
            let shell = match reader {
                Some(words) => Shell::of_words(words.split_whitespace(), sh),
                None => shell,
            };
            vec![RunScript {
                // A `<<-` body keeps its tabs here: white space to the shell.
                script: shell::parse(&heredoc.body.value, Dialect::Bash),
                shell,
                place: Place::Text(&heredoc.body),
            }]
        }
        None => vec![RunScript {
            // Bash reads nearly all that the smaller shells do: what those lack is for rules to
            // say, and no reason to read nothing.
            script: shell::parse(&text.value, Dialect::Bash),
            shell,
            place: Place::Text(text),
        }],
    }
}

/// Whether a program is a shell of the Bourne family.
pub(crate) fn is_posix_shell(program: &str) -> bool {
    ShellKind::of_program(program).is_bourne()
}

/// The heredoc that is the script itself, with the words that start its shell where it is another
/// than that of the step: `RUN <<EOF` and `RUN bash <<EOF`, not `RUN cat <<EOF`.
fn script_in_heredoc<'a>(
    text: &'a Text,
    heredocs: &'a [Heredoc],
) -> Option<(&'a Heredoc, Option<&'a str>)> {
    let first = heredocs.first()?;
    let (head, _) = text.value.split_once("<<")?;
    let mut words = head.split_whitespace();
    let mut reader = match words.next() {
        None => None,
        Some(program) if is_posix_shell(program) && words.all(|word| word.starts_with('-')) => {
            Some(head)
        }
        Some(_) => return None,
    };
    if reader.is_none()
        && let Some(line) = first.body.value.strip_prefix("#!")
    {
        reader = line.lines().next();
    }
    let reads = reader.is_none_or(|words| {
        Shell::of_words(words.split_whitespace(), None)
            .kind
            .is_bourne()
    });
    reads.then_some((first, reader))
}

/// Exec form as a script: `["sh", "-c", "text"]` is the text, all else one simple command.
fn exec_script<'a>(words: &'a [Word], sh: Option<ShellKind>) -> Option<RunScript<'a>> {
    let program = words.first()?;
    if let [_, flag, text, ..] = words
        && is_posix_shell(&program.value)
        && flag.value.starts_with('-')
        && flag.value.ends_with('c')
    {
        return Some(RunScript {
            script: shell::parse(&text.value, Dialect::Bash),
            shell: Shell::of_words([program.value.as_str(), flag.value.as_str()], sh),
            place: Place::Whole(text),
        });
    }
    Some(RunScript {
        script: Script::of_command(shell::from_exec(words)),
        shell: Shell::default_of(Some(ShellKind::Absent)),
        place: Place::File,
    })
}

#[cfg(test)]
mod tests {
    use plimsoll_syntax::dockerfile::{self, ResolveInput};

    use crate::project::ProjectFile;
    use crate::shell::kind::ShellKind::{self, *};
    use crate::testing;

    /// Kind, certainty and written kind of each text of the last instruction's shell.
    fn shells(text: &str) -> Vec<(ShellKind, bool, ShellKind)> {
        let project = testing::project(text, &[]);
        let (tree, errors) = dockerfile::parse(project.file);
        let resolution = dockerfile::resolve(&tree, &ResolveInput::default());
        let options = testing::options("ALL");
        let file = ProjectFile::new(&tree, &errors, &resolution, None, &options.settings);
        let stage = resolution.stages.last().unwrap();
        let view = file.steps(stage).last().unwrap();
        file.scripts(view)
            .iter()
            .map(|script| (script.shell.kind, script.shell.known, script.shell.written))
            .collect()
    }

    #[test]
    fn each_text_has_its_shell() {
        for (text, expected) in [
            ("FROM debian:12\nRUN x\n", (Dash, true, Sh)),
            ("FROM a/b\nRUN x\n", (Sh, false, Sh)),
            ("FROM alpine AS a\nFROM a\nCMD x\n", (BusyBox, true, Sh)),
            (
                "FROM debian:12\nSHELL [\"/bin/bash\", \"-c\"]\nENV A=b\nRUN x\n",
                (Bash, true, Bash),
            ),
            (
                "FROM debian:12\nRUN bash <<EOF\nx\nEOF\n",
                (Bash, true, Bash),
            ),
            (
                "FROM debian:12\nRUN <<EOF\n#!/usr/bin/env bash\nx\nEOF\n",
                (Bash, true, Bash),
            ),
            (
                "FROM fedora\nRUN [\"sh\", \"-ec\", \"x\"]\n",
                (BashAsSh, true, Sh),
            ),
            (
                "FROM fedora\nRUN [\"bash\", \"-ec\", \"x\"]\n",
                (Bash, true, Bash),
            ),
            ("FROM fedora\nCMD [\"nginx\"]\n", (Absent, true, Sh)),
            ("FROM fedora\nHEALTHCHECK CMD x\n", (BashAsSh, true, Sh)),
            ("FROM fedora\nONBUILD RUN x\n", (BashAsSh, true, Sh)),
            ("FROM scratch\nRUN x\n", (Absent, true, Sh)),
        ] {
            assert_eq!(shells(text), [expected], "{text}");
        }
        for text in [
            "FROM mcr.microsoft.com/windows/servercore:ltsc2022\nRUN dir\n",
            "# escape=`\nFROM a/b\nRUN dir\n",
            "FROM debian:12\nSHELL [\"pwsh\", \"-Command\"]\nRUN dir\n",
            "FROM debian:12\nRUN python3 <<EOF\nx\nEOF\n",
            "FROM debian:12\nRUN <<EOF\n#!/usr/bin/python3\nx\nEOF\n",
        ] {
            let found = shells(text);
            assert!(
                found.iter().all(|(kind, ..)| *kind == Dash),
                "{text} {found:?}"
            );
        }
    }
}
