//! Counts, in words.

use std::collections::BTreeMap;

use plimsoll_model::{
    AdvisoryCoverage, EcosystemPackages, Finding, Inventory, Likelihood, PackageKind,
    PendingUpdate, Report, Severity, SuppressedVulnerability, Vulnerability, VulnerabilitySeverity,
    VulnerabilityStatus,
};

use crate::age;
use crate::text::count;

/// Kinds of packages that are told by name.
const KINDS: usize = 6;

/// `2 high, 1 low`, gravest first; `none` where there are none.
pub(crate) fn by_severity<'a>(findings: impl Iterator<Item = &'a Finding>) -> String {
    let mut counts = [0_usize; Severity::ALL.len()];
    for finding in findings {
        counts[finding.severity as usize] += 1;
    }
    let parts: Vec<String> = Severity::ALL
        .into_iter()
        .zip(counts)
        .rev()
        .filter(|(_, number)| *number > 0)
        .map(|(severity, number)| format!("{number} {}", severity.as_str()))
        .collect();
    if parts.is_empty() {
        "none".to_owned()
    } else {
        parts.join(", ")
    }
}

/// `5 set aside: 3 waived, 2 known before`.
pub(crate) fn set_aside(aside: &[SuppressedVulnerability]) -> String {
    format!("{} set aside: {}", aside.len(), statuses(aside))
}

/// `3 waived, 2 known before`.
pub(crate) fn statuses(aside: &[SuppressedVulnerability]) -> String {
    let parts: Vec<String> = VulnerabilityStatus::ALL
        .into_iter()
        .map(|status| {
            (
                status,
                aside.iter().filter(|one| one.status == status).count(),
            )
        })
        .filter(|(_, number)| *number > 0)
        .map(|(status, number)| format!("{number} {}", status.as_str().replace('-', " ")))
        .collect();
    parts.join(", ")
}

/// `2 critical, 1 low`, gravest first; empty where there are none.
pub(crate) fn vulnerability_severities<'a>(
    found: impl Iterator<Item = &'a Vulnerability>,
) -> String {
    severities(found.map(|one| one.severity))
}

/// The same of severities alone.
pub(crate) fn severities(all: impl Iterator<Item = VulnerabilitySeverity>) -> String {
    let mut counts = [0_usize; VulnerabilitySeverity::ALL.len()];
    for severity in all {
        counts[severity as usize] += 1;
    }
    let parts: Vec<String> = VulnerabilitySeverity::ALL
        .into_iter()
        .zip(counts)
        .rev()
        .filter(|(_, number)| *number > 0)
        .map(|(severity, number)| format!("{number} {}", severity.as_str()))
        .collect();
    parts.join(", ")
}

/// `2 critical, 7 high; 6 fixable; base 3, yours 6`, gravest first; `none known` where there are
/// none. What a later layer removed is told apart.
pub(crate) fn vulnerabilities(found: &[Vulnerability]) -> String {
    let (removed, live): (Vec<&Vulnerability>, Vec<&Vulnerability>) =
        found.iter().partition(|one| one.removed_in.is_some());
    let severities = vulnerability_severities(live.iter().copied());
    let mut text = match severities.is_empty() {
        true => "none known".to_owned(),
        false => severities,
    };
    if !live.is_empty() {
        let fixable = live.iter().filter(|one| one.is_fixable()).count();
        text.push_str(&format!("; {fixable} fixable"));
        let of = |base| live.iter().filter(|one| one.in_base == Some(base)).count();
        if live.iter().any(|one| one.in_base.is_some()) {
            text.push_str(&format!("; base {}, yours {}", of(true), of(false)));
        }
    }
    if !removed.is_empty() {
        text.push_str(&format!("; removed {}", removed.len()));
    }
    text
}

/// `none known of 3 packages; 683 not judged`; without numbers where all were judged.
pub(crate) fn none_known(report: &Report) -> String {
    match report.judged_packages() {
        Some((judged, left)) if left > 0 => {
            format!(
                "none known of {}; {left} not judged",
                count(judged, "package")
            )
        }
        _ => "none known".to_owned(),
    }
}

/// What is known of the packages of a report, in one line: nothing known is no good news where
/// nobody writes about them, or where what is known was not asked for.
pub(crate) fn known(report: &Report) -> String {
    let found = &report.vulnerabilities;
    let hidden = report.unlisted.vulnerabilities;
    let mut text = match (found.is_empty(), report.is_unjudged(), hidden) {
        (true, true, _) => {
            let these = match report.unlisted.system || report.unlisted.libraries {
                true => "the packages asked for",
                false => "these packages",
            };
            format!("not judged: no advisory could be held against any of {these}")
        }
        (true, false, 1..) => "none of those asked for".to_owned(),
        (true, false, 0) => none_known(report),
        _ => vulnerabilities(found),
    };
    match hidden {
        0 => {}
        1 => text.push_str("; 1 more known, not listed"),
        hidden => text.push_str(&format!("; {hidden} more known, not listed")),
    }
    text
}

