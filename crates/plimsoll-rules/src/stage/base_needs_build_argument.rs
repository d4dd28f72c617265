use plimsoll_model::{Confidence, ImageName};
use plimsoll_syntax::dockerfile::InstructionKind;
use plimsoll_syntax::dockerfile::expand::Lexer;

use super::arguments::{self, Effective};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a `FROM` names no image unless `--build-arg` is given.
    ///
    /// ## Why it hurts in production
    /// A plain `docker build .` fails, and so do the tools that read the file without building it:
    /// scanners, updaters of base images, editors. Which image ships is written nowhere.
    ///
    /// ## Example
    /// ```dockerfile
    /// ARG VERSION
    /// FROM debian:${VERSION}
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// ARG VERSION=12.11
    /// FROM debian:${VERSION}
    /// ```
    ///
    /// ## Fix
    /// None: the default is for its author to choose.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/build-checks/invalid-default-arg-in-from/>
    BaseNeedsBuildArgument = "base-needs-build-argument",
    summary: "FROM names no image unless a build argument is given",
    severity: Low,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["InvalidDefaultArgInFrom"],
    audience: Default,
    edition: 2026,
}

impl Rule for BaseNeedsBuildArgument {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let stages = &file.resolution.stages;
        let words = stages.iter().filter_map(|stage| match &file.from(stage).kind {
            InstructionKind::From(from) => Some(&from.image),
            _ => None,
        });
        let mut defaults = None;
        for word in words {
            let has_variable = word.value.contains('$');
            // Names of stages and the like are in any file: the common ones need no long look.
            if !has_variable && ImageName::parse(&word.value).is_ok() {
                continue;
            }
            if defaults.is_none() {
                defaults = arguments::defaults(file);
            }
            let Some(known) = &defaults else { return };
            let Ok(expansion) = Lexer::new(file.dockerfile.escape).expand(&word.value, known)
            else {
                return;
            };
            if ImageName::parse(&expansion.value).is_ok() {
                continue;
            }
            // A name that is wrong by itself, or an argument nobody declares, is told elsewhere.
            let effective = Effective(&file.resolution.global_args);
            let told = !has_variable
                || expansion.unset.iter().any(|name| !effective.declares(name));
            sink.report(
                file.place(word.span),
                format!("`{}` names no image unless `--build-arg` is given.", word.value.escape_debug()),
            )
            .help("Give the `ARG` a default that makes a plain `docker build` work.")
            .confidence(if told { Confidence::Low } else { Confidence::High });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, run, silent, unsure};

    const RULE: &str = "base-needs-build-argument";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("no tag", "ARG V\nFROM a:$V\n", &[2]),
                ("nothing at all", "ARG B\nFROM $B\n", &[2]),
                ("half a name", "ARG S=\"box:\"\nFROM busy${S}\n", &[2]),
                ("each", "ARG V\nFROM a:$V AS x\nFROM x\nFROM b:$V\n", &[2, 4]),
            ],
        );
        silent(
            RULE,
            &[
                ("a default", "ARG V=1\nFROM a:$V\n"),
                ("a default in the word", "ARG V\nFROM a:${V:-1}\n"),
                ("good without", "ARG V\nFROM a:1$V\n"),
                ("through another", "ARG A=1\nARG B=$A\nFROM a:$B\n"),
            ],
        );
        unsure(
            RULE,
            &[
                ("told as undeclared", "FROM a:$V\n"),
                ("told as an error", "FROM a:\n"),
            ],
        );
        assert_eq!(run(RULE, "FROM scratch\n", &[]).findings, []);
    }
}
