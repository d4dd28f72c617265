//! What is to be told of the chosen layer, the chosen path and the image as a whole.

use std::cmp::Reverse;

use plimsoll_model::{LayerFacts, WasteKind, WastedPath, human_size};
use plimsoll_report::instruction::short_instruction;
use plimsoll_report::{efficiency, share, visible};
use plimsoll_scan::{Change, FileEntry, FileKind, NodeId};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::app::{App, Pane};

/// Offenders and findings told at once.
const TOLD: usize = 10;

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Heading,
    Plain,
    Warning,
}

/// Everything, in lines that fit.
pub(crate) fn lines(app: &App<'_>, width: usize) -> Vec<(Tone, String)> {
    let mut page = Page {
        lines: Vec::new(),
        width: width.max(10),
    };
    if let Some(node) = app.selected().filter(|_| app.pane != Pane::Layers) {
        page.path(app, node);
    }
    if let Some(layer) = app.data.seen.inventory.layers.get(app.layer) {
        page.layer(app, layer);
    }
    page.image(app);
    page.lines
}

struct Page {
    lines: Vec<(Tone, String)>,
    width: usize,
}

impl Page {
    fn heading(&mut self, text: &str) {
        if !self.lines.is_empty() {
            self.lines.push((Tone::Plain, String::new()));
        }
        self.put(Tone::Heading, text);
    }

    fn say(&mut self, text: &str) {
        self.put(Tone::Plain, text);
    }

    fn warn(&mut self, text: &str) {
        self.put(Tone::Warning, text);
    }

    /// Adds hostile text, broken between words where the pane ends. A word that has room on a line,
    /// such as a path that somebody looks for, is not broken.
    fn put(&mut self, tone: Tone, text: &str) {
        let mut line = String::new();
        let mut used = 0;
        for c in visible(text).chars() {
            let wide = c.width().unwrap_or(0);
            if used + wide > self.width {
                let word = line.rfind(' ').map_or(0, |at| at + 1);
                let fits = line[word..].width() + wide + 2 <= self.width;
                let is_first = line[..word].trim().is_empty();
                let rest = match is_first || !fits || c == ' ' {
                    true => String::new(),
                    false => line.split_off(word),
                };
                self.lines.push((tone, line.trim_end().to_owned()));
                line = format!("  {rest}");
                used = line.width();
                if c == ' ' {
                    continue;
                }
            }
            line.push(c);
            used += wide;
        }
        self.lines.push((tone, line));
    }

    fn path(&mut self, app: &App<'_>, node: NodeId) {
        let files = &app.data.files;
        let path = files.path(node);
        let cell = app.view.cell(node);
        self.heading("Path");
        self.say(&format!("/{path}"));
        match app.view.entry(files, node) {
            Some(entry) => self.say(&format!(
                "{} {} {}:{}{}",
                kind_word(entry.kind),
                mode_text(entry.kind, entry.mode),
                entry.uid,
                entry.gid,
                entry
                    .target
                    .map_or_else(String::new, |target| format!(" -> {target}")),
            )),
            None => self.say("folder without an entry of its own"),
        }
        let mut size = human_size(cell.size);
        if cell.size >= 1000 {
            size.push_str(&format!(" ({} bytes)", cell.size));
        }
        self.say(&size);
        if cell.wasted > 0 {
            self.warn(&format!("{} wasted here", human_size(cell.wasted)));
        }
        if let Some(owner) = files.owner(node) {
            self.say(&format!("package {owner}"));
        }
        self.history(app, node);
        let secrets = &app.data.seen.inventory.secrets;
        for secret in secrets.iter().filter(|one| one.place == path).take(TOLD) {
            let line = secret
                .line
                .map_or_else(String::new, |line| format!(" on line {line}"));
            let layer = secret
                .layer
                .map_or_else(String::new, |layer| format!(", layer {layer}"));
            self.warn(&format!("{}{line}{layer}", secret.kind));
        }
    }

