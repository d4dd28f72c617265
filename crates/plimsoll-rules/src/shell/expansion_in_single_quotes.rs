use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds `$name`, `${...}`, `$(...)` and backquotes between single quotes, except where the
    /// command reads them itself (`awk`, `perl`, `sh -c`, `jq`, `trap` and the like).
    ///
    /// ## Why it hurts in production
    /// The text goes through as it is: a file is written with `$VERSION` in it instead of the
    /// version. It is in the strict set because lines for a later shell are written on purpose in
    /// just this way.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN echo 'version $VERSION' > /etc/version
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN echo "version $VERSION" > /etc/version
    /// ```
    ///
    /// ## Fix
    /// None: only its author knows which shell is to expand it.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2016>
    ExpansionInSingleQuotes = "expansion-in-single-quotes",
    summary: "Single quotes keep this expansion from happening",
    severity: Low,
    confidence: Medium,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2016"],
    audience: Strict,
    edition: 2026,
}

const CODES: &[u16] = &[2016];

impl Rule for ExpansionInSingleQuotes {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            slip.report(
                sink,
                Confidence::Medium,
                "Nothing is expanded between single quotes: the text goes through as it is.".to_owned(),
            )
            .help("Use double quotes if the value is meant, and leave it if a later shell is to read it.");
        }
    }
}
