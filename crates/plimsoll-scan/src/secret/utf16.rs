//! Texts of two bytes a letter.

/// How two bytes make a letter, where a text begins with the mark that says so (Unicode 16, 23.8).
pub(super) fn utf16_order(bytes: &[u8]) -> Option<fn([u8; 2]) -> u16> {
    match bytes {
        // What follows in UTF-32 are zeros.
        [0xff, 0xfe, a, b, ..] if (*a, *b) != (0, 0) => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
        // Without the mark: letters that all have an empty half.
        [a, 0, ..] if *a != 0 && half_empty(bytes, 1) => Some(u16::from_le_bytes),
        [0, a, ..] if *a != 0 && half_empty(bytes, 0) => Some(u16::from_be_bytes),
        _ => None,
    }
}

/// Whether the beginning is letters, of which every byte at this place of two is zero.
fn half_empty(bytes: &[u8], place: usize) -> bool {
    let (pairs, _) = bytes[..bytes.len().min(256)].as_chunks::<2>();
    pairs.len() >= 16
        && pairs.iter().all(|pair| {
            let letter = pair[1 - place];
            pair[place] == 0 && (letter.is_ascii_graphic() || letter.is_ascii_whitespace())
        })
}

/// A text in UTF-16, as Windows writes it.
pub(super) fn utf16_text(bytes: &[u8]) -> Option<String> {
    let order = utf16_order(bytes)?;
    let marked = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    let (pairs, _) = bytes[if marked { 2 } else { 0 }..].as_chunks::<2>();
    let text: String = char::decode_utf16(pairs.iter().map(|pair| order(*pair)))
        .map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    (!text.contains('\0')).then_some(text)
}
