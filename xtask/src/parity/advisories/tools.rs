//! The schema's own evaluation, word by word, with every comparison of two versions made by the
//! ecosystem's own tool.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::ours::Answer;
use super::questions::{Question, order};
use super::records::{Affected, Range, Records};
use crate::parity::versions::judges::{JUDGES, Verdict};

/// What somebody else says of all questions.
pub(super) enum Said {
    /// Who it is, and the answers in the order of the questions.
    Answers(String, Vec<Answer>),
    /// Why nobody says anything.
    Absent(String),
}

/// Pairs of versions that were compared; none where one of the two is no version.
type Signs = BTreeMap<(String, String), Option<Ordering>>;

/// Judges questions, all on ecosystems of one order.
pub(super) fn ask(records: &Records, questions: &[Question]) -> anyhow::Result<Said> {
    let Some(order) = questions.first().and_then(|first| order(&first.ecosystem)) else {
        return Ok(Said::Absent("nothing orders its versions".to_owned()));
    };
    let Some(judge) = JUDGES.iter().find(|judge| judge.order == order) else {
        return Ok(Said::Absent("no tool is asked about its order".to_owned()));
    };
    let mut pairs = BTreeSet::new();
    for question in questions {
        for (_, affected) in records.of(&question.ecosystem, &question.name) {
            pairs.extend(comparisons(affected, &question.version));
        }
    }
    let pairs: Vec<(String, String)> = pairs.into_iter().collect();
    let (tool, signs) = match pairs.is_empty() {
        true => (
            "nothing, as nothing is to be compared".to_owned(),
            Vec::new(),
        ),
        false => match judge.ask(&pairs)? {
            Verdict::Signs(tool, signs) => (tool, signs),
            Verdict::Absent(why) => return Ok(Said::Absent(why)),
        },
    };
    let signs: Signs = pairs
        .into_iter()
        .zip(signs)
        .map(|(pair, sign)| (pair, of_sign(sign)))
        .collect();
    let answers = questions.iter().map(|question| {
        let mut answer = Answer::default();
        for (record, affected) in records.of(&question.ecosystem, &question.name) {
            match is_affected(affected, &question.version, &signs) {
                Some(true) => drop(answer.hits.insert(record.id.clone())),
                Some(false) => {}
                None => drop(answer.unknown.insert(record.id.clone())),
            }
        }
        // One entry of a record may say what another one cannot tell.
        answer.unknown = &answer.unknown - &answer.hits;
        answer
    });
    let answers = answers.collect();
    Ok(Said::Answers(format!("by the schema with {tool}"), answers))
}

fn of_sign(sign: char) -> Option<Ordering> {
    match sign {
        '<' => Some(Ordering::Less),
        '=' => Some(Ordering::Equal),
        '>' => Some(Ordering::Greater),
        _ => None,
    }
}

/// An event's kind and version.
fn event(event: &BTreeMap<String, String>) -> Option<(&str, &str)> {
    let (kind, version) = event.first_key_value()?;
    Some((kind, version))
}

/// What the evaluation will want to know.
fn comparisons(affected: &Affected, version: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for range in affected.ranges() {
        let named: Vec<&str> = range
            .events
            .iter()
            .filter_map(event)
            .filter(|(kind, at)| !(*kind == "introduced" && *at == "0" || *at == "*"))
            .map(|(_, at)| at)
            .collect();
        pairs.extend(
            named
                .iter()
                .map(|at| (version.to_owned(), (*at).to_owned())),
        );
        for (at, left) in named.iter().enumerate() {
            let later = named.iter().skip(at + 1);
            pairs.extend(later.map(|right| ((*left).to_owned(), (*right).to_owned())));
        }
    }
    pairs
}

/// `IsVulnerable` of the schema; nothing where a comparison has no result.
fn is_affected(affected: &Affected, version: &str, signs: &Signs) -> Option<bool> {
    if affected.versions().iter().any(|listed| listed == version) {
        return Some(true);
    }
    let mut unknown = false;
    for range in affected.ranges() {
        match is_in(range, version, signs) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => unknown = true,
        }
    }
    (!unknown).then_some(false)
}

