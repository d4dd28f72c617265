use plimsoll_model::{Applicability, Confidence, Edit, Fix, Span};

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::kind::ShellKind;
use crate::shell::run::{has_option, runs, written_name};

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` lets `wget` draw its progress.
    ///
    /// ## Why it hurts in production
    /// A build's log is no terminal: every 50 KB are a line of dots, thousands for one archive, and
    /// the error that matters is somewhere among them or cut off by the log's limit.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN wget https://example.com/app.tar.gz
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN wget --progress=dot:giga https://example.com/app.tar.gz
    /// ```
    ///
    /// ## Fix
    /// Unsafe: `--progress=dot:giga` is put in, `-q` where `wget` is BusyBox's.
    ///
    /// ## References
    /// - <https://www.gnu.org/software/wget/manual/wget.html>
    WgetProgressNoise = "wget-progress-noise",
    summary: "wget fills the build's log with its progress",
    severity: Info,
    confidence: High,
    category: Operability,
    depth: Dockerfile,
    aliases: ["DL3047"],
    audience: Strict,
    edition: 2026,
}

impl Rule for WgetProgressNoise {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file) {
            for (script, command) in file.commands(run.view) {
                if written_name(command) != Some("wget") {
                    continue;
                }
                let quiet = has_option(
                    command,
                    &['q', 'o', 'a'],
                    &[
                        "--progress",
                        "--quiet",
                        "--output-file",
                        "--append-output",
                        "--no-verbose",
                    ],
                ) || command.arguments().iter().any(|word| word.raw == "-nv");
                if quiet {
                    continue;
                }
                // Options may stand in a variable.
                let open = command
                    .arguments()
                    .iter()
                    .any(|word| word.raw.starts_with('$') && !word.raw.contains(['/', '.']));
                let word = &command.words[0];
                let reported = sink
                    .report(
                        file.place(script.word_span(word)),
                        "`wget` writes its progress into the log of the build.",
                    )
                    .help("Say `--progress=dot:giga`, or `-q` to see nothing at all.")
                    .confidence(run.confidence(if open {
                        Confidence::Low
                    } else {
                        Confidence::High
                    }));
                if word.raw == "wget" {
                    let at = script.word_span(word).end;
                    let option = match script.shell.kind {
                        ShellKind::BusyBox => " -q",
                        _ => " --progress=dot:giga",
                    };
                    reported.fix(Fix {
                        title: "Write less of it".to_owned(),
                        applicability: Applicability::Unsafe,
                        edits: vec![Edit {
                            file: file.dockerfile.source.path().to_owned(),
                            span: Span::new(at, at),
                            text: option.to_owned(),
                        }],
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent, unsure};

    const RULE: &str = "wget-progress-noise";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("plain", "FROM debian:12\nRUN a && \\\n wget my.xyz\n", &[3]),
                (
                    "into a file of another name",
                    "FROM debian:12\nRUN wget -O x https://e.com/x\n",
                    &[2],
                ),
                (
                    "for those who build on it",
                    "FROM debian:12\nONBUILD RUN wget x\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("dots", "FROM debian:12\nRUN wget --progress=dot:giga x\n"),
                ("quiet among others", "FROM debian:12\nRUN wget -qO- x\n"),
                ("only what matters", "FROM debian:12\nRUN wget -nv x\n"),
                ("to a file", "FROM debian:12\nRUN wget --append-output=l x\n"),
                ("to a file, short", "FROM debian:12\nRUN wget -a l x\n"),
                ("not a build", "FROM debian:12\nHEALTHCHECK CMD wget x\n"),
            ],
        );
        unsure(
            RULE,
            &[(
                "options that are not known",
                "FROM debian:12\nRUN wget $OPTIONS x\n",
            )],
        );
    }

    #[test]
    fn busybox_knows_quiet_only() {
        assert_eq!(
            fixed(RULE, "FROM alpine:3\nRUN wget x\n", &[]),
            "FROM alpine:3\nRUN wget -q x\n"
        );
    }
}
