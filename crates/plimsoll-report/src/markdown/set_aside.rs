//! What was set aside: folded, and with all that whoever answers for it wrote.

use plimsoll_model::{Report, Suppressed, SuppressedVulnerability};

use super::{FINDINGS, Page, place};
use crate::tally;
use crate::text::{count, markdown, markdown_code};

impl Page {
    pub(super) fn set_aside(&mut self, report: &Report) {
        let (findings, vulnerabilities) = (&report.suppressed, &report.suppressed_vulnerabilities);
        if findings.is_empty() && vulnerabilities.is_empty() {
            return;
        }
        self.line("\n## Set aside");
        if !findings.is_empty() {
            self.findings_aside(findings);
        }
        if !vulnerabilities.is_empty() {
            self.vulnerabilities_aside(vulnerabilities);
        }
    }

    fn findings_aside(&mut self, findings: &[Suppressed]) {
        self.fold(&count(findings.len(), "finding"));
        self.line("| severity | rule | place | by | reason |");
        self.line("|---|---|---|---|---|");
        for one in findings.iter().take(FINDINGS) {
            self.line(&format!(
                "| {} | {} | {} | {} | {} |",
                one.finding.severity.as_str(),
                markdown_code(one.finding.rule),
                place(&one.finding),
                one.by.as_str(),
                markdown(&one.reason)
            ));
        }
        self.unfold(findings.len());
    }

    fn vulnerabilities_aside(&mut self, vulnerabilities: &[SuppressedVulnerability]) {
        let known = match vulnerabilities.len() {
            1 => "1 known vulnerability".to_owned(),
            number => format!("{number} known vulnerabilities"),
        };
        self.fold(&format!("{known}: {}", tally::statuses(vulnerabilities)));
        self.line("| severity | id | package | installed | fixed in | as | reason | written in |");
        self.line("|---|---|---|---|---|---|---|---|");
        for one in vulnerabilities.iter().take(FINDINGS) {
            let found = &one.vulnerability;
            let label = one.justification.as_deref();
            let label = label.map_or_else(String::new, |label| format!(" ({})", markdown(label)));
            self.line(&format!(
                "| {} | {} | {} | {} | {} | {} | {}{label} | {} |",
                found.severity.as_str(),
                markdown(&found.id),
                markdown_code(&found.name),
                markdown(&found.installed),
                match &found.fixed {
                    Some(fixed) => markdown(fixed),
                    None => markdown(&found.without_fix()),
                },
                one.status.as_str().replace('-', " "),
                markdown(&one.reason),
                markdown_code(&one.written_in)
            ));
        }
        self.unfold(vulnerabilities.len());
    }

    fn fold(&mut self, title: &str) {
        self.line(&format!("\n<details><summary>{title}</summary>\n"));
    }

    fn unfold(&mut self, all: usize) {
        let more = all.saturating_sub(FINDINGS);
        if more > 0 {
            self.line(&format!("\n… and {more} more."));
        }
        self.line("\n</details>");
    }
}
