//! The commands of a script, as far as their words are known.

use std::sync::Arc;

use plimsoll_syntax::shell::wrapper::{self, Purpose};
use plimsoll_syntax::shell::{Joint, ShellCommand, ShellWord};

use super::Doubt;
use crate::startup::command as line;

/// Lines of places that are asked for in ascending order.
pub(super) struct Lines<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) line: usize,
}

impl Lines<'_> {
    pub(super) fn of(&mut self, offset: usize) -> usize {
        if let Some(passed) = self.text.as_bytes().get(self.at..offset) {
            self.line += memchr::memchr_iter(b'\n', passed).count();
            self.at = offset;
        }
        self.line
    }
}

/// A word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
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

    pub(super) fn literal(&self) -> Option<&str> {
        match self {
            Self::Literal(text) => Some(text),
            _ => None,
        }
    }
}

/// A simple command.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) line: usize,
    /// Whether it is started, or what it leaves set, with another way to look for programs.
    pub(super) searches: bool,
    pub(super) words: Vec<Word>,
    /// The function it is a part of.
    pub(super) function: Option<Arc<str>>,
    /// How it is joined to the command before it.
    pub(super) joint: Joint,
    /// Groups, conditions, loops and functions around it.
    pub(super) depth: usize,
    /// Whether it writes a file that is no device.
    pub(super) writes: bool,
    /// Whether nothing stands behind it in the script, not even what sends it to the background.
    pub(super) is_last: bool,
    /// Whether it is a line or a part between semicolons, and nothing before it ran what is not known.
    pub(super) stands_alone: bool,
}

pub(super) fn is_device(target: &ShellWord) -> bool {
    let literal = target.literal.as_deref().unwrap_or_default();
    ["/dev/", "/proc/"]
        .iter()
        .any(|folder| literal.starts_with(folder))
}

impl Command {
    pub(super) fn read(command: &ShellCommand, line: usize) -> Self {
        let mut set = command.assignments.iter();
        let searches = set.any(|(name, _)| is_of_search(name)) || sets_search(&command.words);
        let writes = command.writes.iter().any(|target| !is_device(target));
        if command.words.is_empty() && writes {
            return Self::of_group(line);
        }
        Self {
            line,
            searches,
            words: command.words.iter().map(Word::read).collect(),
            function: command.function.clone(),
            joint: command.joint,
            depth: command.depth,
            writes,
            is_last: false,
            stands_alone: false,
        }
    }

    /// What a group, a loop or nothing at all writes to a file.
    pub(super) fn of_group(line: usize) -> Self {
        Self {
            line,
            searches: false,
            words: vec![Word::Literal(">".to_owned())],
            function: None,
            joint: Joint::Then,
            depth: 0,
            writes: true,
            is_last: false,
            stands_alone: false,
        }
    }

    pub(super) fn doubt(&self) -> Doubt {
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
        Doubt::new(self.line, &words)
    }

    /// The words before the arguments, where it runs them; and whether it replaces the shell.
    pub(super) fn runs(&self) -> Option<(Vec<String>, bool)> {
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
        let words = match wrapper::of(first.literal()?)?.purpose() {
            Purpose::Init | Purpose::Surroundings => literals(before)?,
            Purpose::User => known(before),
            Purpose::Shell | Purpose::Input => return None,
        };
        (words.len() == before.len()).then_some((words, replaces))
    }

    /// The words behind `exec` that are known, and whether the arguments of the script follow.
    pub(super) fn executes(&self) -> Option<(Vec<String>, bool)> {
        let (Word::Literal(exec), mut words) = self.words.split_first()? else {
            return None;
        };
        if let [Word::Literal(option), _, rest @ ..] = words
            && option == "-a"
        {
            words = rest;
        }
        let told = known(words);
        let is_program = exec == "exec" && told.first().is_some_and(|word| !word.starts_with('-'));
        let hands_on = matches!(words.get(told.len()..), Some([Word::Arguments]));
        is_program.then_some((told, hands_on))
    }

