//! Counts, in words.

use plimsoll_model::{Finding, Inventory, PackageKind, Severity};

use crate::text::count;

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

/// `112: 88 deb, 24 pypi`; packages that belong to a package of the distribution count once.
pub(crate) fn packages(inventory: &Inventory) -> String {
    let kinds = [PackageKind::Deb, PackageKind::Python, PackageKind::Npm];
    let installed = || {
        inventory
            .packages
            .iter()
            .filter(|package| package.owned_by.is_none())
    };
    let total = installed().count();
    if total == 0 {
        return "none".to_owned();
    }
    let parts: Vec<String> = kinds
        .into_iter()
        .filter_map(|kind| {
            let number = installed().filter(|package| package.kind == kind).count();
            (number > 0).then(|| format!("{number} {}", kind.as_str()))
        })
        .collect();
    format!("{total}: {}", parts.join(", "))
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
