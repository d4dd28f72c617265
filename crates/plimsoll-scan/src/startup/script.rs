//! What a shell script does with the arguments it is given: an entry point often ends in
//! `exec "$@"`, which runs the `CMD`.
//!
//! What it does before that may change what runs: the first command of that kind is kept as a doubt.

use std::collections::HashSet;
use std::sync::Arc;

use plimsoll_syntax::shell::{self, Dialect, ShellCommand, ShellWord};
use serde::{Deserialize, Serialize};

/// Words that it is kept to put before its arguments: ways of them.
const MAX_BEFORE: usize = 3;

/// Characters of a command that are shown.
const SHOWN: usize = 40;

/// A script that runs its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Script {
    /// What stands before them: a program that runs another, and its own arguments.
    pub(super) wrapper: Vec<String>,
    /// Whether the shell is replaced, so that they cannot name a command of its own.
    pub(super) replaces: bool,
    /// Words that it may put before them.
    pub(super) before: Vec<Vec<String>>,
    /// What may make it run something else in their place.
    pub(super) replaced: Option<Doubt>,
    /// What may bring a program, or change where programs are looked for.
    pub(super) brings: Option<Doubt>,
    /// Whether it changes permissions.
    pub(super) changes_modes: bool,
}

/// A command of a script that decides what happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Doubt {
    pub(super) line: usize,
    pub(super) command: String,
}

impl Script {
    /// The bytes that it takes in memory, roughly.
    pub(crate) fn weight(&self) -> usize {
        let words = self.wrapper.iter().chain(self.before.iter().flatten());
        words.map(|word| word.len() + 24).sum::<usize>() + 256
    }
}

/// Reads a script; `None` where it is none of a shell, or does not run its arguments.
pub(crate) fn read(name: &str, bytes: &[u8]) -> Option<Script> {
    let is_shell = match super::format::shebang(bytes) {
        Some(line) => line
            .split(['/', ' ', '\t'])
            .any(|word| matches!(word.trim_end(), "sh" | "bash" | "ash" | "dash")),
        None => name.ends_with(".sh") && bytes.first().is_some_and(|byte| !byte.is_ascii_control()),
    };
    // Most scripts are not read any further.
    if !is_shell || !has_arguments(bytes) {
        return None;
    }
    match commands(bytes) {
        Some(commands) => judged(&commands),
        // What it does with them nobody knows: that is told.
        None => Some(Script {
            wrapper: Vec::new(),
            replaces: false,
            before: Vec::new(),
            replaced: Some(Doubt {
                line: 1,
                command: "more than is read of a script".to_owned(),
            }),
            brings: None,
            changes_modes: false,
        }),
    }
}

fn has_arguments(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'$', bytes).any(|at| {
        let rest = bytes.get(at + 1..).unwrap_or_default();
        rest.starts_with(b"@") || rest.starts_with(b"*") || rest.starts_with(b"{@}")
    })
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
    for command in script
        .commands
        .iter()
        .filter(|command| !command.substituted)
    {
        let start = match (command.words.is_empty(), command.writes.first()) {
            (true, Some(target)) => target.start,
            _ => command.range().0,
        };
        while let Some(group) = groups.next_if(|group| group.start < start) {
            commands.push(Command::of_group(lines.of(group.start)));
        }
        commands.push(Command::read(command, lines.of(start)));
    }
    commands.extend(groups.map(|group| Command::of_group(lines.of(group.start))));
    Some(commands)
}

/// Lines of places that are asked for in ascending order.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    fn of(&mut self, offset: usize) -> usize {
        if let Some(passed) = self.text.as_bytes().get(self.at..offset) {
            self.line += memchr::memchr_iter(b'\n', passed).count();
            self.at = offset;
        }
        self.line
    }
}

/// A word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Literal(String),
    /// All arguments of the script.
    Arguments,
    /// The script itself.
    Itself,
    /// Known up to an equals sign: `--user=` of `--user="$NAME"`; empty where there is none.
    Partly(String),
}

impl Word {
    fn read(word: &ShellWord) -> Self {
        match word.raw.as_str() {
            "\"$@\"" | "\"${@}\"" | "$@" | "${@}" | "$*" => Self::Arguments,
            "\"$0\"" | "$0" | "\"$BASH_SOURCE\"" | "$BASH_SOURCE" | "\"${BASH_SOURCE[0]}\"" => {
                Self::Itself
            }
            raw => match &word.literal {
                Some(literal) => Self::Literal(literal.clone()),
                // What is assigned changes nothing that is run.
                None if is_assignment(raw) => Self::Literal(raw.to_owned()),
                None => {
                    let known = raw.split_once(['=', '$', '`', '"']).unwrap_or_default().0;
                    let is_option = raw
                        .get(known.len()..)
                        .is_some_and(|rest| rest.starts_with('='));
                    Self::Partly(match is_option {
                        true => format!("{known}="),
                        false => String::new(),
                    })
                }
            },
        }
    }

