//! RubyGems: `Gem::Version` (<https://docs.ruby-lang.org/en/master/Gem/Version.html>). A version is
//! a list of numbers and words; a word is less than any number, so that it makes a pre-release;
//! zeroes at the end of the numbers and at the end of all do not count; a hyphen reads `.pre.`. The
//! empty version is `0`.

use std::cmp::Ordering;

use super::{Parsed, Reason, number};

pub(super) struct Version<'a> {
    /// The numbers before the first word, without zeroes at their end.
    numbers: &'a [u8],
    /// What follows from the first word on, without zeroes at its end.
    rest: &'a [u8],
}

impl<'a> Parsed<'a> for Version<'a> {
    fn parse(text: &'a str) -> Result<Self, Reason> {
        let text = text.as_bytes().trim_ascii();
        check(text)?;
        let word = text
            .iter()
            .position(|byte| byte.is_ascii_alphabetic() || *byte == b'-')
            .unwrap_or(text.len());
        let (numbers, rest) = text.split_at(word);
        Ok(Self {
            numbers: without_zeroes(numbers),
            rest: without_zeroes(rest),
        })
    }

    fn compare(&self, other: &Self) -> Ordering {
        let (mut left, mut right) = (self.segments(), other.segments());
        loop {
            let (one, two) = (left.next(), right.next());
            if one.is_none() && two.is_none() {
                return Ordering::Equal;
            }
            // A missing segment is the number zero.
            let order = compare_segments(one.unwrap_or(b""), two.unwrap_or(b""));
            if order.is_ne() {
                return order;
            }
        }
    }
}

impl<'a> Version<'a> {
    fn segments(&self) -> impl Iterator<Item = &'a [u8]> {
        segments(self.numbers).chain(segments(self.rest))
    }
}

/// `1.2.a3-b.4`: a number, then words and numbers behind dots, then such with hyphens in them.
fn check(text: &[u8]) -> Result<(), Reason> {
    let (release, pre) = match text.iter().position(|&byte| byte == b'-') {
        Some(hyphen) => (&text[..hyphen], Some(&text[hyphen + 1..])),
        None => (text, None),
    };
    if text.is_empty() {
        return Ok(());
    }
    let mut parts = release.split(|&byte| byte == b'.');
    if !parts.next().is_some_and(number::is_number) {
        return Err("it does not begin with a number and a dot");
    }
    let well_formed = parts
        .all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_alphanumeric))
        && pre.is_none_or(super::identifiers::are_valid);
    if well_formed {
        Ok(())
    } else {
        Err("it is not letters and digits parted by single dots")
    }
}

/// Cuts the numbers off the end that are zero.
fn without_zeroes(text: &[u8]) -> &[u8] {
    let Some(last) = text.iter().rposition(|byte| !matches!(byte, b'0' | b'.')) else {
        return b"";
    };
    let mut end = last + 1;
    if text[last].is_ascii_digit() {
        while text.get(end) == Some(&b'0') {
            end += 1;
        }
    }
    &text[..end]
}

/// Runs of digits, runs of letters, and `pre` for every hyphen.
fn segments(mut text: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        loop {
            let first = text.first()?;
            if first.is_ascii_digit() {
                return Some(number::take(&mut text));
            }
            if first.is_ascii_alphabetic() {
                return Some(number::take_while(&mut text, u8::is_ascii_alphabetic));
            }
            let hyphen = *first == b'-';
            text = &text[1..];
            if hyphen {
                return Some(b"pre".as_slice());
            }
        }
    })
}

fn compare_segments(left: &[u8], right: &[u8]) -> Ordering {
    let is_word = |segment: &[u8]| segment.first().is_some_and(u8::is_ascii_alphabetic);
    match (is_word(left), is_word(right)) {
        (true, true) => left.cmp(right),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => number::compare(left, right),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::super::laws::{ascending, equal, refused};

    const ORDER: Order = Order::Gem;

    #[test]
    fn words_make_pre_releases() {
        ascending(
            ORDER,
            &[
                "7.0.a",
                "7.0.alpha",
                "7.0.alpha1",
                "7.0.alpha2",
                "7.0.alpha10",
                "7.0.b",
                "7.0.beta",
                "7.0.pre1",
                "7.0.rc1",
                "7.0",
                "7.0.1.rc2",
                "7.0.1",
                "7.0.10",
            ],
        );
        // Bytes, not letters: capitals come first.
        ascending(ORDER, &["1.0.RC1", "1.0.beta"]);
    }

    #[test]
    fn zeroes_that_do_not_count() {
        equal(ORDER, &["1", "1.0", "1.0.0", "01", " 1 "]);
        equal(ORDER, &["1.a", "1.0.a", "1.0.0.a.0"]);
        equal(ORDER, &["", "0", "0.0"]);
        ascending(
            ORDER,
            &["1.0.a", "1.0.a.1", "1.0", "1.10", "1.10.0.1", "10"],
        );
    }

    #[test]
    fn a_hyphen_reads_pre() {
        equal(ORDER, &["1.0-1", "1.0.pre.1", "1-1"]);
        equal(ORDER, &["1.0-a-b", "1.pre.a.pre.b"]);
        ascending(ORDER, &["1.16.2-aarch64", "1.16.2-x86", "1.16.2"]);
    }

    #[test]
    fn no_versions() {
        refused(
            ORDER,
            &[
                "a", ".1", "1.", "1..2", "1a", "1_0", "1.0-", "1.0+1", "-1", "1 2", "1.é", "1-a..b",
            ],
        );
    }
}
