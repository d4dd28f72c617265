use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

use super::{history, origin};

declare_rule! {
    /// ## What it does
    /// Tells that a step above the base took files with `ADD` that are, by their names, neither archives nor
    /// URLs. Only BuildKit writes the names into the history; where the Dockerfile is judged beside the image,
    /// as `plimsoll ship` does, `add-instead-of-copy` speaks of its line.
    ///
    /// ## Why it hurts in production
    /// `ADD` unpacks what turns out to be an archive and fetches what turns out to be a URL. The day a file is
    /// renamed, or a variable holds something else, the image holds something else too.
    ///
    /// ## Example
    /// ```image
    /// layer: ADD app.py /srv/ # buildkit
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: COPY app.py /srv/ # buildkit
    /// ```
    ///
    /// ## Fix
    /// None: write `COPY` in the Dockerfile.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#add-or-copy>
    AddInImageHistory = "add-in-image-history",
    summary: "A step of the image used ADD where COPY would do",
    severity: Low,
    confidence: Medium,
    category: Correctness,
    depth: Image,
    aliases: ["CIS-DI-0009"],
    audience: Default,
    edition: 2026,
}

impl Rule for AddInImageHistory {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        for (index, _) in history::judged(image, "add-instead-of-copy", "ADD ") {
            sink.report_at(
                origin::of_layer(image, index),
                "A step took files with `ADD` where `COPY` does the same.",
            )
            .help("Write `COPY`, and keep `ADD` for archives to unpack and URLs with a checksum.");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "add-in-image-history",
            &[
                ("a folder", "layer: ADD . /app # buildkit\n", 1),
                (
                    "of the base",
                    "layer: ADD a /app # buildkit\nlayer: COPY b /app # buildkit\nbase: 1\n",
                    0,
                ),
                ("an archive", "layer: ADD rootfs.tar.xz / # buildkit\n", 0),
                ("a sum may be an archive", "layer: /bin/sh -c #(nop) ADD file:0a in / \n", 0),
            ],
        );
    }
}
