//! Credentials in an image's configuration and history.

mod line;
pub(super) mod redact;

use std::collections::HashMap;

use plimsoll_model::{ImageConfig, SecretSighting, Severity};

use self::line::flag_name;
pub(super) use self::line::{arguments, assignments};
use self::redact::shown_name;
use super::assignment::{in_assignment, in_urls};
use super::command::{in_arguments, in_commands, is_hash};
use super::context::in_context;
use super::detector::{Piece, Told};
use super::encoded::in_base64;
use super::hits::{Hits, distinct};
use super::{Detector, Fingerprint, Hit};

/// What a search of a configuration gave.
#[derive(Debug, Default)]
pub(crate) struct InConfig {
    pub(crate) sightings: Vec<SecretSighting>,
    /// Places with more credentials than are told.
    pub(crate) partly: Vec<String>,
}

/// Every credential in the configuration, each value once: where it is set comes before where
/// history repeats it, which is told beside.
pub(crate) fn in_config(config: &ImageConfig, detector: &Detector) -> InConfig {
    let mut seen: HashMap<Fingerprint, usize> = HashMap::new();
    let mut found = InConfig::default();
    let InConfig { sightings, partly } = &mut found;
    let mut add = |place: String, hits: Hits| {
        if hits.is_full() {
            partly.push(place.clone());
        }
        for hit in distinct(hits) {
            if let Some(known) = seen.get(&hit.fingerprint) {
                let known = &mut sightings[*known];
                if known.place != place && known.also_at.last() != Some(&place) {
                    known.also_at.push(place.clone());
                }
                continue;
            }
            seen.insert(hit.fingerprint, sightings.len());
            sightings.push(SecretSighting {
                kind: hit.kind.into(),
                severity: hit.severity,
                place: place.clone(),
                layer: None,
                line: None,
                fingerprint: hit.fingerprint.to_string(),
                deleted_in: None,
                also_at: Vec::new(),
                source: None,
            });
        }
    };
    for variable in &config.env {
        let (name, _) = variable.split_once('=').unwrap_or((variable, ""));
        let place = format!("env {}", shown_name(name, detector));
        add(place, in_variable(variable, detector));
    }
    for (name, value) in &config.labels {
        let place = format!("label {}", shown_name(name, detector));
        add(place, in_named(name, value, detector));
    }
    let commands = [
        ("entrypoint", config.entrypoint.as_deref()),
        ("cmd", config.cmd.as_deref()),
        (
            "healthcheck",
            config
                .healthcheck
                .as_ref()
                .map(|check| check.test.as_slice()),
        ),
        ("shell", config.shell.as_deref()),
        ("onbuild", Some(config.on_build.as_slice())),
    ];
    for (place, words) in commands {
        for hits in in_words(words.unwrap_or_default(), detector) {
            add(place.to_owned(), hits);
        }
    }
    for (place, text) in plain_fields(config) {
        add(place.to_owned(), found_in(text, detector));
    }
    for (step, entry) in config.history.iter().enumerate() {
        for text in [&entry.created_by, &entry.comment].into_iter().flatten() {
            add(
                format!("history step {}", step + 1),
                in_command(text, detector),
            );
        }
    }
    found
}

/// What else of the configuration is text that somebody wrote, and what it is called.
fn plain_fields(config: &ImageConfig) -> impl Iterator<Item = (&'static str, &str)> {
    let volumes = config.volumes.iter();
    [
        ("author", config.author.as_deref().unwrap_or_default()),
        ("user", config.user.as_str()),
        ("workdir", config.working_dir.as_str()),
    ]
    .into_iter()
    .chain(volumes.map(|volume| ("volume", volume.as_str())))
}

/// Credentials that need no more than the text.
pub(super) fn found_in(text: &str, detector: &Detector) -> Hits {
    let mut hits = detector.find_in(text);
    let piece = Piece::text(text);
    in_context(piece, true, &mut Told::default(), &mut hits);
    in_base64(detector, piece, &mut 0, &mut hits);
    hits.extend(hashes(text));
    hits
}

/// Hashes of passwords, as proxies take them in labels: `bob:$apr1$…`. Compose doubles `$`.
fn hashes(text: &str) -> impl Iterator<Item = Hit> {
    let outside = |c: char| c.is_whitespace() || matches!(c, ':' | ',' | '"' | '\'' | ';' | '`');
    let words = text
        .split(outside)
        .filter(|word| word.contains('$') && is_hash(&word.replace("$$", "$")));
    words.map(|word| {
        let start = word.as_ptr().addr() - text.as_ptr().addr();
        Hit::of("password-hash", Severity::Medium, start, word.as_bytes())
    })
}

