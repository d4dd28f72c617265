//! What kind of credential a value is by its form, and by the name it is given.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memchr::memmem;
use plimsoll_model::Severity;
use plimsoll_model::credential::are_drawn;
use regex::bytes::Regex;

use super::drawn::{entropy, looks_random};
use super::escape::unescaped;
use super::placeholder::{holds_template, is_example, is_placeholder};

static JWT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(eyJ[A-Za-z0-9_-]{10,2000})\.(eyJ[A-Za-z0-9_-]{10,8000})\.[A-Za-z0-9_-]{20,2000}$",
    )
    .expect("a constant expression")
});

static DISCORD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}$")
        .expect("a constant expression")
});

/// A token of a bot of Discord at the beginning of some bytes: the first of its three parts is the
/// bot's number in base64.
pub(super) fn bot_token(bytes: &[u8]) -> Option<&[u8]> {
    let letter = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let length = bytes.iter().take(96).take_while(letter).count();
    let value = &bytes[..length];
    let number = value.split(|byte| *byte == b'.').next()?;
    let decoded = URL_SAFE_NO_PAD.decode(number).ok()?;
    let is_number = (17..=20).contains(&decoded.len()) && decoded.iter().all(u8::is_ascii_digit);
    (is_number && DISCORD.is_match(value) && !is_example(value)).then_some(value)
}

/// Makers whose keys have no mark, by a word in the name they are assigned to.
const MAKERS: &[(&str, &str)] = &[
    ("twilio", "twilio-key"),
    ("datadog", "datadog-key"),
    ("dd_api_key", "datadog-key"),
    ("dd_app_key", "datadog-key"),
    ("heroku", "heroku-key"),
    ("cloudflare", "cloudflare-token"),
    ("fastly", "fastly-token"),
    ("linode", "linode-token"),
    ("hetzner", "hetzner-token"),
    ("vultr", "vultr-key"),
    ("scaleway", "scaleway-key"),
    ("pagerduty", "pagerduty-key"),
    ("okta", "okta-token"),
    ("auth0", "auth0-secret"),
    ("snyk", "snyk-token"),
    ("sonar", "sonar-token"),
    ("codecov", "codecov-token"),
    ("algolia", "algolia-key"),
    ("mailgun", "mailgun-key"),
    ("mailjet", "mailjet-key"),
    ("snowflake", "snowflake-password"),
    ("confluent", "confluent-key"),
    ("cohere", "cohere-key"),
    ("mistral", "mistral-key"),
    ("airtable", "airtable-key"),
    ("asana", "asana-token"),
    ("zendesk", "zendesk-token"),
    ("intercom", "intercom-token"),
    ("dropbox", "dropbox-token"),
    ("twitter", "twitter-key"),
    ("facebook", "facebook-secret"),
    ("paypal", "paypal-secret"),
    ("adyen", "adyen-key"),
    ("resend", "resend-key"),
    ("wandb", "wandb-key"),
    ("launchdarkly", "launchdarkly-key"),
    ("alibaba", "alibaba-secret"),
    ("aliyun", "alibaba-secret"),
    ("tencent", "tencent-secret"),
    ("ibm", "ibm-key"),
    ("jira", "atlassian-token"),
    ("confluence", "atlassian-token"),
    ("vault_token", "vault-token"),
    ("sharedaccesskey", "azure-shared-access-key"),
    ("django", "django-secret-key"),
    ("rails", "rails-key"),
];

/// Whether a value is a JSON web token; none where it is one that stands in every manual.
pub(super) fn is_jwt(value: &str) -> Option<bool> {
    let Some(parts) = JWT.captures(value.as_bytes()) else {
        return Some(false);
    };
    let part = |index: usize| URL_SAFE_NO_PAD.decode(parts.get(index)?.as_bytes()).ok();
    let (Some(header), Some(payload)) = (part(1), part(2)) else {
        return Some(false);
    };
    let has = |text: &[u8], word: &str| memmem::find(text, word.as_bytes()).is_some();
    // Those of jwt.io and of RFC 7519, and what Supabase hands to browsers.
    let known = [
        "John Doe",
        "1234567890",
        "example.com/is_root",
        "\"role\":\"anon\"",
    ];
    if known.iter().any(|mark| has(&payload, mark)) {
        return None;
    }
    Some(has(&header, "\"alg\""))
}

