use plimsoll_model::{Applicability, Confidence, Fix, Span};
use plimsoll_syntax::dockerfile::{Instruction, InstructionKind};
use plimsoll_syntax::shell::ShellCommand;

use crate::declare::declare_rule;
use crate::mounts;
use crate::package::append;
use crate::package::call::{self, Action, Manager};
use crate::package::site::{self, Site};
use crate::project::{ProjectFile, StepView};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` of the image that ships reads apt's package lists and leaves them in its
    /// layer.
    ///
    /// ## Why it hurts in production
    /// Some 20 to 50 MB of every pull are lists that were old the day after, and a shell in the
    /// container that installs from them gets outdated versions or a failure. A later `RUN rm` frees
    /// nothing: the layer below still ships.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN apt-get update \
    ///     && apt-get install -y --no-install-recommends ca-certificates
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN apt-get update \
    ///     && apt-get install -y --no-install-recommends ca-certificates \
    ///     && rm -rf /var/lib/apt/lists/*
    /// ```
    ///
    /// ## Fix
    /// Safe where no later step can want the lists: they are removed at the end of the same `RUN`.
    /// None where one may.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#apt-get>
    AptListsLeftBehind = "apt-lists-left-behind",
    summary: "apt's package lists stay in the layer",
    severity: Low,
    confidence: High,
    category: Efficiency,
    depth: Dockerfile,
    aliases: ["DL3009", "DKL-DI-0005"],
    audience: Default,
    edition: 2026,
}

impl Rule for AptListsLeftBehind {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for site in site::sites(file) {
            let run = Run::read(file, site);
            let Some(update) = run.update else { continue };
            // What ONBUILD runs stays in the layers of those who build on this image.
            let left = run.left && !mounts::covers(site.run, "/var/lib/apt/lists");
            let theirs = run.seen && !run.has_rm && !is_cached(site.run) && site::stays_to_hadolint(file, &site);
            if !left || !site.ships {
                if theirs {
                    sink.report(
                        file.place(update),
                        if left {
                            "The package lists that this reads stay in the layer: nothing in the same `RUN` removes them."
                        } else {
                            "The package lists that this reads are kept out of the layer, though not by `rm -rf /var/lib/apt/lists/*`."
                        },
                    )
                    .help("End the `RUN` with `rm -rf /var/lib/apt/lists/*`.")
                    .confidence(Confidence::Low)
                    .aliases(&["DL3009"]);
                }
                continue;
            }
            let reported = sink
                .report(
                    file.place(update),
                    "The package lists that this reads stay in the layer: nothing in the same `RUN` removes them.",
                )
                .aliases(if theirs {
                    Self::META.aliases
                } else {
                    &["DKL-DI-0005"]
                });
            if wanted_behind(file, &site) {
                reported.help(
                    "Join this with the `RUN` that installs, and end that with \
                     `rm -rf /var/lib/apt/lists/*`, or mount a cache over /var/lib/apt.",
                );
            } else {
                let reported = reported.help(
                    "End the `RUN` with `rm -rf /var/lib/apt/lists/*`, or mount a cache over /var/lib/apt.",
                );
                if let Some(edit) =
                    append::appended(file, site.run, "rm -rf /var/lib/apt/lists/*")
                {
                    reported.fix(Fix {
                        title: "Remove the lists at the end of the `RUN`".to_owned(),
                        applicability: Applicability::Safe,
                        edits: vec![edit],
                    });
                }
            }
        }
    }
}

/// What a RUN does to the lists.
struct Run {
    /// The last command that reads them and is not followed by a removal, else the first.
    update: Option<Span>,
    /// Whether they are there at its end.
    left: bool,
    /// Whether hadolint sees that they are read.
    seen: bool,
    /// Whether hadolint sees a removal: any `rm` with `-rf` in one word.
    has_rm: bool,
}

impl Run {
    fn read(file: &ProjectFile<'_>, site: Site<'_>) -> Self {
        let mut run = Self {
            update: None,
            left: false,
            seen: false,
            has_rm: false,
        };
        for (script, command) in file.commands(site.view) {
            if updates_lists(command) {
                if run.update.is_none() || !run.left {
                    run.update = Some(script.command_span(command));
                }
                run.left = true;
                run.seen |= site::seen_by_hadolint(command);
            } else if removes_lists(command) {
                run.left = false;
            }
            run.has_rm |= site::removes_to_hadolint(command, "/var/lib/apt/lists/*");
        }
        run
    }
}

/// Whether both places that apt writes to are in caches, as hadolint wants it.
fn is_cached(run: &Instruction) -> bool {
    let mounted = |part| site::mounted_to_hadolint(run, part);
    mounted("/var/lib/apt/lists") || (mounted("/var/lib/apt") && mounted("/var/cache/apt"))
}

/// Whether a later step of the image that ships may want the lists.
fn wanted_behind(file: &ProjectFile<'_>, site: &Site<'_>) -> bool {
    file.shipped_steps()
        .skip_while(|view| view.step.instruction != site.view.step.instruction)
        .skip(1)
        .any(|view| may_want_lists(file, view))
}

fn updates_lists(command: &ShellCommand) -> bool {
    call::call(command)
        .is_some_and(|call| call.manager == Manager::Apt && call.action == Action::Update)
}

