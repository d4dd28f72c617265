//! Files of the build context: which of them rules read, and which hold credentials.

use plimsoll_model::{Confidence, Severity};

use crate::options::CredentialLookup;
use crate::secret::names::{self, Suspicion};

/// What a rule wants the content of a file for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// It may hold credentials: by its name, or because settings are written in such files.
    Credentials,
    /// It lists dependencies, or a container starts with it.
    Text,
}

/// Whether a rule wants the content of the context file `path` (`/`-separated, below the context),
/// and what for. The caller puts it into `Context::contents`, or says in `Context::gaps` why not.
pub fn wanted(path: &str) -> Option<Wanted> {
    if may_hold_value(path) {
        Some(Wanted::Credentials)
    } else {
        (is_manifest(path) || may_be_script(path)).then_some(Wanted::Text)
    }
}

fn is_manifest(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    (matches!(
        name,
        "package.json" | "pyproject.toml" | "composer.json" | "Gemfile" | "Pipfile"
    ) || (name.contains("requirements") && name.ends_with(".txt")))
        && !path
            .split('/')
            .any(|part| matches!(part, "node_modules" | "vendor" | "site-packages"))
}

/// Whether the content of a file tells whether a credential is in it.
pub(crate) fn may_hold_value(path: &str) -> bool {
    kind_of(path).map_or_else(|| is_settings(path), |kind| kind.reader.is_some())
}

/// Whether people write the settings of what they run into such a file.
fn is_settings(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let (folders, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let of_others = folders.split('/').any(|part| {
        matches!(
            part,
            "node_modules" | "vendor" | "site-packages" | "bower_components" | ".git"
        )
    });
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let named = [
        "config",
        "setting",
        "secret",
        "credential",
        "password",
        "token",
        "auth",
    ];
    let is_named = || named.iter().any(|word| stem.contains(word));
    !of_others
        && !is_template(name)
        // What a package manager locked.
        && !["-lock", ".lock", "_lock"].iter().any(|end| stem.ends_with(end))
        && match extension {
            "yml" | "yaml" | "toml" | "ini" | "cfg" | "cnf" | "conf" | "config" | "properties"
            | "tfvars" => true,
            "json" | "xml" | "py" | "rb" | "php" | "js" | "ts" | "cs" | "go" | "java" => {
                is_named() || matches!(stem, "application" | "database" | "parameters")
            }
            _ => false,
        }
}

/// Whether a container may start with a file as its script, by its name.
fn may_be_script(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_ours = || {
        !path
            .split('/')
            .any(|part| matches!(part, "node_modules" | ".git" | "site-packages"))
    };
    let starts = match name.rsplit_once('.') {
        Some((_, "sh" | "bash")) => true,
        Some(_) => false,
        None => {
            name.contains("entrypoint")
                || name.contains("entry-point")
                || matches!(
                    name,
                    "start" | "run" | "init" | "boot" | "launch" | "cmd" | "entry"
                )
        }
    };
    starts && is_ours()
}

/// A credential that a file holds, or is by its name. The value stays where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credential {
    /// What it is, for a sentence: `a private key`.
    pub(crate) what: String,
    /// 1-based line, where the content was read.
    pub(crate) line: Option<usize>,
    pub(crate) severity: Severity,
    pub(crate) confidence: Confidence,
}

/// Finds a credential in a text: its 1-based line, and what it is.
type Reader = fn(&str) -> Option<(usize, String)>;

/// A kind of file that may hold a credential.
struct Kind {
    what: &'static str,
    /// Tells from the content; without, the name alone decides.
    reader: Option<Reader>,
    /// How sure the name alone is.
    by_name: Confidence,
}

/// Whether a file is made to hold a credential, by its name.
pub(crate) fn may_hold_credential(path: &str) -> bool {
    kind_of(path).is_some()
}

