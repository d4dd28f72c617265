use plimsoll_model::{Applicability, Confidence, Fix};

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds `$name` and `${name}` without quotes where the shell splits the value at white space
    /// and takes `*`, `?` and `[` in it for file name patterns. Quiet where the value is known to
    /// be one plain word: what the script itself set to one, and what `ARG` and `ENV` declare.
    ///
    /// ## Why it hurts in production
    /// A path with a space becomes two arguments, an empty value none at all, and a `*` in a value
    /// becomes a list of files. It is in the strict set because in Dockerfiles most such values
    /// come from a pipe a line above and are what they look like, and a few are split on purpose.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN tag=$(cat /version) && mkdir /opt/$tag
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN tag=$(cat /version) && mkdir "/opt/$tag"
    /// ```
    ///
    /// ## Fix
    /// Unsafe: puts the expansion in double quotes. A list of packages in one variable must stay as
    /// it is.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2086>
    UnquotedExpansion = "unquoted-expansion",
    summary: "A variable without quotes is split at white space and matched against files",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2086", "SC2223"],
    audience: Strict,
    edition: 2026,
}

const CODES: &[u16] = &[2086, 2223];

impl Rule for UnquotedExpansion {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let name = slip.subject().escape_debug();
            let quotes = || {
                let (start, end) = (slip.hint.start, slip.hint.end);
                Some(vec![
                    slip.edit(start, start, "\"".to_owned())?,
                    slip.edit(end, end, "\"".to_owned())?,
                ])
            };
            let fix = (slip.code() == 2086).then(quotes).flatten();
            let message = format!("`{name}` has no quotes: its value is split at white space and matched against file names.");
            let reported = slip
                .report(sink, Confidence::High, message)
                .help("Put it in double quotes, unless it holds a list that is to be split.");
            if let Some(edits) = fix {
                reported.fix(Fix {
                    title: "Put the expansion in double quotes".to_owned(),
                    applicability: Applicability::Unsafe,
                    edits,
                });
            }
        }
    }
}