fn removes_lists(command: &ShellCommand) -> bool {
    let arguments = command.arguments();
    match command.program() {
        Some("rm" | "find") => arguments.iter().any(|word| {
            let raw = word.raw.trim_matches(['"', '\'']);
            // Whole folders above the lists, and braces around them, take them along.
            raw.starts_with("/var/lib/apt")
                || raw.starts_with("/var/lib/{")
                || raw.starts_with("/var/{")
                || matches!(raw, "/var/lib/*" | "/var/lib" | "/var/lib/")
        }),
        Some("apt-get" | "apt") => arguments
            .iter()
            .any(|word| matches!(word.raw.as_str(), "dist-clean" | "distclean")),
        _ => false,
    }
}

/// Whether a step may install with the lists that an earlier one left: without reading its own, or
/// by a script that nobody here can read.
pub(super) fn may_want_lists(file: &ProjectFile<'_>, view: StepView<'_>) -> bool {
    if !matches!(view.instruction.kind, InstructionKind::Run(_)) {
        return false;
    }
    let mut updated = false;
    file.commands(view).any(|(_, command)| {
        updated |= updates_lists(command);
        if updated {
            return false;
        }
        match command.program() {
            None => !command.words.is_empty(),
            Some(program) => {
                let by_path = command.words.iter().any(|word| {
                    word.raw.ends_with(".sh")
                        || (word.raw.ends_with(program) && word.raw.starts_with(['.', '/']))
                });
                let installs = call::call(command).is_some_and(|call| {
                    call.manager == Manager::Apt && call.action == Action::Install
                });
                by_path
                    || installs
                    || matches!(
                        program,
                        "sh" | "bash" | "xargs" | "gdebi" | "eval" | "source" | "."
                    )
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent};

    const RULE: &str = "apt-lists-left-behind";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "update and install",
                    "FROM debian:12\nRUN apt-get update && apt-get install -y python3\n",
                    &[2],
                ),
                (
                    "apt too",
                    "FROM debian:12\nRUN apt update && apt install -y python3\n",
                    &[2],
                ),
                (
                    "the line of the update",
                    "FROM debian:12\nRUN set -e; \\\n  apt-get -qq update; \\\n  apt-get install x\n",
                    &[3],
                ),
                (
                    "removed in a later layer",
                    "FROM debian:12\nRUN apt-get update\nRUN rm -rf /var/lib/apt/lists/*\n",
                    &[2],
                ),
                (
                    "read again behind the removal",
                    "FROM debian:12\nRUN apt-get update && rm -rf /var/lib/apt/lists/* && apt-get update\n",
                    &[2],
                ),
                (
                    "a stage that ships under another",
                    "FROM debian:12 AS b\nRUN apt-get update && apt-get install x\nFROM b\nRUN hey\n",
                    &[2],
                ),
                (
                    "in a heredoc",
                    "FROM debian:12\nRUN <<EOF\napt-get update\napt-get install -y x\nEOF\n",
                    &[3],
                ),
                (
                    "apt-get clean removes archives, not lists",
                    "FROM debian:12\nRUN apt-get update && apt-get install -y x && apt-get clean\n",
                    &[2],
                ),
                (
                    "a cache over archives only",
                    "FROM debian:12\nRUN --mount=type=cache,target=/var/cache/apt apt-get update\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                (
                    "removed",
                    "FROM debian:12\nRUN apt-get update && apt-get install -y x && rm -rf /var/lib/apt/lists/*\n",
                ),
                (
                    "removed with more",
                    "FROM debian:12\nRUN apt-get update && rm -rf /tmp/* /var/lib/apt/lists/* /var/tmp/*\n",
                ),
                (
                    "removed by braces",
                    "FROM debian:12\nRUN apt-get update && rm -rf /var/lib/{apt,dpkg,cache}/\n",
                ),
                (
                    "removed by find",
                    "FROM debian:12\nRUN apt-get update && find /var/lib/apt/lists -type f -delete\n",
                ),
                (
                    "a build stage does not ship",
                    "FROM debian:12 AS b\nRUN apt-get update\nFROM scratch\nCOPY --from=b /x /\n",
                ),
                (
                    "a cache is mounted over them",
                    "FROM debian:12\nRUN --mount=type=cache,target=/var/lib/apt \\\n  apt-get update\n",
                ),
                (
                    "a tmpfs is mounted over them",
                    "FROM debian:12\nRUN --mount=target=/var/lib/apt/lists/,type=tmpfs apt-get update\n",
                ),
                (
                    "only spoken of",
                    "FROM debian:12\nRUN echo 'run apt-get update first'\n",
                ),
            ],
        );
    }

    #[test]
    fn the_removal_goes_where_nothing_wants_the_lists() {
        assert_eq!(
            fixed(
                RULE,
                "FROM debian:12\nRUN apt-get update && apt-get install -y x\nRUN echo\n",
                &[]
            ),
            "FROM debian:12\nRUN apt-get update && apt-get install -y x && rm -rf /var/lib/apt/lists/*\nRUN echo\n"
        );
        assert_eq!(
            fixed(
                RULE,
                "FROM debian:12\r\nRUN apt-get update \\\r\n\t&& apt-get install -y x\r\n",
                &[]
            ),
            "FROM debian:12\r\nRUN apt-get update \\\r\n\t&& apt-get install -y x \\\r\n\t&& rm -rf /var/lib/apt/lists/*\r\n"
        );
        for unchanged in [
            "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y x\n",
            "FROM debian:12\nRUN apt-get update\nRUN ./install.sh\n",
            "FROM debian:12\nRUN apt-get update # now\n",
            "FROM debian:12\nRUN apt-get update;\n",
        ] {
            assert_eq!(fixed(RULE, unchanged, &[]), unchanged);
        }
    }
}
