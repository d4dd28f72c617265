//! The rows of a table of a SQLite database, read from its bytes (SQLite, "Database File Format").
//! Every page is looked at once at most, so a database that leads round in circles ends, and what it
//! gives is never longer than the file.

use super::{
    FILE_HEADER, TABLE_INTERIOR, TABLE_LEAF, column_length, local_length, page_sizes, varint,
};

/// One row of a table.
pub(crate) struct Row<'a> {
    pub(crate) id: i64,
    /// In pieces where it does not fit in a page.
    record: std::borrow::Cow<'a, [u8]>,
}

impl Row<'_> {
    /// Type and bytes of each column ("Record Format").
    pub(crate) fn columns(&self) -> Option<Vec<(i64, &[u8])>> {
        let record = &*self.record;
        let (length, _) = varint(record)?;
        let (header, mut body) = record.split_at_checked(usize::try_from(length).ok()?)?;
        let (_, mut header) = varint(header)?;
        let mut columns = Vec::new();
        while !header.is_empty() {
            let (kind, rest) = varint(header)?;
            header = rest;
            let (value, rest) = body.split_at_checked(column_length(kind)?)?;
            columns.push((kind, value));
            body = rest;
        }
        Some(columns)
    }
}

/// The pages of a database.
struct Pages<'a> {
    bytes: &'a [u8],
    size: usize,
    /// Bytes of a page that hold content.
    usable: usize,
    seen: Vec<bool>,
    /// Bytes that rows claimed so far; rows that overlap could claim more than there is.
    claimed: usize,
}

