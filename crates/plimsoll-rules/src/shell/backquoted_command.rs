use plimsoll_model::{Applicability, Confidence, Fix};

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds commands in backquotes.
    ///
    /// ## Why it hurts in production
    /// Backslashes and quotes between backquotes follow rules of their own, and one inside another
    /// has to be escaped: the next edit of such a line breaks easily.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN test -d "/lib/`uname -m`-linux-gnu"
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN test -d "/lib/$(uname -m)-linux-gnu"
    /// ```
    ///
    /// ## Fix
    /// Safe: writes `$(` and `)` instead, where no backslash and no other backquote stands between
    /// them.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2006>
    BackquotedCommand = "backquoted-command",
    summary: "Backquotes around a command, where `$(...)` is easier to read",
    severity: Info,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2006"],
    audience: Strict,
    edition: 2026,
}

const CODES: &[u16] = &[2006];

impl Rule for BackquotedCommand {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let inside = slip
                .written()
                .strip_prefix('`')
                .and_then(|rest| rest.strip_suffix('`'))
                .filter(|inside| !inside.contains(['`', '\\', '#', '"']) && !inside.starts_with('('));
            let edits = inside.and_then(|_| {
                let (start, end) = (slip.hint.start, slip.hint.end);
                Some(vec![
                    slip.edit(start, start + 1, "$(".to_owned())?,
                    slip.edit(end - 1, end, ")".to_owned())?,
                ])
            });
            let reported = slip
                .report(
                    sink,
                    Confidence::High,
                    "This command stands in backquotes.".to_owned(),
                )
                .help("Write `$(command)`: it nests, and quotes in it mean what they mean elsewhere.");
            if let Some(edits) = edits {
                reported.fix(Fix {
                    title: "Write `$(...)`".to_owned(),
                    applicability: Applicability::Safe,
                    edits,
                });
            }
        }
    }
}
