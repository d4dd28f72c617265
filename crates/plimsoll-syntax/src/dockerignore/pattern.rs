//! One pattern, compiled the way moby/patternmatcher does it.

use std::sync::Arc;

use regex::Regex;

use crate::glob;

/// Compiled patterns of this size fit in memory ten thousand times.
const REGEX_SIZE_LIMIT: usize = 64 << 10;

#[derive(Clone, Debug)]
pub(super) enum Matcher {
    /// The path itself.
    Exact(String),
    /// Paths that start so.
    Prefix(String),
    /// Paths that end so, or that are this without its leading `/`.
    Suffix(String),
    /// Only the wildcards `*`, `?` and `**`.
    Wild(Wild),
    /// The original turns patterns into regular expressions and forgets to escape some characters
    /// that mean something there; where one of them occurs we do as it does.
    Regex(Arc<Regex>),
}

#[derive(Clone, Debug)]
pub(super) struct Wild {
    tokens: Vec<Token>,
    /// Literal text every match ends with.
    tail: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Literal(char),
    /// `?`
    One,
    /// `*`
    Many,
    /// `**/`: nothing, or anything up to a `/`.
    Folders,
    /// `**` at the end.
    Anything,
}

impl Matcher {
    /// `None` where the pattern is ill-formed.
    pub(super) fn new(pattern: &str) -> Option<Self> {
        glob::matches(pattern, ".").ok()?;
        let mut tokens = Vec::new();
        let mut kind = Kind::Exact;
        let mut rest = pattern.chars().peekable();
        while let Some(character) = rest.next() {
            let is_first = tokens.is_empty();
            let token = match character {
                '*' if rest.next_if_eq(&'*').is_some() => {
                    rest.next_if_eq(&'/');
                    let is_last = rest.peek().is_none();
                    kind = match kind {
                        _ if is_first => Kind::Suffix,
                        Kind::Exact if is_last => Kind::Prefix,
                        _ => Kind::Wild,
                    };
                    if is_last {
                        Token::Anything
                    } else {
                        Token::Folders
                    }
                }
                '*' => {
                    kind = Kind::Wild;
                    Token::Many
                }
                '?' => {
                    kind = Kind::Wild;
                    Token::One
                }
                special @ ('[' | ']' | '\\') => {
                    kind = Kind::Wild;
                    Token::Literal(special)
                }
                literal => Token::Literal(literal),
            };
            tokens.push(token);
        }
        Some(match kind {
            Kind::Exact => Self::Exact(pattern.to_owned()),
            Kind::Prefix => Self::Prefix(pattern.trim_end_matches('*').to_owned()),
            Kind::Suffix => Self::Suffix(pattern[2..].to_owned()),
            Kind::Wild if pattern.contains(['[', ']', '\\', '|', '{', '}', '^']) => {
                return Self::regex(pattern);
            }
            Kind::Wild => {
                let literals = tokens.iter().rev().map_while(|token| match token {
                    Token::Literal(character) => Some(*character),
                    _ => None,
                });
                let tail: String = literals.collect();
                Self::Wild(Wild {
                    tail: tail.chars().rev().collect(),
                    tokens,
                })
            }
        })
    }

    /// The expression the original builds.
    fn regex(pattern: &str) -> Option<Self> {
        let mut expression = String::from("^");
        let mut rest = pattern.chars().peekable();
        while let Some(character) = rest.next() {
            match character {
                '*' if rest.next_if_eq(&'*').is_some() => {
                    rest.next_if_eq(&'/');
                    expression.push_str(if rest.peek().is_none() {
                        ".*"
                    } else {
                        "(.*/)?"
                    });
                }
                '*' => expression.push_str("[^/]*"),
                '?' => expression.push_str("[^/]"),
                '.' | '+' | '(' | ')' | '$' => {
                    expression.push('\\');
                    expression.push(character);
                }
                '\\' => {
                    expression.push('\\');
                    expression.push(rest.next().unwrap_or('\\'));
                }
                // Go takes a brace that repeats nothing as it stands.
                '{' | '}' => {
                    expression.push('\\');
                    expression.push(character);
                }
                other => expression.push(other),
            }
        }
        expression.push('$');
        let regex = regex::RegexBuilder::new(&expression)
            .size_limit(REGEX_SIZE_LIMIT)
            .build()
            .ok()?;
        Some(Self::Regex(Arc::new(regex)))
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(pattern) => path == pattern,
            Self::Prefix(prefix) => path.starts_with(prefix.as_str()),
            Self::Suffix(suffix) => {
                path.ends_with(suffix.as_str()) || suffix.strip_prefix('/') == Some(path)
            }
            Self::Wild(wild) => path.ends_with(wild.tail.as_str()) && run(&wild.tokens, path),
            Self::Regex(regex) => regex.is_match(path),
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Exact,
    Prefix,
    Suffix,
    Wild,
}

/// Follows all ways through the pattern at once, so that no pattern costs more than its length
/// times that of the path.
fn run(tokens: &[Token], path: &str) -> bool {
    // `open[at]`: the tokens so far can match the first `at` bytes.
    let mut open = vec![false; path.len() + 1];
    open[0] = true;
    let mut first = 0;
    for token in tokens {
        let mut next = vec![false; path.len() + 1];
        let mut first_open = None;
        let mut mark = |at: usize, next: &mut Vec<bool>| {
            next[at] = true;
            if first_open.is_none() {
                first_open = Some(at);
            }
        };
        // Whether a way that may take more characters has been entered.
        let mut running = false;
        let mut characters = path[first..].char_indices();
        loop {
            let (at, character) = match characters.next() {
                Some((offset, character)) => (first + offset, Some(character)),
                None => (path.len(), None),
            };
            let here = open[at];
            match token {
                Token::Literal(literal) => {
                    if here && character == Some(*literal) {
                        mark(at + literal.len_utf8(), &mut next);
                    }
                }
                Token::One => {
                    if let Some(character) = character
                        && here
                        && character != '/'
                    {
                        mark(at + character.len_utf8(), &mut next);
                    }
                }
                Token::Many => {
                    running |= here;
                    if running {
                        mark(at, &mut next);
                    }
                    running &= character != Some('/');
                }
                Token::Anything => {
                    running |= here;
                    if running {
                        mark(at, &mut next);
                    }
                }
                Token::Folders => {
                    if here {
                        mark(at, &mut next);
                        running = true;
                    }
                    if running && character == Some('/') {
                        mark(at + 1, &mut next);
                    }
                }
            }
            if character.is_none() {
                break;
            }
        }
        let Some(at) = first_open else {
            return false;
        };
        first = at;
        open = next;
    }
    open[path.len()]
}
