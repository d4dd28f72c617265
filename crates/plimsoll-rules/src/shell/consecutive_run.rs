use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::{Flag, InstructionKind};

use super::run::written_name;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` of one command follows another of one command with the same flags.
    ///
    /// ## Why it hurts in production
    /// Each `RUN` is a layer: one more to fetch and to mount, and what the second deletes of the
    /// first is not gone. Where the two belong together, one cache entry serves both.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN /build/configure
    /// RUN /build/install
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN /build/configure && /build/install
    /// ```
    ///
    /// ## Fix
    /// None: two entries in the build cache may be wanted.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#run>
    ConsecutiveRun = "consecutive-run",
    summary: "A RUN of one command follows another that it could be joined with",
    severity: Info,
    confidence: High,
    category: Efficiency,
    depth: Dockerfile,
    aliases: ["DL3059", "S7031"],
    audience: Strict,
    edition: 2026,
}

/// The RUN that the next may be joined with.
struct Before<'a> {
    flags: &'a [Flag],
    commands: usize,
    place: plimsoll_model::Span,
}

impl Rule for ConsecutiveRun {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            let mut before: Option<Before<'_>> = None;
            for view in file.steps(stage).filter(|view| !view.step.triggered) {
                if !matches!(view.instruction.kind, InstructionKind::Run(_)) {
                    before = None;
                    continue;
                }
                let now = Before {
                    flags: &view.instruction.flags,
                    commands: file
                        .commands(view)
                        .filter(|(_, command)| written_name(command).is_some())
                        .count(),
                    place: view.instruction.keyword.span,
                };
                match &before {
                    Some(first)
                        if same(first.flags, now.flags)
                            && first.commands < 2
                            && now.commands < 2 =>
                    {
                        sink.report(
                            file.place(view.instruction.keyword.span),
                            "This `RUN` and the one above it do one thing each, in two layers.",
                        )
                        .help("Join them with `&&` if they belong together.")
                        .confidence(if stage.reaches_target {
                            Confidence::High
                        } else {
                            Confidence::Low
                        })
                        .related(file.place(first.place), "the `RUN` above");
                    }
                    _ => before = Some(now),
                }
            }
        }
    }
}

/// Whether two RUNs have the same flags, in whatever order.
fn same(one: &[Flag], other: &[Flag]) -> bool {
    let holds = |flags: &[Flag], flag: &Flag| {
        flags.iter().any(|known| {
            known.name == flag.name
                && known.value.as_ref().map(|word| &word.value)
                    == flag.value.as_ref().map(|word| &word.value)
        })
    };
    one.len() == other.len() && one.len() < 64 && one.iter().all(|flag| holds(other, flag))
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "consecutive-run";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("two", "FROM debian:12\nRUN a\nRUN b\n", &[3]),
                (
                    "three, with a comment between",
                    "FROM debian:12\nRUN a\n# why\n\nRUN b\nRUN c\n",
                    &[5, 6],
                ),
                (
                    "behind a chain",
                    "FROM debian:12\nRUN a && b\nRUN c\nRUN d\n",
                    &[4],
                ),
                (
                    "the same flags",
                    "FROM debian:12\nRUN --network=none a\nRUN --network=none b\n",
                    &[3],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("one", "FROM debian:12\nRUN a\n"),
                (
                    "something between",
                    "FROM debian:12\nRUN a\nWORKDIR /\nRUN b\n",
                ),
                (
                    "other flags",
                    "FROM debian:12\nRUN --mount=type=secret,id=x a\nRUN b\n",
                ),
                ("chains", "FROM debian:12\nRUN a && b\nRUN c && d\n"),
                ("another stage", "FROM a:1\nRUN a\nFROM b:1\nRUN b\n"),
            ],
        );
        unsure(
            RULE,
            &[(
                "a stage that is not built",
                "FROM debian:12 AS t\nRUN a\nRUN b\nFROM scratch\n",
            )],
        );
    }
}
