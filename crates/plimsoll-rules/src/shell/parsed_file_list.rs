use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds lists of files or processes that are passed on as text: `find | xargs` without
    /// `-print0`, `ls` into a pipe, loops over the output of `find` or `ls`, and loops over a
    /// file's lines.
    ///
    /// ## Why it hurts in production
    /// A name with a space or a line end becomes two, and the command works on files that nobody
    /// named. In a build the names are mostly known, hence the strict set.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN find /src -name "*.pyc" | xargs rm
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN find /src -name "*.pyc" -exec rm {} +
    /// ```
    ///
    /// ## Fix
    /// None: which of the ways out fits depends on what is done with the names.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2038>
    ParsedFileList = "parsed-file-list",
    summary: "File names are read from text that does not hold them safely",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2038", "SC2009", "SC2010", "SC2011", "SC2012", "SC2013", "SC2044", "SC2045"],
    audience: Strict,
    edition: 2026,
}

const CODES: &[u16] = &[2009, 2010, 2011, 2012, 2013, 2038, 2044, 2045];

impl Rule for ParsedFileList {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let (message, help) = match slip.code() {
                2038 => (
                    "`xargs` splits what `find` prints at every space and quote.",
                    "Write `find … -exec command {} +`, or `-print0` and `xargs -0`.",
                ),
                2009 => (
                    "This searches the list of processes as text, itself included.",
                    "Use `pgrep`.",
                ),
                2010..=2012 => (
                    "What `ls` prints is for people: names with odd characters come out changed.",
                    "Use a pattern, or `find`.",
                ),
                2013 => (
                    "This loop runs for every word, not for every line.",
                    "Use `while read -r line`, with the file behind `<`.",
                ),
                _ => (
                    "This loop splits file names at every space.",
                    "Use a pattern, or `find … -exec`.",
                ),
            };
            slip.report(sink, Confidence::High, message.to_owned()).help(help);
        }
    }
}
