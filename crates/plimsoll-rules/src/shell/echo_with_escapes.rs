use plimsoll_model::Confidence;

use crate::shell::kind::ShellKind;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds `echo` with escapes such as `\n` and `\t` in its text. Dash expands them; Bash and
    /// BusyBox print a backslash and a letter. It speaks up where the shell of the stage is one
    /// that does not, and where the shell is not known only to those who ask.
    ///
    /// ## Why it hurts in production
    /// A configuration file of several lines comes out as one, and the program that reads it fails
    /// or takes its defaults. The same line works again on another base image.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM alpine:3.20
    /// RUN echo "[main]\nkey=value" > /etc/app.ini
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM alpine:3.20
    /// RUN printf '[main]\nkey=value\n' > /etc/app.ini
    /// ```
    ///
    /// ## Fix
    /// None: `printf` takes its first argument as a format, so a `%` in the text has to be looked
    /// at.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2028>
    EchoWithEscapes = "echo-with-escapes",
    summary: "Whether `echo` expands `\\n` depends on the shell",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2028"],
    audience: Default,
    edition: 2026,
}

const CODES: &[u16] = &[2028];

impl Rule for EchoWithEscapes {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let (confidence, who) = match slip.shell.kind {
                ShellKind::Bash | ShellKind::BashAsSh => (Confidence::High, "Bash"),
                ShellKind::BusyBox => (Confidence::High, "BusyBox"),
                _ => (Confidence::Low, "Not every shell"),
            };
            let message = match who {
                "Not every shell" => "Not every shell expands the escapes in what `echo` is given.".to_owned(),
                who => format!("{who} does not expand the escapes in what this `echo` is given."),
            };
            slip.report(sink, confidence, message)
                .help("Use `printf`, which expands them everywhere.");
        }
    }
}
