use plimsoll_model::Applicability;
use plimsoll_syntax::dockerfile::InstructionKind;

use super::mend;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the `AS` of a `FROM` is not in the case of its `FROM`.
    ///
    /// ## Why it hurts in production
    /// Nothing breaks. A lower-case `as` between an image and a name reads like a part of them, and
    /// the name of the stage is overlooked in a review.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM golang:1.24 as build
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM golang:1.24 AS build
    /// ```
    ///
    /// ## Fix
    /// Safe: `as` changes its case.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/build-checks/from-as-casing/>
    FromAsCaseMismatch = "from-as-case-mismatch",
    summary: "FROM and AS are not in the same case",
    severity: Info,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["FromAsCasing"],
    audience: Default,
    edition: 2026,
}

impl Rule for FromAsCaseMismatch {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            let instruction = file.from(stage);
            let InstructionKind::From(from) = &instruction.kind else {
                continue;
            };
            let Some((word, _)) = &from.alias else {
                continue;
            };
            let keyword = instruction.keyword.value.as_bytes();
            // A FROM in neither case is told by `mixed-keyword-case`.
            let right = if !keyword.iter().any(u8::is_ascii_uppercase) {
                "as"
            } else if !keyword.iter().any(u8::is_ascii_lowercase) {
                "AS"
            } else {
                continue;
            };
            if word.value == right {
                continue;
            }
            sink.report(
                file.place(word.span),
                format!(
                    "`{}` is not in the case of its `{}`.",
                    word.value.escape_debug(),
                    instruction.keyword.value.escape_debug()
                ),
            )
            .help(format!("Write `{right}`."))
            .fix(mend::fix(
                file,
                format!("Write `{right}`"),
                Applicability::Safe,
                [(word.span, right.to_owned())],
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "from-as-case-mismatch",
            &[
                ("lower", "FROM a:1 as b\n", &[1]),
                ("upper", "from a:1 AS b\n", &[1]),
                ("neither", "FROM a:1 As b\n", &[1]),
                ("each", "FROM a:1 as b\nFROM a:1 as c\n", &[1, 2]),
            ],
        );
        silent(
            "from-as-case-mismatch",
            &[
                ("both upper", "FROM a:1 AS b\n"),
                ("both lower", "from a:1 as b\n"),
                ("a FROM that is neither", "From a:1 as b\n"),
                ("no name", "FROM a:1\n"),
            ],
        );
    }
}
