//! Files whose name tells what stands in them.

use base64::Engine as _;
use plimsoll_model::Severity;
use serde_json::Value;

use super::appsettings::{in_app_settings, is_app_settings};
use super::assignment::{in_assignment, in_url};
use super::der::web_keys;
use super::hits::Hits;
use super::json::strings;
use super::lone::in_shadow;
use super::manifest::{Cleared, in_manifests};
use super::netrc::{in_netrc, is_netrc};
use super::passfile::{in_password_file, is_password_file};
use super::pattern::BASE64;
use super::place::is_template;
use super::placeholder::{is_example, is_placeholder};
use super::saved::in_saved_logins;
use super::section::in_sections;
use super::store::putty_key;
use super::terraform::{in_terraform, is_of_terraform};
use super::{Detector, Fingerprint, Hit};
use crate::catalogue::base_name;

/// Credentials in files whose structure tells more than the form of what stands in them; gives the
/// places of values that are none, whatever they look like.
pub(super) fn by_structure(
    detector: &Detector,
    path: &str,
    bytes: &[u8],
    own: bool,
    hits: &mut Hits,
) -> Vec<Cleared> {
    let mut cleared = Vec::new();
    let name = base_name(path);
    if own
        && [".yaml", ".yml", ".json"]
            .iter()
            .any(|ending| name.ends_with(ending))
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        in_manifests(detector, text, hits, &mut cleared);
    }
    hits.extend(putty_key(bytes));
    if is_netrc(path)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        in_netrc(text, hits, &mut cleared);
    }
    if (name.ends_with(".json") || name.starts_with(".docker") || name.ends_with(".jwk"))
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        in_json(text, hits);
        if own && is_app_settings(name) {
            in_app_settings(text, hits);
        }
        if own {
            web_keys(text, hits);
        }
        match name {
            ".dockercfg" => in_registries(text, hits),
            "kaggle.json" => hits.extend(kaggle_key(text)),
            _ => {}
        }
    }
    if own
        && is_of_terraform(name)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        in_terraform(text, hits);
    }
    if own && let Ok(text) = std::str::from_utf8(bytes) {
        in_sections(text, hits);
    }
    if name.contains("shadow")
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        in_shadow(path, text, hits);
    }
    cleared
}

/// Whether [`by_structure`] or [`by_name`] read a file of this name, other than each that they are shown.
pub(super) fn has_structure(path: &str) -> bool {
    let name = base_name(path);
    let endings = [".yaml", ".yml", ".json", ".jwk", ".htpasswd"];
    endings.iter().any(|ending| name.ends_with(ending))
        || NAMES.contains(&name)
        || is_env_file(name)
        || is_netrc(path)
        || is_of_terraform(name)
        || is_password_file(path)
        || name.contains("shadow")
}

/// The files that [`by_name`] reads, besides those of variables.
const NAMES: &[&str] = &[
    ".npmrc",
    // npm's file for all users.
    "npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".pypirc",
    ".git-credentials",
    "pip.conf",
    "pip.ini",
    ".pgpass",
    "pgpass.conf",
    ".my.cnf",
    "my.cnf",
    ".mysql.cnf",
    "rclone.conf",
    ".rclone.conf",
    ".htpasswd",
    "htpasswd",
    "wp-config.php",
    "odbc.ini",
    ".odbc.ini",
];

