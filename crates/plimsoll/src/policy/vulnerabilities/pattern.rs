//! Patterns of names and paths, as they stand in lists of accepted vulnerabilities.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use plimsoll_model::PackageKind;
use plimsoll_scan::advisory::normal_name;
use regex::{Regex, RegexBuilder};

/// A pattern longer than this is none.
const MAX_LENGTH: usize = 4 << 10;
/// Bytes that a compiled expression may take: most take no more than the first.
const MAX_COMPILED: [usize; 2] = [32 << 10, 1 << 20];
/// Bytes that all expressions of some lists may take.
const ROOM: usize = 64 << 20;

/// The patterns of some lists. Each is compiled once, however often it stands there, and all of them
/// take only so much memory.
#[derive(Debug)]
pub(crate) struct Patterns {
    /// By expression.
    compiled: HashMap<String, Arc<Regex>>,
    room: usize,
}

impl Default for Patterns {
    fn default() -> Self {
        Self {
            compiled: HashMap::new(),
            room: ROOM,
        }
    }
}

/// Why a text cannot be used as a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPattern {
    /// It is ill-formed, or very large.
    IllFormed,
    /// All before it take as much memory as they may.
    TooMany,
}

impl Patterns {
    /// A glob of doublestar, in a list of that tool's.
    pub(crate) fn glob(&mut self, text: &str, of: Lister) -> Result<PathPattern, NoPattern> {
        const MARKS: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];
        let text = text.trim_start_matches('/');
        let glob = match text.len() <= MAX_LENGTH && !text.contains(MARKS) {
            true => Glob::Literal(text.to_owned()),
            false => {
                let expression = expression_of_glob(text).ok_or(NoPattern::IllFormed)?;
                Glob::Expression(self.compiled(expression)?)
            }
        };
        Ok(PathPattern::Glob(glob, of))
    }

    /// A name of Grype's: an expression where it has characters that only those have.
    pub(crate) fn name_of_grype(&mut self, text: &str) -> Result<NamePattern, NoPattern> {
        const MARKS: [char; 13] = [
            '^', '$', '*', '+', '?', '[', ']', '(', ')', '{', '}', '|', '\\',
        ];
        if text.contains(MARKS) {
            let expression = format!("^(?:{text})$");
            self.compiled(expression).map(NamePattern::Expression)
        } else {
            Ok(NamePattern::Wildcard(text.to_owned()))
        }
    }

    fn compiled(&mut self, expression: String) -> Result<Arc<Regex>, NoPattern> {
        if expression.len() > 4 * MAX_LENGTH {
            return Err(NoPattern::IllFormed);
        }
        if let Some(known) = self.compiled.get(&expression) {
            return Ok(Arc::clone(known));
        }
        for size in MAX_COMPILED {
            // What turns out to be larger has taken time.
            self.room = self.room.checked_sub(size).ok_or(NoPattern::TooMany)?;
            let compiled = RegexBuilder::new(&expression)
                .size_limit(size)
                .dfa_size_limit(size)
                .build();
            match compiled {
                Ok(compiled) => {
                    let compiled = Arc::new(compiled);
                    self.compiled.insert(expression, Arc::clone(&compiled));
                    return Ok(compiled);
                }
                Err(regex::Error::CompiledTooBig(_)) => {}
                Err(_) => break,
            }
        }
        Err(NoPattern::IllFormed)
    }
}

/// A tool whose lists name paths in images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lister {
    Trivy,
    Grype,
}

impl Lister {
    /// How its reports spell a path in the image, and so its lists do. What lies in an archive is
    /// `app.jar!lib/a.jar` here, `app.jar/lib/a.jar` to Trivy, and to Grype both the archive itself and
    /// `app.jar:lib/a.jar`.
    fn spellings(self, path: &str) -> Vec<Cow<'_, str>> {
        let own = Cow::Borrowed(path);
        match (in_archives(path).as_slice(), self) {
            ([] | [_], _) => vec![own],
            (parts, Self::Trivy) => vec![own, Cow::Owned(parts.join("/"))],
            (parts @ [outer, ..], Self::Grype) => {
                vec![own, Cow::Borrowed(*outer), Cow::Owned(parts.join(":"))]
            }
        }
    }
}

