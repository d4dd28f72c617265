//! GitLab's container scanning report, schema 15: known vulnerabilities for merge requests and the
//! vulnerability report. It is about packages of an image alone; findings of rules go into
//! `gitlab`, which is GitLab's code quality report.
//!
//! <https://gitlab.com/gitlab-org/security-products/security-report-schemas>

use std::collections::{BTreeMap, HashMap};

use plimsoll_model::{CvssScore, Report, Vulnerability, VulnerabilitySeverity};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::RenderInput;
use crate::place::subject;
use crate::text::{count, markdown, markdown_code, uri_path, visible};

/// The version of the schema that the report holds to.
const SCHEMA: &str = "15.2.1";
/// Characters of a vulnerability's name, by the schema.
const NAME: usize = 255;
/// Characters of what to do, by the schema.
const SOLUTION: usize = 7000;
/// Names of one vulnerability; GitLab reads no more.
const IDENTIFIERS: usize = 20;

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
            .map(|found| Wire::new(found, &image, &operating_system, &mut seen))
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
    vulnerabilities: Vec<Wire<'a>>,
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

#[derive(Serialize)]
struct Wire<'a> {
    id: String,
    category: &'static str,
    name: String,
    description: String,
    severity: &'static str,
    solution: String,
    identifiers: Vec<Identifier<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cvss_vectors: Vec<Vector<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    details: BTreeMap<&'static str, Detail<'a>>,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Identifier<'a> {
    #[serde(rename = "type")]
    kind: String,
    name: &'a str,
    value: &'a str,
    url: String,
}

#[derive(Serialize)]
struct Vector<'a> {
    vendor: &'a str,
    vector: &'a str,
}

#[derive(Serialize)]
struct Link<'a> {
    url: &'a str,
}

#[derive(Serialize)]
struct Detail<'a> {
    name: &'static str,
    #[serde(flatten)]
    value: DetailValue<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum DetailValue<'a> {
    Text {
        value: String,
    },
    Code {
        value: String,
    },
    FileLocation {
        file_name: &'a str,
        line_start: usize,
    },
}

#[derive(Serialize)]
struct Location<'a> {
    dependency: Dependency<'a>,
    operating_system: &'a str,
    image: &'a str,
}

#[derive(Serialize)]
struct Dependency<'a> {
    package: Package<'a>,
    version: &'a str,
}

#[derive(Serialize)]
struct Package<'a> {
    name: &'a str,
}

impl<'a> Wire<'a> {
    fn new(
        found: &'a Vulnerability,
        image: &'a str,
        operating_system: &'a str,
        seen: &mut HashMap<[u8; 16], u64>,
    ) -> Self {
        let title = found.title.as_deref().unwrap_or(&found.id);
        Self {
            id: identity(found, seen),
            category: "container_scanning",
            name: visible(title).chars().take(NAME).collect(),
            description: description(found),
            severity: severity(found.severity),
            solution: solution(found).chars().take(SOLUTION).collect(),
            identifiers: std::iter::once(&found.id)
                .chain(found.aliases.iter().filter(|alias| !alias.is_empty()))
                .take(IDENTIFIERS)
                .map(|name| Identifier::new(name))
                .collect(),
            cvss_vectors: found
                .cvss
                .as_ref()
                .and_then(Vector::new)
                .into_iter()
                .collect(),
            links: found
                .references
                .iter()
                .filter(|address| is_address(address))
                .map(|url| Link { url })
                .collect(),
            details: details(found),
            location: Location {
                dependency: Dependency {
                    package: Package { name: &found.name },
                    version: &found.installed,
                },
                operating_system,
                image,
            },
        }
    }
}

impl<'a> Identifier<'a> {
    fn new(name: &'a str) -> Self {
        let name = if name.is_empty() { "unknown" } else { name };
        let database = name.split('-').next().unwrap_or_default();
        let is_word = !database.is_empty()
            && database.len() < name.len()
            && database.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let number = uri_path(name).replace('/', "%2F");
        Self {
            kind: match is_word {
                true => database.to_ascii_lowercase(),
                false => "osv".to_owned(),
            },
            name,
            value: name,
            url: match database {
                "CVE" => format!("https://www.cve.org/CVERecord?id={number}"),
                "GHSA" => format!("https://github.com/advisories/{number}"),
                _ => format!("https://osv.dev/vulnerability/{number}"),
            },
        }
    }
}

