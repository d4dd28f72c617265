//! Names that take back what they promise. A name alone does so for no value that reads like drawn, nor
//! for what must not be shown.

use super::super::drawn::looks_random;
use super::super::name::{WORDS, is_part_of_promise, words};

/// Last words that make a value something about a credential where it is not drawn.
const OFTEN_ABOUT: &[&str] = &[
    "address",
    "alphabet",
    "chars",
    "characters",
    "charset",
    // Whose output is one.
    "cmd",
    "command",
    "cookie",
    // Of Postfix: `hash:/etc/postfix/sasl_passwd`.
    "maps",
    "regex",
    "symbol",
];

/// Words in a name that say that its value is made up.
const MADE_UP: &[&str] = &["dummy", "fake", "example", "sample", "mock", "masked"];

/// Words in a name that say that its value is what an error is called, where it is not drawn: that of
/// who counts errors is, `ERROR_TRACKER_TOKEN`.
const OF_ERRORS: &[&str] = &[
    "invalid",
    "incorrect",
    "wrong",
    "bad",
    "missing",
    "expired",
    "err",
    "error",
];

/// Whether a name that promises a credential takes it back, with its value: `DUMMY_SECRET`,
/// `INVALID_PASSWORD=AUTH_4012`, `TOKEN_COOKIE=session`, what stands for itself, and `--secret id=…,src=…`
/// of a build, which names a file.
pub(in crate::secret) fn names_none(name: &str, value: &str) -> bool {
    let words = words(name);
    let of_flag = name.trim_start_matches('-');
    // A single word may be what somebody took for a password.
    (words.len() > 1 && of_flag.eq_ignore_ascii_case(value))
        || ["id=", "type="]
            .iter()
            .any(|field| value.starts_with(field))
        || names_made_up(&words)
        || names_part_of_program(name, &words, value)
        || (names_other(&words) && !has_drawn_part(value))
        || (words.last().is_some_and(|word| word == "address") && is_address(value))
}

/// Whether a name says of its credential, and of nothing between, that it is made up: `FAKE_API_KEY`,
/// but not `MOCK_SERVER_TOKEN`.
fn names_made_up(words: &[String]) -> bool {
    let Some(at) = words
        .iter()
        .rposition(|word| MADE_UP.contains(&word.as_str()))
    else {
        return false;
    };
    words[at + 1..].iter().all(|word| is_part_of_promise(word))
}

/// Whether a name is that of a part of a program that is fetched when it is needed, with the sum that its file
/// is called by: `{"forgot-password":"1a2b3c4d5e6f7a8b"}`.
fn names_part_of_program(name: &str, words: &[String], value: &str) -> bool {
    /// Letters of the longest such sum.
    const LONGEST: usize = 20;
    // What people come to a page for.
    const PAGES: &[&str] = &["forgot", "reset", "change", "confirm"];
    let is_page =
        matches!(words, [verb, last] if last == "password" && PAGES.contains(&verb.as_str()));
    name.contains('-')
        && is_page
        && value.len() <= LONGEST
        && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a name may be that of something else than a credential.
fn names_other(words: &[String]) -> bool {
    // Where a browser keeps it.
    let is_stored = matches!(words, [before @ .., of, key]
        if key == "key"
            && matches!(of.as_str(), "storage" | "cookie")
            && before.iter().any(|word| WORDS.contains(&word.as_str())));
    let is_about = words
        .last()
        .is_some_and(|last| OFTEN_ABOUT.contains(&last.as_str()));
    is_stored
        || is_about
        || words
            .iter()
            .any(|word| OF_ERRORS.contains(&word.as_str()) || MADE_UP.contains(&word.as_str()))
}

/// Whether letters and digits in one piece of a value read like drawn: neither what errors, cookies
/// and symbols are called has that, nor an expression.
fn has_drawn_part(value: &str) -> bool {
    value
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|part| part.len() >= 10 && looks_random(part))
}

/// Whether a value is written as the addresses of Bitcoin and Solana are, which all may see: in
/// letters and digits of which none is taken for another (base58).
fn is_address(value: &str) -> bool {
    (26..=44).contains(&value.len())
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() && !b"0OIl".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_take_it_back() {
        for (name, value) in [
            ("DUMMY_SECRET", "FPPTH34D4E3MI2HG"),
            ("FAKE_API_KEY", "9f8e7d6c5b4a39281706"),
            ("exampleToken", "9f8e7d6c5b4a39281706aB"),
            ("INVALID_PASSWORD", "AUTH_4012"),
            ("ErrInvalidPassword", "E1042-PASS"),
            ("token-efficient-tools-2025", "token-efficient-tools-2025"),
            ("--secret-key", "secret-key"),
            ("--secret", "id=npmrc1,src=/root/.npmrc"),
            (
                "tokenAddress",
                "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
            ),
            ("tokenSymbol", "PT-stETH-26DEC2024"),
            ("smtp_sasl_password_maps", "hash:/etc/postfix/sasl_passwd2"),
            (
                "PASSWORD_REGEX",
                "^(?=.*[a-z])(?=.*[A-Z])(?=.*\\d)[a-zA-Z\\d]{8,32}$",
            ),
            ("PASSWORD_CHARS", "abcdefghkmnpqrstuvwxyz"),
            ("REFRESH_TOKEN_COOKIE", "__Host-refresh_v2"),
            ("ACCESS_TOKEN_STORAGE_KEY", "acme.auth.v2"),
            ("WRONG_PASSWORD", "Wr0ngPassword1"),
            ("forgot-password", "1a2b3c4d5e6f7a8b"),
        ] {
            assert!(names_none(name, value), "{name}");
        }
        for (name, value) in [
            ("verify-token", "1a2b3c4d5e6f7a8b"),
            ("reset-password", "1a2b3c4d5e6f7a8b1a2b3c4d5e6f7a8b"),
            ("TEST_PASSWORD", "Str0ngPass!2"),
            ("badgePassword", "q7RtY2mW"),
            ("password", "password"),
            ("terror_token", "q7RtY2mW"),
            ("AUTH_TOKEN_COOKIE", "q7RtY2mWx9KpLz4VbN8cHd3H"),
            ("SECRET_STORAGE_KEY", "q7RtY2mWx9KpLz4VbN8cHd3H"),
            ("WALLET_SECRET_ADDRESS", "0q7RtY2mWx9KpLz4VbN8cHd3H"),
            ("ERROR_REPORTING_API_KEY", "q7RtY2mWx9KpLz4VbN8cHd3H"),
            ("SENTRY_ERROR_TOKEN", "q7RtY2mWx9KpLz4VbN8cHd3H"),
            ("BAD_GATEWAY_SECRET", "9f8e7d6c5b4a39281706f5e4d3c2b1a0"),
            ("MOCK_SERVER_TOKEN", "q7RtY2mWx9KpLz4VbN8cHd3H"),
        ] {
            assert!(!names_none(name, value), "{name}");
        }
    }
}
