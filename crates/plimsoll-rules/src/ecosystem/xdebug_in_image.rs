use plimsoll_syntax::shell::ShellCommand;

use crate::declare::declare_rule;
use crate::package::call;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the image that ships installs or enables PHP's debugger Xdebug.
    ///
    /// ## Why it hurts in production
    /// It slows every request, and in debug mode it connects to whoever asks by a header or a cookie and
    /// lets him read variables and run code.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM php:8.4-fpm
    /// RUN pecl install xdebug && docker-php-ext-enable xdebug
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM php:8.4-fpm AS base
    /// FROM base AS dev
    /// RUN pecl install xdebug && docker-php-ext-enable xdebug
    /// FROM base AS production
    /// ```
    ///
    /// ## Fix
    /// None: whoever develops with it needs a stage of their own.
    ///
    /// ## References
    /// - <https://xdebug.org/docs/all_settings#mode>
    XdebugInImage = "xdebug-in-image",
    summary: "PHP's debugger is in the image that ships",
    severity: Medium,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["tally/php/no-xdebug-in-final-image"],
    audience: Default,
    edition: 2026,
}

impl Rule for XdebugInImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let is_for_work = file.target().and_then(|stage| stage.name.as_deref()).is_some_and(|name| {
            ["dev", "test", "debug", "ci", "local"]
                .iter()
                .any(|word| name.split(['-', '_', '.']).any(|part| part.starts_with(word)))
        });
        if is_for_work {
            return;
        }
        for view in file.shipped_steps() {
            let found = file
                .commands(view)
                .find(|(_, command)| installs(command) && command.depth == 0);
            if let Some((script, command)) = found {
                sink.report(
                    file.place(script.command_span(command)),
                    "The debugger ships: it slows every request and opens a way in.",
                )
                .help("Install it in a stage for development on top of this one.");
            }
        }
    }
}

fn installs(command: &ShellCommand) -> bool {
    let names = || {
        command
            .arguments()
            .iter()
            .any(|word| word.raw.trim_matches(['"', '\'']).starts_with("xdebug"))
    };
    match command.program() {
        Some("pecl" | "pie") => {
            names() && command.arguments().iter().any(|word| word.raw == "install")
        }
        Some("docker-php-ext-install" | "docker-php-ext-enable" | "install-php-extensions") => {
            names()
        }
        _ => call::call(command).is_some_and(|call| {
            call.action == call::Action::Install && call.names().any(|name| name.contains("xdebug"))
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    const RULE: &str = "xdebug-in-image";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("a version of it", "FROM php:8\nRUN a && \\\n pecl install xdebug-3.4.0\n", &[3]),
                ("as a package", "FROM alpine:3\nRUN apk add php83-pecl-xdebug\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                ("a stage for it", "FROM php:8 AS dev\nRUN pecl install xdebug\nFROM php:8\n"),
                ("an image for it", "FROM php:8 AS php-dev\nRUN pecl install xdebug\n"),
                ("on demand", "FROM php:8\nARG D\nRUN if [ \"$D\" ]; then pecl install xdebug; fi\n"),
                ("another extension", "FROM php:8\nRUN pecl install redis\n"),
            ],
        );

    }
}
