use plimsoll_syntax::dockerfile::{CommandForm, Healthcheck, InstructionKind};

use crate::base::family;
use crate::declare::declare_rule;
use crate::package::call::{self, Action};
use crate::project::{ProjectFile, StepView, is_posix_shell};
use crate::rule::{Meta, Rule, Sink};

use crate::instruction::is_plain;

declare_rule! {
    /// ## What it does
    /// Tells that the health check calls a program that the image does not have: `curl` or `wget`
    /// in a slim image that never installs it, or a shell in an image without one.
    ///
    /// Only what is known for sure counts: the base is a well-known image, nothing installs the
    /// program, and no copied file can be it.
    ///
    /// ## Why it hurts in production
    /// Every check fails, so the container is unhealthy from its first minute: Swarm restarts it
    /// without end, Compose never starts what waits for it, and the log of the service is clean.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// COPY app.py /srv/app.py
    /// HEALTHCHECK CMD curl -f http://localhost:8000/health || exit 1
    /// CMD ["python", "/srv/app.py"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// COPY app.py healthcheck.py /srv/
    /// HEALTHCHECK CMD ["python", "/srv/healthcheck.py"]
    /// CMD ["python", "/srv/app.py"]
    /// ```
    ///
    /// ## Fix
    /// None: a check in the language of the service is better than another package.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#healthcheck>
    HealthcheckToolMissing = "healthcheck-tool-missing",
    summary: "The health check calls a program that the image does not have",
    severity: High,
    confidence: Medium,
    category: Correctness,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for HealthcheckToolMissing {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(target) = file.target() else { return };
        let last = file
            .shipped_steps()
            .filter(|view| matches!(view.instruction.kind, InstructionKind::Healthcheck(_)))
            .last();
        let Some(view) = last else { return };
        let InstructionKind::Healthcheck(Healthcheck::Cmd(command)) = &view.instruction.kind else {
            return;
        };
        let base = &file.bottom(target).base;
        let missing =
            |program: &str| family::has(base, program) == Some(false) && !brought(file, program);
        let base_name = match base {
            plimsoll_syntax::dockerfile::Base::Image(name) => format!("`{name}`"),
            _ => "an image from scratch".to_owned(),
        };
        let shell = match (&command.form, view.step.before.shell.as_deref()) {
            (CommandForm::Shell(_), Some([shell, ..])) => Some(base_of(shell)),
            (CommandForm::Shell(_), _) => Some("sh"),
            (CommandForm::Exec(words), _) => words
                .first()
                .map(|word| base_of(&word.value))
                .filter(|program| is_posix_shell(program)),
        };
        if shell.is_some_and(missing) {
            sink.report(
                file.place(command.span),
                format!("The health check needs a shell, and {base_name} has none."),
            )
            .help("Use exec form, `HEALTHCHECK CMD [\"/program\"]`, with a program that is copied in.");
            return;
        }
        for (script, command) in file.commands(view) {
            let Some(program) = command.program() else {
                continue;
            };
            if missing(program) {
                sink.report(
                    file.place(script.command_span(command)),
                    format!(
                        "The health check calls `{program}`, which {base_name} does not have and nothing here installs."
                    ),
                )
                .help("Check with the language of the service, or install the program.");
                return;
            }
        }
    }
}

