use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds `[word]` outside of quotes, which matches one of those characters in a file name, as
    /// in `pip install package[extra]`.
    ///
    /// ## Why it hurts in production
    /// As long as no file has such a name the shell hands it on as it is. One file called
    /// `packagee` in the folder changes what is installed.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM python:3.12
    /// RUN pip install uvicorn[standard]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM python:3.12
    /// RUN pip install 'uvicorn[standard]'
    /// ```
    ///
    /// ## Fix
    /// None.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2102>
    UnquotedBrackets = "unquoted-brackets",
    summary: "Brackets without quotes are a pattern for one character",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2102"],
    audience: Strict,
    edition: 2026,
}

const CODES: &[u16] = &[2102];

impl Rule for UnquotedBrackets {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let inside = slip.subject().escape_debug();
            slip.report(
                sink,
                Confidence::High,
                format!("Without quotes `[{inside}]` matches one of these characters in a file name."),
            )
            .help("Put the word in single quotes.");
        }
    }
}