impl<'a> Pages<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, String> {
        let (size, usable) = page_sizes(bytes)?;
        Ok(Self {
            bytes,
            size,
            usable,
            seen: vec![false; bytes.len() / size + 1],
            claimed: 0,
        })
    }

    /// A page that was not asked for before; numbers begin with 1.
    fn take(&mut self, number: u32) -> Result<&'a [u8], String> {
        let index = (number as usize).checked_sub(1);
        let page = index.and_then(|index| {
            self.bytes
                .get(index.checked_mul(self.size)?..)?
                .get(..self.usable)
        });
        let (Some(index), Some(page)) = (index, page) else {
            return Err(format!("page {number} is not in the file"));
        };
        if std::mem::replace(&mut self.seen[index], true) {
            return Err(format!("page {number} is used twice"));
        }
        Ok(page)
    }

    /// Calls `row` for each row of the table whose root is `root`, until one fails; gives the first
    /// failure.
    fn table(
        &mut self,
        root: u32,
        row: &mut dyn FnMut(Row<'a>) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut pending = vec![root];
        let mut failure = Ok(());
        while let Some(number) = pending.pop() {
            // One bad page does not hide the others.
            if let Err(why) = self.table_page(number, &mut pending, row) {
                failure = failure.and(Err(why));
            }
        }
        failure
    }

    fn table_page(
        &mut self,
        number: u32,
        pending: &mut Vec<u32>,
        row: &mut dyn FnMut(Row<'a>) -> Result<(), String>,
    ) -> Result<(), String> {
        let page = self.take(number)?;
        let broken = || format!("page {number} is broken");
        let start = if number == 1 { FILE_HEADER } else { 0 };
        let header = page.get(start..start + 12).ok_or_else(broken)?;
        let kind = header[0];
        let cells = usize::from(u16::from_be_bytes([header[3], header[4]]));
        let (first, right) = match kind {
            TABLE_LEAF => (start + 8, None),
            TABLE_INTERIOR => (start + 12, number_at(header, 8)),
            _ => return Err(format!("page {number} is no page of a table")),
        };
        let pointers = page
            .get(first..first + 2 * cells)
            .ok_or_else(broken)?
            .chunks_exact(2)
            .map(|pair| usize::from(u16::from_be_bytes([pair[0], pair[1]])));
        if kind == TABLE_INTERIOR {
            let mut children: Vec<u32> = pointers
                .filter_map(|at| number_at(page, at))
                .chain(right)
                .collect();
            children.reverse();
            if pending.len() + children.len() > self.seen.len() {
                return Err(broken());
            }
            pending.extend(children);
            return Ok(());
        }
        let mut failure = Ok(());
        for at in pointers {
            let result = self
                .cell(page, at, number)
                .and_then(|found| found.map_or(Ok(()), &mut *row));
            failure = failure.and(result);
        }
        failure
    }

    /// The cell of a leaf, put together from its overflow pages.
    fn cell(&mut self, page: &'a [u8], at: usize, number: u32) -> Result<Option<Row<'a>>, String> {
        let broken = || format!("a cell of page {number} is broken");
        let cell = page.get(at..).ok_or_else(broken)?;
        let (length, cell) = varint(cell).ok_or_else(broken)?;
        let (id, cell) = varint(cell).ok_or_else(broken)?;
        let length = usize::try_from(length).map_err(|_| broken())?;
        self.claimed = self.claimed.saturating_add(length);
        if self.claimed > self.bytes.len() {
            return Err("its rows claim more than it holds".to_owned());
        }
        let local = local_length(TABLE_LEAF, length, self.usable);
        let (here, rest) = cell.split_at_checked(local).ok_or_else(broken)?;
        let mut blob = std::borrow::Cow::Borrowed(here);
        if local < length {
            let whole = blob.to_mut();
            let mut next = number_at(rest, 0).ok_or_else(broken)?;
            while whole.len() < length {
                let page = self.take(next)?;
                let (link, content) = page.split_at(4);
                let count = content.len().min(length - whole.len());
                whole.extend_from_slice(&content[..count]);
                next = number_at(link, 0).ok_or_else(broken)?;
            }
        }
        Ok(Some(Row { id, record: blob }))
    }
}

fn number_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A big-endian integer of a column.
fn integer((kind, bytes): (i64, &[u8])) -> Option<u64> {
    match kind {
        9 => Some(1),
        1..=6 => Some(
            bytes
                .iter()
                .fold(0, |value, byte| value << 8 | u64::from(*byte)),
        ),
        _ => None,
    }
}

/// Calls `row` for each row of the table of that name; gives whether there is one.
///
/// # Errors
/// What is wrong with the first thing that is; all that can be read is given all the same.
pub(crate) fn rows<'a>(
    bytes: &'a [u8],
    table: &str,
    row: &mut dyn FnMut(Row<'a>) -> Result<(), String>,
) -> Result<bool, String> {
    let mut pages = Pages::new(bytes)?;
    let mut root = None;
    pages.table(1, &mut |row| {
        let Some(columns) = row.columns() else {
            return Err("its schema is broken".to_owned());
        };
        if let [(_, b"table"), (_, name), _, number, ..] = columns.as_slice()
            && *name == table.as_bytes()
        {
            root = integer(*number).and_then(|root| u32::try_from(root).ok());
        }
        Ok(())
    })?;
    match root {
        Some(root) => pages.table(root, row).map(|()| true),
        None => Ok(false),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::sqlite::MAGIC;

    fn put_varint(mut value: u64, out: &mut Vec<u8>) {
        let mut bytes = vec![u8::try_from(value & 0x7f).unwrap()];
        value >>= 7;
        while value > 0 {
            bytes.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
            value >>= 7;
        }
        bytes.reverse();
        out.extend(bytes);
    }

    /// A record of texts, blobs and small integers.
    pub(crate) enum Value<'a> {
        Null,
        Text(&'a str),
        Blob(&'a [u8]),
        Byte(u8),
    }

    fn record(values: &[Value<'_>]) -> Vec<u8> {
        let mut kinds = Vec::new();
        let mut body: Vec<u8> = Vec::new();
        for value in values {
            let (kind, bytes): (u64, &[u8]) = match value {
                Value::Null => (0, b""),
                Value::Text(text) => (text.len() as u64 * 2 + 13, text.as_bytes()),
                Value::Blob(blob) => (blob.len() as u64 * 2 + 12, blob),
                Value::Byte(byte) => (1, std::slice::from_ref(byte)),
            };
            put_varint(kind, &mut kinds);
            body.extend(bytes);
        }
        let mut record = Vec::new();
        put_varint(kinds.len() as u64 + 1, &mut record);
        record.extend(kinds);
        record.extend(body);
        record
    }

    /// Lays cells out on a leaf page.
    fn leaf(size: usize, start: usize, cells: &[Vec<u8>]) -> Vec<u8> {
        let mut page = vec![0; size];
        page[start] = TABLE_LEAF;
        page[start + 3..start + 5]
            .copy_from_slice(&u16::try_from(cells.len()).unwrap().to_be_bytes());
        let mut end = size;
        for (index, cell) in cells.iter().enumerate() {
            end -= cell.len();
            page[end..end + cell.len()].copy_from_slice(cell);
            let at = start + 8 + 2 * index;
            page[at..at + 2].copy_from_slice(&u16::try_from(end).unwrap().to_be_bytes());
        }
        page
    }

    /// A database of pages of 512 bytes with one table: an interior root, a leaf for each row, and
    /// overflow pages where a row is long.
    pub(crate) fn database(table: &str, rows: &[Vec<Value<'_>>]) -> Vec<u8> {
        const SIZE: usize = 512;
        let mut pages: Vec<Vec<u8>> = Vec::new();
        let schema = record(&[
            Value::Text("table"),
            Value::Text(table),
            Value::Text(table),
            Value::Byte(2),
            Value::Text("CREATE TABLE …"),
        ]);
        let mut cell = Vec::new();
        put_varint(schema.len() as u64, &mut cell);
        cell.push(1);
        cell.extend(schema);
        let mut first = leaf(SIZE, FILE_HEADER, &[cell]);
        first[..16].copy_from_slice(MAGIC);
        first[16..18].copy_from_slice(&512_u16.to_be_bytes());
        first[59] = 1;
        pages.push(first);
        pages.push(Vec::new());
        let mut leaves = Vec::new();
        for (row, values) in rows.iter().enumerate() {
            let payload = record(values);
            let local = local_length(TABLE_LEAF, payload.len(), SIZE);
            let mut cell = Vec::new();
            put_varint(payload.len() as u64, &mut cell);
            put_varint(row as u64 + 1, &mut cell);
            cell.extend(&payload[..local]);
            let own = pages.len() + 1;
            if local < payload.len() {
                cell.extend(u32::try_from(own + 1).unwrap().to_be_bytes());
            }
            leaves.push(u32::try_from(own).unwrap());
            pages.push(leaf(SIZE, 0, &[cell]));
            let mut rest = &payload[local..];
            while !rest.is_empty() {
                let count = rest.len().min(SIZE - 4);
                let next = if count < rest.len() {
                    pages.len() + 2
                } else {
                    0
                };
                let mut page = u32::try_from(next).unwrap().to_be_bytes().to_vec();
                page.extend(&rest[..count]);
                page.resize(SIZE, 0);
                pages.push(page);
                rest = &rest[count..];
            }
        }
        let mut root = vec![0; SIZE];
        root[0] = TABLE_INTERIOR;
        let (last, others) = leaves.split_last().unwrap();
        root[3..5].copy_from_slice(&u16::try_from(others.len()).unwrap().to_be_bytes());
        root[8..12].copy_from_slice(&last.to_be_bytes());
        let mut end = SIZE;
        for (index, page) in others.iter().enumerate() {
            end -= 5;
            root[end..end + 4].copy_from_slice(&page.to_be_bytes());
            root[end + 4] = u8::try_from(index + 1).unwrap();
            let at = 12 + 2 * index;
            root[at..at + 2].copy_from_slice(&u16::try_from(end).unwrap().to_be_bytes());
        }
        pages[1] = root;
        pages.concat()
    }

    /// A table of blobs of these lengths.
    fn of_blobs(lengths: &[usize]) -> Vec<u8> {
        let blobs: Vec<Vec<u8>> = lengths.iter().map(|length| vec![1; *length]).collect();
        let rows = blobs.iter();
        let rows = rows.map(|blob| vec![Value::Null, Value::Blob(blob)]);
        database("t", &rows.collect::<Vec<_>>())
    }

    fn lengths(bytes: &[u8]) -> (Vec<(i64, usize)>, Result<bool, String>) {
        let mut found = Vec::new();
        let result = rows(bytes, "t", &mut |row| {
            found.push((row.id, row.columns().unwrap()[1].1.len()));
            Ok(())
        });
        (found, result)
    }

    #[test]
    fn rows_are_put_together_from_their_pages() {
        let bytes = of_blobs(&[10, 480, 5_000, 470]);
        let (found, result) = lengths(&bytes);
        assert_eq!(found, [(1, 10), (2, 480), (3, 5_000), (4, 470)]);
        assert_eq!(result, Ok(true));
        assert_eq!(rows(&bytes, "other", &mut |_| Ok(())), Ok(false));
    }

    #[test]
    fn circles_end_and_the_rest_is_read() {
        let mut bytes = of_blobs(&[10, 2_000]);
        // The first overflow page leads to itself.
        bytes[4 * 512..4 * 512 + 4].copy_from_slice(&5_u32.to_be_bytes());
        let (found, result) = lengths(&bytes);
        assert_eq!(found, [(1, 10)]);
        assert_eq!(result, Err("page 5 is used twice".to_owned()));
    }
}
