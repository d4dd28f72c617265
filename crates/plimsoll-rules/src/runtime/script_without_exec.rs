use plimsoll_model::{Applicability, Edit, Fix, Span};
use plimsoll_syntax::shell::ShellCommand;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Reads the script that the container starts with, found in the build context through `COPY`,
    /// and tells that it ends by running the program as a child instead of becoming it. A script
    /// that sets traps is taken for one that passes signals on itself.
    ///
    /// ## Why it hurts in production
    /// The shell is process 1 and gets the stop signal, and it does not pass it on: the program is
    /// killed after the grace period, in the middle of its work, at every deployment.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// COPY entrypoint.sh /
    /// ENTRYPOINT ["/entrypoint.sh"]
    /// CMD ["server"]
    /// ```
    /// ```sh:entrypoint.sh
    /// #!/bin/sh
    /// set -e
    /// ./migrate
    /// "$@"
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// COPY entrypoint.sh /
    /// ENTRYPOINT ["/entrypoint.sh"]
    /// CMD ["server"]
    /// ```
    /// ```sh:entrypoint.sh
    /// #!/bin/sh
    /// set -e
    /// ./migrate
    /// exec "$@"
    /// ```
    ///
    /// ## Fix
    /// Shown only: `exec` is put in front of the last command, in the other file.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#entrypoint>
    ScriptWithoutExec = "script-without-exec",
    summary: "The entry script stays in front of the program it starts",
    severity: Medium,
    confidence: High,
    category: Operability,
    depth: Context,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for ScriptWithoutExec {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(script) = file.entry_script() else {
            return;
        };
        let commands = &script.script.commands;
        let Some(last) = commands
            .iter()
            .rfind(|command| !command.substituted)
            .filter(|command| command.depth == 0)
        else {
            return;
        };
        let passes_on = commands.iter().any(|command| {
            matches!(command.program(), Some("trap" | "wait"))
                || command.words.first().is_some_and(|word| word.raw == "exec" && word.start >= last.range().0)
        });
        if passes_on || !stays(last) {
            return;
        }
        // A function of the script's own may do anything.
        let name = last.words[0].raw.as_str();
        let is_function = [format!("{name}()"), format!("{name} ()"), format!("function {name}")]
            .iter()
            .any(|head| script.text.contains(head.as_str()));
        if is_function {
            sink.note(
                script.command_place(last),
                format!("`{}` is a function of the script; how it ends is not read", name.escape_debug()),
            );
            return;
        }
        let shown = match last.program() {
            Some(program) => format!("`{}`", program.escape_debug()),
            None => "the command it was given".to_owned(),
        };
        let (start, _) = last.range();
        let edit_at = script.span(start, start).start;
        sink.report(
            script.command_place(last),
            format!("The script stays process 1 in front of {shown} and does not pass the stop signal on."),
        )
        .help(format!("Write `exec {}`.", first_words(last)))
        .related(
            file.place(file.instruction(script.started_by).span),
            "The container starts with this script.",
        )
        .fix(Fix {
            title: "Put `exec` in front of the last command".to_owned(),
            applicability: Applicability::DisplayOnly,
            edits: vec![Edit {
                file: script.source.path().to_owned(),
                span: Span::new(edit_at, edit_at),
                text: "exec ".to_owned(),
            }],
        });
    }
}

fn first_words(command: &ShellCommand) -> String {
    let words: Vec<String> = command
        .words
        .iter()
        .take(2)
        .map(|word| word.raw.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'"))
        .collect();
    let more = if command.words.len() > 2 { " …" } else { "" };
    format!("{}{more}", words.join(" "))
}

/// Whether a command is a program that a container stays for: not a builtin, and nothing that is
/// over at once.
fn stays(command: &ShellCommand) -> bool {
    const OVER_AT_ONCE: &[&str] = &[
        ".", ":", "[", "[[", "break", "cat", "cd", "chmod", "chown", "command", "continue", "cp",
        "date", "declare", "echo", "env", "eval", "exec", "exit", "export", "false", "fi", "grep",
        "id", "kill", "let", "local", "ls", "mkdir", "mv", "popd", "printenv", "printf", "pushd",
        "pwd", "read", "readonly", "return", "rm", "sed", "set", "shift", "sleep", "source", "tee",
        "test", "touch", "trap", "true", "ulimit", "umask", "unset", "wait",
    ];
    let Some(first) = command.words.first() else {
        return false;
    };
    if matches!(first.raw.as_str(), "\"$@\"" | "$@" | "${@}" | "\"${@}\"") {
        return true;
    }
    if first.raw == "exec" {
        return false;
    }
    command
        .program()
        .is_some_and(|program| !OVER_AT_ONCE.contains(&program))
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    const RULE: &str = "script-without-exec";

    fn lines(script: &str) -> Vec<usize> {
        let dockerfile = "FROM debian:12\nCOPY run.sh /\nENTRYPOINT [\"/run.sh\"]\nCMD [\"x\"]\n";
        run(RULE, dockerfile, &[("run.sh", script)])
            .findings
            .iter()
            .map(|finding| finding.origin.source.as_ref().unwrap().start.line)
            .collect()
    }

    #[test]
    fn the_last_command_counts() {
        for (script, line) in [
            ("#!/bin/sh\n\"$@\"\n", 2),
            ("#!/bin/sh\nset -e\n./migrate && python app.py\n", 3),
            ("#!/bin/sh\nif [ a ]; then b; fi\nnginx -g 'daemon off;'\n", 3),
            ("#!/bin/bash\n$@\n", 2),
            ("#!/bin/sh\ngosu app java -jar x.jar\n", 2),
        ] {
            assert_eq!(lines(script), [line], "{script}");
        }
        for script in [
            "#!/bin/sh\nexec \"$@\"\n",
            "#!/bin/sh\nexec gosu app \"$@\"\n",
            "#!/bin/sh\ntrap 'kill $p' TERM\nserver &\np=$!\nwait $p\n",
            "#!/bin/sh\n./job\necho done\n",
            "#!/bin/sh\nmain() { exec x; }\nmain \"$@\"\n",
            "#!/bin/sh\nif [ a ]; then exec b; else c; fi\n",
            "#!/bin/sh\n",
            "#!/usr/bin/python3\nprint(1)\n",
        ] {
            assert!(lines(script).is_empty(), "{script}");
        }
    }

    #[test]
    fn it_points_into_the_script() {
        let dockerfile = "FROM debian:12\nCOPY run.sh /\nCMD [\"/run.sh\"]\n";
        let found = run(RULE, dockerfile, &[("run.sh", "#!/bin/sh\nserver --port 80 x\n")]).findings;
        assert_eq!(found[0].origin.source.as_ref().unwrap().file, "run.sh");
        assert_eq!(found[0].help.as_deref(), Some("Write `exec server --port …`."));
        assert_eq!(found[0].related[0].origin.source.as_ref().unwrap().start.line, 3);
    }
}
