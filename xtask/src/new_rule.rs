//! `cargo xtask new-rule FOLDER NAME [DEPTH]`: the file of a new rule, and its line in the list.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};

use crate::docs::root;

/// Runs the chore.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let (folder, name, depth) = match arguments {
        [folder, name] => (folder.as_str(), name.as_str(), Depth::of_folder(folder)),
        [folder, name, depth] => (folder.as_str(), name.as_str(), Depth::parse(depth)?),
        _ => bail!("usage: cargo xtask new-rule FOLDER NAME [dockerfile|context|image]"),
    };
    let kebab = name.split('-').all(|word| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    });
    ensure!(
        kebab && name.starts_with(|c: char| c.is_ascii_lowercase()),
        "`{name}` is not kebab-case; name the bad pattern, such as `root-user`"
    );
    ensure!(
        plimsoll_rules::find(name).is_empty(),
        "a rule called `{name}` is there already"
    );

    let source = root().join("crates/plimsoll-rules/src");
    let module = source.join(folder).join("mod.rs");
    ensure!(
        module.is_file(),
        "there is no folder of rules called `{folder}`; they stand in {}",
        source.display()
    );
    let file = source.join(folder).join(format!("{}.rs", snake(name)));
    ensure!(!file.exists(), "{} is there already", file.display());

    let (snake, camel) = (snake(name), camel(name));
    let module_text = insert_in_list(&read(&module)?, &format!("    {snake}::{camel},"))
        .with_context(|| format!("{} has no list of rules", module.display()))?;

    fs::write(&file, template(name, &camel, depth))?;
    fs::write(&module, module_text)?;
    println!(
        "{}\n\nIt compiles, and `cargo test -p plimsoll-rules contract` tells what is still to be written.",
        file.strip_prefix(root()).unwrap_or(&file).display()
    );
    Ok(())
}

#[derive(Clone, Copy, PartialEq)]
enum Depth {
    Dockerfile,
    Context,
    Image,
}

impl Depth {
    fn parse(text: &str) -> anyhow::Result<Self> {
        Ok(match text {
            "dockerfile" => Self::Dockerfile,
            "context" => Self::Context,
            "image" => Self::Image,
            other => bail!("`{other}` is no depth; write dockerfile, context or image"),
        })
    }

    fn of_folder(folder: &str) -> Self {
        match folder {
            "context" => Self::Context,
            "image" => Self::Image,
            _ => Self::Dockerfile,
        }
    }

    fn variant(self) -> &'static str {
        match self {
            Self::Dockerfile => "Dockerfile",
            Self::Context => "Context",
            Self::Image => "Image",
        }
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn snake(name: &str) -> String {
    name.replace('-', "_")
}

fn camel(name: &str) -> String {
    name.split('-')
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_uppercase() + rest
        })
        .collect()
}

/// Puts `line` into the list of a folder's `rules!`, in order; `None` where there is no list.
fn insert_in_list(text: &str, line: &str) -> Option<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let start = lines.iter().position(|old| old.starts_with("rules!"))? + 1;
    let length = lines[start..].iter().position(|old| old.starts_with('}'))?;
    let at = lines[start..start + length]
        .iter()
        .position(|old| *old > line)
        .unwrap_or(length);
    lines.insert(start + at, line);
    Some(lines.join("\n") + "\n")
}

