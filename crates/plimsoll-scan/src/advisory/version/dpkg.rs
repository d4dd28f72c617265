//! dpkg: `[epoch:]upstream[-revision]`, by Debian Policy §5.6.12 and what `dpkg` does
//! (`deb-version(7)`).
//!
//! What `dpkg --compare-versions` only warns of and then compares is a version here too: another
//! character than the allowed ones, an upstream version without a digit in front. There are two
//! differences. The empty version, which dpkg puts before all, is refused, for it says nothing. And
//! bytes beyond ASCII are refused, for their place depends on the machine dpkg was built for.

use std::cmp::Ordering;

use super::{Parsed, Reason, number};

pub(super) struct Version<'a> {
    /// Digits; empty is zero.
    epoch: &'a [u8],
    upstream: &'a [u8],
    revision: &'a [u8],
}

impl<'a> Parsed<'a> for Version<'a> {
    fn parse(text: &'a str) -> Result<Self, Reason> {
        let text = text.as_bytes().trim_ascii();
        if text.is_empty() {
            return Err("it is empty");
        }
        if !text.iter().all(u8::is_ascii_graphic) {
            return Err("there is a character in it that is not printable ASCII");
        }
        let (epoch, rest) = match text.iter().position(|&byte| byte == b':') {
            Some(colon) => (epoch(&text[..colon])?, &text[colon + 1..]),
            None => (b"".as_slice(), text),
        };
        if rest.is_empty() {
            return Err("nothing follows the colon of its epoch");
        }
        let (upstream, revision) = match rest.iter().rposition(|&byte| byte == b'-') {
            Some(hyphen) if hyphen + 1 == rest.len() => return Err("its revision is empty"),
            Some(hyphen) => (&rest[..hyphen], &rest[hyphen + 1..]),
            None => (rest, b"".as_slice()),
        };
        if upstream.is_empty() {
            return Err("its upstream version is empty");
        }
        Ok(Self {
            epoch,
            upstream,
            revision,
        })
    }

    fn compare(&self, other: &Self) -> Ordering {
        number::compare(self.epoch, other.epoch)
            .then_with(|| compare_part(self.upstream, other.upstream))
            .then_with(|| compare_part(self.revision, other.revision))
    }
}

/// The largest epoch dpkg reads.
const LARGEST_EPOCH: &[u8] = b"2147483647";

fn epoch(text: &[u8]) -> Result<&[u8], Reason> {
    // dpkg reads it as C does: a sign may stand in front, so that `-0` is zero.
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if !number::is_number(digits) {
        return Err("its epoch, before the colon, is not a number");
    }
    if negative && !number::is_zero(digits) {
        return Err("its epoch is negative");
    }
    if !number::at_most(digits, LARGEST_EPOCH) {
        return Err("its epoch is too large");
    }
    Ok(digits)
}

/// Compares upstream versions or revisions: by turns what is no digits, byte for byte in dpkg's own
/// alphabet, and a number.
pub(super) fn compare_part(mut left: &[u8], mut right: &[u8]) -> Ordering {
    loop {
        loop {
            let (one, two) = (weight(left.first()), weight(right.first()));
            if one != two {
                return one.cmp(&two);
            }
            if one == END {
                break;
            }
            left = &left[1..];
            right = &right[1..];
        }
        if left.is_empty() && right.is_empty() {
            return Ordering::Equal;
        }
        let order = number::compare(number::take(&mut left), number::take(&mut right));
        if order.is_ne() {
            return order;
        }
    }
}

/// The weight of a digit, and of the end.
const END: u16 = 1;

/// A tilde comes before the end, the end before letters, letters before everything else.
fn weight(byte: Option<&u8>) -> u16 {
    match byte {
        Some(b'~') => 0,
        None => END,
        Some(byte) if byte.is_ascii_digit() => END,
        Some(byte) if byte.is_ascii_alphabetic() => u16::from(*byte),
        Some(byte) => u16::from(*byte) + 256,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Order;
    use super::super::laws::{ascending, equal, refused};

    const ORDER: Order = Order::Dpkg;

    #[test]
    fn tilde_end_letters_signs() {
        ascending(
            ORDER,
            &[
                "2.4~~", "2.4~~rc", "2.4~", "2.4~rc1", "2.4", "2.4a", "2.4+dfsg", "2.4.1", "2.4.10",
            ],
        );
    }

    #[test]
    fn epoch_before_upstream_before_revision() {
        ascending(
            ORDER,
            &["9.9-9", "1:0.1-1", "1:0.1-1+deb12u1", "1:0.1-1.1", "2:0"],
        );
        ascending(ORDER, &["7.88.1-10+deb12u4", "7.88.1-10+deb12u12"]);
        // The revision is what follows the last hyphen.
        ascending(ORDER, &["1.0-2-1", "1.0-10-0"]);
    }

    #[test]
    fn what_is_written_differently_and_the_same() {
        equal(
            ORDER,
            &["1.0", "0:1.0", "1.0-0", "01.00", " 1.0 ", "+0:1.0"],
        );
    }

    #[test]
    fn numbers_of_any_length() {
        ascending(
            ORDER,
            &[
                "1.18446744073709551615",
                "1.18446744073709551616",
                "1.99999999999999999999",
            ],
        );
    }

    #[test]
    fn no_versions() {
        refused(
            ORDER,
            &[
                "",
                " ",
                ":1",
                "a:1",
                "1:",
                "-1:1",
                "1-",
                "1:-1",
                "1 2",
                "1.0é",
                "2147483648:1",
            ],
        );
    }
}
