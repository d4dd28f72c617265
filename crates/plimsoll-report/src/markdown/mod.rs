//! A summary for the evidence folder and for pull requests (GitHub Flavored Markdown).

mod set_aside;
mod vulnerabilities;

use std::fmt::Write as _;

use plimsoll_model::{Finding, ImageSummary, Inventory, Place, Severity, human_size};

use crate::instruction::short_instruction;
use crate::text::{count, markdown, markdown_code};
use crate::{RenderInput, Verdict, tally};

/// Findings beyond this many are only counted: the full list is what the other formats are for,
/// and pull request comments have a limit of their own.
const FINDINGS: usize = 200;

/// Renders the report.
pub fn render(input: &RenderInput<'_>) -> String {
    let mut page = Page::default();
    let report = input.report;
    page.line("# Plimsoll report");
    if let Some(verdict) = input.verdict {
        page.verdict(verdict);
    }
    if let Some(image) = &report.image {
        page.image(image, &report.inventory);
        page.layers(&report.inventory);
        page.secrets(&report.inventory);
    }
    page.vulnerabilities(input);
    page.findings(&report.findings);
    page.set_aside(report);
    if !report.skipped.is_empty() {
        page.heading("Not looked at");
        for skipped in &report.skipped {
            page.line(&format!(
                "- {}: {}",
                markdown_code(&skipped.what),
                markdown(&skipped.reason())
            ));
        }
    }
    if !report.checked.is_empty() {
        page.heading("Checked");
        for file in &report.checked {
            page.line(&format!("- {}", markdown_code(file)));
        }
    }
    page.line("");
    page.line(&format!(
        "Made by plimsoll {}.",
        markdown(input.tool_version)
    ));
    page.0
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn heading(&mut self, text: &str) {
        writeln!(self.0, "\n## {text}\n").expect("writing to a String cannot fail");
    }

    fn row(&mut self, name: &str, value: &str) {
        self.line(&format!("| {name} | {value} |"));
    }

    fn verdict(&mut self, verdict: &Verdict) {
        self.line("");
        self.line(&format!("**Verdict: {}.**", verdict.standing().word()));
        if !verdict.holds() {
            self.line("");
        }
        for reason in verdict.told() {
            self.line(&format!("- {}", markdown(&reason)));
        }
    }

    fn image(&mut self, image: &ImageSummary, inventory: &Inventory) {
        self.heading("Image");
        self.line("| | |");
        self.line("|---|---|");
        self.row("name", &markdown_code(&image.name));
        self.row("digest", &markdown_code(image.digest.as_str()));
        if let Some(platform) = &image.config.platform {
            self.row("platform", &markdown(&platform.to_string()));
        }
        if let Some(distribution) = &inventory.distribution {
            self.row("distribution", &markdown(&distribution.name));
        }
        let user = match image.config.user.as_str() {
            _ if image.config.is_empty() => "unknown: no configuration tells".to_owned(),
            "" => "root (none set)".to_owned(),
            user => markdown_code(user),
        };
        self.row("user", &user);
        let unpacked: u64 = inventory
            .layers
            .iter()
            .fold(0, |sum, layer| sum.saturating_add(layer.size));
        let compressed = match tally::is_compressed(inventory) {
            true => format!("{} compressed, ", human_size(image.compressed_size)),
            false => String::new(),
        };
        self.row(
            "size",
            &format!("{compressed}{} unpacked", human_size(unpacked)),
        );
        self.row("packages", &tally::packages(inventory));
        self.row("secrets", &inventory.secrets.len().to_string());
    }

    fn layers(&mut self, inventory: &Inventory) {
        self.heading("Layers");
        self.line("| # | size | from | instruction |");
        self.line("|---:|---:|---|---|");
        for (index, layer) in inventory.layers.iter().enumerate() {
            let from = layer.source.as_ref().map_or_else(String::new, |source| {
                markdown(&format!("{}:{}", source.file, source.start.line))
            });
            let instruction = layer
                .instruction
                .as_deref()
                .map_or_else(String::new, |text| {
                    let text = short_instruction(text);
                    markdown_code(text.chars().take(120).collect::<String>().trim())
                });
            self.line(&format!(
                "| {index} | {} | {from} | {instruction} |",
                human_size(layer.size)
            ));
        }
    }

    fn secrets(&mut self, inventory: &Inventory) {
        if inventory.secrets.is_empty() {
            return;
        }
        self.heading("Secrets");
        for secret in &inventory.secrets {
            let line = secret
                .line
                .map_or_else(String::new, |line| format!(":{line}"));
            let layer = secret
                .layer
                .map_or_else(String::new, |layer| format!(", layer {layer}"));
            let deleted = if secret.deleted_in.is_some() {
                ", deleted by a later layer and shipped all the same"
            } else {
                ""
            };
            self.line(&format!(
                "- {}: {}{layer}{deleted} (fingerprint {})",
                markdown(&secret.kind),
                markdown_code(&format!("{}{line}", secret.shown_place())),
                markdown_code(&secret.fingerprint)
            ));
        }
    }

    fn findings(&mut self, findings: &[Finding]) {
        self.heading("Findings");
        if findings.is_empty() {
            self.line("None.");
            return;
        }
        self.line(&format!("{}.", tally::by_severity(findings.iter())));
        self.line("");
        self.line("| severity | rule | place | message |");
        self.line("|---|---|---|---|");
        let gravest_first = Severity::ALL.into_iter().rev().flat_map(|severity| {
            findings
                .iter()
                .filter(move |finding| finding.severity == severity)
        });
        for finding in gravest_first.take(FINDINGS) {
            let help = finding
                .help
                .as_deref()
                .map_or_else(String::new, |help| format!(" {}", markdown(help)));
            self.line(&format!(
                "| {} | {} | {} | {}{help} |",
                finding.severity.as_str(),
                markdown_code(finding.rule),
                place(finding),
                markdown(&finding.message),
            ));
        }
        if findings.len() > FINDINGS {
            self.line("");
            self.line(&format!(
                "… and {}.",
                count(findings.len() - FINDINGS, "further finding")
            ));
        }
    }
}

fn place(finding: &Finding) -> String {
    let places = finding.origin.places();
    let parts: Vec<String> = places
        .map(|place| match place {
            Place::Path(_) | Place::Package(_) => markdown_code(&place.to_string()),
            _ => markdown(&place.to_string()),
        })
        .collect();
    if parts.is_empty() {
        Place::Image.to_string()
    } else {
        parts.join(", ")
    }
}
