//! What credentials of known makers look like.
//!
//! Whatever is in these tables holds twenty letters, digits, `_` or `-` in a row, its mark among
//! them or right before them: the prefilter looks at nothing else.

mod cloud;
mod code;
mod service;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use plimsoll_model::Severity;
use sha2::{Digest as _, Sha256};

use super::Fingerprint;
use super::drawn::looks_random;
use super::form::is_jwt;
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
    /// One that looks right and does not bear the test.
    Unsure,
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

/// One kind of credential that can be told by a mark in it.
pub(super) struct Pattern {
    pub(super) kind: &'static str,
    pub(super) severity: Severity,
    /// Marks, one of which a match holds: at its beginning, or where `lead` leads to.
    pub(super) anchors: &'static [&'static str],
    /// What may follow a mark that is shorter than the prefilter wants.
    pub(super) then: &'static [u8],
    /// Bytes before the mark that belong to the match.
    pub(super) lead: Option<fn(u8) -> bool>,
    /// Matched where the match begins; group 1 is the value, the whole match where there is no
    /// group.
    pub(super) regex: &'static str,
    /// Bytes that may not follow the match: it would be part of something longer.
    pub(super) not_before: fn(u8) -> bool,
    pub(super) in_programs: Programs,
    /// Whether it is believed only where people put their own files.
    pub(super) own: bool,
    pub(super) check: fn(&[u8]) -> Verdict,
}

/// Every kind, table by table.
pub(super) fn patterns() -> impl Iterator<Item = &'static Pattern> {
    [cloud::PATTERNS, code::PATTERNS, service::PATTERNS]
        .into_iter()
        .flatten()
}

fn word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn hexadecimal(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'a'..=b'f')
}

const LETTERS_AND_DIGITS: &[u8] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-";

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
        then: LETTERS_AND_DIGITS,
        lead: None,
        regex,
        not_before: word_byte,
        in_programs: Programs::Apart,
        own: false,
        check: real,
    }
}

/// A token of a form so sure that in programs it is told though other texts lie beside it.
const fn sure(
    kind: &'static str,
    anchors: &'static [&'static str],
    regex: &'static str,
) -> Pattern {
    Pattern {
        in_programs: Programs::Packed,
        ..token(kind, anchors, regex)
    }
}

/// A token of a form that other things have, too.
const fn likely(
    kind: &'static str,
    anchors: &'static [&'static str],
    regex: &'static str,
) -> Pattern {
    Pattern {
        in_programs: Programs::Skip,
        own: true,
        check: drawn,
        ..token(kind, anchors, regex)
    }
}

/// The public half of a credential: it says whose, and that the secret half is near.
const fn key_id(
    kind: &'static str,
    anchors: &'static [&'static str],
    regex: &'static str,
) -> Pattern {
    Pattern {
        severity: Severity::High,
        ..token(kind, anchors, regex)
    }
}

/// A token that reads like drawn, not like a name.
fn drawn(value: &[u8]) -> Verdict {
    match std::str::from_utf8(value) {
        Ok(text) if looks_random(text) => real(value),
        _ => Verdict::Nothing,
    }
}

/// A key of a form that many makers of models have; the mark inside is the oldest one's.
fn model_key(key: &[u8]) -> Verdict {
    match real(key) {
        Verdict::Match if memchr::memmem::find(key, b"T3BlbkFJ").is_some() => Verdict::Value {
            kind: "openai-key",
            severity: Severity::Critical,
            value: key.to_vec(),
        },
        other => other,
    }
}

/// A JSON web token, other than those that stand in every manual.
fn json_web_token(token: &[u8]) -> Verdict {
    let told = std::str::from_utf8(token).ok().and_then(is_jwt);
    match told {
        Some(true) => Verdict::Match,
        _ => Verdict::Nothing,
    }
}

/// GitHub's and npm's tokens end in six letters that are a checksum of the others. Where it is
/// wrong, nobody issued the token: it is told, for a person to judge, but is less sure.
fn checksummed(token: &[u8]) -> Verdict {
    if is_example(token) {
        return Verdict::Nothing;
    }
    let body = token.splitn(2, |byte| *byte == b'_').nth(1);
    let Some((random, sum)) = body.and_then(|body| body.split_last_chunk::<6>()) else {
        return Verdict::Nothing;
    };
    if base62(crc32(random)) == *sum {
        Verdict::Match
    } else {
        Verdict::Unsure
    }
}