fn template(name: &str, camel: &str, depth: Depth) -> String {
    let (imports, bad, good, check, cases) = match depth {
        Depth::Dockerfile | Depth::Context => (
            "use crate::project::ProjectFile;\nuse crate::rule::{Meta, Rule, Sink};",
            "```dockerfile\n    /// FROM debian:12\n    /// ```",
            "```dockerfile\n    /// FROM debian:12\n    /// USER 10001\n    /// ```",
            "    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {\n        \
             // `file.shipped_steps()` are the steps of what ships, `file.built_steps()` those of every\n        \
             // stage a build runs, `file.commands(step)` the shell commands of a step. Say what is\n        \
             // wrong with `sink.report(file.place(span), \"…\").help(\"…\")`.\n        \
             let _ = (file, sink);\n    }",
            format!(
                "    use crate::testing::{{fires, silent}};\n\n    #[test]\n    fn cases() {{\n        \
                 fires(\n            \"{name}\",\n            &[\n                \
                 (\"what is wrong\", \"FROM debian:12\\n\", &[1]),\n                \
                 (\"and where else\", \"FROM debian:12\\nRUN true\\n\", &[1]),\n            ],\n        );\n        \
                 silent(\n            \"{name}\",\n            &[\n                \
                 (\"why this is not wrong\", \"FROM debian:12\\nUSER 1\\n\"),\n                \
                 (\"nor is this\", \"FROM debian:12\\nUSER 10001\\n\"),\n            ],\n        );\n    }}"
            ),
        ),
        Depth::Image => (
            "use crate::rule::{ImageFacts, Meta, Rule, Sink};",
            "```image\n    /// user: root\n    /// ```",
            "```image\n    /// user: 10001\n    /// ```",
            "    fn check_image(&self, image: &ImageFacts<'_>, sink: &mut Sink<'_>) {\n        \
             // Say what is wrong with `sink.report_at(origin, \"…\").help(\"…\")`; `origin.rs` traces\n        \
             // files and layers to their line.\n        \
             let _ = (image, sink);\n    }",
            format!(
                "    use crate::testing::judges;\n\n    #[test]\n    fn cases() {{\n        \
                 judges(\n            \"{name}\",\n            &[\n                \
                 (\"what is wrong\", \"user: root\\n\", 1),\n                \
                 (\"why this is not wrong\", \"user: 10001\\n\", 0),\n            ],\n        );\n    }}"
            ),
        ),
    };
    let depth = depth.variant();
    format!(
        r#"use crate::declare::declare_rule;
{imports}

declare_rule! {{
    /// ## What it does
    /// WRITE: one sentence in the present tense, and what it is silent about.
    ///
    /// ## Why it hurts in production
    /// WRITE: the consequence, not the taste.
    ///
    /// ## Example
    /// {bad}
    ///
    /// ## Use instead
    /// {good}
    ///
    /// ## Fix
    /// None: WRITE: why there is none, or start with `Safe:` or `Unsafe:` and what it does.
    ///
    /// ## References
    /// - WRITE: <https://…>
    {camel} = "{name}",
    summary: "WRITE: one line without a full stop",
    severity: Medium,
    confidence: High,
    category: Security,
    depth: {depth},
    aliases: [],
    audience: Default,
    edition: 2026,
}}

impl Rule for {camel} {{
    fn meta(&self) -> &'static Meta {{
        &Self::META
    }}

{check}
}}

#[cfg(test)]
mod tests {{
{cases}
}}
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_take_the_form_of_each_place() {
        assert_eq!(snake("root-user"), "root_user");
        assert_eq!(camel("root-user2"), "RootUser2");
    }

    #[test]
    fn lines_go_where_the_alphabet_has_them() {
        let list = "//! Rules.\n\nrules! {\n    a::A,\n    c::C,\n}\n\nend\n";
        let with = |line| insert_in_list(list, line).unwrap();
        assert!(with("    b::B,").contains("    a::A,\n    b::B,\n    c::C,\n}"));
        assert!(with("    d::D,").contains("    c::C,\n    d::D,\n}"));
        assert!(
            insert_in_list("rules! {\n}\n", "    a::A,")
                .unwrap()
                .contains("{\n    a::A,\n}")
        );
        assert_eq!(insert_in_list("mod a;\n", "    a::A,"), None);
    }

    #[test]
    fn every_depth_has_a_template_that_asks_for_its_text() {
        for depth in [Depth::Dockerfile, Depth::Context, Depth::Image] {
            let text = template("some-rule", "SomeRule", depth);
            assert!(text.contains("SomeRule = \"some-rule\"") && text.contains("WRITE:"));
        }
    }
}
