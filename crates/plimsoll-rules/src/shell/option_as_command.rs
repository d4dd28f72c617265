use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds commands whose name begins with a dash, is empty, or ends in a bracket, a comma, a
    /// quote or another sign that no program's name ends with.
    ///
    /// ## Why it hurts in production
    /// A line break or an `&&` is one word too early, so that the options of one command run as
    /// another: it fails, or an option of `RUN` that stands too late has no effect.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN apt-get install -y curl; --no-install-recommends
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN apt-get install -y curl --no-install-recommends
    /// ```
    ///
    /// ## Fix
    /// None.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2215>
    OptionAsCommand = "option-as-command",
    summary: "An option, or a scrap of text, is run as a command",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2215", "SC2286", "SC2287", "SC2288", "SC2289"],
    audience: Default,
    edition: 2026,
}

const CODES: &[u16] = &[2215, 2286, 2287, 2288, 2289];

impl Rule for OptionAsCommand {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            // Another rule tells of JSON that is broken in CMD and ENTRYPOINT.
            if slip.written().starts_with('[') && !slip.in_run {
                continue;
            }
            let written = slip.written().escape_debug();
            let message = match slip.code() {
                2215 => format!("`{written}` stands where a command is expected."),
                2286 => "An empty string stands where a command is expected.".to_owned(),
                _ => format!("`{written}` is run as a command, and hardly is one."),
            };
            slip.report(sink, Confidence::High, message)
                .help("Look for a line break, an `&&` or a quote in the wrong place.");
        }
    }
}
