//! rpm's older database, `Packages`: a hash table of Berkeley DB (libdb, `src/dbinc/db_page.h`).
//! Its numbers have the order of bytes of the machine that wrote it. The pages of the table are
//! read one after the other; how keys are hashed does not matter.

/// What stands at byte 12 of a hash table.
const MAGIC: u32 = 0x0006_1561;

/// Bytes of the header of a page.
const PAGE_HEADER: usize = 26;

/// Types of pages: a table's, as older and newer versions write it, and what overflows.
const UNSORTED: u8 = 2;
const SORTED: u8 = 13;
const OVERFLOW: u8 = 7;

/// Types of items: bytes that lie here, and bytes that lie on overflow pages.
const HERE: u8 = 1;
const ELSEWHERE: u8 = 3;

/// Whether a file is such a database.
pub(super) fn is_database(bytes: &[u8]) -> bool {
    bytes
        .get(12..16)
        .and_then(<[u8]>::first_chunk)
        .is_some_and(|magic: &[u8; 4]| {
            u32::from_le_bytes(*magic) == MAGIC || u32::from_be_bytes(*magic) == MAGIC
        })
}

/// The pages of a database.
struct Pages<'a> {
    bytes: &'a [u8],
    size: usize,
    big_endian: bool,
    /// Overflow pages that were read.
    seen: Vec<bool>,
    /// Bytes that items claimed so far; items that overlap could claim more than there is.
    claimed: usize,
}

impl<'a> Pages<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, String> {
        let mut pages = Self {
            bytes,
            size: 0,
            big_endian: bytes.get(12) == Some(&0),
            seen: Vec::new(),
            claimed: 0,
        };
        let size = pages.number(bytes, 20).unwrap_or(0) as usize;
        if !size.is_power_of_two() || !(512..=65_536).contains(&size) {
            return Err(format!("its pages are said to be {size} bytes long"));
        }
        if bytes.get(24).is_some_and(|cipher| *cipher != 0) {
            return Err("it is encrypted".to_owned());
        }
        pages.size = size;
        pages.seen = vec![false; bytes.len() / size];
        Ok(pages)
    }

    fn number(&self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(if self.big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }

    fn short(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(usize::from(if self.big_endian {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        }))
    }

    /// The values of the items of a page of the table: every other item, behind its key.
    fn values(&mut self, page: &'a [u8], header: &mut dyn FnMut(&[u8])) -> Option<()> {
        let items = self.short(page, 20)?;
        for item in (1..items).step_by(2) {
            let at = self.short(page, PAGE_HEADER + 2 * item)?;
            match *page.get(at)? {
                HERE => {
                    // Items lie from the end of the page downwards.
                    let end = self.short(page, PAGE_HEADER + 2 * (item - 1))?;
                    let value = page.get(at + 1..end)?;
                    self.claimed += value.len();
                    if self.claimed > self.bytes.len() {
                        return None;
                    }
                    // The number of the next package is kept under a key of its own.
                    if super::header::is_header(value) {
                        header(value);
                    }
                }
                ELSEWHERE => {
                    let first = self.number(page, at + 4)?;
                    let length = self.number(page, at + 8)? as usize;
                    header(&self.overflow(first, length)?);
                }
                _ => {}
            }
        }
        Some(())
    }

    fn overflow(&mut self, first: u32, length: usize) -> Option<Vec<u8>> {
        let mut value = Vec::new();
        let mut next = first;
        while value.len() < length {
            let index = next as usize;
            // No page twice: a chain that leads round in circles ends.
            if std::mem::replace(self.seen.get_mut(index)?, true) {
                return None;
            }
            let page = &self.bytes[index * self.size..][..self.size];
            if page[25] != OVERFLOW {
                return None;
            }
            // Where free space begins on other pages, here the length of the content stands.
            let content = page.get(PAGE_HEADER..PAGE_HEADER + self.short(page, 22)?)?;
            value.extend_from_slice(content);
            next = self.number(page, 16)?;
        }
        value.truncate(length);
        Some(value)
    }
}