/// Credentials in files whose name tells what stands in them.
pub(super) fn by_name(path: &str, bytes: &[u8], hits: &mut Hits) {
    in_password_file(path, bytes, hits);
    in_saved_logins(path, bytes, hits);
    let name = match base_name(path) {
        name if name.ends_with(".htpasswd") => ".htpasswd",
        name => name,
    };
    if !is_env_file(name) && !NAMES.contains(&name) {
        return;
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if is_env_file(name) {
        each_line(
            text,
            |line, start| {
                let line_text = line.strip_prefix("export ").unwrap_or(line);
                let (key, value) = line_text.split_once('=')?;
                let value = value.trim();
                let value = value
                    .split_once(" #")
                    .map_or(value, |(value, _)| value.trim_end());
                let value = unquoted(value);
                in_assignment(key.trim(), value, start + offset_in(line, value))
            },
            hits,
        );
        return;
    }
    match name {
        ".npmrc" | "npmrc" | ".yarnrc" | ".yarnrc.yml" => each_line(
            text,
            |line, start| {
                let (key, value) = line.split_once('=').or_else(|| line.split_once(": "))?;
                let key = key.trim();
                let secret = [
                    "_authToken",
                    "_auth",
                    "_password",
                    "npmAuthToken",
                    "npmAuthIdent",
                ]
                .iter()
                .any(|end| key.ends_with(end));
                let value = unquoted(value.trim());
                (secret && !is_placeholder(value))
                    .then(|| plain("npm-credential", value, start + offset_in(line, value)))
            },
            hits,
        ),
        ".pypirc" => each_line(
            text,
            |line, start| {
                let (key, value) = line.split_once(['=', ':'])?;
                in_assignment(
                    key.trim(),
                    value.trim(),
                    start + offset_in(line, value.trim()),
                )
            },
            hits,
        ),
        ".git-credentials" | "pip.conf" | "pip.ini" => {
            each_line(text, in_url, hits);
        }
        ".pgpass" | "pgpass.conf" => each_line(text, pgpass_line, hits),
        ".my.cnf" | "my.cnf" | ".mysql.cnf" => each_line(
            text,
            |line, start| {
                let value = setting(line, &["password", "pass"])?;
                (!is_placeholder(value))
                    .then(|| plain("mysql-password", value, start + offset_in(line, value)))
            },
            hits,
        ),
        // By another name others find it, and by this one there is a folder elsewhere.
        "odbc.ini" | ".odbc.ini" => each_line(
            text,
            |line, start| {
                let value = setting(line, &["PWD", "Pwd", "pwd"])?;
                (!is_placeholder(value))
                    .then(|| plain("database-password", value, start + offset_in(line, value)))
            },
            hits,
        ),
        "rclone.conf" | ".rclone.conf" => each_line(
            text,
            |line, start| {
                let value = setting(line, RCLONE)?;
                // A token of OAuth is an object.
                (value.starts_with('{') || !is_placeholder(value))
                    .then(|| plain("rclone-credential", value, start + offset_in(line, value)))
            },
            hits,
        ),
        ".htpasswd" | "htpasswd" => each_line(text, htpasswd_line, hits),
        "wp-config.php" => in_wordpress(text, hits),
        _ => {}
    }
}

/// Settings of rclone that open a storage: what it calls obscured anybody can read
/// (<https://rclone.org/commands/rclone_obscure/>).
const RCLONE: &[&str] = &[
    "pass",
    "password",
    "password2",
    "token",
    "secret_access_key",
    "client_secret",
    "service_account_credentials",
    "bearer_token",
    "sas_url",
    "key",
    "api_key",
    "application_key",
    "key_pem",
];

/// The value of `name = value`, where the name is one of these.
fn setting<'l>(line: &'l str, names: &[&str]) -> Option<&'l str> {
    let (name, value) = line.split_once('=')?;
    names.contains(&name.trim()).then(|| unquoted(value.trim()))
}

/// `host:port:database:user:password`, with `\:` and `\\` for themselves (PostgreSQL, libpq, "The
/// Password File").
fn pgpass_line(line: &str, start: usize) -> Option<Hit> {
    let mut escaped = false;
    let mut colons = line.char_indices().filter(|(_, c)| {
        let parts = *c == ':' && !escaped;
        escaped = *c == '\\' && !escaped;
        parts
    });
    let (at, _) = colons.nth(3)?;
    let value = line.get(at + 1..)?;
    (!is_placeholder(value)).then(|| plain("pgpass-password", value, start + at + 1))
}

/// `user:hash` in one of the forms that Apache and nginx take.
fn htpasswd_line(line: &str, start: usize) -> Option<Hit> {
    let (user, hash) = line.split_once(':')?;
    let hash = hash.trim();
    let forms = [
        "$apr1$", "$2y$", "$2a$", "$2b$", "$5$", "$6$", "$1$", "{SHA}", "{SSHA}",
    ];
    let hashed = forms.iter().any(|form| hash.starts_with(form)) && hash.len() >= 20;
    (hashed && !user.is_empty() && !is_example(hash.as_bytes())).then(|| Hit {
        severity: Severity::Medium,
        ..plain("password-hash", hash, start + offset_in(line, hash))
    })
}