    fn literal(&self) -> Option<&str> {
        match self {
            Self::Literal(text) => Some(text),
            _ => None,
        }
    }
}

/// A simple command.
#[derive(Debug)]
struct Command {
    line: usize,
    /// Whether it is started, or what it leaves set, with another way to look for programs.
    searches: bool,
    words: Vec<Word>,
    /// The function it is a part of.
    function: Option<Arc<str>>,
    /// Whether it writes a file that is no device.
    writes: bool,
}

fn is_device(target: &ShellWord) -> bool {
    let literal = target.literal.as_deref().unwrap_or_default();
    ["/dev/", "/proc/"]
        .iter()
        .any(|folder| literal.starts_with(folder))
}

impl Command {
    fn read(command: &ShellCommand, line: usize) -> Self {
        let mut set = command.assignments.iter();
        let searches = set.any(|(name, _)| changes(&format!("{name}=")));
        let writes = command.writes.iter().any(|target| !is_device(target));
        if command.words.is_empty() && writes {
            return Self::of_group(line);
        }
        Self {
            line,
            searches,
            words: command.words.iter().map(Word::read).collect(),
            function: command.function.clone(),
            writes,
        }
    }

    /// What a group, a loop or nothing at all writes to a file.
    fn of_group(line: usize) -> Self {
        Self {
            line,
            searches: false,
            words: vec![Word::Literal(">".to_owned())],
            function: None,
            writes: true,
        }
    }

    fn doubt(&self) -> Doubt {
        // Values are not shown: they may be credentials.
        let mut words: Vec<&str> = self
            .words
            .iter()
            .map(|word| match word {
                Word::Literal(text) => text.split('=').next().unwrap_or_default(),
                Word::Arguments => "\"$@\"",
                Word::Itself => "\"$0\"",
                Word::Partly(_) => "...",
            })
            .take(2)
            .collect();
        if !matches!(
            words.first(),
            Some(&("exec" | "set" | "." | "source" | "export"))
        ) {
            words.truncate(1);
        }
        Doubt {
            line: self.line,
            command: words.join(" ").chars().take(SHOWN).collect(),
        }
    }

    /// The words before the arguments, where it runs them; and whether it replaces the shell.
    fn runs(&self) -> Option<(Vec<String>, bool)> {
        let (Word::Arguments, before) = self.words.split_last()? else {
            return None;
        };
        let (replaces, before) = match before.split_first() {
            Some((Word::Literal(first), rest)) if first == "exec" => (true, rest),
            _ => (false, before),
        };
        let Some(first) = before.first() else {
            return Some((Vec::new(), replaces));
        };
        let name = first.literal()?.rsplit('/').next()?;
        // What is not literal may be a user, where one stands: it decides nothing here.
        let users: &[&str] = match name {
            "gosu" | "su-exec" | "s6-setuidgid" | "setuidgid" => &[],
            "setpriv" => super::command::SETPRIV_VALUED,
            "runuser" => super::command::RUNUSER_VALUED,
            "chpst" => super::command::CHPST_VALUED,
            "tini" | "tini-static" | "dumb-init" | "docker-init" | "catatonit" | "env" | "nice" => {
                return literals(before).map(|words| (words, replaces));
            }
            _ => return None,
        };
        let mut words: Vec<String> = Vec::new();
        for (at, word) in before.iter().enumerate() {
            let before = words.last().map(String::as_str).unwrap_or_default();
            let is_user = users.contains(&before) || (users.is_empty() && at == 1);
            words.push(match word {
                Word::Literal(text) => text.clone(),
                Word::Partly(option) if !option.is_empty() => format!("{option}?"),
                Word::Partly(_) if is_user => "?".to_owned(),
                _ => return None,
            });
        }
        Some((words, replaces))
    }

    /// Whether it starts the script again, with the same arguments.
    fn repeats(&self) -> bool {
        matches!(self.words.as_slice(), [.., Word::Itself, Word::Arguments])
    }
}

/// Words of which all are known.
fn literals(words: &[Word]) -> Option<Vec<String>> {
    words
        .iter()
        .map(|word| word.literal().map(str::to_owned))
        .collect()
}

