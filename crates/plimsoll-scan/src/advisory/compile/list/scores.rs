//! EPSS: how likely a flaw is to be exploited within thirty days, as FIRST publishes it every day
//! (<https://www.first.org/epss/data_stats>): a comment with the model and the day, then a row a
//! CVE number.

use std::io::BufRead;

use plimsoll_model::Likelihood;

use super::super::super::cve;
use super::super::timestamp;
use super::csv::Rows;
use super::{EMPTY, NoList};

/// Most rows that are read. There are some three hundred thousand.
const MAX_ROWS: usize = 4 << 20;

/// Longest name of a model that is kept, in bytes.
const MAX_MODEL: usize = 64;

/// What is said of a CVE number, in billionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Score {
    /// See [`cve::number`].
    pub(crate) cve: u64,
    pub(crate) probability: u32,
    pub(crate) percentile: u32,
}

/// A day's scores, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ScoreList {
    /// In seconds since 1970 (UTC).
    pub(crate) date: Option<i64>,
    pub(crate) model: String,
    pub(crate) scores: Vec<Score>,
}

/// Whether a text begins as such a list does.
pub(super) fn is_one(text: &[u8]) -> bool {
    let starts = |beginning: &[u8]| {
        text.get(..beginning.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(beginning))
    };
    starts(b"#model_version") || starts(b"cve,epss")
}

pub(super) fn read(from: impl BufRead) -> Result<ScoreList, NoList> {
    let mut rows = Rows::new(from);
    let mut fields = Vec::new();
    let mut found = ScoreList::default();
    let mut columns = None;
    while rows.next(&mut fields).map_err(NoList::Unused)? {
        let bad = |what: &str| NoList::Unused(format!("line {}: {what}", rows.line()));
        if let Some(first) = fields.first_mut()
            && first.starts_with('#')
        {
            first.remove(0);
            remark(&fields, &mut found);
            continue;
        }
        let Some((cve, probability, percentile)) = columns else {
            let place = |name: &str| {
                let mut names = fields.iter();
                names.position(|field| field.trim().eq_ignore_ascii_case(name))
            };
            let all = (place("cve"), place("epss"), place("percentile"));
            let (Some(cve), Some(probability), Some(percentile)) = all else {
                return Err(bad("its columns are not cve, epss and percentile"));
            };
            columns = Some((cve, probability, percentile));
            continue;
        };
        if found.scores.len() == MAX_ROWS {
            return Err(bad("it has more rows than there are CVE numbers"));
        }
        let field = |at: usize| fields.get(at).map_or("", |field| field.trim());
        found.scores.push(Score {
            cve: cve::number(field(cve)).ok_or_else(|| bad("it has no CVE number"))?,
            probability: share(field(probability)).ok_or_else(|| bad("its probability is none"))?,
            percentile: share(field(percentile)).ok_or_else(|| bad("its percentile is none"))?,
        });
    }
    if found.scores.is_empty() {
        return Err(NoList::Unused(EMPTY.to_owned()));
    }
    found.scores.sort_unstable();
    // Of a number that is there more than once the highest score counts.
    found.scores.dedup_by(|higher, kept| {
        let is_same = higher.cve == kept.cve;
        if is_same {
            *kept = *higher;
        }
        is_same
    });
    Ok(found)
}

/// `model_version:v2025.03.14`, `score_date:2026-11-21T00:00:00+0000`.
fn remark(fields: &[String], found: &mut ScoreList) {
    for field in fields {
        match field.trim().split_once(':') {
            Some(("model_version", model)) if model.len() <= MAX_MODEL => {
                found.model = model.chars().filter(|c| !c.is_control()).collect();
            }
            Some(("score_date", date)) => found.date = timestamp::of_day(date),
            _ => {}
        }
    }
}

/// A share of one, in billionths.
fn share(text: &str) -> Option<u32> {
    let share: f64 = text.parse().ok()?;
    (0.0..=1.0)
        .contains(&share)
        .then(|| (share * f64::from(Likelihood::ONE)).round() as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list(text: &str) -> Result<ScoreList, NoList> {
        read(text.as_bytes())
    }

    #[test]
    fn scores_are_read_as_they_are_published() {
        let found = list(
            "#model_version:v2025.03.14,score_date:2026-11-21T12:55:00Z\ncve,epss,percentile\n\
             CVE-2024-3094,0.85936,0.99382\nCVE-1999-0001,0.01298,1.0\nCVE-2024-1,4.3e-4,0\n",
        )
        .unwrap();
        assert_eq!(found.model, "v2025.03.14");
        assert_eq!(found.date, timestamp::parse("2026-11-21T00:00:00Z"));
        let of = |text: &str| {
            let number = cve::number(text).unwrap();
            let mut scores = found.scores.iter();
            scores.find(|score| score.cve == number).copied().unwrap()
        };
        assert_eq!(of("CVE-2024-3094").probability, 859_360_000);
        assert_eq!(of("CVE-2024-3094").percentile, 993_820_000);
        assert_eq!(
            (of("CVE-1999-0001").percentile, of("CVE-2024-1").probability),
            (Likelihood::ONE, 430_000)
        );
        assert!(found.scores.is_sorted() && found.scores.len() == 3);
    }

    #[test]
    fn what_is_no_score_is_told_with_its_line() {
        for (text, line) in [
            ("cve,epss,percentile\nCVE-2024-1,1.1,0\n", "line 2"),
            ("cve,epss,percentile\n\nCVE-2024-1,NaN,0\n", "line 3"),
            ("cve,epss,percentile\nGHSA-1,0,0\n", "line 2"),
            ("cve,epss,percentile\nCVE-2024-1\n", "line 2"),
            ("cve,epss\n", "line 1"),
        ] {
            let Err(NoList::Unused(why)) = list(text) else {
                panic!("{text}")
            };
            assert!(why.starts_with(line), "{why}");
        }
    }

    #[test]
    fn the_highest_score_of_a_number_counts_and_a_list_without_any_is_none() {
        let rows = "CVE-2024-1,0.2,0.3\nCVE-2024-1,0.9,0.9\nCVE-2024-1,0.1,1\nCVE-2024-2,0,0\n";
        let found = list(&format!("cve,epss,percentile\n{rows}")).unwrap();
        assert_eq!(found.scores.len(), 2);
        assert_eq!(found.scores[0].probability, 900_000_000);
        for empty in [
            "#\n",
            "cve,epss,percentile\n",
            "#model_version:v1\ncve,epss,percentile\n",
        ] {
            assert_eq!(list(empty), Err(NoList::Unused(EMPTY.to_owned())));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text: String) {
            let _ = list(&text);
            let _ = list(&format!("cve,epss,percentile\n{text}"));
        }
    }
}
