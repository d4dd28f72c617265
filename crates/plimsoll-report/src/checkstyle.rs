//! Checkstyle's XML, which many editors and build servers read.

use std::fmt::Write as _;

use plimsoll_model::Severity;

use crate::RenderInput;
use crate::flaw;
use crate::place::{by_file, line, whole_message};
use crate::text::xml;

/// Renders the report.
pub fn render(input: &RenderInput<'_>) -> String {
    let mut out =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"4.3\">\n");
    let findings = flaw::findings(input.report);
    for (file, findings) in by_file(&findings, &input.report.checked) {
        out.push_str(&format!("  <file name=\"{}\">\n", xml(file)));
        for finding in findings {
            let column = finding
                .origin
                .source
                .as_ref()
                .map_or(1, |source| source.start.column);
            writeln!(
                out,
                "    <error line=\"{}\" column=\"{column}\" severity=\"{}\" message=\"{}\" source=\"plimsoll.{}\"/>",
                line(&finding.origin),
                level(finding.severity),
                xml(&whole_message(finding)),
                xml(finding.rule)
            )
            .expect("writing to a String cannot fail");
        }
        out.push_str("  </file>\n");
    }
    out.push_str("</checkstyle>\n");
    out
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "info",
    }
}
