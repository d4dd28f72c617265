use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::{Base, InstructionKind, Stage};

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the image that ships looks like a service and has no `HEALTHCHECK`. It looks like
    /// one where it exposes a port or starts a known server. Jobs and tools have nothing to check:
    /// for them the rule speaks only where it is selected by name.
    ///
    /// `HEALTHCHECK NONE` says that none is wanted, and is respected; so is the check that the base
    /// image brings, where its configuration is at hand. The rule is strict: most images run where
    /// probes are set elsewhere.
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

/// What other tools say where the image that ships has none, and no other stage has one either.
const NOWHERE: &[&str] = &[
    "DL3057",
    "DS-0026",
    "DS026",
    "CKV_DOCKER_2",
    "CIS-DI-0006",
];
/// Some stage that does not ship has one.
const ELSEWHERE: &[&str] = &["DL3057", "CIS-DI-0006"];
/// The base image brings one, which nobody sees in the file.
const IN_BASE: &[&str] = &["DL3057", "DS-0026", "DS026", "CKV_DOCKER_2"];
/// A stage that does not ship.
const BUILD_STAGE: &[&str] = &["DL3057"];

const HELP: &str = "Add a `HEALTHCHECK` that asks the service itself, or `HEALTHCHECK NONE` where \
                    the orchestrator has its own probe.";

impl Rule for MissingHealthcheck {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(target) = file.target() else { return };
        let checked = checked_stages(file);
        for stage in &file.resolution.stages {
            if stage.index != target.index && !checked[stage.index] {
                sink.report(
                    file.place(file.from(stage).span),
                    "The stage, which is not the image that ships, has no `HEALTHCHECK`.",
                )
                .help(HELP)
                .confidence(Confidence::Low)
                .aliases(BUILD_STAGE);
            }
        }
        let nowhere = !(0..file.instruction_count()).any(|index| {
            matches!(
                file.instruction(index).kind,
                InstructionKind::Healthcheck(_)
            )
        });
        shipped(file, target, nowhere, sink);
    }
}

/// For each stage whether hadolint is content with it: it has a health check, a stage on top of it
/// has, or it stands on a stage of which that was so by then.
fn checked_stages(file: &ProjectFile<'_>) -> Vec<bool> {
    let stages = &file.resolution.stages;
    let mut good = vec![false; stages.len()];
    for stage in stages {
        let below = |stage: &Stage| match stage.base {
            Base::Stage(below) => Some(below),
            _ => None,
        };
        good[stage.index] = below(stage).is_some_and(|below| good[below]);
        let has_one = file
            .steps(stage)
            .any(|view| matches!(view.instruction.kind, InstructionKind::Healthcheck(_)));
        let mut next = has_one.then_some(stage.index);
        while let Some(index) = next {
            good[index] = true;
            next = below(&stages[index]).filter(|below| !good[*below]);
        }
    }
    good
}

fn shipped(file: &ProjectFile<'_>, target: &Stage, nowhere: bool, sink: &mut Sink<'_>) {
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
    let aliases = if nowhere { NOWHERE } else { ELSEWHERE };
    let unsure = |message: &str, aliases, sink: &mut Sink<'_>| {
        sink.report(file.place(file.from(target).span), message)
            .help(HELP)
            .confidence(Confidence::Low)
            .aliases(aliases);
    };
    // What the base image brings holds for what stands on it.
    let in_base = file
        .base_config(target)
        .and_then(|config| config.healthcheck)
        .is_some_and(|check| !check.test.is_empty());
    if in_base {
        let message = "The file has no `HEALTHCHECK`; the one of its base image holds.";
        return unsure(message, if nowhere { IN_BASE } else { BUILD_STAGE }, sink);
    }
    // A function is called, not watched.
    if matches!(&file.bottom(target).base, Base::Image(name) if name.contains("/lambda/")) {
        let message = "The image has no `HEALTHCHECK`; a function is called, not watched.";
        return unsure(message, aliases, sink);
    }
    let (message, evidence) = match (port, server) {
        (Some((port, evidence)), _) => (
            format!("The image exposes port {port} and has no `HEALTHCHECK`."),
            evidence,
        ),
        (None, Some((program, evidence))) => (
            format!("The image starts `{program}` and has no `HEALTHCHECK`."),
            evidence,
        ),
        (None, None) => {
            let message = "The image has no `HEALTHCHECK`; nothing tells whether it is a service.";
            return unsure(message, aliases, sink);
        }
    };
    sink.report(file.place(file.from(target).span), message)
        .help(HELP)
        .aliases(aliases)
        .related(
            file.place(evidence),
            "This is what makes it look like a service.",
        );
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
                (
                    "one that was there and is not what ships",
                    "FROM a:1 AS a\nFROM a AS b\nHEALTHCHECK CMD x\nFROM a\nEXPOSE 1\n",
                    &[4],
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
