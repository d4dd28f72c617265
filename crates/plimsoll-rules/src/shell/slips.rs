//! Cases of the rules that speak of slips in shell text: which shell, which place, how sure.

use plimsoll_model::Confidence;

use crate::testing::{fires, fixed, run, silent, unsure};

/// `(rule, what, Dockerfile, lines)`
const FIRE: &[(&str, &str, &str, &[usize])] = &[
    (
        "unquoted-expansion",
        "on its own line of a long RUN",
        "FROM debian:12\nRUN set -e; \\\n  x=$(y); \\\n  z $x\n",
        &[4],
    ),
    (
        "unquoted-expansion",
        "in a heredoc",
        "FROM debian:12\nRUN <<EOF\nx=$(y)\nz $x\nEOF\n",
        &[4],
    ),
    (
        "unquoted-command-substitution",
        "in a condition",
        "FROM debian:12\nRUN [ $(y) = z ] || exit 1\n",
        &[2],
    ),
    (
        "masked-exit-status",
        "curl behind export",
        "FROM debian:12\nRUN export V=\"$(curl -f https://x)\" && z\n",
        &[2],
    ),
    (
        "unguarded-cd",
        "in a heredoc without `set -e`",
        "FROM debian:12\nRUN <<EOF\ncd /a\nmake\nEOF\n",
        &[3],
    ),
    (
        "unguarded-cd",
        "in a script in exec form",
        "FROM debian:12\nRUN [\"sh\", \"-c\", \"cd /a; make\"]\n",
        &[2],
    ),
    (
        "echo-with-escapes",
        "Bash does not expand them",
        "FROM fedora:41\nRUN echo 'a\\nb' > /f\n",
        &[2],
    ),
    (
        "bashism-in-sh",
        "braces in dash",
        "FROM python:3.12-slim\nRUN mkdir -p /a/{b,c}\n",
        &[2],
    ),
    (
        "bashism-in-sh",
        "what BusyBox lacks",
        "FROM alpine:3\nRUN mkdir -p /a/{b,c} && if [[ -d /a ]]; then x; fi\n",
        &[2],
    ),
    (
        "bashism-in-sh",
        "in a health check",
        "FROM debian:12\nHEALTHCHECK CMD [[ -f /ready ]]\n",
        &[2],
    ),
    (
        "bashism-in-sh",
        "in a heredoc that asks for sh",
        "FROM debian:12\nSHELL [\"/bin/bash\", \"-c\"]\nRUN <<EOF\n#!/bin/sh\nsource /x\nEOF\n",
        &[5],
    ),
    (
        "unassigned-variable",
        "small letters, and no ARG",
        "FROM debian:12\nARG VERSION\nRUN curl https://x/$version\n",
        &[3],
    ),
    (
        "misplaced-redirect",
        "a comparison that writes a file",
        "FROM debian:12\nRUN [ \"$(nproc)\" > 4 ] && make\n",
        &[2],
    ),
    (
        "removal-that-may-reach-root",
        "the value comes from a command",
        "FROM debian:12\nRUN d=$(y) && rm -rf \"$d\"/*\n",
        &[2],
    ),
    (
        "option-as-command",
        "an option of RUN that comes too late",
        "FROM debian:12\nRUN test -f /x && \\\n  --mount=type=cache,target=/c pip install .\n",
        &[3],
    ),
];

/// `(rule, why, Dockerfile)`
const SILENT: &[(&str, &str, &str)] = &[
    (
        "unquoted-expansion",
        "ENV and ARG are taken for one word",
        "FROM debian:12\nARG V=1\nENV W=2\nRUN z $V $W\n",
    ),
    (
        "unquoted-expansion",
        "set to one word on every way that goes on",
        "FROM debian:12\nRUN case \"$(y)\" in a) x=1;; b) x=2;; *) exit 1;; esac; z $x\n",
    ),
    (
        "unguarded-cd",
        "`set -e` stops it",
        "FROM debian:12\nRUN <<EOF\nset -e\ncd /a\nmake\nEOF\n",
    ),
    (
        "bashism-in-sh",
        "SHELL is Bash, and stays so behind ENV",
        "FROM debian:12\nSHELL [\"/bin/bash\", \"-c\"]\nENV A=b\nRUN mkdir /{a,b}\n",
    ),
    (
        "bashism-in-sh",
        "the first line names Bash",
        "FROM debian:12\nRUN <<EOF\n#!/usr/bin/env bash\nsource /x\nEOF\n",
    ),
    (
        "bashism-in-sh",
        "no shell reads it",
        "FROM debian:12\nCMD [\"z\", \"{a,b}\"]\n",
    ),
    (
        "bashism-in-sh",
        "Windows has other shells",
        "FROM mcr.microsoft.com/windows/servercore:ltsc2022\nRUN [[ a ]]\n",
    ),
    (
        "unassigned-variable",
        "set by `read`, by a loop, outside",
        "FROM debian:12\nENV a=1\nRUN read -r b; for c in x; do z $a $b $c ${d:-}; done\n",
    ),
    (
        "unquoted-expansion",
        "set aside as ShellCheck's users do",
        "FROM debian:12\nRUN <<EOF\n# shellcheck disable=SC2086\nx=$(y)\nz $x\nEOF\n",
    ),
];

