use plimsoll_model::{Confidence, Severity, Span};
use plimsoll_syntax::dockerfile::{Instruction, InstructionKind, KeyValue, Stage};

use crate::declare::declare_rule;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};
use crate::secret::anchors;
use crate::secret::names::{self, Suspicion};

declare_rule! {
    /// ## What it does
    /// Tells that an `ENV` or `ARG` is named like a credential. Values are never shown.
    ///
    /// Tools do not agree on what such a name is: under the id of one of them, the rule tells of
    /// what that one takes for a secret. Left to itself it reads names word by word and leaves out
    /// what is public, or only about a credential (`TOKEN_URL`, `PASSWORD_FILE`).
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

/// The aliases of each set of tools that take a name for a secret's: hadolint is 1, BuildKit 2,
/// Trivy 4, and 8 where the image's configuration or history holds what looks like one.
static ALIASES: [&[&str]; 16] = [
    &[],
    &["DL3064"],
    &["SecretsUsedInArgOrEnv"],
    &["DL3064", "SecretsUsedInArgOrEnv"],
    &["DS-0031", "DS031"],
    &["DL3064", "DS-0031", "DS031"],
    &["SecretsUsedInArgOrEnv", "DS-0031", "DS031"],
    &["DL3064", "SecretsUsedInArgOrEnv", "DS-0031", "DS031"],
    &["CIS-DI-0010", "S6472"],
    &["DL3064", "CIS-DI-0010", "S6472"],
    &["SecretsUsedInArgOrEnv", "CIS-DI-0010", "S6472"],
    &["DL3064", "SecretsUsedInArgOrEnv", "CIS-DI-0010", "S6472"],
    &["DS-0031", "DS031", "CIS-DI-0010", "S6472"],
    &["DL3064", "DS-0031", "DS031", "CIS-DI-0010", "S6472"],
    &[
        "SecretsUsedInArgOrEnv",
        "DS-0031",
        "DS031",
        "CIS-DI-0010",
        "S6472",
    ],
    &[
        "DL3064",
        "SecretsUsedInArgOrEnv",
        "DS-0031",
        "DS031",
        "CIS-DI-0010",
        "S6472",
    ],
];

impl Rule for SecretInImageConfig {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let stages = &file.resolution.stages;
        let mut at = 0;
        for (index, instruction) in file.dockerfile.instructions().enumerate() {
            let Some((pairs, is_env)) = pairs_of(instruction) else {
                continue;
            };
            while stages.get(at + 1).is_some_and(|next| next.from < index) {
                at += 1;
            }
            let stage = stages.get(at).filter(|stage| stage.from < index);
            let place = Place {
                stage,
                index,
                reach: match stage {
                    None => Reach::Global,
                    Some(stage) if file.ships(stage) => Reach::Ships,
                    Some(stage) if stage.reaches_target => Reach::Built,
                    Some(_) => Reach::Unused,
                },
                is_last: stage.is_some() && at + 1 == stages.len(),
                is_env,
                is_trigger: matches!(instruction.kind, InstructionKind::Onbuild(_)),
            };
            for pair in pairs {
                judge(file, pair, &place, sink);
            }
        }
    }
}

/// The variables that an instruction sets, and whether it is an ENV.
pub(crate) fn pairs_of(instruction: &Instruction) -> Option<(&[KeyValue], bool)> {
    match &unwrapped(instruction).kind {
        InstructionKind::Env(pairs) => Some((pairs, true)),
        InstructionKind::Arg(pairs) => Some((pairs, false)),
        _ => None,
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

struct Place<'a> {
    stage: Option<&'a Stage>,
    index: usize,
    reach: Reach,
    is_last: bool,
    is_env: bool,
    is_trigger: bool,
}

fn judge<'a>(file: &ProjectFile<'a>, pair: &KeyValue, at: &Place<'a>, sink: &mut Sink<'_>) {
    let name = pair.name.value.trim_matches(['"', '\'']);
    let suspicion = suspicion(name, pair, at.is_env);
    let mut tools = 0;
    if anchors::hadolint(name) {
        tools |= 1;
    }
    // BuildKit looks at what it runs: not at declarations above FROM, nor at what is kept for
    // later builds.
    if at.reach != Reach::Global && !at.is_trigger && anchors::buildkit(name) {
        tools |= 2;
    }
    if at.is_last && !at.is_trigger && anchors::trivy(name) {
        tools |= 4;
    }
    if suspicion != Suspicion::None {
        tools |= 8;
    }
    if tools == 0 {
        return;
    }
    let confidence = match suspicion {
        Suspicion::None | Suspicion::Faint => Confidence::Low,
        Suspicion::Strong if at.reach == Reach::Unused => Confidence::Low,
        Suspicion::Strong => Confidence::Medium,
    };
    let (message, severity) = match (at.is_env, at.reach) {
        _ if suspicion == Suspicion::None => (
            format!("`{name}` has a name that a credential could have."),
            Severity::Low,
        ),
        (true, Reach::Ships) => (
            format!("`ENV {name}` puts a credential into the image, for everyone who can pull it."),
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
    let help = if at.is_env && at.reach == Reach::Ships {
        "Hand it to the container when it starts, as a file or from the orchestrator's secret \
         store; for a build step use `RUN --mount=type=secret`."
    } else {
        "Use `RUN --mount=type=secret` in the step that needs it."
    };
    let use_of_it = (!at.is_env && at.reach == Reach::Ships && suspicion != Suspicion::None)
        .then(|| first_run(file, at))
        .flatten();
    let reported = sink
        .report(file.place(pair.span), message)
        .help(help)
        .severity(severity)
        .confidence(confidence)
        .aliases(ALIASES[tools]);
    if let Some(span) = use_of_it {
        reported.related(
            file.place(span),
            "From this step on the history of the image holds the value.",
        );
    }
}

/// The step below an ARG whose entry in the history is the first to carry it.
fn first_run<'a>(file: &ProjectFile<'a>, at: &Place<'a>) -> Option<Span> {
    file.steps(at.stage?)
        .filter(|view| view.step.instruction > at.index && !view.step.triggered)
        .find(|view| matches!(view.instruction.kind, InstructionKind::Run(_)))
        .map(|view| view.instruction.keyword.span)
}

/// How much a variable looks like a credential.
pub(crate) fn suspicion(name: &str, pair: &KeyValue, is_env: bool) -> Suspicion {
    let value = pair
        .value
        .as_ref()
        .map(|word| word.value.trim_matches(['"', '\'']));
    match value {
        // An empty ENV takes a variable back, an empty ARG only declares it.
        Some("") if is_env => names::of_name(name).min(Suspicion::Faint),
        Some("") | None => names::of_name(name),
        Some(value) => names::of_pair(name, value),
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
                (
                    "a place in a store, under a name that other tools mind",
                    "FROM debian:12\nENV DB_PASSWORD=op://prod/db/password\n",
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
