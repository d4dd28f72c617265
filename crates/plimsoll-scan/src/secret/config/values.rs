//! Values that are concealed in one place, to be concealed wherever else they stand.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use super::super::Hit;

/// A value shorter than this is hidden where it stands, and nowhere else: it may be any word.
const SHORTEST: usize = 6;
/// Nobody repeats a longer one.
const LONGEST: usize = 4096;
/// What reads like a word is one, unless it has as many characters.
const DISTINCT: usize = 14;
/// What is found to be a credential is hidden as a word of its own from this length on.
const SHORTEST_WORD: usize = 4;
/// Values that are kept; a configuration with more is made of nothing else.
const MAX_VALUES: usize = 4096;
/// How often a text is compared with values, in its lengths.
const COMPARED: usize = 64;

/// Whether a value is so much its own that another text with it in it repeats it: not a word, a name
/// or a path that stands for other things, too.
pub fn is_telling(value: &[u8]) -> bool {
    let has = |sort: fn(&u8) -> bool| value.iter().any(sort);
    let is_mixed = value
        .windows(2)
        .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    let is_drawn = is_mixed || (has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic));
    (SHORTEST..=LONGEST).contains(&value.len())
        && (is_drawn || value.len() >= DISTINCT)
        && !value.starts_with(b"/")
        && !value.starts_with(b"$")
}

struct Value {
    /// What it was found to be.
    hit: Option<Hit>,
    /// Whether it is hidden in the middle of a word, too.
    anywhere: bool,
}

/// The values that are concealed somewhere in a configuration.
#[derive(Default)]
pub(super) struct Values {
    by_start: HashMap<[u8; 4], BTreeMap<Box<[u8]>, Value>>,
    count: usize,
}

impl Values {
    /// Takes in a value that is concealed: a credential, or what may be one.
    pub(super) fn add(&mut self, text: &str, hit: Option<Hit>) {
        let anywhere = is_telling(text.as_bytes());
        let known = hit.is_some() && (SHORTEST_WORD..=LONGEST).contains(&text.len());
        if !anywhere && !known {
            return;
        }
        // As it stands in quotes.
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
        for text in [text, &escaped] {
            let Some(start) = text.as_bytes().first_chunk::<4>() else {
                return;
            };
            let values = self.by_start.entry(*start).or_default();
            match values.entry(text.as_bytes().into()) {
                Entry::Occupied(value) => {
                    let value = value.into_mut();
                    value.hit = value.hit.or(hit);
                }
                Entry::Vacant(_) if self.count >= MAX_VALUES => return,
                Entry::Vacant(place) => {
                    self.count += 1;
                    place.insert(Value { hit, anywhere });
                }
            }
        }
    }

    /// Where they stand in a text, and what each was found to be; none where so many begin alike
    /// again and again that nobody compares them all.
    pub(super) fn find(&self, text: &str) -> Option<Vec<(usize, usize, Option<Hit>)>> {
        let mut found = Vec::new();
        if self.count == 0 {
            return Some(found);
        }
        let bytes = text.as_bytes();
        let mut left = COMPARED * (bytes.len() + LONGEST);
        let mut at = 0;
        while let Some(start) = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()) {
            let mut here = None;
            if let Some(values) = self.by_start.get(start) {
                // Of values in order the longest that the text goes on with stands before it, and what
                // stands between them has less in common with it.
                let rest = &bytes[at..];
                let mut common = rest.len();
                let before = |end: usize| {
                    let range = (Bound::Unbounded, Bound::Included(&rest[..end]));
                    values.range::<[u8], _>(range).next_back()
                };
                while let Some((value, of)) = before(common) {
                    left = left.checked_sub(value.len())?;
                    let end = at + value.len();
                    common = in_common(value, rest);
                    if common == value.len() {
                        if of.anywhere || stands_alone(bytes, at, end) {
                            here = Some((at, end, of.hit));
                            break;
                        }
                        common -= 1;
                    }
                }
            }
            at = here.map_or(at + 1, |(_, end, _)| end);
            found.extend(here);
        }
        Some(found)
    }
}

/// How many bytes two texts begin with alike.
fn in_common(one: &[u8], other: &[u8]) -> usize {
    let pairs = one.iter().zip(other);
    pairs.take_while(|(one, other)| one == other).count()
}

/// Whether a part of a text is no piece of a longer word.
fn stands_alone(bytes: &[u8], start: usize, end: usize) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !bytes[..start].last().is_some_and(is_word) && !bytes.get(end).is_some_and(is_word)
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Severity;

    use super::*;

    #[test]
    fn values_are_found_where_they_are_repeated() {
        let hit = |value: &str| Some(Hit::of("x", Severity::High, 0, value.as_bytes()));
        let mut values = Values::default();
        values.add("Zx9kQw7plm", hit("Zx9kQw7plm"));
        values.add("hunter", hit("hunter"));
        values.add("postgres", None);
        values.add("hunter-1", hit("hunter-1"));
        values.add("hunter-1a-other", None);
        values.add("a\"b7Ab", hit("a\"b7Ab"));
        values.add("my Zx9k phrase", None);
        let found = |text: &'static str| -> Vec<&str> {
            let places = values.find(text).unwrap().into_iter();
            places.map(|(start, end, _)| &text[start..end]).collect()
        };
        assert_eq!(
            found("x:Zx9kQw7plm@h hunters /hunter/ postgres"),
            ["Zx9kQw7plm", "hunter"]
        );
        // The longest that stands there.
        assert_eq!(found("hunter-1 hunter/1"), ["hunter-1", "hunter"]);
        assert_eq!(
            found("xhunter-1a-otherx hunter-1a-othe"),
            ["hunter-1a-other", "hunter-1"]
        );
        assert_eq!(found("prefixZx9kQw7plmsuffix"), ["Zx9kQw7plm"]);
        assert_eq!(found("[\"a\\\"b7Ab\"]"), ["a\\\"b7Ab"]);
        assert_eq!(found("x my Zx9k phrases"), ["my Zx9k phrase"]);
        assert_eq!(found("abc"), [""; 0]);
    }

    #[test]
    fn values_that_begin_alike_are_given_up() {
        let mut values = Values::default();
        for number in 0..1_000 {
            values.add(&format!("{}{number}", "a".repeat(500)), None);
        }
        assert!(values.find(&"a".repeat(500_000)).is_none());
        assert_eq!(
            values.find(&"b".repeat(500_000)).map(|found| found.len()),
            Some(0)
        );
    }
}
