//! Values that manuals and logs write in place of a token: some of it is not shown, or its letters and
//! digits are counted up.

use super::drawn::looks_random;

/// What tokens begin with, whose makers are known by it. People begin no password so.
const BEGINNINGS: &[&str] = &[
    "sk-",
    "sk_",
    "pk-",
    "pk_",
    "rk_",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "hf_",
    "npm_",
    "pypi-",
    "AKIA",
    "ASIA",
    "AIza",
    "eyJ",
    "SG.",
    "ya29.",
];

/// Whether a value stands for a token of which no more is said. What people may have taken for a
/// password is none of these: one run of digits behind a word, points or stars among letters.
pub(super) fn is_abridged(value: &str) -> bool {
    let rest = BEGINNINGS
        .iter()
        .find_map(|begins| value.strip_prefix(begins));
    is_masked(value, rest.is_some()) || rest.is_some_and(is_count) || counts_up(value)
}

/// Whether some of a value is not shown: `sk-...xyz123`, `12****34`.
fn is_masked(value: &str, is_token: bool) -> bool {
    let stars = value.bytes().filter(|byte| *byte == b'*').count();
    let is_starred = value.contains("****") && (is_token || stars * 2 >= value.len());
    let is_cut = is_token && value.contains("...");
    let mut parts = value.split(|c: char| !c.is_ascii_alphanumeric());
    (is_starred || is_cut || value.contains('…'))
        && !parts.any(|part| part.len() >= 16 && looks_random(part))
}

/// Whether a text is digits that are counted up from the first to the last: `1234567890`.
fn is_count(text: &str) -> bool {
    let mut pairs = text.as_bytes().array_windows();
    text.len() >= 6 && pairs.all(|[a, b]| a.is_ascii_digit() && follows(*a, *b))
}

/// Whether a letter or digit is the next one behind another. Zero comes behind nine.
fn follows(a: u8, b: u8) -> bool {
    a.is_ascii_alphanumeric() && b == a + 1 || (a == b'9' && b == b'0')
}

/// Whether most letters and digits of a long value are counted up, in so many runs or such long ones as
/// alphabets that passwords are drawn from and `abc123def456ghi789` have them. One run of each is
/// what people take: `Abcd12345678!`.
fn counts_up(value: &str) -> bool {
    const SHORTEST: usize = 12;
    const RUNS: usize = 4;
    // Half an alphabet.
    const LONG: usize = 13;
    if value.len() < SHORTEST {
        return false;
    }
    let lower = value.to_ascii_lowercase();
    let runs = lower.as_bytes().chunk_by(|a, b| follows(*a, *b));
    let runs = runs.map(<[u8]>::len).filter(|run| *run >= 3);
    let (mut number, mut covered, mut longest) = (0, 0, 0);
    for run in runs {
        number += 1;
        covered += run;
        longest = longest.max(run);
    }
    // Of a short one nothing may be anything else.
    let is_most = match value.len() {
        ..16 => covered == value.len(),
        length => covered * 4 >= length * 3,
    };
    is_most && (number >= RUNS || longest >= LONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_a_token() {
        for value in [
            "sk-...xyz123",
            "sk-1****cdef",
            "sk-proj-a1...",
            "eyJhbGciOi...",
            "12****34",
            "ab1…9z",
            "sk-1234567890",
            "pk_123456",
            "abc123def456ghi789",
            "abc123DEF456",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
            "abcdefghijkmnpqrstuvwxyz23456789ABCDEFGHJKLMNPQRSTUVWXYZ",
        ] {
            assert!(is_abridged(value), "{value}");
        }
        for value in [
            "Abcd12345678!",
            "Aa123456789!",
            "root123456789",
            "admin123456!",
            "Abcdefgh12345678!",
            "Abc123Def456!",
            "Summer-123456789",
            "Qwertz-abc123-Horse",
            "Winter2024...",
            "Summer****2024",
            "my-Winter...2024",
            "What...Ever1",
            "my_Horse...",
            "sk-123456-Horse9",
            "q7RtY2mWx9KpLz4VbN8c...",
            "",
        ] {
            assert!(!is_abridged(value), "{value}");
        }
    }
}
