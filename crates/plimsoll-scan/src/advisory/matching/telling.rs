//! What advisories tell of a flaw, whichever package has it.

use std::collections::HashMap;
use std::sync::Arc;

use plimsoll_model::FixState;

use super::super::severity::{Opinion, Rating, label, rate};
use super::super::{Record, RecordId, ReferenceKind, Severity};
use super::moment::moment;
use super::words::Word;

/// Addresses that are kept of a finding.
const MAX_REFERENCES: usize = 16;
/// Functions that are kept of a finding.
const MAX_SYMBOLS: usize = 100;
/// Lists of words of which is kept what they tell: the versions of one package come one behind the
/// other, and have much the same flaws.
const MOST_KEPT: usize = 4096;

/// What some words tell together.
#[derive(Debug)]
pub(super) struct Telling {
    /// How bad it is.
    pub(super) rating: Rating,
    /// The advisories, sorted.
    pub(super) advisories: Vec<String>,
    pub(super) title: Option<String>,
    pub(super) published: Option<String>,
    pub(super) modified: Option<String>,
    pub(super) references: Arc<[String]>,
    pub(super) symbols: Vec<String>,
    /// Why there is no way out, where there is none.
    pub(super) unfixed: FixState,
}

impl Telling {
    fn of(words: &[Word<'_, '_>]) -> Self {
        let mut advisories: Vec<String> = words
            .iter()
            .map(|word| word.advisory.record.id.clone())
            .collect();
        advisories.sort_unstable();
        advisories.dedup();
        let dates = |of: fn(&Record<'_>) -> Option<i64>| {
            words
                .iter()
                .filter_map(move |word| of(&word.advisory.record))
        };
        Self {
            rating: rating(words),
            advisories,
            title: words
                .iter()
                .find_map(|word| word.advisory.details.summary.clone()),
            // Databases that do not know the day say 1970.
            published: dates(|record| record.published.filter(|at| *at > 0))
                .min()
                .and_then(moment),
            modified: dates(|record| record.modified.filter(|at| *at > 0))
                .max()
                .and_then(moment),
            references: references(words).into(),
            symbols: symbols(words),
            unfixed: unfixed(words),
        }
    }
}

/// What was told so far.
#[derive(Debug, Default)]
pub(super) struct Tellings {
    /// By the records and the places of the words.
    known: HashMap<Vec<(RecordId, usize)>, Arc<Telling>>,
}

impl Tellings {
    /// What some words tell.
    pub(super) fn of(&mut self, words: &[Word<'_, '_>]) -> Arc<Telling> {
        let key = words.iter().map(|word| {
            let affected = &word.hit.affected;
            (affected.record, affected.place())
        });
        let key: Vec<(RecordId, usize)> = key.collect();
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        if self.known.len() >= MOST_KEPT {
            self.known.clear();
        }
        let telling = Arc::new(Telling::of(words));
        self.known.insert(key, telling.clone());
        telling
    }
}

fn rating(words: &[Word<'_, '_>]) -> Rating {
    let severities: Vec<Vec<Severity<'_>>> = words
        .iter()
        .map(|word| {
            let general = word.advisory.record.severities.iter().cloned();
            word.hit.affected.severities().chain(general).collect()
        })
        .collect();
    let opinions: Vec<Opinion<'_>> = words
        .iter()
        .zip(&severities)
        .map(|(word, severities)| {
            let labels = &word.hit.affected.labels;
            let remark = labels.informational.filter(|_| severities.is_empty());
            Opinion {
                id: &word.advisory.record.id,
                // Words such as `not yet assigned` say nothing.
                label: [labels.severity, word.advisory.record.label, remark]
                    .into_iter()
                    .flatten()
                    .find(|word| label(word).is_some()),
                summary: word.advisory.details.summary.as_deref(),
                severities,
            }
        })
        .collect();
    rate(&opinions)
}

/// Why there is no way out.
fn unfixed(words: &[Word<'_, '_>]) -> FixState {
    let said = words.iter().flat_map(|word| {
        let labels = &word.hit.affected.labels;
        [labels.status, labels.severity].into_iter().flatten()
    });
    for word in said {
        let word = word.to_ascii_lowercase().replace(['_', ' '], "-");
        match word.as_str() {
            "fix-not-planned" | "will-not-fix" | "wontfix" | "wont-fix" | "ignored" => {
                return FixState::WillNotFix;
            }
            "end-of-life" | "eol" => return FixState::EndOfLife,
            _ => {}
        }
    }
    FixState::NotFixed
}

fn references(words: &[Word<'_, '_>]) -> Vec<String> {
    let mut all: Vec<(ReferenceKind, &str)> = words
        .iter()
        .flat_map(|word| &word.advisory.details.references)
        .map(|reference| (reference.kind, reference.url.as_str()))
        .collect();
    all.sort_by_key(|(kind, _)| *kind);
    let mut kept: Vec<String> = Vec::new();
    for (_, url) in all {
        if kept.len() < MAX_REFERENCES && !kept.iter().any(|known| known == url) {
            kept.push(url.to_owned());
        }
    }
    kept
}

fn symbols(words: &[Word<'_, '_>]) -> Vec<String> {
    let mut symbols: Vec<String> = Vec::new();
    for specifics in words.iter().filter_map(Word::specifics) {
        for import in &specifics.imports {
            let path = &import.path;
            symbols.extend(
                import
                    .symbols
                    .iter()
                    .map(|symbol| format!("{path}.{symbol}")),
            );
        }
        symbols.extend(specifics.functions.iter().cloned());
    }
    symbols.sort_unstable();
    symbols.dedup();
    symbols.truncate(MAX_SYMBOLS);
    symbols
}
