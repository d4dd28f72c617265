//! Keeps credentials out of source frames and fingerprints.
//!
//! A finding may point at a line that holds a credential, and a report goes where the file does not:
//! build logs, pull requests. What is one is for the caller to say, whatever rule the finding is of.

use std::collections::HashMap;

use plimsoll_model::Span;

use crate::Hidden;

/// What of each file must not be shown.
pub(crate) struct Mask<'a> {
    /// Apart from each other, and in order.
    by_file: HashMap<&'a str, Vec<Span>>,
}

impl<'a> Mask<'a> {
    /// Indexes it.
    pub(crate) fn new(hidden: &'a [Hidden]) -> Self {
        let mut by_file: HashMap<&str, Vec<Span>> = HashMap::new();
        for one in hidden {
            by_file
                .entry(&one.file)
                .or_default()
                .extend_from_slice(&one.spans);
        }
        for spans in by_file.values_mut() {
            spans.sort_unstable();
            spans.dedup_by(|later, earlier| {
                let meets = later.start <= earlier.end;
                if meets {
                    earlier.end = earlier.end.max(later.end);
                }
                meets
            });
        }
        Self { by_file }
    }

    /// The byte ranges of `file` that must not be shown and that `shown` has a part of, sorted.
    pub(crate) fn hidden(&self, file: &str, shown: Span) -> &[Span] {
        let spans = self.by_file.get(file).map_or(&[][..], Vec::as_slice);
        let from = spans.partition_point(|span| span.end <= shown.start);
        let to = spans.partition_point(|span| span.start < shown.end);
        spans.get(from..to).unwrap_or_default()
    }
}

/// Whether `offset` lies in one of `hidden`.
pub(crate) fn covers(hidden: &[Span], offset: usize) -> bool {
    let at = hidden.partition_point(|span| span.end <= offset);
    hidden.get(at).is_some_and(|span| span.start <= offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_meets_is_one_and_what_is_shown_counts() {
        let of = |file: &str, spans: &[(usize, usize)]| Hidden {
            file: file.to_owned(),
            spans: spans.iter().map(|(a, b)| Span::new(*a, *b)).collect(),
        };
        let all = [of("a", &[(9, 12), (3, 5), (4, 7)]), of("a", &[(20, 21)])];
        let mask = Mask::new(&all);
        let hidden = mask.hidden("a", Span::new(6, 10));
        assert_eq!(hidden, [Span::new(3, 7), Span::new(9, 12)]);
        for (offset, covered) in [(2, false), (3, true), (6, true), (7, false), (12, false)] {
            assert_eq!(covers(hidden, offset), covered, "{offset}");
        }
        assert_eq!(mask.hidden("b", Span::new(0, 99)), []);
        assert_eq!(mask.hidden("a", Span::new(13, 19)), []);
    }
}
