//! Credentials that only what stands around them tells: what is assigned to a name that promises
//! one, passwords in addresses, what a header carries.

use std::sync::LazyLock;

use memchr::memmem;
use plimsoll_model::Severity;
use regex::bytes::Regex;

use super::assignment::{in_urls, is_surely_drawn, may_name_secret, names_secret};
use super::connection::in_connection;
use super::detector::{MAX_HITS, Piece, Told};
use super::grams::{Grams, beginnings};
use super::pattern::{BASE64, Verdict, encoded_private_key};
use super::placeholder::{is_placeholder, looks_random};
use super::{Fingerprint, Hit};

/// Words in names that promise a credential, and other marks.
const WORDS: &[&str] = &[
    "bearer ",
    "basic ",
    "client-key-data",
    "password",
    "pwd",
    "accountkey",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "api.key",
    "accesskey",
    "access_key",
    "access-key",
    "privatekey",
    "private_key",
    "private-key",
    "account_key",
    "account-key",
    "authkey",
    "auth_key",
    "auth-key",
    "encryptionkey",
    "encryption_key",
    "encryption-key",
    "signingkey",
    "signing_key",
    "signing-key",
    "masterkey",
    "master_key",
    "master-key",
    "credential",
    "identified by ",
    "fernet_key",
    "bindpw",
    "rootpw",
    "masterauth",
    "authtok",
    "_key",
    "pass",
];
const BEARER: usize = 0;
const BASIC: usize = 1;
const KUBECONFIG: usize = 2;
const PASSWORD: usize = 3;
const PWD: usize = 4;
const ACCOUNT_KEY: usize = 5;
const IDENTIFIED: usize = 35;

/// The words' beginnings, small and capital letters alike.
static MARKS: LazyLock<Grams> = LazyLock::new(|| {
    let any: Vec<u8> = (0..=u8::MAX).collect();
    Grams::new(WORDS.iter().enumerate().flat_map(|(number, word)| {
        let grams = beginnings(word.as_bytes(), &any);
        grams.into_iter().map(move |gram| (folded(gram), number))
    }))
});

/// Four bytes without what tells small letters from capitals.
#[inline]
fn folded(gram: [u8; 4]) -> [u8; 4] {
    (u32::from_ne_bytes(gram) | 0x2020_2020).to_ne_bytes()
}

static SCHEME_END: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("://"));
static SIGNATURE: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("sig="));
static DSN: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("@tcp("));
static AZURE_MARK: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("Q~"));

/// A secret of an application in Azure's directory: its mark is at the fifth and sixth place.
static AZURE_SECRET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}").expect("a constant expression")
});

static JWT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(eyJ[A-Za-z0-9_-]{10,2000})\.(eyJ[A-Za-z0-9_-]{10,8000})\.[A-Za-z0-9_-]{20,2000}$",
    )
    .expect("a constant expression")
});

static DISCORD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}$")
        .expect("a constant expression")
});

/// Makers whose keys have no mark, by a word in the name they are assigned to.
const MAKERS: &[(&str, &str)] = &[
    ("twilio", "twilio-key"),
    ("datadog", "datadog-key"),
    ("dd_api_key", "datadog-key"),
    ("dd_app_key", "datadog-key"),
    ("heroku", "heroku-key"),
    ("cloudflare", "cloudflare-token"),
    ("fastly", "fastly-token"),
    ("linode", "linode-token"),
    ("hetzner", "hetzner-token"),
    ("vultr", "vultr-key"),
    ("scaleway", "scaleway-key"),
    ("pagerduty", "pagerduty-key"),
    ("okta", "okta-token"),
    ("auth0", "auth0-secret"),
    ("snyk", "snyk-token"),
    ("sonar", "sonar-token"),
    ("codecov", "codecov-token"),
    ("algolia", "algolia-key"),
    ("mailgun", "mailgun-key"),
    ("mailjet", "mailjet-key"),
    ("snowflake", "snowflake-password"),
    ("confluent", "confluent-key"),
    ("cohere", "cohere-key"),
    ("mistral", "mistral-key"),
    ("airtable", "airtable-key"),
    ("asana", "asana-token"),
    ("zendesk", "zendesk-token"),
    ("intercom", "intercom-token"),
    ("dropbox", "dropbox-token"),
    ("twitter", "twitter-key"),
    ("facebook", "facebook-secret"),
    ("paypal", "paypal-secret"),
    ("adyen", "adyen-key"),
    ("resend", "resend-key"),
    ("wandb", "wandb-key"),
    ("launchdarkly", "launchdarkly-key"),
    ("alibaba", "alibaba-secret"),
    ("aliyun", "alibaba-secret"),
    ("tencent", "tencent-secret"),
    ("ibm", "ibm-key"),
    ("jira", "atlassian-token"),
    ("confluence", "atlassian-token"),
    ("vault_token", "vault-token"),
    ("sharedaccesskey", "azure-shared-access-key"),
    ("django", "django-secret-key"),
    ("rails", "rails-key"),
];

