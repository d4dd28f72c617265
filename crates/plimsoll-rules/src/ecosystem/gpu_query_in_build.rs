use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::run::runs;
use plimsoll_syntax::shell::{Joint, ShellCommand};

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` asks for the graphics card: `nvidia-smi`, `torch.cuda.is_available()`, and the
    /// like.
    ///
    /// ## Why it hurts in production
    /// A build has no card. `nvidia-smi` fails, and a question whether there is one is answered with no:
    /// what the step decides by it, which extension it compiles or which file it writes, is decided for
    /// a machine that the container never runs on.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM nvidia/cuda:12.6.0-runtime-ubuntu24.04
    /// RUN python3 -c "import torch; assert torch.cuda.is_available()"
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM nvidia/cuda:12.6.0-runtime-ubuntu24.04
    /// HEALTHCHECK CMD nvidia-smi
    /// ```
    ///
    /// ## Fix
    /// None: the question belongs to the start of the container.
    ///
    /// ## References
    /// - <https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/docker-specialized.html>
    GpuQueryInBuild = "gpu-query-in-build",
    summary: "RUN asks for a graphics card, which a build has not",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["tally/gpu/no-buildtime-gpu-queries"],
    audience: Default,
    edition: 2026,
}

impl Rule for GpuQueryInBuild {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file) {
            for script in file.scripts(run.view) {
                let commands = &script.script.commands;
                for (at, command) in commands.iter().enumerate() {
                    let Some(what) = asks(command) else { continue };
                    // `nvidia-smi || true` knows that there may be none.
                    let caught = commands.get(at + 1).is_some_and(|next| next.joint == Joint::Or);
                    if caught || command.depth > 0 {
                        continue;
                    }
                    sink.report(
                        file.place(script.command_span(command)),
                        format!("`{what}` finds no graphics card here: a build has none."),
                    )
                    .help("Ask when the container starts.")
                    .confidence(run.confidence(Confidence::High));
                }
            }
        }
    }
}

/// What a command asks the card with.
fn asks(command: &ShellCommand) -> Option<&'static str> {
    match command.program()? {
        "nvidia-smi" => Some("nvidia-smi"),
        "nvidia-debugdump" => Some("nvidia-debugdump"),
        "nvidia-persistenced" => Some("nvidia-persistenced"),
        program if program.starts_with("python") => [
            "torch.cuda.is_available()",
            "torch.cuda.device_count()",
            "torch.cuda.get_device_name",
            "tf.test.is_gpu_available",
            "list_physical_devices('GPU')",
            "list_physical_devices(\"GPU\")",
            "jax.devices('gpu')",
        ]
        .into_iter()
        .find(|call| {
            command
                .arguments()
                .iter()
                .any(|word| word.raw.contains(call))
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "gpu-query-in-build";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("its own tool", "FROM a:1\nRUN a && \\\n nvidia-smi\n", &[3]),
                ("a framework", "FROM a:1\nRUN python -c 'import torch; print(torch.cuda.device_count())'\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                ("in the container", "FROM a:1\nCMD nvidia-smi\n"),
                ("none is expected", "FROM a:1\nRUN nvidia-smi || true\n"),
                ("only looked for", "FROM a:1\nRUN if nvidia-smi; then echo; fi\n"),
                ("the library", "FROM a:1\nRUN python -c 'import torch'\n"),
            ],
        );
        unsure(
            RULE,
            &[
                ("a stage that is not built", "FROM a:1 AS t\nRUN nvidia-smi\nFROM scratch\n"),
            ],
        );

    }
}
