use plimsoll_model::{Confidence, Span};
use plimsoll_syntax::dockerfile::{Base, InstructionKind};

use crate::base::family;
use crate::declare::declare_rule;
use crate::package::call::{self, Action, Manager};
use crate::project::{ProjectFile, StepView};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the image that ships carries a compiler: it installs one and does not remove it
    /// in the same `RUN`, or it stands on an image that is made to build with.
    ///
    /// An image that starts nothing may well be a tool to build with: there the rule speaks only
    /// where it is selected by name.
    ///
    /// ## Why it hurts in production
    /// Hundreds of megabytes are pulled at every start of a new node, each with its own
    /// vulnerabilities to explain, and whoever gets in has the tools to build what is missing.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// RUN apt-get update && apt-get install -y gcc libpq-dev && rm -rf /var/lib/apt/lists/*
    /// COPY requirements.txt .
    /// RUN pip install -r requirements.txt
    /// CMD ["python", "-m", "pipeline"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM python:3.12-slim AS build
    /// RUN apt-get update && apt-get install -y gcc libpq-dev && rm -rf /var/lib/apt/lists/*
    /// COPY requirements.txt .
    /// RUN pip install --prefix=/install -r requirements.txt
    ///
    /// FROM python:3.12-slim
    /// COPY --from=build /install /usr/local
    /// CMD ["python", "-m", "pipeline"]
    /// ```
    ///
    /// ## Fix
    /// None: which files the finished program needs is not in the Dockerfile.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/multi-stage/>
    CompilerInRuntimeStage = "compiler-in-runtime-stage",
    summary: "The image that ships carries a compiler",
    severity: Medium,
    confidence: High,
    category: Security,
    depth: Dockerfile,
    aliases: ["tally/prefer-multi-stage-build"],
    audience: Default,
    edition: 2026,
}

const HELP: &str = "Build in a stage of its own and copy only the result: `FROM … AS build`, then \
                    `COPY --from=build …`.";

impl Rule for CompilerInRuntimeStage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(target) = file.target() else { return };
        let starts_something = file.shipped_steps().any(|view| {
            matches!(
                view.instruction.kind,
                InstructionKind::Cmd(_) | InstructionKind::Entrypoint(_)
            )
        });
        let confidence = if starts_something {
            Confidence::High
        } else {
            Confidence::Low
        };
        let bottom = file.bottom(target);
        if let (Base::Image(name), Some(what)) = (&bottom.base, family::toolchain(&bottom.base)) {
            sink.report(
                file.place(file.from(bottom).span),
                format!("The image that ships stands on `{name}`, which brings {what}."),
            )
            .help(HELP)
            .confidence(confidence);
        }
        for view in file.shipped_steps() {
            if !matches!(view.instruction.kind, InstructionKind::Run(_)) {
                continue;
            }
            for (span, names) in compilers_left(file, view) {
                sink.report(
                    file.place(span),
                    if names.len() == 1 {
                        format!(
                            "{} is installed into the image that ships, and stays there.",
                            list(&names)
                        )
                    } else {
                        format!(
                            "{} are installed into the image that ships, and stay there.",
                            list(&names)
                        )
                    },
                )
                .help(HELP)
                .confidence(confidence);
            }
        }
    }
}

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names
        .iter()
        .map(|name| format!("`{}`", name.escape_debug()))
        .collect();
    quoted.join(", ")
}

/// The compilers that a RUN installs and does not remove: for each call the first one's place, and
/// all names.
fn compilers_left(file: &ProjectFile<'_>, view: StepView<'_>) -> Vec<(Span, Vec<String>)> {
    let mut left: Vec<(Span, Vec<String>, Option<String>)> = Vec::new();
    for (script, command) in file.commands(view) {
        let Some(call) = call::call(command) else {
            continue;
        };
        match call.action {
            Action::Update | Action::Upgrade | Action::Clean | Action::Other => {}
            Action::Install => {
                let names: Vec<String> = call
                    .names()
                    .filter(|name| is_compiler(name))
                    .map(str::to_owned)
                    .collect();
                let first = call.packages.iter().find(|word| {
                    word.literal.as_deref().is_some_and(|text| {
                        names
                            .first()
                            .is_some_and(|name| text.contains(name.as_str()))
                    })
                });
                if let Some(first) = first {
                    left.push((
                        script.word_span(first),
                        names,
                        call.group.map(str::to_owned),
                    ));
                }
            }
            // What a variable names may be any of them, and autoremove takes what nothing needs.
            Action::Remove
                if call.is_open() || (call.manager == Manager::Apt && call.packages.is_empty()) =>
            {
                left.clear();
            }
            Action::Remove => {
                for (_, names, group) in &mut left {
                    if group
                        .as_deref()
                        .is_some_and(|group| call.names().any(|name| name == group))
                    {
                        names.clear();
                    }
                    names.retain(|name| !call.names().any(|gone| gone == name));
                }
            }
        }
    }
    left.into_iter()
        .filter(|(_, names, _)| !names.is_empty())
        .map(|(span, names, _)| (span, names))
        .collect()
}

