use plimsoll_model::StartupProblem;

use super::startup;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the program of `ENTRYPOINT` or `CMD`, or the script that an interpreter is given, is
    /// not in the image. Wrappers such as `tini` and plain lines of shell are seen through, and so are entry
    /// points of shell that end in `exec "$@"`, which runs the `CMD`, or in `exec node server.js`. Behind
    /// `set -e` such a script needs what it runs at all events before that, too. What `supervisord` and
    /// `s6-svscan` start by their configuration is looked at as well. It is silent where a volume
    /// decides what runs, or a variable that the image does not set; where a script may run something else
    /// than a program that is not there, or may bring it, that is told among what was not looked at.
    ///
    /// ## Why it hurts in production
    /// Every container of the image ends at once with `no such file or directory`, in each place that pulls
    /// it. Where a supervisor is to start the program, the container goes on without that service.
    ///
    /// ## Example
    /// ```image
    /// layer: COPY app /srv/app
    /// startup: entrypoint /srv/serve - missing
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: COPY app /srv/app
    /// startup: entrypoint /srv/app srv/app
    /// ```
    ///
    /// ## Fix
    /// None: name the program where it lies, or copy it into the stage that ships.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#entrypoint>
    EntrypointMissingInImage = "entrypoint-missing-in-image",
    summary: "What the image starts is not in it",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Image,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for EntrypointMissingInImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        startup::report(image, sink, |file, problem| {
            let mut help = "Name it as it lies in the image; look whether the stage that ships has it.";
            let message = match (problem, &file.given_to) {
                (StartupProblem::Dangling { link, target }, given_to) => {
                    help = "Copy what the link leads to as well, into the place where it leads.";
                    let names = match given_to {
                        Some(interpreter) => {
                            format!("`{}` is given", interpreter.escape_debug())
                        }
                        None => format!("{} starts", startup::starter(file)),
                    };
                    format!(
                        "{names} `{}`, which is not there: {}.",
                        file.word.escape_debug(),
                        startup::dangling(link, target)
                    )
                }
                (StartupProblem::Missing, Some(interpreter)) => format!(
                    "`{}` is given `{}`, which is not in the image.",
                    interpreter.escape_debug(),
                    file.word.escape_debug()
                ),
                (StartupProblem::Missing, None) => format!(
                    "{} starts `{}`, which is not in the image.",
                    startup::starter(file),
                    file.word.escape_debug()
                ),
                (StartupProblem::Folder, _) => format!(
                    "{} starts {}, which is a folder.",
                    startup::starter(file),
                    startup::shown(file)
                ),
                _ => return None,
            };
            Some((message, help.to_owned()))
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::judges;

    #[test]
    fn cases() {
        judges(
            "entrypoint-missing-in-image",
            &[
                (
                    "a link that leads nowhere",
                    "startup: entrypoint npm - dangling usr/bin/npm ../lib/npm.js\n",
                    1,
                ),
                ("a folder", "layer: a\nstartup: cmd /srv srv folder\n", 1),
                ("a script", "startup: cmd app.py - missing given-to python3\n", 1),
                ("named by a script", "layer: a\nstartup: entrypoint /e.sh e.sh\nstartup: entrypoint node - missing in-script e.sh\n", 1),
                ("of the health check another rule speaks", "startup: healthcheck curl - missing\n", 0),
            ],
        );
    }
}
