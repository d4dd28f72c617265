//! Shell text of RUN and its kin: a thin, stable view over the parser crate behind it.
//!
//! Offsets are bytes of the text handed in; `dockerfile::Text::source_span` maps them to the file.

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
    /// Its value where it is known without running anything (quotes read, no expansion in it).
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
}

impl ShellCommand {
    /// The program's base name (`/usr/bin/apt-get` gives `apt-get`), looking through `sudo`,
    /// `env`, `exec`, `command`, `time` and `nice`; `None` where it is not a literal.
    pub fn program(&self) -> Option<&str> {
        todo!("owner: syntax")
    }

    /// The words behind the program that `program` found.
    pub fn arguments(&self) -> &[ShellWord] {
        todo!("owner: syntax")
    }
}

/// A parsed text: its simple commands in the order they stand, at any depth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Commands in order of their first byte.
    pub commands: Vec<ShellCommand>,
    /// Where the grammar was not followed: byte offset and message.
    pub errors: Vec<(usize, String)>,
}

/// Reads `text`. Never fails; a text that is not shell gives what could be read and an error.
pub fn parse(text: &str, dialect: Dialect) -> Script {
    let _ = (text, dialect);
    todo!("owner: syntax")
}
