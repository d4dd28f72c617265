use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::run::{has_option, runs};

declare_rule! {
    /// ## What it does
    /// Tells that `bootsnap precompile` runs on all processors (no `-j 1`) in a file that is built for
    /// several platforms, as `$BUILDPLATFORM` or `$TARGETPLATFORM` in it tells.
    ///
    /// ## Why it hurts in production
    /// Under emulation its worker processes hang or crash: the build for the other architecture fails now
    /// and then, and nobody sees why.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM --platform=$TARGETPLATFORM ruby:3.4
    /// RUN bundle exec bootsnap precompile app/ lib/
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM --platform=$TARGETPLATFORM ruby:3.4
    /// RUN bundle exec bootsnap precompile -j 1 app/ lib/
    /// ```
    ///
    /// ## Fix
    /// None: a build without emulation is the other way.
    ///
    /// ## References
    /// - <https://github.com/rails/bootsnap#precompilation>
    ParallelBootsnap = "parallel-bootsnap",
    summary: "bootsnap precompiles in parallel, which emulation does not bear",
    severity: Low,
    confidence: Medium,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["tally/ruby/bootsnap-precompile-without-j1"],
    audience: Default,
    edition: 2026,
}

impl Rule for ParallelBootsnap {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let source = file.dockerfile.source.bytes();
        let names = |word: &[u8]| source.windows(word.len()).any(|window| window == word);
        for run in runs(file).filter(|run| run.built) {
            for (script, command) in file.commands(run.view) {
                let calls = command
                    .words
                    .windows(2)
                    .any(|pair| pair[0].raw.ends_with("bootsnap") && pair[1].raw == "precompile");
                if !calls
                    || has_option(command, &['j'], &["--jobs"])
                    || command.depth > 0
                    || !(names(b"BUILDPLATFORM") || names(b"TARGETPLATFORM"))
                {
                    continue;
                }
                sink.report(
                    file.place(script.command_span(command)),
                    "Under emulation these parallel workers hang or crash.",
                )
                .help("Give it `-j 1`.");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    const RULE: &str = "parallel-bootsnap";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("by its own name", "FROM --platform=$BUILDPLATFORM ruby:3\nRUN a && \\\n bin/bootsnap precompile --gemfile\n", &[3]),
                ("through bundler", "FROM ruby:3\nARG TARGETPLATFORM\nRUN bundle exec bootsnap precompile app/\n", &[3]),
            ],
        );
        silent(
            RULE,
            &[
                ("one worker", "FROM --platform=$BUILDPLATFORM ruby:3\nRUN bundle exec bootsnap precompile -j 1 app/\n"),
                ("one platform", "FROM ruby:3\nRUN bundle exec bootsnap precompile app/\n"),
            ],
        );

    }
}
