//! The exec form: a JSON array of strings, with the place of each string.

use std::ops::Range;

/// A decoded string and the range of its literal, quotes included.
pub(super) type Placed = (String, Range<usize>);

/// What a text that starts with `[` turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Json {
    /// Not JSON: BuildKit then reads it as shell form.
    Invalid,
    /// JSON, but not only strings in it: BuildKit refuses the file. The range of the culprit.
    NotStrings(Range<usize>),
    /// Strings.
    Strings(Vec<Placed>),
}

/// Go refuses deeper nesting.
const DEPTH_LIMIT: usize = 10_000;

/// Reads `range` of `bytes` by the rules of Go's `encoding/json`.
pub(super) fn read_array(bytes: &[u8], range: Range<usize>) -> Json {
    let mut reader = Reader {
        bytes: &bytes[..range.end],
        at: range.start,
    };
    reader.array().unwrap_or(Json::Invalid)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn array(&mut self) -> Option<Json> {
        self.byte(b'[')?;
        let mut strings = Vec::new();
        let mut culprit = None;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
        } else {
            loop {
                self.space();
                let start = self.at;
                if self.peek() == Some(b'"') {
                    let value = self.string()?;
                    strings.push((value, start..self.at));
                } else {
                    self.value()?;
                    culprit.get_or_insert(start..self.at);
                }
                self.space();
                match self.next()? {
                    b',' => {}
                    b']' => break,
                    _ => return None,
                }
            }
        }
        self.space();
        if self.at != self.bytes.len() {
            return None;
        }
        Some(match culprit {
            Some(range) => Json::NotStrings(range),
            None => Json::Strings(strings),
        })
    }

    /// Any value that is not a string at the top. Nesting is kept on a heap stack: hostile depth
    /// must not reach the thread's.
    fn value(&mut self) -> Option<()> {
        let mut open = Vec::new();
        loop {
            self.space();
            // One value, or the opening of one.
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'[' | b'{' => {
                    let bracket = self.next()?;
                    if open.len() + 1 >= DEPTH_LIMIT {
                        return None;
                    }
                    self.space();
                    if self.peek() == Some(if bracket == b'[' { b']' } else { b'}' }) {
                        self.at += 1;
                    } else {
                        open.push(bracket);
                        if bracket == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                b't' => self.literal(b"true")?,
                b'f' => self.literal(b"false")?,
                b'n' => self.literal(b"null")?,
                _ => self.number()?,
            }
            // What may stand behind a value.
            loop {
                let Some(bracket) = open.last() else {
                    return Some(());
                };
                self.space();
                match (self.next()?, bracket) {
                    (b',', b'{') => {
                        self.key()?;
                        break;
                    }
                    (b',', _) => break,
                    (b']', b'[') | (b'}', b'{') => {
                        open.pop();
                    }
                    _ => return None,
                }
            }
        }
    }

    fn key(&mut self) -> Option<()> {
        self.space();
        self.string()?;
        self.space();
        self.byte(b':')
    }

    fn literal(&mut self, word: &[u8]) -> Option<()> {
        self.bytes[self.at..]
            .starts_with(word)
            .then(|| self.at += word.len())
    }

    fn number(&mut self) -> Option<()> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.next()? {
            b'0' => {}
            b'1'..=b'9' => {
                self.digits();
            }
            _ => return None,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            (self.digits() > 0).then_some(())?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            (self.digits() > 0).then_some(())?;
        }
        // Go fails on a number that no float64 holds, which sends the text to shell form.
        let text = std::str::from_utf8(&self.bytes[start..self.at]).ok()?;
        text.parse::<f64>().ok()?.is_finite().then_some(())
    }

    fn digits(&mut self) -> usize {
        let count = self.bytes[self.at..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        self.at += count;
        count
    }

    fn string(&mut self) -> Option<String> {
        self.byte(b'"')?;
        let mut value = Vec::new();
        loop {
            match self.next()? {
                b'"' => return Some(String::from_utf8_lossy(&value).into_owned()),
                b'\\' => {
                    let character = match self.next()? {
                        byte @ (b'"' | b'\\' | b'/') => char::from(byte),
                        b'b' => '\u{8}',
                        b'f' => '\u{c}',
                        b'n' => '\n',
                        b'r' => '\r',
                        b't' => '\t',
                        b'u' => self.unicode()?,
                        _ => return None,
                    };
                    value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                byte if byte < 0x20 => return None,
                byte => value.push(byte),
            }
        }
    }

    /// The character of `\uXXXX`, or of a surrogate pair; a lone surrogate is U+FFFD.
    fn unicode(&mut self) -> Option<char> {
        let high = self.hex()?;
        if (0xd800..0xdc00).contains(&high) && self.bytes[self.at..].starts_with(b"\\u") {
            let behind = self.at;
            self.at += 2;
            let low = self.hex()?;
            if (0xdc00..0xe000).contains(&low) {
                return char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
            }
            self.at = behind;
        }
        Some(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Option<u32> {
        let mut value = 0;
        for _ in 0..4 {
            value = value * 16 + char::from(self.next()?).to_digit(16)?;
        }
        Some(value)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn byte(&mut self, expected: u8) -> Option<()> {
        (self.next()? == expected).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Json {
        read_array(text.as_bytes(), 0..text.len())
    }

    #[test]
    fn strings_are_decoded_and_placed() {
        let Json::Strings(strings) = read(r#"[ "a\n\u00e4\ud83d\ude00" , "" ] "#) else {
            panic!("not strings");
        };
        assert_eq!(strings[0], ("a\nä😀".to_owned(), 2..25));
        assert_eq!(strings[1], (String::new(), 28..30));
        assert_eq!(read("[]"), Json::Strings(Vec::new()));
    }

    #[test]
    fn what_is_not_json_is_told_from_what_is_not_strings() {
        for text in [
            "[",
            "['a']",
            "[\"a\",]",
            "[\"a\"] x",
            "[1e999]",
            "[\"\t\"]",
            "[{\"a\"}]",
            "[01]",
        ] {
            assert_eq!(read(text), Json::Invalid, "{text}");
        }
        assert_eq!(
            read(r#"["a", [{"b": [1, null]}, {}], "c"]"#),
            Json::NotStrings(6..28)
        );
        assert_eq!(read("[\"a\", -1.5e3]"), Json::NotStrings(6..12));
        assert_eq!(read(&"[".repeat(1 << 20)), Json::Invalid);
    }
}
