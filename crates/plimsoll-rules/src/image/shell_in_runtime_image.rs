use plimsoll_model::NotableKind;

use super::origin;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that shells ship in the image: once a layer, with their names. It speaks where it is asked
    /// for: most images have them from their base.
    ///
    /// ## Why it hurts in production
    /// Whoever finds a way to run one command in the container has a shell to go on with. Images that hold
    /// only the program leave nothing to run.
    ///
    /// ## Example
    /// ```image
    /// layer: FROM debian
    /// file: shell usr/bin/dash 125000 0
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
    ShellInRuntimeImage = "shell-in-runtime-image",
    summary: "A shell ships in the image",
    severity: Low,
    confidence: High,
    category: Security,
    depth: Image,
    aliases: [],
    audience: Strict,
    edition: 2026,
}

impl Rule for ShellInRuntimeImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        for group in origin::by_layer(image, NotableKind::Shell) {
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
            "shell-in-runtime-image",
            &[
                ("another kind", "layer: a\nfile: compiler usr/bin/cc 1 0\n", 0),
            ],
        );
    }
}
