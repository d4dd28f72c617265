//! Maven: `ComparableVersion`
//! (<https://maven.apache.org/pom.html#version-order-specification>), as Maven has had it since
//! 3.9.2 and in Maven 4: a word and a number together (`rc1`, `rc-1`) are one item.
//!
//! A version is a list of numbers and words whose last item may be another such list, which a
//! hyphen opens, or a step from digits to letters. Some words have a place before or at the
//! release, others come after it, by the alphabet.
//!
//! Everything is a version for Maven. Here a text that is empty or not ASCII is none: what Maven
//! makes of it depends on Java's notion of letters and digits.
//!
//! As in Maven, this is an order only among such versions as are published. `1-ga1` and `1-ga2` are
//! both equal to `1` and not to each other; `0-rc` comes before `0`, `0` before `x`, and `x` before
//! `0-rc`. Who wants to sort or search must not lean on it.

use std::cmp::Ordering;

use super::{Parsed, Reason, identifiers, number};

pub(super) struct Version<'a> {
    /// In the order of the text; [`Item::Open`] begins the list that is the last item of the one
    /// before it.
    items: Vec<Item<'a>>,
}

#[derive(Clone, Copy)]
enum Item<'a> {
    /// Digits.
    Number(&'a [u8]),
    Word(Word<'a>),
    /// A word and the digits behind it.
    Combination(Word<'a>, &'a [u8]),
    Open,
}

impl<'a> Parsed<'a> for Version<'a> {
    fn parse(text: &'a str) -> Result<Self, Reason> {
        if text.is_empty() {
            return Err("it is empty");
        }
        if !text.is_ascii() {
            return Err("there is a character in it that is not ASCII");
        }
        let mut items = Reader::new(text.as_bytes()).read();
        normalize(&mut items);
        Ok(Self { items })
    }

    fn compare(&self, other: &Self) -> Ordering {
        let (mut left, mut right) = (self.items.iter(), other.items.iter());
        loop {
            let order = match (left.next(), right.next()) {
                (None, None) => return Ordering::Equal,
                (Some(one), None) => one.compare_to_nothing(),
                (None, Some(two)) => two.compare_to_nothing().reverse(),
                (Some(one), Some(two)) => one.compare(two),
            };
            if order.is_ne() {
                return order;
            }
        }
    }
}

impl Item<'_> {
    /// What kind comes before what, whatever their values are.
    fn rank(&self) -> u8 {
        match self {
            Self::Word(_) | Self::Combination(..) => 0,
            Self::Open => 1,
            Self::Number(_) => 2,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(one), Self::Number(two)) => compare_numbers(one, two),
            (Self::Word(one), Self::Word(two)) => one.compare(two),
            (Self::Combination(one, digits), Self::Combination(two, others)) => one
                .compare(two)
                .then_with(|| compare_numbers(digits, others)),
            (Self::Word(one), Self::Combination(two, _)) => one.compare(two).then(Ordering::Less),
            (Self::Combination(one, _), Self::Word(two)) => {
                one.compare(two).then(Ordering::Greater)
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }

    /// Against the end of the other version. A list is as its first item that differs from that.
    fn compare_to_nothing(&self) -> Ordering {
        match self {
            Self::Number(digits) if number::is_zero(digits) => Ordering::Equal,
            Self::Number(_) => Ordering::Greater,
            Self::Word(word) | Self::Combination(word, _) => word.rank.cmp(&RELEASE),
            Self::Open => Ordering::Equal,
        }
    }
}

/// By value; but Maven keeps numbers in three sizes, by their digits, and a zero that is written with
/// more than nine is not in the smallest.
fn compare_numbers(left: &[u8], right: &[u8]) -> Ordering {
    let size = |digits: &[u8]| match number::significant(digits).len() {
        0 => digits.len(),
        length => length,
    };
    let class = |digits: &[u8]| size(digits).saturating_sub(1).min(18) / 9;
    class(left)
        .cmp(&class(right))
        .then_with(|| number::compare(left, right))
}