impl<'a> Vector<'a> {
    /// Nothing for what the schema does not take: version 4, and what is no vector.
    fn new(score: &'a CvssScore) -> Option<Self> {
        let vector = score.vector.as_deref()?;
        let (least, metrics, known) = match vector.strip_prefix("CVSS:3.") {
            Some(rest) => (
                32,
                rest.strip_prefix(['0', '1'])?.strip_prefix('/')?,
                &METRICS_3[..],
            ),
            None => (16, vector, &METRICS_2[..]),
        };
        let is_known = metrics.split('/').all(|metric| {
            metric.split_once(':').is_some_and(|(name, value)| {
                known
                    .iter()
                    .any(|(names, values)| names.contains(&name) && values.contains(&value))
            })
        });
        ((least..=128).contains(&vector.len()) && is_known).then_some(Self {
            vendor: match score.source.as_str() {
                "" => "unknown",
                source => source,
            },
            vector,
        })
    }
}

/// Metrics with their values.
type Metrics = (&'static [&'static str], &'static [&'static str]);

/// CVSS v2: <https://www.first.org/cvss/v2/guide>.
const METRICS_2: [Metrics; 10] = [
    (&["AV"], &["N", "A", "L"]),
    (&["AC"], &["L", "M", "H"]),
    (&["Au"], &["M", "S", "N"]),
    (&["C", "I", "A"], &["N", "P", "C"]),
    (&["E"], &["U", "POC", "F", "H", "ND"]),
    (&["RL"], &["OF", "TF", "W", "U", "ND"]),
    (&["RC"], &["UC", "UR", "C", "ND"]),
    (&["CDP"], &["N", "L", "LM", "MH", "H", "ND"]),
    (&["TD"], &["N", "L", "M", "H", "ND"]),
    (&["CR", "IR", "AR"], &["L", "M", "H", "ND"]),
];

/// CVSS v3: <https://www.first.org/cvss/v3.1/specification-document>.
const METRICS_3: [Metrics; 16] = [
    (&["AV"], &["N", "A", "L", "P"]),
    (&["AC"], &["L", "H"]),
    (&["PR"], &["N", "L", "H"]),
    (&["UI"], &["N", "R"]),
    (&["S"], &["U", "C"]),
    (&["C", "I", "A"], &["N", "L", "H"]),
    (&["E"], &["X", "U", "P", "F", "H"]),
    (&["RL"], &["X", "O", "T", "W", "U"]),
    (&["RC"], &["X", "U", "R", "C"]),
    (&["CR", "IR", "AR"], &["X", "L", "M", "H"]),
    (&["MAV"], &["X", "N", "A", "L", "P"]),
    (&["MAC"], &["X", "L", "H"]),
    (&["MPR"], &["X", "N", "L", "H"]),
    (&["MUI"], &["X", "N", "R"]),
    (&["MS"], &["X", "U", "C"]),
    (&["MC", "MI", "MA"], &["X", "N", "L", "H"]),
];

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
    report.advisories.is_some() && !report.skipped.iter().any(|skipped| skipped.blocking)
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
            message(level, format!("not looked at: {}: {}", one.what, one.why))
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
    messages
}

/// The same vulnerability of the same package has the same identity in the next report: a UUID of
/// the kind whose bits mean what their maker likes (RFC 9562, version 8).
fn identity(found: &Vulnerability, seen: &mut HashMap<[u8; 16], u64>) -> String {
    let path = found.origin.path.as_deref().unwrap_or_default();
    let hash = |number: u64| -> [u8; 16] {
        let mut hash = Sha256::new();
        for part in [found.id.as_str(), &found.name, &found.installed, path] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        hash.update(number.to_le_bytes());
        let whole: [u8; 32] = hash.finalize().into();
        let mut first = [0; 16];
        first.copy_from_slice(&whole[..16]);
        first[6] = (first[6] & 0x0f) | 0x80;
        first[8] = (first[8] & 0x3f) | 0x80;
        first
    };
    let number = seen.entry(hash(0)).or_insert(0);
    let bytes = hash(*number);
    *number += 1;
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

fn severity(severity: VulnerabilitySeverity) -> &'static str {
    match severity {
        VulnerabilitySeverity::Critical => "Critical",
        VulnerabilitySeverity::High => "High",
        VulnerabilitySeverity::Medium => "Medium",
        VulnerabilitySeverity::Low => "Low",
        VulnerabilitySeverity::Negligible => "Info",
        VulnerabilitySeverity::Unknown => "Unknown",
    }
}

