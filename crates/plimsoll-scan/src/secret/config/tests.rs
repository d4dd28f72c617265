mod values;

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
    let shown = redacted(&config).config;
    let text = format!(
        "{shown:?} {:?}",
        in_config(&config, &redacted(&config), Detector::shared())
    );
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
    let shown = format!("{:?}", redacted(&config).config);
    let told = in_config(&config, &redacted(&config), Detector::shared()).sightings;
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
        exposed_ports: vec![format!("80/{token}")],
        stop_signal: Some(token.clone()),
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
    let found = in_config(&config, &redacted(&config), detector).sightings;
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
                "user",
                &*also(&["workdir", "author", "volume", "port", "stop signal"])
            ),
        ]
    );
    let shown = format!("{:?}", redacted(&config).config);
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
    let shown = format!("{:?}", redacted(&config).config);
    assert!(!shown.contains(&password), "{shown}");
    let told = in_config(&config, &redacted(&config), Detector::shared()).sightings;
    let places = told.iter().map(|one| 1 + one.also_at.len()).sum::<usize>();
    assert_eq!(places, 11, "{told:?}");
}

#[test]
fn commands_are_hidden_in_the_forms_that_builders_note() {
    let password = format!("k7RtY2m{}", "Wx9KpLz4V");
    for instruction in [
        "HEALTHCHECK &{[\"CMD-SHELL\" \"curl -u admin:PW http://localhost/\"] \"0s\" \"0s\" '\\x00'}",
        "HEALTHCHECK &{[\"CMD\" \"curl\" \"-u\" \"admin:PW\" \"http://localhost\"] \"0s\"}",
        "CMD [\"curl\" \"-u\" \"me:PW\" \"-H\" \"X: y\"]",
        "CMD [\"curl\", \"-u\", \"me:PW\"]",
        "ENTRYPOINT [\"/bin/sh\" \"-c\" \"mysqladmin -uroot -pPW ping\"]",
        "CMD [\"/bin/sh\" \"-c\" \"echo \\\"a b\\\" && redis-cli -a PW ping\"]",
        "SHELL [\"sshpass\" \"-p\" \"PW\"]",
    ] {
        for form in ["INSTRUCTION", "/bin/sh -c #(nop)  INSTRUCTION"] {
            let text = form.replace("INSTRUCTION", &instruction.replace("PW", &password));
            let config = ImageConfig {
                history: vec![plimsoll_model::HistoryEntry {
                    created_by: Some(text.clone()),
                    ..plimsoll_model::HistoryEntry::default()
                }],
                ..ImageConfig::default()
            };
            let shown = format!("{:?}", redacted(&config).config);
            assert!(!shown.contains(&password), "{shown}");
            let told = in_config(&config, &redacted(&config), Detector::shared()).sightings;
            let kinds: Vec<&str> = told.iter().map(|one| &*one.kind).collect();
            assert_eq!(kinds, ["command-password"], "{text}");
        }
    }
    // A placeholder behind a flag is hidden here as it is in the configuration.
    let text = "CMD [\"app\" \"--token\" \"change me later\"]";
    let config = ImageConfig {
        history: vec![plimsoll_model::HistoryEntry {
            created_by: Some(text.to_owned()),
            ..plimsoll_model::HistoryEntry::default()
        }],
        ..ImageConfig::default()
    };
    let shown = redacted(&config).config.history[0].created_by.clone();
    let shown = shown.unwrap();
    assert!(
        !shown.contains("change") && !shown.contains("later"),
        "{shown}"
    );
}

#[test]
fn what_is_hidden_in_one_place_is_hidden_in_all() {
    let password = format!("k7RtY2m{}", "Wx9KpLz4V");
    let note = |text: String| plimsoll_model::HistoryEntry {
        created_by: Some(text.clone()),
        comment: Some(text),
        ..plimsoll_model::HistoryEntry::default()
    };
    let config = ImageConfig {
        env: vec![
            format!("DB_PASSWORD={password}"),
            "DB_PASS=sunshine".to_owned(),
            "A_TOKEN=placeholder-of-ours".to_owned(),
            format!("X=see {password}"),
        ],
        labels: vec![(format!("a.{password}"), format!("is {password}"))],
        volumes: vec![format!("/d/{password}")],
        author: Some("me sunshine".to_owned()),
        user: password.clone(),
        working_dir: format!("/w/{password}"),
        cmd: Some(vec!["x".to_owned(), format!("y-{password}")]),
        history: vec![
            note(format!("STRANGE &{{{password}}} # buildkit")),
            note("RUN frob sunshine placeholder-of-ours".to_owned()),
        ],
        ..ImageConfig::default()
    };
    let shown = format!("{:?}", redacted(&config).config);
    let message = redacted(&config).name(
        &format!("The image runs as {password}, /x/{password}/run is there."),
        Detector::shared(),
    );
    let told = format!(
        "{:?}",
        in_config(&config, &redacted(&config), Detector::shared())
    );
    for value in [password.as_str(), "sunshine", "placeholder-of-ours"] {
        for text in [&shown, &message, &told] {
            assert!(!text.contains(value), "{text}");
        }
    }
}

