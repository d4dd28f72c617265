//! Variable expansion and word splitting as BuildKit does it (`frontend/dockerfile/shell`).
//!
//! It looks like a POSIX shell and is not one: quotes are read, variables replaced, modifiers
//! applied; nothing is globbed and nothing is run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

use super::pattern;

/// How deep modifiers may nest: each level is a level of recursion.
const DEPTH_LIMIT: usize = 64;

/// Where values come from.
pub trait Variables {
    /// The value of `name`, where it is set.
    fn value(&self, name: &str) -> Option<&str>;
}

/// No variable is set.
impl Variables for () {
    fn value(&self, _name: &str) -> Option<&str> {
        None
    }
}

impl Variables for BTreeMap<String, String> {
    fn value(&self, name: &str) -> Option<&str> {
        self.get(name).map(String::as_str)
    }
}

/// What an expansion gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expansion {
    /// The word as a whole, white space kept.
    pub value: String,
    /// The word split at white space that was not quoted.
    pub words: Vec<String>,
    /// Variables it used that are set.
    pub used: BTreeSet<String>,
    /// Variables it names that are not set, whether or not a modifier made up for it.
    pub unset: BTreeSet<String>,
    /// Variables that are not set where the result has nothing in their place.
    pub missing: Vec<String>,
}

/// Why a word could not be expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpandError {
    message: String,
    /// The variable a `?` modifier asked for.
    pub required: Option<String>,
    /// Names without a value that were met on the way.
    pub unset: BTreeSet<String>,
}

impl ExpandError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            required: None,
            unset: BTreeSet::new(),
        }
    }
}

impl fmt::Display for ExpandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ExpandError {}

/// How to read words.
#[derive(Clone, Copy, Debug)]
pub struct Lexer {
    /// The file's escape character.
    pub escape: u8,
    /// Quotes stay where they are (their content is still not split).
    pub raw_quotes: bool,
    /// Escape characters stay where they are.
    pub raw_escapes: bool,
    /// Quotes mean nothing: for the bodies of heredocs.
    pub ignore_quotes: bool,
    /// References to variables that are not set stay as written.
    pub keep_unset: bool,
    /// The most bytes a result may have: values that double with each line must not fill memory.
    pub limit: usize,
}

impl Lexer {
    /// Reads words as the arguments of instructions are read.
    pub fn new(escape: u8) -> Self {
        Self {
            escape,
            raw_quotes: false,
            raw_escapes: false,
            ignore_quotes: false,
            keep_unset: false,
            limit: 16 << 20,
        }
    }

    /// Reads the body of a heredoc that COPY or ADD takes as a file: variables are replaced, the
    /// rest stays.
    pub fn heredoc_body(escape: u8) -> Self {
        Self {
            ignore_quotes: true,
            ..Self::new(escape)
        }
    }

    /// Expands `word`.
    ///
    /// # Errors
    /// Unbalanced quotes or braces, a modifier that does not exist, a `?` modifier that fired, a
    /// result over the limit.
    pub fn expand(&self, word: &str, variables: &dyn Variables) -> Result<Expansion, ExpandError> {
        let mut reader = Reader {
            lexer: self,
            escape: char::from(self.escape),
            // Go's scanner skips a mark at the start of what it reads.
            rest: word
                .strip_prefix('\u{feff}')
                .unwrap_or(word)
                .chars()
                .peekable(),
            variables,
            raw_escapes: self.raw_escapes,
            depth: 0,
            used: BTreeSet::new(),
            unset: BTreeSet::new(),
            missing: Vec::new(),
        };
        let (value, words) = match reader.until(None, self.raw_escapes) {
            Ok(read) => read,
            Err(error) => {
                return Err(ExpandError {
                    unset: reader.unset,
                    ..error
                });
            }
        };
        Ok(Expansion {
            value,
            words,
            used: reader.used,
            unset: reader.unset,
            missing: reader.missing,
        })
    }
}

