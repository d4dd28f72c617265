use plimsoll_model::Applicability;
use plimsoll_syntax::dockerfile::InstructionKind;

use crate::declare::declare_rule;
use crate::instruction::mend;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the name of a stage is not in lower case.
    ///
    /// ## Why it hurts in production
    /// Builders keep the name in lower case. `FROM Build` does not find the stage `Build` then and
    /// asks a registry for an image of that name.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM golang:1.24 AS Build
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM golang:1.24 AS build
    /// ```
    ///
    /// ## Fix
    /// Safe: the name is put into lower case. `--from` finds it in any case.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/build-checks/stage-name-casing/>
    UppercaseStageName = "uppercase-stage-name",
    summary: "The name of a stage is not in lower case",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["StageNameCasing"],
    audience: Default,
    edition: 2026,
}

impl Rule for UppercaseStageName {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            let InstructionKind::From(from) = &file.from(stage).kind else {
                continue;
            };
            let Some((_, word)) = &from.alias else {
                continue;
            };
            if !word.value.chars().any(char::is_uppercase) {
                continue;
            }
            let lower = word.value.to_lowercase();
            sink.report(
                file.place(word.span),
                format!("The stage `{}` is known as `{}`.", word.value.escape_debug(), lower.escape_debug()),
            )
            .help(format!("Write `{}`.", lower.escape_debug()))
            .fix(mend::fix(
                file,
                "Write the name in lower case",
                Applicability::Safe,
                [(word.span, lower.clone())],
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
            "uppercase-stage-name",
            &[
                ("one letter", "FROM a:1 AS B\n", &[1]),
                ("each", "FROM a:1 AS xY\nFROM b:1 AS Z\n", &[1, 2]),
            ],
        );
        silent(
            "uppercase-stage-name",
            &[
                ("lower", "FROM a:1 AS b-1\n"),
                ("the image is another matter", "FROM a:1-RC1\n"),
            ],
        );
    }
}
