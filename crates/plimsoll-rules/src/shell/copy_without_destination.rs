use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds `cp` and `mv` with one path and no target folder. `ln` with one path makes a link in
    /// the current folder, which may be meant: only those who ask are told.
    ///
    /// ## Why it hurts in production
    /// The command fails, and behind `;` nobody sees it: the file is not where the image needs it.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN cp /etc/app.conf.default; start-app
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN cp /etc/app.conf.default /etc/app.conf; start-app
    /// ```
    ///
    /// ## Fix
    /// None.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2224>
    CopyWithoutDestination = "copy-without-destination",
    summary: "`cp`, `mv` or `ln` with a single path",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2224", "SC2225", "SC2226"],
    audience: Default,
    edition: 2026,
}

const CODES: &[u16] = &[2224, 2225, 2226];

impl Rule for CopyWithoutDestination {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let confidence = match slip.code() {
                2226 => Confidence::Low,
                _ => Confidence::High,
            };
            let name = slip.subject().escape_debug();
            slip.report(
                sink,
                confidence,
                format!("This `{name}` names one path and no destination."),
            )
            .help("Name the destination, `.` for the current folder.");
        }
    }
}
