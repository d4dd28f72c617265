use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds sets in brackets (`tr` takes the brackets literally), sets without quotes that match
    /// file names, words where sets are meant, and `a-z`, which leaves letters with accents out.
    ///
    /// ## Why it hurts in production
    /// Characters are replaced that nobody meant, or a file in the folder changes what the command
    /// does.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN tr '[a-z]' '[A-Z]' < /in > /out
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN tr '[:lower:]' '[:upper:]' < /in > /out
    /// ```
    ///
    /// ## Fix
    /// None.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2021>
    OddTrSet = "odd-tr-set",
    summary: "A set of `tr` that means something else than it seems to",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2021", "SC2018", "SC2019", "SC2020", "SC2060"],
    audience: Strict,
    edition: 2026,
}

const CODES: &[u16] = &[2018, 2019, 2020, 2021, 2060];

impl Rule for OddTrSet {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let (message, help) = match slip.code() {
                2060 => (
                    "Without quotes this matches file names first.",
                    "Put it in single quotes.",
                ),
                2020 => (
                    "`tr` replaces single characters, and one is in here twice.",
                    "Use `sed` to replace words.",
                ),
                2021 => (
                    "`tr` takes the brackets for characters of their own.",
                    "Leave them out, or name a class such as `[:lower:]`.",
                ),
                _ => (
                    "This leaves letters with accents out.",
                    "Write `[:lower:]` or `[:upper:]`.",
                ),
            };
            slip.report(sink, Confidence::High, message.to_owned()).help(help);
        }
    }
}
