use std::collections::HashSet;

use plimsoll_model::{Confidence, Span};
use plimsoll_syntax::dockerfile::{Base, InstructionKind, Stage};

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that an image a build starts from, or copies from, has no tag, has `latest`, or has a
    /// tag that is made to move, such as `stable`, `edge` or `nightly`.
    ///
    /// ## Why it hurts in production
    /// The next build may sit on another major version of the distribution or the language, and
    /// nothing in the repository changed: the failure looks like yours, and going back to the last
    /// commit does not bring the last image back.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM python:latest
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// ```
    ///
    /// ## Fix
    /// None: which version was meant is not in the file.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#pin-base-image-versions>
    MutableTag = "mutable-tag",
    summary: "A base image has no tag, or one that is made to move",
    severity: Medium,
    confidence: High,
    category: Reproducibility,
    depth: Dockerfile,
    aliases: ["DL3006", "DL3007", "DS-0001", "DS001", "CKV_DOCKER_7", "DKL-DI-0006", "S6596"],
    audience: Default,
    edition: 2026,
}

impl Rule for MutableTag {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        // The names that stages have, of those before the one that is looked at.
        let mut named = HashSet::new();
        for stage in &file.resolution.stages {
            if let InstructionKind::From(from) = &file.from(stage).kind {
                let aliases = aliases_of_from(&named, stage, &from.image.value);
                named.extend(from.alias.as_ref().map(|(_, alias)| alias.value.as_str()));
                judge(file, &stage.base, from.image.span, stage, aliases, sink);
            }
            for view in file.steps(stage) {
                for base in &view.step.from {
                    let place = view
                        .instruction
                        .flag("from")
                        .map_or(view.instruction.span, |word| word.span);
                    // No other tool speaks of what files are copied from.
                    judge(file, base, place, stage, &[], sink);
                }
            }
        }
    }
}

fn judge(
    file: &ProjectFile<'_>,
    base: &Base,
    place: Span,
    stage: &Stage,
    aliases: &'static [&'static str],
    sink: &mut Sink<'_>,
) {
    let (Base::Image(name) | Base::Unresolved(name)) = base else {
        return;
    };
    let (message, confidence) = match tag(name) {
        Tag::None => (
            format!("`{name}` has no tag, which means `latest`."),
            Confidence::High,
        ),
        Tag::Moving("latest") => (
            format!("`{name}` is another image after every release."),
            Confidence::High,
        ),
        Tag::Moving(tag) => (
            format!("`{name}` moves: `{tag}` is another version after every release."),
            Confidence::Medium,
        ),
        Tag::Open if !aliases.is_empty() => (
            format!("Whether `{name}` has a tag hangs on a variable that has no value here."),
            Confidence::Low,
        ),
        Tag::Fixed | Tag::Open => return,
    };
    sink.report(file.place(place), message)
        .help("Name the version that was tested, and its digest where a build must be repeatable.")
        .confidence(if stage.reaches_target {
            confidence
        } else {
            Confidence::Low
        })
        .aliases(aliases);
}

/// The ids of the tools that speak of a FROM: hadolint reads what is written, the others what it
/// comes to.
fn aliases_of_from(
    named: &HashSet<&str>,
    stage: &Stage,
    written: &str,
) -> &'static [&'static str] {
    let (Base::Image(name) | Base::Unresolved(name)) = &stage.base else {
        return &[];
    };
    let others = match tag(name) {
        Tag::None => true,
        Tag::Moving(_) => name.ends_with(":latest"),
        Tag::Fixed | Tag::Open => false,
    };
    match written_tag(written) {
        Written::None(name) if name != "scratch" && !name.starts_with('$') && !named.contains(name) => {
            if others {
                &[
                    "DL3006",
                    "DS-0001",
                    "DS001",
                    "CKV_DOCKER_7",
                    "DKL-DI-0006",
                    "S6596",
                ]
            } else {
                &["DL3006"]
            }
        }
        Written::Tag("latest") => &[
            "DL3007",
            "DS-0001",
            "DS001",
            "CKV_DOCKER_7",
            "DKL-DI-0006",
            "S6596",
        ],
        _ if others => &["DS-0001", "DS001", "CKV_DOCKER_7", "DKL-DI-0006", "S6596"],
        _ => &[],
    }
}

