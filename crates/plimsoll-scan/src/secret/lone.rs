//! Files that hold one credential and nothing else: `/run/secrets/db_password`, `master.key`.

use plimsoll_model::Severity;

use super::Hit;
use super::command::is_hash;
use super::drawn::looks_random;
use super::form::{is_one_piece, known_form};
use super::hits::Hits;
use super::name::promises;
use super::placeholder::is_placeholder;

/// The longest file that is looked at, in bytes.
const LONGEST: usize = 4 << 10;

/// Endings that say nothing of what a file is.
const PLAIN: &[&str] = &[
    "", "txt", "key", "secret", "pass", "password", "token", "cookie", "cred",
];

/// Folders in which every file is a credential, by the custom of those who mount them there.
const FOLDERS: &[&str] = &["secrets", ".secrets", "run-secrets"];

/// The credential that a file consists of.
pub(super) fn lone_value(path: &str, bytes: &[u8]) -> Option<Hit> {
    if bytes.len() > LONGEST {
        return None;
    }
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let name = name.trim_start_matches('.');
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    if !PLAIN.contains(&ending) {
        return None;
    }
    let folder = folder.rsplit('/').next().unwrap_or(folder);
    let named = promises(stem)
        || promises(ending)
        || is_rails_key(path)
        || (FOLDERS.contains(&folder) && (ending.is_empty() || ending == "key"));
    if !named {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let value = text.trim();
    let believed = value.len() >= 8
        && is_one_piece(value)
        && !is_placeholder(value)
        && !value.contains("://")
        && !is_account(value)
        && (!value.is_ascii() || looks_random(value) || is_drawn(value));
    let start = text.find(value)?;
    let believed = believed.then_some(value)?;
    let (kind, severity) = known_form(stem, believed)?.unwrap_or(("secret-file", Severity::High));
    Some(Hit::of(kind, severity, start, believed.as_bytes()))
}

/// A line of passwd(5) or group(5), without the hash of a password: images of nothing else than a
/// program bring one user.
fn is_account(value: &str) -> bool {
    let fields: Vec<&str> = value.split(':').collect();
    let is_number = |field: &&str| !field.is_empty() && field.bytes().all(|b| b.is_ascii_digit());
    match fields.as_slice() {
        [_, hash, uid, gid, _, _, _] => is_number(uid) && is_number(gid) && !is_hash(hash),
        [_, hash, gid, _] => is_number(gid) && !is_hash(hash),
        _ => false,
    }
}

/// What opens the credentials of Rails (`rails credentials:edit`).
fn is_rails_key(path: &str) -> bool {
    path.ends_with("config/master.key")
        || (path.contains("config/credentials/") && path.ends_with(".key"))
}

/// Letters of one size without a vowel's share: keys in hexadecimal, cookies of Erlang.
fn is_drawn(value: &str) -> bool {
    let hexadecimal = value.len() >= 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let capitals = value.len() >= 20 && value.bytes().all(|byte| byte.is_ascii_uppercase());
    hexadecimal || capitals
}

/// Hashes of passwords in `/etc/shadow`: whoever has the image may guess them at leisure
/// (shadow(5)).
pub(super) fn in_shadow(path: &str, text: &str, hits: &mut Hits) {
    if !matches!(
        path,
        "etc/shadow" | "etc/shadow-" | "etc/gshadow" | "etc/gshadow-"
    ) {
        return;
    }
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let Some((user, rest)) = line.split_once(':') else {
            continue;
        };
        let hash = rest.split(':').next().unwrap_or_default().trim();
        if is_hash(hash) {
            let start = at + user.len() + 1;
            hits.push(Hit::of(
                "password-hash",
                Severity::Medium,
                start,
                hash.as_bytes(),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(path: &str, text: &str) -> Option<String> {
        lone_value(path, text.as_bytes()).map(|hit| text[hit.start..hit.end].to_owned())
    }

    #[test]
    fn a_file_that_is_a_credential() {
        let password = "q7RtY2mWx9KpLz4V";
        for path in [
            "run/secrets/db_password",
            "srv/.vault_pass",
            "etc/app/api-token.txt",
            "etc/ldap.secret",
            "var/jenkins_home/secrets/initialAdminPassword",
            "srv/config/master.key",
        ] {
            assert_eq!(
                value(path, &format!("{password}\n")).as_deref(),
                Some(password),
                "{path}"
            );
        }
        let cookie = "QWRTZPSDFGHJKLXCVBNM";
        assert_eq!(
            value("var/lib/x/secrets/cookie", cookie).as_deref(),
            Some(cookie)
        );
        for (path, text) in [
            ("run/secrets/db_password", "changeme-later"),
            ("run/secrets/db_password", "two words here1"),
            ("srv/notes.txt", password),
            ("srv/token.py", password),
            ("srv/password_file", password),
            ("run/secrets/url", "https://x.io/a1B2c3d4"),
            (
                "etc/passwd",
                "nobody:x:65534:65534:nobody:/:/sbin/nologin\n",
            ),
            (
                "etc/passwd-",
                "nobody:*:65534:65534::/nonexistent:/bin/false",
            ),
            (
                "srv/rootfs/etc/passwd",
                "user:x:1000:1000::/home/user:/bin/sh",
            ),
            ("etc/passwd", "q7RtY2mWx9Kp::10001:10001::/home/q7RtY2mW:"),
            (
                "srv/secrets/group",
                "q7RtY2mWx9KpLz4V:x:65532:q7RtY2mWx9KpLz4V",
            ),
        ] {
            assert_eq!(value(path, text), None, "{path}");
        }
    }

    #[test]
    fn a_file_of_one_token_is_of_its_kind() {
        let token = format!("s.{}", "q7RtY2mWx9KpLz4VbN8cHd3F");
        let kind = |path: &str, text: &str| lone_value(path, text.as_bytes()).map(|hit| hit.kind);
        assert_eq!(kind("root/.vault-token", &token), Some("vault-token"));
        assert_eq!(kind("srv/api_token", &token), Some("secret-file"));
        assert_eq!(kind("root/.vault-token", "s.toLowerCase"), None);
        assert_eq!(kind("root/vault.md", &token), None);
    }

    #[test]
    fn hashes_of_accounts() {
        let hash = format!("$6$q7RtY2mW${}", "aB3dE5gH".repeat(10));
        let text = format!("root:*:1::::::\nbob:{hash}:19000:0:99999:7:::\nal:!:1::::::\n");
        let mut hits = Hits::default();
        in_shadow("etc/shadow", &text, &mut hits);
        assert_eq!(hits.len(), 1);
        assert_eq!(text[hits[0].start..hits[0].end], hash);
        in_shadow("srv/etc/shadow", &text, &mut hits);
        assert_eq!(hits.len(), 1);
    }
}