#[test]
fn a_secret_beside_its_id_is_found_and_hidden() {
    let secret = format!("q7RtY2mW/9KpLz4VbN8{}", "cHd3FjGs6TvXy1Za5Qe0+");
    let id = format!("GO{}", "OGQ7RTY2MW9KPLZ4VBN8CH");
    let path = "/usr/local/lib/python3/dist/packages/bo1";
    let key = format!("AK{}", "IARELGYASQTDC22O4D");
    let config = ImageConfig {
        env: vec![format!("CREDS={id}:{secret}")],
        cmd: Some(vec![format!("run {key} {path}")]),
        ..ImageConfig::default()
    };
    let told = in_config(&config, &redacted(&config), Detector::shared()).sightings;
    let kinds: Vec<&str> = told.iter().map(|one| &*one.kind).collect();
    assert_eq!(kinds, ["gcp-hmac-id", "gcp-hmac-secret", "aws-access-key"]);
    let shown = format!("{:?}", redacted(&config).config);
    assert!(!shown.contains(&secret) && shown.contains(path), "{shown}");
}

#[test]
fn a_secret_in_another_variable_than_its_id() {
    let secret = format!("q7RtY2mW/9KpLz4VbN8{}", "cHd3FjGs6TvXy1Za5Qe0+");
    let id = format!("AK{}", "IARELGYASQTDC22O4D");
    let sum = "4f2a9c1be07d3358aa61f0c2d97be4408c15d2e6";
    let told = |env: Vec<String>| {
        let config = ImageConfig {
            env,
            ..ImageConfig::default()
        };
        let shown = redacted(&config);
        let told = in_config(&config, &shown, Detector::shared()).sightings;
        let told = told
            .into_iter()
            .map(|one| (one.kind.into_owned(), one.place));
        (told.collect::<Vec<_>>(), shown.config.env)
    };
    let of = |kind: &str, place: &str| (kind.to_owned(), place.to_owned());
    let (found, shown) = told(vec![format!("A={id}"), format!("B={secret}")]);
    let both = [of("aws-access-key", "env A"), of("aws-secret-key", "env B")];
    assert_eq!(found, both);
    assert!(shown[1].starts_with("B=[aws-secret-key "), "{shown:?}");
    // A sum beside an id is none, and without an id nothing says that it is one.
    let (found, shown) = told(vec![format!("A={id}"), format!("B={sum}")]);
    assert_eq!(found, [of("aws-access-key", "env A")]);
    assert!(shown[1].ends_with(sum));
    let (found, _) = told(vec!["A=x".to_owned(), format!("B={secret}")]);
    assert_eq!(found, []);
    let far = format!("PATH={}", "/usr/local/bin:".repeat(100));
    let (found, _) = told(vec![format!("A={id}"), far, format!("B={secret}")]);
    assert_eq!(found, [of("aws-access-key", "env A")]);
}

