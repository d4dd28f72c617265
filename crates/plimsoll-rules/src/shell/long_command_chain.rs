use plimsoll_syntax::shell::Joint;

use super::run::runs;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells a `RUN` that joins ten or more commands by `&&`.
    ///
    /// ## Why it hurts in production
    /// One `\` or `&&` that is forgotten changes what the whole does, and the log tells no line. A heredoc
    /// is a script: one command a line, with comments, and `set -e` stops it where it fails.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN mkdir a && touch a/1 && touch a/2 && touch a/3 && touch a/4 \
    ///     && touch a/5 && touch a/6 && touch a/7 && touch a/8 && ls a
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN <<EOF
    /// set -e
    /// mkdir a
    /// touch a/1 a/2 a/3 a/4
    /// touch a/5 a/6 a/7 a/8
    /// ls a
    /// EOF
    /// ```
    ///
    /// ## Fix
    /// None: what the shell reads in a heredoc may differ.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#here-documents>
    LongCommandChain = "long-command-chain",
    summary: "Many commands are joined where a heredoc would be a script",
    severity: Info,
    confidence: High,
    category: Operability,
    depth: Dockerfile,
    aliases: ["tally/prefer-run-heredoc"],
    audience: Strict,
    edition: 2026,
}

impl Rule for LongCommandChain {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file).filter(|run| run.built) {
            for script in file.scripts(run.view) {
                let joined = script
                    .script
                    .commands
                    .iter()
                    .filter(|command| {
                        command.depth == 0 && !command.substituted && command.joint == Joint::And
                    })
                    .count();
                if joined + 1 < LIMIT || !run.instruction.heredocs.is_empty() {
                    continue;
                }
                sink.report(
                    file.place(run.instruction.keyword.span),
                    format!("This joins {} commands by `&&`.", joined + 1),
                )
                .help("Write them as a heredoc that starts with `set -e`, one a line.");
            }
        }
    }
}

/// As many as a chain still can be read.
const LIMIT: usize = 10;


#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    const RULE: &str = "long-command-chain";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("ten", "FROM a:1\nRUN a && b && b && b && b && b && b && b && b && b\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                ("nine", "FROM a:1\nRUN a && b && b && b && b && b && b && b && b\n"),
                ("a script", "FROM a:1\nRUN <<EOF\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\na\nEOF\n"),
            ],
        );

    }
}
