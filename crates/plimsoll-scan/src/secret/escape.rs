//! Letters that are written otherwise: as numbers, `\u30d1`, as Java's properties and JSON have them,
//! and as escapes in quotes.

use std::borrow::Cow;

/// A text with each `\uXXXX` as the letter it stands for; none where it has none.
pub(super) fn unescaped(text: &str) -> Option<String> {
    text.contains("\\u").then(|| {
        let mut letters = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("\\u") {
            letters.push_str(&rest[..at]);
            rest = &rest[at..];
            let length = match number(rest.as_bytes()) {
                Some(number) => {
                    // Half of a pair is a letter beyond the first 65,536, whichever it is.
                    let letter = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
                    letters.push(letter);
                    LENGTH
                }
                None => {
                    letters.push_str("\\u");
                    2
                }
            };
            rest = &rest[length..];
        }
        letters.push_str(rest);
        letters
    })
}

/// How long `\uXXXX` is.
pub(super) const LENGTH: usize = 6;

/// The letter that is written as a number where some bytes begin.
pub(super) fn number(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    let digits = std::str::from_utf8(digits).ok()?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u32::from_str_radix(digits, 16).ok())?
}

/// A word without its quotes and escapes.
#[derive(Default)]
pub(super) struct Unquoted {
    pub(super) text: String,
    /// Where each byte of it begins and ends in the text it was taken from.
    places: Vec<(usize, usize)>,
}

impl Unquoted {
    /// Where a part of the word stands in the text it was taken from.
    pub(super) fn place(&self, start: usize, end: usize) -> (usize, usize) {
        let places = self.places.get(start..end).unwrap_or_default();
        match (places.first(), places.last()) {
            (Some((start, _)), Some((_, end))) => (*start, *end),
            _ => {
                let at = self.places.get(start).map(|(start, _)| *start);
                let at = at.or_else(|| self.places.last().map(|(_, end)| *end));
                let at = at.unwrap_or_default();
                (at, at)
            }
        }
    }

    /// Appends a letter that is written from one place to another.
    pub(super) fn push(&mut self, letter: char, from: usize, to: usize) {
        self.text.push(letter);
        self.places
            .extend(std::iter::repeat_n((from, to), letter.len_utf8()));
    }
}

/// What stands in quotes, as JSON, YAML and Go mean it.
pub(super) fn said(written: &str) -> Cow<'_, str> {
    let Some(first) = written.find('\\') else {
        return Cow::Borrowed(written);
    };
    let mut letters = written[..first].to_owned();
    let mut rest = &written[first..];
    while let Some(c) = rest.chars().next() {
        let (c, length) = match c {
            '\\' => letter(rest),
            _ => (c, c.len_utf8()),
        };
        letters.push(c);
        rest = &rest[length..];
    }
    Cow::Owned(letters)
}

/// The letter that the escape stands for which a text begins with, and how long the escape is.
pub(super) fn letter(text: &str) -> (char, usize) {
    let coded = |digits: usize| {
        let code = text.get(2..2 + digits)?;
        let letter = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
        Some((letter, 2 + digits))
    };
    let Some(c) = text[1..].chars().next() else {
        return ('\\', 1);
    };
    let plain = match c {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'a' | 'b' | 'f' | 'v' => ' ',
        'x' => return coded(2).unwrap_or(('x', 2)),
        'u' => return coded(4).unwrap_or(('u', 2)),
        'U' => return coded(8).unwrap_or(('U', 2)),
        other => other,
    };
    (plain, 1 + c.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_in_quotes() {
        assert_eq!(said("plain"), "plain");
        assert_eq!(said("a\\u0026b\\\"c\\\\d\\/e\\x41\\n"), "a&b\"c\\d/eA\n");
        assert_eq!(said("\\"), "\\");
        assert_eq!(said("é\\é\\u12"), "ééu12");
    }

    #[test]
    fn letters_as_numbers() {
        assert_eq!(unescaped("plain\\n"), None);
        assert_eq!(unescaped("Cl\\u00e9 \\u0026\\u").unwrap(), "Clé &\\u");
        assert_eq!(unescaped("\\ud83d\\ude00").unwrap(), "\u{fffd}\u{fffd}");
        assert_eq!(unescaped("\\u+123\\u12é").unwrap(), "\\u+123\\u12é");
    }
}
