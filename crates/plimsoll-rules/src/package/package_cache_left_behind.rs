use plimsoll_model::{Applicability, Confidence, Edit, Fix, Span};
use plimsoll_syntax::shell::ShellCommand;

use crate::declare::declare_rule;
use crate::mounts;
use crate::package::append;
use crate::package::call::{Action, Call, Manager};
use crate::package::site::{self, Called, Site};
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a `RUN` of the image that ships installs with apk, yum, dnf, microdnf, tdnf, zypper
    /// or pacman and leaves in its layer what was downloaded for that. A cache or tmpfs mounted over
    /// it, and its removal in the same `RUN`, are seen.
    ///
    /// ## Why it hurts in production
    /// Metadata and packages that nothing reads again, 20 to 300 MB of them, are pulled to every
    /// node. A later `RUN` that removes them frees nothing: the layer below still ships.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM fedora:42
    /// RUN dnf install -y nginx
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM fedora:42
    /// RUN dnf install -y nginx && dnf clean all
    /// ```
    ///
    /// ## Fix
    /// Unsafe: the cache is emptied at the end of the same `RUN`, or apk is told to keep none.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#run>
    PackageCacheLeftBehind = "package-cache-left-behind",
    summary: "What a package manager downloaded stays in the layer",
    severity: Low,
    confidence: High,
    category: Efficiency,
    depth: Dockerfile,
    aliases: [
        "DL3019", "DL3032", "DL3036", "DL3040", "DS-0015", "DS-0019", "DS-0020", "DS-0025",
        "DS-0027", "DKL-DI-0004",
    ],
    audience: Default,
    edition: 2026,
}

impl Rule for PackageCacheLeftBehind {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for site in site::sites(file) {
            // The calls first: most RUNs have none, and are left at once.
            let calls: Vec<Called<'_, '_>> = site::calls(file, site)
                .filter(|called| called.call.manager.is_system())
                .collect();
            for kind in KINDS {
                let mine = |called: &&Called<'_, '_>| kind.programs.contains(&called.call.program);
                if let Some(last) = calls.iter().filter(mine).rfind(|called| fills(&called.call)) {
                    judge(file, site, kind, last, &calls, sink);
                }
            }
        }
    }
}

/// A package manager with what it leaves and what removes that.
struct Kind {
    programs: &'static [&'static str],
    /// Folders of its cache.
    folders: &'static [&'static str],
    /// The command that empties it.
    clean: &'static str,
}

const KINDS: &[Kind] = &[
    Kind {
        programs: &["apk"],
        folders: &["/var/cache/apk", "/etc/apk/cache"],
        clean: "rm -rf /var/cache/apk/*",
    },
    Kind {
        programs: &["yum"],
        folders: &["/var/cache/yum", "/var/cache/dnf", "/var/cache/libdnf5"],
        clean: "yum clean all",
    },
    Kind {
        programs: &["dnf", "dnf5"],
        folders: &["/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum"],
        clean: "dnf clean all",
    },
    Kind {
        programs: &["microdnf"],
        folders: &["/var/cache/yum", "/var/cache/dnf", "/var/cache/libdnf5"],
        clean: "microdnf clean all",
    },
    Kind {
        programs: &["tdnf"],
        folders: &["/var/cache/tdnf"],
        clean: "tdnf clean all",
    },
    Kind {
        programs: &["zypper"],
        folders: &["/var/cache/zypp"],
        clean: "zypper clean",
    },
    Kind {
        programs: &["pacman"],
        folders: &["/var/cache/pacman"],
        clean: "pacman -Scc --noconfirm",
    },
];

/// Whether a call downloads into the cache.
fn fills(call: &Call<'_>) -> bool {
    match call.manager {
        Manager::Apk => call.action == Action::Install && !call.has_long(&["--no-cache"]),
        // Trivy wants it behind a removal as well.
        Manager::Zypper => matches!(
            call.action,
            Action::Install | Action::Upgrade | Action::Remove
        ),
        _ => matches!(call.action, Action::Install | Action::Upgrade),
    }
}