#[test]
fn each_id_has_a_secret_of_its_own() {
    let ids = ["IARELGYASQTDC22O4D", "IARELGYASQTDC22X4D"].map(|id| format!("AK{id}"));
    let secrets = [
        format!("q7RtY2mW/9KpLz4VbN8{}", "cHd3FjGs6TvXy1Za5Qe0+"),
        format!("gsb3sy3L4cpv3DQGMDTP{}", "YuX2pW7GswdCbOrigLy/"),
    ];
    let all = [ids.as_slice(), secrets.as_slice()].concat();
    let one = vec!["/bin/run".to_owned(), ids[0].clone(), secrets[0].clone()];
    let history = |text: String| plimsoll_model::HistoryEntry {
        created_by: Some(text),
        ..plimsoll_model::HistoryEntry::default()
    };
    for config in [
        ImageConfig {
            env: vec![format!("CREDS={}", all.join(","))],
            ..ImageConfig::default()
        },
        ImageConfig {
            env: vec![format!("A={}", all[0]), format!("B={}", all[2])],
            ..ImageConfig::default()
        },
        ImageConfig {
            env: vec![
                format!("B={}", all[2]),
                "PATH=/usr/bin".to_owned(),
                format!("A={}", all[0]),
            ],
            ..ImageConfig::default()
        },
        ImageConfig {
            cmd: Some([&["run".to_owned()], all.as_slice()].concat()),
            ..ImageConfig::default()
        },
        ImageConfig {
            cmd: Some(one.clone()),
            ..ImageConfig::default()
        },
        ImageConfig {
            history: vec![history(format!("CMD {one:?}"))],
            ..ImageConfig::default()
        },
    ] {
        let told = in_config(&config, &redacted(&config), Detector::shared()).sightings;
        let count = |kind: &str| told.iter().filter(|one| one.kind == kind).count();
        assert_eq!(count("aws-secret-key"), count("aws-access-key"));
        assert!(count("aws-secret-key") > 0);
        let shown = format!("{:?}", redacted(&config).config);
        for value in &all {
            assert!(!shown.contains(value), "{shown}");
        }
    }
}

#[test]
fn what_may_be_the_secret_of_an_id_is_hidden() {
    let id = format!("AK{}", "IARELGYASQTDC22O4D");
    // Drawn, and yet it does not read so.
    let secret = format!("O2YsjaLoatonQLsUn6hL{}", "TUF3OSflDIgVwEH1tJMP");
    let sum = "4f2a9c1be07d3358aa61f0c2d97be4408c15d2e6";
    let text = format!("{id}:{secret} {sum}");
    let config = ImageConfig {
        env: vec![
            format!("C={text}"),
            format!("A={id}"),
            format!("B={secret}"),
        ],
        labels: vec![("a.note".to_owned(), text.clone())],
        cmd: Some(vec!["run".to_owned(), id, secret.clone(), sum.to_owned()]),
        entrypoint: Some(vec![text.clone()]),
        history: vec![plimsoll_model::HistoryEntry {
            created_by: Some(format!("RUN x {text}")),
            ..plimsoll_model::HistoryEntry::default()
        }],
        ..ImageConfig::default()
    };
    let shown = format!("{:?}", redacted(&config).config);
    assert!(!shown.contains(&secret), "{shown}");
    assert_eq!(shown.matches(sum).count(), 5, "{shown}");
}

#[test]
fn of_a_list_with_more_words_than_are_read_nothing_is_shown() {
    for (text, is_shown) in [
        ("[\"".repeat(1_000), true),
        ("[\"".repeat(100_000), false),
        (format!("CMD [{}]", "\"a\" ".repeat(100)), true),
        (format!("CMD [{}]", "\"a\" ".repeat(100_000)), false),
    ] {
        let mut config = ImageConfig::default();
        config.history.push(plimsoll_model::HistoryEntry {
            created_by: Some(text.clone()),
            ..plimsoll_model::HistoryEntry::default()
        });
        let shown = redacted(&config).config.history[0].created_by.clone();
        let expected = if is_shown { text.as_str() } else { "[hidden]" };
        assert!(shown.as_deref() == Some(expected));
    }
}

#[test]
fn hashes_in_labels() {
    let hash = format!("$2y$05${}", "aB3dE5gH7j".repeat(5));
    let config = ImageConfig {
        labels: vec![("traefik.users".to_owned(), format!("bob:{hash},al:x"))],
        ..ImageConfig::default()
    };
    let found = in_config(&config, &redacted(&config), Detector::shared()).sightings;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].kind, "password-hash");
    assert!(!format!("{:?}", redacted(&config).config).contains(&hash));
}

