use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds `mkdir` with `-p` and `-m` for a path of several folders.
    ///
    /// ## Why it hurts in production
    /// The folders above get the default mode: what was meant to be private can be entered by
    /// everybody.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN mkdir -p -m 0700 /srv/app/private
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN mkdir -p /srv/app && mkdir -m 0700 /srv/app/private
    /// ```
    ///
    /// ## Fix
    /// None.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2174>
    ModeOfLastFolderOnly = "mode-of-last-folder-only",
    summary: "`mkdir -p -m` gives the mode to the last folder only",
    severity: Low,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["SC2174"],
    audience: Strict,
    edition: 2026,
}

const CODES: &[u16] = &[2174];

impl Rule for ModeOfLastFolderOnly {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            slip.report(
                sink,
                Confidence::High,
                "The folders that `-p` adds above the last one do not get this mode.".to_owned(),
            )
            .help("Make the folders above first, with the mode they should have.");
        }
    }
}
