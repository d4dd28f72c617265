//! Addresses that advisories give, which forms with a schema take only where they are URIs.

/// Whether a text is the address of a page, in the letters that URIs are made of (RFC 3986, 2).
pub(crate) fn is_address(text: &str) -> bool {
    let is_letter =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%".contains(&byte);
    ["https://", "http://", "ftp://"].iter().any(|scheme| {
        let rest = text.strip_prefix(scheme);
        rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_letter))
    })
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
        ] {
            assert!(!is_address(text), "{text}");
        }
    }
}
