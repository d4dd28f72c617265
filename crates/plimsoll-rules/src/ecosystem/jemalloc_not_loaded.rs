use crate::declare::declare_rule;
use crate::package::call;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the image that ships installs jemalloc's library and nothing loads it: neither
    /// `LD_PRELOAD` nor `MALLOC_CONF` is set, and no link option or preload file names it.
    ///
    /// ## Why it hurts in production
    /// The package lies there and the program goes on with the allocator it had: its memory grows as
    /// before, and everybody believes that this was taken care of.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM ruby:3.4-slim
    /// RUN apt-get update && apt-get install -y libjemalloc2
    /// CMD ["bin/rails", "server"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM ruby:3.4-slim
    /// RUN apt-get update && apt-get install -y libjemalloc2
    /// ENV LD_PRELOAD=libjemalloc.so.2
    /// CMD ["bin/rails", "server"]
    /// ```
    ///
    /// ## Fix
    /// None: an entrypoint script may be the better place.
    ///
    /// ## References
    /// - <https://jemalloc.net/jemalloc.3.html>
    JemallocNotLoaded = "jemalloc-not-loaded",
    summary: "jemalloc is installed and not loaded",
    severity: Low,
    confidence: Medium,
    category: Efficiency,
    depth: Dockerfile,
    aliases: ["tally/ruby/jemalloc-installed-but-not-preloaded"],
    audience: Default,
    edition: 2026,
}

impl Rule for JemallocNotLoaded {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(target) = file.target() else { return };
        let variables = &target.end.variables;
        if ["LD_PRELOAD", "MALLOC_CONF", "MALLOC_ARENA_MAX"]
            .iter()
            .any(|name| variables.contains_key(*name))
        {
            return;
        }
        // A program that is built here may be linked with it, a script may load it.
        let ruby = file.shipped_chain().iter().any(|stage| {
            matches!(&stage.base, plimsoll_syntax::dockerfile::Base::Image(name)
                if name.starts_with("ruby:") || name.contains("/ruby:"))
        });
        if !ruby || file.entry_script().is_some() {
            return;
        }
        let source = file.dockerfile.source.bytes();
        let count = source
            .windows(b"jemalloc".len())
            .filter(|window| window.eq_ignore_ascii_case(b"jemalloc"))
            .count();
        // Whatever else names it may load it.
        if count != 1 {
            return;
        }
        for view in file.shipped_steps() {
            for (script, command) in file.commands(view) {
                let Some(call) = call::call(command) else {
                    continue;
                };
                let found = call.packages.iter().find(|word| {
                    matches!(
                        word.literal.as_deref(),
                        Some("libjemalloc2" | "libjemalloc1" | "jemalloc")
                    )
                });
                if let (Some(word), call::Action::Install) = (found, call.action) {
                    sink.report(
                        file.place(script.word_span(word)),
                        "jemalloc is installed here and nothing loads it.",
                    )
                    .help("Set `LD_PRELOAD` to the library, or leave it out.");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    const RULE: &str = "jemalloc-not-loaded";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("on Alpine", "FROM ruby:3-alpine\nRUN apk add --no-cache \\\n jemalloc\n", &[3]),
                ("in a stage below", "FROM ruby:3 AS b\nRUN apt-get install libjemalloc2\nFROM b\nCMD x\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                ("loaded", "FROM ruby:3\nRUN apt-get install libjemalloc2\nENV LD_PRELOAD=libjemalloc.so.2\n"),
                ("loaded by its start", "FROM ruby:3\nRUN apt-get install libjemalloc2\nCMD LD_PRELOAD=/usr/lib/libjemalloc.so.2 rails\n"),
                ("perhaps linked", "FROM debian:12\nRUN apt-get install libjemalloc2\n"),
                ("a stage that does not ship", "FROM ruby:3 AS b\nRUN apt-get install libjemalloc2\nFROM ruby:3\n"),
            ],
        );

    }
}
