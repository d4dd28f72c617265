use plimsoll_syntax::dockerfile::InstructionKind;

use crate::declare::declare_rule;
use crate::label::pairs::{self, key_of};
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the image that ships sets a label that the builder sets from git: the revision, the
    /// source, the path of the Dockerfile. `plimsoll build` sets them, and so does Buildx with
    /// `BUILDX_GIT_LABELS`.
    ///
    /// ## Why it hurts in production
    /// A value in the file is right for one commit only, and stays in the image of every later one.
    /// The builder knows which commit it builds.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// LABEL org.opencontainers.image.revision="43c572f1272b6b3171dd1db9e41b7027128ce080"
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// LABEL org.opencontainers.image.title="app"
    /// ```
    ///
    /// ## Fix
    /// None: whether the builder sets it is not in the Dockerfile.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/variables/#buildx_git_labels>
    /// - <https://github.com/opencontainers/image-spec/blob/main/annotations.md>
    LabelOfTheBuilder = "label-of-the-builder",
    summary: "A label is set that the builder knows better",
    severity: Info,
    confidence: Medium,
    category: Reproducibility,
    depth: Dockerfile,
    aliases: ["tally/labels/no-buildx-git-overlap"],
    audience: Strict,
    edition: 2026,
}

impl Rule for LabelOfTheBuilder {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for view in file.shipped_steps() {
            if !matches!(view.instruction.kind, InstructionKind::Label(_)) {
                continue;
            }
            for pair in pairs::of(&view) {
                let key = key_of(pair);
                if matches!(
                    key,
                    "org.opencontainers.image.revision"
                        | "org.opencontainers.image.source"
                        | "com.docker.image.source.entrypoint"
                ) {
                    sink.report(
                        file.place(pair.span),
                        format!("The label `{key}` is the builder's to set."),
                    )
                    .help("Leave it out, and let the builder take it from git.");
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
            "label-of-the-builder",
            &[("the source", "FROM a:1\nLABEL a=1 \\\n  org.opencontainers.image.source=x\n", &[3])],
        );
        silent(
            "label-of-the-builder",
            &[
                ("others", "FROM a:1\nLABEL org.opencontainers.image.title=x\n"),
                ("not what ships", "FROM a:1\nLABEL org.opencontainers.image.source=x\nFROM b:1\n"),
            ],
        );
    }
}
