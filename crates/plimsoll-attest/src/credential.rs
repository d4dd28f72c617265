//! Keeps credentials out of documents that are published. Where in doubt, a value stays out.

/// Parts of names that promise a credential (lower case).
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "apikey",
    "api_key",
    "api-key",
    "private_key",
    "private-key",
    "access_key",
    "access-key",
    "encryption_key",
    "signing_key",
    "license_key",
];

/// Words that do so only where they stand alone between underscores.
const WORDS: &[&str] = &["auth", "pwd", "pass", "pat", "key"];

/// What credentials of known makers begin with.
const VALUES: &[&str] = &[
    "-----BEGIN",
    "AKIA",
    "ASIA",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "npm_",
    "pypi-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxr-",
    "xoxs-",
    "sk_live_",
    "rk_live_",
    "sk-ant-",
    "sk-proj-",
    "dckr_pat_",
    "dop_v1_",
    "SG.",
    "hf_",
    "hvs.",
    "AGE-SECRET-KEY-",
    "AccountKey=",
    "eyJ",
];

/// Whether a build argument may be a credential.
pub(crate) fn is_likely(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NAMES.iter().any(|part| name.contains(part))
        || name
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| WORDS.contains(&word))
        || VALUES.iter().any(|mark| begins_somewhere(value, mark))
        || without_login(value) != value
}

/// Whether `mark` stands at the beginning of a word of `value`.
fn begins_somewhere(value: &str, mark: &str) -> bool {
    value
        .match_indices(mark)
        .any(|(at, _)| !value[..at].ends_with(|c: char| c.is_ascii_alphanumeric()))
}

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
        assert!(is_likely("NPM_TOKEN", ""));
        assert!(is_likely("INDEX", "https://me:pw@host/simple"));
        assert!(is_likely("X", &format!("v={}_0", "ghp")));
        assert!(!is_likely("AUTHOR", "xnpm_y"));
        assert!(!is_likely("PYTHON_VERSION", "3.12"));
        assert!(!is_likely(
            "GIT_SHA",
            "0123456789abcdef0123456789abcdef01234567"
        ));
    }
}
