//! Words that the shell puts together of several parts: a quote within single quotes is written
//! `'a '\''b c'\'''` or `'a '"'"'b c'"'"''`.

use super::super::assignment::may_hold_name;
use super::super::command::may_hold_command;
use super::super::escape::Unquoted;
use super::super::shell::{Piece, Pieces, is_for_shell};

/// A word that was put together.
pub(super) struct Composed {
    pub(super) word: Unquoted,
    /// Whether a shell is to run it.
    pub(super) is_script: bool,
}

/// Those of a text that may tell anything.
pub(super) fn composed(text: &str) -> Vec<Composed> {
    // A part ends where another one begins, or a quote that stands for itself.
    let adjoin = |pair: &[u8]| {
        matches!(
            pair,
            [b'"' | b'\'', b'"' | b'\'' | b'\\' | b'$' | b'='] | [b'=', b'"' | b'\'']
        )
    };
    if !text.as_bytes().windows(2).any(adjoin) || !(may_hold_name(text) || may_hold_command(text)) {
        return Vec::new();
    }
    let mut is_script = false;
    let mut found = Vec::new();
    for piece in Pieces::of_text(text, false) {
        let Piece::Word(spelled) = piece else {
            is_script = false;
            continue;
        };
        if spelled.is_composed(text) {
            let word = spelled.unquoted(text);
            found.push(Composed { word, is_script });
        }
        is_script = is_for_shell(&text[spelled.from..spelled.to]);
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_put_together() {
        for (text, expected) in [
            (
                r#"sh -c 'app --password '\''a b'\'''"#,
                "app --password 'a b'",
            ),
            (
                r#"sh -c 'app --password '"'"'a b'"'"''"#,
                "app --password 'a b'",
            ),
            (r#"x "--password"="my pw" y"#, "--password=my pw"),
            (r#"x "token "$'a\'b'"\"\\a"c\ d y"#, r#"token a'b"\ac d"#),
            (r#"x 'token='"$(cat 'y' z)""#, "token=$(cat 'y' z)"),
        ] {
            let found = composed(text);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].word.text, expected, "{text}");
            assert_eq!(found[0].is_script, text.starts_with("sh"), "{text}");
        }
        let text = r#"token=x$'\x41'"c\\"'a b'"#;
        let word = &composed(text)[0].word;
        for (part, written) in [("a b", "a b"), ("A", "\\x41"), ("c\\", "c\\\\")] {
            let start = word.text.find(part).unwrap();
            let (start, end) = word.place(start, start + part.len());
            assert_eq!(&text[start..end], written);
        }
        for text in ["echo $(cat \"$TOKEN\")-$(date)", "echo token$(a='')`b`"] {
            assert!(composed(text).is_empty(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_word_is_put_together(text in "(token|--p=|[ \"'\\\\$()`#;|=\n:é]|[a-z]{1,3}){0,40}") {
            let text = format!("token {text}");
            for Composed { word, .. } in composed(&text) {
                for (end, _) in word.text.char_indices() {
                    let (start, end) = word.place(0, end);
                    prop_assert!(text.get(start..end).is_some());
                }
            }
        }
    }
}
