//! Go's `path/filepath`: `Match` and `Clean`. COPY and ADD match their sources so.

/// A pattern that is not one: an open bracket, an empty range, an escape at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPattern;

/// Whether `pattern` matches all of `name`. `*` and `?` do not match `/`.
///
/// # Errors
/// An ill-formed pattern, whether or not the name got that far.
pub fn matches(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    let tokens = tokens(pattern)?;
    Ok(run(&tokens, name))
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
fn run(tokens: &[Token], name: &str) -> bool {
    let mut at = 0;
    let mut rest = name;
    // Where to go on when the last star takes one character more.
    let mut retry: Option<(usize, &str)> = None;
    loop {
        match tokens.get(at) {
            Some(Token::Many) => {
                at += 1;
                retry = Some((at, rest));
                continue;
            }
            Some(token) => {
                if let Some(character) = rest.chars().next()
                    && token.takes(character)
                {
                    at += 1;
                    rest = &rest[character.len_utf8()..];
                    continue;
                }
            }
            None if rest.is_empty() => return true,
            None => {}
        }
        let Some((star, from)) = retry else {
            return false;
        };
        match from.chars().next() {
            Some(character) if character != '/' => {
                at = star;
                rest = &from[character.len_utf8()..];
                retry = Some((star, rest));
            }
            _ => return false,
        }
    }
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
            ("abc", "abc", Ok(true)),
            ("*", "abc", Ok(true)),
            ("*c", "abc", Ok(true)),
            ("a*", "ab/c", Ok(false)),
            ("a*/b", "abc/b", Ok(true)),
            ("a*/b", "a/c/b", Ok(false)),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f", Ok(true)),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/fff", Ok(false)),
            ("a*b?c*x", "abxbbxdbxebxczzy", Ok(false)),
            ("ab[c]", "abc", Ok(true)),
            ("ab[b-d]", "abc", Ok(true)),
            ("ab[^b-d]", "abc", Ok(false)),
            ("a?b", "a☺b", Ok(true)),
            ("a[^a]b", "a☺b", Ok(true)),
            ("a\\*b", "a*b", Ok(true)),
            ("a\\*b", "ab", Ok(false)),
            ("[\\]a]", "]", Ok(true)),
            ("[\\-x]", "-", Ok(true)),
            ("[]a]", "]", Err(BadPattern)),
            ("[-]", "-", Err(BadPattern)),
            ("[x-]", "x", Err(BadPattern)),
            ("[a-b-c]", "a", Err(BadPattern)),
            ("[", "a", Err(BadPattern)),
            ("a[", "ab", Err(BadPattern)),
            ("\\", "a", Err(BadPattern)),
            ("*x", "xxx", Ok(true)),
            ("", "", Ok(true)),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
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
