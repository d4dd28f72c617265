use plimsoll_model::Span;
use plimsoll_syntax::dockerfile::{Base, InstructionKind, SyntaxError as Refusal, expand};

use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Reports every place that the Dockerfile grammar does not allow. The rest of the file is
    /// still checked.
    ///
    /// ## Why it hurts in production
    /// The build stops there, or worse: reads something else than was meant.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM debian:12.11
    /// RNU apt-get update
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM debian:12.11
    /// RUN apt-get update
    /// ```
    ///
    /// ## Fix
    /// None: what was meant is a guess.
    ///
    /// ## References
    /// - <https://docs.docker.com/reference/dockerfile/>
    SyntaxError = "syntax-error",
    summary: "The file breaks the Dockerfile grammar",
    severity: High,
    confidence: High,
    category: Correctness,
    depth: Dockerfile,
    aliases: [
        "DL1000", "S2260", "DL3061", "DL3043", "DL3023", "DL3022", "DS-0006", "DS006",
        "tally/unknown-instruction", "tally/invalid-onbuild-trigger", "tally/circular-stage-deps",
    ],
    audience: Default,
    edition: 2026,
}

impl Rule for SyntaxError {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        // A FROM that waits for `--build-arg` is a way to use Dockerfiles, not a mistake in one.
        let waiting: Vec<Span> = file
            .resolution
            .stages
            .iter()
            .filter(|stage| matches!(stage.base, Base::Unresolved(_)))
            .filter_map(|stage| match &file.from(stage).kind {
                InstructionKind::From(from) => Some(&from.image),
                _ => None,
            })
            .filter(|image| needs_argument(file, &image.value))
            .map(|image| image.span)
            .collect();
        let of_meaning = file
            .resolution
            .errors
            .iter()
            .filter(|error| {
                // They stand in file order.
                let next = waiting.partition_point(|place| place.start <= error.span.start);
                let before = next.checked_sub(1).map(|at| waiting[at]);
                !before.is_some_and(|place| place.contains(error.span))
            });
        for error in file.errors.iter().chain(of_meaning) {
            sink.report(file.place(error.span), sentence(&error.message))
                .aliases(aliases(file, error));
        }
    }
}

/// What other tools call an error.
fn aliases(file: &ProjectFile<'_>, error: &Refusal) -> &'static [&'static str] {
    const PLAIN: &[&str] = &["DL1000", "S2260"];
    let Some(at) = file.instruction_at(error.span.start) else {
        return PLAIN;
    };
    let instruction = file.instruction(at);
    let stages = &file.resolution.stages;
    // Stages stand in file order.
    let stage = stages.partition_point(|stage| stage.from <= at);
    let stage = stage.checked_sub(1).map(|stage| &stages[stage]);
    match (&instruction.kind, instruction.flag("from"), stage) {
        (InstructionKind::Copy(_), Some(from), Some(stage)) if from.span == error.span => {
            let is_self = stage.name.as_deref() == Some(from.value.to_lowercase().as_str())
                || from.value.parse() == Ok(stage.index);
            if is_self {
                &["DL3023", "DS-0006", "DS006"]
            } else {
                &["DL3022", "tally/circular-stage-deps"]
            }
        }
        (InstructionKind::Onbuild(inner), _, _) if inner.keyword.span == error.span => {
            let refused = ["ONBUILD", "FROM", "MAINTAINER"]
                .iter()
                .any(|keyword| inner.keyword.value.eq_ignore_ascii_case(keyword));
            if refused {
                &["DL3043", "tally/invalid-onbuild-trigger"]
            } else {
                &["DL1000", "S2260", "tally/invalid-onbuild-trigger"]
            }
        }
        _ if instruction.keyword.span != error.span => PLAIN,
        (InstructionKind::Unknown(_), _, _) => &["DL1000", "S2260", "tally/unknown-instruction"],
        (_, _, None) => &["DL3061", "S2260"],
        _ => PLAIN,
    }
}

/// Whether all that stands between a word and its value are variables that nobody set.
fn needs_argument(file: &ProjectFile<'_>, word: &str) -> bool {
    match expand::Lexer::new(file.dockerfile.escape).expand(word, &()) {
        Ok(expansion) => !expansion.unset.is_empty(),
        Err(error) => error.required.is_some(),
    }
}

/// The parser's words with a capital and a full stop, unless they ask something.
fn sentence(message: &str) -> String {
    let mut letters = message.trim_end_matches('.').chars();
    let first: String = letters
        .next()
        .iter()
        .flat_map(|c| c.to_uppercase())
        .collect();
    let rest = letters.as_str().replace('\n', " ");
    let end = if rest.ends_with('?') { "" } else { "." };
    format!("{first}{rest}{end}")
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, silent};

    #[test]
    fn cases() {
        fires(
            "syntax-error",
            &[
                ("a keyword that is none", "FROM a:1\nRNU x\nUSER y\n", &[2]),
                ("each of them", "FROM a:1\nRNU x\nCOPY y\n", &[2, 3]),
                ("no stage", "RUN x\n", &[1]),
                ("a variable that --from cannot have", "FROM a:1\nCOPY --from=$B /x /y\n", &[2]),
                ("a modifier that is none", "ARG A=1\nFROM b:${A:x}\n", &[2]),
            ],
        );
        silent(
            "syntax-error",
            &[
                (
                    "all is well",
                    "# syntax=docker/dockerfile:1\nFROM a:1\nRUN <<EOF\nx\nEOF\n",
                ),
                (
                    "a base that is handed in",
                    "ARG BASE\nFROM ${BASE}\nRUN x\n",
                ),
                (
                    "a base that must be handed in",
                    "ARG BASE\nFROM ${BASE:?missing}\nRUN x\n",
                ),
            ],
        );
    }
}