/// Credentials told by what stands around them.
pub(super) fn in_context(piece: Piece<'_>, settings: bool, told: &mut Told, hits: &mut Vec<Hit>) {
    in_assignments(piece, settings, &mut told.words, hits);
    each(piece, &SCHEME_END, &mut told.addresses, hits, url_password);
    each(piece, &AZURE_MARK, &mut told.azure, hits, azure_secret);
    each(
        piece,
        &SIGNATURE,
        &mut told.signatures,
        hits,
        azure_signature,
    );
    each(piece, &DSN, &mut told.names, hits, source_password);
}

/// What `judge` makes of every mark that begins in the part that is searched.
fn each(
    piece: Piece<'_>,
    mark: &memmem::Finder<'_>,
    told: &mut usize,
    hits: &mut Vec<Hit>,
    judge: fn(&[u8], usize) -> Option<Hit>,
) {
    let length = mark.needle().len();
    let end = piece
        .bytes
        .len()
        .min(piece.limit.saturating_add(length - 1));
    let mut from = piece.from.max(*told);
    while let Some(found) = piece.bytes.get(from..end).and_then(|rest| mark.find(rest)) {
        let at = from + found;
        if hits.len() >= MAX_HITS {
            return;
        }
        from = at + length;
        if let Some(hit) = judge(piece.bytes, at) {
            from = from.max(hit.end);
            hits.push(hit);
        }
        *told = from;
    }
}

fn in_assignments(piece: Piece<'_>, settings: bool, told: &mut usize, hits: &mut Vec<Hit>) {
    let bytes = piece.bytes;
    let end = bytes.len().min(piece.limit.saturating_add(3));
    let from = piece.from.max(*told);
    let Some(part) = bytes.get(from..end) else {
        return;
    };
    let marks = &*MARKS;
    for (at, gram) in part.array_windows::<4>().enumerate() {
        if !marks.may_hold(folded(*gram)) {
            continue;
        }
        let at = from + at;
        if at < *told || hits.len() >= MAX_HITS {
            continue;
        }
        let begins = |word: &str| {
            bytes[at..]
                .get(..word.len())
                .is_some_and(|here| here.eq_ignore_ascii_case(word.as_bytes()))
        };
        let Some(word) = marks.marks(folded(*gram)).find(|word| begins(WORDS[*word])) else {
            continue;
        };
        let behind = at + WORDS[word].len();
        let hit = match word {
            BEARER => carried(bytes, behind, false),
            BASIC => carried(bytes, behind, true),
            KUBECONFIG => kubeconfig_key(bytes, behind),
            IDENTIFIED => in_statement(bytes, behind),
            PASSWORD | PWD | ACCOUNT_KEY => {
                assigned(bytes, at, behind, settings).or_else(|| in_connection(bytes, at, behind))
            }
            _ => assigned(bytes, at, behind, settings),
        };
        *told = hit.map_or(behind, |hit| hit.end.max(behind));
        hits.extend(hit);
    }
}

