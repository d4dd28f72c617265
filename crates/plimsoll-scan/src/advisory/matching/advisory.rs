//! Advisories that hit packages, each read once.

use super::super::index::Unpacker;
use super::super::severity::{is_erratum, weight};
use super::super::{Details, Index, IndexError, Record, RecordId, Severity};
use super::cores::on_all_cores;
use super::flaw::{are_of_several, cve};
use super::{MOST_ADVISORY_BYTES, MOST_READ};

/// All that an advisory says.
#[derive(Debug)]
pub(super) struct Advisory<'i> {
    pub(super) record: Record<'i>,
    pub(super) details: Details,
    /// The flaws it mends a package of, where they stand among what has to do with it: AlmaLinux and
    /// Rocky Linux name them there.
    related: Option<Vec<String>>,
    /// Which counts more; see [`weight()`].
    pub(super) weight: u8,
    size: usize,
}

impl<'i> Advisory<'i> {
    /// Reads it, and tells how many bytes of records were gone through for it.
    ///
    /// # Errors
    /// The index is damaged.
    fn read(
        index: &'i Index,
        record: RecordId,
        unpacker: &mut Unpacker,
    ) -> Result<(Self, usize), IndexError> {
        let (details, size) = index.sized_details(record, unpacker)?;
        let (record, read) = index.sized_record(record)?;
        let names = record.aliases.iter().chain(&record.upstream);
        let names: usize = names.map(|name| size_of_val(name) + name.len()).sum();
        let severities = record.severities.len() * size_of::<Severity<'_>>();
        let is_related = record.upstream.is_empty() && is_erratum(&record.id);
        let advisory = Self {
            size: size + size_of::<Self>() + record.id.len() + names + severities,
            related: is_related.then(|| {
                let related = details.related.iter();
                related
                    .filter(|name| cve(name).is_some())
                    .cloned()
                    .collect()
            }),
            weight: weight(&record.id),
            record,
            details,
        };
        Ok((advisory, read))
    }

    /// The flaws it mends a package of.
    pub(super) fn upstream(&self) -> &[String] {
        self.related.as_ref().unwrap_or(&self.record.upstream)
    }

    /// Whether it tells of several flaws.
    pub(super) fn is_on_several(&self) -> bool {
        let others = self.record.aliases.iter().chain(self.upstream());
        let names = std::iter::once(&self.record.id).chain(others);
        are_of_several(names.map(String::as_str))
    }

    /// Whether it tells of one flaw that it is called by, as a distribution's record of a CVE number does.
    pub(super) fn is_of_flaw(&self) -> bool {
        cve(&self.record.id).is_some() && !self.is_on_several()
    }
}

/// Advisories by their records.
#[derive(Debug, Default)]
pub(super) struct Advisories<'i> {
    records: Vec<RecordId>,
    advisories: Vec<Advisory<'i>>,
}

impl<'i> Advisories<'i> {
    /// Those of some records, sorted, as far as there is room for them.
    ///
    /// # Errors
    /// The index is damaged.
    pub(super) fn read(index: &'i Index, mut records: Vec<RecordId>) -> Result<Self, IndexError> {
        let parts = on_all_cores(
            &records,
            |_| 1,
            |range, parts| {
                let advisories = some(index, range, parts).ok()?;
                (advisories.len() == range.len()).then_some(advisories)
            },
        );
        let advisories: Vec<Advisory<'i>> = match parts {
            Some(parts) => parts.into_iter().flatten().collect(),
            None => some(index, &records, 1)?,
        };
        records.truncate(advisories.len());
        Ok(Self {
            records,
            advisories,
        })
    }

    pub(super) fn get(&self, record: RecordId) -> Option<&Advisory<'i>> {
        let at = self.records.binary_search(&record).ok()?;
        self.advisories.get(at)
    }
}

/// The advisories of some records, as far as one of so many shares goes of what may be read and kept.
fn some<'i>(
    index: &'i Index,
    records: &[RecordId],
    shares: usize,
) -> Result<Vec<Advisory<'i>>, IndexError> {
    let mut advisories = Vec::with_capacity(records.len());
    let mut room = MOST_ADVISORY_BYTES / shares;
    let most_read = MOST_READ / shares as u64;
    let mut unpacker = Unpacker::default();
    let mut all_read = 0;
    // In the order of records: neighbours lie in one compressed block.
    for record in records {
        let (advisory, read) = Advisory::read(index, *record, &mut unpacker)?;
        all_read += read as u64;
        let left = room.checked_sub(advisory.size);
        let (Some(left), true) = (left, all_read + unpacker.unpacked() <= most_read) else {
            break;
        };
        room = left;
        advisories.push(advisory);
    }
    Ok(advisories)
}
