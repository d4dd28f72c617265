//! What is written to `~/.netrc` by a command: `echo machine h login u password PW > ~/.netrc`.

use memchr::memmem;

use super::words::Word;

/// What of an entry is read behind its machine: login, account and password.
const MAX_PAIRS: usize = 3;

/// Bytes behind its machine that an entry lies in.
const REACH: usize = 1_000;

/// The passwords of entries in a text, whatever quotes and ends of lines stand between their words.
pub(super) fn entries(text: &str) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    for start in memmem::find_iter(text.as_bytes(), b"machine") {
        let from = start + "machine".len();
        let (before, behind) = (&text[..start], &text[from..]);
        let begins = before.is_empty() || before.ends_with(parts) || before.ends_with("\\n");
        if begins && behind.starts_with(parts) {
            let end = (from..=text.len().min(from + REACH))
                .rev()
                .find(|end| text.is_char_boundary(*end));
            found.extend(password(
                text.get(..end.unwrap_or(from)).unwrap_or(text),
                from,
            ));
        }
    }
    found
}

/// What stands between words.
fn parts(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '\\')
}

/// The password of the entry whose first word ends at `from`.
fn password(text: &str, from: usize) -> Option<Word<'_>> {
    let mut words = words(text, from);
    // What `printf` puts in place of `%s` stands behind its format.
    let mut inserted = usize::from(words.next()?.text == "%s");
    let mut has_login = false;
    for _ in 0..MAX_PAIRS {
        let name = words.next()?.text;
        let value = words.next()?;
        match name {
            "login" => has_login = true,
            "account" => {}
            "password" if has_login && value.text == "%s" => return words.nth(inserted),
            "password" if has_login => return Some(value),
            _ => return None,
        }
        inserted += usize::from(value.text == "%s");
    }
    None
}

/// Words from `from` on, parted by blanks, quotes and `\n` as it is written in `printf`.
fn words(text: &str, from: usize) -> impl Iterator<Item = Word<'_>> {
    let mut at = from;
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
            let c = rest.chars().next()?;
            if let Some(escape) = rest.strip_prefix('\\') {
                // Of `\n` and `\t` the letter is no part of a word.
                at += 1 + usize::from(escape.starts_with(['n', 't']));
            } else if parts(c) {
                at += c.len_utf8();
            } else {
                let end = rest.find(parts).unwrap_or(rest.len());
                let word = Word {
                    text: &rest[..end],
                    start: at,
                };
                at += end;
                return Some(word);
            }
        }
    })
}
