//! Programs and files without which a script gets nowhere: behind `set -e` the first command that is not
//! found ends it, and `sh` ends where a file is not there that it is to read (POSIX, "Consequences of Shell
//! Errors").
//!
//! Only what is run at all events counts, and only as long as nothing before it may have brought it,
//! ended the script or changed what names mean.

use std::collections::HashSet;

use plimsoll_syntax::shell::wrapper::{self, Purpose};
use plimsoll_syntax::shell::{Joint, ShellCommand};
use serde::{Deserialize, Serialize};

use super::Run;
use super::command::{Command, Word, is_harmless};
use crate::catalogue::base_name;
use crate::startup::command::{changes_search, exits_on_failure, is_assignment, is_builtin};

/// Programs that are kept of a script.
const MAX_NEEDED: usize = 16;

/// Commands that make no file, and do not tell whether one is there or wait until it is.
const LEAVES_FILES: &[&str] = &[
    ":", "cd", "echo", "export", "id", "printf", "readonly", "true", "ulimit", "umask", "unset",
];

/// A program without which a script ends, or a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::startup) struct Needed {
    /// A name without a slash, or a whole path.
    pub(in crate::startup) name: String,
    /// Whether the first line makes the script end (`#!/bin/sh -e`), which counts where the kernel
    /// reads it.
    pub(in crate::startup) by_first_line: bool,
    /// Whether it is a file of commands that the shell reads itself (`. FILE`).
    pub(in crate::startup) is_read: bool,
}

/// Whether what a script ran so far is known, while its commands are read in order.
pub(super) struct Certainty<'t> {
    text: &'t str,
    is_lost: bool,
}

impl<'t> Certainty<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let is_lost = false;
        Self { text, is_lost }
    }

    /// Takes in a command of `$(…)`, which the other parts of a script do not see.
    pub(super) fn substituted(&mut self, command: &ShellCommand) {
        let name = command
            .words
            .first()
            .and_then(|word| word.literal.as_deref());
        self.is_lost |=
            name.is_none_or(|name| !is_harmless(name)) || Command::read(command, 0).runs_others();
    }

    /// Whether a command is joined to nothing, and its failure is no condition: it is all there is
    /// between two ends of lines or semicolons.
    pub(super) fn stands_alone(&self, command: &ShellCommand) -> bool {
        self.behind(command).is_some_and(|behind| {
            let behind = behind.trim_ascii();
            behind.is_empty()
                || behind.starts_with(['<', '>'])
                    && !behind.starts_with("<<")
                    && !behind.contains(['|', '&', '(', '`', '#', '\\', '\'', '"'])
        })
    }

    /// What is behind a command that a line or a part between semicolons begins with: each of them is
    /// read once.
    fn behind(&self, command: &ShellCommand) -> Option<&'t str> {
        let (start, end) = command.range();
        let before = self.text.get(..start).unwrap_or_default();
        // The range begins with the value of what is set for the command alone.
        let name = command.assignments.first().map(|(name, _)| name.as_str());
        let before = name
            .and_then(|name| before.strip_suffix('=')?.strip_suffix(name))
            .unwrap_or(before);
        let before = before.trim_end_matches([' ', '\t']);
        let begins = before.is_empty()
            || before.ends_with(';')
            || before.ends_with('\n') && !before.ends_with("\\\n");
        if self.is_lost || !begins {
            return None;
        }
        self.text.get(end..)?.split(['\n', ';']).next()
    }
}

