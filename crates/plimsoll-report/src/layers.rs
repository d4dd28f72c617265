//! Layers and what they waste: a screen for people and pipes, and an object for scripts.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use plimsoll_model::{
    ImageSummary, Inventory, LayerFacts, Skipped, WasteKind, WastedPath, human_size,
};
use serde::Serialize;

use crate::Verdict;
use crate::human::paint;
use crate::instruction::short_instruction;
use crate::json::{WireBase, WireLayer, WireSkipped, WireVerdict, WireWaste};
use crate::text::{count, efficiency, fitting, share, visible};

/// Wasted paths shown; the object has more.
const PATHS: usize = 10;
/// Duplicates shown.
const TWICE: usize = 5;

/// What is to be rendered.
#[derive(Clone, Copy, Debug)]
pub struct LayersInput<'a> {
    /// The image.
    pub image: &'a ImageSummary,
    /// What it holds.
    pub inventory: &'a Inventory,
    /// What was not looked at.
    pub skipped: &'a [Skipped],
    /// Whether it keeps to its thresholds, where there are any.
    pub verdict: Option<&'a Verdict>,
    /// Whether to use colours.
    pub color: bool,
    /// Columns that names and instructions are cut to; `usize::MAX` where nothing is to be cut.
    pub width: usize,
}

/// Renders layers, the largest waste and what to do about it as text.
pub fn human(input: &LayersInput<'_>) -> String {
    let mut page = Page {
        out: String::new(),
        color: input.color,
        width: input.width.max(60),
    };
    let inventory = input.inventory;
    let waste = &inventory.waste;
    page.field("image", &visible(&input.image.name));
    page.field("digest", input.image.digest.as_str());
    page.field(
        "files",
        &format!(
            "{} in {}",
            human_size(waste.total),
            count(inventory.layers.len(), "layer")
        ),
    );
    let parts: Vec<String> = [
        (waste.deleted, "deleted"),
        (waste.overwritten, "overwritten"),
        (waste.rewritten, "written again unchanged"),
    ]
    .iter()
    .filter(|(bytes, _)| *bytes > 0)
    .map(|(bytes, word)| format!("{} {word}", human_size(*bytes)))
    .collect();
    let parts = if parts.is_empty() {
        String::new()
    } else {
        format!(": {}", parts.join(", "))
    };
    page.field(
        "wasted",
        &format!(
            "{} ({}){parts}",
            human_size(waste.wasted),
            share(waste.wasted, waste.total)
        ),
    );
    page.field("twice", &human_size(waste.duplicated));
    page.field("efficient", &efficiency(waste.efficiency));
    page.layers(inventory);
    page.paths(inventory);
    page.savings(inventory);
    if !input.skipped.is_empty() {
        page.heading("not looked at");
        for skipped in input.skipped {
            page.row(
                &format!("  {}", visible(&skipped.to_string())),
                Style::new(),
            );
        }
    }
    page.verdict(input);
    page.out
}

struct Page {
    out: String,
    color: bool,
    width: usize,
}

impl Page {
    fn field(&mut self, name: &str, value: &str) {
        let name = paint(&format!("{name:<11}"), Style::new().bold(), self.color);
        writeln!(self.out, "{name}{value}").expect("writing to a String cannot fail");
    }

    fn heading(&mut self, text: &str) {
        let text = paint(text, Style::new().bold(), self.color);
        writeln!(self.out, "\n{text}").expect("writing to a String cannot fail");
    }

    fn row(&mut self, text: &str, style: Style) {
        let text = fitting(text.trim_end(), self.width);
        writeln!(self.out, "{}", paint(&text, style, self.color))
            .expect("writing to a String cannot fail");
    }

