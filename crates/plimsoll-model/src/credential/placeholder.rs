//! Values that stand where a credential will stand.

use super::abridged::is_abridged;
use super::drawn::{entropy, is_mostly_runs, looks_random};
use super::label::names_another_thing;
use super::published::is_published;

/// Words that make a value an example, wherever in it they stand (lower case): so long that chance
/// does not write them.
const MARKS: &[&str] = &[
    "example",
    "placeholder",
    "changeme",
    "replaceme",
    "redacted",
    "yourtoken",
    "yourpassword",
    "yoursecret",
    "0123456789",
    // Of Stripe's documentation.
    "4ec39hqlyjwdarjtt1zdp7dc",
];

/// Words that do so where no letter stands around them (lower case).
const WORDS: &[&str] = &["your", "insert", "todo", "changeit"];

/// The same of two words, one behind the other.
const PAIRS: &[(&str, &str)] = &[("change", "me"), ("replace", "me"), ("change", "it")];

/// What a word made of another begins or ends with: `dummykey`.
const STEMS: &[&str] = &["dummy", "fixme", "sesame"];

/// Whole values that give nothing away (lower case).
const WHOLE: &[&str] = &[
    "prefix",
    "secret",
    "password",
    "passwd",
    "pass",
    "token",
    "none",
    "null",
    "nil",
    "undefined",
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "test",
    "testing",
    "foo",
    "bar",
    "foobar",
    "default",
    "postgres",
    "root",
    "admin",
    "user",
    "guest",
    "mysql",
    "redis",
    "empty",
    "accesskey",
    "secretkey",
    "mypassword",
    "mysecret",
    "mytoken",
    "passphrase",
    "my-secret",
    "my_secret",
    "notasecret",
    "unused",
    "fake",
    "hidden",
    // Of the documentation of Kubernetes, in Secrets.
    "1f2d1e2e67df",
    "t0p-secret",
    // Of every manual of Oracle and SQLAlchemy, as Scott's.
    "tiger",
    "39528$vdg7jb",
];

/// What a value begins with that is encrypted or names where the credential lies (lower case): SOPS,
/// Jasypt, dotenvx, Vault's transit and paths, Amazon's names, stores of keys.
const ELSEWHERE: &[&str] = &[
    "enc[",
    "enc(",
    "encrypted:",
    "arn:",
    "vault:",
    "env:",
    "{env:",
    "{file:",
    // LiteLLM's.
    "os.environ/",
    "urn:",
    "ssm:",
    "secretsmanager:",
    "keyring:",
    "keychain:",
    "kms:",
    "file:",
    "$ansible_vault",
];

/// Addresses of stores of credentials, by their schemes: 1Password, the clouds' stores, HashiCorp's,
/// Doppler, Infisical, Bitwarden, gopass, and what Helm's `vals` and External Secrets call theirs.
const STORES: &[&str] = &[
    "op",
    "vault",
    "awssm",
    "awsssm",
    "awssecrets",
    "gcpsm",
    "gcpsecrets",
    "azurekv",
    "azurekeyvault",
    "akv",
    "keyvault",
    "doppler",
    "infisical",
    "bws",
    "gopass",
    "sm",
    "ssm",
    "secret",
    "secrets",
    "keepass",
    "sops",
    "env",
    "file",
];

/// Whether a value tells where the credential lies, or is it encrypted: `op://vault/item/field`,
/// `arn:aws:secretsmanager:…`, `ENC[…]`.
pub fn lies_elsewhere(value: &str) -> bool {
    let lower = value.trim().to_ascii_lowercase();
    let is_store = lower.split_once("://").is_some_and(|(scheme, place)| {
        let scheme = scheme.strip_prefix("ref+").unwrap_or(scheme);
        STORES.contains(&scheme) && !place.is_empty() && !place.contains('@')
    });
    is_store || ELSEWHERE.iter().any(|mark| lower.starts_with(mark))
}

