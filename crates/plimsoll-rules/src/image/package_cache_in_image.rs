use plimsoll_model::{NotableKind, human_size};

use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

use super::origin;

declare_rule! {
    /// ## What it does
    /// Tells that a package manager's cache or lists ship in a layer, and how large they are.
    ///
    /// dockle's DKL-DI-0004 (`apk add` without `--no-cache`) and DKL-DI-0005 (lists of `apt-get` that are
    /// not cleared) read the history; here the files count: what the same step removed again, or a cache
    /// mount kept out, is not there and nothing is said of it.
    ///
    /// ## Why it hurts in production
    /// Nothing in the container reads them, and every pull brings them along.
    ///
    /// ## Example
    /// ```image
    /// layer: RUN apt-get update && apt-get install -y curl
    /// file: package-cache var/lib/apt/lists 19000000 0
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*
    /// ```
    ///
    /// ## Fix
    /// None: remove them in the step that made them, or mount a cache over them.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/cache/optimize/#use-cache-mounts>
    PackageCacheInImage = "package-cache-in-image",
    summary: "A package manager's cache ships in the image",
    severity: Low,
    confidence: High,
    category: Efficiency,
    depth: Image,
    aliases: ["DKL-DI-0004", "DKL-DI-0005"],
    audience: Default,
    edition: 2026,
}

/// Below this, it is a lock file or an empty index, not a cache.
const WORTH_A_WORD: u64 = 100_000;

impl Rule for PackageCacheInImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        for file in &image.inventory.notable {
            if file.kind != NotableKind::PackageCache || file.size < WORTH_A_WORD {
                continue;
            }
            sink.report_at(
                origin::of_file(image, file.layer, &file.path),
                format!(
                    "`/{}` ships {} that nothing in the container reads.",
                    file.path.escape_debug(),
                    human_size(file.size)
                ),
            )
            .help(
                "Remove it in the `RUN` that made it, or mount a cache over it: \
                 `RUN --mount=type=cache,target=…`.",
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
            "package-cache-in-image",
            &[
                (
                    "each",
                    "layer: RUN a\nfile: package-cache root/.cache/pip 9000000 0\nfile: package-cache var/cache/apt 9000000 0\n",
                    2,
                ),
                (
                    "a lock file is no cache",
                    "layer: RUN a\nfile: package-cache var/cache/apt 64 0\n",
                    0,
                ),
                (
                    "another kind",
                    "layer: RUN a\nfile: shell bin/sh 9000000 0\n",
                    0,
                ),
            ],
        );
    }
}