/// The database's password and the keys in WordPress's configuration; of the eight keys the first.
fn in_wordpress(text: &str, hits: &mut Hits) {
    let mut keys = false;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let Some((name, value)) = defined(line) else {
            continue;
        };
        let kind = match name {
            "DB_PASSWORD" => "wordpress-database-password",
            _ if !keys && (name.ends_with("_KEY") || name.ends_with("_SALT")) => "wordpress-key",
            _ => continue,
        };
        // The sample says `put your unique phrase here` and `password_here`.
        if is_placeholder(value) || value.contains("unique phrase") || value == "password_here" {
            continue;
        }
        keys |= kind == "wordpress-key";
        hits.push(plain(kind, value, at + offset_in(line, value)));
    }
}

/// Name and value of `define( 'NAME', 'value' );`.
fn defined(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim_start().strip_prefix("define")?.trim_start();
    let rest = rest.strip_prefix('(')?.trim_start();
    let (name, rest) = quoted(rest)?;
    let (value, _) = quoted(rest.trim_start().strip_prefix(',')?.trim_start())?;
    Some((name, value))
}

/// What stands in quotes at the beginning of a text, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text.get(1..)?.split_once(quote)
}

/// `.env`, `.env.production`, `prod.env`, but not a template of one.
fn is_env_file(name: &str) -> bool {
    (name == ".env" || name.starts_with(".env.") || name.ends_with(".env")) && !is_template(name)
}

fn each_line(text: &str, judge: impl Fn(&str, usize) -> Option<Hit>, hits: &mut Hits) {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim_start().starts_with(['#', ';']) {
            hits.extend(judge(line.trim_end(), start));
        }
        start += line.len();
    }
}

fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value)
}

/// Where `part`, a slice of `line`, begins in it.
fn offset_in(line: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(line.as_ptr() as usize)
}

fn plain(kind: &'static str, value: &str, start: usize) -> Hit {
    Hit::of(kind, Severity::Critical, start, value.as_bytes())
}

/// Docker's `config.json` and Google's service account keys.
pub(super) fn in_json(text: &str, hits: &mut Hits) {
    if !text.contains("\"auths\"") && !text.contains("\"service_account\"") {
        return;
    }
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return;
    };
    if value.get("type").and_then(Value::as_str) == Some("service_account")
        && let Some(key) = value.get("private_key").and_then(Value::as_str)
        && key.contains("PRIVATE KEY")
        && let Some(at) = text.find("-----BEGIN ")
    {
        hits.push(Hit {
            kind: "gcp-service-account",
            severity: Severity::Critical,
            start: at,
            // The key's own pattern matches inside.
            end: at + text[at..].find("-----END ").map_or(1, |end| end + 1),
            fingerprint: Fingerprint::of(key.as_bytes()),
        });
    }
    if let Some(entries) = value.get("auths") {
        in_entries(text, entries, hits);
    }
}

/// Docker's `.dockercfg`, which is what `auths` holds in its later form.
fn in_registries(text: &str, hits: &mut Hits) {
    if let Ok(entries) = serde_json::from_str::<Value>(text) {
        in_entries(text, &entries, hits);
    }
}

/// The key of `{"username":"…","key":"…"}`, as Kaggle hands it out.
fn kaggle_key(text: &str) -> Option<Hit> {
    let document: Value = serde_json::from_str(text).ok()?;
    let key = document.get("key").and_then(Value::as_str)?;
    let drawn = key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
    let start = text
        .find(key)
        .filter(|_| drawn && !is_example(key.as_bytes()))?;
    document.get("username")?;
    Some(plain("kaggle-key", key, start))
}

