use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::InstructionKind;
use plimsoll_syntax::shell::ShellWord;

use crate::declare::declare_rule;
use crate::package::call::{Action, Call, Manager};
use crate::package::site::{self, Site};
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a package of the distribution is installed without saying which version: by apt,
    /// apk, dnf, yum, microdnf, tdnf or zypper.
    ///
    /// It is a house rule, and off unless it is asked for: distributions delete old versions from
    /// their archives, so that a pinned version is a build that fails one day. A base image named by
    /// its digest, and an archive that keeps every day (snapshot.debian.org, snapshot.ubuntu.com),
    /// give the same bytes without that.
    ///
    /// ## Why it hurts in production
    /// The next build may bring another version of a library than the one that was tested, and
    /// nothing in the repository tells when it changed.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN apt-get update && apt-get install -y --no-install-recommends curl
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN apt-get update && apt-get install -y --no-install-recommends curl=7.88.1-10+deb12u12
    /// ```
    ///
    /// ## Fix
    /// None: which version was tested is not in the file.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#version-pinning>
    /// - <https://snapshot.debian.org/>
    UnpinnedPackage = "unpinned-package",
    summary: "A package of the distribution is installed in whatever version there is",
    severity: Low,
    confidence: High,
    category: Reproducibility,
    depth: Dockerfile,
    aliases: ["DL3008", "DL3018", "DL3033", "DL3037", "DL3041"],
    audience: Strict,
    edition: 2026,
}

impl Rule for UnpinnedPackage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for (site, called) in site::all_calls(file) {
            let call = &called.call;
            if call.action != Action::Install || !call.manager.is_system() || is_group(call) {
                continue;
            }
            let aliases = aliases(call);
            let mut open: Vec<&ShellWord> = Vec::new();
            let mut unknown: Option<&ShellWord> = None;
            // Whether hadolint, whose ids these are, would speak.
            let mut theirs = false;
            for &word in &call.packages {
                let seen = site::seen_by_hadolint(called.command)
                    && open_to_hadolint(file, &site, call, word);
                match pin(file, &site, call, word) {
                    Pin::Open => {
                        open.push(word);
                        theirs |= seen;
                    }
                    Pin::Unknown if seen => unknown = unknown.or(Some(word)),
                    Pin::Unknown | Pin::Fixed => {}
                }
            }
            if let Some(first) = open.first() {
                let verb = if open.len() == 1 { "is" } else { "are" };
                sink.report(
                    file.place(called.script.word_span(first)),
                    format!(
                        "{} {verb} installed in whatever version the archive has on the day of the build.",
                        site::list(&open)
                    ),
                )
                .help(help(call.manager))
                .confidence(site.where_built(Confidence::High))
                .aliases(if theirs || unknown.is_some() { aliases } else { &[] });
            } else if let Some(word) = unknown {
                sink.report(
                    file.place(called.script.word_span(word)),
                    format!(
                        "Which versions {} stands for is not known here, and none is named beside it.",
                        site::shown(word)
                    ),
                )
                .help(help(call.manager))
                .confidence(Confidence::Low)
                .aliases(aliases);
            }
        }
    }
}

/// Groups have no version.
fn is_group(call: &Call<'_>) -> bool {
    matches!(
        call.verb,
        "group" | "groups" | "groupinstall" | "build-dep" | "builddep" | "swap"
    )
}

/// What other tools call it.
fn aliases(call: &Call<'_>) -> &'static [&'static str] {
    match (call.program, call.verb) {
        ("apt-get", "install") => &["DL3008"],
        ("apk", _) => &["DL3018"],
        ("yum", "install" | "module") => &["DL3033"],
        ("dnf" | "microdnf", "install" | "module") => &["DL3041"],
        ("zypper", "install" | "in") => &["DL3037"],
        _ => &[],
    }
}

fn help(manager: Manager) -> &'static str {
    match manager {
        Manager::Apt => {
            "Name the base image by its digest and take packages from a snapshot of the archive, or write `name=version`."
        }
        Manager::Apk => "Name the base image by its digest, or write `name=version` or `name~version`.",
        Manager::Zypper => "Name the base image by its digest, or write `name=version`.",
        _ => "Name the base image by its digest, or write `name-version`.",
    }
}

