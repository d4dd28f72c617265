//! SonarQube's generic issues, in the form it has read since 10.3.

use std::collections::BTreeMap;

use plimsoll_model::{Finding, Origin, Severity};
use serde::Serialize;

use crate::RenderInput;
use crate::flaw;
use crate::place::{file, whole_message};

#[derive(Serialize)]
struct Log<'a> {
    rules: Vec<Rule<'a>>,
    issues: Vec<Issue<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    id: &'a str,
    name: &'a str,
    description: &'a str,
    engine_id: &'static str,
    clean_code_attribute: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    severity: &'static str,
    impacts: [Impact; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Impact {
    software_quality: &'static str,
    severity: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Issue<'a> {
    rule_id: &'a str,
    effort_minutes: u32,
    primary_location: Location<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secondary_locations: Vec<Location<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    message: String,
    file_path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text_range: Option<TextRange>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TextRange {
    start_line: usize,
    end_line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<usize>,
}

/// Renders the report.
pub fn render(input: &RenderInput<'_>) -> String {
    let findings = flaw::findings(input.report);
    // Each rule once; the gravest of its findings says how grave it is.
    let mut used: BTreeMap<&str, Severity> = BTreeMap::new();
    for finding in &*findings {
        let severity = used.entry(finding.rule).or_insert(finding.severity);
        *severity = finding.severity.max(*severity);
    }
    let log = Log {
        rules: used
            .into_iter()
            .map(|(name, severity)| rule(input, name, severity))
            .collect(),
        issues: findings.iter().map(issue).collect(),
    };
    let mut text = serde_json::to_string(&log).expect("every key is a string");
    text.push('\n');
    text
}

fn rule<'a>(input: &RenderInput<'a>, name: &'a str, severity: Severity) -> Rule<'a> {
    let mut rules = input.rules.iter().chain([&flaw::RULE]);
    let known = rules.find(|rule| rule.name == name);
    let category = known.map_or("", |rule| rule.category);
    Rule {
        id: name,
        name: known.map_or(name, |rule| rule.summary),
        description: known.map_or("", |rule| rule.docs),
        engine_id: "plimsoll",
        clean_code_attribute: match category {
            "security" => "TRUSTWORTHY",
            "efficiency" => "EFFICIENT",
            "reproducibility" => "CONVENTIONAL",
            "operability" => "COMPLETE",
            _ => "LOGICAL",
        },
        kind: match category {
            "security" => "VULNERABILITY",
            "correctness" => "BUG",
            _ => "CODE_SMELL",
        },
        severity: match severity {
            Severity::Critical => "BLOCKER",
            Severity::High => "CRITICAL",
            Severity::Medium => "MAJOR",
            Severity::Low => "MINOR",
            Severity::Info => "INFO",
        },
        impacts: [Impact {
            software_quality: match category {
                "security" => "SECURITY",
                "correctness" | "operability" => "RELIABILITY",
                _ => "MAINTAINABILITY",
            },
            severity: match severity {
                Severity::Critical | Severity::High => "HIGH",
                Severity::Medium => "MEDIUM",
                Severity::Low | Severity::Info => "LOW",
            },
        }],
    }
}

fn issue(finding: &Finding) -> Issue<'_> {
    Issue {
        rule_id: finding.rule,
        effort_minutes: 5,
        primary_location: location(&finding.origin, whole_message(finding)),
        secondary_locations: finding
            .related
            .iter()
            .filter(|related| related.origin.source.is_some())
            .map(|related| location(&related.origin, related.message.clone()))
            .collect(),
    }
}

fn location(origin: &Origin, message: String) -> Location<'_> {
    Location {
        message,
        file_path: file(origin),
        text_range: origin.source.as_ref().map(|place| {
            // Columns start at 0 here, and a range without a character in it is refused.
            let empty = place.start == place.end;
            TextRange {
                start_line: place.start.line,
                end_line: place.end.line,
                start_column: (!empty).then(|| place.start.column - 1),
                end_column: (!empty).then(|| place.end.column - 1),
            }
        }),
    }
}
