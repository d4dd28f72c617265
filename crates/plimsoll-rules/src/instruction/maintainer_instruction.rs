use plimsoll_model::Applicability;
use plimsoll_syntax::dockerfile::InstructionKind;

use super::mend;
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the file has a `MAINTAINER` instruction.
    ///
    /// ## Why it hurts in production
    /// It is deprecated, and what it says ends up in a field of the image that registries and
    /// inventories do not read. When something breaks at night, nobody finds whom to call.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12.11
    /// MAINTAINER Ada <ada@example.com>
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12.11
    /// LABEL org.opencontainers.image.authors="Ada <ada@example.com>"
    /// ```
    ///
    /// ## Fix
    /// Safe: it becomes that label.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/build-checks/maintainer-deprecated/>
    /// - <https://github.com/opencontainers/image-spec/blob/main/annotations.md>
    MaintainerInstruction = "maintainer-instruction",
    summary: "MAINTAINER is deprecated and hardly read by anything",
    severity: Low,
    confidence: High,
    category: Operability,
    depth: Dockerfile,
    aliases: ["DL4000", "MaintainerDeprecated", "DS-0022", "DS022", "CKV_DOCKER_6", "S6586"],
    audience: Default,
    edition: 2026,
}

impl Rule for MaintainerInstruction {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for instruction in file.dockerfile.instructions() {
            let InstructionKind::Maintainer(who) = &instruction.kind else {
                continue;
            };
            let reported = sink
                .report(
                    file.place(instruction.span),
                    "`MAINTAINER` is deprecated, and few programs read what it says.",
                )
                .help("Write `LABEL org.opencontainers.image.authors=\"…\"`.");
            // A rewritten line has no room for the comments between its old ones.
            if instruction.comments.is_empty() {
                let keyword = if instruction.keyword.value == "maintainer" {
                    "label"
                } else {
                    "LABEL"
                };
                let label = format!(
                    "{keyword} org.opencontainers.image.authors={}",
                    quoted(&who.value, char::from(file.dockerfile.escape))
                );
                reported.fix(mend::fix(
                    file,
                    "Make it a label",
                    Applicability::Safe,
                    [(instruction.span, label)],
                ));
            }
        }
    }
}

/// A text as one word in double quotes that means the same. MAINTAINER itself reads no quotes, but
/// people who write them do not want them in the name.
fn quoted(text: &str, escape: char) -> String {
    let text = text.trim();
    let bare = ['"', '\'']
        .iter()
        .find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
        .filter(|bare| !bare.contains(['"', '\'']))
        .unwrap_or(text);
    let mut label = String::with_capacity(bare.len() + 2);
    label.push('"');
    for character in bare.chars() {
        if character == '"' || character == '$' || character == escape {
            label.push(escape);
        }
        label.push(character);
    }
    label.push('"');
    label
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent};

    const RULE: &str = "maintainer-instruction";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("once", "FROM a:1\nMAINTAINER me\n", &[2]),
                ("in any case", "FROM a:1\nmaintainer me\n", &[2]),
                ("in any stage", "FROM a:1 AS x\nMAINTAINER me\nFROM b:1\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                ("a label", "FROM a:1\nLABEL maintainer=me\n"),
                ("a comment", "FROM a:1\n# MAINTAINER me\nRUN x\n"),
            ],
        );
    }

    #[test]
    fn the_name_stays_the_same() {
        for (before, after) in [
            ("MAINTAINER me", "LABEL org.opencontainers.image.authors=\"me\""),
            (
                "maintainer  \"Me <m@x>\"",
                "label org.opencontainers.image.authors=\"Me <m@x>\"",
            ),
            (
                "MAINTAINER \"Me\" $b\\c",
                "LABEL org.opencontainers.image.authors=\"\\\"Me\\\" \\$b\\\\c\"",
            ),
        ] {
            let (before, after) = (
                format!("FROM a:1\n{before}\n"),
                format!("FROM a:1\n{after}\n"),
            );
            assert_eq!(fixed(RULE, &before, &[]), after);
        }
    }
}
