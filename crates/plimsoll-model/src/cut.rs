//! Texts of others that are too long to be shown whole.

use std::borrow::Cow;

/// `text` up to so many characters, with a mark where more followed.
pub fn cut(text: &str, characters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_as_it_is() {
        for (text, characters, shown) in [
            ("", 0, ""),
            ("übel", 4, "übel"),
            ("übel", 3, "übe…"),
            ("übel", 0, "…"),
        ] {
            assert_eq!(cut(text, characters), shown);
        }
    }
}
