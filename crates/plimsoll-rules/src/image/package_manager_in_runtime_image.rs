use plimsoll_model::NotableKind;

use super::origin;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that package managers ship in the image: once a layer, with their names. It speaks where it is asked
    /// for: most images have them from their base.
    ///
    /// ## Why it hurts in production
    /// Whoever gets in installs what is missing, and what runs may differ from what was built and scanned.
    ///
    /// ## Example
    /// ```image
    /// layer: FROM debian
    /// file: package-manager usr/bin/apt 18000 0
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: COPY app /app
    /// ```
    ///
    /// ## Fix
    /// None: build in a stage of its own, and ship from an image without a distribution's tools.
    ///
    /// ## References
    /// - <https://github.com/GoogleContainerTools/distroless>
    PackageManagerInRuntimeImage = "package-manager-in-runtime-image",
    summary: "A package manager ships in the image",
    severity: Low,
    confidence: High,
    category: Security,
    depth: Image,
    aliases: [],
    audience: Strict,
    edition: 2026,
}

impl Rule for PackageManagerInRuntimeImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        for group in origin::by_layer(image, NotableKind::PackageManager) {
            sink.report_at(group.origin, format!("The image ships {}.", group.named))
                .help("Ship from an image without the tools of a distribution.")
                .about(group.paths);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "package-manager-in-runtime-image",
            &[
                ("another kind", "layer: a\nfile: compiler usr/bin/cc 1 0\n", 0),
            ],
        );
    }
}
