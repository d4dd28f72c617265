//! What a name promises.

use std::sync::LazyLock;

use regex::Regex;

pub(super) const WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "secrets",
    "token",
    "apikey",
    "credential",
    "credentials",
    "pwd",
    "pass",
    "pw",
    "bindpw",
    "rootpw",
    "requirepass",
    "masterauth",
    "authtok",
];

/// Second words that make `key` a secret one.
pub(super) const KEY_OF: &[&str] = &[
    "api",
    "access",
    "private",
    "secret",
    "auth",
    "encryption",
    "signing",
    "master",
    "account",
    "fernet",
    "jwt",
    "hmac",
    "cipher",
];

/// Last words that make the value something about a credential, not the credential.
const ABOUT: &[&str] = &[
    "file",
    "path",
    "dir",
    "id",
    "name",
    "url",
    "uri",
    "host",
    "port",
    "ttl",
    "expiry",
    "expiration",
    "expires",
    "length",
    "timeout",
    "type",
    "enabled",
    "disabled",
    "header",
    "lifetime",
    "algorithm",
    "issuer",
    "audience",
    "endpoint",
    "required",
    "policy",
    "max",
    "min",
    "count",
    "limit",
    "prefix",
    "suffix",
    "hash",
    "hasher",
    "hashers",
    "provider",
    "store",
    "manager",
    "arn",
    "region",
    "version",
    "size",
    "field",
    "key2name",
    "stdin",
    "at",
    "date",
    "created",
    "changed",
    "rotated",
    "used",
    "updated",
    "until",
    "spec",
    "alg",
    "encoder",
    "class",
    "ref",
];

/// What a name of one word ends with that says it all, whatever is written in front: `PGPASSWORD`.
const ENDINGS: &[&str] = &["password", "passphrase", "apikey", "secretkey"];

/// Beginnings that such a name makes a verb or a question of.
const VERBS: &[&str] = &[
    "no", "forgot", "reset", "change", "show", "hide", "has", "is", "use", "set", "get", "check",
    "verify", "validate", "confirm", "repeat", "retype", "ask",
];

/// What stands in front of `passwd`, `pass`, `pwd`, `token`, `secret` and `key` where they are written as one
/// word: `DBPASS`, `AUTHTOKEN`.
const OWNERS: &[&str] = &[
    "db",
    "sql",
    "pg",
    "mysql",
    "redis",
    "mongo",
    "ldap",
    "bind",
    "smtp",
    "mail",
    "ftp",
    "ssh",
    "root",
    "admin",
    "user",
    "app",
    "auth",
    "api",
    "access",
    "client",
    "private",
    "secret",
    "session",
    "jwt",
    "bot",
    "deploy",
    "refresh",
    "bearer",
    "encryption",
    "signing",
    "master",
    "github",
    "gitlab",
    "npm",
    "vault",
    "proxy",
    "svn",
    "git",
    "sa",
    "consumer",
    "hmac",
    "webhook",
    "oauth",
];

/// Whether a word is several of which the last promises a credential: `dbpass`.
pub(super) fn is_run_together(word: &str) -> bool {
    let ends_so = ENDINGS.iter().any(|ending| {
        word.strip_suffix(ending)
            .is_some_and(|owner| !VERBS.contains(&owner))
    });
    ends_so
        || ["passwd", "pass", "pwd", "token", "secret"]
            .iter()
            .any(|ending| {
                word.strip_suffix(ending)
                    .is_some_and(|owner| OWNERS.contains(&owner))
            })
        || word
            .strip_suffix("key")
            .is_some_and(|owner| KEY_OF.contains(&owner))
}

/// Variables that hold a credential by the manual of who reads them, though no word of them says so.
const KNOWN: &[&str] = &[
    "rediscli_auth",
    "npm_config_auth",
    "yarn_npm_auth_ident",
    "erlang_cookie",
    "rabbitmq_erlang_cookie",
    "release_cookie",
    "composer_auth",
    "docker_auth_config",
];