/// Credentials in `NAME=value`.
pub(super) fn in_variable(variable: &str, detector: &Detector) -> Hits {
    let mut hits = found_in(variable, detector);
    if let Some((name, value)) = variable.split_once('=') {
        hits.extend(in_assignment(name, value, name.len() + 1));
    }
    hits.extend(in_urls(variable, 0));
    beside_key_id(variable, &mut hits);
    hits
}

/// Credentials in the value of a label.
fn in_named(name: &str, value: &str, detector: &Detector) -> Hits {
    let mut hits = found_in(value, detector);
    hits.extend(in_assignment(name, value, 0));
    hits.extend(in_urls(value, 0));
    beside_key_id(value, &mut hits);
    hits
}

/// Credentials in a command or an instruction, as history records it.
pub(super) fn in_command(text: &str, detector: &Detector) -> Hits {
    let mut hits = found_in(text, detector);
    for (name, value, start) in assignments(text).into_iter().chain(arguments(text)) {
        hits.extend(in_assignment(name, value, start));
    }
    in_commands(text, 0, &mut hits);
    hits.extend(in_urls(text, 0));
    beside_key_id(text, &mut hits);
    hits
}

/// Credentials in each word of a command that needs no shell.
fn in_words(words: &[String], detector: &Detector) -> Vec<Hits> {
    let mut flag = None;
    let mut taken = in_arguments(words);
    taken.sort_by_key(|(number, _)| *number);
    let mut taken = taken.into_iter().peekable();
    words
        .iter()
        .enumerate()
        .map(|(number, word)| {
            let mut hits = in_command(word, detector);
            let here = std::iter::from_fn(|| taken.next_if(|(other, _)| *other == number));
            hits.extend(here.map(|(_, hit)| hit));
            if let Some(name) = flag {
                hits.extend(in_assignment(name, word, 0));
            }
            flag = flag_name(word);
            hits
        })
        .collect()
}

