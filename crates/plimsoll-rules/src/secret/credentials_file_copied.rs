use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::{InstructionKind, KeyValue, Word};

use crate::declare::declare_rule;
use crate::project::{ProjectFile, StepView, unwrapped};
use crate::rule::{Meta, Rule, Sink};
use crate::secret::{anchors, flow};

declare_rule! {
    /// ## What it does
    /// Tells that `COPY` or `ADD` puts a file where a variable of the image says that credentials
    /// lie: `GOOGLE_APPLICATION_CREDENTIALS`, `AWS_CONFIG_FILE`, `KUBECONFIG` and the like.
    ///
    /// ## Why it hurts in production
    /// The key of the service account is then in the image, and everybody who can pull it is that
    /// account. It cannot be changed without a new image either.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// COPY keys /app/keys/
    /// ENV GOOGLE_APPLICATION_CREDENTIALS=/app/keys/service.json
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// ENV GOOGLE_APPLICATION_CREDENTIALS=/run/secrets/service.json
    /// ```
    ///
    /// ## Fix
    /// None: the file has to come from the platform.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/secrets/>
    CredentialsFileCopied = "credentials-file-copied",
    summary: "A file with credentials is copied into the image",
    severity: High,
    confidence: Medium,
    category: Security,
    depth: Dockerfile,
    aliases: ["DS-0031", "DS031"],
    audience: Default,
    edition: 2026,
}

const SEEN: &[&str] = &["DS-0031", "DS031"];

impl Rule for CredentialsFileCopied {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                match &unwrapped(view.instruction).kind {
                    InstructionKind::Env(pairs) | InstructionKind::Arg(pairs) => {
                        for pair in pairs {
                            named(file, &view, pair, sink);
                        }
                    }
                    InstructionKind::Copy(words) => target(file, &view, words, sink),
                    _ => {}
                }
            }
        }
    }
}

fn is_known(name: &str) -> bool {
    anchors::names_credentials_file(name)
        || matches!(
            name,
            "AWS_SHARED_CREDENTIALS_FILE" | "KUBECONFIG" | "PGPASSFILE" | "NETRC" | "AZURE_AUTH_LOCATION"
        )
}

fn confidence(file: &ProjectFile<'_>, view: &StepView<'_>) -> Confidence {
    if file.ships(view.stage) {
        Confidence::Medium
    } else {
        Confidence::Low
    }
}

fn aliases(file: &ProjectFile<'_>, view: &StepView<'_>, name: &str) -> &'static [&'static str] {
    let is_last = view.stage.index + 1 == file.resolution.stages.len();
    if is_last && anchors::names_credentials_file(name) {
        SEEN
    } else {
        &[]
    }
}

/// `ENV KUBECONFIG=/x/config` where something is copied to `/x`.
fn named<'a>(file: &ProjectFile<'a>, view: &StepView<'a>, pair: &KeyValue, sink: &mut Sink<'_>) {
    let name = pair.name.value.as_str();
    if !is_known(name) {
        return;
    }
    let value = pair
        .value
        .as_ref()
        .and_then(|word| file.expand(&word.value, &view.step.before));
    let Some(path) = value.filter(|path| !path.is_empty()) else {
        return;
    };
    let path = plain(&path);
    let copy = file.steps(view.stage).find(|other| {
        let InstructionKind::Copy(words) = &other.instruction.kind else {
            return false;
        };
        words
            .last()
            .and_then(|word| file.expand(&word.value, &other.step.before))
            .is_some_and(|target| {
                let target = plain(&target);
                !target.is_empty() && flow::lies_in(path, target)
            })
    });
    let Some(copy) = copy else { return };
    sink.report(
        file.place(pair.span),
        format!("`{name}` names a file of credentials that is copied into the image."),
    )
    .help("Leave the file out, and mount it where the container runs.")
    .related(file.place(copy.instruction.span), "It is copied here.")
    .aliases(aliases(file, view, name))
    .confidence(confidence(file, view));
}

fn plain(path: &str) -> &str {
    path.strip_prefix('.').unwrap_or(path).trim_matches('/')
}

/// `COPY config $KUBECONFIG`.
fn target(file: &ProjectFile<'_>, view: &StepView<'_>, words: &[Word], sink: &mut Sink<'_>) {
    let Some(word) = words.last() else { return };
    let Some(name) = word.value.strip_prefix('$') else {
        return;
    };
    let name = name.trim_start_matches('{').trim_end_matches('}');
    if is_known(name) {
        sink.report(
            file.place(word.span),
            format!("What is copied to `${name}` are credentials."),
        )
        .help("Leave the file out, and mount it where the container runs.")
        .aliases(aliases(file, view, name))
        .confidence(confidence(file, view));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "credentials-file-copied",
            &[
                ("in a folder that is copied", "FROM a:1\nCOPY k /app/\nENV KUBECONFIG=/app/k\n", &[3]),
                ("by an argument", "FROM a:1\nARG HF_TOKEN_PATH=./app/t\nCOPY k /app\n", &[2]),
                ("through the variable", "FROM a:1\nENV AWS_CONFIG_FILE=/a\nCOPY k ${AWS_CONFIG_FILE}\n", &[2, 3]),
            ],
        );
        silent(
            "credentials-file-copied",
            &[
                ("it is mounted", "FROM a:1\nCOPY x /app/\nENV KUBECONFIG=/run/secrets/k\n"),
                ("not what ships", "FROM a:1\nCOPY k /app/\nENV KUBECONFIG=/app/k\nFROM b:1\n"),
                ("another folder", "FROM a:1\nCOPY k /app\nENV KUBECONFIG=/application/k\n"),
            ],
        );
    }
}
