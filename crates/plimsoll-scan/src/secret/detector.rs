//! Finds credentials of known form.

use std::sync::{LazyLock, OnceLock};

use memchr::memmem;
use regex::bytes::{Regex, RegexBuilder};

use super::grams::{Grams, beginnings};
use super::hits::Hits;
use super::pattern::{
    PEM, PEM_BEGIN, Pattern, Programs, Verdict, patterns, private_key, static_key,
};
use super::runs::runs;
use super::{Fingerprint, Hit};
use plimsoll_model::Severity;

/// How far behind its mark a pattern may reach.
pub(super) const WINDOW: usize = 20 << 10;

/// How far before its mark a pattern may look.
pub(super) const LOOKBEHIND: usize = 192;

/// How far behind its beginning the search for what begins at a place looks, patterns aside.
const REACH: usize = 256;

/// Whether what was found in a program is a name there: those are letters without end, while a
/// token that is made by chance has digits.
fn is_name(bytes: &[u8]) -> bool {
    let digits = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| u8::from(byte.is_ascii_digit()))
            .sum()
    };
    let (sixteens, rest) = bytes.as_chunks::<16>();
    let mut count: u8 = digits(rest);
    for sixteen in sixteens {
        if count >= 3 {
            break;
        }
        count += digits(sixteen);
    }
    count < 3
}

/// A piece of a file that is searched.
#[derive(Clone, Copy)]
pub(super) struct Piece<'b> {
    /// The bytes, with what lies around the part that is searched.
    pub(super) bytes: &'b [u8],
    /// Where what is told may begin.
    pub(super) from: usize,
    /// What begins here or later is not told.
    pub(super) limit: usize,
    /// Whether the file is no text.
    pub(super) program: bool,
    /// Whether the file lies where people put their own.
    pub(super) own: bool,
}

impl<'b> Piece<'b> {
    /// A text, all of it.
    pub(super) fn text(text: &'b str) -> Self {
        Self {
            bytes: text.as_bytes(),
            from: 0,
            limit: text.len(),
            program: false,
            own: true,
        }
    }
}

/// Where what was told of a file so far ends: what lies inside is no second credential.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    tokens: usize,
    keys: usize,
    pub(super) words: usize,
    pub(super) addresses: usize,
    pub(super) azure: usize,
    pub(super) signatures: usize,
    pub(super) names: usize,
    pub(super) thin: usize,
    pub(super) marked: usize,
    pub(super) modules: usize,
    pub(super) encoded: usize,
}

impl Told {
    /// Counts from a place that lies `bytes` later.
    pub(super) fn move_by(&mut self, bytes: usize) {
        self.tokens = self.tokens.saturating_sub(bytes);
        self.keys = self.keys.saturating_sub(bytes);
        self.words = self.words.saturating_sub(bytes);
        self.addresses = self.addresses.saturating_sub(bytes);
        self.azure = self.azure.saturating_sub(bytes);
        self.signatures = self.signatures.saturating_sub(bytes);
        self.names = self.names.saturating_sub(bytes);
        self.thin = self.thin.saturating_sub(bytes);
        self.marked = self.marked.saturating_sub(bytes);
        self.modules = self.modules.saturating_sub(bytes);
        self.encoded = self.encoded.saturating_sub(bytes);
    }
}

/// Finds credentials of known form in bytes.
pub(crate) struct Detector {
    patterns: Vec<&'static Pattern>,
    /// Made when first wanted: most files hold none of most kinds.
    regexes: Vec<OnceLock<Regex>>,
    /// Each mark and the index of its pattern.
    marks: Vec<(&'static [u8], usize)>,
    grams: Grams,
    pem_begin: memmem::Finder<'static>,
    pem: OnceLock<Regex>,
}

static SHARED: LazyLock<Detector> = LazyLock::new(Detector::new);

impl Detector {
    pub(crate) fn shared() -> &'static Self {
        &SHARED
    }

