//! Severities of flaws that some databases do not rate, as others rate them.
//!
//! Go's database and Wolfi's rate nothing, PyPI's little; whoever asks for what is severe would see
//! nothing of them. Often another database has a CVSS vector for the same CVE number.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::super::cve;
use super::super::index::Severity;
use super::super::severity::{label, score, weight};

/// What is gathered while records are written: first what they say of packages, then the records
/// themselves, in their order.
#[derive(Debug, Default)]
pub(super) struct Ratings {
    /// Of records, the first vector that they have for a package.
    of_packages: HashMap<u32, Rating>,
    /// Records that have a word for how bad a flaw is in a package.
    worded: HashSet<u32>,
    best: HashMap<u64, Best>,
    wanted: BTreeSet<u64>,
}

/// A severity that can be scored: the version of the system, and its number in the index.
#[derive(Clone, Copy, Debug)]
struct Rating {
    version: &'static str,
    severity: u32,
}

#[derive(Debug)]
struct Best {
    rating: Rating,
    weight: u8,
    id: Box<str>,
    record: u32,
}

impl Best {
    /// The best is the greatest: the newest system, then who counts most, as everywhere.
    fn order(&self) -> (&str, Reverse<u8>, Reverse<&str>) {
        (self.rating.version, Reverse(self.weight), Reverse(&self.id))
    }
}

/// What a record says of how bad things are: severities with their numbers, and a word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'a> {
    pub(super) severities: &'a [Severity<'a>],
    pub(super) numbers: &'a [u32],
    pub(super) label: Option<&'a str>,
}

impl Said<'_> {
    fn rating(&self) -> Option<Rating> {
        let all = self.severities.iter().zip(self.numbers);
        all.filter_map(|(severity, number)| {
            Some(Rating {
                version: score(severity)?.version,
                severity: *number,
            })
        })
        .reduce(|best, other| match other.version > best.version {
            true => other,
            false => best,
        })
    }

    fn is_worded(&self) -> bool {
        self.label.and_then(label).is_some()
    }
}

impl Ratings {
    /// Takes what a record says of a package.
    pub(super) fn of_package(&mut self, record: u32, said: Said<'_>) {
        if said.is_worded() {
            self.worded.insert(record);
        }
        if let Some(rating) = said.rating() {
            self.of_packages.entry(record).or_insert(rating);
        }
    }

    /// Takes a record; its own names, and those of the flaws it mends.
    pub(super) fn of_record(
        &mut self,
        record: u32,
        id: &str,
        aliases: &[String],
        upstream: &[String],
        said: Said<'_>,
    ) {
        let numbers = |names: &[String]| -> Vec<u64> {
            names.iter().filter_map(|name| cve::of_name(name)).collect()
        };
        let mut own = numbers(aliases);
        own.extend(cve::of_name(id));
        match said.rating().or(self.of_packages.get(&record).copied()) {
            Some(rating) => {
                for cve in own {
                    let one = Best {
                        rating,
                        weight: weight(id),
                        id: id.into(),
                        record,
                    };
                    match self.best.get_mut(&cve) {
                        Some(best) if best.order() >= one.order() => {}
                        Some(best) => *best = one,
                        None => drop(self.best.insert(cve, one)),
                    }
                }
            }
            None if said.is_worded() || self.worded.contains(&record) => {}
            None => {
                self.wanted.extend(own);
                self.wanted.extend(numbers(upstream));
            }
        }
    }

    /// By CVE number the number of the severity and that of its record, sorted.
    pub(super) fn rows(&self) -> Vec<(u64, u32, u32)> {
        let wanted = self.wanted.iter();
        wanted
            .filter_map(|cve| {
                let best = self.best.get(cve)?;
                Some((*cve, best.rating.severity, best.record))
            })
            .collect()
    }
}
