//! Credentials in files: streamed in windows, so that a file of any length takes the same memory.

use std::borrow::Cow;
use std::io::{self, Read};

use base64::Engine as _;
use md5::Md5;
use plimsoll_model::Severity;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::assignment::{in_assignment, in_url};
use super::detector::{Detector, MAX_HITS, WINDOW};
use super::pattern::BASE64;
use super::placeholder::is_placeholder;
use super::{Fingerprint, Hit, distinct};
use crate::catalogue::base_name;

/// Bytes looked at in one go.
const CHUNK: usize = 1 << 20;

/// How much of a file decides whether it is text.
const TEXT_PROBE: usize = 8 << 10;

/// A credential in a file of a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileSighting {
    pub(crate) kind: Cow<'static, str>,
    pub(crate) severity: Severity,
    pub(crate) path: String,
    /// 1-based; none in a program.
    pub(crate) line: Option<usize>,
    pub(crate) fingerprint: Fingerprint,
    /// What proves that a package published this very file; only of files of one chunk.
    pub(crate) sums: Option<FileSums>,
}

/// Sums of a whole file, in the forms package databases keep them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileSums {
    /// MD5, hexadecimal (dpkg).
    pub(crate) md5: String,
    /// SHA-256, base64url without padding (Python).
    pub(crate) sha256: String,
}

/// What a search of one file gave.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) sightings: Vec<FileSighting>,
    /// Whether the rest of the file was left.
    pub(crate) partly: bool,
}

/// Searches the files of one layer.
pub(crate) struct Searcher<'a> {
    detector: &'a Detector,
    limit: u64,
    buffer: Vec<u8>,
}

impl<'a> Searcher<'a> {
    pub(crate) fn new(detector: &'a Detector, limit: u64) -> Self {
        Self {
            detector,
            limit,
            buffer: Vec::new(),
        }
    }

    /// Searches one file.
    pub(crate) fn search(&mut self, path: &str, content: &mut dyn Read) -> io::Result<Found> {
        let mut found = Found::default();
        let mut hits: Vec<(Hit, Option<usize>)> = Vec::new();
        let mut program = None;
        let mut read_total = 0_u64;
        let mut lines_before = 0;
        let mut sums = None;
        let mut kept = 0;
        loop {
            self.buffer.resize(CHUNK + WINDOW, 0);
            let filled = kept + fill(content, &mut self.buffer[kept..])?;
            read_total += (filled - kept) as u64;
            let last = filled < self.buffer.len() || read_total >= self.limit;
            let first = program.is_none();
            let bytes = &self.buffer[..filled];
            let program = *program.get_or_insert_with(|| {
                memchr::memchr(0, &bytes[..filled.min(TEXT_PROBE)]).is_some()
            });
            // The last window is looked at again with what follows it.
            let limit = if last { filled } else { filled - WINDOW };
            let mut here: Vec<Hit> = Vec::new();
            if first && last && !program {
                by_name(path, bytes, &mut here);
            }
            self.detector.find(bytes, limit, program, &mut here);
            if !here.is_empty() && first && last {
                sums = Some(FileSums {
                    md5: hex(&Md5::digest(bytes)),
                    sha256: base64::engine::general_purpose::URL_SAFE_NO_PAD
                        .encode(Sha256::digest(bytes)),
                });
            }
            if hits.len() >= MAX_HITS {
                here.clear();
            }
            hits.extend(distinct(here).into_iter().map(|hit| {
                let line =
                    lines_before + 1 + memchr::memchr_iter(b'\n', &bytes[..hit.start]).count();
                (hit, (!program).then_some(line))
            }));
            if last {
                found.partly = filled == self.buffer.len() && read_total >= self.limit;
                break;
            }
            if !program {
                lines_before += memchr::memchr_iter(b'\n', &bytes[..limit]).count();
            }
            self.buffer.copy_within(limit..filled, 0);
            kept = filled - limit;
        }
        let mut seen = Vec::new();
        for (hit, line) in hits {
            if seen.contains(&hit.fingerprint) {
                continue;
            }
            if seen.len() >= MAX_HITS {
                found.partly = true;
                break;
            }
            seen.push(hit.fingerprint);
            found.sightings.push(FileSighting {
                kind: hit.kind.into(),
                severity: hit.severity,
                path: path.to_owned(),
                line,
                fingerprint: hit.fingerprint,
                sums: sums.clone(),
            });
        }
        Ok(found)
    }
}

fn fill(content: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match content.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}

/// Credentials in files whose name tells what stands in them.
fn by_name(path: &str, bytes: &[u8], hits: &mut Vec<Hit>) {
    let name = base_name(path);
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
    if bytes.len() <= CHUNK && (name.ends_with(".json") || name.starts_with(".docker")) {
        in_json(text, hits);
    }
}

/// `.env`, `.env.production`, `prod.env`, but not a template of one.
fn is_env_file(name: &str) -> bool {
    let template = [
        ".example",
        ".sample",
        ".template",
        ".dist",
        ".defaults",
        ".tpl",
    ];
    (name == ".env" || name.starts_with(".env.") || name.ends_with(".env"))
        && !template.iter().any(|mark| name.contains(mark))
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
