//! The texts of SQLite databases: in a file the columns of a row lie without a gap between, so that no
//! mark would stand apart, and none would end where its column does (SQLite, "Database File Format").
//!
//! What is no row that is there stays as it is: what was deleted, and what of a long row lies in pages
//! of its own.

use crate::sqlite::{
    FILE_HEADER, INDEX_INTERIOR, INDEX_LEAF, MAGIC, TABLE_LEAF, column_length, local_length,
    page_sizes, varint,
};

/// Columns of one row that are taken apart.
const MAX_COLUMNS: usize = 2_000;

/// Takes a database apart, page by page, as it comes.
pub(super) struct Database {
    page: usize,
    /// Bytes of a page that hold content.
    usable: usize,
    is_first: bool,
    /// The beginning of a page.
    kept: Vec<u8>,
}

impl Database {
    /// Begins with the first bytes of a file; none where that is something else.
    pub(super) fn begin(head: &[u8]) -> Option<Self> {
        if !head.starts_with(MAGIC) {
            return None;
        }
        let (page, usable) = page_sizes(head).ok()?;
        Some(Self {
            page,
            usable,
            is_first: true,
            kept: Vec::new(),
        })
    }

    /// All of a file.
    pub(super) fn texts(bytes: &[u8]) -> Option<Vec<u8>> {
        Some(Self::begin(bytes)?.feed(bytes, true))
    }

    /// Takes the next bytes. Gives the texts of the pages that are whole with them, each followed by a
    /// line's end.
    pub(super) fn feed(&mut self, mut bytes: &[u8], last: bool) -> Vec<u8> {
        let mut texts = Vec::with_capacity(bytes.len() + bytes.len() / 8);
        if !self.kept.is_empty() {
            let missing = self.page - self.kept.len();
            let (here, rest) = bytes.split_at(missing.min(bytes.len()));
            self.kept.extend_from_slice(here);
            bytes = rest;
            if self.kept.len() == self.page {
                let page = std::mem::take(&mut self.kept);
                self.take(&page, &mut texts);
            }
        }
        let mut pages = bytes.chunks_exact(self.page);
        for page in &mut pages {
            self.take(page, &mut texts);
        }
        self.kept.extend_from_slice(pages.remainder());
        if last {
            texts.append(&mut self.kept);
        }
        texts
    }

    fn take(&mut self, page: &[u8], texts: &mut Vec<u8>) {
        let start = if self.is_first { FILE_HEADER } else { 0 };
        self.is_first = false;
        // The header is no text, and says that the file is none.
        let header = page.get(..start).unwrap_or_default();
        texts.extend_from_slice(header);
        let content = page.get(..self.usable).unwrap_or(page);
        let Some((kind, first, mut cells)) = cells(content, start) else {
            texts.extend_from_slice(page.get(start..).unwrap_or_default());
            return;
        };
        cells.sort_unstable();
        cells.dedup();
        let mut at = first;
        let mut here = Vec::new();
        // Rows lie side by side, and each column takes a byte at least to say what it is.
        let mut columns = content.len();
        for cell in cells {
            // One that begins in another is damaged.
            if cell < at {
                continue;
            }
            here.clear();
            let row = content.get(cell..).unwrap_or_default();
            let Some(length) = self.row(kind, row, &mut columns, &mut here) else {
                continue;
            };
            texts.extend_from_slice(content.get(at..cell).unwrap_or_default());
            texts.push(b'\n');
            texts.append(&mut here);
            at = cell + length;
        }
        texts.extend_from_slice(content.get(at..).unwrap_or_default());
        texts.push(b'\n');
    }

    /// The texts of the row that begins `cell`, as far as they lie in the page. Gives how long it is there.
    /// `columns` is how many more are taken apart.
    fn row(
        &self,
        kind: u8,
        cell: &[u8],
        columns: &mut usize,
        texts: &mut Vec<u8>,
    ) -> Option<usize> {
        let rest = match kind {
            // Where what comes before it lies.
            INDEX_INTERIOR => cell.get(4..)?,
            _ => cell,
        };
        let (length, mut rest) = varint(rest)?;
        if kind == TABLE_LEAF {
            (_, rest) = varint(rest)?;
        }
        let local = local_length(kind, usize::try_from(length).ok()?, self.usable);
        let record = rest.get(..local)?;
        let (header_length, types) = varint(record)?;
        let from = record.len() - types.len();
        let header_length = usize::try_from(header_length).ok()?;
        let mut types = record.get(from..header_length)?;
        let mut body = record.get(header_length..)?;
        for _ in 0..MAX_COLUMNS {
            if types.is_empty() || body.is_empty() {
                break;
            }
            *columns = columns.checked_sub(1)?;
            let (kind, others) = varint(types)?;
            types = others;
            // The rest of what is longer lies elsewhere.
            let (value, behind) = body.split_at(column_length(kind)?.min(body.len()));
            if kind >= 12 {
                texts.extend_from_slice(value);
                texts.push(b'\n');
            }
            body = behind;
        }
        Some(cell.len() - rest.len() + local)
    }
}

