//! Reviewdog's diagnostics (`rdjson`).

use plimsoll_model::{Applicability, Finding, Origin, Severity, SourceOrigin, Span};
use serde::Serialize;

use crate::RenderInput;
use crate::flaw;
use crate::lookup::Sources;
use crate::place::{file, line, whole_message};

#[derive(Serialize)]
struct Log<'a> {
    source: Source,
    severity: &'static str,
    diagnostics: Vec<Diagnostic<'a>>,
}

#[derive(Serialize)]
struct Source {
    name: &'static str,
    url: &'static str,
}

#[derive(Serialize)]
struct Diagnostic<'a> {
    message: String,
    location: Location<'a>,
    severity: &'static str,
    code: Code<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<Suggestion<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<RelatedLocation<'a>>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    range: Range,
}

#[derive(Serialize)]
struct Range {
    start: Position,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Position>,
}

#[derive(Serialize)]
struct Position {
    line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

#[derive(Serialize)]
struct Code<'a> {
    value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
}

#[derive(Serialize)]
struct Suggestion<'a> {
    range: Range,
    text: &'a str,
}

#[derive(Serialize)]
struct RelatedLocation<'a> {
    message: &'a str,
    location: Location<'a>,
}

/// Renders the report.
pub fn render(input: &RenderInput<'_>) -> String {
    let sources = Sources::new(input.sources);
    let findings = flaw::findings(input.report);
    let log = Log {
        source: Source {
            name: "plimsoll",
            url: env!("CARGO_PKG_REPOSITORY"),
        },
        severity: "WARNING",
        diagnostics: findings
            .iter()
            .map(|finding| diagnostic(input, &sources, finding))
            .collect(),
    };
    let mut text = serde_json::to_string(&log).expect("every key is a string");
    text.push('\n');
    text
}

fn diagnostic<'a>(
    input: &RenderInput<'a>,
    sources: &Sources<'a>,
    finding: &'a Finding,
) -> Diagnostic<'a> {
    let rule = input.rules.iter().find(|rule| rule.name == finding.rule);
    Diagnostic {
        message: whole_message(finding),
        location: location(sources, &finding.origin),
        severity: match finding.severity {
            Severity::Critical | Severity::High => "ERROR",
            Severity::Medium => "WARNING",
            Severity::Low | Severity::Info => "INFO",
        },
        code: Code {
            value: finding.rule,
            url: rule.and_then(|rule| rule.help_uri),
        },
        suggestions: suggestions(sources, finding),
        related_locations: finding
            .related
            .iter()
            .map(|related| RelatedLocation {
                message: &related.message,
                location: location(sources, &related.origin),
            })
            .collect(),
    }
}

/// Reviewdog offers each suggestion by itself: only a fix of one edit, in the finding's own file,
/// is one.
fn suggestions<'a>(sources: &Sources<'a>, finding: &'a Finding) -> Vec<Suggestion<'a>> {
    let (Some(fix), Some(place)) = (&finding.fix, &finding.origin.source) else {
        return Vec::new();
    };
    match fix.edits.as_slice() {
        [edit] if fix.applicability != Applicability::DisplayOnly && edit.file == place.file => {
            range(sources, &edit.file, edit.span)
                .map(|range| Suggestion {
                    range,
                    text: &edit.text,
                })
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

fn location<'a>(sources: &Sources<'a>, origin: &'a Origin) -> Location<'a> {
    let known = origin
        .source
        .as_ref()
        .and_then(|place: &SourceOrigin| range(sources, &place.file, place.span));
    Location {
        path: file(origin),
        range: known.unwrap_or_else(|| Range {
            start: Position {
                line: line(origin),
                column: None,
            },
            end: None,
        }),
    }
}

/// Columns count bytes here. Without the file at hand nobody knows them.
fn range(sources: &Sources<'_>, name: &str, span: Span) -> Option<Range> {
    let source = sources.get(name)?;
    let position = |offset: usize| {
        let line = source.lines().line(offset);
        let start = source.lines().line_span(line, source.bytes()).start;
        Position {
            line,
            column: Some(offset.saturating_sub(start) + 1),
        }
    };
    Some(Range {
        start: position(span.start),
        end: Some(position(span.end)),
    })
}
