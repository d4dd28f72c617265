//! Texts in advisories that are no versions and can be read all the same: slips of the pen (Alpine's
//! `4.10-1-r1`, `1.7.5.-r1`), and npm's `1.2.0-*`, which is `1.2.0` with all that came before it.
//!
//! Of the first no more is taken than the leading numbers: where they differ from those of the other
//! version, whatever follows changes nothing. Where they do not, nobody knows.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{Order, number};

/// How `left` stands to `right`, of which one is no version at least; nothing where that could be read
/// in more than one way.
pub(super) fn compare(order: Order, left: &str, right: &str) -> Option<Ordering> {
    if order == Order::Semver
        && let Ok(found) = order.compare(&floating(left), &floating(right))
    {
        return Some(found);
    }
    let (left, right) = (numbers(left)?, numbers(right)?);
    let mut pairs = left.zip(right);
    pairs.find_map(|(left, right)| {
        // Alpine compares such as texts.
        let is_plain = |number: &[u8]| number.len() == 1 || !number.starts_with(b"0");
        match number::compare(left, right) {
            Ordering::Equal => None,
            found => Some((is_plain(left) && is_plain(right)).then_some(found)),
        }
    })?
}

/// The first of all pre-releases, where all are meant: nothing comes before a lone zero.
fn floating(text: &str) -> Cow<'_, str> {
    match text.strip_suffix("-*") {
        Some(release) => Cow::Owned(format!("{release}-0")),
        None => Cow::Borrowed(text),
    }
}

/// The leading numbers, parted by dots; nothing where there are fewer than two, since one alone may be
/// the year of a date, or where an epoch may stand before them.
fn numbers(text: &str) -> Option<impl Iterator<Item = &[u8]>> {
    if text.contains([':', '!']) {
        return None;
    }
    let bytes = text.as_bytes();
    let end = bytes
        .iter()
        .position(|byte| !byte.is_ascii_digit() && *byte != b'.');
    let lead = bytes.get(..end.unwrap_or(bytes.len()))?;
    let numbers = || {
        let pieces = lead.split(|byte| *byte == b'.');
        pieces.take_while(|piece| !piece.is_empty())
    };
    numbers().nth(1)?;
    Some(numbers())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn told(order: Order, left: &str, right: &str, expected: Option<Ordering>) {
        let found = |left, right| {
            order
                .compare_named(left, right)
                .ok()
                .map(|(found, _)| found)
        };
        assert_eq!(found(left, right), expected, "{left} {right}");
        assert_eq!(found(right, left), expected.map(Ordering::reverse));
    }

    #[test]
    fn what_differs_before_the_slip_is_told() {
        for (installed, told_in, expected) in [
            ("4.12.1-r0", "4.10-1-r1", Some(Ordering::Greater)),
            ("4.9.3-r0", "4.10-1-r1", Some(Ordering::Less)),
            ("4.10.0-r2", "4.10-1-r1", None),
            ("1.7.6-r0", "1.7.5.-r1", Some(Ordering::Greater)),
            ("1.7.5-r1", "1.7.5.-r1", None),
            ("10.2.32-r0", "10.2.22.r0", Some(Ordering::Greater)),
            ("1.05-r0", "1.1.-r0", None),
            ("58.1-r0", "57-1-r2", None),
        ] {
            told(Order::Apk, installed, told_in, expected);
        }
        told(Order::Pep440, "1.0.2", "2019-09-12", None);
        told(
            Order::Pep440,
            "0.3.0",
            "0.2.0-n653",
            Some(Ordering::Greater),
        );
        told(Order::Pep440, "1!0.1.0", "0.2.0-n653", None);
        told(Order::Semver, "1.0.0", "~", None);
        told(Order::Bitnami, "1.0.0", "nightly.2026-03-10.0", None);
    }

    #[test]
    fn a_floating_version_is_all_that_leads_to_it() {
        told(Order::Semver, "1.2.0", "1.2.0-*", Some(Ordering::Greater));
        told(
            Order::Semver,
            "1.2.0-beta.1",
            "1.2.0-*",
            Some(Ordering::Greater),
        );
        told(Order::Semver, "1.1.9", "1.2.0-*", Some(Ordering::Less));
        told(Order::Semver, "1.0.0-*", "1.2.0-*", Some(Ordering::Less));
        told(Order::Semver, "1.2.0", "*", None);
    }

    #[test]
    fn versions_are_compared_as_ever() {
        assert_eq!(
            Order::Semver.compare_named("1.0.0", "1.0.1"),
            Ok((Ordering::Less, false))
        );
        let huge = "9.".repeat(1 << 16) + "~";
        told(Order::Semver, "10.0.0", &huge, Some(Ordering::Greater));
    }
}