/// What hadolint sees in a FROM as it is written.
enum Written<'a> {
    /// No tag and no digest: the name behind the registry.
    None(&'a str),
    Tag(&'a str),
    Digest,
}

fn written_tag(text: &str) -> Written<'_> {
    if text.contains('@') {
        return Written::Digest;
    }
    if text.starts_with('$') {
        return match text.rsplit_once(':') {
            Some((_, tag)) if !tag.contains(['}', '/']) => Written::Tag(tag),
            _ => Written::None(text),
        };
    }
    // To it a registry has a dot; a port in front of a slash is a tag else.
    let name = match text.split_once('.') {
        Some((_, rest)) => rest.split_once('/').map_or(text, |(_, name)| name),
        None => text,
    };
    match name.split_once(':') {
        Some((_, tag)) => Written::Tag(tag),
        None => Written::None(name),
    }
}

enum Tag<'a> {
    None,
    Moving(&'a str),
    /// A variable decides.
    Open,
    Fixed,
}

/// Words that tags begin with where they are made to move. Names of distribution releases are not
/// among them: they get fixes, not other software.
const MOVING: &[&str] = &[
    "latest", "stable", "edge", "nightly", "canary", "main", "master", "head", "develop", "devel",
    "rolling", "current", "lts", "mainline", "testing", "unstable", "sid", "rawhide", "next",
    "snapshot",
];

/// What the tag of a name says, as far as it can be seen: variables may still be in it.
fn tag(name: &str) -> Tag<'_> {
    if name.contains('@') {
        return Tag::Fixed;
    }
    let last = name.rsplit('/').next().unwrap_or(name);
    match last.rsplit_once(':') {
        // The colon of `${NAME:-default}` is none of a tag.
        Some((_, tag)) if tag.contains(['$', '{', '}']) => Tag::Open,
        Some((_, tag)) => {
            let word = tag.split(['-', '_']).next().unwrap_or(tag);
            match MOVING
                .iter()
                .find(|moving| word.eq_ignore_ascii_case(moving))
            {
                Some(word) => Tag::Moving(word),
                None => Tag::Fixed,
            }
        }
        None if last.contains('$') => Tag::Open,
        None => Tag::None,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    #[test]
    fn cases() {
        fires(
            "mutable-tag",
            &[
                ("no tag", "FROM debian\n", &[1]),
                ("latest", "FROM debian:latest AS b\n", &[1]),
                ("a port is no tag", "FROM localhost:5000/app\n", &[1]),
                ("made to move", "FROM debian:stable-slim\n", &[1]),
                (
                    "through a variable",
                    "ARG TAG=\"latest\"\nFROM foo:${TAG}\n",
                    &[2],
                ),
                (
                    "whatever the registry is",
                    "ARG REGISTRY\nFROM ${REGISTRY}/ubuntu\n",
                    &[2],
                ),
                (
                    "an image files are copied from",
                    "FROM scratch\nCOPY --from=busybox /bin/sh /sh\n",
                    &[2],
                ),
                (
                    "a build stage",
                    "FROM node AS b\nFROM debian:12\nCOPY --from=b /x /x\n",
                    &[1],
                ),
            ],
        );
        silent(
            "mutable-tag",
            &[
                ("a version", "FROM debian:12\n"),
                (
                    "a release name gets fixes, not other software",
                    "FROM debian:bookworm-slim\n",
                ),
                (
                    "a digest fixes it, whatever the tag says",
                    "FROM debian:latest@sha256:b1a741487078b369e78119849663d7f1a5341ef2768798f7b7406c4240f86aef\n",
                ),
                (
                    "a cut digest is the registry's trouble",
                    "FROM ruby@sha256:f1dbca0f5dbc9\n",
                ),
                ("nothing to tag", "FROM scratch\n"),
                ("a stage", "FROM golang:1.22 AS build\nFROM build\n"),
                ("not known", "FROM ${VALUE}\n"),
                ("not known either", "ARG TAG\nFROM foo:${TAG}\n"),
                (
                    "a stage by number",
                    "FROM golang:1.22\nFROM alpine:3.20\nCOPY --from=0 /x /x\n",
                ),
            ],
        );
        unsure(
            "mutable-tag",
            &[(
                "a stage that is not built",
                "FROM node AS test\nFROM alpine:3.20\n",
            )],
        );
    }

    /// No FROM looks through the stages before it.
    #[test]
    fn many_stages() {
        let stages: String = (0..40_000)
            .map(|stage| format!("FROM a AS s{stage}\n"))
            .collect();
        fires(
            "mutable-tag",
            &[("each by itself", &stages, &[40_000])],
        );
    }
}
