//! Puts the explorer's state on the screen.

use plimsoll_model::human_size;
use plimsoll_report::instruction::short_instruction;
use plimsoll_report::{efficiency, fitting, share, visible};
use plimsoll_scan::{Change, FileKind};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};
use unicode_width::UnicodeWidthStr;

use super::app::{App, Pane, Typing};
use super::details::{self, Tone};
use super::view::{Order, Row, Scope};

/// Columns from which panes stand side by side.
const WIDE: u16 = 110;

/// Columns from which files stand with mode and owner, unasked.
const ROOMY: usize = 60;

/// Folders deeper than this are not indented further.
const MAX_INDENT: usize = 24;

/// Colours, or none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Palette {
    color: bool,
}

impl Palette {
    pub(crate) fn new(color: bool) -> Self {
        Self { color }
    }

    fn fg(self, color: Color) -> Style {
        if self.color {
            Style::new().fg(color)
        } else {
            Style::new()
        }
    }

    fn change(self, change: Option<Change>) -> Style {
        match change {
            Some(Change::Added) => self.fg(Color::Green),
            Some(Change::Modified) => self.fg(Color::Yellow),
            Some(Change::Rewritten) => self.fg(Color::Magenta),
            Some(Change::Removed) => self.fg(Color::Red),
            Some(Change::Unchanged) | None => Style::new(),
        }
    }

    fn warning(self) -> Style {
        self.fg(Color::Yellow)
    }
}

fn dim() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

fn strong() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

/// The line that keys go to; where they go elsewhere, it is only stronger than the others.
fn cursor(focused: bool) -> Style {
    if focused {
        Style::new().add_modifier(Modifier::REVERSED)
    } else {
        strong()
    }
}

/// The whole screen.
pub(crate) fn screen(frame: &mut Frame<'_>, app: &App<'_>, palette: Palette) {
    let area = frame.area();
    let [top, body, bottom] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(3),
        Constraint::Length(1),
    ])
    .areas(area);
    title(frame, top, app);
    status(frame, bottom, app, palette);
    if app.help {
        help(frame, body, app, palette);
        return;
    }
    let rows = u16::try_from(app.data.seen.inventory.layers.len()).unwrap_or(u16::MAX);
    let layers_height = rows.saturating_add(3).min(body.height / 2).max(4);
    if area.width >= WIDE {
        let [left, right] =
            Layout::horizontal([Constraint::Percentage(45), Constraint::Percentage(55)])
                .areas(body);
        let [upper, lower] =
            Layout::vertical([Constraint::Length(layers_height), Constraint::Min(3)]).areas(left);
        layers(frame, upper, app, palette);
        details_pane(frame, lower, app, palette);
        tree(frame, right, app, palette);
        return;
    }
    let layers_height = layers_height.min((body.height / 3).max(4));
    let [upper, lower] =
        Layout::vertical([Constraint::Length(layers_height), Constraint::Min(3)]).areas(body);
    layers(frame, upper, app, palette);
    if app.pane == Pane::Details {
        details_pane(frame, lower, app, palette);
    } else {
        tree(frame, lower, app, palette);
    }
}

/// Columns that are left for the image's name.
const NAME_ROOM: usize = 16;

fn title(frame: &mut Frame<'_>, area: Rect, app: &App<'_>) {
    let waste = &app.data.seen.inventory.waste;
    let (total, wasted) = (human_size(waste.total), human_size(waste.wasted));
    let layers = details::layer_count(app.data.seen.inventory.layers.len());
    let efficient = efficiency(waste.efficiency);
    // What is no longer told on a small screen is among the details.
    let facts = [
        format!("{total} in {layers}  {wasted} wasted  {efficient} efficient"),
        format!("{total}  {wasted} wasted"),
    ];
    let fits = |facts: &&String| facts.width() + NAME_ROOM <= usize::from(area.width);
    let facts = facts.iter().find(fits).unwrap_or(&facts[1]).clone();
    let room = usize::from(area.width).saturating_sub(facts.width() + 3);
    let name = visible(&app.data.seen.image.name);
    let line = Line::from(vec![
        Span::styled(format!(" {}  ", fitting(&name, room.max(8))), strong()),
        Span::raw(facts),
    ]);
    frame.render_widget(Paragraph::new(line), area);
}

