//! Names of records and flaws, packed: most of an index's names are of two forms.

use super::format::{Reader, Writer};

const TEXT: u8 = 0;
const CVE: u8 = 1;
const GHSA: u8 = 2;
const CGA: u8 = 3;

/// The digits of GHSA and CGA names.
const ALPHABET: &[u8; 20] = b"23456789cfghjmpqrvwx";

/// Appends a name.
pub(crate) fn write(name: &str, out: &mut Vec<u8>) {
    if let Some((year, number)) = cve(name) {
        out.push(CVE);
        out.varint(year);
        out.varint(number);
    } else if let Some((kind, value)) = quads(name) {
        out.push(kind);
        out.varint(value);
    } else {
        out.push(TEXT);
        out.text(name);
    }
}

/// Longest name that is read, in bytes: none is written that is nearly as long.
const MAX_NAME: usize = 16 << 10;

/// Most names that are read of one sort: no more are written than a quarter.
const MAX_NAMES: usize = 4096;

/// Reads a name; nothing where it is damaged.
pub(crate) fn read(from: &mut Reader<'_>) -> Option<String> {
    match from.u8()? {
        TEXT => {
            let text = from.text()?;
            (text.len() <= MAX_NAME).then(|| text.to_owned())
        }
        CVE => {
            let (year, number) = (from.varint()?, from.varint()?);
            Some(format!("CVE-{year}-{number:04}"))
        }
        kind @ (GHSA | CGA) => {
            let mut value = from.varint()?;
            let mut digits = [0; 12];
            for digit in digits.iter_mut().rev() {
                *digit = ALPHABET[(value % 20) as usize];
                value /= 20;
            }
            let digits = std::str::from_utf8(&digits).ok()?;
            let prefix = if kind == GHSA { "GHSA" } else { "CGA" };
            let (first, rest) = digits.split_at(4);
            let (second, third) = rest.split_at(4);
            Some(format!("{prefix}-{first}-{second}-{third}"))
        }
        _ => None,
    }
}

/// Appends names.
pub(crate) fn write_all(names: &[String], out: &mut Vec<u8>) {
    out.varint(names.len() as u64);
    for name in names {
        write(name, out);
    }
}

/// Reads names.
pub(crate) fn read_all(from: &mut Reader<'_>) -> Option<Vec<String>> {
    let count = from.count().filter(|count| *count <= MAX_NAMES)?;
    let mut names = Vec::with_capacity(count.min(64));
    for _ in 0..count {
        names.push(read(from)?);
    }
    Some(names)
}

/// `CVE-2024-0001`, if it is written as it would be read back.
fn cve(name: &str) -> Option<(u64, u64)> {
    let (year, number) = name.strip_prefix("CVE-")?.split_once('-')?;
    let plain = |text: &str| {
        (4..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let padded = number.len() > 4 && number.starts_with('0');
    if !plain(year) || year.starts_with('0') || !plain(number) || padded {
        return None;
    }
    Some((year.parse().ok()?, number.parse().ok()?))
}

/// `GHSA-xxxx-xxxx-xxxx`, likewise.
fn quads(name: &str) -> Option<(u8, u64)> {
    let (kind, rest) = match name.strip_prefix("GHSA-") {
        Some(rest) => (GHSA, rest),
        None => (CGA, name.strip_prefix("CGA-")?),
    };
    let mut value = 0;
    let mut quads = 0;
    for quad in rest.split('-') {
        quads += 1;
        if quad.len() != 4 || quads > 3 {
            return None;
        }
        for byte in quad.bytes() {
            let digit = ALPHABET.iter().position(|known| *known == byte)?;
            value = value * 20 + digit as u64;
        }
    }
    (quads == 3).then_some((kind, value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn back(name: &str) -> (Option<String>, usize) {
        let mut out = Vec::new();
        write(name, &mut out);
        let mut from = Reader::new(&out);
        let read = read(&mut from);
        assert!(from.rest().is_empty());
        (read, out.len())
    }

    #[test]
    fn names_of_known_forms_are_short() {
        for (name, length) in [
            ("CVE-2024-0001", 4),
            ("CVE-1999-123456", 6),
            ("GHSA-rq3x-83w4-p28c", 9),
            ("CGA-38w3-955r-h6x9", 9),
            ("CVE-2024-00001", 16),
            ("CVE-2024-1", 12),
            ("CVE-02024-0001", 16),
            ("GHSA-rq3x-83w4", 16),
            ("GHSA-rq3x-83w4-p28c-p28c", 26),
            ("GHSA-rq3x-83w4-p28C", 21),
            ("", 2),
        ] {
            let (read, packed) = back(name);
            assert_eq!(
                (read.as_deref(), packed <= length),
                (Some(name), true),
                "{packed}"
            );
        }
    }

    proptest! {
        #[test]
        fn every_name_comes_back(
            name in prop_oneof![
                any::<String>(),
                "CVE-[0-9]{1,10}-[0-9]{1,10}",
                "(GHSA|CGA)-[2-9cfghjmpqrvwxa]{4}-[2-9cfghjmpqrvwx]{4}-[2-9cfghjmpqrvwx]{3,5}",
            ],
        ) {
            prop_assert_eq!(back(&name).0, Some(name));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let _ = read_all(&mut Reader::new(&bytes));
        }
    }
}
