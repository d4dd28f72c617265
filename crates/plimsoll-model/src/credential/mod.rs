//! Credentials in text, and what stands where one will stand.
//!
//! What is judged of a value here holds for what is found in images and for what rules say of sources.

mod abridged;
pub mod drawn;
mod label;
mod letters;
pub mod name;
pub mod placeholder;
mod published;

pub use letters::are_drawn;
pub use published::BEHIND_TOKEN;

use crate::{Severity, Span};

/// A credential in a text. Its value is not in here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextCredential {
    /// What it is, such as `github-token`.
    pub kind: &'static str,
    /// How much it hurts.
    pub severity: Severity,
    /// Where its value stands, in bytes of the text.
    pub span: Span,
}

/// A credential in a file. Its value is not in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileCredential {
    /// What it is, such as `github-token`.
    pub kind: String,
    /// How much it hurts.
    pub severity: Severity,
    /// 1-based line; none in what is no text, or packed.
    pub line: Option<usize>,
}