/// What a page is, where its header ends, and where its rows begin; none where it holds no columns.
fn cells(page: &[u8], start: usize) -> Option<(u8, usize, Vec<usize>)> {
    let header = page.get(start..start + 8)?;
    let first = match header[0] {
        TABLE_LEAF | INDEX_LEAF => start + 8,
        INDEX_INTERIOR => start + 12,
        _ => return None,
    };
    let count = usize::from(u16::from_be_bytes([header[3], header[4]]));
    let behind = first + 2 * count;
    let pointers = page.get(first..behind)?.chunks_exact(2);
    let cells = pointers.map(|at| usize::from(u16::from_be_bytes([at[0], at[1]])));
    Some((header[0], behind, cells.collect()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A database of one page with a table of these rows, none longer than 100 bytes.
    fn database(rows: &[Vec<&str>]) -> Vec<u8> {
        let mut page = vec![0; 4096];
        page[..16].copy_from_slice(MAGIC);
        page[16..18].copy_from_slice(&4096_u16.to_be_bytes());
        page[59] = 1;
        page[100] = TABLE_LEAF;
        page[103..105].copy_from_slice(&u16::try_from(rows.len()).unwrap().to_be_bytes());
        let mut end = page.len();
        for (at, row) in rows.iter().enumerate() {
            let types: Vec<u8> = row
                .iter()
                .map(|text| u8::try_from(text.len() * 2 + 13).unwrap())
                .collect();
            let text = row.concat();
            let mut cell = vec![
                u8::try_from(1 + types.len() + text.len()).unwrap(),
                u8::try_from(at + 1).unwrap(),
                u8::try_from(types.len() + 1).unwrap(),
            ];
            cell.extend(types);
            cell.extend(text.as_bytes());
            end -= cell.len();
            page[end..end + cell.len()].copy_from_slice(&cell);
            let pointer = 108 + 2 * at;
            page[pointer..pointer + 2].copy_from_slice(&u16::try_from(end).unwrap().to_be_bytes());
        }
        page
    }

    fn lines(texts: &[u8]) -> Vec<String> {
        let lines = texts.split(|byte| *byte == b'\n');
        let texts = lines.map(|line| String::from_utf8_lossy(line).into_owned());
        texts
            .filter(|line| !line.is_empty() && !line.contains('\0'))
            .collect()
    }

    #[test]
    fn columns_stand_apart() {
        let bytes = database(&[vec!["id", "token", "more"], vec!["a", "b"]]);
        let texts = Database::texts(&bytes).unwrap();
        assert_eq!(lines(&texts), ["a", "b", "id", "token", "more"]);
        // However it comes.
        for size in [1, 7, 60, 4095, 4096] {
            let mut database = Database::begin(&bytes).unwrap();
            let mut pieces = Vec::new();
            for piece in bytes.chunks(size) {
                pieces.extend(database.feed(piece, false));
            }
            pieces.extend(database.feed(b"", true));
            assert_eq!(pieces, texts, "{size}");
        }
        // What no row holds any more is still there.
        let mut deleted = bytes;
        deleted[104] = 1;
        let texts = String::from_utf8_lossy(&Database::texts(&deleted).unwrap()).into_owned();
        assert!(
            texts.contains("\ntoken\nmore\n") && texts.contains("ab"),
            "{texts:?}"
        );
        assert!(Database::texts(b"SQLite format 3 is a format").is_none());
    }

    #[test]
    fn tokens_between_columns_are_found() {
        use crate::secret::{Detector, Fingerprint, Searcher};

        let token = format!("{}{}", "glpat-", "aB3dE5gH7jK9mN1pQ2rS");
        let stored = database(&[vec!["bob", &token, "more1"]]);
        let mut long = stored.clone();
        // Longer than what is searched as a whole.
        long.resize(2 << 20, 0);
        for bytes in [&stored, &long] {
            let mut searcher = Searcher::new(Detector::shared(), u64::MAX);
            let mut search = searcher.file("srv/app/data.db", bytes.len() as u64);
            for piece in bytes.chunks(100_000) {
                search.feed(piece);
            }
            let found: Vec<_> = search
                .finish()
                .sightings
                .into_iter()
                .map(|one| (one.kind, one.fingerprint))
                .collect();
            let expected = Fingerprint::of(token.as_bytes());
            assert_eq!(
                found,
                [("gitlab-token".into(), expected)],
                "{}",
                bytes.len()
            );
        }
    }

    #[test]
    fn a_page_has_no_more_columns_than_bytes() {
        // A row of a thousand empty columns.
        let mut row = vec![0x87, 0x6b, 1, 0x87, 0x6a];
        row.resize(5 + 1_000, 12);
        row.push(b'x');
        let database = Database::begin(&database(&[])).unwrap();
        let mut left = 1_500;
        let mut texts = Vec::new();
        let length = database.row(TABLE_LEAF, &row, &mut left, &mut texts);
        assert_eq!((length, left), (Some(row.len()), 500));
        assert!(
            database
                .row(TABLE_LEAF, &row, &mut left, &mut texts)
                .is_none()
        );
        assert_eq!(left, 0);
    }

    proptest! {
        #[test]
        fn any_bytes_end(
            head in proptest::collection::vec(any::<u8>(), 100..200),
            bytes in proptest::collection::vec(any::<u8>(), 0..3_000),
            kind in prop_oneof![Just(INDEX_INTERIOR), Just(INDEX_LEAF), Just(TABLE_LEAF)],
        ) {
            let mut file = head;
            file[..16].copy_from_slice(MAGIC);
            file[16..18].copy_from_slice(&[2, 0]);
            file[20] = 0;
            file[56..60].copy_from_slice(&[0, 0, 0, 1]);
            file.extend(bytes);
            file.resize(file.len().max(512), 7);
            file[100] = kind;
            let texts = Database::texts(&file).unwrap();
            // Nothing is told twice.
            prop_assert!(texts.len() <= 3 * file.len() + 64);
        }
    }
}
