//! The screen at the end: what the image is, what it holds, whether it may sail. At most 22 lines,
//! so that it fits 24 rows with a prompt below and what went before above.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use plimsoll_model::{
    BaseImage, BillSummary, Finding, ImageSummary, Inventory, LayerFacts, Report, Severity,
};

use super::{paint, vulnerabilities};
use crate::instruction::short_instruction;
use crate::text::{count, fitting, megabytes, visible};
use crate::{RenderInput, tally};

/// Layers shown; of more, the largest.
const LAYERS: usize = 5;
/// Reasons shown; the findings above have them all.
const REASONS: usize = 2;
/// Findings told by one line each where they are not shown in full.
const GRAVEST: usize = 4;
/// What could not be looked at and blocks, told in full.
const BLOCKING: usize = 3;
/// Width of the names in front.
const INDENT: usize = 9;

/// Writes what a bill of materials tells.
pub(super) fn bill(out: &mut String, input: &RenderInput<'_>, bill: &BillSummary) {
    let report = input.report;
    let mut screen = Screen::new(out, input);
    screen.field("sbom", &visible(&bill.name));
    screen.field(
        "tells",
        &match bill.subject.as_str() {
            "" => visible(&bill.format).into_owned(),
            subject => format!("{} of {}", visible(&bill.format), visible(subject)),
        },
    );
    if let Some(digest) = &bill.digest {
        screen.whole("digest", digest.as_str());
    }
    if let Some(distribution) = &report.inventory.distribution {
        let text = format!("{} {}", distribution.id, distribution.version);
        screen.field("system", &visible(text.trim()));
    }
    screen.field("packages", &tally::packages(&report.inventory));
    screen.vulnerabilities(report);
    verdict(out, input);
}

/// Writes the whole screen.
pub(super) fn image(out: &mut String, input: &RenderInput<'_>, image: &ImageSummary) {
    let report = input.report;
    let inventory = &report.inventory;
    let mut screen = Screen::new(out, input);
    screen.field("image", &visible(&image.name));
    screen.whole("digest", image.digest.as_str());
    let unpacked = sum(&inventory.layers);
    screen.field(
        "size",
        &format!(
            "{} MB compressed, {} MB unpacked, {}",
            megabytes(image.compressed_size),
            megabytes(unpacked),
            count(inventory.layers.len(), "layer")
        ),
    );
    let config = &image.config;
    let platform = config
        .platform
        .as_ref()
        .map_or_else(|| "unknown platform".to_owned(), ToString::to_string);
    let platform = visible(&platform);
    let user = match config.user.as_str() {
        "" => "root".to_owned(),
        user => visible(user).into_owned(),
    };
    let distribution = inventory
        .distribution
        .as_ref()
        .map_or_else(String::new, |distribution| {
            format!(", {}", visible(&distribution.name))
        });
    screen.field("runs", &format!("as {user} on {platform}{distribution}"));
    screen.layers(&inventory.layers);
    screen.field("packages", &tally::packages(inventory));
    if let Some(base) = &inventory.base {
        screen.field("base", &split(inventory, base));
    }
    if inventory.waste.total > 0 {
        screen.field("waste", &wasted(inventory));
    }
    let secrets = match inventory.secrets.as_slice() {
        [] => "none".to_owned(),
        [first, rest @ ..] => {
            let more = if rest.is_empty() {
                String::new()
            } else {
                format!(" and {} more", rest.len())
            };
            format!("{} in {}{more}", first.kind, visible(&first.place))
        }
    };
    screen.field("secrets", &secrets);
    screen.vulnerabilities(report);
    let mut findings = tally::by_severity(report.findings.iter());
    if !report.suppressed.is_empty() {
        findings.push_str(&format!("; {} set aside", report.suppressed.len()));
    }
    if !report.skipped.is_empty() {
        findings.push_str(&format!("; {} not looked at", report.skipped.len()));
    }
    screen.field("findings", &findings);
    if !input.details {
        screen.gravest(&report.findings);
        // Not looked at is not clean: what the inventory lacks its foundation for is never left out.
        let blocking: Vec<_> = report.skipped.iter().filter(|one| one.blocking).collect();
        for skipped in blocking.iter().take(BLOCKING) {
            screen.whole(
                "unseen",
                &format!("{}: {}", visible(&skipped.what), visible(&skipped.why)),
            );
        }
        let more = blocking.len().saturating_sub(BLOCKING);
        if more > 0 {
            screen.field("unseen", &format!("and {more} more"));
        }
        let vulnerable = !report.vulnerabilities.is_empty();
        if !report.findings.is_empty() || !report.skipped.is_empty() || vulnerable {
            screen.whole(
                "more",
                "--details shows every finding and what was not looked at",
            );
        }
    }
    verdict(out, input);
}

/// What of the image is the base's and what is built on it.
fn split(inventory: &Inventory, base: &BaseImage) -> String {
    let (theirs, yours) = inventory
        .layers
        .split_at(base.layers.min(inventory.layers.len()));
    let packages = |in_base: bool| {
        inventory
            .packages
            .iter()
            .filter(|package| {
                package.owned_by.is_none() && (package.layer < base.layers) == in_base
            })
            .count()
    };
    let name = base
        .name
        .as_deref()
        .map_or_else(String::new, |name| format!("{}: ", visible(name)));
    format!(
        "{name}{} MB, {}; yours {} MB, {}",
        megabytes(sum(theirs)),
        count(packages(true), "package"),
        megabytes(sum(yours)),
        count(packages(false), "package"),
    )
}

