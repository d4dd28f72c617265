//! Keeps credentials out of source frames and fingerprints.
//!
//! A finding about a credential points at the line that holds it, and a report goes where the file
//! does not: build logs, pull requests. By convention the name of a rule about credentials holds
//! the word `secret`; what such a finding points at is shown without its value.

use std::collections::HashMap;

use plimsoll_model::{Report, Span};

/// The places of every credential that a report speaks of.
pub(crate) struct Mask<'a> {
    by_file: HashMap<&'a str, Vec<Span>>,
}

impl<'a> Mask<'a> {
    /// Collects them.
    pub(crate) fn new(report: &'a Report) -> Self {
        let mut by_file: HashMap<&str, Vec<Span>> = HashMap::new();
        let suppressed = report.suppressed.iter().map(|(finding, _)| finding);
        for finding in report.findings.iter().chain(suppressed) {
            if finding.rule.contains("secret")
                && let Some(source) = &finding.origin.source
            {
                by_file.entry(&source.file).or_default().push(source.span);
            }
        }
        Self { by_file }
    }

    /// The byte ranges within `shown` of `file` that must not be shown, sorted by start. `bytes`
    /// are the whole file's.
    pub(crate) fn hidden(&self, file: &str, bytes: &[u8], shown: Span) -> Vec<Span> {
        let Some(spans) = self.by_file.get(file) else {
            return Vec::new();
        };
        let mut hidden: Vec<Span> = spans
            .iter()
            .filter(|span| span.start < shown.end && shown.start < span.end)
            .filter_map(|span| value(bytes, *span))
            .collect();
        hidden.sort_unstable();
        hidden
    }
}

/// What follows the name in `NAME=value` and `NAME value`; nothing where there is only a name.
fn value(bytes: &[u8], span: Span) -> Option<Span> {
    let name = span
        .of(bytes)
        .iter()
        .position(|byte| *byte == b'=' || byte.is_ascii_whitespace())?;
    let start = span.start + name + 1;
    (start < span.end).then(|| Span::new(start, span.end))
}

/// Whether `offset` lies in one of `hidden`.
pub(crate) fn covers(hidden: &[Span], offset: usize) -> bool {
    hidden
        .iter()
        .any(|span| span.start <= offset && offset < span.end)
}
