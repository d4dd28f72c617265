//! Findings on the wire: where they are, and what mends them.

use plimsoll_model::{Finding, Fix, Origin, Related};
use serde::Serialize;

use crate::lookup::Sources;

#[derive(Serialize)]
pub(super) struct WireFinding<'a> {
    rule: &'a str,
    aliases: &'a [&'a str],
    severity: &'a str,
    confidence: &'a str,
    message: &'a str,
    help: Option<&'a str>,
    #[serde(flatten)]
    place: WirePlace<'a>,
    instruction_line: Option<usize>,
    related: Vec<WireRelated<'a>>,
    fix: Option<WireFix<'a>>,
}

#[derive(Serialize)]
struct WirePlace<'a> {
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
    layer: Option<usize>,
    package: Option<&'a str>,
    path: Option<&'a str>,
}

#[derive(Serialize)]
struct WireRelated<'a> {
    message: &'a str,
    #[serde(flatten)]
    place: WirePlace<'a>,
}

#[derive(Serialize)]
struct WireFix<'a> {
    title: &'a str,
    applicability: &'a str,
    edits: Vec<WireEdit<'a>>,
}

#[derive(Serialize)]
struct WireEdit<'a> {
    file: &'a str,
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
    text: &'a str,
}

impl<'a> WireFinding<'a> {
    pub(super) fn new(finding: &'a Finding, sources: &Sources<'a>) -> Self {
        Self {
            rule: finding.rule,
            aliases: finding.aliases,
            severity: finding.severity.as_str(),
            confidence: finding.confidence.as_str(),
            message: &finding.message,
            help: finding.help.as_deref(),
            place: WirePlace::new(&finding.origin),
            instruction_line: finding.origin.instruction_line,
            related: finding.related.iter().map(WireRelated::new).collect(),
            fix: finding
                .fix
                .as_ref()
                .and_then(|fix| WireFix::new(fix, sources)),
        }
    }
}

impl<'a> WirePlace<'a> {
    fn new(origin: &'a Origin) -> Self {
        let source = origin.source.as_ref();
        Self {
            file: source.map(|source| source.file.as_str()),
            line: source.map(|source| source.start.line),
            column: source.map(|source| source.start.column),
            end_line: source.map(|source| source.end.line),
            end_column: source.map(|source| source.end.column),
            layer: origin.layer.as_ref().map(|layer| layer.index),
            package: origin.package.as_deref(),
            path: origin.path.as_deref(),
        }
    }
}

impl<'a> WireRelated<'a> {
    fn new(related: &'a Related) -> Self {
        Self {
            message: &related.message,
            place: WirePlace::new(&related.origin),
        }
    }
}

impl<'a> WireFix<'a> {
    /// `None` where a file it edits is not at hand: a fix with half its edits would be another fix.
    fn new(fix: &'a Fix, sources: &Sources<'a>) -> Option<Self> {
        let edits: Option<Vec<_>> = fix
            .edits
            .iter()
            .map(|edit| {
                let (start, end) = sources.range(edit)?;
                Some(WireEdit {
                    file: &edit.file,
                    start_line: start.line,
                    start_column: start.column,
                    end_line: end.line,
                    end_column: end.column,
                    text: &edit.text,
                })
            })
            .collect();
        Some(Self {
            title: &fix.title,
            applicability: fix.applicability.as_str(),
            edits: edits?,
        })
    }
}