/// Whether a variable of this name is meant to hold a credential. What it holds need not be told as one
/// ([`super::names_none`]), but is shown to nobody.
pub(in crate::secret) fn names_secret(name: &str) -> bool {
    let words = words(name);
    let Some(last) = words.last() else {
        return false;
    };
    if is_file(name) {
        return false;
    }
    if ABOUT.contains(&last.as_str())
        || names_entry(&words)
        || names_page(&words)
        || words.iter().any(|word| word == "public")
        || matches!(words.as_slice(), [one] if one == "pwd")
        || words.as_slice() == ["old", "pwd"]
        || words.as_slice() == ["oldpwd"]
    {
        return false;
    }
    words
        .iter()
        .any(|word| WORDS.contains(&word.as_str()) || is_run_together(word))
        || KNOWN.contains(&words.join("_").as_str())
        || last == "bearer"
        // npm's own name, behind what it is the setting of.
        || name.to_ascii_lowercase().ends_with(":_auth")
        || words
            .windows(2)
            .any(|pair| pair[1] == "key" && KEY_OF.contains(&pair[0].as_str()))
}

/// Whether a name is that of a file of code or of a page, as lists of what a build made have it:
/// `"reset_password.js": "reset_password.017ea86b.js"`.
fn is_file(name: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "js", "mjs", "cjs", "jsx", "ts", "tsx", "css", "scss", "less", "map", "html", "vue", "svg",
        "png", "woff", "woff2", "rb", "py", "php",
    ];
    name.rsplit_once('.')
        .is_some_and(|(stem, ending)| !stem.is_empty() && ENDINGS.contains(&ending))
}

/// Whether a name says that its value is something about a credential, or may be seen by all.
pub(in crate::secret) fn names_about(name: &str) -> bool {
    let words = words(name);
    let is_about = |last: &String| ABOUT.contains(&last.as_str());
    words.last().is_some_and(is_about) || words.iter().any(|word| word == "public")
}

/// Whether a name is that of an entry of a Secret, as values of Helm charts have it:
/// `adminPasswordKey`, `existingSecretKey`.
fn names_entry(words: &[String]) -> bool {
    match words {
        [before @ .., of, last] if last == "key" => {
            matches!(of.as_str(), "password" | "passwd" | "passphrase")
                || (of == "secret" && before.iter().any(|word| word == "existing"))
        }
        _ => false,
    }
}

/// Words that say which page of a list it is.
const PAGES: &[&str] = &[
    "next", "prev", "previous", "start", "starting", "initial", "first", "last", "current", "list",
    "new",
];

/// Whether a name is that of a token that says where a list goes on, or which request it was. A page
/// that is somebody's has a token of its own: `FB_PAGE_TOKEN`.
fn names_page(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [.., "next" | "continuation", "token"] | [.., "client", "request", "token"] => true,
        [before @ .., "page", "token"] => before.last().is_none_or(|word| PAGES.contains(word)),
        _ => false,
    }
}

/// Words before `key` that promise no credential, whatever the value looks like.
const KEYS_OF_OTHERS: &[&str] = &[
    "public",
    "pub",
    "gpg",
    "pgp",
    "host",
    "site",
    "publishable",
    "cache",
    "partition",
    "sort",
    "primary",
    "foreign",
    "registry",
    "signature",
    "trusted",
    "known",
    "apt",
    "rpm",
    "asc",
];

/// What every name holds that promises a credential, or may be that of one.
static PARTS: LazyLock<Regex> = LazyLock::new(|| {
    let parts = r"(?i)pass|pw|secret|token|key|cred|auth|bearer|e_cookie|g_cookie|psk|salt|dsn|pat(?:[^a-z]|\z)";
    Regex::new(parts).expect("a constant expression")
});

/// Whether a text may hold such a name. Most hold none.
pub(in crate::secret) fn may_hold_name(text: &str) -> bool {
    PARTS.is_match(text)
}

/// Whether a variable of this name may hold a credential, if its value reads like drawn.
pub(in crate::secret) fn may_name_secret(name: &str) -> bool {
    let words = words(name);
    let Some((last, before)) = words.split_last() else {
        return false;
    };
    match last.as_str() {
        "key" => {
            !before.is_empty()
                && !before
                    .iter()
                    .any(|word| KEYS_OF_OTHERS.contains(&word.as_str()))
        }
        "pat" | "psk" | "salt" | "dsn" => true,
        _ => false,
    }
}