/// A private key from which a wallet draws others: the last four bytes of what is written to the base
/// of 58 are a sum of the others (BIP 32, "Serialization format").
fn extended_key(key: &[u8]) -> Verdict {
    if is_example(key) {
        return Verdict::Nothing;
    }
    let sum = |bytes: &[u8]| -> [u8; 32] { Sha256::digest(Sha256::digest(bytes)).into() };
    let valid = base58::<82>(key).is_some_and(|bytes| {
        bytes
            .split_last_chunk::<4>()
            .is_some_and(|(rest, end)| sum(rest).starts_with(end))
    });
    if valid {
        Verdict::Match
    } else {
        Verdict::Unsure
    }
}

/// A number to the base of 58, in as many bytes.
fn base58<const LENGTH: usize>(text: &[u8]) -> Option<[u8; LENGTH]> {
    const DIGITS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut number = [0_u8; LENGTH];
    for letter in text {
        let mut carried = DIGITS.iter().position(|digit| digit == letter)?;
        for byte in number.iter_mut().rev() {
            carried += usize::from(*byte) * 58;
            *byte = (carried % 256) as u8;
            carried /= 256;
        }
        if carried > 0 {
            return None;
        }
    }
    Some(number)
}

/// CRC-32 as in gzip; bit by bit, for it is asked of a token now and then.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg())
        })
    })
}

/// Six digits to the base of 62: digits, capitals, small letters.
fn base62(mut number: u32) -> [u8; 6] {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(number % 62) as usize];
        number /= 62;
    }
    digits
}

/// What a private key in PEM begins with.
pub(super) const PEM_BEGIN: &str = "-----BEGIN ";

/// A private key in PEM, from its first line to where its last begins.
pub(super) const PEM: &str =
    r"(?s)^-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----.{1,16000}?-----END ";

/// Keys that a library tries itself with, in code that everybody has: that of ssh2 for Node, and that
/// of Netty's `OpenSsl`; of each the sum of its base64 and of what that decodes to.
const PROBES: &[&str] = &[
    "0739020d3a2d",
    "b73968ba56e2",
    "1bb2a9feb770",
    "9186408b8399",
];

/// Whether everybody has a key.
pub(super) fn is_probe(key: &[u8]) -> bool {
    PROBES.contains(&Fingerprint::of(key).to_string().as_str())
}

/// How long the key is that both ends of a tunnel share, where one begins here: 256 bytes in
/// hexadecimal (openvpn(8), `--secret`).
pub(super) fn static_key(text: &[u8]) -> Option<usize> {
    let body = text.strip_prefix(b"-----BEGIN OpenVPN Static key V1-----")?;
    let length = body.iter().take(1200).position(|byte| *byte == b'-')?;
    let digits = body[..length]
        .iter()
        .filter(|byte| byte.is_ascii_hexdigit());
    let other = body[..length]
        .iter()
        .any(|byte| !byte.is_ascii_hexdigit() && !byte.is_ascii_whitespace());
    let whole = body[length..].starts_with(b"-----END OpenVPN Static key V1-----");
    (whole && !other && digits.count() == 512 && !is_example(&body[..length]))
        .then_some(text.len() - body.len() + length)
}