/// `(rule, why, Dockerfile)`
const UNSURE: &[(&str, &str, &str)] = &[
    (
        "bashism-in-sh",
        "what `sh` is there, nobody knows",
        "FROM someone/base\nRUN mkdir /{a,b}\n",
    ),
    (
        "bashism-in-sh",
        "`sh` is Bash on Fedora",
        "FROM fedora:41\nRUN mkdir /{a,b}\n",
    ),
    (
        "bashism-in-sh",
        "BusyBox knows these",
        "FROM alpine:3\nRUN if [[ a == b ]]; then x &> f; fi\n",
    ),
    (
        "bashism-in-sh",
        "nothing that ships needs the stage",
        "FROM debian:12 AS a\nRUN mkdir /{a,b}\nFROM debian:12\nRUN x\n",
    ),
    (
        "echo-with-escapes",
        "dash expands them",
        "FROM debian:12\nRUN echo 'a\\nb' > /f\n",
    ),
    (
        "masked-exit-status",
        "`mktemp` hardly fails",
        "FROM debian:12\nRUN export H=\"$(mktemp -d)\" && z\n",
    ),
    (
        "unguarded-cd",
        "nothing runs behind it",
        "FROM debian:12\nRUN x; cd /a\n",
    ),
    (
        "unguarded-cd",
        "SHELL has -e",
        "FROM debian:12\nSHELL [\"/bin/bash\", \"-ec\"]\nRUN cd /a; make\n",
    ),
    (
        "removal-that-may-reach-root",
        "ENV gives it a value",
        "FROM debian:12\nENV D=/opt/x\nRUN rm -rf $D/*\n",
    ),
];

#[test]
fn cases() {
    for (rule, what, dockerfile, lines) in FIRE {
        fires(rule, &[(what, dockerfile, lines)]);
    }
    for (rule, why, dockerfile) in SILENT {
        silent(rule, &[(why, dockerfile)]);
    }
    for (rule, why, dockerfile) in UNSURE {
        unsure(rule, &[(why, dockerfile)]);
    }
}

#[test]
fn places_are_exact() {
    let found = run(
        "SC2086",
        "FROM debian:12\nRUN x=$(y) && \\\n    z \"a\" --b=${x}/c\n",
        &[],
    )
    .findings;
    let place = found[0].origin.source.as_ref().unwrap();
    assert_eq!((place.start.line, place.start.column), (3, 15));
    assert_eq!((place.end.line, place.end.column), (3, 19));
}

#[test]
fn fixes_quote_what_stands_there() {
    assert_eq!(
        fixed(
            "unquoted-expansion",
            "FROM debian:12\nRUN x=$(y) && \\\n    z --b=${x}/c $x\n",
            &[]
        ),
        "FROM debian:12\nRUN x=$(y) && \\\n    z --b=\"${x}\"/c \"$x\"\n"
    );
    assert_eq!(
        fixed(
            "backquoted-command",
            "FROM debian:12\nRUN z \"`uname -m`\"\n",
            &[]
        ),
        "FROM debian:12\nRUN z \"$(uname -m)\"\n"
    );
    assert_eq!(
        fixed(
            "nonportable-command",
            "FROM debian:12\nRUN fgrep x /f\n",
            &[]
        ),
        "FROM debian:12\nRUN grep -F x /f\n"
    );
}

#[test]
fn scripts_of_the_context_are_judged_where_they_stand() {
    let files = [(
        "entrypoint.sh",
        "#!/bin/sh\nset -e\nif [[ -n \"$1\" ]]; then\n  exec \"$@\"\nfi\n",
    )];
    let dockerfile = "FROM debian:12\nCOPY entrypoint.sh /\nENTRYPOINT [\"/entrypoint.sh\"]\n";
    let found = run("bashism-in-sh", dockerfile, &files).findings;
    assert_eq!(found.len(), 1, "{found:#?}");
    let place = found[0].origin.source.as_ref().unwrap();
    assert_eq!(
        (place.file.as_str(), place.start.line),
        ("entrypoint.sh", 3)
    );
    assert_eq!(found[0].confidence, Confidence::High);
    // Nobody who knows the number from elsewhere has seen it there.
    assert_eq!(run("SC3010", dockerfile, &files).findings, []);
}
