//! Values that stand where a credential will stand.

/// Words that make a value an example, wherever in it they stand (lower case).
const MARKS: &[&str] = &[
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "replaceme",
    "replace_me",
    "replace-me",
    "dummy",
    "redacted",
    "sesame",
    "your_",
    "your-",
    "yourtoken",
    "yourpassword",
    "yoursecret",
    "xxxx",
    "insert_",
    "fixme",
    "todo",
    "0123456789",
];

/// Whole values that give nothing away (lower case).
const WHOLE: &[&str] = &[
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
    "mypassword",
    "mysecret",
    "mytoken",
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
    "ssm:",
    "secretsmanager:",
    "keyring:",
    "keychain:",
    "kms:",
    "file:",
    "$ansible_vault",
];

/// What a reference begins with that leads to a value by dots, in Terraform and in code.
const ROOTS: &[&str] = &[
    "var", "local", "module", "data", "each", "self", "this", "process", "config", "cfg", "conf",
    "settings", "options", "opts", "args", "params", "props", "env", "os", "app", "ctx", "req",
    "request", "input", "inputs", "secrets", "vars", "values", "context", "state",
];

/// Whether a value leads to another by names and dots: `var.db_password`,
/// `random_password.db.result`.
fn is_reference(value: &str) -> bool {
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
pub(super) fn is_example(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let text = String::from_utf8_lossy(&lower);
    MARKS.iter().any(|mark| text.contains(mark))
        || has_run(&lower, 6)
        || text.contains("123456789")
        || text.contains("abcdefgh")
        || entropy(value) < 2.5
}

/// Whether the value given to a name is no credential: a placeholder, a reference to a variable or
/// file, a switch, a short number.
pub(super) fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    value.len() < 4
        || WHOLE.contains(&lower.as_str())
        || MARKS.iter().any(|mark| lower.contains(mark))
        || value.contains("${")
        || value.contains("$(")
        || value.contains("{{")
        || value.starts_with(['$', '<', '%', '/', '~', '*', '`', '[', '{'])
        || value.starts_with("./")
        || ELSEWHERE.iter().any(|mark| lower.starts_with(mark))
        || is_reference(value)
        || is_token_of_template(value)
        || (value.len() < 8 && value.bytes().all(|byte| byte.is_ascii_digit()))
        || has_run(lower.as_bytes(), value.len().min(6))
        || (lower.contains("://") && !lower.contains('@'))
}

/// Whether a value reads like drawn from a hat, not like words, names or numbers.
pub(super) fn looks_random(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let marks = value
        .bytes()
        .filter(|byte| {
            matches!(
                byte,
                b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'&' | b'*' | b'?' | b'~'
            )
        })
        .count();
    let bits = entropy(value.as_bytes());
    if value.len() < 8 || letters == 0 || bits < 2.7 || is_wordy(value) {
        return false;
    }
    let mixed = value.bytes().any(|byte| byte.is_ascii_lowercase())
        && value.bytes().any(|byte| byte.is_ascii_uppercase());
    (digits >= 2 && bits >= 3.0)
        || (digits >= 1 && (marks > 0 || mixed))
        || (value.len() >= 20 && mixed && bits >= 3.8)
}

/// Whether a value is put together of words and numbers: `user_token_v2`, `pbkdf2-sha256`.
fn is_wordy(value: &str) -> bool {
    let mut words = 0;
    let mut lettered = 0;
    let mut word = 0;
    let mut small_before = false;
    for byte in value.bytes().chain([b'-']) {
        let next = byte.is_ascii_alphabetic() && !(small_before && byte.is_ascii_uppercase());
        if !next && word > 0 {
            words += 1;
            word = 0;
        }
        if byte.is_ascii_alphabetic() {
            word += 1;
            lettered += 1;
        }
        small_before = byte.is_ascii_lowercase();
    }
    // Drawn letters change between small and large and digits every other place; the more there are,
    // the surer they do.
    let least = if value.len() >= 20 { 5 } else { 4 };
    words == 0 || (lettered * 10 >= value.len() * 6 && lettered >= words * least)
}

/// Whether one byte stands `length` times in a row.
fn has_run(value: &[u8], length: usize) -> bool {
    length > 1
        && value
            .windows(length)
            .any(|window| window.iter().all(|byte| *byte == window[0]))
}

/// Shannon entropy, in bits a byte.
fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value {
        counts[usize::from(*byte)] += 1;
    }
    let total = value.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / total;
            -share * share.log2()
        })
        .sum()
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
            "var.db_password",
            "module.db.password",
            "random_password.db.result",
            "data.aws_eks_cluster_auth.this[0].token",
            "self.password",
            "__TOKEN__",
            "@@PASSWORD_1@@",
            "@db.password@",
            "#{DbPassword1}#",
            "tiger",
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
        ] {
            assert!(!is_placeholder(value), "{value}");
        }
    }
}