/// The longest value that is judged, in bytes.
pub(super) const LONGEST: usize = 600;

/// How a value is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// Without quotes, where everything is.
    Bare,
    /// In quotes, in a file of settings.
    QuotedSetting,
    /// In quotes, in code or data, which say much more in quotes than passwords.
    Quoted,
}

/// What kind of credential the value of a name is, if it is one.
pub(super) fn judged(
    name: &str,
    value: &str,
    written: Written,
) -> Option<(&'static str, Severity)> {
    let decoded = unescaped(value);
    let value = decoded.as_deref().unwrap_or(value);
    if value.len() < 6
        || value.len() > LONGEST
        || !is_one_piece(value)
        // Files of translations write other letters as numbers.
        || (decoded.is_some() && !value.is_ascii())
        || is_placeholder(value)
        || is_code(value)
        || (names_object(name) && is_object(value))
    {
        return None;
    }
    if let Some(known) = known_form(name, value)? {
        return Some(known);
    }
    let lower = folded_name(name);
    let password = ["password", "passwd", "passphrase", "pwd"]
        .iter()
        .any(|word| lower.contains(word));
    let has = |sort: fn(&u8) -> bool| value.bytes().any(|byte| sort(&byte));
    let all_sizes =
        has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let mixed = value.len() >= 8 && !value.contains(['_', '-', '.']) && all_sizes;
    let like_people_make = !value.contains(['(', '{', '['])
        && match written {
            Written::Bare => value.bytes().any(|byte| !byte.is_ascii_alphabetic()),
            Written::QuotedSetting => is_made_up(value),
            Written::Quoted => is_surely_made_up(value),
        };
    // One with other letters was asked for more.
    let believed = !value.is_ascii()
        || looks_random(value)
        || (password && (mixed || like_people_make || is_of_drawn_letters(value)));
    if !believed {
        return None;
    }
    Some((maker(name).unwrap_or("secret-value"), Severity::High))
}

/// Whether a name is that of a Secret of Kubernetes, as values of Helm charts have it.
fn names_object(name: &str) -> bool {
    let lower = folded_name(name).replace('_', "");
    ["tlssecret", "pullsecret", "existingsecret"]
        .iter()
        .any(|end| lower.ends_with(end))
}

/// Whether a value is what an object of Kubernetes may be called, with a word in it:
/// `wildcard-acme-io-2025`.
fn is_object(value: &str) -> bool {
    let parts = || value.split(['-', '.']);
    let is_word =
        |part: &str| part.len() >= 3 && part.bytes().all(|byte| byte.is_ascii_lowercase());
    value.len() <= 63
        && parts().count() >= 2
        && parts().any(is_word)
        && value
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte))
}

/// Whether a value is no text for people: one of letters that keys on most keyboards write, without
/// blanks, or one that holds such a credential. A translation and a sentence have none.
pub(super) fn is_no_sentence(value: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_graphic();
    !value.contains(|c: char| c.is_control())
        && (value.chars().all(is_plain)
            || value.split(|c: char| !is_plain(c)).any(stands_by_itself))
}

/// The same of one without blanks.
pub(super) fn is_one_piece(value: &str) -> bool {
    !value.contains(char::is_whitespace) && is_no_sentence(value)
}

/// Whether a value is a credential by itself, whatever it stands beside: what people make up, or
/// something drawn in one piece.
pub(super) fn stands_by_itself(value: &str) -> bool {
    is_surely_made_up(value)
        || value
            .split(['-', '_', '.', ':', '/'])
            .any(|part| part.len() >= 10 && looks_random(part))
}

/// Whether a value is nothing but letters, and those of no word: `rpIykDELekpkud`. Where all are of
/// one size it takes more of them.
fn is_of_drawn_letters(value: &str) -> bool {
    let has = |sort: fn(&u8) -> bool| value.bytes().any(|byte| sort(&byte));
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let long = value.len() >= if mixed { 10 } else { 14 };
    let lower = value.to_ascii_lowercase();
    let says_password = ["passw", "pwd", "secret"]
        .iter()
        .any(|word| lower.contains(word));
    long && !says_password
        && value.bytes().all(|byte| byte.is_ascii_alphabetic())
        && entropy(lower.as_bytes()) >= 2.7
        && are_drawn(value)
}

