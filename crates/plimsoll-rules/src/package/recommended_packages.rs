use plimsoll_model::{Applicability, Confidence, Edit, Fix, Span};

use crate::declare::declare_rule;
use crate::package::call::{Call, Manager};
use crate::package::site;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that `apt-get install`, in the image that ships, brings the packages that others only
    /// recommend: `--no-install-recommends` is missing.
    ///
    /// ## Why it hurts in production
    /// Documentation viewers, mail servers and fonts that nothing calls come along. Each of them is
    /// pulled to every node, and its vulnerabilities are counted as yours.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// RUN apt-get update && apt-get install -y git && rm -rf /var/lib/apt/lists/*
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// RUN apt-get update \
    ///     && apt-get install -y --no-install-recommends git ca-certificates \
    ///     && rm -rf /var/lib/apt/lists/*
    /// ```
    ///
    /// ## Fix
    /// Unsafe: the option is added. What was needed and only came along (often `ca-certificates`)
    /// must then be named.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#apt-get>
    RecommendedPackages = "recommended-packages",
    summary: "apt-get installs what packages only recommend",
    severity: Low,
    confidence: High,
    category: Efficiency,
    depth: Dockerfile,
    aliases: ["DL3015", "DS-0029", "DS029"],
    audience: Default,
    edition: 2026,
}

impl Rule for RecommendedPackages {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for (site, called) in site::all_calls(file) {
            let call = &called.call;
            if call.manager != Manager::Apt || call.verb != "install" || leaves_them_out(call) {
                continue;
            }
            // What is only downloaded or repaired brings none, or few.
            let sure = !call.packages.is_empty()
                && !call.has('d', &["--download-only"])
                && !site::written_before(file, &site, "apt::install-recommends");
            let place = call
                .verb_word
                .map_or(called.script.command_span(called.command), |verb| {
                    called.script.word_span(verb)
                });
            let reported = sink
                .report(
                    file.place(place),
                    format!(
                        "`{} install` brings what the packages recommend along with what they need.",
                        call.program
                    ),
                )
                .help("Add `--no-install-recommends`, and name what is needed of the rest.")
                .aliases(match call.program {
                    "apt-get" if site::seen_by_hadolint(called.command) => Self::META.aliases,
                    "apt-get" => &["DS-0029", "DS029"],
                    _ => &[],
                })
                .confidence(if sure {
                    site.where_shipped(Confidence::High)
                } else {
                    Confidence::Low
                });
            if let Some(at) = call.verb_word.and_then(|verb| called.script.end_of(verb)) {
                reported.fix(Fix {
                    title: "Add `--no-install-recommends`".to_owned(),
                    applicability: Applicability::Unsafe,
                    edits: vec![Edit {
                        file: file.dockerfile.source.path().to_owned(),
                        span: Span::new(at, at),
                        text: " --no-install-recommends".to_owned(),
                    }],
                });
            }
        }
    }
}

fn leaves_them_out(call: &Call<'_>) -> bool {
    call.has_long(&["--no-install-recommends", "--without-recommends"])
        || call.has('R', &[]) && call.program == "aptitude"
        || call.options.iter().any(|option| {
            let setting = match option.name {
                "-o" | "--option" => option.value,
                _ => None,
            };
            setting
                .and_then(|setting| setting.split_once('='))
                .is_some_and(|(name, value)| {
                    name.eq_ignore_ascii_case("apt::install-recommends")
                        && matches!(value.trim_matches('"'), "0" | "false" | "no" | "off")
                })
                || (option.name == "--install-recommends"
                    && matches!(option.value, Some("0" | "false" | "no" | "off")))
        })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent, unsure};

    const RULE: &str = "recommended-packages";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("apt-get", "FROM debian:12\nRUN apt-get install -y git\n", &[2]),
                ("apt", "FROM debian:12\nRUN apt install -y git\n", &[2]),
                (
                    "each call by itself",
                    "FROM debian:12\nRUN apt-get install -y --no-install-recommends a && \\\n apt-get install -y b\n",
                    &[3],
                ),
            ],
        );
        silent(
            RULE,
            &[
                (
                    "left out",
                    "FROM debian:12\nRUN apt-get install -y git --no-install-recommends\n",
                ),
                (
                    "by a setting",
                    "FROM debian:12\nRUN apt-get -o APT::Install-Recommends=false install -y git\n",
                ),
                (
                    "by a setting, otherwise spelled",
                    "FROM debian:12\nRUN apt-get install -oapt::install-recommends=0 -y git\n",
                ),
                ("another verb", "FROM debian:12\nRUN apt-get upgrade -y\n"),
                ("another manager", "FROM fedora:40\nRUN dnf install -y git\n"),
            ],
        );
        unsure(
            RULE,
            &[
                (
                    "switched off for good",
                    "FROM debian:12\nRUN echo 'APT::Install-Recommends \"0\";' > /etc/apt/apt.conf.d/99\nRUN apt-get install -y git\n",
                ),
                (
                    "a build stage does not ship",
                    "FROM debian:12 AS b\nRUN apt-get install -y git\nFROM debian:12\nCOPY --from=b /x /\n",
                ),
                ("repaired", "FROM debian:12\nRUN dpkg -i x.deb; apt-get install -fy\n"),
            ],
        );
    }

    #[test]
    fn the_option_goes_behind_the_verb() {
        assert_eq!(
            fixed(RULE, "FROM debian:12\nRUN apt-get -qq install \\\n  -y git\n", &[]),
            "FROM debian:12\nRUN apt-get -qq install --no-install-recommends \\\n  -y git\n"
        );
    }

    /// No installation looks through the steps before it.
    #[test]
    fn many_installations() {
        let mut steps = String::from("FROM debian:12\n");
        for package in 0..20_000 {
            steps += &format!("RUN apt-get install -y p{package}\n");
        }
        let lines: Vec<usize> = (2..20_002).collect();
        fires(RULE, &[("none is told before", &steps, &lines)]);
    }

    #[test]
    fn what_is_switched_off_below_is_switched_off() {
        let off = "RUN echo 'APT::Install-Recommends \"0\";' > /etc/apt/apt.conf.d/99\n";
        let install = "RUN apt-get install -y git\n";
        for below in ["FROM a", "FROM a AS b\nFROM b"] {
            let steps = format!("FROM debian:12 AS a\n{off}{below}\n{install}");
            unsure(RULE, &[("in a stage below", &steps)]);
        }
        for (steps, line) in [
            (format!("FROM debian:12\n{install}{off}"), 2),
            (format!("FROM debian:12 AS a\n{off}FROM debian:12\n{install}"), 4),
        ] {
            fires(RULE, &[("later, or elsewhere", &steps, &[line])]);
        }
    }
}
