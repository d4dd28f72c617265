use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::{Base, InstructionKind, Stage};

use crate::declare::declare_rule;
use crate::label::pairs::{self, key_of};
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the image that ships lacks a label that the configuration requires
    /// (`[check.labels]`, or the label schema of a `.hadolint.yaml`). Labels of the stages it stands
    /// on count, and those of the base image where its configuration is at hand.
    ///
    /// ## Why it hurts in production
    /// What your company searches, bills or scans images by is not there, and nobody finds out before
    /// the day the image has to be found.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// LABEL org.opencontainers.image.version="1.2.3"
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// LABEL org.opencontainers.image.version="1.2.3" \
    ///       org.opencontainers.image.revision="43c572f1272b6b3171dd1db9e41b7027128ce080"
    /// ```
    ///
    /// ## Fix
    /// None: the value is not known.
    ///
    /// ## References
    /// - <https://github.com/opencontainers/image-spec/blob/main/annotations.md>
    MissingLabel = "missing-label",
    summary: "A label that is required is not there",
    severity: Medium,
    confidence: High,
    category: Operability,
    depth: Dockerfile,
    aliases: ["DL3049", "S7028"],
    audience: Default,
    edition: 2026,
}

/// The image that ships.
const SHIPS: &[&str] = &["DL3049", "S7028"];
/// A stage that does not.
const BUILD_STAGE: &[&str] = &["DL3049"];

impl Rule for MissingLabel {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(target) = file.target() else { return };
        if file.settings.labels.is_empty() {
            return;
        }
        let base = file.base_config(target);
        for label in file.settings.labels.keys() {
            for stage in lacking(file, label) {
                let ships = stage.index == target.index;
                let in_base = base
                    .as_ref()
                    .is_some_and(|config| config.labels.iter().any(|(key, _)| key == label));
                if ships && in_base {
                    continue;
                }
                sink.report(
                    file.place(file.from(stage).span),
                    if ships {
                        format!("The image that ships has no label `{label}`, which is required.")
                    } else {
                        format!("This stage, which does not ship, has no label `{label}`.")
                    },
                )
                .help(format!("Add `LABEL {label}=…`."))
                .aliases(if ships { SHIPS } else { BUILD_STAGE })
                .confidence(if ships {
                    Confidence::High
                } else {
                    Confidence::Low
                });
            }
        }
    }
}

/// The stages without the label: not on them, not on what they stand on. A stage that files are
/// copied from later carries no labels of the image, and neither does one that a later stage
/// without a name labels.
fn lacking<'a>(file: &ProjectFile<'a>, label: &str) -> Vec<&'a Stage> {
    let stages = &file.resolution.stages;
    let mut has = vec![false; stages.len()];
    let mut excused = vec![false; stages.len()];
    for stage in stages {
        let below = match stage.base {
            Base::Stage(below) => Some(below),
            _ => None,
        };
        has[stage.index] = below.is_some_and(|below| has[below]);
        for view in file.steps(stage) {
            for source in &view.step.from {
                if let Base::Stage(source) = source {
                    excused[*source] = true;
                }
            }
            let sets = !matches!(view.instruction.kind, InstructionKind::Onbuild(_))
                && pairs::of(&view).iter().any(|pair| key_of(pair) == label);
            if sets {
                has[stage.index] = true;
                if let (Some(below), None) = (below, &stage.name) {
                    excused[below] = true;
                }
            }
        }
    }
    let target = file.target().map(|target| target.index);
    stages
        .iter()
        .filter(|stage| {
            !has[stage.index] && (!excused[stage.index] || target == Some(stage.index))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const LABEL: &str = "LABEL org.opencontainers.image.revision=2dbfae9\n";

    #[test]
    fn cases() {
        fires(
            "missing-label",
            &[
                ("none at all", "FROM a:1\n", &[1]),
                ("another one", "FROM a:1\nLABEL x=y\n", &[1]),
                (
                    "of a stage that does not ship",
                    &format!("FROM a:1\n{LABEL}FROM b:1\n"),
                    &[3],
                ),
                ("for others", &format!("FROM a:1\nONBUILD {LABEL}"), &[1]),
            ],
        );
        silent(
            "missing-label",
            &[
                ("there it is", &format!("FROM a:1\n{LABEL}")),
                ("below", &format!("FROM a:1 AS b\n{LABEL}FROM b\n")),
                (
                    "files are copied from the stage",
                    &format!("FROM a:1 AS b\nFROM c:1\nCOPY --from=b /x /\n{LABEL}"),
                ),
            ],
        );
        unsure(
            "missing-label",
            &[(
                "a stage that does not ship",
                &format!("FROM a:1 AS b\nFROM c:1\n{LABEL}"),
            )],
        );
    }
}