fn is_in(range: &Range, version: &str, signs: &Signs) -> Option<bool> {
    let compare = |left: &str, right: &str| -> Option<Ordering> {
        if left == right {
            return Some(Ordering::Equal);
        }
        let sign = |a: &str, b: &str| signs.get(&(a.to_owned(), b.to_owned())).copied();
        sign(left, right)
            .or_else(|| sign(right, left).map(|sign| sign.map(Ordering::reverse)))
            .flatten()
    };
    let mut events: Vec<(&str, &str)> = range.events.iter().filter_map(event).collect();
    let limits: Vec<&str> = events
        .iter()
        .filter(|(kind, _)| *kind == "limit")
        .map(|(_, at)| *at)
        .collect();
    let mut is_before_limits = limits.is_empty();
    for limit in limits {
        is_before_limits |= limit == "*" || compare(version, limit)?.is_lt();
    }
    events.retain(|(kind, _)| *kind != "limit");
    // An insertion sort: a comparison may have no result, and equals keep their places.
    let is_first = |(kind, at): (&str, &str)| kind == "introduced" && at == "0";
    let mut sorted: Vec<(&str, &str)> = Vec::new();
    for one in events {
        let mut place = sorted.len();
        while place > 0 {
            let before = sorted[place - 1];
            let goes_before = match (is_first(one), is_first(before)) {
                (true, known) => !known,
                (false, true) => false,
                (false, false) => compare(one.1, before.1)?.is_lt(),
            };
            if !goes_before {
                break;
            }
            place -= 1;
        }
        sorted.insert(place, one);
    }
    let mut vulnerable = false;
    for one in sorted {
        let (kind, at) = one;
        match kind {
            "introduced" if is_first(one) || compare(version, at)?.is_ge() => vulnerable = true,
            "fixed" if compare(version, at)?.is_ge() => vulnerable = false,
            "last_affected" if compare(version, at)?.is_gt() => vulnerable = false,
            _ => {}
        }
    }
    Some(is_before_limits && vulnerable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(events: &[(&str, &str)]) -> Range {
        let events = events
            .iter()
            .map(|(kind, at)| BTreeMap::from([((*kind).to_owned(), (*at).to_owned())]));
        Range {
            kind: "ECOSYSTEM".to_owned(),
            events: events.collect(),
        }
    }

    /// Single digits, compared as such.
    fn signs() -> Signs {
        let digits = || '0'..='9';
        let pairs = digits().flat_map(|a| digits().map(move |b| (a, b)));
        let sign = |(a, b): (char, char)| ((a.to_string(), b.to_string()), Some(a.cmp(&b)));
        pairs.map(sign).collect()
    }

    #[test]
    fn events_are_gone_through_in_their_order() {
        let holds =
            |events: &[(&str, &str)], version: &str| is_in(&range(events), version, &signs());
        let two = [
            ("fixed", "3"),
            ("introduced", "2"),
            ("introduced", "5"),
            ("fixed", "7"),
        ];
        let affected: Vec<char> = ('0'..='9')
            .filter(|version| holds(&two, &version.to_string()) == Some(true))
            .collect();
        assert_eq!(affected, ['2', '5', '6']);
        assert_eq!(
            holds(&[("introduced", "0"), ("fixed", "0")], "4"),
            Some(false)
        );
        assert_eq!(
            holds(&[("introduced", "0"), ("limit", "4")], "4"),
            Some(false)
        );
        assert_eq!(
            holds(&[("introduced", "0"), ("limit", "*")], "4"),
            Some(true)
        );
        assert_eq!(
            holds(&[("introduced", "0"), ("last_affected", "4")], "4"),
            Some(true)
        );
        assert_eq!(holds(&[("introduced", "0"), ("fixed", "x")], "4"), None);
    }
}
