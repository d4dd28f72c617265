//! What a failed solve means for the person who asked for it.

use plimsoll_model::{SourceOrigin, Span, cut};
use tonic::Status;

use super::places::{Places, StepName};
use super::progress::{Failed, Progress};
use super::solve::Failure;
use crate::{BuildError, BuildPlan};

/// Characters of an instruction that a message repeats.
const LONGEST: usize = 100;

/// What an old Dockerfile frontend says to the syntax of a newer one.
const TOO_NEW: [&str; 4] = [
    "unknown flag",
    "unsupported modifier",
    "missing ':' in substitution",
    "unexpected key",
];

/// Turns a failure into an error with its place.
pub(crate) fn explain(
    plan: &BuildPlan,
    places: &Places,
    progress: &Progress<'_>,
    failure: Failure,
    engine: &str,
) -> BuildError {
    let status = match failure {
        Failure::Lost(reason) => {
            return BuildError::Environment(format!(
                "{engine} went away during the build: {}; see whether it still runs and build again",
                progress.readable(&reason)
            ));
        }
        Failure::Refused(status) => status,
    };
    match progress.failed() {
        Some(failed) => step(plan, places, failed),
        None => refused(plan, &progress.readable(status.message()), &status, engine),
    }
}

fn step(plan: &BuildPlan, places: &Places, failed: Failed) -> BuildError {
    let place = places
        .vertex(&failed.name)
        .map(|span| SourceOrigin::new(&plan.dockerfile, span));
    let error = innermost(&failed.error);
    let Some(step) = StepName::parse(&failed.name) else {
        return internal(plan, &failed, error);
    };
    let instruction = cut(step.text, LONGEST);
    match step.text.split_whitespace().next() {
        Some("RUN") => BuildError::Step {
            place,
            message: match exit_code(&failed.error) {
                Some(code) => format!("`{instruction}` ended with exit code {code}"),
                None => format!("`{instruction}` failed: {error}"),
            },
            tail: failed.tail,
        },
        // What a COPY or ADD says is wrong is wrong with what people wrote, save for the network.
        _ if is_network(&failed.error) => {
            BuildError::Environment(format!("`{instruction}`: {error}"))
        }
        _ => BuildError::Input {
            place,
            message: format!("`{instruction}`: {error}"),
        },
    }
}

/// A vertex that is no instruction, such as looking up a base.
fn internal(plan: &BuildPlan, failed: &Failed, error: &str) -> BuildError {
    let base = failed
        .name
        .strip_prefix("[internal] load metadata for ")
        .map(str::trim);
    match base {
        Some(base) if is_absent(error) && !is_network(error) => BuildError::Input {
            place: from_line(plan, base),
            message: format!("base image `{base}`: {error}"),
        },
        Some(base) => BuildError::Environment(format!("base image `{base}`: {error}")),
        None => BuildError::Environment(format!("{}: {error}", failed.name)),
    }
}

/// The first FROM line that speaks of the image, by its last path part.
fn from_line(plan: &BuildPlan, base: &str) -> Option<SourceOrigin> {
    let last = base.rsplit('/').next()?;
    let name = last.split([':', '@']).next()?;
    let file = &plan.dockerfile;
    (1..=file.lines().line_count())
        .map(|line| file.lines().line_span(line, file.bytes()))
        .find(|span| {
            let text = String::from_utf8_lossy(span.of(file.bytes())).into_owned();
            let upper = text.trim_start().to_ascii_uppercase();
            upper.starts_with("FROM ") && text.contains(name)
        })
        .map(|span| SourceOrigin::new(file, span))
}

