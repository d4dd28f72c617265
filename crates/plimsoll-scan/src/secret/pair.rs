//! The secret halves of keys that come in two: what opens nothing alone is the id, and the secret
//! stands beside it, whatever it is called there.

use plimsoll_model::Severity;
use plimsoll_model::credential::are_drawn;

use super::Hit;
use super::drawn::entropy;
use super::hits::Hits;
use super::placeholder::is_example;

/// Ids, and what the secret is that belongs to each. Both makers write forty letters of base64.
const PAIRS: &[(&str, &str)] = &[
    ("aws-access-key", "aws-secret-key"),
    ("gcp-hmac-id", "gcp-hmac-secret"),
];

/// How long such a secret is.
const LENGTH: usize = 40;

/// How far from its id a secret stands in a file.
pub(super) const IN_FILES: usize = 160;

/// Adds the secret beside each id, at most `reach` bytes from it: `Session('AKIA…', '…')`, lines of a
/// `credentials.csv`.
pub(super) fn beside_ids(bytes: &[u8], reach: usize, hits: &mut Hits) {
    let ids: Vec<(usize, usize, &'static str)> = hits
        .iter()
        .filter_map(|hit| {
            let (_, secret) = PAIRS.iter().find(|(id, _)| *id == hit.kind)?;
            Some((hit.start, hit.end, *secret))
        })
        .collect();
    for (start, end, kind) in ids {
        let behind = secret_in(bytes, end, (end + reach).min(bytes.len()));
        let secret = behind.or_else(|| secret_in(bytes, start.saturating_sub(reach), start));
        if let Some(at) = secret.filter(|at| hits.iter().all(|hit| hit.start != *at)) {
            let value = &bytes[at..at + LENGTH];
            hits.push(Hit::of(kind, Severity::Critical, at, value));
        }
    }
}

/// Where the first secret begins that stands in a part of a text.
fn secret_in(bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+');
    // What the part cuts in two begins before it or ends behind it.
    let mut at = from;
    while at > 0 && at < to && letter(bytes[at - 1]) && letter(bytes[at]) {
        at += 1;
    }
    while at < to {
        let length = bytes[at..].iter().take_while(|byte| letter(**byte));
        let length = length.take(LENGTH + 1).count();
        let joined = |byte: Option<&u8>| matches!(byte, Some(b'-' | b'_' | b'='));
        let before = at.checked_sub(1).map(|before| &bytes[before]);
        let apart = !matches!(before, Some(b'-' | b'_')) && !joined(bytes.get(at + length));
        if length == LENGTH && apart && is_secret(&bytes[at..at + LENGTH]) {
            return Some(at);
        }
        at += length.max(1);
        if length > LENGTH {
            let rest = bytes[at..to.max(at)].iter();
            at += rest.take_while(|byte| letter(**byte)).count();
        }
    }
    None
}

/// Whether so many letters read like drawn: paths and sums do not.
fn is_secret(value: &[u8]) -> bool {
    let has = |sort: fn(&u8) -> bool| value.iter().any(sort);
    has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && value.iter().any(|byte| !byte.is_ascii_alphabetic())
        && entropy(value) >= 4.0
        && std::str::from_utf8(value).is_ok_and(are_drawn)
        && !is_example(value)
}

#[cfg(test)]
mod tests {
    use super::super::detector::Detector;
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut hits = Detector::shared().find_in(text);
        beside_ids(text.as_bytes(), IN_FILES, &mut hits);
        let secrets = hits.iter().filter(|hit| hit.kind == "aws-secret-key");
        secrets.map(|hit| &text[hit.start..hit.end]).collect()
    }

    #[test]
    fn secrets_beside_their_ids() {
        let id = format!("AK{}", "IARELGYASQTDC22O4D");
        let secret = "q7RtY2mW/9KpLz4VbN8cHd3FjGs6TvXy1Za5Qe0+";
        for text in [
            "boto3.Session('ID', 'SECRET')",
            "NewStaticCredentialsProvider(\"ID\", \"SECRET\", \"\")",
            "User name,Access key,Secret access key\nsvc,ID,SECRET\n",
            "AWSAccessKeyId=ID\nAWSSecretKey=SECRET\n",
            "secret = \"SECRET\"\nid = \"ID\"",
        ] {
            let text = text.replace("ID", &id).replace("SECRET", secret);
            assert_eq!(found(&text), [secret], "{text}");
        }
        let other = "gsb3sy3L4cpv3DQGMDTPYuX2pW7GswdCbOrigLy/";
        assert_eq!(found(&format!("a,{id},{other}\n")), [other]);
        for beside in [
            "4f2a9c1be07d3358aa61f0c2d97be4408c15d2e6",
            "/usr/local/lib/python3/dist/packages/bo1",
            "/Users/someone/Projects/Website/Assets01",
            "q7RtY2mW/9KpLz4VbN8cHd3FjGs6TvXy1Za5Qe0+q7RtY2mW/9KpLz4VbN8cHd3FjGs6TvXy1Za5Qe0+",
            "sha1-q7RtY2mW/9KpLz4VbN8cHd3FjGs6TvXy1Za5Qe0+",
            "q7RtY2mW/9KpLz4VbN8cHd3FjGs6TvXy1Za5Qe0+==",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ] {
            let text = format!("{id} {beside} {id}");
            assert_eq!(found(&text), [""; 0], "{text}");
        }
        let far = format!("{id}{}{secret}", " ".repeat(200));
        assert_eq!(found(&far), [""; 0]);
    }
}