/// What a name or a value has against it keeps nothing from being hidden.
#[test]
fn more_is_hidden_than_is_told() {
    let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let config = ImageConfig {
        env: list(&[
            "SECRET_COOKIE=horse7battery",
            "WALLET_SECRET_ADDRESS=horse7battery",
            "URL=https://bob:abc123def456ghi789@h.net/",
        ]),
        cmd: Some(list(&[
            "serve",
            "--token-cookie=horse7battery",
            "--secret-cookie",
            "horse7battery",
        ])),
        entrypoint: Some(list(&["curl", "-u", "bob:abc123def456ghi789"])),
        history: vec![plimsoll_model::HistoryEntry {
            created_by: Some("RUN mysql -psk-...horse7battery # buildkit".to_owned()),
            ..plimsoll_model::HistoryEntry::default()
        }],
        ..ImageConfig::default()
    };
    let shown = redacted(&config);
    let text = format!("{:?}", shown.config);
    assert!(
        !text.contains("horse7") && !text.contains("abc123"),
        "{text}"
    );
    let told = in_config(&config, &shown, Detector::shared()).sightings;
    assert!(told.is_empty(), "{told:?}");
    // A value that is drawn is told all the same.
    let config = ImageConfig {
        env: list(&[
            "AUTH_TOKEN_COOKIE=q7RtY2mWx9KpLz4VbN8cHd3H",
            "ERROR_TRACKER_TOKEN=q7RtY2mWx9KpLz4VbN8cHd3Q",
            "SA_PASSWORD=Abcd12345678!",
        ]),
        cmd: Some(list(&["serve", "--token-cookie=q7RtY2mWx9KpLz4VbN8cHd3S"])),
        ..ImageConfig::default()
    };
    let told = in_config(&config, &redacted(&config), Detector::shared()).sightings;
    assert_eq!(told.len(), 4, "{told:?}");
}

/// A text may be a command or an address whatever it is there for.
#[test]
fn what_holds_a_password_is_searched_and_hidden_in_every_place() {
    let config = |text: &str| {
        let plain = || Some(text.to_owned());
        let history = |created_by: String, comment: Option<String>| plimsoll_model::HistoryEntry {
            created_by: Some(created_by),
            comment,
            ..plimsoll_model::HistoryEntry::default()
        };
        let of = |set: fn(&mut ImageConfig, String)| {
            let mut config = ImageConfig::default();
            set(&mut config, text.to_owned());
            config
        };
        let note = |entry| ImageConfig {
            history: vec![entry],
            ..ImageConfig::default()
        };
        let list = format!("{:?}", ["sh", "-c", text]);
        vec![
            of(|config, text| config.env.push(format!("X={text}"))),
            of(|config, text| config.env.push(format!("X=\"{text}\""))),
            of(|config, text| config.labels.push(("x".to_owned(), text))),
            of(|config, text| config.cmd = Some(vec!["sh".to_owned(), "-c".to_owned(), text])),
            of(|config, text| config.on_build.push(format!("RUN {text}"))),
            of(|config, text| {
                config
                    .on_build
                    .push(format!("CMD {:?}", ["sh", "-c", &text]))
            }),
            of(|config, text| config.user = text),
            of(|config, text| config.working_dir = text),
            of(|config, text| config.author = Some(text)),
            of(|config, text| config.volumes.push(text)),
            of(|config, text| config.exposed_ports.push(text)),
            of(|config, text| config.stop_signal = Some(text)),
            note(history(format!("RUN {text} # buildkit"), None)),
            note(history(
                format!("RUN /bin/sh -c {}; {text}", "true; ".repeat(4_000)),
                None,
            )),
            note(history(format!("ENV X={text}"), None)),
            note(history(format!("RUN X='{text}' run"), None)),
            note(history(format!("CMD {list}"), None)),
            note(history("COPY x".to_owned(), plain())),
        ]
    };
    for (password, is_told) in [("q7RtY2mWx9KpLz4V", true), ("abc123def456ghi789", false)] {
        for text in [
            format!("postgres://bob:{password}@db/x"),
            format!("mysql -uroot -p{password} x"),
            format!("curl -u bob:{password} https://x.net"),
        ] {
            for config in config(&text) {
                let shown = redacted(&config);
                let told = in_config(&config, &shown, Detector::shared()).sightings;
                let shown = format!("{:?}", shown.config);
                assert!(!shown.contains(password), "{shown}");
                assert_eq!(told.len(), usize::from(is_told), "{shown} {told:?}");
            }
        }
    }
    let text = "curl -u bob:abc123def456ghi789 https://x.net";
    let mut config = ImageConfig::default();
    config.labels.push((text.to_owned(), "y".to_owned()));
    config.env.push(text.to_owned());
    let shown = redacted(&config);
    let name = shown.name(text, Detector::shared());
    let shown = format!("{name} {:?}", shown.config);
    assert!(!shown.contains("abc123"), "{shown}");
}

