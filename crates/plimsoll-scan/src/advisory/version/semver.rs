//! [Semantic Versioning 2.0.0](https://semver.org/spec/v2.0.0.html), for npm, crates.io and all
//! whose versions OSV calls semantic.
//!
//! Read as npm's `semver` does in its loose mode: signs in front (`v1.2.3`, `=1.2.3`), zeroes in
//! front of numbers, a pre-release without its hyphen (`1.2.3beta`). What goes beyond it:
//!
//! - There is no largest number and no longest version. npm refuses numbers above 2^53 and texts
//!   above 256 characters, and cannot tell larger numbers of a pre-release apart; the specification
//!   knows no bound.
//! - One number or two (`1.2`), and more than three, are versions too, as they are for OSV, whose
//!   old npm advisories have them, and for VS Code, Conan and GHC. What is missing is zero. In
//!   these, too, a pre-release may follow a dot (`3.0.RC3`). npm refuses them, or parts the digits of
//!   the third number and reads `1.2.34.5` as `1.2.3-4.5`.

use std::cmp::Ordering;

use super::{Parsed, Reason, identifiers, number};

pub(super) struct Version<'a> {
    /// Numbers parted by dots.
    pub(super) numbers: &'a [u8],
    pub(super) pre: Option<&'a [u8]>,
    pub(super) build: Option<&'a [u8]>,
}

impl<'a> Parsed<'a> for Version<'a> {
    fn parse(text: &'a str) -> Result<Self, Reason> {
        let mut rest = text.as_bytes().trim_ascii();
        number::take_while(&mut rest, |byte| {
            matches!(byte, b'v' | b'=') || byte.is_ascii_whitespace()
        });
        let (numbers, rest) = split_numbers(rest)?;
        let (rest, build) = split_build(rest)?;
        let pre = match rest {
            [] => None,
            // A hyphen that nothing or a dot follows is an identifier itself, as in npm.
            [b'-', pre @ ..] if pre.first().is_some_and(|first| *first != b'.') => Some(pre),
            [b'.', pre @ ..] => Some(pre),
            pre => Some(pre),
        };
        if pre.is_some_and(|pre| !identifiers::are_valid(pre)) {
            return Err("what follows its numbers is no list of letters, digits and hyphens");
        }
        Ok(Self {
            numbers,
            pre,
            build,
        })
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.compare_numbers(other)
            .then_with(|| self.compare_pre(other))
    }
}

impl<'a> Version<'a> {
    /// Reads what the specification allows and nothing else.
    pub(super) fn strict(text: &'a [u8]) -> Result<Self, Reason> {
        let (numbers, rest) = split_numbers(text)?;
        let mut count = 0;
        for number in numbers.split(is_dot) {
            count += 1;
            if identifiers::has_leading_zero(number) {
                return Err("a number in it begins with a zero");
            }
        }
        if count != 3 {
            return Err("it does not have three numbers");
        }
        let (rest, build) = split_build(rest)?;
        let pre = match rest {
            [] => None,
            [b'-', pre @ ..] if identifiers::are_strict(pre) => Some(pre),
            _ => return Err("what follows its numbers is no pre-release"),
        };
        Ok(Self {
            numbers,
            pre,
            build,
        })
    }

    pub(super) fn compare_numbers(&self, other: &Self) -> Ordering {
        number::compare_lists(
            self.numbers.split(is_dot),
            other.numbers.split(is_dot),
            number::Longer::Padded,
        )
    }

    pub(super) fn compare_pre(&self, other: &Self) -> Ordering {
        match (self.pre, other.pre) {
            (Some(one), Some(two)) => identifiers::compare(one, two),
            // What was released is newer than what came before the release.
            (one, two) => one.is_none().cmp(&two.is_none()),
        }
    }
}

fn is_dot(byte: &u8) -> bool {
    *byte == b'.'
}

/// Takes numbers parted by dots off the front; a dot that no digit follows stays.
pub(super) fn split_numbers(text: &[u8]) -> Result<(&[u8], &[u8]), Reason> {
    let mut rest = text;
    if number::take(&mut rest).is_empty() {
        return Err("it does not begin with a number");
    }
    while let [b'.', behind @ ..] = rest {
        let mut ahead = behind;
        if number::take(&mut ahead).is_empty() {
            break;
        }
        rest = ahead;
    }
    Ok((&text[..text.len() - rest.len()], rest))
}

/// Takes build metadata, which must be well formed, off the end.
pub(super) fn split_build(text: &[u8]) -> Result<(&[u8], Option<&[u8]>), Reason> {
    let Some(plus) = text.iter().position(|&byte| byte == b'+') else {
        return Ok((text, None));
    };
    let build = &text[plus + 1..];
    if !identifiers::are_valid(build) {
        return Err("its build metadata, behind the plus sign, is malformed");
    }
    Ok((&text[..plus], Some(build)))
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::super::laws::{ascending, equal, refused};

    const ORDER: Order = Order::Semver;

    #[test]
    fn pre_releases_by_identifier() {
        ascending(
            ORDER,
            &[
                "2.0.0-0",
                "2.0.0-1",
                "2.0.0-1.0",
                "2.0.0-10",
                "2.0.0--",
                "2.0.0-1a",
                "2.0.0-RC",
                "2.0.0-alpha",
                "2.0.0-alpha.1",
                "2.0.0-alpha.beta",
                "2.0.0-rc.9",
                "2.0.0-rc.10",
                "2.0.0",
                "2.0.1",
                "2.1.0",
                "10.0.0",
            ],
        );
    }

    #[test]
    fn loose_forms() {
        equal(
            ORDER,
            &[
                "1.2.3",
                "v1.2.3",
                "=1.2.3",
                " = v 1.2.3 ",
                "01.02.03",
                "1.2.3+build.5",
                "1.2.3.0",
            ],
        );
        equal(ORDER, &["1.2.3-beta", "1.2.3beta", "1.2.3-beta+x"]);
        equal(ORDER, &["1", "1.0", "v1.0.0"]);
        equal(ORDER, &["3.0.RC3", "3.0.0-RC3"]);
        ascending(
            ORDER,
            &["1.9.0b1", "1.9", "1.9.0.1", "1.9.1", "1.14", "100"],
        );
    }

    #[test]
    fn numbers_of_any_length() {
        ascending(
            ORDER,
            &[
                "9007199254740992.0.0-9007199254740992",
                "9007199254740992.0.0-9007199254740993",
                "18446744073709551616.0.0",
                "18446744073709551617.0.0",
            ],
        );
    }

    #[test]
    fn no_versions() {
        refused(
            ORDER,
            &[
                "",
                "v",
                "x",
                "latest",
                "~",
                "1.0.0-*",
                "1.0.0-a..b",
                "1.0.0-a.",
                "1.0.0+",
                "1.0.0+a+b",
                "1.0.0-é",
                "1.0.0 -a",
                "V1.0.0",
                "^1.0.0",
            ],
        );
    }
}
