//! How the file is laid out. Numbers are little-endian; `varint` is LEB128 of at most 64 bits.
//!
//! ```text
//! header          magic, format version, length, date, snapshot id, table of sections, checksum
//! BODIES          one for each package: checksum, versions it has to do with, advisories
//! PACKAGES        hash table and names of packages, sorted by ecosystem and name
//! RECORDS         id, aliases, dates, severities of records, in groups with a checksum each
//! RECORD_INDEX    how many records there are, and where the groups end
//! DETAILS         what else records say, in zstd blocks
//! DETAIL_INDEX    for each block: its first record, end, unpacked length, checksum
//! TABLES          ecosystems, labels, severities: strings by number
//! SNAPSHOT        what the file was made of, as JSON
//! POCKETS         what security pockets of distributions hold, a zstd block each
//! POCKET_INDEX    whose they are, and where the blocks end
//! SCORES          EPSS: how likely flaws are to be exploited, by CVE number
//! EXPLOITED       flaws that are known to be exploited, by CVE number
//! RATINGS         severities of flaws that some databases do not rate and others do, by CVE number
//! ```
//!
//! Form 2 has no RATINGS; form 1 has no sections behind SNAPSHOT and a shorter header. Both are read as
//! if what they lack were empty.
//!
//! A package is found by the hash of its name and the number of its ecosystem; what advisories say
//! of it lies in one piece behind it. Records are numbered in the order of the first package that
//! each names, so that what is asked for together lies together.
//!
//! Checksums are XXH3 and guard against accidents: a section that is small is verified whole when
//! it is first used, a large one piece by piece. The snapshot id is the SHA-256 of all sections in
//! their order; [`Index::verify`](super::Index::verify) computes it again.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// How a file begins: no text, and a transfer that changes line ends is found out.
pub(crate) const MAGIC: [u8; 16] = *b"PLIMSOLL-OSV\r\n\x1a\n";

/// Raised with every change of the layout or of what a field means.
pub(crate) const VERSION: u32 = 3;

/// Earlier forms, which are still read: their header's length, and how many sections they have.
const EARLIER: [(usize, usize); 2] = [(FIRST_HEADER, 8), (HEADER, 12)];

pub(crate) const HEADER: usize = 512;
/// The header of the first form.
const FIRST_HEADER: usize = 256;
/// The header ends with its checksum.
const SUM: usize = 8;
const SECTION_TABLE: usize = 72;

/// The sections, in their order in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Bodies,
    Packages,
    Records,
    RecordIndex,
    Details,
    DetailIndex,
    Tables,
    Snapshot,
    Pockets,
    PocketIndex,
    Scores,
    Exploited,
    Ratings,
}

impl Section {
    pub(crate) const ALL: [Self; SECTIONS] = [
        Self::Bodies,
        Self::Packages,
        Self::Records,
        Self::RecordIndex,
        Self::Details,
        Self::DetailIndex,
        Self::Tables,
        Self::Snapshot,
        Self::Pockets,
        Self::PocketIndex,
        Self::Scores,
        Self::Exploited,
        Self::Ratings,
    ];
}

/// How many sections there are.
pub(crate) const SECTIONS: usize = 13;

const _: () = assert!(SECTION_TABLE + SECTIONS * 20 <= HEADER - SUM);

/// How many records one group of RECORDS holds.
pub(crate) const GROUP: u32 = 16;

/// Unpacked bytes after which a block of DETAILS ends.
pub(crate) const BLOCK: usize = 32 << 10;

/// Largest block that is unpacked: one record, and one pocket, can be larger than [`BLOCK`].
pub(crate) const MAX_BLOCK: usize = 64 << 20;

/// Where a section lies, and its checksum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) length: u64,
    pub(crate) sum: u32,
}

impl Place {
    /// That of a section that is not there.
    fn empty() -> Self {
        Self {
            sum: sum(&[]),
            ..Self::default()
        }
    }
}

/// What stands at the beginning of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) form: u32,
    pub(crate) length: u64,
    pub(crate) date: Option<i64>,
    pub(crate) snapshot: [u8; 32],
    pub(crate) sections: [Place; SECTIONS],
}

/// Why bytes are no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadHeader {
    Foreign,
    Version(u32),
    Damaged,
}

impl Header {
    pub(crate) fn write(&self) -> [u8; HEADER] {
        let mut out = Vec::with_capacity(HEADER);
        out.extend(MAGIC);
        out.extend(VERSION.to_le_bytes());
        out.extend((SECTIONS as u32).to_le_bytes());
        out.extend(self.length.to_le_bytes());
        out.extend(self.date.unwrap_or(i64::MIN).to_le_bytes());
        out.extend(self.snapshot);
        for place in &self.sections {
            out.extend(place.offset.to_le_bytes());
            out.extend(place.length.to_le_bytes());
            out.extend(place.sum.to_le_bytes());
        }
        out.resize(HEADER - SUM, 0);
        let sum = xxh3_64(&out);
        out.extend(sum.to_le_bytes());
        let mut header = [0; HEADER];
        header.copy_from_slice(&out);
        header
    }

