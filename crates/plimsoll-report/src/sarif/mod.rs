//! SARIF 2.1.0, for code scanning and editors.

mod pending;
mod vulnerability;
mod wire;

use std::collections::{HashMap, HashSet};

use plimsoll_model::{
    Applicability, Edit, Finding, Origin, Report, Severity, SourceOrigin, Suppressed, SuppressedBy,
};

use crate::fingerprint::Fingerprinter;
use crate::lookup::Sources;
use crate::mask::Mask;
use crate::place::bill_file;
use crate::text::{count, uri_path};
use crate::{RenderInput, RuleInfo};
use wire::{
    Artifact, ArtifactChange, ArtifactLocation, Configuration, Content, Descriptor,
    DescriptorProperties, Driver, Fingerprints, Fix, FixProperties, Help, Invocation, Location,
    Log, LogicalLocation, Message, Notification, PhysicalLocation, Region, Replacement,
    ResultProperties, Run, RunProperties, SarifResult, Suppression, Tool, UriBase, UriBases,
};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Packages told that could not be judged.
const UNJUDGED: usize = 100;

/// Renders the report.
pub fn render(input: &RenderInput<'_>) -> String {
    let report = input.report;
    let subject = subject(report);
    let sources = Sources::new(input.sources);
    let mask = Mask::new(input.hidden);
    // The text of every rule there is would be a hundred times what was found.
    let set_aside = report.suppressed.iter().map(|one| &one.finding);
    let spoke: HashSet<&str> = report
        .findings
        .iter()
        .chain(set_aside)
        .map(|finding| finding.rule)
        .collect();
    let mut rules: Vec<&RuleInfo<'_>> = input
        .rules
        .iter()
        .filter(|rule| spoke.contains(rule.name))
        .collect();
    rules.sort_by_key(|rule| rule.name);
    let mut results = Results {
        indices: rules
            .iter()
            .enumerate()
            .map(|(index, rule)| (rule.name, index))
            .collect(),
        sources: &sources,
        fingerprints: Fingerprinter::new(&sources, &mask),
    };
    let mut descriptors: Vec<Descriptor<'_>> = rules.iter().map(|rule| descriptor(rule)).collect();
    let flaws = vulnerability::descriptors(report);
    let vulnerable = vulnerability::results(report, &flaws, descriptors.len());
    descriptors.extend(flaws);
    let pending = pending::results(report, descriptors.len());
    descriptors.extend(pending::descriptor(report));
    let shown = report.findings.iter().map(|finding| (finding, None));
    let set_aside = report
        .suppressed
        .iter()
        .map(|one| (&one.finding, Some(one)));
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "Plimsoll",
                    semantic_version: input.tool_version,
                    information_uri: env!("CARGO_PKG_REPOSITORY"),
                    rules: descriptors,
                },
            },
            invocations: [Invocation {
                execution_successful: !report.skipped.iter().any(|skipped| skipped.blocking),
                tool_execution_notifications: notifications(report),
            }],
            column_kind: "unicodeCodePoints",
            original_uri_base_ids: UriBases {
                image: UriBase {
                    description: "The root of the image's file system.".to_owned().into(),
                },
            },
            artifacts: report
                .checked
                .iter()
                .map(|file| Artifact {
                    location: artifact(file),
                })
                .collect(),
            results: shown
                .chain(set_aside)
                .map(|(finding, reason)| results.result(finding, reason))
                .chain(vulnerable)
                .chain(pending)
                .map(|result| anchored(result, &subject))
                .collect(),
            properties: properties(report),
        }],
    };
    let mut text =
        serde_json::to_string_pretty(&log).expect("every key is a string and every number finite");
    text.push('\n');
    text
}

/// What was not looked at, by what vulnerabilities were judged, and which packages were not.
fn notifications(report: &Report) -> Vec<Notification> {
    let of = |level: &'static str, message: String| Notification {
        level,
        message: message.into(),
    };
    let skipped = report.skipped.iter().map(|skipped| {
        of(
            if skipped.blocking { "error" } else { "warning" },
            format!("Not looked at: {skipped}"),
        )
    });
    let mut all: Vec<Notification> = skipped.collect();
    let Some(coverage) = &report.advisories else {
        return all;
    };
    let date = coverage.date.as_deref().unwrap_or("an unknown day");
    all.push(of(
        "note",
        format!(
            "Vulnerabilities were judged by {} advisories of {date} (snapshot {}).",
            coverage.advisories, coverage.snapshot
        ),
    ));
    if report.is_unjudged() {
        all.push(of(
            "warning",
            "No advisory could be held against any of the packages.".to_owned(),
        ));
    }
    all.extend(coverage.missing.iter().map(|one| {
        let packages = count(one.packages, "package");
        of(
            "warning",
            format!(
                "No advisories on {}: nothing is known of {packages}.",
                one.ecosystem
            ),
        )
    }));
    let unjudged = coverage.unjudged.iter().take(UNJUDGED);
    all.extend(unjudged.map(|one| of("warning", format!("Not judged: {}: {}", one.purl, one.why))));
    let more = coverage.unjudged.len().saturating_sub(UNJUDGED);
    if more > 0 {
        let more = count(more, "more package");
        all.push(of("warning", format!("Not judged: {more}.")));
    }
    all
}

