use plimsoll_syntax::dockerfile::{Base, InstructionKind};

use crate::declare::declare_rule;
use crate::instruction::mend;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that files are copied from a stage that starts from `scratch` and puts nothing into
    /// it.
    ///
    /// ## Why it hurts in production
    /// There is no file to copy: the build fails at that line.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM scratch AS assets
    /// LABEL stage=assets
    /// FROM nginx:1.29
    /// COPY --from=assets /site /usr/share/nginx/html
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM scratch AS assets
    /// COPY site /site
    /// FROM nginx:1.29
    /// COPY --from=assets /site /usr/share/nginx/html
    /// ```
    ///
    /// ## Fix
    /// None: what should be in the stage is not known.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/multi-stage/>
    CopyFromEmptyStage = "copy-from-empty-stage",
    summary: "Files are copied from a stage that holds none",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["tally/copy-from-empty-scratch-stage"],
    audience: Default,
    edition: 2026,
}

impl Rule for CopyFromEmptyStage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let stages = &file.resolution.stages;
        if stages.len() < 2 {
            return;
        }
        let mut empty = vec![false; stages.len()];
        for stage in stages {
            let from_nothing = match stage.base {
                Base::Scratch => true,
                Base::Stage(below) => empty.get(below).copied().unwrap_or(false),
                _ => false,
            };
            empty[stage.index] = from_nothing
                && !file.steps(stage).any(|view| {
                    let instruction = if view.step.triggered {
                        unwrapped(view.instruction)
                    } else {
                        view.instruction
                    };
                    matches!(
                        instruction.kind,
                        InstructionKind::Add(_)
                            | InstructionKind::Copy(_)
                            | InstructionKind::Run(_)
                            | InstructionKind::Workdir(_)
                    )
                });
            for view in file.steps(stage) {
                let InstructionKind::Copy(_) = view.instruction.kind else {
                    continue;
                };
                let [Base::Stage(source)] = view.step.from.as_slice() else {
                    continue;
                };
                let Some(source) = stages.get(*source).filter(|source| empty[source.index]) else {
                    continue;
                };
                let place = view
                    .instruction
                    .flag("from")
                    .map_or(view.instruction.span, |word| word.span);
                let name = match &source.name {
                    Some(name) => format!("`{}`", name.escape_debug()),
                    None => format!("number {}", source.index),
                };
                sink.report(
                    file.place(place),
                    format!("The stage {name} starts from `scratch` and gets no file."),
                )
                .help("Put the files into that stage, or copy from the one that has them.")
                .related(file.place(file.from(source).span), "the empty stage")
                .confidence(mend::in_stage(stage));
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
            "copy-from-empty-stage",
            &[
                ("by name", "FROM scratch AS x\nFROM a:1\nCOPY --from=x /a /\n", &[3]),
                ("by number", "FROM scratch\nENV A=1\nFROM a:1\nCOPY --from=0 /a /\n", &[4]),
                (
                    "on top of an empty one",
                    "FROM scratch AS x\nFROM x AS y\nFROM a:1\nCOPY --from=y /a /\n",
                    &[4],
                ),
            ],
        );
        silent(
            "copy-from-empty-stage",
            &[
                ("it gets files", "FROM scratch AS x\nADD a /\nFROM a:1\nCOPY --from=x /a /\n"),
                ("an image has files", "FROM b:1 AS x\nFROM a:1\nCOPY --from=x /a /\n"),
                ("nobody copies", "FROM scratch AS x\nFROM a:1\nCOPY a /\n"),
            ],
        );
    }
}