    /// As an earlier form has it: without what is behind its sections.
    #[cfg(test)]
    pub(crate) fn write_earlier(&self, form: u32) -> Vec<u8> {
        let (length, sections) = EARLIER[form as usize - 1];
        let mut out = self.write().to_vec();
        let shorter = (HEADER - length) as u64;
        out.truncate(length - SUM);
        out[16..20].copy_from_slice(&form.to_le_bytes());
        out[20..24].copy_from_slice(&(sections as u32).to_le_bytes());
        out[24..32].copy_from_slice(&(self.length - shorter).to_le_bytes());
        for (number, place) in self.sections.iter().take(sections).enumerate() {
            let at = SECTION_TABLE + number * 20;
            out[at..at + 8].copy_from_slice(&(place.offset - shorter).to_le_bytes());
        }
        out[SECTION_TABLE + sections * 20..].fill(0);
        let sum = xxh3_64(&out);
        out.extend(sum.to_le_bytes());
        out
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, BadHeader> {
        let mut from = Reader::new(bytes);
        if from.bytes(MAGIC.len()) != Some(&MAGIC) {
            return Err(BadHeader::Foreign);
        }
        let form = from.u32().ok_or(BadHeader::Damaged)?;
        let earlier = || EARLIER.get(usize::try_from(form).ok()?.checked_sub(1)?);
        let (length, sections) = match earlier() {
            Some(earlier) => *earlier,
            None if form == VERSION => (HEADER, SECTIONS),
            None => return Err(BadHeader::Version(form)),
        };
        Self::fields(bytes, from, length, sections)
            .map(|header| Self { form, ..header })
            .ok_or(BadHeader::Damaged)
    }

    /// Reads what stands behind magic and version of a header that is `length` bytes long.
    fn fields(bytes: &[u8], mut from: Reader<'_>, length: usize, count: usize) -> Option<Self> {
        let header = bytes.get(..length - SUM)?;
        if u64_at(bytes, length - SUM)? != xxh3_64(header) || from.u32()? != count as u32 {
            return None;
        }
        let length = from.u64()?;
        let date = from.u64()?.cast_signed();
        let snapshot = from.bytes(32)?.try_into().ok()?;
        let mut sections = [Place::empty(); SECTIONS];
        for place in sections.get_mut(..count)? {
            *place = Place {
                offset: from.u64()?,
                length: from.u64()?,
                sum: from.u32()?,
            };
            if place.offset.checked_add(place.length)? > length {
                return None;
            }
        }
        Some(Self {
            form: VERSION,
            length,
            date: (date != i64::MIN).then_some(date),
            snapshot,
            sections,
        })
    }
}

/// The checksum of a piece.
pub(crate) fn sum(bytes: &[u8]) -> u32 {
    xxh3_64(bytes) as u32
}

/// The hash by which a package is found.
pub(crate) fn hash(ecosystem: u32, name: &str) -> u64 {
    xxh3_64_with_seed(name.as_bytes(), u64::from(ecosystem))
}

/// Reads what [`Writer`] wrote, never beyond the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'i> {
    bytes: &'i [u8],
}

impl<'i> Reader<'i> {
    pub(crate) fn new(bytes: &'i [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn rest(&self) -> &'i [u8] {
        self.bytes
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Option<&'i [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.bytes(4)?.try_into().ok()?))
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.bytes(8)?.try_into().ok()?))
    }

    pub(crate) fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        let mut shift = 0;
        loop {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
            shift += 7;
            if shift > 63 {
                return None;
            }
        }
    }

    pub(crate) fn varint32(&mut self) -> Option<u32> {
        u32::try_from(self.varint()?).ok()
    }

    /// How many things follow. Each takes at least one byte, so that a count can not claim more
    /// than there is.
    pub(crate) fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.varint()?).ok()?;
        (count <= self.bytes.len()).then_some(count)
    }

    pub(crate) fn text(&mut self) -> Option<&'i str> {
        let length = self.count()?;
        std::str::from_utf8(self.bytes(length)?).ok()
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self) -> Option<Vec<String>> {
        let count = self.count()?;
        let mut texts = Vec::with_capacity(count.min(64));
        for _ in 0..count {
            texts.push(self.text()?.to_owned());
        }
        Some(texts)
    }

    pub(crate) fn signed(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }
}

