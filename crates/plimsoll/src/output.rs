//! Renders a report in the forms asked for and hands each to where it goes.

use std::path::PathBuf;

use plimsoll_attest::openvex::{self, OpenVexInput};
use plimsoll_attest::{SbomInput, cyclonedx, spdx, spdx3};
use plimsoll_image::PushOutcome;
use plimsoll_model::{ImageRef, ImageSummary, Report, Skipped, SourceFile};
use plimsoll_report::{Hidden, RenderInput, RuleInfo, Verdict};

use crate::args::{Format, OutputArgs};
use crate::credentials::{self, Values};
use crate::failure::{Failure, Outcome};
use crate::storage::write_atomically;
use crate::terminal::{Terminal, print, say, stream};

/// This program's version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A report with all that its renderings need.
#[derive(Debug)]
pub(crate) struct Rendering<'a> {
    /// The report.
    pub(crate) report: &'a Report,
    /// Files that findings speak of.
    pub(crate) sources: &'a [SourceFile],
    /// What of them must not be shown.
    pub(crate) hidden: &'a [Hidden],
    /// Whether people are shown every finding of an image in full.
    pub(crate) details: bool,
    /// The policy's word, where it was asked.
    pub(crate) verdict: Option<&'a Verdict>,
    /// The terminal.
    pub(crate) terminal: Terminal,
    /// `SOURCE_DATE_EPOCH`, for formats that carry a time.
    pub(crate) epoch: Option<i64>,
}

/// What the bill of materials in CycloneDX is called that is written of an image, unless another moment is
/// asked for: its serial number, and what it calls each package of the inventory.
pub(crate) fn bill_references(report: &Report) -> Option<(String, Vec<String>)> {
    with_sbom_input(report, None, cyclonedx::references)
}

