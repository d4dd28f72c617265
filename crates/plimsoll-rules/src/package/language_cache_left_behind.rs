use plimsoll_model::{Applicability, Confidence, Edit, Fix, Span};
use plimsoll_syntax::shell::ShellCommand;

use crate::declare::declare_rule;
use crate::mounts;
use crate::package::append;
use crate::package::call::{Action, Call, Manager};
use crate::package::hadolint;
use crate::package::site::{self, Called, Site};
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that pip or yarn fills its cache in a layer of the image that ships. A cache or tmpfs
    /// mounted over it, `PIP_NO_CACHE_DIR`, and its removal in the same `RUN` are seen.
    ///
    /// ## Why it hurts in production
    /// Every package is in the image twice, once installed and once as it was downloaded, and the
    /// second copy is pulled to every node and read by nobody.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// COPY requirements.txt .
    /// RUN pip install -r requirements.txt
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// COPY requirements.txt .
    /// RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt
    /// ```
    ///
    /// ## Fix
    /// Unsafe: pip is told to keep no cache, yarn's is emptied at the end of the same `RUN`.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/cache/optimize/#use-cache-mounts>
    /// - <https://pip.pypa.io/en/stable/topics/caching/>
    LanguageCacheLeftBehind = "language-cache-left-behind",
    summary: "The cache of pip or yarn stays in the layer",
    severity: Low,
    confidence: High,
    category: Efficiency,
    depth: Dockerfile,
    aliases: ["DL3042", "DL3060"],
    audience: Default,
    edition: 2026,
}

impl Rule for LanguageCacheLeftBehind {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for site in site::sites(file) {
            for called in site::calls(file, site) {
                match called.call.manager {
                    Manager::Pip => pip(file, &site, &called, sink),
                    Manager::Yarn => yarn(file, &site, &called, sink),
                    _ => {}
                }
            }
        }
    }
}

/// Whether a mount of a cache or of memory lies on some folder that `names` finds.
fn is_mounted(site: &Site<'_>, names: impl Fn(&str) -> bool) -> bool {
    mounts::of(site.run).any(|mount| {
        matches!(mount.kind, "cache" | "tmpfs")
            && mount
                .target
                .is_some_and(|target| names(target.trim_end_matches('/')))
    })
}

/// The value of a variable of the environment.
fn variable<'s>(site: &'s Site<'_>, name: &str) -> Option<&'s str> {
    site.view.step.before.variables.get(name)?.value.as_deref()
}

/// A value that a command gives a variable, before or in front of a call.
fn given<'s>(file: &'s ProjectFile<'_>, site: &Site<'_>, called: &Called<'_, '_>, name: &str) -> Option<&'s str> {
    let mut value = None;
    for (_, command) in file.commands(site.view) {
        if command.range().0 > called.command.range().0 {
            break;
        }
        let words = command.words.iter().filter_map(|word| word.literal.as_deref());
        let exported = words
            .filter_map(|word| word.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value);
        let set = command
            .assignments
            .iter()
            .find(|(key, _)| key == name)
            .and_then(|(_, word)| word.literal.as_deref());
        value = set.or(exported).or(value);
    }
    value
}

const TRUTHY: &[&str] = &[
    "1", "true", "True", "TRUE", "on", "On", "ON", "yes", "Yes", "YES",
];

