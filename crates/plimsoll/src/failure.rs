//! Errors as people and scripts see them: a message, hints, and the exit code they mean.

use std::fmt;
use std::process::ExitCode;

use plimsoll_build::BuildError;
use plimsoll_image::ImageError;
use plimsoll_model::{Skipped, Topic};
use plimsoll_report::{Standing, Verdict};

use crate::credentials::Values;

/// How a command ended when nothing went wrong on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Exit 0.
    Holds,
    /// Exit 1: findings or policy.
    HeldBack,
    /// The same with an exit code that was asked for.
    HeldBackAs(u8),
    /// Exit 3: evidence that was asked for could not be had.
    NotLooked,
}

impl Outcome {
    /// What a verdict means to whoever called.
    pub(crate) fn of(verdict: &Verdict) -> Self {
        match verdict.standing() {
            Standing::Holds => Self::Holds,
            Standing::HeldBack => Self::HeldBack,
            Standing::NotJudged => Self::NotLooked,
        }
    }

    /// The same, and what is held back has another exit code, unless that would be 0.
    pub(crate) fn coded(self, code: Option<u8>) -> Self {
        match (self, code) {
            (Self::HeldBack, Some(code @ 1..)) => Self::HeldBackAs(code),
            (other, _) => other,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Holds => Self::SUCCESS,
            Outcome::HeldBack => Self::from(1),
            Outcome::HeldBackAs(code) => Self::from(code),
            Outcome::NotLooked => Self::from(3),
        }
    }
}

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// Exit 2: arguments, configuration, input files.
    Usage,
    /// Exit 3: network, engine, disk.
    Environment,
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
    pub(crate) hints: Vec<String>,
}

impl Failure {
    /// The user can mend it in what they typed or wrote.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            kind: FailureKind::Usage,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    /// Something outside failed.
    pub(crate) fn environment(message: impl Into<String>) -> Self {
        Self {
            kind: FailureKind::Environment,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    /// The same without credentials that it repeats.
    pub(crate) fn without(mut self, credentials: &Values) -> Self {
        for text in self.hints.iter_mut().chain([&mut self.message]) {
            credentials.hide_in(text);
        }
        self
    }

    /// The same of what came too late to keep the image from being sent: it is no longer what was typed
    /// that must change, and whoever runs this again must know.
    pub(crate) fn after_sending(self) -> Self {
        Self {
            kind: FailureKind::Environment,
            message: format!("the image was sent, and then: {}", self.message),
            ..self
        }
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// A file could not be read or written.
    pub(crate) fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        let message = format!("{}: {error}", path.display());
        if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
            return Self::usage(message);
        }
        match error.kind() {
            std::io::ErrorKind::NotFound
            | std::io::ErrorKind::PermissionDenied
            | std::io::ErrorKind::IsADirectory
            | std::io::ErrorKind::NotADirectory => Self::usage(message),
            _ => Self::environment(message),
        }
    }

    /// The same as what a report says of `what` that was not looked at.
    pub(crate) fn skipped(&self, what: &str) -> Skipped {
        let told = self.message.strip_prefix(what);
        let why = told.and_then(|rest| rest.strip_prefix(": "));
        Skipped::blocking(
            Topic::Rules,
            what.to_owned(),
            why.unwrap_or(&self.message).to_owned(),
        )
    }

    /// The object that scripts get in place of a report.
    pub(crate) fn json(&self) -> String {
        let (kind, code) = match self.kind {
            FailureKind::Usage => ("usage", 2),
            FailureKind::Environment => ("environment", 3),
        };
        let object = serde_json::json!({
            "version": 1,
            "error": {
                "kind": kind,
                "exit_code": code,
                "message": self.message,
                "hints": self.hints,
            },
        });
        format!("{object}\n")
    }

    /// The exit code.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.kind {
            FailureKind::Usage => ExitCode::from(2),
            FailureKind::Environment => ExitCode::from(3),
        }
    }
}

/// Ends a command that went on after some of its inputs failed: all failures are told, the last one
/// by whoever called, and outweigh the outcome.
pub(crate) fn finish(mut failures: Vec<Failure>, outcome: Outcome) -> Result<Outcome, Failure> {
    // A broken configuration is told once, however many files it was for.
    failures.dedup_by(|a, b| a.message == b.message);
    let Some(last) = failures.pop() else {
        return Ok(outcome);
    };
    for failure in failures {
        crate::terminal::say(&format!("plimsoll: {failure}"));
    }
    Err(last)
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for hint in &self.hints {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl From<ImageError> for Failure {
    fn from(error: ImageError) -> Self {
        let message = error.to_string();
        match error {
            ImageError::Usage(_) | ImageError::NotFound(_) => Self::usage(message),
            ImageError::Io { ref source, .. }
                if matches!(
                    source.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied
                ) =>
            {
                Self::usage(message)
            }
            ImageError::Invalid { .. }
            | ImageError::Denied(_)
            | ImageError::Unavailable(_)
            | ImageError::Io { .. } => Self::environment(message),
        }
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        let message = error.to_string();
        let located = |place: &Option<plimsoll_model::SourceOrigin>, message: &str| match place {
            Some(place) => format!("{}:{}: {message}", place.file, place.start.line),
            None => message.to_owned(),
        };
        match error {
            BuildError::Input { place, .. } | BuildError::Unsupported { place, .. } => {
                Self::usage(located(&place, &message))
            }
            BuildError::Step { place, tail, .. } => {
                let mut failure = Self::usage(located(&place, &message));
                if !tail.is_empty() {
                    failure.message.push_str("\n\nThe last lines it wrote:\n");
                    for line in tail {
                        failure.message.push_str("  | ");
                        failure.message.push_str(&crate::terminal::printable(&line));
                        failure.message.push('\n');
                    }
                }
                failure
            }
            BuildError::Environment(_) => Self::environment(message),
        }
    }
}
