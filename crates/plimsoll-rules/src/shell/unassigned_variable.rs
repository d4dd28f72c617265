use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds variables with small letters in their names that a script reads and nothing sets: no
    /// assignment in it, no `ARG`, no `ENV`. Of names in capitals, which may come from the base
    /// image, it speaks only where another one differs by a letter or two.
    ///
    /// ## Why it hurts in production
    /// It is empty: a path loses a part, a version becomes the newest, a test succeeds. Nothing
    /// fails, and the image is not the one that was meant.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// ARG VERSION=1.2
    /// RUN curl -fsSLo /app.tgz "https://example.org/app-${version}.tgz"
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// ARG VERSION=1.2
    /// RUN curl -fsSLo /app.tgz "https://example.org/app-${VERSION}.tgz"
    /// ```
    ///
    /// ## Fix
    /// None: only its author knows what it should hold.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2154>
    UnassignedVariable = "unassigned-variable",
    summary: "A variable is read that nothing sets",
    severity: Medium,
    confidence: Medium,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2154", "SC2153"],
    audience: Default,
    edition: 2026,
}

const CODES: &[u16] = &[2153, 2154];

impl Rule for UnassignedVariable {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let name = slip.subject().escape_debug();
            let message = match slip.code() {
                2153 => format!("Nothing sets `{name}`, and something else has nearly that name."),
                _ => format!("Nothing sets `{name}`: it is empty here."),
            };
            slip.report(sink, Confidence::Medium, message)
                .help("Declare it with `ARG`, set it in the script, or write `${name:-}` where it may be empty.");
        }
    }
}