/// The credential that a file holds. `content` is `None` where nobody read it; `lookup` knows more
/// forms than the readers here.
pub(crate) fn credential(
    path: &str,
    content: Option<&[u8]>,
    lookup: Option<CredentialLookup>,
) -> Option<Credential> {
    let kind = kind_of(path);
    let reader = kind.as_ref().and_then(|kind| kind.reader);
    let severity = Severity::Critical;
    let (what, line, severity, confidence) = match (content, kind) {
        (Some(bytes), kind) if kind.is_none() || reader.is_some() => {
            let read = reader.and_then(|read| read(&String::from_utf8_lossy(bytes)));
            match read {
                Some((line, what)) => (what, Some(line), severity, Confidence::High),
                None => {
                    let found = (lookup?.in_file)(path, bytes);
                    // The gravest, and of those the first.
                    let first = found.into_iter().reduce(|one, next| {
                        if next.severity > one.severity {
                            next
                        } else {
                            one
                        }
                    })?;
                    let what = format!("a credential ({})", first.kind);
                    (what, first.line, first.severity, Confidence::Medium)
                }
            }
        }
        (_, kind) => {
            let kind = kind?;
            (kind.what.to_owned(), None, severity, kind.by_name)
        }
    };
    let for_tests = path.split('/').any(|part| {
        matches!(
            part,
            "test"
                | "tests"
                | "testdata"
                | "fixtures"
                | "example"
                | "examples"
                | "node_modules"
                | "vendor"
                | "site-packages"
                | "third_party"
                | "spec"
                | "docs"
        )
    });
    Some(Credential {
        what,
        line,
        severity,
        confidence: if for_tests {
            Confidence::Low
        } else {
            confidence
        },
    })
}

fn kind_of(path: &str) -> Option<Kind> {
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or_default();
    let folder = lower.rsplit('/').nth(1).unwrap_or_default();
    let read = |what, reader: Reader, by_name| {
        Some(Kind {
            what,
            reader: Some(reader),
            by_name,
        })
    };
    let named = |what, by_name| {
        Some(Kind {
            what,
            reader: None,
            by_name,
        })
    };
    if is_template(name) {
        return None;
    }
    match (folder, name) {
        (_, "id_rsa" | "id_dsa" | "id_ecdsa" | "id_ed25519") => {
            read("an SSH key", private_key, Confidence::Medium)
        }
        (_, ".npmrc") => read("a registry token", npmrc, Confidence::Low),
        (_, ".pypirc" | ".netrc" | "_netrc") => read("a password", password_line, Confidence::Low),
        (_, ".git-credentials") => read("a password", url_password, Confidence::Medium),
        (".aws", _) | (_, "credentials" | "credentials.ini") => {
            read("an AWS secret key", aws_secret, Confidence::Low)
        }
        (".docker", "config.json") | (_, ".dockercfg" | ".dockerconfigjson") => {
            read("a registry password", docker_auth, Confidence::Low)
        }
        (".kube", "config") | (_, "kubeconfig") => {
            read("a cluster credential", kube_credential, Confidence::Low)
        }
        (_, ".pgpass" | ".vault-token" | ".htpasswd") => named("a password", Confidence::Medium),
        (_, ".env") => read("a credential", env_secret, Confidence::Low),
        _ => {
            let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
            match extension {
                _ if name.starts_with(".env.") => read("a credential", env_secret, Confidence::Low),
                "env" => read("a credential", env_secret, Confidence::Low),
                "pem" | "key" | "ppk" => read("a private key", private_key, Confidence::Low),
                "p12" | "pfx" => named("a key store", Confidence::Medium),
                "jks" | "keystore" => named("a key store", Confidence::Low),
                "tfstate" => read("a credential", private_key, Confidence::Low),
                "json"
                    if [
                        "credential",
                        "service-account",
                        "service_account",
                        "serviceaccount",
                        "gcp",
                        "google",
                        "firebase",
                    ]
                    .iter()
                    .any(|word| name.contains(word)) =>
                {
                    read("a service account's key", private_key, Confidence::Low)
                }
                _ => None,
            }
        }
    }
}

/// Endings of files that others are made from, or that explain.
const TEMPLATES: &[&str] = &[
    ".example",
    ".sample",
    ".template",
    ".tmpl",
    ".dist",
    ".defaults",
    ".default",
    ".md",
    ".pub",
    ".schema",
    ".j2",
];

fn is_template(name: &str) -> bool {
    TEMPLATES.iter().any(|end| name.ends_with(end)) || name.contains("example")
}

