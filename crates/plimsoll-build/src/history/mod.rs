//! Traces the layers of a finished image to the Dockerfile it was built from.

use std::collections::HashSet;

use plimsoll_model::{ImageConfig, SourceFile, SourceOrigin, Span};
use plimsoll_syntax::dockerfile::{self, Base, Dockerfile, Resolution, ResolveInput};

mod align;
mod triggers;

use self::align::{Entry, Step};
use crate::buildkit::places::{Places, layers_of};

/// For each of an image's `layers` the instruction of `file` that made it, as far as the image's
/// history tells. Layers of the base stay without: the Dockerfile has no line for them but FROM. What
/// the base's ONBUILD instructions made in this build is FROM's.
pub fn layer_sources(
    file: &SourceFile,
    config: &ImageConfig,
    layers: usize,
) -> Vec<Option<SourceOrigin>> {
    let mut sources = vec![None; layers];
    for step in layers_of(&config.history, &spans(file, config), layers) {
        if let (Some(place), Some(span)) = (sources.get_mut(step.layer), step.span) {
            *place = Some(SourceOrigin::new(file, span));
        }
    }
    sources
}

/// For each entry of the history of an image that `file` was built into, the instruction that left
/// it: also those that made no layer.
pub fn step_sources(file: &SourceFile, config: &ImageConfig) -> Vec<Option<SourceOrigin>> {
    let sources = spans(file, config).into_iter();
    sources
        .map(|span| span.map(|span| SourceOrigin::new(file, span)))
        .collect()
}

/// An instruction that puts files into an image and did not into this one, as far as its history tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignStep {
    /// Where it stands.
    pub place: SourceOrigin,
    /// Whether the history tells of one like it that no instruction was found for: it may have been moved.
    pub may_be_moved: bool,
}

/// Those of `file`, in its order.
pub fn foreign_steps(file: &SourceFile, config: &ImageConfig) -> Vec<ForeignStep> {
    let spans = spans(file, config);
    let history = config.history.iter().zip(&spans);
    let untold: Vec<Entry<'_>> = history
        .filter(|(_, span)| span.is_none())
        .map(|(entry, _)| Entry::new(entry.created_by.as_deref().unwrap_or_default()))
        .collect();
    let found = spans.iter().flatten();
    let found: HashSet<usize> = found.map(|span| span.start).collect();
    let (tree, _) = dockerfile::parse(file.clone());
    let places = Places::new(&tree, &dockerfile::resolve(&tree, &ResolveInput::default()));
    let steps = places.history().iter();
    steps
        // Some builders do not tell of the others.
        .filter(|(keyword, span)| {
            matches!(keyword.as_str(), "RUN" | "COPY" | "ADD") && !found.contains(&span.start)
        })
        .enumerate()
        .map(|(number, (keyword, span))| {
            let text = std::str::from_utf8(span.of(file.bytes())).unwrap_or_default();
            ForeignStep {
                place: SourceOrigin::new(file, *span),
                may_be_moved: number >= MOST_HELD
                    || align::is_among(&Step::new(keyword, text), &untold),
            }
        })
        .collect()
}

/// Foreign instructions that are held against the history.
const MOST_HELD: usize = 1000;

/// For each entry of the history the instruction that left it.
fn spans(file: &SourceFile, config: &ImageConfig) -> Vec<Option<Span>> {
    let (tree, _) = dockerfile::parse(file.clone());
    let resolution = dockerfile::resolve(&tree, &ResolveInput::default());
    let places = Places::new(&tree, &resolution);
    let steps: Vec<Step<'_>> = places
        .history()
        .iter()
        .map(|(keyword, span)| {
            let text = std::str::from_utf8(span.of(file.bytes()));
            Step::new(keyword, text.unwrap_or_default())
        })
        .collect();
    let entries: Vec<Entry<'_>> = config
        .history
        .iter()
        .map(|entry| Entry::new(entry.created_by.as_deref().unwrap_or_default()))
        .collect();
    let found = align::align(&steps, &entries).into_iter();
    let mut found: Vec<Option<Span>> = found
        .map(|step| Some(places.history().get(step?)?.1))
        .collect();
    if let Some(first) = found.iter().position(Option::is_some)
        && let Some(from) = base_span(&tree, &resolution)
    {
        let count = triggers::triggered(&config.history, &entries, first);
        found[first - count..first].fill(Some(from));
    }
    found
}

/// The FROM instruction of `file` that names the image which the last stage, or the stage `target`,
/// is built on. None where that is no image: `scratch`, or a context of its own.
pub fn base_source(file: &SourceFile, target: Option<&str>) -> Option<SourceOrigin> {
    let (tree, _) = dockerfile::parse(file.clone());
    let resolution = dockerfile::resolve(
        &tree,
        &ResolveInput {
            target: target.map(str::to_owned),
            ..ResolveInput::default()
        },
    );
    Some(SourceOrigin::new(file, base_span(&tree, &resolution)?))
}