fn base_of(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// Whether something in the stages that ship may bring the program.
fn brought(file: &ProjectFile<'_>, program: &str) -> bool {
    file.shipped_steps()
        .any(|view| match &view.instruction.kind {
            InstructionKind::Run(_) => run_brings(file, view, program),
            InstructionKind::Copy(words) | InstructionKind::Add(words) => {
                let Some((destination, sources)) = words.split_last() else {
                    return false;
                };
                let unpacks = matches!(view.instruction.kind, InstructionKind::Add(_))
                    && !sources.iter().all(|source| is_plain(&source.value));
                let destination = destination.value.trim_end_matches('/');
                // A whole tree under a folder of programs, or the root, may hold anything.
                let anywhere = matches!(
                    destination,
                    "" | "/usr"
                        | "/usr/bin"
                        | "/bin"
                        | "/usr/local"
                        | "/usr/local/bin"
                        | "/sbin"
                        | "/usr/sbin"
                ) && (unpacks
                    || sources.iter().any(|source| {
                        let name = base_of(source.value.trim_end_matches('/'));
                        matches!(
                            name,
                            "" | "."
                                | "bin"
                                | "sbin"
                                | "rootfs"
                                | "root"
                                | "install"
                                | "out"
                                | "usr"
                                | "local"
                        ) || name.contains(['*', '$'])
                    }));
                let names_it = words
                    .iter()
                    .any(|word| base_of(&word.value).contains(program))
                    || (matches!(program, "sh" | "wget" | "nc")
                        && words.iter().any(|word| word.value.contains("busybox")));
                anywhere || names_it
            }
            _ => false,
        })
}

fn run_brings(file: &ProjectFile<'_>, view: StepView<'_>, program: &str) -> bool {
    file.commands(view).any(|(_, command)| {
        // The program itself is called: then it is there, or the build fails.
        if command.program() == Some(program) {
            return true;
        }
        match call::call(command) {
            Some(call) if call.action == Action::Install => {
                call.is_open() || call.names().any(|package| package_brings(package, program))
            }
            Some(_) => false,
            // What a script installs, or xargs feeds to a package manager, is not known.
            None => {
                command.program().is_none_or(|name| {
                    matches!(
                        name,
                        "xargs"
                            | "sh"
                            | "bash"
                            | "eval"
                            | "source"
                            | "."
                            | "ln"
                            | "cp"
                            | "mv"
                            | "install"
                            | "busybox"
                            | "nix-env"
                            | "conda"
                            | "brew"
                            | "rpm"
                            | "dpkg"
                            | "unzip"
                            | "tar"
                    ) || command.words.iter().any(|word| word.raw.ends_with(".sh"))
                        || command
                            .words
                            .first()
                            .is_some_and(|word| word.raw.starts_with(['.', '/']))
                }) && !command.words.is_empty()
            }
        }
    })
}

fn package_brings(package: &str, program: &str) -> bool {
    let by_other_name: &[&str] = match program {
        "nc" => &[
            "netcat",
            "netcat-openbsd",
            "netcat-traditional",
            "nmap-ncat",
            "busybox",
        ],
        "ps" | "pgrep" => &["procps", "procps-ng", "busybox"],
        "wget" => &["busybox"],
        // These depend on it.
        "curl" => &["devscripts"],
        _ => &[],
    };
    package == program
        || package.starts_with(&format!("{program}-"))
        || by_other_name.contains(&package)
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "healthcheck-tool-missing",
            &[
                (
                    "curl in a slim image",
                    "FROM debian:12-slim\nHEALTHCHECK CMD curl -f http://localhost/\n",
                    &[2],
                ),
                (
                    "in exec form",
                    "FROM node:22-alpine\nHEALTHCHECK CMD [\"curl\", \"-f\", \"http://localhost/\"]\n",
                    &[2],
                ),
                (
                    "a shell in distroless",
                    "FROM gcr.io/distroless/static-debian12\nHEALTHCHECK CMD /health || exit 1\n",
                    &[2],
                ),
                (
                    "a shell from scratch",
                    "FROM scratch\nCOPY app /app\nHEALTHCHECK CMD /app check\n",
                    &[3],
                ),
                (
                    "a shell called by name",
                    "FROM scratch\nHEALTHCHECK CMD [\"/bin/sh\", \"-c\", \"/app\"]\n",
                    &[2],
                ),
                (
                    "installed where it does not ship",
                    "FROM debian:12 AS b\nRUN apt-get install -y curl\nFROM debian:12\nHEALTHCHECK CMD curl -f http://localhost/\n",
                    &[4],
                ),
                (
                    "behind a pipe",
                    "FROM debian:12\nHEALTHCHECK CMD wget -qO- localhost | grep ok\n",
                    &[2],
                ),
            ],
        );
        silent(
            "healthcheck-tool-missing",
            &[
                (
                    "installed",
                    "FROM debian:12\nRUN apt-get update && apt-get install -y curl\nHEALTHCHECK CMD curl -f http://localhost/\n",
                ),
                (
                    "installed by a variable",
                    "FROM debian:12\nRUN apt-get install -y $TOOLS\nHEALTHCHECK CMD curl -f http://localhost/\n",
                ),
                (
                    "installed by a script",
                    "FROM debian:12\nCOPY setup.sh /\nRUN /setup.sh\nHEALTHCHECK CMD curl localhost\n",
                ),
                (
                    "copied in",
                    "FROM scratch\nCOPY --from=b /usr/bin/curl /usr/bin/\nHEALTHCHECK CMD [\"curl\", \"localhost\"]\n",
                ),
                (
                    "the base has it",
                    "FROM python:3.12\nHEALTHCHECK CMD curl -f http://localhost/\n",
                ),
                (
                    "BusyBox has it",
                    "FROM alpine:3.20\nHEALTHCHECK CMD wget -q --spider localhost\n",
                ),
                (
                    "the base is not known",
                    "FROM registry.example/base:1\nHEALTHCHECK CMD curl localhost\n",
                ),
                (
                    "a program of its own",
                    "FROM scratch\nCOPY app /app\nHEALTHCHECK CMD [\"/app\", \"check\"]\n",
                ),
                ("none is wanted", "FROM scratch\nHEALTHCHECK NONE\n"),
                (
                    "overwritten",
                    "FROM scratch\nHEALTHCHECK CMD curl x\nHEALTHCHECK CMD [\"/app\"]\n",
                ),
            ],
        );
    }
}