/// The first line that `test` takes, with what it says of it.
fn line_where(text: &str, test: impl Fn(&str) -> Option<String>) -> Option<(usize, String)> {
    text.lines()
        .enumerate()
        .find_map(|(at, line)| Some((at + 1, test(line.trim())?)))
}

fn private_key(text: &str) -> Option<(usize, String)> {
    line_where(text, |line| {
        let begins = line.contains("-----BEGIN ") && line.contains("PRIVATE KEY-----");
        let putty = line.starts_with("PuTTY-User-Key-File-");
        (begins || putty).then(|| {
            if line.contains("ENCRYPTED") {
                "an encrypted private key".to_owned()
            } else {
                "a private key".to_owned()
            }
        })
    })
}

fn npmrc(text: &str) -> Option<(usize, String)> {
    line_where(text, |line| {
        let (name, value) = line.split_once('=')?;
        let secret = ["_authToken", "_auth", "_password"]
            .iter()
            .any(|end| name.trim_end().ends_with(end));
        (secret && !line.starts_with(['#', ';']) && !names::is_placeholder(value))
            .then(|| "a registry token".to_owned())
    })
}

fn password_line(text: &str) -> Option<(usize, String)> {
    line_where(text, |line| {
        let mut words = line
            .split(|c: char| c.is_whitespace() || matches!(c, '=' | ':'))
            .filter(|word| !word.is_empty());
        let found = words.any(|word| word == "password")
            && words
                .next()
                .is_some_and(|value| !names::is_no_password(value));
        (found && !line.starts_with(['#', ';'])).then(|| "a password".to_owned())
    })
}

fn url_password(text: &str) -> Option<(usize, String)> {
    line_where(text, |line| {
        has_url_password(line).then(|| "a password in a URL".to_owned())
    })
}

/// Whether a text holds `scheme://user:password@host`.
fn has_url_password(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else {
        return false;
    };
    let authority = rest
        .split(['/', '?', '#', ' ', '"', '\''])
        .next()
        .unwrap_or_default();
    authority
        .rsplit_once('@')
        .and_then(|(user, _)| user.split_once(':'))
        .is_some_and(|(_, password)| !names::is_no_password(password))
}

fn aws_secret(text: &str) -> Option<(usize, String)> {
    line_where(text, |line| {
        let (name, value) = line.split_once('=')?;
        let secret = matches!(name.trim(), "aws_secret_access_key" | "aws_session_token");
        (secret && !names::is_placeholder(value)).then(|| "an AWS secret key".to_owned())
    })
}

fn docker_auth(text: &str) -> Option<(usize, String)> {
    line_where(text, |line| {
        let (_, rest) = line.split_once("\"auth\"")?;
        let value = rest.trim_start().strip_prefix(':')?.trim_start();
        let filled = value
            .strip_prefix('"')
            .is_some_and(|value| !value.starts_with('"') && !value.is_empty());
        filled.then(|| "a registry password".to_owned())
    })
}

fn kube_credential(text: &str) -> Option<(usize, String)> {
    line_where(text, |line| {
        let (name, value) = line.trim_start_matches("- ").split_once(':')?;
        let secret = matches!(name.trim(), "client-key-data" | "token" | "password");
        (secret && !names::is_placeholder(value)).then(|| "a cluster credential".to_owned())
    })
}

fn env_secret(text: &str) -> Option<(usize, String)> {
    line_where(text, |line| {
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=')?;
        let (name, value) = (name.trim(), value.trim().trim_matches(['"', '\'']));
        let is_none = match names::is_password(name) {
            true => names::is_no_password(value),
            false => names::is_placeholder(value),
        };
        if name.starts_with('#') || is_none {
            return None;
        }
        let secret = names::of_pair(name, value) == Suspicion::Strong || has_url_password(value);
        // Names are shown, values never.
        let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
        secret.then(|| format!("a credential (`{shown}`)"))
    })
}

#[cfg(test)]
mod tests {
    use plimsoll_model::FileCredential;

    use super::*;

