use plimsoll_model::StartupProblem;

use super::startup;
use crate::declare::declare_rule;
use crate::rule::{ImageFacts, Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the program the image starts asks for an interpreter that is not there: the one behind
    /// `#!` of a script, or the loader of a program that is linked dynamically. A carriage return at the end
    /// of a script's first line is told as such.
    ///
    /// ## Why it hurts in production
    /// The container ends with `no such file or directory`, about a file that is there for everybody to see.
    /// Usual causes are a script for bash on Alpine, a program built for glibc on musl or in an empty image,
    /// and line ends of Windows.
    ///
    /// ## Example
    /// ```image
    /// layer: COPY start.sh /
    /// startup: entrypoint /start.sh start.sh interpreter /bin/bash
    /// ```
    ///
    /// ## Use instead
    /// ```image
    /// layer: COPY start.sh /
    /// startup: entrypoint /start.sh start.sh
    /// ```
    ///
    /// ## Fix
    /// None: install the interpreter, link the program statically, or build it on the distribution it ships
    /// with.
    ///
    /// ## References
    /// - <https://man7.org/linux/man-pages/man2/execve.2.html>
    EntrypointMissingInterpreter = "entrypoint-missing-interpreter",
    summary: "What is to load or read the program is not in the image",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Image,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for EntrypointMissingInterpreter {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {
        startup::report(image, sink, |file, problem| {
            let StartupProblem::MissingInterpreter {
                interpreter,
                is_relative,
                carriage_return,
            } = problem
            else {
                return None;
            };
            let (wants, help) = if *carriage_return {
                (
                    "with a carriage return behind it, as its lines end like those of Windows",
                    "Save it with line ends of Unix, and hold them by a line in `.gitattributes`.",
                )
            } else if *is_relative {
                (
                    "which is looked for where the program is started, and is not there",
                    "Begin the script with the whole path of its interpreter, such as `#!/bin/sh`, \
                     or with `#!/usr/bin/env`.",
                )
            } else {
                (
                    "which is not in the image",
                    "Install it, or start a program that needs none.",
                )
            };
            Some((
                format!(
                    "{} asks to be run by `{}`, {wants}.",
                    startup::shown(file),
                    interpreter.escape_debug()
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
            "entrypoint-missing-interpreter",
            &[
                ("line ends", "layer: a\nstartup: cmd /a a carriage-return /bin/sh\n", 1),
                ("a name alone", "layer: a\nstartup: cmd /a a relative-interpreter bash\n", 1),
                ("another problem", "startup: cmd app - missing\n", 0),
            ],
        );
    }
}
