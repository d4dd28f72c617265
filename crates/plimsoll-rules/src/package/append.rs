//! Edits that add a command at the end of a RUN.

use plimsoll_model::{Edit, Span};
use plimsoll_syntax::dockerfile::{CommandForm, Instruction, InstructionKind};

use crate::project::ProjectFile;

/// The edit that runs `added` behind everything else a RUN does; `None` where it would mean another
/// thing there.
pub(crate) fn appended(file: &ProjectFile<'_>, run: &Instruction, added: &str) -> Option<Edit> {
    let InstructionKind::Run(command) = &run.kind else {
        return None;
    };
    let CommandForm::Shell(text) = &command.form else {
        return None;
    };
    if !run.heredocs.is_empty() {
        return None;
    }
    let bytes = file.dockerfile.source.bytes();
    let written = command.span.of(bytes);
    let end = command.span.start + written.trim_ascii_end().len();
    // Behind an open end, or behind what may be a comment to the shell, it would mean another thing.
    let last = written.trim_ascii_end().last()?;
    if matches!(last, b';' | b'&' | b'|' | b'\\' | b'`') || text.value.contains('#') {
        return None;
    }
    let several_lines = written.contains(&b'\n');
    let text = if several_lines {
        let indent = indentation(written);
        let line_end = if written.windows(2).any(|pair| pair == b"\r\n") {
            "\r\n"
        } else {
            "\n"
        };
        let escape = char::from(file.dockerfile.escape);
        format!(" {escape}{line_end}{indent}&& {added}")
    } else {
        format!(" && {added}")
    };
    Some(Edit {
        file: file.dockerfile.source.path().to_owned(),
        span: Span::new(end, end),
        text,
    })
}

/// The white space in front of the first continuation line that begins with an operator, else of
/// the first at all.
fn indentation(written: &[u8]) -> String {
    let lines: Vec<&[u8]> = written.split(|b| *b == b'\n').skip(1).collect();
    let line = lines
        .iter()
        .find(|line| line.trim_ascii_start().starts_with(b"&&"))
        .or(lines.first());
    line.map(|line| {
        let width = line.len() - line.trim_ascii_start().len();
        line[..width]
            .iter()
            .map(|b| char::from(*b))
            .filter(|c| matches!(c, ' ' | '\t'))
            .collect()
    })
    .unwrap_or_default()
}