enum Pin {
    /// A version is named, or the package is a file.
    Fixed,
    /// None is.
    Open,
    /// It hangs on what is not known here.
    Unknown,
}

fn pin(file: &ProjectFile<'_>, site: &Site<'_>, call: &Call<'_>, word: &ShellWord) -> Pin {
    let judge = |text: &str| match call.manager {
        Manager::Apt => text.contains(['=', '/']) || text.ends_with(".deb") || text.ends_with('-'),
        Manager::Apk => text.contains(['=', '~', '<', '>', '/']) || text.ends_with(".apk"),
        Manager::Zypper => text.contains(['=', '<', '>', '/']) || text.ends_with(".rpm"),
        Manager::Dnf if call.verb == "module" => text.contains(':'),
        Manager::Dnf => {
            text.contains(['/', '=', '<', '>'])
                || text.ends_with(".rpm")
                || text.starts_with('@')
                || has_rpm_version(text)
        }
        _ => text.contains('=') || text.contains('/'),
    };
    if let Some(literal) = &word.literal {
        return if judge(literal) { Pin::Fixed } else { Pin::Open };
    }
    // What is written around a variable may tell all there is to know.
    let raw = word.raw.trim_matches(['"', '\'']);
    if judge(raw) {
        return Pin::Fixed;
    }
    match site::expanded(file, site, word) {
        Some(words) if words.iter().all(|word| judge(word)) => Pin::Fixed,
        Some(_) => Pin::Open,
        None => Pin::Unknown,
    }
}

/// Whether a name ends in a version: `name-1.2` or `name-1.2-3.el9.x86_64`. `java-17-openjdk` does
/// not.
fn has_rpm_version(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(name, end)| {
        !name.is_empty() && end.starts_with(|c: char| c.is_ascii_digit())
    })
}

/// Whether hadolint takes the word for a package without a version.
fn open_to_hadolint(
    file: &ProjectFile<'_>,
    site: &Site<'_>,
    call: &Call<'_>,
    word: &ShellWord,
) -> bool {
    let text = match &word.literal {
        Some(literal) => literal.as_str(),
        None => word.raw.trim_matches(['"', '\'']),
    };
    match call.manager {
        Manager::Apt => !text.contains(['=', '/']) && !text.ends_with(".deb"),
        Manager::Apk => !text.contains(['=', '~', '<', '>']) && !text.ends_with(".apk"),
        Manager::Zypper => !text.contains(['=', '<', '>']) && !text.ends_with(".rpm"),
        Manager::Dnf if call.verb == "module" => !text.contains(':'),
        Manager::Dnf => {
            let Some((_, version)) = text.split_once('-') else {
                return true;
            };
            if text.ends_with(".rpm") {
                return false;
            }
            if word.literal.is_none() && text.contains('$') {
                let known = &site.view.step.before.variables;
                // An ARG of any stage counts.
                let declared = (0..file.instruction_count())
                    .filter_map(|at| match &file.instruction(at).kind {
                        InstructionKind::Arg(pairs) => Some(pairs),
                        _ => None,
                    })
                    .flatten()
                    .any(|pair| names_variable(text, &pair.name.value));
                return !declared && !known.keys().any(|name| names_variable(text, name));
            }
            !(version.split('-').all(|part| {
                part.chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '~' | '^' | '_' | ':' | '+'))
            }) && version
                .split('-')
                .any(|part| part.starts_with(|c: char| c.is_ascii_digit())))
        }
        _ => false,
    }
}

