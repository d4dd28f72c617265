use plimsoll_model::StartupProblem;

use super::startup;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the program of `ENTRYPOINT` or `CMD` has no permission bit that lets anybody execute it.
    ///
    /// ## Why it hurts in production
    /// Every container of the image ends at once with `permission denied`. It is common where the file was
    /// written on Windows, or came without its mode.
    ///
    /// ## Example
    /// ```image
    /// layer: COPY start.sh /
    /// startup: entrypoint /start.sh start.sh not-executable
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: COPY --chmod=755 start.sh /
    /// startup: entrypoint /start.sh start.sh
    /// ```
    ///
    /// ## Fix
    /// None: copy it with `--chmod=755`, or set the bit in the repository (`git update-index --chmod=+x`).
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#copy---chown---chmod>
    EntrypointNotExecutable = "entrypoint-not-executable",
    summary: "What the image starts may not be executed",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Image,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for EntrypointNotExecutable {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        startup::report(image, sink, |file, problem| {
            (*problem == StartupProblem::NotExecutable).then(|| {
                (
                    format!(
                        "`{}` starts {}, which nobody may execute.",
                        file.role.instruction(),
                        startup::shown(file)
                    ),
                    "Copy it with `--chmod=755`.".to_owned(),
                )
            })
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "entrypoint-not-executable",
            &[
                ("another problem", "startup: cmd app - missing\n", 0),
                ("no problem", "layer: a\nstartup: cmd /app app\n", 0),
            ],
        );
    }
}
