//! Go's `path/filepath`: `Match` and `Clean`. COPY and ADD match their sources so.

/// A pattern that is not one: an open bracket, an empty range, an escape at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPattern;

/// Whether `pattern` matches all of `name`. `*` and `?` do not match `/`.
///
/// # Errors
/// An ill-formed pattern, whether or not the name got that far.
pub fn matches(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    Ok(Pattern::new(pattern)?.matches(name))
}

/// A pattern that is matched against many names.
pub struct Pattern(Vec<Token>);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// An ill-formed pattern.
    pub fn new(pattern: &str) -> Result<Self, BadPattern> {
        tokens(pattern).map(Self)
    }

    /// Whether it matches all of `name`. What of a name is not UTF-8 is characters of a byte each.
    pub fn matches(&self, name: impl AsRef<[u8]>) -> bool {
        run(&self.0, name.as_ref())
    }
}

/// Whether `pattern` holds anything but plain characters.
pub fn has_wildcards(pattern: &str) -> bool {
    pattern.contains(['*', '?', '[', '\\'])
}

enum Token {
    Many,
    One,
    Literal(char),
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

fn tokens(pattern: &str) -> Result<Vec<Token>, BadPattern> {
    let mut rest = pattern.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(character) = rest.next() {
        let token = match character {
            '*' => {
                // A row of stars is one.
                if matches!(tokens.last(), Some(Token::Many)) {
                    continue;
                }
                Token::Many
            }
            '?' => Token::One,
            '\\' => Token::Literal(rest.next().ok_or(BadPattern)?),
            '[' => {
                let negated = rest.next_if_eq(&'^').is_some();
                let mut ranges = Vec::new();
                loop {
                    if !ranges.is_empty() && rest.next_if_eq(&']').is_some() {
                        break;
                    }
                    let mut bound = || match rest.next() {
                        None | Some('-' | ']') => Err(BadPattern),
                        Some('\\') => rest.next().ok_or(BadPattern),
                        Some(character) => Ok(character),
                    };
                    let low = bound()?;
                    let high = if rest.next_if_eq(&'-').is_some() {
                        match rest.next() {
                            None | Some('-' | ']') => return Err(BadPattern),
                            Some('\\') => rest.next().ok_or(BadPattern)?,
                            Some(character) => character,
                        }
                    } else {
                        low
                    };
                    ranges.push((low, high));
                }
                Token::Class { negated, ranges }
            }
            literal => Token::Literal(literal),
        };
        tokens.push(token);
    }
    Ok(tokens)
}

impl Token {
    fn takes(&self, character: char) -> bool {
        match self {
            Self::Many | Self::One => character != '/',
            Self::Literal(literal) => *literal == character,
            Self::Class { negated, ranges } => {
                let inside = ranges
                    .iter()
                    .any(|(low, high)| *low <= character && character <= *high);
                inside != *negated
            }
        }
    }
}

/// Only the last star needs to be tried again: what one before it could give back, the last can
/// take. (A `/` stops a star, and then no earlier star could have done better.)
fn run(tokens: &[Token], name: &[u8]) -> bool {
    let mut at = 0;
    let mut rest = name;
    // Where to go on when the last star takes one character more.
    let mut retry: Option<(usize, &[u8])> = None;
    loop {
        match tokens.get(at) {
            Some(Token::Many) => {
                at += 1;
                retry = Some((at, rest));
                continue;
            }
            Some(token) => {
                if let Some((character, behind)) = first(rest)
                    && token.takes(character)
                {
                    at += 1;
                    rest = behind;
                    continue;
                }
            }
            None if rest.is_empty() => return true,
            None => {}
        }
        let Some((star, from)) = retry else {
            return false;
        };
        match first(from) {
            Some((character, behind)) if character != '/' => {
                at = star;
                rest = behind;
                retry = Some((star, rest));
            }
            _ => return false,
        }
    }
}

/// The first character of a name, and what stands behind it.
fn first(name: &[u8]) -> Option<(char, &[u8])> {
    // No character is longer.
    let chunk = name.get(..4).unwrap_or(name).utf8_chunks().next()?;
    let character = chunk.valid().chars().next();
    let width = character.map_or(1, char::len_utf8);
    Some((
        character.unwrap_or(char::REPLACEMENT_CHARACTER),
        name.get(width..)?,
    ))
}

/// The shortest path of the same meaning, by its text alone; `.` for an empty one.
pub fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&last) if last != ".." => {
                    parts.pop();
                }
                _ if rooted => {}
                _ => parts.push(".."),
            },
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_go() {
        for (pattern, name, expected) in [
            ("main.go", "main.go", Ok(true)),
            ("*", "main.go", Ok(true)),
            ("*.go", "main.go", Ok(true)),
            ("src*", "src/main.go", Ok(false)),
            ("src*/main.go", "srcs/main.go", Ok(true)),
            ("src*/main.go", "src/x/main.go", Ok(false)),
            ("*-*-*.whl", "pip-24-py3.whl", Ok(true)),
            ("*-*-*.whl", "pip-24.whl", Ok(false)),
            ("r*.tar.?z", "r-1.tar.xz", Ok(true)),
            ("r*.tar.?z", "r-1.tar.xzz", Ok(false)),
            ("v[12]", "v2", Ok(true)),
            ("v[0-9]", "v7", Ok(true)),
            ("v[^0-9]", "v7", Ok(false)),
            ("caf?", "café", Ok(true)),
            ("[α-ω]*", "λx", Ok(true)),
            ("\\*.md", "*.md", Ok(true)),
            ("\\*.md", "a.md", Ok(false)),
            ("x[\\]]", "x]", Ok(true)),
            ("x[\\-]", "x-", Ok(true)),
            ("x[]]", "x]", Err(BadPattern)),
            ("x[-]", "x-", Err(BadPattern)),
            ("x[a-]", "xa", Err(BadPattern)),
            ("x[a-c-e]", "xa", Err(BadPattern)),
            ("[", "anything", Err(BadPattern)),
            ("nothing[", "like it", Err(BadPattern)),
            ("end\\", "end", Err(BadPattern)),
            ("", "", Ok(true)),
            ("", "x", Ok(false)),
            ("**", "x", Ok(true)),
            ("a*b?c*x", "abxbbxdbxebxczzx", Ok(true)),
            ("a*b?c*x", "abxbbxdbxebxczzy", Ok(false)),
            ("[x-]", "x", Err(BadPattern)),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn names_need_not_be_text() {
        for (pattern, name, expected) in [
            ("a?b", &b"a\xffb"[..], true),
            ("a?b", b"a\xc3\xa4b", true),
            ("a?b", b"a\xc3\xc3b", false),
            ("*.gz", b"\xff\xfe.gz", true),
            ("[^a]", b"\xff", true),
            ("[a-c]", b"\xff", false),
        ] {
            assert_eq!(
                Pattern::new(pattern).unwrap().matches(name),
                expected,
                "{pattern}"
            );
        }
    }

    #[test]
    fn paths_are_cleaned_by_their_text() {
        for (path, expected) in [
            ("", "."),
            ("./a//b/../c/", "a/c"),
            ("/../a", "/a"),
            ("../../a", "../../a"),
            ("a/../../b", "../b"),
            ("/", "/"),
        ] {
            assert_eq!(clean(path), expected, "{path}");
        }
    }
}