fn judge(
    file: &ProjectFile<'_>,
    site: Site<'_>,
    kind: &Kind,
    last: &Called<'_, '_>,
    calls: &[Called<'_, '_>],
    sink: &mut Sink<'_>,
) {
    let call = &last.call;
    let mounted = kind
        .folders
        .iter()
        .any(|folder| mounts::covers(site.run, folder));
    let left = !mounted && call.action != Action::Remove && !is_emptied(file, site, kind, last);
    let aliases = aliases(file, site, call, calls);
    if !left && aliases.is_empty() {
        return;
    }
    let (program, clean) = (call.program, kind.clean);
    let place = call
        .verb_word
        .map_or(last.script.command_span(last.command), |verb| {
            last.script.word_span(verb)
        });
    let is_apk = call.manager == Manager::Apk;
    let reported = sink
        .report(
            file.place(place),
            match (left, call.action) {
                (true, _) => format!("What `{program}` downloads for this stays in the layer."),
                (false, Action::Remove) => {
                    format!("`{program}` reads its metadata for this, and nothing behind it empties the cache.")
                }
                (false, _) if is_apk => {
                    "The cache of `apk` is kept out of the layer, though not by `--no-cache`.".to_owned()
                }
                (false, _) => format!(
                    "The cache of `{program}` is kept out of the layer, though not by `{clean}` behind the last install."
                ),
            },
        )
        .help(if is_apk {
            "Write `apk add --no-cache`.".to_owned()
        } else {
            format!(
                "End the `RUN` with `{clean}`, or mount a cache over `{}`.",
                kind.folders[0]
            )
        })
        .aliases(aliases)
        .confidence(if left {
            site.where_shipped(Confidence::High)
        } else {
            Confidence::Low
        });
    let edit = if is_apk {
        call.verb_word
            .and_then(|verb| last.script.end_of(verb))
            .map(|at| Edit {
                file: file.dockerfile.source.path().to_owned(),
                span: Span::new(at, at),
                text: " --no-cache".to_owned(),
            })
    } else {
        append::appended(file, site.run, clean)
    };
    if let (true, Some(edit)) = (left, edit) {
        reported.fix(Fix {
            title: if is_apk {
                "Add `--no-cache`".to_owned()
            } else {
                format!("End the `RUN` with `{clean}`")
            },
            applicability: Applicability::Unsafe,
            edits: vec![edit],
        });
    }
}

/// Whether the cache is emptied behind a call in the same RUN.
fn is_emptied(file: &ProjectFile<'_>, site: Site<'_>, kind: &Kind, last: &Called<'_, '_>) -> bool {
    file.commands(site.view)
        .filter(|(_, command)| last.command.range().0 < command.range().0)
        .any(|(_, command)| empties(command, kind))
}

fn empties(command: &ShellCommand, kind: &Kind) -> bool {
    match command.program() {
        Some("rm" | "find") => command.arguments().iter().any(|word| {
            let raw = word.raw.trim_matches(['"', '\'']);
            raw.starts_with("/var/cache/{")
                || raw.starts_with("/var/{")
                || matches!(raw, "/var/cache" | "/var/cache/" | "/var/cache/*")
                || kind.folders.iter().any(|folder| raw.starts_with(folder))
        }),
        _ => crate::package::call::call(command).is_some_and(|call| {
            let related = kind.programs.contains(&call.program)
                || (call.manager == Manager::Dnf && kind.clean.ends_with("clean all"));
            related && call.action == Action::Clean
        }),
    }
}

