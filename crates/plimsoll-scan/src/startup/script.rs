//! What a shell script does with the arguments it is given: an entry point often ends in
//! `exec "$@"`, which runs the `CMD`.
//!
//! The script is read as far as POSIX says how ("Shell Command Language", 2.2 to 2.10). What it does
//! before that may change what runs: the first command of that kind is kept as a doubt.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

/// The longest script that is read: entry points of databases have a tenth of it.
const MAX_LENGTH: usize = 256 << 10;

/// Commands that are read of one script.
const MAX_COMMANDS: usize = 20_000;

/// Blocks inside each other that are followed.
const MAX_OPEN: usize = 100;

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
    let text = std::str::from_utf8(bytes.get(..MAX_LENGTH).unwrap_or(bytes)).ok()?;
    let commands = (bytes.len() <= MAX_LENGTH)
        .then(|| Commands::new(text).read())
        .flatten();
    match commands {
        Some(commands) => judged(&commands),
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

/// A word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Literal(String),
    /// All arguments of the script.
    Arguments,
    /// The script itself.
    Itself,
    Other,
}

impl Word {
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
    words: Vec<Word>,
    /// The function it is a part of.
    function: Option<String>,
    /// Whether it writes a file that is no device.
    writes: bool,
}

impl Command {
    fn doubt(&self) -> Doubt {
        // Values are not shown: they may be credentials.
        let mut words: Vec<&str> = self
            .words
            .iter()
            .map(|word| match word {
                Word::Literal(text) => text.split('=').next().unwrap_or_default(),
                Word::Arguments => "\"$@\"",
                Word::Itself => "\"$0\"",
                Word::Other => "...",
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
        let is_wrapper = matches!(
            name,
            "gosu"
                | "su-exec"
                | "tini"
                | "tini-static"
                | "dumb-init"
                | "docker-init"
                | "catatonit"
                | "env"
        );
        // What is not literal may be the user of the one kind.
        let words = before.iter().map(|word| match word {
            Word::Literal(text) => Some(text.clone()),
            Word::Itself => None,
            _ => name.starts_with(['g', 's']).then(|| "user".to_owned()),
        });
        let words: Option<Vec<String>> = words.collect();
        words.filter(|_| is_wrapper).map(|words| (words, replaces))
    }

    /// Whether it starts the script again, with the same arguments.
    fn repeats(&self) -> bool {
        matches!(self.words.as_slice(), [.., Word::Itself, Word::Arguments])
    }
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
        if index != at {
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
        let words = command.words.iter().skip_while(|word| {
            word.literal()
                .is_some_and(|word| is_assignment(word) && !changes(word))
        });
        let mut words = words.map(Word::literal);
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
        if (brings || command.writes) && self.brings.is_none() {
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

/// Reads the simple commands of a script, one behind the other.
struct Commands<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    commands: Vec<Command>,
    /// What is open: `if`, `case`, `{`, a function.
    open: Vec<Open>,
    /// Delimiters of the texts that begin at the next line, and whether tabs may stand before them.
    texts: Vec<(String, bool)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Open {
    Block,
    Parenthesis,
    /// Patterns are read up to the parenthesis behind them.
    Case {
        in_pattern: bool,
    },
    /// The body of a function follows, or is open.
    Function {
        name: String,
        is_open: bool,
    },
}

impl<'t> Commands<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            commands: Vec::new(),
            open: Vec::new(),
            texts: Vec::new(),
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn next(&mut self) -> Option<char> {
        let char = self.rest().chars().next()?;
        self.at += char.len_utf8();
        self.line += usize::from(char == '\n');
        Some(char)
    }

    /// All commands; `None` where this is not read as a shell would.
    fn read(mut self) -> Option<Vec<Command>> {
        let mut current = self.begin();
        loop {
            if self.commands.len() > MAX_COMMANDS || self.open.len() > MAX_OPEN {
                return None;
            }
            // In a test these join or compare.
            if current.words.first().and_then(Word::literal) == Some("[[")
                && current.words.last().and_then(Word::literal) != Some("]]")
                && self.rest().starts_with(['&', '|', '(', ')', '<', '>'])
            {
                self.next();
                continue;
            }
            let Some(char) = self.rest().chars().next() else {
                self.end(current);
                return self.open.is_empty().then_some(self.commands);
            };
            match char {
                ' ' | '\t' | '\r' => {
                    self.next();
                }
                '#' => self.skip_line(),
                '\n' => {
                    self.next();
                    self.skip_texts();
                    self.end(std::mem::replace(&mut current, self.begin()));
                    current = self.begin();
                }
                ';' | '&' | '|' => {
                    if self.rest().starts_with("&>") {
                        self.next();
                        continue;
                    }
                    let ends_case = self.rest().starts_with(";;") || self.rest().starts_with(";&");
                    self.next();
                    if ends_case {
                        self.next();
                    }
                    self.end(current);
                    if ends_case && let Some(Open::Case { in_pattern }) = self.open.last_mut() {
                        *in_pattern = true;
                    }
                    current = self.begin();
                }
                '(' => {
                    self.next();
                    // `((` is arithmetic.
                    if current.words.is_empty() && self.rest().starts_with('(') {
                        self.skip_parentheses()?;
                        continue;
                    }
                    // So are the parts of a list.
                    if let Some(Word::Literal(last)) = current.words.last()
                        && last.ends_with('=')
                    {
                        self.skip_parentheses()?;
                        continue;
                    }
                    if let [Word::Literal(name)] = current.words.as_slice()
                        && self.rest().trim_start().starts_with(')')
                    {
                        let name = name.clone();
                        while self.next()? != ')' {}
                        self.open.push(Open::Function {
                            name,
                            is_open: false,
                        });
                        current = self.begin();
                    } else if !self.in_pattern() {
                        self.end(current);
                        self.open.push(Open::Parenthesis);
                        current = self.begin();
                    }
                }
                ')' => {
                    self.next();
                    match self.open.last_mut() {
                        Some(Open::Case { in_pattern }) if *in_pattern => {
                            *in_pattern = false;
                            current = self.begin();
                        }
                        Some(Open::Parenthesis) => {
                            self.end(current);
                            self.close();
                            current = self.begin();
                        }
                        _ => return None,
                    }
                }
                '<' | '>' => self.redirection(&mut current)?,
                _ => {
                    let word = self.word()?;
                    self.take(word, &mut current);
                }
            }
        }
    }

    fn begin(&self) -> Command {
        let function = self.open.iter().rev().find_map(|open| match open {
            Open::Function {
                name,
                is_open: true,
            } => Some(name.clone()),
            _ => None,
        });
        Command {
            line: self.line,
            words: Vec::new(),
            function,
            writes: false,
        }
    }

    fn end(&mut self, command: Command) {
        if (!command.words.is_empty() || command.writes) && !self.in_pattern() {
            self.commands.push(command);
        }
    }

    fn in_pattern(&self) -> bool {
        matches!(self.open.last(), Some(Open::Case { in_pattern: true }))
    }

    /// Closes the innermost block, and the function whose body it was.
    fn close(&mut self) {
        self.open.pop();
        if matches!(self.open.last(), Some(Open::Function { is_open: true, .. })) {
            self.open.pop();
        }
    }

    /// Takes a word in: as one that the shell reserves, or as a part of the command.
    fn take(&mut self, word: Word, current: &mut Command) {
        let is_first = current.words.is_empty();
        if self.in_pattern() {
            if word.literal() == Some("esac") {
                self.close();
                *current = self.begin();
            }
            return;
        }
        let reserved = word.literal().filter(|_| is_first);
        match reserved {
            Some("if" | "while" | "until" | "{") => {
                if let Some(Open::Function { is_open, .. }) = self.open.last_mut() {
                    *is_open = true;
                }
                self.open.push(Open::Block);
                *current = self.begin();
            }
            Some("then" | "else" | "elif" | "do" | "!" | "time") => *current = self.begin(),
            Some("fi" | "done" | "}") => {
                self.close();
                *current = self.begin();
            }
            Some("esac") => {
                self.close();
                *current = self.begin();
            }
            Some("for" | "select") => {
                self.open.push(Open::Block);
                // Its words are no command.
                let rest = self.rest();
                let end = rest.find([';', '\n']).unwrap_or(rest.len());
                self.at += end;
            }
            Some("function") => {
                let rest = self.rest().trim_start_matches([' ', '\t']);
                let end = rest
                    .find(|c: char| c.is_whitespace() || matches!(c, '(' | '{'))
                    .unwrap_or(rest.len());
                let name = rest.get(..end).unwrap_or_default().to_owned();
                self.at = self.text.len() - rest.len() + end;
                let after = self.rest().trim_start_matches([' ', '\t']);
                if let Some(after) = after.strip_prefix("()") {
                    self.at = self.text.len() - after.len();
                }
                self.open.push(Open::Function {
                    name,
                    is_open: false,
                });
                *current = self.begin();
            }
            _ => {
                let is_case = current.words.first().and_then(Word::literal) == Some("case");
                if is_case && word.literal() == Some("in") {
                    self.open.push(Open::Case { in_pattern: true });
                    *current = self.begin();
                } else {
                    if is_first {
                        current.line = self.line;
                    }
                    current.words.push(word);
                }
            }
        }
    }

    /// One word; `None` where a quote is not closed.
    fn word(&mut self) -> Option<Word> {
        let start = self.at;
        let mut text = String::new();
        let mut literal = true;
        while let Some(char) = self.rest().chars().next() {
            match char {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                '\\' => {
                    self.next();
                    match self.next() {
                        Some('\n') | None => {}
                        Some(escaped) => text.push(escaped),
                    }
                }
                '\'' => {
                    self.next();
                    loop {
                        match self.next()? {
                            '\'' => break,
                            inner => text.push(inner),
                        }
                    }
                }
                '"' => {
                    self.next();
                    loop {
                        match self.next()? {
                            '"' => break,
                            '\\' => text.extend(self.next()),
                            '$' => {
                                literal = false;
                                self.expansion()?;
                            }
                            '`' => {
                                literal = false;
                                while self.next()? != '`' {}
                            }
                            inner => text.push(inner),
                        }
                    }
                }
                '$' => {
                    self.next();
                    literal = false;
                    self.expansion()?;
                }
                '`' => {
                    self.next();
                    literal = false;
                    while self.next()? != '`' {}
                }
                '*' | '?' | '~' => {
                    self.next();
                    literal = false;
                }
                _ => {
                    self.next();
                    text.push(char);
                }
            }
        }
        let raw = self.text.get(start..self.at)?;
        Some(match raw {
            "\"$@\"" | "\"${@}\"" | "$@" | "${@}" | "$*" => Word::Arguments,
            "\"$0\"" | "$0" | "\"$BASH_SOURCE\"" | "$BASH_SOURCE" | "\"${BASH_SOURCE[0]}\"" => {
                Word::Itself
            }
            // What is assigned changes nothing that is run.
            _ if literal || is_assignment(raw) => Word::Literal(text),
            _ => Word::Other,
        })
    }

    /// What stands behind a `$`.
    fn expansion(&mut self) -> Option<()> {
        match self.rest().chars().next() {
            Some('(') => {
                self.next();
                self.skip_parentheses()
            }
            Some('{') => {
                let mut depth = 0;
                loop {
                    match self.next()? {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        '\\' => {
                            self.next();
                        }
                        _ => {}
                    }
                    if depth == 0 {
                        return Some(());
                    }
                }
            }
            Some(char) if char.is_ascii_alphanumeric() || "@*#?!$-_".contains(char) => {
                self.next();
                let rest = self.rest();
                let more = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(rest.len());
                if char.is_ascii_alphabetic() || char == '_' {
                    self.at += more;
                }
                Some(())
            }
            _ => Some(()),
        }
    }

    /// Passes over what stands in a parenthesis that is open, quotes heeded.
    fn skip_parentheses(&mut self) -> Option<()> {
        let mut depth = 1;
        while depth > 0 {
            match self.next()? {
                '(' => depth += 1,
                ')' => depth -= 1,
                '\\' => {
                    self.next();
                }
                '\'' => while self.next()? != '\'' {},
                _ => {}
            }
        }
        Some(())
    }

    fn skip_line(&mut self) {
        let rest = self.rest();
        self.at += rest.find('\n').unwrap_or(rest.len());
    }

    /// `> FILE`, `<< DELIMITER` and the like.
    fn redirection(&mut self, current: &mut Command) -> Option<()> {
        // A number right before it says what is led.
        if let Some(Word::Literal(last)) = current.words.last()
            && last.len() == 1
            && last.starts_with(|c: char| c.is_ascii_digit())
            && self
                .text
                .get(..self.at)
                .is_some_and(|before| before.ends_with(last.as_str()))
        {
            current.words.pop();
        }
        let rest = self.rest();
        let is_text = rest.starts_with("<<") && !rest.starts_with("<<<");
        let strips = rest.starts_with("<<-");
        let writes = rest.starts_with('>');
        if rest.starts_with("<(") || rest.starts_with(">(") {
            self.at += 2;
            current.words.push(Word::Other);
            return self.skip_parentheses();
        }
        while self.rest().starts_with(['<', '>', '|']) {
            self.next();
        }
        if strips {
            self.next();
        }
        let duplicates = self.rest().starts_with('&');
        if duplicates {
            self.next();
        }
        while self.rest().starts_with([' ', '\t']) {
            self.next();
        }
        let target = self.word()?;
        if is_text {
            self.texts.push((target.literal()?.to_owned(), strips));
        }
        let is_device = target.literal().is_some_and(|target| {
            ["/dev/", "/proc/"]
                .iter()
                .any(|one| target.starts_with(one))
        });
        current.writes |= writes && !duplicates && !is_device;
        Some(())
    }

    /// Passes over the texts that `<<` announced on the line before.
    fn skip_texts(&mut self) {
        for (delimiter, strips) in std::mem::take(&mut self.texts) {
            while self.at < self.text.len() {
                let rest = self.rest();
                let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
                let line = rest.get(..end).unwrap_or_default();
                self.at += end;
                self.line += usize::from(line.ends_with('\n'));
                let line = line.trim_end_matches(['\n', '\r']);
                let line = match strips {
                    true => line.trim_start_matches('\t'),
                    false => line,
                };
                if line == delimiter {
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
