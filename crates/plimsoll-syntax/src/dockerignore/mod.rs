//! `.dockerignore` in BuildKit's semantics (moby/patternmatcher), which are not git's.
//!
//! Patterns stand for paths from the root of the context; the last one that says something about a
//! path (or a folder above it) wins; `!` makes an exception.

mod pattern;

use plimsoll_model::{SourceFile, Span};

use crate::dockerfile::{SyntaxError, trim};
use crate::glob;
use pattern::Matcher;

/// More patterns than any real file has: each is tried against each path.
const PATTERN_LIMIT: usize = 10_000;

/// One line that says something.
#[derive(Clone, Debug)]
pub struct IgnorePattern {
    /// The pattern, cleaned, without its `!`.
    pub text: String,
    /// Whether it makes an exception (`!`).
    pub negated: bool,
    /// Where it stands in the file.
    pub span: Span,
    matcher: Matcher,
}

/// A parsed ignore file.
#[derive(Clone, Debug, Default)]
pub struct IgnoreFile {
    /// Its patterns in order.
    pub patterns: Vec<IgnorePattern>,
}

/// Which patterns hold for a folder: what deciding about the paths in it starts from.
#[derive(Clone, Debug, Default)]
pub struct FolderState {
    matched: Vec<bool>,
}

impl IgnoreFile {
    /// Reads an ignore file. A pattern that cannot be one is told and left out (BuildKit refuses
    /// to build).
    pub fn parse(source: &SourceFile) -> (Self, Vec<SyntaxError>) {
        let bytes = source.bytes();
        let mut file = Self::default();
        let mut errors = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |next| at + next + 1);
            let start = match at {
                0 if bytes.starts_with(b"\xef\xbb\xbf") => 3,
                at => at,
            };
            let line = Span::new(start, end);
            at = end;
            if line.of(bytes).starts_with(b"#") {
                continue;
            }
            if file.patterns.len() == PATTERN_LIMIT {
                errors.push(error(
                    line,
                    format!("only the first {PATTERN_LIMIT} patterns are read"),
                ));
                break;
            }
            match read(bytes, line) {
                Ok(Some(pattern)) => file.patterns.push(pattern),
                Ok(None) => {}
                Err(refusal) => errors.push(refusal),
            }
        }
        (file, errors)
    }

    /// Whether `path` (below the context, `/`-separated, no `./`) is kept out.
    pub fn matches(&self, path: &str) -> bool {
        self.verdict(path).is_some_and(|pattern| !pattern.negated)
    }

    /// The pattern that decides about `path`: it is kept out unless that one is negated. `None`
    /// where no pattern speaks of it.
    pub fn verdict(&self, path: &str) -> Option<&IgnorePattern> {
        let mut state = None;
        for (slash, _) in path.match_indices('/') {
            state = Some(self.decide(&path[..slash], state.as_ref()).1);
        }
        self.decide(path, state.as_ref()).0
    }

    /// `verdict` for one step of a walk: `parent` is the state that deciding about the folder of
    /// `path` gave (`None` at the root of the context).
    pub fn decide(
        &self,
        path: &str,
        parent: Option<&FolderState>,
    ) -> (Option<&IgnorePattern>, FolderState) {
        let mut decided: Option<&IgnorePattern> = None;
        let mut state = FolderState {
            matched: vec![false; self.patterns.len()],
        };
        for (at, pattern) in self.patterns.iter().enumerate() {
            let inherited = parent.is_some_and(|parent| parent.matched.get(at) == Some(&true));
            // A pattern is only asked where it could change something.
            let ignored = decided.is_some_and(|pattern| !pattern.negated);
            if inherited || (pattern.negated == ignored && pattern.matcher.matches(path)) {
                state.matched[at] = true;
                decided = Some(pattern);
            }
        }
        (decided, state)
    }

    /// Whether something below the folder `directory` may enter although the folder is kept out.
    /// Where this is false, a walk may skip the folder.
    pub fn may_hold_exceptions_below(&self, directory: &str) -> bool {
        self.patterns
            .iter()
            .filter(|pattern| pattern.negated)
            .any(|pattern| {
                // In an expression the text in front of the first wildcard need not be literal:
                // `!a|b*` speaks of what starts with `a`, and of what ends with `b`.
                if matches!(pattern.matcher, Matcher::Regex(_)) {
                    return true;
                }
                let literal = pattern.text.find(['*', '?', '[', '\\']);
                let (prefix, is_whole) = match literal {
                    Some(end) => (&pattern.text[..end], false),
                    None => (pattern.text.as_str(), true),
                };
                match prefix.strip_prefix(directory) {
                    Some(rest) => rest.starts_with('/') || rest.is_empty() && !is_whole,
                    None => !is_whole && directory_starts_with(directory, prefix),
                }
            })
    }
}

/// Whether a path below `directory` can start with `prefix`, which is shorter.
fn directory_starts_with(directory: &str, prefix: &str) -> bool {
    directory.starts_with(prefix)
        || prefix
            .strip_suffix('/')
            .is_some_and(|folder| folder == directory)
}