/// What a script needs before it runs anything in its own place. `first_line` is what stands behind
/// its `#!`.
pub(super) fn needed(all: &[Command], functions: &HashSet<&str>, first_line: &str) -> Vec<Needed> {
    let mut needed = Vec::new();
    // BusyBox as a shell has programs of its own.
    if first_line.contains("box") || functions.contains("command_not_found_handle") {
        return needed;
    }
    let mut by_first_line = first_line_exits(first_line);
    let mut exits = by_first_line;
    // Bash goes on, unless it is called so.
    let mut shell = first_line.split_ascii_whitespace().map(base_name);
    let is_posix = shell.any(|word| matches!(word, "sh" | "dash" | "ash"));
    // Whether nothing made a file yet, or looked or waited for one.
    let mut are_files_untouched = true;
    for command in all.iter().filter(|command| command.function.is_none()) {
        let is_outermost =
            command.depth == 0 && matches!(command.joint, Joint::First | Joint::Then);
        let mut words = command.words.iter().map(Word::literal);
        let name = match words.next() {
            // Something is set.
            None if !command.searches => continue,
            None | Some(None) => break,
            Some(Some(name)) => name,
        };
        let first = words.next();
        match (name, first) {
            ("set", Some(Some(first))) if !first.starts_with(['-', '+']) || first == "--" => {
                continue;
            }
            ("set", _) if is_outermost => {
                let literal: Option<Vec<String>> = command
                    .words
                    .iter()
                    .map(|word| word.literal().map(str::to_owned))
                    .collect();
                let Some(words) = literal else { break };
                let before = exits;
                exits = exits_on_failure(&words, before);
                by_first_line &= before && !exits_on_failure(&words, false);
                continue;
            }
            ("exec", None) | ("command", Some(Some("-v" | "-V"))) => continue,
            ("set" | "exec" | "exit" | "return" | "trap" | "shopt", _) => break,
            _ if functions.contains(name) => break,
            _ => {}
        }
        let is_named = name.bytes().all(Command::is_of_name)
            && (name.starts_with('/') || !name.contains('/'))
            && !is_builtin(name)
            && name != "chdir";
        let is_sure = is_outermost && command.stands_alone && !command.searches;
        let counts = is_sure && !command.is_last && needed.len() < MAX_NEEDED;
        if is_named && counts && exits {
            needed.push(Needed {
                name: name.to_owned(),
                by_first_line,
                is_read: false,
            });
        }
        if let (".", Some(Some(file))) = (name, first)
            && counts
            && are_files_untouched
            && (exits || is_posix)
            && file.starts_with('/')
            && file.bytes().all(Command::is_of_name)
        {
            needed.push(Needed {
                name: file.to_owned(),
                by_first_line: by_first_line || !exits,
                is_read: true,
            });
        }
        are_files_untouched &= LEAVES_FILES.contains(&name);
        let mut around = Run::default();
        around.brought_by(command, functions);
        if around.brings.is_some() {
            break;
        }
    }
    needed
}

/// Whether a shell ends with the first command that fails because its first line says so.
fn first_line_exits(line: &str) -> bool {
    let options = options(line).unwrap_or_default();
    let words: Vec<String> = std::iter::once("sh")
        .chain(options.into_iter().filter(|one| !one.starts_with("--")))
        .map(str::to_owned)
        .collect();
    exits_on_failure(&words, false)
}

/// Whether what the first line runs may set where programs are looked for, or what their names mean:
/// what runs a shell and is not known, and a shell that reads files or commands from elsewhere.
pub(super) fn may_set_anything(first_line: &str) -> bool {
    let is_known = |option: &str| match option.strip_prefix(['-', '+']) {
        Some("-posix" | "-norc" | "-noprofile" | "-noediting" | "-verbose") => true,
        Some(flags) => flags
            .bytes()
            .all(|flag| b"abefhmopuvxBCEHOPT-".contains(&flag)),
        // What the option before it is about.
        None => true,
    };
    match options(first_line) {
        Some(options) => !options.into_iter().all(is_known),
        // A file without such a line is read by the shell that starts it.
        None => !first_line.trim_ascii().is_empty(),
    }
}

/// What stands behind a shell in the first line of a script; `None` where anything runs the shell but
/// `env` by itself, or what only minds the processes of a container.
fn options(first_line: &str) -> Option<Vec<&str>> {
    let mut words = first_line.split_ascii_whitespace().peekable();
    if words.next_if(|word| base_name(word) == "env").is_some() {
        if words.next_if_eq(&"-S").is_some() {
            // What is quoted may have blanks in it.
            if first_line.contains(['"', '\'', '\\', '$', '#']) {
                return None;
            }
            while words
                .next_if(|word| is_assignment(word) && !changes_search(word))
                .is_some()
            {}
        }
    } else {
        words.next_if(|word| {
            let init = wrapper::of(word).filter(|it| it.purpose() == Purpose::Init);
            matches!(base_name(word), "busybox" | "toybox") || init.is_some()
        });
    }
    let shell = words.next()?;
    matches!(base_name(shell), "sh" | "bash" | "ash" | "dash").then(|| words.collect())
}

#[cfg(test)]
mod tests;
