use plimsoll_model::{Confidence, Span};
use plimsoll_syntax::dockerfile::{Base, Instruction, InstructionKind};

use crate::declare::declare_rule;
use crate::instruction::mend;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that `--from` names no stage and looks like a mistyped one: the builder then asks a
    /// registry for an image of that name. Images with a tag or digest are left alone.
    ///
    /// ## Why it hurts in production
    /// At best the build fails. At worst somebody owns an image of that name on Docker Hub, and the
    /// files that ship are theirs.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM golang:1.24 AS builder
    /// FROM scratch
    /// COPY --from=buidler /app /app
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM golang:1.24 AS builder
    /// FROM scratch
    /// COPY --from=builder /app /app
    /// ```
    ///
    /// ## Fix
    /// Unsafe: the name of the stage that looks meant is put in.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#copy---from>
    CopyFromUnknownStage = "copy-from-unknown-stage",
    summary: "--from names no stage, so a registry is asked for it",
    severity: High,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["DL3022"],
    audience: Default,
    edition: 2026,
}

/// Names that are compared with those of the stages, in one file.
const LOOKUP_LIMIT: usize = 200;

impl Rule for CopyFromUnknownStage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let mut looked_up = 0;
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                for base in &view.step.from {
                    let Base::Image(name) = base else { continue };
                    if name.contains(':') {
                        continue;
                    }
                    let is_copy = matches!(view.instruction.kind, InstructionKind::Copy(_));
                    let names = file.resolution.stages.iter();
                    looked_up += 1;
                    let meant = if looked_up > LOOKUP_LIMIT {
                        None
                    } else {
                        mend::meant(
                            &name.to_lowercase(),
                            names.filter_map(|stage| stage.name.as_deref()),
                        )
                    };
                    let place = place(view.instruction, name);
                    let shown = name.escape_debug();
                    let reported = sink
                        .report(
                            file.place(place),
                            format!("No stage is called `{shown}`: a registry is asked for an image of that name."),
                        )
                        .aliases(if is_copy { Self::META.aliases } else { &[] })
                        .confidence(match meant {
                            Some(_) => mend::in_stage(stage),
                            // Most likely an image, without the tag it should have.
                            None => Confidence::Low,
                        });
                    let Some(meant) = meant else {
                        reported.help("Name a stage above this one, or give the image its tag and digest.");
                        continue;
                    };
                    let reported = reported.help(format!("Did you mean `{}`?", meant.escape_debug()));
                    if is_copy && mend::written(file, place) == name.as_bytes() {
                        reported.fix(mend::fix(
                            file,
                            format!("Copy from `{meant}`"),
                            plimsoll_model::Applicability::Unsafe,
                            [(place, meant.to_owned())],
                        ));
                    }
                }
            }
        }
    }
}

/// Where `--from=name` or `--mount=…from=name` stands.
fn place(instruction: &Instruction, name: &str) -> Span {
    if let Some(word) = instruction.flag("from") {
        return word.span;
    }
    instruction
        .flags
        .iter()
        .find(|flag| {
            flag.value
                .as_ref()
                .is_some_and(|value| value.value.contains(name))
        })
        .map_or(instruction.span, |flag| flag.span)
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent, unsure};

    const RULE: &str = "copy-from-unknown-stage";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("COPY", "FROM a:1 AS build\nFROM b:1\nCOPY --from=biuld /x /\n", &[3]),
                ("a mount", "FROM a:1 AS build\nFROM b:1\nRUN --mount=from=bild,target=/x y\n", &[3]),
            ],
        );
        silent(
            RULE,
            &[
                ("a stage", "FROM a:1 AS build\nFROM b:1\nCOPY --from=build /x /\n"),
                ("in any case", "FROM a:1 AS build\nFROM b:1\nCOPY --from=Build /x /\n"),
                ("by number", "FROM a:1\nFROM b:1\nCOPY --from=0 /x /\n"),
                ("an image with its tag", "FROM b:1\nCOPY --from=nginx:1.29 /x /\n"),
            ],
        );
        unsure(
            RULE,
            &[("most likely an image", "FROM b:1\nCOPY --from=nginx /x /\n")],
        );
        assert_eq!(
            fixed(RULE, "FROM a:1 AS build\nFROM b:1\nCOPY --from=biuld /x /\n", &[]),
            "FROM a:1 AS build\nFROM b:1\nCOPY --from=build /x /\n"
        );
    }
}
