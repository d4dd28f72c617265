use plimsoll_model::{Applicability, Confidence, Edit, Fix, Span};
use plimsoll_syntax::shell::{Joint, ShellCommand};

use super::run::{Run, runs, starts_link, written_name};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::script::RunScript;

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` changes the directory with `cd`.
    ///
    /// ## Why it hurts in production
    /// The directory is changed for this one `RUN`. Whoever adds a step below it, or splits it,
    /// works somewhere else and sees it only when the files are missing. `WORKDIR` holds for every
    /// step, creates the folder, and is shown by `docker inspect`.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN cd /srv/app && make install
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// WORKDIR /srv/app
    /// RUN make install
    /// ```
    ///
    /// ## Fix
    /// Unsafe: where the `RUN` starts with it, `WORKDIR` takes its place. Steps below work there
    /// too then.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#workdir>
    CdInRun = "cd-in-run",
    summary: "RUN changes the directory with cd where WORKDIR would hold",
    severity: Info,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["DL3003", "DS-0013", "DS013"],
    audience: Strict,
    edition: 2026,
}

impl Rule for CdInRun {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file) {
            let mut first = None;
            let mut chained = false;
            for script in file.scripts(run.view) {
                for (at, command) in script.script.commands.iter().enumerate() {
                    if written_name(command) == Some("cd") {
                        first = first.or(Some((script, command)));
                        chained |= command.words.len() > 1 && starts_link(at, command);
                    }
                }
            }
            let Some((script, command)) = first else {
                continue;
            };
            let aliases: &[&str] = match (run.onbuild, chained) {
                (true, _) => &[],
                (false, true) => Self::META.aliases,
                (false, false) => &["DL3003"],
            };
            let reported = sink
                .report(
                    file.place(script.command_span(command)),
                    "`cd` holds for this `RUN` only: the steps below work in WORKDIR again.",
                )
                .help("Set the directory with `WORKDIR` in front of the `RUN`.")
                .aliases(aliases)
                .confidence(run.confidence(Confidence::High));
            if let Some(fix) = workdir(file, run, script) {
                reported.fix(fix);
            }
        }
    }
}

/// `RUN cd /x && …` as `WORKDIR /x` and the rest.
fn workdir(file: &ProjectFile<'_>, run: Run<'_>, script: &RunScript<'_>) -> Option<Fix> {
    let [first, second, rest @ ..] = script.script.commands.as_slice() else {
        return None;
    };
    let path = first.words.get(1)?.literal.as_deref()?;
    let simple = path.starts_with('/')
        && path
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.'));
    let other = |command: &ShellCommand| written_name(command) == Some("cd");
    let instruction = run.instruction;
    if run.onbuild
        || !simple
        || !other(first)
        || first.words.len() != 2
        || first.depth + second.depth != 0
        || second.joint != Joint::And
        || other(second)
        || rest.iter().any(other)
        || !instruction.heredocs.is_empty()
        || !instruction.comments.is_empty()
    {
        return None;
    }
    let start = script.command_span(first).start;
    let end = script.command_span(second).start;
    let keyword = instruction.keyword.span.start;
    (keyword < start && start < end).then(|| Fix {
        title: format!("Write `WORKDIR {path}` in front"),
        applicability: Applicability::Unsafe,
        edits: vec![
            Edit {
                file: file.dockerfile.source.path().to_owned(),
                span: Span::new(keyword, keyword),
                text: format!("WORKDIR {path}\n"),
            },
            Edit {
                file: file.dockerfile.source.path().to_owned(),
                span: Span::new(start, end),
                text: String::new(),
            },
        ],
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent, unsure};

    const RULE: &str = "cd-in-run";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("alone", "FROM debian:12\nRUN cd /opt\n", &[2]),
                (
                    "on its line",
                    "FROM debian:12\nRUN true && \\\n  cd /opt && make\n",
                    &[3],
                ),
                ("in a group", "FROM debian:12\nRUN (cd x; make)\n", &[2]),
                (
                    "in a heredoc",
                    "FROM debian:12\nRUN <<EOF\ncd x\nmake\nEOF\n",
                    &[3],
                ),
                (
                    "once a RUN",
                    "FROM debian:12\nRUN cd a && b && cd c && d\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("only spoken of", "FROM debian:12\nRUN echo cd /opt\n"),
                ("not in a build", "FROM debian:12\nCMD cd /opt && ./run\n"),
                ("another program", "FROM debian:12\nRUN cdrecord x\n"),
            ],
        );
        unsure(
            RULE,
            &[(
                "a stage that is not built",
                "FROM debian:12 AS t\nRUN cd x && y\nFROM scratch\n",
            )],
        );
    }

    #[test]
    fn the_directory_goes_in_front() {
        assert_eq!(
            fixed(
                RULE,
                "FROM a:1\nRUN --network=none cd /src \\\n && make \\\n && make install\n",
                &[]
            ),
            "FROM a:1\nWORKDIR /src\nRUN --network=none make \\\n && make install\n"
        );
        for unchanged in [
            "FROM a:1\nRUN cd $X && make\n",
            "FROM a:1\nRUN cd /a && make && cd /b && make\n",
            "FROM a:1\nRUN make && cd /a && make\n",
            "FROM a:1\nRUN cd /a || make\n",
        ] {
            assert_eq!(fixed(RULE, unchanged, &[]), unchanged);
        }
    }
}