/// Hands over what bills of materials are made of; nothing where there is no image.
fn with_sbom_input<T>(
    report: &Report,
    epoch: Option<i64>,
    write: impl FnOnce(&SbomInput<'_>) -> T,
) -> Option<T> {
    let image = report.image.as_ref()?;
    let layers = report.inventory.layers.iter();
    let layer_sources: Vec<_> = layers.map(|layer| layer.source.clone()).collect();
    Some(write(&SbomInput {
        name: &image.name,
        digest: &image.digest,
        config: &image.config,
        inventory: &report.inventory,
        layer_sources: &layer_sources,
        timestamp: epoch,
        tool_version: VERSION,
    }))
}

impl Rendering<'_> {
    /// Hands all that renderings are made of to `rendering`.
    fn with_input<T>(&self, rendering: impl FnOnce(&RenderInput<'_>) -> T) -> T {
        let rules: Vec<RuleInfo<'_>> = plimsoll_rules::all()
            .iter()
            .map(|rule| {
                let meta = rule.meta();
                RuleInfo {
                    name: meta.name,
                    summary: meta.summary,
                    docs: meta.docs,
                    severity: meta.severity,
                    category: meta.category.as_str(),
                    aliases: meta.aliases,
                    help_uri: None,
                }
            })
            .collect();
        let made = crate::clock::made(self.epoch);
        let input = RenderInput {
            report: self.report,
            sources: self.sources,
            hidden: self.hidden,
            rules: &rules,
            color: self.terminal.color,
            width: self.terminal.width,
            wraps: self.terminal.wraps,
            details: self.details,
            verdict: self.verdict,
            tool_version: VERSION,
            made: Some(&made),
        };
        rendering(&input)
    }

    /// The report in one format.
    pub(crate) fn render(&self, format: Format) -> Result<String, Failure> {
        self.with_input(|input| self.render_input(format, input))
    }

    fn render_input(&self, format: Format, input: &RenderInput<'_>) -> Result<String, Failure> {
        Ok(match format {
            Format::Human => plimsoll_report::human::render(input),
            Format::Plain => plimsoll_report::plain::render(input),
            Format::Json => plimsoll_report::json::render(input),
            Format::Table => plimsoll_report::table::render(input),
            Format::Sarif => plimsoll_report::sarif::render(input),
            Format::Checkstyle => plimsoll_report::checkstyle::render(input),
            Format::Codeclimate => plimsoll_report::codeclimate::render(input),
            Format::Gitlab => plimsoll_report::codeclimate::render_gitlab(input),
            Format::GitlabContainerScanning => {
                if self.report.image.is_none() && self.report.bill.is_none() {
                    return Err(Failure::usage("a container scanning report needs an image")
                        .hint("plimsoll inspect IMAGE --format gitlab-container-scanning"));
                }
                plimsoll_report::container_scanning::render(input)
            }
            Format::Junit => plimsoll_report::junit::render(input),
            Format::Github => plimsoll_report::github::render(input),
            Format::Rdjson => plimsoll_report::rdjson::render(input),
            Format::Sonarqube => plimsoll_report::sonarqube::render(input),
            Format::Markdown => plimsoll_report::markdown::render(input),
            Format::Cyclonedx => self.sbom(cyclonedx::document)?,
            Format::Spdx => self.sbom(spdx::document)?,
            Format::Spdx3 => self.sbom(spdx3::document)?,
            Format::Openvex => self.openvex()?,
        })
    }

    /// The bill of materials.
    pub(crate) fn sbom(
        &self,
        document: impl Fn(&SbomInput<'_>) -> Vec<u8>,
    ) -> Result<String, Failure> {
        let bytes = with_sbom_input(self.report, self.epoch, document).ok_or_else(|| {
            Failure::usage("a bill of materials needs an image")
                .hint("plimsoll inspect IMAGE --format cyclonedx")
        })?;
        // What writes JSON writes UTF-8.
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What is known of the image's vulnerabilities.
    fn openvex(&self) -> Result<String, Failure> {
        let report = self.report;
        let image = report
            .image
            .as_ref()
            .filter(|_| report.advisories.is_some());
        let image = image.ok_or_else(|| {
            Failure::usage("OpenVEX needs an image and advisories to hold it against")
                .hint("plimsoll inspect IMAGE --db FILE --format openvex")
        })?;
        let bytes = openvex::document(&OpenVexInput {
            name: &image.name,
            digest: &image.digest,
            platform: image.config.platform.as_ref(),
            vulnerabilities: &report.vulnerabilities,
            suppressed: &report.suppressed_vulnerabilities,
            timestamp: crate::clock::stated(self.epoch),
            author: vendor(image).unwrap_or("unknown"),
            tool_version: VERSION,
        })
        .ok_or_else(|| {
            Failure::usage(
                "there is nothing to state: no vulnerability is known, and OpenVEX has no empty \
                 document",
            )
        })?;
        // What writes JSON writes UTF-8.
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Writes the files first, then standard output.
    pub(crate) fn emit(&self, arguments: &OutputArgs) -> Result<(), Failure> {
        for (format, path) in &arguments.outputs {
            let path: &PathBuf = path;
            let plain = Self {
                terminal: Terminal {
                    color: false,
                    wraps: false,
                    ..self.terminal
                },
                ..*self
            };
            write_atomically(path, plain.render(*format)?.as_bytes())?;
        }
        match arguments.format {
            // It holds whatever was found, in whatever number: it is not held whole.
            Format::Json => {
                stream(|out| self.with_input(|input| plimsoll_report::json::write(input, out)))?
            }
            format => print(&self.render(format)?)?,
        }
        if arguments.format != Format::Human {
            say_why(self.verdict, &gaps(&self.report.skipped));
        }
        Ok(())
    }
}

/// The policy's word, where `is_asked`: nothing holds that was not looked at.
pub(crate) fn verdict(is_asked: bool, outcome: Outcome, reasons: Vec<String>) -> Option<Verdict> {
    let is_judged = match outcome {
        Outcome::Holds => is_asked,
        Outcome::HeldBack | Outcome::HeldBackAs(_) | Outcome::NotLooked => !reasons.is_empty(),
    };
    is_judged.then_some(Verdict {
        holds: reasons.is_empty(),
        reasons,
        next: None,
    })
}

/// What a judgement needs and nobody looked at, a line each.
pub(crate) fn gaps<'s>(skipped: impl IntoIterator<Item = &'s Skipped>) -> Vec<String> {
    let blocking = skipped.into_iter().filter(|gap| gap.blocking);
    blocking
        .map(|gap| format!("{}: {}", gap.what, gap.why))
        .collect()
}

/// Says why the exit code is what it is: many forms have no place for that.
pub(crate) fn say_why(verdict: Option<&Verdict>, gaps: &[String]) {
    let held_back = verdict.filter(|verdict| !verdict.holds);
    for reason in held_back.iter().flat_map(|verdict| &verdict.reasons) {
        say(&format!("held back: {reason}"));
    }
    for gap in gaps {
        say(&format!("not looked at: {gap}"));
    }
}

/// Who answers for an image, by its own labels.
fn vendor(image: &ImageSummary) -> Option<&str> {
    let label = |name: &str| {
        let labels = image.config.labels.iter();
        let mut found = labels.filter(|(key, value)| key == name && !value.trim().is_empty());
        found.next().map(|(_, value)| value.as_str())
    };
    label("org.opencontainers.image.vendor").or_else(|| label("org.opencontainers.image.authors"))
}

/// What a change does to a file, as a unified diff. Credentials in it are not shown, and such a line
/// can not be patched.
pub(crate) fn unified_diff(file: &SourceFile, changed: &[u8]) -> String {
    let changed = SourceFile::new(file.path(), changed);
    let mut values = Values::of_file(file);
    values.merge(Values::of_file(&changed));
    let (before, after) = (
        credentials::shown(file, &values),
        credentials::shown(&changed, &values),
    );
    let before = String::from_utf8_lossy(&before);
    let after = String::from_utf8_lossy(&after);
    let path = crate::terminal::printable(file.path());
    similar::TextDiff::from_lines(&*before, &*after)
        .unified_diff()
        .header(&format!("a/{path}"), &format!("b/{path}"))
        .to_string()
}

/// One line on where an image went and what it took.
pub(crate) fn sent_line(target: &ImageRef, outcome: &PushOutcome) -> String {
    format!(
        "{} -> {target} ({} blobs sent, {} there already)",
        outcome.digest, outcome.sent, outcome.skipped
    )
}
