use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::{Base, InstructionKind};

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a `WORKDIR` is relative although the file sets no absolute one before it, so
    /// that the folder depends on the base image.
    ///
    /// ## Why it hurts in production
    /// The day the base image starts in another folder, everything that follows lies somewhere
    /// else: the program, its data, and what a mount or a health check expects there.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM node:22.12
    /// WORKDIR app
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM node:22.12
    /// WORKDIR /app
    /// ```
    ///
    /// ## Fix
    /// None: which folder was meant depends on the base image.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/build-checks/workdir-relative-path/>
    RelativeWorkdir = "relative-workdir",
    summary: "A WORKDIR depends on the base image's folder",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["DL3000", "WorkdirRelativePath", "DS-0009", "DS009", "CKV_DOCKER_10", "S7021"],
    audience: Default,
    edition: 2026,
}

const ALL: &[&str] = RelativeWorkdir::META.aliases;
const BUILDKIT: &[&str] = &["WorkdirRelativePath"];
const OTHERS: &[&str] = &["DL3000", "DS-0009", "DS009", "CKV_DOCKER_10", "S7021"];

impl Rule for RelativeWorkdir {
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
                let InstructionKind::Workdir(word) = &view.instruction.kind else {
                    continue;
                };
                let first = !std::mem::replace(&mut set[stage.index], true);
                let written = word.value.trim_matches(['"', '\'']);
                let looks_relative = !written.starts_with(['$', '/']) && !has_drive(written);
                let may_be = first && written.starts_with('$');
                if !looks_relative && !may_be {
                    continue;
                }
                let state = &view.step.before;
                let Ok(expansion) = state.expansion(&word.value, file.dockerfile.escape) else {
                    continue;
                };
                let certain = state.is_certain(&expansion);
                // BuildKit judges what the variables make of it, an unset one being empty.
                let is_relative = !expansion.value.starts_with(['/', '\\'])
                    && !has_drive(&expansion.value);
                let (aliases, confidence) = match (first && is_relative, looks_relative) {
                    (true, true) => (ALL, Confidence::High),
                    (true, false) if certain => (BUILDKIT, Confidence::High),
                    (true, false) => (BUILDKIT, Confidence::Low),
                    (false, true) => (OTHERS, Confidence::Low),
                    (false, false) => continue,
                };
                let confidence = if stage.reaches_target {
                    confidence
                } else {
                    Confidence::Low
                };
                let shown = written.escape_debug();
                let message = if first {
                    format!("`WORKDIR {shown}` is relative to a folder that only the base image knows.")
                } else {
                    format!("`WORKDIR {shown}` is relative to the one before it.")
                };
                sink.report(file.place(word.span), message)
                    .help("Write the folder from the root: `WORKDIR /…`.")
                    .aliases(aliases)
                    .confidence(confidence);
            }
        }
    }
}

/// Whether a path starts with the letter of a Windows drive.
pub(super) fn has_drive(path: &str) -> bool {
    let mut characters = path.chars();
    characters.next().is_some_and(char::is_alphabetic) && characters.next() == Some(':')
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "relative-workdir";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("relative", "FROM a:1\nWORKDIR app\n", &[2]),
                ("with quotes", "FROM a:1\nWORKDIR \"app/x\"\n", &[2]),
                ("on scratch too", "FROM scratch\nWORKDIR app\n", &[2]),
                ("through a variable", "FROM a:1\nARG D=app\nWORKDIR $D\n", &[3]),
                ("each stage for itself", "FROM a:1 AS x\nWORKDIR /a\nFROM a:1\nCOPY --from=x /a /\nWORKDIR b\n", &[5]),
            ],
        );
        silent(
            RULE,
            &[
                ("absolute", "FROM a:1\nWORKDIR /app\nWORKDIR '/x'\n"),
                ("through a variable", "FROM a:1\nARG D=/app\nWORKDIR $D\n"),
                ("behind a variable", "FROM a:1\nWORKDIR $HOME/x\n"),
                ("Windows", "FROM a:1\nWORKDIR C:\\x\n"),
                ("Windows, with quotes", "FROM a:1\nWORKDIR 'C:\\\\'\n"),
            ],
        );
        unsure(
            RULE,
            &[
                ("below an absolute one", "FROM a:1\nWORKDIR /app\nWORKDIR b\n"),
                ("below one of the stage below", "FROM a:1 AS x\nWORKDIR /app\nFROM x\nWORKDIR b\n"),
                ("the base may set it", "FROM a:1\nWORKDIR $APP\n"),
            ],
        );
    }
}
