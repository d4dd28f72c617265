use plimsoll_model::StartupProblem;

use super::startup;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the user the image runs as may not execute the program it starts, may not read the script
    /// it starts, or may not pass a folder on the way. Groups count; root is never told.
    ///
    /// ## Why it hurts in production
    /// The container ends with `permission denied`. It happens where files are copied without `--chown` from
    /// a place that only its owner may read.
    ///
    /// ## Example
    /// ```image
    /// user: app
    /// layer: COPY app /root/app
    /// startup: entrypoint /root/app root/app denied root
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// user: app
    /// layer: COPY app /srv/app
    /// startup: entrypoint /srv/app srv/app
    /// ```
    ///
    /// ## Fix
    /// None: copy it with `--chown` or `--chmod`, to a folder that everybody may pass.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#copy---chown---chmod>
    StartupFileUnreadableForUser = "startup-file-unreadable-for-user",
    summary: "The user may not run or read what the image starts",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Image,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for StartupFileUnreadableForUser {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        for file in &image.inventory.startup {
            for problem in &file.problems {
                let StartupProblem::Denied { user, path } = problem else {
                    continue;
                };
                let closed = if file.path.as_deref() == Some(path) {
                    String::new()
                } else {
                    format!(": `/{}` lets it not pass", path.escape_debug())
                };
                sink.report_at(
                    startup::origin_of(image, file),
                    format!(
                        "User `{}` may not get at {}, which `{}` needs{closed}.",
                        user.escape_debug(),
                        startup::shown(file),
                        file.role.instruction()
                    ),
                )
                .help("Copy it with `--chown` or `--chmod`, to a folder that everybody may pass.");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{ImageExample, judges};

    #[test]
    fn cases() {
        judges(
            "startup-file-unreadable-for-user",
            &[
                ("the file itself", "user: app\nlayer: a\nstartup: cmd /a a denied a\n", 1),
                ("another problem", "startup: cmd app - missing\n", 0),
            ],
        );
    }

    #[test]
    fn the_layer_is_that_of_the_folder_that_is_closed() {
        let image = "user: app\nlayer: COPY app /opt/app\nlayer: RUN chmod 700 /opt\n\
            startup: cmd /opt/app opt/app denied opt fault opt\n";
        let found = ImageExample::parse(image)
            .check("startup-file-unreadable-for-user")
            .findings;
        let origin = &found[0].origin;
        assert_eq!(origin.layer.as_ref().map(|layer| layer.index), Some(1));
        assert_eq!(origin.path.as_deref(), Some("opt"));
    }
}
