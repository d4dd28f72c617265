//! What was not looked at: a line a kind, and the files that a line stands for.

use plimsoll_model::{Skipped, UncoveredFiles};

/// Files that are kept of a line.
const MAX_FILES: usize = 10_000;

/// Collects lines and files.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) files: Vec<UncoveredFiles>,
}

impl Gaps {
    /// Adds a line, and the files it stands for.
    pub(crate) fn add<'f>(&mut self, line: Skipped, files: impl IntoIterator<Item = &'f str>) {
        let mut files: Vec<&str> = files.into_iter().collect();
        files.sort_unstable();
        files.dedup();
        let left_out = files.len().saturating_sub(MAX_FILES);
        files.truncate(MAX_FILES);
        self.files.push(UncoveredFiles {
            what: line.what.clone(),
            why: line.why.clone(),
            files: files.into_iter().map(str::to_owned).collect(),
            left_out,
        });
        self.skipped.push(line);
    }

    /// Sorts both and leaves out what is there twice.
    pub(crate) fn sort(&mut self) {
        self.skipped.sort();
        self.skipped.dedup();
        self.files.sort();
        self.files.dedup();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_bounded_and_say_so() {
        let paths: Vec<String> = (0..MAX_FILES + 7)
            .rev()
            .map(|number| format!("{number:06}"))
            .collect();
        let mut gaps = Gaps::default();
        let line = Skipped {
            about: plimsoll_model::Topic::Packages,
            what: "a".to_owned(),
            why: "b".to_owned(),
            blocking: false,
        };
        for _ in 0..2 {
            gaps.add(line.clone(), paths.iter().map(String::as_str));
        }
        gaps.sort();
        assert_eq!(gaps.skipped, [line]);
        let [list] = gaps.files.as_slice() else {
            panic!("one list");
        };
        assert_eq!((list.files.len(), list.left_out), (MAX_FILES, 7));
        assert!(list.files.is_sorted());
        assert_eq!((list.what.as_str(), list.why.as_str()), ("a", "b"));
    }
}
