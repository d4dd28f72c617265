//! Known vulnerabilities: a line for the screen, a table for those who want all.

use plimsoll_model::{
    AdvisedEdit, AdvisoryCoverage, PackageKind, PendingUpdate, Place, Report, Severity,
    Vulnerability, VulnerabilitySeverity,
};
use unicode_width::UnicodeWidthStr;

use super::{paint, severity_style};
use crate::advice::{self, Voice};
use crate::text::{count, fitting, visible};
use crate::{RenderInput, tally};

const HEAD: [&str; 6] = ["SEVERITY", "ID", "PACKAGE", "INSTALLED", "FIXED IN", "FROM"];

/// The widest a column is padded to; longer words push the rest of their line.
const WIDEST: usize = 40;
/// Packages told that could not be judged.
const UNJUDGED: usize = 5;
/// Ecosystems told that have no advisories.
const MISSING: usize = 3;

/// What the screen says: nothing where nobody meant to look. `made` is when the report was.
pub(super) fn lines(report: &Report, made: Option<&str>) -> Vec<String> {
    let Some(coverage) = &report.advisories else {
        let mut skipped = report.skipped.iter();
        let meant = skipped.any(|skipped| skipped.what == AdvisoryCoverage::SUBJECT);
        return match meant {
            true => vec!["not looked at: no index of advisories".to_owned()],
            false => Vec::new(),
        };
    };
    let mut lines = vec![tally::known(report)];
    let mut notes = Vec::new();
    let exploited = report.vulnerabilities.iter();
    match exploited
        .filter(|one| one.known_exploited.is_some())
        .count()
    {
        0 => {}
        number => notes.push(format!("{number} known to be exploited")),
    }
    if !report.suppressed_vulnerabilities.is_empty() {
        notes.push(tally::set_aside(&report.suppressed_vulnerabilities));
    }
    if !notes.is_empty() {
        lines.push(notes.join("; "));
    }
    if let Some(waiting) = tally::pending_updates(&report.pending_updates) {
        lines.push(format!("{}{}", visible(&waiting), named(report)));
    }
    lines.push(grounds(coverage, made));
    lines
}

/// What known vulnerabilities rest on, in one line: which advisories, how old they are, and the
/// ecosystems that they say nothing of. `made` is when the report was.
pub fn grounds(coverage: &AdvisoryCoverage, made: Option<&str>) -> String {
    let mut missing: Vec<_> = coverage.missing.iter().collect();
    missing.sort_by_key(|one| std::cmp::Reverse(one.packages));
    let named: Vec<String> = missing
        .iter()
        .take(MISSING)
        .map(|one| format!("{} ({})", visible(&one.ecosystem), one.packages))
        .collect();
    let missing = match named.is_empty() {
        true => String::new(),
        false => {
            let more = if missing.len() > MISSING { ", …" } else { "" };
            format!("; none on {}{more}", named.join(", "))
        }
    };
    let judged_by = tally::judged_by(coverage, made);
    let broken = tally::broken(coverage).map_or_else(String::new, |words| format!("; {words}"));
    format!("{}{missing}{broken}", visible(&judged_by))
}

/// Security updates told on the screen.
const UPDATES: usize = 3;

/// The first of the packages that an update waits for and that no vulnerability tells of.
fn named(report: &Report) -> String {
    let updates = report.pending_updates.iter();
    let updates: Vec<&PendingUpdate> = updates.filter(|one| one.is_news()).collect();
    let mut told: Vec<String> = updates
        .iter()
        .take(UPDATES)
        .map(|one| {
            format!(
                "{} {} → {}",
                visible(&one.name),
                visible(&one.installed),
                visible(&one.available)
            )
        })
        .collect();
    if updates.len() > UPDATES {
        told.push("…".to_owned());
    }
    match told.is_empty() {
        true => String::new(),
        false => format!(": {}", told.join(", ")),
    }
}

/// Edits told on the screen.
const EDITS: usize = 3;

/// How words that came from elsewhere are written here, and how many packages of an edit are told.
fn voice(steps: usize, brief: bool) -> Voice {
    Voice {
        text: |text| visible(text).into_owned(),
        code: |text| visible(text).into_owned(),
        steps,
        brief,
    }
}

/// The best edits, one line each.
pub(super) fn edits(report: &Report) -> Vec<String> {
    let edits = report.advice.edits.iter().take(EDITS);
    edits
        .map(|edit| sentence(edit, report, voice(2, true)))
        .collect()
}

/// Every edit, and what stays whatever is edited.
fn all_edits(report: &Report) -> String {
    let mut out = String::new();
    for edit in &report.advice.edits {
        out.push_str(&format!(
            "{}\n",
            sentence(edit, report, voice(usize::MAX, false))
        ));
        if let Some(command) = advice::meanwhile(edit) {
            out.push_str(&format!(
                "  until there is one, for packages of the distribution: {command}\n"
            ));
        }
    }
    if let Some(staying) = advice::staying(report) {
        out.push_str(&format!("{staying}\n"));
    }
    out
}

fn sentence(edit: &AdvisedEdit, report: &Report, voice: Voice) -> String {
    format!(
        "{} {}: {}",
        advice::place(edit, voice),
        advice::effect(edit, &report.vulnerabilities),
        advice::doing(edit, report, voice)
    )
}

