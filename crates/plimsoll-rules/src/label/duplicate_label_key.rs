use plimsoll_model::{Applicability, Confidence, Edit, Fix};
use plimsoll_syntax::dockerfile::{Instruction, InstructionKind, KeyValue};

use crate::declare::declare_rule;
use crate::label::pairs::{self, key_of};
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a stage sets a label twice. Keys with a variable in them are left out.
    ///
    /// ## Why it hurts in production
    /// Only the last value is in the image. Whoever changes the first one wonders why nothing
    /// happens.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// LABEL com.example.team="a"
    /// LABEL com.example.team="b"
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// LABEL com.example.team="b"
    /// ```
    ///
    /// ## Fix
    /// Unsafe: where the earlier one stands alone in its instruction, that instruction is taken out.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#label>
    DuplicateLabelKey = "duplicate-label-key",
    summary: "A label is set twice in a stage",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["tally/labels/no-duplicate-keys"],
    audience: Default,
    edition: 2026,
}

impl Rule for DuplicateLabelKey {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            let mut seen: Vec<(&str, &KeyValue, &Instruction)> = Vec::new();
            for view in file.steps(stage) {
                if !matches!(view.instruction.kind, InstructionKind::Label(_)) {
                    continue;
                }
                for pair in pairs::of(&view) {
                    let key = key_of(pair);
                    if key.contains('$') {
                        continue;
                    }
                    let earlier = seen.iter_mut().find(|(known, ..)| *known == key);
                    let Some(earlier) = earlier else {
                        seen.push((key, pair, view.instruction));
                        continue;
                    };
                    let (_, first, instruction) = *earlier;
                    *earlier = (key, pair, view.instruction);
                    let reported = sink
                        .report(
                            file.place(first.span),
                            format!("The label `{}` is set again further down.", key.escape_debug()),
                        )
                        .help("Keep the one that is meant.")
                        .related(file.place(pair.span), "This is the value the image gets.")
                        .confidence(if stage.reaches_target {
                            Confidence::High
                        } else {
                            Confidence::Low
                        });
                    let alone = matches!(&instruction.kind, InstructionKind::Label(pairs) if pairs.len() == 1);
                    if alone && instruction.comments.is_empty() {
                        reported.fix(Fix {
                            title: "Take the earlier one out".to_owned(),
                            applicability: Applicability::Unsafe,
                            edits: vec![Edit {
                                file: file.dockerfile.source.path().to_owned(),
                                span: instruction.lines,
                                text: String::new(),
                            }],
                        });
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent};

    #[test]
    fn cases() {
        fires(
            "duplicate-label-key",
            &[
                ("in two instructions", "FROM a:1\nLABEL a=1\nLABEL a=2\n", &[2]),
                ("in one", "FROM a:1\nLABEL a=1 \\\n  \"a\"=2\n", &[2]),
                ("three times", "FROM a:1\nLABEL a=1\nLABEL a=2\nLABEL a=3\n", &[2, 3]),
            ],
        );
        silent(
            "duplicate-label-key",
            &[
                ("others", "FROM a:1\nLABEL a=1 b=1\n"),
                ("two stages", "FROM a:1 AS b\nLABEL a=1\nFROM b\nLABEL a=2\n"),
                ("a variable", "FROM a:1\nLABEL $X=1\nLABEL $X=2\n"),
            ],
        );
        assert_eq!(
            fixed("duplicate-label-key", "FROM a:1\nLABEL a=1\n# why\nLABEL a=2\n", &[]),
            "FROM a:1\n# why\nLABEL a=2\n"
        );
    }
}
