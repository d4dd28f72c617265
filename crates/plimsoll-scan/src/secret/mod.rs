//! Credentials in files of layers, in their names, and in the configuration of an image.
//!
//! Found in four steps: one pass that tells where letters and digits run on for long, which they do
//! in tokens and seldom elsewhere; a sieve over the four bytes that makers' marks begin with; a
//! regular expression at each hit; and a check of what was matched (a key must decode to a key,
//! documented examples and placeholders are none). Where people put their own files, what is
//! assigned to a name that promises a credential is judged too, and what is written in base64. What leaves here is kind, place and
//! fingerprint; values are dropped where they are found.

mod appsettings;
mod archive;
mod assignment;
mod command;
mod config;
mod connection;
mod context;
mod der;
mod detector;
mod encoded;
mod escape;
mod explained;
mod file_name;
mod form;
mod grams;
mod hits;
mod json;
mod lone;
mod manifest;
mod named;
mod netrc;
mod pair;
mod passfile;
mod pattern;
mod place;
mod published;
mod repeated;
mod runs;
mod saved;
mod search;
mod section;
mod shell;
mod sqlite;
mod store;
mod strings;
mod sums;
mod terraform;
mod text;
mod users;
mod utf16;

pub(crate) use config::in_config;
pub use config::is_telling;
pub use config::redact::{Redacted, redacted};
pub(crate) use config::redact::{
    redact_words, redacted_beside, redacted_command, redacted_image_name, redacted_text,
};
pub(crate) use detector::Detector;
pub(crate) use file_name::concealed_path;
pub(crate) use hits::Room;
pub(crate) use published::source_of;
pub use repeated::KnownValues;
pub(crate) use search::{FileSighting, Found, Searcher};
pub(crate) use sums::FileSums;
pub use text::{concealed_in, credentials_in, credentials_in_file, may_be_credential};

use plimsoll_model::Severity;
use plimsoll_model::credential::{drawn, name, placeholder};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A credential in some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) kind: &'static str,
    pub(crate) severity: Severity,
    /// Where its value begins.
    pub(crate) start: usize,
    /// Where its value ends.
    pub(crate) end: usize,
    pub(crate) fingerprint: Fingerprint,
}

impl Hit {
    /// A credential that is a value as it stands, which begins at `start`.
    pub(crate) fn of(kind: &'static str, severity: Severity, start: usize, value: &[u8]) -> Self {
        Self {
            kind,
            severity,
            start,
            end: start + value.len(),
            fingerprint: Fingerprint::of(value),
        }
    }
}

/// The first 48 bits of SHA-256 of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Fingerprint([u8; 6]);

impl Fingerprint {
    pub(crate) fn of(value: &[u8]) -> Self {
        let sum = Sha256::digest(value);
        Self([sum[0], sum[1], sum[2], sum[3], sum[4], sum[5]])
    }

    /// From the form in which reports show it.
    fn read(shown: &str) -> Option<Self> {
        let (pairs, rest) = shown.as_bytes().as_chunks::<2>();
        let mut bytes = [0; 6];
        if pairs.len() != bytes.len() || !rest.is_empty() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Searches a file whole and in pieces of `piece` bytes: for fuzz targets, which see only what is
/// public.
///
/// # Panics
/// The two do not find the same.
#[doc(hidden)]
pub fn fuzz_secrets(path: &str, bytes: &[u8], piece: usize) {
    let found = |piece: usize| {
        let mut searcher = Searcher::new(Detector::shared(), u64::MAX);
        let mut search = searcher.file(path, bytes.len() as u64);
        for piece in bytes.chunks(piece.max(1)) {
            search.feed(piece);
        }
        search.finish()
    };
    assert_eq!(found(piece), found(bytes.len()));
}
