use plimsoll_syntax::dockerfile::{Comment, Item};

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells comments that say that something is left to do: `TODO`, `FIXME`, `XXX`, `HACK`.
    ///
    /// ## Why it hurts in production
    /// What was to be done before it ships, ships.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12
    /// # TODO: do not run as root
    /// CMD ["true"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12
    /// USER 10001
    /// CMD ["true"]
    /// ```
    ///
    /// ## Fix
    /// None: somebody has to do it.
    ///
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/546.html>
    TodoComment = "todo-comment",
    summary: "A comment says that something is left to do",
    severity: Info,
    confidence: High,
    category: Operability,
    depth: Dockerfile,
    aliases: ["S1135"],
    audience: Strict,
    edition: 2026,
}

impl Rule for TodoComment {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        for item in &file.dockerfile.items {
            let comments = match item {
                Item::Comment(comment) => std::slice::from_ref(comment),
                Item::Instruction(instruction) => &instruction.comments,
                _ => continue,
            };
            for comment in comments {
                if let Some(mark) = mark(comment) {
                    sink.report(
                        file.place(comment.span),
                        format!("`{mark}`: something is left to do here."),
                    )
                    .help("Do it, or write down where it is tracked.");
                }
            }
        }
    }
}

/// The mark that a comment bears: a word of its own.
fn mark(comment: &Comment) -> Option<&'static str> {
    let mut words = comment
        .text
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.find_map(|word| {
        ["TODO", "FIXME", "XXX", "HACK"]
            .into_iter()
            .find(|mark| word == *mark)
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    const RULE: &str = "todo-comment";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("inside an instruction", "FROM a:1\nRUN x \\\n  # FIXME(me) later\n  y\n", &[3]),
                ("in the middle", "FROM a:1\n# this is a HACK\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                ("part of a word", "FROM a:1\n# see TODOLIST and hack\n"),
                ("no comment", "FROM a:1\nRUN echo TODO\n"),
            ],
        );

    }
}