/// The engine says no without a failing step: it does not like the Dockerfile or the order.
fn refused(plan: &BuildPlan, message: &str, status: &Status, engine: &str) -> BuildError {
    let text = innermost(message);
    let lower = text.to_ascii_lowercase();
    let file = &plan.dockerfile;
    let place = line_number(message)
        .map(|line| file.lines().line_span(line, file.bytes()))
        .or_else(|| quoted_word(text).and_then(|word| find(file.bytes(), word.as_bytes())))
        .map(|span| SourceOrigin::new(file, span));
    if TOO_NEW.iter().any(|words| lower.contains(words)) {
        let at = lower.find("unknown flag").unwrap_or(0);
        return BuildError::Unsupported {
            engine: "buildkit",
            what: format!("this with {engine} ({})", text.get(at..).unwrap_or(text)),
            instead: "newer BuildKits may, and the native engine (`--engine native`)".to_owned(),
            place,
        };
    }
    let written_wrong = lower.contains("parse error")
        || place.is_some()
        || lower.contains("could not be found")
        || lower.starts_with("failed to process")
        || lower.contains("invalid")
        || status.code() == tonic::Code::InvalidArgument;
    if written_wrong && !is_network(message) {
        return BuildError::Input {
            place,
            message: text.to_owned(),
        };
    }
    BuildError::Environment(text.to_owned())
}

/// BuildKit wraps an error in the story of how it got there; the end is what happened.
fn innermost(error: &str) -> &str {
    let mut text = error.trim();
    for wrapper in [
        "rpc error: code = Unknown desc = ",
        "failed to solve: ",
        "failed to solve with frontend dockerfile.v0: ",
        "failed to create LLB definition: ",
        "failed to build LLB: ",
        "failed to load cache key: ",
        "failed to compute cache key: ",
    ] {
        if let Some(at) = text.find(wrapper) {
            text = &text[at + wrapper.len()..];
        }
    }
    text
}

/// `failed to process "WORD": …`: the word stands in the file as it is quoted.
fn quoted_word(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("failed to process \"")?;
    rest.split_once("\": ").map(|(word, _)| word)
}

fn find(bytes: &[u8], word: &[u8]) -> Option<Span> {
    if word.is_empty() {
        return None;
    }
    let start = bytes.windows(word.len()).position(|part| part == word)?;
    Some(Span::new(start, start + word.len()))
}

fn exit_code(error: &str) -> Option<i32> {
    ["exit code: ", "exit status "].iter().find_map(|lead| {
        let at = error.rfind(lead)? + lead.len();
        let digits: String = error[at..]
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse().ok()
    })
}

/// `parse error line 3`, `Dockerfile:3`.
fn line_number(message: &str) -> Option<usize> {
    ["parse error line ", "parse error on line ", "Dockerfile:"]
        .iter()
        .find_map(|lead| {
            let at = message.find(lead)? + lead.len();
            let digits: String = message[at..]
                .chars()
                .take_while(char::is_ascii_digit)
                .collect();
            digits.parse().ok()
        })
}

fn is_absent(error: &str) -> bool {
    let error = error.to_ascii_lowercase();
    [
        "not found",
        "does not exist",
        "access denied",
        "invalid reference",
    ]
    .iter()
    .any(|word| error.contains(word))
}

fn is_network(error: &str) -> bool {
    let error = error.to_ascii_lowercase();
    [
        "dial tcp",
        "no such host",
        "connection refused",
        "i/o timeout",
        "tls handshake",
        "failed to do request",
        "network is unreachable",
        "temporary failure in name resolution",
        "unexpected status",
    ]
    .iter()
    .any(|word| error.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_story_around_an_error_is_taken_off() {
        let error = "failed to solve with frontend dockerfile.v0: failed to create LLB definition: \
                     dockerfile parse error line 3: unknown instruction: FOO";
        assert_eq!(
            innermost(error),
            "dockerfile parse error line 3: unknown instruction: FOO"
        );
        assert_eq!(line_number(error), Some(3));
        assert_eq!(line_number("no line"), None);
    }

    #[test]
    fn a_word_that_is_quoted_has_its_place() {
        let word = quoted_word("failed to process \"${b/x/y}\": missing ':' in substitution");
        assert_eq!(word, Some("${b/x/y}"));
        assert_eq!(find(b"ENV a=${b/x/y}", b"${b/x/y}"), Some(Span::new(6, 14)));
        assert_eq!(find(b"ENV", b"${b}"), None);
    }

    #[test]
    fn exit_codes_are_found() {
        assert_eq!(
            exit_code("executor failed running [/bin/sh -c exit 3]: exit code: 3"),
            Some(3)
        );
        assert_eq!(
            exit_code("process \"/bin/sh\" did not complete successfully: exit code: 127"),
            Some(127)
        );
        assert_eq!(exit_code("context canceled"), None);
    }
}
