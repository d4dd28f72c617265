//! For a pull request (GitHub Flavored Markdown): a table of what changed and by how much, what
//! is bad news in the open, everything else folded.

mod vulnerabilities;

use std::borrow::Cow;
use std::cmp::Reverse;

use plimsoll_model::{
    ChangeKind, ComparedImage, FileSide, Finding, PackageChange, Pair, cut, human_size,
};

use super::{
    Counts, DiffInput, granted, growth, installed, instruction, layer_place, package_changes,
    package_side, shown, signed, unpacked, versions, worst_first,
};
use crate::text::{count, efficiency, markdown, markdown_code};

/// Rows of a table, where not all are asked for: a comment may have 65 536 characters in all.
const ROWS: usize = 60;
/// Characters of a cell that comes from an image.
const CELL: usize = 100;

/// Renders the difference.
pub fn render(input: &DiffInput<'_>) -> String {
    let mut page = Page {
        out: String::new(),
        input,
    };
    page.summary();
    page.secrets();
    page.gained_vulnerabilities();
    page.gained_findings();
    page.lost();
    page.lost_vulnerabilities();
    page.config();
    page.packages();
    page.layers();
    page.files();
    page.permissions();
    page.skipped();
    page.advisories();
    page.line("");
    page.line(&format!(
        "Made by plimsoll {}.",
        markdown(input.tool_version)
    ));
    page.out
}

struct Page<'a> {
    out: String,
    input: &'a DiffInput<'a>,
}

impl<'a> Page<'a> {
    fn images(&self) -> Pair<&'a ComparedImage> {
        let images = &self.input.difference.images;
        Pair {
            old: &images.old,
            new: &images.new,
        }
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn row(&mut self, cells: &[&str]) {
        self.line(&format!("| {} |", cells.join(" | ")));
    }

    /// How many rows a table may have.
    fn rows(&self) -> usize {
        if self.input.details { usize::MAX } else { ROWS }
    }

    /// Says how many of `all` rows were left out.
    fn rest(&mut self, all: usize) {
        self.left_out(all, self.rows());
    }

    fn left_out(&mut self, all: usize, shown: usize) {
        if let Some(more) = all.checked_sub(shown).filter(|more| *more > 0) {
            self.line("");
            self.line(&format!("… and {more} more."));
        }
    }

    /// Opens a part that is folded until somebody asks.
    fn fold(&mut self, title: &str) {
        self.line("");
        self.line(&format!("<details><summary>{title}</summary>"));
        self.line("");
    }

    fn unfold(&mut self) {
        self.line("");
        self.line("</details>");
    }

    fn summary(&mut self) {
        let images = self.images();
        let difference = self.input.difference;
        self.line("## Image difference");
        self.line("");
        if let Some(verdict) = self.input.verdict {
            self.line(&format!("**Verdict: {}.**", verdict.standing().word()));
            self.line("");
            for reason in verdict.told().take(self.rows()) {
                self.line(&format!("- {}", markdown(&reason)));
            }
            self.rest(verdict.told().count());
            if !verdict.holds() {
                self.line("");
            }
        }
        self.row(&[
            "",
            &code(images.old.subject.name()),
            &code(images.new.subject.name()),
            "change",
        ]);
        self.line("|---|---|---|---|");
        let text_row = |page: &mut Self, name: &str, old: &str, new: &str| {
            let change = if old == new { "" } else { "changed" };
            page.row(&[name, &markdown(&short(old)), &markdown(&short(new)), change]);
        };
        let system = |image: &ComparedImage| {
            let distribution = image.inventory.distribution.as_ref();
            distribution.map_or_else(String::new, |one| one.name.clone())
        };
        text_row(self, "system", &system(images.old), &system(images.new));
        if difference.is_of_packages_only() {
            self.package_row();
            self.vulnerability_row();
            return;
        }
        let base = |image: &ComparedImage| super::base_name(image).unwrap_or_default();
        let (old, new) = (base(images.old), base(images.new));
        if !(old.is_empty() && new.is_empty()) {
            text_row(self, "base", &old, &new);
        }
        let size_row = |page: &mut Self, name: &str, old: u64, new: u64| {
            page.row(&[name, &human_size(old), &human_size(new), &growth(old, new)]);
        };
        size_row(self, "size", unpacked(images.old), unpacked(images.new));
        size_row(
            self,
            "shipped",
            images.old.subject.compressed_size(),
            images.new.subject.compressed_size(),
        );
        self.row(&[
            "layers",
            &images.old.inventory.layers.len().to_string(),
            &images.new.inventory.layers.len().to_string(),
            &format!("lowest {} shared", difference.shared_layers()),
        ]);
        let (old, new) = (&images.old.inventory.waste, &images.new.inventory.waste);
        self.row(&[
            "efficiency",
            &efficiency(old.efficiency),
            &efficiency(new.efficiency),
            &if old.wasted == new.wasted {
                "the same".to_owned()
            } else {
                format!("{} wasted", signed(old.wasted, new.wasted))
            },
        ]);
        self.package_row();
        let files = &difference.files;
        let counts = Counts {
            added: usize::try_from(files.added.files).unwrap_or(usize::MAX),
            removed: usize::try_from(files.removed.files).unwrap_or(usize::MAX),
            changed: usize::try_from(files.changed.new.files).unwrap_or(usize::MAX),
        };
        let changes = match (counts.words(), files.permissions) {
            (words, 0) => words,
            (_, more) if counts == Counts::default() => {
                format!("{more} with another mode or owner")
            }
            (words, more) => format!("{words}, {more} with another mode or owner"),
        };
        self.row(&[
            "files",
            &images.old.files.files.to_string(),
            &images.new.files.files.to_string(),
            &changes,
        ]);
        let secrets = &difference.secrets;
        self.row(&[
            "secrets",
            &images.old.inventory.secrets.len().to_string(),
            &images.new.inventory.secrets.len().to_string(),
            &gains(secrets.gained.len(), secrets.lost.len()),
        ]);
        self.vulnerability_row();
        let findings = &difference.findings;
        self.row(&[
            "findings",
            &(findings.kept + findings.lost.len()).to_string(),
            &(findings.kept + findings.gained.len()).to_string(),
            &gains(findings.gained.len(), findings.lost.len()),
        ]);
    }

