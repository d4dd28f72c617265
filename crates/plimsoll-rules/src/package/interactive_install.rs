use plimsoll_model::{Applicability, Confidence, Edit, Fix, Span};
use plimsoll_syntax::shell::Joint;

use crate::declare::declare_rule;
use crate::package::call::{Action, Call, Manager};
use crate::package::site::{self, Called, Site};
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a package manager is called so that it asks before it does something: apt-get,
    /// yum, dnf, tdnf or pacman without the option that says yes, zypper without the one that asks
    /// nothing. microdnf asks nothing by itself; the dnf that takes its place in newer releases does.
    ///
    /// ## Why it hurts in production
    /// Nobody answers during a build. The step fails, and not always: apt-get asks only where more
    /// than the named packages is touched, so that the build breaks on the day a package gains a
    /// dependency.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM fedora:42
    /// RUN dnf install nginx && dnf clean all
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM fedora:42
    /// RUN dnf install -y nginx && dnf clean all
    /// ```
    ///
    /// ## Fix
    /// Safe: the option is put behind the verb.
    ///
    /// ## References
    /// - <https://manpages.debian.org/apt-get#OPTIONS>
    InteractiveInstall = "interactive-install",
    summary: "A package manager asks during the build, and nobody answers",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["DL3014", "DL3030", "DL3034", "DL3038", "DS-0021", "DS021"],
    audience: Default,
    edition: 2026,
}

impl Rule for InteractiveInstall {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for (site, called) in site::all_calls(file) {
            let call = &called.call;
            if !asks(call) || says_yes(call) {
                continue;
            }
            // "Does nothing, we always assume yes", says its help of `-y`.
            let micro = call.program == "microdnf";
            let answered = micro
                || is_answered(&called) || is_configured(file, &site, call.manager);
            let option = option(call.manager);
            let reported = sink
                .report(
                    file.place(match call.verb_word {
                        Some(verb) => called.script.word_span(verb),
                        None => called.script.command_span(called.command),
                    }),
                    if micro {
                        format!(
                            "`microdnf {}` takes yes for granted; the dnf that takes its place asks.",
                            call.verb
                        )
                    } else if answered {
                        format!(
                            "`{} {}` asks, and is answered from elsewhere.",
                            call.program, call.verb
                        )
                    } else {
                        format!(
                            "`{} {}` asks before it goes on, and nobody answers during a build.",
                            call.program, call.verb
                        )
                    },
                )
                .help(format!("Add `{option}`."))
                .aliases(aliases(&called))
                .confidence(if answered {
                    Confidence::Low
                } else {
                    site.where_built(Confidence::High)
                });
            if let Some(at) = insertion(&called) {
                reported.fix(Fix {
                    title: format!("Add `{option}`"),
                    applicability: Applicability::Safe,
                    edits: vec![Edit {
                        file: file.dockerfile.source.path().to_owned(),
                        span: Span::new(at, at),
                        text: format!(" {option}"),
                    }],
                });
            }
        }
    }
}

/// Whether a call changes what is installed, and so asks.
fn asks(call: &Call<'_>) -> bool {
    let changes = matches!(
        call.action,
        Action::Install | Action::Upgrade | Action::Remove
    );
    match call.manager {
        Manager::Apt => {
            changes
                && !call.has('s', &["--simulate", "--just-print", "--dry-run", "--no-act", "--recon"])
                && !call.has_long(&["--print-uris"])
        }
        Manager::Dnf => changes && !call.has_long(&["--assumeno", "--downloadonly"]),
        Manager::Zypper | Manager::Pacman => changes,
        _ => false,
    }
}

fn says_yes(call: &Call<'_>) -> bool {
    match call.manager {
        Manager::Apt => {
            let quiet: usize = call
                .options
                .iter()
                .map(|option| match option.name {
                    "--quiet" => option.value.and_then(|n| n.parse().ok()).unwrap_or(1),
                    "-q" if option.value.is_some() => {
                        option.value.and_then(|n| n.parse().ok()).unwrap_or(1)
                    }
                    name if name.starts_with("--") => 0,
                    name => name.matches('q').count(),
                })
                .sum();
            call.has('y', &["--yes", "--assume-yes", "--force-yes"])
                || quiet >= 2
                || sets(call, &["-o", "--option"], "assume-yes")
        }
        Manager::Dnf => {
            call.has('y', &["--assumeyes", "--assume-yes"])
                || sets(call, &["--setopt"], "assumeyes")
        }
        Manager::Zypper => {
            call.has('y', &["--no-confirm"])
                // What stands behind the verb means `--name` there.
                || call.has('n', &["--non-interactive"])
        }
        Manager::Pacman => call.has_long(&["--noconfirm"]),
        _ => true,
    }
}

/// Whether one of these options names a setting.
fn sets(call: &Call<'_>, options: &[&str], setting: &str) -> bool {
    call.options.iter().any(|option| {
        options.contains(&option.name)
            && option
                .value
                .is_some_and(|value| value.to_ascii_lowercase().contains(setting))
    })
}

/// Whether something is piped in: `yes | apt-get install x`.
fn is_answered(called: &Called<'_, '_>) -> bool {
    called.command.joint == Joint::Pipe
}

