use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use plimsoll_model::{HistoryEntry, ImageConfig, SecretSighting, Severity};
use plimsoll_scan::redacted;

use crate::image::{Layer, look, look_with};

/// Letters and digits without meaning; tokens are put together here so that no file of the project
/// holds what looks like one.
const NOISE: &str = "q7RtY2mWx9KpLz4VbN8cHd3FjGs6TuEaQwX5Zr1";

fn github_token() -> String {
    format!("gh{}_{}", "p", &NOISE[..36])
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<&str> = (0..body.len())
        .step_by(64)
        .map(|at| &body[at..body.len().min(at + 64)])
        .collect();
    format!(
        "-----{} {label}-----\n{}\n-----END {label}-----\n",
        "BEGIN",
        lines.join("\n")
    )
}

fn key() -> String {
    let mut der = vec![0x30, 0x82];
    der.extend((0..200_u32).map(|n| (n * 37 % 251) as u8));
    pem("PRIVATE KEY", &der)
}

/// Kind, place, layer, line, and whether it was deleted later.
type Brief<'a> = (&'a str, &'a str, Option<usize>, Option<usize>, bool);

fn brief(sightings: &[SecretSighting]) -> Vec<Brief<'_>> {
    sightings
        .iter()
        .map(|secret| {
            (
                &*secret.kind,
                secret.place.as_str(),
                secret.layer,
                secret.line,
                secret.deleted_in.is_some(),
            )
        })
        .collect()
}

#[test]
fn files_deleted_later_still_ship_their_secrets() {
    let outcome = look(vec![
        Layer::new().file("root/.ssh/id_rsa", key()).file(
            "app/settings.py",
            format!("A = 1\nTOKEN = '{}'\n", github_token()),
        ),
        // The same bytes once more tell nothing new.
        Layer::new().file(
            "app/settings.py",
            format!("A = 1\nTOKEN = '{}'\n", github_token()),
        ),
        Layer::new().file("root/.wh..ssh", ""),
    ]);
    assert_eq!(
        brief(&outcome.inventory.secrets),
        [
            ("github-token", "app/settings.py", Some(0), Some(2), false),
            ("private-key", "root/.ssh/id_rsa", Some(0), Some(1), true),
        ]
    );
    assert_eq!(outcome.inventory.secrets[0].fingerprint.len(), 12);
    assert!(!format!("{outcome:?}").contains(&NOISE[..20]));
}

#[test]
fn files_are_known_by_name_and_by_structure() {
    let auth = STANDARD.encode(format!("bob:{}", &NOISE[..16]));
    let account = serde_json::json!({"type": "service_account", "private_key": key()});
    let outcome = look(vec![
        Layer::new()
            .file(
                "app/.env",
                format!(
                    "# PASSWORD=commented-out-1\nexport DB_PASSWORD=\"{}\"\nDEBUG=1\nA=${{B}}\n",
                    &NOISE[..12]
                ),
            )
            .file("app/.env.example", "DB_PASSWORD=looks-quite-real-9\n")
            .file(
                "app/.npmrc",
                format!("registry=https://r/\n//r/:_authToken={}\n", &NOISE[..30]),
            )
            .file("app/template/.npmrc", "//r/:_authToken=${NPM_TOKEN}\n")
            .file(
                "root/.netrc",
                format!("machine h login me password {}\n", &NOISE[..10]),
            )
            .file(
                "root/.docker/config.json",
                format!("{{\"auths\":{{\"r\":{{\"auth\":\"{auth}\"}}}}}}"),
            )
            .file("app/sa.json", account.to_string())
            .file(
                "root/.git-credentials",
                format!("https://me:{}@h\n", &NOISE[..14]),
            )
            .file(
                "root/.aws/credentials",
                format!("[default]\naws_secret_access_key = {}x\n", &NOISE[..39]),
            ),
    ]);
    assert_eq!(
        brief(&outcome.inventory.secrets),
        [
            ("secret-value", "app/.env", Some(0), Some(2), false),
            ("npm-credential", "app/.npmrc", Some(0), Some(2), false),
            (
                "gcp-service-account",
                "app/sa.json",
                Some(0),
                Some(1),
                false
            ),
            (
                "aws-secret-key",
                "root/.aws/credentials",
                Some(0),
                Some(2),
                false
            ),
            (
                "registry-credential",
                "root/.docker/config.json",
                Some(0),
                Some(1),
                false
            ),
            (
                "url-password",
                "root/.git-credentials",
                Some(0),
                Some(1),
                false
            ),
            ("netrc-password", "root/.netrc", Some(0), Some(1), false),
        ]
    );
}

