//! An object told by its difference from another (git's gitformat-pack(5), "Deltified
//! representation").

/// Puts an object together from its base and the difference. None where the difference is damaged,
/// is about another base, or gives more than `limit` bytes: all of it is read before a byte is made, so
/// that no more is made than comes out.
pub(super) fn apply<'a>(base: &'a [u8], mut delta: &'a [u8], limit: usize) -> Option<Vec<u8>> {
    let of = size(&mut delta)?;
    let gives = size(&mut delta)?;
    if of != base.len() || gives > limit {
        return None;
    }
    let mut length = 0;
    let mut rest = delta;
    while !rest.is_empty() {
        length += piece(base, &mut rest)?.len();
        if length > gives {
            return None;
        }
    }
    if length != gives {
        return None;
    }
    let mut out = Vec::with_capacity(gives);
    while !delta.is_empty() {
        out.extend_from_slice(piece(base, &mut delta)?);
    }
    Some(out)
}

/// Takes an instruction; gives what it appends.
fn piece<'a>(base: &'a [u8], delta: &mut &'a [u8]) -> Option<&'a [u8]> {
    let mut byte = || {
        let (&byte, rest) = delta.split_first()?;
        *delta = rest;
        Some(byte)
    };
    match byte()? {
        0 => None,
        copy if copy & 0x80 != 0 => {
            let mut number = |bits: std::ops::Range<u8>| {
                let mut number = 0_usize;
                for (place, bit) in bits.enumerate() {
                    if copy & (1 << bit) != 0 {
                        number |= usize::from(byte()?) << (8 * place);
                    }
                }
                Some(number)
            };
            let from = number(0..4)?;
            let length = match number(4..7)? {
                0 => 0x10000,
                length => length,
            };
            base.get(from..from.checked_add(length)?)
        }
        length => {
            let (literal, rest) = delta.split_at_checked(usize::from(length))?;
            *delta = rest;
            Some(literal)
        }
    }
}

/// Takes a number in sevens of bits, the lowest first.
fn size(bytes: &mut &[u8]) -> Option<usize> {
    let mut number = 0_usize;
    for place in 0..5 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_and_literals() {
        let base = b"password = none\n";
        // 16 bytes to 15: eleven of the base, three new ones, its last.
        let delta = [16, 15, 0x90, 11, 3, b'a', b'b', b'c', 0x91, 15, 1];
        assert_eq!(apply(base, &delta, 100).unwrap(), b"password = abc\n");
    }

    #[test]
    fn damaged_ones_give_nothing() {
        let base = b"0123456789abcdef";
        for delta in [
            &[][..],
            &[16],
            &[15, 1, 1, b'a'],
            &[16, 2, 1, b'a'],
            &[16, 1, 2, b'a'],
            &[16, 1, 0],
            &[16, 1, 0x91, 16, 1],
            &[16, 1, 0x91],
            // A length that is not there is 65,536.
            &[16, 1, 0x81, 0],
            &[16, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, b'a'],
            &[0xff; 20],
        ] {
            assert_eq!(apply(base, delta, 100), None, "{delta:?}");
        }
        assert_eq!(apply(base, &[16, 2, 2, b'a', b'b'], 1), None);
        assert_eq!(apply(b"", &[0, 0], 1).unwrap(), b"");
    }
}
