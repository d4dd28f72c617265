//! JUnit's XML: each file is a suite, each finding a case that failed.

use std::fmt::Write as _;

use plimsoll_model::Finding;

use crate::RenderInput;
use crate::place::{by_file, line, whole_message};
use crate::text::xml;

/// Renders the report. A file without findings is one case that passed; what was not looked at is
/// a case that was skipped.
pub fn render(input: &RenderInput<'_>) -> String {
    let report = input.report;
    let groups = by_file(&report.findings, &report.checked);
    let passed = groups.iter().filter(|(_, found)| found.is_empty()).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    line_of(
        &mut out,
        &format!(
            "<testsuites name=\"plimsoll\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">",
            report.findings.len() + report.skipped.len() + passed,
            report.findings.len(),
            report.skipped.len()
        ),
    );
    for (file, findings) in groups {
        let file = xml(file);
        line_of(
            &mut out,
            &format!(
                "  <testsuite name=\"{file}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\">",
                findings.len().max(1),
                findings.len()
            ),
        );
        if findings.is_empty() {
            line_of(
                &mut out,
                &format!("    <testcase classname=\"{file}\" name=\"plimsoll\"/>"),
            );
        }
        for finding in findings {
            case(&mut out, &file, finding);
        }
        out.push_str("  </testsuite>\n");
    }
    if !report.skipped.is_empty() {
        let number = report.skipped.len();
        line_of(
            &mut out,
            &format!(
                "  <testsuite name=\"not looked at\" tests=\"{number}\" failures=\"0\" errors=\"0\" skipped=\"{number}\">"
            ),
        );
        for skipped in &report.skipped {
            line_of(
                &mut out,
                &format!(
                    "    <testcase classname=\"not looked at\" name=\"{}\"><skipped message=\"{}\"/></testcase>",
                    xml(&skipped.what),
                    xml(&skipped.why)
                ),
            );
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(out: &mut String, file: &str, finding: &Finding) {
    let rule = xml(finding.rule);
    let place = match &finding.origin.source {
        Some(source) => format!("{file}:{}:{}", source.start.line, source.start.column),
        None => file.to_owned(),
    };
    line_of(
        out,
        &format!(
            "    <testcase classname=\"{file}\" name=\"{rule} (line {})\">",
            line(&finding.origin)
        ),
    );
    line_of(
        out,
        &format!(
            "      <failure type=\"{}\" message=\"{}\">{place}: {}</failure>",
            finding.severity.as_str(),
            xml(&finding.message),
            xml(&whole_message(finding))
        ),
    );
    out.push_str("    </testcase>\n");
}

fn line_of(out: &mut String, text: &str) {
    writeln!(out, "{text}").expect("writing to a String cannot fail");
}
