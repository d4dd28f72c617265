use plimsoll_model::Confidence;
use plimsoll_syntax::shell::ShellWord;

use crate::declare::declare_rule;
use crate::package::call::{Action, Manager};
use crate::package::site;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells the first install of each stage that takes packages by apt from an archive that changes
    /// every day: no version stands beside them, and nothing above points apt at a snapshot. A house
    /// rule for builds that must give the same bytes again, and off unless it is asked for.
    ///
    /// ## Why it hurts in production
    /// The image cannot be built a second time. When an incident asks for the system of last month
    /// with one line changed, what comes out differs in more than that line.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:13
    /// RUN apt-get update && apt-get install -y --no-install-recommends nginx
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:13
    /// ADD --chmod=644 <<EOF /etc/apt/sources.list.d/debian.sources
    /// Types: deb
    /// URIs: http://snapshot.debian.org/archive/debian/20261101T000000Z
    /// Suites: trixie
    /// Components: main
    /// Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
    /// Check-Valid-Until: no
    /// EOF
    /// RUN apt-get update && apt-get install -y --no-install-recommends nginx
    /// ```
    ///
    /// ## Fix
    /// None: the day to build from is for a person, or a bot, to choose.
    ///
    /// ## References
    /// - <https://snapshot.debian.org/>
    /// - <https://snapshot.ubuntu.com/>
    MovingPackageArchive = "moving-package-archive",
    summary: "apt installs from an archive that changes every day",
    severity: Info,
    confidence: High,
    category: Reproducibility,
    depth: Dockerfile,
    aliases: [],
    audience: Strict,
    edition: 2026,
}

impl Rule for MovingPackageArchive {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let mut told = None;
        for (site, called) in site::all_calls(file) {
            let call = &called.call;
            let stage = Some(site.view.stage.index);
            if call.manager != Manager::Apt
                || call.action != Action::Install
                || told == stage
                || call.has('S', &["--snapshot"])
            {
                continue;
            }
            let open: Vec<&ShellWord> = call
                .packages
                .iter()
                .copied()
                .filter(|word| !word.raw.contains(['=', '/']))
                .collect();
            let Some(first) = open.first() else { continue };
            told = stage;
            if site::written_before(file, &site, "snapshot") {
                continue;
            }
            sink.report(
                file.place(called.script.word_span(first)),
                format!(
                    "{} {} from an archive that is another one tomorrow.",
                    site::list(&open),
                    if open.len() == 1 { "comes" } else { "come" }
                ),
            )
            .help("Point apt at a day of snapshot.debian.org, or give apt-get `--snapshot` on Ubuntu, and name the base by its digest.")
            .confidence(site.where_built(Confidence::High));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    const RULE: &str = "moving-package-archive";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                (
                    "once a stage",
                    "FROM debian:12\nRUN apt-get install -y a\nRUN apt-get install -y b\nFROM debian:12\nRUN apt install -y c\nCOPY --from=0 /x /\n",
                    &[2, 5],
                ),
                (
                    "an open one beside a pinned one",
                    "FROM debian:12\nRUN apt-get install -y \\\n  a=1 \\\n  b\n",
                    &[4],
                ),
            ],
        );
        silent(
            RULE,
            &[
                (
                    "a snapshot",
                    "FROM debian:12\nRUN sed -i s,deb.debian.org,snapshot.debian.org/archive/debian/20261101T000000Z, /etc/apt/sources.list\nRUN apt-get install -y a\n",
                ),
                (
                    "of the stage below",
                    "FROM debian:12 AS a\nRUN echo 'APT::Snapshot \"20261101T000000Z\";' > /etc/apt/apt.conf.d/50snapshot\nFROM a\nRUN apt-get install -y a\n",
                ),
                ("by an option", "FROM ubuntu:24.04\nRUN apt-get install -y --snapshot 20261101T000000Z a\n"),
                ("pinned", "FROM debian:12\nRUN apt-get install -y a=1 ./b.deb\n"),
                ("another manager", "FROM alpine:3.20\nRUN apk add a\n"),
            ],
        );
    }
}
