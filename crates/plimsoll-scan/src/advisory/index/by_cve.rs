//! Two numbers for each of many flaws, found by CVE number.
//!
//! ```text
//! count u32 · CVE number u64… · first u32… · second u32…
//! ```
//!
//! In the order of the CVE numbers.

use super::format::{Reader, u32_in, u64_at};

/// Writes what [`ByCve`] reads.
pub(crate) fn write(rows: impl ExactSizeIterator<Item = (u64, u32, u32)> + Clone) -> Vec<u8> {
    let mut out = Vec::with_capacity(4 + rows.len() * 16);
    out.extend((rows.len() as u32).to_le_bytes());
    for (cve, _, _) in rows.clone() {
        out.extend(cve.to_le_bytes());
    }
    for (_, first, _) in rows.clone() {
        out.extend(first.to_le_bytes());
    }
    for (_, _, second) in rows {
        out.extend(second.to_le_bytes());
    }
    out
}

/// The numbers, as they lie in the file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ByCve<'i> {
    numbers: &'i [u8],
    first: &'i [u8],
    second: &'i [u8],
}

impl<'i> ByCve<'i> {
    pub(crate) fn read(bytes: &'i [u8]) -> Option<Self> {
        let mut from = Reader::new(bytes);
        let count = usize::try_from(from.u32()?).ok()?;
        Some(Self {
            numbers: from.bytes(count.checked_mul(8)?)?,
            first: from.bytes(count.checked_mul(4)?)?,
            second: from.bytes(count.checked_mul(4)?)?,
        })
    }

    /// The numbers of a flaw.
    pub(crate) fn of(&self, cve: u64) -> Option<(u32, u32)> {
        let (mut low, mut high) = (0, self.numbers.len() / 8);
        while low < high {
            let middle = low.midpoint(high);
            if u64_at(self.numbers, middle.checked_mul(8)?)? < cve {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if u64_at(self.numbers, low.checked_mul(8)?)? != cve {
            return None;
        }
        Some((u32_in(self.first, low)?, u32_in(self.second, low)?))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_found(known: BTreeMap<u64, (u32, u32)>, other: u64) {
            let rows: Vec<(u64, u32, u32)> =
                known.iter().map(|(cve, (first, second))| (*cve, *first, *second)).collect();
            let bytes = write(rows.iter().copied());
            let read = ByCve::read(&bytes).unwrap();
            for cve in known.keys().copied().chain([other]) {
                prop_assert_eq!(read.of(cve), known.get(&cve).copied());
            }
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, cve: u64) {
            if let Some(read) = ByCve::read(&bytes) {
                let _ = read.of(cve);
            }
        }
    }
}
