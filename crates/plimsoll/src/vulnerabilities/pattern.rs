//! Patterns of names and paths, as they stand in lists of accepted vulnerabilities.

use regex::{Regex, RegexBuilder};

/// A pattern longer than this is none.
const MAX_LENGTH: usize = 4 << 10;
/// Bytes that a compiled expression may take.
const MAX_COMPILED: usize = 1 << 20;

/// A pattern of a path in the image, which is given without its leading slash.
#[derive(Clone, Debug)]
pub(crate) enum PathPattern {
    /// `*` is any run of characters.
    Wildcard(String),
    /// A glob of doublestar, as Trivy and Grype take it: `*` ends at a slash, `**` does not.
    Glob(Regex),
}

impl PathPattern {
    /// A pattern in which `*` is any run of characters.
    pub(crate) fn wildcard(text: &str) -> Self {
        Self::Wildcard(text.trim_start_matches('/').to_owned())
    }

    /// A glob of doublestar; `None` where it is ill-formed.
    pub(crate) fn glob(text: &str) -> Option<Self> {
        let expression = expression_of_glob(text.trim_start_matches('/'))?;
        compiled(&expression).map(Self::Glob)
    }

    /// Whether a path is meant.
    pub(crate) fn matches(&self, path: &str) -> bool {
        match self {
            Self::Wildcard(pattern) => wildcard(pattern.as_bytes(), path.as_bytes()),
            Self::Glob(expression) => expression.is_match(path),
        }
    }
}

/// A pattern of a package's name.
#[derive(Clone, Debug)]
pub(crate) enum NamePattern {
    /// `*` is any run of characters.
    Wildcard(String),
    /// An expression that the whole name is held against.
    Expression(Regex),
}

impl NamePattern {
    /// A name of Grype's: an expression where it has characters that only those have.
    pub(crate) fn of_grype(text: &str) -> Option<Self> {
        const MARKS: [char; 12] = ['^', '$', '*', '+', '?', '[', ']', '(', ')', '{', '|', '\\'];
        if text.contains(MARKS) || text.contains('}') {
            compiled(&format!("^(?:{text})$")).map(Self::Expression)
        } else {
            Some(Self::Wildcard(text.to_owned()))
        }
    }

    /// Whether a name is meant.
    pub(crate) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Wildcard(pattern) => wildcard(pattern.as_bytes(), name.as_bytes()),
            Self::Expression(expression) => expression.is_match(name),
        }
    }
}

fn compiled(expression: &str) -> Option<Regex> {
    if expression.len() > 4 * MAX_LENGTH {
        return None;
    }
    RegexBuilder::new(expression)
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_COMPILED)
        .build()
        .ok()
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
            let pattern = PathPattern::glob(glob).expect(glob);
            assert_eq!(pattern.matches(jar), matches, "{glob}");
        }
        let long = "a".repeat(9999);
        for bad in ["[", "[]", "{a", "a\\", long.as_str()] {
            assert!(PathPattern::glob(bad).is_none(), "{bad:.20}");
        }
    }

    #[test]
    fn names_of_grype_are_expressions_only_where_they_look_like_one() {
        let takes = |pattern: &str, name: &str| {
            NamePattern::of_grype(pattern).is_some_and(|pattern| pattern.matches(name))
        };
        assert!(takes("linux-.*", "linux-headers-6.1"));
        assert!(!takes("linux-.*", "my-linux-headers"));
        assert!(takes("a.b", "a.b"));
        assert!(!takes("a.b", "axb"));
        assert!(takes("(a|b)", "b"));
        assert!(NamePattern::of_grype("(").is_none());
        assert!(NamePattern::of_grype("(((a{99}){99}){99}){99}").is_none());
    }

    proptest! {
        #[test]
        fn no_pattern_makes_it_panic(pattern in "[a-z*?/{},!^\\[\\]\\\\é-]{0,30}", path in "[a-z/é.-]{0,30}") {
            if let Some(glob) = PathPattern::glob(&pattern) {
                glob.matches(&path);
            }
            if let Some(name) = NamePattern::of_grype(&pattern) {
                name.matches(&path);
            }
            PathPattern::wildcard(&pattern).matches(&path);
        }

        #[test]
        fn plain_text_means_itself(text in "[a-z0-9][a-z0-9/._-]{0,30}") {
            prop_assert!(PathPattern::glob(&text).is_some_and(|glob| glob.matches(&text)));
            prop_assert!(PathPattern::wildcard(&text).matches(&text));
        }
    }
}
