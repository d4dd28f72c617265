//! Packs what records say of one package, as [`AffectedBy`](super::AffectedBy) reads it.

use super::super::format::{Writer, sum};
use super::super::types::{EventKind, RangeKind, Severity, SeverityKind};
use super::{LABEL_SORTS, LABELS, MANY_RANGES, ONE_RANGE, SEVERITIES, SPECIFICS, VERSIONS, ZERO};

/// What one record says of the package, on its way into a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) record: u32,
    pub(crate) ranges: Vec<(RangeKind, Vec<(EventKind, &'a str)>)>,
    pub(crate) versions: Vec<&'a str>,
    pub(crate) severities: Vec<u32>,
    pub(crate) labels: [Option<u32>; LABEL_SORTS],
    pub(crate) specifics: Option<u32>,
}

/// Packs what records say of one package. `entries` are sorted by record.
pub(crate) fn write(entries: &[Entry<'_>]) -> Vec<u8> {
    let dictionary = dictionary(entries);
    let slot = |text: &str| match text {
        ZERO => 0,
        text => dictionary
            .binary_search_by(|known| natural(known, text))
            .map_or(0, |at| at as u64 + 1),
    };
    let mut out = vec![0; 4];
    write_dictionary(&dictionary, &mut out);
    out.varint(entries.len() as u64);
    let mut before = 0;
    for entry in entries {
        out.varint(u64::from(entry.record - before));
        before = entry.record;
        write_entry(entry, slot, &mut out);
    }
    let sum = sum(&out[4..]);
    out[..4].copy_from_slice(&sum.to_le_bytes());
    out
}

fn write_entry(entry: &Entry<'_>, slot: impl Fn(&str) -> u64, out: &mut Vec<u8>) {
    let when = |there: bool, flag: u8| if there { flag } else { 0 };
    out.push(
        when(entry.ranges.len() == 1, ONE_RANGE)
            | when(entry.ranges.len() > 1, MANY_RANGES)
            | when(!entry.versions.is_empty(), VERSIONS)
            | when(!entry.severities.is_empty(), SEVERITIES)
            | when(entry.labels.iter().any(Option::is_some), LABELS)
            | when(entry.specifics.is_some(), SPECIFICS),
    );
    if entry.ranges.len() > 1 {
        out.varint(entry.ranges.len() as u64);
    }
    for (kind, events) in &entry.ranges {
        let zero = matches!(events.first(), Some((EventKind::Introduced, ZERO)));
        let events = events.get(usize::from(zero)..).unwrap_or_default();
        let kind = match kind {
            RangeKind::Semver => 0,
            RangeKind::Ecosystem => 1,
        };
        out.varint((events.len() as u64) << 2 | u64::from(zero) << 1 | kind);
        for (kind, version) in events {
            out.varint(slot(version) << 2 | event_number(*kind));
        }
    }
    if !entry.versions.is_empty() {
        let mut slots: Vec<u64> = entry.versions.iter().map(|text| slot(text)).collect();
        slots.sort_unstable();
        slots.dedup();
        write_runs(&slots, out);
    }
    if !entry.severities.is_empty() {
        out.varint(entry.severities.len() as u64);
        for severity in &entry.severities {
            out.varint(u64::from(*severity));
        }
    }
    if entry.labels.iter().any(Option::is_some) {
        for label in entry.labels {
            out.varint(label.map_or(0, |label| u64::from(label) + 1));
        }
    }
    if let Some(specifics) = entry.specifics {
        out.varint(u64::from(specifics));
    }
}

fn write_runs(slots: &[u64], out: &mut Vec<u8>) {
    let runs: Vec<&[u64]> = slots.chunk_by(|a, b| a + 1 == *b).collect();
    out.varint(runs.len() as u64);
    let mut next = 0;
    for run in runs {
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            continue;
        };
        out.varint(first - next);
        out.varint(last - first);
        next = last + 1;
    }
}

/// Every version that entries name but `0`, each once.
fn dictionary<'a>(entries: &[Entry<'a>]) -> Vec<&'a str> {
    let ranges = entries.iter().flat_map(|entry| &entry.ranges);
    let events = ranges.flat_map(|(_, events)| events.iter().map(|(_, version)| *version));
    let versions = entries
        .iter()
        .flat_map(|entry| entry.versions.iter().copied());
    let mut all: Vec<&str> = events
        .chain(versions)
        .filter(|text| *text != ZERO)
        .collect();
    all.sort_unstable();
    all.dedup();
    all.sort_unstable_by(|a, b| natural(a, b));
    all
}

fn write_dictionary(texts: &[&str], out: &mut Vec<u8>) {
    out.varint(texts.len() as u64);
    if texts.is_empty() {
        return;
    }
    let total: usize = texts.iter().map(|text| text.len()).sum();
    let width = match total {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        _ => 4,
    };
    out.push(width as u8);
    let mut end = 0_u64;
    for text in texts {
        end += text.len() as u64;
        out.extend(&end.to_le_bytes()[..width]);
    }
    for text in texts {
        out.extend(text.as_bytes());
    }
}

/// An order that knows numbers, and is equal for equal texts only. No ecosystem's: it makes
/// neighbours of what belongs together, nothing is judged by it.
fn natural(left: &str, right: &str) -> std::cmp::Ordering {
    let (mut a, mut b) = (left.as_bytes(), right.as_bytes());
    while let (Some(first), Some(second)) = (a.first(), b.first()) {
        if first.is_ascii_digit() && second.is_ascii_digit() {
            let (x, y) = (number(&mut a), number(&mut b));
            match (x.len(), x).cmp(&(y.len(), y)) {
                std::cmp::Ordering::Equal => {}
                unequal => return unequal,
            }
        } else if first == second {
            (a, b) = (&a[1..], &b[1..]);
        } else {
            return first.cmp(second);
        }
    }
    a.len().cmp(&b.len()).then_with(|| left.cmp(right))
}

/// Takes the digits at the beginning, and gives them without leading zeros.
fn number<'a>(bytes: &mut &'a [u8]) -> &'a [u8] {
    let length = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (digits, rest) = bytes.split_at(length);
    *bytes = rest;
    let zeros = digits.iter().take_while(|byte| **byte == b'0').count();
    &digits[zeros..]
}

fn event_number(kind: EventKind) -> u64 {
    match kind {
        EventKind::Introduced => 0,
        EventKind::Fixed => 1,
        EventKind::LastAffected => 2,
        EventKind::Limit => 3,
    }
}

/// A severity as the shared strings have it.
pub(crate) fn severity_text(severity: &Severity<'_>) -> String {
    let kind = match severity.kind {
        SeverityKind::CvssV4 => '4',
        SeverityKind::CvssV3 => '3',
        SeverityKind::CvssV2 => '2',
        SeverityKind::Ubuntu => 'u',
    };
    format!("{kind}{}", severity.score)
}
