//! Sums of files, which prove who published them.

use base64::Engine as _;
use md5::Md5;
use plimsoll_model::hex;
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// Sums of a whole file, in the forms package databases keep them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileSums {
    /// MD5, hexadecimal (dpkg).
    pub(crate) md5: String,
    /// SHA-1, hexadecimal (apk).
    pub(crate) sha1: String,
    /// SHA-256, base64url without padding (Python).
    pub(crate) sha256: String,
    /// SHA-256, hexadecimal (RPM).
    pub(crate) sha256_hex: String,
}

impl FileSums {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let sha256 = Sha256::digest(bytes);
        Self {
            md5: hex(&Md5::digest(bytes)),
            sha1: hex(&Sha1::digest(bytes)),
            sha256: base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha256),
            sha256_hex: hex(&sha256),
        }
    }

    /// The sums of a file of which no more is known than its SHA-256.
    pub(crate) fn of_sha256(sha256: &[u8]) -> Self {
        Self {
            md5: String::new(),
            sha1: String::new(),
            sha256: base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha256),
            sha256_hex: hex(sha256),
        }
    }

    /// Whether `sum` is the file's, in hexadecimal.
    pub(crate) fn is(&self, sum: &str) -> bool {
        match sum.len() {
            32 => self.md5 == sum,
            40 => self.sha1 == sum,
            _ => self.sha256_hex == sum,
        }
    }
}
