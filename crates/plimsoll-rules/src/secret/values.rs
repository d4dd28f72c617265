//! Texts that are credentials by their very form.

/// What a credential of known form is, and where it stands in the text that was looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// What it is.
    pub(crate) kind: &'static str,
    /// First byte.
    pub(crate) start: usize,
    /// Behind the last byte.
    pub(crate) end: usize,
}

/// What follows the beginning of a credential: the fewest characters, and which.
struct Form {
    start: &'static str,
    kind: &'static str,
    length: usize,
    upper_only: bool,
}

const fn form(start: &'static str, kind: &'static str, length: usize) -> Form {
    Form {
        start,
        kind,
        length,
        upper_only: false,
    }
}

const fn upper(start: &'static str, kind: &'static str, length: usize) -> Form {
    Form {
        start,
        kind,
        length,
        upper_only: true,
    }
}

const FORMS: &[Form] = &[
    form("ghp_", "a GitHub token", 36),
    form("gho_", "a GitHub token", 36),
    form("ghu_", "a GitHub token", 36),
    form("ghs_", "a GitHub token", 36),
    form("ghr_", "a GitHub token", 36),
    form("github_pat_", "a GitHub token", 40),
    form("glpat-", "a GitLab token", 20),
    upper("AKIA", "an AWS access key", 16),
    upper("ASIA", "an AWS access key", 16),
    form("xoxb-", "a Slack token", 30),
    form("xoxp-", "a Slack token", 30),
    form("sk_live_", "a Stripe key", 24),
    form("rk_live_", "a Stripe key", 24),
    form("sk-ant-", "an Anthropic key", 40),
    form("sk-proj-", "an OpenAI key", 40),
    form("npm_", "an npm token", 36),
    form("AIza", "a Google API key", 35),
    form("dckr_pat_", "a Docker Hub token", 24),
    form("hf_", "a Hugging Face token", 34),
    form("dop_v1_", "a DigitalOcean token", 60),
    form("shpat_", "a Shopify token", 32),
    form("pypi-AgE", "a PyPI token", 50),
    form("SG.", "a SendGrid key", 60),
    form("LTAI", "an Alibaba access key", 20),
];

const KEY_HEAD: &str = "-----BEGIN ";
const KEY_TAIL: &str = "PRIVATE KEY-----";

/// The credentials in a text, in order.
pub(crate) fn find(text: &str) -> Vec<Sighting> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let fresh = at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
        let may_start = matches!(
            bytes[at],
            b'g' | b'A'
                | b'x'
                | b's'
                | b'r'
                | b'n'
                | b'd'
                | b'h'
                | b'p'
                | b'S'
                | b'L'
                | b'-'
                | b':'
        );
        if may_start && let Some(sighting) = at_byte(text, at, fresh) {
            at = sighting.end;
            found.push(sighting);
        } else {
            at += 1;
        }
    }
    found
}

fn at_byte(text: &str, at: usize, fresh: bool) -> Option<Sighting> {
    let rest = text.get(at..)?;
    if let Some(body) = rest.strip_prefix(KEY_HEAD) {
        let line = body.get(..40.min(body.len())).unwrap_or_default();
        let tail = line.find(KEY_TAIL)?;
        return Some(Sighting {
            kind: "a private key",
            start: at,
            end: at + KEY_HEAD.len() + tail + KEY_TAIL.len(),
        });
    }
    if rest.starts_with("://") {
        return in_address(text, at + 3);
    }
    if !fresh {
        return None;
    }
    let form = FORMS.iter().find(|form| rest.starts_with(form.start))?;
    let body = &rest.as_bytes()[form.start.len()..];
    let length = body
        .iter()
        .take_while(|b| {
            if form.upper_only {
                b.is_ascii_uppercase() || b.is_ascii_digit()
            } else {
                b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')
            }
        })
        .count();
    let fits = length >= form.length
        && !(form.upper_only && length != form.length)
        && is_random(&body[..length])
        && !text[at..at + form.start.len() + length].contains("EXAMPLE");
    fits.then_some(Sighting {
        kind: form.kind,
        start: at,
        end: at + form.start.len() + length,
    })
}

/// Whether there are as many different characters as chance would give.
fn is_random(body: &[u8]) -> bool {
    let mut seen = [false; 256];
    for byte in body {
        seen[usize::from(*byte)] = true;
    }
    seen.iter().filter(|seen| **seen).count() >= 8
}

/// `user:password@` behind `://`.
fn in_address(text: &str, start: usize) -> Option<Sighting> {
    let rest = text.get(start..)?;
    let end = rest
        .find(|c: char| {
            c.is_whitespace()
                || matches!(
                    c,
                    '/' | '"' | '\'' | '$' | '{' | '<' | '?' | '#' | '`' | '(' | '|' | ')'
                )
        })
        .unwrap_or(rest.len());
    let (user, _) = rest.get(..end)?.rsplit_once('@')?;
    let (name, password) = user.split_once(':')?;
    let plain = password.len() >= 6
        && !name.is_empty()
        && password != name
        && !password.contains(['%', ':'])
        && !super::names::is_no_password(password);
    plain.then_some(Sighting {
        kind: "a password in an address",
        start: start + name.len() + 1,
        end: start + name.len() + 1 + password.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<&'static str> {
        find(text).iter().map(|sighting| sighting.kind).collect()
    }

    #[test]
    fn forms_are_known() {
        let token = format!("gh{}_{}", 'p', "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fG3hJ5");
        assert_eq!(kinds(&format!("curl -H 'x {token}'")), ["a GitHub token"]);
        let key = format!("{}{}", "AKIA", "QX7ZP4M2NV8RT6WB");
        assert_eq!(kinds(&key), ["an AWS access key"]);
        assert_eq!(
            kinds("git clone https://me:s3cr3tpw9@e.com/a"),
            ["a password in an address"]
        );
        assert_eq!(
            kinds("postgres://app:1234567@db/app"),
            ["a password in an address"]
        );
        let head = format!("-----BEGIN RSA {}", "PRIVATE KEY-----");
        assert_eq!(kinds(&head), ["a private key"]);
        for text in [
            "",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "AKIAIOSFODNN7EXAMPLE",
            "https://$USER:$PASS@e.com",
            "https://user:password@e.com",
            "postgres://postgres:postgres@db",
            "https://e.com:8080/a@b",
            "-----BEGIN PUBLIC KEY-----",
            "npm_config_registry=x",
            "ä://é:ü@ö",
        ] {
            assert_eq!(kinds(text), [""; 0], "{text}");
        }
    }
}