struct Reader<'a> {
    lexer: &'a Lexer,
    escape: char,
    rest: Peekable<Chars<'a>>,
    variables: &'a dyn Variables,
    raw_escapes: bool,
    depth: usize,
    used: BTreeSet<String>,
    unset: BTreeSet<String>,
    missing: Vec<String>,
}

/// Collects words; a word is open once something stands in it.
#[derive(Default)]
struct Words {
    done: Vec<String>,
    open: String,
}

impl Words {
    fn push_split(&mut self, character: char) {
        if !character.is_whitespace() {
            self.open.push(character);
        } else if !self.open.is_empty() {
            self.done.push(std::mem::take(&mut self.open));
        }
    }

    fn finish(mut self) -> Vec<String> {
        if !self.open.is_empty() {
            self.done.push(self.open);
        }
        self.done
    }
}

impl<'a> Reader<'a> {
    /// Reads up to `stop`, which is consumed, or to the end.
    fn until(
        &mut self,
        stop: Option<char>,
        raw_escapes: bool,
    ) -> Result<(String, Vec<String>), ExpandError> {
        if self.depth >= DEPTH_LIMIT {
            return Err(ExpandError::new(format!(
                "substitutions nest deeper than {DEPTH_LIMIT}"
            )));
        }
        self.depth += 1;
        let outer = std::mem::replace(&mut self.raw_escapes, raw_escapes);
        let result = self.read_until(stop);
        self.raw_escapes = outer;
        self.depth -= 1;
        result
    }

    fn read_until(&mut self, stop: Option<char>) -> Result<(String, Vec<String>), ExpandError> {
        let mut value = String::new();
        let mut words = Words::default();
        // Only the outermost reading is asked for words.
        let splits = stop.is_none();
        while let Some(&character) = self.rest.peek() {
            if value.len() > self.lexer.limit {
                return Err(self.too_long());
            }
            if Some(character) == stop {
                self.rest.next();
                return Ok((value, words.finish()));
            }
            let special = match character {
                '$' => Some(self.dollar()?),
                '<' => Some(self.angle()),
                '\'' if !self.lexer.ignore_quotes => Some(self.single_quoted()?),
                '"' if !self.lexer.ignore_quotes => Some(self.double_quoted()?),
                _ => None,
            };
            if let Some(text) = special {
                value.push_str(&text);
                if !splits {
                    continue;
                }
                if character == '$' {
                    text.chars()
                        .for_each(|character| words.push_split(character));
                } else {
                    words.open.push_str(&text);
                }
                continue;
            }
            self.rest.next();
            if character == self.escape {
                if self.raw_escapes {
                    value.push(character);
                }
                let escaped = self.rest.next();
                value.extend(escaped);
                if splits {
                    words
                        .open
                        .extend(Some(character).filter(|_| self.raw_escapes));
                    words.open.extend(escaped);
                }
            } else {
                value.push(character);
                if splits {
                    words.push_split(character);
                }
            }
        }
        match stop {
            Some(stop) => Err(ExpandError::new(format!(
                "unexpected end of statement while looking for matching {stop}"
            ))),
            None if value.len() > self.lexer.limit => Err(self.too_long()),
            None => Ok((value, words.finish())),
        }
    }

    fn too_long(&self) -> ExpandError {
        ExpandError::new(format!(
            "the value is longer than {} bytes",
            self.lexer.limit
        ))
    }

    fn single_quoted(&mut self) -> Result<String, ExpandError> {
        let mut value = String::new();
        self.quote_mark(&mut value);
        loop {
            match self.rest.peek() {
                None => {
                    return Err(ExpandError::new(
                        "unexpected end of statement while looking for matching single-quote",
                    ));
                }
                Some('\'') => {
                    self.quote_mark(&mut value);
                    return Ok(value);
                }
                Some(_) => value.extend(self.rest.next()),
            }
        }
    }

