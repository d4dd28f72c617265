use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::{InstructionKind, Word};
use plimsoll_syntax::shell::ShellCommand;

use super::run::{has_option, written_name};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that an archive is copied into the image and unpacked by a later `RUN`.
    ///
    /// ## Why it hurts in production
    /// The archive stays in the layer that brought it, even if the `RUN` deletes it: everybody
    /// pulls the files twice, packed and unpacked.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// COPY app.tar.gz /srv/
    /// RUN tar -xzf /srv/app.tar.gz -C /srv
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// ADD app.tar.gz /srv/
    /// ```
    ///
    /// ## Fix
    /// None: options of the unpacking may matter.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/#adding-local-tar-archives>
    CopiedArchiveUnpacked = "copied-archive-unpacked",
    summary: "An archive is copied in and unpacked in a later layer",
    severity: Low,
    confidence: High,
    category: Efficiency,
    depth: Dockerfile,
    aliases: ["DL3010"],
    audience: Default,
    edition: 2026,
}

/// Ends of names that are archives to other tools, too.
const KNOWN: &[&str] = &[
    ".tar", ".Z", ".bz2", ".gz", ".lz", ".lzma", ".tZ", ".tb2", ".tbz", ".tbz2", ".tgz", ".tlz",
    ".tpz", ".txz", ".xz",
];

/// An archive that a COPY brought.
struct Archive<'a> {
    name: &'a str,
    word: &'a Word,
    known: bool,
    told: bool,
}

impl Rule for CopiedArchiveUnpacked {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for stage in &file.resolution.stages {
            let mut archives: Vec<Archive<'_>> = Vec::new();
            for view in file.steps(stage).filter(|view| !view.step.triggered) {
                match &view.instruction.kind {
                    InstructionKind::Copy(words) if view.instruction.flag("from").is_none() => {
                        remember(words, &mut archives);
                    }
                    InstructionKind::Run(_) if !archives.is_empty() => {
                        for (script, command) in file.commands(view) {
                            let Some(by_anchors) = unpacks(command) else {
                                continue;
                            };
                            let Some(archive) = archives.iter_mut().find(|archive| {
                                !archive.told
                                    && command.arguments().iter().any(|word| {
                                        base_name(word.literal.as_deref().unwrap_or(&word.raw))
                                            == archive.name
                                    })
                            }) else {
                                continue;
                            };
                            archive.told = true;
                            let tar = archive.name.contains(".t");
                            sink.report(
                                file.place(archive.word.span),
                                format!(
                                    "`{}` stays in this layer, packed, beside what a later `RUN` unpacks.",
                                    archive.name.escape_debug()
                                ),
                            )
                            .help(if tar {
                                "Write `ADD`, which unpacks it and leaves no archive behind."
                            } else {
                                "Mount it where it is unpacked: `RUN --mount=type=bind,source=…,target=… …`."
                            })
                            .aliases(if archive.known && by_anchors {
                                Self::META.aliases
                            } else {
                                &[]
                            })
                            .confidence(if file.ships(stage) {
                                Confidence::High
                            } else {
                                Confidence::Low
                            })
                            .related(file.place(script.command_span(command)), "unpacked here");
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

fn remember<'a>(words: &'a [Word], archives: &mut Vec<Archive<'a>>) {
    let Some((target, sources)) = words.split_last() else {
        return;
    };
    let mut add = |word: &'a Word| {
        let name = base_name(&word.value);
        let known = KNOWN.iter().any(|end| name.ends_with(end));
        let archive = known
            || [".zip", ".tzst", ".zst"]
                .iter()
                .any(|end| name.ends_with(end));
        // More than anybody copies: what is behind them is not followed.
        if archive && archives.len() < 256 {
            archives.push(Archive {
                name,
                word,
                known,
                told: false,
            });
        }
        archive
    };
    if !add(target) {
        for source in sources {
            add(source);
        }
    }
}

fn base_name(path: &str) -> &str {
    let path = path.trim_matches(['"', '\'']);
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Whether a command unpacks its arguments, and whether hadolint sees that.
fn unpacks(command: &ShellCommand) -> Option<bool> {
    let named = written_name(command);
    match command.program()? {
        "tar" | "bsdtar" => {
            let dashed = has_option(command, &['x'], &["--extract", "--get"]);
            let bare = command.arguments().first().is_some_and(|word| {
                !word.raw.starts_with('-') && word.raw.contains('x') && word.raw.len() < 6
            });
            (dashed || bare).then_some(dashed && named == Some("tar"))
        }
        name @ ("unzip" | "gunzip" | "bunzip2" | "unlzma" | "unxz" | "zgz" | "uncompress"
        | "zcat" | "gzcat") => Some(named == Some(name)),
        "unzstd" | "7z" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "copied-archive-unpacked";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "by its source's name",
                    "FROM debian:12\nCOPY x/a.tar /srv\nRUN cd /srv && tar xf a.tar\n",
                    &[2],
                ),
                (
                    "by its target's name",
                    "FROM debian:12\nCOPY x/a.tar.gz /b.tgz\nRUN echo && tar -xzf /b.tgz && rm /b.tgz\n",
                    &[2],
                ),
                (
                    "a zip",
                    "FROM debian:12\nCOPY a.zip b.zip /x/\nRUN unzip /x/b.zip\n",
                    &[2],
                ),
                (
                    "the path has spaces",
                    "FROM debian:12\nCOPY [\"a.tgz\", \"/my data/\"]\nRUN tar -xf \"/my data/a.tgz\"\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("not unpacked", "FROM debian:12\nCOPY a.tar /srv/\nRUN ls /srv\n"),
                (
                    "packed, not unpacked",
                    "FROM debian:12\nCOPY a.tar /srv/\nRUN tar -czf /srv/a.tar /etc\n",
                ),
                (
                    "of a stage",
                    "FROM debian:12\nCOPY --from=b /a.tar /srv/\nRUN tar -xf /srv/a.tar\n",
                ),
                (
                    "mounted",
                    "FROM debian:12\nRUN --mount=type=bind,target=/a.tar,source=a.tar tar -xf /a.tar\n",
                ),
            ],
        );
        unsure(
            RULE,
            &[(
                "a stage that does not ship",
                "FROM debian:12 AS t\nCOPY a.tar /\nRUN tar -xf /a.tar\nFROM scratch\nCOPY --from=t /x /\n",
            )],
        );
    }
}
