//! Where the base image ends and what was built on it begins.
//!
//! Told by what the image says of itself, surest first: a count that a builder wrote down, the
//! place in history where a finished image was taken up again, and the layer that brought the
//! distribution. A caller who knows more (the Dockerfile, the build) knows better.

use plimsoll_image::Image;
use plimsoll_model::{BaseImage, Digest, HistoryEntry, ImageConfig};

use crate::catalogue::distribution;
use crate::record::LayerRecord;

/// Labels and annotations that name the base (OCI image-spec, annotations.md).
const NAME: &str = "org.opencontainers.image.base.name";
const DIGEST: &str = "org.opencontainers.image.base.digest";

/// The base of an image, where it can be told.
pub(crate) fn find(image: &Image, records: &[LayerRecord]) -> Option<BaseImage> {
    let layers = image.manifest.layers.len();
    let (count, evidence) = by_history(&image.config, layers)
        .map(|count| {
            (
                count,
                "its history starts a second image behind a finished one",
            )
        })
        .or_else(|| {
            by_distribution(records).map(|count| (count, "its first layer brings the distribution"))
        })?;
    let said = |key: &str| {
        let label = image.config.labels.iter().find(|(name, _)| name == key);
        let annotation = image.manifest.annotations.iter();
        label
            .or_else(|| annotation.into_iter().find(|(name, _)| name == key))
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty() && value.len() < 1_000)
    };
    Some(BaseImage {
        layers: count,
        name: said(NAME).map(str::to_owned),
        digest: said(DIGEST).and_then(|digest| Digest::parse(digest).ok()),
        evidence: evidence.to_owned(),
    })
}

/// An image ends with its command, and one that is built on it goes on behind that: the last
/// `CMD` or `ENTRYPOINT` with layers both below and above it, set by another step than the image's
/// own.
fn by_history(config: &ImageConfig, layers: usize) -> Option<usize> {
    let history = &config.history;
    let makes = |entry: &&HistoryEntry| !entry.empty_layer;
    if history.iter().filter(makes).count() != layers {
        return None;
    }
    let last_layer = history.iter().rposition(|entry| !entry.empty_layer)?;
    // Behind the last command nothing sets one: that is the image's own, even where it is written
    // above the instructions that fill it.
    let last_command = history.iter().rposition(sets_command)?;
    let end = last_layer.min(last_command);
    let mut found = None;
    let mut below = 0;
    for entry in history.get(..end).unwrap_or_default() {
        if !entry.empty_layer {
            below += 1;
        } else if below > 0 && sets_command(entry) {
            found = Some(below);
        }
    }
    found
}

fn sets_command(entry: &HistoryEntry) -> bool {
    let text = entry.created_by.as_deref().unwrap_or_default();
    let text = text.trim_start();
    let text = text
        .strip_prefix("/bin/sh -c #(nop)")
        .unwrap_or(text)
        .trim_start();
    text.starts_with("CMD ") || text.starts_with("ENTRYPOINT ")
}

/// A distribution's root file system comes in one piece.
fn by_distribution(records: &[LayerRecord]) -> Option<usize> {
    let first = records.first().filter(|_| records.len() > 1)?;
    distribution::PATHS
        .iter()
        .any(|path| first.documents.contains_key(*path))
        .then_some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(steps: &[&str]) -> ImageConfig {
        ImageConfig {
            history: steps
                .iter()
                .map(|step| HistoryEntry {
                    created_by: Some((*step).to_owned()),
                    empty_layer: !step.starts_with("RUN")
                        && !step.starts_with("COPY")
                        && !step.contains("ADD "),
                    ..HistoryEntry::default()
                })
                .collect(),
            ..ImageConfig::default()
        }
    }

    #[test]
    fn a_second_command_marks_a_second_image() {
        let python = history(&[
            "/bin/sh -c #(nop) ADD file:1 in /",
            "/bin/sh -c #(nop)  CMD [\"bash\"]",
            "ENV PATH=/usr/local/bin",
            "RUN build python",
            "CMD [\"python3\"]",
            "WORKDIR /app",
            "COPY . . # buildkit",
            "CMD [\"app\"]",
        ]);
        assert_eq!(by_history(&python, 3), Some(2));
        // History that tells of other layers than there are tells nothing.
        assert_eq!(by_history(&python, 4), None);
    }

    #[test]
    fn a_command_above_its_own_layers_is_no_base() {
        assert_eq!(by_history(&history(&["RUN a", "CMD [\"x\"]"]), 1), None);
        assert_eq!(
            by_history(&history(&["COPY a", "CMD [\"x\"]", "RUN b"]), 2),
            None
        );
        assert_eq!(by_history(&history(&["CMD [\"x\"]", "RUN b"]), 1), None);
    }

    #[test]
    fn a_history_may_be_long() {
        let mut steps = vec!["COPY a"];
        steps.extend(["ENV A=b", "CMD [\"x\"]"].repeat(100_000));
        steps.push("COPY b");
        steps.extend(["ENV A=b"].repeat(100_000));
        assert_eq!(by_history(&history(&steps), 2), Some(1));
    }
}
