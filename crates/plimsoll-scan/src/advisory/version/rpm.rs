//! rpm: `[epoch:]version[-release]`, each compared as `rpmvercmp` does since rpm 4.15, which has
//! both `~` (before the end) and `^` (after the end, before anything else). See
//! <https://rpm-software-management.github.io/rpm/man/rpm-version.7>.
//!
//! No epoch is epoch zero. A version without a release comes before the same with one, as in rpm's
//! own comparison of whole versions; in a range of an advisory both sides have one.

use std::cmp::Ordering;

use super::{Parsed, Reason, number};

pub(super) struct Version<'a> {
    /// Digits; empty is zero.
    epoch: &'a [u8],
    version: &'a [u8],
    release: Option<&'a [u8]>,
}

impl<'a> Parsed<'a> for Version<'a> {
    fn parse(text: &'a str) -> Result<Self, Reason> {
        let mut rest = text.as_bytes();
        if rest.is_empty() {
            return Err("it is empty");
        }
        if rest.contains(&0) {
            return Err("there is a NUL byte in it");
        }
        let whole = rest;
        let digits = number::take(&mut rest);
        let (epoch, rest) = match rest {
            [b':', rest @ ..] => (digits, rest),
            _ => (b"".as_slice(), whole),
        };
        let (version, release) = match rest.iter().rposition(|&byte| byte == b'-') {
            Some(hyphen) => (&rest[..hyphen], Some(&rest[hyphen + 1..])),
            None => (rest, None),
        };
        Ok(Self {
            epoch,
            version,
            release,
        })
    }

    fn compare(&self, other: &Self) -> Ordering {
        number::compare(self.epoch, other.epoch)
            .then_with(|| compare_part(self.version, other.version))
            .then_with(|| match (self.release, other.release) {
                (Some(one), Some(two)) => compare_part(one, two),
                (one, two) => one.is_some().cmp(&two.is_some()),
            })
    }
}

/// Compares versions or releases, segment by segment; what parts segments does not count.
fn compare_part(mut left: &[u8], mut right: &[u8]) -> Ordering {
    loop {
        number::take_while(&mut left, |byte| !belongs(*byte));
        number::take_while(&mut right, |byte| !belongs(*byte));
        let (one, two) = (weight(left.first()), weight(right.first()));
        if one != two {
            return one.cmp(&two);
        }
        let order = match one {
            Weight::End => return Ordering::Equal,
            Weight::Tilde | Weight::Caret => {
                left = &left[1..];
                right = &right[1..];
                continue;
            }
            Weight::Letters => {
                let letters = u8::is_ascii_alphabetic;
                number::take_while(&mut left, letters).cmp(number::take_while(&mut right, letters))
            }
            Weight::Digits => number::compare(number::take(&mut left), number::take(&mut right)),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn belongs(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'~' || byte == b'^'
}

/// What a segment begins with, from the least to the greatest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Tilde,
    End,
    Caret,
    Letters,
    Digits,
}

fn weight(byte: Option<&u8>) -> Weight {
    match byte {
        None => Weight::End,
        Some(b'~') => Weight::Tilde,
        Some(b'^') => Weight::Caret,
        Some(byte) if byte.is_ascii_digit() => Weight::Digits,
        Some(_) => Weight::Letters,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::super::laws::{ascending, equal, refused};

    const ORDER: Order = Order::Rpm;

    #[test]
    fn tilde_end_caret_letters_digits() {
        ascending(
            ORDER,
            &[
                "3.2~rc1",
                "3.2",
                "3.2^20240101git",
                "3.2a",
                "3.2.1",
                "3.2.9",
                "3.2.10",
            ],
        );
        ascending(ORDER, &["1.0~rc1^git1", "1.0", "1.0^git1~pre", "1.0^git1"]);
    }

    #[test]
    fn epoch_version_release() {
        ascending(
            ORDER,
            &[
                "9-1",
                "1:0.9-1.el9",
                "1:0.9-1.el9_2.3",
                "1:0.9-12.el9",
                "2:0",
            ],
        );
        ascending(ORDER, &["1.0", "1.0-0"]);
        // The kernel's releases: digits are newer than letters.
        ascending(ORDER, &["5.14.0-70.el9", "5.14.0-70.13.1.el9_0"]);
    }

    #[test]
    fn separators_do_not_count() {
        equal(
            ORDER,
            &["1.0", "1_0", "1..0", "1.0.", "0:1.0", ":1.0", "01.00"],
        );
    }

    #[test]
    fn no_versions() {
        refused(ORDER, &["", "1\0"]);
    }
}
