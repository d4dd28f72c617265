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
    let shown = redacted(&config);
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