/// A path in archives that lie in one another, without the signs between them. A folder may have such a sign
/// in its name, too.
fn in_archives(path: &str) -> Vec<&str> {
    const ENDS: [&str; 14] = [
        "jar", "war", "ear", "par", "sar", "nar", "kar", "lpkg", "hpi", "jpi", "egg", "pyz", "pex",
        "whl",
    ];
    let mut parts = Vec::new();
    let mut rest = path;
    for (at, _) in path.match_indices('!') {
        let start = path.len() - rest.len();
        let (Some(outer), Some(inner)) = (path.get(start..at), path.get(at + 1..)) else {
            continue;
        };
        let end = outer.rsplit_once('.').map_or("", |(_, end)| end);
        let is_archive = ENDS.iter().any(|known| end.eq_ignore_ascii_case(known));
        if is_archive && !inner.starts_with('/') {
            parts.push(outer);
            rest = inner;
        }
    }
    parts.push(rest);
    parts
}

/// How many times the length of a path all its spellings have, at most.
pub(crate) const SPELLINGS: usize = 3;

/// A pattern of a path in the image, which is given without its leading slash.
#[derive(Clone, Debug)]
pub(crate) enum PathPattern {
    /// `*` is any run of characters.
    Wildcard(String),
    /// As Trivy and Grype take it.
    Glob(Glob, Lister),
}

/// A glob of doublestar: `*` ends at a slash, `**` does not.
#[derive(Clone, Debug)]
pub(crate) enum Glob {
    /// One path.
    Literal(String),
    Expression(Arc<Regex>),
}

impl PathPattern {
    /// A pattern in which `*` is any run of characters.
    pub(crate) fn wildcard(text: &str) -> Self {
        Self::Wildcard(text.trim_start_matches('/').to_owned())
    }

    /// Whether a path is meant.
    pub(crate) fn matches(&self, path: &str) -> bool {
        match self {
            Self::Wildcard(pattern) => wildcard(pattern.as_bytes(), path.as_bytes()),
            Self::Glob(glob, lister) => {
                let spellings = lister.spellings(path);
                spellings.iter().any(|path| match glob {
                    Glob::Literal(text) => text == path,
                    Glob::Expression(expression) => expression.is_match(path),
                })
            }
        }
    }

    /// How many bytes it has.
    pub(crate) fn length(&self) -> usize {
        match self {
            Self::Wildcard(text) | Self::Glob(Glob::Literal(text), _) => text.len(),
            Self::Glob(Glob::Expression(expression), _) => expression.as_str().len(),
        }
    }
}

/// A pattern of a package's name.
#[derive(Clone, Debug)]
pub(crate) enum NamePattern {
    /// `*` is any run of characters.
    Wildcard(String),
    /// An expression that the whole name is held against.
    Expression(Arc<Regex>),
}

impl NamePattern {
    /// The only name it means, where it means one.
    pub(crate) fn literal(&self) -> Option<&str> {
        match self {
            Self::Wildcard(pattern) if !pattern.contains('*') => Some(pattern),
            _ => None,
        }
    }

    /// Whether a name is meant.
    pub(crate) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Wildcard(pattern) => wildcard(pattern.as_bytes(), name.as_bytes()),
            Self::Expression(expression) => expression.is_match(name),
        }
    }

    /// Whether the name of a package of this kind is meant: so are all that its ecosystem takes for the
    /// same.
    pub(crate) fn matches_of(&self, kind: Option<PackageKind>, name: &str) -> bool {
        let is_meant = |kind| {
            let name = normal_name(kind, name);
            match self {
                Self::Wildcard(pattern) => {
                    wildcard(normal_name(kind, pattern).as_bytes(), name.as_bytes())
                }
                Self::Expression(expression) => expression.is_match(&name),
            }
        };
        self.matches(name) || kind.is_some_and(is_meant)
    }

    /// How many bytes it has.
    pub(crate) fn length(&self) -> usize {
        match self {
            Self::Wildcard(pattern) => pattern.len(),
            Self::Expression(expression) => expression.as_str().len(),
        }
    }
}