/// `judged by 65000 advisories of 2026-11-20 (snapshot 0123456789ab), 2 days old`, or `checked 1 day ago`
/// where somebody made sure since that there are no newer ones. How old is only told where it is known
/// when the report was `made`. Not safe for any form yet.
pub(crate) fn judged_by(coverage: &AdvisoryCoverage, made: Option<&str>) -> String {
    let day = |time: &str| time.get(..10).unwrap_or(time).to_owned();
    let date = coverage.date.as_deref();
    let since = |time: &str| age::days(time, made?);
    let age = match coverage.checked.as_deref() {
        Some(checked) => Some(match since(checked) {
            Some(0) => "checked today".to_owned(),
            Some(1) => "checked 1 day ago".to_owned(),
            Some(days) => format!("checked {days} days ago"),
            None => format!("checked {}", day(checked)),
        }),
        None => date.and_then(since).map(age::words),
    };
    format!(
        "judged by {} of {} (snapshot {}){}",
        match coverage.advisories {
            1 => "1 advisory".to_owned(),
            many => format!("{many} advisories"),
        },
        date.map_or_else(|| "an unknown day".to_owned(), day),
        coverage.snapshot.get(..12).unwrap_or(&coverage.snapshot),
        age.map_or_else(String::new, |age| format!(", {age}"))
    ) + &oldest(coverage)
}

/// Days after which an ecosystem that nothing was heard of is more likely forgotten than quiet.
const QUIET: u64 = 60;

/// The ecosystem whose newest advisory is much older than the newest of all: the day of the index says
/// nothing of it. Empty where there is none, or an update made sure of it since.
fn oldest(coverage: &AdvisoryCoverage) -> String {
    let dated = |one: &'_ EcosystemPackages| Some((one.date.clone()?, one.ecosystem.clone()));
    let oldest = coverage.covered.iter().filter_map(dated).min();
    let (Some((day, ecosystem)), Some(newest)) = (oldest, &coverage.date) else {
        return String::new();
    };
    let is_old = |to: &str| age::days(&day, to).is_some_and(|days| days > QUIET);
    match is_old(newest) && coverage.checked.is_none() {
        true => format!(
            "; on {ecosystem} none newer than {}",
            day.get(..10).unwrap_or(&day)
        ),
        false => String::new(),
    }
}

/// `exploited, ransomware; EPSS 93 %`: why a flaw is more urgent than its severity says; empty where
/// nothing is known. Shares below one in a hundred are not told.
pub(crate) fn urgency(found: &Vulnerability) -> String {
    let mut parts = Vec::new();
    if let Some(known) = &found.known_exploited {
        parts.push(match known.ransomware {
            true => "exploited, by ransomware".to_owned(),
            false => "exploited".to_owned(),
        });
    }
    if let Some(likelihood) = &found.epss
        && likelihood.probability >= Likelihood::ONE / 100
    {
        let share = Likelihood::share(likelihood.probability) * 100.0;
        parts.push(format!("EPSS {share:.0} %"));
    }
    parts.join("; ")
}

/// `12 packages have a security update waiting in bookworm-security, 5 of them told above`; nothing
/// where none has.
pub(crate) fn pending_updates(pending: &[PendingUpdate]) -> Option<String> {
    let number = pending.len();
    if number == 0 {
        return None;
    }
    let mut pockets: Vec<&str> = pending.iter().map(|one| one.pocket.as_str()).collect();
    pockets.sort_unstable();
    pockets.dedup();
    let told = pending.iter().filter(|one| !one.is_news()).count();
    let told = match told {
        0 => String::new(),
        told if told == number => ", as the vulnerabilities say".to_owned(),
        told => format!(", {told} of them as the vulnerabilities say"),
    };
    Some(format!(
        "{} {} a security update waiting in {}{told}",
        count(number, "package"),
        if number == 1 { "has" } else { "have" },
        pockets.join(", "),
    ))
}

/// `3 more advisories could not be read`; nothing where all could.
pub(crate) fn broken(coverage: &AdvisoryCoverage) -> Option<String> {
    match coverage.broken {
        0 => None,
        1 => Some("1 more advisory could not be read".to_owned()),
        many => Some(format!("{many} more advisories could not be read")),
    }
}

/// What lists beside the advisories were asked, and which were not there.
pub(crate) fn lists(coverage: &AdvisoryCoverage) -> Vec<String> {
    let day = |date: &Option<String>| match date {
        Some(date) => date.get(..10).unwrap_or(date).to_owned(),
        None => "an unknown day".to_owned(),
    };
    let mut lines = Vec::new();
    if let Some(broken) = broken(coverage) {
        lines.push(format!(
            "{broken} when the index was made: what is said there is missing"
        ));
    }
    for pocket in &coverage.pockets {
        lines.push(format!(
            "held against {} of {}: {}",
            pocket.suite,
            day(&pocket.date),
            count(pocket.packages, "package")
        ));
    }
    if let Some(missing) = &coverage.missing_pocket {
        lines.push(format!(
            "no security pocket of {}: whether updates wait for {} is not known",
            missing.ecosystem,
            count(missing.packages, "package")
        ));
    }
    for (what, list) in [
        ("EPSS scores", &coverage.epss),
        ("list of exploited flaws", &coverage.known_exploited),
    ] {
        lines.push(match list {
            Some(list) => format!("{what} of {}", day(&list.date)),
            None => format!("{what} not provided"),
        });
    }
    lines
}