/// An AWS key's id is rarely alone: forty characters of base64 beside it are the key.
fn beside_key_id(text: &str, hits: &mut Hits) {
    if !hits.iter().any(|hit| hit.kind == "aws-access-key") {
        return;
    }
    let outside = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '/' | '+'));
    for word in text.split(outside) {
        if word.len() == 40 && !word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let start = word.as_ptr().addr() - text.as_ptr().addr();
            hits.push(Hit::of(
                "aws-secret-key",
                Severity::Critical,
                start,
                word.as_bytes(),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::hits::MAX_HITS;
    use super::super::redacted;
    use super::*;

    #[test]
    fn every_occurrence_goes_and_overlaps_go_whole() {
        let token = format!("gh{}_{}", "p", "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zC5eF7");
        let config = ImageConfig {
            env: vec![
                format!("API_TOKEN=prefix-{token}-suffix"),
                format!("{token}=1"),
            ],
            cmd: Some(vec![format!(
                "run {token} and {token} X_PASSWORD=\"two words\""
            )]),
            ..ImageConfig::default()
        };
        let shown = redacted(&config);
        let text = format!("{shown:?} {:?}", in_config(&config, Detector::shared()));
        for secret in [token.as_str(), "suffix", "two words"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert_eq!(shown.cmd.unwrap()[0].matches("[github-token ").count(), 2);
    }

    #[test]
    fn more_than_are_looked_for_are_hidden_too() {
        let drawn = |mut at: u64| -> String {
            let letter = || {
                at = at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99);
                char::from(b"aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zC"[(at >> 59) as usize])
            };
            std::iter::repeat_with(letter).take(36).collect()
        };
        let secrets: Vec<String> = (0..1000)
            .map(|at| format!("gh{}_{}", "p", drawn(at)))
            .collect();
        let urls = (0..1000).map(|at| format!("https://u:q7RtY2mWx9KpLz{at}@h.net"));
        let urls: Vec<String> = urls.collect();
        let config = ImageConfig {
            env: vec![secrets.join(" "), urls.join(" ")],
            cmd: Some(vec![secrets.join(" ")]),
            ..ImageConfig::default()
        };
        let shown = format!("{:?}", redacted(&config));
        let told = in_config(&config, Detector::shared()).sightings;
        assert!(
            told.len() >= MAX_HITS && told.len() < 1000,
            "{}",
            told.len()
        );
        for secret in secrets.iter().chain(&urls) {
            assert!(!shown.contains(secret.as_str()), "{secret}");
        }
    }

    #[test]
    fn every_field_is_searched_and_hidden() {
        let token = format!("gh{}_{}", "p", "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zC5eF7");
        let password = "Tr0ub4dor3x";
        let config = ImageConfig {
            author: Some(format!("me <{token}@x>")),
            user: token.clone(),
            working_dir: format!("/srv/{token}"),
            volumes: vec![format!("/data/{token}")],
            cmd: Some(
                ["curl", "-u", &format!("bob:{password}")]
                    .map(str::to_owned)
                    .to_vec(),
            ),
            history: vec![plimsoll_model::HistoryEntry {
                created_by: Some(format!("RUN /bin/sh -c mysql -p{password} < x # buildkit")),
                ..plimsoll_model::HistoryEntry::default()
            }],
            ..ImageConfig::default()
        };
        let detector = Detector::shared();
        let found = in_config(&config, detector).sightings;
        let told: Vec<(&str, &str, &[String])> = found
            .iter()
            .map(|secret| (&*secret.kind, secret.place.as_str(), &*secret.also_at))
            .collect();
        let also = |places: &[&str]| {
            places
                .iter()
                .map(|place| (*place).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            told,
            [
                ("command-password", "cmd", &*also(&["history step 1"])),
                (
                    "github-token",
                    "author",
                    &*also(&["user", "workdir", "volume"])
                ),
            ]
        );
        let shown = format!("{:?}", redacted(&config));
        assert!(
            !shown.contains(&token) && !shown.contains(password),
            "{shown}"
        );
    }

    #[test]
    fn what_programs_take_is_hidden_wherever_it_stands() {
        let password = format!("Tr0ub4{}", "dor3x");
        let shell = |command: &str| {
            let command = command.replace("PW", &password);
            plimsoll_model::HistoryEntry {
                created_by: Some(format!("RUN /bin/sh -c {command} # buildkit")),
                ..plimsoll_model::HistoryEntry::default()
            }
        };
        let words = |text: &str| {
            let words = text.split('|').map(|word| word.replace("PW", &password));
            Some(words.collect::<Vec<_>>())
        };
        let config = ImageConfig {
            env: ["PGPASSWORD", "DBPASS", "AUTHTOKEN", "REDISCLI_AUTH"]
                .map(|name| format!("{name}={password}"))
                .to_vec(),
            cmd: words("curl|-fsSu|bob:PW|https://x"),
            entrypoint: words("sh|-c|npm config set //r.corp/:_authToken PW && exec x"),
            healthcheck: Some(plimsoll_model::HealthCheck {
                test: words("CMD-SHELL|curl -fsu bob:PW http://localhost/ || exit 1")
                    .unwrap_or_default(),
                ..plimsoll_model::HealthCheck::default()
            }),
            history: vec![
                shell("PGPASSWORD=PW psql -h db"),
                shell("curl -fsSLu bob:PW https://x/y.tgz"),
                shell("docker login --username x --password PW r.corp"),
                shell("aws configure set aws_secret_access_key PW"),
            ],
            ..ImageConfig::default()
        };
        let shown = format!("{:?}", redacted(&config));
        assert!(!shown.contains(&password), "{shown}");
        let told = in_config(&config, Detector::shared()).sightings;
        let places = told.iter().map(|one| 1 + one.also_at.len()).sum::<usize>();
        assert_eq!(places, 11, "{told:?}");
    }

    #[test]
    fn hashes_in_labels() {
        let hash = format!("$2y$05${}", "aB3dE5gH7j".repeat(5));
        let config = ImageConfig {
            labels: vec![("traefik.users".to_owned(), format!("bob:{hash},al:x"))],
            ..ImageConfig::default()
        };
        let found = in_config(&config, Detector::shared()).sightings;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].kind, "password-hash");
        assert!(!format!("{:?}", redacted(&config)).contains(&hash));
    }

    #[test]
    fn a_placeholder_is_hidden_though_it_is_no_finding() {
        let mut config = ImageConfig {
            env: vec![
                "DB_PASSWORD=changeme-later".to_owned(),
                "PATH=/bin".to_owned(),
            ],
            ..ImageConfig::default()
        };
        config.history.push(plimsoll_model::HistoryEntry {
            created_by: Some("ENV DB_PASSWORD=changeme-later A=b".to_owned()),
            ..plimsoll_model::HistoryEntry::default()
        });
        let shown = redacted(&config);
        assert_eq!(shown.env, ["DB_PASSWORD=[hidden]", "PATH=/bin"]);
        let instruction = shown.history[0].created_by.as_deref();
        assert_eq!(instruction, Some("ENV DB_PASSWORD=[hidden] A=b"));
    }
}
