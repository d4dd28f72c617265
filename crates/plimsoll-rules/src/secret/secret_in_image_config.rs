use plimsoll_model::{Confidence, Severity};
use plimsoll_syntax::dockerfile::{Instruction, InstructionKind, KeyValue};

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::secret::names::{self, Suspicion};

declare_rule! {
    /// ## What it does
    /// Tells that an `ENV` or `ARG` is named like a credential. Values are never shown.
    ///
    /// ## Why it hurts in production
    /// `ENV` is part of the image: everyone who can pull it reads the value with one command. `ARG`
    /// is not, but its value stays in the image's history, in the build cache and in provenance.
    /// Taking the variable back later removes nothing.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM node:22-slim
    /// ARG NPM_TOKEN
    /// RUN npm ci
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM node:22-slim
    /// RUN --mount=type=secret,id=npm_token,env=NPM_TOKEN npm ci
    /// ```
    ///
    /// ## Fix
    /// None: how the value gets to the step that needs it changes with the mount.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/secrets/>
    /// - <https://docs.docker.com/reference/build-checks/secrets-used-in-arg-or-env/>
    SecretInImageConfig = "secret-in-image-config",
    summary: "A credential is handed over in ENV or ARG",
    severity: High,
    confidence: Medium,
    category: Security,
    depth: Dockerfile,
    aliases: ["DL3064", "SecretsUsedInArgOrEnv", "DS-0031", "DS031", "CIS-DI-0010", "S6472"],
    audience: Default,
    edition: 2026,
}

impl Rule for SecretInImageConfig {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let mut in_stage = vec![Reach::Global; file.instruction_count()];
        for stage in &file.resolution.stages {
            let reach = if file.ships(stage) {
                Reach::Ships
            } else if stage.reaches_target {
                Reach::Built
            } else {
                Reach::Unused
            };
            for step in &stage.steps {
                in_stage[step.instruction] = reach;
            }
        }
        for (instruction, reach) in file.dockerfile.instructions().zip(in_stage) {
            judge(file, instruction, reach, sink);
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Reach {
    /// In front of the first FROM.
    Global,
    Ships,
    Built,
    Unused,
}

fn judge(file: &ProjectFile<'_>, instruction: &Instruction, reach: Reach, sink: &mut Sink<'_>) {
    let (pairs, is_env) = match &instruction.kind {
        InstructionKind::Env(pairs) => (pairs, true),
        InstructionKind::Arg(pairs) => (pairs, false),
        InstructionKind::Onbuild(inner) => return judge(file, inner, reach, sink),
        _ => return,
    };
    for pair in pairs {
        let confidence = match suspicion(pair, is_env) {
            Suspicion::None => continue,
            Suspicion::Faint => Confidence::Low,
            Suspicion::Strong if reach == Reach::Unused => Confidence::Low,
            Suspicion::Strong => Confidence::Medium,
        };
        let name = &pair.name.value;
        let (message, severity) = match (is_env, reach) {
            (true, Reach::Ships) => (
                format!(
                    "`ENV {name}` puts a credential into the image, for everyone who can pull it."
                ),
                Severity::High,
            ),
            (false, Reach::Ships) => (
                format!("`ARG {name}` leaves a credential in the history of the image."),
                Severity::High,
            ),
            (true, _) => (
                format!("`ENV {name}` leaves a credential in the build cache."),
                Severity::Medium,
            ),
            (false, _) => (
                format!("`ARG {name}` leaves a credential in the build cache and in provenance."),
                Severity::Medium,
            ),
        };
        let help = if is_env && reach == Reach::Ships {
            "Hand it to the container when it starts, as a file or from the orchestrator's secret \
             store; for a build step use `RUN --mount=type=secret`."
        } else {
            "Use `RUN --mount=type=secret` in the step that needs it."
        };
        sink.report(file.place(pair.span), message)
            .help(help)
            .severity(severity)
            .confidence(confidence);
    }
}

fn suspicion(pair: &KeyValue, is_env: bool) -> Suspicion {
    let value = pair
        .value
        .as_ref()
        .map(|word| word.value.trim_matches(['"', '\'']));
    match value {
        // An empty ENV takes a variable back, an empty ARG only declares it.
        Some("") if is_env => names::of_name(&pair.name.value).min(Suspicion::Faint),
        Some("") | None => names::of_name(&pair.name.value),
        Some(value) => names::of_pair(&pair.name.value, value),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, run, silent, unsure};

    #[test]
    fn cases() {
        fires(
            "secret-in-image-config",
            &[
                ("ENV", "FROM debian:12\nENV DB_PASSWORD=hunter2\n", &[2]),
                (
                    "the old form",
                    "FROM debian:12\nENV GITHUB_TOKEN test\n",
                    &[2],
                ),
                (
                    "ARG without a value",
                    "FROM debian:12\nARG NPM_TOKEN\n",
                    &[2],
                ),
                (
                    "each of a list",
                    "FROM debian:12\nENV a=1 password=bar \\\n  secret=baz\n",
                    &[2, 3],
                ),
                (
                    "in front of FROM",
                    "ARG AWS_ACCESS_KEY_ID\nFROM debian:12\n",
                    &[1],
                ),
                (
                    "in a build stage",
                    "FROM debian:12 AS b\nARG TOKEN\nFROM scratch\nCOPY --from=b /x /\n",
                    &[2],
                ),
                (
                    "handed from ARG to ENV",
                    "FROM debian:12\nARG X\nENV API_KEY=$X\n",
                    &[3],
                ),
                (
                    "for those who build on it",
                    "FROM debian:12\nONBUILD ENV TOKEN=abc\n",
                    &[2],
                ),
                ("any case", "FROM debian:12\nENV my_password=abc\n", &[2]),
            ],
        );
        silent(
            "secret-in-image-config",
            &[
                (
                    "other names",
                    "FROM debian:12\nENV foobar=barfoo KEYBOARD=us MONKEY=1\n",
                ),
                (
                    "a public key is public",
                    "FROM debian:12\nENV PUBLIC_KEY=abc STRIPE_PUBLISHABLE_KEY=pk\n",
                ),
                (
                    "the place of a secret is none",
                    "FROM debian:12\nENV PASSWORD_FILE=/run/secrets/p\nARG SECRET_PATH=x\n",
                ),
                (
                    "a version is none",
                    "FROM debian:12\nARG AUTH_MODULE_VERSION=2\n",
                ),
                (
                    "in a label it is text",
                    "FROM debian:12\nLABEL password=policy\n",
                ),
            ],
        );
        unsure(
            "secret-in-image-config",
            &[
                (
                    "a fingerprint is public",
                    "FROM debian:12\nENV GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D\n",
                ),
                ("nothing in it", "FROM debian:12\nENV TOKEN=\n"),
                ("a switch", "FROM debian:12\nENV DISABLE_AUTH=true\n"),
            ],
        );
    }

    #[test]
    fn values_are_never_shown() {
        let found = run(
            "secret-in-image-config",
            "FROM scratch\nENV PASSWORD=tops3cret\n",
            &[],
        )
        .findings;
        assert_eq!(found.len(), 1);
        assert!(!format!("{found:?}").contains("tops3cret"));
    }
}
