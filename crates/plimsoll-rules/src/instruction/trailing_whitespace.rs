use plimsoll_model::{Applicability, Edit, Fix, Span};

use crate::declare::declare_rule;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells white space at the end of a line, heredocs left aside.
    ///
    /// ## Why it hurts in production
    /// Behind a `\`, it is one of those lines that older parsers read otherwise; elsewhere it only makes
    /// differences that mean nothing, and hides those that do.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN make \
    #[doc = "   && make install  "]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN make \
    ///   && make install
    /// ```
    ///
    /// ## Fix
    /// Safe: it goes.
    ///
    /// ## References
    /// - <https://editorconfig.org/#supported-properties>
    TrailingWhitespace = "trailing-whitespace",
    summary: "White space at the end of a line",
    severity: Info,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["tally/no-trailing-spaces"],
    audience: Strict,
    edition: 2026,
}

impl Rule for TrailingWhitespace {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let bytes = file.dockerfile.source.bytes();
        let mut heredocs = (0..file.instruction_count()).flat_map(|index| {
            let instruction = unwrapped(file.instruction(index));
            instruction.heredocs.iter().map(|heredoc| heredoc.body.span)
        });
        let mut heredoc = heredocs.next();
        let mut start = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let from = start;
            start += line.len();
            while heredoc.is_some_and(|span| span.end <= from) {
                heredoc = heredocs.next();
            }
            if heredoc.is_some_and(|span| span.start <= from) {
                continue;
            }
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            let kept = text
                .iter()
                .rposition(|byte| !matches!(byte, b' ' | b'\t'))
                .map_or(0, |at| at + 1);
            if kept == text.len() {
                continue;
            }
            let span = Span::new(from + kept, from + text.len());
            sink.report(file.place(span), "This line ends in white space.")
                .help("Take it away.")
                .fix(Fix {
                    title: "Take the white space away".to_owned(),
                    applicability: Applicability::Safe,
                    edits: vec![Edit {
                        file: file.dockerfile.source.path().to_owned(),
                        span,
                        text: String::new(),
                    }],
                });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    const RULE: &str = "trailing-whitespace";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("blanks", "FROM a:1 \nRUN x\t\n \n", &[1, 2, 3]),
                ("in front of a Windows line end", "FROM a:1 \r\n", &[1]),
            ],
        );
        silent(
            RULE,
            &[
                ("none", "FROM a:1\n"),
                ("in a text", "FROM a:1\nCOPY <<EOF /x\na  \nEOF\n"),
            ],
        );

    }
}
