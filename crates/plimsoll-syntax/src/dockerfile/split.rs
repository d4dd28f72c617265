//! The line parsers of BuildKit: how the arguments of each instruction fall into words.

use std::ops::Range;

use super::json::{self, Json, Placed};
use super::line::{decode, is_latin1_space, is_separator, trim, trim_start};

/// How deep ONBUILD in ONBUILD is read. BuildKit's parser takes any depth, its build none.
pub(super) const ONBUILD_LIMIT: usize = 64;

/// A flag in front of the arguments.
#[derive(Debug)]
pub(super) struct RawFlag {
    /// As written.
    pub(super) range: Range<usize>,
    /// Quotes and escapes read.
    pub(super) value: Vec<u8>,
}

/// A logical line, taken apart as far as every instruction has it in common.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) keyword: Range<usize>,
    /// Everything behind the keyword, white space at both ends left out.
    pub(super) rest: Range<usize>,
    pub(super) flags: Vec<RawFlag>,
    /// What stands behind the flags, white space at both ends left out.
    pub(super) arguments: Range<usize>,
}

/// Why BuildKit's parser refuses arguments.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SplitError {
    /// A JSON array with something else than strings in it.
    NotStrings(Range<usize>),
    /// `ENV NAME` without a value.
    TwoArguments,
    /// A word without `=` behind one that has it.
    NoEquals(Range<usize>),
}

/// Takes keyword and flags off.
pub(super) fn head(bytes: &[u8], range: Range<usize>, escape: u8) -> Head {
    let range = trim(bytes, range);
    let keyword_end = find(bytes, &range, is_separator);
    let keyword = range.start..keyword_end;
    let behind = skip(bytes, &(keyword_end..range.end), is_separator)..range.end;
    let (flags, arguments) = flags(bytes, behind.clone(), escape);
    Head {
        keyword,
        rest: trim(bytes, behind),
        flags,
        arguments: trim(bytes, arguments),
    }
}

fn flags(bytes: &[u8], range: Range<usize>, escape: u8) -> (Vec<RawFlag>, Range<usize>) {
    let mut flags = Vec::new();
    let mut at = range.start;
    loop {
        at = skip(bytes, &(at..range.end), is_latin1_space);
        if !bytes[at..range.end].starts_with(b"--") {
            return (flags, at..range.end);
        }
        let start = at;
        let mut value = Vec::new();
        let mut quote = None;
        let mut quoted = false;
        while at < range.end {
            let mut byte = bytes[at];
            match quote {
                Some(mark) if byte == mark => {
                    quote = None;
                    at += 1;
                    continue;
                }
                None if is_latin1_space(byte) => break,
                None if byte == b'\'' || byte == b'"' => {
                    quote = Some(byte);
                    quoted = true;
                    at += 1;
                    continue;
                }
                _ => {}
            }
            if byte == escape {
                at += 1;
                if at == range.end {
                    break;
                }
                byte = bytes[at];
            }
            value.push(byte);
            at += 1;
        }
        // A bare `--` ends the flags; behind it everything is an argument.
        if value == b"--" {
            return (flags, at..range.end);
        }
        if quoted || !value.is_empty() {
            flags.push(RawFlag {
                range: start..at,
                value,
            });
        }
    }
}

/// Arguments separated by white space; quotes mean nothing.
pub(super) fn whitespace(bytes: &[u8], range: &Range<usize>) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let end = find(bytes, &(at..range.end), is_separator);
        words.push(at..end);
        at = skip(bytes, &(end..range.end), is_separator);
    }
    words
}

