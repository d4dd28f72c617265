//! What the rules on instructions and stages share: edits, and where in a word a variable stands.

use plimsoll_model::{Applicability, Confidence, Edit, Fix, Span};
use plimsoll_syntax::dockerfile::{Stage, Word};

use crate::project::ProjectFile;

/// A fix of these edits in the Dockerfile.
pub(crate) fn fix(
    file: &ProjectFile<'_>,
    title: impl Into<String>,
    applicability: Applicability,
    edits: impl IntoIterator<Item = (Span, String)>,
) -> Fix {
    let path = file.dockerfile.source.path();
    Fix {
        title: title.into(),
        applicability,
        edits: edits
            .into_iter()
            .map(|(span, text)| Edit {
                file: path.to_owned(),
                span,
                text,
            })
            .collect(),
    }
}

/// How sure a finding can be of something that is certain in a stage that is built: what nobody
/// builds does no harm.
pub(crate) fn in_stage(stage: &Stage) -> Confidence {
    if stage.reaches_target {
        Confidence::High
    } else {
        Confidence::Low
    }
}

/// The bytes of a span of the Dockerfile.
pub(crate) fn written<'a>(file: &ProjectFile<'a>, span: Span) -> &'a [u8] {
    span.of(file.dockerfile.source.bytes())
}

/// Where `$name` or `${name` stands in a word; the word where it is hidden behind an escape.
pub(crate) fn variable_span(file: &ProjectFile<'_>, word: &Word, name: &str) -> Span {
    let bytes = written(file, word.span);
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'$', &bytes[from..]) {
        let start = from + at;
        from = start + 1;
        let (braced, rest) = match &bytes[from..] {
            [b'{', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let Some(tail) = rest.strip_prefix(name.as_bytes()) else {
            continue;
        };
        if tail
            .first()
            .is_some_and(|next| next.is_ascii_alphanumeric() || *next == b'_')
        {
            continue;
        }
        let mut length = 1 + usize::from(braced) + name.len();
        if braced && tail.first() == Some(&b'}') {
            length += 1;
        }
        let start = word.span.start + start;
        return Span::new(start, start + length);
    }
    word.span
}

/// Names that one is compared with: no file that a person wrote has more.
const NAMES_LIMIT: usize = 500;

/// The name among `known` that a slip of the hand away from `name` stands.
pub(crate) fn meant<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // An edit distance takes the product of both lengths: what is this long was no slip.
    if name.len() > 64 {
        return None;
    }
    // `FILE2` beside `FILE1` is another name, no slip.
    let stem = |text: &str| {
        text.char_indices()
            .next_back()
            .map(|(at, _)| at)
            .unwrap_or(0)
    };
    let numbered = |other: &str| {
        other.len() == name.len() && other.get(..stem(other)) == name.get(..stem(name))
    };
    let close =
        |other: &&str| other.len().abs_diff(name.len()) <= 2 && *other != name && !numbered(other);
    known
        .into_iter()
        .take(NAMES_LIMIT)
        .filter(close)
        .map(|other| (strsim::osa_distance(name, other), other))
        .filter(|(distance, other)| *distance <= 2 && *distance * 2 < other.len())
        .min()
        .map(|(_, other)| other)
}
