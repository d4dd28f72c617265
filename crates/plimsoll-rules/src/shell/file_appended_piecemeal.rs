use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds three and more commands in a row that each append to the same file.
    ///
    /// ## Why it hurts in production
    /// It is long to read, and one `>` among the `>>` empties the file.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN echo a >> /f; echo b >> /f; echo c >> /f
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN { echo a; echo b; echo c; } >> /f
    /// ```
    ///
    /// ## Fix
    /// None.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2129>
    FileAppendedPiecemeal = "file-appended-piecemeal",
    summary: "A file is opened for every line that is added",
    severity: Info,
    confidence: High,
    category: Efficiency,
    depth: Dockerfile,
    aliases: ["SC2129"],
    audience: Strict,
    edition: 2026,
}

const CODES: &[u16] = &[2129];

impl Rule for FileAppendedPiecemeal {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            slip.report(
                sink,
                Confidence::High,
                "These commands in a row append to the same file.".to_owned(),
            )
            .help("Write `{ command; command; } >> file`, or a heredoc.");
        }
    }
}
