//! Hex: Elixir's `Version` (<https://hexdocs.pm/elixir/Version.html>), which is Semantic Versioning
//! 2.0.0 to the letter: three numbers, no sign in front, no zeroes in front of numbers.

use std::cmp::Ordering;

use super::{Parsed, Reason, semver};

pub(super) struct Version<'a>(semver::Version<'a>);

impl<'a> Parsed<'a> for Version<'a> {
    fn parse(text: &'a str) -> Result<Self, Reason> {
        semver::Version::strict(text.as_bytes()).map(Self)
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.0.compare(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::super::laws::{ascending, equal, refused};

    const ORDER: Order = Order::Hex;

    #[test]
    fn semantic_versions() {
        ascending(
            ORDER,
            &[
                "1.7.0-rc.0",
                "1.7.0-rc.1",
                "1.7.0",
                "1.7.10",
                "1.18446744073709551616.0",
            ],
        );
        equal(ORDER, &["1.7.0", "1.7.0+build"]);
    }

    #[test]
    fn nothing_loose() {
        refused(
            ORDER,
            &[
                "", "1.7", "1.7.0.1", "v1.7.0", "01.7.0", "1.7.0-01", "1.7.0-", "1.7.0rc1",
                " 1.7.0",
            ],
        );
    }
}
