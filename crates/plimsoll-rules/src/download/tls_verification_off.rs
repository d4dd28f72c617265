use plimsoll_model::{Confidence, Span};
use plimsoll_syntax::dockerfile::{InstructionKind, KeyValue};
use plimsoll_syntax::shell::{ShellCommand, ShellWord};

use super::fetch::{self, host, is_local, unquoted};
use crate::declare::declare_rule;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};
use crate::shell::run::runs;

declare_rule! {
    /// ## What it does
    /// Tells that the check of TLS certificates is switched off: `curl -k`,
    /// `wget --no-check-certificate`, `pip --trusted-host`, `git -c http.sslVerify=false`,
    /// `npm config set strict-ssl false`, `sslverify=0` of `yum` and `dnf`, apt's `Verify-Peer`, or
    /// the variables that say the same (`NODE_TLS_REJECT_UNAUTHORIZED`, `PYTHONHTTPSVERIFY`,
    /// `GIT_SSL_NO_VERIFY`, `PIP_TRUSTED_HOST`, `NPM_CONFIG_STRICT_SSL`).
    ///
    /// ## Why it hurts in production
    /// Anybody on the way can answer in the server's place and put his program into the image. As
    /// `ENV` it also holds for the application, for all that it talks to.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN curl -fsSLkO https://artifacts.example.com/app.tar.gz
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// COPY company-ca.crt /usr/local/share/ca-certificates/
    /// RUN update-ca-certificates && curl -fsSLO https://artifacts.example.com/app.tar.gz
    /// ```
    ///
    /// ## Fix
    /// None: the certificate that is missing has to be brought.
    ///
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/295.html>
    TlsVerificationOff = "tls-verification-off",
    summary: "The check of TLS certificates is switched off",
    severity: High,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: [
        "CKV2_DOCKER_2",
        "CKV2_DOCKER_3",
        "CKV2_DOCKER_4",
        "CKV2_DOCKER_5",
        "CKV2_DOCKER_6",
        "CKV2_DOCKER_12",
        "CKV2_DOCKER_13",
        "CKV2_DOCKER_14",
        "CKV2_DOCKER_15",
        "CKV2_DOCKER_16",
        "S4830",
    ],
    audience: Default,
    edition: 2026,
}

/// What switches the check off: how to call it, and what other tools do.
type Switch = (&'static str, &'static [&'static str]);

impl Rule for TlsVerificationOff {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            for view in file.steps(stage).filter(|view| !view.step.triggered) {
                let (InstructionKind::Env(pairs) | InstructionKind::Arg(pairs)) =
                    &unwrapped(view.instruction).kind
                else {
                    continue;
                };
                for KeyValue {
                    name, value, span, ..
                } in pairs
                {
                    let Some(word) = value else { continue };
                    if let Some(switch) = variable(&name.value, unquoted(&word.value)) {
                        tell(file, sink, *span, switch, stage.reaches_target);
                    }
                }
            }
        }
        for run in runs(file) {
            for (script, command) in file.commands(run.view) {
                if let Some((word, switch)) = option(command) {
                    tell(file, sink, script.word_span(word), switch, run.built);
                }
                for (name, word) in &command.assignments {
                    if let Some(switch) = variable(name, unquoted(&word.raw)) {
                        tell(file, sink, script.word_span(word), switch, run.built);
                    }
                }
                if command.program() == Some("export") {
                    for word in command.arguments() {
                        let switch = word
                            .raw
                            .split_once('=')
                            .and_then(|(name, value)| variable(name, unquoted(value)));
                        if let Some(switch) = switch {
                            tell(file, sink, script.word_span(word), switch, run.built);
                        }
                    }
                }
            }
        }
    }
}

fn tell(
    file: &ProjectFile<'_>,
    sink: &mut Sink<'_>,
    place: Span,
    (what, aliases): Switch,
    built: bool,
) {
    sink.report(
        file.place(place),
        format!("`{what}` accepts any certificate, an intruder's too."),
    )
    .help("Bring the certificate authority that is missing, and leave the check on.")
    .aliases(aliases)
    .confidence(if built {
        Confidence::High
    } else {
        Confidence::Low
    });
}