    fn layers(&mut self, inventory: &Inventory) {
        let layers = &inventory.layers;
        if layers.is_empty() {
            return;
        }
        let lines: Vec<String> = layers.iter().map(line_of).collect();
        let line_width = lines.iter().map(String::len).max().unwrap_or(1).max(4);
        let base = inventory.base.as_ref().map_or(0, |base| base.layers);
        self.heading(&format!(
            "  {:>3}  {:>9}  {:>7}  {:>9}  {:>9}  {:<line_width$}  instruction",
            "#", "files", "share", "hides", "hidden", "line"
        ));
        for (index, layer) in layers.iter().enumerate() {
            let mark = if index < base { "b" } else { " " };
            let instruction = layer
                .instruction
                .as_deref()
                .map_or_else(|| "-".to_owned(), short_instruction);
            let text = format!(
                "{mark} {index:>3}  {:>9}  {:>7}  {:>9}  {:>9}  {:<line_width$}  {}",
                human_size(layer.file_bytes),
                share(layer.file_bytes, inventory.waste.total),
                or_dash(layer.wasted),
                or_dash(layer.hidden),
                lines[index],
                visible(&instruction),
            );
            let style = if layer.wasted > 0 {
                AnsiColor::Yellow.on_default()
            } else {
                Style::new()
            };
            self.row(&text, style);
        }
        if base > 0 {
            let name = inventory
                .base
                .as_ref()
                .and_then(|base| base.name.as_deref())
                .map_or_else(String::new, |name| format!(": {}", visible(name)));
            self.legend(&format!("b is the base image{name}"));
        }
        // Whatever one layer hides is hidden in another, or in itself.
        if layers.iter().any(|layer| layer.hidden > 0) {
            self.legend(
                "hides: bytes of other layers, or its own; hidden: its own that nobody sees",
            );
        }
    }

    fn legend(&mut self, text: &str) {
        self.row(&format!("  {text}"), Style::new().dimmed());
    }

    /// What nobody sees comes before what lies there twice, however large that is.
    fn paths(&mut self, inventory: &Inventory) {
        let is_twice = |path: &&WastedPath| path.kind == WasteKind::Duplicated;
        let all = &inventory.waste.paths;
        let hidden = all.iter().filter(|path| !is_twice(path)).take(PATHS);
        let twice = all.iter().filter(is_twice).take(TWICE);
        let paths: Vec<&WastedPath> = hidden.chain(twice).collect();
        if paths.is_empty() {
            return;
        }
        self.heading(&format!(
            "  {:>9}  {:<11}  {:<9}  path",
            "bytes", "why", "layers"
        ));
        for path in paths {
            let by = path.by.map_or_else(String::new, |by| format!(">{by}"));
            let more = match path.also_at.as_slice() {
                [] => String::new(),
                [one, rest @ ..] => match rest.len().saturating_add(path.left_out) {
                    0 => format!(" = /{}", visible(one)),
                    more => format!(" = /{} and {more} more", visible(one)),
                },
            };
            self.row(
                &format!(
                    "  {:>9}  {:<11}  {:<9}  /{}{more}",
                    human_size(path.bytes),
                    path.kind.as_str(),
                    format!("{}{by}", numbers(&path.layers)),
                    visible(&path.path),
                ),
                match path.kind {
                    WasteKind::Deleted => AnsiColor::Red.on_default(),
                    WasteKind::Duplicated => Style::new(),
                    WasteKind::Overwritten | WasteKind::Rewritten => AnsiColor::Yellow.on_default(),
                },
            );
        }
    }

    fn savings(&mut self, inventory: &Inventory) {
        if inventory.waste.savings.is_empty() {
            return;
        }
        self.heading(&format!(
            "  {:>9}  {:<14}  what to change",
            "saves", "where"
        ));
        for saving in &inventory.waste.savings {
            let place = saving.place().to_string();
            let place = visible(&place);
            // What to do is never cut.
            let text = format!(
                "  {:>9}  {place:<14}  {}",
                human_size(saving.bytes),
                visible(&saving.advice)
            );
            writeln!(self.out, "{text}").expect("writing to a String cannot fail");
            if !saving.paths.is_empty() {
                let paths: Vec<String> = saving
                    .paths
                    .iter()
                    .map(|path| format!("/{}", visible(path)))
                    .collect();
                self.legend(&format!("{:>9}  {:<14}  {}", "", "", paths.join(", ")));
            }
        }
    }

    fn verdict(&mut self, input: &LayersInput<'_>) {
        let Some(verdict) = input.verdict else {
            return;
        };
        let standing = verdict.standing();
        self.out.push('\n');
        self.field(
            "verdict",
            &paint(standing.word(), standing.style(), self.color),
        );
        for reason in verdict.told() {
            self.field("", &format!("- {}", visible(&reason)));
        }
    }
}

/// `3`, `3,5`, `3..9`.
fn numbers(layers: &[usize]) -> String {
    match layers {
        [] => "-".to_owned(),
        [one] => one.to_string(),
        [one, two] => format!("{one},{two}"),
        [first, .., last] => format!("{first}..{last}"),
    }
}

fn or_dash(bytes: u64) -> String {
    if bytes == 0 {
        "-".to_owned()
    } else {
        human_size(bytes)
    }
}

fn line_of(layer: &LayerFacts) -> String {
    layer
        .source
        .as_ref()
        .map_or_else(|| "-".to_owned(), |source| source.start.line.to_string())
}

