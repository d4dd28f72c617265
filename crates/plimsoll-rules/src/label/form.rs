//! The forms that values of labels may have to have.

/// An absolute URI (RFC 3986, section 3): a scheme, and nothing behind it that would have to be
/// escaped.
pub(crate) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let scheme_fits = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    let mut bytes = rest.bytes();
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'%' => [bytes.next(), bytes.next()]
                .iter()
                .all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit())),
            b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b'?' | b'#' | b'[' | b']' | b'@' | b'!'
            | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => true,
            byte => byte.is_ascii_alphanumeric(),
        };
        if !fits {
            return false;
        }
    }
    scheme_fits && rest.matches('#').count() <= 1
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0u32, |sum, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + u32::from(byte - b'0'))
    })
}

/// A date and time of RFC 3339, section 5.6.
pub(crate) fn is_rfc3339(text: &str) -> bool {
    let bytes = text.as_bytes();
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        m1,
        m2,
        b'-',
        d1,
        d2,
        b'T' | b't',
        h1,
        h2,
        b':',
        i1,
        i2,
        b':',
        s1,
        s2,
        zone @ ..,
    ] = bytes
    else {
        return false;
    };
    let (Some(year), Some(month), Some(day), Some(hour), Some(minute), Some(second)) = (
        number(&[*y1, *y2, *y3, *y4]),
        number(&[*m1, *m2]),
        number(&[*d1, *d2]),
        number(&[*h1, *h2]),
        number(&[*i1, *i2]),
        number(&[*s1, *s2]),
    ) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return false;
    }
    let zone = match zone {
        [b'.', rest @ ..] => {
            let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            if digits == 0 {
                return false;
            }
            &rest[digits..]
        }
        zone => zone,
    };
    match zone {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => {
            number(&[*h1, *h2]).is_some_and(|hour| hour < 24)
                && number(&[*m1, *m2]).is_some_and(|minute| minute < 60)
        }
        _ => false,
    }
}

/// An SPDX licence expression.
pub(crate) fn is_spdx(text: &str) -> bool {
    spdx::Expression::parse(text).is_ok()
}

/// A git commit: 40 digits (64 where the repository uses SHA-256), or their usual first seven.
pub(crate) fn is_git_hash(text: &str) -> bool {
    matches!(text.len(), 7 | 40 | 64)
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'))
}

/// A version of Semantic Versioning 2.0.0.
pub(crate) fn is_semver(text: &str) -> bool {
    let (text, build) = match text.split_once('+') {
        Some((text, build)) => (text, Some(build)),
        None => (text, None),
    };
    let (core, pre) = match text.split_once('-') {
        Some((core, pre)) => (core, Some(pre)),
        None => (text, None),
    };
    let identifier = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let numeric = |part: &str| digits(part) && (part.len() == 1 || !part.starts_with('0'));
    core.split('.').count() == 3
        && core.split('.').all(numeric)
        && pre.is_none_or(|pre| {
            pre.split('.')
                .all(|part| identifier(part) && (!digits(part) || numeric(part)))
        })
        && build.is_none_or(|build| build.split('.').all(identifier))
}

/// An address as RFC 5322, section 3.4.1 has it, without comments.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let atom = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| {
                b.is_ascii_alphanumeric()
                    || matches!(
                        b,
                        b'!' | b'#'
                            | b'$'
                            | b'%'
                            | b'&'
                            | b'\''
                            | b'*'
                            | b'+'
                            | b'-'
                            | b'/'
                            | b'='
                            | b'?'
                            | b'^'
                            | b'_'
                            | b'`'
                            | b'{'
                            | b'|'
                            | b'}'
                            | b'~'
                    )
            })
    };
    let quoted = local.len() > 2
        && local.starts_with('"')
        && local.ends_with('"')
        && !local[1..local.len() - 1].contains(['"', '\n']);
    let host = domain.split('.').all(|part| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    let literal = domain.starts_with('[') && domain.ends_with(']') && domain.len() > 2;
    (quoted || local.split('.').all(atom)) && (host || literal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(fits: fn(&str) -> bool, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(fits(text), "{text}");
        }
        for text in bad {
            assert!(!fits(text), "{text}");
        }
    }

    #[test]
    fn each_form_has_its_own_rules() {
        check(
            is_url,
            &[
                "https://example.com/a?b=c#d",
                "urn:a:b",
                "mailto:a@b.example",
                "https://x/%20",
            ],
            &[
                "",
                "example",
                "//example.com",
                "https://a b",
                "1x://a",
                "https://x/%2",
                "a:é",
            ],
        );
        check(
            is_rfc3339,
            &[
                "2026-06-01T12:00:00Z",
                "2026-06-01T12:00:00.123456789+01:00",
                "2024-02-29t23:59:60z",
            ],
            &[
                "",
                "2026-06-01",
                "2026-06-01 12:00:00Z",
                "2026-02-29T12:00:00Z",
                "2026-13-01T12:00:00Z",
                "2026-06-01T24:00:00Z",
                "2026-06-01T12:00:00",
                "2026-06-01T12:00:00.Z",
                "2026-06-01T12:00:00+0100",
                "é026-06-01T12:00:00Z",
            ],
        );
        check(
            is_spdx,
            &["MIT", "Apache-2.0 OR MIT"],
            &["", "Apache", "my own"],
        );
        check(
            is_git_hash,
            &["2dbfae9", "43c572f1272b6b3171dd1db9e41b7027128ce080"],
            &["", "main", "2DBFAE9", "2dbfae", "2dbfae9z"],
        );
        check(
            is_semver,
            &["1.0.0", "2.0.1-rc1", "1.0.0-alpha.1+build.5", "0.0.0-0a"],
            &[
                "", "1", "1.0", "v1.0.0", "01.0.0", "1.0.0-", "1.0.0-01", "1.0.0+", "1.0.0.0",
            ],
        );
        check(
            is_email,
            &[
                "a@b.example",
                "a.b+c@d-e.example",
                "\"a b\"@c.example",
                "a@[127.0.0.1]",
            ],
            &[
                "",
                "a",
                "@b",
                "a@",
                "a b@c",
                "a..b@c",
                "a@-b",
                "A <a@b.example>",
            ],
        );
    }
}
