//! CRAN and Bioconductor: numbers parted by dots and hyphens, as R's `compareVersion` orders them:
//! where one version continues another it is the greater, so that `1.0` comes before `1.0-0`. What
//! is a version at all, R's `numeric_version` says.
//!
//! R cannot compare numbers of more than 31 bits; here they are numbers like others.

use std::cmp::Ordering;

use super::{Parsed, Reason, number};

pub(super) struct Version<'a>(&'a [u8]);

impl<'a> Parsed<'a> for Version<'a> {
    fn parse(text: &'a str) -> Result<Self, Reason> {
        let text = text.as_bytes();
        if !text.split(is_separator).all(number::is_number) {
            return Err("it is not numbers parted by dots or hyphens");
        }
        Ok(Self(text))
    }

    fn compare(&self, other: &Self) -> Ordering {
        number::compare_lists(
            self.0.split(is_separator),
            other.0.split(is_separator),
            number::Longer::Greater,
        )
    }
}

fn is_separator(byte: &u8) -> bool {
    matches!(byte, b'.' | b'-')
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::super::laws::{ascending, equal, refused};

    const ORDER: Order = Order::Cran;

    #[test]
    fn dots_and_hyphens_alike() {
        ascending(
            ORDER,
            &["0.9", "1.0", "1.0-0", "1.0.0.1", "1.0-1", "1.9", "1.10-2"],
        );
        equal(ORDER, &["1.2.3", "1.2-3", "1-2-3", "01.2.3"]);
    }

    #[test]
    fn no_versions() {
        refused(ORDER, &["", "1.", "1..2", "1.-2", "1.a", " 1.0", "-1"]);
    }
}
