//! Image configuration, JSON to model and back (OCI image-spec, config.md; Docker's additions:
//! `Healthcheck`, `ArgsEscaped`, `OnBuild`, `Shell`).

use std::collections::BTreeMap;

use plimsoll_model::{Digest, HealthCheck, HistoryEntry, ImageConfig, Platform};
use serde::de::{Deserializer, IgnoredAny};
use serde::ser::{SerializeMap as _, Serializer};
use serde::{Deserialize, Serialize};

use crate::ImageError;

/// Reads a configuration blob. Unknown fields are passed over, `null` is absence, and a word where
/// a list of words belongs is a list of one, as Docker takes it.
///
/// # Errors
/// Not JSON, a field of another type, or a diff id that is not a digest. `place` names the image.
pub fn parse_config(raw: &[u8], place: &str) -> Result<(ImageConfig, Vec<Digest>), ImageError> {
    let wire: Read = serde_json::from_slice(raw)
        .map_err(|error| ImageError::invalid(place, format!("broken configuration: {error}")))?;
    let diff_ids = wire
        .rootfs
        .and_then(|rootfs| rootfs.diff_ids)
        .unwrap_or_default()
        .iter()
        .map(|text| Digest::parse(text))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| {
            ImageError::invalid(place, format!("broken configuration: diff_ids: {error}"))
        })?;
    let os = wire.os.unwrap_or_default();
    let architecture = wire.architecture.unwrap_or_default();
    let run = wire.config.unwrap_or_default();
    let config = ImageConfig {
        platform: (!os.is_empty() || !architecture.is_empty()).then_some(Platform {
            os,
            architecture,
            variant: wire.variant.filter(|variant| !variant.is_empty()),
        }),
        created: wire.created,
        author: wire.author.filter(|author| !author.is_empty()),
        user: run.user.unwrap_or_default(),
        env: run.env.unwrap_or_default(),
        entrypoint: run.entrypoint,
        cmd: run.cmd,
        args_escaped: run.args_escaped.unwrap_or_default(),
        working_dir: run.working_dir.unwrap_or_default(),
        exposed_ports: run.exposed_ports.unwrap_or_default().into_keys().collect(),
        volumes: run.volumes.unwrap_or_default().into_keys().collect(),
        labels: run
            .labels
            .unwrap_or_default()
            .into_iter()
            .map(|(key, value)| (key, value.unwrap_or_default()))
            .collect(),
        stop_signal: run.stop_signal.filter(|signal| !signal.is_empty()),
        healthcheck: run.healthcheck.map(|check| HealthCheck {
            test: check.test.unwrap_or_default(),
            interval: check.interval,
            timeout: check.timeout,
            start_period: check.start_period,
            start_interval: check.start_interval,
            retries: check.retries,
        }),
        shell: run.shell,
        on_build: run.on_build.unwrap_or_default(),
        history: wire
            .history
            .unwrap_or_default()
            .into_iter()
            .map(|step| HistoryEntry {
                created: step.created,
                created_by: step.created_by,
                comment: step.comment,
                empty_layer: step.empty_layer.unwrap_or_default(),
            })
            .collect(),
    };
    Ok((config, diff_ids))
}

/// Writes a configuration blob in the shape BuildKit gives it: outer keys sorted, inner ones in the
/// order of its structs, empty ones left out. Equal input gives equal bytes.
pub fn config_json(config: &ImageConfig, diff_ids: &[Digest]) -> Vec<u8> {
    let platform = config.platform.as_ref();
    let wire = Write {
        architecture: platform.map_or("", |platform| &platform.architecture),
        author: config.author.as_deref(),
        config: RunWrite {
            user: &config.user,
            exposed_ports: Set(&config.exposed_ports),
            env: &config.env,
            entrypoint: config.entrypoint.as_deref(),
            cmd: config.cmd.as_deref(),
            volumes: Set(&config.volumes),
            working_dir: &config.working_dir,
            labels: config
                .labels
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .collect(),
            stop_signal: config.stop_signal.as_deref(),
            healthcheck: config.healthcheck.as_ref().map(|check| CheckWrite {
                test: &check.test,
                interval: check.interval.filter(|value| *value != 0),
                timeout: check.timeout.filter(|value| *value != 0),
                start_period: check.start_period.filter(|value| *value != 0),
                start_interval: check.start_interval.filter(|value| *value != 0),
                retries: check.retries.filter(|value| *value != 0),
            }),
            args_escaped: config.args_escaped,
            on_build: (!config.on_build.is_empty()).then_some(config.on_build.as_slice()),
            shell: config.shell.as_deref(),
        },
        created: config.created.as_deref(),
        history: config
            .history
            .iter()
            .map(|step| StepWrite {
                created: step.created.as_deref(),
                created_by: step.created_by.as_deref(),
                comment: step.comment.as_deref(),
                empty_layer: step.empty_layer,
            })
            .collect(),
        os: platform.map_or("", |platform| &platform.os),
        rootfs: RootfsWrite {
            kind: "layers",
            diff_ids: diff_ids.iter().map(Digest::as_str).collect(),
        },
        variant: platform.and_then(|platform| platform.variant.as_deref()),
    };
    serde_json::to_vec(&wire).expect("strings, numbers and lists always serialise")
}