#[test]
fn examples_and_shams_are_let_be() {
    let outcome = look(vec![
        Layer::new()
            .file(
                "a.py",
                format!(
                    "KEY = 'AKI{}'\nX = 'gh{}_{}'\n",
                    "AIOSFODNN7EXAMPLE",
                    "p",
                    "x".repeat(36)
                ),
            )
            .file(
                "README.md",
                format!(
                    "-----{} PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n",
                    "BEGIN"
                ),
            )
            .file("cert.pem", pem("CERTIFICATE", &[0x30; 90]))
            .file("public.pem", pem("PUBLIC KEY", &[0x30; 90]))
            .file("word.txt", format!("xgh{}_{}", "p", &NOISE[..36])),
    ]);
    assert_eq!(brief(&outcome.inventory.secrets), []);
}

#[test]
fn keys_that_packages_publish_or_are_tried_with_are_no_secrets() {
    let key = key();
    let sum = base16(&Md5::digest(key.as_bytes()));
    let outcome = look(vec![
        Layer::new()
            .file("usr/lib/python3/dist-packages/t/server.pem", &key)
            .file("usr/lib/python3/dist-packages/t/changed.pem", &key)
            .file("usr/lib/python3/dist-packages/t/test/server.pem", &key)
            .file("go/pkg/mod/x@v1/tls_test.go", &key)
            .file(
                "var/lib/dpkg/info/python3-t.md5sums",
                format!(
                    "{sum}  usr/lib/python3/dist-packages/t/server.pem\n\
                     00000000000000000000000000000000  usr/lib/python3/dist-packages/t/changed.pem\n"
                ),
            )
            .file("app/node_modules/n/test/fixtures/key.pem", &key)
            .file("etc/ssl/private/own.pem", &key),
    ]);
    let severities: Vec<(&str, Severity)> = outcome
        .inventory
        .secrets
        .iter()
        .map(|secret| (secret.place.as_str(), secret.severity))
        .collect();
    assert_eq!(
        severities,
        [
            ("etc/ssl/private/own.pem", Severity::Critical),
            (
                "usr/lib/python3/dist-packages/t/changed.pem",
                Severity::Critical
            ),
            ("usr/lib/python3/dist-packages/t/server.pem", Severity::Info),
        ]
    );
}

#[test]
fn code_that_a_distribution_lists_is_published() {
    let code = format!("KEY = \"\"\"\n{}\"\"\"\n", key());
    let sum = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .encode(sha2::Sha256::digest(code.as_bytes()));
    let outcome = look(vec![
        Layer::new()
            .file("opt/v/lib/python3.11/site-packages/d/server.py", &code)
            .file("opt/v/lib/python3.11/site-packages/d/other.py", &code)
            .file("opt/v/lib/python3.11/site-packages/d/changed.py", &code)
            .file(
                "opt/v/lib/python3.11/site-packages/d-1.dist-info/RECORD",
                format!("d/server.py,sha256={sum},1\nd/changed.py,sha256=abc,1\n"),
            ),
    ]);
    let severities: Vec<(&str, Severity)> = outcome
        .inventory
        .secrets
        .iter()
        .map(|secret| (secret.place.rsplit('/').next().unwrap(), secret.severity))
        .collect();
    assert_eq!(
        severities,
        [
            ("changed.py", Severity::Critical),
            ("other.py", Severity::Critical),
            ("server.py", Severity::Info),
        ]
    );
}

