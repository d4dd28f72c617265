//! NuGet: up to four numbers and a pre-release, as `NuGet.Versioning` reads and orders them
//! (<https://learn.microsoft.com/nuget/concepts/package-versioning>): missing numbers are zero,
//! words compare without regard to case, build metadata does not count.
//!
//! Its numbers have 31 bits. A larger one among the four is refused; a larger one behind them is a
//! word, and a hyphen in front of one is a sign, as for .NET.

use std::cmp::Ordering;

use super::{Parsed, Reason, identifiers, number, semver};

pub(super) struct Version<'a> {
    numbers: [i32; 4],
    pre: Option<&'a [u8]>,
}

impl<'a> Parsed<'a> for Version<'a> {
    fn parse(text: &'a str) -> Result<Self, Reason> {
        let text = text.as_bytes().trim_ascii();
        let end = text
            .iter()
            .position(|byte| matches!(byte, b'-' | b'+'))
            .unwrap_or(text.len());
        let (numbers, rest) = text.split_at(end);
        let numbers = read_numbers(numbers)?;
        let (rest, _) = semver::split_build(rest)?;
        let pre = match rest {
            [] => None,
            [b'-', pre @ ..] if identifiers::are_strict(pre) => Some(pre),
            _ => return Err("what follows its numbers is no pre-release"),
        };
        Ok(Self { numbers, pre })
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.numbers
            .cmp(&other.numbers)
            .then_with(|| match (self.pre, other.pre) {
                (Some(one), Some(two)) => identifiers::compare_by(one, two, compare_label),
                (one, two) => one.is_none().cmp(&two.is_none()),
            })
    }
}

/// Numbers parted by dots, with spaces around them.
fn read_numbers(text: &[u8]) -> Result<[i32; 4], Reason> {
    let mut numbers = [0; 4];
    for (place, part) in text.split(|&byte| byte == b'.').enumerate() {
        let number = numbers
            .get_mut(place)
            .ok_or("it has more than four numbers")?;
        let digits = part.trim_ascii();
        if !number::is_number(digits) {
            return Err("it is not numbers parted by dots");
        }
        *number = as_i32(digits).ok_or("a number in it has more than 31 bits")?;
    }
    Ok(numbers)
}

fn as_i32(text: &[u8]) -> Option<i32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn compare_label(left: &[u8], right: &[u8]) -> Ordering {
    match (as_i32(left), as_i32(right)) {
        (Some(one), Some(two)) => one.cmp(&two),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => identifiers::compare_ignoring_case(left, right),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::super::laws::{ascending, equal, refused};

    const ORDER: Order = Order::NuGet;

    #[test]
    fn four_numbers_and_a_pre_release() {
        ascending(
            ORDER,
            &[
                "6.0.0-alpha",
                "6.0.0-Alpha.2",
                "6.0.0-alpha.10",
                "6.0.0-BETA",
                "6.0.0-rc.1",
                "6.0.0",
                "6.0.0.1-a",
                "6.0.0.1",
                "6.0.1",
            ],
        );
    }

    #[test]
    fn spellings_of_the_same() {
        equal(
            ORDER,
            &[
                "1", "1.0", "1.0.0", "1.0.0.0", "01.00", " 1 . 0 ", "1.0+abc",
            ],
        );
        equal(ORDER, &["1.0.0-RC.1", "1.0-rc.1", "1.0.0-rc.1+x.01"]);
    }

    #[test]
    fn labels_that_are_no_32_bit_numbers_are_words() {
        ascending(
            ORDER,
            &[
                "1.0.0--5",
                "1.0.0-5",
                "1.0.0-2147483647",
                "1.0.0-2147483648",
                "1.0.0-a",
            ],
        );
        ascending(ORDER, &["1.0.0-30000000000", "1.0.0-4000000000"]);
    }

    #[test]
    fn no_versions() {
        refused(
            ORDER,
            &[
                "",
                "v1.0",
                "1.",
                "1..0",
                "1.0.0.0.0",
                "1.0-",
                "1.0+",
                "1.0-a..b",
                "1.0-01",
                "1.0-a_b",
                "2147483648",
                "1.0-é",
            ],
        );
    }
}
