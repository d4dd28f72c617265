//! What is known of a flaw by its CVE number: how likely it is to be exploited, that it is, and how bad
//! others call it.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use plimsoll_model::{KnownExploited, Likelihood};

use super::super::index::by_cve::ByCve;
use super::super::index::threat::Scores;
use super::super::severity::{Opinion, Rating, rate};
use super::super::{Exploitation, Index, IndexError};
use super::moment::moment;

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

    /// How likely a flaw that has these CVE numbers is to be exploited; of several the likeliest
    /// counts.
    pub(super) fn likelihood(&self, numbers: &[u64]) -> Option<Likelihood> {
        let scores = self.scores?;
        numbers
            .iter()
            .filter_map(|number| scores.of(*number))
            .max()
            .map(|likelihood| Likelihood {
                date: self.date.clone(),
                ..likelihood
            })
    }

    /// How bad a flaw that has these CVE numbers is where those who know of it in a package do not say;
    /// of several numbers the worst counts. `rated` is what was read so far: one flaw is found in many
    /// packages.
    ///
    /// # Errors
    /// The index is damaged.
    pub(super) fn rating(
        &self,
        numbers: &[u64],
        rated: &mut HashMap<u64, Rating>,
    ) -> Result<Rating, IndexError> {
        let mut worst = Rating::default();
        for number in numbers {
            let rating = match rated.entry(*number) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(entry) => entry.insert(self.rating_of(*number)?),
            };
            let tenths = |rating: &Rating| rating.cvss.as_ref().map(|score| score.tenths);
            if tenths(rating) > tenths(&worst) {
                worst.clone_from(rating);
            }
        }
        Ok(worst)
    }

    /// The same of one number, without a score where nobody gives one.
    fn rating_of(&self, cve: u64) -> Result<Rating, IndexError> {
        let found = self.index.rating(&self.ratings, cve)?;
        Ok(found.map_or_else(Rating::default, |(id, severity)| {
            rate(&[Opinion {
                id: &id,
                severities: &[severity],
                ..Opinion::default()
            }])
        }))
    }

    /// That a flaw that has these CVE numbers is exploited; of several what is known longest.
    pub(super) fn exploitation(&self, numbers: &[u64]) -> Option<KnownExploited> {
        let exploited = self.exploited.as_ref()?;
        let found = numbers.iter().filter_map(|number| exploited.get(number));
        let found = found.min()?;
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