fn is_compiler(name: &str) -> bool {
    const COMPILERS: &[&str] = &[
        "alpine-sdk",
        "build-base",
        "build-essential",
        "cargo",
        "clang",
        "g++",
        "gcc",
        "gcc-c++",
        "gfortran",
        "go",
        "golang",
        "golang-go",
        "rust",
        "rustc",
        "base-devel",
    ];
    // Debian and its kin put the version behind the name: gcc-12, clang-15.
    let stem = match name.rsplit_once('-') {
        Some((stem, version)) if version.bytes().all(|b| b.is_ascii_digit() || b == b'.') => stem,
        _ => name,
    };
    COMPILERS.contains(&stem)
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    #[test]
    fn cases() {
        fires(
            "compiler-in-runtime-stage",
            &[
                (
                    "apt",
                    "FROM debian:12\nRUN apt-get update && apt-get install -y \\\n  curl \\\n  build-essential\nCMD [\"x\"]\n",
                    &[4],
                ),
                (
                    "apk",
                    "FROM alpine:3.20\nRUN apk add --no-cache gcc musl-dev\nCMD [\"x\"]\n",
                    &[2],
                ),
                (
                    "dnf",
                    "FROM fedora:40\nRUN dnf install -y gcc-c++\nCMD [\"x\"]\n",
                    &[2],
                ),
                (
                    "with a version",
                    "FROM debian:12\nRUN apt-get install -y gcc-12=12.2.*\nCMD [\"x\"]\n",
                    &[2],
                ),
                (
                    "removed in a later layer only",
                    "FROM debian:12\nRUN apt-get install -y gcc\nRUN apt-get purge -y gcc\nCMD [\"x\"]\n",
                    &[2],
                ),
                (
                    "in a stage that ships under another",
                    "FROM debian:12 AS a\nRUN apt-get install -y gcc\nFROM a\nCMD [\"x\"]\n",
                    &[2],
                ),
                (
                    "a base to build with",
                    "FROM golang:1.22\nRUN go build -o /x\nCMD [\"/x\"]\n",
                    &[1],
                ),
                (
                    "another group is removed",
                    "FROM alpine:3.20\nRUN apk add gcc && apk add -t .d make && apk del .d\nCMD [\"x\"]\n",
                    &[2],
                ),
            ],
        );
        silent(
            "compiler-in-runtime-stage",
            &[
                (
                    "in a build stage",
                    "FROM golang:1.22 AS b\nRUN apt-get install -y gcc\nFROM debian:12\nCOPY --from=b /x /x\nCMD [\"/x\"]\n",
                ),
                (
                    "removed in the same step",
                    "FROM debian:12\nRUN apt-get install -y gcc && make && apt-get purge -y gcc\nCMD [\"x\"]\n",
                ),
                (
                    "removed as a group",
                    "FROM alpine:3.20\nRUN apk add --virtual .deps gcc && make && apk del .deps\nCMD [\"x\"]\n",
                ),
                (
                    "removed by a variable",
                    "FROM debian:12\nRUN apt-get install -y gcc && apt-get purge -y $DEPS\nCMD [\"x\"]\n",
                ),
                (
                    "swept up",
                    "FROM debian:12\nRUN apt-get install -y gcc && apt-mark auto gcc && apt-get autoremove -y\nCMD [\"x\"]\n",
                ),
                (
                    "libraries of a compiler are none",
                    "FROM debian:12\nRUN apt-get install -y libgcc-s1 gcc-12-base\nCMD [\"x\"]\n",
                ),
            ],
        );
        unsure(
            "compiler-in-runtime-stage",
            &[(
                "an image to build with",
                "FROM debian:12\nRUN apt-get install -y gcc\n",
            )],
        );
    }
}
