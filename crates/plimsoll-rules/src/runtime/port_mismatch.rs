use plimsoll_model::{Confidence, Span};
use plimsoll_syntax::dockerfile::{Healthcheck, InstructionKind};

use super::{listener, start};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Compares the ports of one image: the one the server is told to listen on, those `EXPOSE`
    /// names, and the one the health check asks on the container itself. It speaks where two of them
    /// are known and do not meet.
    ///
    /// ## Why it hurts in production
    /// Who publishes the exposed port reaches nothing, and a health check that asks the wrong port
    /// takes a healthy container out of service.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// EXPOSE 8080
    /// CMD ["gunicorn", "--bind", "0.0.0.0:8000", "app:app"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// EXPOSE 8000
    /// CMD ["gunicorn", "--bind", "0.0.0.0:8000", "app:app"]
    /// ```
    ///
    /// ## Fix
    /// None: which of the two is meant is the author's to say.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#expose>
    PortMismatch = "port-mismatch",
    summary: "EXPOSE, health check and server do not agree on a port",
    severity: Medium,
    confidence: High,
    category: Operability,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for PortMismatch {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(target) = file.target() else { return };
        let exposed = exposed(file);
        let listening = start::of(file)
            .and_then(|start| {
                let listener = listener::of(&start, &target.end)?;
                let place = start.words[0].place.clone();
                Some((listener.program.clone(), listener.port?, place))
            });
        if let Some((program, (port, told), place)) = &listening
            && let Exposed::Ports(ports) = &exposed
            && !ports.iter().any(|(range, _)| range.contains(port))
        {
            let from_env = told.place.is_none() && told.value.is_empty();
            sink.report(
                told.place.clone().unwrap_or_else(|| place.clone()),
                format!(
                    "`{program}` listens on port {port}, and `EXPOSE` names {}.",
                    list(ports)
                ),
            )
            .help(format!("Write `EXPOSE {port}`, or let it listen on the exposed port."))
            .related(file.place(ports[0].1), "This port is exposed.")
            .confidence(if from_env { Confidence::Medium } else { Confidence::High });
        }
        let Some((asked, span)) = checked(file) else {
            return;
        };
        match (&listening, &exposed) {
            (Some((program, (port, told), place)), _) if *port != asked => {
                sink.report(
                    file.place(span),
                    format!("The health check asks port {asked}, and `{program}` listens on port {port}."),
                )
                .help(format!("Ask port {port}."))
                .related(told.place.clone().unwrap_or_else(|| place.clone()), "It is started here.");
            }
            (None, Exposed::Ports(ports)) if !ports.iter().any(|(range, _)| range.contains(&asked)) => {
                // A port of its own for health checks is a known way to do it.
                sink.report(
                    file.place(span),
                    format!("The health check asks port {asked}, and `EXPOSE` names {}.", list(ports)),
                )
                .help("Ask the port the service listens on, or expose this one too.")
                .related(file.place(ports[0].1), "This port is exposed.")
                .confidence(Confidence::Low);
            }
            _ => {}
        }
    }
}

type Ports = Vec<(std::ops::RangeInclusive<u16>, Span)>;

enum Exposed {
    /// None, or one that is not known, or only such as belong to the base.
    Unknown,
    Ports(Ports),
}

fn list(ports: &Ports) -> String {
    let texts: Vec<String> = ports
        .iter()
        .take(4)
        .map(|(range, _)| {
            if range.start() == range.end() {
                range.start().to_string()
            } else {
                format!("{}-{}", range.start(), range.end())
            }
        })
        .collect();
    texts.join(", ")
}

fn exposed(file: &ProjectFile<'_>) -> Exposed {
    let mut ports = Vec::new();
    for view in file.shipped_steps() {
        let InstructionKind::Expose(words) = &view.instruction.kind else {
            continue;
        };
        for word in words {
            let Some(text) = file.expand(&word.value, &view.step.before) else {
                return Exposed::Unknown;
            };
            let number = text.split('/').next().unwrap_or_default();
            let (first, last) = number.split_once('-').unwrap_or((number, number));
            match (first.parse(), last.parse()) {
                (Ok(first), Ok(last)) if text.split('/').nth(1) != Some("udp") => {
                    ports.push((first..=last, word.span));
                }
                (Ok(_), Ok(_)) => {}
                _ => return Exposed::Unknown,
            }
        }
    }
    if ports.is_empty() {
        Exposed::Unknown
    } else {
        Exposed::Ports(ports)
    }
}

