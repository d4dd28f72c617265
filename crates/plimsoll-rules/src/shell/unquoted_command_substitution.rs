use plimsoll_model::{Applicability, Confidence, Fix};

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds `$(command)` and backquotes without double quotes among the words of a command, where
    /// the output is split at white space and its `*`, `?` and `[` are taken for file name
    /// patterns.
    ///
    /// ## Why it hurts in production
    /// One file name with a space, or a warning that the command prints beside its answer, becomes
    /// more arguments than were meant; no output becomes none. It is in the strict set because
    /// lists of packages are handed on this way, and then the splitting is the point.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN cp $(find / -name my.conf) /etc/
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN cp "$(find / -name my.conf)" /etc/
    /// ```
    ///
    /// ## Fix
    /// Unsafe: puts `$(...)` in double quotes. Output that is a list must stay as it is; backquotes
    /// are left alone.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2046>
    UnquotedCommandSubstitution = "unquoted-command-substitution",
    summary: "The output of a command is split at white space and matched against files",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2046"],
    audience: Strict,
    edition: 2026,
}

const CODES: &[u16] = &[2046];

impl Rule for UnquotedCommandSubstitution {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let quotes = || {
                let (start, end) = (slip.hint.start, slip.hint.end);
                Some(vec![
                    slip.edit(start, start, "\"".to_owned())?,
                    slip.edit(end, end, "\"".to_owned())?,
                ])
            };
            let fix = slip.written().starts_with('$').then(quotes).flatten();
            let reported = slip
                .report(
                    sink,
                    Confidence::High,
                    "The output of this command is split at white space and matched against file names.".to_owned(),
                )
                .help("Put it in double quotes, unless it is a list that is to be split.");
            if let Some(edits) = fix {
                reported.fix(Fix {
                    title: "Put the substitution in double quotes".to_owned(),
                    applicability: Applicability::Unsafe,
                    edits,
                });
            }
        }
    }
}
