use plimsoll_model::Confidence;
use plimsoll_syntax::dockerfile::Base;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that an image a build starts from, or copies from, is named without its digest.
    ///
    /// ## Why it hurts in production
    /// A tag names whatever the registry has today. The same commit gives another image next week,
    /// a build cannot be repeated when an incident asks for it, and whoever can push to the tag can
    /// put code into yours.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12.11-slim
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12.11-slim@sha256:b1a741487078b369e78119849663d7f1a5341ef2768798f7b7406c4240f86aef
    /// ```
    ///
    /// ## Fix
    /// None: the digest is the registry's to tell. A bot that renews tag and digest together keeps
    /// the pin from going stale.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#pin-base-image-versions>
    UnpinnedBaseImage = "unpinned-base-image",
    summary: "A base image is named without its digest",
    severity: Info,
    confidence: High,
    category: Reproducibility,
    depth: Dockerfile,
    aliases: ["S7023"],
    audience: Default,
    edition: 2026,
}

impl Rule for UnpinnedBaseImage {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for (base, place, built) in file.outside_images() {
            let Base::Image(name) = base else { continue };
            if name.contains('@') {
                continue;
            }
            sink.report(
                file.place(place),
                format!("`{name}` is whatever the registry has under that name today."),
            )
            .help("Put the digest behind the tag: `name:tag@sha256:…`.")
            .confidence(if built {
                Confidence::High
            } else {
                Confidence::Low
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent, unsure};

    #[test]
    fn cases() {
        fires(
            "unpinned-base-image",
            &[
                ("a tag is no pin", "FROM debian:12\n", &[1]),
                ("nor is none", "FROM debian\n", &[1]),
                ("through a variable", "ARG TAG=12\nFROM debian:$TAG\n", &[2]),
                (
                    "every stage that is built",
                    "FROM golang:1 AS b\nFROM debian:12\nCOPY --from=b /x /x\n",
                    &[1, 2],
                ),
                (
                    "an image files are copied from",
                    "FROM scratch\nCOPY --from=busybox:1.36 /bin/sh /sh\n",
                    &[2],
                ),
            ],
        );
        silent(
            "unpinned-base-image",
            &[
                (
                    "pinned",
                    "FROM debian@sha256:b1a741487078b369e78119849663d7f1a5341ef2768798f7b7406c4240f86aef\n",
                ),
                ("nothing to pin", "FROM scratch\n"),
                ("a stage", "FROM scratch AS a\nFROM a\n"),
                ("not known", "ARG BASE\nFROM $BASE\n"),
            ],
        );
        unsure(
            "unpinned-base-image",
            &[(
                "a stage that is not built",
                "FROM debian:12 AS test\nFROM scratch\n",
            )],
        );
    }
}
