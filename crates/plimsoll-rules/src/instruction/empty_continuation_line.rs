use plimsoll_model::{Applicability, Span};
use plimsoll_syntax::dockerfile::Instruction;

use super::mend;
use crate::declare::declare_rule;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that an empty line stands inside an instruction that goes over several lines. It is
    /// told at the line where the instruction ends, as BuildKit does.
    ///
    /// ## Why it hurts in production
    /// BuildKit skips such lines today and says that it will refuse them one day. To the eye the
    /// instruction ends there, and what follows looks like something else.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12.11
    /// RUN apt-get update && \
    ///
    ///     apt-get install -y curl
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12.11
    /// RUN apt-get update && \
    ///     apt-get install -y curl
    /// ```
    ///
    /// ## Fix
    /// Safe: the empty lines are removed.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/build-checks/no-empty-continuation/>
    EmptyContinuationLine = "empty-continuation-line",
    summary: "An empty line stands inside an instruction",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["NoEmptyContinuation"],
    audience: Default,
    edition: 2026,
}

impl Rule for EmptyContinuationLine {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for instruction in file.dockerfile.instructions() {
            let (empty, last) = look(file, instruction);
            let Some(first) = empty.first() else { continue };
            let mut reported = sink
                .report(
                    file.place(last),
                    match empty.len() {
                        1 => "A line inside this instruction is empty.".to_owned(),
                        many => format!("{many} lines inside this instruction are empty."),
                    },
                )
                .help("Remove the empty lines, or put a `#` comment there.");
            reported = reported.related(file.place(Span::new(first.start, first.start)), "here");
            reported.fix(mend::fix(
                file,
                "Remove the empty lines",
                Applicability::Safe,
                empty.into_iter().map(|line| (line, String::new())),
            ));
        }
    }
}

/// The empty lines of an instruction, and its last line in front of any heredoc.
fn look(file: &ProjectFile<'_>, instruction: &Instruction) -> (Vec<Span>, Span) {
    let bytes = file.dockerfile.source.bytes();
    let lines = instruction.lines;
    let end = unwrapped(instruction)
        .heredocs
        .first()
        .map_or(lines.end, |heredoc| heredoc.body.span.start)
        .clamp(lines.start, lines.end);
    let mut empty = Vec::new();
    let mut last = Span::new(lines.start, lines.start);
    let mut at = lines.start;
    while at < end {
        let next = memchr::memchr(b'\n', &bytes[at..end]).map_or(end, |line| at + line + 1);
        let line = Span::new(at, next);
        let text = line.of(bytes);
        let is_empty = std::str::from_utf8(text)
            .map_or_else(|_| text.trim_ascii().is_empty(), |text| text.trim().is_empty());
        if is_empty {
            empty.push(line);
        }
        last = line;
        at = next;
    }
    // The line end is no part of the place.
    let kept = last.of(bytes).trim_ascii_end().len();
    let indent = last.of(bytes).len() - last.of(bytes).trim_ascii_start().len();
    let start = last.start + indent.min(kept);
    (empty, Span::new(start, last.start + kept.max(indent.min(kept))))
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent};

    const RULE: &str = "empty-continuation-line";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("one", "FROM a:1\nRUN a \\\n\n  b\n", &[4]),
                ("of spaces", "FROM a:1\nRUN a \\\n  \t\n  b \\\n  c\n", &[5]),
                ("two, told once", "FROM a:1\nRUN a \\\n\n  b \\\n\n  c\n", &[6]),
                ("behind the last", "FROM a:1\nRUN a \\\n\n", &[3]),
            ],
        );
        silent(
            RULE,
            &[
                ("a comment", "FROM a:1\nRUN a \\\n  # b\n  c\n"),
                ("between instructions", "FROM a:1\n\nRUN a\n\n\nRUN b\n"),
                ("inside a heredoc", "FROM a:1\nRUN <<EOF\na\n\nb\nEOF\n"),
            ],
        );
        assert_eq!(
            fixed(RULE, "FROM a:1\nRUN a \\\n\n  b \\\n \n  c\n", &[]),
            "FROM a:1\nRUN a \\\n  b \\\n  c\n"
        );
    }
}