/// One's own files lie among the distribution's, and its lists tell them apart.
#[test]
fn what_no_package_owns_in_the_systems_folders_is_ones_own() {
    let script = format!("#!/bin/sh\nexport DB_PASSWORD={}\n", &NOISE[..12]);
    let token = format!("{script}TOKEN={}\n", github_token());
    let archive = {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(script.len() as u64);
        tar.append_data(&mut header, "conf/run.sh", script.as_bytes())
            .unwrap();
        tar.into_inner().unwrap()
    };
    let list = "/.\n/usr\n/usr/bin\n/usr/bin/tool.sh\n/usr/share/tool/a.tar\n/bin/run.sh\n";
    let base = |list: &str| {
        Layer::new()
            .symlink("bin", "usr/bin")
            .file("etc/os-release", "ID=debian\nVERSION_ID=12\n")
            .file(
                "var/lib/dpkg/status",
                "Package: tool\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n",
            )
            .file("var/lib/dpkg/info/tool.list", list)
            .file("usr/bin/tool.sh", &token)
            .file("usr/bin/run.sh", &script)
            .file("usr/bin/built.sh", &script)
            .file("usr/share/tool/a.tar", &archive)
    };
    let own = || {
        Layer::new()
            .file("usr/bin/entrypoint.sh", &script)
            .file("usr/lib/python3.11/site.py", &script)
            .file("usr/share/shop/a.tar", &archive)
    };
    let places = |layers| -> Vec<String> {
        let secrets = look(layers).inventory.secrets;
        secrets
            .iter()
            .map(|one| format!("{} {}", one.kind, one.place))
            .collect()
    };
    let of_base = "github-token usr/bin/tool.sh".to_owned();
    let entrypoint = "secret-value usr/bin/entrypoint.sh".to_owned();
    let packed = "secret-value usr/share/shop/a.tar!conf/run.sh".to_owned();
    // What lies in the base is the base's.
    let told = [of_base.clone(), entrypoint.clone(), packed.clone()];
    let sorted = |mut told: Vec<String>| {
        told.sort();
        told
    };
    assert_eq!(sorted(places(vec![base(list), own()])), told);
    // Nothing is known of a base: the lists alone tell.
    let alone = places(vec![base(list)]);
    let built = "secret-value usr/bin/built.sh".to_owned();
    assert_eq!(sorted(alone), [of_base.clone(), built]);
    // Without lists nothing is proven.
    assert_eq!(places(vec![base(""), own()]), [of_base]);
}

/// Installers compile what they install, and list that without a sum.
#[test]
fn what_is_compiled_from_published_code_is_published() {
    let code = format!("TOKEN = '{}'\n", github_token());
    let other = format!("gh{}_{}", "o", &NOISE[1..37]);
    let compiled = |token: &str| {
        let magic = b"\xa7\r\r\n\0\0\0\0\0\0\0\0\0\0\0\0\xe3\0\0\xda";
        [magic, &[token.len() as u8][..], token.as_bytes(), b"N)\x01"].concat()
    };
    let sum = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .encode(sha2::Sha256::digest(code.as_bytes()));
    let record = format!("d/a.py,sha256={sum},1\nd/b.py,sha256={sum},1\n");
    let outcome = look(vec![
        Layer::new()
            .file("task/d/a.py", &code)
            .file(
                "task/d/__pycache__/a.cpython-311.pyc",
                compiled(&github_token()),
            )
            .file("task/d/b.py", &code)
            .file("task/d/__pycache__/b.cpython-311.pyc", compiled(&other))
            .file(
                "task/d/__pycache__/c.cpython-311.pyc",
                compiled(&github_token()),
            )
            .file("task/d-1.dist-info/RECORD", record),
    ]);
    let secrets = outcome.inventory.secrets.iter();
    let severities: Vec<(&str, Severity)> = secrets
        .map(|secret| (&secret.place["task/d/".len()..], secret.severity))
        .collect();
    assert_eq!(
        severities,
        [
            ("__pycache__/a.cpython-311.pyc", Severity::Info),
            ("__pycache__/b.cpython-311.pyc", Severity::High),
            ("__pycache__/c.cpython-311.pyc", Severity::High),
            ("a.py", Severity::Info),
            ("b.py", Severity::Info),
        ]
    );
}

