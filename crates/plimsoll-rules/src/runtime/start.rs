//! What a container of the target runs: the program behind ENTRYPOINT, CMD, wrappers and the entry
//! script, with its arguments and where each of them stands.

use plimsoll_model::SourceOrigin;
use plimsoll_syntax::dockerfile::{Command, CommandForm, State};
use plimsoll_syntax::shell::{ShellWord, wrapper};

use crate::placement::base_name;
use crate::project::{ProjectFile, StepView};
use crate::script::is_posix_shell;

/// One word of what is started.
#[derive(Clone, Debug)]
pub(crate) struct StartWord {
    /// Its value; `None` where it is not known.
    pub(crate) value: Option<String>,
    /// Where it stands.
    pub(crate) place: SourceOrigin,
}

/// What a container of the target starts.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    /// The program and its arguments; never empty, and the program is known.
    pub(crate) words: Vec<StartWord>,
    /// `NAME=value` in front of it.
    pub(crate) assignments: Vec<String>,
}

impl Start {
    /// The words behind the program.
    pub(crate) fn arguments(&self) -> &[StartWord] {
        &self.words[1..]
    }

    /// Whether some argument is not known.
    pub(crate) fn is_open(&self) -> bool {
        self.words.iter().any(|word| word.value.is_none())
    }

    /// The value of an option, written `--long value`, `--long=value`, `-s value` or `-svalue`.
    /// `Some(None)` where the option is there and its value is not known.
    pub(crate) fn option(&self, names: &[&str]) -> Option<(Option<&str>, &StartWord)> {
        let arguments = self.arguments();
        arguments.iter().enumerate().rev().find_map(|(at, word)| {
            let text = word.value.as_deref()?;
            names.iter().find_map(|name| {
                let rest = text.strip_prefix(name)?;
                if rest.is_empty() {
                    let next = arguments.get(at + 1)?;
                    return Some((next.value.as_deref(), next));
                }
                if let Some(value) = rest.strip_prefix('=') {
                    return Some((Some(value), word));
                }
                // `-b0.0.0.0:80`, but not `--binder` for `--bind`.
                (!name.starts_with("--")).then_some((Some(rest), word))
            })
        })
    }
}

/// What the target starts; `None` where it starts nothing of its own, or that cannot be told.
pub(crate) fn of(file: &ProjectFile<'_>) -> Option<Start> {
    let target = file.target()?;
    let state = &target.end;
    let (entrypoint, cmd) = file.starting_commands();
    let exec = |pair: Option<(StepView<'_>, &Command)>| -> Option<Vec<StartWord>> {
        let (_, command) = pair?;
        let CommandForm::Exec(words) = &command.form else {
            return None;
        };
        Some(
            words
                .iter()
                .map(|word| StartWord {
                    value: Some(word.value.clone()),
                    place: file.place(word.span),
                })
                .collect(),
        )
    };
    if let Some(script) = file.entry_script() {
        let last = script
            .script
            .commands
            .iter()
            .rfind(|command| command.depth == 0 && !command.substituted)?;
        let hands_over = last.words.iter().any(|word| {
            matches!(
                word.raw.as_str(),
                "\"$@\"" | "$@" | "${@}" | "\"${@}\"" | "$*"
            )
        });
        if hands_over {
            return unwrapped(exec(cmd)?, Vec::new());
        }
        let words = last
            .words
            .iter()
            .map(|word| StartWord {
                value: value(file, word, state),
                place: script.word_place(word),
            })
            .collect();
        return unwrapped(words, Vec::new());
    }
    let (view, command) = entrypoint.or(cmd)?;
    let is_shell = match &command.form {
        CommandForm::Shell(_) => true,
        CommandForm::Exec(words) => words.get(1).is_some_and(|word| {
            is_posix_shell(&words[0].value)
                && word.value.starts_with('-')
                && word.value.ends_with('c')
        }),
    };
    if !is_shell {
        let mut words = exec(Some((view, command)))?;
        if entrypoint.is_some() {
            words.extend(exec(cmd).unwrap_or_default());
        }
        return unwrapped(words, Vec::new());
    }
    let [script] = file.scripts(view) else {
        return None;
    };
    let last = script
        .script
        .commands
        .iter()
        .rfind(|command| command.depth == 0 && !command.substituted)?;
    let words = last
        .words
        .iter()
        .map(|word| StartWord {
            value: value(file, word, state),
            place: file.place(script.word_span(word)),
        })
        .collect();
    let assignments = last
        .assignments
        .iter()
        .map(|(name, _)| name.clone())
        .collect();
    unwrapped(words, assignments)
}

/// A word's value, variables of the image replaced.
fn value(file: &ProjectFile<'_>, word: &ShellWord, state: &State) -> Option<String> {
    if word.literal.is_some() {
        return word.literal.clone();
    }
    let raw = word.raw.trim_matches('"');
    if raw.contains(['`', '"', '\'', '\\']) || raw.contains("$(") {
        return None;
    }
    file.expand(raw, state)
}

/// Takes off what only starts another program.
fn unwrapped(mut words: Vec<StartWord>, assignments: Vec<String>) -> Option<Start> {
    words.drain(..wrapper::program_index(&words, |word| word.value.as_deref()));
    let is_known = words.first().is_some_and(|word| word.value.is_some());
    is_known.then_some(Start { words, assignments })
}

/// The base name of a word, where it is known.
pub(crate) fn base(word: &StartWord) -> Option<&str> {
    word.value.as_deref().map(base_name)
}
