//! The contract that scripts build on: one object, version 1, described in `docs/json.md` and by
//! `docs/schemas/report.schema.json`. Fields may be added, never renamed, removed or retyped.

mod advice;
mod finding;
mod image;
mod package;
mod parts;
mod startup;
mod vulnerability;
mod waste;

use std::io::{self, BufWriter, Write};

use plimsoll_model::{BillSummary, Digest, Inventory};
use serde::Serialize;

use self::advice::WireAdvice;
use self::finding::WireFinding;
pub(crate) use self::image::WireLayer;
use self::image::{WireDistribution, WireImageReport};
use self::package::WirePackages;
pub(crate) use self::parts::{WireBase, WireLine, WireSkipped, WireVerdict};
pub(crate) use self::vulnerability::{WireAdvisories, WireVulnerability};
use self::vulnerability::{WirePendingUpdate, WireSuppressedVulnerabilities, WireVulnerabilities};
pub(crate) use self::waste::WireWaste;
use crate::RenderInput;
use crate::lookup::Sources;

/// How much is written at once, in bytes.
const BUFFER: usize = 64 << 10;

/// Renders the report as one line of JSON.
pub fn render(input: &RenderInput<'_>) -> String {
    let mut text = Vec::new();
    write(input, &mut text).expect("memory takes what is written");
    String::from_utf8(text).expect("what writes JSON writes UTF-8")
}

/// Writes the report as one line of JSON as it is made, for those who need not hold it: the lists of
/// a large image run to many megabytes.
///
/// # Errors
///
/// What `out` says.
pub fn write(input: &RenderInput<'_>, out: &mut dyn Write) -> io::Result<()> {
    let report = input.report;
    let sources = Sources::new(input.sources);
    let looked = report.image.is_some() || report.bill.is_some() || report.advisories.is_some();
    let wire = WireReport {
        version: 1,
        findings: report
            .findings
            .iter()
            .map(|finding| WireFinding::new(finding, &sources))
            .collect(),
        suppressed: report
            .suppressed
            .iter()
            .map(|one| WireSuppressed {
                finding: WireFinding::new(&one.finding, &sources),
                reason: &one.reason,
                by: one.by.as_str(),
            })
            .collect(),
        skipped: WireSkipped::list(&report.skipped),
        remarks: report
            .remarks
            .iter()
            .map(|remark| WireRemark {
                rule: remark.rule,
                message: &remark.text,
                file: &remark.place.file,
                line: remark.place.start.line,
                column: remark.place.start.column,
                end_line: remark.place.end.line,
                end_column: remark.place.end.column,
            })
            .collect(),
        checked: &report.checked,
        verdict: input.verdict.map(WireVerdict::new),
        image: report
            .image
            .as_ref()
            .map(|image| WireImageReport::new(image, &report.inventory)),
        bill: report
            .bill
            .as_ref()
            .map(|bill| WireBillReport::new(bill, &report.inventory)),
        vulnerabilities: looked.then_some(WireVulnerabilities(&report.vulnerabilities)),
        unlisted_vulnerabilities: Some(report.unlisted.vulnerabilities)
            .filter(|unlisted| looked && *unlisted > 0),
        suppressed_vulnerabilities: looked.then_some(WireSuppressedVulnerabilities(
            &report.suppressed_vulnerabilities,
        )),
        undecided_vulnerabilities: looked
            .then_some(WireVulnerabilities(&report.undecided_vulnerabilities)),
        pending_security_updates: looked.then(|| {
            let pending = report.pending_updates.iter();
            pending.map(WirePendingUpdate::new).collect()
        }),
        advice: looked.then(|| WireAdvice::new(report)),
        advisories: looked.then(|| report.advisories.as_ref().map(WireAdvisories::new)),
    };
    let mut out = BufWriter::with_capacity(BUFFER, out);
    serde_json::to_writer(&mut out, &wire)?;
    out.write_all(b"\n")?;
    out.flush()
}

#[derive(Serialize)]
struct WireReport<'a> {
    version: u32,
    findings: Vec<WireFinding<'a>>,
    suppressed: Vec<WireSuppressed<'a>>,
    skipped: Vec<WireSkipped<'a>>,
    remarks: Vec<WireRemark<'a>>,
    checked: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<WireVerdict<'a>>,
    #[serde(flatten)]
    image: Option<WireImageReport<'a>>,
    #[serde(flatten)]
    bill: Option<WireBillReport<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vulnerabilities: Option<WireVulnerabilities<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unlisted_vulnerabilities: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed_vulnerabilities: Option<WireSuppressedVulnerabilities<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undecided_vulnerabilities: Option<WireVulnerabilities<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_security_updates: Option<Vec<WirePendingUpdate<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<WireAdvice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advisories: Option<Option<WireAdvisories<'a>>>,
}

#[derive(Serialize)]
struct WireSuppressed<'a> {
    #[serde(flatten)]
    finding: WireFinding<'a>,
    reason: &'a str,
    by: &'static str,
}

#[derive(Serialize)]
struct WireRemark<'a> {
    rule: &'a str,
    message: &'a str,
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

/// What a bill of materials tells of an image.
#[derive(Serialize)]
struct WireBillReport<'a> {
    sbom: WireBill<'a>,
    distribution: Option<WireDistribution<'a>>,
    packages: WirePackages<'a>,
}

#[derive(Serialize)]
struct WireBill<'a> {
    name: &'a str,
    format: &'a str,
    subject: &'a str,
    digest: Option<&'a str>,
}

impl<'a> WireBillReport<'a> {
    fn new(bill: &'a BillSummary, inventory: &'a Inventory) -> Self {
        Self {
            sbom: WireBill {
                name: &bill.name,
                format: &bill.format,
                subject: &bill.subject,
                digest: bill.digest.as_ref().map(Digest::as_str),
            },
            distribution: inventory.distribution.as_ref().map(WireDistribution::new),
            packages: WirePackages(&inventory.packages, inventory),
        }
    }
}
