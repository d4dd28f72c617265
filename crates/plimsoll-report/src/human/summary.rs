//! The screen at the end: what the image is, what it holds, whether it may sail. At most 22 lines
//! wherever what must be said leaves room for it, so that it fits 24 rows with a prompt below and
//! what went before above.

use std::borrow::Cow;

use plimsoll_model::{
    BaseImage, BillSummary, Finding, ImageSummary, Inventory, LayerFacts, Report, SecretSighting,
    Severity, human_size,
};

use super::screen::{Screen, shares};
use super::vulnerabilities;
use crate::instruction::short_instruction;
use crate::text::{count, efficiency, visible};
use crate::{ROWS, RenderInput, Verdict, tally};

/// Layers shown on a screen of [`ROWS`] lines; of more, the largest.
const LAYERS: usize = 5;
/// Lines that layers take at least where they are told at all: their heading, the largest, and what is
/// left.
const FEWEST: usize = 3;
/// Reasons shown; `--details` has them all.
const REASONS: usize = 2;
/// Findings told on it by one line each where they are not shown in full.
const GRAVEST: usize = 4;
/// The verdict on what nobody asked to judge: that nothing held it back does not mean that it holds.
const NOT_ASKED: &str = "not asked: --fail-on SEVERITY, or [policy.vulnerabilities]";
/// What could not be looked at and blocks, told in full.
const BLOCKING: usize = 3;

/// Writes what a bill of materials tells.
pub(super) fn bill(out: &mut String, input: &RenderInput<'_>, bill: &BillSummary) {
    let report = input.report;
    let mut screen = Screen::new(input);
    screen.cut("sbom", &visible(&bill.name));
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
    screen.vulnerabilities(input);
    let mut findings = Screen::new(input);
    if !report.findings.is_empty() || !report.skipped.is_empty() {
        findings.field("findings", &found(report));
    }
    finish(out, input, screen, findings, &[]);
}

