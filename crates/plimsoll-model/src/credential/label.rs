//! Values that name something other than a credential: times, algorithms, types, classes of style
//! sheets, migrations, regular expressions.

use super::drawn::looks_random;

/// Whether a value is the name of something that is no credential, whatever name it is given to.
pub(super) fn names_another_thing(value: &str) -> bool {
    is_time(value)
        || is_algorithm(value)
        || is_type_name(value)
        || is_class_name(value)
        || is_migration(value)
        || is_expression(value)
        || is_public(value)
        || (value.starts_with("<|") && value.ends_with("|>"))
}

/// Whether a value is one that its makers mean to be seen: the address of an account or a contract on
/// Ethereum, whose keys are longer, and Mapbox's public tokens.
fn is_public(value: &str) -> bool {
    let number = value.strip_prefix("0x");
    number.is_some_and(|number| {
        number.len() == 40 && number.bytes().all(|byte| byte.is_ascii_hexdigit())
    }) || value.starts_with("pk.eyJ")
}

/// Whether a value is a regular expression, or the beginning of one: a class that opens with a range or
/// by what it excludes, ranges in a row, a group with a meaning of its own, an escape that is repeated. A
/// drawn password may have such marks by chance, and more that is drawn beside them.
fn is_expression(value: &str) -> bool {
    const MARKS: &[&str] = &[
        "[a-z", "[A-Z", "[0-9", "[1-9", "[a-f", "[A-F", "[^", "a-zA-Z", "A-Za-z", "a-z0-9",
        "A-Z0-9", "0-9a-f", "0-9A-F", "(?:", "(?=", "(?!", "(?<", "(?P<", "(?i)",
    ];
    const REPEATED: &[&str] = &[r"\d", r"\w", r"\s", r"\S"];
    // By chance two marks stand beside each other.
    let has = |mark: &&str| match mark.len() {
        2 => value.find(mark).is_some_and(|at| value[at..].contains(']')),
        _ => value.contains(mark),
    };
    let is_repeated = |mark: &&str| {
        let mut behind = value
            .match_indices(*mark)
            .map(|(at, _)| &value[at + mark.len()..]);
        behind.any(|behind| behind.starts_with(['+', '*', '{']))
    };
    (MARKS.iter().any(has) || REPEATED.iter().any(is_repeated)) && !is_drawn_beside_classes(value)
}

/// Whether of what stands outside of a regular expression's classes and escapes some is drawn.
fn is_drawn_beside_classes(value: &str) -> bool {
    let mut run = [0_usize; 3];
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'a'..=b'z' => run[0] += 1,
            b'A'..=b'Z' => run[1] += 1,
            b'0'..=b'9' => run[2] += 1,
            _ => {
                run = [0; 3];
                match byte {
                    b'\\' => drop(bytes.next()),
                    b'[' => drop(bytes.find(|byte| *byte == b']')),
                    _ => {}
                }
            }
        }
        if run.iter().sum::<usize>() >= 5 && run.iter().all(|sort| *sort > 0) {
            return true;
        }
    }
    false
}

/// A time as RFC 3339 has it, with the day in front.
fn is_time(value: &str) -> bool {
    let form = b"dddd-dd-ddTdd:dd";
    let bytes = value.as_bytes();
    let end = b"0123456789:.+-Zz";
    bytes.len() >= form.len()
        && form.iter().zip(bytes).all(|(form, byte)| match form {
            b'd' => byte.is_ascii_digit(),
            b'T' => matches!(byte, b'T' | b't' | b' ' | b'_'),
            other => other == byte,
        })
        && bytes[form.len()..].iter().all(|byte| end.contains(byte))
}

/// Words that names of algorithms are made of, as the registers of JOSE, Java and key services have
/// them (lower case).
const OF_ALGORITHMS: &[&str] = &[
    "a",
    "aes",
    "and",
    "cbc",
    "ctr",
    "ecb",
    "ecc",
    "ecdh",
    "ecdsa",
    "ed",
    "eddsa",
    "es",
    "gcm",
    "hmac",
    "hmacsha",
    "hs",
    "kw",
    "md",
    "mgf",
    "nist",
    "nopadding",
    "oaep",
    "p",
    "padding",
    "pbes",
    "pbkdf",
    "pkcs",
    "ps",
    "rs",
    "rsa",
    "rsassa",
    "sha",
    "sm",
    "with",
];

/// Numbers in such names.
const NUMBERS: &[&str] = &[
    "1", "2", "3", "4", "5", "128", "160", "192", "224", "256", "384", "448", "512", "521", "1024",
    "2048", "3072", "4096", "25519",
];

/// `RSA_4096`, `A128CBC-HS256`, `SHA256withRSA`.
fn is_algorithm(value: &str) -> bool {
    let known = |part: &[u8]| {
        let part = std::str::from_utf8(part).unwrap_or_default();
        OF_ALGORITHMS.contains(&part) || NUMBERS.contains(&part)
    };
    let lower = value.to_ascii_lowercase();
    value.len() <= 40
        && value.starts_with(|c: char| c.is_ascii_alphabetic())
        && lower.split(['-', '_', '/', '.']).all(|word| {
            let sort = |a: &u8, b: &u8| a.is_ascii_digit() == b.is_ascii_digit();
            let mut parts = word.as_bytes().chunk_by(sort);
            parts.all(|part| {
                known(part)
                        // `SHA256withRSA`
                        || part
                            .strip_prefix(b"with")
                            .is_some_and(known)
            })
        })
}

/// Words in names of types that a name for a credential is given.
const OF_CREDENTIALS: &[&str] = &[
    "access",
    "account",
    "auth",
    "authentication",
    "certificate",
    "credential",
    "key",
    "password",
    "secret",
    "token",
];

