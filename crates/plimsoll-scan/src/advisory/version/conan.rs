//! Conan: numbers and words parted by dots, a pre-release behind the first hyphen, a build behind the
//! last plus sign, trailing zeroes without weight
//! (<https://docs.conan.io/2/tutorial/versioning/version_ranges.html>,
//! `conan/internal/model/version.py`). OpenSSL's letters are releases: `1.1.1` < `1.1.1d` < `1.1.1t`.
//!
//! Conan compares a part that is not a number all through with another as a text, so that `9` comes
//! before `10`, `10` before `1d` and `1d` before `9`. That is no order. Here the digits that a part
//! begins with are compared as a number, and what follows them as a text; a part that begins with none
//! (`cci.20200203`) is compared as a text, as in Conan.

use std::cmp::Ordering;

use super::{Parsed, Reason, number};

pub(super) struct Version<'a> {
    main: &'a [u8],
    pre: Option<&'a [u8]>,
    build: Option<&'a [u8]>,
}

impl<'a> Parsed<'a> for Version<'a> {
    fn parse(text: &'a str) -> Result<Self, Reason> {
        let text = text.as_bytes();
        let is_first = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        if !text.first().is_some_and(is_first) {
            return Err("it does not begin with a letter, a digit or _");
        }
        let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_+.".contains(byte);
        if !text.iter().all(is_allowed) {
            return Err("only letters, digits and - _ + . may be in it");
        }
        let (text, build) = match text.iter().rposition(|byte| *byte == b'+') {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let (main, pre) = match text.iter().position(|byte| *byte == b'-') {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        Ok(Self { main, pre, build })
    }

    fn compare(&self, other: &Self) -> Ordering {
        compare_lists(self.main, other.main)
            .then_with(|| match (self.pre, other.pre) {
                (Some(one), Some(two)) => compare_lists(one, two),
                (one, two) => one.is_none().cmp(&two.is_none()),
            })
            .then_with(|| match (self.build, other.build) {
                (Some(one), Some(two)) => compare_lists(one, two),
                (one, two) => one.is_some().cmp(&two.is_some()),
            })
    }
}

/// Part by part, zeroes at the end aside; where one list ends, it is the smaller one.
fn compare_lists(left: &[u8], right: &[u8]) -> Ordering {
    let (mut left, mut right) = (parts(left), parts(right));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (Some(one), Some(two)) => compare_parts(one, two),
            (one, two) => return one.is_some().cmp(&two.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn parts(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_dot = |byte: &u8| *byte == b'.';
    let zeroes = list.rsplit(is_dot).take_while(|part| is_zero(part)).count();
    let all = list.split(is_dot).count();
    list.split(is_dot).take(all - zeroes)
}

fn is_zero(part: &[u8]) -> bool {
    number::is_number(part) && number::is_zero(part)
}

fn compare_parts(left: &[u8], right: &[u8]) -> Ordering {
    let (mut after_left, mut after_right) = (left, right);
    let numbers = (
        number::take(&mut after_left),
        number::take(&mut after_right),
    );
    match (numbers.0.is_empty(), numbers.1.is_empty()) {
        (false, false) => {
            number::compare(numbers.0, numbers.1).then_with(|| after_left.cmp(after_right))
        }
        _ => left.cmp(right),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::super::laws::{ascending, equal, refused};

    const ORDER: Order = Order::Conan;

    #[test]
    fn letters_are_releases() {
        ascending(
            ORDER,
            &[
                "1.0.2",
                "1.1.0l",
                "1.1.1-pre1",
                "1.1.1",
                "1.1.1+build1",
                "1.1.1a",
                "1.1.1d",
                "1.1.1t",
                "1.1.2",
                "1.1.10",
                "3.0.0",
                "3.0.1",
                "3.0.alpha",
                "cci.20200203",
                "cci.20210118",
            ],
        );
        equal(ORDER, &["1", "1.0", "1.0.0", "01.0"]);
        equal(ORDER, &["1-alpha", "1.0-alpha", "1.0.0-alpha"]);
        ascending(ORDER, &["1.0", "1.0.0.1", "1.0.1"]);
        ascending(ORDER, &["1-1", "1-2", "1-10", "1-alpha", "1"]);
        // By the place in ASCII: `-` comes before digits, `_` behind them; nothing comes before all.
        ascending(ORDER, &["1", "1..1", "1.0.1", "1.a"]);
        ascending(ORDER, &["1--a", "1-1", "1-_", "1-a"]);
    }

    #[test]
    fn no_versions() {
        refused(ORDER, &["", " 1", "1 ", "1:2", "[>1.0]", "é", "-1", "1/2"]);
    }
}