/// What the commands of a script amount to.
fn judged(all: &[Command]) -> Option<Script> {
    // `main "$@"` at the end: what counts is the body of that function.
    let functions: HashSet<&str> = all
        .iter()
        .filter_map(|command| command.function.as_deref())
        .collect();
    let last = all.iter().rfind(|command| command.function.is_none())?;
    let main = match last.words.as_slice() {
        [Word::Literal(name), Word::Arguments] if functions.contains(name.as_str()) => {
            Some(name.as_str())
        }
        _ => None,
    };
    let (at, (wrapper, replaces)) = all
        .iter()
        .enumerate()
        .filter(|(_, command)| command.function.as_deref() == main)
        .filter_map(|(at, command)| Some((at, command.runs()?)))
        .next_back()?;
    let mut script = Script {
        wrapper,
        replaces,
        before: Vec::new(),
        replaced: None,
        brings: None,
        changes_modes: false,
    };
    for (index, command) in all.iter().enumerate() {
        if command.function.as_deref() == main {
            script.replaced_by(command, index == at);
        }
        if index != at || command.searches {
            script.brought_by(command, &functions);
        }
    }
    if !replaces && all.iter().any(|command| command.function.is_some()) && script.brings.is_none()
    {
        // It may be a function of the script that is named.
        script.brings = all.get(at).map(Command::doubt);
    }
    Some(script)
}

impl Script {
    /// Notes what runs something else than the arguments.
    fn replaced_by(&mut self, command: &Command, is_it: bool) {
        let replaces = match command.words.as_slice() {
            [
                Word::Literal(set),
                Word::Literal(dashes),
                words @ ..,
                Word::Arguments,
            ] if set == "set"
                && dashes == "--"
                && words.iter().all(|word| word.literal().is_some())
                && self.before.len() < MAX_BEFORE =>
            {
                let words = words.iter().filter_map(Word::literal);
                self.before.push(words.map(str::to_owned).collect());
                false
            }
            [Word::Literal(set), Word::Literal(first), ..] if set == "set" => {
                first == "--" || !first.starts_with(['-', '+'])
            }
            [Word::Literal(set), _, ..] if set == "set" => true,
            [Word::Literal(word), ..] if word == "shift" => true,
            // Without a program `exec` only leads output elsewhere.
            [Word::Literal(word), _, ..] if word == "exec" => {
                !is_it && command.runs().is_none() && !command.repeats()
            }
            _ => false,
        };
        if replaces && self.replaced.is_none() {
            self.replaced = Some(command.doubt());
        }
    }

    /// Notes what may bring a program, or change where one is looked for.
    fn brought_by(&mut self, command: &Command, functions: &HashSet<&str>) {
        let mut words = command.words.iter().map(Word::literal);
        let brings = match words.next() {
            None => false,
            Some(None) => command.runs().is_none(),
            Some(Some("export" | "readonly" | "local" | "declare" | "typeset")) => {
                words.flatten().any(changes)
            }
            Some(Some("chmod")) => {
                self.changes_modes = true;
                false
            }
            Some(Some("exec")) => false,
            Some(Some(name)) => {
                !is_harmless(name) && !functions.contains(name) && command.runs().is_none()
            }
        };
        if (brings || command.searches || command.writes) && self.brings.is_none() {
            self.brings = Some(command.doubt());
        }
    }
}

/// Whether a word sets where programs or libraries are looked for.
fn changes(word: &str) -> bool {
    super::command::changes_search(word)
}

/// `NAME=VALUE`, and `NAME+=VALUE`.
fn is_assignment(word: &str) -> bool {
    let (name, _) = word.split_once('=').unwrap_or_default();
    super::command::is_assignment(word)
        || name
            .strip_suffix('+')
            .is_some_and(|name| super::command::is_assignment(&format!("{name}=")))
}

/// Commands that bring no program, and leave what is run by which name.
fn is_harmless(name: &str) -> bool {
    const WORDS: &[&str] = &[
        ":",
        "[",
        "[[",
        "true",
        "false",
        "test",
        "echo",
        "printf",
        "set",
        "unset",
        "shift",
        "read",
        "return",
        "exit",
        "break",
        "continue",
        "trap",
        "umask",
        "ulimit",
        "wait",
        "sleep",
        "kill",
        "shopt",
        "type",
        "command",
        "let",
        "getopts",
        "export",
        "hash",
        "which",
        "id",
        "whoami",
        "hostname",
        "date",
        "grep",
        "egrep",
        "fgrep",
        "awk",
        "cat",
        "tr",
        "cut",
        "head",
        "tail",
        "wc",
        "sort",
        "uniq",
        "basename",
        "dirname",
        "readlink",
        "realpath",
        "find",
        "ls",
        "env",
        "printenv",
        "getent",
        "seq",
        "expr",
        "stat",
        "uname",
        "nproc",
        "free",
        "jq",
        "nc",
        "ps",
        "pg_isready",
        "redis-cli",
        "mysqladmin",
        "chown",
        "chgrp",
        "mkdir",
        "touch",
        "rm",
        "rmdir",
        "xargs",
        "openssl",
        "update-ca-certificates",
        "ulimit",
        "md5sum",
        "sha256sum",
        "base64",
        "tty",
        "stty",
        "clear",
        "usermod",
        "groupmod",
        "useradd",
        "groupadd",
        "adduser",
        "addgroup",
        "sysctl",
        "ip",
        "ss",
        "pgrep",
        "setcap",
    ];
    WORDS.contains(&name)
}

#[cfg(test)]
mod tests;
