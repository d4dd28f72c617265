//! The secret halves of keys that come in two: what opens nothing alone is the id, and the secret
//! stands beside it, whatever it is called there.

use std::collections::{HashMap, HashSet};

use plimsoll_model::Severity;
use plimsoll_model::credential::are_drawn;

use super::drawn::entropy;
use super::hits::Hits;
use super::placeholder::is_example;
use super::{Fingerprint, Hit};

/// Ids, and what the secret is that belongs to each. Both makers write forty letters of base64.
const PAIRS: &[(&str, &str)] = &[
    ("aws-access-key", "aws-secret-key"),
    ("gcp-hmac-id", "gcp-hmac-secret"),
];

/// How long such a secret is.
const LENGTH: usize = 40;

/// How far from its id a secret stands in a file.
pub(super) const IN_FILES: usize = 160;

/// What the secret is called that belongs to an id.
fn secret_of(id: &Hit) -> Option<&'static str> {
    let pair = PAIRS.iter().find(|(kind, _)| *kind == id.kind);
    pair.map(|(_, secret)| *secret)
}

/// Adds the secret beside each id, at most `reach` bytes from it: `Session('AKIA…', '…')`, lines of a
/// `credentials.csv`.
pub(super) fn beside_ids(bytes: &[u8], reach: usize, hits: &mut Hits) {
    let secrets = secrets_beside(bytes, reach, hits);
    hits.extend(secrets);
}

/// The secrets beside ids that are not told yet. Where several ids stand before as many secrets, each
/// takes the first that no other took.
fn secrets_beside(bytes: &[u8], reach: usize, told: &[Hit]) -> Vec<Hit> {
    let mut found = Vec::new();
    let ids = || told.iter().filter_map(|id| Some((id, secret_of(id)?)));
    if ids().next().is_none() {
        return found;
    }
    let mut starts: HashSet<usize> = told.iter().map(|hit| hit.start).collect();
    let mut owners: HashMap<usize, Fingerprint> = HashMap::new();
    for (id, kind) in ids() {
        let believed = |at: usize| {
            let owner = owners.get(&at);
            owner.is_none_or(|owner| *owner == id.fingerprint) && is_secret(&bytes[at..at + LENGTH])
        };
        let mut behind = words(bytes, id.end, (id.end + reach).min(bytes.len()));
        let mut before = words(bytes, id.start.saturating_sub(reach), id.start);
        let secret = behind.find(|at| believed(*at));
        let secret = secret.or_else(|| before.find(|at| believed(*at)));
        let Some(at) = secret else {
            continue;
        };
        owners.insert(at, id.fingerprint);
        if starts.insert(at) {
            let value = &bytes[at..at + LENGTH];
            found.push(Hit::of(kind, Severity::Critical, at, value));
        }
    }
    found
}

/// Where words stand beside ids that may be their secrets, though they do not read like drawn: one of
/// thirty secrets does not.
pub(super) fn doubtful_beside_ids(bytes: &[u8], reach: usize, told: &[Hit]) -> Vec<(usize, usize)> {
    let ids = told.iter().filter(|hit| secret_of(hit).is_some());
    let mut ids: Vec<(usize, usize)> = ids.map(|id| (id.start, id.end)).collect();
    ids.sort_unstable();
    let mut found = Vec::new();
    let mut done = 0;
    for (start, end) in ids {
        let from = start.saturating_sub(reach).max(done);
        done = (end + reach).min(bytes.len());
        let doubtful =
            words(bytes, from, done).filter(|at| may_be_secret(&bytes[*at..at + LENGTH]));
        found.extend(doubtful.map(|at| (at, at + LENGTH)));
    }
    found
}

/// Words of a command that needs no shell, or variables, as one text.
pub(super) struct Joined {
    text: String,
    /// Where each word begins.
    starts: Vec<usize>,
}

impl Joined {
    /// The words and what was told of them; none where none holds an id.
    pub(super) fn of<S: AsRef<str>>(words: &[S], told: &[Hits]) -> Option<(Self, Vec<Hit>)> {
        let mut ids = told.iter().flat_map(|hits| hits.iter());
        ids.find(|hit| secret_of(hit).is_some())?;
        let mut joined = Self {
            text: String::new(),
            starts: Vec::new(),
        };
        let mut hits = Vec::new();
        for (word, told) in words.iter().zip(told) {
            let start = joined.text.len();
            joined.starts.push(start);
            joined.text.push_str(word.as_ref());
            joined.text.push(' ');
            hits.extend(told.iter().map(|hit| Hit {
                start: hit.start + start,
                end: hit.end + start,
                ..*hit
            }));
        }
        Some((joined, hits))
    }

