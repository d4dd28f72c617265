//! Traces the layers of a finished image to the Dockerfile it was built from.

use plimsoll_model::{ImageConfig, SourceFile, SourceOrigin};
use plimsoll_syntax::dockerfile::{self, ResolveInput};

use crate::buildkit::places::Places;

/// For each of an image's `layers` the instruction of `file` that made it, as far as the image's
/// history tells. Layers of the base stay without: the Dockerfile has no line for them but FROM.
pub fn layer_sources(
    file: &SourceFile,
    config: &ImageConfig,
    layers: usize,
) -> Vec<Option<SourceOrigin>> {
    let (tree, _) = dockerfile::parse(file.clone());
    let resolution = dockerfile::resolve(&tree, &ResolveInput::default());
    let mut sources = vec![None; layers];
    for step in Places::new(&tree, &resolution).layers(&config.history, layers) {
        if let (Some(place), Some(span)) = (sources.get_mut(step.layer), step.span) {
            *place = Some(SourceOrigin::new(file, span));
        }
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::HistoryEntry;

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
