//! Commands as builders note them in history: words in quotes, in brackets, parted by blanks or
//! commas: `CMD ["curl" "-u" "a:b"]`, `HEALTHCHECK &{["CMD-SHELL" "curl …"] "0s" …}`.

use super::super::escape::{Unquoted, letter};

/// The words of every list in a text.
pub(super) fn listed(text: &str) -> Vec<Vec<Unquoted>> {
    let mut lists = Vec::new();
    let mut at = 0;
    while let Some(open) = text.get(at..).and_then(|rest| rest.find('[')) {
        at += open + 1;
        let mut words = Vec::new();
        loop {
            let rest = &text[at..];
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', ',']).len();
            let Some((word, end)) = quoted(text, at + blank) else {
                break;
            };
            words.push(word);
            at = end;
        }
        if !words.is_empty() {
            lists.push(words);
        }
    }
    lists
}

/// The word in quotes that begins at `at`, and where the text goes on. What was cut off lacks its
/// end.
fn quoted(text: &str, at: usize) -> Option<(Unquoted, usize)> {
    let inner = text.get(at..)?.strip_prefix('"')?;
    let base = at + 1;
    let mut word = Unquoted::default();
    let mut rest = inner;
    loop {
        let here = base + (inner.len() - rest.len());
        let Some(c) = rest.chars().next().filter(|c| *c != '"') else {
            return Some((word, here + usize::from(!rest.is_empty())));
        };
        let (c, length) = match c {
            '\\' => letter(rest),
            _ => (c, c.len_utf8()),
        };
        word.push(c, here, here + length);
        rest = &rest[length..];
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<Vec<String>> {
        let lists = listed(text).into_iter();
        let texts = |list: Vec<Unquoted>| list.into_iter().map(|word| word.text).collect();
        lists.map(texts).collect()
    }

    #[test]
    fn words_of_instructions() {
        for (text, expected) in [
            ("CMD [\"a\" \"b c\"]", vec![vec!["a", "b c"]]),
            ("CMD [\"a\", \"b\\\"c\"]", vec![vec!["a", "b\"c"]]),
            (
                "HEALTHCHECK &{[\"CMD-SHELL\" \"x \\u00e9\\x20\\\\\\n\"] \"0s\" '\\x00'}",
                vec![vec!["CMD-SHELL", "x é \\\n"]],
            ),
            ("RUN [ -n \"$X\" ] && [ \"$a\" = b ]", vec![vec!["$a"]]),
            ("CMD [\"cut", vec![vec!["cut"]]),
            ("EXPOSE map[80/tcp:{}]", vec![]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
        let text = "CMD [\"a\\\"\" \"--p=é\\tx\"]";
        let list = &listed(text)[0];
        let of = |word: &Unquoted, part: &str| {
            let start = word.text.find(part).unwrap();
            let (start, end) = word.place(start, start + part.len());
            text[start..end].to_owned()
        };
        assert_eq!(of(&list[0], "\""), "\\\"");
        assert_eq!(of(&list[1], "é\tx"), "é\\tx");
        assert_eq!(of(&list[1], "--p=é\tx"), "--p=é\\tx");
    }

    proptest! {
        #[test]
        fn any_text_is_taken_apart(text in "[\\[\\]\"\\\\xué ,a]{0,60}") {
            for word in listed(&text).into_iter().flatten() {
                let (start, end) = word.place(0, word.text.len());
                prop_assert!(start <= end && text.get(start..end).is_some());
            }
        }
    }
}
