//! Shell text of RUN and its kin: a thin, stable view over the parser crate behind it.
//!
//! Offsets are bytes of the text handed in; `dockerfile::Text::source_span` maps them to the file.

pub mod lint;
mod outline;
mod walk;
pub mod wrapper;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use shuck_parser::parser::{Parser, ShellDialect};

use crate::dockerfile;

pub use outline::{Item, Node};

/// The dialect a text is read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// POSIX sh, dash, busybox ash.
    Posix,
    /// Bash.
    Bash,
}

/// One word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellWord {
    /// Its value where it is known without running anything (quotes read, no expansion in it; file
    /// name patterns stay as they are).
    pub literal: Option<String>,
    /// As written.
    pub raw: String,
    /// Byte range in the text.
    pub start: usize,
    /// End of the byte range.
    pub end: usize,
}

/// How a command is joined to the one before it in the same list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joint {
    /// First of its list.
    First,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `;`, `&` or a line end.
    Then,
    /// `|`
    Pipe,
}

/// A simple command: assignments, words, redirections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellCommand {
    /// `NAME=value` in front of the words.
    pub assignments: Vec<(String, ShellWord)>,
    /// Command and arguments; empty for a bare assignment.
    pub words: Vec<ShellWord>,
    /// Targets of output redirections (`>`, `>>`, `&>`).
    pub writes: Vec<ShellWord>,
    /// How it is joined to the command before it.
    pub joint: Joint,
    /// Depth of subshells, groups, conditions and loops around it; 0 is the top.
    pub depth: usize,
    /// Whether it stands inside `$(…)` or backquotes.
    pub substituted: bool,
    /// The innermost function whose body it is a part of.
    pub function: Option<Arc<str>>,
    /// What `program` says, found once: every rule asks it of every command.
    program: Program,
    /// Its first byte, redirections included.
    start: usize,
}

/// Where a command names its program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Program {
    /// Index of the word.
    word: usize,
    /// Where the base name starts in its literal; `None` where it has no name that is known.
    name: Option<usize>,
}

impl ShellCommand {
    fn new(
        assignments: Vec<(String, ShellWord)>,
        words: Vec<ShellWord>,
        writes: Vec<ShellWord>,
    ) -> Self {
        let word = wrapper::program_index(&words, |word| word.literal.as_deref());
        let name = words.get(word).and_then(|word| {
            let whole = word.literal.as_deref()?;
            Some(whole.len() - wrapper::base_name(whole)?.len())
        });
        Self {
            assignments,
            words,
            writes,
            joint: Joint::First,
            depth: 0,
            substituted: false,
            function: None,
            program: Program { word, name },
            start: 0,
        }
    }

    /// The program's base name (`/usr/bin/apt-get` gives `apt-get`), looking through what only
    /// starts another ([`wrapper`]); `None` where it is not a literal.
    pub fn program(&self) -> Option<&str> {
        let literal = self.words.get(self.program.word)?.literal.as_deref()?;
        literal.get(self.program.name?..)
    }

    /// The words behind the program that `program` found.
    pub fn arguments(&self) -> &[ShellWord] {
        self.words.get(self.program.word + 1..).unwrap_or_default()
    }

    /// The first and last byte of its words, assignments included; an empty range where it has
    /// none.
    pub fn range(&self) -> (usize, usize) {
        let words = || {
            self.assignments
                .iter()
                .map(|(_, word)| word)
                .chain(&self.words)
        };
        let start = words().map(|word| word.start).min().unwrap_or_default();
        let end = words().map(|word| word.end).max().unwrap_or_default();
        (start, end)
    }
}

/// A parsed text: its simple commands in the order they stand, at any depth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Commands in order of their first byte.
    pub commands: Vec<ShellCommand>,
    /// Byte offsets of the pipes (`|`, `|&`), ascending: one may lead into a group or a loop, which
    /// is no command of its own.
    pub pipes: Vec<usize>,
    /// Targets of output redirections of groups, loops and functions, in the order they stand.
    pub writes: Vec<ShellWord>,
    /// Where the grammar was not followed: byte offset and message.
    pub errors: Vec<(usize, String)>,
    tree: Tree,
}

/// The parser's tree, for those behind this wall. Two scripts with the same commands are the same,
/// whatever they were read from.
#[derive(Clone, Debug, Default)]
struct Tree(Option<Arc<shuck_ast::File>>);

