//! Known vulnerabilities for a pull request: how many and how bad, what to do, then all of them.

use plimsoll_model::{
    AdvisoryCoverage, Place, Reachability, Report, Vulnerability, VulnerabilitySeverity,
};

use super::Page;
use crate::RenderInput;
use crate::advice::{self, Voice};
use crate::tally;
use crate::text::{count, markdown, markdown_code, sentence};

/// Vulnerabilities beyond this many are only counted, as findings are.
const VULNERABILITIES: usize = 150;
/// Edits told.
const EDITS: usize = 20;
/// Packages told that could not be judged.
const UNJUDGED: usize = 20;
/// How words that came from elsewhere are written here.
const VOICE: Voice = Voice {
    text: markdown,
    code: markdown_code,
    steps: 8,
    brief: false,
};

impl Page {
    pub(super) fn vulnerabilities(&mut self, input: &RenderInput<'_>) {
        let report = input.report;
        let found = &report.vulnerabilities;
        if found.is_empty() && report.advisories.is_none() {
            return;
        }
        self.heading("Known vulnerabilities");
        let hidden = report.unlisted.vulnerabilities;
        if found.is_empty() {
            let none_known = sentence(&tally::none_known(report));
            self.line(match report.suppressed_vulnerabilities.is_empty() {
                true if report.is_unjudged() => {
                    "**Not judged**: no advisory could be held against any of the packages."
                }
                _ if hidden > 0 => "None of those asked for.",
                true => &none_known,
                false => "None but those set aside.",
            });
        } else {
            self.by_severity(found);
        }
        if hidden > 0 {
            self.line(&format!("\n{hidden} more known, not listed."));
        }
        self.waiting(report);
        self.advice(report);
        if !found.is_empty() {
            self.table(found);
        }
        if let Some(coverage) = &report.advisories {
            self.foundation(coverage, input.made);
        }
    }

    fn by_severity(&mut self, found: &[Vulnerability]) {
        let is_split = found.iter().any(|one| one.in_base.is_some());
        let (title, rule) = match is_split {
            true => (" in the base |", "---:|"),
            false => ("", ""),
        };
        self.line(&format!(
            "| severity | vulnerabilities | with a fix |{title}"
        ));
        self.line(&format!("|---|---:|---:|{rule}"));
        let number = |of: &dyn Fn(&&Vulnerability) -> bool| found.iter().filter(of).count();
        let mut row = |name: &str, of: &dyn Fn(&&Vulnerability) -> bool| {
            let all = number(of);
            if all > 0 {
                let fixable = number(&|one| of(one) && one.is_fixable());
                let mut line = format!("| {name} | {all} | {fixable} |");
                if is_split {
                    let in_base = number(&|one| of(one) && one.in_base == Some(true));
                    line.push_str(&format!(" {in_base} |"));
                }
                self.line(&line);
            }
        };
        for severity in VulnerabilitySeverity::ALL.into_iter().rev() {
            row(severity.as_str(), &|one| one.severity == severity);
        }
        row("**all**", &|_| true);
    }

    /// The packages that a security update waits for, what no vulnerability tells first.
    fn waiting(&mut self, report: &Report) {
        let Some(told) = tally::pending_updates(&report.pending_updates) else {
            return;
        };
        self.line(&format!("\n{}.\n", markdown(&told)));
        self.line("| package | installed | available | source | vulnerabilities |");
        self.line("|---|---|---|---|---|");
        for one in tally::news_first(&report.pending_updates)
            .into_iter()
            .take(VULNERABILITIES)
        {
            self.line(&format!(
                "| {} | {} | {} | {} | {} |",
                markdown_code(&one.name),
                markdown(&one.installed),
                markdown(&one.available),
                markdown_code(&one.source),
                markdown(&one.vulnerabilities.join(", ")),
            ));
        }
        let more = report.pending_updates.len().saturating_sub(VULNERABILITIES);
        if more > 0 {
            self.line(&format!("\n… and {more} more."));
        }
    }

