use plimsoll_model::{Applicability, Confidence, Span};
use plimsoll_syntax::dockerfile::expand::Lexer;
use plimsoll_syntax::dockerfile::{InstructionKind, Word};

use super::arguments::{Effective, GIVEN};
use crate::declare::declare_rule;
use crate::instruction::mend;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that a `FROM` uses an argument that no `ARG` in front of the first `FROM` declares.
    ///
    /// ## Why it hurts in production
    /// It is empty, whatever `--build-arg` says: `FROM node:$TAG` becomes `node:`, or, worse, a
    /// name that exists.
    ///
    /// ## Example
    /// ```dockerfile
    /// ARG VERSION=12.11
    /// FROM debian:${VERSOIN}
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// ARG VERSION=12.11
    /// FROM debian:${VERSION}
    /// ```
    ///
    /// ## Fix
    /// Safe: a mistyped name is replaced by the one that is declared, for as it stands it is
    /// empty.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/build-checks/undefined-arg-in-from/>
    UndeclaredFromArgument = "undeclared-from-argument",
    summary: "FROM uses an argument that is not declared in front of it",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: ["UndefinedArgInFrom"],
    audience: Default,
    edition: 2026,
}

/// Names that are told of one file.
const LOOKUP_LIMIT: usize = 200;

impl Rule for UndeclaredFromArgument {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let mut left = LOOKUP_LIMIT;
        for stage in &file.resolution.stages {
            let instruction = file.from(stage);
            if let InstructionKind::From(from) = &instruction.kind {
                judge(file, &from.image, &mut left, sink);
            }
            if let Some(platform) = instruction.flag("platform") {
                judge(file, platform, &mut left, sink);
            }
        }
    }
}

fn judge(file: &ProjectFile<'_>, word: &Word, left: &mut usize, sink: &mut Sink<'_>) {
    if !word.value.contains('$') {
        return;
    }
    let arguments = Effective(&file.resolution.global_args);
    let lexer = Lexer::new(file.dockerfile.escape);
    let (unset, confidence) = match lexer.expand(&word.value, &arguments) {
        Ok(expansion) => (expansion.unset, Confidence::High),
        // What is wrong with the word is told elsewhere.
        Err(error) => (error.unset, Confidence::Low),
    };
    for name in unset.iter().filter(|name| !arguments.declares(name)) {
        if *left == 0 {
            return;
        }
        *left -= 1;
        let place = mend::variable_span(file, word, name);
        let shown = name.escape_debug();
        let reported = sink
            .report(
                file.place(place),
                format!("No `ARG` in front of the first `FROM` declares `{shown}`."),
            )
            .confidence(confidence);
        let known = file.resolution.global_args.keys().map(String::as_str);
        let meant = mend::meant(name, known.chain(GIVEN.iter().map(|(name, _)| *name)));
        let Some(meant) = meant else {
            reported.help(format!("Put `ARG {shown}=…` in front of the first `FROM`."));
            continue;
        };
        let reported = reported.help(format!("Did you mean `{meant}`?"));
        if mend::written(file, place).starts_with(b"$")
            && let Some(at) = memchr::memmem::find(mend::written(file, place), name.as_bytes())
        {
            let start = place.start + at;
            reported.fix(mend::fix(
                file,
                format!("Write `{meant}`"),
                Applicability::Safe,
                [(Span::new(start, start + name.len()), meant.to_owned())],
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, fixed, silent};

    const RULE: &str = "undeclared-from-argument";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("the tag", "FROM a:1${TAG}\n", &[1]),
                ("the platform", "FROM --platform=$BULIDPLATFORM a:1\n", &[1]),
                ("declared inside a stage", "FROM a:1\nARG TAG=2\nFROM a:$TAG\n", &[3]),
                ("with a word for when it is unset", "FROM a:${TAG:-1}\n", &[1]),
            ],
        );
        silent(
            RULE,
            &[
                ("declared", "ARG TAG=1\nFROM a:$TAG\n"),
                ("declared without a value", "ARG TAG\nFROM a:1$TAG\n"),
                ("given by every builder", "FROM --platform=$BUILDPLATFORM a:1\nFROM b-$TARGETARCH:1\n"),
            ],
        );
        assert_eq!(
            fixed(RULE, "FROM --platform=$BULIDPLATFORM a:1\n", &[]),
            "FROM --platform=$BUILDPLATFORM a:1\n"
        );
    }
}
