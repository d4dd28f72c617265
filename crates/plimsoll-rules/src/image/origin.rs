//! Traces what is in an image to the layer and the line that put it there.

use plimsoll_model::{LayerOrigin, Origin};

use crate::rule::ImageFacts;

/// The origin of something in layer `index`.
pub(super) fn of_layer(image: &ImageFacts<'_>, index: usize) -> Origin {
    let layer = image.inventory.layers.get(index);
    Origin {
        source: layer
            .and_then(|layer| layer.source.clone())
            .or_else(|| image.layer_sources.get(index).cloned().flatten()),
        layer: layer.map(|layer| LayerOrigin {
            index,
            diff_id: layer.diff_id.clone(),
            instruction: layer.instruction.clone(),
        }),
        ..Origin::default()
    }
}

/// The origin of the file `path` in layer `index`.
pub(super) fn of_file(image: &ImageFacts<'_>, index: usize, path: &str) -> Origin {
    Origin {
        path: Some(path.to_owned()),
        ..of_layer(image, index)
    }
}
