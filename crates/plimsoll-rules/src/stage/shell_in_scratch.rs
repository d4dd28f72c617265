use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::{Base, CommandForm, InstructionKind};

use crate::declare::declare_rule;
use crate::instruction::mend;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a stage from `scratch` runs a line in a shell. Where files were copied into the
    /// stage, one of them may be a shell: then it is only told where it is asked for.
    ///
    /// ## Why it hurts in production
    /// The empty image has no `/bin/sh`: the build fails at that line.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM scratch
    /// RUN mkdir /data
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM scratch
    /// WORKDIR /data
    /// ```
    ///
    /// ## Fix
    /// None: what the line does has to move into a stage that has a shell.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/base-images/#create-a-minimal-base-image-using-scratch>
    ShellInScratch = "shell-in-scratch",
    summary: "A stage from scratch runs a line in a shell it does not have",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["tally/shell-run-in-scratch"],
    audience: Default,
    edition: 2026,
}

impl Rule for ShellInScratch {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let stages = &file.resolution.stages;
        let mut filled = vec![false; stages.len()];
        for stage in stages {
            if let Base::Stage(below) = stage.base {
                filled[stage.index] = filled.get(below).copied().unwrap_or(true);
            }
            if file.bottom(stage).base != Base::Scratch {
                continue;
            }
            for view in file.steps(stage) {
                let instruction = if view.step.triggered {
                    unwrapped(view.instruction)
                } else {
                    view.instruction
                };
                let command = match &instruction.kind {
                    InstructionKind::Copy(_) | InstructionKind::Add(_) => {
                        filled[stage.index] = true;
                        continue;
                    }
                    InstructionKind::Run(command) => command,
                    _ => continue,
                };
                // A mount may bring the shell.
                let has_mount = instruction.flags.iter().any(|flag| flag.name == "mount");
                let shell_line = matches!(command.form, CommandForm::Shell(_));
                if !shell_line || has_mount || view.step.before.shell.is_some() {
                    continue;
                }
                sink.report(
                    file.place(instruction.span),
                    "The empty image has no shell that could run this line.",
                )
                .help("Do it in a stage that has a shell, and copy the result.")
                .confidence(if filled[stage.index] {
                    Confidence::Low
                } else {
                    mend::in_stage(stage)
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    #[test]
    fn cases() {
        fires(
            "shell-in-scratch",
            &[
                ("a line", "FROM scratch\nRUN x\n", &[2]),
                ("in the stage below", "FROM scratch AS a\nENV B=1\nFROM a\nRUN x\n", &[4]),
                ("a heredoc", "FROM scratch\nRUN <<EOF\nx\nEOF\n", &[2]),
            ],
        );
        silent(
            "shell-in-scratch",
            &[
                ("exec form needs none", "FROM scratch\nRUN [\"/x\"]\n"),
                ("a shell of its own", "FROM scratch\nSHELL [\"/busybox\", \"sh\", \"-c\"]\nRUN x\n"),
                ("an image", "FROM a:1\nRUN x\n"),
            ],
        );
        unsure(
            "shell-in-scratch",
            &[("a root file system is unpacked", "FROM scratch\nADD rootfs.tar.xz /\nRUN x\n")],
        );
    }
}