    fn double_quoted(&mut self) -> Result<String, ExpandError> {
        let mut value = String::new();
        self.quote_mark(&mut value);
        loop {
            if value.len() > self.lexer.limit {
                return Err(self.too_long());
            }
            match self.rest.peek() {
                None => {
                    return Err(ExpandError::new(
                        "unexpected end of statement while looking for matching double-quote",
                    ));
                }
                Some('"') => {
                    self.quote_mark(&mut value);
                    return Ok(value);
                }
                Some('$') => value.push_str(&self.dollar()?),
                Some(&character) => {
                    self.rest.next();
                    let mut character = character;
                    if character == self.escape {
                        if self.raw_escapes {
                            value.push(character);
                        }
                        match self.rest.peek() {
                            None => continue,
                            Some(&next) if next == '"' || next == '$' || next == self.escape => {
                                self.rest.next();
                                character = next;
                            }
                            Some(_) => {}
                        }
                    }
                    value.push(character);
                }
            }
        }
    }

    fn quote_mark(&mut self, value: &mut String) {
        if let Some(mark) = self.rest.next()
            && self.lexer.raw_quotes
        {
            value.push(mark);
        }
    }

    /// `<<` and the white space behind it stay in one word: it may open a heredoc.
    fn angle(&mut self) -> String {
        self.rest.next();
        if self.rest.next_if_eq(&'<').is_none() {
            return "<".to_owned();
        }
        let mut text = "<<".to_owned();
        while let Some(space) = self
            .rest
            .next_if(|character| matches!(character, '\t' | '\r' | ' '))
        {
            text.push(space);
        }
        text
    }

    fn dollar(&mut self) -> Result<String, ExpandError> {
        self.rest.next();
        if self.rest.next_if_eq(&'{').is_none() {
            let name = self.name();
            if name.is_empty() {
                return Ok("$".to_owned());
            }
            return Ok(match self.lookup(&name) {
                None if self.lexer.keep_unset => format!("${name}"),
                value => self.or_missing(value, &name).to_owned(),
            });
        }
        match self.rest.peek() {
            None => return Err(missing_brace()),
            Some('{' | '}' | ':') => {
                return Err(ExpandError::new("syntax error: bad substitution"));
            }
            Some(_) => {}
        }
        let name = self.name();
        match self.rest.next() {
            Some('}') => Ok(match self.lookup(&name) {
                None if self.lexer.keep_unset => format!("${{{name}}}"),
                value => self.or_missing(value, &name).to_owned(),
            }),
            Some(':') => {
                let modifier = self.rest.next().unwrap_or(char::REPLACEMENT_CHARACTER);
                self.modified(&name, modifier, true)
            }
            Some(modifier @ ('+' | '-' | '?' | '#' | '%')) => self.modified(&name, modifier, false),
            Some('/') => self.replaced(&name),
            Some(other) => Err(unsupported(&String::from(other))),
            None => Err(missing_brace()),
        }
    }

