use plimsoll_model::{Applicability, Confidence, Fix};

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds `*` and `?` at the beginning of an argument, with neither `./` nor `--` in front of
    /// them.
    ///
    /// ## Why it hurts in production
    /// A file called `-rf` in that folder is an option to the command. In a build folder whose
    /// files are known that hardly happens, hence the strict set.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN rm *.deb
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN rm ./*.deb
    /// ```
    ///
    /// ## Fix
    /// Unsafe: writes `./` in front; what the command prints changes with it.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2035>
    PatternAsOption = "pattern-as-option",
    summary: "A file whose name begins with a dash is taken for an option",
    severity: Info,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2035"],
    audience: Strict,
    edition: 2026,
}

const CODES: &[u16] = &[2035];

impl Rule for PatternAsOption {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let edit = slip.edit(slip.hint.start, slip.hint.start, "./".to_owned());
            let pattern = slip.subject().escape_debug();
            let reported = slip
                .report(
                    sink,
                    Confidence::High,
                    format!("What `{pattern}` matches may begin with a dash, and is an option then."),
                )
                .help("Write `./` in front of it, or `--` before the first one.");
            if let Some(edit) = edit {
                reported.fix(Fix {
                    title: "Write `./` in front".to_owned(),
                    applicability: Applicability::Unsafe,
                    edits: vec![edit],
                });
            }
        }
    }
}
