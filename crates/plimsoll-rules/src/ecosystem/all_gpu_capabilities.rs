use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::InstructionKind;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that `ENV` asks for all of the graphics driver: `NVIDIA_DRIVER_CAPABILITIES=all`.
    ///
    /// ## Why it hurts in production
    /// Display, video and graphics libraries of the host come into the container, and what attacks them.
    /// Most programs compute: `compute,utility` is what they need.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM nvidia/cuda:12.6.0-runtime-ubuntu24.04
    /// ENV NVIDIA_DRIVER_CAPABILITIES=all
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM nvidia/cuda:12.6.0-runtime-ubuntu24.04
    /// ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility
    /// ```
    ///
    /// ## Fix
    /// None: which of it the program needs is the author's to say.
    ///
    /// ## References
    /// - <https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/docker-specialized.html>
    AllGpuCapabilities = "all-gpu-capabilities",
    summary: "The image asks for all of the graphics driver",
    severity: Info,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["tally/gpu/prefer-minimal-driver-capabilities"],
    audience: Strict,
    edition: 2026,
}

impl Rule for AllGpuCapabilities {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                let InstructionKind::Env(pairs) = &view.instruction.kind else {
                    continue;
                };
                for pair in pairs {
                    let all = pair.value.as_ref().is_some_and(|value| {
                        value
                            .value
                            .trim_matches(['"', '\''])
                            .eq_ignore_ascii_case("all")
                    });
                    if !all || pair.name.value != "NVIDIA_DRIVER_CAPABILITIES" {
                        continue;
                    }
                    sink.report(
                        file.place(pair.span),
                        "`all` brings the driver's display, video and graphics parts, too.",
                    )
                    .help("Name what is needed, mostly `compute,utility`.")
                    .confidence(if file.ships(stage) {
                        Confidence::High
                    } else {
                        Confidence::Low
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "all-gpu-capabilities";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("in capitals", "FROM a:1\nENV A=b NVIDIA_DRIVER_CAPABILITIES=\"ALL\"\n", &[2]),
                ("the old form", "FROM a:1\nENV NVIDIA_DRIVER_CAPABILITIES all\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                ("named", "FROM a:1\nENV NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics\n"),
                ("for others to say", "FROM a:1\nARG C\nENV NVIDIA_DRIVER_CAPABILITIES=$C\n"),
            ],
        );
        unsure(
            RULE,
            &[
                ("a stage that does not ship", "FROM a:1 AS t\nENV NVIDIA_DRIVER_CAPABILITIES=all\nFROM scratch\n"),
            ],
        );

    }
}
