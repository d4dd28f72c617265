use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::{InstructionKind, Stage};

use super::fetch::{names_content, verifies};
use crate::declare::declare_rule;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that `ADD` fetches a file from an address without `--checksum`.
    ///
    /// ## Why it hurts in production
    /// What the address sends on the day of the build is in the image, whatever it is. With a
    /// checksum the build stops when it is something else, and needs no network when it is cached.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// ADD https://example.com/app.tar.gz /opt/
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// ADD --checksum=sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 \
    ///     https://example.com/app.tar.gz /opt/
    /// ```
    ///
    /// ## Fix
    /// None: the checksum has to come from who publishes the file.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#add---checksum>
    AddUrlWithoutChecksum = "add-url-without-checksum",
    summary: "ADD fetches a file without a checksum",
    severity: Medium,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for AddUrlWithoutChecksum {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            let mut looked_at = None;
            for view in file.steps(stage).filter(|view| !view.step.triggered) {
                let add = unwrapped(view.instruction);
                let InstructionKind::Add(words) = &add.kind else {
                    continue;
                };
                if add.flags.iter().any(|flag| flag.name == "checksum") {
                    continue;
                }
                let Some((_, sources)) = words.split_last() else {
                    continue;
                };
                for source in sources {
                    // One that a RUN of the stage compares behind it is looked at, if late.
                    let text = file
                        .expand(&source.value, &view.step.before)
                        .unwrap_or_else(|| source.value.clone());
                    let url = text.trim_matches(['"', '\'']);
                    if !is_file_url(url) || names_content(url) {
                        continue;
                    }
                    let sure = stage.reaches_target && !*looked_at.get_or_insert_with(|| compared(file, stage));
                    sink.report(
                        file.place(source.span),
                        "What this address sends on the day of the build goes into the image unseen.",
                    )
                    .help("Say what it must be: `ADD --checksum=sha256:… …`.")
                    .confidence(if sure {
                        Confidence::High
                    } else {
                        Confidence::Low
                    });
                }
            }
        }
    }
}

/// Whether an address is one of a file; `ADD` reads repositories otherwise.
fn is_file_url(url: &str) -> bool {
    let path = url.split(['#', '?']).next().unwrap_or(url);
    (url.starts_with("https://") || url.starts_with("http://"))
        && !path.ends_with(".git")
        && !url.contains(".git#")
}

/// Whether a RUN of the stage checks some checksum or signature: whose is not seen here.
fn compared<'a>(file: &ProjectFile<'a>, stage: &'a Stage) -> bool {
    file.steps(stage).any(|view| {
            matches!(view.instruction.kind, InstructionKind::Run(_))
                && file
                    .commands(view)
                    .any(|(_, command)| verifies(command))
        })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "add-url-without-checksum";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "among others",
                    "FROM debian:12\nADD a.txt \\\n https://e.com/x /y/\n",
                    &[3],
                ),
                (
                    "by variable",
                    "FROM debian:12\nARG U=https://e.com/x\nADD $U /y\n",
                    &[3],
                ),
                (
                    "for those who build on it",
                    "FROM debian:12\nONBUILD ADD http://e.com/x /y\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                (
                    "with a checksum",
                    "FROM debian:12\nADD --checksum=sha256:00 https://e.com/x /y\n",
                ),
                (
                    "a repository",
                    "FROM debian:12\nADD https://e.com/a/b.git#v1 /y\n",
                ),
                ("a file", "FROM debian:12\nADD x.tgz /y\n"),
                (
                    "a commit of it",
                    "FROM debian:12\nADD https://e.com/0123456789abcdef0123456789abcdef01234567/x /y\n",
                ),
            ],
        );
        unsure(
            RULE,
            &[
                (
                    "compared in a step",
                    "FROM debian:12\nADD https://e.com/x /y\nRUN echo $SUM /y | sha256sum -c\n",
                ),
                (
                    "a stage that is not built",
                    "FROM debian:12 AS t\nADD https://e.com/x /y\nFROM scratch\n",
                ),
            ],
        );
    }
}
