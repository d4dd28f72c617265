//! What stands before a credential that only explains how one is written.

use memchr::memmem;

use super::detector::LOOKBEHIND;

/// Whether what follows stands in a comment, or behind a word that says: like this. `before` is
/// what stands before it, from the beginning of the file where `is_whole`.
pub(super) fn is_explained(before: &[u8], is_whole: bool) -> bool {
    const MARKS: &[&str] = &["e.g.", "placeholder", "example:"];
    let all = is_whole && before.len() <= LOOKBEHIND;
    let before = &before[before.len().saturating_sub(LOOKBEHIND)..];
    let line = before
        .rsplit(|byte| *byte == b'\n')
        .next()
        .unwrap_or(before);
    let begun = line.trim_ascii_start();
    // Behind the end of a comment stands code, or another one.
    let begun = match memmem::rfind(begun, b"*/") {
        Some(end) if begun.starts_with(b"*") || begun.starts_with(b"/*") => {
            begun[end + 2..].trim_ascii_start()
        }
        _ => begun,
    };
    let comments = [&b"*"[..], b"//", b"/*", b"# "];
    let near = &line[line.len().saturating_sub(48)..];
    let near = String::from_utf8_lossy(near).to_ascii_lowercase();
    // Of a line that is longer nobody knows how it begins.
    ((all || line.len() < before.len()) && comments.iter().any(|mark| begun.starts_with(mark)))
        || MARKS.iter().any(|mark| near.contains(mark))
}

/// Whether what follows is what a field says to be filled in with, wherever it stands: `placeholder: "e.g. …"`.
pub(super) fn is_for_instance(before: &[u8]) -> bool {
    before.trim_ascii_end().ends_with(b"e.g.")
}

/// Whether what follows stands behind the beginning of the tests that a file of Rust has at its end.
pub(super) fn is_in_tests_of_rust(before: &[u8]) -> bool {
    const MARK: &[u8] = b"#[cfg(test)]";
    /// Bytes in which a module is named.
    const LONGEST_NAME: usize = 128;
    let mut marks = memmem::find_iter(before, MARK);
    marks.any(|at| {
        let behind = before[at + MARK.len()..].trim_ascii_start();
        // `mod tests;` lies elsewhere.
        let mut near = behind.iter().take(LONGEST_NAME);
        behind.starts_with(b"mod ") && near.find(|byte| b"{;".contains(byte)) == Some(&b'{')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_of_rust() {
        assert!(is_in_tests_of_rust(
            b"x\n#[cfg(test)]\nmod test {\n const A: "
        ));
        assert!(!is_in_tests_of_rust(
            b"x\n#[cfg(test)]\nuse a;\nmod b { const A: "
        ));
        assert!(!is_in_tests_of_rust(b"#[cfg(test)]\nmod tests;\nfn a() {"));
    }

    #[test]
    fn comments_and_words_that_explain() {
        for before in [
            "x\n  * key: '",
            "// ",
            "a\n# ",
            "b = 1; placeholder: 'e.g. ",
            "/* key: ",
            "/** @type {string} */ // ",
        ] {
            assert!(is_explained(before.as_bytes(), true), "{before}");
        }
        assert!(is_explained(b"x\n// ", false) && !is_explained(b"// ", false));
        let long = format!("// {}", "x".repeat(LOOKBEHIND));
        for before in [
            "",
            "// x\n",
            "https://",
            "#define A ",
            &long,
            "/** @type {string} */ const key = '",
            "x\n */ const key = '",
            "/* eslint-disable */ f('",
            "/*! a licence */!function(){a=1*/2/.exec('",
        ] {
            assert!(!is_explained(before.as_bytes(), true), "{before}");
        }
    }
}
