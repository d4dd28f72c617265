use plimsoll_model::{Applicability, Confidence, Edit, Fix, Span};
use plimsoll_syntax::dockerfile::CommandForm;
use plimsoll_syntax::dockerfile::InstructionKind;
use plimsoll_syntax::shell::ShellCommand;

use super::kind::{Shell, ShellKind};
use super::run::{Run, runs};
use crate::base::family;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::script::RunScript;

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` pipes what may fail into something that does not mind, while the shell
    /// that reads it looks at the last command of a pipe only. Which shell that is, and whether it
    /// knows `pipefail`, it takes from `SHELL`, from a heredoc's first line and from the base image.
    ///
    /// ## Why it hurts in production
    /// The download breaks, the build goes on with nothing or with half a file, and the layer is
    /// cached and shipped. The failure shows up in production, far from its cause.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM alpine:3.20
    /// RUN wget -O - https://example.com/list | sort > /etc/list
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM alpine:3.20
    /// SHELL ["/bin/ash", "-o", "pipefail", "-c"]
    /// RUN wget -O - https://example.com/list | sort > /etc/list
    /// ```
    ///
    /// ## Fix
    /// Unsafe: `set -o pipefail` where the shell knows it, a `SHELL` with Bash in front where it
    /// does not and the base is known to have Bash. A pipe whose failure was never seen may fail
    /// then.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#using-pipes>
    PipeWithoutPipefail = "pipe-without-pipefail",
    summary: "A failure in front of a pipe goes unseen",
    severity: Medium,
    confidence: Medium,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["DL4006"],
    audience: Default,
    edition: 2026,
}

impl Rule for PipeWithoutPipefail {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file) {
            for script in file.scripts(run.view) {
                if !script.script.pipes.is_empty() {
                    judge(file, run, script, sink);
                }
            }
        }
    }
}

fn judge(file: &ProjectFile<'_>, run: Run<'_>, script: &RunScript<'_>, sink: &mut Sink<'_>) {
    let commands = &script.script.commands;
    let set = commands.iter().find(|command| sets_pipefail(command));
    let safe_from = set.map_or(usize::MAX, |command| command.range().0);
    let in_force = script.shell.pipefail;
    // Plain `sh` with the option works where `/bin/sh` is a shell that knows it, and it is not for
    // the name to promise that.
    let by_name = script.shell.pipefail && script.shell.written == ShellKind::Sh;
    if in_force && !by_name {
        return;
    }
    let open = || {
        script
            .script
            .pipes
            .iter()
            .filter(|pipe| **pipe < safe_from)
            .copied()
    };
    let Some(first) = open().next() else { return };
    // Where no shell is known to be, the step is not known to run.
    let masked = (!in_force && script.shell.kind != ShellKind::Absent)
        .then(|| open().find_map(|pipe| Some((pipe, masked(commands, pipe)?))))
        .flatten();
    let aliases: &[&str] = if run.onbuild {
        &[]
    } else {
        PipeWithoutPipefail::META.aliases
    };
    let Some((pipe, failing)) = masked else {
        let message = if by_name {
            "`sh` is not promised to know `pipefail`."
        } else {
            "Only the last command of this pipe can fail the build."
        };
        sink.report(file.place(script.span(first, first + 1)), message)
            .help(advice(script.shell))
            .aliases(aliases)
            .confidence(Confidence::Low);
        return;
    };
    let name = failing.program().unwrap_or_default().escape_debug();
    let reported = sink
        .report(
            file.place(script.span(pipe, pipe + 1)),
            format!("If `{name}` fails, this pipe does not, and the build goes on."),
        )
        .help(advice(script.shell))
        .aliases(aliases)
        .confidence(run.confidence(if script.shell.known {
            Confidence::High
        } else {
            Confidence::Medium
        }));
    if let Some(fix) = fix(file, run, script) {
        reported.fix(fix);
    }
}

fn sets_pipefail(command: &ShellCommand) -> bool {
    command.program() == Some("set")
        && command
            .arguments()
            .iter()
            .any(|word| word.literal.as_deref() == Some("pipefail"))
}

/// The command in front of a pipe where it may fail and nothing behind would tell.
fn masked(commands: &[ShellCommand], pipe: usize) -> Option<&ShellCommand> {
    let behind = commands.partition_point(|command| command.range().0 <= pipe);
    // What stands in front, groups and substitutions of a reasonable size looked through.
    let left = commands[..behind]
        .iter()
        .rev()
        .take(64)
        .find(|command| command.range().1 <= pipe && !command.words.is_empty())?;
    let right = commands.get(behind);
    // A value that was asked for and is not there is seen by what needs it.
    let may_fail = !left.substituted
        && matches!(
            left.program()?,
            "curl"
                | "wget"
                | "git"
                | "svn"
                | "hg"
                | "ssh"
                | "rsync"
                | "aws"
                | "gsutil"
                | "gcloud"
                | "az"
                | "apt-get"
                | "apt"
                | "apk"
                | "yum"
                | "dnf"
                | "pip"
                | "pip3"
                | "npm"
                | "yarn"
                | "pnpm"
                | "make"
                | "cmake"
                | "ninja"
                | "mvn"
                | "gradle"
                | "go"
                | "cargo"
                | "gpg"
                | "mysqldump"
                | "pg_dump"
                | "mysql"
                | "psql"
                | "docker"
                | "kubectl"
                | "helm"
                | "unzip"
                | "gunzip"
                | "zcat"
        );
    // These refuse nothing, or half of something.
    let would_tell = right.is_some_and(|right| {
        matches!(
            right.program(),
            Some(
                "tar"
                    | "bsdtar"
                    | "gunzip"
                    | "gzip"
                    | "zcat"
                    | "unxz"
                    | "xz"
                    | "bunzip2"
                    | "bzip2"
                    | "zstd"
                    | "unzstd"
                    | "unzip"
                    | "cpio"
                    | "jq"
                    | "gpg"
                    | "apt-key"
                    | "patch"
                    | "dpkg"
                    | "sha256sum"
                    | "sha512sum"
                    | "md5sum"
                    | "shasum"
            )
        )
    });
    (may_fail && !would_tell).then_some(left)
}