#[test]
fn all_that_is_masked_or_counted_up_is_hidden() {
    let command = |number: usize| format!("curl -u bob:abc{number:03}def456ghi789 https://x.net");
    let commands: Vec<String> = (0..300).map(command).collect();
    let config = ImageConfig {
        history: vec![plimsoll_model::HistoryEntry {
            created_by: Some(format!("RUN /bin/sh -c {}", commands.join("; "))),
            ..plimsoll_model::HistoryEntry::default()
        }],
        ..ImageConfig::default()
    };
    let shown = format!("{:?}", redacted(&config).config);
    assert_eq!(shown.matches("bob:[hidden]").count(), 300);
}

/// Each takes a moment, if work does not grow with the square.
#[test]
fn very_many_words_that_hold_passwords_are_hidden() {
    let words = (0..30_000).flat_map(|at| ["-u".to_owned(), format!("bob:Zk4v{at}xQmT")]);
    let config = ImageConfig {
        cmd: Some(std::iter::once("curl".to_owned()).chain(words).collect()),
        ..ImageConfig::default()
    };
    assert!(!format!("{:?}", redacted(&config).config).contains("Zk4v"));
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
    let shown = redacted(&config).config;
    assert_eq!(shown.env, ["DB_PASSWORD=[hidden]", "PATH=/bin"]);
    let instruction = shown.history[0].created_by.as_deref();
    assert_eq!(instruction, Some("ENV DB_PASSWORD=[hidden] A=b"));
}

#[test]
fn of_a_configuration_made_of_credentials_so_many_are_told() {
    let password = |number: usize| format!("k7RtY2mWx9KpLz{number}");
    let mut config = ImageConfig {
        env: (0..5_000)
            .map(|number| format!("A{number}_PASSWORD={}", password(number)))
            .collect(),
        ..ImageConfig::default()
    };
    let found = |config: &ImageConfig| in_config(config, &redacted(config), Detector::shared());
    let told = found(&config);
    assert_eq!(told.sightings.len(), MAX_TOLD);
    assert_eq!(told.partly, ["configuration"]);
    // One value that comes everywhere.
    for variable in &mut config.env {
        let (name, _) = variable.split_once('=').unwrap();
        *variable = format!("{name}={}", password(0));
    }
    let told = found(&config);
    assert_eq!(told.sightings.len(), 1);
    assert_eq!(told.sightings[0].also_at.len(), MAX_TOLD - 1);
    assert_eq!(told.partly, ["configuration"]);
    config.env.truncate(MAX_TOLD);
    assert!(found(&config).partly.is_empty());
}

#[test]
fn what_is_copied_out_of_an_image_is_shown_without_passwords() {
    let password = format!("Zk4vTqB9{}", "xWm2LrNs");
    let detector = Detector::shared();
    let text = format!("SEE LICENSE IN https://u:{password}@x.io");
    let shown = redact::redacted_text(&text, detector).unwrap();
    assert!(
        !shown.contains(&password) && shown.contains("x.io"),
        "{shown}"
    );
    for plain in [
        "MIT",
        "1:2.3-1",
        "npm:string-width@4.2.0",
        "https://x.io/a@b",
    ] {
        assert_eq!(redact::redacted_text(plain, detector), None);
    }
    let name = format!("u:{password}@r.io/x");
    let shown = redact::redacted_image_name(&name, detector).unwrap();
    assert!(!shown.contains(&password), "{shown}");
    let config = ImageConfig {
        labels: vec![("org.opencontainers.image.base.name".to_owned(), name)],
        ..ImageConfig::default()
    };
    assert!(!format!("{:?}", redacted(&config).config).contains(&password));
    let told = in_config(&config, &redacted(&config), detector).sightings;
    assert_eq!(told[0].kind, "url-password");
}

/// What is told of a step of history, and whether any of a value is left in what is shown of it.
fn told_of(step: &str, value: &str) -> (Vec<Fingerprint>, bool) {
    let config = ImageConfig {
        history: vec![plimsoll_model::HistoryEntry {
            created_by: Some(format!("RUN /bin/sh -c {step} # buildkit")),
            ..plimsoll_model::HistoryEntry::default()
        }],
        ..ImageConfig::default()
    };
    let shown = redacted(&config);
    let told = in_config(&config, &shown, Detector::shared()).sightings;
    let told = told
        .iter()
        .filter_map(|one| Fingerprint::read(&one.fingerprint));
    (
        told.collect(),
        format!("{:?}", shown.config).contains(value),
    )
}