/// Writes the whole screen.
pub(super) fn image(out: &mut String, input: &RenderInput<'_>, image: &ImageSummary) {
    let report = input.report;
    let inventory = &report.inventory;
    let mut screen = Screen::new(input);
    screen.cut("image", &visible(&image.name));
    screen.whole("digest", image.digest.as_str());
    let unpacked = sum(&inventory.layers);
    let compressed = match tally::is_compressed(inventory) {
        true => format!("{} compressed, ", human_size(image.compressed_size)),
        false => String::new(),
    };
    screen.field(
        "size",
        &format!(
            "{compressed}{} unpacked, {}",
            human_size(unpacked),
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
    let runs = match config.is_empty() {
        true => format!("unknown user: no configuration tells{distribution}"),
        false => format!("as {user} on {platform}{distribution}"),
    };
    screen.field("runs", &runs);
    screen.later();
    screen.field("packages", &tally::packages(inventory));
    if let Some(base) = &inventory.base {
        screen.field("base", &split(inventory, base));
    }
    if inventory.waste.total > 0 {
        screen.field("waste", &wasted(inventory));
    }
    screen.field("secrets", &secrets(&inventory.secrets));
    screen.vulnerabilities(input);
    let mut findings = Screen::new(input);
    findings.field("findings", &found(report));
    finish(out, input, screen, findings, &inventory.layers);
}

/// Writes both parts of a screen, with as many layers, edits and findings as fit, and the verdict.
fn finish(
    out: &mut String,
    input: &RenderInput<'_>,
    mut screen: Screen,
    mut findings: Screen,
    layers: &[LayerFacts],
) {
    let report = input.report;
    let mut end = Screen::new(input);
    if !input.details {
        // Not looked at is not clean: what the inventory lacks its foundation for is never left out.
        let blocking: Vec<_> = report.skipped.iter().filter(|one| one.blocking).collect();
        for skipped in blocking.iter().take(BLOCKING) {
            end.field("unseen", &visible(&skipped.to_string()));
        }
        let more = blocking.len().saturating_sub(BLOCKING);
        if more > 0 {
            end.field("unseen", &format!("and {more} more"));
        }
    }
    let mut last = Screen::new(input);
    match input.verdict {
        Some(verdict) => last.verdict(verdict, input.details),
        None => last.field("verdict", NOT_ASKED),
    }
    let edits = vulnerabilities::edits(report);
    let mut longest = Screen::new(input);
    longest.more(opened(report, 0, input));
    let told = [&screen, &findings, &end, &longest, &last];
    let told: usize = told.iter().map(|screen| screen.rows()).sum();
    let room = match input.details {
        true => usize::MAX,
        false => input.rows.saturating_sub(told),
    };
    let most = Most::of(report, layers, input);
    let [edits_told, gravest, layers_told] = most.shares(room, edits.len());
    screen.here(|screen| screen.layers(layers, layers_told));
    for (at, line) in edits.iter().take(edits_told).enumerate() {
        screen.cut(if at == 0 { "advice" } else { "" }, line);
    }
    findings.gravest(&report.findings, gravest);
    end.more(opened(report, edits_told, input));
    for screen in [screen, findings, end, last] {
        out.push_str(&screen.into_text());
    }
}

/// The most that a screen tells of what it need not tell in full.
struct Most {
    findings: usize,
    /// The findings that are told whatever room there is: those that are critical, and one at least.
    gravest: usize,
    /// Lines, the heading among them.
    layers: usize,
}

impl Most {
    fn of(report: &Report, layers: &[LayerFacts], input: &RenderInput<'_>) -> Self {
        // A larger screen has room for more.
        let more = match input.details {
            true => 0,
            false => input.rows.saturating_sub(ROWS),
        };
        let findings = match input.details {
            true => 0,
            false => report.findings.len().min(GRAVEST + more),
        };
        let critical = report.findings.iter();
        let critical = critical.filter(|one| one.severity == Severity::Critical);
        Self {
            findings,
            gravest: critical.count().clamp(1, GRAVEST),
            layers: match layers.len() {
                0 => 0,
                number => 1 + number.min(LAYERS + more + 1),
            },
        }
    }

    /// Lines for edits, findings and layers: where there is not room for all, what is wrong comes
    /// before what there is.
    fn shares(&self, room: usize, edits: usize) -> [usize; 3] {
        let fewest = FEWEST.min(self.layers);
        let least = edits.min(1) + self.gravest.min(self.findings) + fewest;
        let layers = match least <= room {
            true => (fewest, self.layers),
            false => (0, 0),
        };
        shares(room, [(1, edits), (self.gravest, self.findings), layers])
    }
}

/// What `--details` shows beside what this screen does; nothing where that is all.
fn opened(report: &Report, edits: usize, input: &RenderInput<'_>) -> Option<String> {
    if input.details {
        return None;
    }
    let mut parts: Vec<Cow<'_, str>> = Vec::new();
    if !report.vulnerabilities.is_empty() {
        parts.push("every vulnerability".into());
    }
    let all = report.advice.edits.len();
    if all > edits {
        parts.push(format!("all {}", count(all, "edit")).into());
    }
    if !report.findings.is_empty() {
        parts.push("every finding".into());
    }
    if input
        .verdict
        .is_some_and(|verdict| verdict.reasons.len() > REASONS)
    {
        parts.push("every reason".into());
    }
    if !report.skipped.is_empty() {
        parts.push("what was not looked at".into());
    }
    let last = parts.pop()?;
    Some(match parts.is_empty() {
        true => format!("--details shows {last}"),
        false => format!("--details shows {} and {last}", parts.join(", ")),
    })
}

/// `2 high, 1 low; 3 set aside; 1 not looked at`.
fn found(report: &Report) -> String {
    let mut findings = tally::by_severity(report.findings.iter());
    if !report.suppressed.is_empty() {
        findings.push_str(&format!("; {} set aside", report.suppressed.len()));
    }
    if !report.skipped.is_empty() {
        findings.push_str(&format!("; {} not looked at", report.skipped.len()));
    }
    findings
}

/// The worst by name: what still lies in the image at its end comes before what was deleted.
fn secrets(seen: &[SecretSighting]) -> String {
    let worst = seen.iter().min_by_key(|one| {
        let severity = std::cmp::Reverse(one.severity);
        (severity, one.deleted_in.is_some(), one.place.as_str())
    });
    let Some(worst) = worst else {
        return "none".to_owned();
    };
    let more = match seen.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "{} in {}{more}",
        visible(&worst.kind),
        visible(&worst.shown_place())
    )
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
        "{name}{}, {}; yours {}, {}",
        human_size(sum(theirs)),
        count(packages(true), "package"),
        human_size(sum(yours)),
        count(packages(false), "package"),
    )
}