#[derive(Serialize)]
struct WireLayers<'a> {
    version: u32,
    image: WireName<'a>,
    base: Option<WireBase<'a>>,
    layers: Vec<WireLayer<'a>>,
    waste: WireWaste<'a>,
    skipped: Vec<WireSkipped<'a>>,
    verdict: Option<WireVerdict<'a>>,
}

#[derive(Serialize)]
struct WireName<'a> {
    name: &'a str,
    digest: &'a str,
    compressed_size: u64,
}

/// Renders the same as one line of JSON, with the parts of the report that `docs/json.md` tells of.
pub fn json(input: &LayersInput<'_>) -> String {
    let inventory = input.inventory;
    let wire = WireLayers {
        version: 1,
        image: WireName {
            name: &input.image.name,
            digest: input.image.digest.as_str(),
            compressed_size: input.image.compressed_size,
        },
        base: inventory.base.as_ref().map(WireBase::new),
        layers: inventory
            .layers
            .iter()
            .enumerate()
            .map(|(index, layer)| WireLayer::new(index, layer))
            .collect(),
        waste: WireWaste::new(&inventory.waste, &inventory.layers),
        skipped: WireSkipped::list(input.skipped),
        verdict: input.verdict.map(WireVerdict::new),
    };
    let mut text = serde_json::to_string(&wire).expect("strings and numbers always serialise");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Called, Digest, ImageConfig, Saving, Waste};

    use super::*;

    fn example() -> (ImageSummary, Inventory) {
        let digest = Digest::from_sha256([7; 32]);
        let layer = |instruction: &str, file_bytes, wasted, hidden| LayerFacts {
            digest: digest.clone(),
            diff_id: digest.clone(),
            compressed_size: 1,
            size: file_bytes + 512,
            entries: 2,
            instruction: Some(instruction.to_owned()),
            source: None,
            file_bytes,
            wasted,
            hidden,
        };
        let inventory = Inventory {
            layers: vec![
                layer(
                    "/bin/sh -c #(nop) ADD file:1 in / ",
                    80_000_000,
                    0,
                    5_000_000,
                ),
                layer(
                    "RUN /bin/sh -c rm \u{1b}[31m/x # buildkit",
                    20_000_000,
                    5_000_000,
                    0,
                ),
            ],
            waste: Waste {
                total: 100_000_000,
                wasted: 5_000_000,
                deleted: 5_000_000,
                duplicated: 1_234,
                efficiency: 950_000,
                paths: vec![
                    WastedPath {
                        path: "var/cache/\u{202e}x".to_owned(),
                        kind: WasteKind::Deleted,
                        bytes: 5_000_000,
                        layers: vec![0],
                        by: Some(1),
                        also_at: Vec::new(),
                        left_out: 0,
                    },
                    WastedPath {
                        path: "a".to_owned(),
                        kind: WasteKind::Duplicated,
                        bytes: 1_234,
                        layers: vec![0, 1, 2],
                        by: None,
                        also_at: vec!["b".to_owned(), "c".to_owned()],
                        left_out: 37,
                    },
                ],
                savings: vec![Saving {
                    advice: "Delete the cache in the RUN that fills it".to_owned(),
                    bytes: 5_000_000,
                    layer: 0,
                    paths: vec!["var/cache".to_owned()],
                    source: None,
                }],
                ..Waste::default()
            },
            ..Inventory::default()
        };
        let image = ImageSummary {
            name: "app:1".to_owned(),
            called: Called::default(),
            digest,
            config: ImageConfig::default(),
            compressed_size: 40,
        };
        (image, inventory)
    }

    #[test]
    fn a_screen_of_waste() {
        let (image, inventory) = example();
        let reason = "efficiency is 95.00 %, at least 99.00 % is asked for".to_owned();
        let verdict = Verdict::new(vec![reason], Vec::new());
        let text = human(&LayersInput {
            image: &image,
            inventory: &inventory,
            skipped: &[],
            verdict: Some(&verdict),
            color: false,
            width: 80,
        });
        insta::assert_snapshot!(text);
        assert!(!text.contains(['\u{1b}', '\u{202e}']));
    }

    #[test]
    fn an_object_of_waste() {
        let (image, inventory) = example();
        let text = json(&LayersInput {
            image: &image,
            inventory: &inventory,
            skipped: &[],
            verdict: None,
            color: false,
            width: 80,
        });
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["waste"]["efficiency"], 0.95);
        assert_eq!(value["layers"][0]["hidden"], 5_000_000);
        assert_eq!(value["waste"]["savings"][0]["layer"], 0);
    }
}
