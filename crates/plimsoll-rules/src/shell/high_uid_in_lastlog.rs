use plimsoll_model::{Applicability, Confidence, Edit, Fix, Span};
use plimsoll_syntax::shell::{ShellCommand, ShellWord};

use super::run::{has_option, runs};
use crate::declare::declare_rule;
use crate::project::{ProjectFile, StepView};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` makes a user with a number of six digits or more by `useradd`, without
    /// `--no-log-init`.
    ///
    /// ## Why it hurts in production
    /// `useradd` writes an entry for the user into `/var/log/lastlog` and `/var/log/faillog`, at a
    /// place its number gives. The files are sparse on disk, but a layer is not: the holes become
    /// real bytes, gigabytes for the numbers that directories hand out.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN useradd -u 1000600000 app
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN useradd -l -u 1000600000 app
    /// ```
    ///
    /// ## Fix
    /// Safe: `-l` is put in.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#user>
    HighUidInLastlog = "high-uid-in-lastlog",
    summary: "useradd with a high number and no --no-log-init bloats the layer",
    severity: Medium,
    confidence: High,
    category: Efficiency,
    depth: Dockerfile,
    aliases: ["DL3046"],
    audience: Default,
    edition: 2026,
}

impl Rule for HighUidInLastlog {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file) {
            for (script, command) in file.commands(run.view) {
                if command.program() != Some("useradd")
                    || has_option(command, &['l'], &["--no-log-init"])
                {
                    continue;
                }
                let Some((word, value, short)) = uid(command) else {
                    continue;
                };
                let number = number(file, run.view, value);
                let digits = number.as_deref().map(|number| {
                    let plain = number.bytes().all(|b| b.is_ascii_digit());
                    (plain && !number.is_empty()).then_some(number.len())
                });
                let (message, sure) = match digits {
                    Some(Some(digits)) if digits > 5 => (
                        format!(
                            "The log of last logins grows to the place of number {}, and with it the layer.",
                            number.unwrap_or_default()
                        ),
                        Confidence::High,
                    ),
                    Some(_) => continue,
                    None => (
                        "If the user's number is high here, the log of last logins bloats the layer."
                            .to_owned(),
                        Confidence::Low,
                    ),
                };
                let at = script.word_span(&command.words[0]).end;
                let program = command.words[0].raw == "useradd";
                let reported = sink
                    .report(file.place(script.word_span(word)), message)
                    .help("Give `useradd` the option `--no-log-init` (`-l`).")
                    .aliases(if short { Self::META.aliases } else { &[] })
                    .confidence(run.confidence(sure));
                if program {
                    reported.fix(Fix {
                        title: "Put `-l` in".to_owned(),
                        applicability: Applicability::Safe,
                        edits: vec![Edit {
                            file: file.dockerfile.source.path().to_owned(),
                            span: Span::new(at, at),
                            text: " -l".to_owned(),
                        }],
                    });
                }
            }
        }
    }
}

/// The word that holds the number, the number as written, and whether `-u` and a word of its own
/// give it.
fn uid(command: &ShellCommand) -> Option<(&ShellWord, &str, bool)> {
    let mut words = command.arguments().iter();
    while let Some(word) = words.next() {
        let text = word.raw.as_str();
        if let Some(value) = text.strip_prefix("--uid=") {
            return Some((word, value, false));
        }
        if text == "--uid" {
            return words.next().map(|word| (word, word.raw.as_str(), false));
        }
        let Some(letters) = text.strip_prefix('-').filter(|text| !text.starts_with('-')) else {
            continue;
        };
        match letters.split_once('u') {
            Some((_, "")) => {
                return words.next().map(|word| (word, word.raw.as_str(), true));
            }
            Some((before, value)) if before.bytes().all(|b| b.is_ascii_alphabetic()) => {
                return value
                    .starts_with(|c: char| c.is_ascii_digit())
                    .then_some((word, value, false));
            }
            _ => {}
        }
    }
    None
}

/// A number with its variables read; `None` where one is not known.
fn number(file: &ProjectFile<'_>, view: StepView<'_>, text: &str) -> Option<String> {
    let text = text.trim_matches(['"', '\'']);
    if !text.contains(['$', '`']) {
        return Some(text.to_owned());
    }
    file.expand(text, &view.step.before)
        .filter(|value| !value.is_empty() && !value.contains(['$', '`', '(']))
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent, unsure};

    const RULE: &str = "high-uid-in-lastlog";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("a word", "FROM debian:12\nRUN useradd -u 123456 a\n", &[2]),
                (
                    "glued",
                    "FROM debian:12\nRUN useradd -mu123456 a && useradd --uid=123456 b\n",
                    &[2, 2],
                ),
                (
                    "by variable",
                    "FROM debian:12\nARG U=1000000\nRUN x && \\\n  useradd -o -u \"${U}\" a\n",
                    &[4],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("no number", "FROM debian:12\nRUN useradd a\n"),
                ("a usual number", "FROM debian:12\nRUN useradd -u 10001 a\n"),
                (
                    "a usual number by variable",
                    "FROM debian:12\nARG U=1000\nRUN useradd -u $U a\n",
                ),
                (
                    "no log",
                    "FROM debian:12\nRUN useradd -ml -u 123456 a && useradd --no-log-init -u 123456 b\n",
                ),
                (
                    "another program",
                    "FROM alpine:3\nRUN adduser -u 123456 -D a\n",
                ),
            ],
        );
        unsure(
            RULE,
            &[(
                "a number that is not known",
                "FROM debian:12\nARG U\nRUN useradd -u $U a\n",
            )],
        );
    }

    #[test]
    fn the_option_goes_in_front() {
        assert_eq!(
            fixed(RULE, "FROM a:1\nRUN useradd -u 1234567 \\\n a\n", &[]),
            "FROM a:1\nRUN useradd -l -u 1234567 \\\n a\n"
        );
    }
}
