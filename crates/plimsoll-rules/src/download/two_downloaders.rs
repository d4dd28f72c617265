use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::run::{runs, starts_link, written_name};

declare_rule! {
    /// ## What it does
    /// Tells that a stage fetches with `curl` here and with `wget` there.
    ///
    /// ## Why it hurts in production
    /// Two programs, two sets of options for redirects, retries and certificates, two packages to
    /// keep up to date, and twice what an intruder finds at hand.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN wget -q https://example.com/a
    /// RUN curl -fsSLO https://example.com/b
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN curl -fsSLO https://example.com/a
    /// RUN curl -fsSLO https://example.com/b
    /// ```
    ///
    /// ## Fix
    /// None: the options differ.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#dont-install-unnecessary-packages>
    TwoDownloaders = "two-downloaders",
    summary: "A stage fetches with curl and with wget",
    severity: Info,
    confidence: High,
    category: Efficiency,
    depth: Dockerfile,
    aliases: ["DL4001", "DS-0014", "DS014"],
    audience: Strict,
    edition: 2026,
}

/// What a stage called so far: `[wget, curl]`.
#[derive(Clone, Copy, Default)]
struct Seen {
    any: [bool; 2],
    /// As Trivy sees it: at the start of a link of a chain.
    linked: [bool; 2],
}

impl Rule for TwoDownloaders {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let mut stage = None;
        // What ONBUILD runs, it runs elsewhere.
        let mut seen = [Seen::default(); 2];
        for run in runs(file) {
            if stage != Some(run.view.stage.index) {
                stage = Some(run.view.stage.index);
                seen = Default::default();
            }
            let seen = &mut seen[usize::from(run.onbuild)];
            let mut here = None;
            for script in file.scripts(run.view) {
                for (at, command) in script.script.commands.iter().enumerate() {
                    let tool = match written_name(command) {
                        Some("wget") => 0,
                        Some("curl") => 1,
                        _ => continue,
                    };
                    let is_new = !seen.any[tool];
                    seen.any[tool] = true;
                    seen.linked[tool] |= starts_link(at, command);
                    if is_new || here.is_none() {
                        here = Some((script, command, tool));
                    }
                }
            }
            let (Some((script, command, tool)), [true, true]) = (here, seen.any) else {
                continue;
            };
            let (one, other) = if tool == 0 {
                ("wget", "curl")
            } else {
                ("curl", "wget")
            };
            sink.report(
                file.place(script.word_span(&command.words[0])),
                format!("This stage fetches with `{one}` here and with `{other}` elsewhere."),
            )
            .help("Take one of them for everything.")
            .aliases(if seen.linked == [true, true] && !run.onbuild {
                Self::META.aliases
            } else {
                &["DL4001"]
            })
            .confidence(run.confidence(Confidence::High));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "two-downloaders";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("in two steps", "FROM a:1\nRUN wget x\nRUN curl y\n", &[3]),
                ("in one step", "FROM a:1\nRUN wget x && \\\n curl y\n", &[3]),
                (
                    "each step from then on",
                    "FROM a:1\nRUN wget x\nRUN curl y\nRUN true\nRUN wget z\n",
                    &[3, 5],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("one", "FROM a:1\nRUN wget x && wget y\n"),
                (
                    "in two stages",
                    "FROM a:1 AS a\nRUN wget x\nFROM b:1\nRUN curl y\nCOPY --from=a / /\n",
                ),
                (
                    "only installed",
                    "FROM a:1\nRUN apt-get install curl wget && curl x\n",
                ),
            ],
        );
        unsure(
            RULE,
            &[(
                "a stage that is not built",
                "FROM a:1 AS t\nRUN wget x && curl y\nFROM scratch\n",
            )],
        );
    }
}
