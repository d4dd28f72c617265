//! A build context with what rules ask of it, found out once for all Dockerfiles that share it.

use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use plimsoll_syntax::context::{Context, ContextEntry, EntryKind};
use plimsoll_syntax::dockerignore::IgnoreFile;

use super::files;
use super::junk::{self, Junk};
use super::source::Source;

/// A build context, and what was found out about it so far.
///
/// A folder of a thousand Dockerfiles has one context: what takes a look at every path is done when
/// the first rule of the first file asks, and kept.
pub struct SharedContext {
    context: Context,
    entering: OnceLock<Vec<usize>>,
    credentials: OnceLock<Vec<usize>>,
    junk: OnceLock<Vec<Junk>>,
    size: OnceLock<u64>,
    /// What keeps paths out, where there is an ignore file.
    rules: OnceLock<Option<IgnoreFile>>,
    /// The files that enter, by the last part of their path.
    names: OnceLock<HashMap<String, Vec<usize>>>,
}

impl SharedContext {
    /// Takes a context in.
    pub fn new(context: Context) -> Self {
        Self {
            context,
            entering: OnceLock::new(),
            credentials: OnceLock::new(),
            junk: OnceLock::new(),
            size: OnceLock::new(),
            rules: OnceLock::new(),
            names: OnceLock::new(),
        }
    }

    /// The entries that enter a build, sorted by path: what `Context::effective` gives.
    pub fn entering(&self) -> impl Iterator<Item = &ContextEntry> {
        self.indices().iter().map(|at| &self.context.entries[*at])
    }

    fn indices(&self) -> &[usize] {
        self.entering.get_or_init(|| {
            // What is effective are references into the entries, in their order.
            let mut at = 0;
            self.context
                .effective()
                .map(|entry| {
                    while !std::ptr::eq(&raw const self.context.entries[at], entry) {
                        at += 1;
                    }
                    at
                })
                .collect()
        })
    }

    /// The entries that enter and that a COPY of `source` takes.
    pub(crate) fn taken_by(&self, source: &str) -> impl Iterator<Item = &ContextEntry> {
        let source = Source::new(source);
        let head = source.head();
        let path_at = |at: &usize| self.context.entries[*at].path.as_str();
        let indices = self.indices();
        // Sorted as they are, what starts alike stands together.
        let from = indices.partition_point(|at| path_at(at) < head.as_str());
        indices[from..]
            .iter()
            .map(|at| &self.context.entries[*at])
            .take_while(move |entry| entry.path.starts_with(&head))
            .filter(move |entry| source.takes(&entry.path))
    }

    /// Whether a COPY of `source` would take anything, were nothing kept out.
    pub(crate) fn holds(&self, source: &str) -> bool {
        let source = Source::new(source);
        let head = source.head();
        let entries = &self.context.entries;
        let from = entries.partition_point(|entry| entry.path < head);
        entries[from..]
            .iter()
            .take_while(|entry| entry.path.starts_with(&head))
            .any(|entry| source.takes(&entry.path))
    }

    /// Whether that very path enters.
    pub(crate) fn enters(&self, path: &str) -> bool {
        self.indices()
            .binary_search_by(|at| self.context.entries[*at].path.as_str().cmp(path))
            .is_ok()
    }

    /// Whether what is in a folder may enter, were it known: the folder itself, or an exception of the
    /// ignore file below it.
    pub(crate) fn may_hold_entering(&self, folder: &str) -> bool {
        let rules = self.rules.get_or_init(|| {
            let source = self.context.ignore_file.as_ref()?;
            Some(IgnoreFile::parse(source).0)
        });
        let rules = rules.as_ref();
        self.enters(folder) || rules.is_some_and(|rules| rules.may_hold_exceptions_below(folder))
    }

    /// The file or link of that very path, whether or not it enters.
    pub fn file(&self, path: &str) -> Option<&ContextEntry> {
        let path = path.trim_start_matches("./");
        let at = self
            .context
            .entries
            .binary_search_by(|entry| entry.path.as_str().cmp(path))
            .ok()?;
        let entry = &self.context.entries[at];
        matches!(entry.kind, EntryKind::File | EntryKind::Symlink).then_some(entry)
    }

