use plimsoll_model::{Applicability, Span};
use plimsoll_syntax::dockerfile::InstructionKind;
use plimsoll_syntax::dockerfile::expand::Lexer;

use super::arguments::Effective;
use crate::declare::declare_rule;
use crate::instruction::mend;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that `FROM --platform=$TARGETPLATFORM` says what holds anyway.
    ///
    /// ## Why it hurts in production
    /// It does nothing, and looks as if it did: whoever reads it expects that other stages are
    /// built for something else.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM --platform=$TARGETPLATFORM debian:12.11
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12.11
    /// ```
    ///
    /// ## Fix
    /// Safe: the flag is removed.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/build-checks/redundant-target-platform/>
    RedundantTargetPlatform = "redundant-target-platform",
    summary: "FROM --platform=$TARGETPLATFORM says what holds anyway",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["DL3065", "RedundantTargetPlatform"],
    audience: Default,
    edition: 2026,
}

impl Rule for RedundantTargetPlatform {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            let instruction = file.from(stage);
            let InstructionKind::From(from) = &instruction.kind else {
                continue;
            };
            let Some(flag) = instruction
                .flags
                .iter()
                .rev()
                .find(|flag| flag.name == "platform")
            else {
                continue;
            };
            let Some(word) = &flag.value else { continue };
            if !word.value.contains("TARGETPLATFORM") {
                continue;
            }
            let arguments = Effective(&file.resolution.global_args);
            let lexer = Lexer::new(file.dockerfile.escape);
            let (Ok(expansion), Ok(target)) = (
                lexer.expand(&word.value, &arguments),
                lexer.expand("$TARGETPLATFORM", &arguments),
            ) else {
                continue;
            };
            let alone = expansion.used.len() == 1 && expansion.unset.is_empty();
            if !alone || expansion.value != target.value {
                continue;
            }
            let exact = matches!(word.value.as_str(), "$TARGETPLATFORM" | "${TARGETPLATFORM}");
            let aliases: &[&str] = if exact {
                Self::META.aliases
            } else {
                &["RedundantTargetPlatform"]
            };
            let reported = sink
                .report(
                    file.place(flag.span),
                    "A stage is built for the target platform anyway.",
                )
                .help("Leave `--platform` out.")
                .aliases(aliases);
            let gap = Span::new(flag.span.start, from.image.span.start.max(flag.span.end));
            let plain = mend::written(file, gap)
                .iter()
                .skip(flag.span.len())
                .all(|byte| matches!(byte, b' ' | b'\t'));
            if plain {
                reported.fix(mend::fix(
                    file,
                    "Remove `--platform`",
                    Applicability::Safe,
                    [(gap, String::new())],
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent};

    const RULE: &str = "redundant-target-platform";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("plain", "FROM --platform=$TARGETPLATFORM a:1\n", &[1]),
                ("in braces", "FROM --platform=${TARGETPLATFORM} a:1 AS b\n", &[1]),
                ("with a default", "FROM --platform=${TARGETPLATFORM:-linux/amd64} a:1\n", &[1]),
            ],
        );
        silent(
            RULE,
            &[
                ("that of the builder", "FROM --platform=$BUILDPLATFORM a:1\n"),
                ("a part of it", "FROM --platform=$TARGETOS/arm64 a:1\n"),
                ("none", "FROM a:1\n"),
            ],
        );
        assert_eq!(
            fixed(RULE, "FROM --platform=$TARGETPLATFORM a:1\n", &[]),
            "FROM a:1\n"
        );
    }
}