#[derive(Deserialize)]
struct Read {
    architecture: Option<String>,
    os: Option<String>,
    variant: Option<String>,
    created: Option<String>,
    author: Option<String>,
    config: Option<RunRead>,
    history: Option<Vec<StepRead>>,
    rootfs: Option<RootfsRead>,
}

#[derive(Deserialize)]
struct RootfsRead {
    diff_ids: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct StepRead {
    created: Option<String>,
    created_by: Option<String>,
    comment: Option<String>,
    empty_layer: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RunRead {
    user: Option<String>,
    exposed_ports: Option<BTreeMap<String, IgnoredAny>>,
    env: Option<Vec<String>>,
    #[serde(default, deserialize_with = "words")]
    entrypoint: Option<Vec<String>>,
    #[serde(default, deserialize_with = "words")]
    cmd: Option<Vec<String>>,
    volumes: Option<BTreeMap<String, IgnoredAny>>,
    working_dir: Option<String>,
    labels: Option<BTreeMap<String, Option<String>>>,
    stop_signal: Option<String>,
    healthcheck: Option<CheckRead>,
    args_escaped: Option<bool>,
    on_build: Option<Vec<String>>,
    #[serde(default, deserialize_with = "words")]
    shell: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CheckRead {
    #[serde(default, deserialize_with = "words")]
    test: Option<Vec<String>>,
    interval: Option<i64>,
    timeout: Option<i64>,
    start_period: Option<i64>,
    start_interval: Option<i64>,
    retries: Option<i64>,
}

/// Docker's `StrSlice`: a list, or one word alone.
fn words<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Vec<String>>, D::Error> {
    struct Words;
    impl<'de> serde::de::Visitor<'de> for Words {
        type Value = Option<Vec<String>>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a word or a list of words")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_str<E>(self, word: &str) -> Result<Self::Value, E> {
            Ok((!word.is_empty()).then(|| vec![word.to_owned()]))
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(
            self,
            mut list: A,
        ) -> Result<Self::Value, A::Error> {
            let mut words = Vec::new();
            while let Some(word) = list.next_element()? {
                words.push(word);
            }
            Ok(Some(words))
        }
    }
    input.deserialize_any(Words)
}

#[derive(Serialize)]
struct Write<'a> {
    architecture: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<&'a str>,
    config: RunWrite<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    history: Vec<StepWrite<'a>>,
    os: &'a str,
    rootfs: RootfsWrite<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'a str>,
}

#[derive(Serialize)]
struct RootfsWrite<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    diff_ids: Vec<&'a str>,
}

#[derive(Serialize)]
struct StepWrite<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    empty_layer: bool,
}

/// Go's `map[string]struct{}`.
struct Set<'a>(&'a [String]);