/// Whether a value in quotes is no label, message or name: it has digits and letters, or is a phrase
/// of four words.
fn is_made_up(value: &str) -> bool {
    let has = |sort: fn(&u8) -> bool| value.bytes().any(|byte| sort(&byte));
    let lower = value.to_ascii_lowercase();
    let says_password = ["passw", "passphrase", "secret"]
        .iter()
        .any(|word| lower.contains(word));
    let phrase = value.split('-').filter(|word| word.len() >= 2).count() >= 4;
    let numbered = value.len() >= 8 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    let marked = value.len() >= 8
        && value.bytes().any(is_mark)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase);
    !says_password && !value.contains('.') && (numbered || marked || phrase)
}

/// Whether a value in quotes has digits, letters of both sizes and a mark that no name has:
/// `Winter2024!`, not `Password*`.
fn is_surely_made_up(value: &str) -> bool {
    let has = |sort: fn(&u8) -> bool| value.bytes().any(|byte| sort(&byte));
    value.len() >= 8
        && value.bytes().any(is_mark)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_digit)
        && !value.contains(['.', ':', '/', '<', '>', '=', '%', '|', '\\'])
}

/// Marks that people put in passwords and programmers in no name.
fn is_mark(byte: u8) -> bool {
    b"!@#$^&*?~+".contains(&byte)
}

fn folded_name(name: &str) -> String {
    name.to_ascii_lowercase().replace(['-', '.'], "_")
}

/// The kind that the name alone gives away.
pub(super) fn maker(name: &str) -> Option<&'static str> {
    let name = folded_name(name);
    let found = MAKERS.iter().find(|(word, _)| name.contains(word));
    found.map(|(_, kind)| *kind)
}

/// What kind of credential a value is by its form and its name. The outer none means that it is
/// none at all, an example of a manual.
#[expect(
    clippy::option_option,
    reason = "no credential is not the same as one of no known form"
)]
pub(super) fn known_form(name: &str, value: &str) -> Option<Option<(&'static str, Severity)>> {
    let lower = folded_name(name);
    let bytes = value.as_bytes();
    if bytes.len() == 40
        && (lower.contains("secret_access")
            || lower.contains("secretaccess")
            || lower.contains("aws"))
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+'))
        && !bytes.iter().all(u8::is_ascii_hexdigit)
    {
        return Some(Some(("aws-secret-key", Severity::Critical)));
    }
    if lower.replace('_', "").contains("accountkey") && bytes.len() == 88 && bytes.ends_with(b"==")
    {
        return Some(Some(("azure-storage-key", Severity::Critical)));
    }
    // Next.js draws them anew in every build; they open what is not published yet.
    let preview = lower.replace('_', "");
    if preview.contains("previewmodesigningkey") || preview.contains("previewmodeencryptionkey") {
        return Some(Some(("nextjs-preview-key", Severity::Low)));
    }
    if is_jwt(value)? {
        return Some(Some(("jwt", Severity::High)));
    }
    if lower.contains("vault") && is_old_vault_token(value) {
        return Some(Some(("vault-token", Severity::Critical)));
    }
    if DISCORD.is_match(bytes) {
        return Some(Some(("discord-token", Severity::Critical)));
    }
    Some(None)
}

/// Whether a value is a token of Vault as those before 1.10 are: `s.` and 24 letters and digits, which
/// many a method's call is, too.
fn is_old_vault_token(value: &str) -> bool {
    value.strip_prefix("s.").is_some_and(|rest| {
        rest.len() == 24
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && rest.bytes().any(|byte| byte.is_ascii_digit())
            && !is_example(rest.as_bytes())
    })
}

/// Whether what stands between the marks of code is drawn, and so long that no name is.
fn has_long_drawn_part(value: &str) -> bool {
    value
        .split([':', '=', '>', '&'])
        .any(|part| part.len() >= 16 && looks_random(part))
}

/// Whether a value is a piece of code or of a template, a path or a version.
pub(super) fn is_code(value: &str) -> bool {
    holds_template(value)
        || value.contains("#{")
        || (["::", "=>", "&&"].iter().any(|mark| value.contains(mark))
            && !has_long_drawn_part(value))
        || (value.starts_with(['{', '(', '@', '&', '.', '#', ':', '!', '='])
            && !looks_random(value))
        || value.ends_with(['(', '[', '{'])
        || value.contains("://")
        || (value.contains('(') && value.contains(')'))
        || (value.contains('[') && value.contains(']'))
}
