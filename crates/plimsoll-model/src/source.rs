//! Source files and places in them.

use std::sync::Arc;

/// A half-open range of byte offsets into one source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte.
    pub end: usize,
}

impl Span {
    /// The range from `start` up to but not including `end`.
    pub fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end, "span {start}..{end} runs backwards");
        Self { start, end }
    }

    /// Length in bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the range holds no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether `other` lies wholly inside this range.
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The smallest range that holds both.
    pub fn cover(self, other: Self) -> Self {
        Self::new(self.start.min(other.start), self.end.max(other.end))
    }

    /// The bytes of this range; an empty slice where the range lies outside `bytes`.
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start..self.end).unwrap_or_default()
    }
}

/// A place as people count: both 1-based, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line number, from 1.
    pub line: usize,
    /// Column number in characters, from 1. A byte that is not valid UTF-8 counts as one.
    pub column: usize,
}

/// Finds lines and columns from byte offsets.
#[derive(Clone, Debug)]
pub struct LineIndex {
    /// Offset of each line's first byte.
    starts: Vec<usize>,
    /// On long lines, every so many bytes: the offset of a character and its column. Without them
    /// a file of one line takes its length squared.
    milestones: Vec<(usize, usize)>,
}

/// Bytes between two milestones, at least.
const STRIDE: usize = 1024;

/// The number of characters in `bytes`, each byte that is not UTF-8 being one.
fn characters(bytes: &[u8]) -> usize {
    bytes
        .utf8_chunks()
        .map(|chunk| chunk.valid().chars().count() + chunk.invalid().len())
        .sum()
}

/// Where the columns of a line start that starts at `start`: a byte order mark is not a column a
/// person sees.
fn first_column(start: usize, bytes: &[u8]) -> usize {
    if start == 0 && bytes.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        start
    }
}

impl LineIndex {
    /// Indexes `bytes`; lines end at `\n`.
    pub fn new(bytes: &[u8]) -> Self {
        let mut starts = vec![0];
        starts.extend(
            bytes
                .iter()
                .enumerate()
                .filter(|(_, byte)| **byte == b'\n')
                .map(|(at, _)| at + 1),
        );
        let mut milestones = Vec::new();
        for (at, start) in starts.iter().enumerate() {
            let end = starts.get(at + 1).copied().unwrap_or(bytes.len());
            let (mut from, mut column) = (first_column(*start, bytes), 1);
            while end - from.min(end) > STRIDE {
                // Counting may only be taken up again where a character starts.
                let Some(next) =
                    (from + STRIDE..end).find(|next| bytes[*next] & 0b1100_0000 != 0b1000_0000)
                else {
                    break;
                };
                column += characters(&bytes[from..next]);
                from = next;
                milestones.push((from, column));
            }
        }
        Self { starts, milestones }
    }

    /// The 1-based line that holds `offset`.
    pub fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// The number of lines; a trailing newline opens one more.
    pub fn line_count(&self) -> usize {
        self.starts.len()
    }

    /// Byte range of a 1-based line without its line end; empty past the end.
    pub fn line_span(&self, line: usize, bytes: &[u8]) -> Span {
        let Some(start) = line.checked_sub(1).and_then(|at| self.starts.get(at)) else {
            return Span::new(bytes.len(), bytes.len());
        };
        let mut end = self.starts.get(line).map_or(bytes.len(), |next| next - 1);
        if end > *start && bytes.get(end - 1) == Some(&b'\r') {
            end -= 1;
        }
        Span::new(*start, end)
    }

    /// Line and column of `offset` (clamped to the end of `bytes`).
    pub fn position(&self, offset: usize, bytes: &[u8]) -> Position {
        let offset = offset.min(bytes.len());
        let line = self.line(offset);
        let mut from = self.starts[line - 1];
        let mut column = 1;
        if offset >= first_column(from, bytes) {
            from = first_column(from, bytes);
        }
        let passed = self.milestones.partition_point(|(at, _)| *at <= offset);
        if let Some((at, there)) = passed.checked_sub(1).map(|last| self.milestones[last])
            && at >= from
        {
            (from, column) = (at, there);
        }
        column += characters(&bytes[from..offset]);
        Position { line, column }
    }
}

/// One file that people wrote: its name as shown to people, and its bytes.
///
/// Cheap to clone. The bytes are whatever lay on disk: not necessarily UTF-8.
#[derive(Clone, Debug)]
pub struct SourceFile {
    inner: Arc<SourceFileInner>,
}

#[derive(Debug)]
struct SourceFileInner {
    path: String,
    bytes: Vec<u8>,
    lines: LineIndex,
}

impl SourceFile {
    /// A file shown as `path` (as the user named it, `/`-separated, `-` for standard input).
    pub fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        let lines = LineIndex::new(&bytes);
        Self {
            inner: Arc::new(SourceFileInner {
                path: path.into(),
                bytes,
                lines,
            }),
        }
    }

    /// The name shown to people.
    pub fn path(&self) -> &str {
        &self.inner.path
    }

    /// The file's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.inner.bytes
    }

    /// Its line index.
    pub fn lines(&self) -> &LineIndex {
        &self.inner.lines
    }

    /// Line and column of a byte offset.
    pub fn position(&self, offset: usize) -> Position {
        self.inner.lines.position(offset, &self.inner.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_skip_the_mark() {
        let file = SourceFile::new("f", "\u{feff}FROM ä\nRUN x\r\n".as_bytes());
        assert_eq!(file.position(3), Position { line: 1, column: 1 });
        assert_eq!(file.position(10), Position { line: 1, column: 7 });
        assert_eq!(file.position(11), Position { line: 2, column: 1 });
        assert_eq!(file.lines().line_span(2, file.bytes()), Span::new(11, 16));
        assert_eq!(file.position(999), Position { line: 3, column: 1 });
    }

    #[test]
    fn long_lines_are_counted_like_short_ones() {
        for unit in ["a", "ä", "€", "\u{1f40b}"] {
            let mut bytes = "\u{feff}".as_bytes().to_vec();
            bytes.extend(unit.repeat(5000).as_bytes());
            bytes.extend(b"\xff\x80\x80");
            bytes.extend(unit.repeat(5000).as_bytes());
            bytes.push(b'\n');
            bytes.extend(unit.repeat(3000).as_bytes());
            let file = SourceFile::new("f", bytes);
            let width = unit.len();
            for (offset, line, column) in [
                (3 + 4999 * width, 1, 5000),
                (3 + 5000 * width + 3, 1, 5004),
                (3 + 10_000 * width + 3, 1, 10_004),
                (3 + 10_000 * width + 4, 2, 1),
                (3 + 12_999 * width + 4, 2, 3000),
            ] {
                assert_eq!(
                    file.position(offset),
                    Position { line, column },
                    "{unit} {offset}"
                );
            }
        }
    }
}