    /// What a small file holds, where a rule asked for it (`wanted`) and it is text.
    pub fn text(&self, path: &str) -> Option<&str> {
        let source = self.context.contents.get(path.trim_start_matches("./"))?;
        std::str::from_utf8(source.bytes()).ok()
    }

    /// The files of this name that enter, in whatever folder.
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = &ContextEntry> {
        let names = self.names.get_or_init(|| {
            let mut names: HashMap<String, Vec<usize>> = HashMap::new();
            for at in self.indices() {
                let entry = &self.context.entries[*at];
                if entry.kind == EntryKind::File {
                    let name = entry.path.rsplit('/').next().unwrap_or_default();
                    names.entry(name.to_owned()).or_default().push(*at);
                }
            }
            names
        });
        names
            .get(name)
            .into_iter()
            .flatten()
            .map(|at| &self.context.entries[*at])
    }

    /// Bytes of all files, whether or not they enter.
    pub fn size(&self) -> u64 {
        *self
            .size
            .get_or_init(|| self.context.entries.iter().map(|entry| entry.size).sum())
    }

    /// What enters though it comes from working on the project.
    pub(crate) fn junk(&self) -> &[Junk] {
        self.junk
            .get_or_init(|| junk::among(self.entering(), |path| self.file(path).is_some()))
    }

    /// The files that enter and may hold a credential, by their names.
    pub(crate) fn credentials(&self) -> impl Iterator<Item = &ContextEntry> {
        let found = self.credentials.get_or_init(|| {
            let suspicious = |entry: &ContextEntry| {
                entry.kind == EntryKind::File
                    && (files::may_hold_credential(&entry.path)
                        || files::may_hold_value(&entry.path))
            };
            // Applying the ignore file looks at every path: not worth it for nothing.
            if !self.context.entries.iter().any(suspicious) {
                return Vec::new();
            }
            self.indices()
                .iter()
                .copied()
                .filter(|at| suspicious(&self.context.entries[*at]))
                .collect()
        });
        found.iter().map(|at| &self.context.entries[*at])
    }
}

impl Deref for SharedContext {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}

impl fmt::Debug for SharedContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.context.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::SourceFile;

    #[test]
    fn it_gives_what_the_context_gives() {
        let entry = |path: &str| ContextEntry {
            path: path.to_owned(),
            kind: EntryKind::File,
            size: 1,
        };
        let context = SharedContext::new(Context {
            entries: vec![entry(".env"), entry("a.py"), entry("b/id_rsa")],
            ignore_file: Some(SourceFile::new(".dockerignore", ".env\n")),
            ..Context::default()
        });
        let paths = |entries: Vec<&ContextEntry>| -> Vec<String> {
            entries.iter().map(|entry| entry.path.clone()).collect()
        };
        assert_eq!(paths(context.entering().collect()), ["a.py", "b/id_rsa"]);
        assert_eq!(paths(context.credentials().collect()), ["b/id_rsa"]);
        for (source, taken) in [
            ("a.py", vec!["a.py"]),
            ("b", vec!["b/id_rsa"]),
            ("./b/", vec!["b/id_rsa"]),
            ("b/id*", vec!["b/id_rsa"]),
            ("*", vec!["a.py", "b/id_rsa"]),
            (".", vec!["a.py", "b/id_rsa"]),
            ("a", vec![]),
            (".env", vec![]),
        ] {
            assert_eq!(paths(context.taken_by(source).collect()), taken, "{source}");
            assert_eq!(
                context.holds(source),
                !taken.is_empty() || source == ".env",
                "{source}"
            );
        }
        assert!(context.enters("a.py") && !context.enters(".env") && !context.enters("b"));
        assert!(context.file("./a.py").is_some());
        assert!(context.file("b").is_none());
    }
}
