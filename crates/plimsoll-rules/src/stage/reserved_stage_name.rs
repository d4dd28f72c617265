use plimsoll_syntax::dockerfile::InstructionKind;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a stage is called `scratch` or `context`, which mean something else to builders.
    ///
    /// ## Why it hurts in production
    /// `FROM scratch` means the empty image, whatever stage has that name above: what was put into
    /// the stage is silently missing. `context` is the name of the build context.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12.11 AS context
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12.11 AS sources
    /// ```
    ///
    /// ## Fix
    /// None: the new name has to be found, and put wherever the stage is referred to.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/build-checks/reserved-stage-name/>
    ReservedStageName = "reserved-stage-name",
    summary: "A stage has a name that means something else to builders",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["DL3063", "ReservedStageName"],
    audience: Default,
    edition: 2026,
}

impl Rule for ReservedStageName {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            if !matches!(stage.name.as_deref(), Some("scratch" | "context")) {
                continue;
            }
            let InstructionKind::From(from) = &file.from(stage).kind else {
                continue;
            };
            let Some((_, word)) = &from.alias else {
                continue;
            };
            sink.report(
                file.place(word.span),
                format!("`{}` means something else to builders.", word.value.escape_debug()),
            )
            .help("Give the stage another name.");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "reserved-stage-name",
            &[
                ("scratch", "FROM a:1 AS scratch\n", &[1]),
                ("context, in any case", "FROM a:1 AS b\nFROM b AS Context\n", &[2]),
            ],
        );
        silent(
            "reserved-stage-name",
            &[
                ("the empty image itself", "FROM scratch\n"),
                ("a part of a name", "FROM a:1 AS from-scratch\n"),
            ],
        );
    }
}