fn base_span(tree: &Dockerfile, resolution: &Resolution) -> Option<Span> {
    let mut stage = resolution.stages.get(resolution.target?)?;
    while let Base::Stage(below) = stage.base {
        // A stage stands on an earlier one only.
        stage = resolution
            .stages
            .get(below)
            .filter(|below| below.index < stage.index)?;
    }
    match stage.base {
        Base::Image(_) | Base::Unresolved(_) => {
            let instruction = tree.instructions().nth(stage.from)?;
            Some(instruction.span)
        }
        Base::Scratch | Base::Stage(_) | Base::Context(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::HistoryEntry;

    #[test]
    fn the_base_is_the_image_that_the_stages_below_stand_on() {
        let file = SourceFile::new(
            "Dockerfile",
            "FROM golang AS build\nFROM debian AS os\nRUN x\nFROM os AS app\nCOPY --from=build a b\n\
             FROM scratch AS bare\nFROM app\n",
        );
        let line = |target| base_source(&file, target).map(|source| source.start.line);
        assert_eq!(line(None), Some(2));
        assert_eq!(line(Some("app")), Some(2));
        assert_eq!(line(Some("build")), Some(1));
        assert_eq!(line(Some("bare")), None);
        assert_eq!(line(Some("none")), None);
        let itself = SourceFile::new("Dockerfile", "FROM a AS a\nFROM b AS a\nFROM a\n");
        assert!(base_source(&itself, None).is_some());
    }

    #[test]
    fn layers_find_their_lines_and_the_base_has_none() {
        let entry = |created_by: &str, empty_layer| HistoryEntry {
            created_by: Some(created_by.to_owned()),
            empty_layer,
            ..HistoryEntry::default()
        };
        let config = ImageConfig {
            history: vec![
                entry("debootstrap", false),
                entry("RUN /bin/sh -c make # buildkit", false),
                entry("ENV A=b", true),
                entry("COPY x /x # buildkit", false),
            ],
            ..ImageConfig::default()
        };
        let file = SourceFile::new("Dockerfile", "FROM debian\nRUN make\nENV A=b\nCOPY x /x\n");
        let lines: Vec<_> = layer_sources(&file, &config, 3)
            .into_iter()
            .map(|source| source.map(|source| source.start.line))
            .collect();
        assert_eq!(lines, [None, Some(2), Some(4)]);
    }

    /// What ONBUILD of the base made stands between what the base ends with and the first own line.
    #[test]
    fn what_triggers_of_the_base_made_is_the_line_s_that_names_it() {
        let lines = |between: &[&str], made: [&str; 2], own: &str| {
            let entry = |created_by: &str, created: &str| HistoryEntry {
                created_by: Some(created_by.to_owned()),
                created: Some(created.to_owned()),
                empty_layer: !["RUN", "COPY", "/bin/sh -c npm", "debootstrap"]
                    .iter()
                    .any(|start| created_by.starts_with(start))
                    && !created_by.contains("COPY dir:"),
                ..HistoryEntry::default()
            };
            let base = [
                "debootstrap",
                "RUN /bin/sh -c npm install # buildkit",
                "ONBUILD COPY . /app",
                "ONBUILD RUN npm install --omit=dev",
                "CMD [\"npm\"]",
            ];
            let base = base.iter().map(|one| entry(one, "2026-01-01T00:00:00Z"));
            let between = between.iter().map(|one| entry(one, made[0]));
            let history: Vec<HistoryEntry> = base
                .chain(between)
                .chain([entry("COPY x /x # buildkit", made[1])])
                .collect();
            let layers = history.iter().filter(|entry| !entry.empty_layer).count();
            let config = ImageConfig {
                history,
                ..ImageConfig::default()
            };
            let text = format!("FROM node:onbuild\n{own}COPY x /x\n");
            let file = SourceFile::new("Dockerfile", text);
            let sources = layer_sources(&file, &config, layers).into_iter();
            let lines = sources.map(|source| source.map_or(0, |source| source.start.line));
            lines.collect::<Vec<_>>()
        };
        let now = ["2026-03-01T00:00:00Z", "2026-03-01T00:00:10Z"];
        let copy = "COPY . /app # buildkit";
        let run = "RUN /bin/sh -c npm install --omit=dev # buildkit";
        assert_eq!(lines(&[copy, run], now, ""), [0, 0, 1, 1, 2]);
        let old = [
            "/bin/sh -c #(nop) COPY dir:12 in /app ",
            "/bin/sh -c npm install --omit=dev",
        ];
        assert_eq!(lines(&old, now, ""), [0, 0, 1, 1, 2]);
        assert_eq!(lines(&[], now, ""), [0, 0, 2]);
        // Another image's that was built on the base, as this is on that.
        assert_eq!(lines(&[copy, run, "ENV A=b"], now, ""), [0, 0, 0, 0, 2]);
        assert_eq!(lines(&[copy, "RUN other"], now, ""), [0, 0, 0, 0, 2]);
        // It is the time between them that counts, not what hour it is.
        for made in [
            ["2026-03-01T10:59:50Z", "2026-03-01T11:00:05.5Z"],
            ["2026-02-28T23:59:59Z", "2026-03-01T00:00:00Z"],
            ["2026-03-01T12:30:00+02:00", "2026-03-01T10:30:05Z"],
            ["unknown", "2026-03-01T10:30:05Z"],
        ] {
            assert_eq!(lines(&[copy, run], made, ""), [0, 0, 1, 1, 2], "{made:?}");
        }
        let hour = ["2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z"];
        assert_eq!(lines(&[copy, run], hour, ""), [0, 0, 0, 0, 2]);
        let earlier = ["2026-02-01T00:00:00Z", now[1]];
        assert_eq!(lines(&[copy, run], earlier, ""), [0, 0, 0, 0, 2]);
    }
}
