//! Lists of identifiers parted by dots, as Semantic Versioning orders them (§11.4): numbers by
//! value and before words, words by their bytes, a list before what continues it.

use std::cmp::Ordering;

use super::number;

/// The largest number of 64 bits with a sign.
pub(super) const LARGEST_I64: &[u8] = b"9223372036854775807";

/// Whether every identifier has at least one letter, digit or hyphen, and nothing else.
pub(super) fn are_valid(list: &[u8]) -> bool {
    list.split(|&byte| byte == b'.').all(is_identifier)
}

/// As [`are_valid`], and numbers are written without leading zeroes.
pub(super) fn are_strict(list: &[u8]) -> bool {
    list.split(|&byte| byte == b'.')
        .all(|one| is_identifier(one) && !has_leading_zero(one))
}

fn is_identifier(one: &[u8]) -> bool {
    !one.is_empty() && one.iter().all(is_identifier_byte)
}

/// Letters, digits and the hyphen.
pub(super) fn is_identifier_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'-'
}

/// Whether this is a number with a zero before other digits.
pub(super) fn has_leading_zero(one: &[u8]) -> bool {
    one.len() > 1 && one[0] == b'0' && number::is_number(one)
}

/// Compares two lists, each identifier by the rules of Semantic Versioning.
pub(super) fn compare(left: &[u8], right: &[u8]) -> Ordering {
    compare_by(left, right, |left, right| {
        match (number::is_number(left), number::is_number(right)) {
            (true, true) => number::compare(left, right),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => left.cmp(right),
        }
    })
}

/// Compares two lists by `identifier`; where one ends first, it is the lesser.
pub(super) fn compare_by(
    left: &[u8],
    right: &[u8],
    identifier: impl Fn(&[u8], &[u8]) -> Ordering,
) -> Ordering {
    let mut left = left.split(|&byte| byte == b'.');
    let mut right = right.split(|&byte| byte == b'.');
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(left), Some(right)) => identifier(left, right),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Compares two words byte by byte, upper and lower case alike.
pub(super) fn compare_ignoring_case(left: &[u8], right: &[u8]) -> Ordering {
    let lower = u8::to_ascii_lowercase;
    left.iter().map(lower).cmp(right.iter().map(lower))
}
