//! Renders a report in the forms asked for and hands each to where it goes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use plimsoll_attest::openvex::{self, OpenVexInput};
use plimsoll_attest::{SbomInput, cyclonedx, spdx, spdx3};
use plimsoll_image::PushOutcome;
use plimsoll_model::{AdvisoryCoverage, ImageRef, ImageSummary, Report, Skipped, SourceFile};
use plimsoll_report::{Hidden, RenderInput, RuleInfo, Verdict};

use crate::args::{Format, Needs, OutputArgs, Reported, Room};
use crate::credentials::{self, Values};
use crate::failure::Failure;
use crate::policy;
use crate::project::shown;
use crate::terminal::{Terminal, print, say, stream};
use crate::write::{self, Pending};

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
    /// What was not looked at and is said elsewhere.
    pub(crate) said: &'a [Skipped],
}

/// A report in every form that was asked for, written and not yet handed over.
#[derive(Debug)]
pub(crate) struct Told {
    files: Vec<Pending>,
    format: Format,
    /// For standard output; nothing for JSON, which is made as it is printed.
    text: Option<String>,
}

/// Says of the forms that were asked for what is wrong with them before the work whose result they
/// are to tell: what they lack, and files that cannot be written.
pub(crate) fn are_possible(
    arguments: &OutputArgs,
    subject: Reported,
    has_advisories: bool,
) -> Result<(), Failure> {
    for format in arguments.formats() {
        fits(format, subject, has_advisories)?;
    }
    for (_, path) in &arguments.outputs {
        write::is_writable(path)?;
    }
    let mut files: HashMap<PathBuf, &(Format, PathBuf)> = HashMap::new();
    for output in &arguments.outputs {
        let Some(file) = write::file_at(&output.1) else {
            continue;
        };
        if let Some(other) = files.insert(file, output) {
            return Err(one_file(&typed(other), &typed(output)));
        }
    }
    Ok(())
}

/// A form and its file as they are typed.
pub(crate) fn typed((format, path): &(Format, PathBuf)) -> String {
    format!("--output {}={}", format.word(), path.display())
}

/// That two forms are to be written to one file, where one of them would be lost.
pub(crate) fn one_file(first: &str, second: &str) -> Failure {
    Failure::usage(format!("{first} and {second} are one file"))
        .hint("name another file for one of them")
}

