//! What can go wrong with an image.

use std::fmt::Display;
use std::io;
use std::path::Path;

/// Every way reading or writing an image fails. Messages name the image, the place and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The name or the thing it names is wrong: usage (exit 2).
    #[error("{0}")]
    Usage(String),
    /// The image breaks its format's rules, or lies about a digest or size: hostile or damaged.
    #[error("{place}: {problem}")]
    Invalid {
        /// Image, blob, layer or entry.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// Not found where it was looked for.
    #[error("{0}")]
    NotFound(String),
    /// The registry or engine refused us.
    #[error("{0}")]
    Denied(String),
    /// Network, engine or disk failed, after retries.
    #[error("{0}")]
    Unavailable(String),
    /// Reading or writing a local file failed.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
}

impl ImageError {
    pub(crate) fn invalid(place: impl Display, problem: impl Display) -> Self {
        Self::Invalid {
            place: place.to_string(),
            problem: problem.to_string(),
        }
    }

    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.display().to_string(),
            source,
        }
    }

    /// What failed behind a [`Read`](io::Read): blob readers carry their own errors through
    /// [`io::Error`], anything else happened at `place`.
    pub fn from_read(place: impl Display, error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(own) => own,
            Err(source) => Self::Io {
                path: place.to_string(),
                source,
            },
        }
    }
}

impl From<ImageError> for io::Error {
    fn from(error: ImageError) -> Self {
        Self::other(error)
    }
}
