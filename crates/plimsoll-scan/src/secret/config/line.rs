//! Command lines and instructions as the configuration and history hold them: what is given to which
//! name.

/// The name in `--name`, whose value is the next word.
pub(super) fn flag_name(word: &str) -> Option<&str> {
    word.strip_prefix("--")
        .filter(|name| !name.is_empty() && !name.contains(['=', ' ']))
}

/// Every `--name value`, `set name value` and `ENV name value` in a command line, with where the
/// value begins.
pub(in crate::secret) fn arguments(text: &str) -> Vec<(&str, &str, usize)> {
    let mut found = Vec::new();
    let mut before = "";
    let mut name = None;
    for word in text.split_ascii_whitespace() {
        // Words of the JSON form are parted by blanks as well.
        let word = word.trim_matches(['"', '\'', '[', ']', ',', ';']);
        if let Some(name) = name
            && !word.starts_with('-')
        {
            // The word is a piece of the text.
            let start = word.as_ptr().addr() - text.as_ptr().addr();
            found.push((name, word, start));
        }
        let named = matches!(before, "set" | "ENV" | "env") && !word.contains('=');
        name = flag_name(word).or(named.then_some(word));
        before = word;
    }
    found
}

/// How many `=` in one word are read, as in `OPTS=-Dname=value`.
const MAX_NESTED: usize = 16;

/// Every `NAME=value` in a command line, with where the value begins.
pub(in crate::secret) fn assignments(text: &str) -> Vec<(&str, &str, usize)> {
    let mut found: Vec<(&str, &str, usize)> = Vec::new();
    let unquoted_to = unquoted(text);
    // What is declared without quotes, whose value ends where the next begins.
    let mut declared: Option<usize> = None;
    // Where the word ends that the last `=` stood in, and how many stood in it.
    let (mut word_end, mut nested) = (0, 0);
    for (at, _) in text.match_indices('=') {
        let name_start = text[..at]
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
            .map_or(0, |before| {
                before + text[before..].chars().next().map_or(1, char::len_utf8)
            });
        let name = &text[name_start..at];
        if name.is_empty() {
            continue;
        }
        let start = at + 1;
        let rest = &text[start..];
        let declares = start <= unquoted_to
            && text[..name_start].ends_with(' ')
            && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if declares {
            close(text, declared, name_start - 1, &mut found);
            declared = Some(found.len());
            found.push((name, "", start));
            continue;
        }
        if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let inner = &rest[1..];
            let value = inner.split(quote).next().unwrap_or_default();
            found.push((name, value, start + 1));
            continue;
        }
        if start > word_end {
            let ends =
                |c: char| c.is_whitespace() || matches!(c, ';' | '&' | '|' | ')' | '"' | '\'');
            word_end = start + rest.find(ends).unwrap_or(rest.len());
            nested = 0;
        }
        nested += 1;
        if nested <= MAX_NESTED {
            found.push((name, text.get(start..word_end).unwrap_or_default(), start));
        }
    }
    close(text, declared, unquoted_to, &mut found);
    found
}

/// Gives what was declared last its value, which ends at `end`, without the quotes around all of it.
fn close<'t>(
    text: &'t str,
    declared: Option<usize>,
    end: usize,
    found: &mut [(&'t str, &'t str, usize)],
) {
    if let Some((_, value, start)) = declared.and_then(|declared| found.get_mut(declared)) {
        let plain = text.get(*start..end).unwrap_or_default().trim_end();
        let inner = ['"', '\''].into_iter().find_map(|quote| {
            let inner = plain.strip_prefix(quote)?.strip_suffix(quote)?;
            (!inner.contains(quote)).then_some(inner)
        });
        *start += usize::from(inner.is_some());
        *value = inner.unwrap_or(plain);
    }
}

/// How far a text assigns without quotes, so that blanks belong to values: `ENV A=x y B=z`, as builders
/// write what they read, and `|2 A=x y B=z /bin/sh -c …`, build arguments in front of a command.
fn unquoted(text: &str) -> usize {
    if text.strip_prefix("RUN ").unwrap_or(text).starts_with('|') {
        return text.find(" /").unwrap_or(text.len());
    }
    let text = text.strip_suffix(" # buildkit").unwrap_or(text);
    let instruction = text.strip_prefix("/bin/sh -c #(nop)").unwrap_or(text);
    let declares = ["ENV ", "ARG ", "LABEL "]
        .iter()
        .any(|word| instruction.trim_start().starts_with(word));
    if declares { text.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_in_commands() {
        let text = "RUN x --token abc --quiet --user me && aws configure set a_key 'k' # ENV A b";
        let found: Vec<(&str, &str)> = arguments(text)
            .into_iter()
            .map(|(name, value, start)| {
                assert_eq!(&text[start..start + value.len()], value);
                (name, value)
            })
            .collect();
        assert_eq!(
            found,
            [("token", "abc"), ("user", "me"), ("a_key", "k"), ("A", "b")]
        );
    }

    #[test]
    fn assignments_in_commands() {
        fn of(text: &str) -> Vec<(&str, &str)> {
            let found = assignments(text).into_iter();
            found
                .map(|(name, value, start)| {
                    assert_eq!(&text[start..start + value.len()], value);
                    (name, value)
                })
                .collect()
        }
        assert_eq!(
            of("ENV A=open \"sesame\" now B='c d' E=f==  G=-Dx=y # buildkit"),
            [
                ("A", "open \"sesame\" now"),
                ("B", "c d"),
                ("E", "f=="),
                ("f", "="),
                ("G", "-Dx=y"),
                ("-Dx", "y"),
            ]
        );
        assert_eq!(of("RUN |1 A=b c /bin/sh -c d")[0], ("A", "b c"));
        let many = "a=".repeat(100_000);
        assert!(of(&many).len() <= MAX_NESTED);
        assert_eq!(
            of("|2 A=b c D=e /bin/sh -c X='y z' run --p=q;W=v"),
            [
                ("A", "b c"),
                ("D", "e"),
                ("X", "y z"),
                ("--p", "q"),
                ("W", "v")
            ]
        );
    }
}
