//! One screen: what changed and by how much, then the largest of each sort. With details,
//! everything.

mod content;
mod summary;
mod vulnerabilities;

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use plimsoll_model::{ChangeKind, ComparedImage, Finding, Pair, SecretSighting};

use super::{DiffInput, layer_place, shown, worst_first};
use crate::human::{paint, severity_style};
use crate::text::{fitting, visible};

/// Rows of a section on the one screen.
const FIELDS: usize = 5;
const SECRETS: usize = 4;
const FINDINGS: usize = 5;

/// Renders the difference as text.
pub fn render(input: &DiffInput<'_>) -> String {
    let mut page = Page {
        out: String::new(),
        input,
        width: input.width.max(60),
        cut: false,
    };
    page.summary();
    page.secrets();
    page.vulnerabilities();
    page.findings();
    page.config();
    page.packages();
    page.layers();
    page.files();
    page.permissions();
    page.skipped();
    if page.cut {
        page.row("\n--details shows the rest", Style::new().dimmed());
    }
    page.verdict();
    page.out
}

struct Page<'a> {
    out: String,
    input: &'a DiffInput<'a>,
    width: usize,
    /// Whether something was left out.
    cut: bool,
}

impl<'a> Page<'a> {
    fn images(&self) -> Pair<&'a ComparedImage> {
        let images = &self.input.difference.images;
        Pair {
            old: &images.old,
            new: &images.new,
        }
    }

    fn field(&mut self, name: &str, value: &str) {
        let name = paint(
            &format!("{name:<11}"),
            Style::new().bold(),
            self.input.color,
        );
        writeln!(self.out, "{name}{value}").expect("writing to a String cannot fail");
    }

    fn heading(&mut self, text: &str) {
        let text = paint(text, Style::new().bold(), self.input.color);
        writeln!(self.out, "\n{text}").expect("writing to a String cannot fail");
    }

    /// A row; on the one screen it is cut to the terminal's width.
    fn row(&mut self, text: &str, style: Style) {
        let text = text.trim_end();
        let text = if self.input.details {
            text.to_owned()
        } else {
            fitting(text, self.width)
        };
        writeln!(self.out, "{}", paint(&text, style, self.input.color))
            .expect("writing to a String cannot fail");
    }

    /// How many rows of a section there may be, and a word on those left out.
    fn limit(&self, rows: usize) -> usize {
        if self.input.details { usize::MAX } else { rows }
    }

    fn rest(&mut self, all: usize, shown: usize) {
        if let Some(more) = all.checked_sub(shown).filter(|more| *more > 0) {
            self.cut = true;
            self.row(&format!("    and {more} more"), Style::new().dimmed());
        }
    }

    fn secrets(&mut self) {
        let secrets = &self.input.difference.secrets;
        let all = secrets.gained.len() + secrets.lost.len();
        if all == 0 {
            return;
        }
        self.heading("secrets");
        let images = self.images();
        let gained = secrets.gained.iter().map(|one| (one, ChangeKind::Added));
        let lost = secrets.lost.iter().map(|one| (one, ChangeKind::Removed));
        let limit = self.limit(SECRETS);
        for (secret, kind) in gained.chain(lost).take(limit) {
            let image = match kind {
                ChangeKind::Removed => images.old,
                ChangeKind::Added | ChangeKind::Changed => images.new,
            };
            self.row(&secret_row(secret, kind, image), bad(kind));
        }
        self.rest(all, limit);
    }

    fn findings(&mut self) {
        let findings = &self.input.difference.findings;
        let all = findings.gained.len() + findings.lost.len();
        if all == 0 {
            return;
        }
        self.heading("findings");
        let limit = self.limit(FINDINGS);
        let gained = worst_first(&findings.gained);
        let gained = gained.into_iter().map(|one| (one, ChangeKind::Added));
        let lost = worst_first(&findings.lost);
        let lost = lost.into_iter().map(|one| (one, ChangeKind::Removed));
        for (finding, kind) in gained.chain(lost).take(limit) {
            self.finding(finding, kind);
        }
        self.rest(all, limit);
    }

    fn finding(&mut self, finding: &Finding, kind: ChangeKind) {
        let place = finding.origin.nearest().to_string();
        let severity = finding.severity.as_str();
        let text = format!(
            " {}: {}{}",
            visible(finding.rule),
            visible(&finding.message),
            if place == "image" || finding.message.contains(&place) {
                String::new()
            } else {
                format!(" ({})", visible(&place))
            }
        );
        let used = 4 + severity.len();
        let text = if self.input.details {
            text
        } else {
            fitting(&text, self.width.saturating_sub(used))
        };
        let mark = paint(mark(kind), bad(kind), self.input.color);
        let severity = match kind {
            ChangeKind::Removed => severity.to_owned(),
            ChangeKind::Added | ChangeKind::Changed => {
                paint(severity, severity_style(finding.severity), self.input.color)
            }
        };
        writeln!(self.out, "  {mark} {severity}{text}").expect("writing to a String cannot fail");
    }

    fn config(&mut self) {
        let changes = &self.input.difference.config;
        if changes.is_empty() {
            return;
        }
        self.heading("configuration");
        let limit = self.limit(FIELDS);
        for change in changes.iter().take(limit) {
            let field = visible(&change.field);
            let text = match change.kind() {
                ChangeKind::Changed => format!(
                    "{field}: {} > {}",
                    visible(&shown(change.value.old.as_ref())),
                    visible(&shown(change.value.new.as_ref()))
                ),
                ChangeKind::Added => {
                    format!("{field}: {}", visible(&shown(change.value.new.as_ref())))
                }
                ChangeKind::Removed => {
                    format!("{field}: {}", visible(&shown(change.value.old.as_ref())))
                }
            };
            self.row(
                &format!("  {} {text}", mark(change.kind())),
                tint(change.kind()),
            );
        }
        self.rest(changes.len(), limit);
    }

    fn skipped(&mut self) {
        let images = self.images();
        if images.old.skipped.is_empty() && images.new.skipped.is_empty() {
            return;
        }
        self.heading("not looked at");
        for (image, word) in [(images.old, "old"), (images.new, "new")] {
            for skipped in &image.skipped {
                self.row(
                    &format!("  {word} {}", visible(&skipped.to_string())),
                    Style::new(),
                );
            }
        }
    }

    fn verdict(&mut self) {
        let Some(verdict) = self.input.verdict else {
            return;
        };
        let standing = verdict.standing();
        self.out.push('\n');
        let word = paint(standing.word(), standing.style(), self.input.color);
        self.field("verdict", &word);
        for reason in verdict.told() {
            self.field("", &format!("- {}", visible(&reason)));
        }
    }
}

fn mark(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "+",
        ChangeKind::Removed => "-",
        ChangeKind::Changed => "~",
    }
}

fn tint(kind: ChangeKind) -> Style {
    match kind {
        ChangeKind::Added => AnsiColor::Green.on_default(),
        ChangeKind::Removed => AnsiColor::Red.on_default(),
        ChangeKind::Changed => AnsiColor::Yellow.on_default(),
    }
}

/// Of what nobody wants more of: to gain it is bad, to lose it is good.
fn bad(kind: ChangeKind) -> Style {
    match kind {
        ChangeKind::Added => AnsiColor::BrightRed.on_default(),
        ChangeKind::Removed => AnsiColor::Green.on_default(),
        ChangeKind::Changed => Style::new(),
    }
}

fn secret_row(secret: &SecretSighting, kind: ChangeKind, image: &ComparedImage) -> String {
    let line = secret
        .line
        .map_or_else(String::new, |line| format!(":{line}"));
    let layer = secret.layer.map_or_else(String::new, |layer| {
        format!(" ({})", layer_place(image, layer))
    });
    format!(
        "  {} {} {} {}{line}{layer}",
        mark(kind),
        secret.severity.as_str(),
        visible(&secret.kind),
        visible(&secret.shown_place())
    )
}
