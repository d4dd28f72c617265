//! JSON as people and tools indent it, read word by word: a file that is broken somewhere still tells what
//! is whole.

use super::Line;

/// Objects and lists that are told apart; nobody nests dependencies deeper.
const DEEPEST: usize = 64;

/// A member of an object, with a text for its value.
pub(super) struct Member<'t, S> {
    /// What is known of the object.
    pub(super) inside: S,
    pub(super) key: &'t str,
    pub(super) value: &'t str,
    /// The line of the value.
    pub(super) line: Line<'t>,
}

/// The members of all objects that are texts. `outside` is what is known of the file itself and of what
/// lies in lists, and `enter` tells of an object by what is known of the one that it is a member of, and
/// its key.
pub(super) fn members<'t, S: Copy>(
    lines: &[Line<'t>],
    outside: S,
    enter: impl Fn(S, &'t str) -> S,
) -> Vec<Member<'t, S>> {
    let mut found = Vec::new();
    let mut open: Vec<S> = Vec::new();
    let mut deeper = 0_usize;
    let mut key = None;
    for line in lines {
        let mut rest = line.text;
        while let Some(at) = rest.find(['"', '{', '}', '[', ']', ',']) {
            let (sign, behind) = rest.split_at(at).1.split_at(1);
            rest = behind;
            let inside = open.last().copied().unwrap_or(outside);
            match sign {
                "\"" => {
                    let (text, behind) = string(rest);
                    rest = behind;
                    if behind.trim_start().starts_with(':') {
                        key = Some(text);
                    } else if let Some(key) = key.take().filter(|_| deeper == 0) {
                        found.push(Member {
                            inside,
                            key,
                            value: text,
                            line: *line,
                        });
                    }
                }
                "{" | "[" if open.len() == DEEPEST => deeper += 1,
                "{" => open.push(key.take().map_or(outside, |key| enter(inside, key))),
                "[" => open.push(outside),
                "," => {}
                _ if deeper > 0 => deeper -= 1,
                _ => {
                    open.pop();
                }
            }
            if sign != "\"" {
                key = None;
            }
        }
    }
    found
}

/// A text whose opening quote is read, without its closing one, and what follows it; all of the line where
/// it has none.
fn string(text: &str) -> (&str, &str) {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.and_then(|end| Some((text.get(..end)?, text.get(end + 1..)?)))
        .unwrap_or((text, ""))
}
