//! Findings in the order of a report.

use std::cmp::Reverse;

use plimsoll_model::Vulnerability;

/// Sorts findings as [`Vulnerability::sort_key()`] has them. They are large, there can be many
/// thousands, and those of one package come together: names are compared once for each package, and
/// each finding is moved once.
pub(super) fn sort(found: &mut [Vulnerability]) {
    let ranks = ranks(found);
    let mut order: Vec<usize> = (0..found.len()).collect();
    let key = |at: usize| {
        let one = &found[at];
        let rank = (
            one.removed_in.is_some(),
            one.known_exploited.is_none(),
            Reverse(one.severity),
            ranks[at],
        );
        let within = (
            one.id.as_str(),
            one.purl.as_str(),
            one.origin.path.as_deref(),
            one.package,
        );
        (rank, within, at)
    };
    order.sort_unstable_by(|a, b| key(*a).cmp(&key(*b)));
    // The order is a permutation; each of its cycles is gone through once.
    for first in 0..order.len() {
        let mut at = first;
        loop {
            let from = std::mem::replace(&mut order[at], at);
            if from == first {
                break;
            }
            found.swap(at, from);
            at = from;
        }
    }
}

/// For each finding the place of its package's name and version among all.
fn ranks(found: &[Vulnerability]) -> Vec<u32> {
    let mut runs: Vec<((&str, &str), std::ops::Range<usize>)> = Vec::new();
    for (at, one) in found.iter().enumerate() {
        let package = (one.name.as_str(), one.installed.as_str());
        match runs.last_mut() {
            Some((last, run)) if *last == package => run.end = at + 1,
            _ => runs.push((package, at..at + 1)),
        }
    }
    runs.sort_unstable_by_key(|(package, _)| *package);
    let mut ranks = vec![0; found.len()];
    let same = runs.chunk_by(|a, b| a.0 == b.0);
    for (rank, runs) in (0..).zip(same) {
        for (_, run) in runs {
            ranks[run.clone()].fill(rank);
        }
    }
    ranks
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{KnownExploited, Origin, VulnerabilitySeverity};
    use plimsoll_testkit::vulnerability::plain;
    use proptest::prelude::*;

    use super::*;

    fn vulnerability(
        (name, installed, id): (u8, u8, u8),
        severity: usize,
        is_exploited: bool,
        removed_in: Option<usize>,
        package: usize,
    ) -> Vulnerability {
        Vulnerability {
            package,
            purl: format!("pkg:{}", package % 2),
            severity: VulnerabilitySeverity::ALL[severity],
            known_exploited: is_exploited.then(KnownExploited::default),
            origin: Origin {
                path: removed_in.map(|layer| layer.to_string()),
                ..Origin::default()
            },
            removed_in,
            ..plain(
                &id.to_string(),
                "npm",
                &name.to_string(),
                &installed.to_string(),
            )
        }
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_the_model(
            found in proptest::collection::vec(
                ((0..4_u8, 0..3_u8, 0..12_u8), 0..VulnerabilitySeverity::ALL.len(), any::<bool>(),
                 proptest::option::of(0..2_usize), 0..4_usize),
                0..40,
            ),
        ) {
            let found = found.into_iter().map(|(names, severity, is_exploited, removed, package)| {
                vulnerability(names, severity, is_exploited, removed, package)
            });
            let mut found: Vec<Vulnerability> = found.collect();
            let mut plainly = found.clone();
            plainly.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
            sort(&mut found);
            prop_assert_eq!(found, plainly);
        }
    }
}
