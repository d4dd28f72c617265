//! Pattern lists as the engine sends them: the ignore file's semantics, without a file.

use plimsoll_model::SourceFile;
use plimsoll_syntax::dockerignore::IgnoreFile;

/// A list of patterns.
pub(crate) struct Patterns {
    rules: IgnoreFile,
}

impl Patterns {
    pub(crate) fn new<'a>(patterns: impl IntoIterator<Item = &'a String>) -> Self {
        let mut text = String::new();
        for pattern in patterns {
            // In a list nothing is a comment.
            if pattern.starts_with('#') {
                text.push('\\');
            }
            // A line end cannot be written in a file; any one character includes it.
            text.push_str(&pattern.replace(['\n', '\r'], "?"));
            text.push('\n');
        }
        let (rules, _) = IgnoreFile::parse(&SourceFile::new("patterns", text));
        Self { rules }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.patterns.is_empty()
    }

    /// The patterns, cleaned.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.rules
            .patterns
            .iter()
            .map(|pattern| pattern.text.as_str())
    }

    /// Whether a folder that matches may hold something that does not.
    pub(crate) fn excepts_below(&self, folder: &str) -> bool {
        self.rules.may_hold_exceptions_below(folder)
    }

    /// Whether the list says yes to `path` or a folder above it.
    pub(crate) fn matches(&self, path: &str) -> bool {
        self.rules.matches(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_hold_what_files_cannot() {
        let list: Vec<String> = ["#a", "b\nc", "d*", "!dd"].map(str::to_owned).to_vec();
        let patterns = Patterns::new(&list);
        for (path, expected) in [
            ("#a", true),
            ("#a/below", true),
            ("b\nc", true),
            ("dx", true),
            ("dd", false),
            ("a", false),
        ] {
            assert_eq!(patterns.matches(path), expected, "{path}");
        }
        assert!(!patterns.is_empty());
        assert!(Patterns::new(&[]).is_empty());
    }
}
