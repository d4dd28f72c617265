use plimsoll_model::{Applicability, Confidence, Edit, Fix, Span};

use super::fetch::{self, Output, Tool, host, unquoted};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::run::runs;

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` keeps what `curl` fetches and `curl` does not follow redirections
    /// (`--location`). It is sure where the address is one that answers with a redirection:
    /// releases and archives of GitHub, SourceForge, and the like.
    ///
    /// ## Why it hurts in production
    /// The answer is empty or a short page, and no error. It becomes the file, today or on the day
    /// on which the project moves.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN curl -fsSo /usr/local/bin/tini https://github.com/krallin/tini/releases/download/v0.19.0/tini
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN curl -fsSLo /usr/local/bin/tini https://github.com/krallin/tini/releases/download/v0.19.0/tini
    /// ```
    ///
    /// ## Fix
    /// Unsafe: `--location` is put in.
    ///
    /// ## References
    /// - <https://curl.se/docs/manpage.html#-L>
    CurlWithoutLocation = "curl-without-location",
    summary: "curl does not follow the redirection",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["tally/curl-should-follow-redirects"],
    audience: Default,
    edition: 2026,
}

impl Rule for CurlWithoutLocation {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file) {
            for (script, command) in file.commands(run.view) {
                let Some(fetch) = fetch::fetch(command) else {
                    continue;
                };
                if fetch.tool != Tool::Curl
                    || fetch.follows
                    || fetch.is_open
                    || !fetch.is_plain
                    || fetch.output == Output::Nowhere
                {
                    continue;
                }
                let Some(url) = fetch.urls.first() else { continue };
                let text = unquoted(&url.raw);
                if host(text).is_some_and(fetch::is_local) {
                    continue;
                }
                let sure = redirects(text);
                let message = if sure {
                    "This address answers with a redirection, which `curl` does not follow here."
                } else {
                    "If this address is moved, `curl` keeps an empty answer."
                };
                let word = &command.words[command.words.len() - command.arguments().len() - 1];
                let end = script.word_span(word).end;
                let reported = sink
                    .report(file.place(script.word_span(url)), message)
                    .help("Add `--location` (`-L`).")
                    .confidence(run.confidence(if sure {
                        Confidence::High
                    } else {
                        Confidence::Low
                    }));
                if word.raw == "curl" {
                    reported.fix(Fix {
                        title: "Add `--location`".to_owned(),
                        applicability: Applicability::Unsafe,
                        edits: vec![Edit {
                            file: file.dockerfile.source.path().to_owned(),
                            span: Span::new(end, end),
                            text: " --location".to_owned(),
                        }],
                    });
                }
            }
        }
    }
}

/// Whether an address is known to answer with a redirection.
fn redirects(url: &str) -> bool {
    let Some(host) = host(url) else { return false };
    match host {
        "github.com" => {
            ["/releases/", "/archive/", "/raw/", "/tarball/", "/zipball/"]
                .iter()
                .any(|part| url.contains(part))
        }
        "api.github.com" => ["/tarball", "/zipball"].iter().any(|part| url.contains(part)),
        "codeload.github.com" | "raw.githubusercontent.com" => false,
        "sourceforge.net" | "downloads.sourceforge.net" | "bit.ly" | "git.io" | "tinyurl.com"
        | "goo.gl" | "aka.ms" | "download.docker.com.s3.amazonaws.com" => true,
        _ => host.ends_with(".dl.sourceforge.net"),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent, unsure};

    const RULE: &str = "curl-without-location";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "a release",
                    "FROM debian:12\nRUN curl -O \\\n \"https://github.com/a/b/releases/download/v1/b.tgz\"\n",
                    &[3],
                ),
                (
                    "a short address",
                    "FROM debian:12\nRUN curl -s https://git.io/x | sh\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                (
                    "followed",
                    "FROM debian:12\nRUN curl -fL https://github.com/a/b/archive/v1.tar.gz | tar xz\n",
                ),
                (
                    "not kept",
                    "FROM debian:12\nRUN curl -I https://github.com/a/b/releases/latest\n",
                ),
                (
                    "this machine",
                    "FROM debian:12\nRUN curl -f http://localhost/\n",
                ),
                (
                    "options that are not known",
                    "FROM debian:12\nRUN curl $OPTS https://git.io/x\n",
                ),
            ],
        );
        unsure(
            RULE,
            &[
                (
                    "an address that may stay",
                    "FROM debian:12\nRUN curl -fO https://e.com/x\n",
                ),
                (
                    "a stage that is not built",
                    "FROM debian:12 AS t\nRUN curl -O https://git.io/x\nFROM scratch\n",
                ),
            ],
        );
    }

    #[test]
    fn the_option_goes_behind_the_program() {
        assert_eq!(
            fixed(RULE, "FROM a:1\nRUN curl -O https://git.io/x\n", &[]),
            "FROM a:1\nRUN curl --location -O https://git.io/x\n"
        );
    }
}
