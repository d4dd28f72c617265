use std::collections::BTreeMap;

use plimsoll_model::Severity;
use plimsoll_syntax::dockerfile::InstructionKind;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a stage has the name of an earlier one.
    ///
    /// ## Why it hurts in production
    /// The later one takes the name: `COPY --from` further down gets files of another stage than
    /// the one its author looked at, and the earlier one may not be built at all.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM golang:1.24 AS build
    /// FROM node:22.12 AS build
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM golang:1.24 AS build
    /// FROM node:22.12 AS assets
    /// ```
    ///
    /// ## Fix
    /// None: which of the two the references mean is a guess.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/build-checks/duplicate-stage-name/>
    DuplicateStageName = "duplicate-stage-name",
    summary: "Two stages have one name",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["DL3024", "DuplicateStageName", "DS-0012", "DS012", "CKV_DOCKER_11"],
    audience: Default,
    edition: 2026,
}

impl Rule for DuplicateStageName {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        if file.resolution.stages.len() < 2 {
            return;
        }
        let mut seen = BTreeMap::new();
        for stage in &file.resolution.stages {
            let (Some(name), InstructionKind::From(from)) = (&stage.name, &file.from(stage).kind)
            else {
                continue;
            };
            let Some((_, word)) = &from.alias else {
                continue;
            };
            if let Some(before) = seen.insert(name.as_str(), word.span) {
                sink.report(
                    file.place(word.span),
                    format!("An earlier stage is called `{}` too.", name.escape_debug()),
                )
                .help("Give each stage a name of its own.")
                .severity(Severity::High)
                .related(file.place(before), "the earlier stage");
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
            "duplicate-stage-name",
            &[
                ("twice", "FROM a:1 AS b\nFROM c:1 AS b\n", &[2]),
                ("in another case", "FROM a:1 AS b\nFROM c:1 AS B\n", &[2]),
                ("each again", "FROM a:1 AS b\nFROM c:1 AS b\nFROM d:1 AS b\n", &[2, 3]),
            ],
        );
        silent(
            "duplicate-stage-name",
            &[
                ("different", "FROM a:1 AS b\nFROM c:1 AS d\n"),
                ("none", "FROM a:1\nFROM a:1\n"),
                ("on top of it", "FROM a:1 AS b\nFROM b\n"),
            ],
        );
    }
}
