use plimsoll_model::{Applicability, Confidence, Edit, Fix, Severity};
use plimsoll_syntax::dockerfile::{Command, CommandForm, Healthcheck, InstructionKind, Text};
use plimsoll_syntax::shell::ShellCommand;

use crate::declare::declare_rule;
use crate::project::{ProjectFile, StepView};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the `ENTRYPOINT` or `CMD` of the image that ships is written as a shell line.
    /// Only where it is asked for by name it tells of lines that do no such harm: where `SHELL` was
    /// set on purpose or the line starts with `exec`, in stages that do not ship, on Windows, and
    /// of `HEALTHCHECK`, which gets no signals.
    ///
    /// ## Why it hurts in production
    /// The process that gets the stop signal is `/bin/sh`, which does not hand it on: every stop
    /// and every rollout waits for the timeout and then kills the program in the middle of its
    /// work. Some shells step aside where the line is one command; which one an image has changes
    /// with its base. A shell-form `ENTRYPOINT` also ignores all arguments.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// CMD gunicorn --bind 0.0.0.0:8000 app:app
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// CMD ["gunicorn", "--bind", "0.0.0.0:8000", "app:app"]
    /// ```
    ///
    /// ## Fix
    /// Unsafe: a line of one plain command becomes exec form. The program is process 1 then, gets
    /// the signals and has to handle them, and an entry point gets the arguments.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/build-checks/json-args-recommended/>
    /// - <https://docs.docker.com/reference/dockerfile/#shell-and-exec-form>
    ShellFormEntrypoint = "shell-form-entrypoint",
    summary: "The entry point runs under a shell that swallows signals",
    severity: Medium,
    confidence: High,
    category: Operability,
    depth: Dockerfile,
    aliases: ["DL3025", "JSONArgsRecommended", "S7019"],
    audience: Default,
    edition: 2026,
}

impl Rule for ShellFormEntrypoint {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let shipped = shipped(file);
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                let (command, keyword) = match &view.instruction.kind {
                    InstructionKind::Entrypoint(command) => (command, "ENTRYPOINT"),
                    InstructionKind::Cmd(command) => (command, "CMD"),
                    InstructionKind::Healthcheck(Healthcheck::Cmd(command)) => {
                        (command, "HEALTHCHECK")
                    }
                    _ => continue,
                };
                if let CommandForm::Shell(text) = &command.form
                    && !text.value.trim().is_empty()
                {
                    let ships = shipped.contains(&Some(view.step.instruction));
                    judge(file, view, (command, text), keyword, ships, sink);
                }
            }
        }
    }
}

/// The ENTRYPOINT and the CMD of the image that ships.
fn shipped(file: &ProjectFile<'_>) -> [Option<usize>; 2] {
    let mut entrypoint = None;
    let mut cmd: Option<StepView<'_>> = None;
    for view in file.shipped_steps() {
        match &view.instruction.kind {
            InstructionKind::Entrypoint(_) => {
                // Setting an entry point takes the CMD of a stage below back.
                cmd = cmd.filter(|below| below.stage.index == view.stage.index);
                entrypoint = Some(view);
            }
            InstructionKind::Cmd(_) => cmd = Some(view),
            _ => {}
        }
    }
    [entrypoint, cmd].map(|view| view.map(|view| view.step.instruction))
}

fn judge(
    file: &ProjectFile<'_>,
    view: StepView<'_>,
    (command, text): (&Command, &Text),
    keyword: &str,
    ships: bool,
    sink: &mut Sink<'_>,
) {
    let own_shell = view.step.before.shell.is_some();
    let is_check = keyword == "HEALTHCHECK";
    let aliases: &[&str] = if is_check {
        &["DL3025"]
    } else if own_shell {
        &["DL3025", "S7019"]
    } else {
        ShellFormEntrypoint::META.aliases
    };
    let scripts = file.scripts(view);
    // Told by `broken-exec-form`.
    let broken_json = text.value.trim_start().starts_with('[') && text.value.contains(['"', '\'']);
    let [script] = scripts else {
        return faint(file, view, keyword, aliases, sink);
    };
    if is_check || own_shell || !ships || broken_json {
        return faint(file, view, keyword, aliases, sink);
    }
    let commands = &script.script.commands;
    let hands_over = commands
        .last()
        .and_then(|last| last.words.first())
        .is_some_and(|word| word.raw == "exec");
    let simple = match commands.as_slice() {
        [one] if script.script.errors.is_empty() => exec_words(one),
        _ => None,
    };
    let program = commands
        .iter()
        .rev()
        .find(|command| !command.substituted)
        .and_then(ShellCommand::program)
        .map_or_else(|| "the program".to_owned(), |program| format!("`{}`", program.escape_debug()));
    // Many shells become the program where the line is one command; none does in the middle of a
    // line.
    let one = commands.iter().filter(|command| !command.substituted).count() == 1;
    let (message, severity) = if one {
        (
            format!("`{keyword}` starts {program} through a shell, and not every shell passes the stop signal on."),
            Severity::Low,
        )
    } else {
        (
            format!("`{keyword}` starts a shell that does not pass the stop signal on to {program}."),
            Severity::Medium,
        )
    };
    let reported = sink
        .report(file.place(view.instruction.span), message)
        .aliases(aliases)
        .severity(severity)
        .confidence(if hands_over {
            Confidence::Low
        } else {
            Confidence::High
        });
    let Some(words) = simple else {
        reported.help(format!(
            "Move the line into a script that ends with `exec program …`, and write \
             `{keyword} [\"/script\"]`."
        ));
        return;
    };
    let json = exec_form(&words);
    let reported = reported.help(format!("Write `{keyword} {json}`."));
    // A rewritten line has no room for the comments between its old ones.
    if view.instruction.comments.is_empty() && view.instruction.heredocs.is_empty() {
        reported.fix(Fix {
            title: "Write it in exec form".to_owned(),
            applicability: Applicability::Unsafe,
            edits: vec![Edit {
                file: file.dockerfile.source.path().to_owned(),
                span: command.span,
                text: json,
            }],
        });
    }
}