#[test]
fn a_value_that_comes_again_and_again_takes_no_others_place() {
    let bearer = format!("GET /a Authorization: Bearer {0}{0}\n", &NOISE[..20]);
    let log = |lines: usize| format!("{}\nt = {}\n", bearer.repeat(lines), github_token());
    let outcome = look(vec![
        Layer::new()
            .file("app/short.log", log(300))
            // Longer than what is searched as a whole.
            .file("app/long.log", log(30_000))
            .file("app/base.txt", {
                let encoded = STANDARD.encode(format!("token = {}", &github_token()));
                format!("{}{}\n", format!("t: {encoded}\n").repeat(300), key())
            }),
    ]);
    assert_eq!(
        brief(&outcome.inventory.secrets),
        [
            ("github-token", "app/base.txt", Some(0), Some(1), false),
            ("private-key", "app/base.txt", Some(0), Some(301), false),
            ("bearer-token", "app/long.log", Some(0), Some(1), false),
            ("github-token", "app/long.log", Some(0), Some(30_002), false),
            ("bearer-token", "app/short.log", Some(0), Some(1), false),
            ("github-token", "app/short.log", Some(0), Some(302), false),
        ]
    );
    assert_eq!(outcome.skipped, []);
}

#[test]
fn a_text_in_base64_tells_all_that_it_holds() {
    let text = format!("a = {}\nb = npm_{}\n", github_token(), &NOISE[2..38]);
    let line = format!("t: {}\n", STANDARD.encode(&text));
    let outcome = look(vec![Layer::new().file("app/a.txt", format!("x\n{line}"))]);
    assert_eq!(
        brief(&outcome.inventory.secrets),
        [
            ("github-token", "app/a.txt", Some(0), Some(2), false),
            ("npm-token", "app/a.txt", Some(0), Some(2), false),
        ]
    );
    let config = ImageConfig {
        env: vec![line],
        ..ImageConfig::default()
    };
    let shown = redacted(&config).config.env.remove(0);
    assert!(shown.starts_with("t: [github-token "), "{shown}");
    assert!(shown.ends_with("]\n"), "{shown}");
    assert_eq!(shown.matches('[').count(), 2, "{shown}");
}

#[test]
fn more_values_than_are_told_are_said() {
    let drawn = |mut at: u64| -> String {
        let letter = || {
            at = at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99);
            char::from(b"aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zC"[(at >> 59) as usize])
        };
        std::iter::repeat_with(letter).take(36).collect()
    };
    type Line = fn(&str) -> String;
    let lines: [(&str, Line); 6] = [
        ("app/tokens.txt", |value| format!("t = gh{}_{value}", "p")),
        ("app/names.ini", |value| format!("password = {value}")),
        ("app/links.txt", |value| {
            format!("postgres://u:{value}@db/x")
        }),
        ("app/base.txt", |value| {
            let encoded = STANDARD.encode(format!("token = gh{}_{value}", "p"));
            format!("t: {encoded}")
        }),
        ("app/a.env", |value| format!("X_TOKEN={value}")),
        ("app/run.sh", |value| {
            format!("curl -u bob:{value} https://x")
        }),
    ];
    for (path, line) in lines {
        for (count, filler) in [(200, 0), (201, 0), (200, 9000), (201, 9000)] {
            // Command lines are read in files that are searched as a whole.
            if path == "app/run.sh" && filler > 0 {
                continue;
            }
            let mut text: String = (0..count)
                .map(|at| line(&drawn(at)) + "\n" + &"# nothing\n".repeat(filler / 50))
                .collect();
            text += &"# nothing at all\n".repeat(filler * 10);
            let outcome = look(vec![Layer::new().file(path, text)]);
            assert_eq!(outcome.inventory.secrets.len(), 200, "{path} {count}");
            let skipped: Vec<&str> = outcome
                .skipped
                .iter()
                .map(|skipped| skipped.what.as_str())
                .collect();
            let said: &[&str] = if count > 200 { &[path] } else { &[] };
            assert_eq!(skipped, said, "{path} {count} {filler}");
        }
    }
    let variable = (0..300).map(|at| format!("gh{}_{}", "p", drawn(at)));
    let config = ImageConfig {
        env: vec![format!("X={}", variable.collect::<Vec<_>>().join(" "))],
        ..ImageConfig::default()
    };
    let outcome = look_with(Vec::new(), config);
    assert_eq!(outcome.inventory.secrets.len(), 200);
    assert_eq!(outcome.skipped[0].what, "env X");
}

