use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::run::runs;
use crate::package::call;

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` installs NVIDIA's container toolkit: `nvidia-container-toolkit`,
    /// `nvidia-docker2`, `libnvidia-container*`.
    ///
    /// ## Why it hurts in production
    /// These give containers a graphics card from the outside; inside of one they do nothing. The image
    /// grows, and the host, which does need them, may still lack them.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM ubuntu:24.04
    /// RUN apt-get update && apt-get install -y nvidia-container-toolkit
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM nvidia/cuda:12.6.0-base-ubuntu24.04
    /// ```
    ///
    /// ## Fix
    /// None: the host has to be set up.
    ///
    /// ## References
    /// - <https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html>
    GpuRuntimeInImage = "gpu-runtime-in-image",
    summary: "NVIDIA's container toolkit is installed in an image",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["tally/gpu/no-container-runtime-in-image"],
    audience: Default,
    edition: 2026,
}

impl Rule for GpuRuntimeInImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file) {
            for (script, command) in file.commands(run.view) {
                let Some(call) = call::call(command) else {
                    continue;
                };
                if call.action != call::Action::Install {
                    continue;
                }
                let found = call.packages.iter().find(|word| {
                    let name = word.literal.as_deref().unwrap_or_default();
                    ["nvidia-container-", "nvidia-docker2", "libnvidia-container"]
                        .iter()
                        .any(|start| name.starts_with(start))
                });
                let Some(word) = found else { continue };
                sink.report(
                    file.place(script.word_span(word)),
                    "This belongs to the host: inside of a container it gives no graphics card.",
                )
                .help("Leave it out, and set the host up.")
                .confidence(run.confidence(Confidence::High));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "gpu-runtime-in-image";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("by apt", "FROM a:1\nRUN apt-get install -y curl \\\n nvidia-docker2\n", &[3]),
                ("by dnf", "FROM a:1\nRUN dnf -y install libnvidia-container1\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                ("what a container needs", "FROM a:1\nRUN apt-get install -y libcudnn9-cuda-12\n"),
                ("taken away", "FROM a:1\nRUN apt-get remove nvidia-docker2\n"),
            ],
        );
        unsure(
            RULE,
            &[
                ("a stage that is not built", "FROM a:1 AS t\nRUN apt-get install nvidia-docker2\nFROM scratch\n"),
            ],
        );

    }
}
