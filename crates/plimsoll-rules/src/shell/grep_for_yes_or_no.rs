use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds `grep … | wc -l`, and tests whether the output of `grep` is empty.
    ///
    /// ## Why it hurts in production
    /// It reads to the end where the first match would do, and hides whether `grep` failed.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN if [ -n "$(grep app /etc/passwd)" ]; then exit 1; fi
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN if grep -q app /etc/passwd; then exit 1; fi
    /// ```
    ///
    /// ## Fix
    /// None.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2126>
    GrepForYesOrNo = "grep-for-yes-or-no",
    summary: "Output of `grep` is counted or compared where it can answer itself",
    severity: Info,
    confidence: High,
    category: Efficiency,
    depth: Dockerfile,
    aliases: ["SC2126", "SC2143"],
    audience: Strict,
    edition: 2026,
}

const CODES: &[u16] = &[2126, 2143];

impl Rule for GrepForYesOrNo {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let (message, help) = match slip.code() {
                2126 => ("`grep` can count its matches itself.", "Write `grep -c`."),
                _ => (
                    "This compares output where `grep` could say yes or no.",
                    "Write `grep -q`, with `!` in front where nothing must be found.",
                ),
            };
            slip.report(sink, Confidence::High, message.to_owned()).help(help);
        }
    }
}