/// What a reference begins with that leads to a value by dots, in Terraform and in code.
const ROOTS: &[&str] = &[
    "var", "local", "module", "data", "each", "self", "this", "process", "config", "cfg", "conf",
    "settings", "options", "opts", "args", "params", "props", "env", "os", "app", "ctx", "req",
    "request", "input", "inputs", "secrets", "vars", "values", "context", "state",
];

/// What Razor writes in its place, by the names that its pages have for what they are given.
const OF_PAGES: &[&str] = &["@Model.", "@ViewBag.", "@Configuration."];

/// Whether a value leads to another by names and dots: `var.db_password`,
/// `random_password.db.result`, `@Model.ApiKey2`.
fn is_reference(value: &str) -> bool {
    let of_page = OF_PAGES.iter().find_map(|page| value.strip_prefix(page));
    if let Some(names) = of_page {
        return are_names(names);
    }
    let mut names = value.split('.');
    let Some(root) = names.next() else {
        return false;
    };
    let is_name = |name: &str| {
        let name = name.split('[').next().unwrap_or(name);
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    let rest: Vec<&str> = names.collect();
    let known = ROOTS.contains(&root) || (root.contains('_') && rest.len() >= 2);
    known
        && is_name(root)
        && !rest.is_empty()
        && rest.iter().all(|name| is_name(name) && !looks_random(name))
}

/// Whether a value stands for what a program will write over it: `__TOKEN__`, `@db.password@`,
/// `#{DbPassword}#`.
fn is_token_of_template(value: &str) -> bool {
    ["__", "@"].iter().any(|mark| {
        let inner = value
            .strip_prefix(mark)
            .and_then(|inner| inner.strip_suffix(mark));
        inner.is_some_and(|inner| {
            !inner.is_empty()
                && inner
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_-.@".contains(&byte))
        })
    }) || value.starts_with("#{")
}

/// Whether a token of a known form is a documented example or stands for one.
pub fn is_example(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value);
    let lower = text.to_ascii_lowercase();
    marked(&text)
        || is_published(&text)
        || is_mostly_runs(lower.as_bytes(), 6)
        || lower.contains("123456789")
        || lower.contains("abcdefgh")
        || entropy(value) < 2.5
}

/// Whether words in a value say that it is an example.
fn marked(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    if MARKS.iter().any(|mark| lower.contains(mark)) {
        return true;
    }
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .collect();
    let of_x = |word: &str| word.len() >= 4 && word.bytes().all(|byte| byte == b'x');
    words.iter().any(|word| {
        WORDS.contains(word)
            || of_x(word)
            || STEMS
                .iter()
                .any(|stem| word.starts_with(stem) || word.ends_with(stem))
    }) || words
        .windows(2)
        .any(|pair| PAIRS.contains(&(pair[0], pair[1])))
}

/// Whether something in a value is drawn, whatever words stand beside it: `todo-8fK2qLw9vZ`.
fn has_drawn_part(value: &str) -> bool {
    // Amazon writes it so into what reads like drawn.
    if value.contains("EXAMPLE") {
        return false;
    }
    let counts_up = |part: &str, sort: fn(&u8) -> bool| {
        let of: Vec<u8> = part.bytes().filter(sort).collect();
        of.len() >= 3 && of.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1))
    };
    value
        .split(['-', '_', '.', ':', '/', ' ', '@'])
        .any(|part| {
            let lower = part.to_ascii_lowercase();
            part.len() >= 10
                && looks_random(part)
                && !MARKS.iter().any(|mark| lower.contains(mark))
                && !counts_up(part, u8::is_ascii_digit)
                && !counts_up(&lower, u8::is_ascii_lowercase)
        })
}

/// Whether the value given to a name is no credential: a placeholder, a reference to a variable or
/// file, a switch, a short number.
pub fn is_placeholder(value: &str) -> bool {
    may_be_shown(value) || is_abridged(value.trim())
}

/// The same but for values that only look as if they were counted up, or some of them not shown: those
/// are told to be nothing, and kept back where a password stands.
pub fn may_be_shown(value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    value.len() < 4
        || WHOLE.contains(&lower.as_str())
        || (marked(value) && !has_drawn_part(value))
        || is_published(value)
        || stands_for_another(value)
        || lies_elsewhere(value)
        || is_reference(value)
        || is_token_of_template(value)
        || names_another_thing(value)
        || (value.len() < 8 && value.bytes().all(|byte| byte.is_ascii_digit()))
        || is_mostly_runs(lower.as_bytes(), value.len().min(6))
        || (lower.contains("://") && !lower.contains('@'))
}

