//! Addresses as they may be published.

/// An address without the user and password in it; any other text as it is.
pub(crate) fn without_login(address: &str) -> String {
    let mut result = String::with_capacity(address.len());
    let mut rest = address;
    while let Some(at) = rest.find("://") {
        let (scheme, behind) = rest.split_at(at + "://".len());
        result.push_str(scheme);
        let end = behind
            .find(|c: char| matches!(c, '/' | '?' | '#') || c.is_whitespace())
            .unwrap_or(behind.len());
        let (authority, tail) = behind.split_at(end);
        result.push_str(
            authority
                .rsplit_once('@')
                .map_or(authority, |(_, host)| host),
        );
        rest = tail;
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_go_and_the_rest_stays() {
        for (address, without) in [
            ("https://u:p@h/x?a=b@c", "https://h/x?a=b@c"),
            ("https://h/x", "https://h/x"),
            ("git@github.com:acme/app.git", "git@github.com:acme/app.git"),
            ("a https://u:p@h b http://x@y", "a https://h b http://y"),
        ] {
            assert_eq!(without_login(address), without);
        }
    }
}
