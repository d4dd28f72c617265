use plimsoll_model::Origin;

use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the image does not say where it comes from: the repository, the commit or the
    /// version is missing among its `org.opencontainers.image.*` labels.
    ///
    /// ## Why it hurts in production
    /// At three in the morning somebody has an image and needs the code that made it. Bots that
    /// show change logs and scanners that tell whose image it is read the same labels.
    ///
    /// ## Example
    /// ```image
    /// label: org.opencontainers.image.title=pipeline
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// label: org.opencontainers.image.source=https://git.example/team/pipeline
    /// label: org.opencontainers.image.revision=4f0c1d2
    /// label: org.opencontainers.image.version=1.4.2
    /// ```
    ///
    /// ## Fix
    /// None: `plimsoll ship` sets them from git.
    ///
    /// ## References
    /// - <https://specs.opencontainers.org/image-spec/annotations/>
    MissingImageLabels = "missing-image-labels",
    summary: "The image does not say where it comes from",
    severity: Low,
    confidence: High,
    category: Operability,
    depth: Image,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for MissingImageLabels {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        let Some(config) = image.config else {
            return;
        };
        let missing: Vec<String> = ["source", "revision", "version"]
            .into_iter()
            .map(|name| format!("org.opencontainers.image.{name}"))
            .filter(|wanted| {
                let labels = &config.judged.labels;
                !labels
                    .iter()
                    .any(|(name, value)| name == wanted && !value.is_empty())
            })
            .collect();
        if !missing.is_empty() {
            let named: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
            sink.report_at(
                Origin::default(),
                format!("The image has no label {}.", named.join(", ")),
            )
            .help("Build it from a git checkout with `plimsoll ship`, or set them with `--label`.")
            .about(missing);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "missing-image-labels",
            &[
                ("told once", "cmd: x\n", 1),
                (
                    "an empty one is none",
                    "label: org.opencontainers.image.source=\nlabel: org.opencontainers.image.revision=a\nlabel: org.opencontainers.image.version=b\n",
                    1,
                ),
            ],
        );
    }
}
