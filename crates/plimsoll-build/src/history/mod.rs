//! Traces the layers of a finished image to the Dockerfile it was built from.

use plimsoll_model::{ImageConfig, SourceFile, SourceOrigin, Span};
use plimsoll_syntax::dockerfile::{self, Base, ResolveInput};

mod align;

use self::align::{Entry, Step};
use crate::buildkit::places::{Places, layers_of};

/// For each of an image's `layers` the instruction of `file` that made it, as far as the image's
/// history tells. Layers of the base stay without: the Dockerfile has no line for them but FROM.
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

/// The instructions of `file` that put files into an image and did not into this one, as far as its
/// history tells; in the order of the file.
pub fn foreign_steps(file: &SourceFile, config: &ImageConfig) -> Vec<SourceOrigin> {
    let found = spans(file, config);
    let is_found = |span: &Span| found.iter().flatten().any(|one| one.start == span.start);
    let (tree, _) = dockerfile::parse(file.clone());
    let places = Places::new(&tree, &dockerfile::resolve(&tree, &ResolveInput::default()));
    let steps = places.history().iter();
    steps
        // Some builders do not tell of the others.
        .filter(|(keyword, span)| {
            matches!(keyword.as_str(), "RUN" | "COPY" | "ADD") && !is_found(span)
        })
        .map(|(_, span)| SourceOrigin::new(file, *span))
        .collect()
}

/// For each entry of the history the instruction that left it.
fn spans(file: &SourceFile, config: &ImageConfig) -> Vec<Option<Span>> {
    let (tree, _) = dockerfile::parse(file.clone());
    let places = Places::new(&tree, &dockerfile::resolve(&tree, &ResolveInput::default()));
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
    found
        .map(|step| Some(places.history().get(step?)?.1))
        .collect()
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
            Some(SourceOrigin::new(file, instruction.span))
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
}
