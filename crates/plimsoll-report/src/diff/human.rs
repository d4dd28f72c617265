//! One screen: what changed and by how much, then the largest of each sort. With details,
//! everything.

mod vulnerabilities;

use std::cmp::Reverse;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use plimsoll_model::{
    ChangeKind, ComparedImage, Finding, Package, PackageChange, Pair, SecretSighting, human_size,
};

use super::{
    Counts, DiffInput, base_name, finding_place, growth, installed, instruction, layer_place,
    package_changes, package_counts, package_side, shown, signed, unpacked, versions, worst_first,
};
use crate::human::{paint, severity_style};
use crate::ruling::Ruling;
use crate::text::{count, efficiency, fitting, visible};

/// Rows of a section on the one screen.
const PACKAGES: usize = 6;
const LAYERS: usize = 6;
const FILES: usize = 4;
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

    fn summary(&mut self) {
        let images = self.images();
        let difference = self.input.difference;
        for (word, image) in [("old", images.old), ("new", images.new)] {
            let subject = &image.subject;
            let name = visible(subject.name());
            self.field(
                word,
                &match subject.bill() {
                    Some(bill) => format!("{name} ({})", visible(&bill.format)),
                    None => name.into_owned(),
                },
            );
        }
        let digest = images.old.subject.digest();
        if digest.is_some() && digest == images.new.subject.digest() {
            self.field("digest", "the same: these are one image");
        }
        let distribution = |image: &ComparedImage| {
            let distribution = image.inventory.distribution.as_ref();
            distribution.map_or_else(
                || "none".to_owned(),
                // A bill of materials may know it by its number only.
                |one| match one.name.as_str() {
                    "" => format!("{} {}", one.id, one.version),
                    name => name.to_owned(),
                },
            )
        };
        let (old, new) = (distribution(images.old), distribution(images.new));
        self.field("system", &both(&old, &new));
        if difference.is_of_packages_only() {
            self.package_summary();
            self.vulnerability_summary();
            return;
        }
        let base = |image: &ComparedImage| base_name(image).unwrap_or_else(|| "unknown".to_owned());
        if base_name(images.old).or(base_name(images.new)).is_some() {
            self.field("base", &both(&base(images.old), &base(images.new)));
        }
        let sizes = |old: u64, new: u64| {
            format!(
                "{} > {}, {}",
                human_size(old),
                human_size(new),
                growth(old, new)
            )
        };
        self.field("size", &sizes(unpacked(images.old), unpacked(images.new)));
        self.field(
            "shipped",
            &sizes(
                images.old.subject.compressed_size(),
                images.new.subject.compressed_size(),
            ),
        );
        let shared = difference.shared_layers();
        let shared_bytes = images.new.inventory.layers.iter().take(shared);
        let shared_bytes = shared_bytes.fold(0u64, |sum, layer| sum.saturating_add(layer.size));
        self.field(
            "layers",
            &format!(
                "{} > {}, the lowest {shared} shared ({})",
                images.old.inventory.layers.len(),
                images.new.inventory.layers.len(),
                human_size(shared_bytes)
            ),
        );
        let (old, new) = (&images.old.inventory.waste, &images.new.inventory.waste);
        self.field(
            "wasted",
            &format!(
                "{} > {} (efficiency {} > {})",
                human_size(old.wasted),
                human_size(new.wasted),
                efficiency(old.efficiency),
                efficiency(new.efficiency)
            ),
        );
        self.package_summary();
        let files = &difference.files;
        let mut parts = Vec::new();
        for (tally, word) in [(files.added, "added"), (files.removed, "removed")] {
            if tally.files > 0 {
                parts.push(format!(
                    "{} {word} ({})",
                    tally.files,
                    human_size(tally.bytes)
                ));
            }
        }
        if files.changed.new.files > 0 {
            parts.push(format!(
                "{} changed ({})",
                files.changed.new.files,
                signed(files.changed.old.bytes, files.changed.new.bytes)
            ));
        }
        if files.permissions > 0 {
            parts.push(format!("{} with another mode or owner", files.permissions));
        }
        self.field(
            "files",
            &format!(
                "{} > {}: {}",
                images.old.files.files,
                images.new.files.files,
                if parts.is_empty() {
                    "none".to_owned()
                } else {
                    parts.join(", ")
                }
            ),
        );
        let config = Counts::of(
            difference
                .config
                .iter()
                .map(plimsoll_model::ConfigChange::kind),
        );
        self.field("config", &config.words());
        let gains = |gained: usize, lost: usize, kept: usize| {
            format!("{gained} gained, {lost} lost, {kept} in both")
        };
        let secrets = &difference.secrets;
        let text = gains(secrets.gained.len(), secrets.lost.len(), secrets.kept);
        let text = if secrets.gained.is_empty() {
            text
        } else {
            paint(
                &text,
                AnsiColor::BrightRed.on_default().bold(),
                self.input.color,
            )
        };
        self.field("secrets", &text);
        self.vulnerability_summary();
        let findings = &difference.findings;
        self.field(
            "findings",
            &gains(findings.gained.len(), findings.lost.len(), findings.kept),
        );
    }

    fn package_summary(&mut self) {
        let images = self.images();
        let kinds = Counts::of(package_changes(self.input.difference).map(PackageChange::kind));
        self.field(
            "packages",
            &format!(
                "{} > {}: {}",
                installed(images.old),
                installed(images.new),
                kinds.words()
            ),
        );
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
        let place = finding_place(finding);
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
                    visible(shown(change.value.old.as_ref())),
                    visible(shown(change.value.new.as_ref()))
                ),
                ChangeKind::Added => {
                    format!("{field}: {}", visible(shown(change.value.new.as_ref())))
                }
                ChangeKind::Removed => {
                    format!("{field}: {}", visible(shown(change.value.old.as_ref())))
                }
            };
            self.row(
                &format!("  {} {text}", mark(change.kind())),
                tint(change.kind()),
            );
        }
        self.rest(changes.len(), limit);
    }

    /// The heaviest first on the one screen: those are what a person looks for. Their order by
    /// name in the details.
    fn packages(&mut self) {
        let difference = self.input.difference;
        let mut changes: Vec<&PackageChange> = package_changes(difference).collect();
        if changes.is_empty() {
            return;
        }
        let kinds = package_counts(difference);
        let kinds: Vec<String> = kinds
            .iter()
            .map(|(kind, counts)| format!("{} {}", kind.as_str(), counts.words()))
            .collect();
        self.heading("packages");
        if kinds.len() > 1 {
            self.row(&format!("  {}", kinds.join("; ")), Style::new().dimmed());
        }
        if !self.input.details {
            changes.sort_by_key(|change| Reverse(weight(change)));
        }
        let limit = self.limit(PACKAGES);
        for change in changes.iter().take(limit) {
            let Some((image, package)) = package_side(difference, change) else {
                continue;
            };
            let size = |package: &Option<Package>| match package {
                Some(package) => package.size,
                None => Some(0),
            };
            let size = match (size(&change.package.old), size(&change.package.new)) {
                (Some(old), Some(new)) => signed(old, new),
                _ => String::new(),
            };
            let text = format!(
                "  {} {size:>10}  {:<14} {} {} {}",
                mark(change.kind()),
                layer_place(image, package.layer),
                package.kind.as_str(),
                visible(&package.name),
                visible(&versions(change)),
            );
            self.row(&text, tint(change.kind()));
        }
        self.rest(changes.len(), limit);
        let owned = difference.packages.len() - changes.len();
        if owned > 0 {
            self.row(
                &format!(
                    "    {} inside packages of the distribution changed with them",
                    count(owned, "package")
                ),
                Style::new().dimmed(),
            );
        }
    }

    /// Layers that are not the same; the heaviest where not all can be shown.
    fn layers(&mut self) {
        let difference = self.input.difference;
        let images = self.images();
        let sizes = |change: &plimsoll_model::LayerChange| {
            let size = |image: &ComparedImage, layer: Option<usize>| {
                layer
                    .and_then(|layer| image.inventory.layers.get(layer))
                    .map_or(0, |layer| layer.size)
            };
            (
                size(images.old, change.layers.old),
                size(images.new, change.layers.new),
            )
        };
        let all: Vec<_> = difference
            .layers
            .iter()
            .filter(|change| !change.same)
            .collect();
        if all.is_empty() {
            return;
        }
        self.heading("layers");
        let limit = self.limit(LAYERS);
        let mut heaviest: Vec<usize> = (0..all.len()).collect();
        heaviest.sort_by_key(|at| {
            let (old, new) = sizes(all[*at]);
            Reverse(old.abs_diff(new))
        });
        heaviest.truncate(limit);
        heaviest.sort_unstable();
        for at in heaviest {
            let change = all[at];
            let (old, new) = sizes(change);
            let (image, layer) = match (change.layers.new, change.layers.old) {
                (Some(layer), _) => (images.new, layer),
                (None, Some(layer)) => (images.old, layer),
                (None, None) => continue,
            };
            let Some(facts) = image.inventory.layers.get(layer) else {
                continue;
            };
            let kind = match (change.layers.old, change.layers.new) {
                (Some(_), Some(_)) => ChangeKind::Changed,
                (Some(_), None) => ChangeKind::Removed,
                (None, _) => ChangeKind::Added,
            };
            let text = format!(
                "  {} {:>10}  {:<14} {}",
                mark(kind),
                signed(old, new),
                layer_place(image, layer),
                visible(&instruction(facts))
            );
            self.row(&text, tint(kind));
        }
        self.rest(all.len(), limit);
    }

    fn files(&mut self) {
        let files = &self.input.difference.files;
        if files.largest.is_empty() {
            return;
        }
        let images = self.images();
        self.heading("largest files");
        let limit = self.limit(FILES);
        for file in files.largest.iter().take(limit) {
            let (size, place) = match (file.file.old, file.file.new) {
                (Some(old), Some(new)) => (
                    signed(old.size, new.size),
                    layer_place(images.new, new.layer),
                ),
                (None, Some(new)) => (
                    format!("+{}", human_size(new.size)),
                    layer_place(images.new, new.layer),
                ),
                (Some(old), None) => (
                    format!("-{}", human_size(old.size)),
                    layer_place(images.old, old.layer),
                ),
                (None, None) => continue,
            };
            let owner = file
                .owner
                .as_deref()
                .map_or_else(String::new, |owner| format!(" ({})", visible(owner)));
            let text = format!(
                "  {} {size:>10}  {place:<14} /{}{owner}",
                mark(file.kind()),
                visible(&file.path)
            );
            self.row(&text, tint(file.kind()));
        }
        let all = files.added.files + files.removed.files + files.changed.new.files;
        let all = usize::try_from(all).unwrap_or(usize::MAX);
        let shown = files.largest.len().min(limit);
        if self.input.details && all > shown {
            self.row(
                &format!("    and {} smaller ones", all - shown),
                Style::new().dimmed(),
            );
        } else {
            self.rest(all, shown);
        }
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
                    &format!(
                        "  {word} {}: {}",
                        visible(&skipped.what),
                        visible(&skipped.why)
                    ),
                    Style::new(),
                );
            }
        }
    }

    fn verdict(&mut self) {
        let Some(ruling) = Ruling::of(self.input.verdict, self.input.not_judged) else {
            return;
        };
        self.out.push('\n');
        let word = paint(ruling.word(), ruling.style(), self.input.color);
        self.field("verdict", &word);
        for reason in ruling.reasons {
            self.field("", &format!("- {}", visible(reason)));
        }
    }
}

/// One word where both say the same.
fn both(old: &str, new: &str) -> String {
    if old == new {
        visible(old).into_owned()
    } else {
        format!("{} > {}", visible(old), visible(new))
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

/// Bytes that the change of a package makes.
fn weight(change: &PackageChange) -> u64 {
    let size = |package: &Option<Package>| {
        package
            .as_ref()
            .and_then(|package| package.size)
            .unwrap_or(0)
    };
    size(&change.package.old).abs_diff(size(&change.package.new))
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
        visible(&secret.place)
    )
}
