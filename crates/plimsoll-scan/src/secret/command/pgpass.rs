//! What is written to `~/.pgpass` by a command: `echo db:5432:shop:app:PW > ~/.pgpass`.

use std::sync::LazyLock;

use memchr::memmem;
use regex::Regex;

use super::words::Word;

/// `host:port:database:user:password` (PostgreSQL, "The Password File").
static ENTRY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"[^\s:'"\\]+:(?:[0-9]{2,5}|\*):[^\s:'"]+:[^\s:'"]+:((?:\\[:\\]|[^\s:'"\\])+)"#)
        .expect("a constant expression")
});

/// The passwords of entries in a text that names such a file.
pub(super) fn entries(text: &str) -> Vec<Word<'_>> {
    if memmem::find(text.as_bytes(), b"pgpass").is_none() {
        return Vec::new();
    }
    let found = ENTRY.captures_iter(text);
    let passwords = found.filter_map(|entry| entry.get(1));
    passwords
        .map(|password| Word {
            text: password.as_str(),
            start: password.start(),
        })
        .collect()
}
