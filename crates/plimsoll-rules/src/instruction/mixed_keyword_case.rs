use plimsoll_model::Applicability;
use plimsoll_syntax::dockerfile::InstructionKind;

use super::mend;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells which keywords are not in the case (upper or lower) of most keywords of the file.
    ///
    /// ## Why it hurts in production
    /// An instruction that looks like the rest is found by the eye and by a plain search; `run` in
    /// a file of `RUN` is skipped by both, also in a review.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12.11
    /// run apt-get update
    /// USER 10001
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12.11
    /// RUN apt-get update
    /// USER 10001
    /// ```
    ///
    /// ## Fix
    /// Safe: the keyword changes its case, and the `AS` of a `FROM` with it.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/build-checks/consistent-instruction-casing/>
    MixedKeywordCase = "mixed-keyword-case",
    summary: "An instruction is not in the case of the others",
    severity: Info,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["ConsistentInstructionCasing", "S6476"],
    audience: Default,
    edition: 2026,
}

impl Rule for MixedKeywordCase {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        // BuildKit counts from the first FROM on.
        let first = file.resolution.stages.first().map_or(0, |stage| stage.from);
        // What is no instruction has no case either, and may be a credential on a broken line.
        let counted = || {
            let all = file.dockerfile.instructions().skip(first);
            all.filter(|one| !matches!(one.kind, InstructionKind::Unknown(_)))
        };
        let (mut lower, mut upper) = (0usize, 0usize);
        for instruction in counted() {
            let word = instruction.keyword.value.as_bytes();
            if !word.iter().any(u8::is_ascii_uppercase) {
                lower += 1;
            } else if !word.iter().any(u8::is_ascii_lowercase) {
                upper += 1;
            }
        }
        let wants_lower = lower > upper;
        for instruction in counted() {
            let word = &instruction.keyword;
            let differs = word.value.bytes().any(|byte| {
                if wants_lower {
                    byte.is_ascii_uppercase()
                } else {
                    byte.is_ascii_lowercase()
                }
            });
            if !differs {
                continue;
            }
            let right = if wants_lower {
                word.value.to_ascii_lowercase()
            } else {
                word.value.to_ascii_uppercase()
            };
            let mut edits = vec![(word.span, right.clone())];
            // The AS of a FROM goes along: the two are to be in one case.
            if let InstructionKind::From(from) = &instruction.kind
                && let Some((word, _)) = &from.alias
            {
                let right = if wants_lower { "as" } else { "AS" };
                edits.push((word.span, right.to_owned()));
            }
            sink.report(
                file.place(word.span),
                format!(
                    "`{}` is not in {} case as most instructions of this file are.",
                    word.value.escape_debug(),
                    if wants_lower { "lower" } else { "upper" }
                ),
            )
            .help(format!("Write `{}`.", right.escape_debug()))
            .fix(mend::fix(
                file,
                "Write it as the others",
                Applicability::Safe,
                edits,
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent};

    const RULE: &str = "mixed-keyword-case";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("one lower", "FROM a:1\nRUN x\nuser 1\n", &[3]),
                ("one upper", "from a:1\nRUN x\nuser 1\n", &[2]),
                ("upper where both are as many", "from a:1\nRUN x\n", &[1]),
                ("neither", "FROM a:1\nRun x\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                ("all upper", "FROM a:1\nRUN x\n"),
                ("all lower", "from a:1\nrun x\n"),
                ("what stands in front of FROM", "arg A\nFROM a:1\nRUN x\n"),
            ],
        );
        assert_eq!(
            fixed("ALL", "FROM a:1\nUSER 1\nfrom a:1 AS b\nFrom b as c\n", &[]),
            "FROM a:1\nUSER 1\nFROM a:1 AS b\nFROM b AS c\n"
        );
        assert_eq!(
            fixed(RULE, "FROM a:1\nrun x \\\n # why\n y\nUSER 1\n", &[]),
            "FROM a:1\nRUN x \\\n # why\n y\nUSER 1\n"
        );
    }
}
