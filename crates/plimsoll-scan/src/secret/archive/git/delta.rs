//! An object told by its difference from another (git's gitformat-pack(5), "Deltified
//! representation").

/// Puts an object together from its base and the difference. None where the difference is damaged,
/// is about another base, or gives more than `limit` bytes.
pub(super) fn apply(base: &[u8], mut delta: &[u8], limit: usize) -> Option<Vec<u8>> {
    let of = size(&mut delta)?;
    let gives = size(&mut delta)?;
    if of != base.len() || gives > limit {
        return None;
    }
    let mut out = Vec::with_capacity(gives);
    while let Some((&instruction, rest)) = delta.split_first() {
        delta = rest;
        let piece = match instruction {
            0 => return None,
            copy if copy & 0x80 != 0 => {
                let mut number = |bits: std::ops::Range<u8>| {
                    let mut number = 0_usize;
                    for (place, bit) in bits.enumerate() {
                        if copy & (1 << bit) != 0 {
                            let (&byte, rest) = delta.split_first()?;
                            delta = rest;
                            number |= usize::from(byte) << (8 * place);
                        }
                    }
                    Some(number)
                };
                let from = number(0..4)?;
                let length = match number(4..7)? {
                    0 => 0x10000,
                    length => length,
                };
                base.get(from..from.checked_add(length)?)?
            }
            length => {
                let (literal, rest) = delta.split_at_checked(usize::from(length))?;
                delta = rest;
                literal
            }
        };
        if out.len() + piece.len() > gives {
            return None;
        }
        out.extend_from_slice(piece);
    }
    (out.len() == gives).then_some(out)
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
