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

/// Seconds between an image and one that is built on it, at least; steps of one build follow each
/// other sooner. Builds that tell no real times are told apart by their commands alone.
const LATER: i64 = 3_600;

/// What sets a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Cmd,
    Entrypoint,
}

/// An image ends with its command, and one that is built on it goes on behind that: the last `CMD`
/// or `ENTRYPOINT` with layers both below and above it that is not the image's own.
///
/// Behind the image's own command nothing sets one, even where it is written above the instructions
/// that fill it; and an `ENTRYPOINT` may be completed by a `CMD` further on. Where the layers above
/// the last command were made much later than it, it is none of theirs.
fn by_history(config: &ImageConfig, layers: usize) -> Option<usize> {
    let history = &config.history;
    let makes = |entry: &&HistoryEntry| !entry.empty_layer;
    if history.iter().filter(makes).count() != layers {
        return None;
    }
    let last_layer = history.iter().rposition(|entry| !entry.empty_layer)?;
    let mut found = None;
    // From the top: what sets a command further on, and when the layer above was made.
    let (mut has_cmd, mut has_entrypoint) = (false, false);
    let mut above = None;
    let mut below = layers;
    for (at, entry) in history.iter().enumerate().rev() {
        if !entry.empty_layer {
            above = seconds(entry);
            below -= 1;
            continue;
        }
        let Some(command) = command(entry) else {
            continue;
        };
        let is_anothers = match command {
            Command::Cmd => has_cmd || has_entrypoint,
            Command::Entrypoint => has_entrypoint,
        };
        let is_older = || {
            let made = seconds(entry)?;
            Some(above?.saturating_sub(made) >= LATER)
        };
        if at < last_layer && below > 0 && (is_anothers || is_older() == Some(true)) {
            found = Some(below);
            break;
        }
        match command {
            Command::Cmd => has_cmd = true,
            Command::Entrypoint => has_entrypoint = true,
        }
    }
    found
}

/// When a step was made, in seconds since 1970.
fn seconds(entry: &HistoryEntry) -> Option<i64> {
    let created = entry.created.as_deref()?.parse::<jiff::Timestamp>();
    created.ok().map(jiff::Timestamp::as_second)
}

fn command(entry: &HistoryEntry) -> Option<Command> {
    match entry.step().keyword {
        "CMD" => Some(Command::Cmd),
        "ENTRYPOINT" => Some(Command::Entrypoint),
        _ => None,
    }
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

    /// `FROM nginx`, `COPY html`: the command is the base's, and older by days.
    #[test]
    fn an_older_command_is_the_base_s() {
        let at = |times: [&str; 4]| {
            let mut config = history(&["RUN a", "CMD [\"x\"]", "CMD [\"y\"]", "COPY b"]);
            config.history[1].created_by = Some("RUN n".to_owned());
            config.history[1].empty_layer = false;
            for (entry, time) in config.history.iter_mut().zip(times) {
                entry.created = Some(time.to_owned());
            }
            by_history(&config, 3)
        };
        let (old, soon, new) = (
            "2026-11-01T00:00:00Z",
            "2026-11-01T00:30:00Z",
            "2026-11-08T00:00:00Z",
        );
        assert_eq!(at([old, old, old, new]), Some(2));
        assert_eq!(at([old, old, old, soon]), None);
        assert_eq!(at([old, old, "never", new]), None);
    }

    #[test]
    fn an_entry_point_may_be_completed_by_a_command() {
        let steps = [
            "ADD root",
            "CMD [\"bash\"]",
            "RUN a",
            "ENTRYPOINT [\"x\"]",
            "COPY b",
            "CMD [\"y\"]",
        ];
        assert_eq!(by_history(&history(&steps), 3), Some(1));
        let twice = [&steps[..], &["COPY c", "ENTRYPOINT [\"z\"]"]].concat();
        assert_eq!(by_history(&history(&twice), 4), Some(3));
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
