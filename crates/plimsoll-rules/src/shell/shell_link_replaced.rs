use plimsoll_model::Confidence;

use super::run::{runs, written_name};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` links `/bin/sh` to another shell.
    ///
    /// ## Why it hurts in production
    /// Every script of the distribution is read by that shell from then on, maintainer scripts
    /// among them, and the next update of the package that owns the link puts the old one back:
    /// steps that relied on it break far from their cause. `SHELL` says the same for the build
    /// alone.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN ln -sf /bin/bash /bin/sh
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// SHELL ["/bin/bash", "-o", "pipefail", "-c"]
    /// ```
    ///
    /// ## Fix
    /// None: what runs in the container may rely on the link.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#shell>
    ShellLinkReplaced = "shell-link-replaced",
    summary: "RUN links /bin/sh to another shell where SHELL would do",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["DL4005"],
    audience: Default,
    edition: 2026,
}

impl Rule for ShellLinkReplaced {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file) {
            for (script, command) in file.commands(run.view) {
                if written_name(command) != Some("ln") {
                    continue;
                }
                let mut names = command
                    .arguments()
                    .iter()
                    .filter(|word| !word.raw.starts_with('-'))
                    .filter_map(|word| word.literal.as_deref());
                // The first is what is linked to: a link to `/bin/sh` leaves it as it is.
                if names.next().is_none() || !names.any(|name| name == "/bin/sh") {
                    continue;
                }
                sink.report(
                    file.place(script.command_span(command)),
                    "This changes the shell of every script in the image, until an update puts it back.",
                )
                .help("Set the shell of the build with `SHELL`, that of a script in its first line.")
                .confidence(run.confidence(Confidence::High));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "shell-link-replaced";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "with options",
                    "FROM debian:12\nRUN rm /bin/sh && ln -sfv /bin/bash /bin/sh\n",
                    &[2],
                ),
                (
                    "for those who build on it",
                    "FROM debian:12\nONBUILD RUN ln -s bash /bin/sh\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("a link to it", "FROM debian:12\nRUN ln -s /bin/sh /usr/bin/ash\n"),
                (
                    "others",
                    "FROM debian:12\nRUN ln -s foo bar && unrelated && with /bin/sh\n",
                ),
                (
                    "another link",
                    "FROM debian:12\nRUN ln -s /usr/bin/python3 /usr/bin/python\n",
                ),
            ],
        );
        unsure(
            RULE,
            &[(
                "a stage that is not built",
                "FROM debian:12 AS t\nRUN ln -s bash /bin/sh\nFROM scratch\n",
            )],
        );
    }
}
