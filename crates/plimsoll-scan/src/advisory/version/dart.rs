//! Pub: Semantic Versioning as Dart's `pub_semver` reads it, where build metadata counts
//! (<https://pub.dev/packages/pub_semver>): a version with it comes after the same without.
//!
//! Zeroes may stand in front of numbers. Dart's numbers have 64 bits: a larger one among the three
//! is refused, a larger one behind them is a word.

use std::cmp::Ordering;

use super::{Parsed, Reason, identifiers, number, semver};

pub(super) struct Version<'a>(semver::Version<'a>);

impl<'a> Parsed<'a> for Version<'a> {
    fn parse(text: &'a str) -> Result<Self, Reason> {
        let (numbers, rest) = semver::split_numbers(text.as_bytes())?;
        let mut count = 0;
        for number in numbers.split(|&byte| byte == b'.') {
            count += 1;
            if !number::at_most(number, identifiers::LARGEST_I64) {
                return Err("a number in it has more than 64 bits");
            }
        }
        if count != 3 {
            return Err("it does not have three numbers");
        }
        let (rest, build) = semver::split_build(rest)?;
        let pre = match rest {
            [] => None,
            [b'-', pre @ ..] if identifiers::are_valid(pre) => Some(pre),
            _ => return Err("what follows its numbers is no pre-release"),
        };
        Ok(Self(semver::Version {
            numbers,
            pre,
            build,
        }))
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.0
            .compare_numbers(&other.0)
            .then_with(|| match (self.0.pre, other.0.pre) {
                (Some(one), Some(two)) => compare(one, two),
                (one, two) => one.is_none().cmp(&two.is_none()),
            })
            .then_with(|| match (self.0.build, other.0.build) {
                (Some(one), Some(two)) => compare(one, two),
                (one, two) => one.is_some().cmp(&two.is_some()),
            })
    }
}

fn compare(left: &[u8], right: &[u8]) -> Ordering {
    identifiers::compare_by(left, right, |left, right| {
        let is_number =
            |one| number::is_number(one) && number::at_most(one, identifiers::LARGEST_I64);
        match (is_number(left), is_number(right)) {
            (true, true) => number::compare(left, right),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => left.cmp(right),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::super::laws::{ascending, equal, refused};

    const ORDER: Order = Order::Pub;

    #[test]
    fn builds_count() {
        ascending(
            ORDER,
            &[
                "2.0.0-dev.1",
                "2.0.0-dev.1+5",
                "2.0.0-dev.2",
                "2.0.0",
                "2.0.0+1",
                "2.0.0+1.1",
                "2.0.0+10",
                "2.0.0+hotfix",
                "2.0.1",
            ],
        );
        equal(ORDER, &["1.2.3-4", "01.2.03-04"]);
    }

    #[test]
    fn a_number_of_more_than_64_bits_is_a_word() {
        ascending(
            ORDER,
            &[
                "1.0.0-9223372036854775807",
                "1.0.0-10000000000000000000",
                "1.0.0-a",
            ],
        );
    }

    #[test]
    fn no_versions() {
        refused(
            ORDER,
            &[
                "",
                "1.2",
                "1.2.3.4",
                "v1.2.3",
                "1.2.3-",
                "1.2.3+",
                "9223372036854775808.0.0",
            ],
        );
    }
}
