//! What lists by CVE numbers say of a flaw: how likely it is to be exploited, and that it is.

use std::collections::BTreeMap;

use plimsoll_model::{KnownExploited, Likelihood};

use super::super::cve;
use super::super::index::threat::Scores;
use super::super::{Exploitation, Index, IndexError};
use super::finding::moment;

/// The lists of an index.
#[derive(Debug)]
pub(super) struct Threats<'i> {
    scores: Option<Scores<'i>>,
    /// The day of the scores, as RFC 3339 has it.
    date: Option<String>,
    exploited: Option<BTreeMap<u64, Exploitation>>,
}

impl<'i> Threats<'i> {
    /// Those that it has.
    ///
    /// # Errors
    /// The index is damaged.
    pub(super) fn of(index: &'i Index) -> Result<Self, IndexError> {
        let scores = index.scores()?;
        Ok(Self {
            date: match scores {
                Some(_) => index.snapshot()?.epss.and_then(|list| moment(list.date?)),
                None => None,
            },
            scores,
            exploited: index.exploited()?,
        })
    }

    /// How likely a flaw that goes by these names is to be exploited; of several numbers the
    /// likeliest counts.
    pub(super) fn likelihood<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
    ) -> Option<Likelihood> {
        let scores = self.scores?;
        names
            .filter_map(cve::of_name)
            .filter_map(|number| scores.of(number))
            .max()
            .map(|likelihood| Likelihood {
                date: self.date.clone(),
                ..likelihood
            })
    }

    /// That a flaw that goes by these names is exploited; of several numbers what is known longest.
    pub(super) fn exploitation<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
    ) -> Option<KnownExploited> {
        let exploited = self.exploited.as_ref()?;
        let found = names
            .filter_map(cve::of_name)
            .filter_map(|number| exploited.get(&number))
            .min()?;
        Some(KnownExploited {
            added: found.added.and_then(day),
            due: found.due.and_then(day),
            ransomware: found.ransomware,
        })
    }
}

/// A day, counted from 1970 on, as `2024-05-01`.
fn day(days: i64) -> Option<String> {
    let first = jiff::civil::date(1970, 1, 1);
    let span = jiff::Span::new().try_days(days).ok()?;
    Some(first.checked_add(span).ok()?.to_string())
}
