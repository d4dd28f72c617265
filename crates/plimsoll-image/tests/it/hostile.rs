//! Layers that nobody should trust, through the walk.

use std::io::BufRead;

use plimsoll_image::{Entry, ImageError, LayerLimits, LayerReader, Layout};
use plimsoll_testkit::image::{ImageBuilder, Lie, hostile};

use crate::walk_all;

/// Reads everything, and holds every path to its promise.
struct Suspicious(&'static str);

impl LayerReader for Suspicious {
    fn entry(&mut self, entry: &Entry, content: &mut dyn BufRead) -> Result<(), ImageError> {
        let safe = !entry.path.starts_with('/')
            && !entry.path.contains('\0')
            && (entry.path.is_empty()
                || entry
                    .path
                    .split('/')
                    .all(|part| !matches!(part, "" | "." | "..")));
        assert!(safe, "{}: {:?}", self.0, entry.path);
        std::io::copy(content, &mut std::io::sink())
            .map(drop)
            .map_err(|error| ImageError::from_read(&entry.path, error))
    }
}

#[test]
fn hostile_layers_are_refused_or_harmless() {
    let limits = LayerLimits {
        bytes: 256 << 20,
        entries: 100_000,
        ratio: 200,
    };
    for hostile in hostile::layers("/nowhere/plimsoll-test") {
        let folder = tempfile::tempdir().unwrap();
        ImageBuilder::new()
            .layer(hostile.layer)
            .build()
            .write_layout(folder.path(), "x")
            .unwrap();
        let image = Layout::open(folder.path())
            .unwrap()
            .image(Some("x"), None)
            .unwrap();
        match walk_all(&image, limits, || Suspicious(hostile.name)) {
            Ok(_) => assert!(!hostile.malformed, "{} passed", hostile.name),
            Err(error @ ImageError::Invalid { .. }) => {
                let text = error.to_string();
                assert!(text.contains("layer 0 ("), "{}: {text}", hostile.name);
                assert!(!text.contains('\x1b'), "{}: {text}", hostile.name);
            }
            Err(error) => panic!("{}: {error}", hostile.name),
        }
    }
}

#[test]
fn an_image_that_lies_is_found_out() {
    for lie in [
        Lie::DiffId(1),
        Lie::LayerDigest(1),
        Lie::LayerSize(0),
        Lie::ConfigDigest,
        Lie::MissingDiffId,
        Lie::MissingLayer(1),
    ] {
        let folder = tempfile::tempdir().unwrap();
        ImageBuilder::seeded(1, 2, 5)
            .lie(lie)
            .build()
            .write_layout(folder.path(), "x")
            .unwrap();
        let walked = Layout::open(folder.path())
            .and_then(|layout| layout.image(Some("x"), None))
            .and_then(|image| walk_all(&image, LayerLimits::default(), || Suspicious("lie")));
        assert!(walked.is_err(), "{lie:?} passed");
    }
}
