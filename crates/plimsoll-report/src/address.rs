//! Addresses that advisories give, which forms with a schema take only where they are URIs.

/// Whether a text is the address of a page, as URIs are written: in their letters, with two hexadecimal digits
/// behind each `%` and one fragment (RFC 3986, 2 and 3.5).
pub(crate) fn is_address(text: &str) -> bool {
    let is_letter =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%".contains(&byte);
    let is_escape = |behind: &str| {
        let digits = behind.as_bytes().first_chunk::<2>();
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    ["https://", "http://", "ftp://"].iter().any(|scheme| {
        let rest = text.strip_prefix(scheme);
        rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_letter))
    }) && text.matches('#').count() <= 1
        && text.split('%').skip(1).all(is_escape)
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn addresses_of_pages() {
        assert!(is_address("https://e.org/a_b?x=1&y=%20#c"));
        for text in [
            "https://",
            "e.org",
            "https://e.org/a b",
            "https://e.org/ä",
            "https://e.org/[1]",
            "https://e.org/a#b#c",
            "https://e.org/%zz",
            "https://e.org/%2",
        ] {
            assert!(!is_address(text), "{text}");
        }
    }
}
