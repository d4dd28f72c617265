//! What is known of a flaw by its CVE number: how likely it is to be exploited, that it is, and how bad
//! others call it.

use std::collections::BTreeMap;

use plimsoll_model::{KnownExploited, Likelihood};

use super::super::cve;
use super::super::index::by_cve::ByCve;
use super::super::index::threat::Scores;
use super::super::severity::{Opinion, Rating, rate};
use super::super::{Exploitation, Index, IndexError};
use super::finding::moment;

/// The lists of an index.
#[derive(Debug)]
pub(super) struct Threats<'i> {
    scores: Option<Scores<'i>>,
    /// The day of the scores, as RFC 3339 has it.
    date: Option<String>,
    exploited: Option<BTreeMap<u64, Exploitation>>,
    index: &'i Index,
    ratings: ByCve<'i>,
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
            index,
            ratings: index.ratings()?,
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

    /// How bad a flaw that goes by these names is where those who know of it in a package do not say;
    /// of several numbers the worst counts.
    ///
    /// # Errors
    /// The index is damaged.
    pub(super) fn rating<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
    ) -> Result<Rating, IndexError> {
        let mut worst = Rating::default();
        for cve in names.filter_map(cve::of_name) {
            let Some((id, severity)) = self.index.rating(&self.ratings, cve)? else {
                continue;
            };
            let rating = rate(&[Opinion {
                id: &id,
                severities: &[severity],
                ..Opinion::default()
            }]);
            let tenths = |rating: &Rating| rating.cvss.as_ref().map(|score| score.tenths);
            if tenths(&rating) > tenths(&worst) {
                worst = rating;
            }
        }
        Ok(worst)
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