fn url_password(bytes: &[u8], at: usize) -> Option<Hit> {
    let scheme = bytes[at.saturating_sub(20)..at]
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'-'))
        .count();
    let start = at - scheme;
    let rest = &bytes[start..bytes.len().min(at + 400)];
    // Most addresses name nobody.
    let stop = rest[scheme + 3..].iter().position(|byte| {
        matches!(
            byte,
            b'@' | b'/' | b' ' | b'\n' | b'"' | b'\'' | b'<' | b'>' | b'`'
        )
    })?;
    if rest[scheme + 3 + stop] != b'@' {
        return None;
    }
    let text = std::str::from_utf8(&rest[..scheme + 3 + stop + 1]).ok()?;
    let (user, password) = text[scheme + 3..].trim_end_matches('@').split_once(':')?;
    let host = &rest[scheme + 3 + stop + 1..];
    let of_manuals = host.starts_with(b"example.") || host.starts_with(b"host/");
    let odd = |c: char| !(c.is_ascii_alphanumeric() || "._%+-~!$&*".contains(c));
    if user == password || of_manuals || user.contains(odd) {
        return None;
    }
    in_urls(text, start).next()
}

/// The signature of a link that opens a storage of Azure (Storage, "Create a service SAS").
fn azure_signature(bytes: &[u8], at: usize) -> Option<Hit> {
    let link =
        |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`');
    let before = &bytes[at.saturating_sub(super::detector::LOOKBEHIND)..at];
    let length = before.iter().rev().take_while(|byte| link(byte)).count();
    let start = at + 4;
    let rest = &bytes[start..bytes.len().min(start + 400)];
    let value = &rest[..rest
        .iter()
        .take_while(|byte| link(byte) && !matches!(byte, b'&' | b';' | b',' | b')'))
        .count()];
    let behind = &rest[value.len()..];
    let behind = &behind[..behind.iter().take_while(|byte| link(byte)).count()];
    let around = [&before[before.len() - length..], b"&", behind].concat();
    let dated =
        memmem::find(&around, b"sv=20").is_some() || memmem::find(&around, b"sr=").is_some();
    let text = std::str::from_utf8(value).ok()?;
    let believed =
        dated && value.len() >= 40 && !super::placeholder::is_example(value) && looks_random(text);
    believed.then(|| Hit {
        kind: "azure-shared-access-signature",
        severity: Severity::High,
        start,
        end: start + value.len(),
        fingerprint: Fingerprint::of(value),
    })
}

/// The password of `user:password@tcp(host)`, as Go's driver for MySQL takes it.
fn source_password(bytes: &[u8], at: usize) -> Option<Hit> {
    let before = &bytes[at.saturating_sub(128)..at];
    let length = before
        .iter()
        .rev()
        .take_while(|byte| {
            byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'=' | b'/' | b'`')
        })
        .count();
    let text = std::str::from_utf8(&before[before.len() - length..]).ok()?;
    let (user, password) = text.split_once(':')?;
    let believed =
        !user.is_empty() && user != password && password.len() >= 5 && !is_placeholder(password);
    believed.then(|| Hit {
        kind: "connection-string-password",
        severity: Severity::High,
        start: at - password.len(),
        end: at,
        fingerprint: Fingerprint::of(password.as_bytes()),
    })
}

fn azure_secret(bytes: &[u8], at: usize) -> Option<Hit> {
    let start = at.checked_sub(4)?;
    if start > 0 && bytes[start - 1].is_ascii_alphanumeric() {
        return None;
    }
    let found = AZURE_SECRET.find(&bytes[start..bytes.len().min(start + 64)])?;
    let value = found.as_bytes();
    (!super::placeholder::is_example(value)).then(|| Hit {
        kind: "azure-client-secret",
        severity: Severity::Critical,
        start,
        end: start + value.len(),
        fingerprint: Fingerprint::of(value),
    })
}