/// Appends what [`Reader`] reads.
pub(crate) trait Writer {
    fn varint(&mut self, value: u64);
    fn signed(&mut self, value: i64) {
        self.varint((value << 1 ^ value >> 63).cast_unsigned());
    }
    fn text(&mut self, text: &str);
    fn texts(&mut self, texts: &[String]) {
        self.varint(texts.len() as u64);
        for text in texts {
            self.text(text);
        }
    }
}

impl Writer for Vec<u8> {
    fn varint(&mut self, mut value: u64) {
        while value > 0x7f {
            self.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.push(value as u8);
    }

    fn text(&mut self, text: &str) {
        self.varint(text.len() as u64);
        self.extend(text.as_bytes());
    }
}

/// The number at a place in an array of four-byte numbers.
pub(crate) fn u32_in(array: &[u8], index: usize) -> Option<u32> {
    let at = index.checked_mul(4)?;
    let bytes = array.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(
        bytes.get(at..at.checked_add(8)?)?.try_into().ok()?,
    ))
}

/// Strings by number: their count, where each ends, their bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strings<'i> {
    count: usize,
    ends: &'i [u8],
    text: &'i [u8],
}

impl<'i> Strings<'i> {
    pub(crate) fn read(from: &mut Reader<'i>) -> Option<Self> {
        let count = usize::try_from(from.u32()?).ok()?;
        let ends = from.bytes(count.checked_mul(4)?)?;
        let length = match count.checked_sub(1) {
            Some(last) => usize::try_from(u32_in(ends, last)?).ok()?,
            None => 0,
        };
        let text = from.bytes(length)?;
        Some(Self { count, ends, text })
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn get(&self, index: usize) -> Option<&'i str> {
        std::str::from_utf8(self.get_bytes(index)?).ok()
    }

    pub(crate) fn get_bytes(&self, index: usize) -> Option<&'i [u8]> {
        let end = usize::try_from(u32_in(self.ends, index)?).ok()?;
        let start = match index.checked_sub(1) {
            Some(before) => usize::try_from(u32_in(self.ends, before)?).ok()?,
            None => 0,
        };
        self.text.get(start..end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_and_texts_come_back(values: Vec<u64>, signed: Vec<i64>, text: String) {
            let mut out = Vec::new();
            for value in &values {
                out.varint(*value);
            }
            for value in &signed {
                out.signed(*value);
            }
            out.text(&text);
            let mut from = Reader::new(&out);
            for value in &values {
                prop_assert_eq!(from.varint(), Some(*value));
            }
            for value in &signed {
                prop_assert_eq!(from.signed(), Some(*value));
            }
            prop_assert_eq!(from.text(), Some(text.as_str()));
            prop_assert!(from.rest().is_empty());
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let mut from = Reader::new(&bytes);
            while from.varint().is_some() {}
            let _ = Reader::new(&bytes).texts();
            let _ = Reader::new(&bytes).text();
            let _ = Header::read(&bytes);
            if let Some(strings) = Strings::read(&mut Reader::new(&bytes)) {
                for index in 0..strings.len() + 1 {
                    let _ = strings.get(index);
                }
            }
        }
    }

    #[test]
    fn a_number_that_does_not_fit_is_none() {
        assert_eq!(Reader::new(&[0xff; 9]).varint(), None);
        assert_eq!(Reader::new(&[0xff; 11]).varint(), None);
        let mut most = vec![0xff; 9];
        most.push(1);
        assert_eq!(Reader::new(&most).varint(), Some(u64::MAX));
        most[9] = 2;
        assert_eq!(Reader::new(&most).varint(), None);
    }

    #[test]
    fn a_header_tells_what_is_wrong_with_it() {
        let header = Header {
            form: VERSION,
            length: 1000,
            date: Some(-5),
            snapshot: [7; 32],
            sections: [Place {
                offset: 512,
                length: 488,
                sum: 9,
            }; SECTIONS],
        };
        let bytes = header.write();
        assert_eq!(Header::read(&bytes), Ok(header));
        for at in 0..HEADER {
            let mut broken = bytes;
            broken[at] ^= 1;
            let expected = match at {
                0..16 => BadHeader::Foreign,
                // An earlier form, whose checksum would be another.
                16 => BadHeader::Damaged,
                17..20 => BadHeader::Version(u32::from_le_bytes([
                    broken[16], broken[17], broken[18], broken[19],
                ])),
                _ => BadHeader::Damaged,
            };
            assert_eq!(Header::read(&broken), Err(expected), "byte {at}");
        }
        assert_eq!(Header::read(b""), Err(BadHeader::Foreign));
        assert_eq!(Header::read(&bytes[..100]), Err(BadHeader::Damaged));
    }
}
