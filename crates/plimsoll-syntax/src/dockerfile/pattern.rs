//! The patterns of `${name#pattern}`, `${name%pattern}` and `${name/pattern/text}`: `*`, `?` and
//! escapes, no brackets.

use regex::Regex;

/// Longer patterns are refused: matching costs pattern times value.
const LENGTH_LIMIT: usize = 1024;

#[derive(Clone, Copy)]
enum Token {
    Many,
    One,
    Literal(char),
}

fn tokens(glob: &str) -> Result<Vec<Token>, String> {
    if glob.len() > LENGTH_LIMIT {
        return Err(format!("longer than {LENGTH_LIMIT} bytes"));
    }
    let mut tokens = Vec::new();
    let mut rest = glob.chars().peekable();
    while let Some(character) = rest.next() {
        tokens.push(match character {
            '*' => Token::Many,
            '?' => Token::One,
            '\\' => match rest.next() {
                Some(escaped @ ('}' | '/' | '*' | '?' | '\\')) => Token::Literal(escaped),
                Some(other) => return Err(format!("invalid escape '\\{other}'")),
                None => return Err("a `\\` stands at its end".to_owned()),
            },
            literal => Token::Literal(literal),
        });
    }
    Ok(tokens)
}

fn compile(tokens: &[Token], greedy: bool, anchored: bool) -> Result<Regex, String> {
    let mut expression = String::from(if anchored { "^" } else { "" });
    for token in tokens {
        match token {
            Token::Many => expression.push_str(if greedy { ".*" } else { ".*?" }),
            Token::One => expression.push('.'),
            Token::Literal(character) => {
                expression.push_str(&regex::escape(character.encode_utf8(&mut [0; 4])));
            }
        }
    }
    Regex::new(&expression).map_err(|_| "too large".to_owned())
}

/// `value` without its shortest (or longest) start that `glob` matches.
pub(super) fn without_prefix(value: &str, glob: &str, greedy: bool) -> Result<String, String> {
    let expression = compile(&tokens(glob)?, greedy, true)?;
    let end = expression.find(value).map_or(0, |found| found.end());
    Ok(value[end..].to_owned())
}

/// `value` without its shortest (or longest) end that `glob` matches.
pub(super) fn without_suffix(value: &str, glob: &str, greedy: bool) -> Result<String, String> {
    // A search runs from the left, so both run backwards.
    let mut tokens = tokens(glob)?;
    tokens.reverse();
    let expression = compile(&tokens, greedy, true)?;
    let mirrored: String = value.chars().rev().collect();
    let cut = expression.find(&mirrored).map_or(0, |found| found.end());
    Ok(value[..value.len() - cut].to_owned())
}

/// `value` with the first match, or every match, of `glob` replaced.
pub(super) fn replace(
    value: &str,
    glob: &str,
    replacement: &str,
    every: bool,
    limit: usize,
) -> Result<String, String> {
    let expression = compile(&tokens(glob)?, true, false)?;
    if every {
        let matches = expression.find_iter(value).count();
        if matches.saturating_mul(replacement.len()) > limit {
            return Err(format!("the result is longer than {limit} bytes"));
        }
        return Ok(expression.replace_all(value, replacement).into_owned());
    }
    Ok(match expression.find(value) {
        Some(found) => {
            let mut result = value[..found.start()].to_owned();
            result.push_str(replacement);
            result.push_str(&value[found.end()..]);
            result
        }
        None => value.to_owned(),
    })
}
