//! Rows of comma-separated values, RFC 4180 (<https://www.rfc-editor.org/rfc/rfc4180>).

use std::io::{BufRead, Read as _};

/// Longest row that is read, in bytes.
const MAX_ROW: usize = 1 << 20;

/// Gives one row after another.
pub(super) struct Rows<R> {
    from: R,
    line: u64,
    bytes: Vec<u8>,
}

impl<R: BufRead> Rows<R> {
    pub(super) fn new(from: R) -> Self {
        Self {
            from,
            line: 0,
            bytes: Vec::new(),
        }
    }

    /// The line that the last row ended in.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Reads a row's fields into `fields`; false at the end. Empty lines are passed over.
    ///
    /// # Errors
    /// It cannot be read, is too long or is no UTF-8.
    pub(super) fn next(&mut self, fields: &mut Vec<String>) -> Result<bool, String> {
        loop {
            self.bytes.clear();
            // Whether a quoted field goes on in the next line.
            let mut is_open = false;
            while self.bytes.is_empty() || is_open {
                let before = self.bytes.len();
                if !self.fill()? {
                    if self.bytes.is_empty() {
                        return Ok(false);
                    }
                    break;
                }
                let line = self.bytes.get(before..).unwrap_or_default();
                is_open ^= memchr::memchr_iter(b'"', line).count() % 2 == 1;
            }
            let row = self.bytes.trim_ascii_end();
            let row = row.strip_prefix(b"\xef\xbb\xbf").unwrap_or(row);
            if row.is_empty() {
                continue;
            }
            let row = std::str::from_utf8(row)
                .map_err(|_| format!("line {}: it is no UTF-8", self.line))?;
            split(row, fields);
            return Ok(true);
        }
    }

    /// Appends a line; false at the end.
    fn fill(&mut self) -> Result<bool, String> {
        let room = MAX_ROW.saturating_sub(self.bytes.len());
        let mut line = self.from.by_ref().take(room as u64 + 1);
        let read = line
            .read_until(b'\n', &mut self.bytes)
            .map_err(|error| format!("line {}: {error}", self.line + 1))?;
        self.line += u64::from(read > 0);
        if read > room {
            return Err(format!("line {}: it is too long", self.line));
        }
        Ok(read > 0)
    }
}

fn split(row: &str, fields: &mut Vec<String>) {
    fields.clear();
    let mut field = String::new();
    let mut quoted = false;
    let mut chars = row.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    fields.push(field);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(text: &[u8]) -> Result<Vec<Vec<String>>, String> {
        let mut rows = Rows::new(text);
        let mut all = Vec::new();
        let mut fields = Vec::new();
        while rows.next(&mut fields)? {
            all.push(fields.clone());
        }
        Ok(all)
    }

    #[test]
    fn quotes_hold_commas_and_lines_together() {
        let found = rows(b"\xef\xbb\xbfa,b\r\n\n\"1, \"\"one\"\"\nand more\",2\n,").unwrap();
        assert_eq!(
            found,
            [
                vec!["a".to_owned(), "b".to_owned()],
                vec!["1, \"one\"\nand more".to_owned(), "2".to_owned()],
                vec![String::new(), String::new()],
            ]
        );
        assert_eq!(rows(b"a,\"open\nmore").unwrap().len(), 1);
        assert!(rows(b"\xff\xfe\n").unwrap_err().contains("line 1"));
        let endless = [&b"\""[..], &vec![b'a'; MAX_ROW + 1]].concat();
        assert!(rows(&endless).is_err());
    }

    #[test]
    fn a_row_of_many_lines_is_looked_at_once() {
        let text = format!("\"{}\",b\nc", "\n".repeat(MAX_ROW - 16));
        let found = rows(text.as_bytes()).unwrap();
        assert_eq!((found.len(), found[0].len(), &found[1][0][..]), (2, 2, "c"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let _ = rows(&bytes);
        }
    }
}
