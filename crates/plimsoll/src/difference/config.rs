//! Two configurations, field by field.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use plimsoll_model::{ConfigChange, HealthCheck, ImageConfig, Pair};

/// The fields that differ, in the order in which people ask for them. Both configurations are
/// masked already. When an image was made and by which steps is no difference.
pub(super) fn compare(old: &ImageConfig, new: &ImageConfig) -> Vec<ConfigChange> {
    let mut sides: BTreeMap<(usize, String), Pair<Option<String>>> = BTreeMap::new();
    for (key, value) in fields(old) {
        sides.entry(key).or_default().old = Some(value);
    }
    for (key, value) in fields(new) {
        sides.entry(key).or_default().new = Some(value);
    }
    sides
        .into_iter()
        .filter(|(_, value)| value.old != value.new)
        .map(|((_, field), value)| ConfigChange { field, value })
        .collect()
}

/// Every field that is set, with the place of its kind in the order.
fn fields(config: &ImageConfig) -> Vec<((usize, String), String)> {
    let mut out = Vec::new();
    let mut set = |rank: usize, name: String, value: Option<String>| {
        if let Some(value) = value {
            out.push(((rank, name), value));
        }
    };
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let platform = config.platform.as_ref();
    set(0, "platform".into(), platform.map(ToString::to_string));
    set(1, "user".into(), text(&config.user));
    set(
        2,
        "entrypoint".into(),
        config.entrypoint.as_deref().map(words),
    );
    set(3, "cmd".into(), config.cmd.as_deref().map(words));
    set(4, "working dir".into(), text(&config.working_dir));
    for variable in &config.env {
        let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
        set(5, format!("env {name}"), Some(value.to_owned()));
    }
    for port in &config.exposed_ports {
        // Without a protocol it is TCP (OCI image-spec, config.md).
        let protocol = if port.contains('/') { "" } else { "/tcp" };
        let name = format!("port {port}{protocol}");
        set(6, name, Some("exposed".to_owned()));
    }
    let check = config.healthcheck.as_ref();
    set(7, "healthcheck".into(), check.map(health_check));
    for volume in &config.volumes {
        set(8, format!("volume {volume}"), Some("declared".to_owned()));
    }
    set(9, "stop signal".into(), config.stop_signal.clone());
    set(10, "shell".into(), config.shell.as_deref().map(words));
    for (at, trigger) in config.on_build.iter().enumerate() {
        set(11, format!("onbuild {}", at + 1), Some(trigger.clone()));
    }
    for (key, value) in &config.labels {
        set(12, format!("label {key}"), Some(value.clone()));
    }
    set(13, "author".into(), config.author.clone());
    out
}

/// The exec form, as a Dockerfile has it.
fn words(words: &[String]) -> String {
    serde_json::to_string(words).unwrap_or_default()
}

fn health_check(check: &HealthCheck) -> String {
    let mut text = words(&check.test);
    let durations = [
        ("interval", check.interval),
        ("timeout", check.timeout),
        ("start-period", check.start_period),
        ("start-interval", check.start_interval),
    ];
    for (name, nanoseconds) in durations {
        if let Some(nanoseconds) = nanoseconds {
            let seconds = nanoseconds as f64 / 1e9;
            write!(text, " {name}={seconds}s").expect("writing to a String cannot fail");
        }
    }
    if let Some(retries) = check.retries {
        write!(text, " retries={retries}").expect("writing to a String cannot fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_differ_one_by_one() {
        let old = ImageConfig {
            created: Some("2024".to_owned()),
            env: vec!["PATH=/bin".to_owned(), "A=1".to_owned()],
            exposed_ports: vec!["80/tcp".to_owned()],
            labels: vec![("a".to_owned(), "1".to_owned())],
            ..ImageConfig::default()
        };
        let new = ImageConfig {
            created: Some("2025".to_owned()),
            user: "app".to_owned(),
            env: vec!["PATH=/bin".to_owned(), "A=2".to_owned()],
            cmd: Some(vec!["a b".to_owned()]),
            healthcheck: Some(HealthCheck {
                test: vec!["CMD".to_owned(), "true".to_owned()],
                interval: Some(1_500_000_000),
                retries: Some(3),
                ..HealthCheck::default()
            }),
            labels: vec![("a".to_owned(), "1".to_owned())],
            ..ImageConfig::default()
        };
        let told: Vec<String> = compare(&old, &new)
            .iter()
            .map(|change| {
                format!(
                    "{}: {:?} > {:?}",
                    change.field, change.value.old, change.value.new
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "user: None > Some(\"app\")",
                "cmd: None > Some(\"[\\\"a b\\\"]\")",
                "env A: Some(\"1\") > Some(\"2\")",
                "port 80/tcp: Some(\"exposed\") > None",
                "healthcheck: None > Some(\"[\\\"CMD\\\",\\\"true\\\"] interval=1.5s retries=3\")",
            ]
        );
        assert_eq!(compare(&new, &new), []);
        let exposes = |port: &str| ImageConfig {
            exposed_ports: vec![port.to_owned()],
            ..ImageConfig::default()
        };
        assert_eq!(compare(&exposes("80"), &exposes("80/tcp")), []);
        assert_eq!(compare(&exposes("80"), &exposes("80/udp")).len(), 2);
    }
}
