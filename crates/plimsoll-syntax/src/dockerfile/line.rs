//! A logical line: physical lines joined at their continuations, which remembers where each of its
//! bytes stands in the file.

use std::ops::Range;

use plimsoll_model::Span;

use super::{Text, Word};

/// The bytes BuildKit's line parsers see.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) bytes: Vec<u8>,
    /// `(offset in bytes, offset in the file)` at the start of each contiguous run, ascending.
    runs: Vec<(usize, usize)>,
}

impl Line {
    /// Appends the bytes that `span` covers in `file`.
    pub(super) fn push(&mut self, file: &[u8], span: Span) {
        if !span.is_empty() || self.runs.is_empty() {
            self.runs.push((self.bytes.len(), span.start));
            self.bytes.extend_from_slice(span.of(file));
        }
    }

    /// Where byte `at` stands in the file.
    fn source(&self, at: usize) -> usize {
        let run = self.runs.partition_point(|(joined, _)| *joined <= at);
        match run.checked_sub(1).map(|run| self.runs[run]) {
            Some((joined, source)) => source + (at - joined),
            None => 0,
        }
    }

    /// Where a range stands in the file; a range over a continuation covers the bytes between.
    pub(super) fn span(&self, range: &Range<usize>) -> Span {
        if range.is_empty() {
            // The place behind the byte before, not the start of the next physical line.
            let at = match range.start.checked_sub(1) {
                Some(before) => self.source(before) + 1,
                None => self.source(0),
            };
            return Span::new(at, at);
        }
        Span::new(self.source(range.start), self.source(range.end - 1) + 1)
    }

    /// The range as text with its own map into the file.
    pub(super) fn text(&self, range: &Range<usize>) -> Text {
        let mut text = Text {
            value: String::with_capacity(range.len()),
            runs: Vec::new(),
            span: self.span(range),
        };
        let mut at = range.start;
        for chunk in self.bytes[range.clone()].utf8_chunks() {
            let end = at + chunk.valid().len();
            if at < end {
                let offset = text.value.len();
                text.runs.push((offset, self.source(at)));
                let first = self.runs.partition_point(|(joined, _)| *joined <= at);
                text.runs.extend(
                    self.runs[first..]
                        .iter()
                        .take_while(|(joined, _)| *joined < end)
                        .map(|(joined, source)| (offset + joined - at, *source)),
                );
                text.value.push_str(chunk.valid());
                at = end;
            }
            if !chunk.invalid().is_empty() {
                text.runs.push((text.value.len(), self.source(at)));
                text.value.push(char::REPLACEMENT_CHARACTER);
                at += chunk.invalid().len();
            }
        }
        text
    }

    /// The range as a word.
    pub(super) fn word(&self, range: &Range<usize>) -> Word {
        Word {
            value: String::from_utf8_lossy(&self.bytes[range.clone()]).into_owned(),
            span: self.span(range),
        }
    }
}

/// The character at `at` and its width; U+FFFD of width 1 where the bytes are not UTF-8, as Go
/// decodes.
pub(super) fn decode(bytes: &[u8], at: usize) -> (char, usize) {
    let rest = &bytes[at..];
    match rest.first() {
        None => (char::REPLACEMENT_CHARACTER, 0),
        Some(byte) if byte.is_ascii() => (char::from(*byte), 1),
        Some(_) => {
            let window = &rest[..rest.len().min(4)];
            let valid = match std::str::from_utf8(window) {
                Ok(valid) => valid,
                Err(error) => {
                    std::str::from_utf8(&window[..error.valid_up_to()]).unwrap_or_default()
                }
            };
            match valid.chars().next() {
                Some(character) => (character, character.len_utf8()),
                None => (char::REPLACEMENT_CHARACTER, 1),
            }
        }
    }
}

/// Whether Go's `unicode.IsSpace` holds for a byte read as a Latin-1 character.
pub(super) fn is_latin1_space(byte: u8) -> bool {
    char::from(byte).is_whitespace()
}

/// The white space at which BuildKit splits arguments.
pub(super) fn is_separator(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x0b | 0x0c | b'\r' | b' ')
}

/// `range` without Unicode white space at its start.
pub(super) fn trim_start(bytes: &[u8], mut range: Range<usize>) -> Range<usize> {
    while range.start < range.end {
        let (character, width) = decode(&bytes[..range.end], range.start);
        if !character.is_whitespace() {
            break;
        }
        range.start += width;
    }
    range
}

/// `range` without Unicode white space at either end.
pub(crate) fn trim(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let mut range = trim_start(bytes, range);
    while range.start < range.end {
        let mut start = range.end - 1;
        while start > range.start && range.end - start < 4 && bytes[start] & 0xc0 == 0x80 {
            start -= 1;
        }
        let (character, width) = decode(&bytes[..range.end], start);
        if !character.is_whitespace() || start + width != range.end {
            break;
        }
        range.end = start;
    }
    range
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_maps_back_over_continuations_and_bad_bytes() {
        let file = b"RUN a \\\n  b\xffc\n";
        let mut line = Line::default();
        line.push(file, Span::new(0, 6));
        line.push(file, Span::new(8, 13));
        assert_eq!(line.bytes, b"RUN a   b\xffc");
        let text = line.text(&(4..11));
        assert_eq!(text.value, "a   b\u{fffd}c");
        assert_eq!(text.source_span(0, 1), Span::new(4, 5));
        assert_eq!(text.source_span(4, 5), Span::new(10, 11));
        assert_eq!(text.source_span(8, 9), Span::new(12, 13));
        assert_eq!(text.source_span(0, 9), Span::new(4, 13));
    }

    #[test]
    fn trims_unicode_space_and_leaves_bad_bytes() {
        let bytes = "\u{a0} a\u{2003}\u{85}".as_bytes();
        assert_eq!(&bytes[trim(bytes, 0..bytes.len())], b"a");
        assert_eq!(trim(b"\xa0a\xa0", 0..3), 0..3);
        assert_eq!(trim(b"  ", 0..2), 2..2);
    }
}
