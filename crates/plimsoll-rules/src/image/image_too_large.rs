use plimsoll_model::{Origin, human_size};

use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

use super::origin;

declare_rule! {
    /// ## What it does
    /// Tells that the image, as it is pulled, is larger than the limit set for it, and which layer
    /// weighs most. Silent where no limit is set.
    ///
    /// ## Why it hurts in production
    /// Every new node pulls it before it can help: scaling out and coming back after a failure take
    /// as long as the download.
    ///
    /// ## Example
    /// ```image
    /// layer: RUN pip install torch
    /// size: 2400000000
    /// limit: 500000000
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: RUN pip install torch --index-url https://download.pytorch.org/whl/cpu
    /// size: 420000000
    /// limit: 500000000
    /// ```
    ///
    /// ## Fix
    /// None: what can be left out is for its author to say.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/>
    ImageTooLarge = "image-too-large",
    summary: "The image is larger than its limit",
    severity: Medium,
    confidence: High,
    category: Efficiency,
    depth: Image,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for ImageTooLarge {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        let Some(limit) = image.max_size else { return };
        if image.compressed_size <= limit {
            return;
        }
        let layers = &image.inventory.layers;
        let largest = (0..layers.len()).max_by_key(|index| layers[*index].compressed_size);
        let origin = largest.map_or_else(Origin::default, |index| origin::of_layer(image, index));
        let share = largest
            .map(|index| layers[index].compressed_size)
            .filter(|size| *size > 0)
            .map(|size| format!("; this layer alone has {}", human_size(size)))
            .unwrap_or_default();
        let wasted: u64 = layers.iter().map(|layer| layer.wasted).sum();
        // Archives and engines keep layers as they are unpacked.
        let is_unpacked = layers.iter().all(|layer| layer.compressed_size >= layer.size)
            && layers.iter().any(|layer| layer.size > 0);
        let help = if is_unpacked {
            "No layer is compressed where the image lies: it is smaller as it is pulled. An OCI \
             layout or a registry tells by how much."
                .to_owned()
        } else if wasted > 1_000_000 {
            format!(
                "Later layers delete or replace {} of earlier ones: do that in the step that brought them.",
                human_size(wasted)
            )
        } else {
            "Build in a stage of its own, copy only the result, and start from a smaller base."
                .to_owned()
        };
        sink.report_at(
            origin,
            format!(
                "The image has {}{}, and {} are allowed{share}.",
                human_size(image.compressed_size),
                if is_unpacked { " unpacked" } else { "" },
                human_size(limit)
            ),
        )
        .help(help);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "image-too-large",
            &[
                ("over", "size: 2\nlimit: 1\n", 1),
                ("exactly", "size: 1\nlimit: 1\n", 0),
                ("no limit", "size: 99999999999\n", 0),
            ],
        );
    }
}
