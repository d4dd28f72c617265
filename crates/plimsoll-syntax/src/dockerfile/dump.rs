//! The syntax tree in the form BuildKit's own dumper prints.

use std::fmt::Write as _;
use std::ops::Range;

use super::Dockerfile;
use super::instruction::explain;
use super::line::Line;
use super::scan::{Logical, Piece, Refusal, scan};
use super::split::{self, Head, RawPair, SplitError};

/// The tree of `file` as `frontend/dockerfile/parser` dumps it: one parenthesised line for each
/// instruction.
///
/// # Errors
/// BuildKit's own message where its parser refuses the file.
pub fn ast_dump(file: &Dockerfile) -> Result<String, String> {
    let scan = scan(file.source.bytes());
    let mut refused: Option<(usize, Refusal)> = None;
    let mut refuse = |at: usize, refusal: Refusal| {
        if refused.as_ref().is_none_or(|(first, _)| at < *first) {
            refused = Some((at, refusal));
        }
    };
    let mut out = String::new();
    for piece in &scan.pieces {
        let Piece::Logical(Logical { line, .. }) = piece else {
            continue;
        };
        let printer = Printer {
            line,
            escape: scan.escape,
        };
        out.push('(');
        if let Err((range, refusal)) = printer.node(0..line.bytes.len(), 0, &mut out) {
            refuse(line.span(&range).start, refusal);
        }
        out.push_str(")\n");
    }
    for (span, refusal) in scan.errors {
        refuse(span.start, refusal);
    }
    match refused {
        Some((_, refusal)) => Err(refusal.in_buildkits_words()),
        None => Ok(out),
    }
}

struct Printer<'a> {
    line: &'a Line,
    escape: u8,
}

impl Printer<'_> {
    fn node(
        &self,
        range: Range<usize>,
        depth: usize,
        out: &mut String,
    ) -> Result<(), (Range<usize>, Refusal)> {
        let bytes = &self.line.bytes;
        let head = split::head(bytes, range, self.escape);
        let keyword = String::from_utf8_lossy(&bytes[head.keyword.clone()]).to_lowercase();
        let start = out.len();
        out.push_str(&keyword);
        for (at, flag) in head.flags.iter().enumerate() {
            out.push_str(if at == 0 { " [" } else { " " });
            // BuildKit reads flags byte by byte, each byte a character of its own.
            let characters: String = flag.value.iter().copied().map(char::from).collect();
            out.push_str(&quote(characters.as_bytes()));
        }
        if !head.flags.is_empty() {
            out.push(']');
        }
        if keyword == "onbuild" {
            if depth >= split::ONBUILD_LIMIT {
                return Err((head.keyword, Refusal::OnbuildTooDeep));
            }
            if !head.arguments.is_empty() {
                out.push_str(" (");
                self.node(head.arguments, depth + 1, out)?;
                out.push(')');
            }
        } else {
            self.arguments(&keyword, &head, out)
                .map_err(|error| explain(self.line, &head, error, &keyword))?;
        }
        if keyword.is_empty() {
            // The dumper trims what it prints.
            let printed = out[start..].trim().to_owned();
            out.replace_range(start.., &printed);
        }
        Ok(())
    }

    fn arguments(&self, keyword: &str, head: &Head, out: &mut String) -> Result<(), SplitError> {
        let bytes = &self.line.bytes;
        let range = &head.arguments;
        match keyword {
            "env" | "label" => {
                for pair in split::pairs(bytes, range, self.escape)? {
                    self.pair(&pair, out);
                }
            }
            "arg" => {
                for pair in split::definitions(bytes, range, self.escape) {
                    let end = pair.value.map_or(pair.name.end, |value| value.end);
                    self.lossy(&(pair.name.start..end), out);
                }
            }
            "from" | "expose" => self.whitespace(range, out),
            "copy" | "add" | "volume" => {
                if !self.exec(range, out)? {
                    self.whitespace(range, out);
                }
            }
            "run" | "cmd" | "entrypoint" | "shell" => self.command(range, out)?,
            "maintainer" | "stopsignal" | "user" | "workdir" => {
                if !range.is_empty() {
                    self.raw(range, out);
                }
            }
            "healthcheck" => {
                if let Some((kind, command)) = split::healthcheck(bytes, range) {
                    self.raw(&kind, out);
                    self.command(&command, out)?;
                }
            }
            _ => out.push_str(" \"\""),
        }
        Ok(())
    }

    fn command(&self, range: &Range<usize>, out: &mut String) -> Result<(), SplitError> {
        if !self.exec(range, out)? && !range.is_empty() {
            self.raw(range, out);
        }
        Ok(())
    }

    fn exec(&self, range: &Range<usize>, out: &mut String) -> Result<bool, SplitError> {
        let Some(strings) = split::exec(&self.line.bytes, range)? else {
            return Ok(false);
        };
        for (value, _) in strings {
            out.push(' ');
            out.push_str(&quote(value.as_bytes()));
        }
        Ok(true)
    }

    fn whitespace(&self, range: &Range<usize>, out: &mut String) {
        for word in split::whitespace(&self.line.bytes, range) {
            self.raw(&word, out);
        }
    }

    fn pair(&self, pair: &RawPair, out: &mut String) {
        let value = pair.value.clone().unwrap_or_default();
        if pair.has_equals {
            self.lossy(&pair.name, out);
            self.lossy(&value, out);
            out.push_str(" \"=\"");
        } else {
            self.raw(&pair.name, out);
            self.raw(&value, out);
            out.push_str(" \"\"");
        }
    }

    fn raw(&self, range: &Range<usize>, out: &mut String) {
        out.push(' ');
        out.push_str(&quote(&self.line.bytes[range.clone()]));
    }

    /// Words BuildKit reads character by character: bytes that are not UTF-8 are lost on the way.
    fn lossy(&self, range: &Range<usize>, out: &mut String) {
        let text = String::from_utf8_lossy(&self.line.bytes[range.clone()]);
        out.push(' ');
        out.push_str(&quote(text.as_bytes()));
    }
}

/// `bytes` as Go's `strconv.Quote` writes them.
pub(super) fn quote(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\u{7}' => out.push_str("\\a"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{b}' => out.push_str("\\v"),
                ' '..='~' => out.push(character),
                character if is_printable(character) => out.push(character),
                character => {
                    let code = u32::from(character);
                    // Writing to a string cannot fail.
                    let _ = match code {
                        0..=0x7f => write!(out, "\\x{code:02x}"),
                        0x80..=0xffff => write!(out, "\\u{code:04x}"),
                        _ => write!(out, "\\U{code:08x}"),
                    };
                }
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out.push('"');
    out
}

/// Go's `strconv.IsPrint` for characters outside ASCII: `escape_debug` leaves the same categories
/// alone, except that it escapes a combining mark at the start of a text.
fn is_printable(character: char) -> bool {
    !character.is_ascii_control()
        && ['a', character]
            .iter()
            .collect::<String>()
            .escape_debug()
            .nth(1)
            != Some('\\')
}