fn properties(report: &Report) -> Option<RunProperties<'_>> {
    let (image, advisories) = (report.image.as_ref(), report.advisories.as_ref());
    (image.is_some() || advisories.is_some()).then(|| RunProperties {
        image_name: image.map(|image| image.name.as_str()),
        image_digest: image.map(|image| image.digest.as_str()),
        advisories_snapshot: advisories.map(|coverage| coverage.snapshot.as_str()),
        advisories_date: advisories.and_then(|coverage| coverage.date.as_deref()),
    })
}

struct Results<'a, 's> {
    indices: HashMap<&'a str, usize>,
    sources: &'s Sources<'a>,
    fingerprints: Fingerprinter<'a, 's>,
}

impl<'a> Results<'a, '_> {
    fn result(
        &mut self,
        finding: &'a Finding,
        suppressed: Option<&'a Suppressed>,
    ) -> SarifResult<'a> {
        let message = match &finding.help {
            Some(help) => format!("{} {help}", finding.message),
            None => finding.message.clone(),
        };
        SarifResult {
            rule_id: finding.rule,
            rule_index: self.indices.get(finding.rule).copied(),
            level: level(finding.severity),
            message: message.into(),
            locations: location(&finding.origin, None, None).into_iter().collect(),
            related_locations: finding
                .related
                .iter()
                .enumerate()
                .filter_map(|(index, related)| {
                    location(&related.origin, Some(index), Some(related.message.clone()))
                })
                .collect(),
            partial_fingerprints: Fingerprints {
                plimsoll: self.fingerprints.of(finding),
            },
            fixes: self.fix(finding).into_iter().collect(),
            suppressions: suppressed
                .into_iter()
                .map(|one| Suppression {
                    kind: match one.by {
                        SuppressedBy::Comment => "inSource",
                        SuppressedBy::Configuration => "external",
                    },
                    status: "accepted",
                    justification: &one.reason,
                })
                .collect(),
            properties: ResultProperties {
                severity: finding.severity.as_str(),
                confidence: finding.confidence.as_str(),
                layer: finding.origin.layer.as_ref().map(|layer| layer.index),
                instruction: finding
                    .origin
                    .layer
                    .as_ref()
                    .and_then(|layer| layer.instruction.as_deref()),
                package: finding.origin.package.as_deref(),
                path: finding.origin.path.as_deref(),
                reachable: None,
                epss: None,
                exploited: None,
            },
        }
    }

    /// A viewer offers every fix it is given: those that are only to be looked at stay out.
    fn fix(&self, finding: &'a Finding) -> Option<Fix<'a>> {
        let fix = finding.fix.as_ref().filter(|fix| {
            fix.applicability != Applicability::DisplayOnly && !fix.edits.is_empty()
        })?;
        let mut changes: Vec<ArtifactChange<'a>> = Vec::new();
        let mut last: Option<&str> = None;
        for edit in &fix.edits {
            let replacement = Replacement {
                deleted_region: self.region(edit),
                inserted_content: Content { text: &edit.text },
            };
            match changes.last_mut() {
                Some(change) if last == Some(&edit.file) => change.replacements.push(replacement),
                _ => changes.push(ArtifactChange {
                    artifact_location: artifact(&edit.file),
                    replacements: vec![replacement],
                }),
            }
            last = Some(&edit.file);
        }
        Some(Fix {
            description: fix.title.clone().into(),
            artifact_changes: changes,
            properties: FixProperties {
                applicability: fix.applicability.as_str(),
            },
        })
    }

    fn region(&self, edit: &Edit) -> Region {
        match self.sources.range(edit) {
            Some((start, end)) => Region::Text {
                start_line: start.line,
                start_column: start.column,
                end_line: end.line,
                end_column: end.column,
            },
            None => Region::Bytes {
                byte_offset: edit.span.start,
                byte_length: edit.span.end.saturating_sub(edit.span.start),
            },
        }
    }
}

