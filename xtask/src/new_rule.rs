//! `cargo xtask new-rule NAME [DEPTH]`: the file of a new rule, and its lines in the lists.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};

use crate::docs::root;

/// Runs the chore.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let (name, depth) = match arguments {
        [name] => (name.as_str(), Depth::Dockerfile),
        [name, depth] => (name.as_str(), Depth::parse(depth)?),
        _ => bail!("usage: cargo xtask new-rule NAME [dockerfile|context|image]"),
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
    let file = source
        .join(depth.folder())
        .join(format!("{}.rs", snake(name)));
    ensure!(!file.exists(), "{} is there already", file.display());
    let module = source.join(depth.folder()).join("mod.rs");
    let registry = source.join("registry.rs");

    let (snake, camel) = (snake(name), camel(name));
    let folder = depth.folder();
    let module_text = insert_sorted(&read(&module)?, "mod ", &format!("mod {snake};"))
        .and_then(|text| {
            insert_sorted(
                &text,
                "pub(crate) use ",
                &format!("pub(crate) use {snake}::{camel};"),
            )
        })
        .with_context(|| format!("{} has no list of rules", module.display()))?;
    let registry_text = insert_sorted(
        &read(&registry)?,
        &format!("    &{folder}::"),
        &format!("    &{folder}::{camel},"),
    )
    .with_context(|| format!("{} has no list of rules", registry.display()))?;

    fs::write(&file, template(name, &camel, depth))?;
    fs::write(&module, module_text)?;
    fs::write(&registry, registry_text)?;
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

    fn folder(self) -> &'static str {
        match self {
            Self::Dockerfile | Self::Context => "dockerfile",
            Self::Image => "image",
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

/// Puts `line` among the lines that start with `prefix`, in order; `None` where there are none.
fn insert_sorted(text: &str, prefix: &str, line: &str) -> Option<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let last = lines.iter().rposition(|old| old.starts_with(prefix))?;
    let at = lines
        .iter()
        .position(|old| old.starts_with(prefix) && *old > line)
        .unwrap_or(last + 1);
    lines.insert(at, line);
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
    default: true,
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
        let list = "// list\nmod a;\nmod c;\n\nend\n";
        let with = |line| insert_sorted(list, "mod ", line).unwrap();
        assert_eq!(with("mod b;"), "// list\nmod a;\nmod b;\nmod c;\n\nend\n");
        assert_eq!(with("mod d;"), "// list\nmod a;\nmod c;\nmod d;\n\nend\n");
        assert_eq!(insert_sorted(list, "use ", "use x;"), None);
    }

    #[test]
    fn every_depth_has_a_template_that_asks_for_its_text() {
        for depth in [Depth::Dockerfile, Depth::Context, Depth::Image] {
            let text = template("some-rule", "SomeRule", depth);
            assert!(text.contains("SomeRule = \"some-rule\"") && text.contains("WRITE:"));
        }
    }
}
