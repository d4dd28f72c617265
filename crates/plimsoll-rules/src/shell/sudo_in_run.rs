use plimsoll_model::{Applicability, Confidence, Edit, Fix, Span};
use plimsoll_syntax::shell::ShellCommand;

use super::run::{Run, has_option, runs, starts_link, written_name};
use crate::base::family::{self, BaseUser};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::script::RunScript;
use crate::user::is_root;

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` calls `sudo`.
    ///
    /// ## Why it hurts in production
    /// A build that needs `sudo` ships it, often with a rule that asks for no password: whoever gets
    /// into the container as the ordinary user is root by one word. It also changes `HOME` and the
    /// environment underfoot.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN sudo apt-get update
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN apt-get update
    /// ```
    ///
    /// ## Fix
    /// Safe where the step runs as root anyway: the word goes. None elsewhere: `USER root` and back
    /// again is the way.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#user>
    SudoInRun = "sudo-in-run",
    summary: "RUN calls sudo",
    severity: Low,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["DL3004", "DS-0010", "DS010", "CKV2_DOCKER_1", "DKL-DI-0001"],
    audience: Default,
    edition: 2026,
}

impl Rule for SudoInRun {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file) {
            for script in file.scripts(run.view) {
                for (at, command) in script.script.commands.iter().enumerate() {
                    if written_name(command) != Some("sudo") {
                        continue;
                    }
                    let aliases = if run.onbuild || !starts_link(at, command) {
                        &["DL3004", "CKV2_DOCKER_1", "DKL-DI-0001"][..]
                    } else {
                        Self::META.aliases
                    };
                    let root = runs_as_root(file, run);
                    let (message, help) = if has_option(command, &[], &["--user"])
                        || command.words.get(1..3).is_some_and(|words| {
                            words.iter().any(|word| word.raw == "-u")
                        }) {
                        (
                            "`sudo` changes the user of one command, where `USER` says it for the image.",
                            "Put `USER` in front of what this user runs, and do not install `sudo`.",
                        )
                    } else if root {
                        (
                            "`sudo` changes nothing here: the step runs as root.",
                            "Leave `sudo` out, and do not install it.",
                        )
                    } else {
                        (
                            "`sudo` gives this step, and everybody in the container, a way to root.",
                            "Put `USER root` in front of what needs root, the ordinary user behind it, and do not install `sudo`.",
                        )
                    };
                    let reported = sink
                        .report(file.place(script.word_span(&command.words[0])), message)
                        .help(help)
                        .aliases(aliases)
                        .confidence(run.confidence(Confidence::High));
                    if let Some(fix) = root.then(|| removal(file, script, command)).flatten() {
                        reported.fix(fix);
                    }
                }
            }
        }
    }
}

fn runs_as_root(file: &ProjectFile<'_>, run: Run<'_>) -> bool {
    let state = &run.view.step.before;
    match (&state.user, state.user_set_by) {
        (Some(user), _) => {
            // A group alone leaves the user root.
            user.split(':').next().unwrap_or_default().is_empty() || is_root(user)
        }
        (None, Some(_)) => false,
        (None, None) => family::user(&file.bottom(run.view.stage).base) == BaseUser::Root,
    }
}

/// Takes away `sudo` and the white space behind it, where it has no options of its own.
fn removal(file: &ProjectFile<'_>, script: &RunScript<'_>, command: &ShellCommand) -> Option<Fix> {
    let [sudo, program, ..] = command.words.as_slice() else {
        return None;
    };
    let plain = sudo.raw == "sudo"
        && program
            .literal
            .as_deref()
            .is_some_and(|name| !name.starts_with('-') && !name.contains('='));
    let start = script.word_span(sudo).start;
    let end = script.word_span(program).start;
    let between = Span::new(start, end);
    let gap = between.of(file.dockerfile.source.bytes());
    (plain && gap.starts_with(b"sudo") && gap[4..].iter().all(|b| matches!(b, b' ' | b'\t'))).then(
        || Fix {
            title: "Leave `sudo` out".to_owned(),
            applicability: Applicability::Safe,
            edits: vec![Edit {
                file: file.dockerfile.source.path().to_owned(),
                span: between,
                text: String::new(),
            }],
        },
    )
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent, unsure};

    const RULE: &str = "sudo-in-run";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "as an ordinary user",
                    "FROM a/b:1\nUSER app\nRUN sudo make install\n",
                    &[3],
                ),
                (
                    "behind a pipe",
                    "FROM debian:12\nRUN echo x | \\\n sudo tee /etc/x\n",
                    &[3],
                ),
                (
                    "for those who build on it",
                    "FROM debian:12\nONBUILD RUN sudo x\n",
                    &[2],
                ),
                ("exec form", "FROM debian:12\nRUN [\"sudo\", \"x\"]\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                (
                    "installing it",
                    "FROM debian:12\nRUN apt-get install -y sudo\n",
                ),
                ("its settings", "FROM debian:12\nRUN visudo -c\n"),
                ("at run time", "FROM debian:12\nCMD sudo nginx\n"),
            ],
        );
        unsure(
            RULE,
            &[(
                "a stage that is not built",
                "FROM debian:12 AS t\nRUN sudo x\nFROM scratch\n",
            )],
        );
    }

    #[test]
    fn the_word_goes_where_the_step_is_root_anyway() {
        assert_eq!(
            fixed(
                RULE,
                "FROM debian:12\nRUN sudo  a && sudo \\\n b && sudo -E c\n",
                &[]
            ),
            "FROM debian:12\nRUN a && sudo \\\n b && sudo -E c\n"
        );
        assert_eq!(
            fixed(RULE, "FROM a/b:1\nUSER 00:app\nRUN sudo a\n", &[]),
            "FROM a/b:1\nUSER 00:app\nRUN a\n"
        );
        let unchanged = "FROM debian:12\nUSER app\nRUN sudo a\n";
        assert_eq!(fixed(RULE, unchanged, &[]), unchanged);
    }
}
