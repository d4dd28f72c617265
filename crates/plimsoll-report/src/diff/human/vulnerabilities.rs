//! Known vulnerabilities: what is new one by one, what is gone by the change that took it away.

use std::fmt::Write as _;

use anstyle::Style;
use plimsoll_model::{ChangeKind, VulnerabilityCause, VulnerabilityChange};

use super::super::vulnerabilities::{
    Remedy, fix, live, missing, place, remark, remedies, severities, summary, version,
};
use super::summary::both;
use super::{Page, bad, mark};
use crate::human::{paint, vulnerability_style};
use crate::tally;
use crate::text::{fitting, visible};

/// Rows of what is new, and of what is gone, on the one screen.
const GAINED: usize = 6;
const LOST: usize = 4;
/// Numbers of a row on the one screen.
const NUMBERS: usize = 3;

impl Page<'_> {
    pub(super) fn vulnerability_summary(&mut self) {
        let images = self.images();
        let Some(changes) = &self.input.difference.vulnerabilities else {
            self.field("vulns", "not looked at: no index of advisories");
            return;
        };
        self.field(
            "vulns",
            &format!(
                "{} > {}: {}",
                live(images.old).count(),
                live(images.new).count(),
                summary(changes, self.input.difference.undecided_before)
            ),
        );
        let (old, new) = (severities(images.old), severities(images.new));
        self.field("", &both(&old, &new));
        let unknown = [("old", missing(images.old)), ("new", missing(images.new))];
        for (word, missing) in unknown {
            if let Some(missing) = missing {
                self.field(
                    "",
                    &format!("{word}: no advisories on {}", visible(&missing)),
                );
            }
        }
        if let Some(coverage) = &images.new.advisories {
            let text = tally::judged_by(coverage, self.input.made);
            self.field("", &visible(&text));
        }
    }

    pub(super) fn vulnerabilities(&mut self) {
        let Some(changes) = &self.input.difference.vulnerabilities else {
            return;
        };
        if changes.gained.is_empty() && changes.lost.is_empty() {
            return;
        }
        self.heading("vulnerabilities (once a package, whatever its versions and places)");
        let limit = self.limit(GAINED);
        for change in changes.gained.iter().take(limit) {
            self.gained(change);
        }
        self.rest(changes.gained.len(), limit);
        let remedies = remedies(&changes.lost);
        let limit = self.limit(LOST);
        for remedy in remedies.iter().take(limit) {
            self.lost(remedy);
        }
        self.rest(remedies.len(), limit);
    }

    fn gained(&mut self, change: &VulnerabilityChange) {
        let one = &change.vulnerability;
        let kind = ChangeKind::Added;
        let mut text = format!(
            " {} {} {}",
            visible(&one.id),
            visible(&one.name),
            visible(&version(change, kind))
        );
        let words = remark(&change.cause, kind).into_iter().chain([fix(one)]);
        for words in words {
            text.push_str(&format!(", {}", visible(&words)));
        }
        if let Some(place) = place(one) {
            text.push_str(&format!(" ({place})"));
        }
        let severity = one.severity.as_str();
        if !self.input.details {
            text = fitting(&text, self.width.saturating_sub(4 + severity.len()));
        }
        let color = self.input.color;
        let look = vulnerability_style(one.severity).unwrap_or_default();
        writeln!(
            self.out,
            "  {} {}{text}",
            paint(mark(kind), bad(kind), color),
            paint(severity, look, color),
        )
        .expect("writing to a String cannot fail");
    }

    fn lost(&mut self, remedy: &Remedy<'_>) {
        let kind = ChangeKind::Removed;
        let first = remedy.first;
        let remark =
            remark(&first.cause, kind).map_or_else(String::new, |words| format!(", {words}"));
        let numbers = remedy.numbers(self.limit(NUMBERS));
        let style = match first.cause {
            // Nobody mended anything.
            VulnerabilityCause::NotJudged | VulnerabilityCause::SetAside(_) => Style::new(),
            _ => bad(kind),
        };
        self.row(
            &format!(
                "  {} {} {}{remark}: {}: {}",
                mark(kind),
                visible(&first.vulnerability.name),
                visible(&version(first, kind)),
                remedy.severities(),
                visible(&numbers),
            ),
            style,
        );
    }
}
