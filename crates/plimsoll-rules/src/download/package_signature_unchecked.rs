use plimsoll_model::Confidence;
use plimsoll_syntax::shell::{ShellCommand, ShellWord};

use super::fetch::{unquoted, verifies};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};
use crate::shell::run::runs;

declare_rule! {
    /// ## What it does
    /// Tells that a package manager is told to install what nobody signed:
    /// `apt-get --allow-unauthenticated` and `--force-yes`, `apk --allow-untrusted`,
    /// `yum --nogpgcheck`, `rpm --nosignature`, `zypper --no-gpg-checks`, `[trusted=yes]` in a
    /// source of apt.
    ///
    /// ## Why it hurts in production
    /// The signature is what tells the distribution's package from anybody's: a mirror, a cache or
    /// whoever is on the way may put another in, and it runs as root while it is installed.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN apt-get install -y --allow-unauthenticated app
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// COPY app-archive-keyring.gpg /etc/apt/keyrings/
    /// RUN apt-get install -y app
    /// ```
    ///
    /// ## Fix
    /// None: the key that is missing has to be brought.
    ///
    /// ## References
    /// - <https://wiki.debian.org/SecureApt>
    /// - <https://cwe.mitre.org/data/definitions/347.html>
    PackageSignatureUnchecked = "package-signature-unchecked",
    summary: "Packages are installed without a look at their signature",
    severity: High,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: [
        "CKV2_DOCKER_7",
        "CKV2_DOCKER_8",
        "CKV2_DOCKER_9",
        "CKV2_DOCKER_10",
        "CKV2_DOCKER_11",
    ],
    audience: Default,
    edition: 2026,
}

impl Rule for PackageSignatureUnchecked {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for run in runs(file) {
            for script in file.scripts(run.view) {
                let commands = &script.script.commands;
                let mut compared = None;
                for command in commands {
                    let Some((word, aliases)) = unchecked(command) else {
                        continue;
                    };
                    // A file of one's own, or one whose checksum was compared, needs none.
                    let known = names_files_only(command)
                        || *compared.get_or_insert_with(|| commands.iter().any(verifies));
                    let option = unquoted(&word.raw);
                    let option = if option.starts_with('-') {
                        option
                    } else {
                        "trusted=yes"
                    };
                    sink.report(
                        file.place(script.word_span(word)),
                        format!(
                            "`{}` installs packages that nobody vouches for.",
                            option.escape_debug()
                        ),
                    )
                    .help("Bring the key of the repository, and leave the check on.")
                    .aliases(aliases)
                    .confidence(if known {
                        Confidence::Low
                    } else {
                        run.confidence(Confidence::High)
                    });
                }
            }
        }
    }
}

/// The word that switches the check off, and what other tools call that.
fn unchecked(command: &ShellCommand) -> Option<(&ShellWord, &'static [&'static str])> {
    let arguments = command.arguments();
    let find = |wanted: &dyn Fn(&str) -> bool| {
        arguments.iter().find(|word| wanted(unquoted(&word.raw)))
    };
    match command.program()? {
        "apt-get" | "apt" | "aptitude" => {
            if let Some(word) = find(&|text| text == "--force-yes") {
                return Some((word, &["CKV2_DOCKER_11"]));
            }
            let word = find(&|text| {
                text.starts_with("--allow-unauthenticated")
                    || text.starts_with("--allow-insecure-repositories")
                    || [
                        "apt::get::allowunauthenticated=",
                        "acquire::allowinsecurerepositories=",
                    ]
                    .iter()
                    .any(|option| {
                        text.get(..option.len())
                            .is_some_and(|head| head.eq_ignore_ascii_case(option))
                            && (text.ends_with("true") || text.ends_with('1'))
                    })
            })?;
            let anchored = word.raw.starts_with("--allow-unauthenticated");
            Some((word, if anchored { &["CKV2_DOCKER_8"] } else { &[] }))
        }
        "apk" => Some((find(&|text| text == "--allow-untrusted")?, &["CKV2_DOCKER_7"])),
        "yum" | "dnf" | "tdnf" | "microdnf" => {
            if let Some(word) = find(&|text| text == "--nogpgcheck") {
                return Some((word, &["CKV2_DOCKER_9"]));
            }
            let word = find(&|text| {
                text.split_once("gpgcheck=")
                    .is_some_and(|(_, value)| matches!(value, "0" | "false" | "no"))
            })?;
            Some((word, &[]))
        }
        "rpm" => Some((
            find(&|text| {
                matches!(
                    text,
                    "--nosignature" | "--nodigest" | "--noverify" | "--nofiledigest"
                )
            })?,
            &["CKV2_DOCKER_10"],
        )),
        "zypper" => Some((
            find(&|text| {
                matches!(text, "--no-gpg-checks" | "--allow-unsigned-rpm")
            })?,
            &[],
        )),
        "echo" | "printf" => Some((
            find(&|text| {
                text.contains("deb ") && text.contains("trusted=yes") && !text.contains("file:")
            })?,
            &[],
        )),
        _ => None,
    }
}

/// Whether all that is installed are files that lie there.
fn names_files_only(command: &ShellCommand) -> bool {
    let mut any = false;
    let files = command
        .arguments()
        .iter()
        .map(|word| unquoted(&word.raw))
        .filter(|text| !text.starts_with('-') && !matches!(*text, "install" | "add" | "localinstall"))
        .all(|text| {
            any = true;
            (text.ends_with(".apk") || text.ends_with(".deb") || text.ends_with(".rpm"))
                && !text.contains("://")
        });
    any && files
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "package-signature-unchecked";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "apt, on its line",
                    "FROM debian:12\nRUN apt-get update && \\\n apt-get install -y --force-yes x\n",
                    &[3],
                ),
                (
                    "apt by its setting",
                    "FROM debian:12\nRUN apt-get -o APT::Get::AllowUnauthenticated=true install x\n",
                    &[2],
                ),
                (
                    "apk",
                    "FROM alpine:3\nRUN apk add --allow-untrusted x\n",
                    &[2],
                ),
                (
                    "dnf",
                    "FROM fedora:40\nRUN dnf install -y --nogpgcheck x && microdnf install --setopt=gpgcheck=0 y\n",
                    &[2, 2],
                ),
                (
                    "rpm from the net",
                    "FROM fedora:40\nRUN rpm -i --nosignature https://e.com/x.rpm\n",
                    &[2],
                ),
                (
                    "a source that is trusted",
                    "FROM debian:12\nRUN echo 'deb [trusted=yes] https://e.com/ ./' > /etc/apt/sources.list.d/x.list\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("checked", "FROM debian:12\nRUN apt-get install -y x\n"),
                (
                    "another program's option",
                    "FROM debian:12\nRUN make --force-yes\n",
                ),
                (
                    "a source with its key",
                    "FROM debian:12\nRUN echo 'deb [signed-by=/k.gpg] https://e.com ./' > /l\n",
                ),
            ],
        );
        unsure(
            RULE,
            &[
                (
                    "a file that was copied",
                    "FROM alpine:3\nCOPY x.apk /\nRUN apk add --allow-untrusted /x.apk\n",
                ),
                (
                    "a stage that is not built",
                    "FROM alpine:3 AS t\nRUN apk add --allow-untrusted x\nFROM scratch\n",
                ),
            ],
        );
    }
}
