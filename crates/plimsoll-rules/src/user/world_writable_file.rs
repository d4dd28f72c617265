use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::{Instruction, InstructionKind};
use plimsoll_syntax::shell::{ShellCommand, ShellWord};

use crate::declare::declare_rule;
use crate::mounts;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};
use crate::script::RunScript;
use crate::user::mode;

declare_rule! {
    /// ## What it does
    /// Tells that a step lets everybody write to a file or folder: `chmod 777`, `chmod o+w`, `mkdir
    /// -m 777`, `COPY --chmod=666`. A folder with the sticky bit (`1777`), as `/tmp` has it, is left
    /// out.
    ///
    /// ## Why it hurts in production
    /// Whoever gets hold of any process in the container may change the program, its configuration or
    /// its data, and what was changed is run by the next one. It is nearly always there because the
    /// owner was wrong.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN mkdir /data && chmod -R 777 /data
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN mkdir /data && chown 10001 /data
    /// ```
    ///
    /// ## Fix
    /// None: who has to write there is not in the Dockerfile.
    ///
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/732.html>
    WorldWritableFile = "world-writable-file",
    summary: "Everybody may write to a file of the image",
    severity: Medium,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["S2612", "tally/world-writable-state-path-workaround"],
    audience: Default,
    edition: 2026,
}

const COPIED: &[&str] = &["S2612"];

impl Rule for WorldWritableFile {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            let confidence = if file.ships(stage) {
                Confidence::High
            } else {
                Confidence::Low
            };
            for view in file.steps(stage) {
                let instruction = unwrapped(view.instruction);
                match &instruction.kind {
                    InstructionKind::Run(_) => {
                        for (script, command) in file.commands(view) {
                            run(file, instruction, script, command, confidence, sink);
                        }
                    }
                    InstructionKind::Copy(_) | InstructionKind::Add(_) => {
                        let Some(word) = instruction.flag("chmod") else { continue };
                        let grants = file
                            .expand(&word.value, &view.step.before)
                            .and_then(|value| mode::read(&value));
                        if grants.is_some_and(|grants| grants.others_write && !grants.sticky) {
                            sink.report(
                                file.place(word.span),
                                "Everybody may write to what is copied here.",
                            )
                            .help(HELP)
                            .aliases(COPIED)
                            .confidence(confidence);
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

const HELP: &str = "Give it to the user that writes there (`chown`, `COPY --chown`), or to its group, and \
                    take the right from all others.";

fn plain(path: &ShellWord) -> Option<&str> {
    Some(path.literal.as_deref()?.trim_end_matches('/'))
}

fn run(
    file: &ProjectFile<'_>,
    instruction: &Instruction,
    script: &RunScript<'_>,
    command: &ShellCommand,
    confidence: Confidence,
    sink: &mut Sink<'_>,
) {
    let Some((word, grants, paths)) = mode::given(command) else {
        return;
    };
    if !grants.others_write || grants.sticky {
        return;
    }
    // Folders for everybody, and what is in no layer.
    let harmless = paths.iter().all(|path| {
        plain(path).is_some_and(|path| {
            matches!(path, "/tmp" | "/var/tmp" | "/dev/shm") || mounts::covers(instruction, path)
        })
    });
    if harmless && !paths.is_empty() {
        return;
    }
    let what = paths.first().map_or_else(
        || "it".to_owned(),
        |path| {
            let raw = path.raw.chars().take(80).collect::<String>();
            format!("`{}`", raw.escape_debug())
        },
    );
    sink.report(
        file.place(script.word_span(word)),
        format!("Everybody may write to {what}."),
    )
    .help(HELP)
    .confidence(confidence);
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    #[test]
    fn cases() {
        fires(
            "world-writable-file",
            &[
                ("by number", "FROM a:1\nRUN x && \\\n  chmod 0777 /data\n", &[3]),
                ("by letter", "FROM a:1\nRUN chmod a+rwx,g-x /data\n", &[2]),
                ("at creation", "FROM a:1\nRUN mkdir -pm 777 /data\n", &[2]),
                ("copied", "FROM a:1\nCOPY --chmod=666 x /x\n", &[2]),
            ],
        );
        silent(
            "world-writable-file",
            &[
                ("the group may", "FROM a:1\nRUN chmod 775 /x && chmod g+w /y && chmod g=u /z\n"),
                ("to be run", "FROM a:1\nRUN chmod +x /x && chmod a+rX /y\n"),
                ("for everybody", "FROM a:1\nRUN chmod 1777 /tmp && chmod 777 /tmp\n"),
                ("the right is taken", "FROM a:1\nRUN chmod o-w /x\n"),
                ("in a cache", "FROM a:1\nRUN --mount=type=cache,target=/c chmod 777 /c/x\n"),
            ],
        );
        unsure(
            "world-writable-file",
            &[("not what ships", "FROM a:1\nRUN chmod 777 /x\nFROM b:1\n")],
        );
    }
}
