use plimsoll_syntax::dockerfile::{Comment, Item};

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a comment in the file switches a check off, whichever tool it speaks to.
    ///
    /// ## Why it hurts in production
    /// Where exceptions are for a team to decide, a comment is a decision of one person that shows
    /// up in no list. This rule is for those who keep them in the configuration.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12.11
    /// # hadolint ignore=DL3008
    /// RUN apt-get update && apt-get install -y curl
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12.11
    /// RUN apt-get update && apt-get install -y curl
    /// ```
    ///
    /// ## Fix
    /// None: what the comment allows has to go first.
    ///
    /// ## References
    /// - <https://github.com/hadolint/hadolint/wiki/DL1001>
    InlineIgnoreComment = "inline-ignore-comment",
    summary: "A comment switches a check off",
    severity: Info,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["DL1001"],
    audience: Strict,
    edition: 2026,
}

impl Rule for InlineIgnoreComment {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for item in &file.dockerfile.items {
            match item {
                Item::Comment(comment) => judge(file, comment, sink),
                Item::Instruction(instruction) => {
                    for comment in &instruction.comments {
                        judge(file, comment, sink);
                    }
                }
                _ => {}
            }
        }
    }
}

fn judge(file: &ProjectFile<'_>, comment: &Comment, sink: &mut Sink<'_>) {
    let text = comment.text.trim_start_matches('#').trim_start();
    let (tool, aliases): (&str, &[&str]) = if is_hadolint(text) {
        ("hadolint", &["DL1001"])
    } else if text.starts_with("checkov:skip=") {
        ("checkov", &[])
    } else if text.contains("trivy:ignore:") {
        ("trivy", &[])
    } else if text.starts_with("check=skip=") {
        ("BuildKit", &[])
    } else if text.starts_with("tally ") && text.contains("ignore=") {
        ("tally", &[])
    } else {
        return;
    };
    sink.report(
        file.place(comment.span),
        format!("This comment switches a check of {tool} off."),
    )
    .help("Mend what it allows, or make the exception in `plimsoll.toml`.")
    .aliases(aliases);
}

/// `hadolint ignore=…`, for the next instruction; hadolint's rule means no other.
fn is_hadolint(text: &str) -> bool {
    text.strip_prefix("hadolint")
        .filter(|rest| rest.starts_with(char::is_whitespace))
        .and_then(|rest| rest.trim_start().strip_prefix("ignore"))
        .is_some_and(|rest| rest.trim_start().starts_with('='))
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "inline-ignore-comment",
            &[
                ("hadolint's", "FROM a:1\n# hadolint ignore=DL3003\nRUN x\n", &[2]),
                ("Trivy's", "#trivy:ignore:DS-0002\nFROM a:1\n", &[1]),
                ("inside an instruction", "FROM a:1\nRUN x \\\n# checkov:skip=CKV_DOCKER_2:no\n  y\n", &[3]),
                ("BuildKit's", "FROM a:1\n# check=skip=all\nRUN x\n", &[2]),
            ],
        );
        silent(
            "inline-ignore-comment",
            &[
                ("a shell is no check", "FROM a:1\n# hadolint shell=powershell\nRUN x\n"),
                ("talk", "FROM a:1\n# hadolint would ignore this\nRUN x\n"),
            ],
        );
    }
}
