//! Reads all that an index has. Checksums tell that a file is what somebody made; whether every piece of
//! it can be read, when it is asked for, they do not.

use super::blocks::{Blocks, Unpacker};
use super::format::{Section, u32_in};
use super::{Index, IndexError, between};
use crate::advisory::RecordId;

/// Work that each byte of a file is good for: what is read, unpacked and passed over. Pieces that lie in
/// each other, or unpack to very much, are more than that.
const WORK_OF_BYTE: u64 = 64;
/// The same that any file is good for.
const LEAST_WORK: u64 = 64 << 20;

impl Index {
    /// As [`Index::verify`], and reads every piece as judging would: an index that passes answers
    /// whatever is asked of it.
    ///
    /// # Errors
    /// It was changed since it was made, or whoever made it made it so that a piece cannot be read.
    pub fn verify_whole(&self) -> Result<(), IndexError> {
        self.verify()?;
        for pocket in self.pockets()? {
            self.each_package(&pocket, &mut |_| {})?;
        }
        if let Some(scores) = self.scores()? {
            let _ = scores.of(0);
        }
        self.exploited()?;
        let ratings = self.ratings()?;
        self.rating(&ratings, 0)?;
        let mut work = Work {
            left: LEAST_WORK.saturating_add(self.header.length.saturating_mul(WORK_OF_BYTE)),
        };
        let records = u32_in(self.section(Section::RecordIndex)?, 0);
        let records = records.ok_or_else(|| self.damaged("a record"))?;
        self.read_bodies(records, &mut work)?;
        let blocks = Blocks {
            index: self.section(Section::DetailIndex)?,
        };
        let mut unpacker = Unpacker::default();
        for number in 0..records {
            let first = blocks.of(number).and_then(|block| blocks.first(block));
            let passed_over = number.saturating_sub(first.unwrap_or(0));
            work.take(self, u64::from(passed_over))?;
            let (_, read) = self.sized_record(RecordId(number))?;
            let before = unpacker.unpacked();
            let (_, size) = self.sized_details(RecordId(number), &mut unpacker)?;
            let unpacked = unpacker.unpacked().saturating_sub(before);
            work.take(self, unpacked.saturating_add((read + size) as u64))?;
        }
        Ok(())
    }

    /// What is said of packages: every one has a name, and speaks of records that are there.
    fn read_bodies(&self, records: u32, work: &mut Work) -> Result<(), IndexError> {
        let packages = self.packages()?;
        let (names, bodies) = (packages.names, self.place(Section::Bodies));
        for key in 0..packages.name_ends.len() / 4 {
            let name = between(packages.name_ends, key, names);
            if name.is_none_or(|name| std::str::from_utf8(name).is_err()) {
                return Err(self.damaged("its table of packages"));
            }
            let body = between(packages.body_ends, key, bodies);
            let body = body.ok_or_else(|| self.damaged("what it says of a package"))?;
            work.take(self, body.len() as u64)?;
            for affected in self.read_body(body)? {
                let affected = affected?;
                if affected.record.0 >= records {
                    return Err(self.damaged("what it says of a package"));
                }
                let named = affected.ranges().flat_map(|range| range.events()).count();
                work.take(self, (named + affected.severities().count()) as u64)?;
            }
        }
        Ok(())
    }
}

/// What is left to be done.
struct Work {
    left: u64,
}

impl Work {
    fn take(&mut self, index: &Index, work: u64) -> Result<(), IndexError> {
        let left = self.left.checked_sub(work);
        self.left = left.ok_or_else(|| index.damaged("its pieces are more than it holds"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fuzz::signed;
    use super::*;
    use crate::advisory::{Ecosystem, Inputs, compile};

    const RECORD: &str = r#"{"id": "PYSEC-1", "modified": "2026-01-01T00:00:00Z",
        "aliases": ["CVE-2026-1"], "summary": "A flaw", "affected": [
        {"package": {"ecosystem": "PyPI", "name": "pandas"}, "versions": ["1.0", "1.1", "1.2"],
         "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}]}]}"#;

    fn of(bytes: Vec<u8>) -> Option<Index> {
        Index::from_bytes("test", bytes).ok()
    }

    /// Whether everything that the index has can be asked for.
    fn answers(index: &Index) -> bool {
        let asked = || {
            let python = Ecosystem::parse("PyPI").unwrap();
            for affected in index.affected(&python, "pandas")? {
                let affected = affected?;
                index.record(affected.record)?;
                index.details(affected.record)?;
            }
            Ok::<(), IndexError>(())
        };
        asked().is_ok()
    }

    #[test]
    fn what_judging_refuses_is_not_whole_whatever_its_checksums_say() {
        let folder = tempfile::tempdir().unwrap();
        let (path, out) = (folder.path().join("a.json"), folder.path().join("index"));
        std::fs::write(&path, RECORD).unwrap();
        compile(Inputs::of(&[path]), &out, &|_| {}).unwrap();
        let bytes = std::fs::read(out).unwrap();
        let whole = of(bytes.clone()).unwrap();
        whole.verify_whole().unwrap();
        let mut refused = 0;
        for at in super::super::format::HEADER..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x55;
            let Some(index) = of(signed(changed)) else {
                continue;
            };
            let is_hostile = index.verify().is_ok() && !answers(&index);
            if is_hostile {
                refused += 1;
                assert!(index.verify_whole().is_err(), "byte {at}");
            }
        }
        assert!(refused > 20, "{refused}");
    }
}
