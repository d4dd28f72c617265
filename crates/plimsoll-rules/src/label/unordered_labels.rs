use plimsoll_syntax::dockerfile::{InstructionKind, KeyValue};

use crate::declare::declare_rule;
use crate::label::pairs::key_of;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the `org.opencontainers.image.*` labels of one `LABEL` do not stand in the order
    /// readers look for them: what it is, where it comes from, whose it is, which release, which
    /// base.
    ///
    /// ## Why it hurts in production
    /// Nothing breaks. Two people who add labels in their own order make changes that are harder to
    /// compare.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// LABEL org.opencontainers.image.licenses="MIT" \
    ///       org.opencontainers.image.title="app"
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// LABEL org.opencontainers.image.title="app" \
    ///       org.opencontainers.image.licenses="MIT"
    /// ```
    ///
    /// ## Fix
    /// None: where the lines and their comments belong is their writer's to say.
    ///
    /// ## References
    /// - <https://github.com/opencontainers/image-spec/blob/main/annotations.md>
    UnorderedLabels = "unordered-labels",
    summary: "Labels of one instruction stand in no order",
    severity: Info,
    confidence: High,
    category: Efficiency,
    depth: Dockerfile,
    aliases: ["tally/labels/prefer-stable-order"],
    audience: Strict,
    edition: 2026,
}

/// The order, most telling first.
const ORDER: &[&str] = &[
    "title",
    "description",
    "source",
    "url",
    "documentation",
    "authors",
    "vendor",
    "licenses",
    "version",
    "revision",
    "created",
    "ref.name",
    "base.name",
    "base.digest",
];

impl Rule for UnorderedLabels {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for instruction in file.dockerfile.instructions() {
            let InstructionKind::Label(pairs) = &instruction.kind else {
                continue;
            };
            let mut last: Option<(usize, &KeyValue)> = None;
            for pair in pairs {
                let Some(rank) = rank(key_of(pair)) else { continue };
                match last {
                    Some((before, earlier)) if before > rank => {
                        sink.report(
                            file.place(pair.name.span),
                            format!("`{}` stands behind `{}`.", key_of(pair), key_of(earlier)),
                        )
                        .help("Put what it is first, then where it comes from, whose it is, and which release.");
                        break;
                    }
                    _ => last = Some((rank, pair)),
                }
            }
        }
    }
}

fn rank(key: &str) -> Option<usize> {
    let name = key.strip_prefix("org.opencontainers.image.")?;
    ORDER.iter().position(|known| *known == name)
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "unordered-labels",
            &[(
                "the other way round",
                "FROM a:1\nLABEL org.opencontainers.image.version=1 \\\n x=1 \\\n org.opencontainers.image.url=x\n",
                &[4],
            )],
        );
        silent(
            "unordered-labels",
            &[
                ("in order", "FROM a:1\nLABEL org.opencontainers.image.title=1 org.opencontainers.image.url=x\n"),
                ("others", "FROM a:1\nLABEL b=1 a=1\n"),
            ],
        );
    }
}