/// Whether a value is written in one of the forms that say: here goes something else. The form must
/// be whole, and what it names a word: passwords begin with any letter.
fn stands_for_another(value: &str) -> bool {
    if holds_template(value) {
        return true;
    }
    let inner = |open: char, close: char| {
        let inner = value.strip_prefix(open)?;
        // What was cut off at a blank lacks its end.
        let whole = inner.strip_suffix(close);
        (whole.is_some() || is_plain_word(inner)).then_some(whole.unwrap_or(inner))
    };
    let names_word = |inner: Option<&str>| inner.is_some_and(|inner| !looks_random(inner));
    match value.as_bytes() {
        [b'$', ..] => is_variable_or_hash(value),
        [b'<', b'%', ..] => true,
        [b'<', ..] => names_word(inner('<', '>')),
        [b'%', b'(' | b'{', ..] => true,
        [b'%', sort, next, ..] if b"sdvq".contains(sort) && !next.is_ascii_alphanumeric() => true,
        [b'%', ..] => names_word(
            value
                .strip_prefix('%')
                .and_then(|rest| rest.strip_suffix('%')),
        ),
        [b'`', ..] => names_word(inner('`', '`')),
        [b'[', ..] => names_word(inner('[', ']')),
        [b'{', b'"' | b'\'' | b'{' | b'%' | b'#' | b' ' | b'$', ..] => true,
        [b'{', ..] => value[1..].split_once('}').is_some_and(|(name, _)| {
            !looks_random(name) || (name.contains('.') && are_names(name))
        }),
        [b'*', b'*', b'*', ..] => true,
        // An alias of YAML.
        [b'*', ..] => is_plain_word(value.trim_matches('*')),
        [b'~', ..] => value
            .split_once('/')
            .is_some_and(|(user, path)| is_plain_word(&user[1..]) && is_path(path)),
        [b'.', b'/', rest @ ..] => std::str::from_utf8(rest).is_ok_and(is_path),
        [b'/', ..] => is_path(&value[1..]),
        _ => false,
    }
}

/// Whether a value holds what a shell or a template puts in its place: `${NAME}`, `$(command)`,
/// `{{ name }}`. What was cut off at a blank lacks its end.
pub fn holds_template(value: &str) -> bool {
    [("${", "}"), ("$(", ")"), ("{{", "}}")]
        .iter()
        .any(|(open, close)| match value.split_once(open) {
            Some((before, inner)) => {
                inner.contains(close) || (before.is_empty() && is_plain_word(inner))
            }
            None => false,
        })
}

/// Whether a value is nothing but a variable, named as those of the environment are: `$NAME`,
/// `${NAME}`.
pub fn is_variable(value: &str) -> bool {
    let name = value.strip_prefix('$').map(|name| {
        let inner = name
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'));
        inner.unwrap_or(name)
    });
    name.is_some_and(|name| {
        is_name(name) && !is_drawn_name(name) && !name.bytes().any(|byte| byte.is_ascii_lowercase())
    })
}

/// Whether a value begins with a variable that its rest goes on with, or is the hash of a password,
/// which its own readers tell.
fn is_variable_or_hash(value: &str) -> bool {
    let rest = &value[1..];
    let length = rest
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .count();
    let (name, behind) = rest.split_at(length);
    // `$6$…`, `$2y$05$…`, `$argon2id$v=19$…`
    let hash = behind.starts_with('$') && value.len() >= 26;
    // `$1`, `$@`
    let argument = value.len() <= 2 || (name.len() == 1 && behind.is_empty());
    let goes_on =
        behind.is_empty() || behind.starts_with(|c: char| "/:._-$\"',;)}]>[{(+&|%".contains(c));
    hash || argument || (is_name(name) && !is_drawn_name(name) && goes_on && !looks_random(behind))
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether a text is names with points between them, as programmers give them.
fn are_names(text: &str) -> bool {
    text.split('.')
        .all(|name| is_name(name) && !is_drawn_name(name))
}

/// Whether no programmer gave a name: digits in several places among letters of both sizes.
fn is_drawn_name(name: &str) -> bool {
    let digits = name
        .split(|c: char| !c.is_ascii_digit())
        .filter(|run| !run.is_empty());
    looks_random(name) && digits.count() >= 2
}

/// Whether a text is words and numbers, as names and explanations are.
fn is_plain_word(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b" _-.:/".contains(&byte))
        && !looks_random(text)
}

