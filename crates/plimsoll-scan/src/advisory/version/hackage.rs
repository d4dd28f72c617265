//! Hackage: the Package Versioning Policy (<https://pvp.haskell.org/>): numbers parted by dots, each
//! by its value; where one version continues another it is the greater, so that `1.0` comes before
//! `1.0.0`.
//!
//! Cabal refuses zeroes in front of numbers and numbers of more than nine digits; here they are
//! numbers like others.

use std::cmp::Ordering;

use super::{Parsed, Reason, number};

pub(super) struct Version<'a>(&'a [u8]);

impl<'a> Parsed<'a> for Version<'a> {
    fn parse(text: &'a str) -> Result<Self, Reason> {
        let text = text.as_bytes();
        if !text.split(|&byte| byte == b'.').all(number::is_number) {
            return Err("it is not numbers parted by dots");
        }
        Ok(Self(text))
    }

    fn compare(&self, other: &Self) -> Ordering {
        let dot = |byte: &u8| *byte == b'.';
        number::compare_lists(
            self.0.split(dot),
            other.0.split(dot),
            number::Longer::Greater,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::super::laws::{ascending, equal, refused};

    const ORDER: Order = Order::Hackage;

    #[test]
    fn numbers_one_by_one() {
        ascending(
            ORDER,
            &[
                "0.9",
                "1",
                "1.0",
                "1.0.0",
                "1.0.0.1",
                "1.2",
                "1.10",
                "99999999999999999999",
            ],
        );
        equal(ORDER, &["1.2", "1.02"]);
    }

    #[test]
    fn no_versions() {
        refused(ORDER, &["", ".", "1.", ".1", "1..2", "1.2-rc", "v1", "1.a"]);
    }
}