    /// The number of the word that a place lies in, and where that begins.
    fn word(&self, at: usize) -> (usize, usize) {
        let number = self.starts.partition_point(|start| *start <= at);
        let number = number.saturating_sub(1);
        (number, self.starts.get(number).copied().unwrap_or_default())
    }

    /// The secrets in other words than their ids, each with the number of the word it stands in.
    pub(super) fn secrets(&self, reach: usize, told: &[Hit]) -> Vec<(usize, Hit)> {
        let found = secrets_beside(self.text.as_bytes(), reach, told).into_iter();
        let found = found.map(|hit| {
            let (number, start) = self.word(hit.start);
            let (start, end) = (hit.start - start, hit.end - start);
            (number, Hit { start, end, ..hit })
        });
        found.collect()
    }

    /// What may be one, in the same way.
    pub(super) fn doubtful(&self, reach: usize, told: &[Hit]) -> Vec<(usize, (usize, usize))> {
        let found = doubtful_beside_ids(self.text.as_bytes(), reach, told).into_iter();
        let found = found.map(|(start, end)| {
            let (number, word) = self.word(start);
            (number, (start - word, end - word))
        });
        found.collect()
    }
}

/// Where the words of the length of a secret begin that stand in a part of a text.
fn words(bytes: &[u8], from: usize, to: usize) -> impl Iterator<Item = usize> + '_ {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+');
    // What the part cuts in two begins before it or ends behind it.
    let mut at = from;
    while at > 0 && at < to && letter(bytes[at - 1]) && letter(bytes[at]) {
        at += 1;
    }
    std::iter::from_fn(move || {
        while at < to {
            let start = at;
            let length = bytes[at..].iter().take_while(|byte| letter(**byte));
            let length = length.take(LENGTH + 1).count();
            let joined = |byte: Option<&u8>| matches!(byte, Some(b'-' | b'_' | b'='));
            let before = at.checked_sub(1).map(|before| &bytes[before]);
            let apart = !matches!(before, Some(b'-' | b'_')) && !joined(bytes.get(at + length));
            at += length.max(1);
            if length == LENGTH && apart {
                return Some(start);
            }
            if length > LENGTH {
                let rest = bytes[at..to.max(at)].iter();
                at += rest.take_while(|byte| letter(**byte)).count();
            }
        }
        None
    })
}

/// Whether a word is of the letters that secrets are drawn from, of all sorts, as few sums and paths
/// are.
fn may_be_secret(value: &[u8]) -> bool {
    let has = |sort: fn(&u8) -> bool| value.iter().any(sort);
    has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && value.iter().any(|byte| !byte.is_ascii_alphabetic())
        && value.iter().filter(|byte| **byte == b'/').count() < 4
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

    #[test]
    fn each_of_very_many_ids_has_its_secret() {
        let id = format!("AK{}", "IARELGYASQTDC22O4D");
        let secret = "q7RtY2mW/9KpLz4VbN8cHd3FjGs6TvXy1Za5Qe0+";
        let text = format!("{id} {secret} ").repeat(60_000);
        let mut hits = Detector::shared().find_in(&text);
        beside_ids(text.as_bytes(), IN_FILES, &mut hits);
        assert_eq!(hits.len(), 120_000);
    }

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
        let next = id.replace("O4D", "X4D");
        let both = format!("{id},{next},{secret},{other}");
        assert_eq!(found(&both), [secret, other]);
        let both = format!("{secret} {id}\n{other} {next}");
        let mut secrets = found(&both);
        secrets.sort_unstable();
        assert_eq!(secrets, [other, secret]);
        // One id that comes again has one secret.
        let again = format!("{id} {id} {secret} {other}");
        assert_eq!(found(&again), [secret]);
        let far = format!("{id}{}{secret}", " ".repeat(200));
        assert_eq!(found(&far), [""; 0]);
    }
}
