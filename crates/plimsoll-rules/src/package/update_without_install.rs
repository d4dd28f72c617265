use plimsoll_model::Confidence;
use plimsoll_syntax::shell::ShellCommand;

use crate::declare::declare_rule;
use crate::package::apt_lists_left_behind::may_want_lists;
use crate::package::call::{Action, Call, Manager};
use crate::package::site::{self, Called, Site};
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the lists of a package manager are read in a `RUN` that installs nothing with
    /// them: `apt-get update` and `apk update` alone.
    ///
    /// ## Why it hurts in production
    /// The step is kept in the build cache, and with it the lists of that day. An install below it
    /// takes versions that the archive no longer has, and the build fails, or brings the security
    /// fixes of last month.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN apt-get update
    /// RUN apt-get install -y --no-install-recommends nginx
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN apt-get update \
    ///     && apt-get install -y --no-install-recommends nginx \
    ///     && rm -rf /var/lib/apt/lists/*
    /// ```
    ///
    /// ## Fix
    /// None: which install it belongs to is for a person to say.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#apt-get>
    UpdateWithoutInstall = "update-without-install",
    summary: "Package lists are read in a RUN that installs nothing",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["DS-0017", "CKV_DOCKER_5", "CIS-DI-0007"],
    audience: Default,
    edition: 2026,
}

impl Rule for UpdateWithoutInstall {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for site in site::sites(file) {
            let mut told: Vec<Manager> = Vec::new();
            for called in site::calls(file, site) {
                let call = &called.call;
                if !reads_lists(call) || told.contains(&call.manager) || is_used(file, &site, &called) {
                    continue;
                }
                told.push(call.manager);
                // A `yum update` upgrades: there the lists are used, and Trivy speaks all the same.
                let upgrades = call.action == Action::Upgrade;
                let sure = !upgrades && !is_handed_on(file, &site, &called);
                let Some(verb) = call.verb_word else { continue };
                sink.report(
                    file.place(called.script.word_span(verb)),
                    if upgrades {
                        format!(
                            "`{} {}` stands alone: the build cache keeps what it brought on the day it ran.",
                            call.program, call.verb
                        )
                    } else {
                        format!(
                            "`{} {}` reads lists that nothing in this `RUN` installs with: the build cache keeps them until they are stale.",
                            call.program, call.verb
                        )
                    },
                )
                .help("Join it with the install that needs it, in one `RUN`.")
                .confidence(if sure {
                    site.where_built(Confidence::High)
                } else {
                    Confidence::Low
                });
            }
        }
    }
}

fn reads_lists(call: &Call<'_>) -> bool {
    match call.manager {
        Manager::Apt | Manager::Apk => call.action == Action::Update,
        Manager::Dnf => {
            matches!(call.program, "yum" | "dnf") && matches!(call.verb, "update" | "up")
        }
        Manager::Zypper => matches!(call.verb, "update" | "up"),
        _ => false,
    }
}

/// Whether a later command of the RUN installs with the lists.
fn is_used(file: &ProjectFile<'_>, site: &Site<'_>, update: &Called<'_, '_>) -> bool {
    behind(file, site, update).any(|command| {
        // The words count, wherever they stand: Trivy sees it so, and a wrapper may run them.
        let programs: &[&str] = match update.call.manager {
            Manager::Apt => &["apt-get", "apt", "aptitude"],
            Manager::Apk => &["apk"],
            Manager::Dnf => &["yum", "dnf", "microdnf", "tdnf"],
            _ => &["zypper"],
        };
        let mut words = command.words.iter().map(|word| word.raw.rsplit('/').next().unwrap_or_default());
        words.any(|word| programs.contains(&word))
            && words.any(|word| {
                matches!(
                    word,
                    "install" | "upgrade" | "add" | "source-install" | "reinstall" | "groupinstall"
                        | "localinstall" | "in" | "build-dep" | "dist-upgrade" | "full-upgrade"
                        | "satisfy" | "source" | "download"
                )
            })
    })
}

/// The commands behind a call in its RUN.
fn behind<'s>(
    file: &'s ProjectFile<'_>,
    site: &Site<'_>,
    call: &Called<'_, '_>,
) -> impl Iterator<Item = &'s ShellCommand> {
    let start = call.command.range().0;
    file.scripts(site.view)
        .iter()
        .flat_map(|script| &script.script.commands)
        .filter(move |command| command.range().0 > start)
}

/// Whether something in the RUN may use the lists that cannot be read here: a script, or a program
/// that is known for installing.
fn is_handed_on<'a>(file: &ProjectFile<'a>, site: &Site<'a>, update: &Called<'_, '_>) -> bool {
    let unknown = behind(file, site, update).any(|command| {
        command.program().is_none_or(|program| {
            matches!(
                program,
                "sh" | "bash" | "xargs" | "gdebi" | "eval" | "source" | "." | "mk-build-deps"
                    | "apt-fast" | "npx" | "playwright" | "rosdep" | "dpkg" | "tasksel" | "ansible-playbook"
            ) || command.words.first().is_some_and(|word| {
                word.raw.ends_with(".sh") || word.raw.starts_with("./") || word.raw.starts_with("/")
            })
        })
    });
    // Lists that nothing wants go unused, and do no harm but their size.
    unknown
        || !file
            .steps(site.view.stage)
            .filter(|view| view.step.instruction > site.view.step.instruction)
            .any(|view| may_want(file, view, update.call.manager))
}

/// Whether a later step may install with the lists that this one left.
fn may_want(file: &ProjectFile<'_>, view: crate::project::StepView<'_>, manager: Manager) -> bool {
    match manager {
        Manager::Apt => may_want_lists(file, view),
        _ => file.commands(view).any(|(_, command)| {
            crate::package::call::call(command)
                .is_some_and(|call| call.manager == manager && call.action == Action::Install)
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "update-without-install";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "alone",
                    "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y x\n",
                    &[2],
                ),
                (
                    "with something else",
                    "FROM debian:12\nRUN useradd a && \\\n  apt-get -qq update && ls\nRUN apt-get install -y x\n",
                    &[3],
                ),
                ("apk", "FROM alpine:3.20\nRUN apk update\nRUN apk add x\n", &[2]),
                (
                    "behind the install",
                    "FROM debian:12\nRUN apt-get install -y x; apt-get update\nRUN apt-get install -y y\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("joined", "FROM debian:12\nRUN apt-get update && apt-get install -y x\n"),
                ("by its sibling", "FROM debian:12\nRUN apt-get update && apt upgrade -y\n"),
                (
                    "through a wrapper",
                    "FROM debian:12\nRUN apt-get update && xargs apt-get install -y < list\n",
                ),
                ("apk", "FROM alpine:3.20\nRUN apk update && apk add x\n"),
                ("yum", "FROM x:1\nRUN yum update -y && yum install -y x\n"),
                ("only spoken of", "FROM x:1\nRUN echo apt-get update\n"),
            ],
        );
        unsure(
            RULE,
            &[
                ("a script may", "FROM debian:12\nRUN apt-get update && ./install.sh\n"),
                ("nothing wants them", "FROM debian:12\nRUN apt-get update\n"),
                ("an upgrade alone", "FROM x:1\nRUN zypper up -y\n"),
                (
                    "read again where it counts",
                    "FROM debian:12\nRUN apt-get update\nRUN apt-get update && apt-get install -y x\n",
                ),
            ],
        );
    }
}
