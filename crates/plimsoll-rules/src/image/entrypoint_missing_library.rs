use plimsoll_model::StartupProblem;

use super::startup;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the program the image starts, or a library it needs, is linked with libraries that its loader
    /// does not find: in the folders of the system and those of the cache that `ldconfig` makes of `ld.so.conf`,
    /// in `LD_LIBRARY_PATH`, and where the files say themselves (`RPATH`, `RUNPATH`). Those that drivers bring
    /// when a container starts are left out.
    ///
    /// ## Why it hurts in production
    /// The container ends with `error while loading shared libraries`. It happens where the stage that builds
    /// has packages which the stage that ships lacks.
    ///
    /// ## Example
    /// ```image
    /// layer: COPY app /
    /// startup: entrypoint /app app library libpq.so.5
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: COPY app /
    /// startup: entrypoint /app app
    /// ```
    ///
    /// ## Fix
    /// None: install the package of the library in the stage that ships.
    ///
    /// ## References
    /// - <https://man7.org/linux/man-pages/man8/ld.so.8.html>
    EntrypointMissingLibrary = "entrypoint-missing-library",
    summary: "A library that the program needs is not in the image",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Image,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for EntrypointMissingLibrary {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        startup::report(image, sink, |file, problem| {
            let StartupProblem::MissingLibraries {
                libraries,
                needed_by,
                elsewhere,
                foreign,
            } = problem
            else {
                return None;
            };
            let named: Vec<String> = libraries
                .iter()
                .take(5)
                .map(|name| format!("`{}`", name.escape_debug()))
                .collect();
            let more = match libraries.len().saturating_sub(5) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let through = if file.path.as_deref() == Some(needed_by) {
                String::new()
            } else {
                format!(", through `/{}`", needed_by.escape_debug())
            };
            let needs = format!("{} needs {}{more}{through}", startup::shown(file), named.join(", "));
            Some(match (elsewhere.first(), foreign.first()) {
                (None, Some(foreign)) => (
                    format!(
                        "{needs}, which the image has for {} alone: `/{}`.",
                        foreign.machine.escape_debug(),
                        foreign.path.escape_debug()
                    ),
                    "Install or copy it for the platform of the image, in the stage that ships."
                        .to_owned(),
                ),
                (None, None) => (
                    format!("{needs}, of which the image has no file."),
                    "Install their packages in the stage that ships.".to_owned(),
                ),
                (Some(place), _) => (
                    format!(
                        "{needs}, which the loader does not find: `/{}` lies where it does not look.",
                        place.escape_debug()
                    ),
                    "Put it where the loader looks, name its folder in `/etc/ld.so.conf.d` and run \
                     `ldconfig`, or link with a `RUNPATH` such as `$ORIGIN/../lib`."
                        .to_owned(),
                ),
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
            "entrypoint-missing-library",
            &[
                ("another problem", "startup: cmd app - missing\n", 0),
                (
                    "a library for another processor",
                    "startup: cmd app app foreign-library libx.so.1 usr/lib/libx.so.1 arm64\n",
                    1,
                ),
                (
                    "a library that lies where nobody looks",
                    "startup: cmd app app library libx.so.1 opt/x/lib/libx.so.1\n",
                    1,
                ),
            ],
        );
    }
}
