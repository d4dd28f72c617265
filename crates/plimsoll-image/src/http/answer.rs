//! What a registry answers, and how it is told to people.

use std::io::Read as _;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::Response;
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderMap, RETRY_AFTER};

use super::pace::Paced;
use super::patience::Patience;
use crate::ImageError;

/// A response nobody expected, as an error: final, since another try would give the same.
pub(crate) fn unexpected(what: &str, response: Response) -> ImageError {
    let status = response.status();
    let message = refusal(what, response);
    match status {
        StatusCode::NOT_FOUND => ImageError::NotFound(message),
        status if status.is_client_error() => ImageError::Denied(message),
        _ => ImageError::Unavailable(message),
    }
}

/// Status and the registry's own words (distribution-spec, "Error Codes").
pub(super) fn refusal(what: &str, response: Response) -> String {
    #[derive(serde::Deserialize)]
    struct Errors {
        errors: Vec<One>,
    }
    #[derive(serde::Deserialize)]
    struct One {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let status = response.status();
    let kind = content_type(&response);
    let mut bytes = Vec::new();
    // Whatever comes of it, the answer is known.
    let paced = Paced::new(response, patience());
    let _ = paced.take(8 << 10).read_to_end(&mut bytes);
    let said = serde_json::from_slice::<Errors>(&bytes)
        .ok()
        .and_then(|errors| errors.errors.into_iter().next())
        .map(|error| {
            let words: String = format!("{} {}", error.code, error.message)
                .chars()
                .take(300)
                .collect();
            format!(" ({})", words.trim().escape_debug())
        })
        .or_else(|| is_page(&bytes).then(|| format!(" (a page of {kind}, not a registry's words)")))
        .unwrap_or_default();
    format!("{what}: answers {status}{said}")
}

/// How long is waited for a registry's own words: without them the status is told.
fn patience() -> Patience {
    let patience = Patience::default();
    Patience {
        window: patience.window.min(Duration::from_secs(10)),
        ..patience
    }
}

/// The wait that `Retry-After` asks for, in seconds (RFC 9110 section 10.2.3).
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?;
    let seconds = value.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The content type that an answer says, for people.
pub(crate) fn content_type(response: &Response) -> String {
    let kind = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|kind| kind.split(';').next())
        .map(str::trim)
        .filter(|kind| !kind.is_empty());
    let kind: String = kind
        .unwrap_or("no content type")
        .chars()
        .take(100)
        .collect();
    kind.escape_debug().to_string()
}

/// Whether an answer is markup, such as the page where a proxy wants people to sign in: nothing that
/// a registry says begins so.
pub(crate) fn is_page(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.trim_ascii_start().starts_with(b"<")
}

/// A page where something else was asked for, as an error.
pub(crate) fn page_instead(what: &str, status: StatusCode, kind: &str) -> ImageError {
    ImageError::Unavailable(format!(
        "{what}: answers {status} with a page of {kind}: is it a registry, or does a proxy want \
         somebody to sign in?"
    ))
}

/// The start of `Content-Range: bytes START-END/SIZE` (RFC 9110 section 14.4).
pub(crate) fn range_start(headers: &HeaderMap) -> Option<u64> {
    let value = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    value
        .strip_prefix("bytes ")?
        .split('-')
        .next()?
        .trim()
        .parse()
        .ok()
}

/// The size that `Content-Range: bytes START-END/SIZE` tells of the whole; none where the server
/// does not know it (`*`).
pub(crate) fn range_size(headers: &HeaderMap) -> Option<u64> {
    let value = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    let (_, size) = value.strip_prefix("bytes ")?.rsplit_once('/')?;
    size.trim().parse().ok()
}
