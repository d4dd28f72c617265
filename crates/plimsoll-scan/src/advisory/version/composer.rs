//! Composer: a version is brought to its normal form as `Composer\Semver\VersionParser` does, and
//! normal forms are compared as by PHP's `version_compare`
//! (<https://getcomposer.org/doc/articles/versions.md>).
//!
//! A branch (`dev-master`) is refused: it stands for whatever its last commit is, and Composer finds
//! no order in branches either. A numbered one (`2.x-dev`) is a version, the last of its line.
//!
//! Numbers count up to 2^63-1, as in PHP on 64 bits; greater ones count as that.

use std::cmp::Ordering;

use super::{Parsed, Reason, number};

pub(super) struct Version<'a> {
    /// What the numbers are parted by is not looked at.
    numbers: &'a [u8],
    missing: Missing,
    label: Option<Label>,
    /// Numbers behind the label.
    label_numbers: &'a [u8],
    dev: bool,
}

/// What stands for numbers that are missing up to the fourth.
#[derive(Clone, Copy)]
enum Missing {
    /// A version by date has as many as are written.
    Nothing,
    Zero,
    /// Of a branch: greater than any number of its line.
    Last,
}

/// The number that stands for a branch's `x`.
const LAST: u64 = 9_999_999;

/// What part of a version is to `version_compare`, from the least to the greatest. Between
/// `Candidate` and `Patch` is the place of numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    /// A word that PHP does not know: "stable" with a capital, which only as it stands here is
    /// taken off.
    Unknown,
    Dev,
    Alpha,
    Beta,
    Candidate,
    Patch,
}

/// The labels, where one begins another the longer one first.
const LABELS: [(&[u8], Label); 9] = [
    (b"stable", Label::Unknown),
    (b"beta", Label::Beta),
    (b"b", Label::Beta),
    (b"rc", Label::Candidate),
    (b"alpha", Label::Alpha),
    (b"a", Label::Alpha),
    (b"patch", Label::Patch),
    (b"pl", Label::Patch),
    (b"p", Label::Patch),
];

#[derive(Clone, Copy)]
enum Part {
    Number(u64),
    Label(Label),
}

impl<'a> Parsed<'a> for Version<'a> {
    fn parse(text: &'a str) -> Result<Self, Reason> {
        let text = without_flags(text.as_bytes());
        if text.is_empty() {
            return Err("it is empty");
        }
        let is_default = [b"master".as_slice(), b"trunk", b"default"].contains(&text);
        if is_default || starts_with(text, b"dev-") {
            return Err("it is a branch, which has no place among versions");
        }
        let text = without_build(text);
        let bare = match text {
            [b'v' | b'V', bare @ ..] => bare,
            bare => bare,
        };
        classical(bare)
            .or_else(|| dated(bare))
            .or_else(|| numbered_branch(text))
            .ok_or("Composer knows no such form")
    }

    fn compare(&self, other: &Self) -> Ordering {
        let (mut left, mut right) = (self.parts(), other.parts());
        loop {
            let order = match (left.next(), right.next()) {
                (None, None) => return Ordering::Equal,
                (Some(one), Some(two)) => one.compare(two),
                (Some(one), None) => one.compare_to_nothing(),
                (None, Some(two)) => two.compare_to_nothing().reverse(),
            };
            if order.is_ne() {
                return order;
            }
        }
    }
}

impl Part {
    fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Number(one), Self::Number(two)) => one.cmp(&two),
            (Self::Label(one), Self::Label(two)) => one.cmp(&two),
            (Self::Label(label), Self::Number(_)) => label.compare_to_number(),
            (Self::Number(_), Self::Label(label)) => label.compare_to_number().reverse(),
        }
    }

    fn compare_to_nothing(self) -> Ordering {
        match self {
            Self::Number(_) => Ordering::Greater,
            Self::Label(label) => label.compare_to_number(),
        }
    }
}

impl Label {
    fn compare_to_number(self) -> Ordering {
        if self == Self::Patch {
            Ordering::Greater
        } else {
            Ordering::Less
        }
    }
}

impl Version<'_> {
    fn parts(&self) -> impl Iterator<Item = Part> {
        let missing = match self.missing {
            Missing::Nothing => (0, 0),
            Missing::Zero => (4_usize.saturating_sub(numbers(self.numbers).count()), 0),
            Missing::Last => (4_usize.saturating_sub(numbers(self.numbers).count()), LAST),
        };
        numbers(self.numbers)
            .chain(std::iter::repeat_n(missing.1, missing.0))
            .map(Part::Number)
            .chain(self.label.map(Part::Label))
            .chain(numbers(self.label_numbers).map(Part::Number))
            .chain(self.dev.then_some(Part::Label(Label::Dev)))
    }
}

