use plimsoll_model::{Confidence, Span};
use plimsoll_syntax::dockerfile::InstructionKind;
use plimsoll_syntax::shell::{ShellCommand, ShellWord};

use super::fetch::{self, Output, host, is_local, unquoted, verifies};
use crate::declare::declare_rule;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};
use crate::shell::run::runs;

declare_rule! {
    /// ## What it does
    /// Tells that something is fetched without encryption: by `http:`, `ftp:` or `git:`, with
    /// `curl`, `wget`, `git`, `pip`, `npm`, `ADD`. What is compared with a checksum or a signature
    /// in the same step is left, and so are hosts of the build's own network and package lists,
    /// which are signed.
    ///
    /// ## Why it hurts in production
    /// Everybody on the way may read it and put something else in its place, a program that the
    /// image then runs.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN curl -fsSLO http://example.com/app.tar.gz
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN curl -fsSLO https://example.com/app.tar.gz
    /// ```
    ///
    /// ## Fix
    /// None: whether the host answers by `https:` is not known here.
    ///
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/319.html>
    ClearTextDownload = "clear-text-download",
    summary: "Something is fetched without encryption",
    severity: Medium,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["S5332"],
    audience: Default,
    edition: 2026,
}

impl Rule for ClearTextDownload {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            for view in file.steps(stage).filter(|view| !view.step.triggered) {
                let add = unwrapped(view.instruction);
                let InstructionKind::Add(words) = &add.kind else {
                    continue;
                };
                if add.flags.iter().any(|flag| flag.name == "checksum") {
                    continue;
                }
                let sources = words.split_last().map_or(&[][..], |(_, sources)| sources);
                for source in sources {
                    if let Some(host) = clear_host(&source.value) {
                        tell(file, sink, source.span, host, stage.reaches_target);
                    }
                }
            }
        }
        for run in runs(file) {
            for script in file.scripts(run.view) {
                let commands = &script.script.commands;
                let mut compared = None;
                for command in commands {
                    for word in addresses(command) {
                        let Some(host) = clear_host(&word.raw) else {
                            continue;
                        };
                        if *compared.get_or_insert_with(|| commands.iter().any(verifies)) {
                            continue;
                        }
                        tell(file, sink, script.word_span(word), host, run.built);
                    }
                }
            }
        }
    }
}

fn tell(file: &ProjectFile<'_>, sink: &mut Sink<'_>, place: Span, host: &str, built: bool) {
    sink.report(
        file.place(place),
        format!(
            "What `{}` sends comes in the clear: anybody on the way may change it.",
            host.escape_debug()
        ),
    )
    .help("Fetch it by `https:`, or compare it with a checksum.")
    .confidence(if built {
        Confidence::High
    } else {
        Confidence::Low
    });
}

/// The host of an address without encryption, where that is somebody else's.
fn clear_host(word: &str) -> Option<&str> {
    let text = unquoted(word);
    let text = text.split_once("=http").map_or(text, |(name, _)| {
        text.get(name.len() + 1..).unwrap_or(text)
    });
    let clear = ["http://", "ftp://", "git://"]
        .iter()
        .any(|scheme| text.starts_with(scheme));
    if !clear {
        return None;
    }
    host(text).filter(|host| !is_local(host))
}

/// The words of a command that may name where it fetches from.
fn addresses(command: &ShellCommand) -> Vec<&ShellWord> {
    let Some(program) = command.program() else {
        return Vec::new();
    };
    if let Some(fetch) = fetch::fetch(command) {
        return match fetch.output {
            Output::Nowhere => Vec::new(),
            _ => fetch.urls,
        };
    }
    let fetches = matches!(
        program,
        "git" | "svn" | "pip" | "pip3" | "npm" | "yarn" | "pnpm" | "gem" | "aria2c" | "lynx"
    );
    if !fetches {
        return Vec::new();
    }
    command
        .arguments()
        .iter()
        .filter(|word| word.raw.contains("://"))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, run, silent, unsure};

    const RULE: &str = "clear-text-download";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("ADD", "FROM debian:12\nADD http://e.com/x /x\n", &[2]),
                (
                    "wget, on its line",
                    "FROM debian:12\nRUN wget -q \\\n \"http://e.com/$V/x\"\n",
                    &[3],
                ),
                ("ftp", "FROM debian:12\nRUN curl ftp://e.com/x | tar x\n", &[2]),
                (
                    "git's own protocol",
                    "FROM debian:12\nRUN git clone git://e.com/x.git\n",
                    &[2],
                ),
                (
                    "an index of packages",
                    "FROM debian:12\nRUN pip install --index-url=http://e.com/simple x\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("encrypted", "FROM debian:12\nADD https://e.com/x /x\n"),
                (
                    "compared",
                    "FROM debian:12\nRUN wget http://e.com/x && echo $S x | sha256sum -c\n",
                ),
                (
                    "compared by ADD",
                    "FROM debian:12\nADD --checksum=sha256:00 http://e.com/x /x\n",
                ),
                (
                    "this machine",
                    "FROM debian:12\nRUN curl -f http://localhost:8080/ && curl http://127.0.0.1/\n",
                ),
                (
                    "signed lists",
                    "FROM debian:12\nRUN echo 'deb http://deb.e.com/debian x main' > /etc/apt/sources.list\n",
                ),
                (
                    "only looked at",
                    "FROM debian:12\nRUN curl -I http://e.com\n",
                ),
                (
                    "a host that is not known",
                    "FROM debian:12\nRUN wget http://$MIRROR/x\n",
                ),
            ],
        );
        unsure(
            RULE,
            &[(
                "a stage that is not built",
                "FROM debian:12 AS t\nADD http://e.com/x /x\nFROM scratch\n",
            )],
        );
    }

    #[test]
    fn who_logs_in_is_not_repeated() {
        let found = run(
            RULE,
            "FROM debian:12\nRUN curl http://me:hunter2@e.com/x -o x\n",
            &[],
        );
        assert!(found.findings[0].message.contains("`e.com`"));
        assert!(!found.findings[0].message.contains("hunter2"));
    }
}