impl PartialEq for Tree {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Tree {}

impl Script {
    /// A script of one command that was not read from a text.
    pub fn of_command(command: ShellCommand) -> Self {
        Self {
            commands: vec![command],
            ..Self::default()
        }
    }

    /// The slips in it, in the order they stand. `text` is what it was read from.
    pub fn lint(&self, text: &str, around: &lint::Surroundings<'_>) -> Vec<lint::Hint> {
        let Some(file) = self.tree.0.as_deref() else {
            return Vec::new();
        };
        let errexit = self.commands.iter().any(sets_errexit);
        lint::lint(file, text, around, errexit)
    }
}

/// Whether a command is `set` with `-e`.
fn sets_errexit(command: &ShellCommand) -> bool {
    let Some((name, options)) = command.words.split_first() else {
        return false;
    };
    name.raw == "set"
        && options.iter().any(|word| {
            let raw = word.raw.as_str();
            raw == "errexit"
                || (raw.starts_with('-') && !raw.starts_with("--") && raw.contains('e'))
        })
}

/// The longest text that is read: ten times the longest RUN that is known.
pub const LENGTH_LIMIT: usize = 64 << 10;

/// How deep braces may nest: the time the parser takes grows with the square of it.
const BRACE_LIMIT: usize = 256;

fn is_too_much(text: &str) -> bool {
    let mut depth = 0usize;
    text.len() > LENGTH_LIMIT
        || text.bytes().any(|byte| {
            match byte {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth > BRACE_LIMIT
        })
}

/// Reads `text`. Never fails; a text that is not shell gives what could be read and an error.
pub fn parse(text: &str, dialect: Dialect) -> Script {
    let dialect = match dialect {
        Dialect::Posix => ShellDialect::Posix,
        Dialect::Bash => ShellDialect::Bash,
    };
    if is_too_much(text) {
        return Script {
            errors: vec![(0, "the script is too large to be looked at".to_owned())],
            ..Script::default()
        };
    }
    // The parser behind this wall is young and what it reads is hostile: should it panic, the
    // script counts as unreadable and everything else is still checked.
    let read = catch_unwind(AssertUnwindSafe(|| {
        let parsed = Parser::with_dialect(text, dialect).parse();
        let mut script = Script {
            errors: parsed
                .diagnostics
                .into_iter()
                .map(|diagnostic| (diagnostic.span.start.offset(), diagnostic.message))
                .collect(),
            ..walk::script(&parsed.file, text)
        };
        script.tree = Tree(Some(Arc::new(parsed.file)));
        if let (Some(error), true) = (parsed.terminal_error, script.errors.is_empty()) {
            script.errors.push((0, error.to_string()));
        }
        script
    }));
    read.unwrap_or_else(|_| Script {
        errors: vec![(0, "this is not shell that can be read".to_owned())],
        ..Script::default()
    })
}

/// The command of an exec form, as if a shell had read it. Offsets are those of the words in the
/// *file*: an exec form is no text of its own.
pub fn from_exec(words: &[dockerfile::Word]) -> ShellCommand {
    let words = words
        .iter()
        .map(|word| ShellWord {
            literal: Some(word.value.clone()),
            raw: word.value.clone(),
            start: word.span.start,
            end: word.span.end,
        })
        .collect();
    ShellCommand::new(Vec::new(), words, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(command: &ShellCommand) -> Vec<&str> {
        command.words.iter().map(|word| word.raw.as_str()).collect()
    }

    #[test]
    fn commands_keep_their_joints_and_depth() {
        let script = parse(
            "set -e; apt-get update && apt-get install -y 'curl' | tee /tmp/log || (cd /x; rm -rf \"$HOME\"/*)",
            Dialect::Posix,
        );
        assert_eq!(script.errors, []);
        let seen: Vec<_> = script
            .commands
            .iter()
            .map(|command| (words(command).join(" "), command.joint, command.depth))
            .collect();
        assert_eq!(
            seen,
            [
                ("set -e".to_owned(), Joint::First, 0),
                ("apt-get update".to_owned(), Joint::Then, 0),
                ("apt-get install -y 'curl'".to_owned(), Joint::And, 0),
                ("tee /tmp/log".to_owned(), Joint::Pipe, 0),
                ("cd /x".to_owned(), Joint::First, 1),
                ("rm -rf \"$HOME\"/*".to_owned(), Joint::Then, 1),
            ]
        );
        assert_eq!(script.commands[2].words[3].literal.as_deref(), Some("curl"));
        assert_eq!(script.commands[5].words[2].literal, None);
        assert_eq!(script.pipes, [52]);
        let script = parse("a $(b | c) | while read x; do d; done", Dialect::Posix);
        assert_eq!(script.pipes, [6, 11]);
    }

    #[test]
    fn spans_point_at_the_text_even_inside_substitutions() {
        let text = "A=1 B=\"$(curl -fsSL https://x/y | sh)\" make `nproc` x\\ y > \"/out\" 2>&1 <in && export P=/a:$P Q=q";
        let script = parse(text, Dialect::Bash);
        assert_eq!(script.errors, []);
        for command in &script.commands {
            for word in command.words.iter().chain(&command.writes) {
                assert_eq!(&text[word.start..word.end], word.raw);
            }
        }
        let programs: Vec<_> = script
            .commands
            .iter()
            .map(|command| (command.program().unwrap(), command.substituted))
            .collect();
        assert_eq!(
            programs,
            [
                ("make", false),
                ("curl", true),
                ("sh", true),
                ("nproc", true),
                ("export", false)
            ]
        );
        let make = &script.commands[0];
        assert_eq!(make.assignments[0].0, "A");
        assert_eq!(make.assignments[0].1.literal.as_deref(), Some("1"));
        assert_eq!(make.assignments[1].1.literal, None);
        assert_eq!(make.words[2].literal.as_deref(), Some("x y"));
        assert_eq!(make.writes.len(), 1);
        assert_eq!(make.writes[0].literal.as_deref(), Some("/out"));
        assert_eq!(script.commands[4].words[2].literal.as_deref(), Some("Q=q"));
    }

    #[test]
    fn wrappers_are_looked_through() {
        let program = |text| {
            let script = parse(text, Dialect::Posix);
            let command = &script.commands[0];
            (
                command.program().map(str::to_owned),
                command.arguments().len(),
            )
        };
        let is = |name: &str, arguments| (Some(name.to_owned()), arguments);
        assert_eq!(
            program("sudo -E -u app /usr/bin/apt-get update"),
            is("apt-get", 1)
        );
        assert_eq!(program("env -i A=b exec nice -n 5 make all"), is("make", 1));
        assert_eq!(program("command -v curl"), is("command", 2));
        assert_eq!(program("time -p make"), is("make", 0));
        assert_eq!(program("env"), is("env", 0));
        assert_eq!(program("$CC x"), (None, 1));
    }

    #[test]
    fn literals_lose_their_quotes() {
        let text =
            r#"e a\\b 'a\b' "a\b" "a\\b\$" a"b"'c'\ d *.deb ~/x {a,b} $'a\tb' "" "x\\\\y" \\\\z"#;
        let script = parse(text, Dialect::Bash);
        let literals: Vec<_> = script.commands[0]
            .words
            .iter()
            .map(|word| word.literal.as_deref().unwrap_or("?"))
            .collect();
        assert_eq!(
            literals,
            [
                "e", r"a\b", r"a\b", r"a\b", r"a\b$", "abc d", "*.deb", "~/x", "?", "a\tb", "",
                r"x\\y", r"\\z"
            ]
        );
    }

    #[test]
    fn what_is_not_shell_is_an_error_and_no_panic() {
        for text in [
            "if then",
            "echo 'open",
            "$((",
            "((((((",
            "a && && b",
            "case x in",
            "\u{0}\u{feff}<<",
        ] {
            let script = parse(text, Dialect::Posix);
            assert!(
                !script.errors.is_empty() || script.commands.len() < 2,
                "{text}"
            );
        }
        parse(&"$(".repeat(20_000), Dialect::Bash);
        parse(&"a && ".repeat(20_000), Dialect::Bash);
        parse(&"{ ".repeat(20_000), Dialect::Bash);
        parse(&"${A:-".repeat(200), Dialect::Bash);
        assert_eq!(parse(&"{a,".repeat(20_000), Dialect::Bash).errors.len(), 1);
    }
}
