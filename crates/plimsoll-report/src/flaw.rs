//! Known vulnerabilities for formats that have findings only: one finding each, at the line, or the
//! file of the image, that brought the package; else at the bill of materials that tells of it.

use std::borrow::Cow;

use plimsoll_model::{
    Confidence, Finding, FixState, Position, Report, Severity, SourceOrigin, Span, Vulnerability,
    VulnerabilitySeverity,
};

use crate::RuleInfo;
use crate::place::bill_file;

/// What such a finding goes by.
pub(crate) const RULE: RuleInfo<'static> = RuleInfo {
    name: "known-vulnerability",
    summary: "A package has a known vulnerability.",
    docs: "An advisory says that this version of the package has a flaw.",
    severity: Severity::High,
    category: "security",
    aliases: &[],
    help_uri: None,
};

/// The findings of a report, then its vulnerabilities in their order.
pub(crate) fn findings(report: &Report) -> Cow<'_, [Finding]> {
    if report.vulnerabilities.is_empty() {
        return Cow::Borrowed(&report.findings);
    }
    let bill = bill_file(report);
    let flaws = report.vulnerabilities.iter().map(|one| finding(one, bill));
    Cow::Owned(report.findings.iter().cloned().chain(flaws).collect())
}

fn finding(vulnerability: &Vulnerability, bill: Option<&str>) -> Finding {
    let mut origin = vulnerability.origin.clone();
    if origin.source.is_none() && origin.path.is_none() {
        origin.source = bill.map(beginning);
    }
    let title = vulnerability.title.as_deref().map(str::trim);
    let title = title.filter(|title| !title.is_empty());
    Finding {
        rule: RULE.name,
        aliases: &[],
        severity: match vulnerability.removed_in {
            None => severity(vulnerability.severity),
            Some(_) => severity(vulnerability.severity).min(Severity::Low),
        },
        confidence: Confidence::High,
        message: format!(
            "{} {} has {} [{}]{}.",
            vulnerability.name,
            vulnerability.installed,
            vulnerability.id,
            vulnerability.severity.as_str(),
            title.map_or_else(String::new, |title| format!(
                ": {}",
                title.trim_end_matches('.')
            )),
        ),
        help: Some(help(vulnerability)),
        origin,
        related: Vec::new(),
        fix: None,
        subjects: Vec::new(),
    }
}

/// Where a file begins.
fn beginning(file: &str) -> SourceOrigin {
    let start = Position { line: 1, column: 1 };
    SourceOrigin {
        file: file.to_owned(),
        span: Span::new(0, 0),
        start,
        end: start,
    }
}

fn help(vulnerability: &Vulnerability) -> String {
    if let Some(layer) = vulnerability.removed_in {
        return format!("Layer {layer} removes the package; it ships all the same.");
    }
    if vulnerability.paid_fix.is_some() {
        return format!("It is fixed in {}.", vulnerability.without_fix());
    }
    match (&vulnerability.fixed, vulnerability.fix_state) {
        (Some(fixed), _) => format!("It is fixed in {fixed}."),
        (None, FixState::WillNotFix) => "It will not be fixed.".to_owned(),
        (None, FixState::EndOfLife) => "The release is at its end.".to_owned(),
        (None, _) => "No fix is known.".to_owned(),
    }
}

fn severity(severity: VulnerabilitySeverity) -> Severity {
    match severity {
        VulnerabilitySeverity::Critical => Severity::Critical,
        VulnerabilitySeverity::High => Severity::High,
        VulnerabilitySeverity::Medium => Severity::Medium,
        VulnerabilitySeverity::Low => Severity::Low,
        VulnerabilitySeverity::Negligible | VulnerabilitySeverity::Unknown => Severity::Info,
    }
}
