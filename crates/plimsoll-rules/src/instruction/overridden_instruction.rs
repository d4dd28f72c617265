use plimsoll_model::{Applicability, Severity};
use plimsoll_syntax::dockerfile::{Instruction, InstructionKind};

use super::mend;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a stage has more than one `CMD`, `ENTRYPOINT` or `HEALTHCHECK`. The place is the
    /// one that is overwritten; the one that counts is named beside it.
    ///
    /// ## Why it hurts in production
    /// Only the last one counts. The others look as if they did something, and the next person
    /// changes the wrong one.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM nginx:1.29
    /// CMD ["nginx"]
    /// CMD ["nginx", "-g", "daemon off;"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM nginx:1.29
    /// CMD ["nginx", "-g", "daemon off;"]
    /// ```
    ///
    /// ## Fix
    /// Safe: the one without effect is removed, unless comments stand in it.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/build-checks/multiple-instructions-disallowed/>
    OverriddenInstruction = "overridden-instruction",
    summary: "A later CMD, ENTRYPOINT or HEALTHCHECK overwrites this one",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: [
        "DL4003", "DL4004", "DL3012", "MultipleInstructionsDisallowed", "DS-0016", "DS016",
        "DS-0007", "DS007", "DS-0023", "DS023", "S6589",
    ],
    audience: Default,
    edition: 2026,
}

const CMD: &[&str] = &["DL4003", "MultipleInstructionsDisallowed", "DS-0016", "DS016", "S6589"];
const ENTRYPOINT: &[&str] = &["DL4004", "MultipleInstructionsDisallowed", "DS-0007", "DS007", "S6589"];
const HEALTHCHECK: &[&str] = &["DL3012", "MultipleInstructionsDisallowed", "DS-0023", "DS023"];

impl Rule for OverriddenInstruction {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            let mut seen: [Option<&Instruction>; 3] = [None; 3];
            for view in file.steps(stage) {
                let instruction = view.instruction;
                let (at, name, aliases) = match &instruction.kind {
                    InstructionKind::Cmd(_) => (0, "CMD", CMD),
                    InstructionKind::Entrypoint(_) => (1, "ENTRYPOINT", ENTRYPOINT),
                    InstructionKind::Healthcheck(_) => (2, "HEALTHCHECK", HEALTHCHECK),
                    _ => continue,
                };
                if let Some(before) = seen[at].replace(instruction) {
                    let reported = sink
                        .report(
                            file.place(before.span),
                            format!("This `{name}` has no effect: a later one in the stage overwrites it."),
                        )
                        .help(format!("Keep the `{name}` that is meant, and remove the other."))
                        .severity(if at == 0 { Severity::Low } else { Severity::Medium })
                        .aliases(aliases)
                        .confidence(mend::in_stage(stage))
                        .related(file.place(instruction.span), format!("this `{name}` overwrites it"));
                    if before.comments.is_empty() {
                        reported.fix(mend::fix(
                            file,
                            format!("Remove the `{name}` without effect"),
                            Applicability::Safe,
                            [(before.lines, String::new())],
                        ));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent, unsure};

    const RULE: &str = "overridden-instruction";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("CMD", "FROM a:1\nCMD b\nRUN x\nCMD c\n", &[2]),
                ("all but the last", "FROM a:1\nCMD b\nCMD c\nCMD d\n", &[2, 3]),
                ("ENTRYPOINT", "FROM a:1\nENTRYPOINT b\nENTRYPOINT c\n", &[2]),
                (
                    "HEALTHCHECK, NONE too",
                    "FROM a:1\nHEALTHCHECK CMD b\nHEALTHCHECK NONE\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("one each", "FROM a:1\nENTRYPOINT a\nCMD b\n"),
                ("one in each stage", "FROM a:1 AS x\nCMD b\nFROM x\nCMD c\n"),
                ("for others", "FROM a:1\nONBUILD CMD b\nCMD c\n"),
            ],
        );
        unsure(
            RULE,
            &[(
                "a stage that nothing needs",
                "FROM a:1 AS x\nCMD b\nCMD c\nFROM b:1\n",
            )],
        );
        assert_eq!(
            fixed(RULE, "FROM a:1\nCMD b \\\n  c\nUSER 1\nCMD d\n", &[]),
            "FROM a:1\nUSER 1\nCMD d\n"
        );
    }
}
