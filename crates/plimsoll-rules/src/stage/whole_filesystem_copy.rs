use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::{Base, InstructionKind};

use crate::declare::declare_rule;
use crate::instruction::mend;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a whole root folder is copied over that of another stage. Onto `scratch` it is
    /// the way to flatten an image, and only told where it is asked for.
    ///
    /// ## Why it hurts in production
    /// Two systems end up in one image: libraries of one, package database of the other, and every
    /// byte of both. Compilers, caches and credentials of the build stage ship.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM golang:1.24 AS build
    /// RUN go build -o /out/app .
    /// FROM debian:12.11
    /// COPY --from=build / /
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM golang:1.24 AS build
    /// RUN go build -o /out/app .
    /// FROM debian:12.11
    /// COPY --from=build /out/app /usr/local/bin/app
    /// ```
    ///
    /// ## Fix
    /// None: which files are needed is not known.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/multi-stage/>
    WholeFilesystemCopy = "whole-filesystem-copy",
    summary: "A whole root folder is copied from another stage",
    severity: Medium,
    confidence: High,
    category: Efficiency,
    depth: Dockerfile,
    aliases: ["DL3067"],
    audience: Default,
    edition: 2026,
}

impl Rule for WholeFilesystemCopy {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                let InstructionKind::Copy(words) = &view.instruction.kind else {
                    continue;
                };
                let (Some(from), [sources @ .., target]) =
                    (view.instruction.flag("from"), words.as_slice())
                else {
                    continue;
                };
                let is_root = |word: &str| word.trim_matches(['"', '\'']) == "/";
                if !is_root(&target.value) || !sources.iter().any(|source| is_root(&source.value)) {
                    continue;
                }
                let flattens = file.bottom(stage).base == Base::Scratch;
                // Scripts for cross builds, in an image of their own to be copied as a whole.
                let is_made_for_it = match view.step.from.first() {
                    Some(Base::Stage(source)) => {
                        let source = file.resolution.stages.get(*source);
                        source.is_some_and(|source| is_overlay(&source.base))
                    }
                    Some(base) => is_overlay(base),
                    None => false,
                };
                sink.report(
                    file.place(view.instruction.span),
                    format!(
                        "All files of `{}` are copied over those of this stage.",
                        from.value.escape_debug()
                    ),
                )
                .help("Copy the files that are needed, each to its place.")
                .confidence(if flattens || is_made_for_it {
                    Confidence::Low
                } else {
                    mend::in_stage(stage)
                });
            }
        }
    }
}

/// Whether an image is made to be laid over another.
fn is_overlay(base: &Base) -> bool {
    matches!(base, Base::Image(name) if name.contains("tonistiigi/xx"))
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    #[test]
    fn cases() {
        fires(
            "whole-filesystem-copy",
            &[
                ("from a stage", "FROM a:1 AS x\nFROM b:1\nCOPY --from=x / /\n", &[3]),
                ("with quotes", "FROM b:1\nCOPY --from=c:1 \"/\" '/'\n", &[2]),
            ],
        );
        silent(
            "whole-filesystem-copy",
            &[
                ("a folder", "FROM a:1 AS x\nFROM b:1\nCOPY --from=x /a /\n"),
                ("into a folder", "FROM a:1 AS x\nFROM b:1\nCOPY --from=x / /rootfs\n"),
                ("the build context", "FROM b:1\nCOPY / /\n"),
            ],
        );
        unsure(
            "whole-filesystem-copy",
            &[
                ("an image is flattened", "FROM a:1 AS x\nFROM scratch\nCOPY --from=x / /\n"),
                ("made for it", "FROM tonistiigi/xx:1 AS xx\nFROM a:1\nCOPY --from=xx / /\n"),
            ],
        );
    }
}