    /// What every layer did to a path.
    fn history(&mut self, app: &App<'_>, node: NodeId) {
        let mut before: Option<FileEntry<'_>> = None;
        for (layer, entry) in app.data.files.history(node) {
            let text = match (&before, &entry) {
                (_, None) => "removes it".to_owned(),
                (None, Some(entry)) if entry.kind == FileKind::File => {
                    format!("adds it, {}", human_size(entry.size))
                }
                (None, Some(_)) => "adds it".to_owned(),
                (Some(old), Some(new)) => changes(old, new),
            };
            let hidden_by = entry
                .filter(|entry| entry.size > 0)
                .and_then(|entry| entry.hidden_by);
            match hidden_by {
                Some(by) => self.warn(&format!("layer {layer} {text} (hidden by layer {by})")),
                None => self.say(&format!("layer {layer} {text}")),
            }
            before = entry;
        }
    }

    fn layer(&mut self, app: &App<'_>, layer: &LayerFacts) {
        let inventory = &app.data.seen.inventory;
        let base = inventory.base.as_ref().map_or(0, |base| base.layers);
        self.heading(&if base == 0 {
            format!("Layer {}", app.layer)
        } else if app.layer < base {
            format!("Layer {}, of the base", app.layer)
        } else {
            format!("Layer {}, yours", app.layer)
        });
        if let Some(source) = &layer.source {
            self.say(&format!("{}:{}", source.file, source.start.line));
        }
        self.say(&layer.instruction.as_deref().map_or_else(
            || "history does not tell its instruction".to_owned(),
            short_instruction,
        ));
        self.say(&format!(
            "{} of files, {} of the image, {} entries",
            human_size(layer.file_bytes),
            share(layer.file_bytes, inventory.waste.total),
            layer.entries,
        ));
        self.say(&format!("{} as shipped", human_size(layer.compressed_size)));
        if layer.wasted > 0 {
            self.warn(&format!(
                "deletes or writes again {}",
                human_size(layer.wasted)
            ));
        }
        if layer.hidden > 0 {
            self.warn(&format!(
                "{} of its own nobody sees",
                human_size(layer.hidden)
            ));
        }
        self.say(layer.diff_id.as_str());
    }

    fn image(&mut self, app: &App<'_>) {
        let data = app.data;
        let waste = &data.seen.inventory.waste;
        self.heading("Image");
        self.say(&data.seen.image.name);
        self.say(&format!(
            "{} of files, {} efficient",
            human_size(waste.total),
            efficiency(waste.efficiency)
        ));
        self.say(&format!(
            "{} wasted, {} there twice",
            human_size(waste.wasted),
            human_size(waste.duplicated)
        ));
        if let Some(base) = &data.seen.inventory.base {
            let name = base
                .name
                .as_deref()
                .map_or_else(String::new, |name| format!(", {name}"));
            self.say(&format!("base: {}{name}", layer_count(base.layers)));
        }
        if !waste.savings.is_empty() {
            self.heading("What would save most");
            for saving in &waste.savings {
                let place = saving.place();
                let bytes = human_size(saving.bytes);
                self.say(&format!("{bytes:>9} {place}: {}", saving.advice));
                for path in &saving.paths {
                    self.say(&format!("{:>9} /{path}", ""));
                }
            }
        }
        self.paths("What wastes most", &waste.paths, |kind| {
            kind != WasteKind::Duplicated
        });
        self.paths("What lies there twice", &waste.paths, |kind| {
            kind == WasteKind::Duplicated
        });
        if !data.seen.inventory.secrets.is_empty() {
            self.heading("Secrets");
            let mut worst: Vec<_> = data.seen.inventory.secrets.iter().collect();
            worst.sort_by_key(|secret| (Reverse(secret.severity), secret.deleted_in.is_some()));
            for secret in worst.into_iter().take(TOLD) {
                self.warn(&format!("{} in {}", secret.kind, secret.shown_place()));
            }
            let more = data.seen.inventory.secrets.len().saturating_sub(TOLD);
            if more > 0 {
                self.say(&format!("and {more} more: plimsoll inspect"));
            }
        }
        if !data.seen.skipped.is_empty() {
            self.heading("Not looked at");
            for skipped in data.seen.skipped.iter().take(TOLD) {
                self.say(&skipped.to_string());
            }
        }
    }
}

