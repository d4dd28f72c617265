//! Names that promise a credential, and what is assigned to them.

mod names;
mod taken_back;

use std::sync::LazyLock;

use plimsoll_model::Severity;
use plimsoll_model::credential::BEHIND_TOKEN;
use regex::{Match, Regex};

pub(super) use self::names::may_hold_name;
pub(super) use self::taken_back::names_none;
use super::command::is_hash;
use super::drawn::looks_random;
use super::form::{known_form, maker};
use super::name::{is_everyday, is_pwd, may_promise, names_login, names_several, promises};
use super::placeholder::{is_placeholder, may_be_shown};
use super::{Fingerprint, Hit};

/// `scheme://user:password@`. The last `@` before a path ends the login, as who connects takes it; one
/// behind `?` or `#` does where none stands before.
static URL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"[A-Za-z][A-Za-z0-9+.-]{1,20}://([^\s:/'"]*):([^\s/?#'"]{3,}|[^\s@/'"]{3,})@"#)
        .expect("a constant expression")
});

/// Whether a value is long, drawn from letters of both sizes and digits, and no sum in hexadecimal.
pub(super) fn is_surely_drawn(value: &str) -> bool {
    let has = |sort: fn(&u8) -> bool| value.bytes().any(|byte| sort(&byte));
    value.len() >= 20
        && looks_random(value)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_digit)
}

/// Whether a value is as long as keys in hexadecimal are, and its name says no more than `key`.
fn is_drawn_hex(name: &str, value: &str) -> bool {
    let long = matches!(value.len(), 32 | 40 | 64 | 128);
    long && value.bytes().all(|byte| byte.is_ascii_hexdigit())
        && looks_random(value)
        && is_everyday(name)
}

/// Whether a piece of a value is letters and digits in such disorder that nothing is called so.
pub(super) fn has_drawn_piece(value: &str) -> bool {
    let is_drawn = |piece: &str| {
        let digits = piece.split(|c: char| !c.is_ascii_digit());
        let parted = digits.filter(|digits| !digits.is_empty()).count() >= 2;
        let has = |sort: fn(&u8) -> bool| piece.bytes().any(|byte| sort(&byte));
        let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
        piece.len() >= 12
            && looks_random(piece)
            && (parted || mixed)
            && !piece.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    value
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(is_drawn)
}

/// Whether what is given to a name is to be taken for a credential where it reads like one: the name
/// promises it, or may be that of one and the value is drawn.
pub(super) fn is_meant(name: &str, value: &str) -> bool {
    promises(name)
        || (is_pwd(name) && !value.contains(['/', '\\']) && has_drawn_piece(value))
        || (may_promise(name)
            // A public key has some.
            && !value.contains(' ')
            // One of a password is told as that.
            && hashes(value).next().is_none()
            && (is_surely_drawn(value)
                || is_drawn_hex(name, value)
                || (is_everyday(name) && has_drawn_piece(value))))
}

/// A credential in the value assigned to `name`; `start` is where the value begins in the text
/// that hits are counted in.
pub(super) fn in_assignment(name: &str, value: &str, start: usize) -> Option<Hit> {
    in_url(value, start).or_else(|| {
        let (from, value) = password_of(name, value);
        if !is_meant(name, value) || is_placeholder(value) || names_none(name, value) {
            return None;
        }
        let (kind, severity) = known_form(name, value)?
            .unwrap_or_else(|| (maker(name).unwrap_or("secret-value"), Severity::High));
        Some(Hit::of(kind, severity, start + from, value.as_bytes()))
    })
}

/// The password in what is given to a name, and where it begins there: behind the user, where the name is that
/// of a login.
pub(super) fn password_of<'v>(name: &str, value: &'v str) -> (usize, &'v str) {
    match value.split_once(':').filter(|_| names_login(name)) {
        Some((user, password)) => (user.len() + 1, password),
        None => (0, value),
    }
}

/// The longest name whose value is read as a list.
const LONGEST_NAME: usize = 256;
/// Credentials in a list that are told one by one.
const MAX_LISTED: usize = 256;

/// The same of all that the value of a name holds that may be that of several: each with what it is for,
/// `web:…,app:…`, `["…", "…"]`.
pub(super) fn in_list(name: &str, value: &str, start: usize) -> Vec<Hit> {
    let parts = |c: char| c.is_whitespace() || ",;:=|\"'[]{}\\".contains(c);
    let names_list = name.len() <= LONGEST_NAME && names_several(name);
    let is_list = names_list && value.contains(parts) && !value.contains('/');
    let pieces = value.split(parts).filter(|piece| has_drawn_piece(piece));
    let told = pieces.filter_map(|piece| {
        let at = piece.as_ptr().addr() - value.as_ptr().addr();
        in_assignment(name, piece, start + at)
    });
    let told: Vec<Hit> = match is_list {
        true => told.take(MAX_LISTED + 1).collect(),
        false => Vec::new(),
    };
    // What has more of them is one.
    match told.len() {
        1..=MAX_LISTED => told,
        _ => in_assignment(name, value, start).into_iter().collect(),
    }
}