/// Words in which quotes and escapes hide white space. Both stay in the word, for the expansion
/// reads them; only an escape character at the very end is dropped.
pub(super) fn quoted_words(bytes: &[u8], range: &Range<usize>, escape: u8) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut at = range.start;
    loop {
        at = trim_start(bytes, at..range.end).start;
        if at >= range.end {
            return words;
        }
        let start = at;
        let mut end = at;
        let mut quote = None;
        while at < range.end {
            let (character, width) = decode(&bytes[..range.end], at);
            if quote.is_none() && character.is_whitespace() {
                break;
            }
            let escapes = bytes[at] == escape && quote != Some('\'');
            match quote {
                Some(mark) if mark == character => quote = None,
                None if character == '\'' || character == '"' => quote = Some(character),
                _ => {}
            }
            at += width;
            if escapes {
                if at >= range.end {
                    break;
                }
                at += decode(&bytes[..range.end], at).1;
            }
            end = at;
        }
        if end > start {
            words.push(start..end);
        }
    }
}

/// A `name=value` pair: ranges of both, and whether `=` stood between.
pub(super) struct RawPair {
    pub(super) name: Range<usize>,
    pub(super) value: Option<Range<usize>>,
    pub(super) has_equals: bool,
}

fn pair(bytes: &[u8], word: &Range<usize>) -> Option<RawPair> {
    let equals = find(bytes, word, |byte| byte == b'=');
    (equals < word.end).then(|| RawPair {
        name: word.start..equals,
        value: Some(equals + 1..word.end),
        has_equals: true,
    })
}

/// The pairs of ENV and LABEL, in both their forms.
pub(super) fn pairs(
    bytes: &[u8],
    range: &Range<usize>,
    escape: u8,
) -> Result<Vec<RawPair>, SplitError> {
    let words = quoted_words(bytes, range, escape);
    let Some(first) = words.first() else {
        return Ok(Vec::new());
    };
    if !bytes[first.clone()].contains(&b'=') {
        let end = find(bytes, range, is_separator);
        if end == range.end {
            return Err(SplitError::TwoArguments);
        }
        let value = skip(bytes, &(end..range.end), is_separator)..range.end;
        return Ok(vec![RawPair {
            name: range.start..end,
            value: Some(value),
            has_equals: false,
        }]);
    }
    words
        .into_iter()
        .map(|word| pair(bytes, &word).ok_or(SplitError::NoEquals(word)))
        .collect()
}

/// The definitions of ARG: names with or without a value.
pub(super) fn definitions(bytes: &[u8], range: &Range<usize>, escape: u8) -> Vec<RawPair> {
    quoted_words(bytes, range, escape)
        .into_iter()
        .map(|word| {
            pair(bytes, &word).unwrap_or(RawPair {
                name: word,
                value: None,
                has_equals: false,
            })
        })
        .collect()
}

/// The strings of an exec form; `None` where the text is not one.
pub(super) fn exec(bytes: &[u8], range: &Range<usize>) -> Result<Option<Vec<Placed>>, SplitError> {
    let range = trim_start(bytes, range.clone());
    if bytes[range.clone()].first() != Some(&b'[') {
        return Ok(None);
    }
    match json::read_array(bytes, range) {
        Json::Invalid => Ok(None),
        Json::NotStrings(culprit) => Err(SplitError::NotStrings(culprit)),
        Json::Strings(strings) => Ok(Some(strings)),
    }
}

/// HEALTHCHECK's kind and what stands behind it.
pub(super) fn healthcheck(
    bytes: &[u8],
    range: &Range<usize>,
) -> Option<(Range<usize>, Range<usize>)> {
    let end = find(bytes, range, is_latin1_space);
    (end > range.start).then(|| {
        let command = skip(bytes, &(end..range.end), is_latin1_space)..range.end;
        (range.start..end, command)
    })
}

fn find(bytes: &[u8], range: &Range<usize>, wanted: impl Fn(u8) -> bool) -> usize {
    bytes[range.clone()]
        .iter()
        .position(|byte| wanted(*byte))
        .map_or(range.end, |at| range.start + at)
}

fn skip(bytes: &[u8], range: &Range<usize>, unwanted: impl Fn(u8) -> bool) -> usize {
    find(bytes, range, |byte| !unwanted(byte))
}
