use plimsoll_model::{Confidence, ImageName};
use plimsoll_syntax::dockerfile::Base;

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that an image is named by a tag and a digest at once. It is a house rule, and off unless
    /// it is asked for: with a bot that renews both together, the tag tells people and the bot what
    /// the digest stands for.
    ///
    /// ## Why it hurts in production
    /// Only the digest counts; nobody checks that the tag belongs to it. After an edit of the tag
    /// alone the file says one version and the image holds another.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12.11-slim@sha256:b1a741487078b369e78119849663d7f1a5341ef2768798f7b7406c4240f86aef
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian@sha256:b1a741487078b369e78119849663d7f1a5341ef2768798f7b7406c4240f86aef
    /// ```
    ///
    /// ## Fix
    /// None: whether tag or digest was meant is not in the file.
    ///
    /// ## References
    /// - <https://docs.docker.com/dhi/core-concepts/digests/>
    TagBesideDigest = "tag-beside-digest",
    summary: "An image is named by tag and digest at once",
    severity: Info,
    confidence: High,
    category: Reproducibility,
    depth: Dockerfile,
    aliases: ["S8431"],
    audience: Strict,
    edition: 2026,
}

impl Rule for TagBesideDigest {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for (base, place, built) in file.outside_images() {
            let Base::Image(text) = base else { continue };
            let Some((name, _)) = text.split_once('@') else {
                continue;
            };
            let Some(tag) = ImageName::parse(name).ok().and_then(|name| name.tag) else {
                continue;
            };
            sink.report(
                file.place(place),
                format!("The digest decides which image this is; that it is `{tag}` is checked by nobody."),
            )
            .help("Leave the tag out, or let a bot renew both together.")
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
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "tag-beside-digest",
            &[
                ("both", "FROM localhost:5000/a:1@sha256:12\n", &[1]),
                ("where files come from", "FROM scratch\nCOPY --from=a:1@sha256:12 /x /\n", &[2]),
            ],
        );
        silent(
            "tag-beside-digest",
            &[
                ("a tag", "FROM a:1\n"),
                ("a digest", "FROM a@sha256:12\n"),
                ("a port is no tag", "FROM localhost:5000/a@sha256:12\n"),
            ],
        );
    }
}
