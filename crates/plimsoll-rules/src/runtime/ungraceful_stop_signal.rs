use plimsoll_model::{Applicability, Confidence, Edit, Fix};
use plimsoll_syntax::dockerfile::InstructionKind;

use crate::base::family;
use crate::declare::declare_rule;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};
use crate::runtime::signal;

declare_rule! {
    /// ## What it does
    /// Tells that `STOPSIGNAL` is `SIGKILL` or `SIGSTOP`, by name or by number: neither can be
    /// caught.
    ///
    /// ## Why it hurts in production
    /// With `SIGKILL` the process has no moment to finish requests, write its data and release locks;
    /// with `SIGSTOP` it does not even end, and the runtime waits the whole grace period before it
    /// kills it.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// STOPSIGNAL SIGKILL
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// STOPSIGNAL SIGTERM
    /// ```
    ///
    /// ## Fix
    /// Unsafe: `SIGTERM` takes its place, which the program may not expect.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#stopsignal>
    /// - <https://man7.org/linux/man-pages/man7/signal.7.html>
    UngracefulStopSignal = "ungraceful-stop-signal",
    summary: "The stop signal leaves no time to stop",
    severity: Medium,
    confidence: High,
    category: Operability,
    depth: Dockerfile,
    aliases: ["tally/no-ungraceful-stopsignal"],
    audience: Default,
    edition: 2026,
}

impl Rule for UngracefulStopSignal {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                let InstructionKind::Stopsignal(word) = &unwrapped(view.instruction).kind else {
                    continue;
                };
                let name = file
                    .expand(&word.value, &view.step.before)
                    .and_then(|value| signal::canonical(&value));
                let what = match name.as_deref() {
                    Some("SIGKILL") => "kills the process before it can finish anything",
                    Some("SIGSTOP") => "halts the process instead of ending it",
                    _ => continue,
                };
                if family::is_windows(&file.bottom(stage).base) {
                    continue;
                }
                sink.report(
                    file.place(word.span),
                    format!("The stop signal {} {what}.", name.unwrap_or_default()),
                )
                .help("Take it out for `SIGTERM`, or name the signal on which the program stops in order.")
                .confidence(if file.ships(stage) { Confidence::High } else { Confidence::Low })
                .fix(Fix {
                    title: "Replace it by `SIGTERM`".to_owned(),
                    applicability: Applicability::Unsafe,
                    edits: vec![Edit {
                        file: file.dockerfile.source.path().to_owned(),
                        span: word.span,
                        text: "SIGTERM".to_owned(),
                    }],
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "ungraceful-stop-signal",
            &[
                ("by name", "FROM a:1\nSTOPSIGNAL SIGKILL\n", &[2]),
                ("by number", "FROM a:1\nSTOPSIGNAL 9\n", &[2]),
                ("without the prefix", "FROM a:1\nSTOPSIGNAL stop\n", &[2]),
                ("through a variable", "FROM a:1\nARG S=9\nSTOPSIGNAL $S\n", &[3]),
            ],
        );
        silent(
            "ungraceful-stop-signal",
            &[
                ("others", "FROM a:1\nSTOPSIGNAL SIGQUIT\n"),
                ("nobody knows", "FROM a:1\nARG S\nSTOPSIGNAL $S\n"),
                ("Windows has no signals", "FROM mcr.microsoft.com/windows/servercore:1\nSTOPSIGNAL 9\n"),
            ],
        );
    }
}
