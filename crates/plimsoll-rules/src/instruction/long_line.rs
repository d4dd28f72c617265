use plimsoll_model::Span;
use plimsoll_syntax::dockerfile::Item;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells lines of more than 160 columns, heredocs and single words (addresses, checksums) left aside.
    ///
    /// ## Why it hurts in production
    /// What stands beyond the edge is not read in a review: an option that is missing, a download that
    /// was added.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl git gnupg jq less locales make openssh-client procps rsync tar unzip wget xz-utils zip
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN apt-get update \
    ///     && apt-get install -y --no-install-recommends \
    ///         ca-certificates curl git gnupg jq less locales make openssh-client procps rsync tar \
    ///         unzip wget xz-utils zip
    /// ```
    ///
    /// ## Fix
    /// None: where it is broken is a matter of taste.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#sort-multi-line-arguments>
    LongLine = "long-line",
    summary: "A line is too long to be read",
    severity: Info,
    confidence: High,
    category: Operability,
    depth: Dockerfile,
    aliases: ["S7020"],
    audience: Strict,
    edition: 2026,
}

impl Rule for LongLine {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let bytes = file.dockerfile.source.bytes();
        for item in &file.dockerfile.items {
            let Item::Instruction(instruction) = item else {
                continue;
            };
            let mut start = instruction.span.start;
            for line in instruction.span.of(bytes).split_inclusive(|byte| *byte == b'\n') {
                let from = start;
                start += line.len();
                if line.len() <= LIMIT {
                    continue;
                }
                let text = String::from_utf8_lossy(line);
                let longest = text.split_whitespace().map(str::len).max().unwrap_or(0);
                let columns = text.trim_end().chars().count();
                // One word that long cannot be broken.
                if columns <= LIMIT || longest + 60 > columns {
                    continue;
                }
                let end = from + line.trim_ascii_end().len();
                sink.report(
                    file.place(Span::new(from, end)),
                    format!("This line has {columns} columns."),
                )
                .help("Break it where a command or a group of words ends.");
            }
        }
    }
}

/// Columns that a reader has.
const LIMIT: usize = 160;


#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    const RULE: &str = "long-line";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("a chain", "FROM a:1\nRUN x \\\n && echo some more words && echo some more words && echo some more words && echo some more words && echo some more words && echo some more words && echo some more words && echo some more words && true\n", &[3]),
            ],
        );
        silent(
            RULE,
            &[
                ("short ones", "FROM a:1\nRUN x \\\n && y\n"),
                ("one address", "FROM a:1\nRUN curl -fsSLO https://e.com/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"),
                ("a text", "FROM a:1\nCOPY <<EOF /x\nword word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word \nEOF\n"),
            ],
        );

    }
}