    /// `${name:-word}` and its kin, read from behind the modifier.
    fn modified(
        &mut self,
        name: &str,
        modifier: char,
        empty_is_unset: bool,
    ) -> Result<String, ExpandError> {
        let written = if empty_is_unset {
            format!(":{modifier}")
        } else {
            modifier.to_string()
        };
        let is_pattern = matches!(modifier, '#' | '%');
        if is_pattern && empty_is_unset {
            return Err(unsupported(&written));
        }
        let missing_before = self.missing.len();
        let word = match self.until(Some('}'), is_pattern) {
            Ok((word, _)) => word,
            Err(_) if self.rest.peek().is_none() => return Err(missing_brace()),
            Err(error) => return Err(error),
        };
        let value = self.lookup(name);
        if value.is_none() && self.lexer.keep_unset {
            return Ok(format!("${{{name}{written}{word}}}"));
        }
        let usable = value.filter(|value| !(empty_is_unset && value.is_empty()));
        // What is missing in a word that is not used does not matter.
        let uses_word = match modifier {
            '-' => usable.is_none(),
            '+' => usable.is_some(),
            _ => is_pattern,
        };
        if !uses_word {
            self.missing.truncate(missing_before);
        }
        match modifier {
            '-' => Ok(usable.map_or(word, str::to_owned)),
            '+' => Ok(if usable.is_some() {
                word
            } else {
                String::new()
            }),
            '?' => usable.map(str::to_owned).ok_or_else(|| {
                let reason = match (word.is_empty(), value) {
                    (false, _) => word.as_str(),
                    (true, None) => "is not allowed to be unset",
                    (true, Some(_)) => "is not allowed to be empty",
                };
                ExpandError {
                    message: format!("{name}: {reason}"),
                    required: Some(name.to_owned()),
                    unset: BTreeSet::new(),
                }
            }),
            '#' | '%' => {
                let (glob, greedy) = match word.strip_prefix(modifier) {
                    Some(glob) => (glob, true),
                    None => (word.as_str(), false),
                };
                let value = self.or_missing(value, name);
                if modifier == '#' {
                    pattern::without_prefix(value, glob, greedy)
                } else {
                    pattern::without_suffix(value, glob, greedy)
                }
                .map_err(|reason| bad_pattern(glob, reason))
            }
            _ => Err(unsupported(&written)),
        }
    }

    /// `${name/pattern/replacement}` and `${name//pattern/replacement}`.
    fn replaced(&mut self, name: &str) -> Result<String, ExpandError> {
        let every = self.rest.next_if_eq(&'/').is_some();
        let glob = match self.until(Some('/'), true) {
            Ok((glob, _)) => glob,
            Err(_) if self.rest.peek().is_none() => {
                return Err(ExpandError::new("syntax error: missing '/' in ${}"));
            }
            Err(error) => return Err(error),
        };
        let replacement = match self.until(Some('}'), true) {
            Ok((replacement, _)) => replacement,
            Err(_) if self.rest.peek().is_none() => return Err(missing_brace()),
            Err(error) => return Err(error),
        };
        let value = self.lookup(name);
        if value.is_none() && self.lexer.keep_unset {
            return Ok(format!("${{{name}/{glob}/{replacement}}}"));
        }
        pattern::replace(
            self.or_missing(value, name),
            &glob,
            &replacement,
            every,
            self.lexer.limit,
        )
        .map_err(|reason| bad_pattern(&glob, reason))
    }

    /// A name: digits, one special parameter, or letters, digits and `_`. May be empty.
    fn name(&mut self) -> String {
        let mut name = String::new();
        match self.rest.peek() {
            Some(first) if first.is_numeric() => {
                while let Some(digit) = self.rest.next_if(|character| character.is_numeric()) {
                    name.push(digit);
                }
            }
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => name.extend(self.rest.next()),
            _ => {
                while let Some(character) = self
                    .rest
                    .next_if(|character| character.is_alphanumeric() || *character == '_')
                {
                    name.push(character);
                }
            }
        }
        name
    }

    fn or_missing(&mut self, value: Option<&'a str>, name: &str) -> &'a str {
        value.unwrap_or_else(|| {
            self.missing.push(name.to_owned());
            ""
        })
    }

    fn lookup(&mut self, name: &str) -> Option<&'a str> {
        let variables = self.variables;
        let value = variables.value(name);
        let seen = if value.is_some() {
            &mut self.used
        } else {
            &mut self.unset
        };
        if !seen.contains(name) {
            seen.insert(name.to_owned());
        }
        value
    }
}

fn missing_brace() -> ExpandError {
    ExpandError::new("syntax error: missing '}'")
}

fn unsupported(modifier: &str) -> ExpandError {
    ExpandError::new(format!("unsupported modifier ({modifier}) in substitution"))
}

fn bad_pattern(glob: &str, reason: String) -> ExpandError {
    let glob: String = glob.chars().take(100).collect();
    ExpandError::new(format!(
        "invalid pattern ({glob}) in substitution: {reason}"
    ))
}