/// Whether what follows a slash are the names of folders and a file.
fn is_path(path: &str) -> bool {
    const ROOTS: &[&str] = &[
        "app",
        "bin",
        "data",
        "dev",
        "etc",
        "home",
        "lib",
        "media",
        "mnt",
        "opt",
        "proc",
        "root",
        "run",
        "secrets",
        "srv",
        "sys",
        "tmp",
        "usr",
        "var",
        "vault",
        "workspace",
    ];
    let parts = || path.split('/').filter(|part| !part.is_empty());
    let known = parts().count() >= 2 && parts().next().is_some_and(|root| ROOTS.contains(&root));
    let padded = path.ends_with('=');
    known || (!padded && parts().all(|part| !looks_random(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_told_from_tokens() {
        assert!(is_example(b"AKIAIOSFODNN7EXAMPLE"));
        assert!(is_example(b"ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"));
        assert!(is_example(b"0000000000000000"));
        assert!(!is_example(b"RELGYASQTDC22O4D"));
        for placeholder in [
            "changeme",
            "${TOKEN}",
            "<token>",
            "/run/secrets/x",
            "true",
            "1234",
            "********",
            "http://x/",
            "ENC[AES256_GCM,data:Tr7o0qTzXw==,iv:1=,tag:k==,type:str]",
            "ENC(G6N718UuyPE5bHyWKyuLQSm02auQPUtm)",
            "encrypted:BHcqn7hjJ1Nq2X0aZ3f4+uYb8Nc==",
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf",
            "vault:secret/data/db#password",
            "env:GITHUB_TOKEN2",
            "{env:GITHUB_TOKEN2}",
            "os.environ/AZURE_API_KEY",
            "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
            "var.db_password",
            "module.db.password",
            "random_password.db.result",
            "data.aws_eks_cluster_auth.this[0].token",
            "self.password",
            "@Model.ApiKey2V",
            "__TOKEN__",
            "@@PASSWORD_1@@",
            "@db.password@",
            "#{DbPassword1}#",
            "tiger",
            "$DB_PASSWORD",
            "$db_pass1",
            "$1",
            "$USER:$PASS",
            "$env:NAME",
            "$this->password",
            "$(cat",
            "${DB_PASSWORD:-x}",
            "a-${NAME}-b",
            "{{",
            "{{ .Values.password }}",
            "{name}",
            "{settings.password2AbC}",
            "{user}:{password}",
            "%PASSWORD%",
            "%(password)s",
            "%s:%s",
            "<your",
            "<your password>",
            "<%=",
            "[password]",
            "[REDACTED]",
            "[your",
            "*default_password",
            "*** only for tests",
            "`cat",
            "`cat /x`",
            "~/.ssh/id_rsa",
            "~bob/key",
            "./secrets/key1",
            "/etc/ssl/private/server-2048.pem",
            "/var/lib/docker/a1B2c3D4e5F6g7/x",
            "/path/like/this",
            "/oauth2/v2.0/token",
            "/users/:id/token",
            "[a-zA-Z0-9_-]{44}",
            "todo",
            "TODO-later",
            "your_password1",
            "your-256-bit-secret",
            "my-example-token",
            "dummykey1",
            "opensesame",
            "changeit",
            "Password__Root-sc-1a2b3c",
            "Input-sc-1kz9qr-0",
            "change_it_now",
            "ChangeMe-2024",
            "xxxx-yyyy",
            "00000000-0000-0000-0000-000000000000",
            "sk-...xyz123",
            "sk-1****cdef",
            "abc123def456ghi789",
            "sk-1234567890",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
            "abcdefghijkmnpqrstuvwxyz23456789ABCDEFGHJKLMNPQRSTUVWXYZ",
            "SECRETKEY",
            "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
            "pk.eyJ1IjoiYWNtZSIsImEiOiJja3RpaIn0.q7RtY2mWx9KpLz4VbN8c",
            "token-aaaaaaaaaaaa",
            "example-a1b2c3d4e5f6",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "$2y$05$aB3dE5gH7jaB3dE5gH7jaB3dE5gH7jaB3dE5gH7jaB3dE5gH7j",
        ] {
            assert!(is_placeholder(placeholder), "{placeholder}");
        }
        for value in [
            "hunter2!",
            "correct horse",
            "postgres://a:b@c/d",
            "john.doe1",
            "my.secret.pass1",
            "@dm1n!x@",
            "env.q7RtY2mWx9KpLz4V",
            "__init",
            "$Zx9!kQw7plm",
            "$Zx9kQw7plm",
            "/3kQmZ7xW4vT1pL9rY6nB3cF5hJ0sGaEw8Uq2Nd5HbVo=",
            "/q7RtY2mWx9KpLz4VbN8cHd3FjGs6TvXy1Za5Qe0",
            "/q7RtY2m/x9KpLz4VbN8cHd3FjGs6TvXy1Za5Q+0",
            "[Zx9kQw7plmRt4",
            "~Zx9kQw7plmRt4vB",
            "%8fK2qLw9vZtRq4m",
            "*8fK2qLw9vZtRq4m",
            "<8fK2qLw9vZ>tRq4",
            "{8fK2qLw9vZtRq4m",
            "{a.8fK2qLw9vZtRq4m}",
            "`8fK2qLw9vZtRq4m",
            "Zx9${kQw7plm",
            "Zx9kQw7plm%d{{",
            "abcd1234",
            "admin123456!",
            "What...Ever1",
            "Winter2024...",
            "Summer****2024",
            "Abcd12345678!",
            "root123456789",
            "@Model.q7RtY2mWx9KpLz4V",
            "@Winter2024.x",
            "q7RtY2mWx9KpLz4VbN8c...",
            "0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318",
            "pk.q7RtY2mWx9KpLz4V",
            "Mastodon-8fK2qLw9vZ",
            "8fK2todoqLw9vZ",
            "todo-8fK2qLw9vZ",
            "8fXXXX2qLw9vZt",
            "Yourselves-2024!",
            "8fK2qLw-sc-9vZtRq4m",
            "AAAAAAAAAAAAAAAAAAAAAFnz2wAAAAAAxTmQbp%2BIHDtAhTBbyNJon%2BA72K4%3DeIaigY0QBrv6Rp8KZQQLOTpo9ubw5Jt",
            "AAAAAAAAq7RtY2mWx9KpLz4VbN8cHd3FjGs6TvXy1Z==",
        ] {
            assert!(!is_placeholder(value), "{value}");
        }
        for value in [
            "op://vault/item/field",
            "ref+awsssm://db/password",
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf",
            "ENC[AES256_GCM,data:Tr7o0qTzXw==]",
        ] {
            assert!(lies_elsewhere(value) && is_placeholder(value), "{value}");
        }
        for value in [
            "op://user:hunter2@host",
            "https://x.io/a",
            "op://",
            "hunter2",
            "$A",
        ] {
            assert!(!lies_elsewhere(value), "{value}");
        }
        for value in ["abc123def456ghi789", "sk-...xyz123", "12****34"] {
            assert!(is_placeholder(value) && !may_be_shown(value), "{value}");
        }
        for value in ["$DB_PASSWORD", "${TOKEN}", "$PASS2"] {
            assert!(is_variable(value), "{value}");
        }
        for value in [
            "$Zx9!kQw7plm",
            "$ummer",
            "[Zx9",
            "${A:-hunter2}",
            "$",
            "x$A",
        ] {
            assert!(!is_variable(value), "{value}");
        }
    }
}
