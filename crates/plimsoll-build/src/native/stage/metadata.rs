//! Instructions that change an image's configuration and nothing else.

use plimsoll_model::{HealthCheck, ImageConfig};
use plimsoll_syntax::dockerfile::{CommandForm, Healthcheck, InstructionKind};

use super::super::golang::{
    duration, parse_duration, plain_list, quoted, quoted_list, quoted_rune,
};
use super::super::wire::Failure;
use super::{At, StageRun, arguments};

/// Instructions that change the configuration only.
pub(super) fn metadata(at: &At<'_>, run: &mut StageRun, epoch: Option<i64>) -> Result<(), Failure> {
    let config = &mut run.config;
    let created_by = match &at.instruction.kind {
        InstructionKind::Arg(pairs) => {
            let mut texts = Vec::new();
            for pair in pairs {
                let name = &pair.name.value;
                texts.push(match &pair.value {
                    Some(value) => format!("{name}={}", at.expand(value)?),
                    None => name.clone(),
                });
                let value = at
                    .after
                    .variables
                    .get(name)
                    .and_then(|variable| variable.value.clone());
                run.arguments.push((name.clone(), value));
            }
            format!("ARG {}", texts.join(" "))
        }
        InstructionKind::Env(pairs) => {
            let mut texts = Vec::new();
            for pair in pairs {
                let name = at.expand(&pair.name)?;
                let value = match &pair.value {
                    Some(value) => at.expand(value)?,
                    None => String::new(),
                };
                set_env(&mut config.env, &name, &value);
                texts.push(format!("{name}={value}"));
            }
            format!("ENV {}", texts.join(" "))
        }
        InstructionKind::Label(pairs) => {
            let mut texts = Vec::new();
            for pair in pairs {
                let name = at.expand(&pair.name)?;
                let value = match &pair.value {
                    Some(value) => at.expand(value)?,
                    None => String::new(),
                };
                texts.push(format!("{name}={value}"));
                set_label(config, name, value);
            }
            format!("LABEL {}", texts.join(" "))
        }
        InstructionKind::Cmd(command) => {
            let args = arguments(command, at.before);
            let text = format!("CMD {}", quoted_list(&args));
            config.cmd = Some(args);
            config.args_escaped = true;
            run.cmd_set = true;
            text
        }
        InstructionKind::Entrypoint(command) => {
            let args = arguments(command, at.before);
            let text = format!("ENTRYPOINT {}", quoted_list(&args));
            config.entrypoint = Some(args);
            if !run.cmd_set {
                config.cmd = None;
            }
            text
        }
        InstructionKind::Shell(command) => {
            let args = arguments(command, at.before);
            let text = format!("SHELL {}", plain_list(&args));
            config.shell = Some(args);
            text
        }
        InstructionKind::User(word) => {
            let user = at.expand(word)?;
            let text = format!("USER {user}");
            config.user = user;
            text
        }
        InstructionKind::Expose(words) => {
            let mut ports = Vec::new();
            for word in words {
                let expanded = at
                    .before
                    .expand_words(word, at.escape)
                    .map_err(|e| Failure::input(e.to_string()))?;
                for text in expanded {
                    ports.extend(read_ports(&text).ok_or_else(|| {
                        Failure::input(format!(
                            "`{text}` is no port: write `80`, `53/udp` or `8000-8010/tcp`"
                        ))
                    })?);
                }
            }
            ports.sort();
            ports.dedup();
            let texts: Vec<String> = ports.iter().map(|port| format!("{port}:{{}}")).collect();
            config.exposed_ports.extend(ports);
            config.exposed_ports.sort();
            config.exposed_ports.dedup();
            format!("EXPOSE map[{}]", texts.join(" "))
        }
        InstructionKind::Volume(words) => {
            let paths = words
                .iter()
                .map(|word| at.expand(word))
                .collect::<Result<Vec<_>, _>>()?;
            let text = format!("VOLUME {}", plain_list(&paths));
            config.volumes.extend(paths);
            config.volumes.sort();
            config.volumes.dedup();
            text
        }
        InstructionKind::Stopsignal(word) => {
            let signal = at.expand(word)?;
            let text = format!("STOPSIGNAL {signal}");
            config.stop_signal = Some(signal);
            text
        }
        InstructionKind::Healthcheck(check) => {
            let check = healthcheck(at, check)?;
            let text = format!(
                "HEALTHCHECK &{{{} {} {} {} {}}}",
                quoted_list(&check.test),
                quoted(&duration(check.interval.unwrap_or(0))),
                quoted(&duration(check.timeout.unwrap_or(0))),
                quoted(&duration(check.start_period.unwrap_or(0))),
                quoted_rune(check.retries.unwrap_or(0))
            );
            config.healthcheck = Some(check);
            text
        }
        InstructionKind::Maintainer(word) => {
            let text = format!("MAINTAINER {}", word.value);
            config.author = Some(word.value.clone());
            text
        }
        InstructionKind::Onbuild(inner) => {
            let text = format!(
                "{} {}",
                inner.keyword.value.to_uppercase(),
                inner.text.value.trim()
            );
            config.on_build.push(text);
            return Ok(());
        }
        InstructionKind::Unknown(text) => {
            return Err(Failure::input(format!(
                "`{} {}` is not understood",
                at.instruction.keyword.value, text.value
            )));
        }
        InstructionKind::From(_)
        | InstructionKind::Run(_)
        | InstructionKind::Copy(_)
        | InstructionKind::Add(_)
        | InstructionKind::Workdir(_) => return Ok(()),
    };
    run.history(created_by, None, epoch);
    Ok(())
}