fn error(span: Span, message: String) -> SyntaxError {
    SyntaxError {
        span,
        message,
        refused_by_parser: false,
    }
}

/// The pattern of one line; `None` where it is blank.
fn read(bytes: &[u8], line: Span) -> Result<Option<IgnorePattern>, SyntaxError> {
    let content = trim(bytes, line.start..line.end);
    if content.is_empty() {
        return Ok(None);
    }
    let span = Span::new(content.start, content.end);
    let trimmed = String::from_utf8_lossy(span.of(bytes));
    let (negated, text) = match trimmed.strip_prefix('!') {
        Some(text) => (true, text.trim()),
        None => (false, &*trimmed),
    };
    let cleaned = match text {
        "" => String::new(),
        text => glob::clean(text),
    };
    let text = match cleaned.strip_prefix('/') {
        Some(rest) if !rest.is_empty() => rest,
        _ => cleaned.as_str(),
    };
    if negated && matches!(text, "" | "/") {
        return Err(error(
            span,
            "`!` alone makes no exception: write the path behind it".to_owned(),
        ));
    }
    match Matcher::new(text) {
        Some(matcher) => Ok(Some(IgnorePattern {
            text: text.to_owned(),
            negated,
            span,
            matcher,
        })),
        None => Err(error(
            span,
            "the pattern is ill-formed: close its bracket, or put `\\` in front of what is meant as it stands"
                .to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> IgnoreFile {
        let (file, errors) = IgnoreFile::parse(&SourceFile::new(".dockerignore", text));
        assert_eq!(errors, [], "{text}");
        file
    }

    #[test]
    fn patterns_match_paths_and_what_lies_below() {
        for (pattern, path, expected) in [
            ("*", "a/b", true),
            ("a", "a/b/c", true),
            ("/a/", "a/b", true),
            ("a", "b/a", false),
            ("**/a", "a", true),
            ("**/a", "x/y/a/z", true),
            ("**/a", "ba", false),
            ("**", "x/y", true),
            ("**/", "x/y", true),
            ("a/**", "a/b", true),
            ("a/**", "a", false),
            ("a**", "abc/d", true),
            ("a/**/b", "a/b", true),
            ("a/**/b", "a/x/y/b", true),
            ("a/**/b", "a/xb", false),
            ("**/*.go", "x/y.go", true),
            ("*.go", "x/y.go", false),
            ("*/*.go", "x/y.go", true),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("[a-c].txt", "b.txt", true),
            ("[^a-c].txt", "b.txt", false),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("a.c", "abc", false),
            ("(x)+*", "(x)+y", true),
            (".", "a", false),
            ("./a/../b", "b", true),
            ("  b  ", "b", true),
            ("\u{feff}b", "b", true),
            ("node_modules", "web/node_modules/x", false),
            ("**/.env*", "svc/.env.local", true),
            ("a/*/c/**", "a/b/c/d", true),
            ("**/**/x", "a/x", true),
        ] {
            assert_eq!(file(pattern).matches(path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn the_last_pattern_that_speaks_wins() {
        let rules = file("# all\n*\n!src\nsrc/*.tmp\n!src/keep.tmp\n");
        assert!(rules.matches("README"));
        assert!(!rules.matches("src/main.rs"));
        assert!(rules.matches("src/x.tmp"));
        assert!(!rules.matches("src/keep.tmp"));
        let verdict = rules.verdict("src/keep.tmp").unwrap();
        assert_eq!(
            (verdict.text.as_str(), verdict.negated),
            ("src/keep.tmp", true)
        );
        assert_eq!(verdict.span, Span::new(23, 36));
        assert!(file("!x\nx").matches("x"));
    }

    #[test]
    fn a_walk_may_skip_what_holds_no_exception() {
        let rules = file("*\n!a/b/c\n!d*/x\n!e/**\n");
        for (folder, expected) in [
            ("a", true),
            ("a/b", true),
            ("a/bb", false),
            ("x", false),
            ("d", true),
            ("dd", true),
            ("e", true),
            ("e/f", true),
        ] {
            assert_eq!(
                rules.may_hold_exceptions_below(folder),
                expected,
                "{folder}"
            );
        }
        assert!(file("*\n!**/keep").may_hold_exceptions_below("any"));
        assert!(file("*\n!a|b*").may_hold_exceptions_below("x"));
    }

    #[test]
    fn ill_formed_patterns_are_told_and_left_out() {
        let source = SourceFile::new("f", "a\n!\n[x\n  b\\\r\nc\n");
        let (file, errors) = IgnoreFile::parse(&source);
        let texts: Vec<_> = file.patterns.iter().map(|pattern| &pattern.text).collect();
        assert_eq!(texts, ["a", "c"]);
        let spans: Vec<_> = errors
            .iter()
            .map(|error| error.span.of(source.bytes()))
            .collect();
        assert_eq!(spans, [b"!".as_slice(), b"[x", b"b\\"]);
    }
}
