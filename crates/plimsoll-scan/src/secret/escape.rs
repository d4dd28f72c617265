//! Letters that are written as numbers: `\u30d1`, as Java's properties and JSON have them.

/// A text with each `\uXXXX` as the letter it stands for; none where it has none.
pub(super) fn unescaped(text: &str) -> Option<String> {
    text.contains("\\u").then(|| {
        let mut letters = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("\\u") {
            letters.push_str(&rest[..at]);
            rest = &rest[at..];
            let length = match number(rest.as_bytes()) {
                Some(number) => {
                    // Half of a pair is a letter beyond the first 65,536, whichever it is.
                    let letter = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
                    letters.push(letter);
                    LENGTH
                }
                None => {
                    letters.push_str("\\u");
                    2
                }
            };
            rest = &rest[length..];
        }
        letters.push_str(rest);
        letters
    })
}

/// How long `\uXXXX` is.
pub(super) const LENGTH: usize = 6;

/// The letter that is written as a number where some bytes begin.
pub(super) fn number(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    let digits = std::str::from_utf8(digits).ok()?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u32::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_as_numbers() {
        assert_eq!(unescaped("plain\\n"), None);
        assert_eq!(unescaped("Cl\\u00e9 \\u0026\\u").unwrap(), "Clé &\\u");
        assert_eq!(unescaped("\\ud83d\\ude00").unwrap(), "\u{fffd}\u{fffd}");
        assert_eq!(unescaped("\\u+123\\u12é").unwrap(), "\\u+123\\u12é");
    }
}