/// Where a shell does no harm: what ids of other tools mean, for those who ask.
fn faint(
    file: &ProjectFile<'_>,
    view: StepView<'_>,
    keyword: &str,
    aliases: &'static [&'static str],
    sink: &mut Sink<'_>,
) {
    sink.report(
        file.place(view.instruction.span),
        format!("`{keyword}` is a line for a shell."),
    )
    .help(format!("Write `{keyword}` as a JSON array of words."))
    .aliases(aliases)
    .confidence(Confidence::Low);
}

/// The words of a command that means the same without a shell.
fn exec_words(command: &ShellCommand) -> Option<Vec<&str>> {
    const BUILTINS: &[&str] = &[
        ".", ":", "cd", "command", "eval", "exec", "exit", "export", "read", "return", "set",
        "shift", "source", "trap", "ulimit", "umask", "unset", "wait",
    ];
    if !command.assignments.is_empty()
        || !command.writes.is_empty()
        || command.depth > 0
        || command.substituted
    {
        return None;
    }
    let words: Option<Vec<&str>> = command
        .words
        .iter()
        .map(|word| {
            let quoted = word.raw.contains(['"', '\'', '\\']);
            let open = !quoted
                && word
                    .raw
                    .contains(['*', '?', '[', '~', '{', '$', '`', '<', '>']);
            word.literal.as_deref().filter(|_| !open)
        })
        .collect();
    let words = words?;
    let plain = words
        .first()
        .is_some_and(|first| !BUILTINS.contains(first) && !first.is_empty());
    // Control characters have no place in a line that people read.
    let printable = words.iter().all(|word| !word.contains(char::is_control));
    (plain && printable).then_some(words)
}

fn exec_form(words: &[&str]) -> String {
    let words: Vec<String> = words
        .iter()
        .map(|word| format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")))
        .collect();
    format!("[{}]", words.join(", "))
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent, unsure};

    const RULE: &str = "shell-form-entrypoint";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("CMD", "FROM node:22\nCMD node app.js\n", &[2]),
                ("ENTRYPOINT", "FROM node:22\nENTRYPOINT node app.js\n", &[2]),
                (
                    "both",
                    "FROM node:22\nENTRYPOINT node\nCMD app.js\n",
                    &[2, 3],
                ),
                (
                    "the last one counts",
                    "FROM node:22\nCMD [\"a\"]\nCMD b\n",
                    &[3],
                ),
                (
                    "from the stage below",
                    "FROM node:22 AS a\nCMD x\nFROM a\nRUN y\n",
                    &[2],
                ),
                (
                    "with a variable",
                    "FROM node:22\nCMD serve --port $PORT\n",
                    &[2],
                ),
                (
                    "several commands",
                    "FROM node:22\nCMD migrate && serve\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("exec form", "FROM node:22\nCMD [\"node\", \"app.js\"]\n"),
                (
                    "a shell on purpose",
                    "FROM node:22\nCMD [\"sh\", \"-c\", \"a && exec b\"]\n",
                ),
                (
                    "SHELL was set on purpose",
                    "FROM node:22\nSHELL [\"/usr/bin/own\"]\nCMD x\n",
                ),
                (
                    "and so in a stage below",
                    "FROM node:22 AS a\nSHELL [\"/usr/bin/own\"]\nFROM a\nCMD x\n",
                ),
                (
                    "a build stage is never started",
                    "FROM node:22 AS a\nCMD x\nFROM scratch\nCOPY --from=a /x /\n",
                ),
                ("overwritten", "FROM node:22\nCMD x\nCMD [\"x\"]\n"),
                (
                    "health checks get no signals",
                    "FROM node:22\nHEALTHCHECK CMD curl localhost\n",
                ),
                (
                    "an entry point takes the CMD below back",
                    "FROM node:22 AS a\nCMD x\nFROM a\nENTRYPOINT [\"y\"]\n",
                ),
            ],
        );
        unsure(
            RULE,
            &[(
                "exec hands the signals over",
                "FROM node:22\nENTRYPOINT exec java $OPTS -jar app.jar\n",
            )],
        );
    }

    #[test]
    fn one_plain_command_becomes_exec_form() {
        for (before, after) in [
            ("CMD node  app.js", "CMD [\"node\", \"app.js\"]"),
            (
                "CMD say 'it \"is\"' \\\n  now",
                "CMD [\"say\", \"it \\\"is\\\"\", \"now\"]",
            ),
        ] {
            let (before, after) = (
                format!("FROM a:1\n{before}\n"),
                format!("FROM a:1\n{after}\n"),
            );
            assert_eq!(fixed(RULE, &before, &[]), after);
        }
        for kept in [
            "CMD a && b",
            "CMD a $B",
            "CMD ls *.txt",
            "CMD A=1 b",
            "CMD a > b",
            "CMD cd x",
            "CMD a | b",
            "CMD a \\\n# why\n b",
            "CMD exec a",
        ] {
            let text = format!("FROM a:1\n{kept}\n");
            assert_eq!(fixed(RULE, &text, &[]), text);
        }
    }
}
