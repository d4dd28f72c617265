//! Takes the values of secrets out of everything a step writes.

use std::collections::HashMap;
use std::sync::Mutex;

use super::filesync::lock;

/// Shorter values tell nothing apart from ordinary text; taking them out would only spoil the log.
const SHORTEST: usize = 3;

/// A line without an end is held back up to this many bytes.
const LONGEST_LINE: usize = 64 << 10;

const MASK: &[u8] = b"***";

/// Knows the values that were handed out.
#[derive(Default)]
pub(crate) struct Redactor {
    /// Longest first, so that a value inside another one does not break it up.
    values: Mutex<Vec<Vec<u8>>>,
}

impl Redactor {
    /// Remembers a value, and each of its lines: programs print keys line by line.
    pub(crate) fn learn(&self, value: &[u8]) {
        let mut values = lock(&self.values);
        let whole = std::iter::once(value.trim_ascii());
        for part in whole.chain(value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii)) {
            if part.len() >= SHORTEST && !values.iter().any(|known| known == part) {
                values.push(part.to_vec());
            }
        }
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    }

    /// `text` without any of the values.
    pub(crate) fn clean(&self, text: &[u8]) -> Vec<u8> {
        let mut text = text.to_vec();
        for value in lock(&self.values).iter() {
            text = replace(&text, value);
        }
        text
    }

    /// `text` without any of the values.
    pub(crate) fn clean_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.clean(text.as_bytes())).into_owned()
    }

    fn knows_any(&self) -> bool {
        !lock(&self.values).is_empty()
    }
}

fn replace(text: &[u8], value: &[u8]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find(rest, value) {
        clean.extend_from_slice(&rest[..at]);
        clean.extend_from_slice(MASK);
        rest = &rest[at + value.len()..];
    }
    clean.extend_from_slice(rest);
    clean
}

fn find(text: &[u8], value: &[u8]) -> Option<usize> {
    let first = *value.first()?;
    let mut from = 0;
    while let Some(at) = text.get(from..)?.iter().position(|byte| *byte == first) {
        if text[from + at..].starts_with(value) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

/// Cleans streams that arrive in pieces: a value may be cut in two between them.
pub(crate) struct StreamRedactor<'a> {
    redactor: &'a Redactor,
    held: HashMap<(String, i64), Vec<u8>>,
}

impl<'a> StreamRedactor<'a> {
    pub(crate) fn new(redactor: &'a Redactor) -> Self {
        Self {
            redactor,
            held: HashMap::new(),
        }
    }

    /// Takes a piece and gives what may be shown by now: whole lines, once there are secrets.
    pub(crate) fn push(&mut self, vertex: &str, stream: i64, data: &[u8]) -> Vec<u8> {
        let key = (vertex.to_owned(), stream);
        let mut text = self.held.remove(&key).unwrap_or_default();
        text.extend_from_slice(data);
        if !self.redactor.knows_any() {
            return text;
        }
        let end = text
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        // A line that long is shown as it is, save for what could be the start of a value.
        let end = if text.len() - end > LONGEST_LINE {
            let longest = lock(&self.redactor.values).first().map_or(0, Vec::len);
            text.len() - longest.min(text.len())
        } else {
            end
        };
        let rest = text.split_off(end);
        if !rest.is_empty() {
            self.held.insert(key, rest);
        }
        self.redactor.clean(&text)
    }

    /// What is held back of a vertex that has ended.
    pub(crate) fn finish(&mut self, vertex: &str) -> Vec<(i64, Vec<u8>)> {
        let mut ended: Vec<(i64, Vec<u8>)> = Vec::new();
        self.held.retain(|(name, stream), text| {
            if name == vertex {
                ended.push((*stream, self.redactor.clean(text)));
            }
            name != vertex
        });
        ended.sort();
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_masked_also_across_pieces_and_lines() {
        let redactor = Redactor::default();
        redactor.learn(b"hunter2\n");
        redactor.learn(b"-----BEGIN\nabcdef\n-----END\n");
        redactor.learn(b"ab");
        let mut stream = StreamRedactor::new(&redactor);
        assert_eq!(stream.push("v", 1, b"say hun"), b"");
        assert_eq!(stream.push("v", 2, b"other\n"), b"other\n");
        assert_eq!(stream.push("v", 1, b"ter2!\nkey abc"), b"say ***!\n");
        assert_eq!(stream.push("v", 1, b"def\nab hunter2"), b"key ***\n");
        assert_eq!(stream.finish("v"), vec![(1, b"ab ***".to_vec())]);
        assert!(stream.finish("v").is_empty());
        assert_eq!(
            redactor.clean_text("hunter hunter2hunter2"),
            "hunter ******"
        );
    }

    #[test]
    fn a_value_cut_inside_an_endless_line_is_still_masked() {
        let redactor = Redactor::default();
        redactor.learn(b"0123456789");
        let mut stream = StreamRedactor::new(&redactor);
        let mut shown = stream.push("v", 1, &[b'x'; LONGEST_LINE]);
        shown.extend(stream.push("v", 1, b"x01234"));
        shown.extend(stream.push("v", 1, b"56789y\n"));
        let text = String::from_utf8(shown).unwrap();
        assert!(text.ends_with("x***y\n"), "{}", &text[text.len() - 20..]);
        assert_eq!(text.len(), LONGEST_LINE + 6);
    }
}
