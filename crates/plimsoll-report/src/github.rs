//! GitHub's workflow commands: findings and known vulnerabilities become annotations of a pull request.

use std::fmt::Write as _;

use plimsoll_model::Severity;

use crate::RenderInput;
use crate::flaw;
use crate::place::whole_message;
use crate::text::visible;

/// Renders the report, one command a line.
pub fn render(input: &RenderInput<'_>) -> String {
    let mut out = String::new();
    for finding in &*flaw::findings(input.report) {
        let command = match finding.severity {
            Severity::Critical | Severity::High => "error",
            Severity::Medium => "warning",
            Severity::Low | Severity::Info => "notice",
        };
        let mut properties = Vec::new();
        if let Some(source) = &finding.origin.source {
            let file = source.file.strip_prefix("./").unwrap_or(&source.file);
            properties.push(format!("file={}", property(file)));
            properties.push(format!("line={}", source.start.line));
            // Columns of several lines would be taken for those of one.
            if source.end.line == source.start.line {
                properties.push(format!("col={}", source.start.column));
                properties.push(format!("endColumn={}", source.end.column));
            } else {
                properties.push(format!("endLine={}", source.end.line));
            }
        }
        properties.push(format!("title={}", property(finding.rule)));
        writeln!(
            out,
            "::{command} {}::{}",
            properties.join(","),
            data(&whole_message(finding))
        )
        .expect("writing to a String cannot fail");
    }
    for skipped in &input.report.skipped {
        writeln!(
            out,
            "::notice title=not looked at::{}",
            data(&skipped.to_string())
        )
        .expect("writing to a String cannot fail");
    }
    out
}

/// Text behind `::`.
fn data(text: &str) -> String {
    visible(text).replace('%', "%25")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