/// A variable that switches a check off.
fn variable(name: &str, value: &str) -> Option<Switch> {
    let is_off = |value: &str| {
        ["0", "false", "no", "off"]
            .iter()
            .any(|off| value.eq_ignore_ascii_case(off))
    };
    let is_set = !value.is_empty();
    Some(match name {
        "NODE_TLS_REJECT_UNAUTHORIZED" if value == "0" => {
            ("NODE_TLS_REJECT_UNAUTHORIZED=0", &["CKV2_DOCKER_6", "S4830"])
        }
        "PYTHONHTTPSVERIFY" if value == "0" => {
            ("PYTHONHTTPSVERIFY=0", &["CKV2_DOCKER_5", "S4830"])
        }
        "GIT_SSL_NO_VERIFY" if is_set && !is_off(value) => {
            ("GIT_SSL_NO_VERIFY", &["CKV2_DOCKER_14", "S4830"])
        }
        "PIP_TRUSTED_HOST" if is_set && value.split(' ').any(|host| !is_local(host)) => {
            ("PIP_TRUSTED_HOST", &["CKV2_DOCKER_16", "S4830"])
        }
        "NPM_CONFIG_STRICT_SSL" | "npm_config_strict_ssl" if is_off(value) => {
            ("NPM_CONFIG_STRICT_SSL=false", &["CKV2_DOCKER_12", "S4830"])
        }
        "YARN_STRICT_SSL" | "YARN_ENABLE_STRICT_SSL" if is_off(value) => {
            ("YARN_STRICT_SSL=false", &["S4830"])
        }
        "CONDA_SSL_VERIFY" if is_off(value) => ("CONDA_SSL_VERIFY=false", &["S4830"]),
        "BUNDLE_SSL_VERIFY_MODE" if value == "0" => ("BUNDLE_SSL_VERIFY_MODE=0", &["S4830"]),
        "GOINSECURE" if is_set => ("GOINSECURE", &["S4830"]),
        _ => return None,
    })
}

