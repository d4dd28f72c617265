use plimsoll_model::StartupProblem;

use super::startup;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the program of `ENTRYPOINT` or `CMD` has no permission bit that lets anybody execute it, or
    /// that it is a file which the kernel takes for no program: it is empty, it is text whose very first two
    /// bytes are not `#!` (a byte order mark or an empty line before them is enough), it stands for a file of
    /// Git LFS. A shell runs text without `#!` as a script, and so do `tini`, `dumb-init` and `env`: where one of
    /// these starts it, nothing is told.
    ///
    /// ## Why it hurts in production
    /// Every container of the image ends at once with `permission denied` or `exec format error`. It is common
    /// where the file was written on Windows, or came without its mode.
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
    /// None: copy it with `--chmod=755`, or set the bit in the repository (`git update-index --chmod=+x`); begin
    /// a script with `#!` and its interpreter, without anything before.
    ///
    /// ## References
    /// - <https://man7.org/linux/man-pages/man2/execve.2.html>
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
            let (why, help) = match problem {
                StartupProblem::NotExecutable => {
                    ("nobody may execute", "Copy it with `--chmod=755`.")
                }
                StartupProblem::NoFormat { because } => startup::no_format(*because),
                _ => return None,
            };
            Some((
                format!(
                    "`{}` starts {}, which {why}.",
                    file.role.instruction(),
                    startup::shown(file)
                ),
                help.to_owned(),
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
            "entrypoint-not-executable",
            &[
                ("another problem", "startup: cmd app - missing\n", 0),
                ("no format", "layer: a\nstartup: cmd /a a no-format byte-order-mark\n", 1),
                ("no problem", "layer: a\nstartup: cmd /app app\n", 0),
            ],
        );
    }
}
