//! What stands before a credential that only explains how one is written.

use super::detector::LOOKBEHIND;

/// Whether what follows stands in a comment, or behind a word that says: like this. `before` is
/// what stands before it.
pub(super) fn is_explained(before: &[u8]) -> bool {
    const MARKS: &[&str] = &["e.g.", "placeholder", "example:"];
    let all = before.len() <= LOOKBEHIND;
    let before = &before[before.len().saturating_sub(LOOKBEHIND)..];
    let line = before
        .rsplit(|byte| *byte == b'\n')
        .next()
        .unwrap_or(before);
    let begun = line.trim_ascii_start();
    let comments = [&b"*"[..], b"//", b"/*", b"# "];
    let near = &line[line.len().saturating_sub(48)..];
    let near = String::from_utf8_lossy(near).to_ascii_lowercase();
    // Of a line that is longer nobody knows how it begins.
    ((all || line.len() < before.len()) && comments.iter().any(|mark| begun.starts_with(mark)))
        || MARKS.iter().any(|mark| near.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_words_that_explain() {
        for before in [
            "x\n  * key: '",
            "// ",
            "a\n# ",
            "b = 1; placeholder: 'e.g. ",
        ] {
            assert!(is_explained(before.as_bytes()), "{before}");
        }
        let long = format!("// {}", "x".repeat(LOOKBEHIND));
        for before in ["", "// x\n", "https://", "#define A ", &long] {
            assert!(!is_explained(before.as_bytes()), "{before}");
        }
    }
}
