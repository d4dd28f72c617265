use plimsoll_model::{Applicability, Confidence, Edit, Fix, Span};

use super::fetch::{self, Output, Tool, verifies};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::run::{piped_between, runs};

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` keeps what `curl` fetches, as a file or through a pipe, and `curl` was not
    /// told to fail when the server says no (`--fail`).
    ///
    /// ## Why it hurts in production
    /// To `curl` a page that says "404 Not Found" is a good answer. It becomes the file, the key or
    /// the script, the build goes on, and what breaks, breaks somewhere else.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN curl -sSLo /etc/app/model.bin https://example.com/model.bin
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN curl -fsSLo /etc/app/model.bin https://example.com/model.bin
    /// ```
    ///
    /// ## Fix
    /// Unsafe: `--fail` is put in. A build that lived with the error page stops.
    ///
    /// ## References
    /// - <https://curl.se/docs/manpage.html#-f>
    CurlWithoutFail = "curl-without-fail",
    summary: "curl takes an error page for the file",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for CurlWithoutFail {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file) {
            for script in file.scripts(run.view) {
                let commands = &script.script.commands;
                let mut compared = None;
                for (at, command) in commands.iter().enumerate() {
                    let Some(fetch) = fetch::fetch(command) else {
                        continue;
                    };
                    if fetch.tool != Tool::Curl
                        || fetch.fails
                        || fetch.is_open
                        || !fetch.is_plain
                        || fetch.urls.is_empty()
                        || command.substituted
                    {
                        continue;
                    }
                    let end = command.range().1;
                    let next = commands.get(at + 1);
                    let piped =
                        next.is_some_and(|next| piped_between(script, end, next.range().0));
                    let kept = match fetch.output {
                        Output::Nowhere => false,
                        Output::File(_) | Output::Remote => true,
                        Output::Stdout => piped || !command.writes.is_empty(),
                    };
                    // These refuse an error page themselves.
                    let refused = piped
                        && next.is_some_and(|next| {
                            matches!(
                                next.program(),
                                Some("tar" | "gpg" | "apt-key" | "jq" | "gunzip" | "unxz" | "bsdtar")
                            )
                        });
                    if !kept || refused || *compared.get_or_insert_with(|| commands.iter().any(verifies)) {
                        continue;
                    }
                    let word = &command.words[command.words.len() - command.arguments().len() - 1];
                    let place = script.word_span(word);
                    let reported = sink
                        .report(
                            file.place(place),
                            "If the server answers with an error, `curl` keeps the page that says so.",
                        )
                        .help("Add `--fail` (`-f`), so that the build stops.")
                        .confidence(run.confidence(Confidence::High));
                    if word.raw == "curl" {
                        reported.fix(Fix {
                            title: "Add `--fail`".to_owned(),
                            applicability: Applicability::Unsafe,
                            edits: vec![Edit {
                                file: file.dockerfile.source.path().to_owned(),
                                span: Span::new(place.end, place.end),
                                text: " --fail".to_owned(),
                            }],
                        });
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent, unsure};

    const RULE: &str = "curl-without-fail";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "to a file of its name",
                    "FROM debian:12\nRUN a && \\\n curl -LO https://e.com/x\n",
                    &[3],
                ),
                (
                    "by redirection",
                    "FROM debian:12\nRUN curl -s https://e.com/x > /x\n",
                    &[2],
                ),
                (
                    "into a shell",
                    "FROM debian:12\nRUN curl -sL https://e.com/x | bash\n",
                    &[2],
                ),
                (
                    "as root",
                    "FROM debian:12\nRUN sudo curl -o /x https://e.com/x\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("told", "FROM debian:12\nRUN curl -fsSLo x https://e.com/x\n"),
                (
                    "told at length",
                    "FROM debian:12\nRUN curl --fail-with-body -O https://e.com/x\n",
                ),
                (
                    "refused by what reads it",
                    "FROM debian:12\nRUN curl -sL https://e.com/x | tar xz\n",
                ),
                (
                    "compared",
                    "FROM debian:12\nRUN curl -O https://e.com/x && sha256sum -c /sums\n",
                ),
                ("not kept", "FROM debian:12\nRUN curl https://e.com/ping\n"),
                (
                    "not a download",
                    "FROM debian:12\nRUN curl -X POST -o answer https://e.com/x\n",
                ),
                (
                    "another program",
                    "FROM debian:12\nRUN wget https://e.com/x\n",
                ),
            ],
        );
        unsure(
            RULE,
            &[(
                "a stage that is not built",
                "FROM debian:12 AS t\nRUN curl -O https://e.com/x\nFROM scratch\n",
            )],
        );
    }

    #[test]
    fn the_option_goes_behind_the_program() {
        assert_eq!(
            fixed(RULE, "FROM a:1\nRUN sudo curl -o x https://e.com\n", &[]),
            "FROM a:1\nRUN sudo curl --fail -o x https://e.com\n"
        );
    }
}