/// The name of a type in code, with its version in front or behind: `V1SecretVolumeSource`,
/// `TokenReviewSpecV1`.
fn is_type_name(value: &str) -> bool {
    let is_version = |word: &[u8]| {
        matches!(word, [b'V' | b'v', digits @ ..]
            if (1..=2).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit))
    };
    let begins = |_: &u8, next: &u8| !next.is_ascii_uppercase();
    let words: Vec<&[u8]> = value.as_bytes().chunk_by(begins).collect();
    let is_word = |word: &&[u8]| {
        word.len() >= 3
            && word[0].is_ascii_uppercase()
            && word[1..].iter().all(u8::is_ascii_lowercase)
    };
    // People put a version behind words, too: types that have a name for a credential say so.
    let is_of_credential = |word: &&[u8]| {
        OF_CREDENTIALS.iter().any(|known| {
            let plural = word.strip_suffix(b"s").unwrap_or(word);
            plural.eq_ignore_ascii_case(known.as_bytes())
        })
    };
    let inner = match words.as_slice() {
        [version, inner @ ..] if is_version(version) => inner,
        [inner @ .., version] if is_version(version) && inner.iter().any(is_of_credential) => inner,
        _ => return false,
    };
    let letters: usize = inner.iter().map(|word| word.len()).sum();
    inner.len() >= 3 && letters >= inner.len() * 4 && inner.iter().all(is_word)
}

/// A migration of a database: `0002_auto_20160226_1747`, `0012_alter_token_user`. Years begin otherwise.
fn is_migration(value: &str) -> bool {
    let mut parts = value.split('_');
    let number = parts.next().unwrap_or_default();
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_word =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_lowercase()) && !looks_random(part);
    let rest: Vec<&str> = parts.collect();
    number.len() == 4
        && number.starts_with('0')
        && is_number(number)
        && rest.iter().any(|part| part.len() >= 4 && is_word(part))
        && rest
            .iter()
            .all(|part| !part.is_empty() && (is_number(part) || is_word(part)))
}

/// Whether a value is a class as tools for styles write it, under the name of a field of a form:
/// `Password__Root-sc-1a2b3c` of styled-components, `css-1q2w3e4r` of Emotion,
/// `MuiInput-password-1a2b3c4`, `styles_secret__3kF9a` of CSS modules.
fn is_class_name(value: &str) -> bool {
    let is_word = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
    };
    let is_sum = |sum: &str| {
        (5..=8).contains(&sum.len()) && sum.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let of_component = value.split_once("-sc-").is_some_and(|(component, sum)| {
        let sum = sum.split_once('-').map_or(sum, |(sum, _)| sum);
        is_word(component) && is_sum(sum)
    });
    let of_maker = ["css-", "sc-", "Mui"].iter().any(|mark| {
        value.strip_prefix(mark).is_some_and(|rest| {
            let (words, sum) = rest.rsplit_once('-').unwrap_or(("", rest));
            // What stands before the sum are words, or the sum of another; a component has a name.
            let is_named = match words {
                "" => *mark != "Mui",
                words => is_sum(words) || !looks_random(words),
            };
            is_sum(sum) && is_named
        })
    });
    let of_variables = value
        .split_once("-css-var-")
        .is_some_and(|(words, sum)| is_word(words) && is_sum(sum));
    let of_module = value.rsplit_once("__").is_some_and(|(words, sum)| {
        sum.len() == 5
            && is_sum(sum)
            && words.contains('_')
            && is_word(words)
            && !looks_random(words)
    });
    of_component || of_maker || of_variables || of_module
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_things() {
        for name in [
            "2025-03-04T10:11:12Z",
            "2025-03-04 10:11:12.123+02:00",
            "RSA_4096",
            "HMAC_384",
            "A128CBC-HS256",
            "AES-256-GCM",
            "SHA256withRSA",
            "PBKDF2WithHmacSHA256",
            "V1SecretVolumeSource",
            "TokenReviewSpecV1",
            "0002_auto_20160226_1747",
            "0012_alter_outstandingtoken_user",
            "css-1q2w3e4r",
            "sc-bdVaJa-hZkXyq",
            "MuiInput-password-1a2b3c4",
            "ant-btn-css-var-1x2y3z",
            "styles_secret__3kF9a",
            "<|unused_200054|>",
            "([a-zA-Z0-9_",
            "^[0-9a-f]{40}$",
            "ghp_[^'x]{36}",
            r"tok_\d{4}[a-z]+",
            "(?i)bearer .{20,}",
        ] {
            assert!(names_another_thing(name), "{name}");
        }
        for value in [
            "2025-03-04Tq7RtY2mW",
            "AES-q7RtY2mWx9Kp",
            "a1b2c3d4e5f6",
            "V1q7RtY2mWx9KpLz",
            "HorseBatteryV2",
            "CorrectHorseBatteryV2",
            "2024_winter",
            "2019_auto_summer",
            "Muir2024",
            "0002_q7rty2mwx9kp",
            "1234_",
            "css-q7RtY2mWx9KpLz4V",
            "Winter2024-css-1q2w3",
            "q7RtY2m__3kF9a",
            "Zx9kQw7plmRt",
            "Zx9[^kQw7plmRt",
            r"Zx9\dkQw7plmRt",
            "Zx9(?kQw7a-z",
            r"tok_\d{4}Zx9kQw",
            "(?i)q7RtY2mW",
            "kT(?!8vQmZ2pLw9",
            "Zx9[^kQ]w7plmRtq2",
            r"Zk4v\d+Q8mT2pLw",
        ] {
            assert!(!names_another_thing(value), "{value}");
        }
    }
}
