//! Credentials in what carries them: addresses, links, headers, a cluster's configuration.

use std::sync::LazyLock;

use base64::Engine as _;
use memchr::memmem;
use plimsoll_model::Severity;
use regex::bytes::Regex;

use super::super::assignment::{has_drawn_piece, in_url};
use super::super::detector::LOOKBEHIND;
use super::super::drawn::looks_random;
use super::super::form::{LONGEST, Written, is_code, is_jwt, judged};
use super::super::name::promises;
use super::super::pattern::{BASE64, Verdict, encoded_private_key};
use super::super::placeholder::{is_example, is_placeholder};
use super::super::{Fingerprint, Hit};

/// A secret of an application in Azure's directory: its mark is at the fifth and sixth place.
static AZURE_SECRET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}").expect("a constant expression")
});

/// The password of `scheme://user:password@host`, whose `://` is at `at`.
pub(super) fn url_password(bytes: &[u8], at: usize) -> Option<Hit> {
    let scheme = bytes[at.saturating_sub(20)..at]
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'-'))
        .count();
    let start = at - scheme;
    let rest = &bytes[start..bytes.len().min(at + 400)];
    // Most addresses name nobody.
    let login = &rest[scheme + 3..];
    let ends = |byte: &u8| {
        matches!(
            byte,
            b'/' | b' ' | b'\n' | b'"' | b'\'' | b'<' | b'>' | b'`'
        )
    };
    let end = login.iter().position(ends).unwrap_or(login.len());
    memchr::memchr(b'@', &login[..end])?;
    let text = rest[..scheme + 3 + end].utf8_chunks().next()?.valid();
    let hit = in_url(text, 0)?;
    let told = Hit {
        start: hit.start + start,
        end: hit.end + start,
        ..hit
    };
    let Some((user, password)) = text[scheme + 3..hit.end].split_once(':') else {
        // A token that names who it is.
        let at = memchr::memchr(b'@', &rest[hit.end..])?;
        return (!rest[hit.end + at + 1..].starts_with(b"example.")).then_some(told);
    };
    let host = &rest[hit.end + 1..];
    let of_manuals = host.starts_with(b"example.")
        || host.starts_with(b"host/")
        // `p@ss`, to show how it is written.
        || (password.contains('@') && is_placeholder(&password.replace('@', "a")));
    let odd = |c: char| !(c.is_ascii_alphanumeric() || "._%+-~!$&*".contains(c));
    if user == password || of_manuals || user.contains(odd) {
        return None;
    }
    Some(told)
}

