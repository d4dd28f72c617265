use plimsoll_model::{Applicability, Edit, Fix, Span};
use plimsoll_syntax::dockerfile::Item;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells three or more empty lines in a row.
    ///
    /// ## Why it hurts in production
    /// It does not. It makes a file longer than what it says.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    ///
    ///
    ///
    /// CMD ["true"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    ///
    /// CMD ["true"]
    /// ```
    ///
    /// ## Fix
    /// Safe: one stays.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/>
    RepeatedBlankLines = "repeated-blank-lines",
    summary: "Several empty lines in a row",
    severity: Info,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["tally/no-multiple-empty-lines"],
    audience: Strict,
    edition: 2026,
}

impl Rule for RepeatedBlankLines {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let bytes = file.dockerfile.source.bytes();
        for item in &file.dockerfile.items {
            let Item::Blank(span) = item else { continue };
            let lines = span.of(bytes).split_inclusive(|byte| *byte == b'\n');
            let ends: Vec<usize> = lines.map(<[u8]>::len).collect();
            if ends.len() < 3 {
                continue;
            }
            let second = span.start + ends[0];
            let rest = Span::new(second, span.end);
            sink.report(file.place(rest), "One empty line would do.")
                .help("Take the others away.")
                .fix(Fix {
                    title: "Keep one of them".to_owned(),
                    applicability: Applicability::Safe,
                    edits: vec![Edit {
                        file: file.dockerfile.source.path().to_owned(),
                        span: rest,
                        text: String::new(),
                    }],
                });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    const RULE: &str = "repeated-blank-lines";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("three", "FROM a:1\n\n\n\nRUN x\n", &[3]),
            ],
        );
        silent(
            RULE,
            &[
                ("two", "FROM a:1\n\n\nRUN x\n"),
                ("in a text", "FROM a:1\nCOPY <<EOF /x\n\n\n\n\nEOF\n"),
            ],
        );

    }
}
