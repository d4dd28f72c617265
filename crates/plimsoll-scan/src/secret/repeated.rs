//! Credentials that files of an image hold, where other texts repeat them: the command that wrote the file, as
//! the history has it. Of a value that was found in a file nothing is kept but its fingerprint.

use std::collections::HashSet;

use super::{Fingerprint, is_telling};

/// A longer piece of a text is data, and nobody's password.
const LONGEST: usize = 1024;
/// Marks behind each other that are tried as the end of a value.
const MOST_MARKS: usize = 8;

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

    /// Where a text has one of them, as a word, a part of one or in quotes: from and to, in bytes. Only what is so
    /// much its own that it is no other word.
    pub fn places(&self, text: &str) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        if self.0.is_empty() {
            return found;
        }
        // Whole texts in quotes, for values with blanks or other quotes in them.
        for quote in ['"', '\'', '`'] {
            for piece in text.split(quote) {
                if piece
                    .contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '\\'))
                {
                    self.try_piece(text, piece, &mut found);
                }
            }
        }
        let is_blank = |c: char| c.is_whitespace();
        for word in text.split(is_blank) {
            if word.contains('\\') {
                self.try_piece(text, word.trim_matches(['"', '\'']), &mut found);
            }
            for piece in word.split(['"', '\'', '`', '\\']) {
                if !self.try_piece(text, piece, &mut found) {
                    self.try_parts(text, piece, &mut found);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Tries all of a piece of a text, as it stands and as a shell takes it.
    fn try_piece(&self, text: &str, piece: &str, found: &mut Vec<(usize, usize)>) -> bool {
        if piece.len() > LONGEST {
            return false;
        }
        let from = piece.as_ptr().addr() - text.as_ptr().addr();
        let is = self.holds(piece) || piece.contains('\\') && self.holds(&unescaped(piece));
        found.extend(is.then_some((from, from + piece.len())));
        is
    }

    /// Tries what stands between any two marks of a piece, since a value may hold some itself: `NAME=value`,
    /// `user:value@host`, `(value)`.
    fn try_parts(&self, text: &str, piece: &str, found: &mut Vec<(usize, usize)>) {
        let is_mark = |c: char| c.is_ascii_punctuation();
        let mut rest = piece;
        // Far from the ends nobody knows which marks belong together.
        while let Some(first) = rest.find(is_mark) {
            let near = rest.char_indices().take_while(|(at, _)| *at <= LONGEST);
            let marks = near.filter(|(_, c)| is_mark(*c)).map(|(at, _)| at);
            let mut ends = std::iter::once(rest.len()).chain(marks.take(MOST_MARKS));
            ends.find(|end| self.try_piece(text, &rest[..*end], found));
            rest = &rest[first + 1..];
        }
        self.try_piece(text, rest, found);
    }

    fn holds(&self, value: &str) -> bool {
        // A path or a variable is no secret by itself; one that is known is.
        let own = value.trim_start_matches(['$', '/']);
        is_telling(own.as_bytes()) && self.0.contains(&Fingerprint::of(value.as_bytes()))
    }
}

/// A word without the backslashes that take the meaning of what follows.
fn unescaped(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    let mut letters = word.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => plain.extend(letters.next()),
            letter => plain.push(letter),
        }
    }
    plain
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
        for (value, text) in [
            ("Fk71$zQw28XmLt", "echo \"Fk71\\$zQw28XmLt\" > /x"),
            ("Fk71zQw28XmLt$", "echo Fk71zQw28XmLt\\$ > /x"),
            ("$Fk71zQw28XmLt", "printf '%s' '$Fk71zQw28XmLt' > /x"),
            ("/Fk71zQw28XmLt", "printf '%s' '/Fk71zQw28XmLt' > /x"),
            ("Fk71\"zQw28XmLt", "printf '%s' 'Fk71\"zQw28XmLt' > /x"),
            ("Fk71\\zQw28XmLt", "printf '%s' 'Fk71\\zQw28XmLt' > /x"),
            (
                "correct horse Staple9",
                "printf '%s' 'correct horse Staple9' > /x",
            ),
        ] {
            let known = KnownValues::new([Fingerprint::of(value.as_bytes())]);
            assert_eq!(known.places(text).len(), 1, "{text}");
        }
        let text = format!("é{VALUE}={}é", "é".repeat(2 * LONGEST));
        assert_eq!(known().places(&text), []);
        let text = format!("x={}{VALUE}", "a-".repeat(40));
        assert_eq!(known().places(&text).len(), 1);
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
