use plimsoll_model::{Applicability, Confidence, Fix};

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds `cd`, `pushd` and `popd` after which commands run whether or not it worked: no `&&` or
    /// `||` behind it, no `set -e` in the script and none in `SHELL`.
    ///
    /// ## Why it hurts in production
    /// The folder is missing once, after an archive changed its name, and everything behind `;`
    /// runs where the build happened to stand. With `rm -rf` in it that is the root of the image.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN cd /src/build; rm -rf ./*
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN cd /src/build && rm -rf ./*
    /// ```
    ///
    /// ## Fix
    /// Unsafe: adds `|| exit 1`.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2164>
    UnguardedCd = "unguarded-cd",
    summary: "What follows a failed `cd` runs in the wrong folder",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2164"],
    audience: Default,
    edition: 2026,
}

const CODES: &[u16] = &[2164];

impl Rule for UnguardedCd {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let certain = slip.has_more() && !slip.shell.errexit;
            let confidence = if certain { Confidence::High } else { Confidence::Low };
            let name = slip.subject().escape_debug();
            let edit = slip.edit(slip.hint.end, slip.hint.end, " || exit 1".to_owned());
            let reported = slip
                .report(
                    sink,
                    confidence,
                    format!("If this `{name}` fails, what follows runs in whatever folder it is in."),
                )
                .help("Join what follows with `&&`, or start the script with `set -e`.");
            if let Some(edit) = edit {
                reported.fix(Fix {
                    title: "Stop where it fails".to_owned(),
                    applicability: Applicability::Unsafe,
                    edits: vec![edit],
                });
            }
        }
    }
}