/// The ids of the tools that speak of this RUN.
fn aliases(
    file: &ProjectFile<'_>,
    site: Site<'_>,
    call: &Call<'_>,
    calls: &[Called<'_, '_>],
) -> &'static [&'static str] {
    match call.program {
        "apk" => {
            let seen = calls.iter().any(|called| {
                called.call.program == "apk"
                    && fills(&called.call)
                    && site::seen_by_hadolint(called.command)
            });
            if !seen || site::mounted_to_hadolint(site.run, "/var/cache/apk") {
                &["DS-0025"]
            } else {
                &["DL3019", "DS-0025", "DKL-DI-0004"]
            }
        }
        "yum" => {
            let theirs = hadolint_misses_clean(file, site, "yum", &["install"], &["clean", "all"], "/var/cache/yum/*");
            let trivy = call.verb == "install" && !is_cleaned_to_trivy(file, site);
            match (theirs, trivy) {
                (true, true) => &["DL3032", "DS-0015"],
                (true, false) => &["DL3032"],
                (false, true) => &["DS-0015"],
                (false, false) => &[],
            }
        }
        "dnf" | "microdnf" => {
            const INSTALLS: &[&str] = &[
                "install", "in", "upgrade", "up", "upgrade-minimal", "up-min", "reinstall", "rei",
            ];
            let theirs = !site::mounted_to_hadolint(site.run, "/var/cache/libdnf5")
                && !site::mounted_to_hadolint(site.run, ".cache/libdnf5")
                && hadolint_misses_clean(
                    file,
                    site,
                    call.program,
                    INSTALLS,
                    &["clean", "all"],
                    "/var/cache/libdnf5*",
                );
            let installs: &[&str] = if call.program == "dnf" {
                &["install", "in", "reinstall", "rei", "install-n", "install-na", "install-nevra"]
            } else {
                &["install", "reinstall"]
            };
            let trivy = trivy_misses_clean(calls, call.program, installs, &["clean"]);
            match (theirs, trivy, call.program) {
                (true, true, "dnf") => &["DL3040", "DS-0019"],
                (true, true, _) => &["DL3040", "DS-0027"],
                (true, false, _) => &["DL3040"],
                (false, true, "dnf") => &["DS-0019"],
                (false, true, _) => &["DS-0027"],
                (false, false, _) => &[],
            }
        }
        "zypper" => {
            let theirs = !site::mounted_to_hadolint(site.run, "/var/cache/zypp")
                && hadolint_misses_clean(file, site, "zypper", &["install", "in"], &["clean", "cc"], "");
            let installs = &["install", "in", "remove", "rm", "source-install", "si", "patch"];
            let trivy = trivy_misses_clean(calls, "zypper", installs, &["clean", "cc"]);
            match (theirs, trivy) {
                (true, true) => &["DL3036", "DS-0020"],
                (true, false) => &["DL3036"],
                (false, true) => &["DS-0020"],
                (false, false) => &[],
            }
        }
        _ => &[],
    }
}

/// hadolint: the first install must stand in front of the first clean, where an `rm -rf` of anything
/// is one too.
fn hadolint_misses_clean(
    file: &ProjectFile<'_>,
    site: Site<'_>,
    program: &str,
    installs: &[&str],
    cleans: &[&str],
    path: &str,
) -> bool {
    let has = |command: &ShellCommand, wanted: &[&str]| {
        command
            .words
            .first()
            .is_some_and(|word| word.literal.as_deref() == Some(program))
            && command
                .arguments()
                .iter()
                .any(|word| wanted.contains(&word.raw.as_str()))
    };
    let mut installed = false;
    for (_, command) in file.commands(site.view) {
        if !installed && has(command, installs) {
            installed = true;
        } else if has(command, cleans)
            || (!path.is_empty() && site::removes_to_hadolint(command, path))
        {
            return !installed
                && file
                    .commands(site.view)
                    .any(|(_, command)| has(command, installs));
        }
    }
    installed
}

/// Trivy: the last of these calls must be a clean, with the verb right behind the program.
fn trivy_misses_clean(
    calls: &[Called<'_, '_>],
    program: &str,
    installs: &[&str],
    cleans: &[&str],
) -> bool {
    calls
        .iter()
        .rev()
        .filter(|called| called.call.program == program)
        .find_map(|called| {
            let first = called.command.arguments().first()?.raw.as_str();
            if cleans.contains(&first) {
                Some(false)
            } else {
                let far = program == "zypper" && called.call.verb == "install";
                (far || installs.contains(&first)).then_some(true)
            }
        })
        .unwrap_or(false)
}