#[test]
fn what_commands_are_handed_is_told_where_it_is_drawn() {
    let drawn = "q7RtY2mWx9KpLz4V";
    let long = "q7RtY2mWx9KpLz4VbN8cHd3H";
    let hex = "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c";
    let uuid = "ab-3f9c1b7e-52d4-4a86-9e0d-7b3c5f1a8e2d";
    for step in [
        "git clone https://LONG@github.com/a/b",
        "git config --global url.\"https://LONG@github.com/\".insteadOf https://github.com/",
        "pip install --extra-index-url https://LONG@pypi.x.io/simple a",
        "pip install --index-url https://__token__:PW@x.io/simple a",
        "gem sources -a https://LONG@gems.x.io",
        "curl -H \"X-JFrog-Art-Api:PW\" https://x",
        "curl -H \"X-JFrog-Art-Api: LONG\" https://x",
        "curl -H \"Authorization: Bearer PW\" https://x",
        "curl -H 'Authorization: token PW' https://x",
        "curl -H 'Authorization: LONG' https://x",
        "wget --header='Authorization: Bearer PW' https://x",
        "bundle config set --global gems.x.io u:PW",
        "bundle config https://gems.x.io PW",
        "crudini --set /a DEFAULT password PW",
        "crudini --set /a keystone_authtoken password PW",
        "openstack-config --set /a keystone_authtoken admin_password PW",
        "rclone config create token drive token PW",
        "rclone config update secret-remote sftp pass PW",
        "rclone config create r s3 secret_access_key Zq7fYuaD9CLjyEx4 session_token PW",
        "consul kv put a/password PW",
        "snyk auth PW",
        "codecov -t PW",
        "ngrok config add-authtoken PW",
        "wandb login HEX",
        "wandb login --relogin --host https://wandb.corp.example HEX",
        "python -c \"from notebook.auth import passwd; print(passwd('PW'))\"",
        "conda config --add channels https://conda.anaconda.org/t/UUID/corp",
        "vault login PW",
        "cargo login --registry x PW",
        "mysql -e \"SET PASSWORD FOR 'bob'@'%' = 'PW'\"",
        "mysql -e \"ALTER USER 'root'@'localhost' IDENTIFIED BY 'PW'\"",
        "mvn -Dtoken=PW deploy",
        "echo 'db:5432:shop:app:PW' > /root/.pgpass",
        "echo \"requirepass PW\" >> /etc/redis.conf",
    ] {
        let forms = [("LONG", long), ("HEX", hex), ("UUID", uuid), ("PW", drawn)];
        let value = forms.iter().find(|(form, _)| step.contains(form));
        let value = value.map_or(drawn, |(_, value)| value);
        let step = forms.iter().fold(step.to_owned(), |step, (form, value)| {
            step.replace(form, value)
        });
        let (told, is_shown) = told_of(&step, value);
        assert!(!is_shown, "{step}");
        assert!(told.contains(&Fingerprint::of(value.as_bytes())), "{step}");
    }
    for step in [
        "git clone https://PW@github.com/a/b",
        "curl -b x -H 'Cookie: session=PW' https://x",
        "crudini --set /a DEFAULT password orchid",
        "beeline -u jdbc:hive2://h -n etl -p orchid",
        "echo orchid | kinit etl@CORP",
        "KAFKA_BASIC_AUTH_USER_INFO=app:orchid make",
        "psql -c \"ALTER ROLE a PASSWORD 'orchid'\"",
        "psql -c \"CREATE ROLE a SUPERUSER LOGIN PASSWORD 'orchid'\"",
        "mysql -e \"ALTER USER 'root'@'localhost' IDENTIFIED BY 'orchid'\"",
    ] {
        let value = if step.contains("PW") { drawn } else { "orchid" };
        assert!(!told_of(&step.replace("PW", drawn), value).1, "{step}");
    }
    for (step, shown) in [
        (
            "git clone https://deployment-of-the-service@h.net/a",
            "deployment-of",
        ),
        (
            "curl https://0123456789abcdef0123456789abcdee@sentry.acme.io/4",
            "sentry",
        ),
        ("cargo login --registry my-registry", "my-registry"),
        ("vault login -method=userpass", "userpass"),
        (
            "bundle config build.nokogiri q7RtY2mWx9KpLz4V",
            "q7RtY2mWx9KpLz4V",
        ),
        (
            "bundle config set --local without development:test",
            "development:test",
        ),
        (
            "bundle config https://mirror.acme.io https://gems.acme.io",
            "gems.acme.io",
        ),
        (
            "make -Debug=yes AUTH=basic LICENSE_KEY=accepted MAX_TOKENS=4096",
            "accepted MAX_TOKENS=4096",
        ),
        ("cd /a;PWD=orchid;make", "PWD=orchid"),
        (
            "crudini --set /a DEFAULT verbose password-less",
            "password-less",
        ),
        (
            "apt-key adv --recv-keys GPG_KEYS=1198C0117593497A5EC5C199286AF1F9897469DC",
            "1198C0117593497A5E",
        ),
    ] {
        let (told, is_shown) = told_of(step, shown);
        assert!(told.is_empty() && is_shown, "{step}");
    }
}