    fn package_row(&mut self) {
        let images = self.images();
        let kinds = Counts::of(package_changes(self.input.difference).map(PackageChange::kind));
        self.row(&[
            "packages",
            &installed(images.old).to_string(),
            &installed(images.new).to_string(),
            &kinds.words(),
        ]);
    }

    fn secrets(&mut self) {
        let gained = &self.input.difference.secrets.gained;
        if gained.is_empty() {
            return;
        }
        let image = self.images().new;
        self.line("");
        self.line("### New secrets");
        self.line("");
        for secret in gained.iter().take(self.rows()) {
            let line = secret
                .line
                .map_or_else(String::new, |line| format!(":{line}"));
            let layer = secret.layer.map_or_else(String::new, |layer| {
                format!(", {}", markdown(&layer_place(image, layer)))
            });
            self.line(&format!(
                "- **{}** {}: {}{layer} (fingerprint {})",
                secret.severity.as_str(),
                markdown(&secret.kind),
                code(&format!("{}{line}", secret.shown_place())),
                code(&secret.fingerprint)
            ));
        }
        self.rest(gained.len());
    }

    fn gained_findings(&mut self) {
        let gained = &self.input.difference.findings.gained;
        if gained.is_empty() {
            return;
        }
        self.line("");
        self.line("### New findings");
        self.line("");
        self.findings(gained);
    }

    fn findings(&mut self, findings: &[Finding]) {
        self.row(&["severity", "rule", "place", "message"]);
        self.line("|---|---|---|---|");
        for finding in worst_first(findings).into_iter().take(self.rows()) {
            self.row(&[
                finding.severity.as_str(),
                &code(finding.rule),
                &code(&finding.origin.nearest().to_string()),
                &markdown(&finding.message),
            ]);
        }
        self.rest(findings.len());
    }

    fn lost(&mut self) {
        let difference = self.input.difference;
        let secrets = &difference.secrets.lost;
        if !secrets.is_empty() {
            self.fold(&format!("{} gone", count(secrets.len(), "secret")));
            for secret in secrets.iter().take(self.rows()) {
                self.line(&format!(
                    "- {}: {}",
                    markdown(&secret.kind),
                    code(&secret.shown_place())
                ));
            }
            self.rest(secrets.len());
            self.unfold();
        }
        let findings = &difference.findings.lost;
        if !findings.is_empty() {
            self.fold(&format!("{} gone", count(findings.len(), "finding")));
            self.findings(findings);
            self.unfold();
        }
    }

    fn config(&mut self) {
        let changes = &self.input.difference.config;
        if changes.is_empty() {
            return;
        }
        let kinds = Counts::of(changes.iter().map(plimsoll_model::ConfigChange::kind));
        self.fold(&format!("Configuration: {}", kinds.words()));
        self.row(&["field", "old", "new"]);
        self.line("|---|---|---|");
        for change in changes.iter().take(self.rows()) {
            let value = |value: &Option<String>| match value {
                Some(value) if value.is_empty() => "empty".to_owned(),
                Some(_) => code(&shown(value.as_ref())),
                None => String::new(),
            };
            self.row(&[
                &code(&change.field),
                &value(&change.value.old),
                &value(&change.value.new),
            ]);
        }
        self.rest(changes.len());
        self.unfold();
    }

