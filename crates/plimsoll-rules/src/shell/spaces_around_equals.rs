use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds `NAME= value`, which runs `value` with an empty variable, and commands whose first
    /// argument starts with `=`. Both may be meant, hence the strict set.
    ///
    /// ## Why it hurts in production
    /// What looks like an assignment sets nothing, and what looks like its value runs as a command.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN PREFIX= /opt/install
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN PREFIX="" /opt/install
    /// ```
    ///
    /// ## Fix
    /// None: it may be meant.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC1007>
    SpacesAroundEquals = "spaces-around-equals",
    summary: "Spaces beside `=` make an assignment something else",
    severity: Low,
    confidence: Medium,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC1007", "SC2283", "SC2284", "SC2285"],
    audience: Strict,
    edition: 2026,
}

const CODES: &[u16] = &[1007, 2283, 2284, 2285];

impl Rule for SpacesAroundEquals {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let name = slip.subject().escape_debug();
            let message = match slip.code() {
                1007 => format!("Behind the space a command begins: `{name}` is empty for it."),
                _ => "With a space in front of it, `=` belongs to an argument and assigns nothing.".to_owned(),
            };
            slip.report(sink, Confidence::Medium, message)
                .help("Take the spaces away to assign; write `NAME=\"\"` where it is to be empty.");
        }
    }
}
