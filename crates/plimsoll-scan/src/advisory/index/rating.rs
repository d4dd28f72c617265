//! Severities of flaws that some databases do not rate and others do: by CVE number the number of the
//! severity, and that of the record that has it. See [`super::by_cve`] for how they lie in the file.

use super::by_cve::ByCve;
use super::format::Section;
use super::types::{RecordId, Severity};
use super::{Index, IndexError};

impl Index {
    /// All of them.
    ///
    /// # Errors
    /// The index is damaged.
    pub(crate) fn ratings(&self) -> Result<ByCve<'_>, IndexError> {
        match self.section(Section::Ratings)? {
            [] => Ok(ByCve::default()),
            bytes => ByCve::read(bytes).ok_or_else(|| self.damaged("its severities")),
        }
    }

    /// How bad a flaw is by the record of another database; that record's name stands first.
    ///
    /// # Errors
    /// The index is damaged.
    pub(crate) fn rating(
        &self,
        ratings: &ByCve<'_>,
        cve: u64,
    ) -> Result<Option<(String, Severity<'_>)>, IndexError> {
        let Some((severity, record)) = ratings.of(cve) else {
            return Ok(None);
        };
        let severity = self.tables()?.shared.severity(u64::from(severity));
        let severity = severity.ok_or_else(|| self.damaged("its severities"))?;
        Ok(Some((self.record(RecordId(record))?.id, severity)))
    }
}