/// The password of `?user=…&password=…` in an address, or a key, whose name ends with what stands from `at` to
/// `behind`.
pub(super) fn in_query(bytes: &[u8], at: usize, behind: usize) -> Option<Hit> {
    let before = &bytes[at.saturating_sub(LOOKBEHIND)..at];
    let begins = before.iter().rev();
    let begins = begins.take_while(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte));
    let begins = begins.count();
    let (before, at) = (&before[..before.len() - begins], at - begins);
    if !before.ends_with(b"?") && !before.ends_with(b"&") && !before.ends_with(b"&amp;") {
        return None;
    }
    let outside =
        |byte: &u8| !byte.is_ascii_graphic() || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`');
    let address = before.rsplit(outside).next()?;
    let follows = &bytes[behind..bytes.len().min(behind + LOOKBEHIND)];
    let follows = follows.split(outside).next()?;
    let holds = |text: &[u8], mark: &str| memmem::find(text, mark.as_bytes()).is_some();
    // Those of pictures and of files that all may fetch have tokens, too, and a link that is signed for a while
    // has one that opens nothing without what signs it.
    let is_open = ["badge", ".svg?", "alt=media"]
        .iter()
        .any(|mark| holds(address, mark) || holds(follows, mark));
    let name = std::str::from_utf8(&bytes[at..behind]).ok()?;
    let lower = name.to_ascii_lowercase();
    // The second is what a page searches with.
    let is_public = matches!(lower.as_str(), "x-amz-security-token" | "x-algolia-api-key");
    if is_open || is_public || !holds(address, "://") {
        return None;
    }
    let rest = bytes[behind..].strip_prefix(b"=")?;
    let rest = &rest[..rest.len().min(LONGEST)];
    // What a manual has in brackets may be left out: `?db=0[&password=password]`.
    let count = |mark: u8| address.iter().filter(|byte| **byte == mark).count();
    let is_in_brackets = count(b'[') > count(b']');
    let ends = |byte: &u8| match byte {
        b'&' | b'#' | b';' | b'\\' => true,
        b']' => is_in_brackets,
        _ => outside(byte),
    };
    let length = rest.iter().take_while(|byte| !ends(byte)).count();
    let value = std::str::from_utf8(&rest[..length]).ok()?;
    // `?pwd=page/one` and `&secret=show_all` are no credentials for their names alone.
    let written = match lower.as_str() {
        "password" | "passwd" => Written::Bare,
        _ => Written::Quoted,
    };
    // What is written into pages has such a mark.
    if !promises(name) || value.starts_with("pk.") || value.starts_with("pk_") {
        return None;
    }
    judged(name, value, written)?;
    let severity = match written {
        Written::Bare => Severity::Critical,
        _ => Severity::High,
    };
    Some(Hit::of(
        "url-password",
        severity,
        behind + 1,
        value.as_bytes(),
    ))
}

/// The password of `jdbc:oracle:thin:user/password@host`, whose `:thin:` is at `at`.
pub(super) fn thin_password(bytes: &[u8], at: usize) -> Option<Hit> {
    if !bytes[..at].ends_with(b"jdbc:oracle") {
        return None;
    }
    let start = at + 6;
    let rest = &bytes[start..bytes.len().min(start + 200)];
    let slash = rest.iter().position(|byte| !is_user(*byte))?;
    if slash == 0 || rest[slash] != b'/' {
        return None;
    }
    let value = &rest[slash + 1..];
    let end = value
        .iter()
        .position(|byte| !byte.is_ascii_graphic() || matches!(byte, b'@' | b'\'' | b'`'))?;
    let (user, value) = (&rest[..slash], &value[..end]);
    let text = std::str::from_utf8(value).ok()?;
    let believed = rest[slash + 1 + end] == b'@'
        && user != value
        && text.len() >= 4
        && !is_placeholder(text)
        && !is_code(text);
    believed.then(|| Hit::of("url-password", Severity::Critical, start + slash + 1, value))
}

fn is_user(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'$' | b'#')
}

