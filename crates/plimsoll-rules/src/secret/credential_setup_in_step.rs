use plimsoll_model::{Confidence, Severity};
use plimsoll_syntax::dockerfile::InstructionKind;
use plimsoll_syntax::shell::ShellCommand;

use crate::declare::declare_rule;
use crate::mounts;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};
use crate::secret::flow;

declare_rule! {
    /// ## What it does
    /// Tells that a step logs in to a cloud or a registry, or stores the keys for it: `aws configure
    /// set aws_secret_access_key`, `gcloud auth activate-service-account`, `az login`, `doctl auth
    /// init`, `docker login -p`.
    ///
    /// ## Why it hurts in production
    /// These commands keep the credential in the home folder, so it lies in the layer; and what they
    /// are handed on the command line stands in the history. Both leave with the image.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM amazon/aws-cli:2.15.0
    /// RUN aws configure set aws_secret_access_key "$KEY"
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM amazon/aws-cli:2.15.0
    /// RUN --mount=type=secret,id=aws,target=/root/.aws/credentials aws s3 ls
    /// ```
    ///
    /// ## Fix
    /// None: how the step gets its credential changes.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/secrets/>
    CredentialSetupInStep = "credential-setup-in-step",
    summary: "A step stores credentials for a cloud or registry",
    severity: High,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["DS-0031", "DS031"],
    audience: Default,
    edition: 2026,
}

/// Trivy looks at the last stage, and is content with any secret mount.
const SEEN: &[&str] = &["DS-0031", "DS031"];

impl Rule for CredentialSetupInStep {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                let run = unwrapped(view.instruction);
                if !matches!(run.kind, InstructionKind::Run(_)) {
                    continue;
                }
                for (at, (script, command)) in file.commands(view).enumerate() {
                    let Some((what, listed, kept)) = setup(command) else {
                        continue;
                    };
                    // What is taken back in the same step is in no layer.
                    let gone = file
                        .commands(view)
                        .skip(at + 1)
                        .any(|(_, later)| flow::removes(later, kept));
                    let hidden = mounts::covers(run, &kept.replace('~', "/root"));
                    let mounted = mounts::of(run).any(|mount| mount.kind == "secret");
                    let ships = file.ships(stage);
                    let is_last = stage.index + 1 == file.resolution.stages.len();
                    sink.report(
                        file.place(script.command_span(command)),
                        format!("{what}, and leaves the credential in `{kept}`."),
                    )
                    .help("Mount the file it would write with `RUN --mount=type=secret,target=…` in the step that needs it.")
                    .aliases(if listed && is_last && !mounted { SEEN } else { &[] })
                    .severity(if ships { Severity::High } else { Severity::Medium })
                    .confidence(match (ships && !gone && !hidden, mounted) {
                        (false, _) => Confidence::Low,
                        (true, true) => Confidence::Medium,
                        (true, false) => Confidence::High,
                    });
                }
            }
        }
    }
}

/// What a command sets up, whether Trivy lists it, and where the credential is kept.
fn setup(command: &ShellCommand) -> Option<(&'static str, bool, &'static str)> {
    let program = command.program()?;
    if !matches!(program, "aws" | "gcloud" | "az" | "doctl" | "docker" | "podman") {
        return None;
    }
    let words: Vec<&str> = command
        .arguments()
        .iter()
        .map(|word| word.literal.as_deref().unwrap_or(&word.raw))
        .collect();
    let flag = |names: &[&str]| {
        words.iter().any(|word| {
            let name = word.split('=').next().unwrap_or_default();
            names.contains(&name)
        })
    };
    match (program, words.as_slice()) {
        ("aws", ["configure", "set", key, ..]) => {
            let listed = matches!(*key, "aws_access_key_id" | "aws_secret_access_key");
            (listed || *key == "aws_session_token").then_some((
                "`aws configure` stores a key",
                listed,
                "~/.aws/credentials",
            ))
        }
        ("gcloud", ["auth", "activate-service-account", ..]) => Some((
            "`gcloud` logs a service account in",
            true,
            "~/.config/gcloud",
        )),
        ("az", ["login", ..]) if flag(&["-p", "--password", "--federated-token"]) => {
            Some(("`az` logs in", true, "~/.azure"))
        }
        ("doctl", ["auth", "init", ..]) if flag(&["-t", "--access-token"]) => {
            Some(("`doctl` logs in", true, "~/.config/doctl/config.yaml"))
        }
        ("docker" | "podman", ["login", ..]) if flag(&["-p", "--password"]) => {
            Some(("The step logs in to a registry", false, "~/.docker/config.json"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    #[test]
    fn cases() {
        fires(
            "credential-setup-in-step",
            &[
                ("a key", "FROM a:1\nRUN x && \\\n  aws configure set aws_access_key_id $K\n", &[3]),
                ("a service account", "FROM a:1\nRUN gcloud auth activate-service-account --key-file=/k\n", &[2]),
                ("a password", "FROM a:1\nRUN az login --service-principal -u a -p $P -t b\n", &[2]),
                ("a token", "FROM a:1\nRUN doctl auth init --access-token $T\n", &[2]),
                ("a registry", "FROM a:1\nRUN docker login -u a -p $P example.com\n", &[2]),
                ("with a mount", "FROM a:1\nRUN --mount=type=secret,id=k aws configure set aws_secret_access_key $(cat /run/secrets/k)\n", &[2]),
            ],
        );
        silent(
            "credential-setup-in-step",
            &[
                ("no credential", "FROM a:1\nRUN aws configure set region eu && az login --identity && gcloud config set x y\n"),
                ("taken back", "FROM a:1\nRUN aws configure set aws_secret_access_key $K && x && rm -rf ~/.aws\n"),
                ("only said", "FROM a:1\nRUN echo aws configure set aws_access_key_id\n"),
            ],
        );
        unsure(
            "credential-setup-in-step",
            &[("not what ships", "FROM a:1\nRUN az login -p x\nFROM b:1\n")],
        );
    }
}