/// What an authorization header carries.
fn carried(bytes: &[u8], start: usize, basic: bool) -> Option<Hit> {
    use base64::Engine as _;
    let rest = &bytes[start..bytes.len().min(start + 4096)];
    let length = rest
        .iter()
        .take_while(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_' | b'.' | b'~')
        })
        .count();
    let value = &rest[..length];
    if length < 12 {
        return None;
    }
    let (kind, secret) = if basic {
        let decoded = String::from_utf8(BASE64.decode(value).ok()?).ok()?;
        let (_, password) = decoded.split_once(':')?;
        if is_placeholder(password) || password.chars().any(char::is_control) {
            return None;
        }
        ("basic-authorization", password.to_owned())
    } else {
        let value = std::str::from_utf8(value).ok()?;
        if length < 20 || is_placeholder(value) || !looks_random(value) {
            return None;
        }
        let kind = if is_jwt(value)? {
            "jwt"
        } else {
            "bearer-token"
        };
        (kind, value.to_owned())
    };
    Some(Hit {
        kind,
        severity: Severity::High,
        start,
        end: start + length,
        fingerprint: Fingerprint::of(secret.as_bytes()),
    })
}

/// Whether a value is a JSON web token; none where it is one that stands in every manual.
pub(super) fn is_jwt(value: &str) -> Option<bool> {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let Some(parts) = JWT.captures(value.as_bytes()) else {
        return Some(false);
    };
    let part = |index: usize| URL_SAFE_NO_PAD.decode(parts.get(index)?.as_bytes()).ok();
    let (Some(header), Some(payload)) = (part(1), part(2)) else {
        return Some(false);
    };
    let has = |text: &[u8], word: &str| memmem::find(text, word.as_bytes()).is_some();
    // Those of jwt.io and of RFC 7519.
    let known = ["John Doe", "1234567890", "example.com/is_root"];
    if known.iter().any(|mark| has(&payload, mark)) {
        return None;
    }
    Some(has(&header, "\"alg\""))
}

fn kubeconfig_key(bytes: &[u8], start: usize) -> Option<Hit> {
    let rest = bytes[start..].strip_prefix(b":")?;
    let blank = rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'"' | b'\''))
        .count();
    let rest = &rest[blank..];
    let length = rest
        .iter()
        .take(16_000)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
        .count();
    let Verdict::Value {
        kind,
        severity,
        value,
    } = encoded_private_key(&rest[..length])
    else {
        return None;
    };
    Some(Hit {
        kind,
        severity,
        start: start + 1 + blank,
        end: start + 1 + blank + length,
        fingerprint: Fingerprint::of(&value),
    })
}

fn name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// What is assigned to the name around the word at `at`, which ends at `word_end`.
fn assigned(bytes: &[u8], at: usize, word_end: usize, settings: bool) -> Option<Hit> {
    let before = bytes[at.saturating_sub(64)..at]
        .iter()
        .rev()
        .take_while(|byte| name_byte(**byte))
        .count();
    let after = bytes[word_end..bytes.len().min(word_end + 48)]
        .iter()
        .take_while(|byte| name_byte(**byte))
        .count();
    let name_end = word_end + after;
    let name = std::str::from_utf8(&bytes[at - before..name_end]).ok()?;
    let name = name.trim_start_matches(['-', '.']);
    let promised = names_secret(name);
    if !promised && !may_name_secret(name) {
        return None;
    }
    let found = value_of_pair(bytes, at - before, name_end, settings);
    let found = found.or_else(|| value_behind(bytes, name_end, settings));
    let Some((start, value, quoted)) = found.or_else(|| {
        settings
            .then(|| value_of_word(bytes, at - before, name_end))
            .flatten()
    }) else {
        return name
            .eq_ignore_ascii_case("password")
            .then(|| in_statement(bytes, name_end))
            .flatten();
    };
    if !promised && !is_surely_drawn(value) {
        return None;
    }
    if !quoted && is_comment(&bytes[at.saturating_sub(120)..at]) {
        return None;
    }
    let (kind, severity) = judged(name, value, !quoted)?;
    Some(Hit {
        kind,
        severity,
        start,
        end: start + value.len(),
        fingerprint: Fingerprint::of(value.as_bytes()),
    })
}