#[test]
fn whatever_may_be_a_password_is_hidden_and_what_reads_like_one_is_found() {
    let drawn = [
        "$Zx9!kQw7plm",
        "/3kQmZ7xW4vT1pL9rY6nB3cF5hJ0sGaEw8Uq2Nd5HbVo=",
        "[Zx9kQw7plmRt4",
        "~Zx9kQw7plmRt4vB",
        "Zx9${kQw7plm",
        "Zx9kQw7plm%d{{",
        "Mastodon-8fK2qLw9vZ",
    ];
    let doubtful = [
        "open \"sesame\" now",
        "$ummer",
        "[open",
        "/open/the/door",
        "changeme later X=y",
    ];
    let step = |text: String| HistoryEntry {
        created_by: Some(text),
        empty_layer: true,
        ..HistoryEntry::default()
    };
    for (value, found) in drawn
        .map(|value| (value, true))
        .into_iter()
        .chain(doubtful.map(|value| (value, false)))
    {
        let config = ImageConfig {
            env: vec![format!("ADMIN_PASSWORD={value}")],
            cmd: Some(["run", "--password", value].map(str::to_owned).to_vec()),
            history: vec![
                step(format!("ENV ADMIN_PASSWORD={value}")),
                step(format!("/bin/sh -c #(nop)  ENV ADMIN_PASSWORD={value}")),
            ],
            ..ImageConfig::default()
        };
        let shown = redacted(&config).config;
        let mark = shown.env[0].strip_prefix("ADMIN_PASSWORD=").unwrap();
        assert_eq!(mark.starts_with("[secret-value "), found, "{shown:?}");
        assert_eq!(mark == "[hidden]", !found, "{shown:?}");
        let cmd = shown.cmd.unwrap();
        assert!(cmd[2].starts_with('[') && cmd[2].ends_with(']'), "{cmd:?}");
        if !value.contains('=') {
            for entry in shown.history {
                let text = entry.created_by.unwrap();
                assert!(text.ends_with(&format!("ADMIN_PASSWORD={mark}")), "{text}");
            }
        }
        let outcome = look_with(Vec::new(), config);
        assert_eq!(!outcome.inventory.secrets.is_empty(), found, "{value}");
    }
    let config = ImageConfig {
        history: vec![step(
            "RUN A_TOKEN=$TOKEN B_TOKEN=${TOKEN} run # buildkit".to_owned(),
        )],
        ..ImageConfig::default()
    };
    assert_eq!(redacted(&config).config.history, config.history);
}

