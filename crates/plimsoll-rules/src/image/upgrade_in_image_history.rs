use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

use super::{history, origin};

declare_rule! {
    /// ## What it does
    /// Tells that a step above the base brought every package up to date, as the history has it: `apt-get
    /// upgrade` and `dist-upgrade`, `apk upgrade`, `dnf upgrade` and the like. Here-documents are not looked
    /// at. Where the Dockerfile is judged beside the image, as `plimsoll ship` does, `whole-system-upgrade`
    /// speaks of its line.
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
        let judged = history::judged(image, "whole-system-upgrade", "");
        for of_step in judged.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((index, _)) = of_step.first() else {
                continue;
            };
            // dockle knows two package managers.
            let is_known = of_step.iter().any(|(_, finding)| {
                let mut aliases = finding.aliases.iter();
                aliases.any(|alias| Self::META.aliases.contains(alias))
            });
            sink.report_at(
                origin::of_layer(image, *index),
                "A step brought every package of the base image up to date.",
            )
            .aliases(if is_known { Self::META.aliases } else { &[] })
            .help("Take a newer base image instead, and upgrade by name what cannot wait.");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{ImageExample, judges};

    #[test]
    fn cases() {
        judges(
            "upgrade-in-image-history",
            &[
                ("of Alpine", "layer: /bin/sh -c apk upgrade --no-cache\n", 1),
                ("to another release", "layer: /bin/sh -c dnf -y distro-sync\n", 1),
                ("twice in one step", "layer: /bin/sh -c apk upgrade; apt-get upgrade\n", 1),
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

    #[test]
    fn another_tools_id_is_given_where_that_tool_reports() {
        for (command, aliases) in [
            ("apk upgrade", &["DKL-DI-0003"][..]),
            ("yum -y update; apt-get -y upgrade", &["DKL-DI-0003"]),
            ("yum -y update", &[]),
        ] {
            let image = ImageExample::parse(&format!("layer: /bin/sh -c {command}\n"));
            let found = image.check("upgrade-in-image-history").findings;
            assert_eq!(found[0].aliases, aliases, "{command}");
        }
    }
}
