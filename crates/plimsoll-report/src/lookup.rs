//! Finds source files by the name findings use.

use std::collections::HashMap;

use plimsoll_model::{Edit, Position, SourceFile};

/// Source files by name.
pub(crate) struct Sources<'a> {
    by_name: HashMap<&'a str, &'a SourceFile>,
}

impl<'a> Sources<'a> {
    /// Indexes `files`; of two with one name the first counts.
    pub(crate) fn new(files: &'a [SourceFile]) -> Self {
        let mut by_name = HashMap::with_capacity(files.len());
        for file in files {
            by_name.entry(file.path()).or_insert(file);
        }
        Self { by_name }
    }

    /// The file shown as `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&'a SourceFile> {
        self.by_name.get(name).copied()
    }

    /// Where an edit begins and ends; `None` where its file is not at hand.
    pub(crate) fn range(&self, edit: &Edit) -> Option<(Position, Position)> {
        let file = self.get(&edit.file)?;
        Some((file.position(edit.span.start), file.position(edit.span.end)))
    }
}
