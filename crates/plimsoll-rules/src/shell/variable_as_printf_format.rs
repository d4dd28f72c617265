use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds a `printf` whose first argument holds a variable and no directive such as `%s`.
    ///
    /// ## Why it hurts in production
    /// A `%` or a backslash in the value is taken for a directive: the text comes out garbled, or
    /// `printf` fails.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN printf "$GREETING\n" > /etc/motd
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN printf '%s\n' "$GREETING" > /etc/motd
    /// ```
    ///
    /// ## Fix
    /// None: where the value ends and the text begins is for its author to say.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2059>
    VariableAsPrintfFormat = "variable-as-printf-format",
    summary: "A variable stands where `printf` expects its format",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2059"],
    audience: Strict,
    edition: 2026,
}

const CODES: &[u16] = &[2059];

impl Rule for VariableAsPrintfFormat {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            slip.report(
                sink,
                Confidence::High,
                "What `printf` takes for its format holds a variable.".to_owned(),
            )
            .help("Write the format yourself and hand the value on: `printf '%s\\n' \"$value\"`.");
        }
    }
}