#[derive(Clone, Copy)]
struct Word<'a> {
    rank: u8,
    /// What is left to compare where the rank is the same; empty for words with a place.
    text: &'a [u8],
}

/// The words with a place, from the least to the greatest; all others follow. "The release" stands
/// for no word as well.
const PLACES: [(&str, u8); 10] = [
    ("alpha", 0),
    ("beta", 1),
    ("milestone", 2),
    ("rc", 3),
    ("cr", 3),
    ("snapshot", 4),
    ("ga", RELEASE),
    ("final", RELEASE),
    ("release", RELEASE),
    ("sp", 6),
];

const RELEASE: u8 = 5;
const OTHER: u8 = 7;

impl<'a> Word<'a> {
    fn new(text: &'a [u8]) -> Self {
        let place = PLACES
            .iter()
            .find(|(name, _)| text.eq_ignore_ascii_case(name.as_bytes()));
        match place {
            Some(&(_, rank)) => Self { rank, text: b"" },
            None => Self { rank: OTHER, text },
        }
    }

    /// In front of a number, one letter may stand for a word.
    fn before_number(text: &'a [u8]) -> Self {
        match text {
            [b'a' | b'A'] => Self::new(b"alpha"),
            [b'b' | b'B'] => Self::new(b"beta"),
            [b'm' | b'M'] => Self::new(b"milestone"),
            _ => Self::new(text),
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.rank
            .cmp(&other.rank)
            .then_with(|| identifiers::compare_ignoring_case(self.text, other.text))
    }
}

struct Reader<'a> {
    text: &'a [u8],
    items: Vec<Item<'a>>,
    /// Whether the list that was opened last has no item yet.
    list_is_empty: bool,
    /// Where the item that is being read begins.
    start: usize,
    in_digits: bool,
    combination: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            items: Vec::with_capacity(8),
            list_is_empty: true,
            start: 0,
            in_digits: false,
            combination: false,
        }
    }

    fn read(mut self) -> Vec<Item<'a>> {
        for (place, byte) in self.text.iter().enumerate() {
            match byte {
                b'.' => {
                    self.finish_or_zero(place);
                    self.start = place + 1;
                    self.combination = false;
                }
                b'-' => {
                    let digit_follows = self.text.get(place + 1).is_some_and(u8::is_ascii_digit);
                    if place > self.start && !self.in_digits && digit_follows {
                        // `rc-1` reads `rc1`.
                        self.combination = true;
                        continue;
                    }
                    self.finish_or_zero(place);
                    self.start = place + 1;
                    self.combination = false;
                    self.open();
                }
                b'0'..=b'9' => {
                    if !self.in_digits && place > self.start {
                        self.combination = true;
                        self.open_unless_empty();
                    }
                    self.in_digits = true;
                }
                _ => {
                    if self.in_digits && place > self.start {
                        self.finish(place);
                        self.start = place;
                        self.combination = false;
                        self.open();
                    }
                    self.in_digits = false;
                }
            }
        }
        if self.text.len() > self.start {
            if !self.in_digits {
                self.open_unless_empty();
            }
            self.finish(self.text.len());
        }
        self.items
    }

    fn finish_or_zero(&mut self, end: usize) {
        if end == self.start {
            self.add(Item::Number(b"0"));
        } else {
            self.finish(end);
        }
    }

    fn finish(&mut self, end: usize) {
        let text = &self.text[self.start..end];
        let item = if self.combination {
            let digits = text
                .iter()
                .position(u8::is_ascii_digit)
                .unwrap_or(text.len());
            let (word, digits) = text.split_at(digits);
            let word = word.strip_suffix(b"-").unwrap_or(word);
            Item::Combination(Word::before_number(word), digits)
        } else if self.in_digits {
            Item::Number(text)
        } else {
            Item::Word(Word::new(text))
        };
        self.add(item);
    }

    fn add(&mut self, item: Item<'a>) {
        self.items.push(item);
        self.list_is_empty = false;
    }

    fn open(&mut self) {
        self.items.push(Item::Open);
        self.list_is_empty = true;
    }

    fn open_unless_empty(&mut self) {
        if !self.list_is_empty {
            self.open();
        }
    }
}