/// Security updates with what no vulnerability tells first.
pub(crate) fn news_first(pending: &[PendingUpdate]) -> Vec<&PendingUpdate> {
    let mut all: Vec<&PendingUpdate> = pending.iter().collect();
    all.sort_by_key(|one| !one.is_news());
    all
}

/// `112: 88 deb, 24 pypi; 1 removed again`; packages that belong to a package of the distribution
/// count once. Many kinds are told by the most frequent. What a later layer removed is judged by
/// advisories all the same, and so told.
pub(crate) fn packages(inventory: &Inventory) -> String {
    let mut counts: BTreeMap<PackageKind, usize> = BTreeMap::new();
    for package in &inventory.packages {
        if package.owned_by.is_none() {
            *counts.entry(package.kind).or_default() += 1;
        }
    }
    let removed = inventory.removed_packages.iter();
    let removed = match removed.filter(|one| one.owned_by.is_none()).count() {
        0 => String::new(),
        number => format!("; {number} removed again"),
    };
    let total: usize = counts.values().sum();
    if total == 0 {
        return format!("none{removed}");
    }
    let mut kinds: Vec<(PackageKind, usize)> = counts.into_iter().collect();
    kinds.sort_by_key(|(kind, number)| (std::cmp::Reverse(*number), *kind));
    let rest: usize = kinds.iter().skip(KINDS).map(|(_, number)| number).sum();
    let mut parts: Vec<String> = kinds
        .iter()
        .take(KINDS)
        .map(|(kind, number)| format!("{number} {}", kind.as_str()))
        .collect();
    if rest > 0 {
        parts.push(format!("{rest} of other kinds"));
    }
    format!("{total}: {}{removed}", parts.join(", "))
}

/// The closing sentence of a check.
pub(crate) fn closing(
    findings: &[Finding],
    files: usize,
    suppressed: usize,
    skipped: usize,
) -> String {
    let mut text = match findings.len() {
        0 => "No findings".to_owned(),
        number => format!(
            "{} ({})",
            count(number, "finding"),
            by_severity(findings.iter())
        ),
    };
    if files > 0 {
        text.push_str(" in ");
        text.push_str(&count(files, "file"));
    }
    if suppressed > 0 {
        text.push_str(&format!("; {suppressed} set aside"));
    }
    if skipped > 0 {
        text.push_str(&format!("; {skipped} not looked at"));
    }
    text.push('.');
    text
}

/// Whether any layer is compressed where the image lies: archives and engines keep them as they are
/// unpacked, and what the image weighs on its way is not known.
pub(crate) fn is_compressed(inventory: &Inventory) -> bool {
    let mut layers = inventory.layers.iter();
    layers.any(|layer| layer.compressed_size < layer.size)
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Evidence, Package};

    use super::*;

    #[test]
    fn an_ecosystem_that_was_forgotten_is_told() {
        let of = |ecosystem: &str, date: &str| EcosystemPackages {
            ecosystem: ecosystem.to_owned(),
            packages: 1,
            unjudged: 0,
            published: true,
            kind: PackageKind::Apk,
            date: Some(date.to_owned()),
            checked: None,
        };
        let mut coverage = AdvisoryCoverage {
            snapshot: "5".repeat(64),
            date: Some("2026-11-20T00:00:00Z".to_owned()),
            covered: vec![
                of("Alpine:v3.11", "2020-06-08T00:00:00Z"),
                of("PyPI", "2026-11-20T00:00:00Z"),
            ],
            ..AdvisoryCoverage::default()
        };
        let made = Some("2026-11-21T00:00:00Z");
        let told = judged_by(&coverage, made);
        assert!(
            told.ends_with(", 1 day old; on Alpine:v3.11 none newer than 2020-06-08"),
            "{told}"
        );
        coverage.checked = Some("2026-11-20T00:00:00Z".to_owned());
        assert!(judged_by(&coverage, made).ends_with(", checked 1 day ago"));
        assert!(judged_by(&coverage, None).ends_with(", checked 2026-11-20"));
        coverage.checked = None;
        coverage.covered[0].date = Some("2026-11-01T00:00:00Z".to_owned());
        assert!(judged_by(&coverage, made).ends_with("), 1 day old"));
    }

    #[test]
    fn what_was_removed_again_is_told_beside_what_is_there() {
        let package = |name: &str| {
            let evidence = Evidence::Database;
            Package::new(PackageKind::Deb, name, "1", String::new(), "", evidence, 0)
        };
        let mut inventory = Inventory {
            packages: vec![package("a"), package("b")],
            ..Inventory::default()
        };
        assert_eq!(packages(&inventory), "2: 2 deb");
        inventory.removed_packages = vec![package("c")];
        assert_eq!(packages(&inventory), "2: 2 deb; 1 removed again");
        inventory.packages.clear();
        assert_eq!(packages(&inventory), "none; 1 removed again");
    }
}