fn pip(file: &ProjectFile<'_>, site: &Site<'_>, called: &Called<'_, '_>, sink: &mut Sink<'_>) {
    const SWITCH: &str = "PIP_NO_CACHE_DIR";
    let call = &called.call;
    if call.action != Action::Install || matches!(call.program, "pipx" | "uv") {
        return;
    }
    if call.has_long(&["--no-cache-dir"]) {
        return;
    }
    let set = given(file, site, called, SWITCH).or_else(|| variable(site, SWITCH));
    if set.is_some_and(|value| TRUTHY.contains(&value)) {
        return;
    }
    let folder = call
        .option('\0', &["--cache-dir"])
        .and_then(|option| option.value)
        .or_else(|| variable(site, "PIP_CACHE_DIR"));
    let mounted = is_mounted(site, |target| {
        target.contains(".cache/pip")
            || target.ends_with("/.cache")
            || folder.is_some_and(|folder| {
                folder
                    .strip_prefix(target)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
    });
    // Whatever the value is, pip switches its cache off.
    let off = set.is_some_and(|value| !value.is_empty());
    let left = !off && !mounted && !is_emptied(file, site, called);
    let theirs = site::seen_by_hadolint(called.command)
        && hadolint::knows_pip(called)
        && !site::mounted_to_hadolint(site.run, ".cache/pip");
    if !left && !theirs {
        return;
    }
    let reported = sink
        .report(
            file.place(match call.verb_word {
                Some(verb) => called.script.word_span(verb),
                None => called.script.command_span(called.command),
            }),
            if left {
                "pip keeps a copy of what it downloads and builds in the layer."
            } else if off {
                "`PIP_NO_CACHE_DIR` reads as if the cache were wanted, though pip goes without it whatever the value."
            } else {
                "The cache of pip is kept out of the layer, though not by `--no-cache-dir`."
            },
        )
        .help("Write `pip install --no-cache-dir`, or mount a cache over /root/.cache/pip.")
        .aliases(if theirs { &["DL3042"] } else { &[] })
        .confidence(if left {
            site.where_shipped(Confidence::High)
        } else {
            Confidence::Low
        });
    if let (true, Some(at)) = (
        left,
        call.verb_word.and_then(|verb| called.script.end_of(verb)),
    ) {
        reported.fix(Fix {
            title: "Add `--no-cache-dir`".to_owned(),
            applicability: Applicability::Unsafe,
            edits: vec![Edit {
                file: file.dockerfile.source.path().to_owned(),
                span: Span::new(at, at),
                text: " --no-cache-dir".to_owned(),
            }],
        });
    }
}

fn yarn(file: &ProjectFile<'_>, site: &Site<'_>, called: &Called<'_, '_>, sink: &mut Sink<'_>) {
    let call = &called.call;
    if call.action != Action::Install || asks_only(call) {
        return;
    }
    let folder = call
        .option('\0', &["--cache-folder"])
        .and_then(|option| option.value)
        .or_else(|| variable(site, "YARN_CACHE_FOLDER"));
    let mounted = is_mounted(site, |target| {
        target.contains("/.cache")
            || target.contains("/.yarn")
            || target.contains("/yarn")
            || folder == Some(target)
    });
    let left = !mounted && !is_emptied(file, site, called);
    let theirs = call.verb == "install"
        && site::seen_by_hadolint(called.command)
        && !site::mounted_to_hadolint(site.run, ".cache/yarn")
        && site::stays_to_hadolint(file, site)
        && !cleans_to_hadolint(file, site);
    let speaks = theirs || (left && site.ships);
    if !speaks {
        return;
    }
    let reported = sink
        .report(
            file.place(called.script.command_span(called.command)),
            if left {
                "yarn keeps a copy of what it downloads in the layer."
            } else {
                "The cache of yarn is kept out of the layer, though not by `yarn cache clean` behind the install."
            },
        )
        .help("End the `RUN` with `yarn cache clean`, or mount a cache over yarn's.")
        .aliases(if theirs { &["DL3060"] } else { &[] })
        .confidence(if left {
            site.where_shipped(Confidence::High)
        } else {
            Confidence::Low
        });
    if let (true, Some(edit)) = (left, append::appended(file, site.run, "yarn cache clean")) {
        reported.fix(Fix {
            title: "End the `RUN` with `yarn cache clean`".to_owned(),
            applicability: Applicability::Unsafe,
            edits: vec![edit],
        });
    }
}

/// `yarn --version` installs nothing.
fn asks_only(call: &Call<'_>) -> bool {
    call.verb.is_empty() && call.has('v', &["--version", "--help"])
}

/// Whether a call's cache is removed behind it in the same RUN.
fn is_emptied(file: &ProjectFile<'_>, site: &Site<'_>, called: &Called<'_, '_>) -> bool {
    file.commands(site.view)
        .filter(|(_, command)| called.command.range().0 < command.range().0)
        .any(|(_, command)| empties(command, called.call.manager))
}

fn empties(command: &ShellCommand, manager: Manager) -> bool {
    match command.program() {
        Some("rm" | "find") => command.arguments().iter().any(|word| {
            let raw = word.raw.trim_matches(['"', '\'', '/', '*']);
            raw.ends_with(".cache")
                || match manager {
                    Manager::Pip => raw.ends_with(".cache/pip"),
                    _ => raw.contains(".cache/yarn") || raw.ends_with("yarn") || raw.contains("yarn-cache"),
                }
        }),
        _ => crate::package::call::any_call(command)
            .is_some_and(|call| call.manager == manager && call.action == Action::Clean),
    }
}

/// hadolint: a clean in front of the first install is none.
fn cleans_to_hadolint(file: &ProjectFile<'_>, site: &Site<'_>) -> bool {
    let mut installed = false;
    for (_, command) in file.commands(site.view) {
        let has = |wanted: &[&str]| {
            command.program() == Some("yarn")
                && command
                    .arguments()
                    .iter()
                    .any(|word| wanted.contains(&word.raw.as_str()))
        };
        if has(&["cache", "clean"]) {
            return installed;
        }
        installed |= has(&["install"]);
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent, unsure};

    const RULE: &str = "language-cache-left-behind";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("pip", "FROM python:3\nRUN pip3 install -r r.txt\n", &[2]),
                ("as a module", "FROM python:3\nRUN python -m pip install x\n", &[2]),
                (
                    "of a virtual environment",
                    "FROM python:3\nRUN /venv/bin/pip install x\n",
                    &[2],
                ),
                (
                    "another folder is mounted",
                    "FROM python:3\nRUN --mount=type=cache,target=/x pip install x\n",
                    &[2],
                ),
                (
                    "switched off in another stage",
                    "FROM python:3 AS a\nENV PIP_NO_CACHE_DIR=1\nFROM python:3\nRUN pip install x\n",
                    &[4],
                ),
                ("yarn", "FROM node:20\nRUN yarn install\n", &[2]),
                ("yarn alone", "FROM node:20\nRUN yarn --production\n", &[2]),
                (
                    "emptied too early",
                    "FROM node:20\nRUN yarn cache clean && yarn install\n",
                    &[2],
                ),
            ],
        );
        silent(
            RULE,
            &[
                ("no cache", "FROM python:3\nRUN pip install x --no-cache-dir\n"),
                ("ENV", "FROM python:3\nENV PIP_NO_CACHE_DIR=on\nRUN pip install x\n"),
                (
                    "of the stage below",
                    "FROM python:3 AS a\nENV PIP_NO_CACHE_DIR=1\nFROM a\nRUN pip install x\n",
                ),
                ("in front", "FROM python:3\nRUN PIP_NO_CACHE_DIR=1 pip install x\n"),
                ("exported", "FROM python:3\nRUN export PIP_NO_CACHE_DIR=yes && pip install x\n"),
                (
                    "mounted",
                    "FROM python:3\nRUN --mount=type=cache,target=/root/.cache/pip pip install x\n",
                ),
                (
                    "mounted elsewhere",
                    "FROM python:3\nENV PIP_CACHE_DIR=/c/pip\nRUN --mount=type=cache,target=/c pip install x\n",
                ),
                ("pipx and uv have caches of their own", "FROM python:3\nRUN pipx install x && uv pip install y\n"),
                ("emptied", "FROM python:3\nRUN pip install x && rm -rf ~/.cache\n"),
                ("yarn", "FROM node:20\nRUN yarn install && yarn cache clean\n"),
                (
                    "mounted for yarn",
                    "FROM node:20\nRUN --mount=type=cache,target=/usr/local/share/.cache/yarn yarn install\n",
                ),
                ("nothing is installed", "FROM node:20\nRUN yarn --version && yarn build\n"),
                (
                    "a build stage of yarn",
                    "FROM node:20 AS b\nRUN yarn install\nFROM node:20-slim\nCOPY --from=b /x /\n",
                ),
            ],
        );
        unsure(
            RULE,
            &[
                (
                    "a build stage",
                    "FROM python:3 AS b\nRUN pip install x\nFROM python:3\nCOPY --from=b /x /\n",
                ),
                ("emptied by hand", "FROM python:3\nRUN pip install x && pip cache purge\n"),
                ("off is off", "FROM python:3\nENV PIP_NO_CACHE_DIR=off\nRUN pip install x\n"),
            ],
        );
    }

    #[test]
    fn pip_is_told_and_yarn_cleans_up() {
        assert_eq!(
            fixed(RULE, "FROM x:1\nRUN python3 -m pip install \\\n  a\nRUN yarn\n", &[]),
            "FROM x:1\nRUN python3 -m pip install --no-cache-dir \\\n  a\nRUN yarn && yarn cache clean\n"
        );
    }
}
