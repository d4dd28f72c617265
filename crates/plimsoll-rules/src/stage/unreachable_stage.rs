use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that no build of the target needs a stage. One with a name may be built on its own
    /// (`--target test`), and is only told where it is asked for.
    ///
    /// ## Why it hurts in production
    /// BuildKit skips the stage: tests that stand in it never run, and what it was to deliver is
    /// missing. Whoever updates it updates nothing.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM golang:1.24
    /// RUN go build -o /app .
    /// FROM debian:12.11
    /// RUN useradd -u 10001 app
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM golang:1.24 AS build
    /// RUN go build -o /app .
    /// FROM debian:12.11
    /// RUN useradd -u 10001 app
    /// COPY --from=build /app /app
    /// ```
    ///
    /// ## Fix
    /// None: whether the stage is forgotten or its use is, only its author knows.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/multi-stage/>
    UnreachableStage = "unreachable-stage",
    summary: "No build of the target needs this stage",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["tally/no-unreachable-stages"],
    audience: Default,
    edition: 2026,
}

impl Rule for UnreachableStage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let stages = &file.resolution.stages;
        let Some(target) = file.target() else { return };
        // What stands behind a target that was chosen is for other builds.
        for stage in &stages[..target.index] {
            if stage.reaches_target {
                continue;
            }
            let name = match &stage.name {
                Some(name) => format!("`{}`", name.escape_debug()),
                None => format!("number {}", stage.index),
            };
            sink.report(
                file.place(file.from(stage).span),
                format!("No build of the last stage needs stage {name}, so it is skipped."),
            )
            .help("Copy from it what is needed, or remove it.")
            .confidence(if stage.name.is_some() {
                Confidence::Low
            } else {
                Confidence::High
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    #[test]
    fn cases() {
        fires(
            "unreachable-stage",
            &[
                ("the first", "FROM a:1\nRUN x\nFROM b:1\n", &[1]),
                ("and the second", "FROM a:1\nFROM b:1\nFROM c:1\n", &[1, 2]),
            ],
        );
        silent(
            "unreachable-stage",
            &[
                ("copied from", "FROM a:1\nFROM b:1\nCOPY --from=0 /x /\n"),
                ("stood on", "FROM a:1 AS x\nFROM x\n"),
                ("mounted", "FROM a:1 AS x\nFROM b:1\nRUN --mount=from=x,target=/x y\n"),
                ("one stage", "FROM a:1\n"),
            ],
        );
        unsure(
            "unreachable-stage",
            &[("built on its own", "FROM a:1 AS test\nFROM b:1\n")],
        );
    }
}
