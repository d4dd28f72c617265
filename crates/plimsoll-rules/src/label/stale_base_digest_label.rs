use plimsoll_syntax::dockerfile::{Base, InstructionKind};

use crate::declare::declare_rule;
use crate::label::pairs::{self, key_of};
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that `org.opencontainers.image.base.digest` is written into the file with another digest
    /// than the base is pinned to, or with one where the base is not pinned at all.
    ///
    /// ## Why it hurts in production
    /// Scanners and update bots take the label for the truth: they look for holes in an image this
    /// one does not stand on, and say it is up to date when it is not.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// LABEL org.opencontainers.image.base.digest="sha256:1111111111111111111111111111111111111111111111111111111111111111"
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12@sha256:1111111111111111111111111111111111111111111111111111111111111111
    /// LABEL org.opencontainers.image.base.digest="sha256:1111111111111111111111111111111111111111111111111111111111111111"
    /// ```
    ///
    /// ## Fix
    /// None: which of the two is right is not in the Dockerfile.
    ///
    /// ## References
    /// - <https://github.com/opencontainers/image-spec/blob/main/annotations.md>
    StaleBaseDigestLabel = "stale-base-digest-label",
    summary: "The label with the digest of the base is not the base's",
    severity: Medium,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["tally/labels/no-stale-base-digest"],
    audience: Default,
    edition: 2026,
}

impl Rule for StaleBaseDigestLabel {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(target) = file.target() else { return };
        for view in file.shipped_steps() {
            if !matches!(view.instruction.kind, InstructionKind::Label(_)) {
                continue;
            }
            for pair in pairs::of(&view) {
                if key_of(pair) != "org.opencontainers.image.base.digest" {
                    continue;
                }
                // A value the build is given is the build's to get right.
                let Some(word) = pair.value.as_ref().filter(|word| !word.value.contains('$')) else {
                    continue;
                };
                let said = word.value.trim_matches(['"', '\'']);
                let message = match &file.bottom(target).base {
                    Base::Image(name) => match name.split_once('@') {
                        Some((_, digest)) if digest == said => continue,
                        Some(_) => "The label names another digest than the base is pinned to.",
                        None => "The label names a digest, and the base is not pinned to any.",
                    },
                    Base::Scratch => "The label names the digest of a base, and there is none.",
                    _ => continue,
                };
                sink.report(file.place(pair.span), message)
                    .help("Pin the base to the digest that is meant, or leave the label to what builds the image.")
                    .related(
                        file.place(file.from(file.bottom(target)).span),
                        "This is the base.",
                    );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    const KEY: &str = "LABEL org.opencontainers.image.base.digest";

    #[test]
    fn cases() {
        let digest = format!("sha256:{}", "1".repeat(64));
        fires(
            "stale-base-digest-label",
            &[
                ("not pinned", &format!("FROM a:1\n{KEY}={digest}\n"), &[2]),
                (
                    "to another",
                    &format!("FROM a:1@sha256:{}\n{KEY}={digest}\n", "2".repeat(64)),
                    &[2],
                ),
                ("from nothing", &format!("FROM scratch\n{KEY}={digest}\n"), &[2]),
            ],
        );
        silent(
            "stale-base-digest-label",
            &[
                ("the same", &format!("FROM a:1@{digest} AS b\nFROM b\n{KEY}={digest}\n")),
                ("given", &format!("FROM a:1\nARG D\n{KEY}=$D\n")),
                ("not what ships", &format!("FROM a:1\n{KEY}={digest}\nFROM b:1\n")),
            ],
        );
    }
}