/// Takes a PEM block apart: its body must decode to what a key begins with.
pub(super) fn private_key(block: &[u8]) -> Verdict {
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
        let line = key_line(line);
        if line.contains(':') {
            encrypted |= line.contains("ENCRYPTED");
        } else if !line.starts_with('=') {
            // A shell puts blanks where lines ended.
            value.extend(line.split_ascii_whitespace());
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
    if !is_key || is_probe(value.as_bytes()) {
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

/// A line of a key without what source code wraps it in: `"…" +`. Of a line that stands bare every
/// letter counts, for `+` and `/` are base64.
fn key_line(line: &str) -> &str {
    let quote = |c: char| matches!(c, '"' | '\'' | '`');
    let line = match (line.find(quote), line.rfind(quote)) {
        (Some(first), Some(last)) if first < last => &line[first + 1..last],
        // The end of a string and what ties it to the next.
        (Some(only), _)
            if line[only + 1..]
                .bytes()
                .all(|byte| b" \t+,;)\\".contains(&byte)) =>
        {
            &line[..only]
        }
        (Some(only), _) => &line[only + 1..],
        _ => line,
    };
    line.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '\\'))
}

/// The key in a PEM block that is itself in base64, as kubeconfig files have it.
pub(super) fn encoded_private_key(encoded: &[u8]) -> Verdict {
    match BASE64.decode(encoded) {
        Ok(block) => private_key(block.trim_ascii()),
        Err(_) => Verdict::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of a key whose base64 has `+` and `/` at the ends of lines.
    fn key() -> Vec<u8> {
        let mut der = vec![0x30, 0x82];
        der.extend(std::iter::repeat_n(0xfb, 190));
        der.extend(std::iter::repeat_n(0xef, 190));
        der
    }

    fn lines() -> Vec<String> {
        let body = BASE64.encode(key());
        let lines: Vec<String> = (0..body.len())
            .step_by(64)
            .map(|at| body[at..body.len().min(at + 64)].to_owned())
            .collect();
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with('+') || line.ends_with('+'))
        );
        lines
    }

    fn value_of(block: &str) -> Option<Vec<u8>> {
        match private_key(block.as_bytes()) {
            Verdict::Value { value, .. } => Some(value),
            _ => None,
        }
    }

    #[test]
    fn what_a_library_tries_itself_with_is_no_secret() {
        let block = |last: &str| {
            let begin = format!("-----BEGIN {} KEY-----", "PRIVATE");
            let first = "MC4CAQAwBQYDK2VwBCIEIHKj+sVa9WcD";
            format!(
                "'{begin}\\r\\n{first}'\n      + '/q2DJUJaf43Kptc8xYuUQA4bOFj9vC8{last}\\r\\n-----END "
            )
        };
        let found =
            |last: &str| match private_key(block(last).strip_prefix('\'').unwrap().as_bytes()) {
                Verdict::Value { kind, .. } => Some(kind),
                _ => None,
            };
        assert_eq!(found("T"), None);
        let body = "MC4CAQAwBQYDK2VwBCIEIHKj+sVa9WcD/q2DJUJaf43Kptc8xYuUQA4bOFj9vC8T";
        let der = BASE64.decode(body).unwrap();
        assert!(crate::secret::der::der_key(&der).is_none());
        assert_eq!(found("U"), Some("private-key"));
    }

    #[test]
    fn the_sum_of_a_wallet_key() {
        // The first of the test vectors of BIP 32.
        let key = [
            "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKm",
            "PGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi",
        ]
        .concat();
        assert!(matches!(extended_key(key.as_bytes()), Verdict::Match));
        let wrong = key.replace("GBxrMPHi", "GBxrMPHj");
        assert!(matches!(extended_key(wrong.as_bytes()), Verdict::Unsure));
        assert!(base58::<82>("0".repeat(107).as_bytes()).is_none());
        assert!(base58::<4>("z".repeat(107).as_bytes()).is_none());
    }

    /// As a shell hands on a variable that nobody put in quotes.
    #[test]
    fn a_key_in_one_line_has_blanks_between_its_lines() {
        let (begin, end) = (
            "-----BEGIN RSA PRIVATE KEY-----",
            "-----END RSA PRIVATE KEY-----",
        );
        let plain = lines().concat().into_bytes();
        let joined = lines().join(" ");
        assert_eq!(value_of(&format!("{begin} {joined} {end}")), Some(plain));
        assert_eq!(value_of(&format!("{begin} goes here {end}")), None);
    }

    #[test]
    fn lines_of_a_key_begin_and_end_as_they_like() {
        let (begin, end) = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
        let lines = lines();
        let value = lines.concat().into_bytes();
        let each = |before: &str, after: &str| {
            let body: String = lines
                .iter()
                .map(|line| format!("{before}{line}{after}\n"))
                .collect();
            let first = before.trim_start();
            format!("{begin}{after}\n{body}{first}{end}")
        };
        for (before, after) in [
            ("", ""),
            ("  ", "\r"),
            ("    \"", "\\n\" +"),
            ("  '", "\\n',"),
            ("\"", "\\r\\n\" \\"),
            ("", "\\n\\"),
        ] {
            assert_eq!(
                value_of(&each(before, after)).as_ref(),
                Some(&value),
                "{before} {after}"
            );
        }
        let one_line = format!("{begin}\\n{}\\n{end}", lines.join("\\n"));
        assert_eq!(value_of(&one_line), Some(value));
    }
}
