//! Findings of two images: which of them came, and which went.

use std::collections::HashSet;

use plimsoll_model::{Finding, GainsAndLosses};

use super::pair_off;

/// What only one side has. A finding is never told by its sentence, which changes with sizes, lines
/// and what a later layer does. Where it says what it speaks of, it is gained if any of that is new,
/// and lost if nothing of it is left; else it is told by rule and place, one for one.
pub(super) fn compare(old: &[Finding], new: &[Finding]) -> GainsAndLosses<Finding> {
    let (before, after) = (subjects(old), subjects(new));
    let split = |findings: &'_ [Finding]| -> (Vec<usize>, Vec<usize>) {
        (0..findings.len()).partition(|at| findings[*at].subjects.is_empty())
    };
    let ((old_placed, old_named), (new_placed, new_named)) = (split(old), split(new));
    let mut lost: Vec<&Finding> = old_placed.iter().map(|at| &old[*at]).collect();
    let mut gained: Vec<&Finding> = new_placed.iter().map(|at| &new[*at]).collect();
    // Where some of one place stay, they are those with the same sentence.
    pair_off(&mut lost, &mut gained, |finding| {
        (place(finding), finding.message.as_str())
    });
    pair_off(&mut lost, &mut gained, place);
    let is_known = |finding: &Finding, there: &HashSet<(&str, &str)>, all: bool| {
        let mut keys = keys(finding);
        match all {
            true => keys.all(|key| there.contains(&key)),
            false => keys.any(|key| there.contains(&key)),
        }
    };
    let named_old = old_named.iter().map(|at| &old[*at]);
    lost.extend(named_old.filter(|finding| !is_known(finding, &after, false)));
    let named_new = new_named.iter().map(|at| &new[*at]);
    gained.extend(named_new.filter(|finding| !is_known(finding, &before, true)));
    let sorted = |mut findings: Vec<&Finding>| -> Vec<Finding> {
        findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        findings.into_iter().cloned().collect()
    };
    GainsAndLosses {
        kept: new.len() - gained.len(),
        gained: sorted(gained),
        lost: sorted(lost),
    }
}

/// All that findings of an image say they speak of, with their rules.
fn subjects(findings: &[Finding]) -> HashSet<(&str, &str)> {
    findings.iter().flat_map(keys).collect()
}

fn keys(finding: &Finding) -> impl Iterator<Item = (&str, &str)> {
    let subjects = finding.subjects.iter();
    subjects.map(|subject| (finding.rule, subject.as_str()))
}

/// Where a finding is, without what moves when something else changes: lines, layers, versions.
fn place(finding: &Finding) -> (&str, Option<&str>, Option<&str>) {
    let origin = &finding.origin;
    let package = origin.package.as_deref();
    let package = package.map(|purl| purl.split(['@', '?']).next().unwrap_or(purl));
    (finding.rule, origin.path.as_deref(), package)
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Confidence, Origin, Severity};

    use super::*;

    fn finding(rule: &'static str, path: &str, message: &str, subjects: &[&str]) -> Finding {
        Finding {
            rule,
            aliases: &[],
            severity: Severity::Low,
            confidence: Confidence::High,
            message: message.to_owned(),
            help: None,
            origin: Origin {
                path: Some(path.to_owned()),
                ..Origin::default()
            },
            related: Vec::new(),
            fix: None,
            subjects: subjects.iter().map(|&one| one.to_owned()).collect(),
        }
    }

    fn compared(old: &[Finding], new: &[Finding]) -> (usize, usize, usize) {
        let told = compare(old, new);
        (told.gained.len(), told.lost.len(), told.kept)
    }

    #[test]
    fn a_list_is_gained_where_it_grows_and_lost_where_nothing_of_it_is_left() {
        let list = |paths: &[&str]| {
            let message = format!("{paths:?} run as their owner");
            [finding("setid", paths[0], &message, paths)]
        };
        let (one, two, other) = (list(&["a"]), list(&["a", "b"]), list(&["c"]));
        assert_eq!(compared(&two, &one), (0, 0, 1));
        assert_eq!(compared(&one, &two), (1, 0, 0));
        assert_eq!(compared(&one, &other), (1, 1, 0));
        // In two layers now, and each of them was there.
        let apart = [list(&["a"]), list(&["b"])].concat();
        assert_eq!(compared(&two, &apart), (0, 0, 2));
        assert_eq!(compared(&apart, &two), (0, 0, 1));
        // What another rule says of the same file is another finding.
        let another = [finding("compiler", "a", "a", &["a"])];
        assert_eq!(compared(&one, &another), (1, 1, 0));
    }

    #[test]
    fn what_moved_is_not_gained() {
        let old = [finding("secret", "x.env", "in x.env line 1", &["key 1f"])];
        let new = [finding("secret", "y.env", "in y.env; deleted", &["key 1f"])];
        assert_eq!(compared(&old, &new), (0, 0, 1));
    }

    #[test]
    fn a_sentence_makes_no_finding() {
        let cache = |message| finding("cache", "var/cache", message, &[]);
        let (small, large) = (cache("ships 5 MB"), cache("ships much"));
        assert_eq!(
            compared(std::slice::from_ref(&small), std::slice::from_ref(&large)),
            (0, 0, 1)
        );
        // Of two at one place the one that is there already stays.
        let told = compare(
            std::slice::from_ref(&large),
            &[small.clone(), large.clone()],
        );
        assert_eq!(told.gained, [small]);
    }
}
