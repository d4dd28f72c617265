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

/// A number of bytes as people say it, in powers of ten as registries do.
pub(super) fn human_size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    if tenths >= 1000 {
        format!("{} {}", tenths / 10, UNITS[unit])
    } else {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (42_500_000, "42.5 MB"),
            (421_000_000, "421 MB"),
            (1_200_000_000, "1.2 GB"),
        ] {
            assert_eq!(human_size(bytes), text);
        }
    }
}