/// Credentials of registries, each under the name of its own.
fn in_entries(text: &str, entries: &Value, hits: &mut Hits) {
    let places = strings(text);
    for (_, entry) in entries.as_object().into_iter().flatten() {
        for field in ["auth", "identitytoken", "registrytoken"] {
            let Some(value) = entry.get(field).and_then(Value::as_str) else {
                continue;
            };
            let password = match field {
                "auth" => BASE64
                    .decode(value)
                    .ok()
                    .and_then(|bytes| String::from_utf8(bytes).ok())
                    .and_then(|text| {
                        Some(
                            text.split_once(':')?
                                .1
                                .trim_end_matches(['\n', '\0'])
                                .to_owned(),
                        )
                    }),
                _ => Some(value.to_owned()),
            };
            if let Some(password) = password
                && !is_placeholder(&password)
                && !hits.is_full()
                && let Some(place) = places.get(value)
            {
                hits.push(Hit {
                    kind: "registry-credential",
                    severity: Severity::Critical,
                    start: place.start,
                    end: place.end,
                    fingerprint: Fingerprint::of(password.as_bytes()),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, text: &str) -> Vec<(&'static str, String)> {
        let mut hits = Hits::default();
        by_name(name, text.as_bytes(), &mut hits);
        hits.into_iter()
            .map(|hit| (hit.kind, text[hit.start..hit.end].to_owned()))
            .collect()
    }

    #[test]
    fn files_of_passwords() {
        let one = |kind, value: &str| vec![(kind, value.to_owned())];
        assert_eq!(
            found(
                "root/.pgpass",
                "# host:port:db:user:pw\nd\\:b:5432:*:app:hunt:er\\:2\n*:*:*:a:*\n"
            ),
            one("pgpass-password", "hunt:er\\:2")
        );
        assert_eq!(
            found(
                "root/.my.cnf",
                "[client]\nuser=root\npassword = \"huntertwo\"\n#password=x1y2\n"
            ),
            one("mysql-password", "huntertwo")
        );
        assert_eq!(
            found(
                "etc/mysql/my.cnf",
                "# password = x\npassword = your_password\n"
            ),
            []
        );
        assert_eq!(
            found(
                "root/rclone.conf",
                "[s3]\ntype = s3\npass = bG9yZW0taXBzdW0\nclient_id = x\n"
            ),
            one("rclone-credential", "bG9yZW0taXBzdW0")
        );
        assert_eq!(
            found("etc/odbc.ini", "[x]\nUID=sa\nPWD = hunter2x\n# PWD=x1y2\n"),
            one("database-password", "hunter2x")
        );
        assert_eq!(
            found("root/.odbc.ini", "PWD=$PW\npwd =\nPWD=changeme\n"),
            []
        );
        let hash = "$apr1$q7RtY2mW$x9KpLz4VbN8cHd3FjGs6T.";
        assert_eq!(
            found("app/.htpasswd", &format!("bob:{hash}\nno hash\n")),
            one("password-hash", hash)
        );
    }

    #[test]
    fn the_settings_of_npm() {
        let token = "c4a64c83-a726-4e07-9783-fb784aa41374";
        let text = format!("; //registry/:_authToken=x\n//registry.acme.io/:_authToken={token}\n");
        for name in ["root/.npmrc", "usr/local/etc/npmrc", "opt/nodejs/etc/npmrc"] {
            let one = vec![("npm-credential", token.to_owned())];
            assert_eq!(found(name, &text), one, "{name}");
        }
    }

    #[test]
    fn the_key_of_kaggle() {
        let key = "e3f1a90b".repeat(4);
        let of = |text: &str| {
            let mut hits = Hits::default();
            let (detector, bytes) = (Detector::shared(), text.as_bytes());
            by_structure(detector, "root/.kaggle/kaggle.json", bytes, true, &mut hits);
            hits.iter().map(|hit| hit.kind).collect::<Vec<_>>()
        };
        assert_eq!(
            of(&format!("{{\"username\":\"me\",\"key\":\"{key}\"}}")),
            ["kaggle-key"]
        );
        assert!(of("{\"username\":\"me\",\"key\":\"<key>\"}").is_empty());
        assert!(of(&format!("{{\"key\":\"{key}\"}}")).is_empty());
    }

    #[test]
    fn the_configuration_of_wordpress() {
        let text = "<?php\ndefine( 'DB_NAME', 'shop' );\ndefine( 'DB_PASSWORD', 'hunter2!x' );\n\
            define('AUTH_KEY', 'q7(RtY]2mW x9K');\ndefine('AUTH_SALT', 'b8[RtY]2mW x9K');\n";
        assert_eq!(
            found("var/www/wp-config.php", text),
            [
                ("wordpress-database-password", "hunter2!x".to_owned()),
                ("wordpress-key", "q7(RtY]2mW x9K".to_owned()),
            ]
        );
        let sample = "define( 'DB_PASSWORD', 'password_here' );\n\
            define( 'AUTH_KEY',         'put your unique phrase here' );\n\
            define( 'AUTH_SALT', getenv('SALT') );\n";
        assert_eq!(found("var/www/wp-config.php", sample), []);
    }
}
