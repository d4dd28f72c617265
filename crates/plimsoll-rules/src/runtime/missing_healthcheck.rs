use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::{Base, InstructionKind};

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the image that ships looks like a service and has no `HEALTHCHECK`. It looks like
    /// one where it exposes a port or starts a known server. Jobs and tools have nothing to check:
    /// for them the rule speaks only where it is selected by name.
    ///
    /// `HEALTHCHECK NONE` says that none is wanted, and is respected.
    ///
    /// ## Why it hurts in production
    /// A process that hangs is still a process: without a check, Docker, Compose and Swarm keep
    /// sending it traffic and start what depends on it too early. Kubernetes has probes of its own
    /// and ignores this one; say so in a suppression, or with `HEALTHCHECK NONE`.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// EXPOSE 8000
    /// CMD ["gunicorn", "--bind", "0.0.0.0:8000", "app:app"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// EXPOSE 8000
    /// HEALTHCHECK --interval=30s --timeout=3s CMD ["python", "/healthcheck.py"]
    /// CMD ["gunicorn", "--bind", "0.0.0.0:8000", "app:app"]
    /// ```
    ///
    /// ## Fix
    /// None: what tells that the service is well is its author's to say.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#healthcheck>
    MissingHealthcheck = "missing-healthcheck",
    summary: "A service has no health check",
    severity: Low,
    confidence: Medium,
    category: Operability,
    depth: Dockerfile,
    aliases: ["DL3057", "DS-0026", "DS026", "CKV_DOCKER_2", "CIS-DI-0006"],
    audience: Default,
    edition: 2026,
}

/// Programs that serve for as long as they run.
const SERVERS: &[&str] = &[
    "apache2",
    "apache2-foreground",
    "caddy",
    "catalina.sh",
    "daphne",
    "envoy",
    "flask",
    "gunicorn",
    "haproxy",
    "httpd",
    "httpd-foreground",
    "hypercorn",
    "mongod",
    "mysqld",
    "nginx",
    "php-fpm",
    "postgres",
    "puma",
    "redis-server",
    "streamlit",
    "traefik",
    "unicorn",
    "uvicorn",
    "uwsgi",
    "waitress-serve",
];

impl Rule for MissingHealthcheck {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(target) = file.target() else { return };
        let mut port = None;
        let mut server = None;
        for view in file.shipped_steps() {
            match &view.instruction.kind {
                InstructionKind::Healthcheck(_) => return,
                InstructionKind::Expose(ports) => {
                    port = ports
                        .first()
                        .map(|port| (port.value.clone(), view.instruction.span));
                }
                InstructionKind::Cmd(_) | InstructionKind::Entrypoint(_) => {
                    server = file.commands(view).find_map(|(_, command)| {
                        let program = command.program()?;
                        SERVERS
                            .contains(&program)
                            .then(|| (program.to_owned(), view.instruction.span))
                    });
                }
                _ => {}
            }
        }
        // A function is called, not watched.
        if matches!(&file.bottom(target).base, Base::Image(name) if name.contains("/lambda/")) {
            return;
        }
        let place = file.place(file.from(target).span);
        let help = "Add a `HEALTHCHECK` that asks the service itself, or `HEALTHCHECK NONE` where \
                    the orchestrator has its own probe.";
        match (port, server) {
            (Some((port, evidence)), _) => sink
                .report(
                    place,
                    format!("The image exposes port {port} and has no `HEALTHCHECK`."),
                )
                .related(
                    file.place(evidence),
                    "This is what makes it look like a service.",
                )
                .help(help),
            (None, Some((program, evidence))) => sink
                .report(
                    place,
                    format!("The image starts `{program}` and has no `HEALTHCHECK`."),
                )
                .related(
                    file.place(evidence),
                    "This is what makes it look like a service.",
                )
                .help(help),
            (None, None) => sink
                .report(
                    place,
                    "The image has no `HEALTHCHECK`; nothing tells whether it is a service.",
                )
                .help(help)
                .confidence(Confidence::Low),
        };
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    #[test]
    fn cases() {
        fires(
            "missing-healthcheck",
            &[
                ("a port", "FROM debian:12\nEXPOSE 80\n", &[1]),
                (
                    "a server",
                    "FROM debian:12\nCMD [\"/usr/sbin/nginx\", \"-g\", \"daemon off;\"]\n",
                    &[1],
                ),
                (
                    "a server in shell form",
                    "FROM debian:12\nCMD cd /x && exec gunicorn app\n",
                    &[1],
                ),
                (
                    "a stage's check that does not ship",
                    "FROM a:1 AS a\nHEALTHCHECK CMD x\nFROM b:1\nEXPOSE 1\n",
                    &[3],
                ),
            ],
        );
        silent(
            "missing-healthcheck",
            &[
                (
                    "there is one",
                    "FROM debian:12\nEXPOSE 80\nHEALTHCHECK CMD x\n",
                ),
                (
                    "none is wanted",
                    "FROM debian:12\nEXPOSE 80\nHEALTHCHECK NONE\n",
                ),
                (
                    "from the stage below",
                    "FROM debian:12 AS a\nHEALTHCHECK CMD x\nFROM a\nEXPOSE 80\n",
                ),
                (
                    "a build stage's port",
                    "FROM debian:12 AS a\nEXPOSE 80\nFROM scratch\nCOPY --from=a /x /\n",
                ),
                (
                    "a job",
                    "FROM python:3.12\nENTRYPOINT [\"python\", \"etl.py\"]\n",
                ),
                (
                    "a function",
                    "FROM public.ecr.aws/lambda/python:3.12\nEXPOSE 8080\n",
                ),
            ],
        );
        unsure(
            "missing-healthcheck",
            &[("a job", "FROM python:3.12\nCMD [\"etl\"]\n")],
        );
    }
}
