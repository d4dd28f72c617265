//! The automaton over all patterns.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::bytes::{Regex, RegexBuilder};

use super::pattern::{PATTERNS, Programs, Verdict};
use super::{Fingerprint, Hit};

/// How far behind its anchor a pattern may reach.
pub(super) const WINDOW: usize = 20 << 10;

/// How far before its anchor a pattern may look.
pub(super) const LOOKBEHIND: usize = 128;

/// Longer than any anchor.
const LONGEST_ANCHOR: usize = 64;

/// Credentials told apart in one piece of text; a file with more is made of nothing else.
pub(super) const MAX_HITS: usize = 200;

/// Finds credentials of known form in bytes.
pub(crate) struct Detector {
    anchors: AhoCorasick,
    /// For each anchor the index of its pattern.
    pattern_of: Vec<usize>,
    regexes: Vec<Regex>,
}

/// Building it costs more than searching a small file.
static SHARED: LazyLock<Detector> = LazyLock::new(Detector::new);

impl Detector {
    pub(crate) fn shared() -> &'static Self {
        &SHARED
    }

    fn new() -> Self {
        let mut words = Vec::new();
        let mut pattern_of = Vec::new();
        let mut regexes = Vec::with_capacity(PATTERNS.len());
        for (index, pattern) in PATTERNS.iter().enumerate() {
            for anchor in pattern.anchors {
                words.push(*anchor);
                pattern_of.push(index);
            }
            let regex = RegexBuilder::new(&format!("^(?:{})", pattern.regex))
                .unicode(false)
                .build()
                .expect("constant expressions compile: a test builds them all");
            regexes.push(regex);
        }
        let anchors = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(words)
            .expect("a few dozen short words make a small automaton");
        Self {
            anchors,
            pattern_of,
            regexes,
        }
    }

    /// Every credential whose first byte lies between `from` and `limit`, as long as there are few
    /// enough of them to be of use to anybody. Gives where to go on.
    pub(super) fn find(
        &self,
        bytes: &[u8],
        mut from: usize,
        limit: usize,
        program: bool,
        hits: &mut Vec<Hit>,
    ) -> usize {
        let end = bytes.len().min(limit + LONGEST_ANCHOR);
        while let Some(anchor) = bytes
            .get(from..end)
            .and_then(|rest| self.anchors.find(rest))
        {
            let at = from + anchor.start();
            if at >= limit {
                break;
            }
            from += anchor.end();
            let index = self.pattern_of[anchor.pattern().as_usize()];
            if let Some(hit) = self.judge(bytes, at, index, program) {
                from = from.max(hit.end);
                hits.push(hit);
                if hits.len() >= MAX_HITS {
                    break;
                }
            }
        }
        from.max(limit)
    }

    fn judge(&self, bytes: &[u8], at: usize, index: usize, program: bool) -> Option<Hit> {
        let pattern = &PATTERNS[index];
        if program && pattern.in_programs == Programs::Skip {
            return None;
        }
        let packed = program && pattern.in_programs == Programs::Packed;
        let before = at.checked_sub(1).map(|before| bytes[before]);
        if !packed
            && !pattern.inside_words
            && before.is_some_and(|byte| byte.is_ascii_alphanumeric())
        {
            return None;
        }
        let window = &bytes[at..bytes.len().min(at + WINDOW)];
        let captures = self.regexes[index].captures(window)?;
        let whole = captures.get(0)?;
        let next = window.get(whole.end());
        if !packed && next.is_some_and(|next| (pattern.not_before)(*next)) {
            return None;
        }
        let value = captures.get(1).unwrap_or(whole);
        let (kind, severity, fingerprint) = match (pattern.check)(value.as_bytes()) {
            Verdict::Nothing => return None,
            Verdict::Match => (
                pattern.kind,
                pattern.severity,
                Fingerprint::of(value.as_bytes()),
            ),
            Verdict::Value {
                kind,
                severity,
                value,
            } => (kind, severity, Fingerprint::of(&value)),
        };
        Some(Hit {
            kind,
            severity,
            start: at + value.start(),
            end: at + value.end(),
            fingerprint,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str, program: bool) -> Vec<&'static str> {
        let mut hits = Vec::new();
        Detector::shared().find(text.as_bytes(), 0, text.len(), program, &mut hits);
        hits.into_iter().map(|hit| hit.kind).collect()
    }

    #[test]
    fn a_program_that_looks_for_tokens_holds_none() {
        let mark = "glpat-";
        let list = format!("x {mark}pypi-xoxb-xoxa-AccountKey=dckr_pat_hvs.github_pat_");
        assert_eq!(kinds(&list, true), Vec::<&str>::new());
        let token = format!("TOKEN={mark}aB3dE5gH7jK9mN1pQ2rS\n");
        assert_eq!(kinds(&token, true), ["gitlab-token"]);
        assert_eq!(kinds(&token, false), ["gitlab-token"]);
        let routable = format!("{mark}aB3dE5gH7jK9mN1pQ2rSaB3dE5gH7jK.01.0z1x2y3w4");
        assert_eq!(kinds(&routable, false), ["gitlab-token"]);
    }
}