    fn advice(&mut self, report: &Report) {
        let edits = &report.advice.edits;
        if edits.is_empty() {
            return;
        }
        self.line("\n### What to do\n");
        for edit in edits.iter().take(EDITS) {
            let place = advice::place(edit, VOICE);
            let doing = advice::doing(edit, report, VOICE);
            let effect = advice::effect(edit, &report.vulnerabilities);
            self.line(&format!("1. **{place}**: {doing}: {effect}."));
            if let Some(command) = advice::meanwhile(edit) {
                self.line(&format!(
                    "   Until there is one, {} does it for packages of the distribution.",
                    markdown_code(command)
                ));
            }
        }
        let more = edits.len().saturating_sub(EDITS);
        if more > 0 {
            self.line(&format!("\n… {}.", advice::more(more)));
        }
        if let Some(staying) = advice::staying(report) {
            self.line(&format!("\n{staying}."));
        }
    }

    fn table(&mut self, found: &[Vulnerability]) {
        self.line(&format!(
            "\n<details><summary>{}</summary>\n",
            match found.len() {
                1 => "1 vulnerability".to_owned(),
                number => format!("{number} vulnerabilities"),
            }
        ));
        self.line("| severity | id | package | installed | fixed in | from |");
        self.line("|---|---|---|---|---|---|");
        for one in found.iter().take(VULNERABILITIES) {
            self.line(&format!(
                "| {} | {} | {} | {} | {} | {} |",
                one.severity.as_str(),
                identified(one),
                markdown_code(&one.name),
                markdown(&one.installed),
                match &one.fixed {
                    Some(fixed) => markdown(fixed),
                    None => markdown(&one.without_fix()),
                },
                from(one),
            ));
        }
        let more = found.len().saturating_sub(VULNERABILITIES);
        if more > 0 {
            self.line(&format!("\n… and {more} more."));
        }
        self.line("\n</details>");
    }

    /// What all of it rests on, and what it says nothing of.
    fn foundation(&mut self, coverage: &AdvisoryCoverage, made: Option<&str>) {
        let told = markdown(&tally::judged_by(coverage, made));
        let told = told.strip_prefix('j').unwrap_or(&told);
        self.line(&format!("\nJ{told}."));
        self.line("");
        for line in tally::lists(coverage) {
            self.line(&format!("- {}.", markdown(&line)));
        }
        for one in &coverage.missing {
            self.line(&format!(
                "- No advisories on {}: nothing is known of {}.",
                markdown(&one.ecosystem),
                count(one.packages, "package")
            ));
        }
        for one in coverage.unjudged.iter().take(UNJUDGED) {
            self.line(&format!(
                "- Not judged: {}: {}",
                markdown_code(&one.purl),
                markdown(&one.why)
            ));
        }
        let more = coverage.unjudged.len().saturating_sub(UNJUDGED);
        if more > 0 {
            self.line(&format!("- Not judged: {}.", count(more, "more package")));
        }
    }
}

/// Its number, and why it is more or less urgent than its severity says.
fn identified(found: &Vulnerability) -> String {
    let mut notes = tally::urgency(found);
    if let Some(reachable @ Reachability::NotLinked(_)) = &found.reachable {
        let separator = if notes.is_empty() { "" } else { "; " };
        notes = format!("{notes}{separator}reachable: {}", reachable.as_str());
    }
    match notes.is_empty() {
        true => markdown(&found.id),
        false => format!("{} ({})", markdown(&found.id), markdown(&notes)),
    }
}

/// The line that brought the package, as near as it is known.
fn from(found: &Vulnerability) -> String {
    let mut text = match found.origin.brought_by(found.in_base) {
        Place::Image => String::new(),
        place => markdown(&place.to_string()),
    };
    if let Some(layer) = found.removed_in {
        text.push_str(&format!(", removed in layer {layer}"));
    }
    text
}