/// The port of the container itself that its health check asks, and where it says so.
fn checked(file: &ProjectFile<'_>) -> Option<(u16, Span)> {
    let view = file
        .shipped_steps()
        .filter(|view| matches!(view.instruction.kind, InstructionKind::Healthcheck(_)))
        .last()?;
    let InstructionKind::Healthcheck(Healthcheck::Cmd(_)) = &view.instruction.kind else {
        return None;
    };
    file.commands(view).find_map(|(script, command)| {
        let program = command.program()?;
        if !matches!(program, "curl" | "wget" | "nc" | "ncat") {
            return None;
        }
        if matches!(program, "nc" | "ncat") {
            let mut plain = command
                .arguments()
                .iter()
                .filter(|word| !word.raw.starts_with('-'));
            let host = plain.next()?.literal.as_deref()?;
            let port = plain.next()?;
            return listener::is_loopback(host)
                .then(|| Some((port.literal.as_deref()?.parse().ok()?, script.word_span(port))))?;
        }
        command.arguments().iter().find_map(|word| {
            let text = match &word.literal {
                Some(text) => text.clone(),
                None => file.expand(word.raw.trim_matches('"'), &view.step.before)?,
            };
            let rest = match text.split_once("://") {
                Some(("http" | "https", rest)) => rest,
                Some(_) => return None,
                None => text.as_str(),
            };
            let authority = rest.split(['/', '?', '#']).next()?;
            let (host, port) = authority.rsplit_once(':')?;
            let own = listener::is_loopback(host) || matches!(host, "0.0.0.0" | "[::1]");
            own.then(|| Some((port.parse().ok()?, script.word_span(word))))?
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "port-mismatch";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("told and exposed", "FROM a:1\nEXPOSE 80\nCMD [\"uvicorn\", \"x\", \"--port\", \"8000\"]\n", &[3]),
                ("its own port", "FROM a:1\nEXPOSE 80\nCMD [\"flask\", \"run\"]\n", &[3]),
                ("asked and told", "FROM a:1\nHEALTHCHECK CMD curl -f http://localhost:80/ || exit 1\nCMD [\"uvicorn\", \"x\", \"--port\", \"8000\"]\n", &[2]),
                ("asked by nc", "FROM a:1\nHEALTHCHECK CMD nc -z 127.0.0.1 80\nCMD [\"flask\", \"run\"]\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                ("they meet", "FROM a:1\nEXPOSE 8000\nHEALTHCHECK CMD curl http://localhost:8000/x\nCMD [\"uvicorn\", \"x\"]\n"),
                ("a range", "FROM a:1\nEXPOSE 8000-8010/tcp\nCMD [\"uvicorn\", \"x\", \"--port=8005\"]\n"),
                ("one of them", "FROM a:1\nEXPOSE 80 8000\nCMD [\"uvicorn\", \"x\"]\n"),
                ("a variable at run time", "FROM a:1\nEXPOSE 80\nCMD uvicorn x --port $PORT\n"),
                ("what is exposed is not known", "FROM a:1\nARG P\nEXPOSE $P\nCMD [\"uvicorn\", \"x\"]\n"),
                ("nothing is exposed", "FROM a:1\nCMD [\"uvicorn\", \"x\"]\n"),
                ("another host", "FROM a:1\nEXPOSE 80\nHEALTHCHECK CMD curl http://db:5432/\nCMD [\"x\"]\n"),
                ("without a port", "FROM a:1\nEXPOSE 8080\nHEALTHCHECK CMD curl http://localhost/\nCMD [\"x\"]\n"),
                ("by a variable", "FROM a:1\nENV UVICORN_PORT=80\nEXPOSE 80\nCMD [\"uvicorn\", \"x\"]\n"),
            ],
        );
        unsure(
            RULE,
            &[("a port of its own for checks", "FROM a:1\nEXPOSE 80\nHEALTHCHECK CMD wget -qO- http://127.0.0.1:9000/ready\nCMD [\"./x\"]\n")],
        );
    }
}
