//! Which names and values look like a credential.
//!
//! Names are judged by their words, not by letters somewhere in them, as BuildKit's
//! `SecretsUsedInArgOrEnv` does: `MONKEY` holds no key.

use plimsoll_model::credential::drawn::looks_random;
use plimsoll_model::credential::{name, placeholder};

/// How much a name or a pair looks like a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Suspicion {
    /// Not at all.
    None,
    /// By its name, but something speaks against it.
    Faint,
    /// It does.
    Strong,
}

/// Words that make a name one that a credential could have, wherever they stand: of a name alone, without
/// its value, nobody knows more.
const SECRET_WORDS: &[&str] = &[
    "apikey",
    "auth",
    "credential",
    "credentials",
    "key",
    "passphrase",
    "passwd",
    "password",
    "pword",
    "secret",
    "secrets",
    "token",
];

/// A word that makes it public, wherever it stands.
const PUBLIC_WORDS: &[&str] = &["public", "publishable", "pub"];

/// A last word that makes it something about a credential, not one.
const ABOUT_WORDS: &[&str] = &[
    "file",
    "path",
    "dir",
    "version",
    "url",
    "uri",
    "name",
    "names",
    "type",
    "length",
    "size",
    "ttl",
    "timeout",
    "expiry",
    "lifetime",
    "mode",
    "method",
    "enabled",
    "provider",
    "backend",
    "server",
    "servers",
    "keyserver",
    "host",
    "port",
    "policy",
    "algorithm",
    "issuer",
    "audience",
    "prefix",
    "format",
    "location",
    "store",
    "header",
];

/// Words in front of `KEY` where it is a public key's fingerprint, or no cryptographic key at all.
const HARMLESS_KEYS: &[&str] = &[
    "gpg",
    "pgp",
    "primary",
    "foreign",
    "sort",
    "partition",
    "cache",
    "apt",
];

/// Words at the end of a password's name.
const ENDINGS: &[&str] = &["password", "passwd", "passphrase"];

/// How much a name looks like that of a credential.
pub(crate) fn of_name(name: &str) -> Suspicion {
    let words = name::words(name);
    let is =
        |word: Option<&String>, any: &[&str]| word.is_some_and(|one| any.contains(&one.as_str()));
    if is(words.last(), ABOUT_WORDS) || words.iter().any(|word| is(Some(word), PUBLIC_WORDS)) {
        return Suspicion::None;
    }
    let is_harmless = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| words.get(before));
        words[at] == "key" && is(before, HARMLESS_KEYS)
    };
    match words.iter().position(|word| is(Some(word), SECRET_WORDS)) {
        Some(at) if is_harmless(at) => Suspicion::Faint,
        Some(_) => Suspicion::Strong,
        None if name::promises(name) || name::is_everyday(name) => Suspicion::Strong,
        None => Suspicion::None,
    }
}

/// Whether a name says of itself that it is that of a credential, and not only that people call one so.
fn names_credential(name: &str) -> bool {
    let is_word = |word: &String| SECRET_WORDS.contains(&word.as_str());
    name::promises(name) || name::words(name).iter().any(is_word)
}

/// How much a name with a value looks like a credential.
pub(crate) fn of_pair(name: &str, value: &str) -> Suspicion {
    let suspicion = of_name(name);
    if suspicion == Suspicion::None {
        return suspicion;
    }
    let value = value.trim();
    // What has such a name is as often a pattern or a version.
    if !names_credential(name) && !looks_random(value) {
        return Suspicion::None;
    }
    // The place of a mounted file is what a secret should be handed over by, and one in a store tells
    // nothing to who may not ask that.
    if value.starts_with('/') || placeholder::lies_elsewhere(value) {
        return Suspicion::None;
    }
    let switch = matches!(
        value.to_ascii_lowercase().as_str(),
        "true" | "false" | "yes" | "no" | "on" | "off" | "none" | "null" | "0" | "1"
    );
    if switch || value.starts_with("./") {
        return Suspicion::Faint;
    }
    suspicion
}

