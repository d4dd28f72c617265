//! What a name promises.
//!
//! Names are judged by their words, not by letters somewhere in them: `MONKEY` holds no key.

/// Words that promise a credential.
pub const WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "credential",
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
pub const KEY_OF: &[&str] = &[
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
    "format",
    "method",
    "mode",
    "names",
];

/// What a name of one word ends with that says it all, whatever is written in front: `PGPASSWORD`.
pub const ENDINGS: &[&str] = &["password", "passphrase", "apikey", "secretkey"];

/// Beginnings that such a name makes a verb or a question of.
const VERBS: &[&str] = &[
    "no", "forgot", "reset", "change", "show", "hide", "has", "is", "use", "set", "get", "check",
    "verify", "validate", "confirm", "repeat", "retype", "ask",
];

/// What stands in front of `passwd`, `pass`, `pwd`, `pw`, `token`, `secret` and `key` where they are written
/// as one word, `DBPASS`, `AUTHTOKEN`, and in front of several tokens: those of others are counted,
/// `MAX_TOKENS`.
pub const OWNERS: &[&str] = &[
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
    "service",
];

/// Whether a word is several of which the last promises a credential: `dbpass`.
fn is_run_together(word: &str) -> bool {
    let ends_so = ENDINGS.iter().any(|ending| {
        word.strip_suffix(ending)
            .is_some_and(|owner| !VERBS.contains(&owner))
    });
    ends_so
        || ["passwd", "pass", "pwd", "pw", "token", "secret"]
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
pub const KNOWN: &[&str] = &[
    "rediscli_auth",
    "npm_config_auth",
    "yarn_npm_auth_ident",
    "erlang_cookie",
    "rabbitmq_erlang_cookie",
    "release_cookie",
    "composer_auth",
    "docker_auth_config",
    "x_jfrog_art_api",
];

/// Whether a variable of this name is meant to hold a credential. What it holds need not be told as one,
/// but is shown to nobody.
pub fn promises(name: &str) -> bool {
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
        || counts_tokens(&words)
        || is_pwd_of(&words)
        || words.as_slice() == ["old", "pwd"]
        || words.as_slice() == ["oldpwd"]
    {
        return false;
    }
    words.iter().enumerate().any(|(at, word)| {
        let of = at.checked_sub(1).map(|before| words[before].as_str());
        is_promise(of, word)
    }) || KNOWN.contains(&words.join("_").as_str())
        || last == "bearer"
        // npm's own name, behind what it is the setting of.
        || name.to_ascii_lowercase().ends_with(":_auth")
}

/// Whether a name is `pwd` and no more: a password, or where one works.
pub fn is_pwd(name: &str) -> bool {
    is_pwd_of(&words(name))
}

fn is_pwd_of(words: &[String]) -> bool {
    matches!(words, [one] if one == "pwd")
}

/// Whether a name is that of how many tokens there may be, whoever has them: `MAX_API_TOKENS`.
fn counts_tokens(words: &[String]) -> bool {
    const COUNTS: &[&str] = &["max", "min", "num", "limit"];
    let counts = |word: &String| COUNTS.contains(&word.as_str());
    words.last().is_some_and(|last| last == "tokens") && words.iter().any(counts)
}

/// Whether a word of a name promises a credential, or several, behind the one before it.
fn is_promise(of: Option<&str>, word: &str) -> bool {
    let is_of = |owners: &[&str]| of.is_some_and(|of| owners.contains(&of));
    let (one, several) = match word.strip_suffix('s') {
        Some(one) if !one.ends_with('s') => (one, true),
        _ => (word, false),
    };
    match one {
        "key" => is_of(KEY_OF),
        "token" if several => is_of(OWNERS),
        one => WORDS.contains(&one) || is_run_together(one),
    }
}

/// Whether a name is that of several credentials, or of one beside who it is for, each of which may stand
/// among other words: `API_KEYS=web:…,app:…`, `BASIC_AUTH=admin:…`.
pub fn names_several(name: &str) -> bool {
    let words = words(name);
    let Some(last) = words.last() else {
        return false;
    };
    is_login(last) || (last.ends_with('s') && !last.ends_with("ss") && promises(name))
}

/// Whether a word may be what a credential is made of together with those around it in its name.
pub fn is_part_of_promise(word: &str) -> bool {
    word == "key" || WORDS.contains(&word) || KEY_OF.contains(&word) || is_run_together(word)
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
pub fn is_about(name: &str) -> bool {
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

/// Words before `key` by which people call one that is drawn.
const EVERYDAY_KEYS: &[&str] = &[
    "admin", "app", "cookie", "deploy", "license", "server", "service", "session", "ssh",
    "storage", "unseal", "webhook",
];

/// Whether a word is how who logs in is called together with the password.
fn is_login(word: &str) -> bool {
    matches!(word, "auth" | "basicauth" | "creds" | "cred")
}

/// Whether people call a credential so, and other things as well: `AUTH=basic`, `SSH_KEY=~/.ssh/id`.
/// What is drawn is one.
pub fn is_everyday(name: &str) -> bool {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [.., of, "key" | "keys"] => EVERYDAY_KEYS.contains(of),
        [.., "sonar", "login"] | [.., "otp" | "totp", "seed"] => true,
        [.., "pat" | "psk" | "sas"] => true,
        words if is_of_login(words) => true,
        [.., last] => is_login(last),
        [] => false,
    }
}

/// Whether a name is that of one login, a user and the password behind a colon: `basic.auth.user.info` of a
/// schema registry's clients (Confluent), `PREFECT_API_AUTH_STRING`.
pub fn names_login(name: &str) -> bool {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    is_of_login(&words)
}

fn is_of_login(words: &[&str]) -> bool {
    matches!(
        words,
        [.., "basic", "auth", "user", "info"] | [.., "auth", "string"]
    )
}

/// Whether a variable of this name may hold a credential, if its value reads like drawn.
pub fn may_promise(name: &str) -> bool {
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
        "salt" | "dsn" => true,
        _ => is_everyday(name),
    }
}

/// The words of a name, lower case: parted by anything but letters and digits, and where a small
/// letter is followed by a capital. `-D`, with which Java is told one, belongs to none.
pub fn words(name: &str) -> Vec<String> {
    let told = name.strip_prefix("-D");
    let told = told.filter(|told| told.starts_with(|c: char| c.is_ascii_lowercase()));
    let name = told.unwrap_or(name);
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
            "PASSWORDS",
            "API_KEYS",
            "apiKeys",
            "ACCESS_KEYS",
            "SERVICE_TOKENS",
            "AUTH_TOKENS",
            "USERS_PASSWORDS",
            "JWT_SECRETS",
            "DBPW",
            "-Dtoken",
            "-DbPassword",
            "-Password",
            "X-JFrog-Art-Api",
        ] {
            assert!(promises(yes), "{yes}");
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
            "MAX_TOKENS",
            "MAX_API_TOKENS",
            "n_tokens",
            "GPG_KEYS",
            "PUBLIC_KEYS",
            "KEYS",
            "PASSWORD_FORMAT",
        ] {
            assert!(!promises(no), "{no}");
        }
    }

    #[test]
    fn everyday_names() {
        for yes in [
            "AUTH",
            "BASIC_AUTH",
            "TRAEFIK_BASICAUTH",
            "GITHUB_PAT",
            "DB_CREDS",
            "SESSION_KEY",
            "VAULT_UNSEAL_KEYS",
            "NEW_RELIC_LICENSE_KEY",
            "SONAR_LOGIN",
            "OTP_SEED",
            "value.converter.basic.auth.user.info",
            "PREFECT_API_AUTH_STRING",
        ] {
            assert!(is_everyday(yes) && may_promise(yes), "{yes}");
        }
        for no in [
            "AUTHOR",
            "PATH",
            "KEY",
            "GPG_KEY",
            "CACHE_KEY",
            "SSH_KEY_PATH",
            "LICENSE_KEY_FILE",
            "AUTH_TYPE",
            "LOGIN",
            "RANDOM_SEED",
            "auth.user.info",
            "basic.auth.user.info.provider",
            "authentication_string",
            "",
        ] {
            assert!(!is_everyday(no) && !names_login(no), "{no}");
        }
        assert!(names_login("KAFKA_BASIC_AUTH_USER_INFO") && !names_login("BASIC_AUTH"));
        assert!(names_several("API_KEYS") && names_several("BASIC_AUTH"));
        assert!(
            !names_several("API_KEY") && !names_several("DB_PASS") && !names_several("GPG_KEYS")
        );
    }
}
