use plimsoll_model::{StartupProblem, StartupRole};

use super::startup;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the program of `HEALTHCHECK` is not in the image, or cannot be run there.
    ///
    /// ## Why it hurts in production
    /// The container is reported unhealthy for ever, is taken out of service or restarted, though what it
    /// serves is well. Slim images have neither curl nor wget.
    ///
    /// ## Example
    /// ```image
    /// layer: COPY app /
    /// startup: healthcheck curl - missing
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: COPY app /
    /// startup: healthcheck /app app
    /// ```
    ///
    /// ## Fix
    /// None: install the program, or let the service check itself.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#healthcheck>
    HealthcheckProgramMissingInImage = "healthcheck-program-missing-in-image",
    summary: "The health check cannot run",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Image,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for HealthcheckProgramMissingInImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        let files = image.inventory.startup.iter();
        for file in files.filter(|file| file.role == StartupRole::HealthCheck) {
            // Once a program: what it lacks first is what stops it.
            let Some(problem) = file.problems.first() else {
                continue;
            };
            let why = match problem {
                StartupProblem::Missing => "is not in the image".to_owned(),
                StartupProblem::Dangling { link, target } => {
                    format!("is not there: {}", startup::dangling(link, target))
                }
                StartupProblem::Folder => "is a folder".to_owned(),
                StartupProblem::NotExecutable => "nobody may execute".to_owned(),
                StartupProblem::NoFormat { because } => startup::no_format(*because).0.to_owned(),
                StartupProblem::WrongArchitecture { machine, .. } => {
                    format!("is made for {machine}")
                }
                StartupProblem::MissingInterpreter { interpreter, .. } => format!(
                    "asks to be run by `{}`, which is not there",
                    interpreter.escape_debug()
                ),
                StartupProblem::MissingLibraries { libraries, .. } => {
                    let first = libraries.first().map_or("", String::as_str);
                    format!("needs `{}`, which is not there", first.escape_debug())
                }
                // `startup-file-unreadable-for-user` and `user-missing-in-image` speak of these.
                StartupProblem::Denied { .. } | StartupProblem::UnknownAccount { .. } => continue,
            };
            sink.report_at(
                startup::origin_of(image, file),
                format!("The health check runs {}, which {why}.", startup::shown(file)),
            )
            .help("Install it in the stage that ships, or let the service check itself.");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "healthcheck-program-missing-in-image",
            &[
                ("a library", "layer: a\nstartup: healthcheck curl usr/bin/curl library libcurl.so.4\n", 1),
                ("of the entry point other rules speak", "startup: cmd app - missing\n", 0),
            ],
        );
    }
}
