use plimsoll_syntax::dockerfile::{InstructionKind, Item};

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the comment above an `ARG` or a named `FROM` does not start with its name, which
    /// is the form that `docker build --call=outline` shows as a description.
    ///
    /// ## Why it hurts in production
    /// The description is missing where people look up what they may pass to a build. This is a
    /// house rule for files whose arguments are meant for others.
    ///
    /// ## Example
    /// ```dockerfile
    /// # the version to build
    /// ARG VERSION=1.2
    /// FROM debian:12.11
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// # VERSION is the version to build
    /// ARG VERSION=1.2
    /// FROM debian:12.11
    /// ```
    ///
    /// ## Fix
    /// None: whether the comment is meant as a description is for its author to say.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/build-checks/invalid-definition-description/>
    MisleadingDescription = "misleading-description",
    summary: "The comment above an ARG or stage does not start with its name",
    severity: Info,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["InvalidDefinitionDescription"],
    audience: Strict,
    edition: 2026,
}

impl Rule for MisleadingDescription {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        // The last comment since the instruction before. An empty one says that none is meant; an
        // empty line does not, to BuildKit.
        let mut above: Option<&str> = None;
        for item in &file.dockerfile.items {
            let instruction = match item {
                Item::Comment(comment) => {
                    above = Some(comment.text.as_str()).filter(|text| !text.is_empty());
                    continue;
                }
                Item::Instruction(instruction) => instruction,
                _ => continue,
            };
            let Some(text) = above.take() else { continue };
            let first = text.split(' ').next().unwrap_or_default();
            let name = match &instruction.kind {
                InstructionKind::Arg(pairs) => {
                    if pairs.iter().any(|pair| pair.name.value == first) {
                        continue;
                    }
                    match pairs.as_slice() {
                        [one] => one.name.value.as_str(),
                        _ => "NAME",
                    }
                }
                InstructionKind::From(from) => match &from.alias {
                    // BuildKit compares with the name in lower case.
                    Some((_, name)) if !is_lower_of(first, &name.value) => &name.value,
                    _ => continue,
                },
                _ => continue,
            };
            let keyword = instruction.keyword.value.to_ascii_uppercase();
            let name = name.escape_debug();
            sink.report(
                file.place(instruction.span),
                format!("The comment above this `{keyword}` does not start with `{name}`."),
            )
            .help(format!(
                "Start it with `# {name} `, or put a line with only `#` below it if it describes something else."
            ));
        }
    }
}

fn is_lower_of(word: &str, name: &str) -> bool {
    word == name || word == name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "misleading-description",
            &[
                ("another name", "# bar is it\nARG foo=1\nFROM a:1\n", &[2]),
                ("a stage", "FROM a:1\n# builds it\nFROM b:1 AS c\n", &[3]),
                ("several", "# x\nARG a=1 b=2\nFROM a:1\n", &[2]),
                ("the last line counts", "# foo is it\n# more\nARG foo\nFROM a:1\n", &[3]),
            ],
        );
        silent(
            "misleading-description",
            &[
                ("its name", "# foo is it\nARG foo=1\nFROM a:1\n"),
                ("one of them", "# b is it\nARG a=1 b=2\nFROM a:1\n"),
                ("an empty comment below", "# x\n#\nARG foo\nFROM a:1\n"),
                ("a stage without a name", "# x\nFROM a:1\n"),
                ("other instructions", "FROM a:1\n# x\nRUN y\n"),
                ("a directive", "# syntax=docker/dockerfile:1\nARG foo\nFROM a:1\n"),
            ],
        );
    }
}
