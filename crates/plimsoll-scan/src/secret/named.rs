//! Files whose name tells what stands in them.

use base64::Engine as _;
use plimsoll_model::Severity;
use serde_json::Value;

use super::assignment::{in_assignment, in_url};
use super::pattern::BASE64;
use super::place::is_template;
use super::placeholder::is_placeholder;
use super::{Fingerprint, Hit};
use crate::catalogue::base_name;

/// Credentials in files whose structure tells more than the form of what stands in them.
pub(super) fn by_structure(path: &str, bytes: &[u8], hits: &mut Vec<Hit>) {
    let name = base_name(path);
    if (name.ends_with(".json") || name.starts_with(".docker"))
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        in_json(text, hits);
    }
}

/// Credentials in files whose name tells what stands in them.
pub(super) fn by_name(path: &str, bytes: &[u8], hits: &mut Vec<Hit>) {
    let name = base_name(path);
    if !is_env_file(name) && !name.starts_with(['.', '_', 'p']) {
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
        ".npmrc" | ".yarnrc" | ".yarnrc.yml" => each_line(
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
        ".netrc" | "_netrc" => each_line(
            text,
            |line, start| {
                let mut words = line
                    .split_whitespace()
                    .skip_while(|word| *word != "password");
                let value = words.nth(1)?;
                (!is_placeholder(value))
                    .then(|| plain("netrc-password", value, start + offset_in(line, value)))
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
        _ => {}
    }
}

/// `.env`, `.env.production`, `prod.env`, but not a template of one.
fn is_env_file(name: &str) -> bool {
    (name == ".env" || name.starts_with(".env.") || name.ends_with(".env")) && !is_template(name)
}

fn each_line(text: &str, judge: impl Fn(&str, usize) -> Option<Hit>, hits: &mut Vec<Hit>) {
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
    Hit {
        kind,
        severity: Severity::Critical,
        start,
        end: start + value.len(),
        fingerprint: Fingerprint::of(value.as_bytes()),
    }
}

/// Docker's `config.json` and Google's service account keys.
fn in_json(text: &str, hits: &mut Vec<Hit>) {
    if !text.contains("\"auths\"") && !text.contains("\"service_account\"") {
        return;
    }
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return;
    };
    let place = |value: &str| text.find(value).unwrap_or(0);
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
    let entries = value.get("auths").and_then(Value::as_object);
    for (_, entry) in entries.into_iter().flatten() {
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
            {
                let start = place(value);
                hits.push(Hit {
                    kind: "registry-credential",
                    severity: Severity::Critical,
                    start,
                    end: start + value.len(),
                    fingerprint: Fingerprint::of(password.as_bytes()),
                });
            }
        }
    }
}
