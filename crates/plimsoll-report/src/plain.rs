//! One line a finding: `file:line:column: severity rule: message`.

use std::fmt::Write as _;

use plimsoll_model::Finding;

use crate::RenderInput;
use crate::flaw;
use crate::place::whole_message;
use crate::text::visible;

/// Renders the report, known vulnerabilities after the findings. What was not looked at follows the findings, as `skipped:` lines,
/// and where rules stayed silent, as `note` lines.
pub fn render(input: &RenderInput<'_>) -> String {
    let mut out = String::new();
    for finding in &*flaw::findings(input.report) {
        let message = match finding.rule {
            rule if rule == flaw::RULE.name => whole_message(finding),
            _ => finding.message.clone(),
        };
        writeln!(
            out,
            "{}: {} {}: {}",
            place(finding),
            finding.severity.as_str(),
            visible(finding.rule),
            visible(&message)
        )
        .expect("writing to a String cannot fail");
    }
    for skipped in &input.report.skipped {
        writeln!(
            out,
            "{}: skipped: {}",
            visible(&skipped.what),
            visible(&skipped.reason())
        )
        .expect("writing to a String cannot fail");
    }
    for remark in &input.report.remarks {
        writeln!(
            out,
            "{}:{}:{}: note {}: {}",
            visible(&remark.place.file),
            remark.place.start.line,
            remark.place.start.column,
            visible(remark.rule),
            visible(&remark.text)
        )
        .expect("writing to a String cannot fail");
    }
    out
}

fn place(finding: &Finding) -> String {
    let origin = &finding.origin;
    if let Some(source) = &origin.source {
        return format!(
            "{}:{}:{}",
            visible(&source.file),
            source.start.line,
            source.start.column
        );
    }
    let layer = origin
        .layer
        .as_ref()
        .map(|layer| format!("layer {}", layer.index));
    let path = origin
        .path
        .as_ref()
        .map(|path| format!("/{}", visible(path)));
    match (layer, path) {
        (Some(layer), Some(path)) => format!("{layer}:{path}"),
        (Some(place), None) | (None, Some(place)) => place,
        (None, None) => match &origin.package {
            Some(package) => visible(package).into_owned(),
            None => "image".to_owned(),
        },
    }
}
