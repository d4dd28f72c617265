use plimsoll_model::{Applicability, Confidence, Fix};

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds `read` without `-r`.
    ///
    /// ## Why it hurts in production
    /// A backslash in the input disappears, and one at the end of a line joins it with the next.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN while read line; do echo "$line"; done < /list
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN while read -r line; do echo "$line"; done < /list
    /// ```
    ///
    /// ## Fix
    /// Unsafe: adds `-r`.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2162>
    ReadWithoutR = "read-without-r",
    summary: "`read` without `-r` eats backslashes",
    severity: Info,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2162"],
    audience: Strict,
    edition: 2026,
}

const CODES: &[u16] = &[2162];

impl Rule for ReadWithoutR {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let edit = slip.edit(slip.hint.end, slip.hint.end, " -r".to_owned());
            let reported = slip
                .report(
                    sink,
                    Confidence::High,
                    "Without `-r` this takes backslashes in its input for escapes.".to_owned(),
                )
                .help("Write `read -r`.");
            if let Some(edit) = edit {
                reported.fix(Fix {
                    title: "Write `read -r`".to_owned(),
                    applicability: Applicability::Unsafe,
                    edits: vec![edit],
                });
            }
        }
    }
}
