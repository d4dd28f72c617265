//! For people at a terminal: source frames in the look of rustc, then a summary that fits one
//! screen.

mod frame;
mod screen;
mod summary;
mod vulnerabilities;

pub use self::vulnerabilities::grounds;
pub(crate) use self::vulnerabilities::style as vulnerability_style;

use std::cmp::Reverse;
use std::collections::HashMap;

use anstyle::{AnsiColor, Style};
use plimsoll_model::{Finding, Severity, Skipped};

use crate::lookup::Sources;
use crate::mask::Mask;
use crate::text::visible;
use crate::{RenderInput, tally};

/// Renders the report.
pub fn render(input: &RenderInput<'_>) -> String {
    let report = input.report;
    let sources = Sources::new(input.sources);
    let mask = Mask::new(input.hidden);
    let mut out = String::new();
    match (&report.image, &report.bill) {
        (Some(image), _) if !input.details => {
            summary::image(&mut out, input, image);
            return out;
        }
        (None, Some(bill)) if !input.details => {
            summary::bill(&mut out, input, bill);
            return out;
        }
        _ => {}
    }
    let frames = frame::Frames::new(input, &sources, &mask);
    let is_image = report.image.is_some();
    let findings = match is_image {
        true => by_rule(&report.findings),
        false => report.findings.iter().collect(),
    };
    let mut above = None;
    for finding in findings {
        out.push_str(&frames.render(finding, above));
        out.push_str("\n\n");
        above = is_image.then_some(finding);
    }
    for remark in &report.remarks {
        out.push_str(&format!(
            "{}: {} ({}:{}): {}\n",
            paint("note", severity_style(Severity::Info), input.color),
            visible(remark.rule),
            visible(&remark.place.file),
            remark.place.start.line,
            visible(&remark.text)
        ));
    }
    if !report.remarks.is_empty() {
        out.push('\n');
    }
    vulnerabilities::table(&mut out, input);
    for skipped in &report.skipped {
        out.push_str(&skipped_line(skipped, input.color));
        files_of(&mut out, skipped);
    }
    if !report.skipped.is_empty() {
        out.push('\n');
    }
    match (&report.image, &report.bill) {
        (Some(image), _) => summary::image(&mut out, input, image),
        (None, Some(bill)) => summary::bill(&mut out, input, bill),
        (None, None) => {
            out.push_str(&tally::closing(
                &report.findings,
                report.checked.len(),
                report.suppressed.len(),
                report.skipped.len(),
            ));
            out.push('\n');
            summary::verdict(&mut out, input);
        }
    }
    out
}

/// Rule by rule, that of the gravest finding first: an image has many of one kind, and no order of
/// lines that a person goes through.
fn by_rule(findings: &[Finding]) -> Vec<&Finding> {
    let mut gravest: HashMap<&str, Severity> = HashMap::new();
    for finding in findings {
        let known = gravest.entry(finding.rule).or_insert(finding.severity);
        *known = finding.severity.max(*known);
    }
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| {
        let severity = Reverse(finding.severity);
        (Reverse(gravest[finding.rule]), finding.rule, severity)
    });
    sorted
}

fn skipped_line(skipped: &Skipped, color: bool) -> String {
    format!(
        "{}: {}\n",
        paint("not looked at", severity_style(Severity::Medium), color),
        visible(&skipped.to_string())
    )
}

/// The files that a line stands for, where it does not name its only one.
fn files_of(out: &mut String, skipped: &Skipped) {
    if skipped.files.len() < 2 {
        return;
    }
    for file in &skipped.files {
        out.push_str(&format!("  {}\n", visible(file)));
    }
    if skipped.left_out > 0 {
        out.push_str(&format!("  and {} more\n", skipped.left_out));
    }
}

/// The colour of a severity.
pub(crate) fn severity_style(severity: Severity) -> Style {
    let color = match severity {
        Severity::Critical | Severity::High => AnsiColor::BrightRed,
        Severity::Medium => AnsiColor::BrightYellow,
        Severity::Low => AnsiColor::BrightBlue,
        Severity::Info => AnsiColor::BrightCyan,
    };
    color.on_default().bold()
}

/// `text` in a style where colours are wanted. The text must be safe already.
pub fn paint(text: &str, style: Style, color: bool) -> String {
    if color {
        format!("{style}{text}{style:#}")
    } else {
        text.to_owned()
    }
}
