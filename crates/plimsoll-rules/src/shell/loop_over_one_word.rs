use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds `for` loops over a single word that does not become several: a literal, a quoted
    /// expansion, a list with commas.
    ///
    /// ## Why it hurts in production
    /// The list was meant to be split and is not. It is in the strict set because a list that has
    /// come down to one entry is kept as a loop on purpose.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN for dir in "$DIRS"; do mkdir "$dir"; done
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN for dir in $DIRS; do mkdir "$dir"; done
    /// ```
    ///
    /// ## Fix
    /// None: how the words are to be separated is for its author to say.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2043>
    LoopOverOneWord = "loop-over-one-word",
    summary: "A loop that runs once",
    severity: Low,
    confidence: Medium,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2043", "SC2041", "SC2042", "SC2066"],
    audience: Strict,
    edition: 2026,
}

const CODES: &[u16] = &[2041, 2042, 2043, 2066];

impl Rule for LoopOverOneWord {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let message = match slip.code() {
                2042 => "The commas are part of the word: this loop runs once.",
                2041 => "This is one literal word: the loop runs once.",
                2066 => "The quotes keep this in one piece: the loop runs once.",
                _ => "This is a single word: the loop runs once.",
            };
            slip.report(sink, Confidence::Medium, message.to_owned())
                .help("Separate the words with spaces, outside of quotes.");
        }
    }
}
