//! What credentials of known makers look like.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use plimsoll_model::Severity;

use super::placeholder::is_example;

/// Base64 as people leave it: with or without padding.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a check makes of a match.
pub(super) enum Verdict {
    /// No credential.
    Nothing,
    /// One, just as matched.
    Match,
    /// One whose value reads otherwise once taken out of its wrapping, or of a milder kind.
    Value {
        kind: &'static str,
        severity: Severity,
        value: Vec<u8>,
    },
}

/// How programs, which are no text, are searched for a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Programs {
    /// Not at all: it means nothing there.
    Skip,
    /// As a text is: it must stand apart from letters and digits.
    Apart,
    /// Anywhere: texts in programs lie side by side without a gap, and the form is sure enough.
    Packed,
}

/// One kind of credential.
pub(super) struct Pattern {
    pub(super) kind: &'static str,
    pub(super) severity: Severity,
    /// Words a match begins with.
    pub(super) anchors: &'static [&'static str],
    /// Matched at the anchor; group 1 is the value, the whole match where there is no group.
    pub(super) regex: &'static str,
    /// Bytes that may not follow the match: it would be part of something longer.
    pub(super) not_before: fn(u8) -> bool,
    /// Whether the word may stand right behind a letter or digit.
    pub(super) inside_words: bool,
    pub(super) in_programs: Programs,
    pub(super) check: fn(&[u8]) -> Verdict,
}

fn alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn base64_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

fn anything(_: u8) -> bool {
    false
}

fn real(value: &[u8]) -> Verdict {
    if is_example(value) {
        Verdict::Nothing
    } else {
        Verdict::Match
    }
}

/// A token that begins with its maker's mark.
const fn token(
    kind: &'static str,
    anchors: &'static [&'static str],
    regex: &'static str,
) -> Pattern {
    Pattern {
        kind,
        severity: Severity::Critical,
        anchors,
        regex,
        not_before: alphanumeric,
        inside_words: false,
        in_programs: Programs::Packed,
        check: real,
    }
}

