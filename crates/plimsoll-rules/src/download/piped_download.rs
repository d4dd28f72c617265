use plimsoll_model::Confidence;
use plimsoll_syntax::shell::ShellCommand;

use super::fetch::{self, Output, names_content, verifies};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::script::RunScript;
use crate::shell::run::{piped_between, runs};

declare_rule! {
    /// ## What it does
    /// Tells that a script is fetched and run in one go: `curl … | sh`, `bash -c "$(wget …)"`,
    /// `bash <(curl …)`.
    ///
    /// ## Why it hurts in production
    /// Nobody has seen what runs, as root, in the build: it is what the server sends that day. A
    /// connection that breaks runs half a script, and the same Dockerfile gives another image
    /// tomorrow.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN curl -fsSL https://example.com/install.sh | sh
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// ADD --checksum=sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 \
    ///     https://example.com/v1.2.3/install.sh /tmp/install.sh
    /// RUN sh /tmp/install.sh
    /// ```
    ///
    /// ## Fix
    /// None: the checksum has to come from who publishes the script.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#add---checksum>
    PipedDownload = "piped-download",
    summary: "A script is fetched and run unseen",
    severity: Medium,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for PipedDownload {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file) {
            for script in file.scripts(run.view) {
                for (at, command) in script.script.commands.iter().enumerate() {
                    let Some(fetch) = fetch::fetch(command) else {
                        continue;
                    };
                    if fetch.output != Output::Stdout
                        || !command.writes.is_empty()
                        || fetch.urls.iter().all(|url| names_content(&url.raw))
                    {
                        continue;
                    }
                    let Some(by) = reader(script, at) else { continue };
                    let program = by.program().unwrap_or_default().escape_debug();
                    sink.report(
                        file.place(script.command_span(command)),
                        format!("`{program}` runs whatever this address sends on the day of the build."),
                    )
                    .help("Fetch a version of it to a file, compare that with a checksum, then run it.")
                    .confidence(run.confidence(Confidence::High))
                    .related(file.place(script.command_span(by)), "run here");
                }
            }
        }
    }
}

/// The interpreter that reads what the command at `at` prints.
fn reader<'s>(script: &'s RunScript<'_>, at: usize) -> Option<&'s ShellCommand> {
    let commands = &script.script.commands;
    let command = &commands[at];
    if command.substituted {
        // `sh -c "$(curl …)"`, `bash <(curl …)`, `eval "$(curl …)"`: the command around it.
        let (start, end) = command.range();
        return commands[..at].iter().rev().take(64).find(|outer| {
            outer.words.iter().any(|word| word.start < start && end < word.end)
                && (interprets(outer) || matches!(outer.program(), Some("eval" | "source" | ".")))
        });
    }
    // Through what passes it on.
    let mut from = command.range().1;
    for next in &commands[at + 1..] {
        if !piped_between(script, from, next.range().0) || verifies(next) {
            return None;
        }
        if interprets(next) {
            return Some(next);
        }
        if !matches!(
            next.program(),
            Some("sed" | "tee" | "grep" | "cat" | "tr" | "gunzip" | "zcat" | "head" | "tail")
        ) {
            return None;
        }
        from = next.range().1;
    }
    None
}

/// Whether a command runs what it reads: an interpreter without a program of its own.
fn interprets(command: &ShellCommand) -> bool {
    let shell = match command.program() {
        Some("sh" | "bash" | "dash" | "ash" | "zsh" | "ksh") => true,
        Some("python" | "python3" | "python2" | "perl" | "ruby" | "node" | "php") => false,
        _ => return false,
    };
    let mut words = command.arguments().iter().map(|word| word.raw.as_str());
    if shell {
        return true;
    }
    // `python3 -m json.tool`, `python3 script.py` read data.
    words.all(|word| word == "-")
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "piped-download";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "with arguments",
                    "FROM debian:12\nRUN curl -sSf https://sh.e.com | \\\n sh -s -- -y\n",
                    &[2],
                ),
                (
                    "as root",
                    "FROM debian:12\nRUN wget -qO- https://e.com | sudo -E bash -\n",
                    &[2],
                ),
                (
                    "by another interpreter",
                    "FROM debian:12\nRUN curl https://e.com/get-pip.py | python3 -\n",
                    &[2],
                ),
                (
                    "in a substitution",
                    "FROM debian:12\nRUN sh -c \"$(curl -fsSL https://e.com/install.sh)\"\n",
                    &[2],
                ),
                (
                    "as a file",
                    "FROM debian:12\nSHELL [\"/bin/bash\", \"-c\"]\nRUN bash <(curl -s https://e.com)\n",
                    &[3],
                ),
                (
                    "through an edit",
                    "FROM debian:12\nRUN curl https://e.com | sed s/a/b/ | bash\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                (
                    "read, not run",
                    "FROM debian:12\nRUN curl https://e.com/v.json | python3 -m json.tool\n",
                ),
                (
                    "to a file",
                    "FROM debian:12\nRUN curl -fo x.sh https://e.com/x.sh && sh /other.sh\n",
                ),
                (
                    "a value",
                    "FROM debian:12\nRUN V=$(curl -f https://e.com/v) && echo $V\n",
                ),
                (
                    "a commit of it",
                    "FROM debian:12\nRUN curl https://e.com/0123456789abcdef0123456789abcdef01234567/i.sh | sh\n",
                ),
                (
                    "no download",
                    "FROM debian:12\nRUN cat /src/i.sh | sh\n",
                ),
            ],
        );
        unsure(
            RULE,
            &[(
                "a stage that is not built",
                "FROM debian:12 AS t\nRUN curl https://e.com | sh\nFROM scratch\n",
            )],
        );
    }
}
