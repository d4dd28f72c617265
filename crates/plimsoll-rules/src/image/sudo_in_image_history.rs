use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

use super::{history, origin};

declare_rule! {
    /// ## What it does
    /// Tells that a step above the base called `sudo`, as the history has it. Here-documents are not looked at.
    /// Where the Dockerfile is judged beside the image, as `plimsoll ship` does, `sudo-in-run` speaks of its
    /// line.
    ///
    /// ## Why it hurts in production
    /// A build that needs `sudo` ships it, often with a rule that asks for no password: whoever gets into the
    /// container as the ordinary user is root by one word.
    ///
    /// ## Example
    /// ```image
    /// layer: RUN /bin/sh -c sudo apt-get install -y curl # buildkit
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: RUN /bin/sh -c apt-get install -y curl # buildkit
    /// ```
    ///
    /// ## Fix
    /// None: put `USER root` in front of the steps that need root, and do not install `sudo`.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#user>
    SudoInImageHistory = "sudo-in-image-history",
    summary: "A step of the image called sudo",
    severity: Low,
    confidence: High,
    category: Security,
    depth: Image,
    aliases: ["DKL-DI-0001"],
    audience: Default,
    edition: 2026,
}

impl Rule for SudoInImageHistory {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        for (index, _) in history::judged(image, "sudo-in-run", "sudo") {
            sink.report_at(
                origin::of_layer(image, index),
                "A step called `sudo`, which a build needs nowhere.",
            )
            .help("Put `USER root` in front of what needs root, and do not install `sudo`.");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "sudo-in-image-history",
            &[
                (
                    "with arguments, and twice in one step",
                    "layer: RUN |1 A=b /bin/sh -c sudo make && sudo make install # buildkit\n",
                    1,
                ),
                (
                    "of a Dockerfile that nobody judges",
                    "layer: RUN /bin/sh -c sudo make # buildkit\ndockerfile: FROM a:1 | RUN sudo make\nline: 2\n",
                    1,
                ),
                (
                    "of a Dockerfile that is judged too",
                    "layer: RUN /bin/sh -c sudo make # buildkit\ndockerfile: FROM a:1 | RUN sudo make\nline: 2\njudged: yes\n",
                    0,
                ),
                ("by the classic builder", "layer: /bin/sh -c sudo make\n", 1),
                (
                    "of the base",
                    "layer: RUN /bin/sh -c sudo make # buildkit\nlayer: COPY a b\nbase: 1\n",
                    0,
                ),
                (
                    "installing it",
                    "layer: RUN /bin/sh -c apt-get install -y sudo # buildkit\n",
                    0,
                ),
                ("what the container runs", "layer: COPY sudo /\ncmd: sudo x\n", 0),
            ],
        );
    }
}
