use plimsoll_model::{Confidence, Severity};
use plimsoll_syntax::dockerfile::InstructionKind;

use crate::declare::declare_rule;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` asks to leave the sandbox: `--security=insecure` for all privileges,
    /// `--network=host` for the network of the machine that builds.
    ///
    /// ## Why it hurts in production
    /// The step and every package it installs may then change the builder itself, reach services that
    /// listen on its loopback, and read what other builds keep. Builders refuse it unless they were
    /// told to allow it, so the file builds on some machines only.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN --security=insecure ./build.sh
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN ./build.sh
    /// ```
    ///
    /// ## Fix
    /// None: what the step needs the privilege for is not in the Dockerfile.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#run---security>
    /// - <https://docs.docker.com/reference/dockerfile/#run---network>
    UnsandboxedStep = "unsandboxed-step",
    summary: "A step leaves the sandbox of the build",
    severity: High,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["S6502", "S6431"],
    audience: Default,
    edition: 2026,
}

const INSECURE: &[&str] = &["S6502"];
const HOST: &[&str] = &["S6431"];

impl Rule for UnsandboxedStep {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                let run = unwrapped(view.instruction);
                if run.flags.is_empty() || !matches!(run.kind, InstructionKind::Run(_)) {
                    continue;
                }
                for flag in &run.flags {
                    let value = flag.value.as_ref().map(|word| word.value.trim_matches('"'));
                    let (message, severity, aliases) = match (flag.name.as_str(), value) {
                        ("security", Some("insecure")) => (
                            "The step runs with all privileges of the machine that builds.",
                            Severity::High,
                            INSECURE,
                        ),
                        ("network", Some("host")) => (
                            "The step runs in the network of the machine that builds.",
                            Severity::Medium,
                            HOST,
                        ),
                        _ => continue,
                    };
                    sink.report(file.place(flag.span), message)
                        .help("Take the flag out, and give the step what it needs from a stage, a mount or a package.")
                        .severity(severity)
                        .aliases(aliases)
                        .confidence(if stage.reaches_target {
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
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "unsandboxed-step",
            &[
                ("privileges", "FROM a:1\nRUN --security=insecure x\n", &[2]),
                ("the network", "FROM a:1\nRUN --mount=type=cache,target=/x \\\n  --network=host x\n", &[3]),
                ("for those who build on it", "FROM a:1\nONBUILD RUN --network=host x\n", &[2]),
            ],
        );
        silent(
            "unsandboxed-step",
            &[
                ("the sandbox", "FROM a:1\nRUN --security=sandbox --network=none x\n"),
                ("an option of the command", "FROM a:1\nRUN docker run --network=host x\n"),
            ],
        );
    }
}
