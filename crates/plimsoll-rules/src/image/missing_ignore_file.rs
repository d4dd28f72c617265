use plimsoll_model::Origin;

use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the image was built from a folder without an ignore file.
    ///
    /// ## Why it hurts in production
    /// What lies in the folder on the day of the build gets in: the git history, local settings, a
    /// key that somebody put there for a moment. It also changes the image and throws the cache
    /// away without any change of the code.
    ///
    /// ## Example
    /// ```image
    /// ignore-file: no
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// ignore-file: yes
    /// ```
    ///
    /// ## Fix
    /// None: write a `.dockerignore` that starts with `*` and takes back what the build needs.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/concepts/context/#dockerignore-files>
    MissingIgnoreFile = "missing-ignore-file",
    summary: "The build context has no ignore file",
    severity: Low,
    confidence: High,
    category: Security,
    depth: Image,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for MissingIgnoreFile {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        if image.has_ignore_file == Some(false) {
            sink.report_at(
                Origin::default(),
                "The folder this image was built from has no ignore file: all of it could get in.",
            )
            .help(
                "Write a `.dockerignore` that starts with `*` and takes back what the build needs.",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "missing-ignore-file",
            &[("nobody knows where it was built", "cmd: x\n", 0)],
        );
    }
}
