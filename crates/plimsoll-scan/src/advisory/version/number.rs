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
    let lengths = left.len().cmp(&right.len());
    // Nearly all are so short: a comparison of slices is a call into the C library.
    lengths.then_with(|| match left.len() <= size_of::<u64>() {
        true => word(left).cmp(&word(right)),
        false => left.cmp(right),
    })
}

/// Some bytes, as many as a word has at most, as one number: of words of one length it has the order
/// of their bytes.
fn word(bytes: &[u8]) -> u64 {
    let bytes = bytes.iter();
    bytes.fold(0, |word, byte| word << 8 | u64::from(*byte))
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
    use proptest::prelude::*;

    use super::*;

    /// The comparison in words that nobody can get wrong.
    fn plainly(left: &[u8], right: &[u8]) -> Ordering {
        let bare = |digits: &[u8]| {
            let digits = String::from_utf8(digits.to_vec()).unwrap();
            digits.trim_start_matches('0').to_owned()
        };
        let (left, right) = (bare(left), bare(right));
        left.len().cmp(&right.len()).then(left.cmp(&right))
    }

    proptest! {
        #[test]
        fn numbers_of_any_length_have_the_order_of_numbers(
            left in "0{0,3}[0-9]{0,20}",
            right in "0{0,3}[0-9]{0,20}",
            same in "[0-9]{7,10}",
            (one, other) in ("[0-9]{0,2}", "[0-9]{0,2}"),
        ) {
            // Numbers about as long as a word, and much alike.
            let (near, next) = (format!("{same}{one}"), format!("{same}{other}"));
            for (left, right) in [(&left, &right), (&near, &next), (&left, &near)] {
                let (left, right) = (left.as_bytes(), right.as_bytes());
                prop_assert_eq!(compare(left, right), plainly(left, right));
                prop_assert_eq!(compare(right, left), plainly(right, left));
                if let (Ok(a), Ok(b)) = (
                    std::str::from_utf8(left).unwrap().parse::<u128>(),
                    std::str::from_utf8(right).unwrap().parse::<u128>(),
                ) {
                    prop_assert_eq!(compare(left, right), a.cmp(&b));
                }
            }
        }
    }

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