/// The password of an SQL statement: `IDENTIFIED BY 'x'`, `PASSWORD 'x'`, `PASSWORD('x')`.
fn in_statement(bytes: &[u8], behind: usize) -> Option<Hit> {
    let rest = &bytes[behind..bytes.len().min(behind + 128)];
    let blank = rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'('))
        .count();
    let value = rest[blank..].strip_prefix(b"'")?;
    let value = std::str::from_utf8(&value[..memchr::memchr(b'\'', value)?]).ok()?;
    let (kind, severity) = judged("password", value, true)?;
    let start = behind + blank + 1;
    Some(Hit {
        kind,
        severity,
        start,
        end: start + value.len(),
        fingerprint: Fingerprint::of(value.as_bytes()),
    })
}

/// The value of a pair, as Kubernetes and others write variables: `name: DB_PASSWORD` and behind it
/// `value: …`.
fn value_of_pair(
    bytes: &[u8],
    name_at: usize,
    name_end: usize,
    settings: bool,
) -> Option<(usize, &str, bool)> {
    let before = bytes[name_at.saturating_sub(12)..name_at].to_ascii_lowercase();
    let before = before.trim_ascii_end();
    let before = before
        .strip_suffix(b"\"")
        .unwrap_or(before)
        .trim_ascii_end();
    let before = before.strip_suffix(b"'").unwrap_or(before).trim_ascii_end();
    let before = before
        .strip_suffix(b":")
        .or(before.strip_suffix(b"="))?
        .trim_ascii_end();
    let before = before.strip_suffix(b"\"").unwrap_or(before);
    if !before.ends_with(b"name") && !before.ends_with(b"key") {
        return None;
    }
    let rest = &bytes[name_end..bytes.len().min(name_end + 96)];
    let blank = rest
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b','))
        .count();
    let word = rest.get(blank..blank + 5)?;
    word.eq_ignore_ascii_case(b"value")
        .then(|| value_behind(bytes, name_end + blank + 5, settings))
        .flatten()
}

/// The value of `name value`, alone on their line but for what sets a variable.
fn value_of_word(bytes: &[u8], name_at: usize, name_end: usize) -> Option<(usize, &str, bool)> {
    let before = &bytes[name_at.saturating_sub(32)..name_at];
    let line = before.rsplit(|byte| *byte == b'\n').next()?.trim_ascii();
    if !matches!(line, b"" | b"ENV" | b"set" | b"setx") {
        return None;
    }
    let rest = &bytes[name_end..bytes.len().min(name_end + 256)];
    let rest = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    let blank = rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let value = rest[blank..].trim_ascii();
    let (quote, value) = match value {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => (1, inner),
        _ => (0, value),
    };
    if blank == 0 || value.is_empty() || value.iter().any(u8::is_ascii_whitespace) {
        return None;
    }
    let value = std::str::from_utf8(value).ok()?;
    Some((name_end + blank + quote, value, false))
}

/// Whether the last line of what stands before is a comment.
fn is_comment(before: &[u8]) -> bool {
    let line = before
        .rsplit(|byte| *byte == b'\n')
        .next()
        .unwrap_or(before);
    matches!(
        line.trim_ascii_start(),
        [b'#' | b';', ..] | [b'/', b'/', ..]
    )
}

