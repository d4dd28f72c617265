use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::{Base, InstructionKind};

use super::relative_workdir::has_drive;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that files are copied to a relative path although no `WORKDIR` was set in the file.
    /// Silent where the base image's folder is known, as it is of `scratch`.
    ///
    /// ## Why it hurts in production
    /// The files land in whatever folder the base image starts in, most often `/`, between the
    /// system's own, where `COPY . .` overwrites folders as `etc` and `bin`. Another base image,
    /// another place.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM node:22.12
    /// COPY server.js .
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM node:22.12
    /// WORKDIR /app
    /// COPY server.js .
    /// ```
    ///
    /// ## Fix
    /// None: which folder was meant is a guess.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#destination>
    RelativeCopyDestination = "relative-copy-destination",
    summary: "Files are copied to a path that depends on the base image",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["DL3045"],
    audience: Default,
    edition: 2026,
}

impl Rule for RelativeCopyDestination {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let stages = &file.resolution.stages;
        let mut set = vec![false; stages.len()];
        for stage in stages {
            if let Base::Stage(below) = stage.base {
                set[stage.index] = set.get(below).copied().unwrap_or(false);
            }
            for view in file.steps(stage) {
                let (words, keyword, aliases): (_, _, &[&str]) = match &view.instruction.kind {
                    InstructionKind::Workdir(_) => {
                        set[stage.index] = true;
                        continue;
                    }
                    InstructionKind::Copy(words) => (words, "COPY", &["DL3045"]),
                    InstructionKind::Add(words) => (words, "ADD", &[]),
                    _ => continue,
                };
                if set[stage.index] {
                    continue;
                }
                let Some(word) = words.last() else { continue };
                let path = word.value.trim_matches(['"', '\'']);
                if path.starts_with(['/', '\\', '$']) || has_drive(path) {
                    continue;
                }
                // Where the folder is known, the place is too.
                let confidence = if stage.reaches_target && view.step.before.workdir.is_none() {
                    Confidence::High
                } else {
                    Confidence::Low
                };
                sink.report(
                    file.place(word.span),
                    format!(
                        "`{}` is relative to whatever folder the base image starts in.",
                        path.escape_debug()
                    ),
                )
                .help(format!(
                    "Set a `WORKDIR` in front of this `{keyword}`, or write the path from the root."
                ))
                .aliases(aliases)
                .confidence(confidence);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "relative-copy-destination";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("the folder itself", "FROM a:1\nCOPY . .\n", &[2]),
                ("a name", "FROM a:1\nCOPY a \"b\"\n", &[2]),
                ("ADD", "FROM a:1\nADD a b/\n", &[2]),
                ("set too late", "FROM a:1\nCOPY a b\nWORKDIR /x\n", &[2]),
                (
                    "set in another stage",
                    "FROM a:1 AS x\nWORKDIR /x\nFROM a:1\nCOPY --from=x a b\n",
                    &[4],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("absolute", "FROM a:1\nCOPY a /b\n"),
                ("the folder was set", "FROM a:1\nWORKDIR /x\nCOPY . .\n"),
                ("in the stage below", "FROM a:1 AS x\nWORKDIR /x\nFROM x\nCOPY . .\n"),
                ("a variable decides", "FROM a:1\nCOPY a ${B}\n"),
                ("Windows", "FROM a:1\nCOPY a c:/b\n"),
            ],
        );
        unsure(
            RULE,
            &[
                ("an empty image starts in its root", "FROM scratch\nCOPY a .\n"),
                ("a stage that nothing needs", "FROM a:1\nCOPY a .\nFROM b:1\n"),
            ],
        );
    }
}
