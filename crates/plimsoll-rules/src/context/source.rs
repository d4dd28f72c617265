//! What of a build context the source of a COPY takes.

use plimsoll_syntax::glob::{self, Pattern};

/// Whether a COPY of `source` takes the context path `path`: the path itself, or what is below it.
pub(crate) fn takes(source: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    parts_of(source).all(|pattern| parts.next().is_some_and(|part| is_part(pattern, part)))
}

/// Whether a COPY of `source` takes the folder `folder` of the context, or something that may lie in it.
pub(crate) fn reaches_into(source: &str, folder: &str) -> bool {
    let mut parts = parts_of(source).zip(folder.split('/'));
    parts.all(|(pattern, part)| is_part(pattern, part))
}

fn is_part(pattern: &str, part: &str) -> bool {
    // What is no pattern is compared as it is: `[` is a letter in many file names.
    pattern == part || glob::has_wildcards(pattern) && glob::matches(pattern, part) == Ok(true)
}

fn parts_of(source: &str) -> impl Iterator<Item = &str> {
    source
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
}

/// The source of a COPY, read once for many paths: takes what `takes` takes.
pub(crate) struct Source<'a> {
    /// Each part, and what it matches where it is a pattern.
    parts: Vec<(&'a str, Option<Pattern>)>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        let parts = parts_of(source)
            .map(|part| {
                let pattern = glob::has_wildcards(part).then(|| Pattern::new(part).ok());
                (part, pattern.flatten())
            })
            .collect();
        Self { parts }
    }

    pub(crate) fn takes(&self, path: &str) -> bool {
        let mut parts = path.split('/');
        self.parts.iter().all(|(text, pattern)| {
            parts.next().is_some_and(|part| {
                *text == part
                    || pattern
                        .as_ref()
                        .is_some_and(|pattern| pattern.matches(part))
            })
        })
    }

    /// What every path that it takes starts with.
    pub(crate) fn head(&self) -> String {
        let plain = self
            .parts
            .iter()
            .map(|(text, _)| *text)
            .take_while(|text| !glob::has_wildcards(text));
        plain.collect::<Vec<_>>().join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_take_themselves_and_what_is_below() {
        for (source, path) in [
            (".", "a/b"),
            ("./", "a"),
            ("/", "a"),
            ("a", "a/b/c"),
            ("a/", "a/b"),
            ("./a", "a"),
            ("*", "a/b"),
            ("*.env", "x.env"),
            ("a/*.txt", "a/b.txt"),
            ("a?", "ab"),
            ("[ab]c", "bc"),
            ("[^x]c", "bc"),
            ("[a-c]*d", "bxxd"),
            ("a[1]", "a[1]"),
        ] {
            assert!(takes(source, path), "{source} {path}");
            let read = Source::new(source);
            assert!(read.takes(path), "{source} {path}");
            assert!(path.starts_with(&read.head()), "{source} {path}");
        }
        for (source, path) in [
            ("a", "b"),
            ("a/b", "a"),
            ("*.env", "a/x.env"),
            ("[ab]c", "cc"),
            ("[", "x"),
            ("a*b*c", "abb"),
            ("[]", "]x"),
        ] {
            assert!(!takes(source, path), "{source} {path}");
            assert!(!Source::new(source).takes(path), "{source} {path}");
        }
    }
}
