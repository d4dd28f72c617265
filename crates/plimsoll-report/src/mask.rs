//! Keeps credentials out of source frames and fingerprints.
//!
//! A finding about a credential points at the line that holds it, and a report goes where the file
//! does not: build logs, pull requests. By convention the name of a rule about credentials holds
//! the word `secret`; what such a finding points at is shown without its value. So is the value of
//! an assignment that the grammar does not allow where it stands: no rule about credentials looked
//! at it.

use std::collections::HashMap;

use plimsoll_model::{Report, Span};

/// The places of every credential that a report speaks of.
pub(crate) struct Mask<'a> {
    /// Each with whether it is only a place the grammar does not allow.
    by_file: HashMap<&'a str, Vec<(Span, bool)>>,
}

impl<'a> Mask<'a> {
    /// Collects them.
    pub(crate) fn new(report: &'a Report) -> Self {
        let mut by_file: HashMap<&str, Vec<(Span, bool)>> = HashMap::new();
        let suppressed = report.suppressed.iter().map(|one| &one.finding);
        for finding in report.findings.iter().chain(suppressed) {
            if (finding.rule.contains("secret") || finding.rule == BROKEN)
                && let Some(source) = &finding.origin.source
            {
                let place = (source.span, finding.rule == BROKEN);
                by_file.entry(&source.file).or_default().push(place);
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
            .filter(|(span, _)| span.start < shown.end && shown.start < span.end)
            .filter(|(span, broken)| !broken || is_assignment(span.of(bytes)))
            .filter_map(|(span, _)| value(bytes, *span))
            .collect();
        hidden.sort_unstable();
        hidden
    }
}

/// The rule about what the grammar does not allow.
const BROKEN: &str = "syntax-error";

/// Whether a text is `NAME=value`.
fn is_assignment(text: &[u8]) -> bool {
    let name = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
        .count();
    name > 0 && text.get(name) == Some(&b'=')
}

/// Instructions that start a line: what follows them is not a value.
const INSTRUCTIONS: [&str; 17] = [
    "ADD",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
    "#",
];

/// What follows the name in `NAME=value` and `NAME value`, with `ENV` or `ARG` in front or without;
/// nothing where there is only a name, or where another instruction as a whole is meant.
fn value(bytes: &[u8], span: Span) -> Option<Span> {
    let text = span.of(bytes);
    let ends = |from: usize| {
        text.get(from..)?
            .iter()
            .position(|byte| *byte == b'=' || byte.is_ascii_whitespace())
            .map(|at| from + at)
    };
    let mut name = ends(0)?;
    let is = |word: &str| text[..name].eq_ignore_ascii_case(word.as_bytes());
    if INSTRUCTIONS.into_iter().any(is) {
        return None;
    }
    if is("ENV") || is("ARG") {
        let blanks = text[name..]
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace());
        name = ends(name + blanks.count())?;
    }
    let start = span.start + name + 1;
    (start < span.end).then(|| Span::new(start, span.end))
}

/// Whether `offset` lies in one of `hidden`.
pub(crate) fn covers(hidden: &[Span], offset: usize) -> bool {
    hidden
        .iter()
        .any(|span| span.start <= offset && offset < span.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_is_told_from_a_flag() {
        assert!(is_assignment(b"DB_PASSWORD=x"));
        for text in ["--mount=type=x", "RNU", "=x", "a b=c", ""] {
            assert!(!is_assignment(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn only_values_are_hidden() {
        for (text, hidden) in [
            ("TOKEN=abc", "abc"),
            ("TOKEN abc d", "abc d"),
            ("ENV  TOKEN=abc", "abc"),
            ("arg TOKEN=abc", "abc"),
            ("TOKEN", ""),
            ("TOKEN=", ""),
            ("ENV TOKEN", ""),
            ("COPY id_rsa /root/", ""),
            ("RUN curl x", ""),
        ] {
            let found = value(text.as_bytes(), Span::new(0, text.len()));
            let found = found.map_or(&b""[..], |span| span.of(text.as_bytes()));
            assert_eq!(found, hidden.as_bytes(), "{text}");
        }
    }
}