    #[test]
    fn credentials_are_known_by_name_and_content() {
        let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n";
        for (path, content, what, line) in [
            ("id_rsa", key, "a private key", 1),
            (
                "conf/server.key",
                "x\n-----BEGIN RSA PRIVATE KEY-----\n",
                "a private key",
                2,
            ),
            (
                ".env",
                "# c\nDEBUG=1\nDB_PASSWORD=hunter2\n",
                "a credential (`DB_PASSWORD`)",
                3,
            ),
            (
                "prod.env",
                "export URL=postgres://u:hunter2@db/x\n",
                "a credential (`URL`)",
                1,
            ),
            (
                ".npmrc",
                "//r.example/:_authToken=npm_abc\n",
                "a registry token",
                1,
            ),
            (
                ".aws/credentials",
                "[default]\naws_secret_access_key = hunter2\n",
                "an AWS secret key",
                2,
            ),
            (
                ".docker/config.json",
                "{\"auths\": {\"r\": {\n\"auth\": \"dTpw\"}}}",
                "a registry password",
                2,
            ),
            (
                ".netrc",
                "machine a login b password hunter2\n",
                "a password",
                1,
            ),
            (
                ".netrc",
                "machine a.example.com login bob password 483920\n",
                "a password",
                1,
            ),
            (
                ".env",
                "TOKEN_LIMIT=4096\nDB_PASSWORD=483920\n",
                "a credential (`DB_PASSWORD`)",
                2,
            ),
            (
                ".git-credentials",
                "https://u:hunter2@example.com\n",
                "a password in a URL",
                1,
            ),
            (
                "my-credentials.json",
                "{\"private_key\": \"-----BEGIN PRIVATE KEY-----\\n\"}",
                "a private key",
                1,
            ),
        ] {
            assert_eq!(wanted(path), Some(Wanted::Credentials), "{path}");
            let found = credential(path, Some(content.as_bytes()), None)
                .unwrap_or_else(|| panic!("{path}"));
            assert_eq!(
                (found.what.as_str(), found.line),
                (what, Some(line)),
                "{path}"
            );
        }
        for (path, content) in [
            (
                ".env",
                "DEBUG=1\nTOKEN=\nPASSWORD=${PASSWORD}\nSECRET=changeme\nTOKEN_LIMIT=4096\nPASSWORD_TTL=3600\n",
            ),
            (".env.example", "PASSWORD=hunter2\n"),
            ("ca.pem", "-----BEGIN CERTIFICATE-----\n"),
            (
                ".npmrc",
                "registry=https://r.example\n//r/:_authToken=${NPM_TOKEN}\n",
            ),
            ("id_rsa.pub", key),
            ("src/main.rs", key),
        ] {
            assert_eq!(
                credential(path, Some(content.as_bytes()), None),
                None,
                "{path}"
            );
        }
        let lookup = CredentialLookup {
            in_text: |_| Vec::new(),
            in_file: |_, bytes| {
                let found = [
                    (Severity::High, 1),
                    (Severity::Critical, 3),
                    (Severity::Critical, 4),
                ];
                let found = found.map(|(severity, line)| FileCredential {
                    kind: "github-token".to_owned(),
                    severity,
                    line: Some(line),
                });
                found.into_iter().filter(|_| !bytes.is_empty()).collect()
            },
        };
        for path in [
            ".env",
            "conf/settings.py",
            "config.yml",
            "appsettings.json",
            "unlock.toml",
            "blocklist.yaml",
        ] {
            assert_eq!(wanted(path), Some(Wanted::Credentials), "{path}");
            let found = credential(path, Some(b"x"), Some(lookup)).unwrap();
            assert_eq!(
                (found.what.as_str(), found.line, found.severity),
                ("a credential (github-token)", Some(3), Severity::Critical),
                "{path}"
            );
            assert_eq!(credential(path, Some(b""), Some(lookup)), None, "{path}");
        }
        // What nobody read may hold anything; only a name that promises it counts then.
        assert_eq!(credential("config.yml", None, Some(lookup)), None);
        assert_eq!(
            credential(".env", None, Some(lookup)).unwrap().confidence,
            Confidence::Low
        );
        for other in [
            "a.yml.example",
            "node_modules/x/config.js",
            "pnpm-lock.yaml",
            "app.js",
        ] {
            assert_eq!(wanted(other), None, "{other}");
        }
        let test = credential("tests/server.key", Some(key.as_bytes()), None).unwrap();
        assert_eq!(test.confidence, Confidence::Low);
    }
}
