use plimsoll_model::NotableKind;

use super::origin;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells of files and folders that every user of the container may write to: once a layer, by the topmost
    /// of them. Folders with the sticky bit and those that every system has open (`/tmp`, `/run`) are left
    /// out.
    ///
    /// ## Why it hurts in production
    /// A process that was taken over puts its own program or settings where another user runs or reads them,
    /// and is that user then.
    ///
    /// ## Example
    /// ```image
    /// layer: RUN chmod -R 777 /srv
    /// file: world-writable srv 0 0
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: RUN chown -R app /srv
    /// ```
    ///
    /// ## Fix
    /// None: give the path to the user that writes to it (`--chown`), rather than to everybody.
    ///
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/732.html>
    WorldWritablePathInImage = "world-writable-path-in-image",
    summary: "Everybody may write to a file or folder",
    severity: Medium,
    confidence: High,
    category: Security,
    depth: Image,
    aliases: ["S2612"],
    audience: Default,
    edition: 2026,
}

impl Rule for WorldWritablePathInImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        for group in origin::by_layer(image, NotableKind::WorldWritable) {
            sink.report_at(group.origin, format!("Everybody may write to {}.", group.named))
                .help("Give it to the user that writes to it (`--chown`), rather than to everybody.")
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
            "world-writable-path-in-image",
            &[
                ("once a layer", "layer: a\nlayer: b\nfile: world-writable a 0 0\nfile: world-writable b 0 0\nfile: world-writable c 0 1\n", 2),
                ("another kind", "layer: a\nfile: shell bin/sh 1 0\n", 0),
            ],
        );
    }
}
