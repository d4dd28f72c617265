//! What readers of SQLite databases need of their form: sizes of pages, numbers of variable length,
//! where a row's bytes lie (SQLite, "Database File Format").

pub(crate) mod table;

/// How the file begins.
pub(crate) const MAGIC: &[u8] = b"SQLite format 3\0";

/// Bytes of the header of the file, before the first page's own.
pub(crate) const FILE_HEADER: usize = 100;

pub(crate) const INDEX_INTERIOR: u8 = 0x02;
pub(crate) const TABLE_INTERIOR: u8 = 0x05;
pub(crate) const INDEX_LEAF: u8 = 0x0a;
pub(crate) const TABLE_LEAF: u8 = 0x0d;

/// How long the pages of a database are, and how many bytes of each hold content.
///
/// # Errors
/// What is wrong with the header, or that its text is not UTF-8.
pub(crate) fn page_sizes(header: &[u8]) -> Result<(usize, usize), String> {
    let size = match header.get(16..18) {
        Some([0, 1]) => 65_536,
        Some([high, low]) => usize::from(u16::from_be_bytes([*high, *low])),
        _ => 0,
    };
    let reserved = usize::from(header.get(20).copied().unwrap_or(0));
    if !size.is_power_of_two() || size < 512 || size - reserved < 480 {
        return Err(format!("its pages are said to be {size} bytes long"));
    }
    if !matches!(header.get(56..60), Some([0, 0, 0, 0 | 1])) {
        return Err("its text is not UTF-8".to_owned());
    }
    Ok((size, size - reserved))
}

/// A variable-length integer of up to nine bytes, and what follows it.
pub(crate) fn varint(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let mut value: u64 = 0;
    for (index, byte) in bytes.iter().enumerate().take(9) {
        if index == 8 {
            value = value << 8 | u64::from(*byte);
        } else {
            value = value << 7 | u64::from(byte & 0x7f);
            if byte & 0x80 != 0 {
                continue;
            }
        }
        return Some((value.cast_signed(), &bytes[index + 1..]));
    }
    None
}

/// How much of a payload lies in a page of that kind itself ("B-tree Pages", rules for spilling).
pub(crate) fn local_length(kind: u8, length: usize, usable: usize) -> usize {
    let most = match kind {
        TABLE_LEAF => usable - 35,
        _ => (usable - 12) * 64 / 255 - 23,
    };
    if length <= most {
        return length;
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let wanted = least + (length - least) % (usable - 4);
    if wanted <= most { wanted } else { least }
}

/// How long a column of that type is ("Record Format"); none where there is no such type.
pub(crate) fn column_length(kind: i64) -> Option<usize> {
    let length = match kind {
        0 | 8 | 9 => 0,
        1..=4 => kind,
        5 => 6,
        6 | 7 => 8,
        12.. => (kind - 12) / 2,
        _ => return None,
    };
    usize::try_from(length).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_nine_bytes() {
        assert_eq!(varint(&[0x81, 0x00, 7]), Some((128, &[7_u8][..])));
        assert_eq!(varint(&[0xff; 9]), Some((-1, &[][..])));
        assert_eq!(varint(&[0xff; 8]), None);
    }
}
