//! Which files are read as scripts, how much of a layer's, and the commands that they have.

use plimsoll_syntax::shell::{self, Dialect};

use super::command::{Command, Lines, is_device};
use super::needed::Certainty;
use super::{Doubt, Run, Script, supervisor};
use crate::startup::command::is_builtin;
use crate::startup::format;

/// What came of reading a file as a script.
pub(crate) enum Reading {
    /// It is none of a shell, or what it runs is not known.
    Nothing,
    /// It runs something in its own place.
    Runs(Script),
    /// It may, and was not read: it is too long, or the scripts of its layer together are.
    Left,
}

/// Bytes of remarks that a script may end in.
const MAX_BEHIND: usize = 1_000;

/// Bytes of scripts that one layer may make us read: several times what whole systems bring.
const MAX_READ: usize = 4 << 20;

/// Bytes of scripts that are read for their last line alone, which nearly all of a system's are.
const MAX_READ_FOR_LAST_LINES: usize = 1 << 20;

/// Longest script that is read for its last line alone: what starts a container is short.
const MAX_FOR_LAST_LINE: usize = 16 << 10;

/// How much of a layer's scripts may still be read, in bytes.
#[derive(Debug)]
pub(crate) struct Allowance {
    all: usize,
    for_last_lines: usize,
}

impl Default for Allowance {
    fn default() -> Self {
        Self {
            all: MAX_READ,
            for_last_lines: MAX_READ_FOR_LAST_LINES,
        }
    }
}

impl Allowance {
    /// Reads a file, if it is a script or the configuration of a supervisor, and may be read.
    pub(crate) fn read(&mut self, name: &str, bytes: &[u8]) -> Reading {
        let is_shell = match format::shebang(bytes) {
            Some(line) => line
                .split(['/', ' ', '\t'])
                .any(|word| matches!(word.trim_end(), "sh" | "bash" | "ash" | "dash")),
            None => {
                name.ends_with(".sh") && bytes.first().is_some_and(|byte| !byte.is_ascii_control())
            }
        };
        if supervisor::is_one(name, bytes) {
            return match self.all.checked_sub(bytes.len()) {
                Some(rest) => {
                    self.all = rest;
                    supervisor::read(bytes).map_or(Reading::Nothing, Reading::Runs)
                }
                None => Reading::Left,
            };
        }
        // Most scripts are not read any further.
        if !is_shell {
            return Reading::Nothing;
        }
        let (left, longest) = if has_arguments(bytes) || has_exec(bytes) {
            (&mut self.all, usize::MAX)
        } else if ends_in_command(bytes) {
            (&mut self.for_last_lines, MAX_FOR_LAST_LINE)
        } else {
            return Reading::Nothing;
        };
        match left.checked_sub(bytes.len()) {
            Some(rest) if bytes.len() <= longest => *left = rest,
            _ => return Reading::Left,
        }
        read(bytes)
    }
}

/// What a script runs, where that is known.
fn read(bytes: &[u8]) -> Reading {
    match commands(bytes) {
        Some(commands) => super::judged(&commands, format::shebang(bytes).unwrap_or_default())
            .map_or(Reading::Nothing, Reading::Runs),
        // What it does with them nobody knows: that is told.
        None if has_arguments(bytes) => Reading::Runs(Script {
            arguments: Some(Run {
                hands_on: true,
                replaced: Some(Doubt {
                    line: 1,
                    command: "more than is read of a script".to_owned(),
                }),
                ..Run::default()
            }),
            ..Script::default()
        }),
        None if bytes.len() > shell::LENGTH_LIMIT => Reading::Left,
        None => Reading::Nothing,
    }
}

fn has_arguments(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'$', bytes).any(|at| {
        let rest = bytes.get(at + 1..).unwrap_or_default();
        rest.starts_with(b"@") || rest.starts_with(b"*") || rest.starts_with(b"{@}")
    })
}

fn has_exec(bytes: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, b"exec ").any(|at| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        before.is_none_or(|before| b" \t\n;&".contains(before))
    })
}

/// Whether the last line begins with what may be a program.
fn ends_in_command(bytes: &[u8]) -> bool {
    let mut lines = bytes.rsplit(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let Some(line) = lines.find(|line| !line.is_empty() && !line.starts_with(b"#")) else {
        return false;
    };
    let end = line.iter().position(|byte| !Command::is_of_name(*byte));
    let name = line.get(..end.unwrap_or(line.len())).unwrap_or_default();
    let name = std::str::from_utf8(name).unwrap_or_default();
    !matches!(name, "" | "fi" | "done" | "esac" | "EOF") && !is_builtin(name)
}

/// The commands of a script; `None` where it is too long to be read, or no shell would.
fn commands(bytes: &[u8]) -> Option<Vec<Command>> {
    let text = std::str::from_utf8(bytes).ok()?;
    // What bash reads, BusyBox reads nearly all of: an ordinary `sh` would fail at the rest.
    let script = shell::parse(text, Dialect::Bash);
    if !script.errors.is_empty() {
        return None;
    }
    let mut lines = Lines {
        text,
        at: 0,
        line: 1,
    };
    let mut groups = script
        .writes
        .iter()
        .filter(|word| !is_device(word))
        .peekable();
    let mut commands = Vec::new();
    let mut certainty = Certainty::new(text);
    for command in &script.commands {
        if command.substituted {
            certainty.substituted(command);
            continue;
        }
        let start = match (command.words.is_empty(), command.writes.first()) {
            (true, Some(target)) => target.start,
            _ => command.range().0,
        };
        while let Some(group) = groups.next_if(|group| group.start < start) {
            commands.push(Command::of_group(lines.of(group.start)));
        }
        let mut read = Command::read(command, lines.of(start));
        let behind = text.get(command.range().1..).unwrap_or_default();
        read.is_last = is_end(behind);
        read.stands_alone = certainty.stands_alone(command);
        commands.push(read);
    }
    commands.extend(groups.map(|group| Command::of_group(lines.of(group.start))));
    Some(commands)
}

/// Whether nothing stands behind a command but the end of its line and remarks.
fn is_end(behind: &str) -> bool {
    behind.len() <= MAX_BEHIND
        && behind.lines().all(|line| {
            let line = line.trim_start();
            line.is_empty() || line.starts_with('#')
        })
}
