//! Numbers of any length, as the decimal digits they are written with.

use std::cmp::Ordering;

/// Takes the digits `text` begins with off it.
pub(super) fn take<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    take_while(text, u8::is_ascii_digit)
}

/// Takes what `text` begins with off it, as long as it `belongs`.
pub(super) fn take_while<'a>(text: &mut &'a [u8], belongs: impl Fn(&u8) -> bool) -> &'a [u8] {
    let end = text
        .iter()
        .position(|byte| !belongs(byte))
        .unwrap_or(text.len());
    let (taken, rest) = text.split_at(end);
    *text = rest;
    taken
}

/// Without leading zeroes; zero is empty.
pub(super) fn significant(digits: &[u8]) -> &[u8] {
    let start = digits
        .iter()
        .position(|&digit| digit != b'0')
        .unwrap_or(digits.len());
    &digits[start..]
}

/// Compares two numbers; no digits at all are zero.
pub(super) fn compare(left: &[u8], right: &[u8]) -> Ordering {
    let (left, right) = (significant(left), significant(right));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

/// Whether the number is zero.
pub(super) fn is_zero(digits: &[u8]) -> bool {
    significant(digits).is_empty()
}

/// Whether this is a number, written with digits only.
pub(super) fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// Whether the number is at most `largest`, which is written without leading zeroes.
pub(super) fn at_most(digits: &[u8], largest: &[u8]) -> bool {
    compare(digits, largest).is_le()
}

/// Compares lists of numbers; where one is the beginning of the other, `missing` stands in for
/// what it lacks.
pub(super) fn compare_lists<'a>(
    mut left: impl Iterator<Item = &'a [u8]>,
    mut right: impl Iterator<Item = &'a [u8]>,
    longer: Longer,
) -> Ordering {
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (Some(left), Some(right)) => compare(left, right),
            (Some(left), None) => longer.against_nothing(left),
            (None, Some(right)) => longer.against_nothing(right).reverse(),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// What a list of numbers is that goes on where the other ends.
#[derive(Clone, Copy)]
pub(super) enum Longer {
    /// Greater, whatever follows.
    Greater,
    /// The missing numbers are zeroes.
    Padded,
}

impl Longer {
    fn against_nothing(self, number: &[u8]) -> Ordering {
        match self {
            Self::Greater => Ordering::Greater,
            Self::Padded if is_zero(number) => Ordering::Equal,
            Self::Padded => Ordering::Greater,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_decides_before_digits_and_zeroes_in_front_do_not_count() {
        assert_eq!(compare(b"9", b"10"), Ordering::Less);
        assert_eq!(compare(b"007", b"7"), Ordering::Equal);
        assert_eq!(compare(b"", b"000"), Ordering::Equal);
        assert_eq!(
            compare(b"340282366920938463463374607431768211456", b"9"),
            Ordering::Greater
        );
    }

    #[test]
    fn a_longer_list_is_greater_or_padded() {
        let short = || [b"1".as_slice()].into_iter();
        let long = || [b"1".as_slice(), b"0".as_slice()].into_iter();
        assert_eq!(
            compare_lists(short(), long(), Longer::Greater),
            Ordering::Less
        );
        assert_eq!(
            compare_lists(short(), long(), Longer::Padded),
            Ordering::Equal
        );
    }
}