/// The expression that says the same as a glob of doublestar.
fn expression_of_glob(glob: &str) -> Option<String> {
    if glob.len() > MAX_LENGTH {
        return None;
    }
    let mut expression = String::from("^");
    let mut rest = glob.chars().peekable();
    let mut open = 0_usize;
    let mut at_start = true;
    while let Some(one) = rest.next() {
        let starts_component = at_start;
        at_start = one == '/';
        match one {
            '*' => {
                let mut stars = 1;
                while rest.next_if_eq(&'*').is_some() {
                    stars += 1;
                }
                // Two stars are more than one only where they are a whole part of the path.
                match (stars, rest.peek()) {
                    (2, Some('/')) if starts_component => {
                        rest.next();
                        at_start = true;
                        expression.push_str("(?:.*/)?");
                    }
                    (2, None) if starts_component => expression.push_str(".*"),
                    _ => expression.push_str("[^/]*"),
                }
            }
            '?' => expression.push_str("[^/]"),
            '[' => class(&mut rest, &mut expression)?,
            '{' => {
                open += 1;
                expression.push_str("(?:");
            }
            '}' if open > 0 => {
                open -= 1;
                expression.push(')');
            }
            ',' if open > 0 => expression.push('|'),
            '\\' => expression.push_str(&literal(rest.next()?)),
            one => expression.push_str(&literal(one)),
        }
    }
    expression.push('$');
    (open == 0).then_some(expression)
}

fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) -> Option<()> {
    // Not even a negated class takes a slash.
    let negated = rest.next_if(|one| matches!(one, '!' | '^')).is_some();
    let mut members = String::new();
    loop {
        match rest.next()? {
            ']' if !members.is_empty() => break,
            ']' => return None,
            '\\' => members.push_str(&literal(rest.next()?)),
            '-' if !members.is_empty() && rest.peek().is_some_and(|next| *next != ']') => {
                members.push('-');
            }
            one => members.push_str(&literal(one)),
        }
    }
    if negated {
        out.push_str("[^/");
        out.push_str(&members);
        out.push(']');
    } else {
        out.push('[');
        out.push_str(&members);
        out.push(']');
    }
    Some(())
}

/// A character as an expression, in a class or outside.
fn literal(one: char) -> String {
    if one == '-' {
        return "\\-".to_owned();
    }
    regex::escape(one.encode_utf8(&mut [0; 4]))
}

