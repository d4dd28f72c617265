use plimsoll_model::{NotableKind, human_size};

use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

use super::origin;

declare_rule! {
    /// ## What it does
    /// Tells that a version control folder ships in the image.
    ///
    /// ## Why it hurts in production
    /// It holds every file that was ever committed, also those that were deleted because they should
    /// never have been there, and often the address and token it was cloned with.
    ///
    /// ## Example
    /// ```image
    /// layer: COPY . /srv
    /// file: version-control srv/.git 52000000 0
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: COPY src /srv
    /// ```
    ///
    /// ## Fix
    /// None: put `.git` into the ignore file.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/concepts/context/#dockerignore-files>
    VersionControlInImage = "version-control-in-image",
    summary: "The history of the source ships in the image",
    severity: Medium,
    confidence: High,
    category: Security,
    depth: Image,
    aliases: ["DKL-LI-0003"],
    audience: Default,
    edition: 2026,
}

impl Rule for VersionControlInImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        for file in &image.inventory.notable {
            if file.kind == NotableKind::VersionControl {
                sink.report_at(
                    origin::of_file(image, file.layer, &file.path),
                    format!(
                        "`/{}` ships the history of the source, {}.",
                        file.path.escape_debug(),
                        human_size(file.size)
                    ),
                )
                .help("Put it into the ignore file, or clone in a stage of its own.");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "version-control-in-image",
            &[("another kind", "layer: a\nfile: shell bin/sh 1 0\n", 0)],
        );
    }
}
