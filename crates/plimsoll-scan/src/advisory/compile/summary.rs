//! One line that says what a record is about.

/// Longest one, in characters.
const LONGEST: usize = 300;

/// The first of some texts that has anything to say, in one line, shortened at the end of a
/// sentence or word. Headings of Markdown, which say "Impact" and "Summary", are passed over.
pub(crate) fn of<'t>(texts: impl IntoIterator<Item = Option<&'t str>>) -> Option<String> {
    texts.into_iter().flatten().find_map(first_paragraph)
}

fn first_paragraph(text: &str) -> Option<String> {
    let blank = |line: &&str| line.is_empty() || line.starts_with('#');
    let mut out = String::new();
    let lines = text.lines().map(str::trim);
    for line in lines.skip_while(blank).take_while(|line| !blank(line)) {
        for word in line.split_whitespace() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
        }
        // Whatever follows would be cut off.
        if out.len() > LONGEST * 4 {
            break;
        }
    }
    (!out.is_empty()).then(|| shortened(out))
}

fn shortened(text: String) -> String {
    let Some((cut, _)) = text.char_indices().nth(LONGEST) else {
        return text;
    };
    let text = &text[..cut];
    if let Some(sentence) = text.rfind(". ") {
        return text[..=sentence].to_owned();
    }
    match text.rfind(' ') {
        Some(word) => format!("{} …", &text[..word]),
        None => format!("{text}…"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_paragraph_is_one_line() {
        for (texts, line) in [
            (&[Some("A flaw"), Some("More")][..], Some("A flaw")),
            (
                &[Some(" \n"), Some("Two\nlines.\n\nMore.")],
                Some("Two lines."),
            ),
            (
                &[None, Some("### Impact\nIt is\r\n bad.\n## Fix\nx")],
                Some("It is bad."),
            ),
            (&[Some("# Only a heading")], None),
            (&[None], None),
        ] {
            assert_eq!(of(texts.iter().copied()).as_deref(), line);
        }
        let long = "Seven by seven. ".repeat(40);
        let line = of([Some(long.as_str())]).unwrap();
        assert!(line.ends_with("seven.") && line.len() <= LONGEST, "{line}");
        assert!(
            of([Some("word ".repeat(100).as_str())])
                .unwrap()
                .ends_with("word …")
        );
        assert!(
            of([Some("ä".repeat(400).as_str())])
                .unwrap()
                .ends_with("ä…")
        );
    }

    proptest! {
        #[test]
        fn any_text_is_one_short_line(text: String) {
            if let Some(line) = of([Some(text.as_str())]) {
                prop_assert!(line.chars().count() <= LONGEST + 2 && !line.contains('\n'));
            }
        }
    }
}