impl Set<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Set<'_> {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        let mut keys: Vec<&str> = self.0.iter().map(String::as_str).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut map = output.serialize_map(Some(keys.len()))?;
        for key in keys {
            map.serialize_entry(key, &BTreeMap::<(), ()>::new())?;
        }
        map.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RunWrite<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    user: &'a str,
    #[serde(skip_serializing_if = "Set::is_empty")]
    exposed_ports: Set<'a>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    env: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    entrypoint: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cmd: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Set::is_empty")]
    volumes: Set<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    working_dir: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_signal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    healthcheck: Option<CheckWrite<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    args_escaped: bool,
    /// Written as `null` where there are none, as Docker's builder does.
    on_build: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shell: Option<&'a [String]>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CheckWrite<'a> {
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    test: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_period: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_interval: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retries: Option<i64>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_docker_leaves_null_is_absent() {
        let raw = br#"{"architecture":"amd64","os":"linux","container_config":{},"config":{
            "Env":null,"Cmd":null,"Entrypoint":"run","Volumes":null,"OnBuild":null,"Labels":null,
            "ExposedPorts":{"80/tcp":{}}},"rootfs":{"type":"layers","diff_ids":null},"history":null}"#;
        let (config, diff_ids) = parse_config(raw, "x").unwrap();
        assert!(diff_ids.is_empty());
        assert_eq!(config.cmd, None);
        assert_eq!(config.entrypoint, Some(vec!["run".to_owned()]));
        assert_eq!(config.exposed_ports, ["80/tcp"]);
        assert_eq!(config.platform, Platform::parse("linux/amd64"));
    }

    #[test]
    fn broken_ones_are_refused_with_the_place() {
        for raw in [
            "",
            "[]",
            "{",
            r#"{"config":{"Env":1}}"#,
            r#"{"rootfs":{"diff_ids":["md5:1"]}}"#,
        ] {
            let error = parse_config(raw.as_bytes(), "the image")
                .unwrap_err()
                .to_string();
            assert!(
                error.starts_with("the image: broken configuration"),
                "{error}"
            );
        }
    }

    #[test]
    fn the_shape_is_buildkits() {
        let config = ImageConfig {
            platform: Platform::parse("linux/arm64/v8"),
            created: Some("2026-01-02T03:04:05Z".to_owned()),
            user: "10001".to_owned(),
            env: vec!["PATH=/bin".to_owned()],
            cmd: Some(vec!["sh".to_owned()]),
            args_escaped: true,
            exposed_ports: vec!["80/tcp".to_owned()],
            labels: vec![
                ("b".to_owned(), "2".to_owned()),
                ("a".to_owned(), "1".to_owned()),
            ],
            history: vec![HistoryEntry {
                created_by: Some("USER 10001".to_owned()),
                comment: Some("buildkit.dockerfile.v0".to_owned()),
                empty_layer: true,
                ..HistoryEntry::default()
            }],
            ..ImageConfig::default()
        };
        let text = String::from_utf8(config_json(&config, &[])).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"architecture":"arm64","config":{"User":"10001","ExposedPorts":{"80/tcp":{}},"#,
                r#""Env":["PATH=/bin"],"Cmd":["sh"],"Labels":{"a":"1","b":"2"},"ArgsEscaped":true,"OnBuild":null},"#,
                r#""created":"2026-01-02T03:04:05Z","history":[{"created_by":"USER 10001","#,
                r#""comment":"buildkit.dockerfile.v0","empty_layer":true}],"os":"linux","#,
                r#""rootfs":{"type":"layers","diff_ids":[]},"variant":"v8"}"#
            )
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            user in ".*",
            env in proptest::collection::vec(".*", 0..4),
            cmd in proptest::option::of(proptest::collection::vec(".*", 0..3)),
            labels in proptest::collection::btree_map(".*", ".*", 0..4),
            volumes in proptest::collection::btree_set(".*", 0..4),
            interval in proptest::option::of(1_i64..),
            empty_layer: bool,
        ) {
            let config = ImageConfig {
                platform: Platform::parse("linux/amd64"),
                user,
                env,
                cmd,
                labels: labels.into_iter().collect(),
                volumes: volumes.into_iter().collect(),
                healthcheck: Some(HealthCheck { interval, ..HealthCheck::default() }),
                history: vec![HistoryEntry { empty_layer, ..HistoryEntry::default() }],
                ..ImageConfig::default()
            };
            let diff_ids = [Digest::from_sha256([7; 32])];
            let (read, read_ids) = parse_config(&config_json(&config, &diff_ids), "x").unwrap();
            prop_assert_eq!(read, config);
            prop_assert_eq!(read_ids, diff_ids);
        }

        #[test]
        fn any_bytes_are_a_value_or_an_error(raw in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_config(&raw, "x");
        }
    }
}