fn wasted(inventory: &Inventory) -> String {
    let waste = &inventory.waste;
    let mut text = format!(
        "{} MB hidden by later layers, {} MB twice; efficiency {}.{} %",
        megabytes(waste.wasted),
        megabytes(waste.duplicated),
        waste.efficiency / 10_000,
        waste.efficiency / 1_000 % 10
    );
    if let Some(best) = waste.savings.first() {
        let line = best.source.as_ref().map_or_else(
            || format!("layer {}", best.layer),
            |source| format!("{}:{}", visible(&source.file), source.start.line),
        );
        text.push_str(&format!("; most at {line}, {} MB", megabytes(best.bytes)));
    }
    text
}

/// Writes the verdict, its reasons and the next command.
pub(super) fn verdict(out: &mut String, input: &RenderInput<'_>) {
    let Some(verdict) = input.verdict else {
        return;
    };
    let mut screen = Screen::new(out, input);
    if verdict.holds {
        screen.styled(
            "verdict",
            "holds",
            AnsiColor::BrightGreen.on_default().bold(),
        );
    } else {
        screen.styled(
            "verdict",
            "held back",
            super::severity_style(Severity::High),
        );
    }
    for reason in verdict.reasons.iter().take(REASONS) {
        screen.field("", &format!("- {}", visible(reason)));
    }
    let more = verdict.reasons.len().saturating_sub(REASONS);
    if more > 0 {
        screen.field("", &format!("- and {}", count(more, "more reason")));
    }
    if let Some(next) = &verdict.next {
        screen.whole("next", &visible(next));
    }
}

struct Screen<'o> {
    out: &'o mut String,
    color: bool,
    width: usize,
}

impl<'o> Screen<'o> {
    fn new(out: &'o mut String, input: &RenderInput<'_>) -> Self {
        Self {
            out,
            color: input.color,
            width: input.width.max(40),
        }
    }

    /// A line cut to the screen.
    fn vulnerabilities(&mut self, report: &Report) {
        for (at, line) in vulnerabilities::lines(report).iter().enumerate() {
            self.field(if at == 0 { "vulns" } else { "" }, line);
        }
        for (at, line) in vulnerabilities::edits(report).iter().enumerate() {
            self.field(if at == 0 { "advice" } else { "" }, line);
        }
    }

    fn field(&mut self, name: &str, value: &str) {
        let value = fitting(value, self.width - INDENT);
        self.styled(name, &value, Style::new());
    }

    /// A line that people copy from: never cut.
    fn whole(&mut self, name: &str, value: &str) {
        self.styled(name, value, Style::new());
    }

    fn styled(&mut self, name: &str, value: &str, style: Style) {
        let name = paint(&format!("{name:<INDENT$}"), Style::new().bold(), self.color);
        let value = paint(value, style, self.color);
        let line = format!("{name}{value}");
        writeln!(self.out, "{}", line.trim_end()).expect("writing to a String cannot fail");
    }

    /// The gravest findings, one line each.
    fn gravest(&mut self, findings: &[Finding]) {
        let mut shown: Vec<&Finding> = findings.iter().collect();
        shown.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        for finding in shown.iter().take(GRAVEST) {
            let line = finding
                .origin
                .source
                .as_ref()
                .map_or_else(String::new, |source| {
                    format!(" {}:{}", visible(&source.file), source.start.line)
                });
            self.field(
                "",
                &format!(
                    "{:<8} {}{line}: {}",
                    finding.severity.as_str(),
                    finding.rule,
                    visible(&finding.message)
                ),
            );
        }
    }

    fn layers(&mut self, layers: &[LayerFacts]) {
        if layers.is_empty() {
            return;
        }
        let mut shown: Vec<usize> = (0..layers.len()).collect();
        if layers.len() > LAYERS {
            shown.sort_by_key(|index| (std::cmp::Reverse(layers[*index].size), *index));
            shown.truncate(LAYERS);
            shown.sort_unstable();
        }
        self.field("layers", "       MB  line  instruction");
        for index in &shown {
            let layer = &layers[*index];
            let line = layer
                .source
                .as_ref()
                .map_or_else(|| "-".to_owned(), |source| source.start.line.to_string());
            let instruction = layer
                .instruction
                .as_deref()
                .map_or("-".into(), short_instruction);
            self.field(
                &format!("{index:>6}"),
                &format!(
                    "{:>9}  {line:>4}  {}",
                    megabytes(layer.size),
                    visible(&instruction)
                ),
            );
        }
        if shown.len() < layers.len() {
            let rest: u64 = sum(layers).saturating_sub(
                shown
                    .iter()
                    .fold(0, |total, index| layers[*index].size.saturating_add(total)),
            );
            let more = count(layers.len() - shown.len(), "smaller layer");
            self.field("", &format!("{:>9}     -  {more}", megabytes(rest)));
        }
    }
}

fn sum(layers: &[LayerFacts]) -> u64 {
    layers
        .iter()
        .fold(0, |sum, layer| sum.saturating_add(layer.size))
}