/// Writes what security updates wait for.
fn waiting(out: &mut String, report: &Report) {
    let Some(told) = tally::pending_updates(&report.pending_updates) else {
        return;
    };
    out.push_str(&format!("{}:\n", visible(&told)));
    for one in tally::news_first(&report.pending_updates) {
        out.push_str(&format!(
            "  {} {} → {}",
            visible(&one.name),
            visible(&one.installed),
            visible(&one.available)
        ));
        if one.source != one.name {
            out.push_str(&format!(" ({})", visible(&one.source)));
        }
        if !one.is_news() {
            out.push_str(&format!(": {}", visible(&one.vulnerabilities.join(", "))));
        }
        out.push('\n');
    }
    out.push('\n');
}

/// Writes a table of all of them, then what they were judged by.
pub(super) fn table(out: &mut String, input: &RenderInput<'_>) {
    let report = input.report;
    let found = &report.vulnerabilities;
    if !found.is_empty() {
        let rows: Vec<[String; 6]> = found.iter().map(row).collect();
        let mut widths = HEAD.map(str::len);
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width()).min(WIDEST);
            }
        }
        write_row(out, &HEAD.map(str::to_owned), widths, None);
        for (row, vulnerability) in rows.iter().zip(found) {
            let style = input.color.then(|| style(vulnerability.severity));
            write_row(out, row, widths, style.flatten());
            let urgency = tally::urgency(vulnerability);
            if !urgency.is_empty() {
                out.push_str(&format!("{}  {urgency}\n", " ".repeat(widths[0])));
            }
            if let Some(title) = &vulnerability.title {
                let title = fitting(title, input.width.max(40).saturating_sub(widths[0] + 2));
                out.push_str(&format!("{}  {}\n", " ".repeat(widths[0]), visible(&title)));
            }
            if let Some(reachable) = &vulnerability.reachable {
                let why = reachable.explanation();
                out.push_str(&format!(
                    "{}  reachable: {} ({})\n",
                    " ".repeat(widths[0]),
                    reachable.as_str(),
                    visible(&why)
                ));
            }
        }
        out.push('\n');
    }
    waiting(out, report);
    let edits = all_edits(report);
    if !edits.is_empty() {
        out.push_str(&edits);
        out.push('\n');
    }
    if let Some(coverage) = &report.advisories {
        out.push_str(&foundation(coverage, input.made));
        out.push('\n');
    }
}

fn write_row(
    out: &mut String,
    row: &[String; 6],
    widths: [usize; 6],
    style: Option<anstyle::Style>,
) {
    let mut line = String::new();
    for (at, (cell, width)) in row.iter().zip(widths).enumerate() {
        match style.filter(|_| at == 0) {
            Some(style) => line.push_str(&paint(cell, style, true)),
            None => line.push_str(cell),
        }
        line.push_str(&" ".repeat((width + 2).saturating_sub(cell.width()).max(2)));
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

fn row(vulnerability: &Vulnerability) -> [String; 6] {
    [
        vulnerability.severity.as_str().to_owned(),
        visible(&vulnerability.id).into_owned(),
        visible(&vulnerability.name).into_owned(),
        visible(&vulnerability.installed).into_owned(),
        match &vulnerability.fixed {
            Some(fixed) => visible(fixed).into_owned(),
            None => visible(&vulnerability.without_fix()).into_owned(),
        },
        from(vulnerability),
    ]
}

/// The line that brought the package, as near as it is known, and where it lies where no package
/// manager's database says that.
fn from(vulnerability: &Vulnerability) -> String {
    let origin = &vulnerability.origin;
    let mut text = match origin.brought_by(vulnerability.in_base) {
        Place::Image => "-".to_owned(),
        place => visible(&place.to_string()).into_owned(),
    };
    if let Some(path) = origin.path.as_deref()
        && !path.is_empty()
        && !vulnerability.kind().is_some_and(PackageKind::is_system)
    {
        text.push_str(&format!(", /{}", visible(path.trim_start_matches('/'))));
    }
    if let Some(layer) = vulnerability.removed_in {
        text.push_str(&format!(", removed in layer {layer}"));
    }
    text
}

/// How a severity looks; nothing where it is to look like any text.
pub(crate) fn style(severity: VulnerabilitySeverity) -> Option<anstyle::Style> {
    let like = match severity {
        VulnerabilitySeverity::Critical | VulnerabilitySeverity::High => Severity::High,
        VulnerabilitySeverity::Medium => Severity::Medium,
        VulnerabilitySeverity::Low => Severity::Low,
        VulnerabilitySeverity::Negligible | VulnerabilitySeverity::Unknown => return None,
    };
    Some(severity_style(like))
}

/// What the table rests on, and what it says nothing of.
fn foundation(coverage: &AdvisoryCoverage, made: Option<&str>) -> String {
    let mut out = format!("{}\n", visible(&tally::judged_by(coverage, made)));
    for one in &coverage.missing {
        out.push_str(&format!(
            "no advisories on {}: nothing is known of {}\n",
            visible(&one.ecosystem),
            count(one.packages, "package")
        ));
    }
    for line in tally::lists(coverage) {
        out.push_str(&format!("{}\n", visible(&line)));
    }
    for one in coverage.unjudged.iter().take(UNJUDGED) {
        out.push_str(&format!(
            "not judged: {}: {}\n",
            visible(&one.purl),
            visible(&one.why)
        ));
    }
    let more = coverage.unjudged.len().saturating_sub(UNJUDGED);
    if more > 0 {
        out.push_str(&format!(
            "not judged: and {}\n",
            count(more, "more package")
        ));
    }
    out
}
