//! Which security updates hold an image back, where the policy lets none wait.

use std::collections::HashSet;

use jiff::civil::Date;
use plimsoll_model::{AdvisoryCoverage, PendingUpdate, Report};
use plimsoll_report::count;

use super::age;

/// The updates that hold back, by position: what no vulnerability tells, and what one tells that is
/// only tolerated. Where one holds the image back itself it counts once; where all of them are set
/// aside, or not shown, somebody decided.
pub(super) fn holding_back(report: &Report, held_back_by: &[usize]) -> Vec<usize> {
    let mut standing = HashSet::new();
    let mut holding = HashSet::new();
    for (at, one) in report.vulnerabilities.iter().enumerate() {
        if one.removed_in.is_none() {
            let key = (one.package, one.id.as_str());
            match held_back_by.binary_search(&at) {
                Ok(_) => holding.insert(key),
                Err(_) => standing.insert(key),
            };
        }
    }
    let holds = |update: &PendingUpdate| {
        let told = || {
            update
                .vulnerabilities
                .iter()
                .map(|id| (update.package, id.as_str()))
        };
        update.is_news()
            || !told().any(|key| holding.contains(&key))
                && told().any(|key| standing.contains(&key))
    };
    let updates = report.pending_updates.iter().enumerate();
    updates
        .filter(|(_, update)| holds(update))
        .map(|(at, _)| at)
        .collect()
}

/// One update in a line, and where to begin.
pub(super) fn sentence(update: &PendingUpdate) -> String {
    let place = update.origin.brought_by(update.in_base).lead();
    format!(
        "{place}{} {} has a security update waiting in {}: {}",
        update.name, update.installed, update.pocket, update.available
    )
}

/// What must be known of security pockets and is not.
pub(super) fn gaps(coverage: &AdvisoryCoverage, max_age: Option<u32>, today: Date) -> Vec<String> {
    let mut gaps = Vec::new();
    if let Some(missing) = &coverage.missing_pocket {
        gaps.push(format!(
            "the index has no security pocket of {}: whether updates wait for {} is not known; add \
             its package index with `plimsoll db build` or `db update --pocket`",
            missing.ecosystem,
            count(missing.packages, "package"),
        ));
    }
    let Some(most) = max_age else {
        return gaps;
    };
    for pocket in &coverage.pockets {
        match age::in_days(pocket.date.as_deref(), today) {
            Some(age) if age > i64::from(most) => gaps.push(format!(
                "{} is {age} days old, the policy takes at most {most}: build the index anew",
                pocket.suite
            )),
            Some(_) => {}
            None => gaps.push(format!(
                "{} does not say how old it is, or says that it is of days to come, and the policy \
                 wants to know: give its Release file beside it",
                pocket.suite
            )),
        }
    }
    gaps
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{EcosystemPackages, PackageKind, PocketPackages};

    use super::super::testing::vulnerability;
    use super::*;

    fn update(package: usize, told: &[&str]) -> PendingUpdate {
        PendingUpdate {
            package,
            name: "openssl".to_owned(),
            purl: String::new(),
            installed: "3.0.11-1".to_owned(),
            available: "3.0.17-1".to_owned(),
            source: "openssl".to_owned(),
            source_version: "3.0.17-1".to_owned(),
            pocket: "bookworm-security".to_owned(),
            vulnerabilities: told.iter().map(|id| (*id).to_owned()).collect(),
            origin: plimsoll_model::Origin::default(),
            in_base: None,
        }
    }

    #[test]
    fn what_a_vulnerability_tells_counts_once_and_what_is_set_aside_not_at_all() {
        let mut report = Report {
            pending_updates: vec![
                update(1, &[]),
                update(2, &["CVE-2026-1"]),
                update(3, &["CVE-2026-2"]),
                update(4, &["CVE-2026-3"]),
            ],
            ..Report::default()
        };
        for (package, id) in [(2, "CVE-2026-1"), (3, "CVE-2026-2")] {
            report.vulnerabilities.push(plimsoll_model::Vulnerability {
                package,
                id: id.to_owned(),
                ..vulnerability(id, "openssl")
            });
        }
        // The first of them holds back itself, the second is tolerated, the third set aside.
        assert_eq!(holding_back(&report, &[0]), [0, 2]);
        assert_eq!(
            sentence(&report.pending_updates[0]),
            "openssl 3.0.11-1 has a security update waiting in bookworm-security: 3.0.17-1"
        );
    }

    #[test]
    fn what_is_not_known_of_a_pocket_is_a_gap() {
        let today = jiff::civil::date(2026, 11, 21);
        let pocket = |date: Option<&str>| PocketPackages {
            suite: "bookworm-security".to_owned(),
            release: "Debian:12".to_owned(),
            date: date.map(str::to_owned),
            packages: 3,
        };
        let of = |pocket: PocketPackages, max_age| {
            let coverage = AdvisoryCoverage {
                pockets: vec![pocket],
                ..AdvisoryCoverage::default()
            };
            gaps(&coverage, max_age, today)
        };
        let fresh = Some("2026-11-20T00:00:00Z");
        assert!(of(pocket(fresh), Some(7)).is_empty() && of(pocket(None), None).is_empty());
        assert!(of(pocket(Some("2026-11-01T00:00:00Z")), Some(7))[0].contains("20 days old"));
        assert!(of(pocket(None), Some(7))[0].contains("Release"));
        assert!(of(pocket(Some("2099-01-01T00:00:00Z")), Some(7))[0].contains("days to come"));
        let coverage = AdvisoryCoverage {
            missing_pocket: Some(EcosystemPackages {
                ecosystem: "Debian:12".to_owned(),
                packages: 1,
                unjudged: 0,
                published: true,
                kind: PackageKind::Deb,
                date: None,
                checked: None,
            }),
            ..AdvisoryCoverage::default()
        };
        assert!(gaps(&coverage, None, today)[0].contains("no security pocket of Debian:12"));
    }
}