    fn new() -> Self {
        let patterns: Vec<&'static Pattern> = patterns().collect();
        let marks: Vec<(&'static [u8], usize)> = patterns
            .iter()
            .enumerate()
            .flat_map(|(index, pattern)| {
                let anchors = pattern.anchors.iter();
                anchors.map(move |anchor| (anchor.as_bytes(), index))
            })
            .collect();
        let grams = Grams::new(
            marks
                .iter()
                .enumerate()
                .flat_map(|(number, (mark, index))| {
                    let grams = beginnings(mark, patterns[*index].then);
                    grams.into_iter().map(move |gram| (gram, number))
                }),
        );
        Self {
            regexes: patterns.iter().map(|_| OnceLock::new()).collect(),
            patterns,
            marks,
            grams,
            pem_begin: memmem::Finder::new(PEM_BEGIN),
            pem: OnceLock::new(),
        }
    }

    /// Every credential that begins in the part that is searched, as long as there are few enough
    /// of them to be of use to anybody; first the keys, then the tokens.
    pub(super) fn find(&self, piece: Piece<'_>, told: &mut Told, hits: &mut Hits) {
        if !piece.program || piece.own {
            self.keys(piece, &mut told.keys, hits);
        }
        self.tokens(piece, &mut told.tokens, hits);
    }

    /// Every credential of known form in a short text.
    pub(super) fn find_in(&self, text: &str) -> Hits {
        let mut hits = Hits::default();
        self.find(Piece::text(text), &mut Told::default(), &mut hits);
        hits
    }

    fn tokens(&self, piece: Piece<'_>, told: &mut usize, hits: &mut Hits) {
        let base = piece.from.saturating_sub(LOOKBEHIND);
        let end = piece.bytes.len().min(piece.limit.saturating_add(REACH));
        let Some(bytes) = piece.bytes.get(base..end) else {
            return;
        };
        let mut done = 0;
        runs(bytes, |start, end| {
            // A mark may stand right before the run, or some parts of an address or of base64 before
            // it.
            let before = match start.checked_sub(1).map(|before| bytes[before]) {
                Some(b'.' | b'~') => 20,
                Some(b':' | b'%') => 48,
                Some(b'/' | b'$' | b'+' | b'=') => 96,
                _ => 0,
            };
            let lowest = start.saturating_sub(before).max(done);
            done = end;
            // Most of what a program holds are names that end with the run.
            let is_at_end = bytes.get(end).is_none_or(|next| !next.is_ascii_graphic());
            let capitals = bytes[end - 1].is_ascii_uppercase() || bytes[end - 1].is_ascii_digit();
            if piece.program && is_at_end && !capitals && is_name(&bytes[lowest..end]) {
                return;
            }
            for (at, gram) in bytes[lowest..end].array_windows::<4>().enumerate() {
                if !self.grams.may_hold(*gram) {
                    continue;
                }
                let at = base + lowest + at;
                if at < piece.from.max(*told) || at >= piece.limit || hits.is_full() {
                    continue;
                }
                if let Some(hit) = self.marked(piece, at, *gram) {
                    *told = hit.end;
                    hits.push(hit);
                }
            }
        });
    }

    #[cold]
    fn marked(&self, piece: Piece<'_>, at: usize, gram: [u8; 4]) -> Option<Hit> {
        let here = piece.bytes.get(at..)?;
        self.grams.marks(gram).find_map(|number| {
            let (mark, index) = self.marks[number];
            here.starts_with(mark)
                .then(|| self.judge(piece, at, index))
                .flatten()
        })
    }

    fn judge(&self, piece: Piece<'_>, at: usize, index: usize) -> Option<Hit> {
        let pattern = self.patterns[index];
        if (piece.program && pattern.in_programs == Programs::Skip) || (pattern.own && !piece.own) {
            return None;
        }
        let packed = piece.program && pattern.in_programs == Programs::Packed;
        let bytes = piece.bytes;
        let start = match pattern.lead {
            Some(belongs) => {
                let before = &bytes[at.saturating_sub(LOOKBEHIND / 2)..at];
                at - before
                    .iter()
                    .rev()
                    .take_while(|byte| belongs(**byte))
                    .count()
            }
            None => at,
        };
        if !packed && !stands_apart(bytes, start) {
            return None;
        }
        let window = &bytes[start..bytes.len().min(start + WINDOW)];
        let regex =
            self.regexes[index].get_or_init(|| compiled(&format!("^(?:{})", pattern.regex)));
        let captures = regex.captures(window)?;
        let whole = captures.get(0)?;
        let next = window.get(whole.end());
        if !packed && next.is_some_and(|next| (pattern.not_before)(*next)) {
            return None;
        }
        let value = captures.get(1).unwrap_or(whole);
        // Ids in capitals have few digits, and names seldom are nothing but capitals.
        let capitals = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if piece.program && is_name(value.as_bytes()) && !value.as_bytes().iter().all(capitals) {
            return None;
        }
        // Texts of a program run into each other, mostly in small letters; what is drawn from all
        // letters has capitals among so many.
        let runs_on = packed
            && (!stands_apart(bytes, start)
                || next.is_some_and(|next| (pattern.not_before)(*next)));
        let of_all_letters = pattern.regex.contains("A-Za-z");
        if runs_on && of_all_letters && !value.as_bytes().iter().any(u8::is_ascii_uppercase) {
            return None;
        }
        let (kind, severity, fingerprint) = match (pattern.check)(value.as_bytes()) {
            Verdict::Nothing => return None,
            Verdict::Match => (
                pattern.kind,
                pattern.severity,
                Fingerprint::of(value.as_bytes()),
            ),
            Verdict::Unsure => (
                pattern.kind,
                pattern.severity.min(Severity::High),
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
            start: start + value.start(),
            end: start + value.end(),
            fingerprint,
        })
    }

    /// Private keys in PEM.
    fn keys(&self, piece: Piece<'_>, told: &mut usize, hits: &mut Hits) {
        let end = piece.bytes.len().min(piece.limit.saturating_add(REACH));
        let mut from = piece.from.max(*told);
        while let Some(found) = piece
            .bytes
            .get(from..end)
            .and_then(|rest| self.pem_begin.find(rest))
        {
            let at = from + found;
            if at >= piece.limit || hits.is_full() {
                return;
            }
            from = at + PEM_BEGIN.len();
            let window = &piece.bytes[at..piece.bytes.len().min(at + WINDOW)];
            // No block holds the beginning of another: a flood of beginnings costs no more than its
            // length.
            let next = self.pem_begin.find(&window[PEM_BEGIN.len()..]);
            let window = &window[..next.map_or(window.len(), |next| next + PEM_BEGIN.len())];
            if let Some(length) = static_key(window) {
                from = at + length;
                *told = from;
                let kind = "openvpn-static-key";
                hits.push(Hit::of(kind, Severity::Critical, at, &window[..length]));
                continue;
            }
            let Some(block) = self.pem.get_or_init(|| compiled(PEM)).find(window) else {
                continue;
            };
            if let Verdict::Value {
                kind,
                severity,
                value,
            } = private_key(block.as_bytes())
            {
                from = at + block.end();
                *told = from;
                hits.push(Hit {
                    kind,
                    severity,
                    start: at,
                    end: at + block.end(),
                    fingerprint: Fingerprint::of(&value),
                });
            }
        }
    }
}

fn compiled(expression: &str) -> Regex {
    RegexBuilder::new(expression)
        .unicode(false)
        .build()
        .expect("constant expressions compile: a test builds them all")
}

/// Whether no letter or digit stands right before `at`, other than of an escape.
fn stands_apart(bytes: &[u8], at: usize) -> bool {
    let before = &bytes[..at];
    match before {
        [] => true,
        // A mark that begins with none itself, as part of an address does.
        _ if bytes
            .get(at)
            .is_some_and(|byte| !byte.is_ascii_alphanumeric()) =>
        {
            true
        }
        [.., last] if !last.is_ascii_alphanumeric() => true,
        // `\n` of JSON and of source code.
        [.., b'\\', b'n' | b't' | b'r'] => true,
        // `%3D` of addresses, `\x22` and `\u0022`.
        [.., b'%', a, b] | [.., b'\\', b'x', a, b] | [.., b'\\', b'u', b'0', b'0', a, b] => {
            a.is_ascii_hexdigit() && b.is_ascii_hexdigit()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