/// GitLab renders it as Markdown.
fn description(found: &Vulnerability) -> String {
    let mut text = format!(
        "{} {} has {}",
        markdown_code(&found.name),
        markdown_code(&found.installed),
        markdown(&found.id)
    );
    if let Some(title) = &found.title {
        text.push_str(": ");
        text.push_str(&markdown(title.trim_end_matches('.')));
    }
    text.push('.');
    if let Some(layer) = found.removed_in {
        text.push_str(&format!(
            " Layer {layer} removes the package; its bytes still ship."
        ));
    }
    text
}

fn solution(found: &Vulnerability) -> String {
    let name = markdown(&found.name);
    match &found.fixed {
        Some(fixed) => format!(
            "Upgrade {name} from {} to {}.",
            markdown(&found.installed),
            markdown(fixed)
        ),
        None => format!(
            "No version of {name} without it is known ({}).",
            found.fix_state.as_str().replace('-', " ")
        ),
    }
}

fn details(found: &Vulnerability) -> BTreeMap<&'static str, Detail<'_>> {
    let mut details = BTreeMap::new();
    let mut tell = |key, name, value| {
        details.insert(key, Detail { name, value });
    };
    let origin = &found.origin;
    if let Some(source) = origin
        .source
        .as_ref()
        .filter(|source| !source.file.is_empty())
    {
        tell(
            "line",
            "Dockerfile line",
            DetailValue::FileLocation {
                file_name: source.file.strip_prefix("./").unwrap_or(&source.file),
                line_start: source.start.line.max(1),
            },
        );
    }
    if let Some(layer) = &origin.layer {
        let of = match found.in_base {
            Some(true) => " (base image)",
            _ => "",
        };
        let value = format!("{}{of}: {}", layer.index, layer.diff_id.as_str());
        tell("layer", "Layer", DetailValue::Text { value });
    }
    if let Some(path) = &origin.path {
        let value = format!("/{}", visible(path));
        tell("path", "Path", DetailValue::Code { value });
    }
    if let Some(fixed) = &found.fixed {
        let value = visible(fixed).into_owned();
        tell("fixed", "Fixed version", DetailValue::Text { value });
    }
    let value = visible(&found.purl).into_owned();
    tell("package", "Package URL", DetailValue::Code { value });
    if let Some(source) = &found.severity_source {
        let value = visible(source).into_owned();
        tell("severity", "Severity by", DetailValue::Text { value });
    }
    details
}

/// What the schema takes as the address of a page.
fn is_address(text: &str) -> bool {
    ["https://", "http://", "ftp://"].iter().any(|scheme| {
        text.strip_prefix(scheme).is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic())
        })
    })
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

    fn score(vector: &str) -> CvssScore {
        CvssScore {
            version: "3.1",
            vector: Some(vector.to_owned()),
            tenths: 0,
            source: "nvd".to_owned(),
        }
    }

    #[test]
    fn only_vectors_that_the_schema_takes() {
        for (vector, taken) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", true),
            (
                "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/MAV:X",
                true,
            ),
            ("AV:N/AC:L/Au:N/C:P/I:P/A:P", true),
            ("CVSS:3.2/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", false),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:", false),
            ("CVSS:3.1/AV:N", false),
            (
                "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
                false,
            ),
            ("", false),
        ] {
            assert_eq!(Vector::new(&score(vector)).is_some(), taken, "{vector}");
        }
    }

    #[test]
    fn names_lead_to_their_databases() {
        for (name, kind, url) in [
            (
                "CVE-2024-1",
                "cve",
                "https://www.cve.org/CVERecord?id=CVE-2024-1",
            ),
            (
                "GHSA-a-b-c",
                "ghsa",
                "https://github.com/advisories/GHSA-a-b-c",
            ),
            (
                "PYSEC-2024-1",
                "pysec",
                "https://osv.dev/vulnerability/PYSEC-2024-1",
            ),
            (
                "odd/\u{1b}",
                "osv",
                "https://osv.dev/vulnerability/odd%2F%1B",
            ),
        ] {
            let identifier = Identifier::new(name);
            assert_eq!(
                (identifier.kind.as_str(), identifier.url.as_str()),
                (kind, url)
            );
        }
    }

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