/// The numbers in `text`; an `x` or an asterisk is one as well.
fn numbers(mut text: &[u8]) -> impl Iterator<Item = u64> {
    std::iter::from_fn(move || {
        loop {
            match text.first()? {
                b'0'..=b'9' => return Some(saturated(number::take(&mut text))),
                b'x' | b'X' | b'*' => {
                    text = &text[1..];
                    return Some(LAST);
                }
                _ => text = &text[1..],
            }
        }
    })
}

fn saturated(digits: &[u8]) -> u64 {
    const LARGEST: u64 = i64::MAX.unsigned_abs();
    digits
        .iter()
        .fold(0_u64, |number, digit| {
            number
                .saturating_mul(10)
                .saturating_add(u64::from(digit.wrapping_sub(b'0')))
        })
        .min(LARGEST)
}

fn is_space(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || *byte == 0x0b
}

/// Takes spaces, an alias (`1.0 as 2.0`) and a stability flag (`1.0@beta`) off.
fn without_flags(text: &[u8]) -> &[u8] {
    let padding = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0 | 0x0b);
    let start = text
        .iter()
        .position(|byte| !padding(byte))
        .unwrap_or(text.len());
    let end = text
        .iter()
        .rposition(|byte| !padding(byte))
        .map_or(start, |last| last + 1);
    let mut text = &text[start..end];
    if let Some(aliased) = without_alias(text) {
        text = aliased;
    }
    for flag in [b"stable".as_slice(), b"rc", b"beta", b"alpha", b"dev"] {
        if let Some(rest) = strip_end(text, flag).and_then(|rest| rest.strip_suffix(b"@")) {
            return rest;
        }
    }
    text
}

fn without_alias(text: &[u8]) -> Option<&[u8]> {
    let is_word = |byte: &u8| !is_space(byte) && *byte != b',';
    let mut rest = text;
    let version = number::take_while(&mut rest, is_word);
    let before = number::take_while(&mut rest, |byte| *byte == b' ');
    let mut rest = rest.strip_prefix(b"as")?;
    let behind = number::take_while(&mut rest, |byte| *byte == b' ');
    let alias = number::take_while(&mut rest, is_word);
    let complete = [version, before, behind, alias]
        .iter()
        .all(|part| !part.is_empty());
    (complete && rest.is_empty()).then_some(version)
}

fn without_build(text: &[u8]) -> &[u8] {
    let Some(plus) = text.iter().position(|&byte| byte == b'+') else {
        return text;
    };
    let (version, build) = text.split_at(plus);
    let fine = !version.is_empty()
        && !version.iter().any(|byte| is_space(byte) || *byte == b',')
        && build.len() > 1
        && !build.iter().any(is_space);
    if fine { version } else { text }
}

/// One to four numbers, the first of at most five digits, and a modifier.
fn classical(text: &[u8]) -> Option<Version<'_>> {
    let mut rest = text;
    let first = number::take(&mut rest);
    if first.is_empty() || first.len() > 5 {
        return None;
    }
    for _ in 0..3 {
        let Some(mut ahead) = rest.strip_prefix(b".") else {
            break;
        };
        if number::take(&mut ahead).is_empty() {
            break;
        }
        rest = ahead;
    }
    let numbers = &text[..text.len() - rest.len()];
    modified(numbers, Missing::Zero, rest)
}

/// A date, perhaps with a time and more numbers, and a modifier.
fn dated(text: &[u8]) -> Option<Version<'_>> {
    let mut rest = text;
    number::take(&mut rest);
    while let [b'.' | b':' | b'-', ahead @ ..] = rest {
        let mut ahead = ahead;
        if number::take(&mut ahead).is_empty() {
            break;
        }
        rest = ahead;
    }
    let date = &text[..text.len() - rest.len()];
    let year = date.get(..4)?;
    if date.len() > LONGEST_DATE || !number::is_number(year) || !is_date(&date[4..], 0, 0) {
        return None;
    }
    modified(date, Missing::Nothing, rest)
}

/// Four digits, six times a sign and two, twice a sign and three.
const LONGEST_DATE: usize = 4 + 6 * 3 + 2 * 4;

/// Whether `rest`, which follows a year, is one to six pairs of digits and up to two more numbers
/// of up to three, each perhaps behind a sign; `pairs` and `tails` were read already. The bounds
/// make it a search through few ways.
fn is_date(rest: &[u8], pairs: u8, tails: u8) -> bool {
    let ahead = match rest {
        [] => return pairs > 0,
        [b'.' | b':' | b'-', ahead @ ..] => ahead,
        ahead => ahead,
    };
    let behind = |length: usize| {
        let digits = ahead.get(..length)?;
        number::is_number(digits).then(|| &ahead[length..])
    };
    let pair = tails == 0 && pairs < 6 && behind(2).is_some_and(|rest| is_date(rest, pairs + 1, 0));
    pair || (pairs > 0
        && tails < 2
        && (1..=3).any(|length| behind(length).is_some_and(|rest| is_date(rest, pairs, tails + 1))))
}