fn descriptor<'a>(rule: &RuleInfo<'a>) -> Descriptor<'a> {
    let security = rule.category == "security";
    Descriptor {
        id: rule.name,
        short_description: rule.summary.to_owned().into(),
        full_description: first_paragraph(rule.docs).map(|text| Message { text }),
        help: (!rule.docs.is_empty()).then_some(Help {
            text: rule.docs.into(),
            markdown: Some(rule.docs),
        }),
        help_uri: rule.help_uri,
        default_configuration: Configuration {
            level: level(rule.severity),
        },
        properties: DescriptorProperties {
            severity: rule.severity.as_str(),
            tags: std::iter::once(rule.category)
                .filter(|category| !category.is_empty())
                .chain(["container"])
                .collect(),
            security_severity: security.then_some(match rule.severity {
                Severity::Critical => "9.5",
                Severity::High => "8.0",
                Severity::Medium => "5.5",
                Severity::Low => "3.0",
                Severity::Info => "1.0",
            }),
            aliases: rule.aliases,
        },
    }
}

/// The first paragraph of prose, on one line.
fn first_paragraph(docs: &str) -> Option<String> {
    let words: Vec<&str> = docs
        .lines()
        .map(str::trim)
        .skip_while(|line| line.is_empty() || line.starts_with('#'))
        .take_while(|line| !line.is_empty() && !line.starts_with('#'))
        .flat_map(str::split_whitespace)
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// What a report is about, for results that have no place of their own.
fn subject(report: &Report) -> ArtifactLocation {
    match (&report.image, bill_file(report)) {
        (None, Some(bill)) => artifact(bill),
        (image, _) => ArtifactLocation {
            uri: relative(image.as_ref().map_or("image", |image| &image.name)),
            uri_base_id: None,
        },
    }
}

/// The result with a file and a line: code scanning on GitHub takes no file in which a result lacks
/// either (rule GH1017 of Microsoft's validator). What is no line's stands at the first.
fn anchored<'a>(mut result: SarifResult<'a>, subject: &ArtifactLocation) -> SarifResult<'a> {
    if result.locations.is_empty() {
        result.locations.push(Location {
            id: None,
            physical_location: None,
            logical_locations: Vec::new(),
            message: None,
        });
    }
    let related = &mut result.related_locations;
    for location in result.locations.iter_mut().chain(related) {
        let physical = location
            .physical_location
            .get_or_insert_with(|| PhysicalLocation {
                artifact_location: subject.clone(),
                region: None,
            });
        physical.region.get_or_insert(Region::Text {
            start_line: 1,
            start_column: 1,
            end_line: 1,
            end_column: 1,
        });
    }
    result
}

/// `None` where there is neither a place nor a word about one.
fn location(origin: &Origin, id: Option<usize>, message: Option<String>) -> Option<Location> {
    let physical_location = match (&origin.source, &origin.path) {
        (Some(source), _) => Some(PhysicalLocation {
            artifact_location: artifact(&source.file),
            region: Some(region(source)),
        }),
        (None, Some(path)) => Some(PhysicalLocation {
            artifact_location: ArtifactLocation {
                uri: relative(path.trim_start_matches('/')),
                uri_base_id: Some("IMAGE"),
            },
            region: None,
        }),
        (None, None) => None,
    };
    let mut logical_locations = Vec::new();
    if let Some(layer) = &origin.layer {
        logical_locations.push(LogicalLocation {
            fully_qualified_name: format!("layer {} ({})", layer.index, layer.diff_id),
            kind: "layer",
        });
    }
    if let Some(package) = &origin.package {
        logical_locations.push(LogicalLocation {
            fully_qualified_name: package.clone(),
            kind: "package",
        });
    }
    let empty = physical_location.is_none() && logical_locations.is_empty() && message.is_none();
    (!empty).then(|| Location {
        id,
        physical_location,
        logical_locations,
        message: message.map(Message::from),
    })
}

fn region(source: &SourceOrigin) -> Region {
    Region::Text {
        start_line: source.start.line,
        start_column: source.start.column,
        end_line: source.end.line,
        end_column: source.end.column,
    }
}

fn artifact(file: &str) -> ArtifactLocation {
    let uri = if file.starts_with('/') {
        format!("file://{}", uri_path(file))
    } else {
        relative(file)
    };
    ArtifactLocation {
        uri,
        uri_base_id: None,
    }
}

/// A relative reference. What would read as a host (`//x`) must not; a colon is encoded anyway.
fn relative(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    uri_path(path.trim_start_matches('/'))
}