pub(super) const PATTERNS: &[Pattern] = &[
    Pattern {
        kind: "private-key",
        severity: Severity::Critical,
        anchors: &["-----BEGIN "],
        regex: r"(?s)-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----.{1,16000}?-----END ",
        not_before: anything,
        inside_words: true,
        in_programs: Programs::Skip,
        check: private_key,
    },
    Pattern {
        severity: Severity::High,
        // Four capitals and sixteen more are also a piece of a character's name.
        in_programs: Programs::Apart,
        ..token("aws-access-key", &["AKIA", "ASIA"], r"A[KS]IA[A-Z2-7]{16}")
    },
    Pattern {
        kind: "aws-secret-key",
        severity: Severity::Critical,
        anchors: &[
            "aws_secret_access_key",
            "AWS_SECRET_ACCESS_KEY",
            "aws_secret_key",
            "AWS_SECRET_KEY",
            "secretAccessKey",
            "SecretAccessKey",
        ],
        regex: r#"[A-Za-z_]+["']?\s{0,4}(?:=>|[:=])\s{0,4}["']?([A-Za-z0-9/+]{40})"#,
        not_before: base64_byte,
        inside_words: true,
        in_programs: Programs::Skip,
        check: real,
    },
    token(
        "github-token",
        &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
        r"gh[pousr]_[A-Za-z0-9]{36}",
    ),
    token(
        "github-token",
        &["github_pat_"],
        r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    ),
    Pattern {
        // The mark itself, as a program that looks for tokens holds it, is followed by other words
        // without a gap: only the exact length tells a token from them.
        in_programs: Programs::Apart,
        not_before: |byte| alphanumeric(byte) || byte == b'-',
        ..token(
            "gitlab-token",
            &["glpat-"],
            r"glpat-(?:[A-Za-z0-9_-]{27,300}\.[0-9a-z]{2}\.[0-9a-z]{9}|[A-Za-z0-9_-]{20})",
        )
    },
    token("npm-token", &["npm_"], r"npm_[A-Za-z0-9]{36}"),
    token(
        "pypi-token",
        &["pypi-AgEIcHlwaS5vcmc"],
        r"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,512}",
    ),
    token(
        "slack-token",
        &["xoxb-", "xoxa-", "xoxp-", "xoxr-", "xoxs-"],
        r"xox[abprs]-[0-9]{8,16}-[A-Za-z0-9-]{12,100}",
    ),
    Pattern {
        severity: Severity::High,
        ..token(
            "slack-webhook",
            &["hooks.slack.com/services/"],
            r"hooks\.slack\.com/services/T[A-Z0-9]{7,12}/B[A-Z0-9]{7,12}/([A-Za-z0-9]{20,28})",
        )
    },
    token(
        "stripe-key",
        &["sk_live_", "rk_live_"],
        r"[rs]k_live_[A-Za-z0-9]{20,120}",
    ),
    token(
        "docker-token",
        &["dckr_pat_"],
        r"dckr_pat_[A-Za-z0-9_-]{27}",
    ),
    token(
        "digitalocean-token",
        &["dop_v1_", "doo_v1_"],
        r"do[op]_v1_[a-f0-9]{64}",
    ),
    token(
        "sendgrid-key",
        &["SG."],
        r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    ),
    token(
        "anthropic-key",
        &["sk-ant-api"],
        r"sk-ant-api[0-9]{2}-[A-Za-z0-9_-]{80,120}",
    ),
    token(
        "openai-key",
        &["sk-proj-"],
        r"sk-proj-[A-Za-z0-9_-]{40,200}",
    ),
    Pattern {
        // Names in programs lie side by side without a gap, and many end in `hf`.
        in_programs: Programs::Skip,
        ..token("huggingface-token", &["hf_"], r"hf_[A-Za-z]{34}")
    },
    token("vault-token", &["hvs."], r"hvs\.[A-Za-z0-9_-]{90,200}"),
    token(
        "age-key",
        &["AGE-SECRET-KEY-1"],
        r"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}",
    ),
    Pattern {
        in_programs: Programs::Skip,
        not_before: base64_byte,
        ..token(
            "azure-storage-key",
            &["AccountKey="],
            r"AccountKey=([A-Za-z0-9+/]{86}==)",
        )
    },
    Pattern {
        in_programs: Programs::Skip,
        not_before: base64_byte,
        check: kubeconfig_key,
        ..token(
            "private-key",
            &["client-key-data:"],
            r#"client-key-data:\s{0,4}["']?([A-Za-z0-9+/=]{64,16000})"#,
        )
    },
];

/// Takes a PEM block apart: its body must decode to what a key begins with.
fn private_key(block: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(block);
    let Some((label, rest)) = text
        .strip_prefix("-----BEGIN ")
        .and_then(|rest| rest.split_once("-----"))
    else {
        return Verdict::Nothing;
    };
    let Some((body, _)) = rest.split_once("-----END ") else {
        return Verdict::Nothing;
    };
    // In JSON and in source code line ends are written out.
    let body = body.replace("\\r", "").replace("\\n", "\n");
    let mut encrypted = label.contains("ENCRYPTED");
    let mut value = String::new();
    for line in body.lines() {
        let line = line.trim_matches(|c: char| {
            c.is_whitespace() || matches!(c, '"' | '\'' | '+' | ',' | '\\')
        });
        if line.contains(':') {
            encrypted |= line.contains("ENCRYPTED");
        } else if !line.starts_with('=') {
            value.push_str(line);
        }
    }
    let Ok(decoded) = BASE64.decode(&value) else {
        return Verdict::Nothing;
    };
    let openssh = decoded.strip_prefix(b"openssh-key-v1\0");
    // The cipher's name, behind its length; `none` where the key lies open.
    encrypted |= openssh.is_some_and(|rest| rest.get(4..8) != Some(b"none"));
    let is_key = decoded.len() >= 32
        && (openssh.is_some()
            || decoded.first() == Some(&0x30)
            || label.contains("PGP")
            || encrypted);
    if !is_key {
        return Verdict::Nothing;
    }
    let (kind, severity) = if encrypted {
        ("encrypted-private-key", Severity::Medium)
    } else {
        ("private-key", Severity::Critical)
    };
    Verdict::Value {
        kind,
        severity,
        value: value.into_bytes(),
    }
}

fn kubeconfig_key(encoded: &[u8]) -> Verdict {
    match BASE64.decode(encoded) {
        Ok(block) => private_key(block.trim_ascii()),
        Err(_) => Verdict::Nothing,
    }
}