/// Reads a label with numbers and `dev`, each of which may be missing.
fn modified<'a>(numbers: &'a [u8], missing: Missing, rest: &'a [u8]) -> Option<Version<'a>> {
    let mut version = Version {
        numbers,
        missing,
        label: None,
        label_numbers: b"",
        dev: false,
    };
    let rest = match rest {
        [b'.' | b'_' | b'-', rest @ ..] => rest,
        rest => rest,
    };
    if is_dev_or_end(rest, &mut version.dev) {
        return Some(version);
    }
    let (name, label) = LABELS.iter().find(|(name, _)| starts_with(rest, name))?;
    let released = rest.starts_with(b"stable");
    let behind = &rest[name.len()..];
    let mut rest = behind;
    loop {
        let mut ahead = match rest {
            [b'.' | b'-', ahead @ ..] => ahead,
            ahead => ahead,
        };
        if number::take(&mut ahead).is_empty() {
            break;
        }
        rest = ahead;
    }
    let mut dev = false;
    if !is_dev_or_end(rest, &mut dev) {
        return None;
    }
    if !released {
        version.label = Some(*label);
        version.label_numbers = &behind[..behind.len() - rest.len()];
        version.dev = dev;
    }
    Some(version)
}

fn is_dev_or_end(text: &[u8], dev: &mut bool) -> bool {
    let word = match text {
        [] => return true,
        [b'.' | b'-', word @ ..] => word,
        word => word,
    };
    *dev = word.eq_ignore_ascii_case(b"dev");
    *dev
}

/// `1.2.x-dev`: one to four numbers or placeholders, the first a number.
fn numbered_branch(text: &[u8]) -> Option<Version<'_>> {
    let text = strip_end(text, b"dev")?;
    let text = match text {
        [text @ .., b'.' | b'-'] => text,
        text => text,
    };
    let text = text.trim_ascii();
    let name = match text {
        [b'v' | b'V', name @ ..] => name,
        name => name,
    };
    let mut parts = name.split(|&byte| byte == b'.');
    let first = parts.next().is_some_and(number::is_number);
    let mut others = 0;
    let rest = parts.all(|part| {
        others += 1;
        number::is_number(part) || matches!(part, b"x" | b"X" | b"*")
    });
    (first && rest && others <= 3).then_some(Version {
        numbers: name,
        missing: Missing::Last,
        label: None,
        label_numbers: b"",
        dev: true,
    })
}

fn starts_with(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len())
        .is_some_and(|found| found.eq_ignore_ascii_case(start))
}

fn strip_end<'a>(text: &'a [u8], end: &[u8]) -> Option<&'a [u8]> {
    let start = text.len().checked_sub(end.len())?;
    let (rest, found) = text.split_at(start);
    found.eq_ignore_ascii_case(end).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::super::laws::{ascending, equal, refused};

    const ORDER: Order = Order::Composer;

    #[test]
    fn labels_around_the_release() {
        ascending(
            ORDER,
            &[
                "5.4.0-dev",
                "5.4.0-alpha1-dev",
                "5.4.0-alpha1",
                "5.4.0-alpha10",
                "5.4.0-beta",
                "5.4.0-beta1",
                "5.4.0-RC1",
                "5.4.0",
                "5.4.0-patch1",
                "5.4.0.1",
                "5.4.1",
                "5.4.10",
                "5.4.x-dev",
                "5.x-dev",
                "6.0",
            ],
        );
    }

    #[test]
    fn spellings_of_the_same() {
        equal(
            ORDER,
            &[
                "1.2",
                "1.2.0",
                "v1.2.0.0",
                " 1.2 ",
                "1.2+build",
                "1.2-stable",
                "1.2@dev",
                "1.2 as 3.0",
                "1.2-",
                "01.2",
            ],
        );
        equal(ORDER, &["1.2-b3", "1.2.beta.3", "1.2beta3", "1.2_BETA-3"]);
        equal(ORDER, &["1.2-p1", "1.2-pl1", "1.2-patch1"]);
        equal(ORDER, &["1-dev", "1.0.0-dev", "1.dev"]);
        equal(ORDER, &["2.x-dev", "2.x.x-dev", "v2.X.x.*.dev"]);
    }

    #[test]
    fn dates() {
        ascending(
            ORDER,
            &["2010.01", "20100102", "20100102-203040", "20100102.203041"],
        );
        ascending(ORDER, &["2024.01.02", "2024.01.02.1", "2024.10.01"]);
    }

    #[test]
    fn no_versions() {
        refused(
            ORDER,
            &[
                "",
                "master",
                "dev-master",
                "DEV-x",
                "1.0-1",
                "1.2.3.4.5",
                "1.0.0-meta",
                "a",
                "1.0 beta",
                "x-dev",
                "1.0,2.0",
                "^1.0",
                "1.0é",
                "12345678901234567890123",
                "1.0+",
                "feature-dev",
            ],
        );
    }
}
