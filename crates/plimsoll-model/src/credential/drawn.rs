//! What reads like drawn from a hat: the more a value does, the surer it is a credential.

use super::letters::are_drawn;

/// Whether a value reads like drawn from a hat, not like words, names or numbers.
pub fn looks_random(value: &str) -> bool {
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
        || (value.len() >= 20 && mixed && bits >= 3.8 && !are_words(value))
}

/// Whether a value without a digit is words, however short: `KeyValueStoreList.NextMarker`.
fn are_words(value: &str) -> bool {
    let of_names = |byte: u8| byte.is_ascii_alphabetic() || b"._-:/".contains(&byte);
    value.bytes().all(of_names) && !are_drawn(value)
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
    let lies_so = lettered * 10 >= value.len() * 6 && lettered >= words * least;
    // Names of many parts are full of abbreviations: `hmac-sha512-v2`.
    let of_one_part = value.bytes().all(|byte| byte.is_ascii_alphanumeric());
    words == 0 || (lies_so && !(of_one_part && are_drawn(value)))
}

/// Whether a third of a value or more is bytes that stand `length` times in a row or more often, as
/// nothing that is drawn has them: zeros at the beginning of a key are few beside the rest.
pub fn is_mostly_runs(value: &[u8], length: usize) -> bool {
    let runs = value.chunk_by(|a, b| a == b).map(<[u8]>::len);
    let covered: usize = runs.filter(|run| length > 1 && *run >= length).sum();
    covered > 0 && covered * 3 >= value.len()
}

/// Shannon entropy, in bits a byte.
pub fn entropy(value: &[u8]) -> f64 {
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
    fn names_in_a_row_are_not_drawn() {
        for names in [
            "KeyValueStoreList.NextMarker",
            "GetWorkloadAccessTokenForJWT",
            "aws.SdkClientIn.useOldApiOf",
            "user_token_v2",
        ] {
            assert!(!looks_random(names), "{names}");
        }
        for drawn in [
            "hXqLmTzRwKpNbVcDsGfJ",
            "QwZxRtPlKm.NbVcXzLkJh",
            "q7RtY2mWx9KpLz4VbN8c",
            "xK#pL@qWzR$mNvB&tYhQ!dG",
        ] {
            assert!(looks_random(drawn), "{drawn}");
        }
    }
}