/// An option that switches a check off, and its word.
fn option(command: &ShellCommand) -> Option<(&ShellWord, Switch)> {
    const PLAIN: &[&str] = &["S4830"];
    let program = command.program()?;
    let arguments = command.arguments();
    let find = |wanted: &dyn Fn(&str) -> bool| {
        arguments.iter().find(|word| wanted(unquoted(&word.raw)))
    };
    match program {
        "curl" | "wget" => {
            let fetch = fetch::fetch(command)?;
            let word = fetch.insecure?;
            let local = |word: &&ShellWord| host(unquoted(&word.raw)).is_some_and(is_local);
            if !fetch.urls.is_empty() && fetch.urls.iter().all(local) {
                return None;
            }
            Some(if program == "curl" {
                (word, ("curl --insecure", &["CKV2_DOCKER_2", "S4830"]))
            } else {
                (
                    word,
                    ("wget --no-check-certificate", &["CKV2_DOCKER_3", "S4830"]),
                )
            })
        }
        "git" => {
            let word = find(&|text| {
                let text = text.to_ascii_lowercase();
                text.starts_with("http.") && text.contains("sslverify")
            })?;
            let text = word.raw.to_ascii_lowercase();
            let behind = arguments
                .iter()
                .skip_while(|other| other.start != word.start)
                .nth(1)
                .map(|word| unquoted(&word.raw));
            let off = match text.split_once('=') {
                Some((_, value)) => matches!(unquoted(value), "false" | "0" | "no"),
                None => matches!(behind, Some("false" | "0" | "no")),
            };
            off.then_some((word, ("http.sslVerify=false", PLAIN)))
        }
        "npm" | "yarn" | "pnpm" => {
            let at = arguments.iter().position(|word| {
                let text = unquoted(&word.raw);
                text.starts_with("strict-ssl") || text.starts_with("--strict-ssl")
                    || text == "--no-strict-ssl" || text == "enableStrictSsl"
            })?;
            let word = &arguments[at];
            let text = unquoted(&word.raw);
            let next = arguments.get(at + 1).map(|word| unquoted(&word.raw));
            let off = text == "--no-strict-ssl"
                || text.ends_with("=false")
                || (!text.contains('=') && next == Some("false"));
            off.then_some((word, ("strict-ssl=false", &["CKV2_DOCKER_13", "S4830"])))
        }
        "yum" | "dnf" | "tdnf" | "microdnf" | "yum-config-manager" | "dnf-config-manager" => {
            let word = find(&|text| {
                let text = text.to_ascii_lowercase();
                text.split_once("sslverify").is_some_and(|(_, value)| {
                    let value = value.trim_matches(['=', '"', '\'']);
                    matches!(value, "0" | "false" | "no")
                })
            })?;
            let manager = program.ends_with("config-manager")
                || find(&|text| text == "config-manager").is_some();
            Some((
                word,
                (
                    "sslverify=0",
                    if manager { &["CKV2_DOCKER_15", "S4830"] } else { PLAIN },
                ),
            ))
        }
        "apt-get" | "apt" => {
            let word = find(&|text| {
                let text = text.to_ascii_lowercase();
                (text.contains("verify-peer=") || text.contains("verify-host="))
                    && (text.ends_with("false") || text.ends_with("=0"))
            })?;
            Some((word, ("Verify-Peer=false", PLAIN)))
        }
        "conda" | "mamba" | "micromamba" => {
            let word = find(&|text| matches!(text, "--insecure" | "-k" | "ssl_verify"))?;
            let off = word.raw != "ssl_verify" || find(&|text| text.eq_ignore_ascii_case("false")).is_some();
            off.then_some((word, ("ssl_verify=false", PLAIN)))
        }
        "apk" => {
            let word = find(&|text| text == "--no-check-certificate")?;
            Some((word, ("apk --no-check-certificate", PLAIN)))
        }
        _ => {
            let is_pip = program.starts_with("pip")
                || (program.starts_with("python") && find(&|text| text == "pip").is_some())
                || program == "uv";
            if !is_pip {
                return None;
            }
            let at = arguments.iter().position(|word| {
                let text = unquoted(&word.raw);
                text.starts_with("--trusted-host")
                    || text.starts_with("--allow-insecure-host")
                    || text == "global.trusted-host"
            })?;
            let word = &arguments[at];
            let text = unquoted(&word.raw);
            let value = match text.split_once('=') {
                Some((_, value)) => Some(value),
                None => arguments.get(at + 1).map(|word| unquoted(&word.raw)),
            };
            let local = value.is_some_and(|value| {
                let name = value.split(':').next().unwrap_or(value);
                !name.contains('$') && is_local(name)
            });
            (!local).then_some((word, ("pip --trusted-host", &["CKV2_DOCKER_4", "S4830"])))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, run, silent, unsure};

    const RULE: &str = "tls-verification-off";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "curl, on its line",
                    "FROM debian:12\nRUN a && \\\n curl -fsSkL https://e.com\n",
                    &[3],
                ),
                (
                    "wget",
                    "FROM debian:12\nRUN wget --no-check-certificate https://e.com/x\n",
                    &[2],
                ),
                (
                    "pip",
                    "FROM debian:12\nRUN python3 -m pip install --trusted-host pypi.org x && pip3 --trusted-host=e.com install y\n",
                    &[2, 2],
                ),
                (
                    "variables of the image",
                    "FROM debian:12\nENV A=b NODE_TLS_REJECT_UNAUTHORIZED=0 \\\n  PYTHONHTTPSVERIFY='0'\nARG GIT_SSL_NO_VERIFY=1\n",
                    &[2, 3, 4],
                ),
                (
                    "variables of a step",
                    "FROM debian:12\nRUN export GIT_SSL_NO_VERIFY=true && git clone https://e.com/x\nRUN NPM_CONFIG_STRICT_SSL=false npm ci\n",
                    &[2, 3],
                ),
                (
                    "npm",
                    "FROM debian:12\nRUN npm config set strict-ssl false && yarn config set \"strict-ssl\"=false\n",
                    &[2, 2],
                ),
                (
                    "git",
                    "FROM debian:12\nRUN git -c http.sslVerify=false clone https://e.com/x && git config --global http.sslVerify false\n",
                    &[2, 2],
                ),
                (
                    "yum",
                    "FROM centos:7\nRUN yum-config-manager --save --setopt=sslverify=false && dnf --setopt=e.sslverify=0 install x\n",
                    &[2, 2],
                ),
                (
                    "apt",
                    "FROM debian:12\nRUN apt-get -o Acquire::https::Verify-Peer=false update\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("on", "FROM debian:12\nRUN curl -fsSL https://e.com | tar x\n"),
                (
                    "this machine",
                    "FROM debian:12\nRUN curl -k https://localhost:8443/ready\n",
                ),
                (
                    "a letter of a value",
                    "FROM debian:12\nRUN curl -o k https://e.com && curl -Hk: https://e.com\n",
                ),
                (
                    "switched on",
                    "FROM debian:12\nENV NODE_TLS_REJECT_UNAUTHORIZED=1\nRUN npm config set strict-ssl true\n",
                ),
                ("only spoken of", "FROM debian:12\nRUN echo curl -k\n"),
            ],
        );
        unsure(
            RULE,
            &[(
                "a stage that is not built",
                "FROM debian:12 AS t\nRUN curl -k https://e.com\nFROM scratch\n",
            )],
        );
    }

    #[test]
    fn each_goes_by_what_others_call_it() {
        let ids = |text: &str| run(RULE, text, &[]).findings[0].aliases[0];
        assert_eq!(ids("FROM a:1\nRUN curl -k https://e.com\n"), "CKV2_DOCKER_2");
        assert_eq!(ids("FROM a:1\nENV PIP_TRUSTED_HOST=pypi.org\n"), "CKV2_DOCKER_16");
        assert_eq!(
            ids("FROM a:1\nRUN yum-config-manager --setopt=sslverify=0\n"),
            "CKV2_DOCKER_15"
        );
    }
}