    fn packages(&mut self) {
        let difference = self.input.difference;
        let changes: Vec<&PackageChange> = package_changes(difference).collect();
        if changes.is_empty() {
            return;
        }
        let kinds = Counts::of(changes.iter().map(|change| change.kind()));
        self.fold(&format!("Packages: {}", kinds.words()));
        self.row(&["", "kind", "name", "version", "size", "from"]);
        self.line("|---|---|---|---|---:|---|");
        for change in changes.iter().take(self.rows()) {
            let Some((image, package)) = package_side(difference, change) else {
                continue;
            };
            self.row(&[
                change.kind().as_str(),
                package.kind.as_str(),
                &code(&package.name),
                &markdown(&short(&versions(change))),
                &package.size.map_or_else(String::new, human_size),
                &markdown(&layer_place(image, package.layer)),
            ]);
        }
        self.rest(changes.len());
        self.unfold();
    }

    fn layers(&mut self) {
        let difference = self.input.difference;
        let images = self.images();
        let all: Vec<_> = difference
            .layers
            .iter()
            .filter(|change| !change.same)
            .collect();
        if all.is_empty() {
            return;
        }
        self.fold(&format!("Layers: {} not shared", all.len()));
        self.row(&["change", "from", "old", "new", "instruction"]);
        self.line("|---|---|---:|---:|---|");
        for change in all.iter().take(self.rows()) {
            let size = |image: &ComparedImage, layer: Option<usize>| {
                layer
                    .and_then(|layer| image.inventory.layers.get(layer))
                    .map(|layer| layer.size)
            };
            let (old, new) = (
                size(images.old, change.layers.old),
                size(images.new, change.layers.new),
            );
            let (image, layer) = match (change.layers.new, change.layers.old) {
                (Some(layer), _) => (images.new, layer),
                (None, Some(layer)) => (images.old, layer),
                (None, None) => continue,
            };
            let Some(facts) = image.inventory.layers.get(layer) else {
                continue;
            };
            let written = |size: Option<u64>| size.map_or_else(String::new, human_size);
            self.row(&[
                &signed(old.unwrap_or(0), new.unwrap_or(0)),
                &markdown(&layer_place(image, layer)),
                &written(old),
                &written(new),
                &code(&instruction(facts)),
            ]);
        }
        self.rest(all.len());
        self.unfold();
    }

    fn files(&mut self) {
        let files = &self.input.difference.files;
        if files.largest.is_empty() {
            return;
        }
        let images = self.images();
        self.fold(&format!(
            "Files: {} added ({}), {} removed ({}), {} changed ({})",
            files.added.files,
            human_size(files.added.bytes),
            files.removed.files,
            human_size(files.removed.bytes),
            files.changed.new.files,
            signed(files.changed.old.bytes, files.changed.new.bytes),
        ));
        self.row(&["", "size", "from", "path"]);
        self.line("|---|---:|---|---|");
        let shown = files.largest.len().min(self.rows() / 2);
        let mut largest: Vec<_> = files.largest.iter().take(shown).collect();
        largest.sort_by_key(|file| Reverse(file.weight()));
        for file in largest {
            let from = |image, side: FileSide| markdown(&layer_place(image, side.layer));
            let (size, from) = match (file.file.old, file.file.new) {
                (Some(old), Some(new)) => (signed(old.size, new.size), from(images.new, new)),
                (None, Some(new)) => (human_size(new.size), from(images.new, new)),
                (Some(old), None) => (human_size(old.size), from(images.old, old)),
                (None, None) => continue,
            };
            let word = match file.kind() {
                ChangeKind::Changed if size == "0 B" => "content",
                kind => kind.as_str(),
            };
            self.row(&[word, &size, &from, &code(&format!("/{}", file.path))]);
        }
        let all = files.added.files + files.removed.files + files.changed.new.files;
        self.left_out(usize::try_from(all).unwrap_or(usize::MAX), shown);
        self.unfold();
    }

    fn permissions(&mut self) {
        let files = &self.input.difference.files;
        if files.regranted.is_empty() {
            return;
        }
        self.fold(&format!("Modes and owners: {} changed", files.permissions));
        self.row(&["change", "path"]);
        self.line("|---|---|");
        let shown = files.regranted.len().min(self.rows() / 2);
        for change in files.regranted.iter().take(shown) {
            self.row(&[&granted(change), &code(&format!("/{}", change.path))]);
        }
        let all = usize::try_from(files.permissions).unwrap_or(usize::MAX);
        self.left_out(all, shown);
        self.unfold();
    }

    fn skipped(&mut self) {
        let images = self.images();
        if images.old.skipped.is_empty() && images.new.skipped.is_empty() {
            return;
        }
        self.fold("Not looked at");
        for (image, word) in [(images.old, "old"), (images.new, "new")] {
            for skipped in image.skipped.iter().take(self.rows()) {
                self.line(&format!(
                    "- {word}: {}: {}",
                    code(&skipped.what),
                    markdown(&skipped.reason())
                ));
            }
            self.rest(image.skipped.len());
        }
        self.unfold();
    }
}

fn gains(gained: usize, lost: usize) -> String {
    format!("{gained} gained, {lost} lost")
}

/// What an image says, cut to what a cell can bear.
fn short(text: &str) -> Cow<'_, str> {
    cut(text, CELL)
}

fn code(text: &str) -> String {
    markdown_code(&short(text))
}
