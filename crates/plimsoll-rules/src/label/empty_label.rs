use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::label::pairs::{self, key_of};
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a label the configuration names is given an empty value. Labels are judged only
    /// where the configuration names them (`[check.labels]`, or the label schema of a
    /// `.hadolint.yaml`).
    ///
    /// ## Why it hurts in production
    /// The label is there, so every check for it is content, and it says nothing. Most often a build
    /// argument was forgotten.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// LABEL org.opencontainers.image.revision=""
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// LABEL org.opencontainers.image.revision="2dbfae9"
    /// ```
    ///
    /// ## Fix
    /// None: the value is not known.
    ///
    /// ## References
    /// - <https://github.com/opencontainers/image-spec/blob/main/annotations.md>
    EmptyLabel = "empty-label",
    summary: "A label that is required is empty",
    severity: Medium,
    confidence: High,
    category: Operability,
    depth: Dockerfile,
    aliases: ["DL3051"],
    audience: Default,
    edition: 2026,
}

impl Rule for EmptyLabel {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        if file.settings.labels.is_empty() {
            return;
        }
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                for pair in pairs::of(&view) {
                    let key = key_of(pair);
                    let is_empty = file.settings.labels.contains_key(key)
                        && pairs::value_of(file, &view, pair).is_some_and(|value| value.is_empty());
                    if !is_empty {
                        continue;
                    }
                    sink.report(file.place(pair.span), format!("The label `{key}` is empty."))
                        .help("Give it its value, from a build argument where each build has its own.")
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
            "empty-label",
            &[
                ("quotes", "FROM a:1\nLABEL org.opencontainers.image.revision=\"\"\n", &[2]),
                (
                    "an argument that is empty",
                    "FROM a:1\nARG R=\nLABEL org.opencontainers.image.revision=$R\n",
                    &[3],
                ),
            ],
        );
        silent(
            "empty-label",
            &[
                ("a value", "FROM a:1\nLABEL org.opencontainers.image.revision=x\n"),
                ("not required", "FROM a:1\nLABEL x=\"\"\n"),
                (
                    "an argument to be given",
                    "FROM a:1\nARG R\nLABEL org.opencontainers.image.revision=$R\n",
                ),
            ],
        );
    }
}