fn advice(shell: Shell) -> String {
    match shell.kind {
        ShellKind::BusyBox | ShellKind::BashAsSh | ShellKind::Bash => {
            "Start the `RUN` with `set -o pipefail`, or give `SHELL` the option.".to_owned()
        }
        ShellKind::Dash => "This `sh` has no `pipefail`: put \
             `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]` in front."
            .to_owned(),
        _ => "Set a `SHELL` with `-o pipefail` in front, or write to a file first.".to_owned(),
    }
}

fn fix(file: &ProjectFile<'_>, run: Run<'_>, script: &RunScript<'_>) -> Option<Fix> {
    let InstructionKind::Run(command) = &run.instruction.kind else {
        return None;
    };
    let CommandForm::Shell(text) = &command.form else {
        return None;
    };
    if run.onbuild {
        return None;
    }
    let edit = |at: usize, text: String| Edit {
        file: file.dockerfile.source.path().to_owned(),
        span: Span::new(at, at),
        text,
    };
    let has_bash = || family::has(&file.bottom(run.view.stage).base, "bash") == Some(true);
    match script.shell.kind {
        kind if kind.has_pipefail() == Some(true) && run.instruction.heredocs.is_empty() => {
            Some(Fix {
                title: "Set `pipefail` for this `RUN`".to_owned(),
                applicability: Applicability::Unsafe,
                edits: vec![edit(text.span.start, "set -o pipefail && ".to_owned())],
            })
        }
        ShellKind::Dash if script.shell.written == ShellKind::Sh && has_bash() => Some(Fix {
            title: "Set a shell that knows `pipefail`".to_owned(),
            applicability: Applicability::Unsafe,
            edits: vec![edit(
                run.instruction.keyword.span.start,
                "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\n".to_owned(),
            )],
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent, unsure};

    const RULE: &str = "pipe-without-pipefail";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "a download that is run",
                    "FROM debian:12\nRUN true && \\\n curl -fsSL https://e.com/x | sh\n",
                    &[3],
                ),
                (
                    "a shell that was set without",
                    "FROM debian:12\nSHELL [\"/bin/bash\", \"-c\"]\nRUN curl https://e.com | bash\n",
                    &[3],
                ),
                (
                    "a stage of its own",
                    "FROM a:1 AS a\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN curl x | sh\nFROM b:1\nRUN curl x | sh\nCOPY --from=a / /\n",
                    &[5],
                ),
                (
                    "into a loop",
                    "FROM debian:12\nRUN wget -qO- https://e.com | while read x; do echo $x; done\n",
                    &[2],
                ),
                (
                    "in a heredoc of its own shell",
                    "FROM debian:12\nRUN <<EOF\n#!/bin/bash -e\ncurl x | sort > y\nEOF\n",
                    &[4],
                ),
                (
                    "set too late",
                    "FROM fedora:40\nRUN curl x | sh && set -o pipefail\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                (
                    "a shell with the option",
                    "FROM debian:12\nSHELL [\"/bin/bash\", \"-euxo\", \"pipefail\", \"-c\"]\nRUN curl x | sh\n",
                ),
                (
                    "a stage on top of such a one",
                    "FROM debian:12 AS a\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nFROM a\nRUN curl x | sh\n",
                ),
                (
                    "set in the RUN",
                    "FROM fedora:40\nRUN set -eo pipefail; curl x | sh\n",
                ),
                (
                    "set in the heredoc",
                    "FROM fedora:40\nRUN <<EOF\nset -euo pipefail\ncurl x | sh\nEOF\n",
                ),
                (
                    "not a shell of this kind",
                    "FROM mcr.microsoft.com/powershell\nSHELL [\"pwsh\", \"-c\"]\nRUN Get-X | Select-Y\n",
                ),
                ("no pipe", "FROM debian:12\nRUN curl x || sh y\n"),
                ("no pipe but a word", "FROM debian:12\nRUN echo 'a | b'\n"),
            ],
        );
        unsure(
            RULE,
            &[
                (
                    "nothing that would fail",
                    "FROM debian:12\nRUN echo root:x | chpasswd\n",
                ),
                (
                    "tar refuses what is broken",
                    "FROM debian:12\nRUN curl -f https://e.com/x.tgz | tar xz\n",
                ),
                (
                    "the name of the shell does not promise it",
                    "FROM alpine:3.6\nSHELL [\"/bin/sh\", \"-o\", \"pipefail\", \"-c\"]\nRUN curl x | sh\n",
                ),
                (
                    "no shell reads it",
                    "FROM scratch\nRUN curl x | sh\n",
                ),
                (
                    "a stage that is not built",
                    "FROM debian:12 AS t\nRUN curl x | sh\nFROM scratch\n",
                ),
            ],
        );
    }

    #[test]
    fn the_option_is_set_where_the_shell_knows_it() {
        assert_eq!(
            fixed(RULE, "FROM alpine:3\nRUN wget -O- x | sh\n", &[]),
            "FROM alpine:3\nRUN set -o pipefail && wget -O- x | sh\n"
        );
        assert_eq!(
            fixed(RULE, "FROM debian:12\nRUN curl x | sh\n", &[]),
            "FROM debian:12\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN curl x | sh\n"
        );
    }
}