/// The words of a name, lower case: parted by anything but letters and digits, and where a small
/// letter is followed by a capital.
pub(in crate::secret) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small_before = false;
    for c in name.chars() {
        let part_here = !c.is_ascii_alphanumeric() || (small_before && c.is_ascii_uppercase());
        if part_here && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_lowercase());
        }
        small_before = c.is_ascii_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_part_that_is_looked_for() {
        let run_together =
            |ending: &'static str| OWNERS.iter().map(move |one| format!("{one}{ending}"));
        let endings = ["passwd", "pass", "pwd", "token", "secret", "_key"];
        let names = WORDS
            .iter()
            .chain(KNOWN)
            .chain(ENDINGS)
            .map(|word| (*word).to_owned());
        let names = names
            .chain(endings.into_iter().flat_map(run_together))
            .chain(KEY_OF.iter().map(|of| format!("{of}key")))
            .chain(
                [
                    "bearer", "x:_auth", "git_pat", "db_psk", "a_salt", "a_dsn", "b_key",
                ]
                .map(String::from),
            );
        for name in names {
            for name in [name.to_ascii_uppercase(), format!("A{name}=b"), name] {
                assert!(may_hold_name(&name), "{name}");
            }
        }
        assert!(!may_hold_name(
            "RUN apt-get install --path=/x && PATH=y make"
        ));
    }

    #[test]
    fn names() {
        for yes in [
            "DB_PASSWORD",
            "GITHUB_TOKEN",
            "apiKey",
            "API_KEY",
            "AWS_SECRET_ACCESS_KEY",
            "MYSQL_PWD",
            "clientSecret",
            "STRIPE_SECRET_KEY",
            "build.token",
            "PGPASSWORD",
            "DBPASSWORD",
            "DBPASS",
            "FTPPASSWORD",
            "SECRETKEY",
            "AUTHTOKEN",
            "REDISCLI_AUTH",
            "rediscli-auth",
            "NPM_CONFIG__AUTH",
            "npm_config__auth",
            "npm_config__authToken",
            "NPM_CONFIG_//registry.acme.io/:_auth",
            "YARN_NPM_AUTH_IDENT",
            "TWITTER_BEARER",
            "MYSQLPWD",
            "clientsecret",
            "FB_PAGE_TOKEN",
            "facebookPageToken",
            "STORAGE_ACCESS_KEY",
            "COOKIE_SECRET_KEY",
            // What is told of these depends on their values; shown it is not.
            "SECRET_COOKIE",
            "REFRESH_TOKEN_COOKIE",
            "WALLET_SECRET_ADDRESS",
            "SECRET_STORAGE_KEY",
            "PASSWORD_CHARS",
        ] {
            assert!(names_secret(yes), "{yes}");
        }
        for no in [
            "GPG_KEY",
            "TOKENIZERS_PARALLELISM",
            "AWS_ACCESS_KEY_ID",
            "DB_PASSWORD_FILE",
            "PWD",
            "OLDPWD",
            "PUBLIC_API_KEY",
            "SECRET_NAME",
            "KEYBOARD",
            "PATH",
            "",
            "COMPASS",
            "BYPASS",
            "PGPASSFILE",
            "nopassword",
            "resetPassword_url",
            "nexttoken",
            "kpasswd",
            "htpasswd",
            "password-stdin",
            "NODE_AUTH",
            "adminPasswordKey",
            "existingSecretPasswordKey",
            "existingSecretKey",
            "PASSWORD_KEY",
            "password_changed_at",
            "PasswordLastUsed",
            "token_created",
            "token_valid_until",
            "clientRequestToken",
            "NextContinuationToken",
            "nextPageToken",
            "page_token",
            "startPageToken",
            "customer_master_key_spec",
            "password.encoder",
            "passwordSecretRef",
            "secretProviderClass",
            "unusable_password_field.js",
            "lib/password.rb",
        ] {
            assert!(!names_secret(no), "{no}");
        }
    }
}
