use plimsoll_model::{Applicability, Confidence, Edit, Fix};

use crate::declare::declare_rule;
use crate::package::site;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that `apt`, the tool for people at a terminal, is called where `apt-get` or `apt-cache`
    /// would be.
    ///
    /// ## Why it hurts in production
    /// What `apt` takes and prints may change with any release, and it says so itself in every build
    /// log. A step that works on today's base breaks on the next one.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN apt update && apt install -y nginx && rm -rf /var/lib/apt/lists/*
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN apt-get update && apt-get install -y nginx && rm -rf /var/lib/apt/lists/*
    /// ```
    ///
    /// ## Fix
    /// Safe: the program is replaced where the other one has the verb too.
    ///
    /// ## References
    /// - <https://manpages.debian.org/apt#SCRIPT_USAGE_AND_DIFFERENCES_FROM_OTHER_APT_TOOLS>
    AptInsteadOfAptGet = "apt-instead-of-apt-get",
    summary: "`apt` is called where `apt-get` is made for scripts",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["DL3027", "CKV_DOCKER_9"],
    audience: Default,
    edition: 2026,
}

impl Rule for AptInsteadOfAptGet {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for (site, called) in site::all_calls(file) {
            let call = &called.call;
            if call.program != "apt" {
                continue;
            }
            let Some(word) = called
                .command
                .words
                .iter()
                .find(|word| matches!(word.literal.as_deref(), Some("apt" | "/usr/bin/apt")))
            else {
                continue;
            };
            let tool = tool(call.verb);
            let place = called.script.word_span(word);
            let reported = sink
                .report(
                    file.place(place),
                    match call.verb {
                        "" => "`apt` has no interface for scripts.".to_owned(),
                        verb => format!(
                            "`apt {}` has no interface that stays the same for scripts.",
                            verb.escape_debug()
                        ),
                    },
                )
                .help(match tool {
                    Some(tool) => format!("Write `{tool} {}`.", replaced_verb(call.verb)),
                    None => "Write `apt-get` or `apt-cache`, whichever has what is wanted.".to_owned(),
                })
                .confidence(site.where_built(Confidence::High))
                .aliases(if site::seen_by_hadolint(called.command) {
                    Self::META.aliases
                } else {
                    &["CKV_DOCKER_9"]
                });
            let (Some(tool), Some(_), Some(verb)) =
                (tool, called.script.end_of(word), call.verb_word)
            else {
                continue;
            };
            if word.raw != "apt" {
                continue;
            }
            let path = file.dockerfile.source.path();
            let edit = |span, text: &str| Edit {
                file: path.to_owned(),
                span,
                text: text.to_owned(),
            };
            let mut edits = vec![edit(place, tool)];
            if replaced_verb(call.verb) != call.verb {
                edits.push(edit(
                    called.script.word_span(verb),
                    replaced_verb(call.verb),
                ));
            }
            reported.fix(Fix {
                title: format!("Call `{tool}`"),
                applicability: Applicability::Safe,
                edits,
            });
        }
    }
}

/// The tool for scripts that has a verb of apt.
fn tool(verb: &str) -> Option<&'static str> {
    match verb {
        "update" | "install" | "reinstall" | "upgrade" | "full-upgrade" | "dist-upgrade"
        | "remove" | "purge" | "autoremove" | "autopurge" | "clean" | "autoclean" | "distclean"
        | "source" | "build-dep" | "download" | "changelog" | "satisfy" => Some("apt-get"),
        "show" | "search" | "policy" | "depends" | "rdepends" | "showsrc" => Some("apt-cache"),
        _ => None,
    }
}

/// What apt-get calls a verb of apt.
fn replaced_verb(verb: &str) -> &str {
    match verb {
        "full-upgrade" => "dist-upgrade",
        "autopurge" => "autoremove --purge",
        verb => verb,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent};

    const RULE: &str = "apt-instead-of-apt-get";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("install", "FROM debian:12\nRUN apt install -y x\n", &[2]),
                (
                    "each call",
                    "FROM debian:12\nRUN apt update && \\\n  apt-get install -y x && \\\n  apt clean\n",
                    &[2, 4],
                ),
                ("any verb", "FROM debian:12\nRUN apt list --installed\n", &[2]),
                ("as another user", "FROM debian:12\nRUN sudo apt update\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                ("made for scripts", "FROM debian:12\nRUN apt-get update && apt-cache show x\n"),
                ("a package of that name", "FROM debian:12\nRUN apt-get install -y apt\n"),
                ("only spoken of", "FROM debian:12\nRUN echo apt install\n"),
                ("a path", "FROM debian:12\nRUN rm -rf /var/lib/apt\n"),
            ],
        );
    }

    #[test]
    fn the_program_is_replaced_where_the_other_can_do_it() {
        assert_eq!(
            fixed(
                RULE,
                "FROM debian:12\nRUN apt update && apt -y full-upgrade \\\n  && apt search x && apt list\n",
                &[]
            ),
            "FROM debian:12\nRUN apt-get update && apt-get -y dist-upgrade \\\n  && apt-cache search x && apt list\n"
        );
    }
}
