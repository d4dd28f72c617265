use plimsoll_model::Confidence;
use plimsoll_syntax::shell::ShellCommand;

use super::kind::ShellKind;
use super::run::{runs, written_name};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` ends with a command that changes nothing but its own shell: `cd`,
    /// `export`, `source`, `alias`, `umask`, `ulimit`, `set`.
    ///
    /// ## Why it hurts in production
    /// Every `RUN` has a shell of its own, and it ends with the `RUN`. The variable is not set, the
    /// directory not changed, the virtual environment not active for the next step or for the
    /// container: what was meant to happen does not.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN export NODE_ENV=production
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// ENV NODE_ENV=production
    /// ```
    ///
    /// ## Fix
    /// None: whether the next step or the container was to see it is the author's to say.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#run>
    /// - <https://docs.docker.com/reference/dockerfile/#env>
    LostShellState = "lost-shell-state",
    summary: "A RUN ends by changing only its own shell",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for LostShellState {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file) {
            for script in file.scripts(run.view) {
                // A plain exec form has no shell, what cannot be read may go on.
                if script.shell.kind == ShellKind::Absent || !script.script.errors.is_empty() {
                    continue;
                }
                let Some(last) = script
                    .script
                    .commands
                    .iter()
                    .rfind(|command| !command.substituted)
                else {
                    continue;
                };
                if last.depth > 0 || script.script.pipes.iter().any(|pipe| *pipe > 0) {
                    continue;
                }
                let Some((name, instead)) = state_only(last) else {
                    continue;
                };
                // `cd x && make && cd ..`: the way back is of no use and of no harm.
                let returns = written_name(last) == Some("cd")
                    && script.script.commands.iter().any(|command| {
                        written_name(command) == Some("cd") && command.range() != last.range()
                    });
                let sure = if returns { Confidence::Low } else { Confidence::High };
                sink.report(
                    file.place(script.command_span(last)),
                    format!("`{name}` changes only the shell of this `RUN`, which ends right behind it."),
                )
                .help(instead)
                .confidence(run.confidence(sure));
            }
        }
    }
}

/// The name of a command that changes its shell alone, and what to do instead.
fn state_only(command: &ShellCommand) -> Option<(&str, &'static str)> {
    let name = written_name(command)?;
    let instead = match name {
        "cd" | "pushd" => "Set the directory for the steps below with `WORKDIR`.",
        "export" | "declare" | "typeset" => {
            "Set the variable with `ENV`, or join this with the `RUN` that needs it."
        }
        "source" | "." => {
            let file = command.words.get(1)?.raw.trim_matches(['"', '\'']);
            // Scripts that do work are sourced, too: what only sets variables is known by name.
            let sets = file.ends_with("/activate")
                || file.ends_with("rc")
                || file.ends_with("/env")
                || file.ends_with("profile")
                || file.ends_with("/environment");
            if !sets {
                return None;
            }
            "Set what it sets with `ENV`, or join this with the `RUN` that needs it."
        }
        "alias" | "umask" | "ulimit" => "Join this with the `RUN` that needs it.",
        _ => return None,
    };
    // `export` alone and `ulimit -a` print.
    let prints = match name {
        "export" | "declare" | "typeset" | "alias" | "umask" => {
            command.words.len() < 2 || command.words.iter().any(|word| word.raw == "-p")
        }
        "ulimit" => command.words.iter().any(|word| word.raw == "-a") || command.words.len() < 3,
        _ => false,
    };
    // `source x > log` runs something.
    (!prints && command.writes.is_empty()).then_some((name, instead))
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "lost-shell-state";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("a directory", "FROM debian:12\nRUN cd /srv\n", &[2]),
                (
                    "a directory that was just made",
                    "FROM debian:12\nRUN mkdir x && \\\n cd x\n",
                    &[3],
                ),
                (
                    "a variable",
                    "FROM debian:12\nRUN export PATH=/x:$PATH\n",
                    &[2],
                ),
                (
                    "a virtual environment",
                    "FROM debian:12\nRUN python -m venv /v && . /v/bin/activate\n",
                    &[2],
                ),
                (
                    "bash's spelling",
                    "FROM debian:12\nRUN [\"/bin/bash\", \"-c\", \"source ~/.bashrc\"]\n",
                    &[2],
                ),
                (
                    "the value is a command's output",
                    "FROM debian:12\nRUN export V=$(cat /v)\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("used", "FROM debian:12\nRUN cd /srv && make\n"),
                (
                    "used by the next line",
                    "FROM debian:12\nRUN <<EOF\nexport A=b\nmake\nEOF\n",
                ),
                (
                    "a script that may do anything",
                    "FROM debian:12\nRUN . ./install.sh\n",
                ),
                (
                    "printing",
                    "FROM debian:12\nRUN make && export -p && ulimit -a\n",
                ),
                (
                    "an alias that is written to a file",
                    "FROM debian:12\nRUN echo 'alias a=b' >> /root/.bashrc\n",
                ),
                ("inside a group", "FROM debian:12\nRUN make && (cd x)\n"),
            ],
        );
        unsure(
            RULE,
            &[
                (
                    "only the way back",
                    "FROM debian:12\nRUN cd x && make && cd ..\n",
                ),
                (
                    "a stage that is not built",
                    "FROM debian:12 AS t\nRUN cd x\nFROM scratch\n",
                ),
            ],
        );
    }
}