/// Whether an earlier step wrote the answer into the configuration.
fn is_configured<'a>(file: &ProjectFile<'a>, site: &Site<'a>, manager: Manager) -> bool {
    let setting = match manager {
        Manager::Apt => "apt::get::assume-yes",
        Manager::Dnf => "assumeyes=",
        _ => return false,
    };
    site::written_before(file, site, setting)
}

/// The option that says yes.
fn option(manager: Manager) -> &'static str {
    match manager {
        Manager::Pacman => "--noconfirm",
        _ => "-y",
    }
}

fn aliases(called: &Called<'_, '_>) -> &'static [&'static str] {
    let call = &called.call;
    if !site::seen_by_hadolint(called.command) {
        let apt = call.program == "apt-get" && call.verb == "install";
        return if apt { &["DS-0021", "DS021"] } else { &[] };
    }
    match (call.program, call.verb) {
        ("apt-get", "install") => &["DL3014", "DS-0021", "DS021"],
        ("yum", "install" | "groupinstall" | "localinstall" | "group") => &["DL3030"],
        ("dnf" | "microdnf", "install" | "groupinstall" | "localinstall" | "group" | "module") => {
            &["DL3038"]
        }
        (
            "zypper",
            "install" | "in" | "remove" | "rm" | "source-install" | "si" | "patch",
        ) => &["DL3034"],
        _ => &[],
    }
}

/// Where the option goes: behind the verb.
fn insertion(called: &Called<'_, '_>) -> Option<usize> {
    let call = &called.call;
    let word = match (call.manager, call.verb) {
        (Manager::Pacman, _) => call.options.first()?.word,
        // The verb has two words, or is one that takes no such option.
        (_, "group" | "groups" | "module") => return None,
        _ => call.verb_word?,
    };
    called.script.end_of(word)
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent, unsure};

    const RULE: &str = "interactive-install";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("apt-get", "FROM debian:12\nRUN apt-get install curl\n", &[2]),
                ("apt", "FROM debian:12\nRUN apt upgrade\n", &[2]),
                (
                    "the line of the verb",
                    "FROM debian:12\nRUN apt-get update && \\\n  apt-get install -q curl\n",
                    &[3],
                ),
                ("one -q is not enough", "FROM debian:12\nRUN apt-get -q install x\n", &[2]),
                ("removed", "FROM debian:12\nRUN apt-get purge x\n", &[2]),
                ("yum", "FROM centos:7\nRUN yum install x\n", &[2]),
                ("dnf", "FROM fedora:40\nRUN dnf groupinstall x\n", &[2]),
                ("two words", "FROM fedora:40\nRUN dnf group install x\n", &[2]),
                ("zypper", "FROM x:1\nRUN zypper in x\n", &[2]),
                ("pacman", "FROM archlinux:1\nRUN pacman -S git\n", &[2]),
                (
                    "in a build stage it fails too",
                    "FROM debian:12 AS b\nRUN apt-get install x\nFROM debian:12\nCOPY --from=b /x /\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("-y", "FROM debian:12\nRUN apt-get -y install x\n"),
                ("among others", "FROM debian:12\nRUN apt-get install -fmy x\n"),
                ("behind packages", "FROM debian:12\nRUN apt-get install x --yes\n"),
                ("very quiet is yes", "FROM debian:12\nRUN apt-get -qq install x\n"),
                ("quiet by number", "FROM debian:12\nRUN apt-get -q=2 install x\n"),
                (
                    "by setting",
                    "FROM debian:12\nRUN apt-get -o APT::Get::Assume-Yes=true install x\n",
                ),
                ("reading lists asks nothing", "FROM debian:12\nRUN apt-get update\n"),
                ("nothing is done", "FROM debian:12\nRUN apt-get -s install x\n"),
                ("dnf", "FROM x:1\nRUN dnf --setopt=assumeyes=1 install x && dnf -qy upgrade\n"),
                ("zypper", "FROM x:1\nRUN zypper -n in x && zypper in -y x\n"),
                ("zypper in full", "FROM x:1\nRUN zypper --non-interactive in x\n"),
                ("pacman", "FROM x:1\nRUN pacman -Syu --noconfirm git\n"),
                ("apk asks nothing", "FROM x:1\nRUN apk add x\n"),
            ],
        );
        unsure(
            RULE,
            &[
                ("microdnf never asks", "FROM x:1\nRUN microdnf install x\n"),
                ("answered", "FROM debian:12\nRUN yes | apt-get install x\n"),
                (
                    "configured before",
                    "FROM debian:12\nRUN echo 'APT::Get::Assume-Yes \"true\";' > /etc/apt/apt.conf.d/90yes\nRUN apt-get install x\n",
                ),
                (
                    "a stage that is not built",
                    "FROM debian:12 AS t\nRUN apt-get install x\nFROM scratch\n",
                ),
            ],
        );
    }

    #[test]
    fn the_option_goes_behind_the_verb() {
        assert_eq!(
            fixed(
                RULE,
                "FROM x:1\nRUN apt-get install \\\n  a && zypper --quiet in b\nRUN pacman -S c\n",
                &[]
            ),
            "FROM x:1\nRUN apt-get install -y \\\n  a && zypper --quiet in -y b\nRUN pacman -S --noconfirm c\n"
        );
    }
}
