//! Known vulnerabilities gained and lost, in words that every form has in common.

use std::cmp::Reverse;

use plimsoll_model::{
    ChangeKind, ComparedImage, GainsAndLosses, Place, Vulnerability, VulnerabilityCause,
    VulnerabilityChange, VulnerabilitySeverity,
};

use crate::tally;
use crate::text::visible;

/// Versions of the other image that are told by name: many copies of a package have many.
const VERSIONS: usize = 3;
/// Ecosystems told that have no advisories.
const MISSING: usize = 3;

/// `2 critical, 7 high`: what runs of it; what a later layer removed is no part of it.
pub(super) fn severities(image: &ComparedImage) -> String {
    let Some(coverage) = &image.advisories else {
        return "not looked at".to_owned();
    };
    if coverage.covered.is_empty() && !coverage.missing.is_empty() {
        return "not judged".to_owned();
    }
    let severities = tally::vulnerability_severities(live(image));
    match (severities.is_empty(), image.unlisted_vulnerabilities) {
        (true, 0) => "none known".to_owned(),
        (true, _) => "none of those asked for".to_owned(),
        (false, _) => severities,
    }
}

/// What an image has and does not remove again.
pub(super) fn live(image: &ComparedImage) -> impl Iterator<Item = &Vulnerability> {
    let found = image.vulnerabilities.iter();
    found.filter(|one| one.removed_in.is_none())
}

/// `1 gained, 9 lost, 3 in both`, and how many may have been there before.
pub(super) fn summary(
    changes: &GainsAndLosses<VulnerabilityChange>,
    undecided_before: usize,
) -> String {
    let unseen = changes
        .lost
        .iter()
        .filter(|change| change.cause == VulnerabilityCause::NotJudged)
        .count();
    let unseen = match unseen {
        0 => String::new(),
        unseen => format!(" ({unseen} of them not judged now)"),
    };
    let undecided = match undecided_before {
        0 => String::new(),
        number => format!(", {number} undecided before"),
    };
    format!(
        "{} gained, {} lost{unseen}, {} in both{undecided}",
        changes.gained.len(),
        changes.lost.len(),
        changes.kept
    )
}

/// Ecosystems of an image that nobody knows anything of: `Debian:11 (88), opam (3)`.
pub(super) fn missing(image: &ComparedImage) -> Option<String> {
    let mut missing: Vec<_> = image.advisories.as_ref()?.missing.iter().collect();
    missing.sort_by_key(|one| Reverse(one.packages));
    let named: Vec<String> = missing
        .iter()
        .take(MISSING)
        .map(|one| format!("{} ({})", one.ecosystem, one.packages))
        .collect();
    let more = if missing.len() > MISSING { ", …" } else { "" };
    (!named.is_empty()).then(|| format!("{}{more}", named.join(", ")))
}

/// The version, or the change from one to the other; `kind` says which side has the flaw.
pub(super) fn version(change: &VulnerabilityChange, kind: ChangeKind) -> String {
    let installed = &change.vulnerability.installed;
    let VulnerabilityCause::Version(others) = &change.cause else {
        return installed.clone();
    };
    let more = if others.len() > VERSIONS { ", …" } else { "" };
    let others = others.iter().take(VERSIONS).map(String::as_str);
    let others = format!("{}{more}", others.collect::<Vec<_>>().join(", "));
    match kind {
        ChangeKind::Removed => format!("{installed} > {others}"),
        ChangeKind::Added | ChangeKind::Changed => format!("{others} > {installed}"),
    }
}

/// What a version alone does not tell of the cause.
pub(super) fn remark(cause: &VulnerabilityCause, kind: ChangeKind) -> Option<String> {
    let text = match (cause, kind) {
        (VulnerabilityCause::Version(_), _) => return None,
        (VulnerabilityCause::Package, ChangeKind::Removed) => "package removed",
        (VulnerabilityCause::Package, _) => "new package",
        (VulnerabilityCause::Judgement, ChangeKind::Removed) => "judged otherwise now",
        (VulnerabilityCause::Judgement, _) => "judged otherwise before",
        (VulnerabilityCause::NotJudged, ChangeKind::Removed) => "not judged now",
        (VulnerabilityCause::NotJudged, _) => "not judged before",
        (VulnerabilityCause::SetAside(status), kind) => {
            let when = match kind {
                ChangeKind::Removed => "now",
                _ => "before",
            };
            let status = status.as_str().replace('-', " ");
            return Some(format!("set aside {when}: {status}"));
        }
    };
    Some(text.to_owned())
}

/// `fixed in 1.2`, or why there is nothing to do.
pub(super) fn fix(vulnerability: &Vulnerability) -> String {
    match &vulnerability.fixed {
        Some(fixed) => format!("fixed in {fixed}"),
        None => match &vulnerability.paid_fix {
            Some(_) => format!("fixed in {}", vulnerability.without_fix()),
            None => vulnerability.without_fix(),
        },
    }
}

/// Where a vulnerability comes from: a line, the base or a layer. What comes of it is safe for a
/// terminal.
pub(super) fn place(vulnerability: &Vulnerability) -> Option<String> {
    match vulnerability.origin.brought_by(vulnerability.in_base) {
        Place::Image => None,
        place => Some(visible(&place.to_string()).into_owned()),
    }
}

/// Flaws that one change of one package took away.
pub(super) struct Remedy<'a> {
    /// One of them, for what they have in common: name, version, cause.
    pub(super) first: &'a VulnerabilityChange,
    /// All of them, worst first.
    pub(super) all: Vec<&'a VulnerabilityChange>,
}

impl Remedy<'_> {
    /// `2 critical, 5 high`.
    pub(super) fn severities(&self) -> String {
        tally::vulnerability_severities(self.all.iter().map(|change| &change.vulnerability))
    }

    /// Their numbers, each once; of many the worst, and how many more.
    pub(super) fn numbers(&self, most: usize) -> String {
        let mut numbers: Vec<&str> = Vec::new();
        for change in &self.all {
            let id = change.vulnerability.id.as_str();
            if !numbers.contains(&id) {
                numbers.push(id);
            }
        }
        let more = match numbers.len().saturating_sub(most) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        numbers.truncate(most);
        format!("{}{more}", numbers.join(", "))
    }

    fn weight(&self) -> impl Ord + use<> {
        let mut counts = [0_usize; VulnerabilitySeverity::ALL.len()];
        for change in &self.all {
            counts[change.vulnerability.severity as usize] += 1;
        }
        counts.reverse();
        counts
    }
}

/// What is lost, by the change that took it away; what took most first.
pub(super) fn remedies(lost: &[VulnerabilityChange]) -> Vec<Remedy<'_>> {
    let mut sorted: Vec<&VulnerabilityChange> = lost.iter().collect();
    let key = |change: &VulnerabilityChange| {
        let others = match &change.cause {
            VulnerabilityCause::Version(others) => others.clone(),
            _ => Vec::new(),
        };
        let one = &change.vulnerability;
        (
            one.name.clone(),
            one.installed.clone(),
            change.cause.as_str(),
            others,
        )
    };
    sorted.sort_by_cached_key(|change| {
        let one = &change.vulnerability;
        (key(change), Reverse(one.severity), one.id.clone())
    });
    let mut remedies: Vec<Remedy<'_>> = sorted
        .chunk_by(|a, b| key(a) == key(b))
        .filter_map(|all| {
            Some(Remedy {
                first: all.first()?,
                all: all.to_vec(),
            })
        })
        .collect();
    remedies.sort_by_cached_key(|remedy| Reverse(remedy.weight()));
    remedies
}