fn status(frame: &mut Frame<'_>, area: Rect, app: &App<'_>, palette: Palette) {
    let line = match (&app.typing, &app.message) {
        (Some(Typing::Filter), _) if app.filter_is_text() => {
            typed("filter: ", &app.filter, "   no expression: taken as text")
        }
        (Some(Typing::Filter), _) => {
            typed("filter: ", &app.filter, "   Enter keeps it, Esc drops it")
        }
        (Some(Typing::Search(_)), _) => {
            typed("search: ", &app.search, "   Enter stays here, then n and N")
        }
        (None, Some(message)) => Line::styled(format!(" {}", visible(message)), palette.warning()),
        (None, None) => keys(app, usize::from(area.width)),
    };
    frame.render_widget(Paragraph::new(line), area);
}

fn typed<'s>(name: &'s str, text: &str, hint: &'s str) -> Line<'s> {
    Line::from(vec![
        Span::styled(format!(" {name}"), strong()),
        Span::raw(visible(text).into_owned()),
        Span::styled(" ", cursor(true)),
        Span::styled(hint, dim()),
    ])
}

/// The keys of a pane, most needed first. How to get help and how to leave are told however small
/// the screen is.
fn keys(app: &App<'_>, width: usize) -> Line<'static> {
    let pairs: &[(&str, &str)] = match app.pane {
        _ if app.help => &[("j k", "scroll"), ("any other key", "back")],
        Pane::Layers => &[
            ("Tab", "pane"),
            ("^L", "this layer"),
            ("^A", "up to it"),
            ("/", "search"),
            ("^F", "filter"),
            ("w", "waste"),
        ],
        Pane::Tree => &[
            ("Tab", "pane"),
            ("Space", "fold"),
            ("a r m u", "show"),
            ("/", "search"),
            ("^F", "filter"),
            ("x", "waste only"),
            ("s", "sort"),
            ("w", "waste"),
        ],
        Pane::Details => &[("Tab", "pane"), ("j k", "scroll")],
    };
    let always: &[(&str, &str)] = match app.help {
        true => &[],
        false => &[("?", "help"), ("q", "quit")],
    };
    let long = |(key, word): &(&str, &str)| key.width() + word.width() + 3;
    let mut room = width.saturating_sub(always.iter().map(long).sum());
    let fitting = pairs.iter().take_while(|pair| {
        let fits = long(pair) <= room;
        room = room.saturating_sub(long(pair));
        fits
    });
    let mut spans = Vec::new();
    for (key, word) in fitting.chain(always) {
        spans.push(Span::styled(format!(" {key}"), strong()));
        spans.push(Span::styled(format!(" {word} "), dim()));
    }
    Line::from(spans)
}

fn pane<'s>(title: &str, focused: bool, palette: Palette) -> Block<'s> {
    let style = if focused {
        strong().patch(palette.fg(Color::Cyan))
    } else {
        dim()
    };
    let title = if focused {
        format!(" [{title}] ")
    } else {
        format!(" {title} ")
    };
    Block::bordered()
        .title(Line::styled(title, style))
        .border_style(style)
}

/// The first row to show so that `chosen` is in sight, near the middle of a long list.
fn first_row(chosen: usize, count: usize, height: usize) -> usize {
    chosen
        .saturating_sub(height / 2)
        .min(count.saturating_sub(height))
}

/// ` 3 more above, 2 below `, where a list is longer than its part of the screen.
fn out_of_sight(above: usize, below: usize) -> Option<String> {
    match (above, below) {
        (0, 0) => None,
        (0, below) => Some(format!(" {below} more below ")),
        (above, 0) => Some(format!(" {above} more above ")),
        (above, below) => Some(format!(" {above} more above, {below} below ")),
    }
}

fn layers(frame: &mut Frame<'_>, area: Rect, app: &App<'_>, palette: Palette) {
    let inventory = &app.data.seen.inventory;
    let focused = app.pane == Pane::Layers;
    let mut block = pane("Layers", focused, palette);
    let inner = block.inner(area);
    let height = usize::from(inner.height).saturating_sub(1);
    let count = inventory.layers.len();
    let first = first_row(app.layer, count, height);
    if let Some(text) = out_of_sight(first, count.saturating_sub(first + height)) {
        block = block.title_bottom(Line::styled(text, strong()));
    }
    frame.render_widget(block, area);
    let width = usize::from(inner.width);
    let base = inventory.base.as_ref().map_or(0, |base| base.layers);
    let from_lines = inventory.layers.iter().any(|layer| layer.source.is_some());
    let line_head = if from_lines { " line" } else { "" };
    let mut lines = vec![Line::styled(
        format!("    #     files  share     hides{line_head}  instruction"),
        dim(),
    )];
    for (index, layer) in inventory.layers.iter().enumerate().skip(first).take(height) {
        let mark = if index == app.layer {
            '>'
        } else if app.scope == Scope::UpTo && index < app.layer {
            '|'
        } else if index < base {
            'b'
        } else {
            ' '
        };
        let hides = if layer.wasted == 0 {
            "-".to_owned()
        } else {
            human_size(layer.wasted)
        };
        let line = match &layer.source {
            Some(source) => format!(" {:>4}", source.start.line),
            None if from_lines => "    -".to_owned(),
            None => String::new(),
        };
        let instruction = layer
            .instruction
            .as_deref()
            .map_or_else(|| "-".to_owned(), short_instruction);
        let head = format!(
            "{mark} {index:>3} {:>9} {:>6} ",
            human_size(layer.file_bytes),
            share(layer.file_bytes, inventory.waste.total).replace(' ', ""),
        );
        let hides = format!("{hides:>9}");
        let room = width.saturating_sub(head.width() + hides.width() + line.width() + 2);
        let tail = format!("{line}  {}", fitting(&visible(&instruction), room.max(4)));
        let hides_style = if layer.wasted > 0 {
            palette.warning()
        } else {
            Style::new()
        };
        let mut text = Line::from(vec![
            Span::raw(head),
            Span::styled(hides, hides_style),
            Span::raw(tail),
        ]);
        if index == app.layer {
            text = text.style(cursor(focused));
        }
        lines.push(text);
    }
    frame.render_widget(Paragraph::new(lines), inner);
}

fn details_pane(frame: &mut Frame<'_>, area: Rect, app: &App<'_>, palette: Palette) {
    let block = pane("Details", app.pane == Pane::Details, palette);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let all = details::lines(app, usize::from(inner.width));
    let height = usize::from(inner.height);
    app.details_height.set(height);
    app.details_length.set(all.len());
    let top = app.details_top.min(all.len().saturating_sub(height));
    let lines: Vec<Line<'_>> = all
        .into_iter()
        .skip(top)
        .take(height)
        .map(|(tone, text)| {
            let style = match tone {
                Tone::Heading => strong(),
                Tone::Plain => Style::new(),
                Tone::Warning => palette.warning(),
            };
            Line::styled(text, style)
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inner);
}

fn tree(frame: &mut Frame<'_>, area: Rect, app: &App<'_>, palette: Palette) {
    let focused = app.pane == Pane::Tree;
    let block = pane(&tree_title(app), focused, palette);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let height = usize::from(inner.height).saturating_sub(1);
    app.tree_height.set(height);
    let width = usize::from(inner.width);
    let attributes = app.attributes.unwrap_or(width >= ROOMY);
    app.has_attributes.set(attributes);
    let head = if attributes {
        format!(
            "  {:<10} {:>11} {:>9} {:>9}    name",
            "mode", "uid:gid", "size", "wasted"
        )
    } else {
        format!("  {:>9} {:>9}    name", "size", "wasted")
    };
    let mut lines = vec![Line::styled(head, dim())];
    let first = first_row(app.row, app.rows.len(), height);
    for (at, row) in app.rows.iter().enumerate().skip(first).take(height) {
        let mut line = tree_line(app, *row, width, attributes, palette);
        if at == app.row {
            line = line.style(cursor(focused));
        }
        lines.push(line);
    }
    if app.rows.is_empty() {
        lines.push(Line::styled("  nothing to show", dim()));
    }
    frame.render_widget(Paragraph::new(lines), inner);
}

fn tree_title(app: &App<'_>) -> String {
    let mut title = match app.scope {
        Scope::Layer => format!("Files, changes of layer {}", app.layer),
        Scope::UpTo => format!(
            "Files, changes of layers {} to {}",
            app.range().0,
            app.layer
        ),
    };
    for (shown, word) in [
        (app.shown.added, "added"),
        (app.shown.removed, "removed"),
        (app.shown.modified, "modified"),
        (app.shown.unchanged, "unmodified"),
    ] {
        if !shown {
            title.push_str(&format!(", no {word}"));
        }
    }
    if app.shown.wasted_only {
        title.push_str(", only wasted");
    }
    if app.order == Order::Name {
        title.push_str(", by name");
    }
    if !app.filter.is_empty() {
        title.push_str(&format!(", filter {}", visible(&app.filter)));
    }
    title
}

fn tree_line<'s>(
    app: &App<'_>,
    row: Row,
    width: usize,
    attributes: bool,
    palette: Palette,
) -> Line<'s> {
    let files = &app.data.files;
    let cell = app.view.cell(row.node);
    let entry = app.view.entry(files, row.node);
    let style = palette.change(cell.change);
    let sign = details::sign(cell.change.unwrap_or(Change::Unchanged));
    let mut head = format!("{sign} ");
    if attributes {
        let (mode, owner) = match entry {
            Some(entry) => (
                details::mode_text(entry.kind, entry.mode),
                format!("{}:{}", entry.uid, entry.gid),
            ),
            None => ("d---------".to_owned(), "-".to_owned()),
        };
        head.push_str(&format!("{mode} {owner:>11} "));
    }
    let size = match entry.map(|entry| entry.kind) {
        Some(FileKind::Symlink | FileKind::Hardlink | FileKind::Special) => "-".to_owned(),
        _ => human_size(cell.size),
    };
    head.push_str(&format!("{size:>9} "));
    let wasted = if cell.wasted > 0 {
        format!("{:>9}", human_size(cell.wasted))
    } else {
        " ".repeat(9)
    };
    let fold = match (cell.is_folder, app.is_open(row.node)) {
        (true, true) => "▾ ",
        (true, false) => "▸ ",
        (false, _) => "  ",
    };
    let indent = "  ".repeat(row.depth.min(MAX_INDENT));
    let mut name = visible(files.name(row.node)).into_owned();
    if cell.is_folder {
        name.push('/');
    }
    if let Some(target) = entry.and_then(|entry| entry.target) {
        let arrow = if entry.is_some_and(|entry| entry.kind == FileKind::Hardlink) {
            "=>"
        } else {
            "->"
        };
        name.push_str(&format!(" {arrow} {}", visible(target)));
    }
    let tail = format!("  {indent}{fold}{name}");
    let room = width.saturating_sub(head.width() + wasted.width());
    Line::from(vec![
        Span::styled(head, style),
        Span::styled(wasted, palette.warning()),
        Span::styled(fitting(&tail, room), style),
    ])
}

