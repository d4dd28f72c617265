//! Known vulnerabilities: what is new in the open, what is gone folded, by the change that took it
//! away.

use plimsoll_model::ChangeKind;

use super::super::vulnerabilities::{
    fix, missing, place, remark, remedies, severities, summary, version,
};
use super::{Page, code, short};
use crate::tally;
use crate::text::markdown;

/// Numbers told of one change.
const NUMBERS: usize = 8;

impl Page<'_> {
    pub(super) fn vulnerability_row(&mut self) {
        let images = self.images();
        let difference = self.input.difference;
        let change = match &difference.vulnerabilities {
            Some(changes) => summary(changes, difference.undecided_before),
            None => "no index of advisories".to_owned(),
        };
        self.row(&[
            "vulnerabilities",
            &severities(images.old),
            &severities(images.new),
            &change,
        ]);
    }

    pub(super) fn gained_vulnerabilities(&mut self) {
        let Some(changes) = &self.input.difference.vulnerabilities else {
            return;
        };
        if changes.gained.is_empty() {
            return;
        }
        self.line("");
        self.line("### New known vulnerabilities");
        self.line("");
        self.row(&["severity", "id", "package", "version", "fix", "from"]);
        self.line("|---|---|---|---|---|---|");
        let kind = ChangeKind::Added;
        for change in changes.gained.iter().take(self.rows()) {
            let one = &change.vulnerability;
            let mut version = version(change, kind);
            if let Some(remark) = remark(&change.cause, kind) {
                version.push_str(&format!(", {remark}"));
            }
            self.row(&[
                one.severity.as_str(),
                &code(&one.id),
                &code(&one.name),
                &markdown(&short(&version)),
                &markdown(&short(&fix(one))),
                &place(one).map_or_else(String::new, |place| markdown(&place)),
            ]);
        }
        self.rest(changes.gained.len());
    }

    pub(super) fn lost_vulnerabilities(&mut self) {
        let Some(changes) = &self.input.difference.vulnerabilities else {
            return;
        };
        if changes.lost.is_empty() {
            return;
        }
        let number = changes.lost.len();
        let noun = match number {
            1 => "known vulnerability",
            _ => "known vulnerabilities",
        };
        self.fold(&format!("{number} {noun} gone"));
        self.row(&["package", "change", "removes", "which"]);
        self.line("|---|---|---|---|");
        let kind = ChangeKind::Removed;
        let remedies = remedies(&changes.lost);
        for remedy in remedies.iter().take(self.rows()) {
            let mut change = version(remedy.first, kind);
            if let Some(remark) = remark(&remedy.first.cause, kind) {
                change.push_str(&format!(", {remark}"));
            }
            self.row(&[
                &code(&remedy.first.vulnerability.name),
                &markdown(&short(&change)),
                &remedy.severities(),
                &markdown(&remedy.numbers(NUMBERS)),
            ]);
        }
        self.rest(remedies.len());
        self.unfold();
    }

    /// What the numbers rest on, and what they say nothing of.
    pub(super) fn advisories(&mut self) {
        let images = self.images();
        for (image, word) in [(images.old, "old"), (images.new, "new")] {
            if let Some(missing) = missing(image) {
                self.line("");
                self.line(&format!(
                    "Of {word}, nobody knows the vulnerabilities of {}: the index has no advisories.",
                    markdown(&missing)
                ));
            }
        }
        if let Some(coverage) = &images.new.advisories {
            self.line("");
            self.line(&format!(
                "Vulnerabilities {}.",
                markdown(&tally::judged_by(coverage, self.input.made))
            ));
        }
    }
}
