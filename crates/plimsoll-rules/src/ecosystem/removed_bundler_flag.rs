use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::run::runs;

declare_rule! {
    /// ## What it does
    /// Tells that `bundle install` is given an option that Bundler took away: `--without`, `--deployment`,
    /// `--path`, `--with`, `--no-prune`, `--system`.
    ///
    /// ## Why it hurts in production
    /// Bundler 4 refuses them. The day the base image brings it, the build stops, or, where the option was
    /// dropped to make it go on, the gems of development ship.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM ruby:3.4
    /// RUN bundle install --without development test
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM ruby:3.4
    /// ENV BUNDLE_WITHOUT=development:test
    /// RUN bundle install
    /// ```
    ///
    /// ## Fix
    /// None: where the setting is to hold is the author's to say.
    ///
    /// ## References
    /// - <https://bundler.io/man/bundle-config.1.html>
    RemovedBundlerFlag = "removed-bundler-flag",
    summary: "bundle install is given an option that Bundler took away",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["tally/ruby/deprecated-bundler-install-flags"],
    audience: Default,
    edition: 2026,
}

impl Rule for RemovedBundlerFlag {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file) {
            for (script, command) in file.commands(run.view) {
                if command.program() != Some("bundle")
                    || !command
                        .arguments()
                        .first()
                        .is_some_and(|word| matches!(word.raw.as_str(), "install" | "update"))
                {
                    continue;
                }
                for word in command.arguments() {
                    let name = word.raw.split('=').next().unwrap_or_default();
                    let instead = match name {
                        "--without" => "ENV BUNDLE_WITHOUT=…",
                        "--with" => "ENV BUNDLE_WITH=…",
                        "--deployment" => "ENV BUNDLE_DEPLOYMENT=1",
                        "--path" => "ENV BUNDLE_PATH=…",
                        "--no-prune" => "ENV BUNDLE_NO_PRUNE=1",
                        "--system" => "ENV BUNDLE_PATH__SYSTEM=1",
                        _ => continue,
                    };
                    sink.report(
                        file.place(script.word_span(word)),
                        format!("Bundler took `{name}` away: version 4 refuses it."),
                    )
                    .help(format!("Set it for all of the image: `{instead}`."))
                    .confidence(run.confidence(Confidence::High));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "removed-bundler-flag";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("two of them", "FROM ruby:3\nRUN bundle install --jobs 4 \\\n --deployment --path=/gems\n", &[3, 3]),
                ("an update", "FROM ruby:3\nRUN bundle update --with x\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                ("none", "FROM ruby:3\nRUN bundle install --jobs 4 --retry 3\n"),
                ("as settings", "FROM ruby:3\nRUN bundle config set --local without test && bundle install\n"),
                ("another program", "FROM ruby:3\nRUN bundle exec x --path y\n"),
            ],
        );
        unsure(
            RULE,
            &[
                ("a stage that is not built", "FROM ruby:3 AS t\nRUN bundle install --system\nFROM scratch\n"),
            ],
        );

    }
}