/// Whether `$NAME` or `${NAME}` stands in a text.
fn names_variable(text: &str, name: &str) -> bool {
    text.match_indices('$').any(|(at, _)| {
        let rest = &text[at + 1..];
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        rest.strip_prefix(name)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    const RULE: &str = "unpinned-package";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("apt-get", "FROM debian:12\nRUN apt-get install -y curl\n", &[2]),
                ("apt", "FROM debian:12\nRUN apt install -y curl\n", &[2]),
                (
                    "the line of the package",
                    "FROM debian:12\nRUN apt-get install -y \\\n  curl=8.* \\\n  git \\\n  make\n",
                    &[4],
                ),
                ("apk", "FROM alpine:3.20\nRUN apk add --no-cache -t .deps gcc\n", &[2]),
                (
                    "a tag of apk is no version",
                    "FROM alpine:3.20\nRUN apk add x@edge\n",
                    &[2],
                ),
                ("dnf", "FROM fedora:40\nRUN dnf install -y java-17-openjdk\n", &[2]),
                ("tdnf", "FROM x:1\nRUN tdnf install -y curl\n", &[2]),
                ("yum module", "FROM x:1\nRUN yum module install -y nodejs\n", &[2]),
                ("zypper", "FROM x:1\nRUN zypper -n in curl\n", &[2]),
                (
                    "through a variable",
                    "FROM debian:12\nENV DEPS=\"a=1 b\"\nRUN apt-get install -y $DEPS\n",
                    &[3],
                ),
                (
                    "in a build stage",
                    "FROM debian:12 AS b\nRUN apt-get install -y x\nFROM debian:12\nCOPY --from=b /x /\n",
                    &[2],
                ),
                (
                    "in exec form",
                    "FROM debian:12\nRUN [\"apt-get\", \"install\", \"-y\", \"x\"]\n",
                    &[2],
                ),
                (
                    "for those who build on it",
                    "FROM debian:12\nONBUILD RUN apt-get install -y x\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("pinned", "FROM debian:12\nRUN apt-get install -y curl=8.1 git=1:2.*\n"),
                ("a file", "FROM debian:12\nRUN apt-get install -y ./x.deb /tmp/y\n"),
                ("a release of the archive", "FROM debian:12\nRUN apt-get install -y x/sid\n"),
                (
                    "options are no packages",
                    "FROM debian:12\nRUN apt-get -t sid -o A=b install -y x=1\n",
                ),
                (
                    "a version in a variable",
                    "FROM debian:12\nARG V=1\nRUN apt-get install -y \"x=${V}\"\n",
                ),
                (
                    "all pinned through a variable",
                    "FROM debian:12\nENV DEPS=\"a=1 b=2\"\nRUN apt-get install -y $DEPS\n",
                ),
                ("apk", "FROM alpine:3.20\nRUN apk add 'a~1' b=2 'c>3' /x.apk\n"),
                ("a group", "FROM alpine:3.20\nRUN apk add -t .d a=1 && apk del .d\n"),
                ("dnf", "FROM x:1\nRUN dnf install -y a-1.2 b-1.2-3.el9.x86_64 ./d.rpm\n"),
                ("a version from a variable", "FROM x:1\nARG V=1.2\nRUN dnf install -y \"c-${V}\"\n"),
                ("groups have no version", "FROM x:1\nRUN dnf group install -y @x y\n"),
                ("a stream", "FROM x:1\nRUN dnf module install -y nodejs:20\n"),
                ("zypper", "FROM x:1\nRUN zypper -n in 'a>1' b=2 c.rpm\n"),
                ("only spoken of", "FROM x:1\nRUN echo apt-get install x\n"),
                ("removed", "FROM x:1\nRUN apt-get purge -y x\n"),
            ],
        );
        unsure(
            RULE,
            &[
                ("not known", "FROM debian:12\nRUN apt-get install -y $(cat list)\n"),
                (
                    "a stage that is not built",
                    "FROM debian:12 AS t\nRUN apt-get install -y x\nFROM scratch\n",
                ),
            ],
        );
    }
}
