//! Values that stand where a credential will stand.

/// Words that make a value an example, wherever in it they stand (lower case).
const MARKS: &[&str] = &[
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "replaceme",
    "replace_me",
    "replace-me",
    "dummy",
    "redacted",
    "sesame",
    "your_",
    "your-",
    "yourtoken",
    "yourpassword",
    "yoursecret",
    "xxxx",
    "insert_",
    "fixme",
    "todo",
    "0123456789",
];

/// Whole values that give nothing away (lower case).
const WHOLE: &[&str] = &[
    "secret",
    "password",
    "passwd",
    "pass",
    "token",
    "none",
    "null",
    "nil",
    "undefined",
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "test",
    "testing",
    "foo",
    "bar",
    "foobar",
    "default",
    "postgres",
    "root",
    "admin",
    "user",
    "guest",
    "mysql",
    "redis",
    "empty",
    "mypassword",
    "mysecret",
    "mytoken",
    "my-secret",
    "my_secret",
    "notasecret",
    "unused",
    "fake",
    "hidden",
    // Of the documentation of Kubernetes, in Secrets.
    "1f2d1e2e67df",
    "t0p-secret",
    "39528$vdg7jb",
];

/// Whether a token of a known form is a documented example or stands for one.
pub(super) fn is_example(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let text = String::from_utf8_lossy(&lower);
    MARKS.iter().any(|mark| text.contains(mark))
        || has_run(&lower, 6)
        || text.contains("123456789")
        || text.contains("abcdefgh")
        || entropy(value) < 2.5
}

/// Whether the value given to a name is no credential: a placeholder, a reference to a variable or
/// file, a switch, a short number.
pub(super) fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    value.len() < 4
        || WHOLE.contains(&lower.as_str())
        || MARKS.iter().any(|mark| lower.contains(mark))
        || value.contains("${")
        || value.contains("$(")
        || value.contains("{{")
        || value.starts_with(['$', '<', '%', '/', '~', '*', '`', '[', '{'])
        || value.starts_with("./")
        || value.starts_with("file:")
        || (value.len() < 8 && value.bytes().all(|byte| byte.is_ascii_digit()))
        || has_run(lower.as_bytes(), value.len().min(6))
        || (lower.contains("://") && !lower.contains('@'))
}

/// Whether a value reads like drawn from a hat, not like words, names or numbers.
pub(super) fn looks_random(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let marks = value
        .bytes()
        .filter(|byte| {
            matches!(
                byte,
                b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'&' | b'*' | b'?' | b'~'
            )
        })
        .count();
    let bits = entropy(value.as_bytes());
    if value.len() < 8 || letters == 0 || bits < 2.7 || is_wordy(value) {
        return false;
    }
    let mixed = value.bytes().any(|byte| byte.is_ascii_lowercase())
        && value.bytes().any(|byte| byte.is_ascii_uppercase());
    (digits >= 2 && bits >= 3.0)
        || (digits >= 1 && (marks > 0 || mixed))
        || (value.len() >= 20 && mixed && bits >= 3.8)
}

/// Whether a value is put together of words and numbers: `user_token_v2`, `pbkdf2-sha256`.
fn is_wordy(value: &str) -> bool {
    let mut words = 0;
    let mut lettered = 0;
    let mut word = 0;
    let mut small_before = false;
    for byte in value.bytes().chain([b'-']) {
        let next = byte.is_ascii_alphabetic() && !(small_before && byte.is_ascii_uppercase());
        if !next && word > 0 {
            words += 1;
            word = 0;
        }
        if byte.is_ascii_alphabetic() {
            word += 1;
            lettered += 1;
        }
        small_before = byte.is_ascii_lowercase();
    }
    // Drawn letters change between small and large and digits every other place; the more there are,
    // the surer they do.
    let least = if value.len() >= 20 { 5 } else { 4 };
    words == 0 || (lettered * 10 >= value.len() * 6 && lettered >= words * least)
}

/// Whether one byte stands `length` times in a row.
fn has_run(value: &[u8], length: usize) -> bool {
    length > 1
        && value
            .windows(length)
            .any(|window| window.iter().all(|byte| *byte == window[0]))
}

/// Shannon entropy, in bits a byte.
fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value {
        counts[usize::from(*byte)] += 1;
    }
    let total = value.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / total;
            -share * share.log2()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_told_from_tokens() {
        assert!(is_example(b"AKIAIOSFODNN7EXAMPLE"));
        assert!(is_example(b"ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"));
        assert!(is_example(b"0000000000000000"));
        assert!(!is_example(b"RELGYASQTDC22O4D"));
        for placeholder in [
            "changeme",
            "${TOKEN}",
            "<token>",
            "/run/secrets/x",
            "true",
            "1234",
            "********",
            "http://x/",
        ] {
            assert!(is_placeholder(placeholder), "{placeholder}");
        }
        for value in ["hunter2!", "correct horse", "postgres://a:b@c/d"] {
            assert!(!is_placeholder(value), "{value}");
        }
    }
}