fn wasted(inventory: &Inventory) -> String {
    let waste = &inventory.waste;
    let mut text = format!(
        "{} hidden by later layers, {} twice; efficiency {}",
        human_size(waste.wasted),
        human_size(waste.duplicated),
        efficiency(waste.efficiency)
    );
    // Savings are more than waste: a cache that nobody hides ships, too.
    if let Some(best) = waste.savings.first() {
        text.push_str(&format!(
            "; largest saving, caches included: {} at {}",
            human_size(best.bytes),
            visible(&best.place().to_string())
        ));
    }
    text
}

/// Writes the verdict, its reasons and the next command.
pub(super) fn verdict(out: &mut String, input: &RenderInput<'_>) {
    let Some(verdict) = input.verdict else {
        return;
    };
    let mut screen = Screen::new(input);
    screen.verdict(verdict, input.details);
    out.push_str(&screen.into_text());
}

impl Screen {
    fn verdict(&mut self, verdict: &Verdict, details: bool) {
        let standing = verdict.standing();
        self.styled("verdict", standing.word(), standing.style());
        if details {
            for reason in verdict.told() {
                self.field("", &format!("- {}", visible(&reason)));
            }
        } else {
            // What was not looked at stands above.
            for reason in verdict.reasons.iter().take(REASONS) {
                self.cut("", &format!("- {}", visible(reason)));
            }
            // How many are left is not told: the last of them may stand for any number.
            if verdict.reasons.len() > REASONS {
                self.field("", "- and more, which --details tells");
            }
        }
        if let Some(next) = &verdict.next {
            self.whole("next", &visible(next));
        }
    }

    fn vulnerabilities(&mut self, input: &RenderInput<'_>) {
        let lines = vulnerabilities::lines(input.report, input.made);
        for (at, line) in lines.iter().enumerate() {
            self.field(if at == 0 { "vulns" } else { "" }, line);
        }
    }

    fn more(&mut self, opened: Option<String>) {
        if let Some(opened) = opened {
            self.field("more", &opened);
        }
    }

    /// The gravest findings, one line each.
    fn gravest(&mut self, findings: &[Finding], most: usize) {
        let mut shown: Vec<&Finding> = findings.iter().collect();
        shown.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        for finding in shown.iter().take(most) {
            let line = finding
                .origin
                .source
                .as_ref()
                .map_or_else(String::new, |source| {
                    format!(" {}:{}", visible(&source.file), source.start.line)
                });
            self.cut(
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

    /// Layers on so many lines, a heading among them; of more, the largest and what is left.
    fn layers(&mut self, layers: &[LayerFacts], rows: usize) {
        let Some(rows) = rows.checked_sub(1) else {
            return;
        };
        let mut shown: Vec<usize> = (0..layers.len()).collect();
        if layers.len() > rows {
            shown.sort_by_key(|index| (std::cmp::Reverse(layers[*index].size), *index));
            shown.truncate(rows.saturating_sub(1));
            shown.sort_unstable();
        }
        self.cut("layers", "     size  line  instruction");
        for index in &shown {
            let layer = &layers[*index];
            let line = layer
                .source
                .as_ref()
                .map_or_else(|| "-".to_owned(), |source| source.start.line.to_string());
            let instruction = layer
                .instruction
                .as_deref()
                .map_or_else(|| "-".to_owned(), short_instruction);
            self.cut(
                &format!("{index:>6}"),
                &format!(
                    "{:>9}  {line:>4}  {}",
                    human_size(layer.size),
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
            self.cut("", &format!("{:>9}     -  {more}", human_size(rest)));
        }
    }
}

fn sum(layers: &[LayerFacts]) -> u64 {
    layers
        .iter()
        .fold(0, |sum, layer| sum.saturating_add(layer.size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_secret_is_the_one_that_is_named() {
        let seen = |kind: &'static str, severity, place: &str, deleted_in| SecretSighting {
            kind: kind.into(),
            severity,
            place: place.to_owned(),
            layer: (!place.starts_with("env ")).then_some(1),
            line: None,
            fingerprint: String::new(),
            deleted_in,
            also_at: Vec::new(),
            source: None,
        };
        let all = [
            seen("url-password", Severity::Medium, "app/.env", None),
            seen("private-key", Severity::Critical, "a/key", Some(3)),
            seen("aws-secret-key", Severity::Critical, "env KEY", None),
        ];
        assert_eq!(secrets(&all), "aws-secret-key in env KEY and 2 more");
        assert_eq!(secrets(&all[..1]), "url-password in /app/.env");
        assert_eq!(secrets(&[]), "none");
    }
}
