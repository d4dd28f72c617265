use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds backslashes outside of quotes in front of characters that mean nothing special.
    ///
    /// ## Why it hurts in production
    /// The shell drops it. `\n` without quotes is the letter n, and what was meant for `sed` or
    /// `grep` never gets there.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN sed -i s/a\=b/c/ /etc/app.conf
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN sed -i s/a=b/c/ /etc/app.conf
    /// ```
    ///
    /// ## Fix
    /// None: it may have been meant for the program.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC1001>
    NeedlessBackslash = "needless-backslash",
    summary: "A backslash in front of what needs none",
    severity: Info,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC1001", "SC1012"],
    audience: Strict,
    edition: 2026,
}

const CODES: &[u16] = &[1001, 1012];

impl Rule for NeedlessBackslash {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let character = slip.subject().escape_debug();
            slip.report(
                sink,
                Confidence::High,
                format!("The shell drops this backslash: `{character}` is just `{character}` to it."),
            )
            .help("Remove it, or put the word in single quotes if the program is to see it.");
        }
    }
}
