//! Credentials that files of an image hold, where other texts repeat them: the command that wrote the file, as
//! the history has it. Of a value that was found in a file nothing is kept but its fingerprint.

use std::collections::HashSet;

use super::{Fingerprint, is_telling};

/// A longer piece of a text is data, and nobody's password.
const LONGEST: usize = 1024;
/// Marks in a piece that are tried as ends of a value.
const MOST_MARKS: usize = 32;

/// Values that are known by their fingerprints.
#[derive(Clone, Debug, Default)]
pub struct KnownValues(HashSet<Fingerprint>);

impl KnownValues {
    /// Those with these fingerprints.
    pub(crate) fn new(fingerprints: impl IntoIterator<Item = Fingerprint>) -> Self {
        Self(fingerprints.into_iter().collect())
    }

    /// Those with fingerprints as reports show them; what is none is passed over.
    pub fn of_shown<'f>(fingerprints: impl IntoIterator<Item = &'f str>) -> Self {
        Self::new(fingerprints.into_iter().filter_map(Fingerprint::read))
    }

    /// Where a text has one of them, as a word or a part of one: from and to, in bytes. Only what is so much
    /// its own that it is no other word.
    pub fn places(&self, text: &str) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        if self.0.is_empty() {
            return found;
        }
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '\\');
        for piece in text.split(ends).filter(|piece| piece.len() <= LONGEST) {
            let from = piece.as_ptr().addr() - text.as_ptr().addr();
            let mut is_known = |start: usize, end: usize| {
                let value = piece[start..end].as_bytes();
                let is = is_telling(value) && self.0.contains(&Fingerprint::of(value));
                found.extend(is.then_some((from + start, from + end)));
                is
            };
            if is_known(0, piece.len()) {
                continue;
            }
            // `NAME=value`, `user:value@host`, `(value)`: between any two marks, since it may hold some.
            let marks = piece
                .char_indices()
                .filter(|(_, c)| c.is_ascii_punctuation());
            let marks: Vec<usize> = marks.map(|(at, _)| at).take(MOST_MARKS).collect();
            let starts = std::iter::once(0).chain(marks.iter().map(|at| at + 1));
            let mut done = 0;
            for start in starts {
                if start < done {
                    continue;
                }
                let behind = marks.iter().copied().filter(|end| *end > start);
                let mut ends = std::iter::once(piece.len()).chain(behind);
                done = ends.find(|end| is_known(start, *end)).unwrap_or(done);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VALUE: &str = "Fk71zQw28XmLt";

    fn known() -> KnownValues {
        let shown = Fingerprint::of(VALUE.as_bytes()).to_string();
        KnownValues::of_shown([shown.as_str(), "none", "", "zzzzzzzzzzzz"])
    }

    #[test]
    fn what_repeats_a_value() {
        for text in [
            "RUN printf 'DB_PASSWORD=%s\\n' 'VALUE' > /app/.env",
            "RUN printf \"a:%s\\n\" VALUE",
            "echo -n VALUE>/etc/app/db_password",
            "(echo VALUE)",
            "x=VALUE;y=1",
            "https://bob:VALUE@h.x/y",
            "VALUE\\n",
            "{\"a\":\"VALUE\"}",
            "VALUE VALUE",
        ] {
            let text = text.replace("VALUE", VALUE);
            let found = known().places(&text);
            let values: Vec<&str> = found.iter().map(|(from, to)| &text[*from..*to]).collect();
            assert_eq!(values, vec![VALUE; text.matches(VALUE).count()], "{text}");
        }
        assert_eq!(known().places(&format!("x{VALUE} {VALUE}y")), []);
        // A value may hold marks itself.
        let value = "p@ss:W0rd=1";
        let known = KnownValues::new([Fingerprint::of(value.as_bytes())]);
        assert_eq!(known.places("u=bob:p@ss:W0rd=1@h"), [(6, 17)]);
    }

    proptest! {
        #[test]
        fn any_text_has_none_or_it(text in "([a-z=:@ '\"é/]|Fk71zQw28XmLt){0,60}") {
            for (from, to) in known().places(&text) {
                prop_assert_eq!(&text[from..to], VALUE);
            }
        }
    }
}
