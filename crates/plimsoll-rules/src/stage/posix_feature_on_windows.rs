use plimsoll_model::{Applicability, Severity, Span};
use plimsoll_syntax::dockerfile::InstructionKind;

use crate::base::family;
use crate::declare::declare_rule;
use crate::instruction::mend;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a stage of a Windows image uses what only Linux containers have: `--chown`,
    /// `STOPSIGNAL`, `RUN --mount`.
    ///
    /// ## Why it hurts in production
    /// `--chown` and `STOPSIGNAL` are taken without a word and do nothing: files belong to somebody
    /// else than the file says, and the program is stopped in another way. `RUN --mount` fails when
    /// the step runs.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM mcr.microsoft.com/windows/servercore:ltsc2025
    /// COPY --chown=app:app app.exe C:/app/
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM mcr.microsoft.com/windows/servercore:ltsc2025
    /// COPY app.exe C:/app/
    /// ```
    ///
    /// ## Fix
    /// Safe: what does nothing is removed. A mount is left: what it brought has to come otherwise.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#copy---chown---chmod>
    PosixFeatureOnWindows = "posix-feature-on-windows",
    summary: "A Windows image uses what only Linux containers have",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: [
        "tally/windows/no-chown-flag", "tally/windows/no-stopsignal", "tally/windows/no-run-mounts",
    ],
    audience: Default,
    edition: 2026,
}

impl Rule for PosixFeatureOnWindows {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            let by_platform = |platform: &str| platform.to_ascii_lowercase().starts_with("windows");
            let bottom = file.bottom(stage);
            let windows = family::is_windows(&bottom.base)
                || bottom.platform.as_deref().is_some_and(by_platform);
            if !windows {
                continue;
            }
            for view in file.steps(stage) {
                let instruction = view.instruction;
                let flag = |name: &str| instruction.flags.iter().find(|flag| flag.name == name);
                match &instruction.kind {
                    InstructionKind::Copy(words) | InstructionKind::Add(words) => {
                        let (Some(flag), Some(first)) = (flag("chown"), words.first()) else {
                            continue;
                        };
                        let reported = sink
                            .report(
                                file.place(flag.span),
                                "`--chown` does nothing in a Windows container.",
                            )
                            .help("Leave it out, and set rights with `icacls` in a `RUN` where they matter.")
                            .aliases(&["tally/windows/no-chown-flag"])
                            .confidence(mend::in_stage(stage));
                        let bytes = file.dockerfile.source.bytes();
                        let limit = first.span.start.clamp(flag.span.end, bytes.len());
                        let blank = bytes[flag.span.end..limit]
                            .iter()
                            .take_while(|byte| matches!(byte, b' ' | b'\t'))
                            .count();
                        reported.fix(mend::fix(
                            file,
                            "Remove `--chown`",
                            Applicability::Safe,
                            [(
                                Span::new(flag.span.start, flag.span.end + blank),
                                String::new(),
                            )],
                        ));
                    }
                    InstructionKind::Stopsignal(_) => {
                        let reported = sink
                            .report(
                                file.place(instruction.span),
                                "`STOPSIGNAL` does nothing in a Windows container, which has no signals.",
                            )
                            .help("Remove it, and let the program handle the console's shutdown event.")
                            .aliases(&["tally/windows/no-stopsignal"])
                            .confidence(mend::in_stage(stage));
                        if instruction.comments.is_empty() {
                            reported.fix(mend::fix(
                                file,
                                "Remove `STOPSIGNAL`",
                                Applicability::Safe,
                                [(instruction.lines, String::new())],
                            ));
                        }
                    }
                    InstructionKind::Run(_) => {
                        let Some(flag) = flag("mount") else { continue };
                        sink.report(
                            file.place(flag.span),
                            "A Windows container has no build mounts: the step fails.",
                        )
                        .help("Copy what the step needs, or do it in a Linux stage.")
                        .severity(Severity::High)
                        .aliases(&["tally/windows/no-run-mounts"])
                        .confidence(mend::in_stage(stage));
                    }
                    _ => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent};

    const RULE: &str = "posix-feature-on-windows";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("an owner", "FROM x/windows/nanoserver:1\nADD --chown=a b C:/\n", &[2]),
                ("a signal", "FROM x/windows/nanoserver:1\nSTOPSIGNAL SIGINT\n", &[2]),
                ("a mount", "FROM x/windows/nanoserver:1\nRUN --mount=type=cache,target=C:/c x\n", &[2]),
                ("by its platform", "FROM --platform=windows/amd64 a:1\nSTOPSIGNAL 9\n", &[2]),
                ("in the stage below", "FROM x/windows/servercore:1 AS a\nFROM a\nSTOPSIGNAL 9\n", &[3]),
            ],
        );
        silent(
            RULE,
            &[
                ("Linux", "FROM a:1\nCOPY --chown=a b /\nSTOPSIGNAL 9\n"),
                ("nothing of it", "FROM x/windows/nanoserver:1\nCOPY b C:/\nRUN x\n"),
            ],
        );
        assert_eq!(
            fixed(RULE, "FROM x/windows/nanoserver:1\nCOPY --chown=a --from=b:1 c C:/\nSTOPSIGNAL 9\nUSER 1\n", &[]),
            "FROM x/windows/nanoserver:1\nCOPY --from=b:1 c C:/\nUSER 1\n"
        );
    }
}
