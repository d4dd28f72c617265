use plimsoll_model::Origin;

use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the image is to be shipped under `latest`, or under no tag at all, and under no
    /// tag beside it that stays.
    ///
    /// ## Why it hurts in production
    /// What runs where cannot be told, two nodes may run two versions under one name, and there is
    /// no name to go back to.
    ///
    /// ## Example
    /// ```image
    /// tag: registry.example/pipeline:latest
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// tag: registry.example/pipeline:1.4.2
    /// tag: registry.example/pipeline:latest
    /// ```
    ///
    /// ## Fix
    /// None: ship it under its version or its commit.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#pin-base-image-versions>
    FloatingImageTag = "floating-image-tag",
    summary: "The image is shipped under a tag that moves and no other",
    severity: Medium,
    confidence: High,
    category: Reproducibility,
    depth: Image,
    aliases: ["DKL-DI-0006"],
    audience: Default,
    edition: 2026,
}

impl Rule for FloatingImageTag {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        let stays = |name: &&plimsoll_model::ImageName| {
            name.digest.is_some() || name.tag.as_deref().is_some_and(|tag| tag != "latest")
        };
        let Some(first) = image.tags.first() else {
            return;
        };
        if image.tags.iter().any(|name| stays(&name)) {
            return;
        }
        sink.report_at(
            Origin::default(),
            format!("`{first}` is the only name of this image, and the next one takes it away."),
        )
        .help("Ship it under its version or its commit too, and deploy by that or by digest.");
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "floating-image-tag",
            &[
                ("no tag is latest", "tag: registry.example/app\n", 1),
                ("a version", "tag: registry.example/app:1\n", 0),
                (
                    "a version among them",
                    "tag: registry.example/app:latest\ntag: registry.example/app:1\n",
                    0,
                ),
                ("not shipped anywhere", "cmd: x\n", 0),
            ],
        );
    }
}