/// The value that is assigned to what ends at `at`, where it begins, and whether in quotes.
fn value_behind(bytes: &[u8], at: usize, settings: bool) -> Option<(usize, &str, bool)> {
    let line = &bytes[at..bytes.len().min(at + 1024)];
    let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
    let mut rest = line;
    let skip = |rest: &mut &[u8], what: &[u8]| -> usize {
        let count = rest.iter().take_while(|byte| what.contains(byte)).count();
        *rest = &rest[count..];
        count
    };
    let closed = skip(&mut rest, b"\\\"'`])");
    let mut tag = false;
    if closed == 0 && rest.first() == Some(&b'>') {
        // `<password>…</password>`
        rest = &rest[1..];
        tag = true;
    } else {
        skip(&mut rest, b" \t");
        if closed > 0 && rest.starts_with(b"value=") {
            rest = &rest[6..];
        } else if let Some(more) = [&b"=>"[..], b":=", b"?=", b"->"]
            .iter()
            .find_map(|operator| rest.strip_prefix(*operator))
        {
            rest = more;
        } else if let Some(more) = rest.strip_prefix(b"=") {
            if more.starts_with(b"=") || more.starts_with(b"~") {
                return None;
            }
            rest = more;
        } else if let Some(more) = rest.strip_prefix(b":") {
            rest = after_type(more);
        } else if closed > 0 && rest.first() == Some(&b',') {
            rest = &rest[1..];
        } else {
            return None;
        }
        skip(&mut rest, b" \t");
    }
    // Prefixes of strings, and backslashes of strings in strings.
    while let [
        b'b' | b'r' | b'u' | b'f' | b'@' | b'$' | b'\\' | b'L',
        more @ ..,
    ] = rest
    {
        if !matches!(more.first(), Some(b'"' | b'\'' | b'`' | b'\\')) {
            break;
        }
        rest = more;
    }
    let (rest, end, quoted) = match rest {
        [quote @ (b'"' | b'\'' | b'`'), more @ ..] => {
            let end = more
                .iter()
                .position(|byte| byte == quote || *byte == b'\\')?;
            (more, end, true)
        }
        _ if tag => (rest, memchr::memchr(b'<', rest)?, true),
        _ if settings => {
            let end = rest
                .iter()
                .position(|byte| {
                    byte.is_ascii_whitespace()
                        || matches!(byte, b'"' | b'\'' | b'`' | b',' | b';' | b'<' | b'>')
                })
                .unwrap_or(rest.len());
            (rest, end, false)
        }
        _ => return None,
    };
    let value = std::str::from_utf8(&rest[..end]).ok()?;
    let start = at + (line.len() - rest.len());
    Some((start, value, quoted))
}

/// Behind the colon of `name: Type = "…"`, what is behind the equals sign.
fn after_type(rest: &[u8]) -> &[u8] {
    let length = rest
        .iter()
        .take(40)
        .take_while(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(
                    byte,
                    b' ' | b'_' | b'<' | b'>' | b'|' | b'&' | b'[' | b']' | b'.'
                )
        })
        .count();
    match &rest[length..] {
        [b'=', more @ ..] if length > 1 && !more.starts_with(b"=") => more,
        _ => rest,
    }
}

/// What kind of credential the value of a name is, if it is one.
fn judged(name: &str, value: &str, bare: bool) -> Option<(&'static str, Severity)> {
    if value.len() < 6
        || value.len() > 600
        || !value.bytes().all(|byte| byte.is_ascii_graphic())
        || is_placeholder(value)
        || is_code(value)
    {
        return None;
    }
    if let Some(known) = known_form(name, value)? {
        return Some(known);
    }
    let lower = folded_name(name);
    let password = ["password", "passwd", "passphrase", "pwd"]
        .iter()
        .any(|word| lower.contains(word));
    let has = |sort: fn(&u8) -> bool| value.bytes().any(|byte| sort(&byte));
    let mixed = value.len() >= 8
        && !value.contains(['_', '-', '.'])
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase);
    let believed = looks_random(value)
        || (password && mixed)
        || (password
            && bare
            && !value.contains(['(', '{', '['])
            && value.bytes().any(|byte| !byte.is_ascii_alphabetic()));
    if !believed {
        return None;
    }
    Some((maker(name).unwrap_or("secret-value"), Severity::High))
}

fn folded_name(name: &str) -> String {
    name.to_ascii_lowercase().replace(['-', '.'], "_")
}

