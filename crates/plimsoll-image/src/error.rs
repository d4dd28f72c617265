//! What can go wrong with an image.

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
        source: std::io::Error,
    },
}
