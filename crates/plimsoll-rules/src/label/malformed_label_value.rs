use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::KeyValue;

use crate::declare::declare_rule;
use crate::label::form;
use crate::label::pairs::{self, key_of};
use crate::options::LabelFormat;
use crate::project::{ProjectFile, StepView};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a label does not have the form the configuration gives it: a URL, a date and time,
    /// an SPDX licence expression, a git commit, a semantic version or an e-mail address. Labels are
    /// judged only where the configuration names them (`[check.labels]`, or the label schema of a
    /// `.hadolint.yaml`). A value that holds a variable nobody knows is not judged.
    ///
    /// ## Why it hurts in production
    /// Whatever reads the label fails on it, or drops it without a word: the commit is not linked,
    /// the licence is not counted, the age is not known.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// LABEL org.opencontainers.image.revision="main"
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// LABEL org.opencontainers.image.revision="43c572f1272b6b3171dd1db9e41b7027128ce080"
    /// ```
    ///
    /// ## Fix
    /// None: the right value is not known.
    ///
    /// ## References
    /// - <https://github.com/opencontainers/image-spec/blob/main/annotations.md>
    /// - <https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/>
    /// - <https://semver.org/>
    /// - <https://www.rfc-editor.org/rfc/rfc3339>
    MalformedLabelValue = "malformed-label-value",
    summary: "A label does not have the form it must have",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["DL3052", "DL3053", "DL3054", "DL3055", "DL3056", "DL3058"],
    audience: Default,
    edition: 2026,
}

impl Rule for MalformedLabelValue {
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
                    if let Some(format) = file.settings.labels.get(key_of(pair)) {
                        judge(file, &view, pair, *format, sink);
                    }
                }
            }
        }
    }
}

fn judge(
    file: &ProjectFile<'_>,
    view: &StepView<'_>,
    pair: &KeyValue,
    format: LabelFormat,
    sink: &mut Sink<'_>,
) {
    let (aliases, what): (&'static [&'static str], _) = match format {
        LabelFormat::Text => return,
        LabelFormat::Url => (&["DL3052"], "a URL, such as `https://example.com/app`"),
        LabelFormat::Rfc3339 => (
            &["DL3053"],
            "a date and time of RFC 3339, such as `2026-06-01T12:00:00Z`",
        ),
        LabelFormat::Spdx => (&["DL3054"], "an SPDX licence expression, such as `Apache-2.0`"),
        LabelFormat::GitHash => (&["DL3055"], "a git commit, of 7 or 40 digits and letters a to f"),
        LabelFormat::SemVer => (&["DL3056"], "a semantic version, such as `1.2.3`"),
        LabelFormat::Email => (&["DL3058"], "an e-mail address"),
    };
    let key = key_of(pair);
    let place = pair.value.as_ref().map_or(pair.span, |word| word.span);
    let Some(value) = pairs::value_of(file, view, pair) else {
        sink.note(
            file.place(place),
            format!("What `{key}` comes to is known when the image is built."),
        );
        return;
    };
    let fits = match format {
        LabelFormat::Text => true,
        LabelFormat::Url => form::is_url(&value),
        LabelFormat::Rfc3339 => form::is_rfc3339(&value),
        LabelFormat::Spdx => form::is_spdx(&value),
        LabelFormat::GitHash => form::is_git_hash(&value),
        LabelFormat::SemVer => form::is_semver(&value),
        LabelFormat::Email => form::is_email(&value),
    };
    if fits {
        return;
    }
    sink.report(
        file.place(place),
        format!("The label `{key}` is not {}.", what.split(", such").next().unwrap_or(what)),
    )
    .help(format!("Give it {what}."))
    .aliases(aliases)
    .confidence(if view.stage.reaches_target {
        Confidence::High
    } else {
        Confidence::Low
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "malformed-label-value",
            &[
                ("a branch", "FROM a:1\nLABEL org.opencontainers.image.revision=main\n", &[2]),
                (
                    "through a variable",
                    "FROM a:1\nARG R=main\nLABEL org.opencontainers.image.revision=$R\n",
                    &[3],
                ),
                ("nothing", "FROM a:1\nLABEL org.opencontainers.image.revision=\"\"\n", &[2]),
            ],
        );
        silent(
            "malformed-label-value",
            &[
                ("a commit", "FROM a:1\nLABEL org.opencontainers.image.revision=2dbfae9\n"),
                (
                    "nobody knows yet",
                    "FROM a:1\nARG R\nLABEL org.opencontainers.image.revision=$R\n",
                ),
                ("not asked for", "FROM a:1\nLABEL revision=main\n"),
            ],
        );
    }
}
