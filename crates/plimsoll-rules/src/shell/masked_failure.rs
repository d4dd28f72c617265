use plimsoll_model::{Applicability, Confidence, Edit, Fix, Span};
use plimsoll_syntax::dockerfile::{CommandForm, InstructionKind};

use super::errexit;
use super::kind::ShellKind;
use super::run::{Run, runs};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` goes on behind `;` after a command that does work (an install, a
    /// download, a build), and no `set -e` ends it when that fails.
    ///
    /// ## Why it hurts in production
    /// Only the last command decides whether the step failed. The install breaks, the cleanup
    /// behind it does not: the build is green and the image lacks what was to be installed.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN apt-get install -y curl; rm -rf /var/lib/apt/lists/*
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN apt-get install -y curl && rm -rf /var/lib/apt/lists/*
    /// ```
    ///
    /// ## Fix
    /// Unsafe: `set -e` is put in front. What failed unseen until now stops the build.
    ///
    /// ## References
    /// - <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_26>
    MaskedFailure = "masked-failure",
    summary: "A command fails behind `;` and the step does not",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for MaskedFailure {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let source = file.dockerfile.source.bytes();
        for run in runs(file) {
            if !run.instruction.heredocs.is_empty() {
                continue;
            }
            for script in file.scripts(run.view) {
                if script.shell.kind == ShellKind::Absent || !script.script.errors.is_empty() {
                    continue;
                }
                let Some(command) = errexit::first_masked(script, source) else {
                    continue;
                };
                let name = command.program().unwrap_or_default().escape_debug();
                let reported = sink
                    .report(
                        file.place(script.command_span(command)),
                        format!("If `{name}` fails here, the step goes on, and its last command alone decides."),
                    )
                    .help("Join with `&&`, or start the `RUN` with `set -e`.")
                    .confidence(run.confidence(Confidence::High));
                if let Some(fix) = fix(file, run) {
                    reported.fix(fix);
                }
            }
        }
    }
}

fn fix(file: &ProjectFile<'_>, run: Run<'_>) -> Option<Fix> {
    let InstructionKind::Run(command) = &run.instruction.kind else {
        return None;
    };
    let CommandForm::Shell(text) = &command.form else {
        return None;
    };
    Some(Fix {
        title: "Put `set -e` in front".to_owned(),
        applicability: Applicability::Unsafe,
        edits: vec![Edit {
            file: file.dockerfile.source.path().to_owned(),
            span: Span::new(text.span.start, text.span.start),
            text: "set -e; ".to_owned(),
        }],
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "masked-failure";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("a download", "FROM a:1\nRUN true; \\\n curl -fO x; ls\n", &[3]),
                (
                    "a chain in front",
                    "FROM a:1\nRUN apt-get update && apt-get install -y x; rm -rf /var/lib/apt/lists/*\n",
                    &[2],
                ),
                (
                    "in front of a loop",
                    "FROM a:1\nRUN make; for x in a b; do echo $x; done\n",
                    &[2],
                ),
                (
                    "in JSON",
                    "FROM a:1\nRUN [\"bash\", \"-c\", \"npm ci; ls\"]\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("it stops", "FROM a:1\nRUN set -eux; make; make install\n"),
                (
                    "its shell stops",
                    "FROM a:1\nSHELL [\"/bin/bash\", \"-ec\"]\nRUN make; ls\n",
                ),
                ("joined", "FROM a:1\nRUN make && ls\n"),
                ("nothing behind", "FROM a:1\nRUN ls; make;\n"),
                ("meant", "FROM a:1\nRUN make || true; ls\n"),
                ("meant to fail", "FROM a:1\nRUN ! make; ls\n"),
                ("in a condition", "FROM a:1\nRUN if make; then ls; fi\n"),
                ("in the background", "FROM a:1\nRUN make & ls\n"),
                ("no work", "FROM a:1\nRUN echo a; mkdir b; ls\n"),
            ],
        );
        unsure(
            RULE,
            &[(
                "a stage that is not built",
                "FROM a:1 AS t\nRUN make; ls\nFROM scratch\n",
            )],
        );
    }
}