/// Trivy, for yum: any command with `all` behind the last install.
fn is_cleaned_to_trivy(file: &ProjectFile<'_>, site: Site<'_>) -> bool {
    let mut cleaned = false;
    for (_, command) in file.commands(site.view) {
        let has = |wanted: &str| command.words.iter().any(|word| word.raw == wanted);
        if has("yum") && has("install") {
            cleaned = false;
        } else if has("all") {
            cleaned = true;
        }
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent, unsure};

    const RULE: &str = "package-cache-left-behind";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("apk", "FROM alpine:3.20\nRUN apk add git\n", &[2]),
                ("another call has it", "FROM alpine:3.20\nRUN apk upgrade --no-cache && \\\n apk add git\n", &[3]),
                ("yum", "FROM centos:7\nRUN yum install -y git\n", &[2]),
                ("dnf", "FROM fedora:40\nRUN dnf -y upgrade\n", &[2]),
                ("microdnf", "FROM x:1\nRUN microdnf install -y git\n", &[2]),
                ("tdnf", "FROM x:1\nRUN tdnf install -y git\n", &[2]),
                ("zypper", "FROM x:1\nRUN zypper -n in git\n", &[2]),
                ("pacman", "FROM archlinux:1\nRUN pacman -Syu --noconfirm git\n", &[2]),
                (
                    "emptied too early",
                    "FROM fedora:40\nRUN dnf install -y a && dnf clean all && \\\n dnf install -y b\n",
                    &[3],
                ),
                (
                    "emptied in a later layer",
                    "FROM fedora:40\nRUN dnf install -y a\nRUN dnf clean all\n",
                    &[2],
                ),
                (
                    "another cache is mounted",
                    "FROM fedora:40\nRUN --mount=type=cache,target=/var/lib/dnf dnf install -y a\n",
                    &[2],
                ),
                (
                    "something else is removed",
                    "FROM fedora:40\nRUN dnf install -y a && rm -rf /tmp/*\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("no cache", "FROM alpine:3.20\nRUN apk --no-cache add git && apk add --no-cache x\n"),
                ("emptied", "FROM fedora:40\nRUN dnf install -y git && dnf clean all\n"),
                ("by its predecessor", "FROM fedora:40\nRUN dnf install -y git && yum clean all\n"),
                ("removed", "FROM fedora:40\nRUN dnf install -y git && rm -rf /var/cache/dnf\n"),
                ("removed with more", "FROM centos:7\nRUN yum install -y git; rm -rf /tmp/* /var/cache/*\n"),
                (
                    "a cache is mounted over it",
                    "FROM fedora:40\nRUN --mount=type=cache,target=/var/cache/libdnf5 dnf install -y git\n",
                ),
                (
                    "over all caches",
                    "FROM x:1\nRUN --mount=type=tmpfs,target=/var/cache zypper -n in git\n",
                ),
                ("zypper", "FROM x:1\nRUN zypper -n in git && zypper cc -a\n"),
                ("pacman", "FROM archlinux:1\nRUN pacman -S --noconfirm git && pacman -Scc --noconfirm\n"),
                ("apt has a rule of its own", "FROM debian:12\nRUN apt-get install -y git\n"),
                ("a removal leaves nothing", "FROM fedora:40\nRUN dnf remove -y git\n"),
            ],
        );
        unsure(
            RULE,
            &[
                (
                    "a build stage does not ship",
                    "FROM fedora:40 AS b\nRUN dnf install -y gcc\nFROM fedora:40\nCOPY --from=b /x /\n",
                ),
                ("removed by hand", "FROM alpine:3.20\nRUN apk add git && rm -rf /var/cache/apk/*\n"),
            ],
        );
    }

    #[test]
    fn the_cache_is_emptied_behind_the_rest() {
        for (before, after) in [
            ("dnf install -y a", "dnf install -y a && dnf clean all"),
            ("apk add --virtual .d \\\n  a", "apk add --no-cache --virtual .d \\\n  a"),
            (
                "microdnf install -y a \\\n    && x",
                "microdnf install -y a \\\n    && x \\\n    && microdnf clean all",
            ),
            ("yum install -y a;", "yum install -y a;"),
        ] {
            assert_eq!(
                fixed(RULE, &format!("FROM x:1\nRUN {before}\n"), &[]),
                format!("FROM x:1\nRUN {after}\n")
            );
        }
    }
}
