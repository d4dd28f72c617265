use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::label::pairs::{key_of, labels};
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a label is set that the configuration does not list, where it asks for strict
    /// labels (`strict_labels`).
    ///
    /// ## Why it hurts in production
    /// A label nobody agreed on is read by nobody, or by a tool that takes it for something else; a
    /// slip in a key looks just like one.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// LABEL org.opencontainers.image.revison="2dbfae9"
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// LABEL org.opencontainers.image.revision="2dbfae9"
    /// ```
    ///
    /// ## Fix
    /// None: whether the label or the list is wrong is not in the Dockerfile.
    ///
    /// ## References
    /// - <https://github.com/opencontainers/image-spec/blob/main/annotations.md>
    UnexpectedLabel = "unexpected-label",
    summary: "A label is not among those that are allowed",
    severity: Low,
    confidence: High,
    category: Operability,
    depth: Dockerfile,
    aliases: ["DL3050"],
    audience: Default,
    edition: 2026,
}

impl Rule for UnexpectedLabel {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        if !file.settings.strict_labels {
            return;
        }
        labels(file, |stage, pair| {
            let key = key_of(pair);
            if file.settings.labels.contains_key(key) {
                return;
            }
            sink.report(
                file.place(pair.name.span),
                format!("The label `{}` is not among those that are allowed.", key.escape_debug()),
            )
            .help("Take it out, or add it to the labels in the configuration.")
            .confidence(if stage.reaches_target {
                Confidence::High
            } else {
                Confidence::Low
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "unexpected-label",
            &[("not listed", "FROM a:1\nLABEL a=1 \\\n b=1\n", &[2, 3])],
        );
        silent(
            "unexpected-label",
            &[("listed", "FROM a:1\nLABEL org.opencontainers.image.revision=x\n")],
        );
    }
}
