use plimsoll_model::{Applicability, Confidence, Edit, Fix};
use plimsoll_syntax::dockerfile::InstructionKind;

use crate::base::family;
use crate::declare::declare_rule;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};
use crate::runtime::signal;

declare_rule! {
    /// ## What it does
    /// Tells that `STOPSIGNAL` writes its signal in another way than manuals do: by number, without
    /// `SIG`, in lower case or in quotes.
    ///
    /// ## Why it hurts in production
    /// Readers have to look up what 3 is, and numbers above 31 are not the same signal everywhere.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// STOPSIGNAL quit
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// STOPSIGNAL SIGQUIT
    /// ```
    ///
    /// ## Fix
    /// Safe: the same signal by its name.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#stopsignal>
    /// - <https://man7.org/linux/man-pages/man7/signal.7.html>
    StopSignalSpelling = "stop-signal-spelling",
    summary: "The stop signal is not written by its name",
    severity: Info,
    confidence: High,
    category: Operability,
    depth: Dockerfile,
    aliases: ["tally/prefer-canonical-stopsignal"],
    audience: Strict,
    edition: 2026,
}

impl Rule for StopSignalSpelling {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            for view in file.steps(stage) {
                let InstructionKind::Stopsignal(word) = &unwrapped(view.instruction).kind else {
                    continue;
                };
                let Some(name) = signal::canonical(&word.value).filter(|name| *name != word.value)
                else {
                    continue;
                };
                if family::is_windows(&file.bottom(stage).base) || view.step.triggered {
                    continue;
                }
                sink.report(
                    file.place(word.span),
                    format!("The stop signal `{}` is {name}.", word.value.escape_debug()),
                )
                .help(format!("Write `STOPSIGNAL {name}`."))
                .confidence(if stage.reaches_target { Confidence::High } else { Confidence::Low })
                .fix(Fix {
                    title: format!("Write `{name}`"),
                    applicability: Applicability::Safe,
                    edits: vec![Edit {
                        file: file.dockerfile.source.path().to_owned(),
                        span: word.span,
                        text: name,
                    }],
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent};

    #[test]
    fn cases() {
        fires(
            "stop-signal-spelling",
            &[
                ("a number", "FROM a:1\nSTOPSIGNAL 15\n", &[2]),
                ("no prefix", "FROM a:1\nSTOPSIGNAL QUIT\n", &[2]),
                ("in quotes", "FROM a:1\nSTOPSIGNAL \"SIGINT\"\n", &[2]),
                ("real time", "FROM a:1\nSTOPSIGNAL RTMIN+3\n", &[2]),
            ],
        );
        silent(
            "stop-signal-spelling",
            &[
                ("its name", "FROM a:1\nSTOPSIGNAL SIGRTMIN+3\n"),
                ("a variable", "FROM a:1\nARG S=9\nSTOPSIGNAL $S\n"),
                ("not a signal", "FROM a:1\nSTOPSIGNAL please\n"),
            ],
        );
        assert_eq!(
            fixed("stop-signal-spelling", "FROM a:1\nSTOPSIGNAL 3\n", &[]),
            "FROM a:1\nSTOPSIGNAL SIGQUIT\n"
        );
    }
}
