use plimsoll_model::NotableKind;

use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

use super::origin;

declare_rule! {
    /// ## What it does
    /// Tells that compilers or linkers ship in the image: once a layer, with their names.
    ///
    /// ## Why it hurts in production
    /// Hundreds of megabytes are pulled at every start of a new node, each with its own
    /// vulnerabilities to explain, and whoever gets in has the tools to build what is missing.
    ///
    /// ## Example
    /// ```image
    /// layer: RUN apt-get install -y build-essential
    /// file: compiler usr/bin/gcc-12 1200000 0
    /// file: compiler usr/bin/g++-12 1200000 0
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: COPY --from=build /srv /srv
    /// ```
    ///
    /// ## Fix
    /// None: build in a stage of its own and copy only the result.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/multi-stage/>
    CompilerInImage = "compiler-in-image",
    summary: "A compiler ships in the image",
    severity: Medium,
    confidence: High,
    category: Security,
    depth: Image,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for CompilerInImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        for group in origin::by_layer(image, NotableKind::Compiler) {
            sink.report_at(group.origin, format!("The image ships {}.", group.named))
                .help("Build in a stage of its own and copy only the result into the one that ships.")
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
            "compiler-in-image",
            &[
                (
                    "once a layer",
                    "layer: a\nlayer: b\nfile: compiler usr/bin/cc 1 0\nfile: compiler usr/bin/ld 1 0\nfile: compiler usr/bin/go 1 1\n",
                    2,
                ),
                ("another kind", "layer: a\nfile: shell bin/sh 1 0\n", 0),
            ],
        );
    }
}