/// Hashes of passwords, as proxies take them in labels: `bob:$apr1$…`. Compose doubles `$`.
pub(super) fn hashes(text: &str) -> impl Iterator<Item = Hit> {
    let outside = |c: char| c.is_whitespace() || matches!(c, ':' | ',' | '"' | '\'' | ';' | '`');
    let words = text
        .split(outside)
        .filter(|word| word.contains('$') && is_hash(&word.replace("$$", "$")));
    words.map(|word| {
        let start = word.as_ptr().addr() - text.as_ptr().addr();
        Hit::of("password-hash", Severity::Medium, start, word.as_bytes())
    })
}

/// A password in an address.
pub(super) fn in_url(text: &str, start: usize) -> Option<Hit> {
    in_urls(text, start).next()
}

/// A password in the name of an image, which has no scheme: `user:password@host/name`. What stands
/// before a digest is a tag.
pub(super) fn in_image_name(text: &str) -> Option<Hit> {
    let (login, host) = text.split_once('@')?;
    let (user, password) = login.split_once(':')?;
    let digest = ["sha256:", "sha512:"]
        .iter()
        .any(|sort| host.starts_with(sort));
    let odd = |c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'');
    let believed = !user.is_empty()
        && !digest
        && password.len() >= 3
        && !login.contains(odd)
        && !is_placeholder(password);
    let start = user.len() + 1;
    believed.then(|| {
        Hit::of(
            "url-password",
            Severity::Critical,
            start,
            password.as_bytes(),
        )
    })
}

/// The passwords in all addresses of a text, and the tokens that stand in their place without a user.
pub(super) fn in_urls(text: &str, start: usize) -> impl Iterator<Item = Hit> {
    passwords_in_urls(text, start, is_placeholder).chain(tokens_in_urls(text, start))
}

/// The tokens that stand alone in addresses, as far as nobody is called so and no key is so that all may
/// see: those of Sentry's are 32 digits of hexadecimal.
fn tokens_in_urls(text: &str, start: usize) -> impl Iterator<Item = Hit> {
    let is_token = |login: &str| {
        let all = |is: fn(u8) -> bool| login.bytes().all(is);
        let is_hex = login.len() >= 40 && all(|byte| byte.is_ascii_hexdigit());
        // Of Azure DevOps.
        let is_base32 = login.len() == 52 && all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
        is_surely_drawn(login) || ((is_hex || is_base32) && looks_random(login))
    };
    lone_logins(text)
        .filter(move |login| is_token(login.as_str()) && !is_placeholder(login.as_str()))
        .map(move |login| {
            let value = login.as_str().as_bytes();
            Hit::of(
                "url-password",
                Severity::Critical,
                start + login.start(),
                value,
            )
        })
}

/// The same with those that are kept back though they are told to nobody.
pub(super) fn doubtful_in_urls(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let doubtful = passwords_in_urls(text, 0, may_be_shown).map(|hit| (hit.start, hit.end));
    let lone = lone_logins(text).filter(|login| may_be_token(login.as_str()));
    let lone = lone.map(|login| (login.start(), login.end()));
    doubtful.chain(with_slashes(text)).chain(lone)
}

/// `scheme://login@`
static LOGIN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"[A-Za-z][A-Za-z0-9+.-]{1,20}://([^\s:/?#@'"]{12,255})@"#)
        .expect("a constant expression")
});

/// Users without a password.
fn lone_logins(text: &str) -> impl Iterator<Item = Match<'_>> {
    LOGIN.captures_iter(text).filter_map(|found| found.get(1))
}

/// Whether a user has a name that tokens have: which maker's nobody can tell.
fn may_be_token(login: &str) -> bool {
    let is_hex = || {
        login.len() >= 20
            && login.bytes().all(|byte| byte.is_ascii_hexdigit())
            && looks_random(login)
    };
    let is_base32 = || login.len() == 52 && looks_random(login);
    has_drawn_piece(login) || is_hex() || is_base32()
}

