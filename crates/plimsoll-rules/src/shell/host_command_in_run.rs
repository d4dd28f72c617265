use plimsoll_model::Confidence;

use super::run::{runs, written_name};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` calls a program that is about a running machine: `ps`, `top`, `free`,
    /// `kill`, `mount`, `service`, `shutdown`, `ssh`, `vim`.
    ///
    /// ## Why it hurts in production
    /// A build step has no services, no terminal and no privileges to mount. What such a command
    /// does is gone with the step, or it was left over from trying things out.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN service nginx reload && ps aux
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN nginx -t
    /// ```
    ///
    /// ## Fix
    /// None: what it was for is the author's to say.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#run>
    HostCommandInRun = "host-command-in-run",
    summary: "RUN calls a program that is about a running machine",
    severity: Info,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["DL3001"],
    audience: Strict,
    edition: 2026,
}

impl Rule for HostCommandInRun {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file) {
            for (script, command) in file.commands(run.view) {
                let Some(
                    name @ ("free" | "kill" | "mount" | "ps" | "service" | "shutdown" | "ssh"
                    | "top" | "vim"),
                ) = written_name(command)
                else {
                    continue;
                };
                sink.report(
                    file.place(script.word_span(&command.words[0])),
                    format!("`{name}` is about a running machine; a build step is none."),
                )
                .help("Leave it out, or do at the start of the container what it was for.")
                .confidence(run.confidence(Confidence::High));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "host-command-in-run";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "a process list",
                    "FROM debian:12\nRUN make && \\\n ps aux\n",
                    &[3],
                ),
                (
                    "for those who build on it",
                    "FROM debian:12\nONBUILD RUN top\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                (
                    "a package of that name",
                    "FROM debian:12\nRUN apt-get install -y ssh vim\n",
                ),
                (
                    "in the container",
                    "FROM debian:12\nCMD service nginx start\n",
                ),
                ("a longer name", "FROM debian:12\nRUN ssh-keygen -A\n"),
            ],
        );
        unsure(
            RULE,
            &[(
                "a stage that is not built",
                "FROM debian:12 AS t\nRUN ps\nFROM scratch\n",
            )],
        );
    }
}
