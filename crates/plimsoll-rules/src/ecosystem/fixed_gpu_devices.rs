use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::InstructionKind;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that `ENV` names single graphics cards, by number or by identity, in `NVIDIA_VISIBLE_DEVICES`
    /// or `CUDA_VISIBLE_DEVICES`.
    ///
    /// ## Why it hurts in production
    /// Which cards a container may use is for who runs it to say. On a host with others the program finds
    /// none, or all containers crowd on card 0, and the scheduler does not know.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM nvidia/cuda:12.6.0-runtime-ubuntu24.04
    /// ENV CUDA_VISIBLE_DEVICES=0
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM nvidia/cuda:12.6.0-runtime-ubuntu24.04
    /// ENV NVIDIA_VISIBLE_DEVICES=all
    /// ```
    ///
    /// ## Fix
    /// None: say it where the container is run.
    ///
    /// ## References
    /// - <https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/docker-specialized.html>
    FixedGpuDevices = "fixed-gpu-devices",
    summary: "The image names single graphics cards",
    severity: Medium,
    confidence: High,
    category: Operability,
    depth: Dockerfile,
    aliases: ["tally/gpu/no-hardcoded-visible-devices"],
    audience: Default,
    edition: 2026,
}

impl Rule for FixedGpuDevices {
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
                    let Some(value) = &pair.value else { continue };
                    let name = pair.name.value.as_str();
                    if !matches!(name, "NVIDIA_VISIBLE_DEVICES" | "CUDA_VISIBLE_DEVICES")
                        || !names_cards(value.value.trim_matches(['"', '\'']))
                    {
                        continue;
                    }
                    sink.report(
                        file.place(pair.span),
                        format!("`{name}` ties the image to the cards of one machine."),
                    )
                    .help("Leave it out, and give the cards where the container is run (`--gpus`).")
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

fn names_cards(value: &str) -> bool {
    !value.is_empty()
        && value.split(',').all(|card| {
            let card = card.trim();
            (!card.is_empty() && card.bytes().all(|b| b.is_ascii_digit() || b == b':'))
                || card.starts_with("GPU-")
                || card.starts_with("MIG-")
        })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "fixed-gpu-devices";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("a list", "FROM a:1\nENV A=b \\\n NVIDIA_VISIBLE_DEVICES=\"0,1\"\n", &[3]),
                ("an identity", "FROM a:1\nENV NVIDIA_VISIBLE_DEVICES GPU-1234\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                ("all", "FROM a:1\nENV NVIDIA_VISIBLE_DEVICES=all\n"),
                ("none", "FROM a:1\nENV CUDA_VISIBLE_DEVICES=\n"),
                ("for others to say", "FROM a:1\nARG CARDS\nENV CUDA_VISIBLE_DEVICES=$CARDS\n"),
            ],
        );
        unsure(
            RULE,
            &[
                ("a stage that does not ship", "FROM a:1 AS t\nENV CUDA_VISIBLE_DEVICES=0\nFROM scratch\n"),
            ],
        );

    }
}
