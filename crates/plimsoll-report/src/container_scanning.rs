//! GitLab's container scanning report, schema 15: known vulnerabilities for merge requests and the
//! vulnerability report. It is about packages of an image alone; findings of rules go into
//! `gitlab`, which is GitLab's code quality report.
//!
//! <https://gitlab.com/gitlab-org/security-products/security-report-schemas>

mod vector;
mod vulnerability;

use std::collections::HashMap;

use plimsoll_model::{Report, SuppressedVulnerability};
use serde::Serialize;

use self::vulnerability::WireVulnerability;
use crate::RenderInput;
use crate::place::{standing, subject};
use crate::text::{count, visible};

/// The version of the schema that the report holds to.
const SCHEMA: &str = "15.2.1";

/// Renders the report as `gl-container-scanning-report.json`.
pub fn render(input: &RenderInput<'_>) -> String {
    let report = input.report;
    let image = visible(subject(report)).into_owned();
    let operating_system = operating_system(report);
    let mut seen = HashMap::new();
    let tool = Tool {
        id: "plimsoll",
        name: "Plimsoll",
        version: input.tool_version,
        vendor: Vendor { name: "Plimsoll" },
    };
    let time = moment(input.made);
    let wire = Document {
        version: SCHEMA,
        scan: Scan {
            analyzer: &tool,
            scanner: &tool,
            kind: "container_scanning",
            start_time: time,
            end_time: time,
            status: match is_whole(report) {
                true => "success",
                false => "failure",
            },
            messages: messages(report),
        },
        vulnerabilities: report
            .vulnerabilities
            .iter()
            .map(|found| WireVulnerability::new(found, &image, &operating_system, &mut seen))
            .collect(),
        remediations: [],
    };
    let mut text = serde_json::to_string(&wire).expect("every key is a string");
    text.push('\n');
    text
}

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    scan: Scan<'a>,
    vulnerabilities: Vec<WireVulnerability<'a>>,
    remediations: [(); 0],
}

#[derive(Serialize)]
struct Scan<'a> {
    analyzer: &'a Tool<'a>,
    scanner: &'a Tool<'a>,
    #[serde(rename = "type")]
    kind: &'static str,
    start_time: &'a str,
    end_time: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<Message>,
}

#[derive(Serialize)]
struct Tool<'a> {
    id: &'static str,
    name: &'static str,
    version: &'a str,
    vendor: Vendor,
}

#[derive(Serialize)]
struct Vendor {
    name: &'static str,
}

#[derive(Serialize)]
struct Message {
    level: &'static str,
    value: String,
}

/// `debian 12`, as GitLab's own scanner writes it.
fn operating_system(report: &Report) -> String {
    let Some(distribution) = &report.inventory.distribution else {
        return "unknown".to_owned();
    };
    let text = format!("{} {}", distribution.id, distribution.version);
    match text.trim() {
        "" => "unknown".to_owned(),
        text => visible(text).into_owned(),
    }
}

/// Whether packages were held against advisories and nothing that matters was left out.
fn is_whole(report: &Report) -> bool {
    report.advisories.is_some()
        && !report.is_unjudged()
        && !report.skipped.iter().any(|skipped| skipped.blocking)
}

fn messages(report: &Report) -> Vec<Message> {
    let message = |level, value: String| Message {
        level,
        value: visible(&value).into_owned(),
    };
    let mut messages: Vec<Message> = report
        .skipped
        .iter()
        .map(|one| {
            let level = if one.blocking { "fatal" } else { "warn" };
            message(level, format!("not looked at: {one}"))
        })
        .collect();
    match &report.advisories {
        None => messages.push(message(
            "fatal",
            "packages were not held against advisories".to_owned(),
        )),
        Some(coverage) => {
            messages.push(message(
                "info",
                format!(
                    "judged by {} advisories of {} (snapshot {})",
                    coverage.advisories,
                    coverage.date.as_deref().unwrap_or("an unknown day"),
                    coverage.snapshot
                ),
            ));
            messages.extend(coverage.missing.iter().map(|one| {
                message(
                    "warn",
                    format!(
                        "no advisories on {}: nothing is known of {}",
                        one.ecosystem,
                        count(one.packages, "package")
                    ),
                )
            }));
            messages.extend(
                coverage
                    .unjudged
                    .iter()
                    .map(|one| message("warn", format!("not judged: {}: {}", one.purl, one.why))),
            );
        }
    }
    // A vulnerability of the list asks people to act; what needs no act is told here.
    let aside = report.suppressed_vulnerabilities.iter();
    messages.extend(aside.map(|one| message("info", set_aside(one))));
    messages
}

/// All that is known of one that was set aside, in one line.
fn set_aside(one: &SuppressedVulnerability) -> String {
    let found = &one.vulnerability;
    let label = one.justification.as_deref();
    let label = label.map_or_else(String::new, |label| format!(" ({label})"));
    format!(
        "set aside: {} of {} [{}]: {}{label}, written in {}",
        found.id,
        found.purl,
        found.severity.as_str(),
        standing(one),
        one.written_in
    )
}

/// The moment without fractions and zone, as the schema wants it; the beginning of time where
/// nobody told it.
fn moment(made: Option<&str>) -> &str {
    made.and_then(|made| made.get(..19))
        .filter(|made| {
            made.bytes()
                .zip(b"0000-00-00T00:00:00".iter())
                .all(|(byte, form)| match form {
                    b'0' => byte.is_ascii_digit(),
                    sign => byte == *sign,
                })
        })
        .unwrap_or("1970-01-01T00:00:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_neither_zone_nor_fraction() {
        assert_eq!(
            moment(Some("2026-11-21T14:45:35.123Z")),
            "2026-11-21T14:45:35"
        );
        for bad in [
            None,
            Some(""),
            Some("2026-11-21"),
            Some("2026-11-21 14:45:35Z"),
        ] {
            assert_eq!(moment(bad), "1970-01-01T00:00:00");
        }
    }
}
