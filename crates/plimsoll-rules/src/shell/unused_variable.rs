use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds variables that a script sets, does not read and does not export. A program that it
    /// starts sees them only where they were in its environment before.
    ///
    /// ## Why it hurts in production
    /// `GOPATH=/go && go get …` looks like a setting and is none: the command runs without it.
    /// Otherwise it is a misspelt name or a leftover.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN PREFIX=/opt && make install
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN PREFIX=/opt make install
    /// ```
    ///
    /// ## Fix
    /// None: whether to export or to remove it is for its author to say.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2034>
    UnusedVariable = "unused-variable",
    summary: "A variable is set and nothing reads it",
    severity: Low,
    confidence: Medium,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2034"],
    audience: Default,
    edition: 2026,
}

const CODES: &[u16] = &[2034];

impl Rule for UnusedVariable {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let name = slip.subject().escape_debug();
            slip.report(
                sink,
                Confidence::Medium,
                format!("`{name}` is set, and neither read nor exported."),
            )
            .help("Write it in front of the command that needs it, without `&&`, or export it.");
        }
    }
}
