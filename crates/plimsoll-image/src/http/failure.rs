//! Why a request gave nothing, and whether another try may help.

use std::time::Duration;

use crate::ImageError;

/// Why a request gave nothing.
pub(crate) enum Failure {
    /// Another try may help.
    Retry {
        why: String,
        /// What `Retry-After` asks for.
        wait: Option<Duration>,
        /// Whether nothing was heard, so that each try costs all our patience.
        silent: bool,
    },
    /// None will.
    Final(ImageError),
}

impl Failure {
    /// What the client met on the way.
    pub(crate) fn lost(place: &str, error: reqwest::Error) -> Self {
        Self::Retry {
            silent: error.is_timeout(),
            why: format!("{place}: {}", why(error)),
            wait: None,
        }
    }
}

impl From<ImageError> for Failure {
    fn from(error: ImageError) -> Self {
        Self::Final(error)
    }
}

/// The whole chain of causes, without the address: it may carry a signature or a token.
pub(crate) fn why(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

/// Whether a reader of ours gave up because nothing came.
pub(crate) fn is_silence(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::TimedOut
        || error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<reqwest::Error>())
            .is_some_and(reqwest::Error::is_timeout)
}
