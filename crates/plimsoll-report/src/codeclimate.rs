//! Code Climate's issues, and the part of them that GitLab's code quality report takes.

use plimsoll_model::{Finding, Severity};
use serde::Serialize;

use crate::RenderInput;
use crate::fingerprint::Fingerprinter;
use crate::flaw;
use crate::lookup::Sources;
use crate::mask::Mask;
use crate::place::{file, line, whole_message};

/// Renders the report as an array of issues in Code Climate's form.
pub fn render(input: &RenderInput<'_>) -> String {
    issues(input, true)
}

/// Renders the report as GitLab's code quality report.
pub fn render_gitlab(input: &RenderInput<'_>) -> String {
    issues(input, false)
}

#[derive(Serialize)]
struct Issue<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    check_name: &'a str,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    categories: Option<[&'static str; 1]>,
    fingerprint: String,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Content<'a> {
    body: &'a str,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    positions: Option<Positions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Lines>,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<usize>,
}

#[derive(Serialize)]
struct Positions {
    begin: Position,
    end: Position,
}

#[derive(Serialize)]
struct Position {
    line: usize,
    column: usize,
}

fn issues(input: &RenderInput<'_>, whole: bool) -> String {
    let sources = Sources::new(input.sources);
    let mask = Mask::new(input.hidden);
    let mut fingerprints = Fingerprinter::new(&sources, &mask);
    let findings = flaw::findings(input.report);
    let ids = input
        .report
        .vulnerabilities
        .iter()
        .map(|one| Some(&*one.id));
    let ids = input.report.findings.iter().map(|_| None).chain(ids);
    let issues: Vec<Issue<'_>> = findings
        .iter()
        .zip(ids)
        .map(|(finding, id)| Issue {
            kind: whole.then_some("issue"),
            check_name: finding.rule,
            description: whole_message(finding),
            content: input
                .rules
                .iter()
                .find(|rule| whole && rule.name == finding.rule && !rule.docs.is_empty())
                .map(|rule| Content { body: rule.docs }),
            categories: whole.then(|| [category(input, finding)]),
            fingerprint: match id {
                Some(id) => fingerprints.of_one(finding, id),
                None => fingerprints.of(finding),
            },
            severity: match finding.severity {
                Severity::Critical => "blocker",
                Severity::High => "critical",
                Severity::Medium => "major",
                Severity::Low => "minor",
                Severity::Info => "info",
            },
            location: location(finding, whole),
        })
        .collect();
    let mut text = serde_json::to_string(&issues).expect("every key is a string");
    text.push('\n');
    text
}

fn category(input: &RenderInput<'_>, finding: &Finding) -> &'static str {
    let mut rules = input.rules.iter().chain([&flaw::RULE]);
    let rule = rules.find(|rule| rule.name == finding.rule);
    match rule.map(|rule| rule.category) {
        Some("security") => "Security",
        Some("efficiency") => "Performance",
        Some("reproducibility") => "Compatibility",
        Some("operability") => "Clarity",
        _ => "Bug Risk",
    }
}

fn location(finding: &Finding, whole: bool) -> Location<'_> {
    let source = finding.origin.source.as_ref().filter(|_| whole);
    Location {
        path: file(&finding.origin),
        positions: source.map(|source| Positions {
            begin: Position {
                line: source.start.line,
                column: source.start.column,
            },
            end: Position {
                line: source.end.line,
                column: source.end.column,
            },
        }),
        lines: source.is_none().then(|| Lines {
            begin: line(&finding.origin),
            end: whole.then(|| line(&finding.origin)),
        }),
    }
}
