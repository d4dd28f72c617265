use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

use super::{history, origin};

declare_rule! {
    /// ## What it does
    /// Tells that a step above the base brought every package up to date, as the history has it: `apt-get
    /// upgrade` and `dist-upgrade`, `apk upgrade`, `dnf upgrade` and the like. Where the Dockerfile is known,
    /// `whole-system-upgrade` speaks of its line.
    ///
    /// It is a house rule, and off unless it is asked for: where the base is rebuilt too seldom, an upgrade may
    /// be the lesser evil.
    ///
    /// ## Why it hurts in production
    /// Every package that is replaced ships twice, in the base's layer and in this one, and two builds of one
    /// commit hold different systems.
    ///
    /// ## Example
    /// ```image
    /// layer: RUN /bin/sh -c apt-get update && apt-get dist-upgrade -y # buildkit
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: RUN /bin/sh -c apt-get update && apt-get install -y curl # buildkit
    /// ```
    ///
    /// ## Fix
    /// None: take a newer base image, and name it by its digest.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#rebuild-your-images-often>
    UpgradeInImageHistory = "upgrade-in-image-history",
    summary: "A step of the image upgraded every package of its base",
    severity: Low,
    confidence: High,
    category: Reproducibility,
    depth: Image,
    aliases: ["DKL-DI-0003"],
    audience: Strict,
    edition: 2026,
}

impl Rule for UpgradeInImageHistory {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        // Every way of saying it holds one of these letters.
        for (index, _) in history::judged(image, "whole-system-upgrade", "u") {
            sink.report_at(
                origin::of_layer(image, index),
                "A step brought every package of the base image up to date.",
            )
            .help("Take a newer base image instead, and upgrade by name what cannot wait.");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "upgrade-in-image-history",
            &[
                ("of Alpine", "layer: /bin/sh -c apk upgrade --no-cache\n", 1),
                (
                    "one package",
                    "layer: RUN /bin/sh -c apt-get install -y --only-upgrade openssl # buildkit\n",
                    0,
                ),
                (
                    "of the base",
                    "layer: /bin/sh -c apk upgrade\nlayer: COPY a b\nbase: 1\n",
                    0,
                ),
            ],
        );
    }
}
