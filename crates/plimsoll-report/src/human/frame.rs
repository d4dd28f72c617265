//! One finding with the source it speaks of.

use std::borrow::Cow;

use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Origin as Header, Renderer, Snippet,
};
use plimsoll_model::{Finding, Origin, Place, Severity, SourceFile, SourceOrigin, Span, cut};
use unicode_width::UnicodeWidthStr;

use crate::RenderInput;
use crate::instruction::short_instruction;
use crate::lookup::Sources;
use crate::mask::{Mask, covers};
use crate::text::{pictured, visible};

/// Of a finding that spans more lines than this only the first is underlined.
const LINES: usize = 6;
/// A second place this many lines away at most is shown in the same frame.
const NEAR: usize = 12;
/// A line with more characters than this is shown as a place only.
const LINE_LENGTH: usize = 8192;
/// Second places beyond this many are only counted.
const RELATED: usize = 8;

/// Draws findings.
pub(super) struct Frames<'a, 's> {
    renderer: Renderer,
    /// Columns that sentences are broken at, where they are.
    wrap: Option<usize>,
    sources: &'s Sources<'a>,
    mask: &'s Mask<'a>,
}

/// Some lines of a file, fit to be shown, with a way from the file's offsets to theirs.
struct Excerpt<'a> {
    file: &'a SourceFile,
    first_line: usize,
    text: String,
    /// For each shown line: its bytes in the file, and for each of those and the one behind the
    /// last the offset in `text`.
    lines: Vec<(Span, Vec<usize>)>,
}

impl<'a, 's> Frames<'a, 's> {
    pub(super) fn new(
        input: &RenderInput<'_>,
        sources: &'s Sources<'a>,
        mask: &'s Mask<'a>,
    ) -> Self {
        let renderer = if input.color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        Self {
            renderer: renderer.term_width(input.width.max(40)),
            wrap: input.wraps.then(|| input.width.max(40)),
            sources,
            mask,
        }
    }

    /// Draws one; what the one `above` it has told already is not told again.
    pub(super) fn render(&self, finding: &Finding, above: Option<&Finding>) -> String {
        let level = match finding.severity {
            Severity::Critical | Severity::High => Level::ERROR,
            Severity::Medium => Level::WARNING,
            Severity::Low => Level::NOTE,
            Severity::Info => Level::INFO,
        };
        let mut group = Group::with_title(
            level
                .clone()
                .with_name(finding.severity.as_str())
                .primary_title(self.broken(
                    visible(&finding.message),
                    finding.severity.as_str().len() + finding.rule.len() + 4,
                ))
                .id(visible(finding.rule)),
        );
        let mut related: Vec<(&Origin, &str)> = finding
            .related
            .iter()
            .map(|related| (&related.origin, related.message.as_str()))
            .take(RELATED)
            .collect();
        let more = finding.related.len() - related.len();

        if let Some(source) = &finding.origin.source {
            let near = |other: &Origin| {
                other.source.as_ref().is_some_and(|other| {
                    other.file == source.file
                        && other.start.line.abs_diff(source.start.line) <= NEAR
                })
            };
            let (together, apart) = related.into_iter().partition(|(origin, _)| near(origin));
            related = apart;
            group = self.source(group, source, "", AnnotationKind::Primary, &together);
        }
        for (origin, message) in related {
            group = match &origin.source {
                Some(source) => self.source(group, source, message, AnnotationKind::Context, &[]),
                None => group.element(Level::NOTE.message(format!(
                    "{}{}",
                    visible(message),
                    in_image(origin)
                ))),
            };
        }
        // Below a frame the notes hang on its edge; with nothing above them they have a group of their
        // own, that no edge leads to.
        let has_frame = finding.origin.source.is_some() || !finding.related.is_empty();
        let mut apart = Group::with_level(level);
        let notes = notes(finding, more, above);
        let has_notes = !notes.is_empty();
        for (name, text) in notes {
            let text = self.broken(text.into(), name.len() + 8);
            let note = Level::NOTE.with_name(name).message(text);
            match has_frame {
                true => group = group.element(note),
                false => apart = apart.element(note),
            }
        }
        let text = self.renderer.render(&[group]);
        match has_notes && !has_frame {
            true => format!("{text}\n{}", self.renderer.render(&[apart])),
            false => text,
        }
    }

    /// A sentence on lines that fit behind `indent` columns.
    fn broken<'t>(&self, text: Cow<'t, str>, indent: usize) -> Cow<'t, str> {
        let Some(room) = self.wrap.map(|width| width.saturating_sub(indent).max(30)) else {
            return text;
        };
        if text.width() <= room {
            return text;
        }
        let mut out = String::with_capacity(text.len() + 8);
        let mut column = 0;
        for word in text.split(' ') {
            let width = word.width();
            if column > 0 && column + 1 + width > room {
                out.push('\n');
                column = 0;
            } else if column > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += width;
        }
        out.into()
    }

    /// A frame around `source`, or only its place where the file is not at hand or not fit to show.
    fn source<'g>(
        &self,
        group: Group<'g>,
        source: &SourceOrigin,
        label: &str,
        kind: AnnotationKind,
        together: &[(&Origin, &str)],
    ) -> Group<'g> {
        let places = || {
            together
                .iter()
                .filter_map(|(origin, message)| Some((origin.source.as_ref()?, *message)))
        };
        let lines = places().map(|(place, _)| place).chain([source]).fold(
            (source.start.line, source.start.line),
            |(first, last), place| (first.min(place.start.line), last.max(shown_end(place))),
        );
        let excerpt = self
            .sources
            .get(&source.file)
            .and_then(|file| Excerpt::new(file, lines, self.mask));
        let Some(excerpt) = excerpt else {
            return group.element(
                Header::path(visible(&source.file).into_owned())
                    .line(source.start.line)
                    .char_column(source.start.column),
            );
        };
        let annotation =
            |kind: AnnotationKind, place: &SourceOrigin, label: &str| -> Annotation<'g> {
                let label = (!label.is_empty()).then(|| visible(label).into_owned());
                kind.span(excerpt.span(place.span)).label(label)
            };
        let snippet = Snippet::source(excerpt.text.clone())
            .line_start(excerpt.first_line)
            .path(visible(&source.file).into_owned())
            .annotation(annotation(kind, source, label))
            .annotations(
                places()
                    .map(|(place, message)| annotation(AnnotationKind::Context, place, message)),
            );
        group.element(snippet)
    }
}

