use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds an `echo` whose only argument is the output of a command.
    ///
    /// ## Why it hurts in production
    /// It hides whether the command failed and may change what it prints: white space is folded
    /// where the quotes are missing.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN echo "$(uname -r)" > /etc/kernel
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN uname -r > /etc/kernel
    /// ```
    ///
    /// ## Fix
    /// None.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2005>
    UselessEcho = "useless-echo",
    summary: "`echo $(command)` where the command alone would do",
    severity: Info,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2005"],
    audience: Strict,
    edition: 2026,
}

const CODES: &[u16] = &[2005];

impl Rule for UselessEcho {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            slip.report(
                sink,
                Confidence::High,
                "This `echo` only repeats what the command prints.".to_owned(),
            )
            .help("Run the command itself.");
        }
    }
}
