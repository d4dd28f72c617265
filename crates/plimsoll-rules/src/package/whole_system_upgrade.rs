use plimsoll_model::Confidence;

use crate::declare::declare_rule;
use crate::package::call::{Action, Call, Manager};
use crate::package::site::{self, Called};
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a step brings every package of the base image up to date: `apt-get upgrade` and
    /// `dist-upgrade`, `apk upgrade`, `dnf upgrade`, `yum update`, `zypper update` and
    /// `dist-upgrade`, `pacman -Syu`.
    ///
    /// It is a house rule, and off unless it is asked for: where the base is rebuilt too seldom, an
    /// upgrade may be the lesser evil.
    ///
    /// ## Why it hurts in production
    /// Every package that is replaced ships twice, in the base's layer and in this one. The layer is
    /// kept in the build cache, so that it is as old as the last change above it, and two builds of
    /// one commit hold different systems.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN apt-get update && apt-get upgrade -y && rm -rf /var/lib/apt/lists/*
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12.11
    /// ```
    ///
    /// ## Fix
    /// None: take a newer base image, and name it by its digest.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#rebuild-your-images-often>
    WholeSystemUpgrade = "whole-system-upgrade",
    summary: "A step upgrades every package of the base image",
    severity: Low,
    confidence: High,
    category: Reproducibility,
    depth: Dockerfile,
    aliases: [
        "DL3005", "DL3017", "DL3031", "DL3035", "DL3039", "DS-0024", "DKL-DI-0003",
    ],
    audience: Strict,
    edition: 2026,
}

impl Rule for WholeSystemUpgrade {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for (site, called) in site::all_calls(file) {
            let call = &called.call;
            let whole = call.manager.is_system()
                && (call.action == Action::Upgrade && call.packages.is_empty()
                    || call.manager == Manager::Pacman && call.has('u', &["--sysupgrade"]))
                && !call.has_long(&["--security"]);
            if !whole {
                continue;
            }
            let release = matches!(
                call.verb,
                "dist-upgrade" | "full-upgrade" | "dup" | "distro-sync" | "dsync" | "system-upgrade"
            );
            let verb = match (call.manager, call.verb_word) {
                (Manager::Pacman, _) | (_, None) => None,
                (_, Some(word)) => Some(word),
            };
            let message = if release {
                format!(
                    "`{} {}` makes another release of the base image, with packages added and removed as it sees fit.",
                    call.program, call.verb
                )
            } else {
                format!(
                    "`{}` brings every package of the base image up to date, and ships what it replaces twice.",
                    name(call)
                )
            };
            sink.report(
                file.place(match verb {
                    Some(verb) => called.script.word_span(verb),
                    None => called.script.command_span(called.command),
                }),
                message,
            )
            .help("Take a newer base image instead, and upgrade by name the package that cannot wait.")
            .confidence(site.where_shipped(Confidence::High))
            .aliases(aliases(&called));
        }
    }
}

fn name(call: &Call<'_>) -> String {
    match call.manager {
        Manager::Pacman => "pacman -Syu".to_owned(),
        _ => format!("{} {}", call.program, call.verb),
    }
}

fn aliases(called: &Called<'_, '_>) -> &'static [&'static str] {
    let call = &called.call;
    match (call.program, call.verb) {
        ("apt-get", "dist-upgrade") => &["DL3005", "DS-0024", "DKL-DI-0003"],
        ("apt-get", "upgrade") => &["DL3005", "DKL-DI-0003"],
        ("apk", "upgrade") => &["DL3017", "DKL-DI-0003"],
        ("yum", "update" | "upgrade") => &["DL3031"],
        ("dnf", "update" | "upgrade") => &["DL3039"],
        ("zypper", "dist-upgrade" | "dup") if site::seen_by_hadolint(called.command) => {
            &["DL3035"]
        }
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    const RULE: &str = "whole-system-upgrade";

    #[test]
    fn cases() {
        for command in [
            "apt-get upgrade -y",
            "apt-get -y dist-upgrade",
            "apt full-upgrade",
            "apk upgrade --no-cache",
            "yum -y update",
            "dnf upgrade -y --refresh",
            "microdnf update -y",
            "zypper -n dup",
            "zypper -n update",
            "pacman -Syu --noconfirm git",
        ] {
            let dockerfile = format!("FROM x:1\nRUN {command}\n");
            fires(RULE, &[(command, &dockerfile, &[2])]);
        }
        for command in [
            "apt-get update",
            "apt-get install --only-upgrade -y openssl",
            "apk upgrade openssl",
            "yum update -y openssl",
            "dnf upgrade -y --security",
            "zypper -n in x",
            "pacman -Sy git",
            "pip install --upgrade pip",
        ] {
            let dockerfile = format!("FROM x:1\nRUN {command}\n");
            silent(RULE, &[(command, &dockerfile)]);
        }
    }
}