/// The last line of `place` that a frame shows.
fn shown_end(place: &SourceOrigin) -> usize {
    if place.end.line.saturating_sub(place.start.line) >= LINES {
        place.start.line
    } else {
        place.end.line.max(place.start.line)
    }
}

impl<'a> Excerpt<'a> {
    /// `None` where a line is not there or too long for a person to read.
    fn new(file: &'a SourceFile, (first, last): (usize, usize), mask: &Mask<'_>) -> Option<Self> {
        let bytes = file.bytes();
        let index = file.lines();
        if first == 0 || last > index.line_count() {
            return None;
        }
        let whole = index
            .line_span(first, bytes)
            .cover(index.line_span(last, bytes));
        let hidden = mask.hidden(file.path(), whole);
        let mut excerpt = Self {
            file,
            first_line: first,
            text: String::new(),
            lines: Vec::with_capacity(last - first + 1),
        };
        for line in first..=last {
            let mut span = index.line_span(line, bytes);
            // Columns do not count a byte order mark, so it is not shown either.
            if span.start == 0 && bytes.starts_with(b"\xef\xbb\xbf") {
                span.start = 3.min(span.end);
            }
            if span.len() > LINE_LENGTH {
                return None;
            }
            let mut offsets = Vec::with_capacity(span.len() + 1);
            let mut at = span.start;
            for chunk in span.of(bytes).utf8_chunks() {
                let valid = chunk.valid().chars().map(|c| (c.len_utf8(), pictured(c)));
                let invalid = chunk.invalid().iter().map(|_| (1, '\u{fffd}'));
                for (length, shown) in valid.chain(invalid) {
                    offsets.extend(std::iter::repeat_n(excerpt.text.len(), length));
                    let secret = !shown.is_ascii_whitespace() && covers(hidden, at);
                    excerpt.text.push(if secret { '*' } else { shown });
                    at += length;
                }
            }
            offsets.push(excerpt.text.len());
            excerpt.text.push('\n');
            excerpt.lines.push((span, offsets));
        }
        Some(excerpt)
    }

    /// Where `span` of the file lies in the text; a span of too many lines ends with its first.
    fn span(&self, span: Span) -> std::ops::Range<usize> {
        let start = self.offset(span.start);
        let first = self.file.lines().line(span.start);
        let last = self.file.lines().line(span.end.max(span.start));
        let end = if last - first >= LINES {
            let line = first
                .saturating_sub(self.first_line)
                .min(self.lines.len() - 1);
            self.lines[line].1.last().copied().unwrap_or(start)
        } else {
            self.offset(span.end)
        };
        start..end.max(start)
    }

    fn offset(&self, offset: usize) -> usize {
        let line = self
            .lines
            .partition_point(|(span, _)| span.start <= offset)
            .saturating_sub(1);
        let (span, offsets) = &self.lines[line];
        let at = offset.saturating_sub(span.start).min(offsets.len() - 1);
        offsets[at]
    }
}

/// What stands below the frame: name and text, safe to show. What is said of the rule is left out where
/// the finding `above` says the same.
fn notes(
    finding: &Finding,
    more_related: usize,
    above: Option<&Finding>,
) -> Vec<(&'static str, String)> {
    let above = above.filter(|above| above.rule == finding.rule);
    let mut notes = Vec::new();
    let origin = &finding.origin;
    if let Some(layer) = &origin.layer {
        let instruction = layer
            .instruction
            .as_deref()
            .map_or_else(String::new, |text| {
                format!(": {}", visible(&short_instruction(text)))
            });
        let layer = format!("{}{instruction}", layer.index);
        notes.push(("layer", cut(&layer, 200).into_owned()));
    }
    if let Some(package) = &origin.package {
        notes.push(("package", visible(package).into_owned()));
    }
    if let Some(path) = &origin.path {
        notes.push((
            "path",
            format!("/{}", visible(path.trim_start_matches('/'))),
        ));
    }
    if more_related > 0 {
        notes.push(("note", format!("and {more_related} more places")));
    }
    if let Some(help) = &finding.help
        && above.is_none_or(|above| above.help.as_ref() != Some(help))
    {
        notes.push(("help", visible(help).into_owned()));
    }
    if let Some(fix) = &finding.fix {
        notes.push((
            "fix",
            format!("{} ({})", visible(&fix.title), fix.applicability.as_str()),
        ));
    }
    if !finding.aliases.is_empty() && above.is_none_or(|above| above.aliases != finding.aliases) {
        notes.push(("also", finding.aliases.join(", ")));
    }
    notes
}

/// Where in the image, in brackets; empty where that is not known.
fn in_image(origin: &Origin) -> String {
    let places = origin.places();
    let parts: Vec<String> = places
        .filter(|place| matches!(place, Place::Layer(_) | Place::Path(_)))
        .map(|place| visible(&place.to_string()).into_owned())
        .collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!(" ({})", parts.join(", "))
    }
}
