//! Wildcards of COPY and ADD: Go's `path.Match`, one path component at a time.

/// Whether the text holds a wildcard.
pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '\\'])
}

/// Whether `pattern` matches the whole of `name`. A broken pattern matches nothing.
pub(crate) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    // Position to go back to when a match behind the last `*` fails.
    let (mut at, mut seen) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        if at < pattern.len() && pattern[at] == b'*' {
            star = Some((at + 1, seen));
            at += 1;
            continue;
        }
        if seen == name.len() {
            return at == pattern.len();
        }
        match single(&pattern[at..], &name[seen..]) {
            Some((used, taken)) => {
                at += used;
                seen += taken;
            }
            None => match star {
                Some((behind, from)) if from < name.len() => {
                    star = Some((behind, from + 1));
                    at = behind;
                    seen = from + 1;
                }
                _ => return false,
            },
        }
    }
}

/// Matches one element of the pattern: bytes used of pattern and name.
fn single(pattern: &[u8], name: &[u8]) -> Option<(usize, usize)> {
    let width = character(name);
    match pattern.first()? {
        b'?' => Some((1, width)),
        b'[' => {
            let (used, yes) = class(pattern, &name[..width])?;
            yes.then_some((used, width))
        }
        b'\\' => (pattern.get(1)? == name.first()?).then_some((2, 1)),
        byte => (byte == name.first()?).then_some((1, 1)),
    }
}

/// Bytes of the first character; 1 where it is not UTF-8.
fn character(text: &[u8]) -> usize {
    let chunk = text.utf8_chunks().next();
    chunk
        .and_then(|chunk| chunk.valid().chars().next())
        .map_or(1, char::len_utf8)
        .min(text.len())
}

/// Reads `[^a-z]`: its length and whether `subject` is in it.
fn class(pattern: &[u8], subject: &[u8]) -> Option<(usize, bool)> {
    let mut at = 1;
    let negated = pattern.get(at) == Some(&b'^');
    at += usize::from(negated);
    let mut found = false;
    let mut first = true;
    loop {
        if pattern.get(at) == Some(&b']') && !first {
            return Some((at + 1, found != negated));
        }
        first = false;
        let low = element(pattern, &mut at)?;
        let high = if pattern.get(at) == Some(&b'-') {
            at += 1;
            element(pattern, &mut at)?
        } else {
            low
        };
        found |= (low..=high).contains(&subject);
    }
}

/// One character of a class; `\` takes the next as it is. UTF-8 compares as its characters do.
fn element<'a>(pattern: &'a [u8], at: &mut usize) -> Option<&'a [u8]> {
    match pattern.get(*at)? {
        b'-' | b']' => return None,
        b'\\' => *at += 1,
        _ => {}
    }
    let rest = pattern.get(*at..).filter(|rest| !rest.is_empty())?;
    let width = character(rest);
    *at += width;
    Some(&rest[..width])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_matches() {
        for (pattern, name, expected) in [
            ("abc", "abc", true),
            ("*", "abc", true),
            ("*c", "abc", true),
            ("a*b?c*x", "abxbbxdbxebxczzx", true),
            ("a*b?c*x", "abxbbxdbxebxczzy", false),
            ("ab[c]", "abc", true),
            ("ab[b-d]", "abc", true),
            ("ab[e-g]", "abc", false),
            ("ab[^c]", "abc", false),
            ("ab[^e-g]", "abc", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "ab", false),
            ("a?b", "aäb", true),
            ("a[ä-ö]b", "aöb", true),
            ("[]a]", "]", false),
            ("[x-]", "x", false),
            ("a[", "a", false),
            ("*x", "xxx", true),
            ("", "", true),
            ("a", "", false),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), name.as_bytes()),
                expected,
                "{pattern} {name}"
            );
        }
    }
}