/// Whether a value, with the quotes it may be written in, is no credential: the judge is that of what is
/// found in images.
pub(crate) fn is_placeholder(value: &str) -> bool {
    placeholder::is_placeholder(unquoted(value))
}

/// The same of what stands where nothing but a password does: there a short number is one.
pub(crate) fn is_no_password(value: &str) -> bool {
    let digits = unquoted(value).as_bytes();
    let is_number = (4..8).contains(&digits.len())
        && digits.iter().all(u8::is_ascii_digit)
        && digits.iter().any(|digit| *digit != digits[0]);
    !is_number && is_placeholder(value)
}

fn unquoted(value: &str) -> &str {
    value.trim().trim_matches(['"', '\''])
}

/// Whether a name is that of a password, not of any credential or of something about one:
/// `TOKEN_LIMIT=4096`.
pub(crate) fn is_password(name: &str) -> bool {
    let last = name.rsplit(|c: char| !c.is_alphanumeric()).next();
    let last = last.unwrap_or_default().to_ascii_lowercase();
    ENDINGS.iter().any(|ending| last.ends_with(ending)) || last == "pword"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_by_their_words() {
        for name in [
            "TOKEN",
            "NPM_TOKEN",
            "aws_secret_access_key",
            "AWS_ACCESS_KEY_ID",
            "apikey",
            "db.password",
            "git_key",
            "API_KEYS",
            "DB_CREDS",
            "GITHUB_PAT",
            "RELEASE_COOKIE",
            "DBPASS",
        ] {
            assert_eq!(of_name(name), Suspicion::Strong, "{name}");
        }
        for name in [
            "MONKEY",
            "KEYBOARD",
            "TOKENIZER",
            "public_token",
            "PASSWORD_FILE",
            "AUTHOR",
            "",
            "_",
            "KEY_SERVER",
            "AUTH_URL",
            "PWD",
            "MAX_TOKENS",
            "PATH",
            "BYPASS",
        ] {
            assert_eq!(of_name(name), Suspicion::None, "{name}");
        }
        assert_eq!(of_name("GPG_KEY"), Suspicion::Faint);
        assert_eq!(of_pair("AUTH", "false"), Suspicion::Faint);
        assert_eq!(of_pair("SSH_KEY", "/run/key"), Suspicion::None);
        assert_eq!(of_pair("SSH_KEY", "abc"), Suspicion::Strong);
        for (name, value) in [
            ("DEFAULT_PAT", "*.log"),
            ("SAS", "9.4"),
            ("MAX_API_TOKENS", "5"),
        ] {
            assert_eq!(of_pair(name, value), Suspicion::None, "{name}");
        }
        assert_eq!(of_pair("GITHUB_PAT", "q7RtY2mWx9KpLz4V"), Suspicion::Strong);
    }

    #[test]
    fn placeholders_are_no_secrets() {
        for value in [
            "",
            "''",
            "changeme",
            "<token>",
            "${TOKEN}",
            "xxxx",
            "your-token-here",
        ] {
            assert!(is_placeholder(value), "{value}");
        }
        assert!(!is_placeholder("hunter2"));
        for value in ["1234", "483920", "'1234567'"] {
            assert!(is_placeholder(value) && !is_no_password(value), "{value}");
        }
        for value in ["123", "0000", "changeme", "${PIN}", ""] {
            assert!(is_no_password(value), "{value}");
        }
        assert!(is_password("DB_PASSWORD") && is_password("adminPassword"));
        assert!(!is_password("TOKEN_LIMIT") && !is_password("PASSWORD_LENGTH"));
        assert_eq!(
            of_pair("X_PASSWORD", "op://vault/item/field"),
            Suspicion::None
        );
        assert_eq!(of_pair("X_PASSWORD", "hunter2"), Suspicion::Strong);
    }
}