/// CMD goes on where ENTRYPOINT ends, or is a command of its own where that is a script.
#[test]
fn the_words_of_a_start_are_those_of_one_command() {
    let drawn = "q7RtY2mWx9KpLz4V";
    let words = |text: &str| {
        let words = text.split('|').map(|word| word.replace("PW", drawn));
        Some(words.collect::<Vec<_>>())
    };
    for (entrypoint, cmd) in [
        ("mysql|-h|db", "-pPW|shop"),
        ("sshpass|-p", "PW|ssh|h"),
        ("app|--password", "PW"),
        ("tini|--|curl", "-u|bob:PW|https://x"),
        ("/docker-entrypoint.sh", "mysql|-pPW|shop"),
        ("/docker-entrypoint.sh|redis-cli", "redis-cli|-a|PW"),
    ] {
        let config = ImageConfig {
            entrypoint: words(entrypoint),
            cmd: words(cmd),
            ..ImageConfig::default()
        };
        let shown = redacted(&config);
        let told = in_config(&config, &shown, Detector::shared()).sightings;
        let places: Vec<&str> = told.iter().map(|one| &*one.place).collect();
        assert_eq!(places, ["cmd"], "{entrypoint} {cmd}: {told:?}");
        assert!(!format!("{:?}", shown.config).contains(drawn), "{cmd}");
    }
    let config = ImageConfig {
        entrypoint: words("python3|-m"),
        cmd: words("pytest|-p|no:cacheprovider"),
        ..ImageConfig::default()
    };
    let shown = redacted(&config);
    assert_eq!(shown.config, config);
    assert!(
        in_config(&config, &shown, Detector::shared())
            .sightings
            .is_empty()
    );
}

/// What stands in place of a credential is the mark of what is told.
#[test]
fn what_is_shown_has_the_fingerprint_of_a_finding() {
    let apr1 = format!("$apr1$q7RtY2mW${}", "abcdEFGH1234567890abc/");
    let drawn = "q7RtY2mWx9KpLz4V";
    for (variable, step, kind) in [
        (format!("BASIC_AUTH=admin:{apr1}"), "", "password-hash"),
        (
            format!("TRAEFIK_BASICAUTH=admin:{apr1}"),
            "",
            "password-hash",
        ),
        ("PASSWORDS=pass01;pass02".to_owned(), "", "secret-value"),
        ("X=1".to_owned(), "RUN vault login token=PW", "secret-value"),
        (
            "X=1".to_owned(),
            "RUN echo 'db:5432:shop:app:q7RtY2mW\\:x9KpLz4V' > ~/.pgpass",
            "pgpass-password",
        ),
    ] {
        let config = ImageConfig {
            env: vec![variable.clone()],
            history: vec![plimsoll_model::HistoryEntry {
                created_by: Some(step.replace("PW", drawn)),
                ..plimsoll_model::HistoryEntry::default()
            }],
            ..ImageConfig::default()
        };
        let shown = redacted(&config);
        let told = in_config(&config, &shown, Detector::shared()).sightings;
        assert_eq!(told.len(), 1, "{variable} {step} {told:?}");
        assert_eq!(&*told[0].kind, kind, "{variable} {step}");
        let mark = format!("[{kind} {}]", told[0].fingerprint);
        let shown = format!("{:?}", shown.config);
        assert!(shown.contains(&mark), "{shown}");
        for hidden in ["apr1", "pass0", "x9KpLz4V"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}