/// Whether `text` matches `pattern`, in which `*` stands for any run of characters. Linear in
/// memory, at worst the product of both lengths in time.
pub(crate) fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            retry = Some((p + 1, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            p += 1;
            t += 1;
        } else if let Some((star, from)) = retry {
            retry = Some((star, from + 1));
            p = star;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn globs() {
        let jar = "app/lib/log4j-core-2.14.1.jar";
        for (glob, matches) in [
            ("app/lib/*.jar", true),
            ("/app/lib/*.jar", true),
            ("**/*.jar", true),
            ("**/log4j-core-*.jar", true),
            ("app/**", true),
            ("**", true),
            ("*.jar", false),
            ("app/*", false),
            ("app/*/log4j-core-2.14.?.jar", true),
            ("app/{lib,bin}/*", true),
            ("app/{bin,sbin}/*", false),
            ("app/l[a-i]b/*", true),
            ("app/l[!i]b/*", false),
            ("app/lib/log4j\\-core-2.14.1.jar", true),
            ("app**", false),
            ("app/lib/log4j-core-2.14.1.jar/**", false),
        ] {
            let pattern = Patterns::default().glob(glob, Lister::Trivy).expect(glob);
            assert_eq!(pattern.matches(jar), matches, "{glob}");
        }
        let long = "a".repeat(9999);
        for bad in ["[", "[]", "{a", "a\\", long.as_str()] {
            let none = Patterns::default().glob(bad, Lister::Trivy).unwrap_err();
            assert_eq!(none, NoPattern::IllFormed, "{bad:.20}");
        }
    }

    #[test]
    fn what_lies_in_an_archive_goes_by_the_spelling_of_who_reports_it() {
        use Lister::{Grype, Trivy};
        let war = "app/a.war!WEB-INF/lib/b.jar!lib/log4j-core-2.14.1.jar";
        for (lister, glob, matches) in [
            (
                Trivy,
                "app/a.war/WEB-INF/lib/b.jar/lib/log4j-core-2.14.1.jar",
                true,
            ),
            (Trivy, "**/a.war/**", true),
            (Trivy, "**/b.jar/lib/*.jar", true),
            (Trivy, "app/a.war", false),
            (Trivy, "app/*", false),
            (
                Trivy,
                "app/a.war:WEB-INF/lib/b.jar:lib/log4j-core-2.14.1.jar",
                false,
            ),
            (Grype, "/app/a.war", true),
            (Grype, "**/*.war", true),
            (
                Grype,
                "/app/a.war:WEB-INF/lib/b.jar:lib/log4j-core-2.14.1.jar",
                true,
            ),
            (Grype, "/app/a.war:WEB-INF/lib/b.jar", false),
            (
                Grype,
                "/app/a.war/WEB-INF/lib/b.jar/lib/log4j-core-2.14.1.jar",
                false,
            ),
            (Grype, "/app", false),
            (Grype, war, true),
            (Trivy, war, true),
        ] {
            let pattern = Patterns::default().glob(glob, lister).expect(glob);
            assert_eq!(pattern.matches(war), matches, "{lister:?} {glob}");
        }
        // A folder with that sign in its name.
        for path in ["opt/a!b/package.json", "opt/a.jar!/package.json"] {
            for (lister, glob) in [
                (Grype, "/opt/*"),
                (Trivy, "opt/a/**"),
                (Trivy, "opt/a.jar/**"),
            ] {
                let pattern = Patterns::default().glob(glob, lister).expect(glob);
                assert!(!pattern.matches(path), "{lister:?} {glob} {path}");
            }
        }
        // Our own lists have one spelling.
        assert!(PathPattern::wildcard("/app/a.war!*").matches(war));
        assert!(!PathPattern::wildcard("/app/a.war").matches(war));
    }

    #[test]
    fn names_of_grype_are_expressions_only_where_they_look_like_one() {
        let takes = |pattern: &str, name: &str| {
            let pattern = Patterns::default().name_of_grype(pattern);
            pattern.is_ok_and(|pattern| pattern.matches(name))
        };
        assert!(takes("linux-.*", "linux-headers-6.1"));
        assert!(!takes("linux-.*", "my-linux-headers"));
        assert!(takes("a.b", "a.b"));
        assert!(!takes("a.b", "axb"));
        assert!(takes("(a|b)", "b"));
        for bad in ["(", "(((a{99}){99}){99}){99}"] {
            let none = Patterns::default().name_of_grype(bad).unwrap_err();
            assert_eq!(none, NoPattern::IllFormed, "{bad}");
        }
    }

    #[test]
    fn all_patterns_of_a_list_take_only_so_much() {
        let mut patterns = Patterns::default();
        let of = |patterns: &mut Patterns, text: &str| patterns.name_of_grype(text).map(|_| ());
        // Each once, however often it stands there.
        for _ in 0..10_000 {
            assert!(
                patterns.glob("**/*.jar", Lister::Trivy).is_ok()
                    && of(&mut patterns, "\\w{15}").is_ok()
            );
        }
        assert_eq!(patterns.compiled.len(), 2);
        let large = (0..100).filter(|at| of(&mut patterns, &format!("\\w{{15}}{at}")).is_ok());
        assert!((50..64).contains(&large.count()));
        assert_eq!(of(&mut patterns, "\\w{15}x"), Err(NoPattern::TooMany));
        // What means itself takes nothing.
        assert!(
            patterns.glob("/usr/lib/a.jar", Lister::Grype).is_ok()
                && of(&mut patterns, "a").is_ok()
        );
        let mut patterns = Patterns::default();
        let small = (0..5000).filter(|at| of(&mut patterns, &format!("a{at}.*")).is_ok());
        assert_eq!(small.count(), ROOM / MAX_COMPILED[0]);
    }

    proptest! {
        #[test]
        fn no_pattern_makes_it_panic(pattern in "[a-z*?/{},!^\\[\\]\\\\é-]{0,30}", path in "[a-z/é.!-]{0,30}") {
            let mut patterns = Patterns::default();
            if let Ok(glob) = patterns.glob(&pattern, Lister::Grype) {
                glob.matches(&path);
            }
            if let Ok(name) = patterns.name_of_grype(&pattern) {
                name.matches(&path);
            }
            PathPattern::wildcard(&pattern).matches(&path);
        }

        #[test]
        fn plain_text_means_itself(text in "[a-z0-9][a-z0-9/._-]{0,30}") {
            prop_assert!(Patterns::default().glob(&text, Lister::Grype).is_ok_and(|glob| glob.matches(&text)));
            prop_assert!(PathPattern::wildcard(&text).matches(&text));
        }
    }
}