fn base16(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn long_files_and_programs_are_searched_to_the_end() {
    let mut text = "0123456789abcdef\n".repeat(200_000);
    let line = text.lines().count() + 1;
    text.push_str(&github_token());
    let mut program = vec![0_u8; 3_000_000];
    program.extend(format!("abc{}def", github_token()).bytes());
    let outcome = look(vec![
        Layer::new().file("a.log", text).file("bin/x", program),
    ]);
    assert_eq!(
        brief(&outcome.inventory.secrets),
        [
            ("github-token", "a.log", Some(0), Some(line), false),
            ("github-token", "bin/x", Some(0), None, false),
        ]
    );
}

#[test]
fn configuration_and_history_are_told_once_and_redacted() {
    let token = github_token();
    let password = &NOISE[..12];
    let step = |text: String| HistoryEntry {
        created_by: Some(text),
        empty_layer: true,
        ..HistoryEntry::default()
    };
    let config = ImageConfig {
        env: vec![
            "PATH=/bin".to_owned(),
            format!("DB_PASSWORD={password}"),
            format!("DB_URL=postgres://app:{}@db/app", &NOISE[12..24]),
            "GPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568".to_owned(),
            "API_TOKEN_FILE=/run/secrets/token".to_owned(),
        ],
        labels: vec![("build.token".to_owned(), token.clone())],
        cmd: Some(vec![
            "sh".to_owned(),
            "-c".to_owned(),
            format!("X_SECRET='{}' run", &NOISE[3..20]),
        ]),
        history: vec![
            step(format!("ENV DB_PASSWORD={password}")),
            step(format!(
                "RUN |2 A=b c NPM_PASSWORD={} z /bin/sh -c make",
                &NOISE[5..25]
            )),
        ],
        ..ImageConfig::default()
    };
    let outcome = look_with(Vec::new(), config.clone());
    assert_eq!(
        brief(&outcome.inventory.secrets),
        [
            ("secret-value", "cmd", None, None, false),
            ("secret-value", "env DB_PASSWORD", None, None, false),
            ("url-password", "env DB_URL", None, None, false),
            ("secret-value", "history step 2", None, None, false),
            ("github-token", "label build.token", None, None, false),
        ]
    );
    let shown = redacted(&config).config;
    let text = format!("{shown:?}");
    for secret in [
        password,
        &NOISE[12..24],
        &token,
        &NOISE[3..20],
        &NOISE[5..25],
    ] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("GPG_KEY=E3FF"));
    assert!(shown.env[1].starts_with("DB_PASSWORD=[secret-value "));
}

/// The command that wrote a file has what is found in the file, however it is put there.
#[test]
fn what_files_hold_is_hidden_in_the_history() {
    let password = &NOISE[..16];
    let config = ImageConfig {
        history: vec![HistoryEntry {
            created_by: Some(format!(
                "RUN /bin/sh -c printf 'DB_PASSWORD=%s\\n' '{password}' > /app/.env # buildkit"
            )),
            ..HistoryEntry::default()
        }],
        ..ImageConfig::default()
    };
    let env = Layer::new().file("app/.env", format!("DB_PASSWORD={password}\n"));
    let outcome = look_with(vec![env], config);
    assert_eq!(
        brief(&outcome.inventory.secrets),
        [("secret-value", "app/.env", Some(0), Some(1), false)]
    );
    let shown = format!("{:?} {:?}", outcome.config, outcome.inventory);
    assert!(!shown.contains(password), "{shown}");
    assert!(shown.contains("[hidden]"));
}

#[test]
fn texts_of_windows_and_stores_of_keys_are_searched() {
    let utf16 = |text: &str, big: bool| -> Vec<u8> {
        let pairs = "\u{feff}".encode_utf16().chain(text.encode_utf16());
        let bytes = |pair: u16| {
            if big {
                pair.to_be_bytes()
            } else {
                pair.to_le_bytes()
            }
        };
        pairs.flat_map(bytes).collect()
    };
    let text = format!("[client]\r\ntoken = {}\r\n", github_token());
    let settings = format!(
        "{{\n \"Db\": \"Server=db;User Id=sa;Password={};\"\n}}\n",
        &NOISE[..12]
    );
    let outcome = look(vec![
        Layer::new()
            .file("app/little.ini", utf16(&text, false))
            .file("app/big.ini", utf16(&text.replace("Zr1", "Zr2"), true))
            .file("app/appsettings.json", settings)
            .file(
                "app/key.jks",
                b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\x02me",
            )
            // Too long to be put together: that is said.
            .file(
                "app/dump.sql",
                utf16(&"insert into x;\r\n".repeat(80_000), false),
            ),
    ]);
    assert_eq!(
        brief(&outcome.inventory.secrets),
        [
            (
                "connection-string-password",
                "app/appsettings.json",
                Some(0),
                Some(2),
                false
            ),
            ("github-token", "app/big.ini", Some(0), Some(2), false),
            ("key-store", "app/key.jks", Some(0), None, false),
            ("github-token", "app/little.ini", Some(0), Some(2), false),
        ]
    );
    assert!(
        outcome
            .skipped
            .iter()
            .any(|skipped| skipped.what == "app/dump.sql")
    );
}