    /// The words of a program that the script ends with, as far as they are known, and whether the
    /// arguments of the script follow.
    pub(super) fn calls(&self) -> Option<(Vec<String>, bool)> {
        let is_by_itself = matches!(self.joint, Joint::First | Joint::Then);
        let words = known(&self.words);
        let name = words.first()?;
        if !self.is_last
            || !is_by_itself
            || self.runs().is_some()
            || name == "exec"
            || line::is_builtin(name)
            || !name.bytes().all(Self::is_of_name)
        {
            return None;
        }
        let hands_on = matches!(self.words.get(words.len()..), Some([Word::Arguments]));
        Some((words, hands_on))
    }

    /// Whether it runs what its words name, which may bring programs or be one of the script's own.
    pub(super) fn runs_others(&self) -> bool {
        let mut words = self
            .words
            .iter()
            .map(|word| word.literal().unwrap_or_default());
        let does_more = |word: &str| !is_harmless(word);
        match words.next().unwrap_or_default() {
            // The value of an option is taken for a program.
            "env" | "xargs" => words
                .find(|word| !word.starts_with('-') && !is_assignment(word))
                .is_some_and(does_more),
            "command" => match words.next() {
                Some("-v" | "-V") | None => false,
                Some("-p") => true,
                Some(word) => does_more(word),
            },
            "find" => {
                while let Some(word) = words.next() {
                    let runs = word.starts_with("-exec") || word.starts_with("-ok");
                    let writes = word.starts_with("-fprint") || word == "-fls";
                    if writes || runs && words.next().is_none_or(does_more) {
                        return true;
                    }
                }
                false
            }
            _ => false,
        }
    }

    /// Whether a byte may stand in the name of a program or its path.
    pub(super) fn is_of_name(byte: u8) -> bool {
        byte.is_ascii_alphanumeric() || b"/._+-".contains(&byte)
    }

    /// Whether it starts the script again, with the same arguments.
    pub(super) fn repeats(&self) -> bool {
        matches!(self.words.as_slice(), [.., Word::Itself, Word::Arguments])
    }
}

/// Words up to the first that is not known. What is not may be a user, where one stands: it decides
/// nothing here, and is a question mark.
fn known(all: &[Word]) -> Vec<String> {
    let name = all.first().and_then(Word::literal).unwrap_or_default();
    let user = wrapper::of(name).filter(|it| it.purpose() == Purpose::User);
    let mut words: Vec<String> = Vec::new();
    for (at, word) in all.iter().enumerate() {
        let before = words.last().map(String::as_str).unwrap_or_default();
        let is_user = at > 0 && user.is_some_and(|it| it.is_given(at - 1, before));
        words.push(match word {
            // A pattern is whatever files there are.
            Word::Literal(text) if text.contains(['*', '?', '[']) || text.starts_with('~') => break,
            Word::Literal(text) => text.clone(),
            Word::Partly(option) if !option.is_empty() && user.is_some() => format!("{option}?"),
            Word::Partly(_) if is_user => "?".to_owned(),
            _ => break,
        });
    }
    words
}

/// Words of which all are known.
fn literals(words: &[Word]) -> Option<Vec<String>> {
    words
        .iter()
        .map(|word| word.literal().map(str::to_owned))
        .collect()
}

/// Whether a variable tells where programs or their libraries are looked for.
fn is_of_search(name: &str) -> bool {
    line::changes_search(&format!("{name}="))
}

/// Whether a command of the shell itself changes where programs are looked for.
fn sets_search(words: &[ShellWord]) -> bool {
    let mut words = words
        .iter()
        .map(|word| word.literal.as_deref().unwrap_or_default());
    match words.next().unwrap_or_default() {
        "read" => words.any(is_of_search),
        "printf" => words.next() == Some("-v") && words.next().is_some_and(is_of_search),
        // Fewer libraries are found without the others, and no program more.
        "unset" => words.any(|name| name == "PATH"),
        "hash" => words.any(|option| option.starts_with("-p")),
        _ => false,
    }
}

/// `NAME=VALUE`, and `NAME+=VALUE`.
fn is_assignment(word: &str) -> bool {
    let (name, _) = word.split_once('=').unwrap_or_default();
    line::is_assignment(word)
        || name
            .strip_suffix('+')
            .is_some_and(|name| line::is_assignment(&format!("{name}=")))
}

/// Commands that bring no program, and leave what is run by which name.
pub(super) fn is_harmless(name: &str) -> bool {
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
