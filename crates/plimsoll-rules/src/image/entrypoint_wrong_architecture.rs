use plimsoll_model::StartupProblem;

use super::startup;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the program the image starts is made for another processor than the platform of the image, or
    /// for macOS or Windows.
    ///
    /// ## Why it hurts in production
    /// The container ends with `exec format error`, or runs many times slower where the host emulates. It
    /// happens where a download or a build step names a fixed architecture, or where what is copied was built
    /// outside of the image.
    ///
    /// ## Example
    /// ```image
    /// layer: COPY app /
    /// startup: entrypoint /app app machine arm64
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: COPY app /
    /// startup: entrypoint /app app
    /// ```
    ///
    /// ## Fix
    /// None: build or fetch the program for `TARGETOS` and `TARGETARCH`.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/multi-platform/>
    EntrypointWrongArchitecture = "entrypoint-wrong-architecture",
    summary: "What the image starts is made for another processor or system",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Image,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for EntrypointWrongArchitecture {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        startup::report(image, sink, |file, problem| {
            let StartupProblem::WrongArchitecture { machine, platform } = problem else {
                return None;
            };
            Some((
                format!(
                    "{} is made for {machine}, the image is for {platform}.",
                    startup::shown(file)
                ),
                "Build or fetch it for `TARGETOS` and `TARGETARCH`.".to_owned(),
            ))
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "entrypoint-wrong-architecture",
            &[
                ("another problem", "startup: cmd app - missing\n", 0),
            ],
        );
    }
}
