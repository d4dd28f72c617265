use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::hints;

declare_rule! {
    /// ## What it does
    /// Finds `export NAME=$(command)`, and `local`, `readonly` and `declare` likewise: the status
    /// that counts is that of `export`, and that is always success. Commands that hardly ever fail
    /// (`mktemp`, `nproc`, `uname`, `dirname` and the like) are left to those who ask.
    ///
    /// ## Why it hurts in production
    /// When the command fails, neither `&&` nor `set -e` stops the build: it goes on with an empty
    /// variable, and an image comes out that was built of the wrong version or nothing.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN export VERSION="$(curl -fsS https://example.org/latest)" && /install "$VERSION"
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN VERSION="$(curl -fsS https://example.org/latest)" && export VERSION && /install "$VERSION"
    /// ```
    ///
    /// ## Fix
    /// None: whether what follows should still run is for its author to say.
    ///
    /// ## References
    /// - <https://www.shellcheck.net/wiki/SC2155>
    MaskedExitStatus = "masked-exit-status",
    summary: "A failing command is hidden by the `export` around it",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["SC2155"],
    audience: Default,
    edition: 2026,
}

const CODES: &[u16] = &[2155];

impl Rule for MaskedExitStatus {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for slip in hints::of(file, CODES) {
            let confidence = match hardly_fails(slip.written()) {
                true => Confidence::Low,
                false => Confidence::High,
            };
            let name = slip.subject().escape_debug();
            slip.report(
                sink,
                confidence,
                format!("If the command that gives `{name}` fails, nobody notices: the declaration around it succeeds."),
            )
            .help("Assign first and export afterwards: `NAME=\"$(command)\" && export NAME`.");
        }
    }
}

/// Whether what is substituted starts with a command that has no reason to fail.
fn hardly_fails(assignment: &str) -> bool {
    let Some((_, command)) = assignment.split_once("$(").or(assignment.split_once('`')) else {
        return false;
    };
    let command = command.trim_start();
    let end = command
        .find(|c: char| c.is_whitespace() || matches!(c, ')' | '`'))
        .unwrap_or(command.len());
    matches!(
        &command[..end],
        "mktemp" | "nproc" | "uname" | "dirname" | "basename" | "pwd" | "date" | "whoami" | "id"
            | "echo" | "printf" | "arch" | "hostname" | "getconf"
    )
}
