use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds `! command` as a statement of its own in a script under `set -e`. The shell exempts it
    /// from `set -e`.
    ///
    /// ## Why it hurts in production
    /// It was written as a check, "this must not be there", and it checks nothing: the build goes
    /// on in either case.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN set -e; ! grep -q secret /etc/app.conf; /install
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN set -e; if grep -q secret /etc/app.conf; then exit 1; fi; /install
    /// ```
    ///
    /// ## Fix
    /// None.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2251>
    NegationThatStopsNothing = "negation-that-stops-nothing",
    summary: "A command behind `!` does not stop the script, whatever it does",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2251"],
    audience: Default,
    edition: 2026,
}

const CODES: &[u16] = &[2251];

impl Rule for NegationThatStopsNothing {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            slip.report(
                sink,
                Confidence::High,
                "`set -e` does not look at what stands behind `!`: this stops nothing.".to_owned(),
            )
            .help("Write `if command; then exit 1; fi`.");
        }
    }
}
