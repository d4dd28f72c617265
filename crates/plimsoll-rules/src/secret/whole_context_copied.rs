use plimsoll_syntax::dockerfile::InstructionKind;

use crate::declare::declare_rule;
use crate::project::{ProjectFile, unwrapped};
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that `COPY` or `ADD` takes the whole build context, or everything at its top that a
    /// pattern matches, into the image that ships: `COPY . .`, `COPY * /app/`. What the context
    /// holds, and what of it is a secret, junk or too much, other rules tell where the context is
    /// known.
    ///
    /// ## Why it hurts in production
    /// A file somebody puts beside the Dockerfile next month, a key, a dump, a `.env`, is in the
    /// image without a line of the file changing.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM node:22-slim
    /// COPY . /app
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM node:22-slim
    /// COPY package.json package-lock.json /app/
    /// COPY src /app/src
    /// ```
    ///
    /// ## Fix
    /// None: which files the program needs is not in the Dockerfile.
    ///
    /// ## References
    /// - <https://docs.docker.com/build/building/best-practices/#dockerignore>
    WholeContextCopied = "whole-context-copied",
    summary: "The whole build context is copied into the image",
    severity: Low,
    confidence: Medium,
    category: Security,
    depth: Dockerfile,
    aliases: ["S6470"],
    audience: Strict,
    edition: 2026,
}

impl Rule for WholeContextCopied {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(target) = file.target() else { return };
        for view in file.steps(target) {
            let instruction = unwrapped(view.instruction);
            let (InstructionKind::Copy(words) | InstructionKind::Add(words)) = &instruction.kind
            else {
                continue;
            };
            if instruction.flag("from").is_some() {
                continue;
            }
            let Some((_, sources)) = words.split_last() else {
                continue;
            };
            for word in sources {
                let Some(source) = file.expand(&word.value, &view.step.before) else {
                    continue;
                };
                let message = match breadth(&source) {
                    Breadth::Whole => "The whole build context is copied into the image.",
                    Breadth::Pattern => "Whatever matches at the top of the build context is copied into the image.",
                    Breadth::Narrow => continue,
                };
                sink.report(file.place(word.span), message)
                    .help("Name the files and folders that the program needs.");
            }
        }
    }
}

enum Breadth {
    Whole,
    Pattern,
    Narrow,
}

fn breadth(source: &str) -> Breadth {
    if source.contains("://") || source.starts_with("<<") {
        return Breadth::Narrow;
    }
    let mut levels: Vec<&str> = Vec::new();
    for level in source.split('/') {
        match level {
            "" | "." => {}
            ".." => {
                levels.pop();
            }
            level => levels.push(level),
        }
    }
    match levels.as_slice() {
        [] => Breadth::Whole,
        [one] if one.ends_with('*') => Breadth::Pattern,
        _ => Breadth::Narrow,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "whole-context-copied",
            &[
                ("all", "FROM a:1\nCOPY . /app\n", &[2]),
                ("by its root", "FROM a:1\nADD --chown=1 / /app\n", &[2]),
                ("in a detour", "FROM a:1\nCOPY ./x/.. /app\n", &[2]),
                ("a pattern", "FROM a:1\nCOPY ./a* /app/\n", &[2]),
            ],
        );
        silent(
            "whole-context-copied",
            &[
                ("a folder", "FROM a:1\nCOPY src /app\n"),
                ("a pattern in a folder", "FROM a:1\nCOPY src/*.js /app/\n"),
                ("from a stage", "FROM a:1 AS b\nFROM a:1\nCOPY --from=b / /\n"),
                ("not what ships", "FROM a:1\nCOPY . .\nFROM b:1\n"),
            ],
        );
    }
}
