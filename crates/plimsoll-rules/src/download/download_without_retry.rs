use plimsoll_model::Confidence;

use super::fetch::{self, Output, Tool, host, is_local, unquoted};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::run::runs;

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` fetches with `curl` and tries once.
    ///
    /// ## Why it hurts in production
    /// A name that does not resolve for a second, a server that is busy: the build is red, somebody
    /// looks, and presses the button again. `wget` tries twenty times.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN curl -fsSLO https://example.com/app.tar.gz
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN curl -fsSLO --retry 3 https://example.com/app.tar.gz
    /// ```
    ///
    /// ## Fix
    /// None: how often and how long is the author's to say.
    ///
    /// ## References
    /// - <https://curl.se/docs/manpage.html#--retry>
    DownloadWithoutRetry = "download-without-retry",
    summary: "curl tries once",
    severity: Info,
    confidence: High,
    category: Operability,
    depth: Dockerfile,
    aliases: ["tally/prefer-curl-config"],
    audience: Strict,
    edition: 2026,
}

impl Rule for DownloadWithoutRetry {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file) {
            // `CURL_HOME`, `.curlrc`: the options stand elsewhere.
            if run.view.step.before.variables.contains_key("CURL_HOME") {
                continue;
            }
            for (script, command) in file.commands(run.view) {
                let Some(fetch) = fetch::fetch(command) else {
                    continue;
                };
                let Some(url) = fetch.urls.first() else { continue };
                if fetch.tool != Tool::Curl
                    || fetch.retries
                    || fetch.is_open
                    || !fetch.is_plain
                    || fetch.output == Output::Nowhere
                    || host(unquoted(&url.raw)).is_some_and(is_local)
                {
                    continue;
                }
                sink.report(
                    file.place(script.command_span(command)),
                    "`curl` tries this once.",
                )
                .help("Add `--retry 3`.")
                .confidence(run.confidence(Confidence::High));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "download-without-retry";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("to a file", "FROM a:1\nRUN a && \\\n curl -fO https://e.com/x\n", &[3]),
                ("into a pipe", "FROM a:1\nRUN curl https://e.com/x | tar x\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                ("told", "FROM a:1\nRUN curl --retry 5 -fO https://e.com/x\n"),
                ("wget does", "FROM a:1\nRUN wget https://e.com/x\n"),
                (
                    "told elsewhere",
                    "FROM a:1\nENV CURL_HOME=/etc/curl\nRUN curl -fO https://e.com/x\n",
                ),
                ("this machine", "FROM a:1\nRUN curl http://localhost/\n"),
            ],
        );
        unsure(
            RULE,
            &[(
                "a stage that is not built",
                "FROM a:1 AS t\nRUN curl -O https://e.com/x\nFROM scratch\n",
            )],
        );
    }
}