/// The signature of a link that opens a storage of Azure (Storage, "Create a service SAS").
pub(super) fn azure_signature(bytes: &[u8], at: usize) -> Option<Hit> {
    let link =
        |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`');
    let before = &bytes[at.saturating_sub(LOOKBEHIND)..at];
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
    let has = |mark: &[u8]| memmem::find(&around, mark).is_some();
    // The second is how flows of Logic Apps and Power Automate are called.
    let dated = has(b"sv=20")
        || has(b"sr=")
        || (has(b"sv=1.0") && (has(b"%2Ftriggers%2F") || has(b"/triggers/")));
    let text = std::str::from_utf8(value).ok()?;
    let believed = dated && value.len() >= 40 && !is_example(value) && looks_random(text);
    believed.then(|| {
        Hit::of(
            "azure-shared-access-signature",
            Severity::High,
            start,
            value,
        )
    })
}

/// The password of `user:password@tcp(host)`, as Go's driver for MySQL takes it.
pub(super) fn source_password(bytes: &[u8], at: usize) -> Option<Hit> {
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

/// A secret whose mark is at `at`.
pub(super) fn azure_secret(bytes: &[u8], at: usize) -> Option<Hit> {
    let start = at.checked_sub(4)?;
    if start > 0 && bytes[start - 1].is_ascii_alphanumeric() {
        return None;
    }
    let found = AZURE_SECRET.find(&bytes[start..bytes.len().min(start + 64)])?;
    let value = found.as_bytes();
    (!is_example(value)).then(|| Hit::of("azure-client-secret", Severity::Critical, start, value))
}

/// A key of Azure that bears a mark with a plus in it, which begins at `at`: how many letters of
/// base64 stand before it, six behind it, and what they are padded with.
pub(super) fn azure_marked(bytes: &[u8], at: usize) -> Option<Hit> {
    const BEHIND: usize = 6;
    const MARKS: &[(&str, usize, &str, &str)] = &[
        ("+ACR", 42, "", "azure-registry-key"),
        ("+ASt", 76, "==", "azure-storage-key"),
        ("+ABa", 76, "==", "azure-batch-key"),
        ("+ASb", 33, "=", "azure-shared-access-key"),
        ("+AEh", 33, "=", "azure-shared-access-key"),
        ("+ARm", 33, "=", "azure-shared-access-key"),
    ];
    let here = &bytes[at..];
    let (mark, before, padding, kind) = MARKS
        .iter()
        .find(|(mark, ..)| here.starts_with(mark.as_bytes()))?;
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let start = at.checked_sub(*before)?;
    let end = at + mark.len() + BEHIND;
    let value = bytes.get(start..end)?;
    let apart = !bytes[..start].last().is_some_and(letter);
    let behind = bytes[end..].strip_prefix(padding.as_bytes())?;
    let ends = !behind
        .first()
        .is_some_and(|byte| letter(byte) || *byte == b'=');
    let believed = apart && ends && value.iter().all(letter) && !is_example(value);
    let value = &bytes[start..end + padding.len()];
    believed.then(|| Hit::of(kind, Severity::Critical, start, value))
}

/// What a header carries whose own name, which ends at `at`, promises a token: `X-Vault-Token: …`.
pub(super) fn in_header(bytes: &[u8], name: &str, at: usize) -> Option<Hit> {
    let lower = name.to_ascii_lowercase();
    if !lower.starts_with("x-") && lower != "private-token" && lower != "job-token" {
        return None;
    }
    let behind = bytes[at..].strip_prefix(b":")?;
    let blank = behind.iter().take_while(|byte| **byte == b' ').count();
    let hit = carried(bytes, at + 1 + blank, false)?;
    let kind = match hit.kind {
        "bearer-token" => "authorization-token",
        other => other,
    };
    Some(Hit { kind, ..hit })
}

/// What an authorization header carries.
pub(super) fn carried(bytes: &[u8], start: usize, basic: bool) -> Option<Hit> {
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
        let is_long = length >= 20 || (length >= 16 && has_drawn_piece(value));
        if !is_long || is_placeholder(value) || !looks_random(value) {
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

/// What a header carries under a name of its maker's own, behind `Authorization`, which ends at `at`:
/// `Token …`, `ApiKey …`. `Bearer` and `Basic` are told by their own names.
pub(super) fn authorized(bytes: &[u8], at: usize) -> Option<Hit> {
    const SCHEMES: &[&str] = &[
        "token",
        "apikey",
        "api-key",
        "key",
        "ssws",
        "geniekey",
        "bot",
        "splunk",
        "discogs",
        "private-token",
        "deepl-auth-key",
        "accesskey",
    ];
    let rest = &bytes[at..bytes.len().min(at + 96)];
    let count = |bytes: &[u8], of: &[u8]| bytes.iter().take_while(|byte| of.contains(byte)).count();
    let start = count(rest, b" \t\"'\\:=,]>");
    if !rest[..start].iter().any(|byte| b":=,".contains(byte)) {
        return None;
    }
    let length = rest[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic() || **byte == b'-')
        .count();
    let scheme = std::str::from_utf8(&rest[start..start + length]).ok()?;
    let behind = start + length;
    let blank = count(&rest[behind..], b" ");
    let lower = scheme.to_ascii_lowercase();
    let mut value_at = match blank > 0 && SCHEMES.contains(&lower.as_str()) {
        true => behind + blank,
        // A key that says by nothing how it is meant.
        false if blank == 0 && !matches!(lower.as_str(), "bearer" | "basic") => start,
        false => return None,
    };
    if rest[value_at..].starts_with(b"token=") {
        value_at += 6;
    }
    value_at += count(&rest[value_at..], b"\\\"");
    let hit = carried(bytes, at + value_at, false)?;
    let kind = match hit.kind {
        "bearer-token" => "authorization-token",
        other => other,
    };
    Some(Hit { kind, ..hit })
}

/// The private key of `client-key-data: …`, whose name ends at `start`.
pub(super) fn kubeconfig_key(bytes: &[u8], start: usize) -> Option<Hit> {
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