/// What follows an item in its list.
#[derive(Clone, Copy)]
enum Next {
    Nothing,
    Number,
    Word,
    Combination,
    /// A list that begins with a word, alone or with a number.
    ListOfWords,
    List,
}

/// Takes off the zeroes that stand before the end of a list, before a word, or before a list that
/// begins with a word; and the lists that are left empty.
fn normalize(items: &mut Vec<Item<'_>>) {
    let mut next = Next::Nothing;
    items.reverse();
    items.retain(|item| {
        let (kept, then) = match item {
            Item::Number(digits) if number::is_zero(digits) => match next {
                Next::Nothing | Next::Word | Next::ListOfWords => (false, next),
                Next::Number | Next::Combination | Next::List => (true, Next::Number),
            },
            Item::Number(_) => (true, Next::Number),
            Item::Word(_) => (true, Next::Word),
            Item::Combination(..) => (true, Next::Combination),
            Item::Open => match next {
                Next::Nothing => (false, Next::Nothing),
                Next::Word | Next::Combination => (true, Next::ListOfWords),
                Next::Number | Next::ListOfWords | Next::List => (true, Next::List),
            },
        };
        next = then;
        kept
    });
    items.reverse();
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::super::laws::{ascending, equal, refused};

    const ORDER: Order = Order::Maven;

    #[test]
    fn words_with_a_place() {
        ascending(
            ORDER,
            &[
                "2.17-alpha-1",
                "2.17-alpha2",
                "2.17-beta-1",
                "2.17-milestone-3",
                "2.17-rc1",
                "2.17-rc-2",
                "2.17-SNAPSHOT",
                "2.17",
                "2.17-sp",
                "2.17-sp-1",
                "2.17-abc",
                "2.17-jre8",
                "2.17-xyz",
                "2.17-1",
                "2.17.1",
            ],
        );
    }

    #[test]
    fn spellings_of_the_same() {
        equal(
            ORDER,
            &[
                "1",
                "1.0",
                "1.0.0",
                "1-ga",
                "1.0-FINAL",
                "1.release",
                "1-0",
                "1.",
                "1.0-",
                "01",
            ],
        );
        equal(ORDER, &["1-a1", "1-alpha-1", "1.0a1", "1A1", "1.0-ALPHA1"]);
        equal(ORDER, &["1-m3", "1-milestone-3"]);
        equal(ORDER, &["1-cr2", "1-rc2"]);
        equal(ORDER, &["1x", "1.0.0-x", "1.X"]);
    }

    #[test]
    fn one_letter_is_a_word_with_a_place_only_before_a_number() {
        ascending(ORDER, &["1-a1", "1-beta", "1", "1-a", "1-b"]);
    }

    #[test]
    fn lists_within_lists() {
        ascending(ORDER, &["1-1-1", "1-1-2", "1-2", "1-2-1", "1.1", "1.1-1"]);
        ascending(
            ORDER,
            &["31.0-android", "31.0-jre", "31.0.1-android", "31.1-android"],
        );
        ascending(ORDER, &["4.1.100.Final", "4.1.101.Final", "5.0.0.Alpha2"]);
    }

    #[test]
    fn numbers_of_any_length() {
        ascending(
            ORDER,
            &[
                "20240101123456789",
                "9223372036854775808",
                "99999999999999999999999",
            ],
        );
    }

    #[test]
    fn deep_and_long_texts_neither_recurse_nor_crawl() {
        let deep = "1-".repeat(200_000);
        let word = "x".repeat(200_000);
        ascending(ORDER, &[&format!("{deep}1"), &format!("{deep}2")]);
        ascending(ORDER, &[&format!("1-{word}"), &format!("1-{word}y")]);
    }

    #[test]
    fn no_versions() {
        refused(ORDER, &["", "1.0-é", "１"]);
    }
}
