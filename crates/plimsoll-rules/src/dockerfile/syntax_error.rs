use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Reports every place that the Dockerfile grammar does not allow. The rest of the file is
    /// still checked.
    ///
    /// ## Why it hurts in production
    /// The build stops there, or worse: reads something else than was meant.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12.11
    /// RNU apt-get update
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12.11
    /// RUN apt-get update
    /// ```
    ///
    /// ## Fix
    /// None: what was meant is a guess.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/>
    SyntaxError = "syntax-error",
    summary: "The file breaks the Dockerfile grammar",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["DL1000"],
    default: true,
}

impl Rule for SyntaxError {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for error in file.errors.iter().chain(&file.resolution.errors) {
            sink.report(file.place(error.span), sentence(&error.message));
        }
    }
}

/// The parser's words with a capital and a full stop.
fn sentence(message: &str) -> String {
    let mut letters = message.trim_end_matches('.').chars();
    let first: String = letters
        .next()
        .iter()
        .flat_map(|c| c.to_uppercase())
        .collect();
    format!("{first}{}.", letters.as_str().replace('\n', " "))
}