/// The kind that the name alone gives away.
pub(super) fn maker(name: &str) -> Option<&'static str> {
    let name = folded_name(name);
    let found = MAKERS.iter().find(|(word, _)| name.contains(word));
    found.map(|(_, kind)| *kind)
}

/// What kind of credential a value is by its form and its name. The outer none means that it is
/// none at all, an example of a manual.
#[expect(
    clippy::option_option,
    reason = "no credential is not the same as one of no known form"
)]
pub(super) fn known_form(name: &str, value: &str) -> Option<Option<(&'static str, Severity)>> {
    let lower = folded_name(name);
    let bytes = value.as_bytes();
    if bytes.len() == 40
        && (lower.contains("secret_access")
            || lower.contains("secretaccess")
            || lower.contains("aws"))
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+'))
        && !bytes.iter().all(u8::is_ascii_hexdigit)
    {
        return Some(Some(("aws-secret-key", Severity::Critical)));
    }
    if lower.contains("accountkey") && bytes.len() == 88 && bytes.ends_with(b"==") {
        return Some(Some(("azure-storage-key", Severity::Critical)));
    }
    if is_jwt(value)? {
        return Some(Some(("jwt", Severity::High)));
    }
    if DISCORD.is_match(bytes) {
        return Some(Some(("discord-token", Severity::Critical)));
    }
    Some(None)
}