/// Whether a form has what it needs.
pub(crate) fn fits(format: Format, subject: Reported, has_advisories: bool) -> Result<(), Failure> {
    let form = format.traits();
    let is_image = subject == Reported::Image;
    let (fits, lacks, how) = match form.needs {
        Needs::Nothing => return Ok(()),
        Needs::Packages => (subject != Reported::Sources, "an image", ""),
        Needs::Image => (is_image, "an image", ""),
        Needs::Advisories => (
            is_image && has_advisories,
            "an image and advisories to hold it against",
            " --db FILE",
        ),
    };
    if fits {
        return Ok(());
    }
    Err(
        Failure::usage(format!("{} needs {lacks}", form.title)).hint(format!(
            "plimsoll inspect IMAGE{how} --format {}",
            format.word()
        )),
    )
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
        called: &image.called.text,
        digest: &image.digest,
        config: &image.config,
        inventory: &report.inventory,
        layer_sources: &layer_sources,
        skipped: &report.skipped,
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
            rows: self.terminal.rows,
            wraps: self.terminal.wraps,
            details: self.details,
            verdict: self.verdict,
            tool_version: VERSION,
            made: Some(&made),
        };
        rendering(&input)
    }

    /// The report in one format; nothing where the format has no document for what it is to state.
    pub(crate) fn render(&self, format: Format) -> Result<Option<String>, Failure> {
        self.with_input(|input| self.render_input(format, input))
    }

    fn render_input(
        &self,
        format: Format,
        input: &RenderInput<'_>,
    ) -> Result<Option<String>, Failure> {
        let report = self.report;
        let subject = match (&report.image, &report.bill) {
            (Some(_), _) => Reported::Image,
            (None, Some(_)) => Reported::Bill,
            (None, None) => Reported::Sources,
        };
        fits(format, subject, report.advisories.is_some())?;
        Ok(Some(match format {
            Format::Human => plimsoll_report::human::render(input),
            Format::Plain => plimsoll_report::plain::render(input),
            Format::Json => plimsoll_report::json::render(input),
            Format::Table => plimsoll_report::table::render(input),
            Format::Sarif => plimsoll_report::sarif::render(input),
            Format::Checkstyle => plimsoll_report::checkstyle::render(input),
            Format::Codeclimate => plimsoll_report::codeclimate::render(input),
            Format::Gitlab => plimsoll_report::codeclimate::render_gitlab(input),
            Format::GitlabContainerScanning => plimsoll_report::container_scanning::render(input),
            Format::Junit => plimsoll_report::junit::render(input),
            Format::Github => plimsoll_report::github::render(input),
            Format::Rdjson => plimsoll_report::rdjson::render(input),
            Format::Sonarqube => plimsoll_report::sonarqube::render(input),
            Format::Markdown => plimsoll_report::markdown::render(input),
            Format::Cyclonedx => self.sbom(cyclonedx::document)?,
            Format::Spdx => self.sbom(spdx::document)?,
            Format::Spdx3 => self.sbom(spdx3::document)?,
            Format::Openvex => return self.openvex(),
        }))
    }

    /// The bill of materials.
    pub(crate) fn sbom(
        &self,
        document: impl Fn(&SbomInput<'_>) -> Vec<u8>,
    ) -> Result<String, Failure> {
        let bytes = with_sbom_input(self.report, self.epoch, document)
            .ok_or_else(|| Failure::usage("a bill of materials needs an image"))?;
        // What writes JSON writes UTF-8.
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What is known of the image's vulnerabilities, where any is: an empty document is none
    /// (OpenVEX 0.2.0, `statements`).
    fn openvex(&self) -> Result<Option<String>, Failure> {
        let report = self.report;
        let image = report.image.as_ref();
        let image = image.ok_or_else(|| Failure::usage("OpenVEX needs an image"))?;
        let bytes = openvex::document(&OpenVexInput {
            called: &image.called.text,
            digest: &image.digest,
            platform: image.config.platform.as_ref(),
            vulnerabilities: &report.vulnerabilities,
            suppressed: &report.suppressed_vulnerabilities,
            timestamp: crate::clock::stated(self.epoch),
            author: vendor(image).unwrap_or("unknown"),
            tool_version: VERSION,
        });
        // What writes JSON writes UTF-8.
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Writes the files first, then standard output.
    pub(crate) fn emit(&self, arguments: &OutputArgs) -> Result<(), Failure> {
        self.hand_over(self.prepare(arguments)?)
    }

    /// The same for a file, which is no terminal.
    pub(crate) fn for_file(&self) -> Self {
        Self {
            terminal: Terminal {
                color: false,
                rows: plimsoll_report::ROWS,
                wraps: false,
                ..self.terminal
            },
            ..*self
        }
    }

    /// Makes every form that was asked for: what can fail for what was typed fails here.
    pub(crate) fn prepare(&self, arguments: &OutputArgs) -> Result<Told, Failure> {
        let plain = self.for_file();
        let mut files = Vec::with_capacity(arguments.outputs.len());
        for (format, path) in &arguments.outputs {
            match plain.render(*format)? {
                Some(text) => files.push(Pending::new(path, text.as_bytes())?),
                None => say_empty(*format, path),
            }
        }
        let text = match arguments.format {
            Format::Json => None,
            format => Some(self.render(format)?.unwrap_or_else(|| {
                say_empty(format, Path::new("standard output"));
                String::new()
            })),
        };
        Ok(Told {
            files,
            format: arguments.format,
            text,
        })
    }

    /// Puts the files into their places, prints, and says what the printed form has no place for.
    pub(crate) fn hand_over(&self, told: Told) -> Result<(), Failure> {
        for file in told.files {
            file.finish()?;
        }
        match told.text {
            Some(text) => print(&text)?,
            // It holds whatever was found, in whatever number: it is not held whole.
            None => {
                stream(|out| self.with_input(|input| plimsoll_report::json::write(input, out)))?
            }
        }
        let unsaid = || {
            let skipped = self.report.skipped.iter();
            skipped.filter(|gap| !self.said.contains(gap))
        };
        if told.format != Format::Human {
            let reasons = self.verdict.map_or(&[][..], |verdict| &verdict.reasons);
            say_why(reasons, &policy::unseen(unsaid()));
        }
        let room = told.format.traits().room;
        if room == Room::Nothing {
            say_gaps(unsaid().filter(|gap| !gap.blocking));
        }
        if let (Room::Nothing | Room::Gaps, Some(coverage)) = (room, &self.report.advisories) {
            let grounds = self.with_input(|input| plimsoll_report::grounds(coverage, input.made));
            say(&format!("{}: {grounds}", AdvisoryCoverage::SUBJECT));
        }
        Ok(())
    }
}

/// Says that nothing was written to a place. That nothing is known is no failure.
pub(crate) fn say_empty(format: Format, path: &Path) {
    say(&format!(
        "{}: nothing was written: no vulnerability is known, and {} has no empty document",
        shown(path),
        format.traits().title
    ));
}

/// Says what beside what blocks was not looked at: of a form that cannot tell it nobody may think that all
/// was.
fn say_gaps<'s>(gaps: impl Iterator<Item = &'s Skipped>) {
    let mut more = 0;
    for gap in gaps {
        if gap.what.starts_with(AdvisoryCoverage::SUBJECT) {
            say(&format!("not looked at: {gap}"));
        } else {
            more += 1;
        }
    }
    if more > 0 {
        say(&format!(
            "not looked at: {more} more, which `--format plain` and `--format json` tell"
        ));
    }
}

/// Says why the exit code is what it is: many forms have no place for that.
pub(crate) fn say_why(reasons: &[String], unseen: &[String]) {
    for reason in reasons {
        say(&format!("held back: {reason}"));
    }
    for gap in unseen {
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