/// What may be passwords with a slash in them: all that stands behind a user up to the last `@` of the
/// word.
fn with_slashes(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let (mut word_end, mut login_end) = (0, None);
    for (at, mark) in text.match_indices("://") {
        let from = at + mark.len();
        if from >= word_end {
            let word = &text[from..];
            let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'');
            word_end = from + word.find(ends).unwrap_or(word.len());
            login_end = text[from..word_end].rfind('@').map(|end| from + end);
        }
        let Some(login) = login_end.and_then(|end| text.get(from..end)) else {
            continue;
        };
        let Some((user, password)) = login
            .split_once([':', '/'])
            .filter(|(user, _)| login.as_bytes()[user.len()] == b':' && !user.starts_with('['))
        else {
            continue;
        };
        let Some((head, _)) = password.split_once(['/', '?', '#']) else {
            continue;
        };
        // A port, or what goes in the place of a password.
        let port = head.split(',').next().unwrap_or(head);
        let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
        let plain = head.rsplit_once('@').map(|(password, _)| password);
        if !is_port && plain.is_none_or(|plain| plain.len() < 3 || !may_be_shown(plain)) {
            let start = from + user.len() + 1;
            found.push((start, start + password.len()));
            // It covers all others in the word.
            login_end = None;
        }
    }
    found
}