/// Sets a label; labels are sorted by key.
pub(crate) fn set_label(config: &mut ImageConfig, name: String, value: String) {
    match config.labels.binary_search_by(|(key, _)| key.cmp(&name)) {
        Ok(at) => config.labels[at].1 = value,
        Err(at) => config.labels.insert(at, (name, value)),
    }
}

fn healthcheck(at: &At<'_>, check: &Healthcheck) -> Result<HealthCheck, Failure> {
    let command = match check {
        Healthcheck::None => {
            return Ok(HealthCheck {
                test: vec!["NONE".to_owned()],
                ..HealthCheck::default()
            });
        }
        Healthcheck::Cmd(command) => command,
    };
    let mut test = Vec::new();
    match &command.form {
        CommandForm::Exec(words) => {
            test.push("CMD".to_owned());
            test.extend(words.iter().map(|word| word.value.clone()));
        }
        CommandForm::Shell(text) => {
            test.push("CMD-SHELL".to_owned());
            test.push(text.value.clone());
        }
    }
    let time = |name: &str| match at.instruction.flag(name) {
        None => Ok(None),
        Some(word) => parse_duration(&word.value)
            .filter(|time| *time >= 0)
            .map(Some)
            .ok_or_else(|| {
                Failure::input(format!(
                    "`--{name}={}` is no duration: write `30s` or `1m30s`",
                    word.value
                ))
            }),
    };
    let retries = match at.instruction.flag("retries") {
        None => None,
        Some(word) => Some(
            word.value
                .parse::<i64>()
                .map_err(|_| Failure::input(format!("`--retries={}` is no number", word.value)))?,
        ),
    };
    Ok(HealthCheck {
        test,
        interval: time("interval")?,
        timeout: time("timeout")?,
        start_period: time("start-period")?,
        start_interval: time("start-interval")?,
        retries,
    })
}

/// `port/protocol` of every port that `80`, `53/udp`, `8000-8010` or `127.0.0.1:80:8080` names.
fn read_ports(text: &str) -> Option<Vec<String>> {
    let (ports, protocol) = text.rsplit_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol.to_lowercase();
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return None;
    }
    let container = ports.rsplit(':').next()?;
    let (first, last) = container.split_once('-').unwrap_or((container, container));
    let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then(|| {
        (first..=last)
            .map(|port| format!("{port}/{protocol}"))
            .collect()
    })
}

pub(super) fn set_env(env: &mut Vec<String>, name: &str, value: &str) {
    let pair = format!("{name}={value}");
    let same = |entry: &&mut String| entry.split('=').next() == Some(name);
    match env.iter_mut().find(same) {
        Some(entry) => *entry = pair,
        None => env.push(pair),
    }
}