impl Page {
    fn paths(&mut self, heading: &str, paths: &[WastedPath], wanted: fn(WasteKind) -> bool) {
        let mut paths = paths.iter().filter(|path| wanted(path.kind)).peekable();
        if paths.peek().is_none() {
            return;
        }
        self.heading(heading);
        for path in paths.take(TOLD) {
            self.say(&format!(
                "{:>9} {:<11} /{}",
                human_size(path.bytes),
                path.kind.as_str(),
                path.path
            ));
        }
    }
}

fn changes(old: &FileEntry<'_>, new: &FileEntry<'_>) -> String {
    let mut parts = Vec::new();
    if old.kind != new.kind {
        parts.push(format!("makes it a {}", kind_word(new.kind)));
    } else if (old.size, old.content) != (new.size, new.content) {
        parts.push(format!(
            "changes its content, {} to {}",
            human_size(old.size),
            human_size(new.size)
        ));
    } else if old.target != new.target {
        parts.push("leads it elsewhere".to_owned());
    }
    if old.mode != new.mode {
        parts.push(format!("mode {:o} to {:o}", old.mode, new.mode));
    }
    if (old.uid, old.gid) != (new.uid, new.gid) {
        parts.push(format!(
            "owner {}:{} to {}:{}",
            old.uid, old.gid, new.uid, new.gid
        ));
    }
    if parts.is_empty() {
        "writes it again unchanged".to_owned()
    } else {
        parts.join(", ")
    }
}

/// `1 layer`, `7 layers`.
pub(crate) fn layer_count(layers: usize) -> String {
    match layers {
        1 => "1 layer".to_owned(),
        many => format!("{many} layers"),
    }
}

fn kind_word(kind: FileKind) -> &'static str {
    match kind {
        FileKind::File => "file",
        FileKind::Directory => "folder",
        FileKind::Symlink => "link",
        FileKind::Hardlink => "second name",
        FileKind::Special => "device",
    }
}

/// `drwxr-xr-x`, as `ls` writes it.
pub(crate) fn mode_text(kind: FileKind, mode: u32) -> String {
    let mut text = String::with_capacity(10);
    text.push(match kind {
        FileKind::File | FileKind::Hardlink => '-',
        FileKind::Directory => 'd',
        FileKind::Symlink => 'l',
        FileKind::Special => 'c',
    });
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 == 0 { '-' } else { 'r' });
        text.push(if bits & 2 == 0 { '-' } else { 'w' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

/// The sign of a change, for those who see no colours.
pub(crate) fn sign(change: Change) -> char {
    match change {
        Change::Unchanged => ' ',
        Change::Added => '+',
        Change::Modified => '~',
        Change::Rewritten => '=',
        Change::Removed => '-',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_paths_stay_whole() {
        let told = |text: &str| {
            let mut page = Page {
                lines: Vec::new(),
                width: 20,
            };
            page.say(text);
            let lines = page.lines.into_iter();
            lines.map(|(_, line)| line).collect::<Vec<_>>()
        };
        assert_eq!(
            told("4 B twice app/dist-info/NAME"),
            ["4 B twice", "  app/dist-info/NAME"]
        );
        assert_eq!(
            told("sha256:0123456789abcdef0123"),
            ["sha256:0123456789abc", "  def0123"]
        );
        assert_eq!(
            told("twelve bytes of words that go on"),
            ["twelve bytes of", "  words that go on"]
        );
        assert_eq!(
            told("kind in some/very/long/path/to/it"),
            ["kind in", "  some/very/long/pat", "  h/to/it"]
        );
        assert_eq!(
            told("a bbbbbbbbbbbbbbbbbbbbb"),
            ["a bbbbbbbbbbbbbbbbbb", "  bbb"]
        );
        assert_eq!(told(""), [""]);
        assert_eq!(told("漢漢漢漢漢漢漢漢漢漢漢").len(), 2);
    }
}