const HELP: &[(&str, &str)] = &[
    ("Tab, Shift+Tab", "next pane, pane before"),
    ("arrows j k PgUp PgDn g G", "move"),
    ("[ ]", "layer below, layer above"),
    ("Ctrl+L", "what the chosen layer changes"),
    (
        "Ctrl+A in layers",
        "what all layers above the lowest change",
    ),
    ("Space Enter left right", "fold and unfold a folder"),
    ("Ctrl+Space, e", "fold or unfold everything"),
    (
        "Ctrl+A R U in files, a r m u",
        "show added, removed, modified, unmodified",
    ),
    ("x", "only what is wasted"),
    ("w W", "next wasted file, the one before"),
    ("Ctrl+F, Esc", "filter paths by an expression; drop it"),
    ("/ n N", "search names; next, the one before"),
    ("s, Ctrl+O", "by size or by name"),
    ("Ctrl+B", "mode and owner on or off"),
    ("q, Ctrl+C", "leave"),
    ("+ - ~", "added, removed, content changed"),
    ("=", "written again with the same content"),
    (
        "hides",
        "bytes of other layers, or its own, that the layer hides",
    ),
    ("wasted", "ships, and the final image does not show it"),
];

fn help(frame: &mut Frame<'_>, area: Rect, app: &App<'_>, palette: Palette) {
    let block = pane("Keys", true, palette);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let wide = HELP.iter().map(|(key, _)| key.width()).max().unwrap_or(0);
    let longest = HELP.iter().map(|(_, what)| what.width()).max().unwrap_or(0);
    let is_beside = usize::from(inner.width) >= wide + longest + 3;
    let lines: Vec<Line<'_>> = HELP
        .iter()
        .flat_map(|(key, what)| match is_beside {
            true => vec![Line::from(vec![
                Span::styled(format!(" {key:<wide$}  "), strong()),
                Span::raw(*what),
            ])],
            false => vec![
                Line::styled(format!(" {key}"), strong()),
                Line::raw(format!("   {what}")),
            ],
        })
        .collect();
    let height = usize::from(inner.height);
    app.help_height.set(height);
    app.help_length.set(lines.len());
    let top = app.help_top.min(lines.len().saturating_sub(height));
    let lines: Vec<Line<'_>> = lines.into_iter().skip(top).take(height).collect();
    frame.render_widget(Paragraph::new(lines), inner);
}