fn passwords_in_urls(
    text: &str,
    start: usize,
    is_none: fn(&str) -> bool,
) -> impl Iterator<Item = Hit> {
    let values = URL.captures_iter(text).filter_map(|found| {
        let password = found.get(2)?;
        // Whoever logs in so is named by a token.
        match password.as_str() == BEHIND_TOKEN {
            true => found.get(1),
            false => Some(password),
        }
    });
    values
        .filter(move |value| !is_none(value.as_str()))
        .map(move |value| Hit {
            kind: "url-password",
            severity: Severity::Critical,
            start: start + value.start(),
            end: start + value.end(),
            fingerprint: Fingerprint::of(value.as_str().as_bytes()),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_no_place() {
        for name in ["pwd", "PWD", "--pwd"] {
            assert_eq!(in_list(name, "q7RtY2mWx9KpLz4V", 0).len(), 1, "{name}");
            for place in [
                "/srv/q7RtY2mWx9KpLz4V",
                "q7RtY2mWx9KpLz4V\\x",
                "build-2024",
                "orchid",
            ] {
                assert_eq!(in_list(name, place, 0).len(), 0, "{name}={place}");
            }
        }
        assert_eq!(in_list("OLDPWD", "q7RtY2mWx9KpLz4V", 0).len(), 0);
    }

    #[test]
    fn the_password_of_a_login() {
        for name in ["KAFKA_BASIC_AUTH_USER_INFO", "PREFECT_API_AUTH_STRING"] {
            for user in ["admin", "SRKEY12345", "K7Q2ZT4WX9BM5NLP"] {
                let value = format!("{user}:q7RtY2mWx9KpLz4VbN8c/Hd3+F");
                let hits = in_list(name, &value, 0);
                assert_eq!(hits.len(), 1, "{name}");
                assert_eq!(hits[0].start, user.len() + 1, "{name}");
                assert_eq!(hits[0].end, value.len(), "{name}");
            }
            for none in [
                "admin:pass",
                "user:password",
                "<key>:<secret>",
                "$K:$S",
                "admin:",
            ] {
                assert_eq!(in_list(name, none, 0).len(), 0, "{name}={none}");
            }
        }
    }

    #[test]
    fn what_is_drawn_is_meant() {
        for (name, value) in [
            ("API_KEYS", "q7RtY2mWx9KpLz4V"),
            ("GITHUB_PAT", "q7RtY2mWx9KpLz4V"),
            ("BASIC_AUTH", "admin:q7RtY2mWx9KpLz4V"),
            ("VAULT_UNSEAL_KEY", "q7RtY2mWx9KpLz4V"),
            ("SONAR_LOGIN", "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c"),
        ] {
            let hits = in_list(name, value, 0);
            assert_eq!(hits.len(), 1, "{name}");
            assert!(value[hits[0].start..].starts_with("q7") || name == "SONAR_LOGIN");
        }
        let hits = in_list(
            "API_KEYS",
            r#"["q7RtY2mWx9KpLz4V","web:Zq7fYuaD9CLjyEx4"]"#,
            3,
        );
        assert_eq!(hits.len(), 2);
        assert_eq!((hits[0].start, hits[1].start), (5, 28));
        // What is not drawn is told as it stands.
        let hits = in_list("CREDENTIALS", "admin:Sommer24", 0);
        assert_eq!((hits[0].start, hits[0].end), (0, 14));
        for (name, value) in [
            ("AUTH", "basic"),
            ("BASIC_AUTH", "admin:hunter2"),
            ("HTTP_AUTH", "ldap:corp2024"),
            ("SSH_KEY", "/root/.ssh/id_ed25519"),
            ("SSH_KEY", "id_rsa_deploy2024"),
            ("DEPLOY_KEY", "deployment20240101"),
            (
                "SSH_KEY",
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKq7RtY2mWx9KpLz4V me",
            ),
            ("LICENSE_KEY", "accepted"),
            ("SESSION_KEY", "LoginService2"),
            ("RELEASE_PAT", "v1.2.3-*"),
            ("STORAGE_KEY", "5f2d9c1e-7b4a-4e8c-9d3f-1a2b3c4d5e6f"),
            ("CACHE_KEY", "q7RtY2mWx9KpLz4V"),
            ("GPG_KEYS", "1198C0117593497A5EC5C199286AF1F9897469DC"),
            ("MAX_TOKENS", "4096"),
        ] {
            assert!(in_list(name, value, 0).is_empty(), "{name}={value}");
        }
        // Of very many, and behind a name that nobody reads, all are one.
        let many: Vec<String> = (100..1000)
            .map(|number| format!("q7RtY2mWx9KpLz4V{number}"))
            .collect();
        let many = many.join(",");
        assert_eq!(in_list("API_KEYS", &many, 0).len(), 1);
        let name = "A_".repeat(50_000) + "API_KEYS";
        assert_eq!(in_list(&name, &many, 0).len(), 1);
        let drawn = "q7RtY2mWx9KpLz4VbN8cHd3H";
        assert_eq!(in_list("STATIC_API_TOKENS", drawn, 0).len(), 1);
    }

    #[test]
    fn addresses() {
        let text = "x=postgres://app:s3cr3t!@db/app";
        let hit = in_url(text, 10).unwrap();
        assert_eq!(&text[hit.start - 10..hit.end - 10], "s3cr3t!");
        assert!(in_url("postgres://app:${PW}@db/app", 0).is_none());
        assert!(in_url("http://localhost:8080/a@b", 0).is_none());
        for (text, password) in [
            ("postgres://bob:p@ssw9@db:5432/x", "p@ssw9"),
            ("redis://:a@9ssw9@r:6379", "a@9ssw9"),
            ("https://me@corp.net:s3cr3t!@h/a@b", "s3cr3t!"),
            ("https://me:s3cr3t?#!@h", "s3cr3t?#!"),
            ("https://me:s3cr3t!@h?x=a@b", "s3cr3t!"),
            ("https://me:s3cr3t!@h,https://me:s3cr3t@h", "s3cr3t!"),
        ] {
            let hit = in_url(text, 0).unwrap();
            assert_eq!(&text[hit.start..hit.end], password);
        }
        let text =
            "https://3f9c1b7a5d2e8046@github.com/ https://q7RtY2mW:x-oauth-basic@github.com/";
        let found = in_urls(text, 0).map(|hit| &text[hit.start..hit.end]);
        assert_eq!(found.collect::<Vec<_>>(), ["q7RtY2mW"]);
        assert!(in_url("https://$TOKEN:x-oauth-basic@github.com/", 0).is_none());
        let hidden = |text: &str| -> Vec<String> {
            let places = doubtful_in_urls(text);
            places
                .map(|(start, end)| text[start..end].to_owned())
                .collect()
        };
        assert_eq!(hidden("postgres://bob:p/ssP@db:5432/x"), ["p/ssP"]);
        assert_eq!(hidden("postgres://bob:p@s/sP@db:5432/x"), ["p@s/sP"]);
        assert_eq!(
            hidden("git clone https://3f9c1b7a5d2e80463f9c1b7a5d2e8046@h.net/o/r"),
            ["3f9c1b7a5d2e80463f9c1b7a5d2e8046"]
        );
        for shown in [
            "http://localhost:8080/a@b",
            "ssh://deployment-of-the-service@h.net/a",
            "http://a:80,b:80/c@d",
            "git+https://x:$TOKEN@github.com/o/r@v1",
            "https://[::1]:80/a@b",
            "https://a.b/c:d/e@f",
        ] {
            assert_eq!(hidden(shown), [""; 0], "{shown}");
        }
        let many = "a://b:80/".repeat(100_000) + "@";
        assert_eq!(hidden(&many), [""; 0]);
        let name = "u:s3cr3t!@r.io/x";
        let hit = in_image_name(name).unwrap();
        assert_eq!(&name[hit.start..hit.end], "s3cr3t!");
        for name in [
            "debian:bookworm@sha256:12ab",
            "r.io:5000/x:bookworm@sha512:1",
            "a@b",
        ] {
            assert!(in_image_name(name).is_none(), "{name}");
        }
    }
}