/// Calls `header` with each package.
///
/// # Errors
/// What is wrong with the first thing that is; all that can be read is given all the same.
pub(super) fn packages(bytes: &[u8], header: &mut dyn FnMut(&[u8])) -> Result<(), String> {
    let mut pages = Pages::new(bytes)?;
    let mut failure = Ok(());
    if !bytes.len().is_multiple_of(pages.size) {
        failure = Err("it ends in the middle of a page".to_owned());
    }
    for (number, page) in bytes.chunks_exact(pages.size).enumerate().skip(1) {
        if matches!(page[25], SORTED | UNSORTED) && pages.values(page, header).is_none() {
            failure = failure.and(Err(format!("page {number} is broken")));
        }
    }
    failure
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A database of pages of 512 bytes: one page of the table, and overflow pages for what is
    /// longer than a few bytes.
    pub(in crate::catalogue::rpm) fn database(blobs: &[Vec<u8>], big_endian: bool) -> Vec<u8> {
        const SIZE: usize = 512;
        let long = |number: u32| {
            if big_endian {
                number.to_be_bytes()
            } else {
                number.to_le_bytes()
            }
        };
        let short = |number: usize| {
            let number = u16::try_from(number).unwrap();
            if big_endian {
                number.to_be_bytes()
            } else {
                number.to_le_bytes()
            }
        };
        let mut meta = vec![0; SIZE];
        meta[12..16].copy_from_slice(&long(MAGIC));
        meta[20..24].copy_from_slice(&long(512));
        meta[25] = 8;
        let mut table = vec![0; SIZE];
        table[25] = SORTED;
        table[20..22].copy_from_slice(&short(blobs.len() * 2 + 2));
        let mut overflow: Vec<Vec<u8>> = Vec::new();
        let mut end = SIZE;
        let mut items: Vec<Vec<u8>> = vec![vec![HERE, 0, 0, 0, 0], vec![HERE, 9, 0, 0, 0]];
        for (index, blob) in blobs.iter().enumerate() {
            let mut key = vec![HERE];
            key.extend(long(u32::try_from(index + 1).unwrap()));
            items.push(key);
            if blob.len() < 120 {
                items.push([&[HERE], blob.as_slice()].concat());
                continue;
            }
            let mut item = vec![ELSEWHERE, 0, 0, 0];
            item.extend(long(u32::try_from(overflow.len() + 2).unwrap()));
            item.extend(long(u32::try_from(blob.len()).unwrap()));
            items.push(item);
            let pieces: Vec<&[u8]> = blob.chunks(SIZE - PAGE_HEADER).collect();
            for (at, piece) in pieces.iter().enumerate() {
                let mut page = vec![0; SIZE];
                page[25] = OVERFLOW;
                if at + 1 < pieces.len() {
                    let next = u32::try_from(overflow.len() + 3).unwrap();
                    page[16..20].copy_from_slice(&long(next));
                }
                page[22..24].copy_from_slice(&short(piece.len()));
                page[PAGE_HEADER..PAGE_HEADER + piece.len()].copy_from_slice(piece);
                overflow.push(page);
            }
        }
        for (index, item) in items.iter().enumerate() {
            end -= item.len();
            table[end..end + item.len()].copy_from_slice(item);
            let at = PAGE_HEADER + 2 * index;
            table[at..at + 2].copy_from_slice(&short(end));
        }
        [meta, table, overflow.concat()].concat()
    }

    #[test]
    fn tables_of_both_orders_are_read() {
        let small = super::super::header::tests::package("s", 0);
        let long = super::super::header::tests::package("l", 3_000);
        for big_endian in [false, true] {
            let bytes = database(&[long.clone(), small.clone()], big_endian);
            assert!(is_database(&bytes));
            let mut found = Vec::new();
            assert_eq!(
                packages(&bytes, &mut |blob| found.push(blob.to_vec())),
                Ok(())
            );
            assert_eq!(found, [long.clone(), small.clone()]);
        }
    }

    #[test]
    fn circles_end() {
        let mut bytes = database(&[vec![0; 3_000]], false);
        // The first overflow page leads to itself.
        bytes[2 * 512 + 16] = 2;
        let mut count = 0;
        assert_eq!(
            packages(&bytes, &mut |_| count += 1),
            Err("page 1 is broken".to_owned())
        );
        assert_eq!(count, 0);
    }
}