/// Whether a value is a piece of code or of a template, a path or a version.
pub(super) fn is_code(value: &str) -> bool {
    value.contains("${")
        || value.contains("#{")
        || value.contains("{{")
        || value.contains("()")
        || value.contains("::")
        || value.contains("=>")
        || value.contains("&&")
        || value.starts_with(['{', '(', '@', '&', '.', '#', ':', '!', '='])
        || value.ends_with(['(', '[', '{'])
        || value.contains("://")
        || (value.contains('(') && value.contains(')'))
        || (value.contains('[') && value.contains(']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str, settings: bool) -> Vec<&'static str> {
        let mut hits = Vec::new();
        in_context(Piece::text(text), settings, &mut Told::default(), &mut hits);
        for hit in &hits {
            assert!(!text[hit.start..hit.end].contains(['"', ' ', '=']));
        }
        hits.into_iter().map(|hit| hit.kind).collect()
    }

    const VALUE: &str = "q7RtY2mWx9KpLz4VbN8c";

    #[test]
    fn what_is_assigned_to_a_name_that_promises_a_credential() {
        for code in [
            "DB_PASSWORD = 'VALUE'",
            "const apiKey: string = \"VALUE\";",
            "config[\"secret_token\"] = \"VALUE\"",
            "{\"client-secret\": \"VALUE\"}",
            "{\\\"client_secret\\\":\\\"VALUE\\\"}",
            "os.environ.setdefault('SESSION_SECRET', 'VALUE')",
            "password => 'VALUE',",
            "<password>VALUE</password>",
            "<add key=\"ApiToken\" value=\"VALUE\"/>",
            "token := \"VALUE\"",
        ] {
            assert_eq!(
                kinds(&code.replace("VALUE", VALUE), false),
                ["secret-value"],
                "{code}"
            );
        }
        for line in [
            "spring.datasource.password=VALUE",
            "  password: VALUE",
            "export API_KEY=VALUE",
        ] {
            let line = line.replace("VALUE", VALUE);
            assert_eq!(kinds(&line, true), ["secret-value"], "{line}");
            assert!(kinds(&line, false).is_empty(), "{line}");
        }
        assert_eq!(kinds("password: hunter2", true), ["secret-value"]);
        assert_eq!(
            kinds(&format!("TWILIO_AUTH_TOKEN={VALUE}"), true),
            ["twilio-key"]
        );
    }

    #[test]
    fn names_words_and_code_are_no_values() {
        for code in [
            "password = getPassword()",
            "token = 'user_token_v2'",
            "token == 'q7RtY2mWx9KpLz4VbN8c'",
            "password: \"${DB_PASSWORD}\"",
            "PASSWORD_HASHERS = 'pbkdf2-sha256-a1'",
            "secret = 'changeme123'",
            "token: 'https://x.io/token/v1a2'",
            "tokenPath = 'q7RtY2mWx9KpLz4VbN8c'",
            "public_key_token=\"b77a5c561934e089\"",
            "# password: q7RtY2mWx9KpLz4VbN8c",
        ] {
            assert!(kinds(code, true).is_empty(), "{code}");
        }
    }

    #[test]
    fn pairs_words_and_statements() {
        for (text, settings) in [
            ("- name: DB_PASSWORD\n  value: \"VALUE\"\n", true),
            ("- name: DB_PASSWORD\n  value: VALUE\n", true),
            ("{\"name\": \"DB_PASSWORD\", \"value\": \"VALUE\"}", false),
            ("requirepass VALUE\n", true),
            ("  bindpw VALUE\n", true),
            ("ENV DB_PASSWORD VALUE\n", true),
            ("password \"VALUE\"\n", true),
            ("CREATE USER a IDENTIFIED BY 'VALUE';", false),
            ("ALTER USER a WITH PASSWORD 'VALUE';", false),
            ("SET PASSWORD FOR a = PASSWORD('VALUE');", false),
            ("default_pass = VALUE\n", true),
            ("openai_key = \"VALUE\"\n", false),
        ] {
            let text = text.replace("VALUE", VALUE);
            assert_eq!(kinds(&text, settings), ["secret-value"], "{text}");
        }
        assert_eq!(
            kinds(&format!("x=app:{VALUE}@tcp(db:3306)/x"), false),
            ["connection-string-password"]
        );
        let link = format!(
            "https://a/c?sv=2022-11-02&sig={}%3D&sp=r",
            "q7RtY2mW9KpLz4VbN8c%2Bx".repeat(2)
        );
        assert_eq!(kinds(&link, false), ["azure-shared-access-signature"]);
        for sham in [
            "password required pam_unix.so\n",
            "PasswordAuthentication yes\n",
            "PASS_MAX_DAYS 99999\n",
            "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef: x\n",
            "sort_key = \"q7RtY2mWx9KpLz4VbN8c\"\n",
            "GPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568\n",
            "cache_key: d41d8cd98f00b204e9800998ecf8427e\n",
            "IDENTIFIED BY 'password'",
        ] {
            assert!(kinds(sham, true).is_empty(), "{sham}");
        }
    }

    #[test]
    fn addresses_and_headers() {
        assert_eq!(kinds("mysql://root:s3cr3t!x@db/x", false), ["url-password"]);
        for sham in [
            "https://me:s3cr3t1@example.com/",
            "oci://DIR[:TAG|@DIGEST]",
            "postgres://postgres:postgres@db/",
            "http://localhost:8080/a@b",
            "redis://:{password}@db",
        ] {
            assert!(kinds(sham, false).is_empty(), "{sham}");
        }
        let basic = format!(
            "Authorization: Basic {}",
            BASE64.encode(format!("bob:{VALUE}"))
        );
        assert_eq!(kinds(&basic, false), ["basic-authorization"]);
        assert_eq!(
            kinds(&format!("Bearer {VALUE}{VALUE}"), false),
            ["bearer-token"]
        );
        let part = |json: &str| BASE64.encode(json).replace('=', "");
        let jwt = |payload: &str| {
            format!(
                "token: {}.{}.{VALUE}{VALUE}",
                part("{\"alg\":\"HS256\"}"),
                part(payload)
            )
        };
        assert_eq!(
            kinds(&jwt("{\"sub\":\"svc\",\"role\":\"admin\"}"), true),
            ["jwt"]
        );
        assert!(kinds(&jwt("{\"sub\":\"1234567890\",\"name\":\"John Doe\"}"), true).is_empty());
        let azure = format!("x = abc8Q~{}", &"q7RtY2mWx9KpLz4VbN8c".repeat(2)[..34]);
        assert_eq!(kinds(&azure, false), ["azure-client-secret"]);
    }

    use base64::Engine as _;
}
