use plimsoll_model::{Applicability, Confidence, Fix};

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds `egrep` and `fgrep`, which newer systems warn about, and operations of `expr` that
    /// POSIX does not define.
    ///
    /// ## Why it hurts in production
    /// GNU grep 3.8 prints a warning for each call, and some systems have left them out.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN egrep -q "a|b" /etc/app.conf
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN grep -E -q "a|b" /etc/app.conf
    /// ```
    ///
    /// ## Fix
    /// Safe for `egrep` and `fgrep`: writes `grep -E` or `grep -F`.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2196>
    NonportableCommand = "nonportable-command",
    summary: "A command that newer systems warn about or lack",
    severity: Info,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2196", "SC2197", "SC2308"],
    audience: Strict,
    edition: 2026,
}

const CODES: &[u16] = &[2196, 2197, 2308];

impl Rule for NonportableCommand {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let name = slip.subject().escape_debug();
            let replacement = match slip.subject() {
                "egrep" => Some("grep -E"),
                "fgrep" => Some("grep -F"),
                _ => None,
            };
            let fix = replacement.and_then(|text| {
                let edit = slip.edit(slip.hint.start, slip.hint.end, text.to_owned())?;
                Some(Fix {
                    title: format!("Write `{text}`"),
                    applicability: Applicability::Safe,
                    edits: vec![edit],
                })
            });
            let help = match slip.code() {
                2308 => "Use `cut`, `${name#prefix}` or `${#name}`.",
                2197 => "Write `grep -F`.",
                _ => "Write `grep -E`.",
            };
            let reported = slip
                .report(
                    sink,
                    Confidence::High,
                    format!("`{name}` is not in POSIX, and newer systems warn about it or lack it."),
                )
                .help(help);
            if let Some(fix) = fix {
                reported.fix(fix);
            }
        }
    }
}
