use plimsoll_model::Confidence;
use plimsoll_syntax::shell::ShellCommand;

use super::fetch::unquoted;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::run::runs;

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` clones a repository and stays on whatever its default branch is that day:
    /// no `--branch`, no checkout, no reset to a commit in the same step.
    ///
    /// ## Why it hurts in production
    /// The same Dockerfile builds something else tomorrow, and the build cache keeps what it was at
    /// some unknown time. Nobody can say what is in the image, or build it again.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN git clone https://github.com/example/tool /opt/tool
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// ADD https://github.com/example/tool.git#0123456789abcdef0123456789abcdef01234567 /opt/tool
    /// ```
    ///
    /// ## Fix
    /// None: which commit is meant is the author's to say.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#adding-files-from-a-git-repository>
    FloatingGitClone = "floating-git-clone",
    summary: "A repository is cloned at whatever commit it has that day",
    severity: Medium,
    confidence: High,
    category: Reproducibility,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for FloatingGitClone {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file) {
            for script in file.scripts(run.view) {
                let commands = &script.script.commands;
                // The last command that goes to some commit: what is cloned in front of it is taken
                // to be what it goes to.
                let mut pinned = None;
                for (at, command) in commands.iter().enumerate() {
                    if !clones(command)
                        || *pinned.get_or_insert_with(|| commands.iter().rposition(pins)) > Some(at)
                    {
                        continue;
                    }
                    sink.report(
                        file.place(script.command_span(command)),
                        "This clones whatever the default branch holds on the day of the build.",
                    )
                    .help("Check out a commit, or take `ADD https://….git#COMMIT`, which the cache understands.")
                    .confidence(run.confidence(Confidence::High));
                }
            }
        }
    }
}

/// Whether a command clones from elsewhere without saying what.
fn clones(command: &ShellCommand) -> bool {
    if command.program() != Some("git") {
        return false;
    }
    let words = || command.arguments().iter().map(|word| unquoted(&word.raw));
    let mut verbs = words().skip_while(|text| *text != "clone");
    if verbs.next().is_none() {
        return false;
    }
    let mut remote = false;
    for text in verbs {
        let says = text == "-b"
            || text.starts_with("--branch")
            || text.starts_with("--revision")
            || text == "--mirror"
            || text == "--bare"
            // Options by variable may say it.
            || (text.starts_with('$') && !text.contains(['/', ':']) && !remote);
        if says {
            return false;
        }
        remote |= text.contains("://") || (text.contains('@') && text.contains(':'));
    }
    remote
}

/// Whether a command goes to some commit.
fn pins(command: &ShellCommand) -> bool {
    if command.program() != Some("git") {
        return false;
    }
    let words = || command.arguments().iter().map(|word| unquoted(&word.raw));
    words().any(|text| {
        matches!(
            text,
            "checkout" | "reset" | "switch" | "fetch" | "submodule" | "worktree" | "verify-commit"
                | "verify-tag"
        )
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "floating-git-clone";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "shallow",
                    "FROM a:1\nRUN x && \\\n git clone --depth 1 https://e.com/x.git && make -C x\n",
                    &[3],
                ),
                ("by ssh", "FROM a:1\nRUN git clone git@e.com:a/b.git\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                (
                    "a tag",
                    "FROM a:1\nRUN git clone -b v1 --depth 1 https://e.com/x.git\n",
                ),
                (
                    "a commit",
                    "FROM a:1\nRUN git clone https://e.com/x.git && cd x && git checkout $SHA\n",
                ),
                (
                    "a repository that lies there",
                    "FROM a:1\nRUN git clone /src /dst\n",
                ),
                (
                    "options that are not known",
                    "FROM a:1\nRUN git clone $OPTIONS https://e.com/x.git\n",
                ),
                ("no clone", "FROM a:1\nRUN git pull https://e.com/x.git\n"),
            ],
        );
        unsure(
            RULE,
            &[(
                "a stage that is not built",
                "FROM a:1 AS t\nRUN git clone https://e.com/x.git\nFROM scratch\n",
            )],
        );
    }
}
