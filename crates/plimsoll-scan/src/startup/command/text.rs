//! The text of `sh -c`, one simple command after the other, as far as its words are literal: what a
//! health check asks is often wrapped in a condition.

use super::{is_assignment, is_builtin};

/// How a text goes on behind a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    End,
    And,
    Or,
    Next,
    Pipe,
}

pub(super) struct Command<'t> {
    pub(super) words: Vec<String>,
    pub(super) then: Then,
    pub(super) rest: &'t str,
}

impl Command<'_> {
    /// Whether nothing works where the command does not.
    pub(super) fn is_needed(&self) -> bool {
        match self.then {
            Then::End | Then::And | Then::Pipe => true,
            Then::Or => gives_up(self.rest),
            Then::Next => {
                let rest = self.rest.trim_start();
                rest.strip_prefix("exit $?").is_some_and(is_end)
            }
        }
    }
}

fn is_end(rest: &str) -> bool {
    rest.chars()
        .next()
        .is_none_or(|next| next.is_whitespace() || matches!(next, ';' | '}' | ')'))
}

/// Whether a text ends the shell with a failure, or is one, after it said something at most.
fn gives_up(text: &str) -> bool {
    let mut rest = text.trim_start();
    if let Some(inner) = rest.strip_prefix('{').or_else(|| rest.strip_prefix('(')) {
        rest = inner.trim_start();
    }
    if rest.starts_with("echo ")
        && let Some(command) = first_command(rest)
        && command.then == Then::Next
    {
        rest = command.rest.trim_start();
    }
    let fails = |status: &str| !status.trim_start().starts_with('0');
    rest.strip_prefix("exit")
        .is_some_and(|status| is_end(status) && fails(status))
        || rest.starts_with("kill ")
        || rest.strip_prefix("false").is_some_and(is_end)
}

/// Alternatives that are told.
const MAX_ALTERNATIVES: usize = 10;

/// The programs that a shell tries one after the other, behind a first `||`; `None` where one of
/// them always works, or is not known.
pub(super) fn alternatives(text: &str) -> Option<Vec<String>> {
    let mut rest = text;
    let mut found = Vec::new();
    while found.len() < MAX_ALTERNATIVES {
        let command = first_command(rest)?;
        let program = command.words.first()?;
        if is_builtin(program) || is_assignment(program) {
            return None;
        }
        found.push(program.clone());
        if command.is_needed() {
            return Some(found);
        }
        if command.then != Then::Or {
            return None;
        }
        rest = command.rest;
    }
    None
}

/// The command that a health check stands and falls with, where it asks for more than that: `! C`,
/// `if ! C; then exit 1; fi`, `test "$(C)" = ok`.
pub(super) fn asked(text: &str) -> Option<&str> {
    let text = text.trim_start();
    if let Some(rest) = text.strip_prefix("! ") {
        return Some(rest);
    }
    if let Some(rest) = text.strip_prefix("if ") {
        let at = ["; then", ";then", "\nthen"]
            .iter()
            .filter_map(|then| rest.find(then))
            .min()?;
        let (condition, branches) = rest.split_at(at);
        let branches = branches.trim_start_matches([';', '\n', ' ']);
        let then = branches.strip_prefix("then")?;
        return match condition.trim_start().strip_prefix("! ") {
            Some(condition) => gives_up(then).then_some(condition),
            None => {
                let (_, other) = then.split_once("else")?;
                gives_up(other).then_some(condition)
            }
        };
    }
    let rest = text
        .strip_prefix("test ")
        .or_else(|| text.strip_prefix("[ "))
        .or_else(|| text.strip_prefix("[[ "))?;
    let rest = rest.trim_start();
    let (rest, is_quoted) = match rest.strip_prefix('"') {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let rest = rest.strip_prefix("$(")?;
    let mut depth = 1;
    let end = rest.find(|c| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    })?;
    let (command, behind) = rest.split_at(end);
    let behind = behind.strip_prefix(')')?;
    let behind = match is_quoted {
        true => behind.strip_prefix('"')?,
        false => behind,
    };
    let mut words = behind.split_whitespace();
    let compares = matches!(words.next(), Some("=" | "==" | "-eq"));
    // Nothing is not the same as something.
    let something = words.next().is_some_and(|word| {
        word.trim_matches(['"', '\''])
            .starts_with(char::is_alphanumeric)
    });
    (compares && something).then_some(command)
}

/// The first simple command of a text; `None` where it begins with something else, or where words
/// that matter are not literal.
pub(super) fn first_command(text: &str) -> Option<Command<'_>> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut literal = true;
    let mut chars = text.char_indices().peekable();
    let mut end = (Then::End, text.len());
    let finish = |word: &mut Option<String>, literal: &mut bool, words: &mut Vec<String>| {
        if let Some(done) = word.take() {
            // A word that is not known ends what can be told: an argument that is not one.
            words.push(if *literal { done } else { "\u{0}".to_owned() });
        }
        *literal = true;
    };
    while let Some((at, char)) = chars.next() {
        match char {
            '\'' | '"' => {
                let current = word.get_or_insert_default();
                loop {
                    let (_, inner) = chars.next()?;
                    if inner == char {
                        break;
                    }
                    if char == '"' && matches!(inner, '$' | '`') {
                        literal = false;
                    }
                    if char == '"' && inner == '\\' {
                        let (_, escaped) = chars.next()?;
                        if !matches!(escaped, '$' | '`' | '"' | '\\') {
                            current.push('\\');
                        }
                        current.push(escaped);
                        continue;
                    }
                    current.push(inner);
                }
            }
            '\\' => {
                let (_, escaped) = chars.next()?;
                if escaped != '\n' {
                    word.get_or_insert_default().push(escaped);
                }
            }
            ' ' | '\t' => finish(&mut word, &mut literal, &mut words),
            '\n' | ';' => {
                end = (Then::Next, at + 1);
                break;
            }
            '&' | '|' => {
                let before = text.get(..at).unwrap_or_default();
                let twice = chars.peek().is_some_and(|(_, next)| *next == char);
                if before.ends_with(['>', '<']) {
                    word.get_or_insert_default().push(char);
                    continue;
                }
                end = match (char, twice) {
                    ('&', true) => (Then::And, at + 2),
                    ('|', true) => (Then::Or, at + 2),
                    ('|', false) => (Then::Pipe, at + 1),
                    _ => (Then::Next, at + 1),
                };
                break;
            }
            '(' | ')' | '`' => return None,
            '$' if text.get(at..).is_some_and(|rest| rest.starts_with("$(")) => return None,
            '$' | '*' | '?' | '[' | '~' | '{' | '<' | '>' | '!' => {
                word.get_or_insert_default().push(char);
                literal = false;
            }
            '#' if word.is_none() => return None,
            _ => word.get_or_insert_default().push(char),
        }
    }
    finish(&mut word, &mut literal, &mut words);
    // What is not known ends the words that are told; as the program it is nothing.
    let known = words
        .iter()
        .position(|word| word == "\u{0}")
        .unwrap_or(words.len());
    if known == 0 && !words.is_empty() {
        return None;
    }
    words.truncate(known);
    Some(Command {
        words,
        then: end.0,
        rest: text.get(end.1..).unwrap_or_default(),
    })
}
