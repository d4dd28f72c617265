use plimsoll_model::Confidence;
use plimsoll_syntax::shell::ShellCommand;

use super::run::runs;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` starts a service and does nothing with it before it ends.
    ///
    /// ## Why it hurts in production
    /// A layer holds files, not processes: the service is killed with the step. The container comes
    /// up without it, and nothing says why.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN service nginx start
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// CMD ["nginx", "-g", "daemon off;"]
    /// ```
    ///
    /// ## Fix
    /// None: how the program runs in the foreground is its own matter.
    ///
    /// ## References
    /// - <https://docs.docker.com/engine/containers/multi-service_container/>
    ServiceStartedInRun = "service-started-in-run",
    summary: "RUN starts a service that ends with the step",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for ServiceStartedInRun {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file) {
            for script in file.scripts(run.view) {
                // What only waits, prints or looks makes no use of a service.
                let idle = |command: &&ShellCommand| {
                    matches!(
                        command.program(),
                        Some("sleep" | "echo" | "true" | "ps" | "printf" | "exit" | ":")
                    )
                };
                let commands = &script.script.commands;
                let Some(last) = commands.iter().rev().find(|command| !idle(command)) else {
                    continue;
                };
                let Some(service) = started(last) else {
                    continue;
                };
                if last.depth > 0 || last.substituted {
                    continue;
                }
                sink.report(
                    file.place(script.command_span(last)),
                    format!("`{service}` is started here and killed at the end of this `RUN`."),
                )
                .help("Start it with the container, by `CMD` or an entrypoint script, in the foreground.")
                .confidence(run.confidence(Confidence::High));
            }
        }
    }
}

/// The service that a command starts.
fn started(command: &ShellCommand) -> Option<String> {
    let program = command.program()?;
    let words = command.arguments();
    let literal = |at: usize| words.get(at).and_then(|word| word.literal.as_deref());
    let is_start = |verb: Option<&str>| matches!(verb, Some("start" | "restart"));
    let service = match program {
        "service" | "rc-service" if is_start(literal(1)) => literal(0)?,
        "systemctl" if is_start(literal(0)) => literal(1)?,
        _ if is_start(literal(0))
            && command
                .words
                .iter()
                .any(|word| word.raw.starts_with("/etc/init.d/")) =>
        {
            program
        }
        _ => return None,
    };
    Some(service.escape_debug().to_string())
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "service-started-in-run";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "at the end of a chain",
                    "FROM debian:12\nRUN apt-get install -y x && \\\n service x start\n",
                    &[3],
                ),
                (
                    "by its script",
                    "FROM debian:12\nRUN /etc/init.d/mysql start\n",
                    &[2],
                ),
                ("by systemd", "FROM debian:12\nRUN systemctl start x\n", &[2]),
                (
                    "waiting is no use",
                    "FROM debian:12\nRUN service x restart && sleep 5\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                (
                    "used in the same step",
                    "FROM debian:12\nRUN service mysql start && mysql < /dump.sql\n",
                ),
                (
                    "switched on for later",
                    "FROM debian:12\nRUN systemctl enable x\n",
                ),
                ("stopped", "FROM debian:12\nRUN service x stop\n"),
                (
                    "in the container",
                    "FROM debian:12\nCMD service x start && tail -f /log\n",
                ),
            ],
        );
        unsure(
            RULE,
            &[(
                "a stage that is not built",
                "FROM debian:12 AS t\nRUN service x start\nFROM scratch\n",
            )],
        );
    }
}
