use plimsoll_model::{Applicability, Confidence, Edit, Fix, Span};

use super::errexit;
use super::run::runs;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` heredoc goes on when one of its commands fails: neither `set -e` nor the
    /// shell it is read by stops it.
    ///
    /// ## Why it hurts in production
    /// A heredoc looks like a list of steps that must all work, as with `&&`. It is not: only the
    /// last line decides. The install breaks, the build is green, the image lacks something.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN <<EOF
    /// apt-get update
    /// apt-get install -y curl
    /// rm -rf /var/lib/apt/lists/*
    /// EOF
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN <<EOF
    /// set -e
    /// apt-get update
    /// apt-get install -y curl
    /// rm -rf /var/lib/apt/lists/*
    /// EOF
    /// ```
    ///
    /// ## Fix
    /// Unsafe: `set -e` becomes the first line. What failed unseen until now stops the build.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#here-documents>
    HeredocWithoutErrexit = "heredoc-without-errexit",
    summary: "A heredoc goes on when one of its commands fails",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for HeredocWithoutErrexit {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let source = file.dockerfile.source.bytes();
        for run in runs(file) {
            let Some(heredoc) = run.instruction.heredocs.first() else {
                continue;
            };
            for script in file.scripts(run.view) {
                // `cat <<EOF > x; make`: the script is the line, not the heredoc.
                let in_body = script.span(0, 0).start >= heredoc.body.span.start;
                if !in_body || !script.script.errors.is_empty() {
                    continue;
                }
                let Some(command) = errexit::first_masked(script, source) else {
                    continue;
                };
                let name = command.program().unwrap_or_default().escape_debug();
                let body = heredoc.body.span;
                // Behind a first line that names the shell.
                let text = body.of(source);
                let at = if text.starts_with(b"#!") {
                    text.iter().position(|b| *b == b'\n').map_or(0, |at| at + 1)
                } else {
                    0
                };
                sink.report(
                    file.place(script.command_span(command)),
                    format!("If `{name}` fails here, the heredoc goes on, and its last command alone decides."),
                )
                .help("Make `set -e` its first line.")
                .confidence(run.confidence(Confidence::High))
                .fix(Fix {
                    title: "Make `set -e` the first line".to_owned(),
                    applicability: Applicability::Unsafe,
                    edits: vec![Edit {
                        file: file.dockerfile.source.path().to_owned(),
                        span: Span::new(body.start + at, body.start + at),
                        text: "set -e\n".to_owned(),
                    }],
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent, unsure};

    const RULE: &str = "heredoc-without-errexit";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "the line that fails",
                    "FROM a:1\nRUN <<EOF\necho\nmake\nls\nEOF\n",
                    &[4],
                ),
                (
                    "its own shell",
                    "FROM a:1\nRUN bash <<EOF\nmake\nls\nEOF\n",
                    &[3],
                ),
                (
                    "set too late",
                    "FROM a:1\nRUN <<EOF\nmake\nset -e\nls\nEOF\n",
                    &[3],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("it stops", "FROM a:1\nRUN <<EOF\nset -ex\nmake\nls\nEOF\n"),
                (
                    "its first line says so",
                    "FROM a:1\nRUN <<EOF\n#!/bin/sh -e\nmake\nls\nEOF\n",
                ),
                (
                    "its shell stops",
                    "FROM a:1\nSHELL [\"/bin/bash\", \"-euo\", \"pipefail\", \"-c\"]\nRUN <<EOF\nmake\nls\nEOF\n",
                ),
                ("one command", "FROM a:1\nRUN <<EOF\nmake\nEOF\n"),
                (
                    "joined",
                    "FROM a:1\nRUN <<EOF\nmake &&\nls\nEOF\n",
                ),
                ("a file's text", "FROM a:1\nRUN cat <<EOF > /x\nmake\nls\nEOF\n"),
                (
                    "another language",
                    "FROM a:1\nRUN python3 <<EOF\nmake\nls\nEOF\n",
                ),
            ],
        );
        unsure(
            RULE,
            &[(
                "a stage that is not built",
                "FROM a:1 AS t\nRUN <<EOF\nmake\nls\nEOF\nFROM scratch\n",
            )],
        );
    }

    #[test]
    fn it_becomes_the_first_line() {
        assert_eq!(
            fixed(RULE, "FROM a:1\nRUN <<EOF\n#!/bin/bash\nmake\nls\nEOF\n", &[]),
            "FROM a:1\nRUN <<EOF\n#!/bin/bash\nset -e\nmake\nls\nEOF\n"
        );
    }
}
