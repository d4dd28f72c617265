use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds `2>&1 > file`, which leaves errors on the terminal; `>` and `<` as a comparison inside
    /// `[ ]`, which write or read a file; redirections in the middle of a `find`; and files called
    /// like a command.
    ///
    /// ## Why it hurts in production
    /// A comparison that is none is always true and leaves a file called `2` in the image; errors
    /// that were to be logged are lost, or those that were to be silent are not.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN if [ "$(nproc)" > 2 ]; then make -j; else make; fi
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN if [ "$(nproc)" -gt 2 ]; then make -j; else make; fi
    /// ```
    ///
    /// ## Fix
    /// None.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2069>
    MisplacedRedirect = "misplaced-redirect",
    summary: "A redirection does something else than it seems to",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2069", "SC2071", "SC2073", "SC2227", "SC2238"],
    audience: Default,
    edition: 2026,
}

const CODES: &[u16] = &[2069, 2071, 2073, 2227, 2238];

impl Rule for MisplacedRedirect {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let (confidence, message, help) = match slip.code() {
                2069 => (
                    Confidence::High,
                    "Errors go where the output went before: `2>&1` stands in front of the file.",
                    "Write `> file 2>&1`.",
                ),
                2227 => (
                    Confidence::Medium,
                    "This redirects all that `find` prints, not only one of its commands.",
                    "Move it to the end, or into a `sh -c` of that command.",
                ),
                2238 => (
                    Confidence::Low,
                    "This writes or reads a file called like a command.",
                    "Use `|` if the command is meant.",
                ),
                _ => (
                    Confidence::High,
                    "Inside `[ ]` this is a redirection to a file, and no comparison.",
                    "Write `-gt` or `-lt`.",
                ),
            };
            slip.report(sink, confidence, message.to_owned()).help(help);
        }
    }
}
